"""Find benchmark questions and answers in training data; a model that was trained on them reproduces them from memory.

1. runs: 13 consecutive words that are in an item and in a turn of an example, compared without case and punctuation
   (Brown et al. 2020, "Language Models are Few-Shot Learners", appendix C; EleutherAI's lm-evaluation-harness).
   Questions of 8 to 12 words are searched as a whole, anywhere in a turn; shorter ones must be a whole turn. Runs that
   more than 10 items of a benchmark share are its instructions and are ignored.
2. near: a turn with a Jaccard similarity of at least `SIMILARITY_THRESHOLD` to an item, on runs of 3 words. No
   candidate is missed: of the k runs of an item any k - ceil(0.6 k) + 1 are searched, one of which such a turn has
   (prefix filter, Chaudhuri et al. 2006).

Rephrased items are not found: no comparison of words finds them, as Yang et al. 2023 ("Rethinking Benchmark and
Contamination for Language Models with Rephrased Samples") show; of their 243 rephrasings, 1 shares 13 consecutive words
(python tests/bench/near_quality.py FOLDER).

Candidates are found by hashes; each run is then compared word by word.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from typing import Any, Final, Literal, NamedTuple

from curate.core.cluster import LOCAL, Executor
from curate.core.example import Example
from curate.core.invisible import UNSEEN
from curate.core.lazy import Array, np, pl
from curate.core.text import UNSPACED, text_column
from curate.corpus.dedup_text import other_sides
from curate.read.benchmark import Item
from curate.similarity.shingles import buffer_of

RUN_WORDS: Final = 13
MIN_RUN_WORDS: Final = 8
MIN_QUESTION_WORDS: Final = 4
"""Number of words below which a question may occur by chance."""
MAX_SHARING_ITEMS: Final = 10
"""Number of items of one benchmark above which a shared run of words counts as its instructions."""
SHINGLE_WORDS: Final = 3
SIMILARITY_THRESHOLD: Final = 0.6
REJECTED_SIDE: Final = -1
CHUNK_TURNS: Final = 50_000
WORD: Final = re.compile(rf"{UNSPACED}|[^\s{UNSPACED[1:]}+")
"""Words as in `curate.similarity.ngram_index`: characters that are words by themselves, else text between white
space.
"""


class Match(NamedTuple):
    """A turn of an example in which an item of a benchmark was found."""

    example: int
    """Position of the example."""
    message: int
    """Position of the turn among the example's messages; `REJECTED_SIDE` for the rejected answer of a preference
    pair.
    """
    item: int
    """Position of the item."""
    part: int
    """Position of the text in the item."""
    kind: Literal["run", "whole", "near"]
    words: str
    """The longest run of words in both; empty for `near`."""
    share: float
    """Share of the words of the item's text that are in common runs; for `near`, the similarity of the two."""


@dataclass(frozen=True, slots=True)
class Contamination:
    """The result of a search."""

    matches: list[Match]
    """At most one for each example and item, the one with the largest share; in order."""
    too_short: frozenset[int]
    """Positions of the items that have no text long enough to search for."""


class Probe(NamedTuple):
    """A text of an item to search for."""

    item: int
    part: int
    asked: bool
    words: tuple[str, ...]


def contaminated(examples: Sequence[Example], items: Sequence[Item], executor: Executor = LOCAL) -> Contamination:
    """The examples that hold an item, in any turn."""
    probes = list(_probes(items))
    search = partial(_Search, probes, [item.place.file for item in items])
    best: dict[tuple[int, int], Match] = {}
    with executor.pool(1, processes=False, own=search, make_state=search) as pool:
        for match in chain.from_iterable(pool.each(_matches, _pieces(examples))):
            best_match = best.get((match.example, match.item))
            if best_match is None or (-match.share, match.message, match.part) < (
                -best_match.share,
                best_match.message,
                best_match.part,
            ):
                best[match.example, match.item] = match
    return Contamination(
        [best[key] for key in sorted(best)], frozenset(range(len(items))) - {probe.item for probe in probes}
    )


def _probes(items: Sequence[Item]) -> Iterator[Probe]:
    texts = [
        (item_number, part_number, part)
        for item_number, item in enumerate(items)
        for part_number, part in enumerate(item.parts)
    ]
    for (item_number, part_number, part), plain in zip(
        texts, plain_words([part.text for _, _, part in texts]), strict=True
    ):
        words = tuple(WORD.findall(plain))
        if len(words) >= (MIN_QUESTION_WORDS if part.asked else RUN_WORDS):
            yield Probe(item_number, part_number, part.asked, words)


