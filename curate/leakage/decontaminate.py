"""Find benchmark questions and answers in training data; a model that was trained on them reproduces them from memory.

1. runs: 13 consecutive words that are in an item and in a turn of an example, compared without case and punctuation
   (Brown et al. 2020, "Language Models are Few-Shot Learners", appendix C; EleutherAI's lm-evaluation-harness).
   Questions of 8 to 12 words are searched as a whole, anywhere in a turn; shorter ones must be a whole turn. Runs that
   more than 10 items of a benchmark share are its instructions and are ignored.
2. near: a turn with a Jaccard similarity of at least `SIMILARITY_THRESHOLD` to an item, on runs of 3 words. No
   candidate is missed: of the k runs of an item any k - ceil(0.6 k) + 1 are searched, one of which such a turn has
   (prefix filter, Chaudhuri et al. 2006).

Rephrased items are found by `curate.leakage.rephrased`: no comparison of words finds them, as Yang et al. 2023
("Rethinking Benchmark and Contamination for Language Models with Rephrased Samples") show; of their 243 rephrasings, 1
shares 13 consecutive words (python tests/bench/near_quality.py FOLDER).

Runs are compared by keyed hashes of 64 bits, so that a benchmark can be searched for without its text: an index of it
holds the hashes alone (see `curate.storage.benchmark_index`).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, groupby, pairwise
from typing import Any, Final, Literal, NamedTuple

import xxhash

from curate.core.characters import UNSEEN, UNSPACED
from curate.core.example import Example, Place
from curate.core.lazy import Array, Arrays, lazy_pattern, np, pl
from curate.core.text import DOTTED_I, text_column
from curate.corpus.dedup_text import other_sides
from curate.parallel.cluster import LOCAL, Executor
from curate.read.benchmark import Item
from curate.similarity.shingles import buffer_of
from curate.storage.benchmark_index import (
    ARRAYS,
    FORMAT,
    MAX_SHARING_ITEMS,
    MIN_RUN_WORDS,
    POSITIONS,
    RUN_WORDS,
    SHINGLE_WORDS,
    WORD_ARRAYS,
    described,
    index_key,
)

MIN_QUESTION_WORDS: Final = 4
"""Number of words below which a question may occur by chance."""
WORD: Final = lazy_pattern(rf"{UNSPACED}|[^\s{UNSPACED[1:]}+")
"""Words as in `curate.similarity.ngram_index`: characters that are words by themselves, else text between white
space.
"""


@dataclass(slots=True)
class BenchmarkIndex:
    """The items of benchmarks as hashes."""

    files: list[str]
    """The names of the benchmarks."""
    fields: list[str]
    """The names of the fields of items."""
    arrays: Arrays
    """See `curate.storage.benchmark_index.ARRAYS`, without `about`."""
    model: str = ""
    """The fingerprint of the model of `vectors`; empty if there are none."""
    notes: dict[str, Any] = field(default_factory=dict)
    """More of a file's description: when and of which files it was built."""

    def place(self, item: int) -> Place:
        """The benchmark and the line of an item."""
        return Place(self.files[self.arrays["item_file"][item]], int(self.arrays["item_line"][item]))

    def content(self) -> Arrays:
        """What is stored."""
        about = {"format": FORMAT, "files": self.files, "fields": self.fields, "model": self.model, **self.notes}
        return {**self.arrays, "about": described(about)}


SIMILARITY_THRESHOLD: Final = 0.6
REJECTED_SIDE: Final = -1
CHUNK_TURNS: Final = 50_000
_Hit = tuple[int, int, int, int]
"""A run of words that a turn shares with a part: turn, first word in the turn, part, first word in the part."""


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
    """Position of the text among those of the index; -1 for `meaning`."""
    kind: Literal["run", "whole", "near", "meaning"]
    words: str
    """The longest run of words in both; empty for `near` and `meaning`."""
    share: float
    """Share of the words of the item's text that are in common runs; for `near`, the similarity of the two; for
    `meaning`, the probability.
    """


@dataclass(frozen=True, slots=True)
class Contamination:
    """The result of a search."""

    matches: list[Match]
    """At most one for each example and item, the one with the largest share; in order."""
    too_short: frozenset[int]
    """Positions of the items that have no text long enough to search for."""


