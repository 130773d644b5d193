"""What is compared of the examples of a piece of a file: its lines read, their words hashed, as arrays."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import xxhash

from curate.example import canonical
from curate.verify.lines import Lines
from curate.verify.passages import Passages, Window
from curate.verify.reading import NotUnderstoodError, Reading, given, loads, read
from curate.verify.sets import Flags, Sets, distinct, joined, ordered, ranks_in, sets_of
from curate.verify.words import RUN, Hashes, Numbers, folded, mixed, sequences, shingles, word_hashes

LEAST: Final = 20
"""Words of the shortest answer that is compared by itself."""
WHOLE, QUESTION, ANSWER, LAST, TURN = 1, 2, 4, 8, 16
"""What a text is part of: the whole text, the user turns, the answer, the last answer of several; and whether it is a turn as it stands."""
SALT: Final = np.uint64(0xD1B54A32D192ED03)


class Wanted(NamedTuple):
    """What is asked of a file."""

    keys: tuple[str, ...] = ()
    """Paths of values that examples of several splits must not share."""
    passages: Passages = Passages(())
    ids: frozenset[str] = frozenset()
    """Ids of examples that are looked for."""
    requests: bool = False
    """Whether the texts of the last questions are wanted."""
    ranks: Path | None = None
    """The file that the order of hashes is in (`curate.verify.sets.Ranks`)."""


@dataclass(slots=True)
class Features:
    """Of the examples of a piece, in order; a number of 0 stands for nothing."""

    numbers: Numbers
    """The line of each."""
    digests: Hashes
    """Of each line, whether it holds an example or not, a hash of its bytes (128 bits, as two numbers)."""
    places: Numbers
    """The number of each line."""
    unread: list[tuple[int, str]]
    """Lines that hold no example, and why."""
    given: Hashes
    """All that a trainer is given."""
    asked: Hashes
    """The words of the user turns, and the attachments."""
    turns: Hashes
    """All turns, of one that ends on an answer."""
    begun: Hashes
    """The turns up to each answer but the last turn."""
    begun_by: Numbers
    """The example of each."""
    keys: Hashes
    """One column a key: what stands there."""
    whole: Sets
    """Shingles of the whole texts."""
    whole_of: Numbers
    """The example of each."""
    answers: Sets
    """Shingles of the answers that are compared."""
    answer_of: Numbers
    """The example of each."""
    short: Hashes
    """The words of the answers that are too short to be compared."""
    characters: int
    attached: int
    """Examples with attachments."""
    others: int
    """Examples that are not in messages form."""
    wordless: int
    """Examples without a word in their whole text."""
    ids: frozenset[str]
    """Those that were looked for and are here."""
    windows: Counter[Window]
    """Of each run of a shared passage the examples that have it."""
    requests: list[tuple[int, str]] = field(default_factory=list)
    """Where wanted: the last question of each example that has one."""


class _Texts:
    """Texts of examples, in order, and what each is part of."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.flags: list[int] = []
        self.roles: list[int] = []
        self.of: list[int] = []

    def add(self, text: str, flags: int, role: int, example: int) -> None:
        self.texts.append(text)
        self.flags.append(flags)
        self.roles.append(role)
        self.of.append(example)


def features_of(lines: Lines, wanted: Wanted) -> Features:
    """Read lines and hash what is compared of them."""
    texts, windows = _Texts(), Counter[Window]()
    numbers: list[int] = []
    unread: list[tuple[int, str]] = []
    hashes: list[tuple[int, int]] = []
    keys: list[list[int]] = []
    ids: set[str] = set()
    requests: list[tuple[int, str]] = []
    characters = others = 0
    for number, line in zip(lines.numbers, lines.lines, strict=True):
        try:
            value = loads(line)
            reading = read(value)
        except NotUnderstoodError as error:
            unread.append((number, str(error)))
            continue
        at = len(numbers)
        numbers.append(number)
        data = canonical(given(value))
        hashes.append((xxhash.xxh3_64_intdigest(data), xxhash.xxh3_64_intdigest(canonical(reading.attached)) if reading.attached else 0))
        characters += reading.characters
        others += "messages" not in value
        if wanted.keys:
            keys.append([_hashed(value_at(value, key)) for key in wanted.keys])
        if wanted.ids and (example := id_of(value)) in wanted.ids:
            ids.add(example)
        if wanted.requests and (asked := [turn.text for turn in reading.turns if turn.role == "user"]) and asked[-1].strip():
            requests.append((at, asked[-1]))
        windows.update(_add(reading, texts, at, wanted.passages))
    made = _made(texts, wanted, np.array(hashes, dtype=np.uint64).reshape(-1, 2))
    columns = np.array(keys, dtype=np.uint64).reshape(len(numbers), len(wanted.keys))
    places = np.array(lines.numbers, dtype=np.int64)
    at_lines = np.array(numbers, dtype=np.int64)
    return Features(
        at_lines, digests_of(lines.lines), places, unread, **made, keys=columns, characters=characters, others=others, ids=frozenset(ids),
        windows=windows, requests=requests,
    )  # fmt: skip


