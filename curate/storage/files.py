"""Find files, read them compressed or not, and replace them atomically.

Output goes to a temporary file next to its target, is flushed to disk and renamed over it, so a crash leaves the old or
the new content.

The splits that other tools write are recognized by the names of their files.
"""

import gzip
import hashlib
import json
import os
import re
import shutil
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import cache, partial
from glob import escape
from io import BufferedReader, FileIO
from pathlib import Path
from threading import Lock
from typing import IO, Any, Final, TextIO

from curate.core.errors import InputError, OutputError
from curate.core.lazy import lazy_once
from curate.core.limits import limited, lines_limited, open_regular, read_regular
from curate.storage.data_path import DataPath
from curate.storage.places import copy_of
from curate.storage.scratch import is_orphan, lock, scratch
from curate.storage.tables import TABLE_SUFFIXES, binary_table, csv_delimiter, csv_lines, table_lines
from curate.storage.urls import is_url

SPLIT_WORDS: Final = {
    "train": ("train",),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "eval"),
}
"""Words in the names of the files of each split."""
WORD: Final = re.compile(r"[a-z]+")
DATA_SUFFIXES = (
    *(".jsonl", ".ndjson", ".json", ".jsonl.gz", ".jsonl.zst", ".json.gz", ".json.zst"),
    *(*TABLE_SUFFIXES, ".csv.gz", ".csv.zst"),
)
MANIFEST: Final = "manifest.json"
LEDGER = "removed.jsonl"
"""Name of the file of removed lines, or suffix of such a name."""
TEMPORARY_SUFFIX = ".curate-tmp"
FREE_SPACE: Final = "free disk space or choose another location; nothing was changed"
"""Next step where a file does not fit on the disk."""
STDIN = Path("-")
"""Path that stands for standard input."""
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def warn(note: str) -> None:
    """Default for `tell`: issue a Python warning."""
    import warnings

    warnings.warn(note, stacklevel=2)


def display_name(path: str | Path) -> str:
    """The display name of a file: its path with non-UTF-8 bytes escaped (`caf\\xe9.jsonl`), or the name that it has
    instead, such as the URL that it is a copy of; see `path_of`.
    """
    text = (isinstance(path, DataPath) and path.shown) or str(path)
    return text if text.isascii() else os.fsencode(text).decode("utf-8", "backslashreplace")


def path_of(name: str) -> Path:
    """The path of a display name: the reverse of `display_name`, except for names given to standard input and to data
    in memory, and for masked URLs.
    """
    if is_url(name) and (copy := copy_of(name)):
        return copy
    path = Path(name)
    if "\\x" not in name or os.path.lexists(path):
        return path
    return Path(
        os.fsdecode(re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes.fromhex(match[1].decode()), os.fsencode(name)))
    )


def named(paths: Iterable[Path]) -> dict[str, Path]:
    """Files by their display names."""
    return {display_name(path): path for path in paths}


_COPYING: Final = Lock()


def real_path(path: Path) -> Path:
    """The path of the bytes on disk: the file itself, or the copy of standard input or of a pipe. Raises `OSError`,
    `InputError`, `OutputError`.
    """
    if path != STDIN and not path.is_fifo():
        return path
    with _COPYING:
        copied = _copy_of(sys.stdin if path == STDIN else Path(path))
    return copied()


@cache  # the input cannot be read twice, and later stages and commands read it again
def _copy_of(source: TextIO | Path | None) -> Callable[[], Path]:
    """A function that returns the copy of an input that can be read only once; its first call creates the copy."""
    return lazy_once(partial(_copied, source))


def _copied(source: TextIO | Path | None) -> Path:
    """Copy a stream or a pipe to a temporary file, and return its path.

    Raises `InputError` if `source` is None (there is no standard input), `OutputError` if the copy cannot be written.
    """
    if source is None:
        raise InputError("-: there is no standard input", "pass a file, or pipe one to standard input")
    copy = scratch() / "data"
    with (
        source.open("rb") if isinstance(source, Path) else nullcontext(source.buffer) as pipe,
        replacing(copy) as file,
    ):
        shutil.copyfileobj(pipe, file)
    return copy


