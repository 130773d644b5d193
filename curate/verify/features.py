"""The features of the examples in a chunk that are compared: their words, hashed."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import chain
from typing import Any, Final, NamedTuple

import numpy as np
import xxhash

from curate.core.example import canonical
from curate.core.origin_keys import group_value, origins_of
from curate.verify.cut_answers import MIN_ANSWER_WORDS, NO_EDGES, Edges, edges_of
from curate.verify.declarations import documents_of
from curate.verify.lines import ChunkLines
from curate.verify.near_questions import PARTS, lines_key, part_keys
from curate.verify.passages import Cut, Passages, Window
from curate.verify.plain_text import plain_text
from curate.verify.reading import NotUnderstoodError, ParsedContent, ReadTurn, read_line, trained_keys
from curate.verify.shared_texts import FIRST_TURN_WORDS, digest_of, edge_runs_of, runs_of, segments_of
from curate.verify.words import DIGEST_BYTES, Hashes, Numbers, Words, folded, hashed, hashes_of, shingles, words_of

REASONING: Final = re.compile(rb'"(?:reasoning(?:_content)?|thinking)"\s*:\s*"[^"]')
"""Reasoning under a key of its own, in the bytes of a line."""
FORM_KEYS: Final = frozenset(
    ("prompt", "completion", "instruction", "input", "output", "response", "text", "question", "answer")
)
"""Keys of a question or an answer in forms without `messages`."""


class RequestedFeatures(NamedTuple):
    """Which features to compute for a file."""

    keys: tuple[str, ...] = ()
    """Paths of values that examples of different splits must not share."""
    passages: Passages = Passages(())
    ids: frozenset[str] = frozenset()
    """Ids of examples to look for."""
    requests: bool = False
    """Whether to return the texts of the last questions."""


@dataclass(slots=True)
class FeatureCounts:
    """Numbers of examples, and what some of them have."""

    attached: int = 0
    """Examples with attachments."""
    short_turns: int = 0
    """Examples with several answers, one of which is too short to be compared by itself."""
    rejected: int = 0
    """Examples with a rejected answer."""
    extra_texts: int = 0
    """Examples in messages form with text under keys of another form."""
    reasoned: int = 0
    """Examples with reasoning beside the text of a turn."""
    others: int = 0
    """Examples that are not in messages form."""
    wordless: int = 0
    """Examples without a word in their whole text."""
    characters: int = 0
    """Characters of all texts."""
    ids: set[str] = field(default_factory=set)
    """The ids looked for that occur."""
    windows: Counter[Window] = field(default_factory=Counter)
    """For each run of a shared passage, the examples that contain it."""

    def add(self, other: "FeatureCounts") -> None:
        """Add the examples of a chunk."""
        for column in fields(self):
            total, added = getattr(self, column.name), getattr(other, column.name)
            setattr(self, column.name, total | added if column.name == "ids" else total + added)


class ExampleFeatures(NamedTuple):
    """The features of one example; hash 0 means none."""

    line: int
    trained: int
    """Hash of the complete training input and output."""
    question: int
    """Hash of the words of the user turns and of the attachments."""
    question_lines: int
    """Hash of the lines of the user turns in any order, and of the attachments; 0 for few lines."""
    turns: int
    """Hash of all turns, for an example that ends with an answer."""
    first_turn: int
    """Hash of the words of the first user turn and of the attachments."""
    first_words: int
    """The digest of these words, as in a manifest."""
    short: int
    """Hash of the words of the answers, if they are too short to be compared."""
    near: Sequence[int]
    """Keys of the question without a part, one per part."""
    keys: Sequence[int]
    """The hash of the value of each key."""
    origins: Sequence[tuple[int, int]]
    """The keys that name where it comes from, by number, and a hash of each value."""
    prefixes: Sequence[int]
    """Hash of the turns up to each answer that is not the last turn."""
    blocks: Sequence[int]
    """The digests of the runs of blocks."""
    answer_blocks: Sequence[int]
    """The digests of the first and last words of answers that are as long as a block and no run of its own blocks."""
    whole: bytes
    """The digests of the shingles of the whole text."""
    answers: Sequence[bytes]
    """Those of each answer that is compared."""
    edges: Sequence[Edges]
    """The edges of each answer that is compared."""


class Shingled(NamedTuple):
    """Sets of shingles, concatenated, the size of each, and the line or place of its example."""

    hashes: Hashes
    sizes: Numbers
    places: Numbers

    @classmethod
    def of(cls, sets: Sequence[tuple[bytes, int]]) -> "Shingled":
        """From digests of `DIGEST_BYTES` bytes and the line of each set; empty sets are left out."""
        nonempty = [pair for pair in sets if pair[0]]
        sizes = _as_int64(len(digests) // DIGEST_BYTES for digests, _ in nonempty)
        return cls(
            hashes_of(b"".join(digests for digests, _ in nonempty)), sizes, _as_int64(line for _, line in nonempty)
        )


class Features(NamedTuple):
    """Features of the examples of a chunk."""

    columns: dict[str, np.ndarray[Any, Any]]
    """The columns of `Examples`; places are line numbers."""
    sets: Mapping[str, Shingled]
    """The shingles of whole texts and of answers."""
    edges: Hashes
    """The `Edges` of each answer, one column per field."""
    unread: list[tuple[int, str]]
    """Lines that hold no example, with the reason."""
    requests: list[tuple[int, str]]
    """If requested: line and text of each last question."""
    counts: FeatureCounts


class _ChunkWords:
    """The words of the texts of a chunk."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._segments = {line: segments_of(line) for text in texts for line in text.split("\n")}
        segments = list({segment for line_segments in self._segments.values() for segment in line_segments})
        self._words = dict(zip(segments, words_of(segments), strict=True))

    def lines(self, text: str) -> list[list[list[str]]]:
        """The words of the segments of each line of a text."""
        return [[self._words[segment] for segment in self._segments[line]] for line in text.split("\n")]

    def with_lines(self, texts: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
        """The lines of texts, each with its words."""
        for text in texts:
            yield from zip(text.split("\n"), map(list, map(chain.from_iterable, self.lines(text))), strict=True)

    def words(self, *texts: str) -> list[str]:
        """The words of texts."""
        return [
            word
            for text in texts
            for line in text.split("\n")
            for segment in self._segments[line]
            for word in self._words[segment]
        ]


class _Example(NamedTuple):
    """An example that was read."""

    line: int
    value: Any
    reading: ParsedContent
    cut: Cut
    """Its user turns without shared passages."""
    blocks: Sequence[str]
    """Its blocks, as written and as plain text."""


def features_of(lines: ChunkLines, requested: RequestedFeatures) -> Features:
    """Parse lines and compute the features that are compared."""
    counts, examples, unread = FeatureCounts(), list[_Example](), list[tuple[int, str]]()
    requests: list[tuple[int, str]] = []
    for number, line in zip(*lines, strict=True):
        try:
            value, reading = read_line(line)
        except NotUnderstoodError as error:
            unread.append((number, str(error)))
            continue
        user_texts = [turn.text for turn in reading.turns if turn.role == "user"]
        blocks = _blocks(value, reading)
        examples.append(_Example(number, value, reading, requested.passages.cut(user_texts), blocks))
        counts.reasoned += REASONING.search(line) is not None
        if requested.requests and user_texts and user_texts[-1].strip():
            requests.append((number, user_texts[-1]))
    texts = _ChunkWords(
        text
        for example in examples
        for text in (
            *(turn.full_text for turn in (*example.reading.turns, *example.reading.others)),
            *(reasoning for turn in example.reading.turns for reasoning in turn.reasoning),
            *(example.cut.turns or ()),
            *example.blocks,
        )
    )
    rows = [_features_of(example, texts, requested, counts) for example in examples]
    sets = {
        "whole": Shingled.of([(row.whole, row.line) for row in rows]),
        "answers": Shingled.of([(answer, row.line) for row in rows for answer in row.answers]),
    }
    columns = _columns(rows, len(requested.keys))
    columns["digests"], columns["line_places"] = digests_of(lines.lines), _as_int64(lines.numbers)
    edges = np.array([edge for row in rows for edge in row.edges], dtype=np.uint64).reshape(-1, len(NO_EDGES))
    return Features(columns, sets, edges, unread, requests, counts)


def _as_int64(values: Iterable[int]) -> Numbers:
    return np.array(list(values), dtype=np.int64)


def _columns(rows: Sequence[ExampleFeatures], keys: int) -> dict[str, np.ndarray[Any, Any]]:
    """The features of examples as columns; `keys`: number of keys."""
    columns: dict[str, np.ndarray[Any, Any]] = {
        name: np.array([getattr(row, name) for row in rows], dtype=np.uint64)
        for name in ("trained", "question", "question_lines", "turns", "first_turn", "first_words", "short")
    }
    for name, width in (("near", PARTS), ("keys", keys)):
        columns[name] = np.array([getattr(row, name) for row in rows], dtype=np.uint64).reshape(len(rows), width)
    for name in ("prefixes", "blocks", "answer_blocks"):
        columns[name] = np.array([digest for row in rows for digest in getattr(row, name)], dtype=np.uint64)
        columns[f"{name}_by"] = _as_int64(row.line for row in rows for _ in getattr(row, name))
    columns["origin_keys"] = _as_int64(key for row in rows for key, _ in row.origins)
    columns["origins"] = np.array([origin for row in rows for _, origin in row.origins], dtype=np.uint64)
    columns["origins_by"] = _as_int64(row.line for row in rows for _ in row.origins)
    columns["block_examples"] = np.ones(len(columns["blocks"]), dtype=np.int64)
    return {"places": _as_int64(row.line for row in rows), **columns}


def _features_of(
    example: _Example, texts: _ChunkWords, requested: RequestedFeatures, counts: FeatureCounts
) -> ExampleFeatures:
    """The features of an example, which is also counted."""
    line, value, reading, cut, block_texts = example
    turns = [turn for turn in reading.turns if turn.role != "system"]
    user_texts, answers = ([turn.full_text for turn in turns if turn.role == role] for role in ("user", "assistant"))
    attachments_hash = hashed(canonical(reading.attached).decode("utf-8", "surrogatepass")) if reading.attached else 0
    first = texts.words(*user_texts[:1])
    words_by_answer = list(map(texts.words, answers))
    answer_words = list(chain.from_iterable(words_by_answer))
    alone = words_by_answer + [texts.words(text) for turn in turns for text in turn.reasoning]
    long_answers = [words for words in alone if len(words) >= MIN_ANSWER_WORDS]
    together = [answer_words] if len(words_by_answer) > 1 and len(answer_words) >= MIN_ANSWER_WORDS else []
    cut_turns = iter(cut.turns or ())
    all_words = texts.words(
        *(next(cut_turns, turn.full_text) if turn.role == "user" else turn.full_text for turn in turns),
        *(turn.full_text for turn in reading.others),
    )
    prefix_hashes = _prefix_hashes(turns, texts)
    ends_with_answer = turns[-1:] and turns[-1].role == "assistant"
    _count_example(example, counts, requested.ids)
    counts.short_turns += len(answers) > 1 and any(len(words) < MIN_ANSWER_WORDS for words in words_by_answer)
    counts.wordless += not all_words
    question = texts.words(*user_texts)
    blocks = set().union(*(runs_of(texts.lines(text)) for text in block_texts))
    return ExampleFeatures(
        line=line,
        trained=_training_hash(value, reading),
        question=_question_hash(user_texts, question, attachments_hash),
        question_lines=lines_key(texts.with_lines(user_texts), attachments_hash),
        turns=prefix_hashes[-1] if ends_with_answer else 0,
        first_turn=hashed(" ".join(first), attachments_hash) if len(first) >= FIRST_TURN_WORDS else 0,
        first_words=digest_of(first) if len(first) >= FIRST_TURN_WORDS else 0,
        short=hashed(" ".join(answer_words)) if answers and len(answer_words) < MIN_ANSWER_WORDS else 0,
        near=part_keys(question, attachments_hash),
        keys=[_value_hash(group_value(value, key)) for key in requested.keys],
        origins=list(origins_of(value)),
        prefixes=[digest for digest, turn in zip(prefix_hashes[:-1], turns, strict=False) if turn.role == "assistant"],
        blocks=sorted(blocks),
        answer_blocks=sorted({digest for words in long_answers for digest in edge_runs_of(words)} - blocks),
        whole=shingles(all_words, attachments_hash),
        answers=[shingles(words) for words in (*long_answers, *together)],
        edges=[*map(edges_of, long_answers), *(NO_EDGES for _ in together)],
    )


def _training_hash(value: dict[str, Any], reading: ParsedContent) -> int:
    """The hash of everything that a trainer reads."""
    trained = trained_keys(value)
    if "messages" not in value:  # turns under keys that are no trainer's
        trained = {**trained, "messages": [[turn.role, turn.full_text] for turn in reading.turns]}
    return xxhash.xxh3_64_intdigest(canonical(trained))


def _question_hash(user_texts: Sequence[str], words: Words, attachments_hash: int) -> int:
    """The hash of a question: its words, or its text if it has no words; 0 if there is none."""
    signs = "" if words else "\0" + " ".join(folded("\n".join(user_texts)).split())
    return hashed(" ".join(words) or signs, attachments_hash) if user_texts else 0


def _prefix_hashes(turns: Sequence[ReadTurn], texts: _ChunkWords) -> list[int]:
    """The hash of the turns up to each one."""
    hashes, digest = list[int](), xxhash.xxh3_64()
    for turn in turns:
        spelled = " ".join(texts.words(turn.full_text)) or folded(turn.full_text)
        digest.update(f"{turn.role}\0{spelled}\0".encode("utf-8", "surrogatepass"))
        hashes.append(digest.intdigest() or 1)
    return hashes


def _blocks(value: dict[str, Any], reading: ParsedContent) -> list[str]:
    """The turns of the system, the user and tools, the calls of the assistant and the documents, each as written and as
    plain text.
    """
    turns = reading.turns
    written = [turn.calls if turn.role == "assistant" else turn.full_text for turn in turns]
    written += documents_of(value)
    return [*written, *(text for text in map(plain_text, written) if text not in written)]


def _count_example(example: _Example, counts: FeatureCounts, ids: frozenset[str]) -> None:
    """Add an example to the counts."""
    value, reading = example.value, example.reading
    counts.attached += bool(reading.attached)
    counts.rejected += bool(reading.others)
    counts.extra_texts += len(value) > 1 and _has_extra_texts(value, reading)
    counts.others += "messages" not in value
    counts.characters += reading.characters
    counts.windows.update(example.cut.windows)
    if ids and (example_id := id_of(value)) in ids:
        counts.ids.add(example_id)


def _has_extra_texts(value: dict[str, Any], reading: ParsedContent) -> bool:
    """Whether a text under a key of another form beside `messages` is in no turn."""
    keys = FORM_KEYS & value.keys() if "messages" in value else ()
    extra_texts = {value[key] for key in keys if type(value[key]) is str}
    return bool(extra_texts) and not extra_texts <= {turn.text for turn in (*reading.turns, *reading.others)}


line_digest: Final = xxhash.xxh3_128_digest
"""128-bit hash of a line."""


def digests_of(lines: Iterable[bytes]) -> Hashes:
    """128-bit hash of each line, as two integers."""
    return pairs_of(map(line_digest, lines))


def pairs_of(digests: Iterable[bytes]) -> Hashes:
    """Digests of 128 bits as two integers each."""
    return hashes_of(b"".join(digests)).reshape(-1, 2)


def id_of(value: Any) -> str:
    """The id of an example in messages form."""
    return hashlib.blake2b(canonical(value), digest_size=16).hexdigest()


def _value_hash(value: Any) -> int:
    """A hash of the value of a key, 0 for none; 17, 17.0 and "17" are one value."""
    if value is None or value == "":
        return 0
    return hashed(
        value if type(value) is str else canonical(_with_whole_numbers(value)).decode("utf-8", "surrogatepass")
    )


def _with_whole_numbers(value: Any) -> Any:
    """A value in which each float without a fraction is an integer."""
    kind = type(value)
    if kind is list:
        return list(map(_with_whole_numbers, value))
    if kind is dict:
        return {key: _with_whole_numbers(value[key]) for key in value}
    return int(value) if kind is float and value.is_integer() else value
