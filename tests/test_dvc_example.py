"""The stages of the DVC example: each command runs, reads the dependencies that it names and writes its outputs."""

import json
import shlex
import shutil
from pathlib import Path

import pytest

from curate.cli.main import main

EXAMPLE = Path(__file__).resolve().parent.parent / "examples/instructions"


def names(entries: list[str | dict[str, dict[str, bool]]]) -> list[str]:
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


@pytest.mark.slow  # YAML comes with transformers
def test_each_stage_runs_and_writes_its_outputs(capsys: pytest.CaptureFixture[str]) -> None:
    import yaml

    shutil.copytree(EXAMPLE, "example", ignore=shutil.ignore_patterns(".curate", "out"))
    pipeline = yaml.safe_load((EXAMPLE / "dvc.yaml").read_text())
    assert list(pipeline) == ["stages"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir("example")
        for stage in pipeline["stages"].values():
            assert all(Path(name).exists() for name in stage["deps"])
            program, *words = shlex.split(stage["cmd"])
            output = words[words.index(">") + 1] if ">" in words else None
            assert program == "curate"
            assert main(words[: words.index(">")] if output else words) == 0, words
            if output:
                Path(output).write_text(capsys.readouterr().out)
            written = names([*stage.get("outs", ()), *stage.get("metrics", ())])
            assert written
            assert all(Path(name).exists() for name in written)
        assert json.loads(Path("verify.json").read_text())["holds"]
