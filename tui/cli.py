"""`curate review`."""

import gc
import importlib.util
import logging
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from curate.cli.invocation import invocation
from curate.cli.options import Agree, agreement, check_combination
from curate.cli.review_records import export_examples, import_answers, print_journals
from curate.core.errors import ExitCode, MissingExtra, UsageError
from curate.core.text import visible
from curate.project.decision_log import DecisionLog
from curate.project.runs import Project, data_of, find_run
from curate.review.annotation_record import WRITERS
from curate.review.assignment import Share, share_of
from curate.review.events import ScanEvent, TrainingKnown
from curate.review.query import HELP, mistake_in
from curate.review.sources import ReviewSources, sources_of
from curate.review.training_signals import DEFAULT_HARDEST, TRAINING_FILTER, read_scores, training_of
from curate.storage.files import STDIN
from curate.storage.snapshot import rights_of

HOST: Final = "127.0.0.1"
PORT: Final = 8000
JOURNALS_ONLY: Final = ("show_agreement", "show_history", "show_audits")
"""Options that print something about journals, and open no review."""
NEEDS: Final[Mapping[str, str | Sequence[str]]] = {
    "overlap": "assign", "hardest": "from_run", "host": "web", "port": "web", "as_json": JOURNALS_ONLY,
    "export": "to", "to": "export",
}  # fmt: skip
"""Options that have no effect without another one, by parameter."""
FULL_GC_THRESHOLD: Final = 100
"""Collections of the middle generation before a full one, which stops the keys for 40 ms and finds hardly anything."""


Data = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Data files, or the folder of a project; with --agreement, --history or --audit-result, journals.",
        metavar="PATH",
        show_default=False,
    ),
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
WHERE_HELP: Final = "Show only what this filter or expression selects, such as 'turns >= 4' or code:M0, in each list."
Where = Annotated[str, typer.Option("--where", help=WHERE_HELP, metavar="EXPR", show_default=False)]
ASSIGN_HELP: Final = (
    "Show one of several disjoint shares, for example 1/3; the content of an example decides its share."
)
Assign = Annotated[str, typer.Option("--assign", help=ASSIGN_HELP, metavar="PART/PARTS", show_default=False)]
OVERLAP_HELP: Final = "Show this part of the examples in every share, with --assign; --agreement compares them."
Overlap = Annotated[float, typer.Option("--overlap", min=0, max=1, help=OVERLAP_HELP)]
WEB_HELP: Final = "Serve the review to browsers; a new token and a name are asked for at login."
Web = Annotated[bool, typer.Option("--web", help=WEB_HELP)]
Host = Annotated[
    str | None,
    typer.Option("--host", help=f"Serve at this address, with --web.  [default: {HOST}, this computer alone]"),
]
PORT_HELP: Final = f"Serve at this port, with --web; 0 takes a free one.  [default: {PORT}]"
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help=PORT_HELP)]
AGREEMENT_HELP: Final = (
    "Show how far reviewers agree (Cohen's kappa), and what they decide differently.  [default journals: "
    "decisions.jsonl and decisions-NAME.jsonl of the project]"
)
ShowAgreement = Annotated[bool, typer.Option("--agreement", help=AGREEMENT_HELP)]
Tool = StrEnum("Tool", {name.replace("-", "_").upper(): name for name in WRITERS})  # type: ignore[misc]  # from the table
EXPORT_HELP: Final = (
    "Write each example with its findings and suggested decisions to a new JSON file for the annotation tool of --to."
)
Export = Annotated[Path | None, typer.Option("--export", help=EXPORT_HELP, metavar="FILE")]
To = Annotated[Tool | None, typer.Option("--to", help="Write records for this tool, with --export.")]
IMPORT_HELP: Final = (
    "Add the answers in a JSON file of Argilla or Label Studio to the journal, under the names of the annotators; "
    "--reviewer names a single one."
)
Import = Annotated[Path | None, typer.Option("--import", help=IMPORT_HELP, metavar="FILE")]
HISTORY_HELP: Final = "Show who decided what and when, the latest first, and what of it is in effect."
ShowHistory = Annotated[bool, typer.Option("--history", help=HISTORY_HELP)]
AUDIT_HELP: Final = "Show the error rate of each random sample that was judged in the review, with its 95% interval."
ShowAudits = Annotated[bool, typer.Option("--audit-result", help=AUDIT_HELP)]
JSON_HELP: Final = "Print the result as JSON, with --agreement, --history or --audit-result."
AsJson = Annotated[bool, typer.Option("--json", help=JSON_HELP)]


