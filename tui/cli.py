"""`curate review`."""

import gc
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from curate.cli.invocation import invocation
from curate.cli.options import Agree, agreement
from curate.core.decision_log import DecisionLog
from curate.core.errors import ExitCode, MissingExtra, UsageError
from curate.core.files import STDIN
from curate.core.runs import Project, data_of, find_run
from curate.core.snapshot import rights_of
from curate.review.assignment import share_of
from curate.review.events import ScanEvent, TrainingKnown
from curate.review.quality_scores import read_scores
from curate.review.sources import Sources, sources_of
from curate.review.training_signals import DEFAULT_HARDEST, TRAINING_FILTER, training_of

HOST: Final = "127.0.0.1"
PORT: Final = 8000
FULL_GC_THRESHOLD: Final = 100
"""Collections of the middle generation before a full one, which stops the keys for 40 ms and finds hardly anything."""


Data = Annotated[
    list[Path] | None,
    typer.Argument(help="Data files, or the folder of a project.", metavar="PATH...", show_default=False),
]
Merge = Annotated[
    list[Path] | None,
    typer.Option("--merge", help="Merge the decisions of another journal first.", metavar="JOURNAL"),
]
REVIEWER_HELP: Final = "Save decisions under this name in a journal of its own, decisions-NAME.jsonl."
Reviewer = Annotated[str, typer.Option("--reviewer", help=REVIEWER_HELP, metavar="NAME", show_default=False)]
FROM_RUN_HELP: Final = "Show the hardest examples of a training first; without PATH, in its own data."
FromRun = Annotated[str | None, typer.Option("--from-run", help=FROM_RUN_HELP, metavar="RUN")]
HARDEST_HELP: Final = f"Show this many of the hardest examples, with --from-run.  [default: {DEFAULT_HARDEST}]"
Hardest = Annotated[int | None, typer.Option("--hardest", min=1, help=HARDEST_HELP)]
SCORES_HELP: Final = "Filter and sort examples by the quality signals in this file of `curate score -o`."
Scores = Annotated[Path | None, typer.Option("--scores", help=SCORES_HELP, metavar="FILE")]
ASSIGN_HELP: Final = (
    "Show one of several disjoint shares, for example 1/3; the content of an example decides its share."
)
Assign = Annotated[str, typer.Option("--assign", help=ASSIGN_HELP, metavar="PART/PARTS", show_default=False)]
OVERLAP_HELP: Final = "Show this part of the examples in every share, with --assign; `curate kappa` compares them."
Overlap = Annotated[float, typer.Option("--overlap", min=0, max=1, help=OVERLAP_HELP)]
WEB_HELP: Final = "Serve the review to browsers; a new token and a name are asked for at login."
Web = Annotated[bool, typer.Option("--web", help=WEB_HELP)]
Host = Annotated[
    str | None,
    typer.Option("--host", help=f"Serve at this address, with --web.  [default: {HOST}, this computer alone]"),
]
PORT_HELP: Final = f"Serve at this port, with --web; 0 takes a free one.  [default: {PORT}]"
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help=PORT_HELP)]


