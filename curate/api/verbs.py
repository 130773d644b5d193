"""The commands as functions; see `curate.api`."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from curate.api.inputs import Data, Inputs
from curate.api.keywords import takes_keywords
from curate.api.results import CheckResult, ConflictsResult, DedupResult, RunResult, SplitResult, VerifyResult
from curate.commands.conflicts import conflict_settings, read_for_conflicts, search_conflicts
from curate.commands.dedup import plan_in
from curate.commands.run import Choice
from curate.commands.run import run as run_pipeline
from curate.commands.split import split_in, with_split_options
from curate.core.config import demand_named
from curate.core.config_files import find_config, load_project
from curate.core.decision_log import DecisionLog
from curate.core.egress import Consent
from curate.core.events import Listener, ignore_events
from curate.core.files import named
from curate.core.manifest import MANIFEST
from curate.core.runs import Project, project_of
from curate.core.verb_options import NOTHING_GIVEN, Given, tables_of, with_given
from curate.lint.project_check import ProjectRules, check_project
from curate.output.edited import with_edited
from curate.output.restore import finish
from curate.verify import verify_files, verify_folder


@takes_keywords
def check(paths: Data, *, given: Given = NOTHING_GIVEN, workers: int = 1, yes: bool = False) -> CheckResult:
    """Check a data set like `curate check`. Options override the project's configuration.

    `yes` allows settings of the configuration that reach outside of its folder or weaken a guard; without it they raise
    `UsageError`. `paths`: files, folders, patterns or URLs, or data in memory (see `curate.api.inputs`). Suppressed
    findings are not reported. Raises `InputError` for a file that cannot be read, `ConfigError`, `UsageError`.
    """
    inputs = Inputs(paths)
    files = inputs.files
    project = project_of(files)
    whole = with_given(find_config(project.folder, _agreement(yes), **given), given)
    named = given["check"]
    demand_named("model", whole.check.model, max_length=named["max_length"], chat_template=named["chat_template"])
    rules = ProjectRules.of(project.folder, whole)
    return CheckResult(check_project(files, rules, workers=workers))


@takes_keywords
def dedup(paths: Data, *, given: Given = NOTHING_GIVEN, against: Data | None = None, yes: bool = False) -> DedupResult:
    """Find exact and near duplicates like `curate dedup`. Options override the project's configuration. `write`
    writes the result. `yes` allows settings of the configuration as in `check`.

    Raises `InputError` for a file that cannot be read, `ConfigError`, `UsageError`, `ModelError`.
    """
    inputs, beside = Inputs(paths), None if against is None else Inputs(against, "against ")
    files = inputs.files
    project = project_of(files)
    whole = find_config(project.folder, _agreement(yes), **given)
    decisions = with_edited(DecisionLog(project.decisions).verdicts())
    return DedupResult(
        plan_in(
            project,
            files,
            with_given(whole, given),
            against=beside.files if beside else (),
            decisions=decisions,
        ),
        inputs,
        beside,
    )


@takes_keywords
def conflicts(
    paths: Data, *, given: Given = NOTHING_GIVEN, judge_key: str | None = None, yes: bool = False
) -> ConflictsResult:
    """Find contradictions like `curate conflicts`. Options override the project's configuration. Answers are read as
    edited in the review.

    A judge at an address requires `yes=True`, since questions and answers are sent there, and so do settings of the
    configuration as in `check`; `judge_key` names the
    environment variable with its key. Raises `UsageError` without `yes`, `InputError` for a file that cannot be read,
    `ConfigError`, `ModelError`, `MissingExtra`.
    """
    inputs = Inputs(paths)
    files = inputs.files
    project = project_of(files)
    whole = find_config(project.folder, _agreement(yes), **given)
    config = conflict_settings(whole, judge_key=judge_key, **given["conflicts"])
    decisions = with_edited(DecisionLog(project.decisions).verdicts())
    return ConflictsResult(
        search_conflicts(
            read_for_conflicts(project, files, decisions).examples,
            config,
            project.cache,
            consent=_agreement(yes),
            judge_key=judge_key,
            own=given["conflicts"]["judge"] is not None,
        )
    )


@takes_keywords
def split(
    paths: Data, output: str | os.PathLike[str], *, given: Given = NOTHING_GIVEN, yes: bool = False
) -> SplitResult:
    """Write train, validation and test without leakage, like `curate split`. Options override the project's
    configuration.

    Raises `InputError` for a file that cannot be read or if no example is left, `ConfigError`, `UsageError`,
    `OutputError`, `DataError` if `drop` would remove a large share of a file without `yes`; nothing is changed then.
    `yes` also allows settings of the configuration as in `check`.
    """
    inputs = Inputs(paths)
    files = inputs.files
    project = project_of(files)
    config = with_split_options(find_config(project.folder, _agreement(yes), **tables_of(given)), given)
    folder = Path(output)
    finish(folder, project.decisions)
    decisions = with_edited(DecisionLog(project.decisions).verdicts())
    written = split_in(project, inputs.names, folder, config, decisions=decisions, yes=yes, files=files)
    return SplitResult(folder, written, inputs)


def verify(folder: str | os.PathLike[str] | SplitResult | Mapping[str, Data], *, semantic: str = "") -> VerifyResult:
    """Verify that a split has no leakage and that no line was lost or changed, like `curate verify`.

    `folder`: where the split was written, or the result of `split`, which also has data that was in memory. A
    `DatasetDict`, or a mapping of names to data in memory with the training data first, is checked for leaks. Raises
    `InputError`.
    """
    if isinstance(folder, Mapping):
        inputs = Inputs(folder)
        parts = {name: [path] for name, path in zip(folder, inputs.files, strict=True)}
        return VerifyResult(verify_files(parts, ", ".join(parts), embeddings=semantic, cache=Project(Path.cwd()).cache))
    given = named(folder.inputs.files) if isinstance(folder, SplitResult) else {}
    place = folder.folder if isinstance(folder, SplitResult) else Path(folder)
    project = project_of([place / MANIFEST])
    return VerifyResult(verify_folder(place, embeddings=semantic, cache=project.cache, inputs=given))


@takes_keywords
def run(
    config: str | os.PathLike[str] = "curate.toml",
    *,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    again: Sequence[str] = (),
    until: str = "",
    dry: bool = False,
    given: Given = NOTHING_GIVEN,
    judge_key: str | None = None,
    yes: bool = False,
    listen: Listener = ignore_events,
) -> RunResult:
    """Run all stages from one configuration, or from the folder that has it, like `curate run`.

    A stage whose inputs have not changed is not run again. `yes` allows to send data to a judge at an address, to
    remove a large share of a file, and settings of the configuration as in `check`; `judge_key` names the environment
    variable with the judge's key; `listen` is called with each event. Raises `CurateError`; completed stages are kept.
    """
    choice, agreed = Choice(tuple(only), tuple(skip), tuple(again), until, dry, yes), _agreement(yes)
    folder, settings = load_project(Path(config), agreed, trains=choice.wants("train"))
    project = Project(folder)
    return RunResult(
        project.folder / settings.output,
        run_pipeline(project, with_given(settings, given), listen, choice, consent=agreed, judge_key=judge_key),
    )


def _agreement(yes: bool) -> Consent:
    return Consent(yes, how="pass yes=True to allow this")
