"""The columns of plain lines (see `curate.read.plain_columns`): the same as those of `curate.corpus.features`, computed
in a third of the time.
"""

from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from typing import Final, NamedTuple

from curate.core.lazy import Flags, Ids, Numbers, np
from curate.corpus.boilerplate import Passages, own_texts
from curate.corpus.dedup_text import On, Segment, turns_of
from curate.corpus.keys import Keys
from curate.corpus.short_text_keys import SHORT_TEXT_CHARS, ShortTexts
from curate.corpus.strata import FORMAT_NAMES, Marks
from curate.read.plain_columns import ROLES, PlainColumns
from curate.similarity.shingles import Sets, Shingling, shingled, texts_in, texts_of

MAX_TURNS: Final = 31
"""Maximum number of turns of a conversation whose roles fit into a number, at two bits each."""


def places_in(data: bytes, offset: int, plain: PlainColumns) -> tuple[Numbers, Numbers, Numbers]:
    """The starts of the lines in the file (the bytes start at `offset`), their sizes, and those of their endings."""
    starts, behind = plain.starts[plain.numbers - 1], plain.starts[plain.numbers]
    ended = behind <= len(data)
    last = np.frombuffer(data, dtype=np.uint8)[np.maximum(behind - 2, 0)] if len(data) else behind
    returns = ended & (behind - starts > 1) & (last == 13)  # a carriage return alone is not a line ending
    return offset + starts, behind - 1 - starts - returns, ended + returns.astype(np.int64)


def ids_of(plain: PlainColumns) -> Ids:
    """The ids of the examples."""
    canon = memoryview(plain.canon)
    digests = b"".join(
        [blake2b(canon[start:end], digest_size=16).digest() for start, end in plain.lines[:, 2:4].tolist()]
    )
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64).reshape(-1, 2)


def sets_of(
    plain: PlainColumns,
    on: On,
    shingling: Shingling,
    common: Passages | None,
    *,
    short_texts: bool,
    whole_sets: Sets | None,
) -> tuple[Sets, ShortTexts]:
    """The shingles of the compared texts (`whole_sets` if they are known and nothing is left out), and the words of
    short texts.
    """
    count = len(plain.lines)
    if common:
        shorter_texts = own_texts([_pieces(plain, row, on) for row in range(count)], common)
        return shingled(texts_of(shorter_texts), shingling), ShortTexts.of(
            shorter_texts
        ) if short_texts else ShortTexts.of_some(count, {})
    if whole_sets is not None and not short_texts:
        return whole_sets, ShortTexts.of_some(count, {})
    spans = _compared(plain, on)
    buffer = plain.text
    texts = texts_in(buffer, spans.starts, spans.ends, spans.plain, spans.scattered)
    sizes, scattered = spans.ends - spans.starts, dict(spans.scattered)
    short = np.flatnonzero(spans.plain & (sizes > 0) & (sizes <= SHORT_TEXT_CHARS))
    for row in np.flatnonzero(
        ~spans.plain & (sizes <= 4 * SHORT_TEXT_CHARS)
    ).tolist():  # sizes in bytes; a character has at most 4
        scattered.setdefault(row, plain.text_slice(int(spans.starts[row]), int(spans.ends[row])))
    words = ShortTexts.of_spans(
        len(sizes), buffer, short, np.stack([spans.starts[short], spans.ends[short]]), scattered
    )
    return shingled(texts, shingling), words


def _pieces(plain: PlainColumns, row: int, on: On) -> list[Segment]:
    """`curate.corpus.dedup_text.segments_of` for a line."""
    roles, texts = plain.conversation(row)
    return [Segment(texts[index], roles[index] == "user") for index in turns_of(roles, on)]


class _Spans(NamedTuple):
    """Where the compared text of each example is in `PlainColumns.text`."""

    starts: Numbers
    ends: Numbers
    plain: Flags
    """Whether all of it is ASCII."""
    scattered: list[tuple[int, str]]
    """Texts that are not contiguous, by number; they are empty in the arrays."""


def _compared(plain: PlainColumns, on: On) -> _Spans:
    """The compared text of each example.

    Compared turns are usually consecutive, with a line break between them, as in `PlainColumns.text`. That depends on
    the roles alone and is decided once per sequence of roles.
    """
    turns, (first, counts) = plain.turns, plain.lines[:, :2].T
    roles, starts, ends = turns[:, 0], turns[:, 3], turns[:, 4]
    beyond = np.append(0, np.cumsum(turns[:, 6] == 0))
    begin, stop = np.zeros((2, len(first)), dtype=np.int64)  # first and last + 1 of the compared turns of each
    scattered: list[tuple[int, str]] = []
    for group in _of_one_pattern(roles, first, counts):
        chosen = _turns(tuple(roles[first[group[0]] : first[group[0]] + counts[group[0]]].tolist()), on)
        if chosen and chosen[-1] - chosen[0] == len(chosen) - 1:
            begin[group], stop[group] = first[group] + chosen[0], first[group] + chosen[-1] + 1
        elif chosen:
            for row in group.tolist():
                spans = turns[[int(first[row]) + turn for turn in chosen], 3:5].tolist()
                scattered.append((row, "\n".join([plain.text_slice(start, end) for start, end in spans])))
    non_empty = np.flatnonzero(stop > begin)
    froms, tos = np.zeros((2, len(first)), dtype=np.int64)
    froms[non_empty], tos[non_empty] = starts[begin[non_empty]], ends[stop[non_empty] - 1]
    return _Spans(froms, tos, beyond[stop] == beyond[begin], scattered)


def _of_one_pattern(roles: Numbers, first: Numbers, counts: Numbers) -> Iterator[Numbers]:
    """The numbers of conversations, those of the same roles together; long ones one by one."""
    if not len(first):
        return
    position = np.minimum(np.arange(len(roles)) - np.repeat(first, counts), MAX_TURNS)
    codes = np.add.reduceat((roles + 1) << (2 * position), first)  # two bits a role
    codes[counts > MAX_TURNS] = 0
    order = np.argsort(codes, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        yield from group[:, None] if codes[group[0]] == 0 else [group]


@cache
def _turns(roles: tuple[int, ...], on: On) -> tuple[int, ...]:
    return turns_of(tuple(ROLES[role] for role in roles), on)


def keys_of(plain: PlainColumns) -> Keys:
    """The keys of the examples."""
    from curate.read.plain_columns import keys_of_lines

    count, turns = len(plain.lines), len(plain.turns)
    conversation_hashes, prefix_hashes, ends = (
        np.zeros(count, dtype=np.uint64),
        np.empty(turns, dtype=np.uint64),
        np.zeros(count + 1, dtype=np.int64),
    )
    used = keys_of_lines(
        plain.canon, plain.turns, plain.lines, ROLES.index("assistant"), conversation_hashes, prefix_hashes, ends
    )
    return Keys(conversation_hashes, prefix_hashes[:used].copy(), ends)


def lengths_of(plain: PlainColumns) -> Numbers:
    """Characters of all turns of each."""
    return np.add.reduceat(plain.turns[:, 5], plain.lines[:, 0]) if len(plain.numbers) else np.empty(0, dtype=np.int64)


def marks_of(plain: PlainColumns, keys: int) -> Marks:
    """The marks of the examples, without traits; `keys`: number of keys to group by, which plain lines do not have."""
    count = len(plain.numbers)
    formats = np.full(count, FORMAT_NAMES.index("messages"), dtype=np.uint8)
    return Marks(formats, np.zeros((count, keys), dtype=np.uint64), np.zeros((count, 0), dtype=np.uint64))
