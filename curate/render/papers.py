"""The result of `curate papers` and of `curate verify --statement` for people."""

import json
from collections.abc import Iterator
from typing import Final

from rich.text import Text

from curate.commands.papers import PapersResult, StatementResult
from curate.core.text import plural, visible

MAX_FILES: Final = 5
"""How many files without a license are named."""


def papers_text(result: PapersResult) -> Iterator[str | Text]:
    """The written files, and the fields that a person has to fill in."""
    for paper in result.papers:
        blanks = f": {len(paper.blanks):,} of {plural(paper.fields, 'field')} to be filled in" if paper.fields else ""
        yield f"{visible(result.folder)}/{paper.file}{blanks}"
    for name in result.unused_sources:
        yield Text(
            f"curate.toml: [card.sources.{json.dumps(visible(name), ensure_ascii=False)}] describes none of the files "
            f"that were split ({visible(', '.join(result.read))}): name them so and split again",
            style="yellow",
        )
    if not result.has_license:
        yield Text("curate.toml: [card] has no license: name that of the data set and split again", style="yellow")
    if result.unlicensed:
        files = visible(", ".join(result.unlicensed[:MAX_FILES]))
        more = f" and {len(result.unlicensed) - MAX_FILES:,} more" if len(result.unlicensed) > MAX_FILES else ""
        yield Text(f"curate.toml: [card.sources] names no license of {files}{more}", style="yellow")
    if not result.holds:
        yield Text("the split fails a check, and the statement says so: `curate verify` shows what", style="bold red")
    signed = " --signers FILE" if result.signed else ""
    yield f"others check it with: curate verify DIR --statement {visible(result.folder)}/statement.json{signed}"


def statement_text(result: StatementResult) -> Iterator[str | Text]:
    """The lines of the result: differences, who signed, and whether the statement holds."""
    yield from result.differences
    yield f"signed by {visible(result.signer)}" if result.signer else "not signed"
    if result.holds:
        yield Text(f"{visible(result.statement)}: holds", style="bold")
    else:
        reason = plural(len(result.differences), "difference") if result.differences else "the split fails a check"
        yield Text(f"{visible(result.statement)}: does not hold, {reason}", style="bold red")
