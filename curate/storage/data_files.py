"""Find the data files that paths, patterns, folders and URLs name.

Files of a folder that curate wrote itself are left out, because their examples would be read twice. The name of a file
is not sufficient: curate wrote a file if it has the content of a record, or if a record next to it names its inputs and
they are in the folder too. Files made from inputs outside of the folder are read as data.
"""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from glob import glob
from itertools import chain
from pathlib import Path
from typing import Any, Final

import orjson

from curate.core.errors import InputError, UsageError
from curate.core.limits import read_regular
from curate.core.text import plural
from curate.storage.arrow_batches import row_groups
from curate.storage.data_path import DataPath
from curate.storage.files import DATA_SUFFIXES, LEDGER, MANIFEST, STDIN, blocks, display_name, packing, path_of, warn
from curate.storage.object_path import ObjectPath
from curate.storage.paths import identity
from curate.storage.places import files_at, local_copy
from curate.storage.shards import shards_of
from curate.storage.tables import TABLE_SUFFIXES, binary_table, csv_delimiter, has_chat_columns
from curate.storage.urls import is_url

GLOB_CHARS = re.compile(r"[*?\[]")

DESCRIPTIONS: Final = {MANIFEST: b'"manifest_version"', "dataset_info.json": b""}
"""Files of a folder that describe its data, with what they contain: written by `curate split`, and LLaMA-Factory's."""
DESCRIPTION: Final = "a description of data files"
MAX_SHOWN: Final = 10
"""Number of files that a note names."""
STDIN_NAMES: Final = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
"""Names of standard input, which can be read only once."""


LeftOut = Callable[[Path, Path], str]
"""Gives the reason why a file is left out of a folder, empty if it is not; see `curate.core.exclusion`."""


EMPTY_PATH: Final = "the path is empty", "name a file or a folder; `.` is this folder"
"""The message about an empty path, and the next step."""


def data_files(
    paths: Iterable[str | Path],
    tell: Callable[[str], None] = warn,
    left_out: LeftOut | None = None,
    *,
    by_range: bool = False,
) -> list[Path]:
    """The files that `paths` name, without repetition, in the order given; `tell` gets a message per skipped file.

    `-` is standard input, and so are its names as a device. A URL stands for its data files (see `files_at`): copies,
    or with `by_range` objects that are read by ranges where possible (see `_object_or_copy`). A folder stands for the
    data files below it, sorted, without hidden folders, what this program wrote (see `own_files`), descriptions of data
    files, links that lead out of it, to other folders or to a file that is read anyway, and what is `left_out`. A file
    named itself is read, once under all of its names. A name with `*`, `?` or `[` that is not a path is a pattern (`**`
    for folders at any depth), since not all shells expand patterns. A `DataPath` keeps its display name. Raises
    `InputError` for a missing path or link target, a pattern without matches and a folder without data files,
    `UsageError` if `paths` or a path is empty, or names ledgers of removed lines alone: these are not read.
    """
    by_place: dict[Path, Path] = {}
    read: dict[object, Path] = {}
    ledgers: list[Path] = []
    for name in paths:
        if not str(name):  # such as a variable of a script that is not set: `Path` takes it for the current folder
            raise UsageError(*EMPTY_PATH)
        if str(name) in STDIN_NAMES:
            by_place[STDIN] = STDIN
            continue
        if is_url(str(name)):
            files: Sequence[Path] = [
                _object_or_copy(url, tell) if by_range else local_copy(url, tell)
                for url in files_at(str(name), DATA_SUFFIXES)
            ]
        else:
            files = [
                file
                for path in ([name] if isinstance(name, DataPath) else _expand(str(name)))
                for file in (_files_below(path, tell, left_out) if path.is_dir() else [path])
            ]
        for file in files:
            if (place := file.parent.resolve() / file.name) in by_place:
                continue
            if (first := read.setdefault(identity(file), file)) is not file:
                tell(f"{file}: not read again, it is the same file as {first}")
                continue
            if _is_removed(file):
                ledgers.append(file)
                tell(f"{file}: not read, a file of removed lines; `curate restore` restores them")
                continue
            by_place[place] = file
    if ledgers and not by_place:
        raise UsageError(
            f"{ledgers[0]}: is a file of removed lines", "restore them with `curate restore FILE --all -o OUT.jsonl`"
        )
    if not by_place:
        raise UsageError("no file to read", "pass a file or a folder, or - for standard input")
    return list(by_place.values())


def _object_or_copy(url: str, tell: Callable[[str], None]) -> Path:
    """The file at a URL: an object that is read by ranges, or a copy if it is packed or has no version. Parquet is read
    by its row groups, unless one is too large.
    """
    file = ObjectPath.at(url)
    if file is None or ((kind := packing(file)) and not _has_row_groups(file)):
        if file is not None:
            tell(f"{display_name(file)}: downloaded whole, because it is {kind}")
        return local_copy(url, tell)
    return file


