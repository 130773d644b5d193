"""The features of the examples in a chunk that are compared: lines are parsed and words hashed into arrays."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import orjson
import xxhash

from curate.core.example import canonical, value_at
from curate.core.text import excerpt
from curate.verify.lines import ChunkLines
from curate.verify.near_questions import part_keys
from curate.verify.passages import Passages, Window
from curate.verify.reading import NotUnderstoodError, Reading, loads, read, trained_keys
from curate.verify.shared_texts import FIRST_TURN_WORDS, may_have_blocks, runs_of
from curate.verify.similarity_index import Flags, Sets, joined
from curate.verify.words import SHINGLE_WORDS, Hashes, Numbers, folded, mixed, sequences, shingles, weights, word_hashes

GAPS: Final = (b" :", b"\t:", b"\r:", b"\n:")
"""White space between a key and its colon."""
ESCAPES: Final = (b"\\u0022", b"\\u003a", b"\\u003A")
"""A quotation mark or a colon that stands in the text of the value only."""


def require_once(line: bytes, value: Any) -> None:
    """Raise `NotUnderstoodError` if an object of a parsed line has a key twice: which value counts is not known.

    Only lines whose number of keys may not be that of `value` are parsed again.
    """
    try:
        plain = not any(form in line for form in (*GAPS, *ESCAPES))
        if plain and line.count(b'":') == orjson.dumps(value).count(b'":'):
            return
    except (TypeError, orjson.JSONEncodeError):
        pass
    with suppress(RecursionError):
        json.loads(line.decode("utf-8"), object_pairs_hook=_once_each)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        repeated = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise NotUnderstoodError(f"the key {excerpt(repeated)!r} occurs twice in one object")
    return value


def read_line(line: bytes) -> tuple[Any, Reading]:
    """Parse a line of a split. Raises `NotUnderstoodError`."""
    value = loads(line)
    require_once(line, value)
    reading = read(value)
    return {"messages": value} if type(value) is list else value, reading


def unread(line: bytes) -> str:
    """Why a line holds no example that can be compared; empty if it holds one."""
    try:
        read_line(line)
    except NotUnderstoodError as error:
        return str(error)
    return ""


MIN_ANSWER_WORDS: Final = 20
"""Minimum number of words of an answer that is compared by itself."""
WHOLE, QUESTION, ANSWER, EACH, TURN, FIRST, BLOCK = 1, 2, 4, 8, 16, 32, 64
"""Bit flags of a text: part of the whole text, question, answer, one of several answers, a turn, the first user turn, a
text that may have blocks.
"""
REASONING: Final = re.compile(rb'"(?:reasoning(?:_content)?|thinking)"\s*:\s*"[^"]')
"""Reasoning under a key of its own, in the bytes of a line."""
FORM_KEYS: Final = frozenset(
    ("prompt", "completion", "instruction", "input", "output", "response", "text", "question", "answer")
)
"""Keys of a question or an answer in forms without `messages`."""
ROLES: Final = {"user": 1, "assistant": 2, "tool": 3}
SALT: Final = np.uint64(0xD1B54A32D192ED03)


class RequestedFeatures(NamedTuple):
    """Which features to compute for a file."""

    keys: tuple[str, ...] = ()
    """Paths of values that examples of different splits must not share."""
    passages: Passages = Passages(())
    ids: frozenset[str] = frozenset()
    """Ids of examples to look for."""
    requests: bool = False
    """Whether to return the texts of the last questions."""


class Shingled(NamedTuple):
    """Sets of shingles, unordered, and the line of the example of each set."""

    sets: Sets
    lines: Numbers


@dataclass(slots=True, kw_only=True)
class ExampleColumns:
    """Features of examples, in order; hash 0 means none."""

    digests: Hashes
    """128-bit hash of the bytes of each line, as two integers."""
    given: Hashes
    """Hash of the complete training input and output."""
    asked: Hashes
    """Hash of the words of the user turns and of the attachments."""
    turns: Hashes
    """Hash of all turns, for an example that ends with an answer."""
    begun: Hashes
    """Hash of the turns up to each answer that is not the last turn."""
    begun_by: Numbers
    """The line or place of each."""
    keys: Hashes
    """One column per key: the hash of the value."""
    first_turn: Hashes
    """Hash of the words of the first user turn and of the attachments."""
    near: Hashes
    """Keys of the question without a part, one column per part."""
    blocks: Hashes
    """The keys of the runs of blocks."""
    block_by: Numbers
    """The line or place of each; of the first split the first one in each chunk that has it."""
    block_examples: Numbers
    """The number of examples that each stands for."""
    short: Hashes
    """The words of the answers that are too short to be compared."""
    attached: int
    """Examples with attachments."""
    short_turns: int
    """Examples with several answers, one of which is too short to be compared by itself."""
    rejected: int
    """Examples with a rejected answer."""
    beside: int
    """Examples in messages form with text under keys of another form."""
    reasoned: int
    """Examples with reasoning beside the text of a turn."""
    others: int
    """Examples that are not in messages form."""
    wordless: int
    """Examples without a word in their whole text."""
    ids: frozenset[str]
    """The ids looked for that occur here."""
    windows: Counter[Window]
    """For each run of a shared passage, the examples that contain it."""
    requests: list[tuple[int, str]]
    """If requested: line or place, and text, of each last question."""


@dataclass(slots=True, kw_only=True)
class Features(ExampleColumns):
    """Features of the examples of a chunk."""

    places: Numbers
    """The number of each line, whether or not it holds an example."""
    unread: list[tuple[int, str]]
    """Lines that hold no example, with the reason."""
    lines: Numbers
    """The line of each example."""
    whole: Shingled
    answers: Shingled
    """Shingles of the answers that are compared."""
    characters: int

    def merge_blocks(self) -> None:
        """Keep of each run the first example that has it, and the number of all."""
        self.blocks, firsts, counts = np.unique(self.blocks, return_index=True, return_counts=True)
        self.block_by, self.block_examples = self.block_by[firsts], counts

    def shift(self, by: int) -> None:
        """Add an offset to all line numbers."""
        for numbers in (self.places, self.lines, self.begun_by, self.block_by, self.whole.lines, self.answers.lines):
            np.add(numbers, by, out=numbers)
        self.unread = [(line + by, why) for line, why in self.unread]
        self.requests = [(line + by, text) for line, text in self.requests]


class _Text(NamedTuple):
    """A text of an example, and the part that it belongs to."""

    text: str
    part_of: int
    role: int
    example: int


def features_of(lines: ChunkLines, wanted: RequestedFeatures) -> Features:
    """Parse lines and compute the features that are compared."""
    texts: list[_Text] = []
    systems: dict[str, list[int]] = {}
    windows = Counter[Window]()
    numbers: list[int] = []
    unread: list[tuple[int, str]] = []
    hashes: list[tuple[int, int]] = []
    keys: list[list[int]] = []
    ids: set[str] = set()
    requests: list[tuple[int, str]] = []
    characters = others = rejected = beside = reasoned = 0
    for number, line in zip(*lines, strict=True):
        try:
            value, reading = read_line(line)
        except NotUnderstoodError as error:
            unread.append((number, str(error)))
            continue
        given = trained_keys(value)
        if "messages" not in value:  # turns under keys that are no trainer's
            given = {**given, "messages": [[turn.role, turn.full_text] for turn in reading.turns]}
        data = canonical(given)
        hashes.append(
            (
                xxhash.xxh3_64_intdigest(data),
                xxhash.xxh3_64_intdigest(canonical(reading.attached)) if reading.attached else 0,
            )
        )
        characters += reading.characters
        others += "messages" not in value
        rejected += bool(reading.others)
        beside += len(value) > 1 and _has_texts_beside(value, reading)
        reasoned += REASONING.search(line) is not None
        keys.append([_hashed(value_at(value, key)) for key in wanted.keys])
        if wanted.ids and (example := id_of(value)) in wanted.ids:
            ids.add(example)
        if (
            wanted.requests
            and (asked := [turn.text for turn in reading.turns if turn.role == "user"])
            and asked[-1].strip()
        ):
            requests.append((number, asked[-1]))
        windows.update(_add(reading, texts, len(numbers), wanted.passages))
        for turn in reading.turns:
            if turn.role == "system" and may_have_blocks(turn.text):
                systems.setdefault(turn.text, []).append(len(numbers))
        numbers.append(number)
    words = _Words(texts, np.array(hashes, dtype=np.uint64).reshape(-1, 2), np.array(numbers, dtype=np.int64))
    made = {**words.features(), **words.blocks(systems)}
    columns = np.array(keys, dtype=np.uint64).reshape(len(numbers), len(wanted.keys))
    return Features(
        places=np.array(lines.numbers, dtype=np.int64), digests=digests_of(lines.lines), unread=unread, **made,
        keys=columns,
        characters=characters, others=others, rejected=rejected, beside=beside, reasoned=reasoned,
        ids=frozenset(ids), windows=windows, requests=requests,
    )  # fmt: skip


def _has_texts_beside(value: dict[str, Any], reading: Reading) -> bool:
    """Whether a text under a key of another form beside `messages` is in no turn."""
    keys = FORM_KEYS & value.keys() if "messages" in value else ()
    beside = {value[key] for key in keys if type(value[key]) is str}
    return bool(beside) and not beside <= {turn.text for turn in (*reading.turns, *reading.others)}


line_digest: Final = xxhash.xxh3_128_digest
"""128-bit hash of a line."""


def digests_of(lines: Sequence[bytes]) -> Hashes:
    """128-bit hash of each line, as two integers."""
    return hashes_of(map(line_digest, lines))


def hashes_of(digests: Iterable[bytes]) -> Hashes:
    """Digests as two integers each."""
    return np.frombuffer(b"".join(digests), dtype=">u8").astype(np.uint64).reshape(-1, 2)


def id_of(value: Any) -> str:
    """The id of an example in messages form."""
    return hashlib.blake2b(canonical(value), digest_size=16).hexdigest()


def _hashed(value: Any) -> int:
    """A hash of the value of a key, 0 for none; 17, 17.0 and "17" are one value."""
    if value is None or value == "":
        return 0
    text = value.encode("utf-8", "surrogatepass") if type(value) is str else canonical(_number(value))
    return xxhash.xxh3_64_intdigest(text) or 1


def _number(value: Any) -> Any:
    kind = type(value)
    if kind is list:
        return list(map(_number, value))
    if kind is dict:
        return {key: _number(value[key]) for key in value}
    return int(value) if kind is float and value.is_integer() else value


def _add(reading: Reading, texts: list[_Text], example: int, passages: Passages) -> frozenset[Window]:
    """Append the turns of an example to `texts`; returns the runs of shared passages that it contains."""
    turns = [turn for turn in reading.turns if turn.role != "system"]
    several = sum(turn.role == "assistant" for turn in turns) > 1
    cut = passages.cut([turn.text for turn in turns if turn.role == "user"]) if passages else None
    left = iter(cut.turns) if cut and cut.turns is not None else None
    asks = True
    for turn in turns:
        part_of = TURN | (0 if left and turn.role == "user" else WHOLE)
        if turn.role != "assistant" and may_have_blocks(turn.text):
            part_of |= BLOCK
        if turn.role == "user":
            part_of |= QUESTION | (FIRST if asks else 0)
            asks = False
        elif turn.role == "assistant":
            part_of |= ANSWER | (EACH if several else 0)
        texts.append(_Text(turn.full_text, part_of, ROLES[turn.role], example))
        if left and turn.role == "user":
            texts.append(_Text(next(left), WHOLE, 0, example))
    texts.extend(_Text(turn.full_text, WHOLE, 0, example) for turn in reading.others)
    return cut.windows if cut else frozenset()


class _Words:
    def __init__(self, texts: Sequence[_Text], hashes: Hashes, lines: Numbers) -> None:
        """hashes: for each example, the hash of its training input and of its attachments."""
        columns: tuple[Any, ...] = tuple(zip(*texts, strict=True)) or ((), (), (), ())
        self.texts: Sequence[str] = columns[0]
        self.words, self.counts = word_hashes(self.texts)
        self.part_of, self.role, self.of = (np.array(column, dtype=np.int64) for column in columns[1:])
        self.hashes, self.lines = hashes, lines
        self.salts = np.where(hashes[:, 1] == 0, np.uint64(0), mixed(hashes[:, 1]))

    def part(self, part: int) -> tuple[Hashes, Numbers]:
        """The word hashes of the texts with a part flag, and the number of words per example."""
        chosen = (self.part_of & part) != 0
        counts = np.bincount(self.of[chosen], weights=self.counts[chosen], minlength=len(self.lines)).astype(np.int64)
        return self.words[np.repeat(chosen, self.counts)], counts

    def features(self) -> dict[str, Any]:
        """The features that are computed from words."""
        answers = self.part(ANSWER)
        answered = np.bincount(self.of[(self.part_of & ANSWER) != 0], minlength=len(self.lines))
        return {
            "lines": self.lines,
            "given": self.hashes[:, 0],
            "asked": self._prompt_hash(),
            "first_turn": self._first_turns(),
            "near": part_keys(*self.part(QUESTION), self.salts),
            **self._beginnings(),
            **self._shingled(answers, answered == 1),
            "short": sequences(*answers)[(answered > 0) & (answers[1] < MIN_ANSWER_WORDS)],
            "attached": int(np.count_nonzero(self.hashes[:, 1])),
            "short_turns": len(np.unique(self.of[((self.part_of & EACH) != 0) & (self.counts < MIN_ANSWER_WORDS)])),
        }

    def _shingled(self, answers: tuple[Hashes, Numbers], once: Flags) -> dict[str, Any]:
        """The shingle sets of whole texts and of answers; `once`: whether the assistant has one turn.

        The shingles of a single answer are part of those of the whole text and are computed once.
        """
        words, counts = self.part(WHOLE)
        hashes, owners, firsts = shingles(words, counts, self.salts)
        sizes = np.bincount(owners, minlength=len(counts))
        answered = np.repeat((self.part_of & ANSWER) != 0, self.counts)[
            np.repeat((self.part_of & WHOLE) != 0, self.counts)
        ]
        single = once & (answers[1] >= MIN_ANSWER_WORDS) & (self.salts == 0)
        inside = single[owners] & answered[firsts] & answered[np.minimum(firsts + SHINGLE_WORDS - 1, len(answered) - 1)]
        sets = [Sets(hashes[inside], np.bincount(owners[inside], minlength=len(counts))[single])]
        numbers = [np.flatnonzero(single)]
        each = np.flatnonzero(self.part_of & EACH)
        for words, lengths, example, compared in (
            (*answers, np.arange(len(counts)), ~single),
            (self.part(EACH)[0], self.counts[each], self.of[each], True),
        ):
            long = (lengths >= MIN_ANSWER_WORDS) & compared
            others, of, _ = shingles(words[np.repeat(long, lengths)], lengths[long])
            sets.append(Sets(others, np.bincount(of, minlength=int(long.sum()))))
            numbers.append(example[long])
        return {
            "whole": Shingled(Sets(hashes, sizes[sizes > 0]), self.lines[sizes > 0]),
            "answers": Shingled(joined(sets), self.lines[np.concatenate(numbers)]),
            "wordless": int(np.count_nonzero(counts == 0)),
        }

    def _prompt_hash(self) -> Hashes:
        """Hash of the words of the user turns, or of their texts if they have no words."""
        words, counts = self.part(QUESTION)
        asked = sequences(words, counts)
        questions = (self.part_of & QUESTION) != 0
        there = np.bincount(self.of[questions], minlength=len(counts)) > 0
        signs_of: dict[int, list[str]] = {}
        for at in np.flatnonzero(questions & (counts == 0)[self.of]).tolist():
            signs_of.setdefault(int(self.of[at]), []).extend(folded(self.texts[at]).split())
        for example, signs in signs_of.items():
            asked[example] = _hashed(" ".join(signs))
        return np.where(there, np.maximum(mixed(asked ^ self.salts), np.uint64(1)), np.uint64(0))

    def _first_turns(self) -> Hashes:
        """Hash of the words of the first user turn, 0 for few words."""
        words, counts = self.part(FIRST)
        keys = np.maximum(mixed(sequences(words, counts) ^ self.salts), np.uint64(1))
        return np.where(counts >= FIRST_TURN_WORDS, keys, np.uint64(0))

    def blocks(self, systems: Mapping[str, Sequence[int]]) -> dict[str, Any]:
        """The runs of blocks of all examples; systems: the examples of each system prompt."""
        chosen = (self.part_of & BLOCK) != 0
        at = np.flatnonzero(chosen)
        inside = self.words[np.repeat(chosen, self.counts)]
        runs = runs_of([self.texts[one] for one in at.tolist()], inside, self.counts[at])
        shared = runs_of(list(systems), *word_hashes(list(systems)))
        examples = [np.array(some, dtype=np.int64) for some in systems.values()]
        keys, by = [runs.keys], [self.of[at[runs.texts]]]
        for key, text in zip(shared.keys, shared.texts.tolist(), strict=True):
            keys.append(np.repeat(key, len(examples[text])))
            by.append(examples[text])
        hashes, owners = np.concatenate(keys), np.concatenate(by)
        order = np.lexsort((hashes, owners))
        hashes, owners = hashes[order], owners[order]
        new = np.append(True, (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1]))[: len(hashes)]
        return {
            "blocks": hashes[new],
            "block_by": self.lines[owners[new]],
            "block_examples": np.ones(np.count_nonzero(new), dtype=np.int64),
        }

    def _beginnings(self) -> dict[str, Any]:
        """Hashes of the first turns of each example, up to each answer."""
        chosen = np.flatnonzero(self.part_of & TURN)
        hashes = sequences(self.words[np.repeat((self.part_of & TURN) != 0, self.counts)], self.counts[chosen])
        for at in np.flatnonzero(self.counts[chosen] == 0).tolist():
            hashes[at] = _hashed(folded(self.texts[chosen[at]]))
        by, roles = self.of[chosen], self.role[chosen]
        hashes = mixed(hashes ^ (roles.astype(np.uint64) * SALT))
        sizes = np.bincount(by, minlength=len(self.lines))
        ends = np.cumsum(sizes)
        starts = np.repeat(ends - sizes, sizes)
        upto = _prefix_hashes(hashes, np.arange(len(hashes)) - starts, starts)
        last = np.zeros(len(hashes), dtype=np.bool_)
        last[ends[sizes > 0] - 1] = True
        turns = np.zeros(len(self.lines), dtype=np.uint64)
        ending, before = last & (roles == ROLES["assistant"]), ~last & (roles == ROLES["assistant"])
        turns[by[ending]] = upto[ending]
        return {"turns": turns, "begun": upto[before], "begun_by": self.lines[by[before]]}


def _prefix_hashes(hashes: Hashes, places: Numbers, starts: Numbers) -> Hashes:
    """Hash of every prefix of each sequence.

    places: position of each element in its sequence; starts: start of its sequence.
    """
    sums = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(hashes * weights(places))))
    return np.maximum(mixed(sums[1:] - sums[starts] + places.astype(np.uint64)), np.uint64(1))
