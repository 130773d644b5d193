"""Limits of the unpacked size of a file and of the line length, so that a small file cannot fill the memory.

Environment variables raise the limits: a repository cannot set them, and worker processes inherit them.
"""

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from curate.core.errors import InputError, UsageError

UNPACKED_VARIABLE: Final = "CURATE_MAX_UNPACKED"
LINE_VARIABLE: Final = "CURATE_MAX_LINE"
USUAL_UNPACKED: Final = 32 << 20
"""Unpacked size in bytes that is always accepted."""
MAX_RATIO: Final = 200
"""Maximum ratio of unpacked to packed size for larger files: chats reach 3 to 20, ten thousand copies of one 100."""
USUAL_LINES: Final = 200_000
"""Number of lines that is always accepted in a compressed file."""
MAX_LINES_PER_BYTE: Final = 5
BLANK_LINES: Final = b"\n" * 100_000
"""More consecutive line breaks than any data set has; each would be processed as a line."""
USUAL_LINE: Final = 1 << 30
"""Maximum bytes of a line, or of an array on one line."""
BYTE_SIZE: Final = re.compile(r"(\d+) ?([KMGT]?)(?:i?B)?", re.IGNORECASE)


def limited(path: object, blocks: Iterator[tuple[bytes, int]]) -> Iterator[bytes]:
    """Pass on unpacked blocks, each with the number of compressed bytes read so far. Raises `InputError`, `UsageError`.

    `InputError` is raised beyond a limit.
    """
    total = lines = 0
    for block, packed in blocks:
        total += len(block)
        lines += block.count(b"\n")
        require_size(path, total, lines, packed)
        yield block


def require_size(path: object, total: int, lines: int, packed: int) -> None:
    """Raise `InputError` for unpacked bytes or lines beyond the limits of a packed size in bytes, `UsageError`."""
    if total <= USUAL_UNPACKED and lines <= USUAL_LINES:
        return
    if total > _size_limit(UNPACKED_VARIABLE, 0) and (
        total > max(USUAL_UNPACKED, MAX_RATIO * packed) or lines > max(USUAL_LINES, MAX_LINES_PER_BYTE * packed)
    ):
        raise InputError(
            f"{path}: unpacks to more than {total >> 20:,} MiB{f' in {lines:,} lines' if lines else ''}, "
            f"{total // max(packed, 1):,} times its size",
            f"if the file is genuine, unpack it yourself or raise the limit, e.g. {UNPACKED_VARIABLE}=64GB",
        )


def lines_limited(path: object, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Pass on blocks of bytes. Raises `InputError` for a line that is too long, or too many blank lines in a row.

    Raises `UsageError` for an invalid limit in the environment.
    """
    most, since = max_line_bytes(), 0
    for block in blocks:
        require_filled(path, block)
        end = block.rfind(b"\n")
        since = since + len(block) if end < 0 else len(block) - end - 1
        if since > most:
            raise _too_long_error(path, most)
        yield block


def require_short_lines(path: object, data: bytes) -> None:
    """Check the length of each line of a part of a file. Raises `InputError`, `UsageError`."""
    most, start = max_line_bytes(), 0
    while len(data) - start > most:
        end = data.rfind(b"\n", start, start + most + 1)
        if end < 0:
            raise _too_long_error(path, most)
        start = end + 1


def max_line_bytes() -> int:
    """The maximum number of bytes of a line. Raises `UsageError` for an invalid setting."""
    return _size_limit(LINE_VARIABLE, USUAL_LINE)


def _too_long_error(path: object, most: int) -> InputError:
    return InputError(f"{path}: has a line of more than {most:,} bytes", f"raise the limit, e.g. {LINE_VARIABLE}=8GB")


def require_filled(path: object, data: bytes | bytearray) -> None:
    """Raise `InputError` for data with too many consecutive blank lines."""
    if (
        b"\n\n" in data[:: len(BLANK_LINES) // 2] and BLANK_LINES in data
    ):  # a run this long has two consecutive sampled bytes
        raise InputError(
            f"{path}: has more than {len(BLANK_LINES):,} blank lines in a row", "remove them, e.g. with `sed '/^$/d'`"
        )


def _size_limit(variable: str, usual: int) -> int:
    """The bytes that an environment variable sets, such as `64GB`; `usual` if it is unset. Raises `UsageError` for
    another form.
    """
    text = os.environ.get(variable, "").strip()
    if not text:
        return usual
    match = BYTE_SIZE.fullmatch(text)
    if match is None:
        raise UsageError(f"{variable} is not a valid size", f"write, for example, {variable}=64GB")
    return int(match.group(1)) << (10 * " KMGT".index(match.group(2).upper() or " "))


def is_special(path: Path) -> bool:
    """Whether a path is neither a file nor a folder but a pipe or a device, which may never end."""
    return path.exists() and not (path.is_file() or path.is_dir())


def open_regular(path: Path) -> BinaryIO:
    """Open a file to read. Raises `OSError`, also for a pipe or a device."""
    if is_special(path):
        raise OSError(errno.EINVAL, "not a regular file")
    return path.open("rb")


def read_regular(path: Path) -> bytes:
    """The bytes of a file that a stranger may have put there. Raises `OSError`, also for a pipe or a device."""
    with open_regular(path) as file:
        return file.read()
