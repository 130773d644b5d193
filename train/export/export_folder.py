"""The folder of an export: its files are replaced together, and foreign files never."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from curate.core.errors import InputError, UsageError
from curate.core.limits import read_regular
from curate.core.text import visible
from curate.core.validation import parsed_json, validated
from curate.storage.files import json_text, sha256
from curate.storage.paths import path_inside
from curate.storage.transaction import LOCK_FILE, STAGE_FOLDER, ReplaceableFiles, recover, replacing_together
from train.errors import write_errors
from train.export.export_result import Export
from train.results import File
from train.trained import EXPORT_FILE


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that replaces the export if the block succeeds. Raises `UsageError` for foreign files, and
    for files of the export that were changed since.
    """
    files, replaceable = tuple[File, ...](), list[str]()
    recover(folder)
    if folder.is_dir() and {entry.name for entry in folder.iterdir()} - {LOCK_FILE, STAGE_FOLDER}:
        try:
            files = read(folder).files
            replaceable = [EXPORT_FILE, *(file.name for file in files if _is_as_written(folder / file.name, file))]
        except InputError:
            raise UsageError(
                f"{visible(str(folder))}: contains files that are not from an export",
                "name a new or empty folder with -o",
            ) from None
    own = ReplaceableFiles(
        replaceable, "is not as an export wrote it", "move it elsewhere, or name a new or empty folder with -o"
    )
    own.check(folder, (file.name for file in files))
    with replacing_together(folder, replaceable, own=own) as stage, write_errors():
        yield stage


def _is_as_written(path: Path, file: File) -> bool:
    """Whether a file is unchanged since the export: only such files are replaced."""
    return path.is_file() and path.stat().st_size == file.size and sha256(path) == file.sha256


def files_of(stage: Path) -> tuple[File, ...]:
    """All files of a folder, sorted by name."""
    paths = sorted(path for path in stage.rglob("*") if path.is_file() and path.name != EXPORT_FILE)
    return tuple(
        File(name=path.relative_to(stage).as_posix(), size=path.stat().st_size, sha256=sha256(path)) for path in paths
    )


def conclude(stage: Path, export: Export) -> None:
    """Write `export.json`."""
    (stage / EXPORT_FILE).write_bytes(json_text(export.model_dump(mode="json")).encode("utf-8", "surrogatepass"))


def read(folder: Path) -> Export:
    """The export in a folder. Raises `InputError` if there is none."""
    try:
        data = read_regular(folder / EXPORT_FILE)
    except OSError:
        hint = "create one with  curate export RUN -o FOLDER"
        raise InputError(f"{visible(str(folder))}: contains no export", hint) from None
    try:
        value = parsed_json(data)
    except ValueError as error:
        raise InputError(f"{visible(str(folder / EXPORT_FILE))}: is not what curate wrote", "export again") from error
    export = validated(Export, value, str(folder / EXPORT_FILE))
    for file in export.files:
        path_inside(folder, file.name)
    return export
