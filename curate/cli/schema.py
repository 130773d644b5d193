"""`curate schema`."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.verbs import schema_types
from curate.core.errors import DataError, UsageError
from curate.render.console import console
from curate.schemas import schemas
from curate.storage.files import write_bytes


def schema(
    folder: Annotated[Path, typer.Argument(help="Folder of the schemas.", metavar="FOLDER")] = Path("schemas"),
    write: Annotated[bool, typer.Option("--write", help="Write the schemas and the rules.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Fail if a file on disk is out of date.")] = False,
) -> None:
    """Write or check the JSON Schemas of all inputs and outputs, and the rules as data."""
    if write == check:
        raise UsageError("pass --write or --check", "`curate schema --check` compares, `--write` replaces")
    current = {folder / name: data for name, data in schemas(schema_types()).items()}
    if write:
        for path, data in current.items():
            write_bytes(path, data)
        console(stderr=True).print(f"{len(current)} files written to {folder}", markup=False)
        return
    stale = [str(path) for path, data in current.items() if not path.is_file() or path.read_bytes() != data]
    stale += [f"{path} (no longer a schema)" for path in sorted(folder.glob("*.json")) if path not in current]
    if stale:
        raise DataError(f"stale: {', '.join(stale)}", "run: curate schema --write")
