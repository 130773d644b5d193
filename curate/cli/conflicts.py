"""`curate conflicts`."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Annotated

import typer

from curate.cli import options
from curate.cli.options import takes_options
from curate.commands.conflicts import conflicts as search_data
from curate.commands.session import Workspace
from curate.conflicts.calibration import calibrate, state_of
from curate.conflicts.conflict import Conflict, ConflictsResult
from curate.conflicts.evidence import calibrated_confidence
from curate.conflicts.judges.verdict_cache import Work
from curate.core.decision import DecisionState
from curate.core.text import plural
from curate.core.verb_options import Given
from curate.parallel.cluster import Engine
from curate.render.conflicts import MAX_SHOWN, conflicts_html, conflicts_json, conflicts_text
from curate.render.console import print_json, print_lines
from curate.storage.paths import require_distinct_paths


@dataclass(frozen=True)
class ConflictsOptions(options.CommonOptions):
    """The options of `curate conflicts`, in the order of its help."""

    paths: options.Paths
    given: Given = field(default_factory=dict)
    judge_key: options.JudgeKey = None
    calibrate: Annotated[
        bool,
        typer.Option("--calibrate", help="Fit the confidence on your decisions, and show what changes."),
    ] = False
    as_json: options.AsJson = False
    html: options.Html = None
    show_all: Annotated[
        bool, typer.Option("--all", help=f"Show every conflict, not only {MAX_SHOWN}, and those of less confidence.")
    ] = False
    no_decisions: options.NoDecisions = False
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Send data to the judge's endpoint without asking.")] = False
    engine: options.RunOn = Engine.LOCAL
    address: options.Address = None
    no_cache: options.NoCache = False
    quiet: options.Quiet = False


@takes_options
def conflicts(args: ConflictsOptions) -> None:
    """Show contradictory answers to the same question. Nothing is removed: decide in `curate review`.

    Answers are read as edited in the review; conflicts that were decided are shown with their state.

    Exit status: 0 without open conflicts, 1 with some or with a line that holds no example, 2 if a given model is not
    available.
    """
    options.check_combination(apart=[("calibrate", "as_json", "html", "no_decisions")])
    files = options.named_files(args.paths, args.engine)
    require_distinct_paths(files, (args.html,), named=args.paths)
    work = args.session().open(files, args.given)
    decisions = work.decisions
    report = _search(args, work)
    if args.calibrate:
        confidence = work.config.conflicts.min_confidence
        print_lines(_calibration_lines([*report.conflicts, *report.unsure], confidence, decisions))
        options.end(report.not_understood, options.UNCOMPARED_NOTE)
    has_open = any(state_of(conflict, decisions) == "open" for conflict in report.conflicts)
    if args.show_all:
        report = replace(report, conflicts=[*report.conflicts, *report.unsure])
    document = conflicts_html(report, None) if args.show_all else conflicts_html(report)
    options.write_html(document, args.html, files)
    if args.as_json:
        print_json(conflicts_json(report, decisions))
    else:
        print_lines(conflicts_text(report, None if args.show_all else MAX_SHOWN, decisions))
    options.end(report.not_understood, options.UNCOMPARED_NOTE, found=has_open)


def _search(args: ConflictsOptions, work: Workspace) -> ConflictsResult:
    """Search with progress: of the comparison, then, if there is a judge, of what it is asked."""
    with ExitStack() as shown:
        bar = [shown.enter_context(options.progress("comparing", "texts", quiet=args.quiet))]

        def before(work: Work) -> None:
            shown.close()  # a prompt and another progress bar replace this bar
            options.print_work(work, "pair", " of answers", quiet=args.quiet)
            bar[0] = shown.enter_context(
                options.progress("judging", "pairs", quiet=args.quiet, total=work.pairs - work.known)
            )

        def advance(count: int) -> None:
            if bar[0] is not None:
                bar[0](count)

        return search_data(
            work, judge_key=args.judge_key, calibrated=not args.calibrate, before=before, progress=advance
        )


def _calibration_lines(
    conflicts: list[Conflict], shown_from: float, decisions: Mapping[str, DecisionState]
) -> Iterator[str]:
    """The confidences that fit the decisions of the review, and the setting for the configuration. `shown_from`: the
    least confidence of a shown conflict.
    """
    fit = calibrate(conflicts, decisions)
    scale = (fit.slope, fit.intercept)
    yield f"{plural(fit.confirmed + fit.rejected, 'decision')} about conflicts: {fit.confirmed:,} confirmed"
    for confidence in (0.3, 0.5, 0.7, 0.9):
        yield f"  confidence {confidence:.1f} becomes {calibrated_confidence(confidence, scale):.2f}"
    before, after = (
        sum(calibrated_confidence(conflict.confidence, calibration) >= shown_from for conflict in conflicts)
        for calibration in ((1.0, 0.0), scale)
    )
    yield f"shown from {shown_from:g}: {after:,} conflicts, without calibration {before:,}"
    yield f"next: set under [conflicts] in curate.toml: calibration = [{fit.slope:g}, {fit.intercept:g}]"
