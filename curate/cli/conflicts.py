"""`curate conflicts`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import PATHS, chosen, progress
from curate.config import find_config
from curate.detect.conflict import find_conflicts
from curate.errors import ExitCode
from curate.files import data_files
from curate.read.dataset import read_dataset
from curate.report.conflicts import SHOWN, conflicts_json, conflicts_text
from curate.report.console import console
from curate.runs import Project


def conflicts(
    paths: Annotated[list[str], typer.Argument(help=PATHS, metavar="PATH")],
    embeddings: Annotated[str | None, typer.Option(help="Sentence-transformers model that finds the same question in other words.")] = None,
    nli: Annotated[str | None, typer.Option(help="NLI cross-encoder that judges answers, e.g. cross-encoder/nli-deberta-v3-base.")] = None,
    similarity: Annotated[float | None, typer.Option(help="Cosine similarity from which two questions may be the same one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    show_all: Annotated[bool, typer.Option("--all", help=f"Show every conflict, not only {SHOWN}.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Show answers to the same question that cannot both hold. Nothing is removed: a person decides, in `curate review`.

    Exit status: 0 without conflicts, 1 with some, 2 when a model that was named is not at hand.
    """
    config = chosen(find_config(Path.cwd()).conflicts, embeddings=embeddings, nli=nli, similarity=similarity)
    dataset = read_dataset(data_files(paths))
    with progress("comparing", "questions", quiet=quiet) as advance:
        report = find_conflicts(dataset.examples, config, Project(Path.cwd()).cache, advance)
    if as_json:
        json.dump(conflicts_json(report), sys.stdout)
        sys.stdout.write("\n")
    else:
        out = console()
        for text in conflicts_text(report, None if show_all else SHOWN):
            out.print(text)
    raise typer.Exit(ExitCode.FINDINGS if report.conflicts else ExitCode.CLEAN)
