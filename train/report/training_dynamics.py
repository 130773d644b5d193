"""A map of the training split from the loss log: easy, ambiguous and hard examples; see `curate.core.datamap`.

A visit is one time that an example was trained on. Neighbours have similar questions: cosine of their words' tf-idf.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, get_args

import numpy as np
import polars as pl
import xxhash

from curate.core.datamap import MappedExample, Neighbour, Region
from curate.core.example import SYSTEM_ROLES, Example
from curate.core.text import excerpt, normalised, words
from train.results import DataMap, HardExample, MapRegion

Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]
NEARBY_VISITS: Final = 64
"""Approximate number of visits at nearby steps with which a loss is compared."""


@dataclass(frozen=True, slots=True)
class Visits:
    """Columns with one entry a visit, ordered by example, then by time."""

    lines: Whole
    steps: Whole
    loss: Floats
    """Mean over the supervised tokens of the example, in nats."""
    tokens: Whole
    right: Whole
    excess: Floats
    """Loss minus the median of the visits at about the same steps."""

    @property
    def starts(self) -> Whole:
        """Where the visits of each example begin, and the end."""
        return np.flatnonzero(np.diff(self.lines, prepend=-1, append=-1)).astype(np.int64)


def visits_of(loss_log: Iterable[dict[str, Any]]) -> Visits:
    """The loss log by example: the texts of one example are combined, visit by visit."""
    lists = ["lines", "texts", "loss", "tokens", "right"]
    kinds: dict[str, Any] = {"step": pl.Int64, **dict.fromkeys(lists, pl.List(pl.Int64)), "loss": pl.List(pl.Float64)}
    frame = (
        pl.DataFrame([{name: line[name] for name in kinds} for line in loss_log], schema=kinds)
        .explode(lists)
        .drop_nulls()
        .with_columns(pl.int_range(pl.len()).over("texts").alias("visit"), total=pl.col("loss") * pl.col("tokens"))
        .group_by("lines", "visit", maintain_order=True)
        .agg(pl.col("step").last(), pl.col("total", "tokens", "right").sum())
        .sort("lines", "visit")
    )
    lines, steps, tokens, right = (frame[name].to_numpy() for name in ("lines", "step", "tokens", "right"))
    losses = frame["total"].to_numpy() / np.maximum(tokens, 1)
    return Visits(lines, steps, losses, tokens, right, _excess_losses(steps, losses))


def _excess_losses(steps: Whole, losses: Floats) -> Floats:
    """Losses minus the median of nearby steps: at the first steps all losses are high."""
    if not len(steps):
        return losses
    order = np.argsort(steps, kind="stable")
    sorted_steps, sorted_losses = steps[order], losses[order]
    each = max(1, len(steps) // len(np.unique(steps)))
    reach = max(2, -(-NEARBY_VISITS // (2 * each)))
    expected = np.empty(len(steps))
    for step in np.unique(steps):
        first, last = np.searchsorted(sorted_steps, (step - reach, step + reach + 1))
        rows = slice(*np.searchsorted(sorted_steps, (step, step + 1)))
        expected[rows] = np.median(sorted_losses[first:last])
    excess = np.empty(len(steps))
    excess[order] = sorted_losses - expected
    return excess


MIN_COSINE: Final = 0.35
MAX_NEIGHBOURS: Final = 5
ROWS_PER_BLOCK: Final = 256
COMMON_WORD_SHARE: Final = 0.2
"""Words in more than this share of the examples are ignored, except in tiny sets."""
TINY_SET_EXAMPLES: Final = 50

Near = list[tuple[int, float]]
"""Positions of neighbours with their similarity, the nearest first."""


class WordCounts:
    """How often texts have words, as arrays: the texts themselves are not kept."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._texts, self._words, self._times = array("i"), array("i"), array("i")

    def add(self, text: int, content: str) -> None:
        """Count the words of a text. `text`: its number."""
        for word, times in Counter(words(normalised(content))).items():
            self._texts.append(text)
            self._words.append(self._numbers.setdefault(word, len(self._numbers)))
            self._times.append(times)

    def weighted(self, texts: int) -> Any:
        """The tf-idf of words, each row of length 1. `texts`: how many there are."""
        from scipy.sparse import csr_array  # comes with datasketch

        rows, columns, times = (np.array(values) for values in (self._texts, self._words, self._times))
        spread = np.bincount(columns, minlength=1)
        most = COMMON_WORD_SHARE * texts if texts >= TINY_SET_EXAMPLES else texts
        weights = (1 + np.log(times)) * np.log(texts / spread[columns]) * (spread[columns] <= most)
        norms = np.sqrt(np.bincount(rows, weights**2, minlength=texts))[rows]
        kept = weights > 0
        values = weights[kept] / norms[kept]
        return csr_array((values, (rows[kept], columns[kept])), shape=(texts, len(spread)))