def contaminated(examples: Sequence[Example], index: BenchmarkIndex, executor: Executor = LOCAL) -> Contamination:
    """The examples that hold an item, in any turn."""
    search = partial(_Search, index.arrays, index_key())
    best: dict[tuple[int, int], Match] = {}
    with executor.pool(1, processes=False, own=search, make_state=search) as pool:
        for match in chain.from_iterable(pool.each(_matches, _turn_batches(examples))):
            best_match = best.get((match.example, match.item))
            if best_match is None or (-match.share, match.message, match.part) < (
                -best_match.share,
                best_match.message,
                best_match.part,
            ):
                best[match.example, match.item] = match
    items = range(len(index.arrays["item_line"]))
    return Contamination(
        [best[key] for key in sorted(best)], frozenset(items) - set(index.arrays["part_item"].tolist())
    )


class _Turns(NamedTuple):
    owners: list[tuple[int, int]]
    """Position of the example and of the turn."""
    texts: list[str]
    """Without case and punctuation."""


def _turn_batches(examples: Sequence[Example]) -> Iterator[_Turns]:
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
            yield _Turns(owners, word_texts(texts))
            owners, texts = [], []
    if texts:
        yield _Turns(owners, word_texts(texts))


class _Search:
    """The hashes of all items, in tables."""

    def __init__(self, arrays: Arrays, key: int) -> None:
        """`key`: that of the hashes, also on other machines."""
        self.key = key
        self.items, self.words = arrays["part_item"], arrays["part_words"]
        self.whole: dict[int, list[int]] = defaultdict(list)
        for part, value in enumerate(arrays["part_whole"].tolist()):
            if value:
                self.whole[value].append(part)
        sizes = sorted(set(arrays["run_size"].tolist()))
        self.runs = [
            (
                size,
                _Table(*(arrays[name][arrays["run_size"] == size] for name in ("run_hash", "run_part", "run_place"))),
            )
            for size in sizes
        ]
        shingles, parts = arrays["shingle_hash"], arrays["shingle_part"]
        rare = _rarest(parts, shingles)
        self.near = _Table(shingles[rare], parts[rare], np.zeros(int(rare.sum()), dtype=np.int32))
        borders = np.searchsorted(parts, np.arange(len(self.items) + 1))
        self.shingles = [shingles[start:end] for start, end in pairwise(borders.tolist())]

    def matches(self, turns: _Turns) -> Iterator[Match]:
        """The matches in some turns."""
        for number, text in enumerate(turns.texts):
            for part in self.whole.get(whole_hash(text, self.key), ()):
                yield self._match_of(turns, number, part, "whole", text, 1.0)
        if not turns.texts:
            return
        texts = [text.encode() for text in turns.texts]
        for size, table in self.runs:
            yield from self._in_a_row(turns, size, table.hits(texts, size, self.key))
        yield from self._similar_turns(turns, texts, self.near.hits(texts, SHINGLE_WORDS, self.key))

    def _in_a_row(self, turns: _Turns, run: int, hits: Iterable[_Hit]) -> Iterator[Match]:
        """For each turn and part with hits, the longest run of words and the share of the part that all runs cover."""
        for (turn_number, part), group in groupby(
            sorted((turn, part, place, start) for turn, place, part, start in hits), key=lambda hit: hit[:2]
        ):
            places = [(place, start) for _, _, place, start in group]
            covered = {word for _, start in places for word in range(start, start + run)}
            place, length = _longest([place for place, _ in places], run)
            words = WORD.findall(turns.texts[turn_number])[place : place + length]
            share = len(covered) / int(self.words[part])
            yield self._match_of(turns, turn_number, part, "run", " ".join(words), share)

    def _similar_turns(self, turns: _Turns, texts: Sequence[bytes], hits: Iterable[_Hit]) -> Iterator[Match]:
        """Of the turns that share a run of 3 words with a part, those that are similar to it."""
        pairs = sorted({(turn, part) for turn, _, part, _ in hits})
        near_turns = sorted({turn for turn, _ in pairs})
        hashes, owners, _ = hashed_runs([texts[turn] for turn in near_turns], SHINGLE_WORDS, self.key)
        borders = np.searchsorted(owners, np.arange(len(near_turns) + 1)).tolist()
        sets = {turn: np.unique(hashes[borders[row] : borders[row + 1]]) for row, turn in enumerate(near_turns)}
        for turn, part in pairs:
            left, right = sets[turn], self.shingles[part]
            if min(len(left), len(right)) < SIMILARITY_THRESHOLD * max(len(left), len(right)):
                continue
            common = len(np.intersect1d(left, right, assume_unique=True))
            similarity = common / (len(left) + len(right) - common)
            if similarity >= SIMILARITY_THRESHOLD:
                yield self._match_of(turns, turn, part, "near", "", similarity)

    def _match_of(
        self, turns: _Turns, turn: int, part: int, kind: Literal["run", "whole", "near"], words: str, share: float
    ) -> Match:
        return Match(*turns.owners[turn], int(self.items[part]), part, kind, words, share)