def _has_row_groups(file: ObjectPath) -> bool:
    """Whether an object is a Parquet file that can be read by its row groups."""
    with file.open("rb") as raw:
        if binary_table(raw.read(16)) != "Parquet file":
            return False
    try:
        return row_groups(file, 1) is not None
    except (OSError, ValueError):  # damaged: reading its copy names what is wrong
        return False


def _expand(name: str) -> list[Path]:
    """The paths that a name stands for: itself if it exists, else the matches of a pattern, sorted. Raises `InputError`
    for a broken link, a missing file and a pattern without a match.
    """
    path = path_of(name)
    if os.path.lexists(path):
        if not path.exists():
            raise InputError(f"{name}: broken link", "check the target of the link")
        return [path.absolute() if path == STDIN else path]
    if not GLOB_CHARS.search(name):
        raise InputError(f"{name}: no such file or folder", f"check the path; it is relative to {Path.cwd()}")
    matches = sorted(glob(name, recursive=True))  # noqa: PTH207
    if not matches:
        raise InputError(f"{name}: no file matches this pattern", f"check the pattern; it is relative to {Path.cwd()}")
    return [Path(match) for match in matches]


def _files_below(folder: Path, tell: Callable[[str], None], left_out: LeftOut | None) -> list[Path]:
    """The data files below a folder, sorted. Raises `InputError` for a link to a data file that is not there."""
    skipped: dict[str, list[Path]] = defaultdict(list)
    data_files, counts_by_suffix = _search(folder, left_out, skipped)
    read: dict[Path, Path] = {}
    for path in sorted(data_files, key=lambda path: (path.is_symlink(), path)):
        if read.setdefault(path.resolve(), path) != path:
            skipped["a link to a file that is already read"].append(path)
    written_by_curate = own_files(folder, read.values())
    if written := sorted(path for path in written_by_curate if not _is_removed(path)):
        shown = ", ".join(map(str, written[:MAX_SHOWN])) + (
            f" and {more:,} more" if (more := len(written) - MAX_SHOWN) > 0 else ""
        )
        tell(f"{folder}: {plural(len(written), 'file')} not read, written by curate: {shown}; pass a file to read it")
    skipped["a file of removed lines"] += written_by_curate.difference(written)
    own = (folder / MANIFEST, folder / LEDGER) if folder / MANIFEST in skipped[DESCRIPTION] else ()
    for why, every in skipped.items():
        paths = [path for path in every if path not in own]  # those of a folder of splits that is named are expected
        if paths:
            tell(
                f"{folder}: {plural(len(paths), 'file')} not read, {why}; the first is {min(paths)}; pass it to read it"
            )
    data_files = sorted(set(read.values()) - written_by_curate)
    if not data_files:
        contents = ", ".join(f"{count:,} {suffix}" for suffix, count in counts_by_suffix.most_common(3)) or "no files"
        raise InputError(
            f"{folder}: a folder without data files (it has {contents})",
            f"curate reads {', '.join(DATA_SUFFIXES[:3])} and their .gz and .zst, and {', '.join(TABLE_SUFFIXES)}",
        )
    return data_files


def _search(folder: Path, left_out: LeftOut | None, skipped: dict[str, list[Path]]) -> tuple[list[Path], Counter[str]]:
    """The data files below a folder, and the number of all files by suffix; others are added to `skipped` by the
    reason. Raises `InputError` for a link to a data file that is not there.
    """
    data_files: list[Path] = []
    counts_by_suffix: Counter[str] = Counter()
    for root, folders, names in os.walk(folder, onerror=_raise_unsearchable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        skipped["a link to a folder"] += [path for path in (Path(root, name) for name in folders) if path.is_symlink()]
        for path in (Path(root, name) for name in names):
            data = path.name.lower().endswith(DATA_SUFFIXES)
            if data and left_out is not None and (why := left_out(path, folder)):
                skipped[why].append(path)
                continue
            if path.is_symlink() and not path.exists() and data:
                raise InputError(
                    f"{path}: broken link", "restore the target or remove the link: an incomplete data set is not read"
                )
            if why := _why_skipped(path, folder) if data else "a broken link" if not path.exists() else "":
                skipped[why].append(path)
            elif path.is_file():
                counts_by_suffix[path.suffix or path.name] += 1
                data_files += [path] if data else []
    return data_files, counts_by_suffix


def _is_removed(path: Path) -> bool:
    """Whether a file is a record of removed lines, whose `text` is no example."""
    return (path.name == LEDGER or path.name.endswith(f".{LEDGER}")) and is_ledger(path)


def _why_skipped(path: Path, folder: Path) -> str:
    """Why a data file of a folder is skipped; empty if it is read."""
    if not path.is_file():
        return "no regular file"
    sign = DESCRIPTIONS.get(path.name)
    if sign is not None and sign in next(blocks(path, 1 << 12, tables=False), b""):
        return DESCRIPTION
    if path.suffix.lower() in TABLE_SUFFIXES and any(
        place.with_name(f"{path.stem}.jsonl").is_file()
        for place in (path, *([path.parent] if path.parent.name == "parquet" and path.parent != folder else ()))
    ):
        return "a table beside its JSON Lines"
    if csv_delimiter(path) is not None and not has_chat_columns(next(blocks(path, 1 << 16, tables=False), b"")):
        return "a table without a column of chat data"
    return (
        "a link that leaves the folder"
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve())
        else ""
    )


