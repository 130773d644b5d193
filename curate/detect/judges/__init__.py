"""Judges by one's own model: a causal language model on this machine, or one behind an OpenAI-compatible endpoint that the user named."""

from collections.abc import Callable
from pathlib import Path

from curate.config import ConflictsConfig
from curate.detect.judges.kept import Kept, Work
from curate.detect.judging import Judge
from curate.errors import UsageError
from curate.example import content_id
from curate.models import fingerprint

REMOTE = ("http://", "https://")


def judge_of(
    config: ConflictsConfig, cache: Path | None, before: Callable[[Work], None] | None = None, progress: Callable[[int], None] | None = None
) -> Judge | None:
    """The judge that the configuration names; None when it names none.

    `before` is told how much there is to ask before anything is asked, and may raise to prevent it; `progress` is told how many pairs were judged.
    Raises `UsageError` for an endpoint without the name of a model, `ModelError` and `MissingExtra` when it judges.
    """
    if not config.judge:
        return None
    remote = config.judge.startswith(REMOTE)
    if remote and not config.judge_model:
        raise UsageError(f"{config.judge}: which model?", "name it with --judge-model, or as `judge_model` under [conflicts]")
    name = config.judge_model if remote else config.judge
    identity = content_id([config.judge, name] if remote else [fingerprint(name)])
    path = None if cache is None else cache / f"judge-{identity[:16]}.jsonl"
    if remote:
        from curate.detect.judges.endpoint import Endpoint

        return Kept(Endpoint(config.judge, name, config.judge_price), path, before, progress)
    from curate.detect.judges.local import Local

    return Kept(Local(name), path, before, progress)