def blocks(path: Path, size: int = 1 << 20, *, tables: bool = True) -> Iterator[bytes]:
    """The unpacked bytes of a data file in blocks of about `size`; gzip and zstd are detected by their first bytes.

    A table is JSON Lines here (see `curate.storage.tables`); without `tables`, a text table keeps its bytes. Raises
    `InputError` with the next step for folders, missing rights, damaged archives and tables, and sizes beyond
    `curate.core.limits`.
    """
    name, delimiter = display_name(path), csv_delimiter(path)
    lines = lines_limited(name, _decompressed_blocks(path, size))
    return lines if delimiter is None or not tables else lines_limited(name, csv_lines(name, delimiter, lines))


def _decompressed_blocks(path: Path, size: int) -> Iterator[bytes]:
    """As `blocks`, except that a text table keeps its bytes."""
    name = display_name(path)
    try:
        with real_path(path).open("rb") as raw:
            start = raw.peek(16)[:16]
            if kind := binary_table(start):
                packed = real_path(path).stat().st_size
                yield from limited(name, ((block, packed) for block in table_lines(name, real_path(path), kind)))
            elif start.startswith(GZIP):
                yield from limited(name, _gzip_blocks(raw, size))
            elif start.startswith(ZSTD):
                yield from limited(name, _zstd_blocks(name, raw, size))
            else:
                while block := raw.read(size):
                    yield block
    except IsADirectoryError:
        raise InputError(
            f"{name}: is a folder", "pass the files in it, or use a command that accepts folders"
        ) from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{name}: damaged gzip file: {error}", "compress or download it again") from error
    except OSError as error:
        raise InputError.of(name, error, "check the path, its permissions and the disk") from error


def size_of(paths: Iterable[Path]) -> int:
    """Bytes of files on disk; 0 for paths that are not files."""
    return sum(path.stat().st_size for path in paths if path.is_file())


def packing(path: Path) -> str:
    """Why the lines of a file are not its bytes, as detected by `blocks`: `compressed`, `a table`, or empty."""
    try:
        with real_path(path).open("rb") as file:
            start = file.read(16)
    except OSError:
        return ""
    if csv_delimiter(path) is not None or binary_table(start):
        return "a table"
    return "compressed" if start.startswith((GZIP, ZSTD)) else ""


def _gzip_blocks(raw: BufferedReader, size: int) -> Iterator[tuple[bytes, int]]:
    """Unpacked blocks, each with the number of compressed bytes read so far."""
    with gzip.open(raw, "rb") as unpacked:
        while block := unpacked.read(size):
            yield block, raw.tell()


