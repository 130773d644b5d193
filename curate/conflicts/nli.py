"""An NLI cross-encoder as a judge of answers: the probability that two texts contradict each other.

The lower one of both directions counts: the higher one flags every answer that merely says more than the other.
Quantities are written in one way before the model is asked: it does not know that 120 minutes are two hours.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any, Final, NamedTuple

from curate.conflicts.same_question import log_odds
from curate.core.errors import ModelError
from curate.core.example import content_id
from curate.core.text import storable
from curate.language.quantities import align_units
from curate.language.sentences import MIN_SHARED_WORDS, Aligned, aligned_sentences, sentences
from curate.language.tokens import content_words
from curate.models.embeddings import EmbeddingCache
from curate.models.model_batches import Loader, each_batch
from curate.models.model_loading import cross_encoder
from curate.models.names import fingerprint

MAX_WHOLE_CHARS: Final = 400
"""Number of characters up to which an answer is given to the model as a whole; of longer ones, the most similar
sentences.
"""
MAX_SENTENCE_PAIRS: Final = 6
"""Number of pairs of sentences of two long answers that the model reads: the most similar ones."""
MIN_PASSAGE_WORDS, MIN_PASSAGE_SHARE = 10, 0.2
"""Content words from which two answers have nothing in common if they share less than such a part of the shorter
one's, and no two of their sentences share half of theirs and two words.
"""
NLI_LABELS, DUPLICATE_LABELS = ("contradiction", "entailment"), ("duplicate",)
"""Labels of a model: the first two are those of an NLI model, which some models spell differently."""
MAX_BRIEF_WORDS: Final = 30
"""Words up to which an answer to a question in other words says little beside what was asked."""
CONTRADICTION_WEIGHT, ENTAILMENT_WEIGHT, INTERCEPT = 0.43, -1.43, -2.05
"""Weights of the log-odds of contradiction (the lower one of both directions) and of entailment (the higher one) for
two brief answers to one question in other words: those that agree mostly follow from one another. Of the triples of
tests/bench, entailment tells clashing from agreeing answers with an AUC of .90, contradiction with .81.
The intercept is .75 above the fitted one: of their pairs that ask the same, 40 of 650 agreeing ones are flagged.
"""
PAIRS_PER_SAVE: Final = 512


Pair = tuple[str, str]
Verdict = tuple[float, ...]
"""A model's probability of each label."""


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
    min_probabilities: Sequence[float] = (),
    reworded: Sequence[bool] = (),
) -> list[Contradiction]:
    """The model's verdict about each pair of answers. `progress` is called with the number of judged pairs of texts.

    Long answers are compared sentence by sentence, and the most contradictory pair counts. `min_probabilities`: for
    each pair, the probability from which it matters; if the first direction is below it, the other one is not asked
    and counts as equal, which saves nearly half of the time. `reworded`: for each pair, whether the answers are to
    questions in other words; of brief ones, the probability also says how little one follows from the other. Raises
    `ModelError` for a model that is not available or has no class called contradiction, `MissingExtra` if sentence-
    transformers is not installed.
    """
    asked = [[*sentence_pairs(left, right)] for left, right in pairs]
    bounds = min_probabilities or [0.0] * len(pairs)
    brief = [
        others and max(len(text.split()) for text in pair) <= MAX_BRIEF_WORDS
        for pair, others in zip(pairs, reworded or [False] * len(pairs), strict=True)
    ]
    wanted = [
        (passage, partial(_matters, short, bound))
        for found, short, bound in zip(asked, brief, bounds, strict=True)
        for passage in found
    ]
    judged = iter(_judge(wanted, model, NLI_LABELS, cache, progress))
    return [
        max(
            (
                Contradiction(_contradict(both, short), _contradict(both, short, max), *passage)
                for passage, both in zip(found, judged, strict=False)
            ),
            key=lambda verdict: verdict.probability,
            default=Contradiction(0.0, 0.0, left, right),
        )
        for found, short, (left, right) in zip(asked, brief, pairs, strict=True)
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
    every = [(pair, _always) for pair in pairs]
    return [min(one[1] for one in both) for both in _judge(every, model, NLI_LABELS, cache, progress)]


def duplicates(
    pairs: Sequence[tuple[str, str]],
    model: str,
    cache: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[float]:
    """For each pair of questions, the probability that they are duplicates, by a cross-encoder with one output or
    two classes: the mean of both directions. Raises as `contradictions` does.
    """
    every = [(pair, _always) for pair in pairs]
    return [fmean(one[0] for one in both) for both in _judge(every, model, DUPLICATE_LABELS, cache, progress)]


def sentence_pairs(left: str, right: str) -> list[tuple[str, str]]:
    """The texts of two answers for the model: whole answers if they are short, else their most similar sentences
    and their beginnings.
    """
    if len(left) <= MAX_WHOLE_CHARS and len(right) <= MAX_WHOLE_CHARS:
        return [(left, right)]
    likest = sorted(
        (pair for pair in aligned_sentences(left, right) if pair.left != pair.right), key=lambda pair: -pair.alike
    )[:MAX_SENTENCE_PAIRS]
    if likest:
        return [(pair.left, pair.right) for pair in likest]
    return [(" ".join(sentences(left)[:2])[:MAX_WHOLE_CHARS], " ".join(sentences(right)[:2])[:MAX_WHOLE_CHARS])]


def have_something_in_common(left: str, right: str) -> bool:
    """Whether rules and a model can say something of two answers: they are short, share some content words, or have
    sentences about the same.

    Of 470 labelled contradictions between answers of so many words (ChatProtect, ConflictQA, SICK, HaluEval) 20
    have nothing in common: `python -m tests.bench.conflict_quality FOLDER --nli MODEL`.
    """
    mine, others = content_words(left), content_words(right)
    fewer, shared = min(len(mine), len(others)), len(mine & others)
    if fewer < MIN_PASSAGE_WORDS or shared >= MIN_PASSAGE_SHARE * fewer:
        return True
    return shared > 1 and any(map(_are_about_one_thing, aligned_sentences(left, right)))


def _are_about_one_thing(pair: Aligned) -> bool:
    return pair.within >= MIN_SHARED_WORDS and len(content_words(pair.left) & content_words(pair.right)) > 1


def pair_key(left: str, right: str) -> str:
    """The cache key of a verdict."""
    return content_id([left, right])


def _contradict(verdicts: Sequence[Verdict], brief: bool, average: Callable[[Iterable[float]], float] = min) -> float:
    contradicts, entails = average(one[0] for one in verdicts), max(one[1] for one in verdicts)
    if not brief:
        return contradicts
    score = CONTRADICTION_WEIGHT * log_odds(contradicts) + ENTAILMENT_WEIGHT * log_odds(entails) + INTERCEPT
    return 1 / (1 + math.exp(-score))


def _matters(brief: bool, bound: float, first: Verdict) -> bool:
    """Whether two texts may contradict each other with a probability of at least `bound`, by the first direction."""
    return _contradict([first], brief) >= bound


def _always(_: Verdict) -> bool:
    return True


def _judge(
    wanted: Sequence[tuple[Pair, Callable[[Verdict], bool]]],
    model: str,
    labels: tuple[str, ...],
    cache: Path | None,
    progress: Callable[[int], None] | None,
) -> list[tuple[Verdict, Verdict]]:
    """The probabilities of the labels for each pair of texts, in both directions; the second direction only if what
    the first one gives is `wanted`, else the same again.
    """
    name = content_id([*labels, model, fingerprint(model)])[:16]
    store = EmbeddingCache(None if cache is None else cache / f"nli-{name}-directed.npz")
    texts = [(left, align_units(left, right)) for (left, right), _ in wanted]

    def stored(pair: Pair) -> Verdict:
        return tuple(map(float, store.get([pair_key(*pair)])[0]))

    new: dict[Pair, list[Callable[[Verdict], bool]]] = {}
    for pair, (_, matters) in zip(texts, wanted, strict=True):
        if pair_key(*pair) not in store or (pair_key(*pair[::-1]) not in store and matters(stored(pair))):
            new.setdefault(pair, []).append(matters)
    ask = _asker(model, labels, store) if new else None
    ordered = sorted(new, key=lambda pair: (len(pair[0]) + len(pair[1]), pair))
    for start in range(0, len(ordered), PAIRS_PER_SAVE):
        batch = ordered[start : start + PAIRS_PER_SAVE]
        assert ask is not None
        ask(batch)
        ask([pair[::-1] for pair in batch if any(matters(stored(pair)) for matters in new[pair])])
        if progress:
            progress(len(batch))
    store.save()
    return [(stored(pair), stored(pair[::-1] if pair_key(*pair[::-1]) in store else pair)) for pair in texts]


def _asker(model: str, labels: tuple[str, ...], store: EmbeddingCache) -> Callable[[Sequence[Pair]], None]:
    """A function that adds the probabilities of labels for pairs of texts to the store."""
    loader = Loader(cross_encoder, model)
    judge = loader()
    columns = [_column(judge.config.id2label, label, model) for label in labels]

    def ask(pairs: Sequence[Pair]) -> None:
        new = [pair for pair in pairs if pair_key(*pair) not in store]
        texts = [(storable(left), storable(right)) for left, right in new]
        for batch, logits in each_batch(_judged, texts, loader, judge):
            store.add([pair_key(*new[at]) for at in batch], logits.reshape(len(batch), -1)[:, columns])

    return ask


def _judged(judge: Any, texts: list[Pair]) -> Any:
    classes = len(judge.config.id2label)
    return judge.predict(texts, batch_size=len(texts), apply_softmax=classes > 1, show_progress_bar=False)


def _column(labels: dict[int, Any], wanted: str, model: str) -> int:
    if wanted in DUPLICATE_LABELS:
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
