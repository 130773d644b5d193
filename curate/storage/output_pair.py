"""Write a file of kept lines and a file of removed lines next to it: both or none, by one process at a time.

Existing files need `--overwrite`, except those that a killed process left. It also left a mark, a hidden file next to
them; then the same command writes the same content again. A file with any other content is not replaced.
"""

import filecmp
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Final, TypeVar

from filelock import Timeout

from curate.core.errors import OutputError, UsageError
from curate.core.limits import is_special
from curate.core.text import visible
from curate.storage.files import FREE_SPACE, new_temporary_file, replacing
from curate.storage.paths import require_distinct_paths
from curate.storage.shards import shard_bounds, shard_names, shards_of
from curate.storage.snapshot import Snapshot, mode_of, require_unchanged
from curate.storage.tables import TABLE_SUFFIXES
from curate.storage.transaction import READY_FILE, STAGE_FOLDER, file_lock, recover, replacing_together

Output = TypeVar("Output", Path, Path | None)
LINES_FOLDER: Final = "lines"
"""In the folder of a transaction: lines that are not cut into shards yet."""


class CountingWriter:
    """An output file that counts its lines and hashes what is written."""

    def __init__(self, file: IO[bytes], path: Path | None = None, *, hashed: bool = False) -> None:
        """`path`: the file that an `OutputError` names; None leaves errors as they are. `hashed`: whether to
        compute the SHA-256.
        """
        import hashlib

        self._path, self._file, self._hash = path, file, hashlib.sha256() if hashed else None
        self.lines = 0
        """Number of written lines, each with its line break."""

    def write(self, data: bytes | bytearray) -> None:
        """Write bytes. Raises `OSError`; `OutputError` if the file has a path."""
        with self._named():
            self._file.write(data)
        self.lines += data.count(b"\n")
        if self._hash is not None:
            self._hash.update(data)

    def flush(self) -> None:
        """Write what is buffered. Raises as `write` does."""
        with self._named():
            self._file.flush()

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Raise `OutputError` with the path for an `OSError`, which has none."""
        try:
            yield
        except OSError as error:
            if self._path is None:
                raise
            raise OutputError.of(self._path, error, FREE_SPACE) from error

    @property
    def sha256(self) -> str:
        """SHA-256 of all written bytes."""
        return "" if self._hash is None else self._hash.hexdigest()


def removed_path(output: Path, kind: str) -> Path:
    """Path of the removed lines for `output`: `kept.removed.jsonl` beside `kept.jsonl`. Raises `UsageError` for `.`."""
    if not output.name:
        raise UsageError(f"{output}: is a folder", "choose a file in it, or another one")
    return output.with_name(f"{output.name.removesuffix('.jsonl').removesuffix('.parquet')}.{kind}.jsonl")


def checked_removed_path(
    output: Output,
    kind: str,
    read: Sequence[Path],
    named: Sequence[str | Path],
    *,
    overwrite: bool,
    others: Sequence[Path | None] = (),
    shards: int = 1,
) -> Output:
    """The path of the removed lines of an output; None without one. Raises `UsageError` if one of both, or of `others`,
    is an input (see `require_distinct_paths`) or lies in /dev, and if one of both exists and must not be replaced; also
    for the shards of the output.
    """
    aside = output and removed_path(output, kind)
    shard = output.with_name(shard_names(output.name, shards)[0]) if output and shards > 1 else None
    require_distinct_paths(read, (output, aside, *others, shard), named=named)
    if output and aside:
        if aside.absolute().parent == Path("/dev"):
            raise UsageError(f"{output}: {aside.name} would be written to /dev", "choose a file, or a pipe elsewhere")
        _require_new(output, aside, read, overwrite=overwrite)
    return aside


def _require_new(output: Path, removed: Path, read: Sequence[Path], *, overwrite: bool) -> None:
    """Raise as `require_not_existing` does, also for the shards of an output, except for regular files that a killed
    process may have left. Raise `UsageError` if a shard, which would be replaced or deleted, is one of the files that
    are `read`.
    """
    earlier = shards_of(output)
    require_distinct_paths(read, earlier)
    outputs = (output, removed, *earlier)
    unfinished = _is_unfinished(removed) and not any(path.is_symlink() for path in outputs)
    require_not_existing(*outputs, overwrite=overwrite or unfinished)


def _is_unfinished(removed: Path) -> bool:
    """Whether a killed process left its mark, or a transaction in the folder that is to be completed."""
    return os.path.lexists(_mark_of(removed)) or (removed.parent / STAGE_FOLDER / READY_FILE).is_file()


def _require_same(written: IO[bytes], path: Path) -> None:
    """Raise `UsageError` if a file exists with another content than what was written."""
    if path.is_file() and Path(written.name) != path and not _is_same(Path(written.name), path):
        raise _existing_error(path)


def _is_same(written: Path, path: Path) -> bool:
    """Whether a written file has the content of an existing one."""
    return written.is_file() and filecmp.cmp(written, path, shallow=False)


def require_not_existing(*paths: Path, overwrite: bool) -> None:
    """Raise `UsageError` for a folder, a name of a kind that is not written, and if an existing file or a broken link
    would be replaced without `--overwrite`; also for a link to a pipe or a device outside of /dev.
    """
    for path in paths:
        if path.is_dir():
            raise UsageError(f"{visible(str(path))}: is a folder", "choose a file in it, or another one")
        if path.suffix.lower() in TABLE_SUFFIXES and path.suffix != ".parquet":
            raise UsageError(f"{visible(str(path))}: this kind of table is not written", "choose .jsonl or .parquet")
        if path.suffix.lower() in (".gz", ".zst"):
            raise UsageError(f"{visible(str(path))}: output is not compressed", "choose .jsonl or .parquet")
        link = path.is_symlink() and not path.is_relative_to("/dev")
        if (path.is_file() or (link and (not path.exists() or is_special(path)))) and not overwrite:
            raise _existing_error(path)


def _existing_error(path: Path) -> UsageError:
    return UsageError(f"{visible(str(path))}: already exists", "choose another output, or pass --overwrite")


@contextmanager
def counting_lines() -> Iterator[tuple[CountingWriter, CountingWriter]]:
    """Two outputs that count their lines, and write them nowhere."""
    with Path(os.devnull).open("wb") as nowhere:
        yield CountingWriter(nowhere), CountingWriter(nowhere)


@contextmanager
def replacing_both(
    output: Path,
    removed: Path,
    *,
    overwrite: bool = False,
    seen: Sequence[Snapshot] = (),
    shards: int = 1,
) -> Iterator[tuple[CountingWriter, CountingWriter]]:
    """Write kept and removed lines to two files, both or none; if killed, each line is in at least one of them.

    The file of removed lines is renamed first; until the kept lines follow, it also contains the removed lines of an
    earlier run. With several `shards`, the kept lines are in files named after `output`; they replace earlier files of
    that output, also another number of them, as one transaction. `seen`: the inputs; the files get only rights that all
    of them grant. Raises `InputError` before the first rename if one of them changed, `OutputError`, `UsageError` if
    one of the files exists and must not be replaced or is an input, or another process writes them.
    """
    mode = mode_of(seen)
    if shards > 1:
        with _replacing_shards(output, removed, shards, overwrite=overwrite, seen=seen) as outputs:
            yield outputs
        return
    with locked_pair(removed), ExitStack() as stack:  # the file entered last is renamed first
        _require_new(output, removed, [snapshot.path for snapshot in seen], overwrite=overwrite)
        recover(output.parent)  # else a later command would complete it, and add shards of an interrupted command
        earlier = shards_of(output)
        if earlier and not overwrite:
            raise _existing_error(earlier[0])
        stack.enter_context(_marked(removed))
        stack.enter_context(_deleting(earlier))
        if removed.is_file() and overwrite:
            goes = stack.enter_context(replacing(removed, mode=mode))
            stays = stack.enter_context(replacing(output, mode=mode, named=True))
        else:
            stays = stack.enter_context(replacing(output, mode=mode, named=True))
            goes = stack.enter_context(replacing(removed, mode=mode))
        writers = CountingWriter(stays, output), CountingWriter(goes, removed)
        yield writers
        for file in writers:  # detects a full disk before the first rename
            file.flush()
        require_unchanged(seen)
        if output.suffix == ".parquet":
            from curate.storage.parquet import write_parquet

            with new_temporary_file(output, 0o600) as (_, table):
                write_parquet([Path(stays.name)], [table])
                stays.seek(0)
                stays.truncate()
                with table.open("rb") as made:
                    shutil.copyfileobj(made, stays)
        if not overwrite:
            stays.flush()
            _require_same(stays, output)
            _require_same(goes, removed)
        elif removed.is_file():
            _prepend(Path(goes.name), removed, mode)


@contextmanager
def _replacing_shards(
    output: Path, removed: Path, shards: int, *, overwrite: bool, seen: Sequence[Snapshot]
) -> Iterator[tuple[CountingWriter, CountingWriter]]:
    """As `replacing_both`, for several files of kept lines. They are cut from one temporary file, since only its end
    tells how many lines there are.
    """
    with replacing_shards(output, removed, overwrite=overwrite, seen=seen) as (stage, goes):
        whole = stage / LINES_FOLDER / "lines.jsonl"
        whole.parent.mkdir()
        with whole.open("wb") as stays:
            kept = CountingWriter(stays)
            yield kept, goes
        _write_shards(whole, kept.lines, stage, output.name, shards)
        shutil.rmtree(whole.parent)


@contextmanager
def replacing_shards(
    output: Path, removed: Path, *, overwrite: bool, seen: Sequence[Snapshot]
) -> Iterator[tuple[Path, CountingWriter]]:
    """As `replacing_both`; the block writes the shards of the output to the folder that it is given."""
    folder = output.parent
    with locked_pair(removed):
        _require_new(output, removed, [snapshot.path for snapshot in seen], overwrite=overwrite)
        recover(folder)
        earlier = {path.name for path in (*shards_of(output), output) if path.is_file()}
        unchanged = partial(require_unchanged, seen)
        with _marked(removed), replacing_together(folder, earlier, mode=mode_of(seen), unchanged=unchanged) as stage:
            with (stage / removed.name).open("wb") as goes:
                yield stage, CountingWriter(goes)
            if not overwrite:  # a killed process left them
                for path in (folder / name for name in {*earlier, *(staged.name for staged in stage.iterdir())}):
                    if path.is_file() and not _is_same(stage / path.name, path):
                        raise _existing_error(path)


def _write_shards(whole: Path, lines: int, stage: Path, output: str, shards: int) -> None:
    """Cut a file of so many lines into the shards of an output, which are written to the folder `stage`. With fewer
    lines than shards, there is one shard for each line.
    """
    bounds = shard_bounds(lines, shards)
    names = shard_names(output, len(bounds) - 1)
    is_table = output.endswith(".parquet")
    paths = [(whole.parent if is_table else stage) / name for name in names]
    with whole.open("rb") as file:
        for path, first, last in zip(paths, bounds, bounds[1:], strict=False):
            with path.open("wb") as shard:
                shard.writelines(islice(file, last - first))
    if is_table:
        from curate.storage.parquet import write_parquet

        write_parquet(paths, [stage / name for name in names])


@contextmanager
def _deleting(paths: Sequence[Path]) -> Iterator[None]:
    """Delete files at the end of the block, unless it fails."""
    yield
    for path in paths:
        path.unlink(missing_ok=True)


def _prepend(new: Path, old: Path, mode: int | None) -> None:
    """Prepend the new lines to the existing file."""
    with replacing(old, mode=mode) as both:
        for path in (new, old):
            with path.open("rb") as file:
                shutil.copyfileobj(file, both)


@contextmanager
def locked_pair(removed: Path) -> Iterator[None]:
    """Lock out other processes that write the same files. Raises `UsageError` if there is one, `OutputError`."""
    with ExitStack() as stack:
        try:
            removed.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(file_lock(removed.with_name(f".{removed.name[:100]}.lock")))
        except Timeout:
            raise UsageError(
                f"{visible(str(removed))}: another curate process is writing to this file",
                "wait for that process or stop it",
            ) from None
        except OSError as error:
            raise OutputError.of(
                visible(str(removed)), error, "choose another location; nothing was changed"
            ) from error
        yield


@contextmanager
def _marked(removed: Path) -> Iterator[None]:
    """Leave a mark if the process is killed during the block; an earlier mark stays if the block fails."""
    mark = _mark_of(removed)
    before = os.path.lexists(mark)
    try:
        if not before:
            mark.open("xb").close()  # follows no link
    except OSError as error:
        raise OutputError.of(visible(str(removed)), error, "choose another location; nothing was changed") from error
    try:
        yield
    except BaseException:
        if not before:
            _remove_mark(mark)
        raise
    _remove_mark(mark)


def _remove_mark(mark: Path) -> None:
    with suppress(OSError):  # a folder of that name marks nothing
        mark.unlink()


def _mark_of(removed: Path) -> Path:
    """The file that marks a pair of outputs as not completed."""
    return removed.with_name(f".{removed.name[:100]}.unfinished")
