"""Files on disk: finding them, reading them whatever their compression, and replacing them so that a crash leaves old or new.

Whatever is written goes to a temporary file beside its target, is flushed to the disk and then renamed over it.
"""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from curate.errors import InputError, OutputError, UsageError

DATA_SUFFIXES = (".jsonl", ".ndjson", ".json", ".jsonl.gz", ".jsonl.zst", ".json.gz", ".json.zst")
TEMPORARY = ".curate-tmp"
# First bytes of files that people pass by mistake, and what to do about each.
FOREIGN = {
    b"PK\x03\x04": ("a zip archive", "unpack it first"),
    b"PAR1": ("a Parquet file", "write it as JSON Lines first, e.g. polars.read_parquet(...).write_ndjson(...)"),
    b"BZh": ("a bzip2 file", "unpack it first (gzip and zstd are read as they are)"),
    b"\xfd7zXZ": ("an xz file", "unpack it first (gzip and zstd are read as they are)"),
    b"ARROW1": ("an Arrow file", "write it as JSON Lines first"),
    b"SQLite format 3": ("an SQLite database", "export the table as JSON Lines first"),
    b"%PDF": ("a PDF", "curate reads JSON Lines"),
}
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def data_files(paths: Iterable[str | Path]) -> list[Path]:
    """The files that `paths` name, each once, in the order given; a folder stands for the data files anywhere below it, sorted.

    Raises `InputError` for a path that is not there and for a folder without data files, `UsageError` for no path at all.
    """
    found: dict[Path, None] = {}
    for name in paths:
        path = Path(name)
        if path.is_dir():
            inside = [p for p in sorted(path.rglob("*")) if p.is_file() and p.name.endswith(DATA_SUFFIXES) and ".curate" not in p.parts]
            if not inside:
                raise InputError(f"{path}: a folder without data files", f"curate reads {', '.join(DATA_SUFFIXES[:3])} and their .gz and .zst")
            found.update(dict.fromkeys(inside))
        elif path.exists():
            found[path] = None
        else:
            raise InputError(f"{path}: no such file or folder", "check the path")
    if not found:
        raise UsageError("no file to read", "name a file or a folder")
    return list(found)


def blocks(path: Path, size: int = 1 << 20) -> Iterator[bytes]:
    """The bytes of a data file in blocks of at most `size`, gzip and zstd unpacked; told by their first bytes, not by name.

    Raises `InputError` with the next step for folders, missing rights, foreign kinds of file and damaged archives.
    """
    try:
        with path.open("rb") as raw:
            start = raw.peek(16)[:16]
            for magic, (kind, step) in FOREIGN.items():
                if start.startswith(magic):
                    raise InputError(f"{path}: is {kind}, not JSON Lines", step)
            unpacked: IO[bytes] | gzip.GzipFile = raw
            if start.startswith(GZIP):
                unpacked = gzip.open(raw, "rb")  # noqa: SIM115  (closes nothing but what `raw` closes)
            elif start.startswith(ZSTD):
                yield from _zstd_blocks(path, raw, size)
                return
            while block := unpacked.read(size):
                yield block
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder", "name the files in it, or let a command that takes folders search it") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: damaged gzip file: {error}", "compress or download it again") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}", "check the path, its permissions and the disk") from error


def is_packed(path: Path) -> bool:
    """Whether a file is compressed, told as `blocks` tells it; false for one that cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(4).startswith((GZIP, ZSTD))
    except OSError:
        return False


def _zstd_blocks(path: Path, raw: IO[bytes], size: int) -> Iterator[bytes]:
    """Frame by frame: the stream reader of zstandard takes a frame that breaks off for the end of the file."""
    import zstandard  # loaded only when a .zst comes along

    frame = zstandard.ZstdDecompressor().decompressobj()
    ready = bytearray()
    try:
        while packed := raw.read(1 << 12):  # little, because it may unpack to a lot
            while packed:
                if frame.eof:
                    frame = zstandard.ZstdDecompressor().decompressobj()
                ready += frame.decompress(packed)
                packed = frame.unused_data
            while len(ready) >= size:
                yield bytes(ready[:size])
                del ready[:size]
    except zstandard.ZstdError as error:
        raise InputError(f"{path}: damaged zstd file: {error}", "compress or download it again") from error
    if not frame.eof:
        raise InputError(f"{path}: damaged zstd file: it ends before its last frame does", "compress or download it again")
    if ready:
        yield bytes(ready)


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes on disk, in hexadecimal."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}", "check the path and its permissions") from error


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Write `path` whole or not at all: a temporary file beside it, flushed to disk, then renamed over it.

    Raises `OutputError` where the disk is full or the folder cannot be written; `path` then is as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}", "free some space or choose another place; nothing was changed") from error


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` outlive a power cut, where the system offers that."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, data: bytes) -> None:
    """Replace the content of `path` atomically."""
    with replacing(path) as file:
        file.write(data)


def json_text(value: Any) -> str:
    """`value` as the JSON that we keep on disk: keys in the order given, two spaces, one line break at the end."""
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def write_json(path: Path, value: Any) -> None:
    """Replace `path` atomically with `value` as JSON."""
    write_bytes(path, json_text(value).encode("utf-8", "surrogatepass"))


def append_line(path: Path, data: bytes) -> None:
    """Append one line to a journal and flush it to the disk; a torn last line of an earlier crash is closed first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(data + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}", "free some space or check the permissions") from error


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files that a killed run left in `folder`."""
    for leftover in folder.glob(f".*{TEMPORARY}") if folder.is_dir() else ():
        leftover.unlink(missing_ok=True)
