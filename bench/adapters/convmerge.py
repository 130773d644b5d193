"""convmerge: `validate` and `filter` for faults, `dedupe --near`, and `decontam` of the test file."""

import json
import tempfile
from pathlib import Path

from bench.adapters import missing_lines, run_tool
from bench.sets import NEAR_THRESHOLD

INSTALL = "pip install 'convmerge[quality]'"
LISTED_LINES = 5
"""`validate` lists so many lines of a reason, so it is given so many lines at once."""


def flags(task: str, paths: list[Path]) -> set[int] | None:
    """Lines that it would not keep, or calls invalid."""
    if task == "contradictions":
        return None
    path = paths[-1]
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "kept.jsonl"
        if task == "leaks":
            run_tool("convmerge", "decontam", "-i", path, "--against", paths[0], "--check", "all", "-o", kept)
        elif task == "near-duplicates":
            run_tool("convmerge", "dedupe", "-i", path, "--near", "--threshold", str(NEAR_THRESHOLD), "-o", kept)
        else:
            run_tool("convmerge", "filter", "-i", path, "-o", kept)
        flagged = missing_lines(path, kept)
        return flagged | _invalid(path, Path(folder)) if task == "faults" else flagged


def _invalid(path: Path, folder: Path) -> set[int]:
    lines, part, flagged = path.read_bytes().split(b"\n")[:-1], folder / "part.jsonl", set()
    for start in range(0, len(lines), LISTED_LINES):
        part.write_bytes(b"\n".join(lines[start : start + LISTED_LINES]) + b"\n")
        report = json.loads(run_tool("convmerge", "validate", "-i", part))
        flagged |= {start + number for numbers in report["drop_lines"].values() for number in numbers}
    return flagged
