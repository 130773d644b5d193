"""How much a file may unpack to, and how long a line may be: a small file from a stranger must not fill the memory.

The limits are raised by environment variables, which a repository cannot set and which other processes of a command have too.
"""

import os
import re
from collections.abc import Iterator
from typing import Final

from curate.core.errors import InputError, UsageError

UNPACKED: Final = "CURATE_MAX_UNPACKED"
LINE: Final = "CURATE_MAX_LINE"
USUAL_UNPACKED: Final = 32 << 20
"""Bytes that a file may unpack to however small it is."""
RATIO: Final = 200
"""Times its packed size that a bigger file may unpack to: chats come to 3 to 20 times, ten thousand copies of one to a hundred."""
LINES: Final = 200_000
"""Lines that a packed file may have however small it is."""
PER_BYTE: Final = 5
"""Lines for each of its packed bytes that a bigger one may have."""
BLANK: Final = b"\n" * 100_000
"""Line breaks in a row that no data set has. Each would be a line, and cost what a line costs."""
USUAL_LINE: Final = 1 << 30
"""Bytes of a line, or of an array that stands on one."""
SIZE: Final = re.compile(r"(\d+) ?([KMGT]?)(?:i?B)?", re.IGNORECASE)


def limited(path: object, blocks: Iterator[tuple[bytes, int]]) -> Iterator[bytes]:
    """Pass on blocks of unpacked bytes, each with the number of packed bytes that were read so far. Raises `InputError` beyond a limit, `UsageError`."""
    most = _size(UNPACKED, 0)
    total = lines = 0
    for block, packed in blocks:
        total += len(block)
        lines += block.count(b"\n")
        if total > most and (total > max(USUAL_UNPACKED, RATIO * packed) or lines > max(LINES, PER_BYTE * packed)):
            raise InputError(
                f"{path}: unpacks to more than {total >> 20:,} MiB in {lines:,} lines, {total // max(packed, 1):,} times its size",
                f"if that is right, unpack it yourself, or set {UNPACKED} to what it may come to, e.g. {UNPACKED}=64GB",
            )
        yield block


def lines_limited(path: object, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Pass on blocks of bytes as long as no line of them is too long. Raises `InputError`, `UsageError`."""
    most, since = _size(LINE, USUAL_LINE), 0
    for block in blocks:
        demand_filled(path, block)
        end = block.rfind(b"\n")
        since = since + len(block) if end < 0 else len(block) - end - 1
        if since > most:
            raise InputError(f"{path}: has a line of more than {most:,} bytes", f"set {LINE} to what a line may have, e.g. {LINE}=8GB")
        yield block


def demand_filled(path: object, data: bytes | bytearray) -> None:
    """Raise `InputError` for bytes with very many blank lines in a row."""
    if b"\n\n" in data[:: len(BLANK) // 2] and BLANK in data:  # so many in a row are two of these
        raise InputError(f"{path}: has more than {len(BLANK):,} blank lines in a row", "remove them, e.g. with `sed '/^$/d'`")


def _size(variable: str, usual: int) -> int:
    text = os.environ.get(variable, "").strip()
    if not text:
        return usual
    match = SIZE.fullmatch(text)
    if match is None:
        raise UsageError(f"{variable} is no size", f"write it like {variable}=64GB")
    return int(match.group(1)) << (10 * " KMGT".index(match.group(2).upper() or " "))