def _zstd_blocks(path: str, raw: BufferedReader, size: int) -> Iterator[tuple[bytes, int]]:
    """As `_gzip_blocks`, for zstd. Reads frame by frame, since a stream reader ends silently at a truncated frame.

    Raises `InputError` for a damaged file.
    """
    if sys.version_info >= (3, 14):
        from compression import zstd  # imported only for a .zst file
    else:
        from backports import zstd

    frame = zstd.ZstdDecompressor()
    ready = bytearray()
    try:
        while packed := raw.read(1 << 16):
            while packed or not (frame.needs_input or frame.eof):
                if frame.eof:
                    frame = zstd.ZstdDecompressor()
                ready += frame.decompress(packed, max_length=size)  # a few bytes may unpack to gigabytes
                packed = frame.unused_data if frame.eof else b""
                position = 0
                while len(ready) - position >= size:
                    yield bytes(ready[position : position + size]), raw.tell()
                    position += size
                del ready[:position]
    except zstd.ZstdError as error:
        raise InputError(f"{path}: damaged zstd file: {error}", "compress or download it again") from error
    if not frame.eof:
        raise InputError(f"{path}: damaged zstd file: the last frame is truncated", "compress or download it again")
    if ready:
        yield bytes(ready), raw.tell()


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes on disk, in hexadecimal."""
    try:
        with real_path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError.of(path, error) from error


def checksum(path: Path) -> str:
    """Checksum of a file on disk (xxh3, 128 bits): detects changes, not deliberate collisions. Raises `OSError`."""
    import xxhash

    digest = xxhash.xxh3_128()
    with real_path(path).open("rb", buffering=0) as file:
        update(file, digest)
    return digest.hexdigest()


def update(file: IO[bytes] | FileIO, *hashes: Any) -> None:
    """Feed the rest of an open file to hashes of `hashlib` or `xxhash`. Raises `OSError`."""
    room = memoryview(bytearray(1 << 18))  # one buffer for all blocks, small enough for the processor's cache
    while size := file.readinto(room):  # type: ignore[union-attr]  # files have it
        for hash_ in hashes:
            hash_.update(room[:size])


@contextmanager
def replacing(path: Path, *, mode: int | None = None, named: bool = False) -> Iterator[IO[bytes]]:
    """Write `path` atomically: a temporary file next to it is flushed to disk, then renamed.

    Missing folders are created. The file gets the rights of a new file, restricted by `mode` (permission bits; None: no
    restriction) and by the file that it replaces; its owner can read and write it. `named`: the user gave this path, so
    that a device, a pipe or a standard stream (`/dev/stdout`) is written directly; what a stranger put in place of a
    file of curate is replaced. Raises `OutputError` if the disk is full or the folder cannot be written; `path` is
    unchanged then.
    """
    try:
        if named and path.exists() and not path.is_dir() and (not path.is_file() or _is_stream(path)):
            with path.open("ab") as file:
                yield file
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_orphans(path.parent, escape(_short_name(path)))
        rights = (0o666 if mode is None else mode) & (path.stat().st_mode if path.is_file() else 0o666)
        with new_temporary_file(path, rights | 0o600) as (file, temporary):
            yield file
            file.flush()
            os.fsync(file.fileno())
            file.close()
            temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise OutputError.of(path, error, FREE_SPACE) from error


def _is_stream(path: Path) -> bool:
    """Whether a path is the file that standard output or error goes to: `/dev/stdout` itself must not be replaced."""
    for stream in (1, 2):
        with suppress(OSError):
            if os.path.samestat(path.stat(), os.fstat(stream)):
                return True
    return False


@contextmanager
def new_temporary_file(path: Path, rights: int) -> Iterator[tuple[IO[bytes], Path]]:
    """Create and open a new file next to `path`, exclusively; it is deleted at the end unless it was renamed."""
    temporary = path.with_name(f".{_short_name(path)}.{os.urandom(8).hex()}.{os.getpid()}{TEMPORARY_SUFFIX}")
    opener, file, failed = partial(nofollow_opener, rights=rights & 0o666), None, True
    try:  # first, for an interruption while it is opened
        file = open(temporary, "x+b", buffering=1 << 20, opener=opener)  # noqa: SIM115
        lock(file.fileno())
        yield file, temporary
        failed = False
    finally:
        try:
            if file is not None:
                file.close()  # flushes the rest, which may fail on a full disk
        except OSError:
            if not failed:  # else the first error says which file does not fit
                raise
        finally:
            temporary.unlink(missing_ok=True)


def _short_name(path: Path) -> str:
    """Shorten a name so that the name of its temporary file fits the limit."""
    return path.name[:40]


def remove_orphans(folder: Path, name: str = "*") -> None:
    """Delete temporary files of killed processes in a folder, next to files that match a name (a pattern)."""
    for orphan in folder.glob(f".{name}.*{TEMPORARY_SUFFIX}"):
        if is_orphan(orphan, orphan.name.removesuffix(TEMPORARY_SUFFIX).rpartition(".")[2]):
            with suppress(OSError):  # of somebody else, or a folder
                orphan.unlink()


def sync_folder(folder: Path) -> None:
    """Flush the renames in `folder` to disk, if the system supports it."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows cannot open folders
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_files(folder: Path) -> None:
    """Flush the files of a folder to disk."""
    for file in folder.iterdir():
        if file.is_file():
            with file.open("r+b") as written:  # Windows flushes only what may be written
                os.fsync(written.fileno())