class _Turns(NamedTuple):
    owners: list[tuple[int, int]]
    """Position of the example and of the turn."""
    texts: list[str]
    """Without case and punctuation."""


def _pieces(examples: Sequence[Example]) -> Iterator[_Turns]:
    owners: list[tuple[int, int]] = []
    texts: list[str] = []
    for number, example in enumerate(examples):
        for index, message in enumerate(example.messages):
            owners.append((number, index))
            texts.append(message.text)
        for text in other_sides(example):
            owners.append((number, REJECTED_SIDE))
            texts.append(text)
        if len(texts) >= CHUNK_TURNS:
            yield _Turns(owners, plain_words(texts))
            owners, texts = [], []
    if texts:
        yield _Turns(owners, plain_words(texts))


def plain_words(texts: Sequence[str]) -> list[str]:
    """Texts in Unicode normal form and lower case, with letters and digits only, and one space between words.

    Invisible characters are removed.
    """
    visible = text_column(texts).str.replace_all(UNSEEN.pattern, "").str.normalize("NFKC")
    plain: list[str] = visible.str.to_lowercase().str.replace_all(r"[^\w]+|_+", " ").str.strip_chars().to_list()
    return plain


class _Search:
    """The runs of words of all probes, indexed."""

    def __init__(self, probes: Sequence[Probe], files: Sequence[str]) -> None:
        self.probes = probes
        self.files = files
        self.whole: dict[str, list[int]] = defaultdict(list)
        by_run: dict[int, list[int]] = defaultdict(list)
        for number, probe in enumerate(probes):
            if probe.asked:
                self.whole[" ".join(probe.words)].append(number)
            if len(probe.words) >= MIN_RUN_WORDS:
                by_run[min(RUN_WORDS, len(probe.words))].append(number)
        self.runs = [(run, _Index(probes, chosen, run, self._rare_runs)) for run, chosen in sorted(by_run.items())]
        near = [number for number, probe in enumerate(probes) if len(probe.words) >= MIN_RUN_WORDS]
        self.near = _Index(probes, near, SHINGLE_WORDS, _rarest)
        self.shingles = {number: _shingles(probes[number].words) for number in near}

    def matches(self, turns: _Turns) -> Iterator[Match]:
        """The matches in some turns."""
        for number, text in enumerate(turns.texts):
            if text in self.whole:
                for probe in self.whole[text]:
                    yield self._match_of(turns, number, probe, "whole", text, 1.0)
        if not turns.texts:
            return
        buffer, offsets = buffer_of([text.encode() for text in turns.texts])
        for run, index in self.runs:
            yield from self._in_a_row(turns, run, index.shared_runs(buffer, offsets))
        yield from self._similar_turns(turns, self.near.shared_runs(buffer, offsets))

    def _rare_runs(self, owners: Array, hashes: Array) -> Array:
        """The runs that are searched for: those that few items of their benchmark share."""
        items = [self.probes[number].item for number in owners.tolist()]
        frame = pl.DataFrame({"hash": hashes, "item": items, "file": [self.files[item] for item in items]})
        return frame.select(pl.col("item").n_unique().over("hash", "file") <= MAX_SHARING_ITEMS).to_series().to_numpy()

    def _in_a_row(self, turns: _Turns, run: int, shared_runs: Iterable[tuple[int, int, int, int]]) -> Iterator[Match]:
        """For hits (turn, its word, probe, its word), the longest run of words and the share that all runs cover."""
        for (turn_number, probe), hits in groupby(
            sorted((turn, probe, place, start) for turn, place, probe, start in shared_runs), key=lambda hit: hit[:2]
        ):
            probe_words, words = self.probes[probe].words, WORD.findall(turns.texts[turn_number])
            true = [
                (place, start)
                for _, _, place, start in hits
                if tuple(words[place : place + run]) == probe_words[start : start + run]
            ]
            if not true:
                continue
            covered = {word for _, start in true for word in range(start, start + run)}
            place, length = _longest([place for place, _ in true], run)
            yield self._match_of(
                turns,
                turn_number,
                probe,
                "run",
                " ".join(words[place : place + length]),
                len(covered) / len(probe_words),
            )

    def _similar_turns(self, turns: _Turns, shared_runs: Iterable[tuple[int, int, int, int]]) -> Iterator[Match]:
        """Of the turns that share a run of 3 words with a probe, those that are similar to it."""
        for turn_number, hits in groupby(
            sorted({(turn, probe) for turn, _, probe, _ in shared_runs}), key=lambda hit: hit[0]
        ):
            shingles = _shingles(WORD.findall(turns.texts[turn_number]))
            for _, probe in hits:
                probe_shingles = self.shingles[probe]
                if min(len(shingles), len(probe_shingles)) < SIMILARITY_THRESHOLD * max(
                    len(shingles), len(probe_shingles)
                ):
                    continue
                similarity = len(shingles & probe_shingles) / len(shingles | probe_shingles)
                if similarity >= SIMILARITY_THRESHOLD:
                    yield self._match_of(turns, turn_number, probe, "near", "", similarity)

    def _match_of(
        self,
        turns: _Turns,
        turn_number: int,
        probe: int,
        kind: Literal["run", "whole", "near"],
        words: str,
        share: float,
    ) -> Match:
        example, message = turns.owners[turn_number]
        return Match(example, message, self.probes[probe].item, self.probes[probe].part, kind, words, share)


