"""Files that are made from the code are as the code says; a stale one names the command to run."""

from pathlib import Path

import pytest

from curate.cli.main import main
from docs.signatures import STUB, stub

ROOT = Path(__file__).resolve().parent.parent


def test_schemas_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert (main(["schema", "--check", str(ROOT / "schemas")]), capsys.readouterr().err) == (0, "")


def test_the_declared_functions_are_current() -> None:
    assert STUB.read_text(encoding="utf-8") == stub(), "run: make schemas"


@pytest.mark.slow
def test_a_stale_schema_is_named_with_the_command_that_mends_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--write", "schemas"]) == 0
    Path("schemas/rules.json").write_text("[]")
    Path("schemas/gone.schema.json").write_text("{}")
    assert main(["schema", "--check", "schemas"]) == 1
    said = capsys.readouterr().err
    assert "schemas/rules.json" in said
    assert "schemas/gone.schema.json" in said
    assert "curate schema --write" in said
