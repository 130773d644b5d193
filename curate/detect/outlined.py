"""The columns of plain lines that were outlined (see `curate.read.outline`): those of `curate.detect.columns`, in a third of the time."""

import hashlib
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from curate.detect.brief import SHORT, Brief
from curate.detect.compared import On, compared_turns
from curate.detect.keys import Keys, asked_key, chain_key, digest
from curate.detect.marks import FORMAT_NAMES, Marks
from curate.detect.shingles import Sets, Shingling, shingled, texts_of
from curate.example import Example, Place
from curate.read.outline import ROLES, Outlined

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.int64]]
    Ids = np.ndarray[Any, np.dtype[np.uint64]]

ANSWER: Final = ROLES.index("assistant")
LONG: Final = " " * (SHORT + 1)
"""Stands for any text that is not short."""


def places_in(data: bytes, offset: int, outlined: Outlined) -> "tuple[Numbers, Numbers, Numbers]":
    """Where the lines start in the file in which the bytes stand at `offset`, their sizes, and those of their endings."""
    import numpy as np

    starts, behind = outlined.starts[outlined.numbers - 1], outlined.starts[outlined.numbers]
    ended = behind <= len(data)
    last = np.frombuffer(data, dtype=np.uint8)[np.maximum(behind - 2, 0)] if len(data) else behind
    returns = ended & (behind - starts > 1) & (last == 13)  # a carriage return alone ends nothing
    return offset + starts, behind - 1 - starts - returns, ended + returns.astype(np.int64)


def ids_of(outlined: Outlined) -> "Ids":
    """The ids of the examples."""
    import numpy as np

    canon, blake = outlined.canon, hashlib.blake2b
    spans = outlined.lines[:, 2:4].tolist()
    found = b"".join([blake(canon[start:end], digest_size=16).digest() for start, end in spans])
    return np.frombuffer(found, dtype=">u8").astype(np.uint64).reshape(-1, 2)


def sets_of(outlined: Outlined, on: On, shingling: Shingling) -> tuple[Sets, Brief]:
    """The shingles of the texts that are compared, and the words of short ones."""
    texts = list(_compared(outlined, on))
    brief = Brief.of(text if isinstance(text, str) else text.decode() if len(text) <= SHORT else LONG for text in texts)
    return shingled(texts_of(texts), shingling), brief


def _compared(outlined: Outlined, on: On) -> "Iterator[str | bytes]":
    """The text of each example that is compared: as bytes where it is ASCII."""
    text, turns = outlined.text, outlined.turns
    roles, starts, ends, plain = (turns[:, column].tolist() for column in (0, 3, 4, 6))
    for first, count in outlined.lines[:, :2].tolist():
        chosen = _turns(tuple(roles[first : first + count]), on)
        ascii_ = all(plain[first + at] for at in chosen)
        if chosen and chosen[-1] - chosen[0] == len(chosen) - 1:  # they follow one another, with a line break between
            said = text[starts[first + chosen[0]] : ends[first + chosen[-1]]]
        else:
            said = b"\n".join([text[starts[first + at] : ends[first + at]] for at in chosen])
        yield said if ascii_ else said.decode()


@cache
def _turns(roles: tuple[int, ...], on: On) -> tuple[int, ...]:
    value = {"messages": [{"role": ROLES[role], "content": ""} for role in roles]}
    return tuple(message.index for message in compared_turns(Example(Place("", 0), value, "messages"), on))


def keys_of(outlined: Outlined) -> Keys:
    """Their keys; plain lines come from no source that has a name."""
    import numpy as np

    asked, canon = outlined.asked, outlined.canon
    roles, starts, ends = (outlined.turns[:, column].tolist() for column in (0, 1, 2))
    asks, wholes, sizes = [], [], []
    begun: list[int] = []
    for position, (first, count, _, _, start, end) in enumerate(outlined.lines.tolist()):
        if end < 0:
            asks.append(asked_key(*outlined.conversation(position)))
        else:
            asks.append(digest(asked[start:end]) if end > start else 0)
        whole, earlier = chain_key(
            [roles[at] == ANSWER for at in range(first, first + count)], [canon[starts[at] : ends[at]] for at in range(first, first + count)]
        )
        wholes.append(whole)
        begun.extend(earlier)
        sizes.append(len(earlier))
    numbers = np.array([asks, wholes], dtype=np.uint64)
    return Keys(numbers[0], numbers[1], np.zeros(len(asks), dtype=np.uint64), np.array(begun, dtype=np.uint64), np.cumsum([0, *sizes], dtype=np.int64))


def lengths_of(outlined: Outlined) -> "Numbers":
    """Characters of all turns of each."""
    import numpy as np

    return np.add.reduceat(outlined.turns[:, 5], outlined.lines[:, 0]) if len(outlined.numbers) else np.empty(0, dtype=np.int64)


def marks_of(outlined: Outlined, keys: int) -> Marks:
    """Their marks, without traits; `keys`: how many there are to group by, none of which plain lines have."""
    import numpy as np

    count = len(outlined.numbers)
    characters = lengths_of(outlined)
    formats = np.full(count, FORMAT_NAMES.index("messages"), dtype=np.uint8)
    return Marks(formats, characters, np.zeros((count, keys), dtype=np.uint64), np.zeros((count, 0), dtype=np.uint64))
