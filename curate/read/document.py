"""Files that are one JSON document instead of JSON Lines: an array of examples, or one object over many lines.

The document is cut into its elements, each a `Line` that starts where the element starts, so that places stay true.
Such a file is read whole into memory: JSON cannot be cut without parsing it.
"""

import re
from collections.abc import Iterator

from curate.read.decode import Defect
from curate.read.lines import Line

SPACE = re.compile(r"[ \t\r\n]*")
# Skips over one value by its brackets alone; strings are one lexeme, so that brackets inside them do not count.
VALUE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]|[^\s\[\]{}",]+|,', re.DOTALL)


def is_document(start: bytes) -> bool:
    """Whether a file with these first bytes is one JSON document: its first line opens a value and does not close it.

    An array that starts on the first line is a document too, unless it closes there and more follows (then it is a line
    of JSON Lines, and a wrong one).
    """
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] not in (b"[", b"{"):
        return False
    first, newline, rest = text.partition(b"\n")
    closed = _closes(first.decode("utf-8", "replace"))
    if text[:1] == b"[":
        return not closed or (closed and not rest.strip())
    return bool(newline) and not closed and not _lines_stand_alone(rest)


def _closes(line: str) -> bool:
    end = _skip(line, 0)
    return end is not None and not line[end:].strip(" \t\r,")


def _lines_stand_alone(rest: bytes) -> bool:
    """Whether the next line with anything on it is JSON of its own: then the first one is only broken."""
    for line in rest.split(b"\n")[:20]:
        if line.strip():
            return line.lstrip()[:1] == b"{" and _closes(line.decode("utf-8", "replace"))
    return False


def elements(data: bytes) -> Iterator[tuple[Line, Defect | None]]:
    """The elements of an array, or the one object, as lines. Where the document breaks off, all the rest is a line with a defect."""
    bom = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    try:
        text = data[len(bom) :].decode("utf-8")
    except UnicodeDecodeError as error:
        at = error.start
        message = f"not UTF-8: byte 0x{error.object[at]:02x} at offset {at + len(bom)} ({error.reason}); nothing of the document was read"
        yield Line(1, 0, data, b""), Defect("utf-8", message, at + len(bom))
        return
    place = _Places(text, len(bom))
    start = _after_space(text, 0)
    if text[start] != "[":
        yield from _whole(text, start, place)
        return
    at = _after_space(text, start + 1)
    while at < len(text) and text[at] != "]":
        end = _skip(text, at)
        if end is None:
            yield place.rest(at, "cut-off", "the array breaks off inside this element; nothing after it was read")
            return
        yield place.line(at, end), None
        at = _after_space(text, end)
        if text[at : at + 1] == ",":
            at = _after_space(text, at + 1)
        elif text[at : at + 1] not in ("]", ""):
            yield place.rest(at, "syntax", "a comma is missing before this; nothing after it was read")
            return
    if at >= len(text):
        yield place.rest(len(text), "cut-off", "the array ends without its closing bracket")
    elif text[at + 1 :].strip():
        yield place.rest(_after_space(text, at + 1), "syntax", "text after the end of the array; it was not read")


def _whole(text: str, at: int, place: "_Places") -> Iterator[tuple[Line, Defect | None]]:
    end = _skip(text, at)
    if end is None:
        yield place.rest(at, "cut-off", "the JSON document breaks off")
        return
    yield place.line(at, end), None
    after = _after_space(text, end)
    if text[after:]:
        yield place.rest(after, "syntax", "text after the end of the JSON document; it was not read")


def _after_space(text: str, at: int) -> int:
    match = SPACE.match(text, at)
    return match.end() if match else at


def _skip(text: str, at: int) -> int | None:
    """Index after the value that starts at `at`; None when it is not closed."""
    depth = 0
    for match in VALUE.finditer(text, at):
        lexeme = match.group()
        if lexeme in ("[", "{"):
            depth += 1
        elif lexeme in ("]", "}"):
            depth -= 1
        elif lexeme == "," and depth == 0:
            return match.start()
        if depth == 0:
            return match.end()
        if depth < 0:
            return match.start()
    return None


class _Places:
    """Turns rising indices of a text into line numbers and byte offsets, each step counted only once."""

    def __init__(self, text: str, skipped: int) -> None:
        self.text, self.at, self.number, self.offset = text, 0, 1, skipped

    def _advance(self, at: int) -> None:
        between = self.text[self.at : at]
        self.number += between.count("\n")
        self.offset += len(between.encode())
        self.at = at

    def line(self, start: int, end: int) -> Line:
        self._advance(start)
        return Line(self.number, self.offset, self.text[start:end].encode(), b"\n")

    def rest(self, start: int, kind: str, message: str) -> tuple[Line, Defect]:
        """Everything from `start` on, as a line that cannot be read."""
        line = self.line(start, len(self.text))
        return Line(line.number, line.offset, line.data or b"[", b""), Defect(kind, message, 0)


def compact(data: bytes) -> bytes:
    """An element of a document on one line. Its values keep their bytes: JSON strings hold no line break."""
    return b" ".join(piece.strip() for piece in data.split(b"\n")) if b"\n" in data else data
