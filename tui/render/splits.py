"""An output folder: sizes and composition of the splits, removed lines, and verification."""

from typing import Final

from textual.content import Content

from curate.core.text import excerpt, plural
from curate.output.datacard import LINKS, custom_rules, reason_for
from curate.project.manifest import Manifest
from curate.review.overview import SplitComposition
from curate.verify.proof import Verdict, VerifyResult
from tui.conversation import literal, one_line
from tui.render.signs import MUTED, bar, lines

SIGNS: Final = {
    Verdict.PROVED: ("✓", "bold $text-success"),
    Verdict.BROKEN: ("✖", "bold $text-error"),
    Verdict.OPEN: ("·", "bold $text-warning"),
}
MAX_SHOWN: Final = 20
"""Maximum number of differences shown."""
SUBJECT_CELLS: Final = 24
"""Width of the subject of a line in cells."""
SHARE_CELLS: Final = 14
"""Width of a share in cells."""
SIZE_CELLS: Final = 30
"""Width of the name and the size of a split in cells, without its bar."""


def splits(
    folder: str, manifest: Manifest, composition: SplitComposition | None, proved: Content, width: int
) -> Content:
    """The manifest, the verification, and the composition of the splits once it is known."""
    counts = f"{plural(manifest.read, 'line')} read, {manifest.kept:,} kept, {manifest.removed.lines:,} removed"
    return lines(
        Content.assemble(one_line(folder, "bold"), (f"   {counts}", MUTED)),
        "",
        *_sizes(manifest, width),
        "",
        proved,
        *_composition(composition, width),
        *_removal_reasons(manifest, width),
    )


def no_folder(folder: str, why: str) -> Content:
    """The page without an output folder."""
    return lines(one_line(folder, "bold"), one_line(why), "Create it with `curate run` or `curate split DATA -o DIR`.")


def _sizes(manifest: Manifest, width: int) -> list[Content]:
    """A bar for each split with its size, and what links the examples of groups."""
    whole = sum(part.examples for part in manifest.splits.values()) or 1
    room = 30 if width >= 100 else 12
    parts = []
    for name, part in manifest.splits.items():
        text = f"{part.characters / max(1, part.examples):,.0f} characters each, {plural(part.groups, 'group')}"
        shown = bar(part.examples / whole, room)
        if SIZE_CELLS + room + len(text) > width:
            text = ""
        parts.append(
            Content.assemble(
                (f"{excerpt(name, 10):<11}", "bold"),
                shown,
                f" {part.examples:>9,} {part.examples / whole:6.1%}  ",
                (text, MUTED),
            )
        )
    if manifest.links:
        held = ", ".join(f"{LINKS.get(kind, kind)} ({count:,})" for kind, count in manifest.links.items())
        parts.append(
            Content.assemble(
                ("together   ", "bold"), one_line(f"{plural(manifest.groups, 'group')}, linked by {held}", MUTED)
            )
        )
    return parts


def _composition(composition: SplitComposition | None, width: int) -> list[Content]:
    """The distribution of each trait over the splits; a note while it is measured."""
    if composition is None:
        return [Content.assemble(("\nmade of  ", "bold"), ("measuring …", MUTED))]
    subject = max(14, min(SUBJECT_CELLS, width - SHARE_CELLS * len(composition.splits)))
    parts = [
        Content.assemble(
            ("\n" + f"{'made of':<{subject}}", "bold"),
            ("".join(f"{excerpt(name, SHARE_CELLS - 1):>{SHARE_CELLS}}" for name in composition.splits), MUTED),
        )
    ]
    medians = "".join(f"{split.median_tokens:>{SHARE_CELLS},}" for split in composition.measured)
    parts.append(Content.assemble(f"{'median tokens':<{subject}}", medians))
    apart = False
    for trait in composition.traits:
        cells = [
            (f"{'▲ ' if far else ''}{share:.1%}".rjust(SHARE_CELLS), "bold $text-warning" if far else "")
            for share, far in zip(trait.shares, trait.apart, strict=True)
        ]
        parts.append(Content.assemble(f"{excerpt(trait.name, subject - 1):<{subject}}", *cells))
        apart |= any(trait.apart)
    if apart:
        first = composition.splits[0]
        parts.append(
            Content.assemble(
                ("▲ ", "bold $text-warning"),
                (f"significantly different from {first}: set `stratify` in curate.toml", MUTED),
            )
        )
    if any(split.taken < split.lines for split in composition.measured):
        parts.append(Content.styled("large splits are measured on a random sample", MUTED))
    return parts


def _removal_reasons(manifest: Manifest, width: int) -> list[Content]:
    """A bar for each reason for which lines were removed; empty if none were."""
    reasons = manifest.removed.reasons
    if not reasons:
        return []
    most = max(reasons.values())
    parts = [Content.styled("\nremoved, by reason", "bold")]
    for code, count in sorted(reasons.items(), key=lambda item: -item[1]):
        why = reason_for(code, custom_rules(manifest))[: max(0, width - 42)]
        parts.append(
            Content.assemble(
                f"{excerpt(code, 9):<10}",
                bar(count / most, 16, "$text-warning"),
                f" {count:>9,}  ",
                literal(why, style=MUTED),
            )
        )
    return parts


def verification(result: VerifyResult | None, width: int, key: str, *, started: bool) -> Content:
    """The result of the verification, or whether it runs.

    `key`: the key that starts it; `started`: whether it was started.
    """
    if result is None:
        waiting = ("reading all files …", "$text-warning") if started else (f"{key} verifies the folder", MUTED)
        return Content.assemble(("proof  ", "bold"), waiting)
    broken = sum(point.verdict is Verdict.BROKEN for point in result.points)
    open_ = sum(point.verdict is Verdict.OPEN for point in result.points)
    verdict = (
        ("✓ verified", "bold $text-success")
        if result.holds
        else (f"✖ failed: {plural(broken, 'point')} broken", "bold $text-error")
    )
    parts = [
        Content.assemble(
            ("proof  ", "bold"), verdict, (f"; {plural(open_, 'point')} left open" if open_ else "", MUTED)
        )
    ]
    name = max((len(point.name) for point in result.points), default=0) + 1
    for point in result.points:
        first, *more = literal(point.message, style=MUTED).wrap(max(20, width - name - 2))
        parts.append(Content.assemble(SIGNS[point.verdict], " ", literal(f"{point.name:<{name}}", style="bold"), first))
        parts.extend(Content.assemble(" " * (name + 2), line) for line in more)
    parts += [
        Content.assemble(
            ("  not checked ", "$text-warning"), one_line(f"{skipped.name}: {plural(skipped.examples, 'example')}")
        )
        for skipped in result.not_checked
    ]
    for finding in result.findings[:MAX_SHOWN]:
        parts.append(
            Content.assemble(
                "  ",
                one_line(finding.where, "bold"),
                ": ",
                (finding.code, "$text-error"),
                " ",
                one_line(finding.message),
            )
        )
    if len(result.findings) > MAX_SHOWN:
        parts.append(
            Content.styled(f"  … {len(result.findings) - MAX_SHOWN:,} more; `curate verify --all` shows them", MUTED)
        )
    return lines(*parts)
