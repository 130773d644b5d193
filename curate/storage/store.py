"""The content-addressed store: entries in files that are named by a hash of their inputs.

An entry is arrays (`.npz`, never unpickled), a value of JSON (`.json`) or numbers of one type (`.bin`), which are read
from the file as they are needed and take no memory. It is written atomically and signed with the
key of this user, together with its name. An entry that is missing, damaged, renamed or written by another user is
computed again. Everything is safe to delete.
"""

import hashlib
import hmac
import json
import os
import re
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from math import inf, prod
from pathlib import Path
from shutil import disk_usage
from typing import IO, Any, Final, Literal, TypeVar
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from curate.core.errors import OutputError
from curate.core.example import content_id
from curate.core.lazy import Array, Arrays, Flags, Hashes, np, version_of
from curate.core.limits import open_regular
from curate.storage.data_path import SeekableFile
from curate.storage.files import (
    append_lines,
    journal_lines,
    make_private_folder,
    new_temporary_file,
    remove_orphans,
    update,
)

Made = TypeVar("Made")
FORMAT: Final = 1
"""Version of the files; entries of other versions are not found."""
MAX_FOLDER_BYTES: Final = 2 << 30
"""The least recently used entries beyond it are deleted if they were not used for `KEPT_SECONDS`, or if the folder
takes more than `MAX_DISK_SHARE` of the disk space that is free without it.
"""
KEPT_SECONDS: Final = 7 * 24 * 3600
MAX_DISK_SHARE: Final = 0.25
ENTRY_NAME: Final = re.compile(r"[a-z]+-[0-9a-f]{32}\.(?:npz|json|bin)")
"""Names of files that may be deleted."""
SIGNATURE_BYTES: Final = 64
"""It precedes the content."""
LOCAL_HEADER_BYTES: Final = 30
"""Size of the header before a member of an archive, without its name and extra field."""
LOCAL_SIZES: Final = struct.Struct("<HH")
"""The sizes of this name and this extra field, in the header at byte `LOCAL_SIZES_AT`."""
LOCAL_SIZES_AT: Final = 26
ZIP64_BYTES: Final = 20
"""Size of the part of the extra field for sizes of 64 bits."""
PADDING_KIND: Final = 0xD935
"""Identifies the part of an extra field that aligns the content, as in packages of Android."""
ALIGNMENT: Final = 64
ARRAY_HEADER: Final = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<>|][a-zA-Z]\d+)', 'fortran_order': (True|False), "
    rb"'shape': \(([\d, ]*)\), \} *\n",
    re.DOTALL,
)
"""The bytes before the values of an array. NumPy parses them with `ast`, of which Python up to 3.12 has one state for
all threads: now and then it raises `SystemError`.
"""
SIGNATURE_KEY: Final = b', "signature": "'
"""It precedes the signature in a line of a journal."""
MAX_ROWS: Final = 2_000_000
"""Number of rows above which rows that this run did not use are deleted."""


LIBRARIES: Final = (
    "datasketch", "ftfy", "jsonschema", "jsonschema-specifications", "numba", "numpy", "orjson", "polars", "py3langid",
    "pydantic", "python-stdnum", "rapidfuzz", "referencing", "snowballstemmer", "text2num", "xxhash",
)  # fmt: skip
"""Libraries whose versions may change results."""


@cache
def code_id(*packages: str) -> str:
    """Identifier of the code of some packages of `curate`, of the files that it reads there, and of the versions of
    Python and the libraries; results of other code are computed again.
    """
    total = hashlib.sha256(sys.version.encode())
    for library in LIBRARIES:
        total.update(f"{library} {version_of(library)}\n".encode())
    for package in packages:
        for file in sorted((Path(__file__).parents[1] / package).rglob("*")):
            if file.is_file() and file.parent.name != "__pycache__":
                total.update(file.read_bytes())
    return total.hexdigest()


def entry(folder: Path, kind: str, suffix: Literal[".npz", ".json", ".bin"], *parts: Any) -> Path:
    """The file for the result that is computed from `parts`, values of JSON. `kind`: lower-case letters."""
    return folder / f"{kind}-{content_id([FORMAT, *parts])}{suffix}"


