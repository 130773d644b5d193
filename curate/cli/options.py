"""What the verbs share: options laid over the configuration, and progress on a terminal."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from curate.config import Section, validated

PATHS: Final = "Files, folders, patterns in quotes like 'data/**/*.jsonl', or - for standard input: JSON Lines or JSON arrays, also as .gz or .zst."
"""What the argument PATH of a verb says in its help."""
MOST_PROCESSES: Final = 8
"""Processes that share the work unless the user says otherwise: each takes some 200 MB."""
SectionType = TypeVar("SectionType", bound=Section)


def chosen(section: SectionType, **options: Any) -> SectionType:
    """A section of the configuration with the options that were given on the command line laid over it.

    Raises `ConfigError` when an option's value makes no sense.
    """
    given = {name: value for name, value in options.items() if value is not None}
    return validated(type(section), {**section.model_dump(), **given}, "options") if given else section


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

    columns = [SpinnerColumn(), TextColumn("{task.description}"), *([BarColumn()] if total else []), TextColumn("{task.completed:,} " + unit)]
    bar = Progress(*columns, TimeElapsedColumn(), console=console(stderr=True), transient=True)
    task = bar.add_task(label, total=total)

    def advance(count: int) -> None:
        bar.start()
        bar.advance(task, count)

    if not waits:
        bar.start()
    try:
        yield advance
    finally:
        bar.stop()


def processes() -> int:
    """How many processes share the work on a big file: one for each core that this one may use, at most 8."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_PROCESSES)
