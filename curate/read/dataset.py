"""Parse files line by line, or read whole files into memory for stages that compare examples with each other."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from curate.core.errors import InputError
from curate.core.events import Advance
from curate.core.example import Example, Place
from curate.core.targets import Target
from curate.read.decode import MISSING, Decoded, Defect, decode
from curate.read.formats import example_of, example_of_list, unread_keys
from curate.read.lines import BOM, Line, compact, elements, is_document, sniff_file_kind, split_lines
from curate.storage.files import blocks, display_name, packing, sha256
from curate.storage.snapshot import unchanging

SEPARATORS = ("\u2028", "\u2029", "\u0085")
"""Characters that Python and some editors, but not JSON Lines, treat as a line break."""
FORMATS_HINT = "run `curate check` to list what is wrong; `curate convert --help` lists the supported formats"
MAX_KEY_SETS = 10_000
# First bytes of files in UTF-16 and UTF-32: a byte order mark, or the zero bytes that ASCII has there.
WIDE_ENCODING = re.compile(
    rb"\xff\xfe|\xfe\xff|\0\0\xfe\xff|[^\0]\0[^\0]\0|\0[^\0]\0[^\0]|[^\0]\0\0\0|\0\0\0[^\0]", re.DOTALL
)


class ParsedLine(NamedTuple):
    """A line with its parsed value and the defects of its JSON; `example` is None if the line is not an object."""

    place: Place
    line: Line
    decoded: Decoded
    example: Example | None

    @property
    def blank(self) -> bool:
        """Whether the line contains only white space."""
        return not self.line.data.strip()

    @property
    def defects(self) -> tuple[Defect, ...]:
        """The JSON defects of the line."""
        return self.decoded.defects

    @property
    def jsonl(self) -> bytes:
        """The line as JSON Lines: its original bytes, or a multi-line element of a document put on one line."""
        return compact(self.line.data)


@dataclass(slots=True)
class FileFacts:
    """Facts about a file as a whole; complete only after its last line."""

    path: str
    lines: int = 0
    """Non-blank lines, or elements of a document."""
    examples: int = 0
    """Lines that hold an object."""
    understood: int = 0
    """Examples in a known format (see `Example.understood`), or lines that `target` accepts in addition."""
    document: bool = False
    """True for an array or multi-line objects instead of JSON Lines."""
    bom: bool = False
    defects: list[Defect] = field(default_factory=list)
    """Why the file as a whole cannot be read."""
    step: str = ""
    """The next step in that case."""
    formats: Counter[str] = field(default_factory=Counter)
    target: Target = Target.TRAINER
    """Trainer or service that the file is for; rules about files use its limits."""
    size: int = 0
    """Decompressed size in bytes."""
    packed: str = ""
    """`compressed` or `a table` if the bytes of the lines differ from those of the file, else empty."""
    crlf: int = 0
    """Number of lines that end in CR LF."""
    lf: int = 0
    """Number of lines that end in LF alone."""
    separated: int = 0
    """Lines with a character that Python and some editors, but not JSON Lines, treat as a line break."""
    first_separated: int = 0
    """The first such line."""
    keys: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """Format and top-level keys of examples with more keys than messages; at most `MAX_KEY_SETS` different ones."""
    unread: Counter[str] = field(default_factory=Counter)
    """Keys of the format that the conversation was not read from, such as those of a second question."""

    def add(self, part: "FileFacts", before: int) -> None:
        """Add the facts of the lines that follow; `before` is the number of lines before them."""
        for name in ("lines", "examples", "understood", "size", "crlf", "lf", "separated"):
            setattr(self, name, getattr(self, name) + getattr(part, name))
        self.bom, self.step = self.bom or part.bom, self.step or part.step
        self.defects += part.defects
        self.formats.update(part.formats)
        self.unread.update(part.unread)
        if part.first_separated and not self.first_separated:
            self.first_separated = before + part.first_separated
        for keys, count in part.keys.items():
            self.count_keys(keys, count)

    def count_keys(self, keys: tuple[str, ...], count: int = 1) -> None:
        """Count examples with a format and keys."""
        if len(self.keys) < MAX_KEY_SETS or keys in self.keys:
            self.keys[keys] += count


def read_file(path: Path, facts: FileFacts) -> Iterator[ParsedLine]:
    """The lines of a file in order, including blank ones; fills `facts` while iterating. Raises `InputError`."""
    stream = _measured(blocks(path), facts)
    facts.packed = packing(path)
    start = next(stream, b"")
    if WIDE_ENCODING.match(start):
        facts.defects.append(Defect("wide", "the file is in UTF-16 or UTF-32, not UTF-8; it was not read", 0))
        facts.step = "convert it: iconv -f utf-16 -t utf-8"
        return
    if kind := sniff_file_kind(start):
        facts.defects.append(Defect("kind", f"the file is {kind.name}, not JSON Lines; it was not read", 0))
        facts.step = kind.step
        return
    facts.bom = start.startswith(BOM)
    if is_document(start):
        facts.document = True
        for line, defect in elements(b"".join([start, *stream])):
            if defect is None:
                yield parsed_line(line, facts)
            else:
                facts.lines += 1
                yield ParsedLine(Place(facts.path, line.number, line.nth), line, Decoded(MISSING, (defect,)), None)
        return
    skipped = len(BOM) if facts.bom else 0
    for line in split_lines(chain([start[skipped:]], stream), skipped):
        yield parsed_line(line, facts)


def require_read(facts: FileFacts) -> None:
    """Raise `InputError` if no line of a file was read. Only `curate check` continues, and reports a finding."""
    if facts.defects:
        raise InputError(f"{facts.path}: {facts.defects[0].message}", facts.step)


def read_lines(
    paths: Iterable[Path],
    progress: Advance | None = None,
    copies: Mapping[Path, Path] | None = None,
) -> Iterator[ParsedLine]:
    """The lines of files that are not blank, each with the name of its file. `copies`: files that are read instead.

    Raises as `read_file` and `require_read` do.
    """
    for path in paths:
        facts = FileFacts(display_name(path))
        for parsed in read_file((copies or {}).get(path, path), facts):
            if not parsed.blank:
                if progress:
                    progress(1)
                yield parsed
        require_read(facts)


def require_examples(lines: int, understood: int) -> None:
    """Raise `InputError` if there are lines but no example in a known format."""
    if lines and not understood:
        what = "the only line contains no example" if lines == 1 else f"none of the {lines:,} lines contains an example"
        raise InputError(f"{what} that curate understands", FORMATS_HINT)


def _measured(stream: Iterator[bytes], facts: FileFacts) -> Iterator[bytes]:
    """The blocks themselves; their size is added to `facts`."""
    for block in stream:
        facts.size += len(block)
        yield block


def has_separator(data: bytes) -> bool:
    """Whether a line has one of the characters `SEPARATORS`."""
    return not data.isascii() and any(char.encode() in data for char in SEPARATORS)


def parsed_line(line: Line, facts: FileFacts) -> ParsedLine:
    """Parse a line and add to the facts of its file."""
    place = Place(facts.path, line.number, line.nth)
    if line.ending == b"\n":
        facts.lf += 1
    elif line.ending == b"\r\n":
        facts.crlf += 1
    if not line.data.strip():
        return ParsedLine(place, line, Decoded(MISSING, ()), None)
    facts.lines += 1
    if has_separator(line.data):
        facts.separated += 1
        facts.first_separated = facts.first_separated or line.number
    decoded = decode(line.data, line.column)
    if isinstance(decoded.value, dict):
        plain = decoded.plain
        example = Example(place, decoded.value, "messages", None, True) if plain else example_of(decoded.value, place)
    else:
        list_example = example_of_list(decoded.value, place) if isinstance(decoded.value, list) else None
        if list_example is None:
            return ParsedLine(place, line, decoded, None)
        example = list_example
    facts.examples += 1
    facts.understood += example.understood
    facts.formats[example.format] += 1
    if isinstance(decoded.value, dict) and (len(decoded.value) > 1 or example.format != "messages"):
        keys = (example.format, *decoded.value)
        if example.pointers and example.moved is None:  # keys that were read in capitals, by their known names
            keys = (example.format, *(key if key in example.value else key.casefold() for key in decoded.value))
        facts.count_keys(keys)
        facts.unread.update(unread_keys(example))
    return ParsedLine(place, line, decoded, example)


@dataclass(frozen=True)
class Dataset:
    """All non-blank lines of some files, in memory."""

    files: tuple[FileFacts, ...]
    lines: tuple[ParsedLine, ...]
    hashes: tuple[str, ...]
    """SHA-256 of each file's bytes on disk."""

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The examples in known formats, in order."""
        return tuple(line.example for line in self.lines if line.example is not None and line.example.understood)

    @property
    def not_understood(self) -> int:
        """Number of lines without an example in a known format."""
        return len(self.lines) - len(self.examples)


def read_dataset(paths: Iterable[Path], name_of: Callable[[Path], str] = display_name) -> Dataset:
    """Read whole files into memory; `name_of` returns the display name of a file. Raises `InputError`."""
    files: list[FileFacts] = []
    lines: list[ParsedLine] = []
    hashes: list[str] = []
    for path in paths:
        facts = FileFacts(name_of(path))
        with unchanging([path]):
            hashes.append(sha256(path))
            lines.extend(parsed for parsed in read_file(path, facts) if not parsed.blank)
        require_read(facts)
        files.append(facts)
    return Dataset(tuple(files), tuple(lines), tuple(hashes))
