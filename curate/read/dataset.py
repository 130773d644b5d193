"""Files to parsed lines, streaming; and the whole of them at once, for the stages that compare examples with each other."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from curate.example import Example, Place
from curate.files import blocks, sha256
from curate.read.decode import MISSING, Decoded, Defect, decode
from curate.read.document import compact, elements, is_document
from curate.read.formats import example_of
from curate.read.lines import Line, split_lines

BOM = b"\xef\xbb\xbf"
WIDE_BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """A line, what it says and what is wrong with its JSON; `example` is None where it holds no object."""

    place: Place
    line: Line
    decoded: Decoded
    example: Example | None

    @property
    def defects(self) -> tuple[Defect, ...]:
        """What is wrong with the line's JSON."""
        return self.decoded.defects

    @property
    def jsonl(self) -> bytes:
        """The line as JSON Lines: its own bytes; elements of a document that span lines are put on one."""
        return compact(self.line.data)


@dataclass(slots=True)
class FileFacts:
    """What is known of a file as a whole once it has been read; complete only after its last line."""

    path: str
    lines: int = 0
    """Lines that are not blank, or elements of a document."""
    examples: int = 0
    document: bool = False
    """True for one JSON document instead of JSON Lines."""
    bom: bool = False
    defects: list[Defect] = field(default_factory=list)
    """What keeps the file as a whole from being read."""
    formats: Counter[str] = field(default_factory=Counter)


def read_file(path: Path, facts: FileFacts) -> Iterator[ParsedLine]:
    """The lines of one file in order, blank ones too; `facts` is filled while they pass. Raises `InputError`."""
    stream = blocks(path)
    start = next(stream, b"")
    if start[:2] in WIDE_BOMS or (len(start) > 3 and start[1] == 0 and start[3] == 0):
        encoding = WIDE_BOMS.get(start[:2], "utf-16-le")
        facts.defects.append(Defect("wide", f"the file is {encoding.upper()}, not UTF-8; nothing of it was read", 0))
        return
    facts.bom = start.startswith(BOM)
    whole = start
    if is_document(start):
        facts.document = True
        whole = b"".join([start, *stream])
        for line, defect in elements(whole):
            yield _parsed(line, facts) if defect is None else _unread(line, defect, facts)
        return
    for line in split_lines(_chain(start[3:] if facts.bom else start, stream)):
        yield _parsed(line, facts)


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _unread(line: Line, defect: Defect, facts: FileFacts) -> ParsedLine:
    facts.lines += 1
    return ParsedLine(Place(facts.path, line.number), line, Decoded(MISSING, (defect,)), None)


def _parsed(line: Line, facts: FileFacts) -> ParsedLine:
    place = Place(facts.path, line.number)
    if line.blank:
        return ParsedLine(place, line, Decoded(MISSING, ()), None)
    facts.lines += 1
    decoded = decode(line.data)
    if not isinstance(decoded.value, dict):
        return ParsedLine(place, line, decoded, None)
    example = example_of(decoded.value, place)
    facts.examples += 1
    facts.formats[example.format] += 1
    return ParsedLine(place, line, decoded, example)


@dataclass(frozen=True)
class Dataset:
    """All lines of some files, in memory, blank lines left out."""

    files: tuple[FileFacts, ...]
    lines: tuple[ParsedLine, ...]
    hashes: tuple[str, ...]
    """SHA-256 of each file's bytes on disk."""

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The lines that hold an object, in order."""
        return tuple(line.example for line in self.lines if line.example is not None)


def read_dataset(paths: Iterable[Path], name_of: Callable[[Path], str] = str) -> Dataset:
    """Read whole files into memory; `name_of` gives the name that a file goes by in places. Raises `InputError`."""
    files: list[FileFacts] = []
    lines: list[ParsedLine] = []
    hashes: list[str] = []
    for path in paths:
        facts = FileFacts(name_of(path))
        hashes.append(sha256(path))
        lines.extend(parsed for parsed in read_file(path, facts) if not parsed.line.blank)
        files.append(facts)
    return Dataset(tuple(files), tuple(lines), tuple(hashes))
