"""Write a file of kept lines and a file of removed lines next to it: both or none, by one process at a time.

Existing files need `--overwrite`.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Final, TypeVar

from filelock import FileLock, Timeout

from curate.core.errors import OutputError, UsageError
from curate.core.files import new_temporary_file, replacing
from curate.core.lazy import np
from curate.core.paths import demand_apart
from curate.core.snapshot import Snapshot, demand_unchanged, mode_of
from curate.core.tables import TABLE_SUFFIXES
from curate.core.text import visible

Output = TypeVar("Output", Path, Path | None)
PIECE: Final = 1 << 20
"""Bytes per write: writing line by line takes four times as long."""
LOOK: Final = 1 << 16
"""Bytes per count of line breaks: as many as fit the processor cache."""


class CountingWriter:
    """A buffered output file that counts and hashes what is written."""

    def __init__(self, file: IO[bytes], *, hashed: bool = False) -> None:
        """`hashed`: whether to compute the SHA-256."""
        import hashlib

        self._file, self._hash = file, hashlib.sha256() if hashed else None
        self._waiting: list[bytes] = []
        self._size = self._lines = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write bytes, buffered. Raises `OSError`."""
        if not self._waiting and len(data) >= LOOK:
            self._put(data)
            return
        self._waiting.append(bytes(data))  # a view would keep the whole buffer alive
        self._size += len(data)
        if self._size >= PIECE:
            self.flush()

    def flush(self) -> None:
        """Write the buffer to the file. Raises `OSError`."""
        data, self._waiting, self._size = b"".join(self._waiting), [], 0
        self._put(data)

    def _put(self, data: bytes | bytearray | memoryview) -> None:
        self._file.write(data)
        if self._hash is not None:
            self._hash.update(data)
        every = np.frombuffer(data, dtype=np.uint8)
        self._lines += sum(
            int(np.count_nonzero(every[at : at + LOOK] == ord("\n"))) for at in range(0, len(every), LOOK)
        )

    @property
    def lines(self) -> int:
        """Number of written lines, each with its line break."""
        self.flush()
        return self._lines

    @property
    def sha256(self) -> str:
        """SHA-256 of all written bytes."""
        self.flush()
        return "" if self._hash is None else self._hash.hexdigest()


def removed_path(output: Path, kind: str) -> Path:
    """Path of the removed lines for `output`: `kept.removed.jsonl` next to `kept.jsonl`."""
    return output.with_name(f"{output.name.removesuffix('.jsonl').removesuffix('.parquet')}.{kind}.jsonl")


def checked_removed_path(
    output: Output,
    kind: str,
    read: Sequence[Path],
    named: Sequence[str | Path],
    *,
    overwrite: bool,
    others: Sequence[Path | None] = (),
) -> Output:
    """The path of the removed lines of an output; None without one. Raises `UsageError` if one of both, or of `others`,
    is an input (see `demand_apart`) or lies in /dev, and if one of both exists and must not be replaced.
    """
    aside = output and removed_path(output, kind)
    demand_apart(read, (output, aside, *others), named=named)
    if output and aside:
        if aside.absolute().parent == Path("/dev"):
            raise UsageError(f"{output}: {aside.name} would be written to /dev", "choose a file, or a pipe elsewhere")
        demand_not_existing(output, aside, overwrite=overwrite)
    return aside


def demand_not_existing(*paths: Path, overwrite: bool) -> None:
    """Raise `UsageError` for a folder, and if an existing file or a broken link would be replaced without
    `--overwrite`.
    """
    for path in paths:
        if path.is_dir():
            raise UsageError(f"{visible(str(path))}: is a folder", "choose a file in it, or another one")
        if path.suffix.lower() in TABLE_SUFFIXES and path.suffix != ".parquet":
            raise UsageError(f"{visible(str(path))}: this kind of table is not written", "choose .jsonl or .parquet")
        if (path.is_file() or (path.is_symlink() and not path.exists())) and not overwrite:
            raise UsageError(f"{visible(str(path))}: already exists", "choose another output, or pass --overwrite")


@contextmanager
def replacing_both(
    kept: Path,
    gone: Path,
    *,
    overwrite: bool = False,
    seen: Sequence[Snapshot] = (),
) -> Iterator[tuple[CountingWriter, CountingWriter]]:
    """Write kept and removed lines to two files, both or none; if killed, each line is in at least one of them.

    The file of removed lines is renamed first; until the kept lines follow, it also contains the removed lines of an
    earlier run. `seen`: the inputs; the files get only rights that all of them grant. Raises `InputError` before the
    first rename if one of them changed, `OutputError`, `UsageError` if one of the files exists and must not be
    replaced, or another process writes them.
    """
    mode = mode_of(seen)
    with _alone(gone), ExitStack() as stack:  # the file entered last is renamed first
        demand_not_existing(kept, gone, overwrite=overwrite)
        if gone.is_file():
            goes = stack.enter_context(replacing(gone, mode=mode))
            stays = stack.enter_context(replacing(kept, mode=mode))
        else:
            stays = stack.enter_context(replacing(kept, mode=mode))
            goes = stack.enter_context(replacing(gone, mode=mode))
        files = CountingWriter(stays), CountingWriter(goes)
        yield files
        for written, file in zip(files, (stays, goes), strict=True):  # detects a full disk before the first rename
            written.flush()
            file.flush()
        demand_unchanged(seen)
        if kept.suffix == ".parquet":
            from curate.core.parquet import write_parquet

            with new_temporary_file(kept, 0o600) as (_, table):
                table.chmod(Path(stays.name).stat().st_mode & 0o777)
                write_parquet(Path(stays.name), table).replace(stays.name)
        if gone.is_file():
            _join(Path(goes.name), gone, mode)


def _join(new: Path, old: Path, mode: int | None) -> None:
    """Prepend the new lines to the existing file."""
    import shutil

    with replacing(old, mode=mode) as both:
        for path in (new, old):
            with path.open("rb") as file:
                shutil.copyfileobj(file, both)


@contextmanager
def _alone(gone: Path) -> Iterator[None]:
    """Lock out other processes that write the same files. Raises `UsageError` if there is one, `OutputError`."""
    path = gone.with_name(f".{gone.name[:100]}.lock")
    try:
        gone.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=0)
        lock.acquire()
    except Timeout:
        raise UsageError(
            f"{visible(str(gone))}: another curate process is writing to this file", "wait for that process or stop it"
        ) from None
    except OSError as error:
        raise OutputError(
            f"{visible(str(gone))}: cannot be written: {error.strerror or error}",
            "choose another location; nothing was changed",
        ) from error
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        lock.release()