def digests_of(lines: Sequence[bytes]) -> Hashes:
    """128 bits of each line, as two numbers."""
    return np.frombuffer(b"".join(map(xxhash.xxh3_128_digest, lines)), dtype=">u8").astype(np.uint64).reshape(-1, 2)


def id_of(value: Any) -> str:
    """The id of an example in messages form."""
    return hashlib.blake2b(canonical(value), digest_size=16).hexdigest()


def value_at(value: Any, path: str) -> Any:
    """What stands under a path, `meta.source` or `/meta/source`; None where nothing does."""
    if path in value:
        return value[path]
    for key in [key.replace("~1", "/").replace("~0", "~") for key in path[1:].split("/")] if path.startswith("/") else path.split("."):
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _hashed(value: Any) -> int:
    return 0 if value is None else xxhash.xxh3_64_intdigest(canonical(value)) or 1


def _add(reading: Reading, texts: _Texts, example: int, passages: Passages) -> frozenset[Window]:
    """Put the turns of an example among the texts; the runs of shared passages that it has."""
    turns = [turn for turn in reading.turns if turn.role != "system"]
    answers = [at for at, turn in enumerate(turns) if turn.role == "assistant"]
    last = answers[-1] if len(answers) > 1 else -1
    cut = passages.cut([turn.text for turn in turns if turn.role == "user"]) if passages else None
    left = iter(cut.turns) if cut and cut.turns is not None else None
    for at, turn in enumerate(turns):
        if turn.role == "user":
            texts.add(turn.said, QUESTION | TURN | (0 if left else WHOLE), 1, example)
            if left:
                texts.add(next(left), WHOLE, 0, example)
        elif turn.role == "assistant":
            texts.add(turn.said, WHOLE | ANSWER | TURN | (LAST if at == last else 0), 2, example)
        else:
            texts.add(turn.said, WHOLE | TURN, 3, example)
    for turn in reading.others:
        texts.add(turn.said, WHOLE, 0, example)
    return cut.windows if cut else frozenset()


def _made(texts: _Texts, wanted: Wanted, hashes: Hashes) -> dict[str, Any]:
    """The features that are made of words. hashes: of each example what it is given, and its attachments."""
    count = len(hashes)
    words, counts = word_hashes(texts.texts)
    flags, roles, of = (np.array(column, dtype=np.int64) for column in (texts.flags, texts.roles, texts.of))
    salts = np.where(hashes[:, 1] == 0, np.uint64(0), mixed(hashes[:, 1]))

    def view(part: int) -> tuple[Hashes, Numbers]:
        """The words of the texts that are part of something, and how many each example has."""
        chosen = (flags & part) != 0
        return words[np.repeat(chosen, counts)], np.bincount(of[chosen], weights=counts[chosen], minlength=count).astype(np.int64)

    whole, said = view(WHOLE), np.repeat((flags & ANSWER) != 0, counts)
    answers = [view(ANSWER), view(LAST)]
    once = np.bincount(of[(flags & ANSWER) != 0], minlength=count) == 1
    short = np.unique(of[(flags & ANSWER) != 0])
    short = short[answers[0][1][short] < LEAST]
    return {
        "given": hashes[:, 0],
        "asked": _asked(texts, flags, of, view(QUESTION), salts),
        **_beginnings(texts, words, counts, flags, roles, of, count),
        **_compared(whole, said[np.repeat((flags & WHOLE) != 0, counts)], once, salts, answers, wanted),
        "short": sequences(*answers[0])[short],
        "attached": int(np.count_nonzero(hashes[:, 1])),
        "wordless": int(np.count_nonzero(whole[1] == 0)),
    }


