"""Which data files of a folder this program wrote itself: a walk through the folder would read their examples twice.

A name alone decides nothing. A file is this program's if it has the content of a record, or if a record beside it says
what it was made from and that is in the folder too. What was made from files that are elsewhere is data like any other.
"""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from curate.core.errors import InputError
from curate.core.files import LEDGER, blocks
from curate.core.limits import read_regular

RUN_FILES: Final = ("identity.json", "recipe.json", "metrics.jsonl")
"""Files that the folder of a training has."""
LEDGERS: Final = (LEDGER, "unconverted.jsonl")
"""Names, or ends of names after a dot, of records of lines that were not written."""
SUPPRESSION_KEYS: Final = frozenset(("code", "example", "file", "line", "reason", "author", "when"))
FINDINGS: Final = re.compile(rb'\s*\{\s*"findings":\s*\[')
"""The start of a baseline, and of a report of findings."""


def own_files(folder: Path, files: Collection[Path]) -> set[Path]:
    """Those of the data files below a folder that this program wrote: records, splits, kept lines, runs of a training.

    Splits and kept lines are data if none of the files is what they were made from, or if nothing else is there.
    """
    records = {path for path in files if is_ledger(path) or _is_suppressions(path) or _is_report(path)}
    made: set[Path] = set()
    for path in files:
        made.update(_beside_ledger(path, files))
    for below in {above for path in files for above in path.parents if above != folder and folder in above.parents}:
        inside = {path for path in files if path.is_relative_to(below)}
        if all((below / name).is_file() for name in RUN_FILES):
            records |= inside
        made |= inside & _splits(below, {path.name for path in files} - {path.name for path in inside})
    return records | made if len(records | made) < len(files) else records


def is_ledger(path: Path) -> bool:
    """Whether a file has the name of a record of lines that were not written, and holds such records or nothing."""
    if not any(path.name == end or path.name.endswith(f".{end}") for end in LEDGERS) or not path.is_file():
        return False
    first = _start(path)
    return not first.strip() or b'"decided_by":' in first.partition(b"\n")[0]


def _beside_ledger(path: Path, files: Collection[Path]) -> Iterator[Path]:
    """The file of the lines that were written, if this is the record of the others and an input is one of the files."""
    if not is_ledger(path):
        return
    end = next(end for end in LEDGERS if path.name.endswith(end))
    kept = {path.with_name(f"{path.name.removesuffix(f'.{end}')}{one}") for one in (".jsonl", ".parquet")} & set(files)
    others = [one for one in files if one not in kept and one != path]
    record = _object(_start(path).partition(b"\n")[0])
    for one in kept:
        if _names_one([record.get("file")], {other.name for other in others}) if record else _is_made(one, end, others):
            yield one


def _is_made(kept: Path, end: str, others: Collection[Path]) -> bool:
    """Whether a file beside an empty record was made from one of the others: without removals, it has lines of it."""
    lines = {line for line in _start(kept).split(b"\n") if line}
    return bool(others) and (end != LEDGER or any(not lines.isdisjoint(_start(other).split(b"\n")) for other in others))


def _splits(folder: Path, others: Collection[str]) -> set[Path]:
    """The files that the manifest in a folder lists, if one of the other files, by their names, is an input of it."""
    try:
        manifest = _object(read_regular(folder / "manifest.json"))
        if "manifest_version" not in manifest or not _names_one([one["path"] for one in manifest["inputs"]], others):
            return set()
        parts = [manifest["removed"], *manifest["splits"].values()]
        return {folder / str(name) for name in (*(part["file"] for part in parts), *manifest["files"])}
    except (OSError, LookupError, TypeError, AttributeError):  # none, or not a manifest of this program
        return set()


def _names_one(paths: Collection[object], names: Collection[str]) -> bool:
    return any(isinstance(path, str) and Path(path).name in names for path in paths)


def _is_suppressions(path: Path) -> bool:
    return (
        path.name == "curate-suppressions.jsonl"
        and _object(_start(path).partition(b"\n")[0]).keys() >= SUPPRESSION_KEYS
    )


def _is_report(path: Path) -> bool:
    return path.suffix == ".json" and FINDINGS.match(_start(path)) is not None


def _start(path: Path) -> bytes:
    try:
        return next(blocks(path, 1 << 16, tables=False), b"") if path.is_file() else b""
    except InputError:  # reported when the file is read
        return b""


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
