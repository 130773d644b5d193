"""Index benchmarks: keyed hashes of their runs of words, without their text; see `curate.core.benchmark_index`."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import xxhash

from curate.core.benchmark_index import (
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
from curate.core.example import Place
from curate.core.invisible import UNSEEN
from curate.core.lazy import Array, Arrays, lazy_pattern, np, pl
from curate.core.text import UNSPACED, text_column
from curate.read.benchmark import Item
from curate.similarity.shingles import buffer_of

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
    """See `curate.core.benchmark_index.ARRAYS`, without `about`."""
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


def plain_words(texts: Sequence[str]) -> list[str]:
    """Texts in Unicode normal form and lower case, with letters and digits only, and one space between words.

    Invisible characters are removed.
    """
    visible = text_column(texts).str.replace_all(UNSEEN.pattern, "").str.normalize("NFKC")
    plain: list[str] = visible.str.to_lowercase().str.replace_all(r"[^\w]+|_+", " ").str.strip_chars().to_list()
    return plain


def whole_hash(plain: str, key: int) -> int:
    """The hash of a text of `plain_words`."""
    return xxhash.xxh3_64_intdigest(" ".join(WORD.findall(plain)).encode(), key)


def indexed(items: Sequence[Item]) -> BenchmarkIndex:
    """The index of some items, in order, without embeddings. Texts that are too short to search for are left out."""
    files = list(dict.fromkeys(item.place.file for item in items))
    parts = [(number, part) for number, item in enumerate(items) for part in item.parts]
    fields = list(dict.fromkeys(part.name for _, part in parts))
    plain = plain_words([part.text for _, part in parts])
    counts = [len(WORD.findall(text)) for text in plain]
    least = [MIN_QUESTION_WORDS if part.asked else RUN_WORDS for _, part in parts]
    kept = [row for row, count in enumerate(counts) if count >= least[row]]
    texts, words = [plain[row].encode() for row in kept], np.array([counts[row] for row in kept], dtype=np.int32)
    columns: dict[str, Any] = {
        "item_line": [item.place.line for item in items],
        "item_file": [files.index(item.place.file) for item in items],
        "item_language": [b""] * len(items),
        "part_item": [parts[row][0] for row in kept],
        "part_field": [fields.index(parts[row][1].name) for row in kept],
        "part_words": words,
        "part_whole": [whole_hash(plain[row], index_key()) if parts[row][1].asked else 0 for row in kept],
    }
    arrays = {name: np.array(columns.get(name, []), dtype=type_) for name, type_ in ARRAYS.items() if name != "about"}
    arrays["vectors"] = arrays["vectors"].reshape(0, 0)
    runs = [_runs(texts, words, size, arrays) for size in range(MIN_RUN_WORDS, RUN_WORDS + 1)]
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


def _runs(texts: Sequence[bytes], words: Array, size: int, arrays: Arrays) -> tuple[Array, Array, Array, Array]:
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
