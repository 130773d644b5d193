"""`curate restore`."""

from pathlib import Path
from typing import Annotated

import typer

from curate.decision import Decision, DecisionLog
from curate.errors import UsageError
from curate.manifest import NAME, REMOVED
from curate.report.console import console, print_json
from curate.report.restore import restore_json, restore_text
from curate.restore import chosen, read_entries, restore_into, restore_to
from curate.runs import Project


def restore(
    folder: Annotated[Path, typer.Argument(help="Folder of a split, or a removed.jsonl.", metavar="DIR")],
    wanted: Annotated[list[str] | None, typer.Argument(help="Ids of examples, or the first digits of one, or FILE:LINE.", metavar="ID...")] = None,
    reason: Annotated[list[str] | None, typer.Option(help="All that left for this reason: D003, decision, ...", metavar="CODE")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that left.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write their bytes to this file; the folder stays as it is.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Bring back lines that left, byte for byte: into the splits, each on the side of what it is connected with, or into a file.

    What goes back into the splits is kept in the journal of decisions, so that the next run keeps it too.
    """
    if not (wanted or reason or every):
        raise UsageError("nothing is named that shall come back", "name ids, --reason CODE or --all")
    ledger = folder / REMOVED if folder.is_dir() else folder
    entries = read_entries(ledger)
    numbers = chosen(entries, wanted or (), reason or (), every=every)
    project = Project(Path.cwd())
    if output is not None:
        if output.resolve() == ledger.resolve() or output.resolve().parent == ledger.resolve().parent:
            raise UsageError(f"{output}: lies beside the ledger, among the splits", "name a file elsewhere")
        result = restore_to(output, entries, numbers)
    elif (ledger.parent / NAME).is_file() and ledger.name == REMOVED:
        result = restore_into(ledger.parent, entries, numbers, project.cache)
        log, known = DecisionLog(project.decisions), DecisionLog(project.decisions).verdicts()
        kept = [removal for removal in result.restored if removal.example and (removal.example not in known or known[removal.example].verdict == "drop")]
        log.add(*(Decision(example=removal.example or "", verdict="keep", about=removal.code or "", why=f"restored into {ledger.parent}") for removal in kept))
    else:
        raise UsageError(f"{ledger}: belongs to no split", "say -o FILE")
    if as_json:
        print_json(restore_json(result, output))
        return
    for text in restore_text(result, output):
        console().print(text)
