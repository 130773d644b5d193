"""What the verbs share: what their help says, and progress on a terminal."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from curate.egress import Consent

PATHS: Final = "Files, folders, patterns in quotes like 'data/**/*.jsonl', or - for standard input: JSON Lines or JSON arrays, also as .gz or .zst."
"""What the argument PATH of a verb says in its help."""
MOST_PROCESSES: Final = 8
"""Processes that share the work unless the user says otherwise: each takes some 200 MB."""


@contextmanager
def progress(label: str, unit: str, *, quiet: bool = False, total: int | None = None, waits: bool = False) -> Iterator[Callable[[int], None] | None]:
    """Progress on stderr while the block runs, on a terminal only; yields what to call with the number done, or None.

    With `waits` it is not shown before something is done: it has a thread, and a process without any can be copied (see `curate.workers`).
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from curate.report.console import console
    from curate.text import visible

    columns = [SpinnerColumn(), TextColumn("{task.description}", markup=False), *([BarColumn()] if total else [])]
    columns.append(TextColumn("{task.completed:,} " + unit, markup=False))
    bar = Progress(*columns, TimeElapsedColumn(), console=console(stderr=True), transient=True)
    task = bar.add_task(visible(label), total=total)

    def advance(count: int) -> None:
        bar.start()
        bar.advance(task, count)

    if not waits:
        bar.start()
    try:
        yield advance
    finally:
        bar.stop()


def consent(*, yes: bool, as_json: bool = False) -> Consent:
    """Who says whether data may leave: a person beforehand, or at the terminal where there is one and no program reads what is printed."""
    import typer

    from curate.report.console import console
    from curate.text import visible

    there = not as_json and sys.stdin.isatty() and sys.stderr.isatty()
    return Consent(yes, (lambda question: typer.confirm(visible(question), err=True)) if there else None, console(stderr=True).print)


def processes() -> int:
    """How many processes share the work on a big file: one for each core that this one may use, at most 8."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_PROCESSES)
