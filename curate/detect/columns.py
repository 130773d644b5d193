"""The lines of a piece of a file as columns: where each stands, its id, its shingles and its keys. No texts and no objects are kept."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from curate.detect.brief import Brief
from curate.detect.compared import On, compared_turns, written_text
from curate.detect.keeper import lacking
from curate.detect.keys import Keys, key_of, plain_key
from curate.detect.marks import Marking, Marks, marks_of_batch
from curate.detect.shingles import Sets, Shingling, shingled, texts_of
from curate.example import Example, Place
from curate.read.dataset import FileFacts, ParsedLine
from curate.read.pieces import Batch, Piece, read_piece

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.int64]]
    Flags = np.ndarray[Any, np.dtype[np.bool_]]
    Ids = np.ndarray[Any, np.dtype[np.uint64]]


class Making(NamedTuple):
    """What columns are made for."""

    on: On
    shingling: Shingling
    keep: str = "longest"
    """A policy of `curate.config.KEEP`: those that name a field want to know where it is missing."""
    keys: bool = False
    """Whether `Columns.keys` are wanted."""
    source: str = ""
    """What names the source of an example, for its key (see `curate.detect.keys`)."""
    marking: Marking | None = None
    """Which marks are wanted; None for none."""


@dataclass(slots=True)
class Columns:
    """Lines that are not blank, in order."""

    starts: "Numbers"
    """Byte of the unpacked file at which each line starts."""
    sizes: "Numbers"
    """Bytes of each, without its line ending."""
    endings: "Numbers"
    """Bytes of its line ending: 0, 1 or 2."""
    numbers: "Numbers"
    """Physical line, from 1 in the piece; in a document several elements may start on one."""
    nths: "Numbers"
    """How many others start before it on the same line."""
    holds: "Flags"
    """Whether it holds an example; what follows is about those that do."""
    ids: "Ids"
    """Its id, as two numbers."""
    sets: Sets
    """The shingles of its text."""
    brief: Brief
    """Its words, where it is short."""
    keys: Keys | None = None
    """What it asks and how it begins, where that is wanted."""
    without: int = 0
    """Examples that lack the field that decides which of several stays."""
    physical: int = 0
    """Physical lines of the piece, blank ones too."""
    marks: Marks | None = None
    """What counts when the data is divided, where that is wanted."""
    trouble: str = ""
    """Why they are not remembered."""


def columns_of(piece: Piece, making: Making) -> Columns:
    """Read a piece. Raises `InputError` for a file that cannot be read any more."""
    batch = read_piece(piece, FileFacts(piece.name))
    columns = columns_of_batch(batch, making)
    columns.physical = len(batch.lines)
    return columns


def columns_of_lines(lines: Sequence[ParsedLine], making: Making) -> Columns:
    """The columns of lines that were read one by one, without the blank ones."""
    return columns_of_batch(Batch.of_lines([parsed for parsed in lines if not parsed.line.blank]), making)


def columns_of_batch(batch: Batch, making: Making) -> Columns:
    """The columns of a batch. Plain lines come first in it; here all are put in the order of the file."""
    import numpy as np

    others = [(at, parsed) for at, parsed in zip(batch.others_at, batch.others, strict=True) if not parsed.line.blank]
    examples = [parsed.example for _, parsed in others if parsed.example is not None]
    turns = [_turns(roles, making.on) for roles in batch.roles]
    texts = ["\n".join([said[i] for i in chosen]) for said, chosen in zip(batch.texts, turns, strict=True)]
    texts += [written_text(example, making.on) for example in examples]
    sets, brief = shingled(texts_of(texts), making.shingling), Brief.of(texts)
    ids = b"".join([*map(_id, batch.roles, batch.texts), *(bytes.fromhex(example.id) for example in examples)])
    places = np.concatenate([_plain_places(batch), np.array([_place(parsed) for _, parsed in others], dtype=np.int64).reshape(-1, 5)])
    order = np.argsort(np.array([*batch.plain_at, *(at for at, _ in others)], dtype=np.int64), kind="stable")
    plain = len(batch.numbers)
    holds = np.array([True] * plain + [parsed.example is not None for _, parsed in others], dtype=np.bool_)
    rank = np.cumsum(holds) - 1  # of a line that holds an example, its number among those
    held = rank[order][holds[order]]
    halves = np.frombuffer(ids, dtype=">u8").astype(np.uint64).reshape(-1, 2)
    starts, sizes, endings, numbers, nths = np.ascontiguousarray(places[order].T)
    without = lacking(making.keep, examples) + (plain if ":" in making.keep else 0)
    return Columns(
        starts,
        sizes,
        endings,
        numbers,
        nths,
        holds[order],
        halves[held],
        sets if plain == len(holds) else sets.chosen(held),
        brief if plain == len(holds) else brief.chosen(held),
        _keys(batch, examples, making.source).chosen(held) if making.keys else None,
        without,
        marks=marks_of_batch(batch, making.marking).chosen(held) if making.marking else None,
    )


def _keys(batch: Batch, examples: Sequence[Example], source: str) -> Keys:
    """The keys of the plain examples of a batch, then those of the others."""
    plain = [plain_key(roles, said, source) for roles, said in zip(batch.roles, batch.texts, strict=True)]
    return Keys.of([*plain, *(key_of(example, source) for example in examples)])


def _plain_places(batch: Batch) -> "Numbers":
    """Start, size, ending, number and nth of each plain line."""
    import numpy as np

    if batch.whole:
        return np.array([_place(parsed) for parsed in batch.whole], dtype=np.int64).reshape(-1, 5)
    sizes = np.fromiter(map(len, batch.lines), dtype=np.int64, count=len(batch.lines))
    starts = batch.offset + np.cumsum(sizes + 1) - sizes - 1
    at = np.array(batch.numbers, dtype=np.int64) - 1
    returns = np.array([batch.lines[i].endswith(b"\r") for i in at.tolist()], dtype=np.int64)
    return np.stack([starts[at], sizes[at] - returns, 1 + returns, at + 1, np.zeros_like(at)], axis=1)


def _place(parsed: ParsedLine) -> tuple[int, int, int, int, int]:
    line = parsed.line
    return line.offset, len(line.data), len(line.ending), line.number, line.nth


@cache
def _turns(roles: tuple[str, ...], on: On) -> tuple[int, ...]:
    """The turns that are compared of a plain conversation of these roles."""
    value = {"messages": [{"role": role, "content": ""} for role in roles]}
    return tuple(message.index for message in compared_turns(Example(Place("", 0), value, "messages"), on))


def _id(roles: tuple[str, ...], texts: list[str]) -> bytes:
    """The id of a plain conversation, as bytes; keys are in canonical order as they stand."""
    return hashlib.blake2b(
        orjson.dumps({"messages": [{"content": text, "role": role} for role, text in zip(roles, texts, strict=True)]}), digest_size=16
    ).digest()
