"""The notebooks of the examples: they run, offline, and are stored without outputs."""

import json
import shutil
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 6


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path) -> None:
    shutil.copytree(EXAMPLES / "instructions", "instructions", ignore=shutil.ignore_patterns(".curate", "out"))
    before = sorted(Path().rglob("*.json*"))
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert cells
    names: dict[str, object] = {}
    for number, cell in enumerate(cells, 1):
        assert (cell["outputs"], cell["execution_count"]) == ([], None), "stored without outputs"
        exec(compile("".join(cell["source"]), f"{path.name}[{number}]", "exec"), names)
    assert [found for found in sorted(Path().rglob("*.json*")) if ".curate" not in found.parts] == before
