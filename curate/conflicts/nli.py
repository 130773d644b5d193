"""An NLI cross-encoder as a judge of answers: the probability that two texts contradict each other.

The lower one of both directions counts: the higher one flags every answer that merely says more than the other.
Quantities are written in one way before the model is asked: it does not know that 120 minutes are two hours.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate.core.errors import ModelError
from curate.core.example import content_id
from curate.core.text import storable
from curate.language.quantities import align_units
from curate.language.sentences import aligned, sentences
from curate.language.tokens import content_words
from curate.models.embeddings import EmbeddingCache
from curate.models.model_batches import Loader, each_batch
from curate.models.model_loading import cross_encoder
from curate.models.names import fingerprint

WHOLE: Final = 400
"""Number of characters up to which an answer is given to the model as a whole; of longer ones, the most similar
sentences.
"""
PAIRS: Final = 6
"""Number of pairs of sentences of two long answers that the model reads: the most similar ones."""
IN_COMMON: Final = 0.2
CONTRADICTION, ENTAILMENT, DUPLICATE = "contradiction", "entailment", "duplicate"
"""Labels of a model: the first two are those of an NLI model, which some models spell differently."""
SAVED: Final = 512


Pair = tuple[str, str]


class Contradiction(NamedTuple):
    """The model's probability that two answers contradict each other, and the most contradictory texts."""

    probability: float
    """From 0 to 1, the lower one of both directions."""
    either: float
    """The higher one of both directions: sufficient if a rule reports a contradiction too."""
    left: str
    right: str
    """The compared texts: the answers, or a sentence of each."""


def contradictions(
    pairs: Sequence[tuple[str, str]],
    model: str,
    cache: Path | None = None,
    progress: Callable[[int], None] | None = None,
    least: Sequence[float] = (),
) -> list[Contradiction]:
    """The model's verdict about each pair of answers. `progress` is called with the number of judged pairs of texts.

    Long answers are compared sentence by sentence, and the most contradictory pair counts. `least`: for each pair, the
    probability from which it matters; if the first direction is below it, the other one is not asked and counts as
    equal, which saves nearly half of the time. Raises `ModelError` for a model that is not available or has no class
    called contradiction, `MissingExtra` if sentence-transformers is not installed.
    """
    asked = [[*passages(left, right)] for left, right in pairs]
    bounds = least or [0.0] * len(pairs)
    wanted = [(passage, bound) for found, bound in zip(asked, bounds, strict=True) for passage in found]
    judged = iter(_judge(wanted, model, CONTRADICTION, cache, progress))
    return [
        max(
            (Contradiction(min(both), max(both), *passage) for passage, both in zip(found, judged, strict=False)),
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
    """For each pair of questions, the probability that one entails the other: the lower one of both directions.
    Raises as `contradictions` does.
    """
    return [min(both) for both in _judge([(pair, 0.0) for pair in pairs], model, ENTAILMENT, cache, progress)]


def duplicates(
    pairs: Sequence[tuple[str, str]],
    model: str,
    cache: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[float]:
    """For each pair of questions, the probability that they are duplicates, by a cross-encoder with one output or
    two classes: the mean of both directions. Raises as `contradictions` does.
    """
    return [sum(both) / 2 for both in _judge([(pair, 0.0) for pair in pairs], model, DUPLICATE, cache, progress)]


def passages(left: str, right: str) -> list[tuple[str, str]]:
    """The texts of two answers for the model: whole answers if they are short, else their most similar sentences
    and their beginnings.
    """
    if len(left) <= WHOLE and len(right) <= WHOLE:
        return [(left, right)]
    likest = sorted((pair for pair in aligned(left, right) if pair.left != pair.right), key=lambda pair: -pair.alike)[
        :PAIRS
    ]
    if likest:
        return [(pair.left, pair.right) for pair in likest]
    return [(" ".join(sentences(left)[:2])[:WHOLE], " ".join(sentences(right)[:2])[:WHOLE])]


def have_something_in_common(left: str, right: str) -> bool:
    """Whether a model can say something of two answers: they are short, have sentences about the same, or have a fifth
    of the shorter one's content words in common.

    Of 62 pairs of real answers that have nothing in common a model called three a contradiction, and of 4,003 made ones
    63; no conflict of two unlike questions came of them.
    """
    if (len(left) <= WHOLE and len(right) <= WHOLE) or any(aligned(left, right)):
        return True
    mine, others = content_words(left), content_words(right)
    return len(mine & others) >= IN_COMMON * min(len(mine), len(others))


def key(left: str, right: str) -> str:
    """The cache key of a verdict."""
    return content_id([left, right])


def _judge(
    wanted: Sequence[tuple[Pair, float]],
    model: str,
    label: str,
    cache: Path | None,
    progress: Callable[[int], None] | None,
) -> list[tuple[float, float]]:
    """The probability of a label for each pair of texts, in both directions; the second direction only if the first
    reaches its bound, else the same again.
    """
    name = content_id([label, model, fingerprint(model)])[:16]
    store = EmbeddingCache(None if cache is None else cache / f"nli-{name}-directed.npz")
    texts = [(left, align_units(left, right)) for (left, right), _ in wanted]
    bounds = [bound for _, bound in wanted]

    def missing(pair: Pair, bound: float) -> bool:
        there = key(*pair) in store
        return not there or (_stored_probability(store, pair) >= bound and key(*pair[::-1]) not in store)

    new: dict[Pair, float] = {}
    for pair, bound in zip(texts, bounds, strict=True):
        if missing(pair, bound):
            new[pair] = min(bound, new.get(pair, bound))
    ask = _asking(model, label, store) if new else None
    ordered = sorted(new, key=lambda pair: (len(pair[0]) + len(pair[1]), pair))
    for start in range(0, len(ordered), SAVED):
        batch = ordered[start : start + SAVED]
        assert ask is not None
        ask(batch)
        ask([pair[::-1] for pair in batch if _stored_probability(store, pair) >= new[pair]])
        if progress:
            progress(len(batch))
    store.save()
    return [
        (
            _stored_probability(store, pair),
            _stored_probability(store, pair[::-1]) if key(*pair[::-1]) in store else _stored_probability(store, pair),
        )
        for pair in texts
    ]


def _stored_probability(store: EmbeddingCache, pair: Pair) -> float:
    return float(store.get([key(*pair)])[0, 0])


def _asking(model: str, label: str, store: EmbeddingCache) -> Callable[[Sequence[Pair]], None]:
    """A function that adds the probability of a label for pairs of texts to the store."""
    loader = Loader(cross_encoder, model)
    judge = loader()
    column = _column(judge.config.id2label, label, model)

    def ask(pairs: Sequence[Pair]) -> None:
        new = [pair for pair in pairs if key(*pair) not in store]
        texts = [(storable(left), storable(right)) for left, right in new]
        for batch, logits in each_batch(_judged, texts, loader, judge):
            store.add([key(*new[at]) for at in batch], logits.reshape(len(batch), -1)[:, [column]])

    return ask


def _judged(judge: Any, texts: list[Pair]) -> Any:
    classes = len(judge.config.id2label)
    return judge.predict(texts, batch_size=len(texts), apply_softmax=classes > 1, show_progress_bar=False)


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