def review(
    context: typer.Context,
    paths: Data = None,
    merge: Merge = None,
    reviewer: Reviewer = "",
    from_run: FromRun = None,
    hardest: Hardest = None,
    scores: Scores = None,
    where: Where = "",
    assign: Assign = "",
    overlap: Overlap = 0.0,
    web: Web = False,
    host: Host = None,
    port: Port = None,
    yes: Agree = False,
    show_agreement: ShowAgreement = False,
    show_history: ShowHistory = False,
    show_audits: ShowAudits = False,
    as_json: AsJson = False,
    export: Export = None,
    to: To = None,
    import_from: Import = None,
) -> int:
    """Decide about findings, duplicates and conflicts in the terminal, or with --web in a browser.

    Decisions are saved in .curate/decisions.jsonl of the project: the named folder, else the working folder. With
    --reviewer NAME, and for each name in a browser, they are saved in .curate/decisions-NAME.jsonl: commands apply them
    once `curate review PATH --merge JOURNAL` has merged them. Different decisions by several people are shown as
    contested. When the review ends, the command is printed that opens it again with its filters.

    With --agreement, the last decision of each reviewer about an example, finding, duplicate or conflict counts, even
    if another reviewer replaced it.

    With --export, records and suggestions are written for Argilla or Label Studio; --import adds what was answered
    there to the journal. Exit status of --import: 0 if every record was imported, 1 if some were refused.
    """
    common = ("reviewer", "yes")
    alone = {**dict.fromkeys(JOURNALS_ONLY, ("as_json",)), "export": (*common, "to"), "import_from": common}
    check_combination(context, needs=NEEDS, alone=alone, apart=[("web", "merge"), ("web", "reviewer")])
    if show_agreement or show_history or show_audits:
        print_journals(paths, "history" if show_history else "audit" if show_audits else "", as_json=as_json)
        return ExitCode.CLEAN
    if import_from:
        return import_answers(_sources(_named(paths), reviewer, None, yes=yes), import_from)
    if export:
        return export_examples(_sources(_named(paths), reviewer, None, yes=yes), str(to), export)
    if mistake := mistake_in(where):
        raise UsageError(f"--where: {mistake}", HELP)
    served = "TEXTUAL_DRIVER" in os.environ  # a server of browsers replaces the terminal
    _require_screen(served=served, web=web)
    called = invocation()
    run = None if from_run is None else find_run(from_run, Project(Path.cwd()))
    if not paths and run is None:
        raise UsageError(
            "nothing to review", "name data files, the folder of a project (`.` for this one), or a run with --from-run"
        )
    trained = None if run is None else training_of(run, hardest or DEFAULT_HARDEST)
    scored = None if scores is None else read_scores(scores)
    share = share_of(assign, overlap) if assign else None
    data = paths or data_of(run) if run else paths or []
    sources = _sources(data, reviewer, share, yes=yes)  # reports a missing path before the screen opens
    options: dict[str, object] = {"--from-run": from_run, "--hardest": hardest, "--scores": scores}
    options |= {"--assign": assign, "--overlap": overlap} if assign else {}
    options |= {"--config": called.config, "--yes": yes or None}
    if web:
        from tui.web.server import serve  # import aiohttp only once it is needed

        if STDIN in sources.files:
            raise UsageError("standard input cannot be served", "save it to a file")
        options["--where"] = where or None
        command = partial(command_of, sources.files if called.left_out else paths or [], options)
        serve(command, host or HOST, PORT if port is None else port, sources.project.journal_of("NAME"))
        return ExitCode.CLEAN
    first = tuple(fact for fact in (trained, scored) if fact is not None)
    filters, status = _show(sources, first, merge or (), where, served=served)
    for text in filters:
        words = words_of(paths or [], options | {"--where": text}, reviewer)
        sys.stderr.write(f"again with this filter: {visible(shlex.join(['curate', *words]))}\n")
    return status


