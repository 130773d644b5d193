"""Judges by a model of the user's choice: a causal language model on this machine, or one behind an
OpenAI-compatible endpoint.
"""

from collections.abc import Callable
from pathlib import Path

from curate.conflicts.judges.verdict_cache import VerdictCache, Work
from curate.conflicts.judging import Judge
from curate.core.config import ConflictsConfig
from curate.core.errors import UsageError
from curate.core.events import Advance
from curate.core.example import content_id
from curate.core.text import plural
from curate.models.names import fingerprint
from curate.network.egress import NO_CONSENT, Consent, address_of, is_address


def judge_of(
    config: ConflictsConfig,
    cache: Path | None,
    before: Callable[[Work], None] | None = None,
    progress: Advance | None = None,
    *,
    consent: Consent = NO_CONSENT,
    key: str | None = None,
    own: bool = False,
) -> Judge | None:
    """The configured judge; None if none is configured.

    `before` is called with the amount of work before anything is asked, and may raise to prevent it; `progress` with
    the number of judged pairs. `consent` is called before data is sent to an address; `key`: the environment variable
    that the user named for it; `own`: whether the user named the address, not a configuration. Raises `UsageError` for
    an endpoint without the name of a model or with an invalid address; when judging, `ModelError`, `MissingExtra` and,
    without consent, `UsageError`.
    """
    if not config.judge:
        return None
    remote = is_address(config.judge)
    if not remote:
        from curate.conflicts.judges.local import Local

        identity = content_id([fingerprint(config.judge)])
        return VerdictCache(Local(config.judge), _verdict_file(cache, identity), before, progress)
    address = address_of(config.judge, "the judge")
    if not config.judge_model:
        raise UsageError(
            f"{address}: no model is named", "name it with --judge-model, or as `judge_model` under [conflicts]"
        )
    from curate.conflicts.judges.endpoint import ANY_KEY_VARIABLE, JudgeEndpoint

    endpoint = JudgeEndpoint(
        address, config.judge_model, config.judge_price, key=key, general=ANY_KEY_VARIABLE if own else None
    )

    def agreed(work: Work) -> None:
        if before is not None:
            before(work)
        consent.require(f"{plural(work.pairs - work.known, 'pair')} of questions and answers", address)

    return VerdictCache(endpoint, _verdict_file(cache, content_id([address, config.judge_model])), agreed, progress)


def _verdict_file(cache: Path | None, identity: str) -> Path | None:
    """The file with the cached verdicts of a judge; None without a cache."""
    return None if cache is None else cache / f"judge-{identity[:16]}.jsonl"
