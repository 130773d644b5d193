"""`curate dedup`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import PATHS, chosen
from curate.config import find_config
from curate.dedup import plan, write_plan
from curate.errors import UsageError
from curate.files import data_files
from curate.report.console import console
from curate.report.duplicates import SHOWN, dedup_json, dedup_text
from curate.text import plural


def dedup(
    paths: Annotated[list[str], typer.Argument(help=PATHS, metavar="PATH")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File for what is kept; what goes is written to removed.jsonl beside it.")],
    threshold: Annotated[float | None, typer.Option(help="Jaccard similarity from which two examples are duplicates.")] = None,
    on: Annotated[str | None, typer.Option(help="What is compared: conversation, prompt or response.")] = None,
    keep: Annotated[str | None, typer.Option(help="Which one stays: longest or first.")] = None,
    ignore_facts: Annotated[bool | None, typer.Option("--ignore-facts", help="Remove near-duplicates that differ in a number or negation too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    show_all: Annotated[bool, typer.Option("--all", help=f"Show every removal, not only {SHOWN}.")] = False,
) -> None:
    """Remove exact and near duplicates; say what went, for what, and how similar the two are."""
    config = chosen(find_config(Path.cwd()).dedup, threshold=threshold, on=on, keep=keep, ignore_facts=ignore_facts)
    files = data_files(paths)
    removed = output.with_name("removed.jsonl")
    if any(path.resolve() in (output.resolve(), removed.resolve()) for path in files):
        raise UsageError(f"{output}: would replace a file that is read", "name another output; input files are never overwritten")
    planned = plan(files, config)
    write_plan(planned, output, removed)
    if as_json:
        json.dump(dedup_json(planned), sys.stdout)
        sys.stdout.write("\n")
        return
    out = console()
    for text in dedup_text(planned, None if show_all else SHOWN):
        out.print(text)
    if planned.unreadable:
        console(stderr=True).print(f"{plural(planned.unreadable, 'line')} without an example stay as they are; `curate check` says what is wrong with them")