def _named(paths: list[Path] | None) -> list[Path]:
    """The paths. Raises `UsageError` if there are none."""
    if not paths:
        raise UsageError("no data is named", "name the data files, or the folder of a project (`.` for this one)")
    return paths


def _sources(paths: Sequence[Path], reviewer: str, share: Share | None, *, yes: bool) -> ReviewSources:
    """What is reviewed: the data, with the configuration and the files left out that the command line names.

    Raises `UsageError`, `InputError` or `ConfigError`.
    """
    called = invocation()
    return sources_of(paths, reviewer, share, agreement(yes=yes), config=called.config, left_out=called.left_out)


def _require_screen(*, served: bool, web: bool) -> None:
    """Raise `UsageError` without a terminal or a browser to show the review in, `MissingExtra` without its packages."""
    if not (served or web) and not all(
        stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)
    ):  # Textual draws on stderr
        raise UsageError("curate review needs a terminal", "`curate check PATH...` prints the findings")
    if not (served or web) and (kind := os.environ.get("TERM", "")) in ("dumb", "unknown"):
        raise UsageError(
            f"TERM={kind}: curate review needs a terminal that places text on the screen",
            "set TERM, for example to xterm-256color, or use --web; `curate check PATH...` prints the findings",
        )
    for package in ("textual", *(["textual_serve"] if web else [])):
        if importlib.util.find_spec(package) is None:
            raise MissingExtra("curate review", "tui", package.replace("_", "-"))


def _show(
    sources: ReviewSources, first: Sequence[ScanEvent], merge: Sequence[Path], where: str, *, served: bool
) -> tuple[list[str], int]:
    """Show the review in this terminal, or for a server; returns the filters of its lists at the end, and the exit
    code.

    `first`: facts known before the check; `where`: the filter at the start.
    """
    log = DecisionLog(sources.journal, rights_of(sources.files))
    merged = sum(len(log.merge(other)) for other in merge)

    gc.disable()  # imports create many objects and hardly any garbage
    from tui.app import CurateApp  # import Textual only once it is needed
    from tui.messages import TerminalClosed
    from tui.review_state import At
    from tui.terminal import accept_all_input, end_with_terminal, release_lines

    gc.freeze()  # a full collection among them takes 0.1 s, in which no key is answered
    gc.set_threshold(*gc.get_threshold()[:2], FULL_GC_THRESHOLD)
    gc.enable()

    def scan(sources: ReviewSources, tell: Callable[[ScanEvent], None], stopped: Callable[[], bool]) -> None:
        for fact in first:
            tell(fact)
        scanned(sources, tell, stopped)

    logging.captureWarnings(capture=True)  # a library's warning would be written over the screen
    accept_all_input()
    release_lines()
    trained = any(isinstance(fact, TrainingKnown) for fact in first)
    app = CurateApp(sources, scan, merged, At("finding", TRAINING_FILTER, "as found") if trained else None, where)
    parent, terminal = os.getppid(), sys.stdin.fileno()
    end_with_terminal(
        lambda: app.post_message(TerminalClosed()),
        (lambda: os.getppid() == parent) if served else lambda: os.isatty(terminal),
    )
    app.run()
    if app.crash is not None:
        raise app.crash
    filters = [text for text in dict.fromkeys(app.state.filters.values()) if text and text != TRAINING_FILTER]
    return filters, ExitCode.INTERRUPTED if app.abandoned else ExitCode.CLEAN


def command_of(paths: Sequence[Path], options: Mapping[str, object], reviewer: str) -> list[str]:
    """The words that start the same review for a reviewer in another process."""
    return [sys.executable, "-P", "-m", "curate", *words_of(paths, options, reviewer)]


def words_of(paths: Sequence[Path], options: Mapping[str, object], reviewer: str) -> list[str]:
    """The arguments of `curate` that start the same review, from `review` on."""
    given = {name: value for name, value in {**options, "--reviewer": reviewer or None}.items() if value is not None}
    words = [name if value is True else f"{name}={value}" for name, value in given.items()]
    return ["review", *words, "--", *map(str, paths)]


def scanned(sources: ReviewSources, tell: Callable[[ScanEvent], None], stopped: Callable[[], bool]) -> None:
    """Check and compare in a separate process. `tell` gets each result; the scan ends when `stopped` returns True."""
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