def _matches(search: _Search, turns: _Turns) -> list[Match]:
    return list(search.matches(turns))


class _Table:
    """Hashes of runs of words, sorted."""

    def __init__(self, hashes: Array, parts: Array, places: Array) -> None:
        from curate.similarity.ngram_index import table_of

        order = np.argsort(hashes, kind="stable")
        self.hashes, self.parts, self.places = (column[order] for column in (hashes, parts, places))
        self.table = table_of(self.hashes)

    def hits(self, texts: Sequence[bytes], size: int, key: int) -> list[_Hit]:
        """The runs of `size` words that texts share with parts of benchmarks; `key` is the key of their hashes."""
        if not len(self.hashes):
            return []
        hashes, owners, words = hashed_runs(texts, size, key, self.table)
        first, last = np.searchsorted(self.hashes, hashes, "left"), np.searchsorted(self.hashes, hashes, "right")
        counts = last - first
        positions = np.repeat(first - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        columns = (np.repeat(owners, counts), np.repeat(words, counts), self.parts[positions], self.places[positions])
        return list(zip(*(column.tolist() for column in columns), strict=True))


def _rarest(parts: Array, hashes: Array) -> Array:
    """The runs that are searched for to find similar turns: the rarest of each part, as many as guarantee that a
    similar turn has one of them.
    """
    frame = pl.DataFrame({"part": parts, "hash": hashes}).with_columns(pl.len().over("hash").alias("parts"))
    rank, size = pl.struct("parts", "hash").rank("ordinal").over("part"), pl.len().over("part")
    return frame.select(rank <= size - (size * SIMILARITY_THRESHOLD).ceil() + 1).to_series().to_numpy()


def _longest(places: Sequence[int], run: int) -> tuple[int, int]:
    """Number of the first word, and of words, of the longest stretch that runs of `run` words at `places` cover."""
    best = (places[0], run)
    start = previous = places[0]
    for place in sorted(set(places)):
        if place > previous + 1:
            start = place
        previous = place
        if place - start + run > best[1]:
            best = (start, place - start + run)
    return best


def word_texts(texts: Sequence[str]) -> list[str]:
    """For each text its words in lower case and Unicode form NFKC, with one space between them; the other characters
    are removed.
    """
    visible = text_column(texts).str.replace_all(UNSEEN.pattern, "").str.normalize("NFKC")
    lower = visible.str.to_lowercase().str.replace_all(DOTTED_I.pattern, "i")
    plain: list[str] = lower.str.replace_all(r"[^\w]+|_+", " ").str.strip_chars().to_list()
    return plain


def whole_hash(plain: str, key: int) -> int:
    """The hash of a text of `word_texts`."""
    return xxhash.xxh3_64_intdigest(" ".join(WORD.findall(plain)).encode(), key)


def indexed(items: Sequence[Item]) -> BenchmarkIndex:
    """The index of some items, in order, without embeddings. Texts that are too short to search for are left out."""
    files = list(dict.fromkeys(item.place.file for item in items))
    parts = [(number, part) for number, item in enumerate(items) for part in item.parts]
    fields = list(dict.fromkeys(part.name for _, part in parts))
    plain = word_texts([part.text for _, part in parts])
    counts = [len(WORD.findall(text)) for text in plain]
    least = [MIN_QUESTION_WORDS if part.is_question else RUN_WORDS for _, part in parts]
    kept = [row for row, count in enumerate(counts) if count >= least[row]]
    texts, words = [plain[row].encode() for row in kept], np.array([counts[row] for row in kept], dtype=np.int32)
    columns: dict[str, Any] = {
        "item_line": [item.place.line for item in items],
        "item_file": [files.index(item.place.file) for item in items],
        "item_language": [b""] * len(items),
        "part_item": [parts[row][0] for row in kept],
        "part_field": [fields.index(parts[row][1].name) for row in kept],
        "part_words": words,
        "part_whole": [whole_hash(plain[row], index_key()) if parts[row][1].is_question else 0 for row in kept],
    }
    arrays = {name: np.array(columns.get(name, []), dtype=type_) for name, type_ in ARRAYS.items() if name != "about"}
    arrays["vectors"] = arrays["vectors"].reshape(0, 0)
    runs = [_searched_runs(texts, words, size, arrays) for size in range(MIN_RUN_WORDS, RUN_WORDS + 1)]
    for name, values in zip(("run_hash", "run_part", "run_place", "run_size"), zip(*runs, strict=True), strict=True):
        arrays[name] = np.concatenate(values).astype(ARRAYS[name])
    long = np.flatnonzero(words >= MIN_RUN_WORDS)
    hashes, owners, _ = hashed_runs([texts[row] for row in long.tolist()], SHINGLE_WORDS, index_key())
    shingles = pl.DataFrame({"hash": hashes, "part": long[owners]}).unique().sort("part", "hash")
    arrays["shingle_hash"] = shingles["hash"].to_numpy()
    arrays["shingle_part"] = shingles["part"].to_numpy().astype(np.int32)
    return BenchmarkIndex(files, fields, arrays)


def hashed_runs(texts: Sequence[bytes], size: int, key: int, table: Array | None = None) -> tuple[Array, Array, Array]:
    """The keyed hashes of all runs of `size` words of texts, or of those in a table; see `runs_of`."""
    from curate.similarity.ngram_index import runs_of

    buffer, offsets = buffer_of(texts)
    table = np.empty(0, dtype=np.uint64) if table is None else table
    hashes, owners, places = runs_of(buffer, offsets, size, table, np.uint64(key))
    return hashes, owners, places


def _searched_runs(
    texts: Sequence[bytes], words: Array, size: int, arrays: Arrays
) -> tuple[Array, Array, Array, Array]:
    """Hashes, parts, places and sizes of the runs of `size` words that are searched for."""
    chosen = np.flatnonzero(words >= size if size == RUN_WORDS else words == size)
    hashes, owners, places = hashed_runs([texts[row] for row in chosen.tolist()], size, index_key())
    owners = chosen[owners]
    items = arrays["part_item"][owners]
    frame = pl.DataFrame({"hash": hashes, "item": items, "file": arrays["item_file"][items]})
    rare = frame.select(pl.col("item").n_unique().over("hash", "file") <= MAX_SHARING_ITEMS).to_series().to_numpy()
    return hashes[rare], owners[rare], places[rare], np.full(int(rare.sum()), size)


def merged(indexes: Sequence[BenchmarkIndex]) -> BenchmarkIndex:
    """Several indexes as one, without embeddings and facts."""
    fields = list(dict.fromkeys(name for index in indexes for name in index.fields))
    starts: dict[str, list[int]] = {
        name: np.cumsum([0, *(len(index.arrays[name]) for index in indexes)]).tolist()
        for name in ("item_line", "part_item")
    }
    files = np.cumsum([0, *(len(index.files) for index in indexes)]).tolist()
    columns: dict[str, list[Array]] = defaultdict(list)
    for number, index in enumerate(indexes):
        numbers = np.array([fields.index(name) for name in index.fields], dtype=np.int32)
        for name in (name for names in WORD_ARRAYS for name in names):
            values = index.arrays[name]
            if name in POSITIONS:
                values = values + starts[POSITIONS[name]][number]
            columns[name].append(values)
        columns["item_file"][-1] = columns["item_file"][-1] + files[number]
        columns["part_field"][-1] = numbers[columns["part_field"][-1]]
    arrays = {name: np.concatenate(values).astype(ARRAYS[name]) for name, values in columns.items()}
    return BenchmarkIndex([name for index in indexes for name in index.files], fields, arrays)