def neighbours(matrix: Any, of: Sequence[int]) -> list[Near]:
    """Row and similarity of the nearest neighbours of each row in `of` among all rows of `WordCounts.weighted`."""
    turned = matrix.T.tocsc()
    nearest: list[Near] = []
    for start in range(0, len(of), ROWS_PER_BLOCK):
        part = list(of[start : start + ROWS_PER_BLOCK])
        similar = (matrix[part] @ turned).tocsr()
        for row, own in enumerate(part):
            inside = slice(similar.indptr[row], similar.indptr[row + 1])
            positions, values = similar.indices[inside], similar.data[inside]
            near = [(int(p), float(v)) for p, v in zip(positions, values, strict=True) if p != own and v >= MIN_COSINE]
            nearest.append(sorted(near, key=lambda neighbour: (-neighbour[1], neighbour[0]))[:MAX_NEIGHBOURS])
    return nearest


MAX_SEARCHED: Final = 2000
MAX_SHOWN, MAX_CHARS = 10, 240
MIN_DISTANCE: Final = 2.0
"""Minimum distance in deviations of all losses between an example and its neighbours."""


def datamap(loss_log: Iterable[dict[str, Any]], examples: Iterable[Example]) -> list[MappedExample]:
    """The map, in the order of the split; examples that were never trained on are not on it."""
    visits = visits_of(loss_log)
    if not len(visits.lines):
        return []
    starts = visits.starts
    lines = visits.lines[starts[:-1]].tolist()
    questions = Asked.of(lines, examples)
    shares = np.exp(-visits.loss)
    counts = np.diff(starts)

    def mean(values: Floats) -> Floats:
        return np.add.reduceat(values, starts[:-1]) / counts

    confidence = mean(shares)
    variability = np.sqrt(np.maximum(mean((shares - np.repeat(confidence, counts)) ** 2), 0))
    excess, loss = mean(visits.excess), mean(visits.loss)
    whole = mean((visits.right == visits.tokens).astype(np.float64))
    tokens = mean(visits.right / np.maximum(visits.tokens, 1))
    order = np.lexsort((lines, -excess))
    rank = np.empty(len(lines), dtype=np.int64)
    rank[order] = np.arange(1, len(lines) + 1)
    regions = _regions(confidence, variability, bool((counts > 1).all()))
    pulls = _pulls(questions, order.tolist(), loss)
    means = {"loss": loss, "confidence": confidence, "variability": variability, "correctness": whole}
    means |= {"token_accuracy": tokens, "excess": excess}
    mapped = []
    for index, line in enumerate(lines):
        own, (pull, against) = slice(starts[index], starts[index + 1]), pulls.get(index, (None, ()))
        point = MappedExample(
            line=line, example=questions.ids[index],
            losses=tuple(map(_rounded, visits.loss[own].tolist())), steps=tuple(visits.steps[own].tolist()),
            rank=int(rank[index]), region=regions[index], pull=pull, neighbours=against,
            **{name: _rounded(values[index]) for name, values in means.items()},
        )  # fmt: skip
        mapped.append(point)
    return mapped


def _rounded(value: Any) -> float:
    return round(float(value), 5)


def _regions(confidence: Floats, variability: Floats, several: bool) -> list[Region | None]:
    """The region of each example, in disjoint thirds as in the paper: the most variable are ambiguous, the surer half
    of the rest is easy. All are None unless `several`: each was measured more than once.
    """
    count = len(confidence)
    regions: list[Region | None] = [None] * count
    if not several:
        return regions
    varied = np.lexsort((np.arange(count), -variability))
    third = count // 3
    for index in varied[:third].tolist():
        regions[index] = "ambiguous"
    rest = sorted(varied[third:].tolist(), key=lambda index: (-confidence[index], index))
    for number, index in enumerate(rest):
        regions[index] = "easy" if number < (len(rest) + 1) // 2 else "hard"
    return regions


