"""A division for a person: sizes of the splits, what holds groups together, what was left out and why, what moved; and the same for programs."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict

from curate.datacard import LINKS, reason_for
from curate.files import display_name
from curate.finding import Finding
from curate.manifest import Manifest
from curate.output import SplitResult
from curate.text import plural, visible

if TYPE_CHECKING:
    from rich.text import Text

SHOWN: Final = 10
"""Moves that are shown."""


class MoveOutput(BaseModel):
    """An example that is in another split than before."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    file: str
    line: int
    example: str
    before: str
    now: str
    why: str
    """The links that lead to an example that was in its new split before."""


class SplitOutput(BaseModel):
    """What `curate split --json` prints."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    folder: str
    manifest: Manifest
    not_understood: int
    """Lines that hold no example that curate understands; they are in the ledger of what was removed."""
    warnings: list[Finding]
    """Where the splits are not what was wanted (L008)."""
    moved: list[MoveOutput]
    notes: list[str]


def split_json(result: SplitResult, folder: Path) -> dict[str, Any]:
    """The result as plain values."""
    moved = [
        MoveOutput(file=move.place.file, line=move.place.line, example=move.example, before=move.before, now=move.now, why=move.why)
        for move in result.division.moved
    ]
    output = SplitOutput(
        folder=str(folder),
        manifest=result.manifest,
        not_understood=result.not_understood,
        warnings=list(result.warnings),
        moved=moved,
        notes=list(result.notes),
    )
    return output.model_dump(mode="json")


def split_text(result: SplitResult, folder: Path) -> "Iterator[Text]":
    """The lines of the report."""
    from rich.text import Text

    manifest = result.manifest
    total = sum(part.examples for part in manifest.splits.values()) or 1
    for name, part in manifest.splits.items():
        yield Text(f"{name:<10} {part.examples:>9,}  {part.examples / total:6.1%}  {visible(display_name(folder / part.file))}")
    ties = ", ".join(f"{LINKS[name]} {count:,}" for name, count in manifest.links.items())
    yield Text(
        f"{plural(manifest.groups, 'group')}, none of them divided; the largest has {plural(result.division.largest, 'example')}"
        + (f" ({ties})" if ties else "")
    )
    for code, count in manifest.removed.reasons.items():
        yield Text(f"removed    {count:>9,}  {code}: {reason_for(code)}")
    for move in result.division.moved[:SHOWN]:
        yield Text(f"moved from {move.before} to {move.now}: {visible(str(move.place))} {move.why}", style="yellow")
    if len(result.division.moved) > SHOWN:
        yield Text(f"… and {len(result.division.moved) - SHOWN:,} more that moved (--json has all)", style="yellow")
    for finding in result.warnings:
        yield Text.assemble((f"{finding.code} ", "yellow"), visible(finding.message))
    for note in result.notes:
        yield Text(f"note: {note}", style="dim")
    removed = f"{manifest.removed.lines:,} removed; see {visible(display_name(folder / manifest.removed.file))}"
    yield Text(f"{plural(manifest.read, 'line')} read = {manifest.kept:,} kept + {removed}", style="bold")
