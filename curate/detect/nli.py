"""An NLI cross-encoder as a judge of answers: the probability that two texts contradict each other.

The lower one of both directions counts: the higher one flags every answer that merely says more than the other.
"""

from collections.abc import Sequence
from typing import Any

from curate.detect.encoder import cross_encoder
from curate.errors import ModelError


def contradictions(pairs: Sequence[tuple[str, str]], model: str) -> list[float]:
    """For each pair the probability of contradiction, from 0 to 1, the minimum over both directions.

    Texts longer than the model's limit are judged by their beginning. Raises `ModelError` for a model that has no class called
    contradiction, `MissingExtra` when sentence-transformers is not installed.
    """
    if not pairs:
        return []
    judge = cross_encoder(model)
    column = _contradiction(judge.config.id2label, model)
    both = [*pairs, *((right, left) for left, right in pairs)]
    scores = judge.predict(both, apply_softmax=True, show_progress_bar=False, convert_to_numpy=True)
    forward, backward = scores[: len(pairs), column], scores[len(pairs) :, column]
    return [float(min(a, b)) for a, b in zip(forward, backward, strict=True)]


def _contradiction(labels: dict[int, Any], model: str) -> int:
    for index, label in labels.items():
        if "contradict" in str(label).lower():
            return int(index)
    raise ModelError(f"{model}: has no class called contradiction (it has {', '.join(map(str, labels.values()))})", "name an NLI model")
