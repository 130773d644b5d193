"""An output folder: how big the splits are, what left and why, and whether anything leaks."""

from collections.abc import Sequence
from typing import Final

from textual.content import Content

from curate.manifest import Manifest
from curate.pipeline.proving import Point
from curate.text import plural
from tui.conversation import literal
from tui.render.signs import bar, lines

MUTED: Final = "$foreground-muted"
GOOD, BAD = ("✓", "bold $text-success"), ("✖", "bold $text-error")


def splits(folder: str, manifest: Manifest | None, why: str, proof: Sequence[Point] | None, *, proving: bool) -> Content:
    """The folder with its proof, as far as there is one."""
    if manifest is None:
        return lines(Content.assemble(literal(folder, style="bold")), literal(why), Content("`curate run` or `curate split DATA -o DIR` writes it."))
    whole = sum(part.examples for part in manifest.splits.values()) or 1
    books = f"   {plural(manifest.read, 'line')} read, {manifest.kept:,} kept, {manifest.removed.lines:,} removed"
    parts = [Content.assemble(literal(folder, style="bold"), (books, MUTED)), Content("")]
    for name, part in manifest.splits.items():
        characters = f"{part.characters / max(1, part.examples):,.0f} characters each, {plural(part.groups, 'group')}"
        parts.append(
            Content.assemble(
                (f"{name:<12}", "bold"), bar(part.examples / whole, 30), f" {part.examples:>9,} {part.examples / whole:6.1%}  ", (characters, MUTED)
            )
        )
    if manifest.removed.reasons:
        most = max(manifest.removed.reasons.values())
        parts.append(Content.assemble(("\nwhat left, and why", "bold")))
        for code, count in sorted(manifest.removed.reasons.items(), key=lambda item: -item[1]):
            parts.append(Content.assemble(literal(f"{code:<12}"), bar(count / most, 30, "$text-warning"), f" {count:>9,}"))
    if manifest.links:
        held = ", ".join(f"{count:,} {kind}" for kind, count in manifest.links.items())
        parts.append(Content.assemble(("\nheld together ", "bold"), literal(f"{plural(manifest.groups, 'group')} by {held}", style=MUTED)))
    parts.append(Content.assemble(("\nproof", "bold"), ("  v reads the folder again" if proof is None and not proving else "", MUTED)))
    if proving:
        parts.append(Content.assemble(("reading …", "$text-warning")))
    for holds, name, said in proof or ():
        sign = GOOD if holds else BAD
        parts.append(Content.assemble(sign, " ", literal(f"{name:<22}", style="bold"), literal(said, style=MUTED)))
    return lines(*parts)
