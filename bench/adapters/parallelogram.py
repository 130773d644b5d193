"""parallelogram, through its command line, with its defaults."""

import json
from pathlib import Path

from bench.adapters import ToolStoppedError, run_tool

INSTALL = "pip install parallelogram"


def flags(task: str, paths: list[Path]) -> set[int] | None:
    """Lines with an error or a warning; for near-duplicates of its rule `duplicates`."""
    if task in {"leaks", "contradictions"}:
        return None
    out = run_tool("parallelogram", "check", paths[0], "--json", accepted=(0, 1, 2, 3))
    try:
        issues = json.loads(out)["issues"]
    except ValueError as error:
        raise ToolStoppedError("its report is not JSON") from error
    return {
        row["line"]
        for row in issues
        if row["line"] and row["severity"] != "info" and (task != "near-duplicates" or row["rule"] == "duplicates")
    }
