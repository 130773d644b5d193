"""The search for contradictions as a function: the same for `curate conflicts`, the Python API and `curate run`."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from curate.commands.session import Workspace
from curate.conflicts.conflict import ConflictsResult, find_conflicts
from curate.conflicts.default_models import MODEL_KEYS, with_default_models
from curate.conflicts.judges import judge_of
from curate.conflicts.judges.verdict_cache import Work
from curate.core.config import Config, ConflictsConfig
from curate.core.decision import edits_of
from curate.core.events import Advance
from curate.core.example import Example
from curate.core.verb_options import require_named_model
from curate.models.model_batches import models_on
from curate.models.names import fingerprint, resolve
from curate.network.egress import Consent, address_of, is_address
from curate.output.edited import with_edits
from curate.parallel.kernels import kernels_for
from curate.read.dataset import read_dataset, require_examples


def conflict_settings(
    project_config: Config, *, judge_key: str | None = None, judge_model: str | None = None
) -> ConflictsConfig:
    """The settings of the search, with default models for models that are not configured. Raises `UsageError` for
    options of a judge without one.
    """
    config = with_default_models(project_config.conflicts)
    require_named_model("judge", config.judge, judge_model=judge_model, judge_key=judge_key)
    return config


def model_fingerprints(config: ConflictsConfig) -> dict[str, str]:
    """The fingerprints of the local models that are used, by key. Raises `ModelError` for one that is missing, and
    `UsageError` for an invalid address of a judge.
    """
    if is_address(config.judge):
        address_of(config.judge, "the judge")
    models = {key: getattr(config, key) for key in MODEL_KEYS}
    models["judge"] = "" if is_address(config.judge) else config.judge
    return {name: fingerprint(model) for name, model in models.items() if model}


def conflicts(
    work: Workspace,
    *,
    judge_key: str | None = None,
    calibrated: bool = True,
    before: Callable[[Work], None] | None = None,
    progress: Advance | None = None,
) -> ConflictsResult:
    """The contradictions in the data of a project, as it was edited in the review. `calibrated`: whether the
    calibration of the configuration applies; the other parameters are those of `search_conflicts`.

    Raises `InputError`, also if no line holds an example, and as `conflict_settings` and `search_conflicts` do.
    """
    config = conflict_settings(work.config, judge_key=judge_key, judge_model=work.named("conflicts", "judge_model"))
    if not calibrated:
        config = config.model_copy(update={"calibration": (1.0, 0.0)})
    dataset = read_dataset(*with_edits(work.files, edits_of(work.decisions), work.project.edited))
    require_examples(len(dataset.lines), len(dataset.examples))
    examples, not_understood = dataset.examples, dataset.not_understood
    del dataset  # with the bytes of its lines
    with models_on(work.session.executor), kernels_for(work.files):
        result = search_conflicts(
            examples, config, work.cache,
            before=before, progress=progress, consent=work.session.consent, judge_key=judge_key,
            own=work.named("conflicts", "judge") is not None,
        )  # fmt: skip
    return replace(result, not_understood=not_understood)


def search_conflicts(
    examples: Sequence[Example],
    config: ConflictsConfig,
    cache: Path | None,
    *,
    before: Callable[[Work], None] | None = None,
    progress: Advance | None,
    consent: Consent,
    judge_key: str | None,
    own: bool = False,
) -> ConflictsResult:
    """The conflicts among examples. `own`: whether the user named the judge, not a configuration; the other parameters
    are those of `judge_of`. Raises `ModelError`, `MissingExtra` and `UsageError`.
    """
    for name in model_fingerprints(config).keys() & set(MODEL_KEYS):
        resolve(getattr(config, name))  # a missing model is an error before, and even without, a comparison
    judge = judge_of(config, cache, before, progress, consent=consent, key=judge_key, own=own)
    return find_conflicts(examples, config, cache, progress, judge=judge)
