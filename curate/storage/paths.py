"""Validate file names from state files and output paths: untrusted content cannot reach files outside its folder."""

import glob
import os
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

from curate.core.errors import InputError, UsageError
from curate.core.limits import is_special
from curate.core.text import visible
from curate.storage.files import DATA_SUFFIXES, LEDGER, STDIN

HIDDEN_NAMES: Final = frozenset((".huggingface.yaml", ".curate-restored.jsonl"))
"""Hidden files that curate writes; no other hidden name is accepted, so that none reaches `.git` or a configuration."""
MAX_NAME_BYTES: Final = 255


def from_here(path: Path) -> Path:
    """A path as it is displayed: relative to the working folder if it is below it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def path_from(folder: Path, name: str) -> Path:
    """The path or pattern `name` relative to `folder`; brackets in the name of the folder are not part of a pattern."""
    path = folder / name
    return path if path.exists() or glob.escape(name) == name else Path(glob.escape(str(folder))) / name


def path_inside(folder: Path, name: str) -> Path:
    """The path inside `folder` for a name from a state file.

    A name is plain: parts joined by `/`, none of them empty, `.`, `..` or hidden, without a drive, a backslash or NUL,
    and no part is a link, a pipe or a device. Raises `InputError` for any other name, which curate never writes.
    """
    if not _is_portable(name):
        raise InputError(
            f"{visible(str(folder))}: refers to the file {visible(name)[:100]!r}, not a plain path inside it",
            "curate did not write this folder",
        )
    path = folder
    for part in name.split("/"):
        path /= part
        if path.is_symlink() or is_special(path):
            kind = "link" if path.is_symlink() else "pipe or a device"
            raise InputError(
                f"{visible(str(path))}: is a {kind} where curate wrote a file",
                "restore the file, or write the folder again",
            )
    return path


def _is_portable(name: str) -> bool:
    """Whether a name is a relative path that every system accepts, without hidden parts except `HIDDEN_NAMES`."""
    parts = name.split("/")
    try:
        short = all(0 < len(os.fsencode(part)) <= MAX_NAME_BYTES for part in parts) and len(name) <= 4 * MAX_NAME_BYTES
    except UnicodeEncodeError:
        return False
    if not short or {"\0", "\\"} & set(name) or PureWindowsPath(name).drive or PurePosixPath(name).is_absolute():
        return False
    return not any(part.startswith(".") and part not in HIDDEN_NAMES for part in parts)


def require_distinct_paths(
    read: Iterable[Path],
    writes: Iterable[Path | None] = (),
    *,
    folder: Path | None = None,
    named: Iterable[str | Path] = (),
) -> None:
    """Raise `UsageError` if an output is an input, would be read by the next run, or is written twice.

    `read`: input files; `named`: the paths that the user gave for them, which include folders as a whole, patterns, and
    ledgers, which are not read. `writes`: output files; None for an option that was not given. `folder`: an output
    folder; no input may be in it.
    """
    paths_given = [Path(name) for name in named]
    files = [path for path in (*read, *filter(Path.is_file, paths_given)) if path != STDIN]
    inputs = {identity(path) for path in files} | {path.resolve() for path in files}
    inside = [path.resolve() for path in paths_given if path.is_dir()]
    patterns = [name for name in map(str, paths_given) if glob.escape(name) != name and not os.path.lexists(name)]
    seen_outputs: set[object] = set()
    for path in [path for path in (*writes, folder) if path is not None]:
        place, shown = path.resolve(), visible(str(path))
        if place in inputs or identity(path) in inputs:
            raise UsageError(
                f"{shown}: the output would replace an input file",
                "choose another output; input files are never overwritten",
            )
        if path is folder and any(file.resolve().parent == place for file in files):
            raise UsageError(
                f"{shown}: the output folder contains an input file",
                "choose another folder; input files are never overwritten",
            )
        if identity(path) in seen_outputs:
            raise UsageError(f"{shown}: two outputs have this path", "choose another output for one of them")
        if any(_is_read(place, data, whole=path is folder) for data in inside):
            raise UsageError(
                f"{shown}: the output is inside an input folder, and the next run would read it",
                "choose an output outside of this folder",
            )
        if pattern := next((name for name in patterns if _is_found(path, name, whole=path is folder)), None):
            raise UsageError(
                f"{shown}: the output matches the input pattern {visible(pattern)}, and the next run would read it",
                "choose an output in another folder, or a name that the pattern does not match",
            )
        seen_outputs.add(identity(path))


def identity(path: Path) -> object:
    """The identity of a file: device and inode, or the resolved path if it does not exist. Equal for hard links."""
    try:
        info = path.stat()
    except OSError:
        return path.resolve()
    return info.st_dev, info.st_ino


def _is_read(place: Path, data: Path, *, whole: bool) -> bool:
    """Whether an output would be read as data of a folder: a data file in no hidden folder of it, or a folder of them
    (`whole`).
    """
    if not place.is_relative_to(data):
        return False
    folders = place.relative_to(data).parts[: None if whole else -1]
    return not any(name.startswith(".") for name in folders) and (whole or place.name.lower().endswith(DATA_SUFFIXES))


def _is_found(path: Path, pattern: str, *, whole: bool) -> bool:
    """Whether a pattern would find an output, a folder that contains it, or the files of an output folder (`whole`).

    Ledgers are found, but not read.
    """
    file = Path(os.path.abspath(path / "train.jsonl" if whole else path))  # noqa: PTH100 - links stay, as in a pattern
    parts = Path(os.path.abspath(pattern)).parts  # noqa: PTH100
    if file.name.endswith(f".{LEDGER}"):
        return False
    return _matches(file.parts, parts) or any(
        _matches(folder.parts, parts) and _is_read(file, folder, whole=False) for folder in file.parents
    )


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether `glob` finds a path, both in parts: `**` is any number of folders; `*` finds no hidden name."""
    if not pattern or not parts:
        return not parts and all(part == "**" for part in pattern)
    hidden = parts[0].startswith(".") and not pattern[0].startswith(".")
    if pattern[0] == "**":
        return _matches(parts, pattern[1:]) or (not hidden and _matches(parts[1:], pattern))
    return not hidden and fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])