def _raise_unsearchable(error: OSError) -> None:
    raise InputError(
        f"{error.filename}: cannot be searched: {error.strerror}", "check its permissions, or pass the files"
    ) from error


RUN_FILES: Final = ("identity.json", "recipe.json", "metrics.jsonl")
"""Files in the folder of every training run."""
LEDGERS: Final = (LEDGER, "unconverted.jsonl")
"""Names, or ends of names after a dot, of records of lines that were not written."""
SUPPRESSION_KEYS: Final = frozenset(("code", "example", "file", "line", "reason", "author", "when"))
FINDINGS: Final = re.compile(rb'\s*\{\s*"findings":\s*\[')
"""The start of a baseline, and of a report of findings."""


def own_files(folder: Path, files: Collection[Path]) -> set[Path]:
    """The data files below a folder that curate wrote: records, splits, kept lines, training runs.

    Splits and kept lines are data if none of their inputs is among the files, or if there are no other files.
    """
    records = {path for path in files if is_ledger(path) or _is_suppressions(path) or _is_report(path)}
    derived: set[Path] = set()
    for path in files:
        derived.update(_beside_ledger(path, files))
    for below in {above for path in files for above in path.parents if above != folder and folder in above.parents}:
        inside = {path for path in files if path.is_relative_to(below)}
        if all((below / name).is_file() for name in RUN_FILES):
            records |= inside
        derived |= inside & _splits(below, {path.name for path in files} - {path.name for path in inside})
    return records | derived if len(records | derived) < len(files) else records


def is_ledger(path: Path) -> bool:
    """Whether a file has the name of a record of lines that were not written, and holds such records or nothing."""
    if not any(path.name == end or path.name.endswith(f".{end}") for end in LEDGERS) or not path.is_file():
        return False
    first = _first_bytes(path)
    return not first.strip() or b'"decided_by":' in first.partition(b"\n")[0]


def _beside_ledger(path: Path, files: Collection[Path]) -> Iterator[Path]:
    """The file of the lines that were written, if this is the record of the others and an input is one of the files."""
    if not is_ledger(path):
        return
    end = next(end for end in LEDGERS if path.name.endswith(end))
    named = [path.with_name(f"{path.name.removesuffix(f'.{end}')}{suffix}") for suffix in (".jsonl", ".parquet")]
    outputs = {*named, *chain.from_iterable(map(shards_of, named))} & set(files)
    other_files = [file for file in files if file not in outputs and file != path]
    record = _object_or_empty(_first_bytes(path).partition(b"\n")[0])
    for output in outputs:
        if (
            _has_any_name([record.get("file")], {other.name for other in other_files})
            if record
            else _is_made(output, end, other_files)
        ):
            yield output


def _is_made(output: Path, end: str, other_files: Collection[Path]) -> bool:
    """Whether a file beside an empty record was made from one of the others: without removals, it has lines of it."""
    lines = {line for line in _first_bytes(output).split(b"\n") if line}
    return bool(other_files) and (
        end != LEDGER or any(not lines.isdisjoint(_first_bytes(other).split(b"\n")) for other in other_files)
    )


def _splits(folder: Path, other_names: Collection[str]) -> set[Path]:
    """The files that the manifest in a folder lists, if one of the other files, by their names, is an input of it."""
    try:
        manifest = _object_or_empty(read_regular(folder / "manifest.json"))
        if "manifest_version" not in manifest or not _has_any_name(
            [input_file["path"] for input_file in manifest["inputs"]], other_names
        ):
            return set()
        parts = [manifest["removed"], *manifest["splits"].values()]
        names = [file["file"] for part in parts for file in part.get("shards") or [part]]
        return {folder / str(name) for name in (*names, *manifest["files"])}
    except (OSError, LookupError, TypeError, AttributeError):  # none, or not a manifest of this program
        return set()


def _has_any_name(paths: Collection[object], names: Collection[str]) -> bool:
    """Whether one of some paths in a file, which may be values of any type, has one of these file names."""
    return any(isinstance(path, str) and Path(path).name in names for path in paths)


def _is_suppressions(path: Path) -> bool:
    """Whether a file has the name and the keys of the suppressed findings of a project."""
    return (
        path.name == "curate-suppressions.jsonl"
        and _object_or_empty(_first_bytes(path).partition(b"\n")[0]).keys() >= SUPPRESSION_KEYS
    )


def _is_report(path: Path) -> bool:
    """Whether a file begins as a report of `curate check` does."""
    return path.suffix == ".json" and FINDINGS.match(_first_bytes(path)) is not None


def _first_bytes(path: Path) -> bytes:
    """The first bytes of a file; empty if it is no file or cannot be read."""
    try:
        return next(blocks(path, 1 << 16, tables=False), b"") if path.is_file() else b""
    except InputError:  # reported when the file is read
        return b""


def _object_or_empty(data: bytes) -> dict[str, Any]:
    """The JSON object in some bytes; empty for anything else."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
