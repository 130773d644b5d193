"""The lines of a chunk of a file as columns: position, id, shingles and keys of each. Texts and objects are not part of
the columns.

Short texts have keys by their content words, since a typing error or an additional "please" changes up to half of their
shingles. Two short texts have equal keys if they have the same content words in the same order. Words of grammar and
politeness (`FILLER_WORDS`) are left out, and each word is replaced by the most frequent word in all short texts that it
may be a typing error of. Equal keys only make two examples candidates: `curate.dedup.near_duplicates` verifies that
they agree in all content words. Texts in scripts without spaces have no keys, because the same character may be a word
of grammar in one place and a content word in another.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, repeat
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple, Protocol, Self

import xxhash

from curate.core.characters import UNSPACED
from curate.core.config import DedupConfig
from curate.core.example import Example, attachments, known_role, value_at
from curate.core.lazy import Flags, Floats, Hashes, Ids, Numbers, Words, np
from curate.core.text import normalised
from curate.corpus.boilerplate import Passages, own_texts
from curate.corpus.dedup_text import On, Segment, compared_turn_numbers, segments_of, written_text
from curate.corpus.links import Keys, Links, chain_key, example_keys, links_of_lines, plain_ids
from curate.corpus.strata import Marking, Marks, marks_of_batch
from curate.language.lexicon import FILLER_WORDS
from curate.language.spelling import same_word, spelling_key, spellings
from curate.language.tokens import WORD_OR_SIGN
from curate.read.chunks import Batch, Chunk, read_chunk
from curate.read.dataset import FileFacts, ParsedLine
from curate.similarity.shingles import ShingleSets, Shingling, salted, text_buffer
from curate.similarity.word_hashes import shingled
from curate.storage.disk_arrays import Rows

SHORT_TEXT_CHARS: Final = 300
"""About 40 words."""


@dataclass(slots=True)
class ShortTexts(Rows):
    """Texts as numbers of words in a vocabulary; those that are not short are empty."""

    KINDS: ClassVar = {"words": "u4"}
    PARTS: ClassVar = {"words": "ends"}
    SHARED: ClassVar = "vocabulary"
    words: Words
    ends: Numbers
    vocabulary: dict[str, int]
    """The number of each word, ascending."""

    @classmethod
    def empty(cls, count: int) -> "ShortTexts":
        """Texts that are not short."""
        return cls(np.empty(0, dtype=np.uint32), np.zeros(count + 1, dtype=np.int64), {})

    @classmethod
    def of(cls, texts: Iterable[str]) -> "ShortTexts":
        """The words of each text that is short."""
        vocabulary: dict[str, int] = {}
        words, sizes = list[int](), list[int]()
        for text in texts:
            tokens: list[str] = []
            if len(text) <= SHORT_TEXT_CHARS and (text.isascii() or not re.search(UNSPACED, text)):
                tokens = WORD_OR_SIGN.findall(text.lower() if text.isascii() else normalised(text))
                words += [vocabulary.setdefault(word, len(vocabulary)) for word in tokens]
            sizes.append(len(tokens))
        return cls(np.array(words, dtype=np.uint32), np.cumsum([0, *sizes], dtype=np.int64), vocabulary)

    def sharing(self, dictionary: dict[Any, Any]) -> Self:
        """The texts with the numbers of words in `dictionary`, to which new words are added."""
        numbers = np.array([dictionary.setdefault(word, len(dictionary)) for word in self.vocabulary], dtype=np.uint32)
        return replace(self, words=numbers[self.words] if len(self.words) else self.words, vocabulary=dictionary)

    def keys(self) -> Hashes:
        """A key per text that is equal for texts with the same content words, except for typing errors; 0 if it has
        none.
        """
        return self.keys_and_typos()[0]

    def keys_and_typos(self) -> tuple[Hashes, Numbers]:
        """The keys, and for each text the number of its words that were replaced by another word."""
        keys = np.zeros(len(self.ends) - 1, dtype=np.uint64)
        if not len(self.words):
            return keys, np.zeros(len(keys), dtype=np.int64)
        counts = np.bincount(self.words, minlength=len(self.vocabulary))
        roots = corrected_words(
            {word: int(count) for word, count in zip(self.vocabulary, counts.tolist(), strict=True) if count}
        )
        hashes = np.array([_hash(roots.get(word, word)) for word in self.vocabulary], dtype=np.uint64)[self.words]
        texts = np.repeat(np.arange(len(keys)), np.diff(self.ends))
        typos = np.bincount(
            texts, weights=np.array([word in roots for word in self.vocabulary])[self.words], minlength=len(keys)
        ).astype(np.int64)
        texts = texts[hashes != 0]
        hashes = hashes[hashes != 0]
        rows, first, sizes = np.unique(texts, return_index=True, return_counts=True)
        if len(rows):
            powers = np.cumprod(np.full(int(sizes.max()), 0x9E3779B97F4A7C15, dtype=np.uint64))
            keys[rows] = np.add.reduceat(hashes * powers[np.arange(len(texts)) - np.repeat(first, sizes)], first)
        return keys, typos


class LineCheck(Protocol):
    """A check of lines while they are read; `curate.lint.error_filter.ErrorFilter` is one."""

    def judge(self, chunk: Chunk) -> tuple[Any, Batch]:
        """The result for the lines of a chunk, and these lines."""

    def judged(self, chunk: Chunk) -> Any:
        """The result for the lines of a chunk, which may be cached."""

    def judge_batch(self, batch: Batch, lines: int) -> Any:
        """The result for lines that were read one by one."""

    def packed(self, result: Any) -> Any:
        """A result as JSON; None if it is not stored."""

    def unpacked(self, stored: Any, chunk: Chunk) -> Any:
        """The reverse of `packed`. Raises `ValueError`, `TypeError` or `LookupError` for anything else."""

    def merger(self) -> Callable[[Any, int], Iterable[Any]]:
        """A function that gives the findings of the next result, with the number of lines before it in its file."""


class FeatureSpec(NamedTuple):
    """Which columns are made, and how."""

    on: On
    shingling: Shingling
    keep: str = "longest"
    """A policy of `curate.core.config.KEEP`."""
    keys: bool = False
    """Whether `Columns.keys` are requested."""
    links: bool = False
    """Whether `Columns.links` are requested; complete conversations are compared then."""
    short_texts: bool = True
    """Whether `Columns.short_texts` is requested."""
    marking: Marking | None = None
    """Which marks are requested; None: no marks."""
    judging: LineCheck | None = None
    """The check of lines while they are read."""
    common: Passages | None = None
    """Shared instructions that are not compared (see `curate.corpus.boilerplate`); None: `read_table` learns them."""


def feature_spec_for(config: DedupConfig) -> FeatureSpec:
    """Which columns deduplication with this configuration reads of each example."""
    by_content = config.keep == "most-turns" or ":" in config.keep  # other policies rank by length or order alone
    return FeatureSpec(config.on, Shingling(), config.keep if by_content else "longest", config.beginnings)


@dataclass(slots=True, kw_only=True)
class Lines(Rows):
    """Lines that are not blank, in order: arrays with one element per line, then columns with one row per line that
    holds an example in a known format.
    """

    KINDS: ClassVar = {
        "ids": "u8",
        "sets": ShingleSets,
        "short_texts": ShortTexts,
        "lengths": "i8",
        "ranks": "f8",
        "keys": Keys,
        "links": Links,
        "marks": Marks,
    }
    starts: Numbers
    """Offset in the decompressed file at which each line starts."""
    sizes: Numbers
    """Size of each line in bytes, without its line ending."""
    endings: Numbers
    """Size of its line ending in bytes: 0, 1 or 2."""
    numbers: Numbers
    """Physical line, from 1 in the chunk or file; several elements of a document may start on one line."""
    nths: Numbers
    """How many other elements start before it on the same line."""
    ids: Ids
    """The id, as two numbers."""
    sets: ShingleSets
    """The shingles of the text."""
    short_texts: ShortTexts
    """The words of short texts, if requested."""
    lengths: Numbers
    """Characters of all its turns."""
    ranks: Floats
    """The first sort key of the keep policy (see `rank_of`)."""
    keys: Keys | None = None
    """Prefix hashes, if requested."""
    links: Links | None = None
    """Keys of links, if requested."""
    marks: Marks | None = None
    """The values by which a division groups and balances, if requested."""
    line_keys: Ids | None = None
    """A key for the bytes of each line, if the chunk or all chunks are cached (see `curate.corpus.cache`)."""
    band_keys: Ids | None = None
    """A key for each band (first axis) and example, if requested."""

    def _selected(self, method: str, numbers: Numbers, folder: Path | None) -> Self:
        bands = None if self.band_keys is None else self.band_keys[:, numbers]
        return replace(Rows._selected(self, method, numbers, folder), band_keys=bands)


LINE_TYPES: Final = {**dict.fromkeys(("starts", "sizes", "endings", "numbers", "nths"), "i8"), "holds": "?"}


@dataclass(slots=True, kw_only=True)
class Columns(Lines):
    """The lines of a chunk."""

    holds: Flags
    """Whether it holds an example in a known format."""
    physical: int = 0
    """Number of physical lines of the chunk, including blank ones."""
    trouble: str = ""
    """Why the columns were not read from the cache or not written to it."""
    judged: Any = None
    """The result of `FeatureSpec.judging`."""
    cached: bool = False
    """Whether the columns were read from the cache."""


def columns_of(chunk: Chunk, spec: FeatureSpec) -> Columns:
    """Read a chunk. Raises `InputError` for a file that cannot be read any more."""
    judged, batch = spec.judging.judge(chunk) if spec.judging else (None, None)
    if batch is None or batch.beside:  # columns are made of plain lines without other keys
        batch = read_chunk(chunk, FileFacts(chunk.name), with_turns=True)
    columns = columns_of_batch(batch, spec)
    columns.physical, columns.judged = len(batch.lines), judged
    return columns


def columns_of_lines(lines: Sequence[ParsedLine], spec: FeatureSpec) -> Columns:
    """The columns of lines that were read one by one, without the blank ones."""
    batch = Batch.of_lines([parsed for parsed in lines if not parsed.blank], with_turns=True)
    columns = columns_of_batch(batch, spec)
    columns.judged = spec.judging.judge_batch(batch, len(lines)) if spec.judging else None
    return columns


def columns_of_batch(batch: Batch, spec: FeatureSpec) -> Columns:
    """The columns of a batch. Plain lines come first in it; here all are put in the order of the file."""
    irregular = [
        (position, parsed)
        for position, parsed in zip(batch.irregular_at, batch.irregular_lines, strict=True)
        if not parsed.blank
    ]
    examples = [parsed.example for _, parsed in irregular if parsed.example is not None]
    plain_lengths = (
        len(joined) - (len(texts) or 1) + 1  # NUL as separator
        for joined, texts in zip(batch.joined_texts, batch.texts, strict=True)
    )
    lengths = np.array([*plain_lengths, *map(length, examples)], dtype=np.int64)
    ids = b"".join([plain_ids(batch.turns), *(bytes.fromhex(example.id) for example in examples)])
    halves = np.frombuffer(ids, dtype=">u8").astype(np.uint64).reshape(-1, 2)
    whole_sets, links = (
        links_of_lines(batch.roles, batch.texts, examples, halves, spec.shingling.size) if spec.links else (None, None)
    )
    sets, short_texts = _compared_shingles(batch, examples, spec, whole_sets)
    sets = salted(sets, chain(repeat(b"", len(batch.texts)), (attachments(example.value) for example in examples)))
    places = np.concatenate(
        [
            _plain_places(batch),
            np.array([_line_position(parsed) for _, parsed in irregular], dtype=np.int64).reshape(-1, 5),
        ]
    )
    order = np.argsort(
        np.array([*batch.plain_at, *(position for position, _ in irregular)], dtype=np.int64), kind="stable"
    )
    plain = len(batch.numbers)
    holds = np.array(
        [
            *(lengths[:plain] > 0),
            *(parsed.example is not None and parsed.example.understood for _, parsed in irregular),
        ],
        dtype=np.bool_,
    )
    rank = (
        np.cumsum([1] * plain + [parsed.example is not None for _, parsed in irregular], dtype=np.int64) - 1
    )  # of a line with an object, its number among those
    example_rows = rank[order][holds[order]]
    lines: dict[str, Any] = dict(zip(LINE_TYPES, (*np.ascontiguousarray(places[order].T), holds[order]), strict=True))
    ranks = np.concatenate(
        [plain_ranks(spec.keep, batch.roles), np.array(list(map(rank_of(spec.keep), examples)), dtype=np.float64)]
    )
    every = Columns(
        **lines,
        ids=halves,
        sets=sets,
        short_texts=short_texts,
        lengths=lengths,
        ranks=ranks,
        keys=Keys.of([*map(chain_key, batch.roles, batch.turns), *map(example_keys, examples)]) if spec.keys else None,
        links=links,
        marks=marks_of_batch(batch, spec.marking) if spec.marking else None,
    )
    return every if plain == len(holds) == len(example_rows) else every.chosen(example_rows)


def _compared_shingles(
    batch: Batch, examples: Sequence[Example], spec: FeatureSpec, whole_sets: ShingleSets | None
) -> tuple[ShingleSets, ShortTexts]:
    """The shingles of the compared text (`whole_sets` if they are known and nothing is left out), and the words of
    short texts.
    """
    count = len(batch.texts) + len(examples)
    if whole_sets is not None and not spec.common and not spec.short_texts:
        return whole_sets, ShortTexts.empty(count)
    plain = zip(batch.roles, batch.texts, strict=True)
    if spec.common:
        pieces = [
            [Segment(turn_texts[i], known_role(roles[i]) == "user") for i in compared_turn_numbers(roles, spec.on)]
            for roles, turn_texts in plain
        ]
        texts = own_texts([*pieces, *(segments_of(example, spec.on) for example in examples)], spec.common)
    else:
        texts = [
            "\n".join([turn_texts[i] for i in compared_turn_numbers(roles, spec.on)]) for roles, turn_texts in plain
        ]
        texts += [written_text(example, spec.on) for example in examples]
    short_texts = ShortTexts.of(texts) if spec.short_texts else ShortTexts.empty(count)
    return shingled(text_buffer(texts), spec.shingling), short_texts


def _plain_places(batch: Batch) -> Numbers:
    """A row for each plain line: its offset, size, bytes of its line break, line number, and 0 for `nth`."""
    if batch.whole:
        return np.array([_line_position(parsed) for parsed in batch.whole], dtype=np.int64).reshape(-1, 5)
    rows = np.array(batch.numbers, dtype=np.int64) - 1
    bounds = np.cumsum([0, *(len(line) + 1 for line in batch.lines)])
    starts, sizes = batch.offset + bounds[rows], bounds[rows + 1] - bounds[rows] - 1
    ended = (rows < len(batch.lines) - 1) | batch.ended
    returns = np.array([batch.lines[i].endswith(b"\r") for i in rows.tolist()], dtype=np.int64) * ended
    return np.stack([starts, sizes - returns, ended + returns, rows + 1, np.zeros_like(rows)], axis=1)


def _line_position(parsed: ParsedLine) -> tuple[int, int, int, int, int]:
    """The offset of a line, its size, the bytes of its line break, its number, and its `nth`."""
    line = parsed.line
    return line.offset, len(line.data), len(line.ending), line.number, line.nth


MIN_MILLISECONDS: Final = 1e11
"""Numbers above this are read as milliseconds: as seconds since 1970 they would be dates after the year 5138."""


def rank_of(keep: str) -> Callable[[Example], float]:
    """The first sort key of an example under a policy; infinite if the field that the policy names has no usable value,
    0 for other policies.
    """
    name, _, field = keep.partition(":")
    ranks: dict[str, Callable[[Example], float]] = {
        "most-turns": lambda example: -len(example.messages),
        "newest": lambda example: -timestamp(value_at(example.value, field)),
        "highest": lambda example: -number(value_at(example.value, field), -math.inf),
        "lowest": lambda example: number(value_at(example.value, field), math.inf),
    }
    return ranks.get(name, lambda _: 0.0)


def plain_ranks(keep: str, roles: Sequence[tuple[str, ...]]) -> Floats:
    """The same for plain conversations with these roles; they have no other fields."""
    if keep == "most-turns":
        return -np.array(list(map(len, roles)), dtype=np.float64)
    return np.full(len(roles), math.inf if ":" in keep else 0.0)


def length(example: Example) -> int:
    """Characters in all turns together."""
    if example.plain:  # nearly all: without objects for turns
        return sum(len(turn["content"]) for turn in example.value["messages"])
    return sum(len(message.text) for message in example.messages)


def number(value: Any, otherwise: float) -> float:
    """A number, or a text that is one; `otherwise` for anything else, including NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return otherwise
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return otherwise
    return otherwise if math.isnan(result) else result


