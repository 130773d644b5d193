"""Split bytes into physical lines, streaming. Only `\\n` ends a line, so text with U+2028 or NEL stays whole."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

BOM: Final = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A physical line, or an element of a JSON document, which may span several."""

    number: int
    """Physical line, from 1, at which it starts."""
    offset: int
    """Byte offset of its start in the decompressed file."""
    data: bytes
    """Its bytes without the line ending."""
    ending: bytes
    """`\\n`, `\\r\\n`, or nothing at the end of the file."""
    column: int = 0
    """Characters before it on its physical line: elements of a document may be indented."""
    nth: int = 0
    """Number of other document elements that start before it on its physical line."""

    @property
    def blank(self) -> bool:
        """Whether it contains only white space."""
        return not self.data.strip()


def split_lines(blocks: Iterable[bytes], offset: int = 0) -> Iterator[Line]:
    """Split blocks of bytes, the first at `offset`, into lines. Memory is that of the longest line."""
    number = 1
    pending: list[bytes] = []
    for block in blocks:
        *whole, rest = block.split(b"\n")
        for piece in whole:
            data = piece
            if pending:
                pending.append(piece)
                data = b"".join(pending)
                pending.clear()
            yield _line(number, offset, data)
            number += 1
            offset += len(data) + 1
        if rest:
            pending.append(rest)
    if pending:
        yield Line(number, offset, b"".join(pending), b"")


def _line(number: int, offset: int, data: bytes) -> Line:
    if data.endswith(b"\r"):
        return Line(number, offset, data[:-1], b"\r\n")
    return Line(number, offset, data, b"\n")
