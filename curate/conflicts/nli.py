"""An NLI cross-encoder as a judge of answers: the probability that two texts contradict each other.

The lower one of both directions counts: the higher one flags every answer that merely says more than the other.
Quantities are written in one way before the model is asked: it does not know that 120 minutes are two hours.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate.core.errors import ModelError
from curate.core.example import content_id
from curate.language.quantities import align_units
from curate.language.sentences import aligned, sentences
from curate.models.embedding_cache import EmbeddingCache
from curate.models.model_loading import cross_encoder
from curate.models.names import fingerprint

WHOLE: Final = 400
"""Characters up to which an answer is given to the model as a whole; of longer ones, sentences that say about the same
are.
"""
PAIRS: Final = 6
"""Pairs of sentences of two long answers that the model is asked about: those most alike."""
CONTRADICTION, ENTAILMENT, DUPLICATE = "contradiction", "entailment", "duplicate"
"""What is asked of a model: the first two are labels of an NLI model, which some models write in other forms."""
BATCH: Final = 32
SAVED: Final = 512


class Contradiction(NamedTuple):
    """How sure the model is that two answers contradict each other, and where they do so most."""

    probability: float
    """From 0 to 1, the lower one of both directions."""
    either: float
    """The higher one: enough where a rule says the same."""
    left: str
    right: str
    """The texts that were compared: the answers, or a sentence of each."""


def contradictions(
    pairs: Sequence[tuple[str, str]],
    model: str,
    cache: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Contradiction]:
    """What the model says of each pair of answers. `progress` is told how many pairs of texts were judged.

    Long answers are compared sentence by sentence, and the most contradictory pair counts. Raises `ModelError` for a
    model that is not at hand or has no class called contradiction, `MissingExtra` when sentence-transformers is not
    installed.
    """
    asked = [[*passages(left, right)] for left, right in pairs]
    store = EmbeddingCache(None if cache is None else cache / f"nli-{content_id([model, fingerprint(model)])[:16]}.npz")
    _judge(
        {key(*passage): passage for passages_ in asked for passage in passages_},
        model,
        CONTRADICTION,
        store,
        progress,
    )
    return [
        max(
            (
                Contradiction(float(min(both)), float(max(both)), *passage)
                for passage in found
                for both in store.get([key(*passage)])
            ),
            key=lambda verdict: verdict.probability,
            default=Contradiction(0.0, 0.0, left, right),
        )
        for found, (left, right) in zip(asked, pairs, strict=True)
    ]


def entailments(
    pairs: Sequence[tuple[str, str]],
    model: str,
    cache: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[float]:
    """Of each pair of questions, the probability that one entails the other: the lower one of both directions.

    Raises as `contradictions` does.
    """
    name = content_id([ENTAILMENT, model, fingerprint(model)])[:16]
    store = EmbeddingCache(None if cache is None else cache / f"nli-{name}.npz")
    _judge({key(*pair): pair for pair in pairs}, model, ENTAILMENT, store, progress)
    return [float(min(both)) for both in store.get([key(*pair) for pair in pairs])]


def duplicates(
    pairs: Sequence[tuple[str, str]],
    model: str,
    cache: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[float]:
    """Of each pair of questions, the probability that they are duplicates, by a cross-encoder with one output or two
    classes: the mean of both directions. Raises as `contradictions` does.
    """
    name = content_id([DUPLICATE, model, fingerprint(model)])[:16]
    store = EmbeddingCache(None if cache is None else cache / f"nli-{name}.npz")
    _judge({key(*pair): pair for pair in pairs}, model, DUPLICATE, store, progress)
    return [float(both.mean()) for both in store.get([key(*pair) for pair in pairs])]


def passages(left: str, right: str) -> list[tuple[str, str]]:
    """The texts of two answers that are given to the model: both as a whole if they are short, else their likest
    sentences and their beginnings.
    """
    if len(left) <= WHOLE and len(right) <= WHOLE:
        return [(left, right)]
    likest = sorted((pair for pair in aligned(left, right) if pair.left != pair.right), key=lambda pair: -pair.alike)[
        :PAIRS
    ]
    if likest:
        return [(pair.left, pair.right) for pair in likest]
    return [(" ".join(sentences(left)[:2])[:WHOLE], " ".join(sentences(right)[:2])[:WHOLE])]


def key(left: str, right: str) -> str:
    """Under which a verdict is kept."""
    return content_id([left, right])


def _judge(
    passages_: dict[str, tuple[str, str]],
    model: str,
    label: str,
    store: EmbeddingCache,
    progress: Callable[[int], None] | None,
) -> None:
    """Fill the store with the probability of a label in both directions for each pair of texts that is new."""
    import numpy as np

    new = ((name, passage) for name, passage in passages_.items() if name not in store)
    missing = sorted(new, key=lambda item: (len(item[1][0]) + len(item[1][1]), item[0]))
    if not missing:
        return
    judge = cross_encoder(model)
    classes = len(judge.config.id2label)
    column = _column(judge.config.id2label, label, model)
    for start in range(0, len(missing), SAVED):
        batch = missing[start : start + SAVED]
        texts = [(left, align_units(left, right)) for _, (left, right) in batch]
        both = [*texts, *((right, left) for left, right in texts)]
        told = judge.predict(
            both, batch_size=BATCH, apply_softmax=classes > 1, show_progress_bar=False, convert_to_numpy=True
        )
        scores = told.reshape(len(both), -1)[:, column]
        store.add([name for name, _ in batch], np.stack([scores[: len(batch)], scores[len(batch) :]], axis=1))
        if progress:
            progress(len(batch))
    store.save()


def _column(labels: dict[int, Any], wanted: str, model: str) -> int:
    if wanted == DUPLICATE:
        if len(labels) <= 2:  # one output, or "no" and "yes"
            return -1
        raise ModelError(f"{model}: has {len(labels)} classes", "name a cross-encoder for duplicate questions")
    for index, label in labels.items():
        if str(label).lower().startswith(wanted[:5]):
            return int(index)
    raise ModelError(
        f"{model}: has no class called {wanted} (it has {', '.join(map(str, labels.values()))})",
        "name an NLI model",
    )
