"""`curate restore`."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import AsJson, codes, output_option, print_notes
from curate.core.errors import ExitCode, InputError, UsageError
from curate.output.restore import finish, read_entries, restore_into, restore_to, selected_positions
from curate.project.manifest import read_manifest
from curate.project.runs import Project, project_of
from curate.render.console import print_result
from curate.render.split import restore_text
from curate.storage.files import LEDGER, MANIFEST, path_of
from curate.storage.output_pair import require_not_existing
from curate.storage.paths import require_distinct_paths
from curate.verify.reading import unread


def restore(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Folder of a split, or a file of removed lines: removed.jsonl, kept.removed.jsonl.", metavar="DIR"
        ),
    ],
    wanted: Annotated[
        list[str] | None,
        typer.Argument(help="Lines to restore: ids, first digits of an id, or FILE:LINE.", metavar="ID"),
    ] = None,
    reason: Annotated[
        list[str] | None,
        typer.Option(
            help="Restore all lines removed for these reasons, separated by commas: D003,decision.", metavar="CODES"
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Restore all removed lines.")] = False,
    output: Annotated[
        Path | None, output_option("Write the lines to this file and leave the splits unchanged.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output file if it exists.")] = False,
    as_json: AsJson = False,
) -> None:
    """Restore removed lines, byte for byte: into the split of their related examples, or to a file.

    Lines restored into the splits are recorded as decisions, so that the next run keeps them. With --all and --reason,
    lines that cannot be in a split stay removed and are listed.

    Exit status: 0, 1 if such a line stays removed, 2 if nothing was restored.
    """
    if not (wanted or reason or every):
        raise UsageError("no lines selected to restore", "name ids, or use --reason CODE or --all")
    if output is not None and output.suffix == ".parquet":
        raise UsageError(f"{output}: lines are written as JSON Lines", "choose a name that ends in .jsonl")
    ledger = folder / LEDGER if folder.is_dir() else folder
    project = _project(ledger)
    if output is None and finish(ledger.parent, project.decisions):
        print_notes([f"{ledger.parent}: an interrupted command was completed first"])
    entries = read_entries(ledger)
    numbers = selected_positions(entries, wanted or (), codes(reason) or (), every=every)
    if output is not None:
        require_distinct_paths([ledger], (output,))
        if (ledger.parent / MANIFEST).is_file() and output.resolve().parent == ledger.resolve().parent:
            raise UsageError(f"{output}: is in the folder of the split", "choose a file in another folder")
        require_not_existing(output, overwrite=overwrite)
        result = restore_to(output, entries, numbers, mode=ledger.stat().st_mode)
    elif (ledger.parent / MANIFEST).is_file() and ledger.name == LEDGER:
        result = restore_into(ledger.parent, entries, numbers, project, unread, refused=None if wanted else ())
    else:
        raise UsageError(f"{ledger}: is not part of a split", "restore to a file with -o FILE")
    print_result(result, restore_text(result), as_json=as_json)
    if result.refused:
        raise typer.Exit(ExitCode.FINDINGS)


def _project(ledger: Path) -> Project:
    """The project of the data that a split was made from, if that data still exists; else the project of the split."""
    try:
        names = [path_of(item.path) for item in read_manifest(ledger.parent)[0].inputs]
    except InputError:
        names = []
    return project_of([path for path in names if path.is_file()] or [ledger])