def timestamp(value: Any) -> float:
    """A date as seconds since 1970: from ISO 8601 (UTC unless it has a time zone), seconds or milliseconds; minus
    infinity for anything else.
    """
    seconds = number(value, math.nan)
    if not math.isnan(seconds):
        return seconds / 1000 if abs(seconds) > MIN_MILLISECONDS else seconds
    if not isinstance(value, str):
        return -math.inf
    try:
        date = datetime.fromisoformat(value.strip())
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return -math.inf


def _hash(word: str) -> int:
    """The hash of a word; 0 for a filler word."""
    return 0 if word in FILLER_WORDS else xxhash.xxh3_64_intdigest(word.encode("utf-8", "surrogatepass")) | 1


def corrected_words(counts: dict[str, int]) -> dict[str, str]:
    """For each word that may be a typing error of a more frequent word, that word; among equally frequent words, the
    first in alphabetical order.
    """
    near: dict[str, set[str]] = {}
    for word in counts:
        if key := spelling_key(word):
            near.setdefault(key, set()).add(word)
    better: dict[str, str] = {}
    for words in near.values():
        for word in words if len(words) > 1 else ():
            variants = (other for other in words.intersection(spellings(word)) if same_word(word, other))
            best = min((-counts[other], other) for other in (word, *variants))[1]
            if best != word:
                better[word] = best
    return {word: _canonical_word(word, better) for word in better}


def _canonical_word(word: str, better: dict[str, str]) -> str:
    while word in better:  # each is more frequent than the previous one, or precedes it in the alphabet
        word = better[word]
    return word
