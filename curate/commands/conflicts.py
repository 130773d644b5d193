"""The search for contradictions as a function: the same for `curate conflicts`, the Python API and `curate run`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from curate.conflicts.conflict import ConflictsResult, find_conflicts
from curate.conflicts.default_models import with_default_models
from curate.conflicts.judges import judge_of
from curate.conflicts.judges.verdict_cache import Work
from curate.core.config import Config, ConflictsConfig, demand_named, with_options
from curate.core.decision import DecisionState, edits_of
from curate.core.egress import NO_CONSENT, Consent, address_of, is_address
from curate.core.example import Example
from curate.core.runs import Project
from curate.core.text import plural
from curate.lint.rules.roles import with_known_roles
from curate.models.names import fingerprint
from curate.output.edited import with_edits
from curate.read.dataset import Dataset, demand_understood, read_dataset


def conflict_settings(whole: Config, *, judge_key: str | None = None, **options: Any) -> ConflictsConfig:
    """The settings of the search, default models included; options that are None change nothing. `options` are keys of
    `[conflicts]`. Raises `ConfigError`, and `UsageError` for options of a judge without one.
    """
    config = with_default_models(with_options(whole.conflicts, **options))
    demand_named("judge", config.judge, judge_model=options.get("judge_model"), judge_key=judge_key)
    return config


def model_fingerprints(config: ConflictsConfig) -> dict[str, str]:
    """The fingerprints of the local models that are used, by key. Raises `ModelError` for one that is missing, and
    `UsageError` for an invalid address of a judge.
    """
    if is_address(config.judge):
        address_of(config.judge, "the judge")
    local = "" if is_address(config.judge) else config.judge
    named = (
        ("embeddings", config.embeddings),
        ("nli", config.nli),
        ("same_question", config.same_question),
        ("judge", local),
    )
    return {name: fingerprint(model) for name, model in named if model}


def read_for_conflicts(project: Project, files: Sequence[Path], decisions: Mapping[str, DecisionState]) -> Dataset:
    """The examples of files, as they were edited. Raises `InputError`, also if no line holds an example."""
    dataset = read_dataset(*with_edits(files, edits_of(decisions), project.edited))
    demand_understood(len(dataset.lines), len(dataset.examples))
    return dataset


def search_conflicts(
    examples: Sequence[Example],
    config: ConflictsConfig,
    cache: Path,
    *,
    before: Callable[[Work], None] | None = None,
    progress: Callable[[int], None] | None = None,
    consent: Consent = NO_CONSENT,
    judge_key: str | None = None,
    own: bool = False,
) -> ConflictsResult:
    """The conflicts among examples. `own`: whether the user named the judge, not a configuration; the other parameters
    are those of `judge_of`. Raises `ModelError`, `MissingExtra` and `UsageError`.
    """
    model_fingerprints(config)  # a missing model is an error even if nothing has to be compared
    judge = judge_of(config, cache, before, progress, consent=consent, key=judge_key, own=own)
    found = find_conflicts(examples, config, cache, progress, judge=judge)
    if renamed := sum(with_known_roles(example) is not example for example in examples):
        found.notes.append(
            f"{plural(renamed, 'example')} with aliases of roles not compared: `curate check --fix` repairs them (M007)"
        )
    return found
