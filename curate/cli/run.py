"""`curate run`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from curate.cli.options import (
    AGREE_HELP,
    REMOVED_NOTE,
    AsJson,
    JudgeKey,
    NoDecisions,
    Quiet,
    agreement,
    consent,
    end,
    session,
    takes_options,
)
from curate.commands.run import StageSelection
from curate.commands.run import run as run_pipeline
from curate.commands.run.result import STAGES
from curate.commands.track import require_tracker, run_record, track, used_tables
from curate.core.config import Config
from curate.core.errors import UsageError
from curate.core.verb_options import NOTHING_GIVEN, Given, require_named_model, with_given
from curate.network.egress import Consent, address_of, is_address
from curate.project.config_files import load_project, shown_path
from curate.project.runs import Project
from curate.render.console import StageProgress, print_result
from curate.render.run import dry_text, run_text

STAGE_NAMES = ", ".join(STAGES)
INSTEAD: Final = {
    "--overwrite": "the files of an earlier run are replaced without it, and --again runs a stage again",
}
"""What to do instead of an option that this command lacks."""


@takes_options
def run(
    config: Annotated[
        Path, typer.Argument(help="Configuration file of the project, or its folder.", metavar="curate.toml")
    ] = Path("curate.toml"),
    only: Annotated[
        str, typer.Option(help=f"Run only these stages, separated by commas: {STAGE_NAMES}.", metavar="STAGES")
    ] = "",
    skip: Annotated[str, typer.Option(help="Skip these stages, separated by commas.", metavar="STAGES")] = "",
    until: Annotated[str, typer.Option(help="Stop after this stage.", metavar="STAGE")] = "",
    again: Annotated[
        str, typer.Option(help="Run these stages again even if their inputs have not changed.", metavar="STAGES")
    ] = "",
    given: Given = NOTHING_GIVEN,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show which stages would run, without running them.")
    ] = False,
    no_decisions: NoDecisions = False,
    judge_key: JudgeKey = None,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            "-y",
            help="Send data to the judge's endpoint without asking, and write even if a large share of a file would "
            f"be removed (rule D008). {AGREE_HELP}.",
        ),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run all stages from one configuration: check, dedup, conflicts, split, train.

    A stage whose inputs have not changed is not run again. After an interruption, the next run resumes after the last
    completed stage.

    Exit status: 0, 1 if too much would be removed without --yes or a line holds no example, 2 if no example is left or
    a file cannot be read or written.
    """
    choice = StageSelection(_stage_names(only), _stage_names(skip), _stage_names(again), until, dry_run)
    tracks = bool(used_tables()) and not dry_run
    folder, settings = load_project(config, agreement(yes=yes), trains=choice.wants("train"), tracks=tracks)
    settings = with_given(settings, given)
    require_tracker(settings.track)
    require_named_model("judge", settings.conflicts.judge, judge_key=judge_key)
    if "train" in (*choice.only, *choice.again, choice.until) and not settings.recipe:
        raise UsageError(
            "there is no recipe to train by", "set `recipe` in the configuration, or leave the stage train out"
        )
    agreed = _ask_consent(settings, choice, consent(yes=yes, as_json=as_json))
    with StageProgress(quiet=quiet) as progress:
        run_session = session(no_decisions=no_decisions, listen=progress.listen)
        result = run_pipeline(
            Project(folder), settings, replace(run_session, consent=agreed), choice, judge_key=judge_key
        )
    text = dry_text(result) if dry_run else run_text(result, shown_path(folder), shown_path(folder / settings.output))
    print_result(result, text, as_json=as_json)
    if tracks:
        track(settings.track, lambda: run_record(folder / settings.output, result))
    end(result.not_understood, REMOVED_NOTE)


def _ask_consent(settings: Config, choice: StageSelection, initial: Consent) -> Consent:
    """The consent for the run, asked for now instead of during the run; without a terminal, sending data fails later.

    The field `yes` is unchanged: it also allows large removals.
    """
    judge = settings.conflicts.judge
    if initial.ask is not None and is_address(judge) and choice.wants("conflicts") and not choice.dry:
        initial.require("questions with contradictory answers", address_of(judge, "the judge"))
        return replace(initial, ask=lambda _: True, tell=None)
    return replace(initial, ask=None)


def _stage_names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