def _matches(search: _Search, turns: _Turns) -> list[Match]:
    return list(search.matches(turns))


class _Index:
    """Runs of `run` words of some probes by their hashes."""

    def __init__(self, probes: Sequence[Probe], chosen: Sequence[int], run: int, telling: Any) -> None:
        """`telling` selects the runs to search for, given the probes and hashes of the runs."""
        from curate.similarity.ngram_index import runs_of, table_of

        self.run = run
        buffer, offsets = buffer_of([" ".join(probes[number].words).encode() for number in chosen])
        hashes, owners, places = runs_of(buffer, offsets, run, np.empty(0, dtype=np.uint64))
        owners = np.array(chosen, dtype=np.int32)[owners]
        rare = telling(owners, hashes)
        order = np.argsort(hashes[rare], kind="stable")
        self.hashes, self.owners, self.places = (column[rare][order] for column in (hashes, owners, places))
        self.table = table_of(self.hashes)

    def shared_runs(self, buffer: Array, offsets: Array) -> list[tuple[int, int, int, int]]:
        """For each run that a text shares with a probe: text, number of the word in it, probe, number of the word
        there.
        """
        from curate.similarity.ngram_index import runs_of

        if not len(self.hashes):
            return []
        hashes, texts, words = runs_of(buffer, offsets, self.run, self.table)
        first, last = np.searchsorted(self.hashes, hashes, "left"), np.searchsorted(self.hashes, hashes, "right")
        counts = last - first
        positions = np.repeat(first - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        columns = (np.repeat(texts, counts), np.repeat(words, counts), self.owners[positions], self.places[positions])
        return list(zip(*(column.tolist() for column in columns), strict=True))


def _rarest(owners: Array, hashes: Array) -> Array:
    """The runs that are searched for to find similar turns: the rarest of each probe, as many as guarantee that a
    similar turn has one of them.
    """
    frame = pl.DataFrame({"owner": owners, "hash": hashes}).with_row_index("at")
    distinct = frame.unique(["owner", "hash"], keep="first").with_columns(pl.len().over("hash").alias("probes"))
    rank, size = pl.struct("probes", "hash").rank("ordinal").over("owner"), pl.len().over("owner")
    searched = distinct.filter(rank <= size - (size * SIMILARITY_THRESHOLD).ceil() + 1)
    return frame["at"].is_in(searched["at"].implode()).to_numpy()


def _shingles(words: Sequence[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(
        tuple(words[start : start + SHINGLE_WORDS]) for start in range(max(1, len(words) - SHINGLE_WORDS + 1))
    )


def _longest(places: Sequence[int], run: int) -> tuple[int, int]:
    """First word and length of the longest stretch of words that runs of `run` words at these positions cover."""
    best = (places[0], run)
    start = previous = places[0]
    for place in sorted(set(places)):
        if place > previous + 1:
            start = place
        previous = place
        if place - start + run > best[1]:
            best = (start, place - start + run)
    return best