def review(
    paths: Data = None,
    merge: Merge = None,
    reviewer: Reviewer = "",
    from_run: FromRun = None,
    hardest: Hardest = None,
    scores: Scores = None,
    assign: Assign = "",
    overlap: Overlap = 0.0,
    web: Web = False,
    host: Host = None,
    port: Port = None,
    yes: Agree = False,
) -> int:
    """Decide about findings, duplicates and conflicts in the terminal, or with --web in a browser.

    Decisions are saved in .curate/decisions.jsonl of the project: the named folder, else the working folder. With
    --reviewer NAME, and for each name in a browser, they are saved in .curate/decisions-NAME.jsonl: commands apply them
    once `curate review PATH --merge JOURNAL` has merged them. Different decisions by several people are shown as
    contested.
    """
    if overlap and not assign:
        raise UsageError(
            "--overlap has no effect without --assign", "name a share with --assign PART/PARTS, or leave it out"
        )
    if hardest is not None and from_run is None:
        raise UsageError(
            "--hardest has no effect without --from-run", "name a training with --from-run RUN, or leave it out"
        )
    if not web and (host is not None or port is not None):
        option = "--port" if host is None else "--host"
        raise UsageError(
            f"{option} has no effect without --web", "add --web to serve the review to browsers, or leave it out"
        )
    served = "TEXTUAL_DRIVER" in os.environ  # a server of browsers replaces the terminal
    if not (served or web) and not all(
        stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)
    ):  # Textual draws on stderr
        raise UsageError("curate review needs a terminal", "`curate check PATH...` prints the findings")
    for package in ("textual", *(["textual_serve"] if web else [])):
        if importlib.util.find_spec(package) is None:
            raise MissingExtra("curate review", "tui", package.replace("_", "-"))
    told = invocation()
    run = None if from_run is None else find_run(from_run, Project(Path.cwd()))
    if not paths and run is None:
        raise UsageError("nothing to review", "name data files, the folder of a project, or a run with --from-run")
    known = None if run is None else training_of(run, hardest or DEFAULT_HARDEST)
    scored = None if scores is None else read_scores(scores)
    sources = sources_of(
        paths or [data_of(run)] if run else paths or [],
        reviewer,
        share_of(assign, overlap) if assign else None,
        agreement(yes=yes),
        config=told.config,
        left_out=told.left_out,
    )  # report a missing path before the screen opens
    if web:
        if merge or reviewer:
            option = "--merge" if merge else "--reviewer"
            raise UsageError(f"{option} cannot be combined with --web", "each reviewer gives a name at login")
        from tui.web.server import serve  # import aiohttp only once it is needed

        options: dict[str, object] = {"--from-run": from_run, "--hardest": hardest, "--scores": scores}
        options |= {"--assign": assign, "--overlap": overlap} if assign else {}
        options["--config"] = told.config
        options["--yes"] = yes or None
        if STDIN in sources.files:
            raise UsageError("standard input cannot be served", "save it to a file")
        command = partial(command_of, sources.files if told.left_out else paths or [], options)
        serve(command, host or HOST, PORT if port is None else port, sources.project.journal_of("NAME"))
        return ExitCode.CLEAN
    first = tuple(fact for fact in (known, scored) if fact is not None)
    return _show(sources, first, merge or (), served=served)


def _show(sources: Sources, first: Sequence[ScanEvent], merge: Sequence[Path], *, served: bool) -> int:
    """The review in this terminal, or for a server; `first`: facts known before the check. Returns the exit code."""
    log = DecisionLog(sources.journal, rights_of(sources.files))
    merged = sum(len(log.merge(other)) for other in merge)

    gc.disable()  # imports create many objects and hardly any garbage
    from tui.app import CurateApp  # import Textual only once it is needed
    from tui.messages import TerminalGone
    from tui.review_state import At
    from tui.terminal import accept_all_input, end_with_terminal, release_lines

    gc.freeze()  # a full collection among them takes 0.1 s, in which no key is answered
    gc.set_threshold(*gc.get_threshold()[:2], FULL_GC_THRESHOLD)
    gc.enable()

    def scan(sources: Sources, tell: Callable[[ScanEvent], None], stopped: Callable[[], bool]) -> None:
        for fact in first:
            tell(fact)
        scanned(sources, tell, stopped)

    accept_all_input()
    release_lines()
    trained = any(isinstance(fact, TrainingKnown) for fact in first)
    app = CurateApp(sources, scan, merged, At("finding", TRAINING_FILTER, "as found") if trained else None)
    parent, terminal = os.getppid(), sys.stdin.fileno()
    end_with_terminal(
        lambda: app.post_message(TerminalGone()),
        (lambda: os.getppid() == parent) if served else lambda: os.isatty(terminal),
    )
    app.run()
    if app.crash is not None:
        raise app.crash
    return ExitCode.INTERRUPTED if app.abandoned else ExitCode.CLEAN


def command_of(paths: Sequence[Path], options: Mapping[str, object], reviewer: str) -> list[str]:
    """The words that start the same review for a reviewer in another process."""
    given = {name: value for name, value in {**options, "--reviewer": reviewer}.items() if value is not None}
    words = [name if value is True else f"{name}={value}" for name, value in given.items()]
    return [sys.executable, "-P", "-m", "curate", "review", *words, "--", *map(str, paths)]


def scanned(sources: Sources, tell: Callable[[ScanEvent], None], stopped: Callable[[], bool]) -> None:
    """Check and compare in a separate process; yields the results."""
    from curate.commands.run import load_conflicts  # imported only once the screen is shown
    from curate.review.scan import Scan

    scan = Scan(sources, load_conflicts)
    try:
        for fact in scan.events():
            if stopped():
                return
            tell(fact)
    finally:
        scan.stop()