@dataclass(frozen=True, slots=True)
class Asked:
    """What the map needs of the examples on it, in their order."""

    lines: Sequence[int]
    ids: list[str]
    answers: list[int]
    """Hashes of the answers."""
    words: WordCounts
    """Those of the questions."""

    @classmethod
    def of(cls, lines: Sequence[int], examples: Iterable[Example]) -> Self:
        """Read the examples of these lines, one at a time."""
        places, counts = {line: index for index, line in enumerate(lines)}, WordCounts()
        ids, answers = [""] * len(lines), [0] * len(lines)
        for example in examples:
            if (index := places.pop(example.place.line, None)) is not None:
                ids[index], answers[index] = example.id, _answer_hash(example)
                counts.add(index, _user_prompt(example))
        return cls(lines, ids, answers, counts)


def _pulls(questions: Asked, order: Sequence[int], loss: Floats) -> dict[int, tuple[float, tuple[Neighbour, ...]]]:
    """By index, the examples that are much harder than similar ones with another answer: by how much, and these
    neighbours.

    `order`: the indices of all examples, the hardest first; only the first half is searched.
    """
    looked = order[: min(MAX_SEARCHED, (len(order) + 1) // 2)]
    spread = 1.4826 * float(np.median(np.abs(loss - np.median(loss))))
    pulls = {}
    for index, near in zip(looked, neighbours(questions.words.weighted(len(order)), looked), strict=True):
        others = [neighbour for neighbour in near if questions.answers[neighbour[0]] != questions.answers[index]]
        if not others or len(others) * 2 < len(near):
            continue
        total = sum(similarity for _, similarity in others)
        theirs = sum(similarity * loss[other] for other, similarity in others) / total
        pull = float(loss[index] - theirs)
        if pull > MIN_DISTANCE * spread and pull > 0:
            against = tuple(
                Neighbour(questions.lines[other], questions.ids[other], _rounded(similarity), _rounded(loss[other]))
                for other, similarity in others
            )
            pulls[index] = (_rounded(pull), against)
    return pulls


def _user_prompt(example: Example) -> str:
    """The prompt without the system prompt, which many examples share."""
    return "\n".join(message.text for message in example.prompt if message.role not in SYSTEM_ROLES)


def _answer_hash(example: Example) -> int:
    """The hash of the normalised answer; that of an empty text if there is no answer."""
    answer = normalised(example.answer.text) if example.answer is not None else ""
    return xxhash.xxh3_128_intdigest(answer.encode("utf-8", "surrogatepass"))


def data_map_summary(mapped: Sequence[MappedExample], examples: Iterable[Example]) -> DataMap | None:
    """The summary of a map for the report; None if nothing was trained on."""
    if not mapped:
        return None
    parts = [(name, [point for point in mapped if point.region == name]) for name in get_args(Region)]
    hardest = sorted(mapped, key=lambda point: point.rank)[:MAX_SHOWN]
    shown = {point.line for point in hardest}
    by_line = {example.place.line: example for example in examples if example.place.line in shown}
    return DataMap(
        examples=len(mapped), visits=_rounded(sum(len(point.losses) for point in mapped) / len(mapped)),
        regions=tuple(
            MapRegion(name=name, examples=len(part), loss=_mean(part, "loss"), confidence=_mean(part, "confidence"))
            for name, part in parts if part
        ),
        pulling=sum(point.pull is not None for point in mapped),
        hardest=tuple(_hard_example(point, by_line[point.line]) for point in hardest),
    )  # fmt: skip


def _mean(part: Sequence[MappedExample], name: str) -> float:
    """The mean of an attribute of the points of a part of the map."""
    return _rounded(sum(getattr(point, name) for point in part) / len(part))


def _hard_example(point: MappedExample, example: Example) -> HardExample:
    """A point of the map with excerpts of its prompt and its answer, which is empty if there is none."""
    own = {key: getattr(point, key) for key in ("line", "example", "loss", "excess", "confidence", "pull")}
    answer = excerpt(example.answer.text, MAX_CHARS) if example.answer is not None else ""
    return HardExample(**own, prompt=excerpt(_user_prompt(example), MAX_CHARS), answer=answer)
