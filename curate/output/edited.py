"""Edits of people put into the data: copies of the files in which edited lines have their new text, and every other
byte is as it was.

Input files are never written to. The copies go by the names of the files that they are made of, so that all stages
after this one see edited data and nothing else changes for them.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from curate.core.example import line_id
from curate.core.files import blocks, display_name, replacing
from curate.lint.rules.repair import json_line
from curate.read.dataset import FileFacts, ParsedLine, read_file
from curate.read.formats import example_of

Edits = Mapping[str, dict[str, Any]]
"""New objects by the id of the example, or of the line, that they take the place of."""


class Splice(NamedTuple):
    """Bytes of an unpacked file that others take the place of."""

    start: int
    end: int
    data: bytes


def key_of(parsed: ParsedLine) -> str:
    """What decisions know a line by: the id of its example or, where it holds none, the hash of its bytes."""
    return line_id(parsed.line.data) if parsed.example is None else parsed.example.id


def edited_copies(paths: Sequence[Path], edits: Edits, folder: Path) -> dict[Path, Path]:
    """A copy in `folder` of each file that has an edited line, by the file. Raises `InputError` and `OutputError`."""
    copies: dict[Path, Path] = {}
    for number, path in enumerate(paths if edits else ()):
        lines = (parsed for parsed in read_file(path, FileFacts(display_name(path))) if not parsed.line.blank)
        splices = [
            Splice(parsed.line.offset, parsed.line.offset + len(parsed.line.data), data)
            for parsed in lines
            if (data := _edited(parsed, edits))
        ]
        if splices:
            copies[path] = folder / f"{number}-{path.name.removesuffix('.gz').removesuffix('.zst')}"
            with replacing(copies[path], mode=path.stat().st_mode) as file:
                file.writelines(spliced(blocks(path), splices))
    return copies


def _edited(parsed: ParsedLine, edits: Edits) -> bytes | None:
    """The line's new bytes; None where it was not edited. An edit of an edit is followed, and a ring of them ends where
    it began.
    """
    key, met, value = key_of(parsed), set(), None
    while key in edits and key not in met:
        met.add(key)
        value = edits[key]
        key = example_of(value, parsed.place).id
    return None if value is None else json_line(value)


def spliced(stream: Iterator[bytes], splices: Sequence[Splice]) -> Iterator[bytes]:
    """A stream of bytes with others in some places, which are in order and apart from each other."""
    at = 0
    waiting = list(reversed(splices))
    for block in stream:
        end = at + len(block)
        while waiting and at < end:
            start, stop, data = waiting[-1]
            if start >= end:
                break
            if start >= at:
                yield block[len(block) - (end - at) : len(block) - (end - start)]
                yield data
            at = min(stop, end)
            if stop > end:
                break
            waiting.pop()
        yield block[len(block) - (end - at) :] if at < end else b""
        at = end