def load(path: Path, decode: Callable[[Any], Made], damaged: Callable[[], object] = lambda: None) -> Made | None:
    """The decoded content of an entry; None if it does not exist.

    Also None, after a call of `damaged`, if the signature does not match or `decode` raises an error.
    """
    try:
        return decode(_verified_content(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception:  # noqa: BLE001 - a corrupt archive may ask for anything, such as a password
        damaged()
        return None


def _verified_content(path: Path) -> Any:
    """The arrays by name, or the value of JSON, in an entry. Raises `ValueError` if the signature does not match,
    `OSError` if it cannot be read, and what the parser raises.
    """
    with open_regular(path) as file:
        data = bytearray(os.fstat(file.fileno()).st_size)
        file.readinto(data)  # type: ignore[attr-defined]  # files have it
    signature = _signature(path)
    signature.update(memoryview(data)[SIGNATURE_BYTES:])
    if not hmac.compare_digest(bytes(data[:SIGNATURE_BYTES]), signature.hexdigest().encode()):
        raise ValueError(path)
    _mark_as_used(path)
    if path.suffix == ".json":
        return json.loads(data[SIGNATURE_BYTES:])
    return _arrays_in(data)


def _mark_as_used(path: Path) -> None:
    """Set the time of an entry: by the clock of `time.time`, since that of the file system is up to 4 ms behind it."""
    now = time.time()
    with suppress(OSError):
        os.utime(path, (now, now))


def _arrays_in(data: bytearray) -> Arrays:
    """The arrays in a signed `.npz` file, in the memory of the file where they are aligned. Checksums are not computed,
    because the signature was. Raises `ValueError`, and what the parser of the archive raises.
    """
    arrays: Arrays = {}
    with ZipFile(_Memory(data)) as archive:
        members = archive.infolist()
    for member in members:
        if member.compress_type != ZIP_STORED:
            raise ValueError(member.filename)
        sizes = LOCAL_SIZES.unpack_from(data, member.header_offset + LOCAL_SIZES_AT)
        start = member.header_offset + LOCAL_HEADER_BYTES + sum(sizes)
        if (header := ARRAY_HEADER.match(data, start)) is None:
            raise ValueError(member.filename)
        kind, is_fortran, shape = header[1].decode(), header[2] == b"True", _shape(header[3])
        count = prod(shape)
        values = np.frombuffer(data, kind, count, header.end()) if count else np.empty(0, kind)
        values = values.reshape(shape, order="F" if is_fortran else "C")
        arrays[member.filename.removesuffix(".npy")] = values if values.flags.aligned else values.copy()
    return arrays


def _shape(text: bytes) -> tuple[int, ...]:
    """The numbers of a tuple that is written as in Python, without its parentheses."""
    return tuple(int(number) for number in text.split(b",") if number.strip())


class _Memory(SeekableFile):
    """A file whose content is in memory and is not copied."""

    def __init__(self, data: bytearray) -> None:
        self._data, self._position = memoryview(data), 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        position = offset + (0, self._position, len(self._data))[whence]
        if position < 0:
            raise OSError("before the beginning")
        self._position = position
        return position

    def readinto(self, room: Any) -> int:
        part = self._data[self._position : self._position + len(room)]
        room[: len(part)] = part
        self._position += len(part)
        return len(part)


def _write_arrays(file: IO[bytes], arrays: Mapping[str, Any]) -> None:
    """Write an archive as `np.savez` does, in which the values of each array are aligned, so that they can be used in
    the memory of the file. Raises `OSError`, and `ValueError` for an array of objects.
    """
    with ZipFile(file, "w") as archive:
        for name, values in arrays.items():
            member = ZipInfo(f"{name}.npy")
            before = file.tell() + LOCAL_HEADER_BYTES + len(member.filename.encode()) + ZIP64_BYTES
            padding = -(before + 4) % ALIGNMENT
            member.extra = struct.pack("<HH", PADDING_KIND, padding) + bytes(padding)
            with archive.open(member, "w", force_zip64=True) as part:
                np.lib.format.write_array(part, np.asanyarray(values), allow_pickle=False)


def _signature(path: Path) -> hmac.HMAC:
    return hmac.new(own_key(), _signed_name(path), "sha256")


def _signed_name(path: Path) -> bytes:
    """The beginning of the signed bytes: the name, so that a renamed file does not match its signature."""
    return os.fsencode(path.name) + b"\0"


def save(path: Path, content: Any) -> str:
    """Write an entry, readable by its owner only: arrays by name, or a value of JSON. Returns an error message, usually
    empty.

    It is not flushed to disk: a lost entry is computed again.
    """
    try:
        if path.parent.is_symlink():  # of an untrusted project
            return f"{path.parent}: is a link"
        with new_entry(path) as file:
            if path.suffix == ".json":
                file.write(json.dumps(content).encode())
            else:
                _write_arrays(file, content)
    except OSError as error:
        return f"{path}: {error.strerror or error}"
    return ""


@contextmanager
def new_entry(path: Path) -> Iterator[IO[bytes]]:
    """A file for the content of an entry; the entry exists after the block. Raises `OSError`."""
    make_private_folder(path.parent)
    with new_temporary_file(path, 0o600) as (file, temporary):
        file.write(bytes(SIGNATURE_BYTES))
        yield file
        signature = _signature(path)
        file.seek(SIGNATURE_BYTES)
        update(file, signature)
        file.seek(0)
        file.write(signature.hexdigest().encode())
        file.close()
        temporary.replace(path)


def mapped_numbers(path: Path, kind: str) -> Array | None:
    """The numbers of an entry, as an array that is read from the file. `kind`: numpy's name of their type.

    None if it does not exist, contains none, or the signature does not match.
    """
    try:
        with open_regular(path) as file:
            signature, written = _signature(path), file.read(SIGNATURE_BYTES)
            update(file, signature)
            if hmac.compare_digest(written, signature.hexdigest().encode()):
                _mark_as_used(path)
                return mapped(file, kind, SIGNATURE_BYTES)
    except OSError:
        return None
    return None


def mapped(file: IO[bytes], kind: str, offset: int = 0) -> Array | None:
    """The numbers in a file from an offset on, as an array that is read from the file; None if there are none."""
    file.flush()
    if file.seek(0, os.SEEK_END) == offset:
        return None
    return np.memmap(file, dtype=kind, mode="r", offset=offset).view(np.ndarray)


def require_types(arrays: Arrays, types: Mapping[str, str]) -> None:
    """Raise `ValueError` or `KeyError` unless these arrays exist with these types (numpy's names)."""
    if wrong := [name for name, type_ in types.items() if arrays[name].dtype != np.dtype(type_)]:
        raise ValueError(f"arrays of another type: {wrong}")


def make_room(folder: Path, since: float = inf) -> int:
    """Delete temporary files of killed processes, and the least recently used entries beyond the size limit. Returns
    the size in bytes of deleted entries that were used since a time (as of `time.time`).

    Only files with the name of an entry: an untrusted project may have a link to another folder in its place.
    """
    size = deleted = 0
    with suppress(OSError):
        entries = [(path.stat(), path) for path in folder.iterdir() if ENTRY_NAME.fullmatch(path.name)]
        possible = disk_usage(folder).free + sum(info.st_size for info, _ in entries)
        most, kept_from = max(MAX_FOLDER_BYTES, MAX_DISK_SHARE * possible), time.time() - KEPT_SECONDS
        for info, path in sorted(entries, key=lambda entry: entry[0].st_mtime, reverse=True):
            size += info.st_size
            if size > (most if info.st_mtime >= kept_from else MAX_FOLDER_BYTES):
                path.unlink(missing_ok=True)
                deleted += info.st_size * (info.st_mtime >= since)
        remove_orphans(folder)
    return deleted


class StoredRows:
    """Rows of an array by key, in one entry: those of earlier runs and new ones."""

    def __init__(
        self, path: Path, kind: str, width: tuple[int, ...] = (), damaged: Callable[[], object] = lambda: None
    ) -> None:
        """`kind`: numpy's name of the type of a row; `width`: its shape; `damaged` is called if the entry is."""
        self.path, self._kind, self._width, self._damaged = path, kind, width, damaged
        self._loaded: tuple[Hashes, Array] | None = None
        self._used: list[tuple[Hashes, Array]] = []
        self._changed = False

    def find(self, keys: Hashes) -> tuple[Array, Flags]:
        """The row of each key, zeros if it is unknown; and whether it is known."""
        sorted_keys, sorted_rows = self._stored()
        positions = sorted_keys.searchsorted(keys)
        is_known = positions < len(sorted_keys)
        is_known[is_known] = sorted_keys[positions[is_known]] == keys[is_known]
        rows = np.zeros((len(keys), *self._width), dtype=self._kind)
        rows[is_known] = sorted_rows[positions[is_known]]
        self._used.append((keys[is_known], rows[is_known]))
        return rows, is_known

    def add(self, keys: Hashes, rows: Array) -> None:
        """Add new rows; the first of equal keys is kept."""
        self._used.append((keys, rows))
        self._changed = True

    def save(self) -> str:
        """Write the entry if there are new rows; returns an error message, empty if there was no error.

        Rows that this run did not use are deleted if there are at least `MAX_ROWS` stored ones.
        """
        if not self._changed:
            return ""
        stored = self._stored()
        every = [*self._used, stored] if len(stored[0]) < MAX_ROWS else self._used
        keys, rows = (np.concatenate(parts) for parts in zip(*every, strict=True))
        keys, first = np.unique(keys, return_index=True)
        return save(self.path, {"keys": keys, "rows": rows[first]})

    def _stored(self) -> tuple[Hashes, Array]:
        """The rows of earlier runs, ascending by key."""
        if self._loaded is None:
            empty = np.empty(0, dtype=np.uint64), np.empty((0, *self._width), dtype=self._kind)
            self._loaded = load(self.path, self._decoded, self._damaged) or empty
        return self._loaded

    def _decoded(self, arrays: Arrays) -> tuple[Hashes, Array]:
        """Keys and rows of a file. Raises `ValueError` unless the keys ascend and each has a row."""
        require_types(arrays, {"keys": "u8", "rows": self._kind})
        keys, rows = arrays["keys"], arrays["rows"]
        if rows.shape != (*keys.shape, *self._width) or not (keys[1:] > keys[:-1]).all():
            raise ValueError("arrays that do not match each other")
        return keys, rows


class ResultJournal:
    """Signed values of JSON by key in a file of JSON Lines, for expensive results: each one is written immediately."""

    def __init__(self, path: Path, mode: int = 0o666) -> None:
        """`mode`: the most rights of the file. Its folder is private if others get none."""
        self.path, self._mode = path, mode

    def read(self, decode: Callable[[Any], Made]) -> dict[str, Made]:
        """The decoded values by key, without lines that a crash truncated, that this user did not sign, or for which
        `decode` raises an error. Raises `InputError`.
        """
        values = {}
        for line in journal_lines(self.path):
            body, _, signature = line.rpartition(SIGNATURE_KEY)
            if hmac.compare_digest(signature, self._signature(body)):
                with suppress(ValueError, LookupError, TypeError, RecursionError):  # without a key, anybody can sign
                    saved = json.loads(body + b"}")
                    values[saved["key"]] = decode(saved["value"])
        return values

    def add(self, values: Mapping[str, Any]) -> None:
        """Append values; without any, the file is created. Raises `OutputError`."""
        if not self._mode & 0o077:
            try:
                make_private_folder(self.path.parent)
            except OSError as error:
                raise OutputError.of(self.path, error, "free disk space or check the permissions") from error
        bodies = (json.dumps({"key": key, "value": value})[:-1].encode() for key, value in values.items())
        lines = (body + SIGNATURE_KEY + self._signature(body) for body in bodies)
        append_lines(self.path, lines, mode=self._mode)

    def _signature(self, body: bytes) -> bytes:
        """The signature of the key and the value, as the end of a line."""
        return hmac.digest(own_key(), _signed_name(self.path) + body, "sha256").hex().encode() + b'"}'


@cache
def own_key() -> bytes:
    """The key that signs what this user stores.

    It is outside of all projects, so that no other user can create a file that is accepted. Empty if it cannot be read
    or created: the signature then detects damage only.
    """
    from platformdirs import user_state_path

    try:
        path = user_state_path("curate") / "cache.key"
        if not path.exists():
            make_private_folder(path.parent)
            with (
                new_temporary_file(path, 0o600) as (file, temporary),
                suppress(FileExistsError),
            ):  # another process was faster
                file.write(os.urandom(32))
                file.flush()
                os.link(temporary, path)
        return path.read_bytes()
    except (OSError, RuntimeError):  # RuntimeError: the user has no home folder
        return b""
