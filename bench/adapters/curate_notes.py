"""curate with its notes: in faults and lines, every line that the report of `curate check` names."""

from pathlib import Path

from bench.adapters import curate

INSTALL = curate.INSTALL


def flags(task: str, paths: list[Path]) -> set[int] | None:
    """Lines with an error, a warning or a note; None for the tasks in which curate writes none."""
    if task not in {"faults", "lines"}:
        return None
    return curate.reported_lines(paths[-1], {"error", "warning", "info"})