def make_private_folder(folder: Path) -> None:
    """Create a folder that only its owner can read, or restrict an existing one, but not behind a link of an untrusted
    project. Raises `OSError`.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077 and not any(path.is_symlink() for path in (folder, *folder.parents[:2])):
        folder.chmod(0o700)


def write_bytes(path: Path, data: bytes, *, mode: int | None = None, named: bool = False) -> None:
    """Replace the content of `path` atomically; options are as in `replacing`."""
    with replacing(path, mode=mode, named=named) as file:
        file.write(data)


def json_text(value: Any) -> str:
    """`value` as JSON for files on disk: keys in the order given, indent of two spaces, one line break at the end."""
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def write_json(path: Path, value: Any, *, mode: int | None = None, named: bool = False) -> None:
    """Replace `path` atomically with `value` as JSON; options are as in `replacing`."""
    write_bytes(path, json_text(value).encode("utf-8", "surrogatepass"), mode=mode, named=named)


def nofollow_opener(path: str, flags: int, rights: int = 0o666) -> int:
    """Opener that follows no link: a journal in an untrusted folder must not point elsewhere."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), rights)


def journal_lines(path: Path) -> list[bytes]:
    """The lines of a journal, blank ones included; empty if it does not exist. Raises `InputError`."""
    try:
        return read_regular(path).split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError.of(path, error, "check its permissions") from error


def append_lines(path: Path, lines: Iterable[bytes], *, mode: int = 0o666) -> None:
    """Append lines to a journal and flush them together; `mode` also takes rights from a journal that has more.

    An incomplete last line from a crash is terminated first. Raises `OutputError`, and takes back what was written, so
    that a full disk leaves no part of a line.
    """
    data = b"".join(line + b"\n" for line in lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(path, "ab+", buffering=0, opener=partial(nofollow_opener, rights=mode)) as file:
            if (rights := os.fstat(file.fileno()).st_mode) & 0o666 & ~mode:
                with suppress(PermissionError):  # a colleague's journal
                    path.chmod(stat.S_IMODE(rights) & mode)
            if size := file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    data = b"\n" + data
            _append(file, data, size)
    except OSError as error:
        raise OutputError.of(path, error, "free disk space or check the permissions") from error


def _append(file: FileIO, data: bytes, size: int) -> None:
    """Write data behind the `size` bytes of a file and flush it. Takes back what was written before it raises
    `OSError`.
    """
    written = 0
    try:
        while written < len(data):
            written += file.write(memoryview(data)[written:])
        os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            if os.fstat(file.fileno()).st_size == size + written:  # else another process has written, too
                file.truncate(size)
        raise


def lines_after(path: Path, offset: int) -> Iterator[bytes]:
    """The lines of a journal behind a byte offset; none if it does not exist. Raises `InputError`."""
    try:
        with open_regular(path) as file:
            file.seek(offset)
            yield from file
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError.of(path, error, "check its permissions") from error


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files of a killed run in `folder`."""
    for leftover in folder.glob(f".*{TEMPORARY_SUFFIX}") if folder.is_dir() else ():
        leftover.unlink(missing_ok=True)


def files_by_split(files: Iterable[Path]) -> dict[str, list[Path]]:
    """Files named like splits, by split, each in the given order; empty if there are fewer than two splits."""
    words = [(path, {*WORD.findall(path.name.lower().partition(".")[0])}) for path in files]
    named = {
        split: [path for path, of_name in words if not of_name.isdisjoint(names)]
        for split, names in SPLIT_WORDS.items()
    }
    splits = {split: paths for split, paths in named.items() if paths}
    return splits if len(splits) > 1 else {}
