"""A split for people and programs: sizes, reasons for groups, removed lines, moved examples, and restored lines."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from rich.text import Text

from curate.core.example import where
from curate.core.text import plural, visible
from curate.output.datacard import LINKS, custom_rules, reason_for
from curate.output.folder import SplitResult
from curate.output.restore import RestoreResult
from curate.render.console import more_lines
from curate.split.assign import Move
from curate.storage.files import display_name

MAX_SHOWN: Final = 10


def moved_text(moved: Sequence[Move]) -> Iterator[Text]:
    """The first examples that are in another split than before, and the number of the others."""
    for move in moved[:MAX_SHOWN]:
        place = visible(where(move.file, move.line))
        yield Text(f"moved from {move.before} to {move.now}: {place} {move.why}", style="yellow")
    yield from more_lines(len(moved), MAX_SHOWN, " moves", "--json")


def split_text(result: SplitResult, folder: Path) -> Iterator[Text]:
    """The lines of the summary of a split into `folder`, safe to print."""
    manifest = result.manifest
    total = sum(part.examples for part in manifest.splits.values()) or 1
    for name, part in manifest.splits.items():
        yield Text(
            f"{name:<10} {part.examples:>9,}  {part.examples / total:6.1%}  {visible(display_name(folder / part.file))}"
        )
    links = ", ".join(f"{LINKS[name]} ({count:,})" for name, count in manifest.links.items())
    yield Text(
        f"{plural(manifest.groups, 'group')}, each in one split; the largest has "
        f"{plural(result.division.largest, 'example')}" + (f"; related by {links}" if links else "")
    )
    for code, count in manifest.removed.reasons.items():
        yield Text(f"removed    {count:>9,}  {code}: {visible(reason_for(code, custom_rules(manifest)))}")
    yield from moved_text(result.moved)
    for finding in result.warnings:
        yield Text.assemble((f"{finding.code} ", "yellow"), visible(finding.message))
    for code, hint in {finding.code: finding.hint for finding in result.warnings if finding.hint}.items():
        yield Text(f"{code}: {hint}", style="dim")
    for note in result.notes:
        yield Text(f"note: {note}", style="dim")
    removed = manifest.removed.lines
    place = f"; see {visible(display_name(folder / manifest.removed.file))}" if removed else ""
    yield Text(
        f"{plural(manifest.read, 'line')} read = {manifest.kept:,} kept + {removed:,} removed{place}", style="bold"
    )


def restore_text(result: RestoreResult) -> Iterator[Text]:
    """The result as lines."""
    splits = {(line.file, line.line): line.split for line in result.manifest.restored} if result.manifest else {}
    for removal in result.restored[:MAX_SHOWN]:
        split = splits.get((removal.file, removal.line), "")
        yield Text.assemble(
            (visible(where(removal.file, removal.line)), "bold"),
            f" {removal.code or 'decision'}: {visible(removal.why)}",
            f" → {split}" if split else "",
        )
    yield from more_lines(len(result.restored), MAX_SHOWN, option="--json")
    yield from moved_text(result.moved)
    if result.output is not None:
        yield Text(
            f"{plural(len(result.restored), 'line')} written to {visible(result.output)}; the folder is unchanged",
            style="bold",
        )
        return
    for message in result.refused[:MAX_SHOWN]:
        yield Text(f"{message}: stays removed; write it to a file with -o FILE")
    yield from more_lines(len(result.refused), MAX_SHOWN, option="--json")
    counts = Counter(splits[removal.file, removal.line] for removal in result.restored)
    into = ", ".join(f"{count:,} into {name}" for name, count in sorted(counts.items()))
    yield Text(
        f"{plural(len(result.restored), 'line')} restored ({into}); {plural(result.left, 'line')} still in the "
        "file of removed lines",
        style="bold",
    )
