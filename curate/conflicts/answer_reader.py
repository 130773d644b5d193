"""What an answer says to a question, by a token classifier that reads both: yes or no, and which words are the name,
place or amount that was asked for. Two answers are compared by what was read of each. Edited copies are read together:
which of the words that differ contradict each other.

For a model with these labels see `judge/README.md`.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any, Final, NamedTuple

from curate.conflicts.requested_amounts import MAX_WORDS, word_count
from curate.core.errors import ModelError
from curate.core.events import Advance
from curate.core.example import content_id
from curate.core.lazy import np
from curate.core.log_odds import logistic
from curate.core.text import TextPair, storable
from curate.language.precise_requests import MAX_BRIEF_WORDS
from curate.models.embeddings import EmbeddingCache
from curate.models.model_batches import ModelLoader, each_batch
from curate.models.model_loading import token_classifier
from curate.models.names import fingerprint

LABELS: Final = (
    "value", "yes", "answers", "asks yes or no", "asks a name or place", "asks an amount", "asks another thing",
    "contradicts",
)  # fmt: skip
"""Labels of a model. The first one is of each token, and the last one, of two edited copies that are read together; the
others are of the whole answer, by the mean of its tokens.
"""
SCORES: Final = len(LABELS) - 2
VALUE_WORDS: Final = 2
"""Number of the most probable words of the value that are compared."""
WORD: Final = re.compile(r"\w+")
UNSPACED: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
OPPOSITE_WEIGHT, VALUE_WEIGHT, INTERCEPT = 4.58, 31.2, -1.86
"""Weights of opposite answers and of other names or places: a logistic regression on the pairs of the even topics of
tests/bench/natural_answers that ask for one of them.
"""
MIN_PROBABILITY: Final = 0.85
"""Probability from which two answers count as contradictory: of the agreeing pairs of the even topics, 3% reach it.
"""
MIN_OPPOSITE_PROBABILITY: Final = 0.92
"""The same of two answers that say yes and no."""
MIN_BRIEF_PROBABILITY: Final = 0.95
"""The same of two answers of up to `MAX_BRIEF_WORDS` words, of which only the names and places are compared."""
PRECISION: Final = 0.9
"""Share of the pairs with that probability that contradict each other, if half of the pairs agree: the highest
confidence. Of the even topics it is .93.
"""
MIN_COPY_PROBABILITY: Final = 0.99
"""Probability from which two edited copies count as contradictory: with it, the precision on half of the pairs of two
sources that the model was not trained on is .97.
"""
MIN_COPY_WORDS: Final = 20
"""Minimum number of words of edited copies that are read."""
UNCHANGED_SCORE: Final = -20.0
"""Score of two copies without other words."""
NEAR_WORDS: Final = 6
"""Number of words that are read before and after those that differ."""
COPY_WORD: Final = re.compile(r"\w+|[^\w\s]")
"""A word or a sign of two edited copies that are compared."""
MIN_STEM_CHARS, MAX_ENDING_CHARS = 4, 2
"""Number of letters at the beginning that two forms of a word share at least, and at the end that may differ."""

Span = tuple[int, int]


class AnswerReading(NamedTuple):
    """What a model reads in an answer to a question."""

    yes: float
    answers: float
    """Probabilities that it says yes, if that was asked for, and that it answers the question."""
    kinds: tuple[float, ...]
    """Probabilities of what is asked for, in the order of `LABELS`."""
    values: tuple[tuple[str, float], ...]
    """The words that are most probably the value, with their probabilities, highest first."""


class AnswerComparison(NamedTuple):
    """The probability that two answers contradict each other, and the words that do; empty for yes and no."""

    probability: float
    left: str
    right: str


def is_brief(answers: TextPair) -> bool:
    """Whether only the names and places of two answers are compared, all of which must differ."""
    return max(map(word_count, answers)) <= MAX_BRIEF_WORDS


def min_probability(answers: TextPair) -> float:
    """The probability from which two answers count as contradictory."""
    return MIN_BRIEF_PROBABILITY if is_brief(answers) else MIN_PROBABILITY


def contradict(compared: AnswerComparison, answers: TextPair) -> bool:
    """Whether two answers count as contradictory, from what `compare_answers` says about them."""
    is_opposite = not (compared.left or compared.right)
    return compared.probability >= max(min_probability(answers), MIN_OPPOSITE_PROBABILITY if is_opposite else 0.0)


def compare_answers(
    pairs: Sequence[tuple[TextPair, TextPair]],
    model: str,
    cache: Path | None = None,
    progress: Advance | None = None,
) -> list[AnswerComparison]:
    """For each pair of questions and their answers, how probably the answers contradict each other. Both answers are
    read with each question: reworded questions may ask for the opposite. Where one answer or both, read with their own
    questions, show that `min_probability` cannot be reached, nothing more is read, and the probability is an upper
    bound.

    `progress` is called with the number of answers that were read. Raises `ModelError` if the model is not available
    or is none that reads answers, `MissingExtra` without transformers.
    """
    texts = _PairScores("answers", _scores, model, cache, progress)

    def read(exchanges: Set[TextPair]) -> dict[TextPair, AnswerReading]:
        return {pair: _reading_of_scores(pair[1], row) for pair, row in texts.rows(exchanges).items()}

    own = [tuple(zip(questions, answers, strict=True)) for questions, answers in pairs]
    # The answer that is in most pairs is read first: it often shows that the other one of a pair need not be read.
    uses = Counter(exchange for both in own for exchange in both)
    readings = read({max(both, key=lambda exchange: (uses[exchange], exchange)) for both in own})

    def bounds() -> list[float]:
        return [
            _max_probability([readings.get(exchange) for exchange in both], answers)
            for both, (_, answers) in zip(own, pairs, strict=True)
        ]

    reachable = [
        both
        for both, bound, (_, answers) in zip(own, bounds(), pairs, strict=True)
        if bound >= min_probability(answers)
    ]
    readings |= read({exchange for both in reachable for exchange in both} - readings.keys())
    upper_bounds = bounds()
    exchanges = [
        [[(question, answer) for answer in answers] for question in dict.fromkeys(questions)]
        if bound >= min_probability(answers)
        else []
        for bound, (questions, answers) in zip(upper_bounds, pairs, strict=True)
    ]
    readings |= read({exchange for pair in exchanges for both in pair for exchange in both} - readings.keys())
    return [
        _answer_comparison([(readings[left], readings[right]) for left, right in both], *answers)
        if both
        else AnswerComparison(bound, "", "")
        for both, bound, (_, answers) in zip(exchanges, upper_bounds, pairs, strict=True)
    ]


def _max_probability(own: Sequence[AnswerReading | None], answers: TextPair) -> float:
    """The highest probability of two answers of which is known what they say to their own questions, or what one of
    them does; None for the other.
    """
    brief = is_brief(answers)
    opposite = 0.0 if brief else fmean(1.0 if reading is None else max(reading.yes, 1 - reading.yes) for reading in own)
    other_value = fmean(
        1.0 if reading is None else _missing(reading, answer, every=brief)
        for reading, answer in zip(own, reversed(answers), strict=True)
    )
    return _probability(*_request_kinds(reading for reading in own if reading is not None), opposite, other_value)


def _request_kinds(readings: Iterable[AnswerReading]) -> tuple[float, float]:
    """The least probabilities that yes or no is asked for, and a name or place."""
    kinds = [reading.kinds for reading in readings]
    return min(kind[0] for kind in kinds), min(kind[1] for kind in kinds)


def _probability(asks_yes_or_no: float, asks_name: float, opposite: float, other_value: float) -> float:
    """The probability that two answers contradict each other, from what the question asks for."""
    return logistic(INTERCEPT + OPPOSITE_WEIGHT * asks_yes_or_no * opposite + VALUE_WEIGHT * asks_name * other_value)


def _answer_comparison(read: Sequence[tuple[AnswerReading, AnswerReading]], left: str, right: str) -> AnswerComparison:
    """`read`: of both answers, with each question."""
    brief = is_brief((left, right))
    opposite = fmean(first.yes * (1 - second.yes) + second.yes * (1 - first.yes) for first, second in read)
    opposite = 0.0 if brief else opposite
    other_value = fmean(
        min(_missing(first, right, every=brief), _missing(second, left, every=brief)) for first, second in read
    )
    asks_yes_or_no, asks_name = _request_kinds(reading for both in read for reading in both)
    words = (_value_words(side) if asks_name * other_value > asks_yes_or_no * opposite else "" for side in read[0])
    return AnswerComparison(_probability(asks_yes_or_no, asks_name, opposite, other_value), *words)


def _missing(reading: AnswerReading, answer: str, *, every: bool) -> float:
    """How probable the words are that are the value of a reading and are not in another answer; 0 if the most probable
    one is in it, or with `every` any of them.
    """
    answer_words = [word.lower() for word in WORD.findall(answer)]
    absent = [chance for word, chance in reading.values if not _is_in(word.lower(), answer.lower(), answer_words)]
    highest = reading.values[0][1] if reading.values else 0.0
    if highest not in absent or (every and len(absent) < len(reading.values)):
        return 0.0
    return highest * math.fsum(absent) / math.fsum(chance for _, chance in reading.values)


def _is_in(word: str, text: str, words: Sequence[str]) -> bool:
    return word in text if UNSPACED.search(word) else any(_is_form(word, other) for other in words)


def _is_form(word: str, other: str) -> bool:
    """Whether two words are one, but for its last letters."""
    same = max(MIN_STEM_CHARS, min(len(word), len(other)) - MAX_ENDING_CHARS)
    return word == other or (len(word) > same <= len(other) and word[:same] == other[:same])


def _value_words(reading: AnswerReading) -> str:
    return " ".join(word for word, _ in reading.values)


class _PairScores:
    """What a model computes of pairs of texts, each read once."""

    def __init__(
        self,
        kind: str,
        compute: Callable[[Any, list[TextPair]], Any],
        model: str,
        cache: Path | None,
        progress: Advance | None,
    ) -> None:
        """`compute`: of a loaded model and pairs, a row of scores for each; `kind` names them in the cache."""
        name = content_id([*LABELS, model, fingerprint(model)])[:16]
        self._store = EmbeddingCache(None if cache is None else cache / f"{kind}-{name}.npz")
        self._loader, self._compute, self._progress = ModelLoader(token_classifier, model), compute, progress

    @cached_property
    def _model(self) -> Any:
        model = self._loader()
        labels = [str(model.config.id2label.get(index)) for index in range(len(LABELS))]
        if tuple(labels) != LABELS:
            raise ModelError(f"{self._loader.name}: is no model that reads answers", "make one as judge/README.md says")
        return model

    def rows(self, pairs: Set[TextPair]) -> dict[TextPair, list[float]]:
        """The scores of each pair. Raises as `compare_answers` does."""
        keys = {pair: content_id(list(pair)) for pair in sorted(pairs)}
        if new := [pair for pair, key in keys.items() if key not in self._store]:
            texts = [tuple(map(storable, pair)) for pair in new]
            for batch, rows in each_batch(self._compute, texts, self._loader, self._model):
                self._store.add([keys[new[index]] for index in batch], rows)
                if self._progress:
                    self._progress(len(batch))
            self._store.save()
        return {pair: self._store.get([key])[0].tolist() for pair, key in keys.items()}


def _logits(reader: Any, texts: list[TextPair]) -> tuple[Any, list[list[list[int]]], list[list[int | None]]]:
    """The scores of each token of each pair, where it begins and ends, and which text it is of (0, 1, or None)."""
    import torch

    encoded = reader.tokenizer(
        *map(list, zip(*texts, strict=True)),
        truncation=True, max_length=reader.max_length, padding=True, return_tensors="pt", return_offsets_mapping=True,
    )  # fmt: skip
    offsets = encoded.pop("offset_mapping").tolist()
    with torch.inference_mode():
        logits = reader(**encoded.to(reader.device)).logits.float().cpu()
    return logits, offsets, [encoded.sequence_ids(index) for index in range(len(texts))]


def _scores(reader: Any, texts: list[TextPair]) -> Any:
    """For each pair: the scores of the answer, then start, end and probability of the words of its value."""
    logits, offsets, sides = _logits(reader, texts)
    rows = np.zeros((len(texts), SCORES + 3 * VALUE_WORDS), dtype=np.float32)
    for index, (question, answer) in enumerate(texts):
        question_words = {word.lower() for word in WORD.findall(question)}
        inside = [token for token, side in enumerate(sides[index]) if side == 1]
        if inside:
            chances = logits[index, inside, 0].sigmoid().tolist()
            rows[index, :SCORES] = logits[index, inside, 1:-1].mean(dim=0)
            spans = [offsets[index][token] for token in inside]
            best: dict[str, tuple[int, int, float]] = {}
            for start, end, chance in sorted(_chances(answer, spans, chances), key=lambda word: -word[2]):
                word = answer[start:end].strip().lower()
                if word not in question_words and not (UNSPACED.search(word) and word in question.lower()):
                    best.setdefault(word, (start, end, chance))
            numbers = [number for word in [*best.values()][:VALUE_WORDS] for number in word]
            rows[index, SCORES : SCORES + len(numbers)] = numbers
    return rows


def may_be_copies(answers: TextPair) -> bool:
    """Whether two answers that share many words are such as a model reads together: neither is long, where they differ,
    one has other words, not more or fewer, and neither asks back. Rewordings mostly add or leave out words.
    """
    counts = [word_count(answer) for answer in answers]
    if min(counts) < MIN_COPY_WORDS or max(counts) > MAX_WORDS or any(map(UNSPACED.search, answers)):
        return False
    if any(answer.rstrip().endswith("?") for answer in answers):
        return False
    return all(span[0] < span[1] for spans in Differences.of(*answers).spans for span in spans)


class Differences(NamedTuple):
    """Where two edited copies differ."""

    excerpts: TextPair
    """The words that differ, with `NEAR_WORDS` words before and after them."""
    spans: list[tuple[Span, Span]]
    """Start and end of the words that differ in both excerpts, 0 and 0 where one of them has nothing."""

    @classmethod
    def of(cls, left: str, right: str) -> "Differences":
        """The differences of two texts, case ignored."""
        words = [[word.span() for word in COPY_WORD.finditer(text)] for text in (left, right)]
        worded = [[text[slice(*span)].lower() for span in own] for text, own in zip((left, right), words, strict=True)]
        codes = SequenceMatcher(None, worded[0], worded[1], autojunk=False).get_opcodes()
        edits = [((i, j), (k, m)) for kind, i, j, k, m in codes if kind != "equal"]
        (left_excerpt, left_spans), (right_excerpt, right_spans) = (
            _excerpt(text, own, [edit[side] for edit in edits])
            for side, (text, own) in enumerate(zip((left, right), words, strict=True))
        )
        return cls((left_excerpt, right_excerpt), [*zip(left_spans, right_spans, strict=True)])


def _excerpt(text: str, words: Sequence[Span], edits: Sequence[Span]) -> tuple[str, list[Span]]:
    """The parts of a text around some ranges of its words, and where these ranges are in it."""
    parts: list[tuple[int, int, list[Span]]] = []
    for first, end in edits:
        start, stop = max(0, first - NEAR_WORDS), min(len(words), end + NEAR_WORDS)
        if parts and start <= parts[-1][1]:
            parts[-1] = parts[-1][0], stop, [*parts[-1][2], (first, end)]
        else:
            parts.append((start, stop, [(first, end)]))
    excerpt, spans = "", list[Span]()
    for start, stop, inside in parts:
        excerpt += "… " if start else ""
        begin = words[start][0] if start < stop else 0
        offset = len(excerpt) - begin
        excerpt += text[begin : words[stop - 1][1]] + " " if start < stop else ""
        spans += [
            (words[first][0] + offset, words[end - 1][1] + offset) if first < end else (0, 0) for first, end in inside
        ]
    return excerpt, spans


def compare_copies(
    pairs: Sequence[TextPair], model: str, cache: Path | None = None, progress: Advance | None = None
) -> list[AnswerComparison]:
    """For each pair of edited copies, how probably they contradict each other, by the words that differ. Each pair is
    read in both orders. Raises as `compare_answers` does.
    """
    read = _PairScores("copies", _copy_scores, model, cache, progress).rows
    rows = read({order for pair in pairs for order in (pair, pair[::-1])})
    results = []
    for left, right in pairs:
        score, number = rows[left, right]
        probability = logistic(fmean((score, rows[right, left][0])))
        excerpts, spans = Differences.of(left, right)
        of_left, of_right = spans[int(number)] if number >= 0 else ((0, 0), (0, 0))
        results.append(AnswerComparison(probability, excerpts[0][slice(*of_left)], excerpts[1][slice(*of_right)]))
    return results


def _copy_scores(reader: Any, texts: list[TextPair]) -> Any:
    """For each pair of edited copies: the score of the words that differ, and the position of those with the highest
    one in `Differences.spans`; -1 without one.
    """
    differences = [Differences.of(*pair) for pair in texts]
    logits, offsets, sides = _logits(reader, [item.excerpts for item in differences])
    rows = np.full((len(texts), 2), -1, dtype=np.float32)
    for index, item in enumerate(differences):
        tokens = [
            (token, number)
            for number, spans in enumerate(item.spans)
            for token, (side, (start, end)) in enumerate(zip(sides[index], offsets[index], strict=True))
            if side is not None and start < spans[side][1] and end > spans[side][0]
        ]
        rows[index, 0] = UNCHANGED_SCORE
        if tokens:
            scores = logits[index, [token for token, _ in tokens], -1]
            rows[index] = float((scores.softmax(-1) * scores).sum()), tokens[int(scores.argmax())][1]
    return rows


def _chances(answer: str, spans: Sequence[Sequence[int]], chances: Sequence[float]) -> Iterator[tuple[int, int, float]]:
    """Start, end and the highest probability of the tokens of each word; in a script without spaces, of each token."""
    tokens = [(start, end, chance) for (start, end), chance in zip(spans, chances, strict=True) if start < end]
    if UNSPACED.search(answer):
        yield from ((start, end, chance) for start, end, chance in tokens if answer[start:end].strip())
        return
    for word in WORD.finditer(answer):
        within = [chance for start, end, chance in tokens if start < word.end() and end > word.start()]
        if within:
            yield word.start(), word.end(), max(within)


def _reading_of_scores(answer: str, row: Sequence[float]) -> AnswerReading:
    """What the model reads in an answer, from its row of scores."""
    yes, answers, *kinds = row[:SCORES]
    odds = [math.exp(kind - max(kinds)) for kind in kinds]
    spans = zip(*(row[SCORES + part :: 3] for part in range(3)), strict=True)
    values = tuple((answer[int(start) : int(end)].strip(), chance) for start, end, chance in spans if chance > 0)
    shares = tuple(share / math.fsum(odds) for share in odds)
    return AnswerReading(logistic(yes), logistic(answers), shares, values)