def _compared(
    whole: tuple[Hashes, Numbers], said: Flags, once: Flags, salts: Hashes, answers: Sequence[tuple[Hashes, Numbers]], wanted: Wanted
) -> dict[str, Any]:
    """The sets of whole texts and of answers, and the example of each.

    said: of each word of the whole texts whether it is the assistant's; once: whether the assistant has one turn; answers: words of all assistant turns,
    and of the last one of several. An answer in one turn has the shingles that the whole text has inside of it, so that these are put in order once.
    """
    ranks = None if wanted.ranks is None else ranks_in(wanted.ranks)
    count = len(salts)
    hashes, owners, firsts = shingles(*whole, salts)
    order = ordered(hashes, owners, count, ranks)
    hashes, owners, firsts = hashes[order], owners[order], firsts[order]
    some = np.bincount(owners, minlength=count) > 0
    single = once & (answers[0][1] >= LEAST) & (salts == 0)
    inside = single[owners] & said[firsts] & said[np.minimum(firsts + RUN - 1, len(said) - 1)]
    long = [_long(*answers[0], answers[0][1] >= np.where(single, np.inf, LEAST)), _long(*answers[1], answers[1][1] >= LEAST)]
    words, sizes, of = (np.concatenate([part[nth] for part in long]) for nth in (0, 1, 2))
    others, parts, _ = shingles(words, sizes)
    return {
        "whole": distinct(hashes, (np.cumsum(some) - 1)[owners], int(some.sum())),
        "whole_of": np.flatnonzero(some),
        "answers": joined([distinct(hashes[inside], (np.cumsum(single) - 1)[owners[inside]], int(single.sum())), sets_of(others, parts, len(sizes), ranks)]),
        "answer_of": np.concatenate((np.flatnonzero(single), of)),
    }


def _long(words: Hashes, counts: Numbers, chosen: Flags) -> tuple[Hashes, Numbers, Numbers]:
    """Some of the sequences: their words, how many, and which they are."""
    return words[np.repeat(chosen, counts)], counts[chosen], np.flatnonzero(chosen)


def _asked(texts: _Texts, flags: Numbers, of: Numbers, view: tuple[Hashes, Numbers], salts: Hashes) -> Hashes:
    words, counts = view
    asked = sequences(words, counts)
    there = np.zeros(len(counts), dtype=np.bool_)
    there[of[(flags & QUESTION) != 0]] = True
    wordless = set(np.flatnonzero(there & (counts == 0)).tolist())
    said: dict[int, list[str]] = {}
    for text, flag, example in zip(texts.texts, texts.flags, texts.of, strict=True) if wordless else ():
        if flag & QUESTION and example in wordless:
            said.setdefault(example, []).append(folded(text))
    for example, lines in said.items():
        asked[example] = _hashed("\n".join(lines))
    return np.where(there, np.maximum(mixed(asked ^ salts), np.uint64(1)), np.uint64(0))


def _beginnings(texts: _Texts, words: Hashes, counts: Numbers, flags: Numbers, roles: Numbers, of: Numbers, count: int) -> dict[str, Any]:
    """Hashes of the first turns of each example, up to each answer."""
    chosen = (flags & TURN) != 0
    said = sequences(words[np.repeat(chosen, counts)], counts[chosen])
    for at in np.flatnonzero(counts[chosen] == 0).tolist():
        said[at] = _hashed(folded(texts.texts[int(np.flatnonzero(chosen)[at])]))
    said = mixed(said ^ (roles[chosen].astype(np.uint64) * SALT))
    by, roles = of[chosen], roles[chosen]
    sizes = np.bincount(by, minlength=count)
    ends = np.cumsum(sizes)
    starts = np.repeat(ends - sizes, sizes)
    upto = _running(said, np.arange(len(said)) - starts, starts)
    last = np.zeros(len(said), dtype=np.bool_)
    last[ends[sizes > 0] - 1] = True
    turns = np.zeros(count, dtype=np.uint64)
    ending = last & (roles == 2)
    turns[by[ending]] = upto[ending]
    before = ~last & (roles == 2)
    return {"turns": turns, "begun": upto[before], "begun_by": by[before]}


def _running(hashes: Hashes, places: Numbers, starts: Numbers) -> Hashes:
    """A hash of each sequence up to each of its elements. places: of each element its position there; starts: where its sequence begins."""
    factors = mixed(places.astype(np.uint64)) | np.uint64(1)
    sums = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(hashes * factors)))
    return np.maximum(mixed(sums[1:] - sums[starts] + places.astype(np.uint64)), np.uint64(1))
