"""Find the data files of a folder that curate wrote itself, whose examples would otherwise be read twice.

The name of a file is not sufficient. curate wrote a file if it has the content of a record, or if a record next to it
names its inputs and they are in the folder too. Files made from inputs outside of the folder are read as data.
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
    first = _start(path)
    return not first.strip() or b'"decided_by":' in first.partition(b"\n")[0]


def _beside_ledger(path: Path, files: Collection[Path]) -> Iterator[Path]:
    """The file of the lines that were written, if this is the record of the others and an input is one of the files."""
    if not is_ledger(path):
        return
    end = next(end for end in LEDGERS if path.name.endswith(end))
    outputs = {
        path.with_name(f"{path.name.removesuffix(f'.{end}')}{suffix}") for suffix in (".jsonl", ".parquet")
    } & set(files)
    other_files = [file for file in files if file not in outputs and file != path]
    record = _object(_start(path).partition(b"\n")[0])
    for output in outputs:
        if (
            _names_one([record.get("file")], {other.name for other in other_files})
            if record
            else _is_made(output, end, other_files)
        ):
            yield output


def _is_made(output: Path, end: str, other_files: Collection[Path]) -> bool:
    """Whether a file beside an empty record was made from one of the others: without removals, it has lines of it."""
    lines = {line for line in _start(output).split(b"\n") if line}
    return bool(other_files) and (
        end != LEDGER or any(not lines.isdisjoint(_start(other).split(b"\n")) for other in other_files)
    )


def _splits(folder: Path, other_names: Collection[str]) -> set[Path]:
    """The files that the manifest in a folder lists, if one of the other files, by their names, is an input of it."""
    try:
        manifest = _object(read_regular(folder / "manifest.json"))
        if "manifest_version" not in manifest or not _names_one(
            [input_file["path"] for input_file in manifest["inputs"]], other_names
        ):
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
