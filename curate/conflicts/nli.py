"""An NLI cross-encoder as a judge of answers: the probability that two texts contradict each other.

The lower probability of both directions counts: the higher one flags every answer that only adds something.
Quantities are converted to equal units first: models do not recognize that 120 minutes are two hours.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any, Final, NamedTuple

from curate.core.errors import ModelError
from curate.core.events import Advance
from curate.core.example import content_id
from curate.core.log_odds import log_odds, logistic
from curate.core.text import TextPair, storable
from curate.language.precise_requests import MAX_BRIEF_WORDS
from curate.language.quantities import align_units
from curate.language.sentences import MIN_SHARED_WORDS, Aligned, aligned_sentences, sentences
from curate.language.tokens import content_words
from curate.models.embeddings import EmbeddingCache
from curate.models.model_batches import ModelLoader, each_batch
from curate.models.model_loading import cross_encoder
from curate.models.names import fingerprint

MAX_WHOLE_CHARS: Final = 400
"""Number of characters up to which an answer is given to the model as a whole; of longer ones, the most similar
sentences.
"""
MAX_SENTENCE_PAIRS: Final = 6
"""Number of pairs of sentences of two long answers that the model reads: the most similar ones."""
MIN_PASSAGE_WORDS, MIN_PASSAGE_SHARE = 10, 0.2
"""Minimum number of content words, and minimum share of the shorter answer's content words in both, for two answers to
be compared; they are also compared if two of their sentences share half of their words and at least two.
"""
NLI_LABELS, DUPLICATE_LABELS = ("contradiction", "entailment"), ("duplicate",)
"""Labels of a model: the first two are those of an NLI model, which some models spell differently."""
CONTRADICTION_WEIGHT, ENTAILMENT_WEIGHT, INTERCEPT = 0.43, -1.43, -2.05
"""Weights of the log-odds of contradiction (the lower one of both directions) and of entailment (the higher one) for
two short answers to one reworded question: answers that agree usually entail each other. On the triples of tests/bench,
entailment separates contradictory from agreeing answers with an AUC of .90, contradiction with .81.
The intercept is .75 above the fitted one: of the pairs with the same question, 40 of 650 agreeing ones are flagged.
"""
PAIRS_PER_SAVE: Final = 512


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
    progress: Advance | None = None,
    min_probabilities: Sequence[float] = (),
    reworded: Sequence[bool] = (),
) -> list[Contradiction]:
    """The model's verdict about each pair of answers. `progress` is called with the number of judged pairs of texts.

    Long answers are compared sentence by sentence, and the most contradictory pair counts. `min_probabilities`: for
    each pair, the minimum probability of interest; if the first direction is below it, the other direction is not
    computed and counts as equal, which saves nearly half of the time. `reworded`: for each pair, whether the questions
    are reworded; for short answers, the probability then also includes the entailment. Raises
    `ModelError` for a model that is not available or has no class called contradiction, `MissingExtra` if sentence-
    transformers is not installed.
    """
    passages = [[*sentence_pairs(left, right)] for left, right in pairs]
    bounds = min_probabilities or [0.0] * len(pairs)
    are_brief = [
        are_reworded and max(len(text.split()) for text in pair) <= MAX_BRIEF_WORDS
        for pair, are_reworded in zip(pairs, reworded or [False] * len(pairs), strict=True)
    ]
    requests = [
        (passage, partial(_matters, short, bound))
        for pair_passages, short, bound in zip(passages, are_brief, bounds, strict=True)
        for passage in pair_passages
    ]
    judged = iter(_judge(requests, model, NLI_LABELS, cache, progress))
    return [
        max(
            (
                Contradiction(_contradiction_score(both, short), _contradiction_score(both, short, max), *passage)
                for passage, both in zip(pair_passages, judged, strict=False)
            ),
            key=lambda verdict: verdict.probability,
            default=Contradiction(0.0, 0.0, left, right),
        )
        for pair_passages, short, (left, right) in zip(passages, are_brief, pairs, strict=True)
    ]


def entailments(
    pairs: Sequence[tuple[str, str]],
    model: str,
    cache: Path | None = None,
    progress: Advance | None = None,
) -> list[float]:
    """For each pair of questions, the probability that one entails the other: the lower one of both directions.
    Raises as `contradictions` does.
    """
    every = [(pair, _always) for pair in pairs]
    return [min(verdict[1] for verdict in both) for both in _judge(every, model, NLI_LABELS, cache, progress)]


def duplicates(
    pairs: Sequence[tuple[str, str]],
    model: str,
    cache: Path | None = None,
    progress: Advance | None = None,
) -> list[float]:
    """For each pair of questions, the probability that they are duplicates, by a cross-encoder with one output or
    two classes: the mean of both directions. Raises as `contradictions` does.
    """
    every = [(pair, _always) for pair in pairs]
    return [fmean(verdict[0] for verdict in both) for both in _judge(every, model, DUPLICATE_LABELS, cache, progress)]


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
    """Whether rules and a model can compare two answers: they are short, share some content words, or have sentences
    about the same thing.

    Of 470 labelled contradictions between answers of at least that many words (ChatProtect, ConflictQA, SICK,
    HaluEval), 20 have nothing in common: `python -m tests.bench.conflict_quality FOLDER --nli MODEL`.
    """
    left_words, right_words = content_words(left), content_words(right)
    fewer, shared = min(len(left_words), len(right_words)), len(left_words & right_words)
    if fewer < MIN_PASSAGE_WORDS or shared >= MIN_PASSAGE_SHARE * fewer:
        return True
    return shared > 1 and any(map(_are_about_one_thing, aligned_sentences(left, right)))


def _are_about_one_thing(pair: Aligned) -> bool:
    return pair.within >= MIN_SHARED_WORDS and len(content_words(pair.left) & content_words(pair.right)) > 1


def pair_key(left: str, right: str) -> str:
    """The cache key of a verdict."""
    return content_id([left, right])


def _contradiction_score(
    verdicts: Sequence[Verdict], brief: bool, average: Callable[[Iterable[float]], float] = min
) -> float:
    """The probability of a contradiction, from verdicts in both directions; for brief answers, entailment lowers it."""
    contradicts, entails = average(verdict[0] for verdict in verdicts), max(verdict[1] for verdict in verdicts)
    if not brief:
        return contradicts
    score = CONTRADICTION_WEIGHT * log_odds(contradicts) + ENTAILMENT_WEIGHT * log_odds(entails) + INTERCEPT
    return logistic(score)


def _matters(brief: bool, bound: float, first: Verdict) -> bool:
    """Whether two texts may contradict each other with a probability of at least `bound`, by the first direction."""
    return _contradiction_score([first], brief) >= bound


def _always(_: Verdict) -> bool:
    return True


def _judge(
    requests: Sequence[tuple[TextPair, Callable[[Verdict], bool]]],
    model: str,
    labels: tuple[str, ...],
    cache: Path | None,
    progress: Advance | None,
) -> list[tuple[Verdict, Verdict]]:
    """The probabilities of the labels for each pair of texts, in both directions. The second direction is computed only
    if the function of the request returns True for the first one, else the first one is repeated.
    """
    name = content_id([*labels, model, fingerprint(model)])[:16]
    store = EmbeddingCache(None if cache is None else cache / f"nli-{name}-directed.npz")
    texts = [(left, align_units(left, right)) for (left, right), _ in requests]

    def stored(pair: TextPair) -> Verdict:
        return tuple(map(float, store.get([pair_key(*pair)])[0]))

    new: dict[TextPair, list[Callable[[Verdict], bool]]] = {}
    for pair, (_, matters) in zip(texts, requests, strict=True):
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


def _asker(model: str, labels: tuple[str, ...], store: EmbeddingCache) -> Callable[[Sequence[TextPair]], None]:
    """A function that adds the probabilities of labels for pairs of texts to the store."""
    loader = ModelLoader(cross_encoder, model)
    judge = loader()
    columns = [_label_column(judge.config.id2label, label, model) for label in labels]

    def ask(pairs: Sequence[TextPair]) -> None:
        new = [pair for pair in pairs if pair_key(*pair) not in store]
        texts = [(storable(left), storable(right)) for left, right in new]
        for batch, logits in each_batch(_judged, texts, loader, judge):
            store.add([pair_key(*new[index]) for index in batch], logits.reshape(len(batch), -1)[:, columns])

    return ask


def _judged(judge: Any, texts: list[TextPair]) -> Any:
    classes = len(judge.config.id2label)
    return judge.predict(texts, batch_size=len(texts), apply_softmax=classes > 1, show_progress_bar=False)


def _label_column(labels: dict[int, Any], label: str, model: str) -> int:
    """The column of a label in a model's output. Raises `ModelError` if the model does not have it."""
    if label in DUPLICATE_LABELS:
        if len(labels) <= 2:  # one output, or "no" and "yes"
            return -1
        raise ModelError(f"{model}: has {len(labels)} classes", "name a cross-encoder for duplicate questions")
    for index, id_label in labels.items():
        if str(id_label).lower().startswith(label[:5]):
            return int(index)
    raise ModelError(
        f"{model}: has no class called {label} (it has {', '.join(map(str, labels.values()))})",
        "name an NLI model",
    )
