"""Whether pairs of lines agree in their facts, many at once: as `curate.detect.facts.Facts` says, in a quarter of the time.

Plain lines are taken apart by compiled code, which also tells the words that two do not share; what these mean is told as ever. All other
lines are read as examples.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from curate.detect.boilerplate import Passages
from curate.detect.compared import On, compared_turns
from curate.detect.facts import Facts, ask_alike, same_side, same_words
from curate.detect.table import Reader, Source, Spot, Table, changed
from curate.example import Example, Place

if TYPE_CHECKING:
    import numpy as np

    from curate.read.outline import Outlined

    Numbers = np.ndarray[Any, np.dtype[np.int64]]
    Ids = np.ndarray[Any, np.dtype[np.uint64]]
    Flags = np.ndarray[Any, np.dtype[np.bool_]]

ASKED: Final = 0
SIDES: Final = (ASKED, 1)
"""What is asked, and what is answered."""


class Lines(NamedTuple):
    """Where some lines can be read again; arrays of one element a line."""

    sources: list[Source]
    source: "Numbers"
    starts: "Numbers"
    sizes: "Numbers"
    endings: "Numbers"
    numbers: "Numbers"
    nths: "Numbers"
    ids: "Ids"

    @classmethod
    def of(cls, table: Table, examples: "Numbers") -> "Lines":
        """Those of some examples."""
        lines = table.lines[examples]
        source = table.first.searchsorted(lines, side="right") - 1
        return cls(
            table.sources, source, table.starts[lines], table.sizes[lines], table.endings[lines], table.numbers[lines], table.nths[lines], table.ids[examples]
        )

    def spot(self, at: int) -> Spot:
        """A line, by its number among these."""
        example = "{:016x}{:016x}".format(*self.ids[at].tolist())
        place = (column[at] for column in (self.starts, self.sizes, self.endings, self.numbers, self.nths))
        start, size, ending, number, nth = map(int, place)
        return Spot(self.sources[int(self.source[at])], start, size, ending, number, nth, example)


class Pairs(NamedTuple):
    """Pairs of lines of which it is asked whether they agree, and all that this takes in another process."""

    lines: Lines
    pairs: "Numbers"
    """Rows of two numbers of lines."""
    words: bool
    """Whether all words of meaning have to agree."""
    on: On
    common: Passages = ()
    """Shared instructions; see `Facts`."""


def agreeing(pairs: Pairs) -> "Flags":
    """Whether each pair agrees. Raises `InputError` where lines cannot be read again, or are others by now."""
    import numpy as np

    lines, reader, facts = pairs.lines, Reader(), Facts(pairs.on, common=pairs.common)
    plain = _Plain.of(lines, reader, pairs.on) if not pairs.common else None
    quick: Flags = np.zeros(len(pairs.pairs), dtype=np.bool_)
    same = np.zeros(len(quick), dtype=np.bool_)
    if plain:
        quick[:] = (plain.at[pairs.pairs] >= 0).all(axis=1)
        some = np.flatnonzero(quick)
        same[some] = list(plain.agreeing(pairs.pairs[some], every=pairs.words))
    known: dict[int, Example] = {}
    for nth in np.flatnonzero(~quick).tolist():
        for at in pairs.pairs[nth].tolist():
            if at not in known:
                known[at] = reader.example(lines.spot(at))
        left, right = pairs.pairs[nth].tolist()
        same[nth] = facts.same(known[left], known[right], words=pairs.words)
    return same


class _Plain:
    """What is asked and answered in plain lines."""

    def __init__(self, at: "Numbers", outlined: "Outlined", on: On) -> None:
        """at: of each line its number among those that were outlined, -1 for another one."""
        import numpy as np

        from curate.detect import differing

        self.at = at
        self._outlined = outlined
        first, counts = outlined.lines[:, :2].T
        roles: list[int] = outlined.turns[:, 0].tolist()
        every = [_sides(tuple(roles[begin : begin + count]), on) for begin, count in zip(first.tolist(), counts.tolist(), strict=True)]
        sides = self._sides = np.frombuffer(b"".join(every), dtype=np.uint8)
        self._requests: list[int] = np.add.reduceat(sides == 1, first, dtype=np.int64).tolist() if len(first) else []
        self._said, self._spans = differing.said_of(outlined.text, outlined.turns, first, counts, sides)

    @classmethod
    def of(cls, lines: Lines, reader: Reader, on: On) -> "_Plain | None":
        """None where the lines are not all lines of their files."""
        import numpy as np

        from curate.detect.outlined import ids_of
        from curate.read.outline import outline

        if any(lines.sources[source].document for source in np.unique(lines.source).tolist()):
            return None
        spans = zip(lines.source.tolist(), lines.starts.tolist(), lines.sizes.tolist(), strict=True)
        outlined = outline(b"".join([reader.part(lines.sources[source], start, size) + b"\n" for source, start, size in spans]))
        at = np.full(len(lines.starts), -1, dtype=np.int64)
        if len(outlined.starts) != len(at) + 1:
            return None
        at[outlined.numbers - 1] = np.arange(len(outlined.numbers))
        other = (ids_of(outlined) != lines.ids[outlined.numbers - 1]).any(axis=1)
        if other.any():
            raise changed(lines.spot(int(outlined.numbers[int(other.argmax())]) - 1).source)
        return cls(at, outlined, on)

    def agreeing(self, pairs: "Numbers", *, every: bool) -> Iterator[bool]:
        """Whether each of some pairs of lines agrees; `every`: in all words of meaning."""
        from curate.detect import differing

        said = self._said.tobytes()
        both = self.at[pairs]
        kinds, found, ends = differing.differences(self._said, self._spans, both)
        spans, bounds = found.tolist(), [0, *ends.tolist()]
        sides = self._spans[both].tolist()
        for nth, (kind, (one, other)) in enumerate(zip(kinds.tolist(), both.tolist(), strict=True)):
            if differing.OTHER in kind:
                yield False
                continue
            agree = True
            for side in SIDES:
                if kind[side] == differing.EQUAL:
                    continue
                left, right = (said[start:end].decode() for start, end in (sides[nth][0][side], sides[nth][1][side]))
                asked = None if side == ASKED else "\n".join([said[start:end].decode() for start, end in (sides[nth][0][ASKED], sides[nth][1][ASKED])])
                if kind[side] == differing.WORDS:
                    begin = 4 * nth + 2 * side
                    mine, others = ([said[start:end].decode() for start, end in spans[bounds[at] : bounds[at + 1]]] for at in (begin, begin + 1))
                    agree = same_words(mine, others, left, right, every=every, asked=asked)
                else:
                    agree = same_side(left, right, every=every, asked=asked)
                if not agree:
                    break
            yield agree and self._ask_alike(one, other)

    def _ask_alike(self, left: int, right: int) -> bool:
        if not 1 < self._requests[left] == self._requests[right]:
            return True
        return all(a == b or ask_alike(a, b) for a, b in zip(self._turns(left), self._turns(right), strict=True))

    def _turns(self, position: int) -> list[str]:
        """What is asked in a conversation, turn by turn."""
        first, count = self._outlined.lines[position, :2].tolist()
        asked = (self._sides[first : first + count] == 1).nonzero()[0] + first
        return [self._outlined.said(start, end) for start, end in self._outlined.turns[asked, 3:5].tolist()]


@lru_cache(maxsize=4096)
def _sides(roles: tuple[int, ...], on: On) -> bytes:
    """Of each turn of a plain conversation of these roles, what it counts as: 0, not at all; 1, it is asked; 2, it is an answer."""
    from curate.read.outline import ROLES

    value = {"messages": [{"role": ROLES[role], "content": ""} for role in roles]}
    chosen = {message.index: 2 if message.role == "assistant" else 1 for message in compared_turns(Example(Place("", 0), value, "messages"), on)}
    return bytes(chosen.get(at, 0) for at in range(len(roles)))
