"""`curate split`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from curate.apply import apply, errors_of
from curate.check import check_paths
from curate.cli.options import PATHS, chosen
from curate.config import find_config
from curate.detect.near import find_duplicates
from curate.errors import InputError, UsageError
from curate.files import data_files
from curate.manifest import write_output
from curate.read.dataset import read_dataset
from curate.report.console import console
from curate.report.split import manifest_text
from curate.split import divide, empty_splits
from curate.suppressions import load_suppressions, suppress


def split(
    paths: Annotated[list[str], typer.Argument(help=PATHS, metavar="PATH")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for train, validation, test, removed and manifest.")],
    fractions: Annotated[str | None, typer.Option(help="Shares of train, validation and test.", metavar="0.8,0.1,0.1")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed gives another split.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
) -> None:
    """Write train, validation and test so that nothing leaks: near-duplicates and equal questions stay on one side.

    Duplicates are not removed here (`curate dedup` does that). Lines with errors go to removed.jsonl.
    """
    whole = find_config(Path.cwd())
    config = whole.model_copy(update={"split": chosen(whole.split, fractions=_shares(fractions)), "seed": whole.seed if seed is None else seed})
    files = data_files(paths)
    if any(path.resolve().parent == output.resolve() for path in files):
        raise UsageError(f"{output}: holds a file that is read", "name another folder; input files are never overwritten")
    report = check_paths(files, config.check)
    suppress(report, load_suppressions(Path.cwd()), [str(path) for path in files])
    dataset = read_dataset(files)
    applied = apply(dataset.lines, errors=errors_of(report.findings, dataset.lines))
    if not applied.kept:
        raise InputError("no example is left to split", "`curate check` says what is wrong with them")
    examples = [line.example for line in applied.kept if line.example is not None]
    parts = divide(applied.kept, find_duplicates(examples, config.dedup).pairs, config.split, config.seed)
    manifest = write_output(output, dataset, applied, parts, config=config, decisions={}, models={})
    if as_json:
        json.dump(manifest.model_dump(mode="json"), sys.stdout)
        sys.stdout.write("\n")
        return
    out = console()
    for text in manifest_text(manifest, output, empty_splits(parts, config.split)):
        out.print(text)


def _shares(fractions: str | None) -> list[float] | None:
    if fractions is None:
        return None
    try:
        return [float(share) for share in fractions.split(",")]
    except ValueError:
        raise UsageError(f"--fractions {fractions!r}: not numbers", "write them like 0.8,0.1,0.1") from None
