"""The commands as functions; see `curate.api`."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from curate.api.inputs import Data, Inputs
from curate.api.results import CheckResult, ConflictsResult, DedupResult, RunResult, SplitResult, VerifyResult
from curate.conflicts.conflict import find_conflicts
from curate.conflicts.default_models import with_default_models
from curate.conflicts.judges import judge_of
from curate.core.config import demand_named, load_project, with_options
from curate.core.config_files import find_config
from curate.core.decision import edits_of
from curate.core.decision_log import DecisionLog
from curate.core.egress import Consent
from curate.core.events import Listener, ignore_events
from curate.core.files import display_name
from curate.core.manifest import MANIFEST
from curate.core.runs import Project, project_of
from curate.lint.runner import check_paths
from curate.lint.suppressions import load_suppressions, suppress
from curate.output.edited import with_edited, with_edits
from curate.output.restore import finish
from curate.pipeline import Choice
from curate.pipeline import run as run_pipeline
from curate.pipeline.dedup import plan
from curate.pipeline.splitting import sources_of, split_files, with_split_options
from curate.read.dataset import demand_understood, read_dataset
from curate.verify import verify_files, verify_folder


def check(
    paths: Data,
    *,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    extend_select: Sequence[str] | None = None,
    target: str | None = None,
    model: str | None = None,
    chat_template: str | None = None,
    max_length: int | None = None,
    workers: int = 1,
) -> CheckResult:
    """Check a data set like `curate check`. Options override the project's configuration.

    `paths`: files, folders, patterns or URLs, or data in memory (see `curate.api.inputs`). Suppressed findings are
    not reported. Raises `InputError` for a file that cannot be read, `ConfigError`, `UsageError`.
    """
    inputs = Inputs(paths)
    files = inputs.files
    project = project_of(files)
    whole = find_config(project.folder)
    config = with_options(
        whole.check,
        select=select,
        ignore=ignore,
        extend_select=extend_select,
        target=target,
        model=model,
        chat_template=chat_template,
        max_length=max_length,
    )
    demand_named("model", config.model, max_length=max_length, chat_template=chat_template)
    report = check_paths(files, config, workers=workers, conflicts=whole.conflicts)
    suppress(report, load_suppressions(project.folder), list(map(display_name, files)))
    return CheckResult(report)


def dedup(
    paths: Data,
    *,
    threshold: float | None = None,
    on: str | None = None,
    keep: str | None = None,
    ignore_facts: bool | None = None,
    same_words: bool | None = None,
    beginnings: bool | None = None,
    embeddings: str | None = None,
    against: Data | None = None,
    drop: Sequence[str] | None = None,
) -> DedupResult:
    """Find exact and near duplicates like `curate dedup`. Options override the project's configuration. `write`
    writes the result.

    Raises `InputError` for a file that cannot be read, `ConfigError`, `UsageError`, `ModelError`.
    """
    options = {
        "threshold": threshold,
        "on": on,
        "keep": keep,
        "ignore_facts": ignore_facts,
        "same_words": same_words,
        "beginnings": beginnings,
        "embeddings": embeddings,
    }
    inputs, beside = Inputs(paths), None if against is None else Inputs(against, "against ")
    files = inputs.files
    project = project_of(files)
    whole = find_config(project.folder)
    decisions = with_edited(DecisionLog(project.decisions).verdicts())
    return DedupResult(
        plan(
            files,
            with_options(whole.dedup, **options),
            against=beside.files if beside else (),
            decisions=decisions,
            check=with_options(whole.check, drop=drop),
            cache=project.cache,
            edited=project.edited,
        ),
        inputs,
        beside,
    )


def conflicts(
    paths: Data,
    *,
    embeddings: str | None = None,
    nli: str | None = None,
    same_question: str | None = None,
    judge: str | None = None,
    judge_model: str | None = None,
    judge_key: str | None = None,
    similarity: float | None = None,
    all_turns: bool | None = None,
    min_confidence: float | None = None,
    models: bool | None = None,
    yes: bool = False,
) -> ConflictsResult:
    """Find contradictions like `curate conflicts`. Options override the project's configuration. Answers are read as
    edited in the review.

    A judge at an address requires `yes=True`, since questions and answers are sent there; `judge_key` names the
    environment variable with its key. Raises `UsageError` without `yes`, `InputError` for a file that cannot be read,
    `ConfigError`, `ModelError`, `MissingExtra`.
    """
    inputs = Inputs(paths)
    files = inputs.files
    project = project_of(files)
    options = {
        "embeddings": embeddings,
        "nli": nli,
        "same_question": same_question,
        "judge": judge,
        "judge_model": judge_model,
        "similarity": similarity,
        "all_turns": all_turns,
    }
    options |= {"min_confidence": min_confidence, "models": models}
    config = with_default_models(with_options(find_config(project.folder).conflicts, **options))
    demand_named("judge", config.judge, judge_model=judge_model, judge_key=judge_key)
    decisions = with_edited(DecisionLog(project.decisions).verdicts())
    dataset = read_dataset(*with_edits(files, edits_of(decisions), project.edited))
    demand_understood(len(dataset.lines), len(dataset.examples))
    asked = judge_of(
        config,
        project.cache,
        consent=Consent(yes, how="pass yes=True to allow this"),
        key=judge_key,
        own=judge is not None,
    )
    return ConflictsResult(find_conflicts(dataset.examples, config, project.cache, judge=asked))


def split(
    paths: Data,
    output: str | os.PathLike[str],
    *,
    fractions: Sequence[float] | None = None,
    counts: Sequence[int] | None = None,
    group_by: Sequence[str] | None = None,
    stratify: Sequence[str] | None = None,
    existing: Sequence[str] | None = None,
    semantic: str | None = None,
    threshold: float | None = None,
    weights: Mapping[str, float] | None = None,
    examples: int | None = None,
    tokens: int | None = None,
    seed: int | None = None,
    grow: bool | None = None,
    parquet: bool | None = None,
    trainers: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
    yes: bool = False,
) -> SplitResult:
    """Write train, validation and test without leakage, like `curate split`. Options override the project's
    configuration.

    Raises `InputError` for a file that cannot be read or if no example is left, `ConfigError`, `UsageError`,
    `OutputError`, `DataError` if `drop` would remove a large share of a file without `yes`; nothing is changed then.
    """
    inputs = Inputs(paths)
    project = project_of(inputs.files)
    config = with_split_options(
        find_config(project.folder),
        mix={"weights": weights, "examples": examples, "tokens": tokens},
        threshold=threshold,
        drop=drop,
        seed=seed,
        fractions=fractions,
        counts=counts,
        group_by=group_by,
        stratify=stratify,
        existing=existing,
        semantic=semantic,
        grow=grow,
        parquet=parquet,
        trainers=trainers,
    )
    folder = Path(output)
    finish(folder, project.decisions)
    decisions = with_edited(DecisionLog(project.decisions).verdicts())
    sources = sources_of(project, inputs.names, config.split.existing, folder, decisions)
    result = split_files(sources, folder, config, decisions=decisions, cache=project.cache, yes=yes)
    return SplitResult(folder, result, inputs)


def verify(folder: str | os.PathLike[str] | Mapping[str, Data], *, semantic: str = "") -> VerifyResult:
    """Verify that a split has no leakage and that no line was lost or changed, like `curate verify`.

    A `DatasetDict`, or a mapping of names to data in memory with the training data first, is checked for leaks.
    Raises `InputError`.
    """
    if isinstance(folder, Mapping):
        inputs = Inputs(folder)
        parts = {name: [path] for name, path in zip(folder, inputs.files, strict=True)}
        return VerifyResult(verify_files(parts, ", ".join(parts), embeddings=semantic, cache=Project(Path.cwd()).cache))
    project = project_of([Path(folder) / MANIFEST])
    return VerifyResult(verify_folder(Path(folder), embeddings=semantic, cache=project.cache))


def run(
    config: str | os.PathLike[str] = "curate.toml",
    *,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    again: Sequence[str] = (),
    until: str = "",
    dry: bool = False,
    judge_key: str | None = None,
    yes: bool = False,
    listen: Listener = ignore_events,
) -> RunResult:
    """Run all stages from one configuration, or from the folder that has it, like `curate run`.

    A stage whose inputs have not changed is not run again. `yes` allows to send data to a judge at an address, and to
    remove a large share of a file; `judge_key` names the environment variable with the judge's key; `listen` is called
    with each event. Raises `CurateError`; completed stages are kept.
    """
    folder, settings = load_project(Path(config))
    project = Project(folder)
    choice = Choice(tuple(only), tuple(skip), tuple(again), until, dry, yes)
    agreed = Consent(yes, how="pass yes=True to allow this")
    return RunResult(
        project.folder / settings.output,
        run_pipeline(project, settings, listen, choice, consent=agreed, judge_key=judge_key),
    )
