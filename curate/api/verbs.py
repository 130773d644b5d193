"""The commands as functions; see `curate.api`."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from curate.api.inputs import Data, Inputs
from curate.api.keywords import takes_keywords
from curate.api.results import CheckFrames, ConflictsFrames, DedupFrames, RunFrames, SplitFrames, VerifyFrames
from curate.commands.check import check as check_data
from curate.commands.conflicts import conflicts as search_data
from curate.commands.dedup import dedup as dedup_data
from curate.commands.run import StageSelection
from curate.commands.run import run as run_pipeline
from curate.commands.session import Session
from curate.commands.split import split as split_data
from curate.commands.verify import verify as verify_data
from curate.core.config_files import load_project
from curate.core.egress import Consent
from curate.core.events import Listener, ignore_events
from curate.core.files import named
from curate.core.runs import Project
from curate.core.verb_options import NOTHING_GIVEN, Given, with_given


@takes_keywords
def check(paths: Data, *, given: Given = NOTHING_GIVEN, workers: int = 1, yes: bool = False) -> CheckFrames:
    """Check a data set like `curate check`. Options override the project's configuration.

    `yes` allows settings of the configuration that reach outside of its folder or weaken a guard; without it they raise
    `UsageError`. `paths`: files, folders, patterns or URLs, or data in memory (see `curate.api.inputs`). Suppressed
    findings are not reported. Raises `InputError` for a file that cannot be read, `ConfigError`, `UsageError`.
    """
    inputs = Inputs(paths)
    session = Session(consent=_agreement(yes), ignored="curate.check reads the data as it is", workers=workers)
    return CheckFrames(check_data(session.open(inputs.files, given)))


@takes_keywords
def dedup(paths: Data, *, given: Given = NOTHING_GIVEN, against: Data | None = None, yes: bool = False) -> DedupFrames:
    """Find exact and near duplicates like `curate dedup`. Options override the project's configuration. `write`
    writes the result. `yes` allows settings of the configuration as in `check`.

    Raises `InputError` for a file that cannot be read, `ConfigError`, `UsageError`, `ModelError`.
    """
    inputs, others = Inputs(paths), None if against is None else Inputs(against, "against ")
    work = Session(consent=_agreement(yes)).open(inputs.files, given)
    return DedupFrames(dedup_data(work, against=others.files if others else ()), inputs, others)


@takes_keywords
def conflicts(
    paths: Data, *, given: Given = NOTHING_GIVEN, judge_key: str | None = None, yes: bool = False
) -> ConflictsFrames:
    """Find contradictions like `curate conflicts`. Options override the project's configuration. Answers are read as
    edited in the review.

    A judge at an address requires `yes=True`, since questions and answers are sent there, and so do settings of the
    configuration as in `check`; `judge_key` names the
    environment variable with its key. Raises `UsageError` without `yes`, `InputError` for a file that cannot be read,
    `ConfigError`, `ModelError`, `MissingExtra`.
    """
    inputs = Inputs(paths)
    work = Session(consent=_agreement(yes)).open(inputs.files, given)
    return ConflictsFrames(search_data(work, judge_key=judge_key))


@takes_keywords
def split(
    paths: Data, output: str | os.PathLike[str], *, given: Given = NOTHING_GIVEN, yes: bool = False
) -> SplitFrames:
    """Write train, validation and test without leakage, like `curate split`. Options override the project's
    configuration.

    Raises `InputError` for a file that cannot be read or if no example is left, `ConfigError`, `UsageError`,
    `OutputError`, `DataError` if `drop` would remove a large share of a file without `yes`; nothing is changed then.
    `yes` also allows settings of the configuration as in `check`.
    """
    inputs, folder = Inputs(paths), Path(output)
    work = Session(consent=_agreement(yes)).open(inputs.files, given)
    return SplitFrames(split_data(work, inputs.names, folder), folder, inputs)


def verify(folder: str | os.PathLike[str] | SplitFrames | Mapping[str, Data], *, semantic: str = "") -> VerifyFrames:
    """Verify that a split has no leakage and that no line was lost or changed, like `curate verify`.

    `folder`: where the split was written, or the result of `split`, which also has data that was in memory. A
    `DatasetDict`, or a mapping of names to data in memory with the training data first, is checked for leaks. Raises
    `InputError`.
    """
    if isinstance(folder, Mapping):
        inputs = Inputs(folder)
        parts = {name: [path] for name, path in zip(folder, inputs.files, strict=True)}
        return VerifyFrames(verify_data(parts, Session(), name=", ".join(parts), embeddings=semantic))
    if isinstance(folder, SplitFrames):
        paths_by_name = named(folder.inputs.files)
        return VerifyFrames(verify_data(folder.folder, Session(), embeddings=semantic, inputs=paths_by_name))
    return VerifyFrames(verify_data(Path(folder), Session(), embeddings=semantic))


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
) -> RunFrames:
    """Run all stages from one configuration, or from the folder that has it, like `curate run`.

    A stage whose inputs have not changed is not run again. `yes` allows to send data to a judge at an address, to
    remove a large share of a file, and settings of the configuration as in `check`; `judge_key` names the environment
    variable with the judge's key; `listen` is called with each event. Raises `CurateError`; completed stages are kept.
    """
    choice, agreed = StageSelection(tuple(only), tuple(skip), tuple(again), until, dry), _agreement(yes)
    folder, settings = load_project(Path(config), agreed, trains=choice.wants("train"))
    project, session = Project(folder), Session(consent=agreed, listen=listen)
    result = run_pipeline(project, with_given(settings, given), session, choice, judge_key=judge_key)
    return RunFrames(result, project.folder / settings.output)


def _agreement(yes: bool) -> Consent:
    return Consent(yes, how="pass yes=True to allow this")
