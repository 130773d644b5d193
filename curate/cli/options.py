"""What the verbs share: what their help says, and progress on a terminal."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from curate.core.decision import Decision, DecisionLog
from curate.core.egress import Consent
from curate.core.errors import ExitCode
from curate.core.files import data_files
from curate.core.runs import Project
from curate.core.text import plural, visible
from curate.report.progress import StageProgress

PATHS: Final = (
    "Files, folders, quoted patterns such as 'data/**/*.jsonl', or - for standard input: JSON Lines or JSON arrays, "
    "plain, .gz or .zst."
)
"""What the argument PATH of a verb says in its help."""
UNCOMPARED: Final = "not compared"
STAYS: Final = "kept, not compared"
LEFT: Final = "written to removed.jsonl"
"""What becomes of a line that holds no example."""
Paths = Annotated[list[str], typer.Argument(help=PATHS, metavar="PATH")]
Drop = Annotated[
    list[str] | None,
    typer.Option(
        help="Remove lines with findings of these rules: codes or prefixes, separated by commas.", metavar="CODES"
    ),
]
Kept = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        help="Write kept lines to this file (kept.jsonl), removed ones beside it (kept.removed.jsonl); if omitted, "
        "nothing is written.",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace OUTPUT and the file beside it if they exist.")]
Model = Annotated[str | None, typer.Option(help="Use this model's tokenizer and chat template for the K rules.")]
JudgeKey = Annotated[
    str | None,
    typer.Option(help="Read the API key of the judge's endpoint from this environment variable.", metavar="VARIABLE"),
]
Heavy = Annotated[
    bool, typer.Option("--yes", "-y", help="Write even if a large share of a file would be removed (rule D008).")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Hide the progress bar.")]
MOST_PROCESSES: Final = 8
"""Processes that share the work unless the user says otherwise: each takes some 200 MB."""


def codes(given: Sequence[str] | None) -> list[str] | None:
    """Codes of an option that may be given several times, each time with several of them and commas between; None where
    it was not given.
    """
    return None if given is None else [code.strip() for text in given for code in text.split(",") if code.strip()]


@contextmanager
def progress(
    label: str, unit: str, *, quiet: bool = False, total: int | None = None, waits: bool = False
) -> Iterator[Callable[[int], None] | None]:
    """Progress on stderr while the block runs, on a terminal only; yields what to call with the number done, or None.

    With `waits` it is not shown before something is done: it has a thread, and a process without any can be copied (see
    `curate.core.worker_pool`).
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from curate.core.text import visible
    from curate.report.console import console

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


def stages(*, quiet: bool) -> StageProgress:
    """Progress of a verb that has stages; on a terminal only."""
    return StageProgress(quiet=quiet or not sys.stderr.isatty())


def named_files(paths: Iterable[str | Path]) -> list[Path]:
    """As `data_files`; what it skips in folders is told on stderr."""
    return data_files(paths, lambda note: print_notes([note]))


def print_notes(notes: Iterable[str]) -> None:
    """Notes on stderr."""
    for note in notes:
        sys.stderr.write(f"note: {visible(note)}\n")


def told_verdicts(project: Project) -> dict[str, Decision]:
    """What people decided, by example; what is wrong with the journal is told on stderr."""
    log = DecisionLog(project.decisions)
    print_notes(log.notes)
    return log.verdicts()


def end(not_understood: int, what: str, *, found: bool = False) -> NoReturn:
    """End the command: with 1 where something was `found`, or where lines hold no example that a reader understands,
    which is said on stderr.
    """
    if not_understood:
        from curate.report.console import console

        lines = plural(not_understood, "line")
        console(stderr=True).print(
            f"{lines} without an example in a known form: {what}; `curate check` reports the reasons", markup=False
        )
    raise typer.Exit(ExitCode.FINDINGS if found or not_understood else ExitCode.CLEAN)


def consent(*, yes: bool, as_json: bool = False) -> Consent:
    """Who says whether data may leave: a person beforehand, or at the terminal where there is one and no program reads
    what is printed.
    """
    from curate.report.console import console

    there = not as_json and sys.stdin.isatty() and sys.stderr.isatty()
    return Consent(
        yes,
        (lambda question: typer.confirm(visible(question), err=True)) if there else None,
        console(stderr=True).print,
    )


def processes() -> int:
    """How many processes share the work on a big file: one for each core that this one may use, at most 8."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_PROCESSES)
