"""Previews of changes: a repair as a diff, a bulk decision as counts."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Final

from textual.content import Content

from curate.core.text import plural
from curate.review.bulk import Bulk, Repairs
from curate.review.draft import draft_of
from curate.review.live_lint import Repaired
from tui.conversation import NOTE_STYLE, ConversationView, Mark, literal
from tui.diff import word_marks
from tui.render.signs import lines

CONTEXT_LINES: Final = 2
"""Unchanged lines shown before and after a difference."""
MAX_LINES: Final = 200
"""Maximum number of diff lines drawn."""
MAX_SAMPLE_LINES: Final = 12
"""Maximum number of lines drawn of one of several repairs."""
HIDDEN_NOTE: Final = Content.styled(
    "  the difference is in a secret or an address, which is not shown here", NOTE_STYLE
)
UNDO_NOTE: Final = "one undo reverts all of it"


def repair_text(before: Mapping[str, Any] | None, repaired: Repaired) -> Content:
    """The lines that a repair changes, with differing words marked, and the findings after it."""
    shown = diff_lines(before, repaired.value)
    more = Content.styled(f"… {len(shown) - MAX_LINES:,} more lines", NOTE_STYLE) if len(shown) > MAX_LINES else None
    left = (
        f"afterwards: {plural(len(repaired.findings), 'finding')} in this example"
        if repaired.findings
        else "afterwards: no findings in this example"
    )
    return lines(*shown[:MAX_LINES], more, "", Content.styled(left, "bold"))


def diff_lines(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[Content]:
    """The lines in which two objects differ, with differing words marked.

    The texts themselves are compared: where the screen hides a secret, lines that differ may look the same.
    """
    old, new = (draft_of(dict(value)).split("\n") if value is not None else [] for value in (before, after))
    drawn: list[Content] = []
    shown = ConversationView().text
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            same = [literal(f"  {shown(line)}") for line in old[a:b]]
            gap = Content.styled("  …", NOTE_STYLE)
            drawn.extend(
                same
                if len(same) <= 2 * CONTEXT_LINES + 1
                else [*same[: CONTEXT_LINES if drawn else 0], gap, *same[len(same) - CONTEXT_LINES :]]
            )
            continue
        removed, come = ([shown(line) for line in part] for part in (old[a:b], new[c:d]))
        marks = word_marks("\n".join(removed), "\n".join(come)) if tag == "replace" else ((), ())
        drawn.extend(_diff_side("- ", removed, marks[0], "$text-error"))
        drawn.extend(_diff_side("+ ", come, marks[1], "$text-success"))
        if removed == come:
            drawn.append(HIDDEN_NOTE)
    return drawn


def _diff_side(sign: str, texts: list[str], marks: tuple[Mark, ...], colour: str) -> list[Content]:
    """The lines of one side of a diff, each behind its sign, with the marked words highlighted.

    `marks`: positions in the lines joined by line breaks.
    """
    drawn, offset = [], 0
    for text in texts:
        inside = [
            Mark(max(0, mark.start - offset), min(len(text), mark.end - offset), f"reverse {colour}")
            for mark in marks
            if mark.start < offset + len(text) and mark.end > offset
        ]
        drawn.append(Content.assemble((sign, f"bold {colour}"), literal(text, inside, style=colour)))
        offset += len(text) + 1
    return drawn


def bulk_text(bulk: Bulk) -> Content:
    """The number of examples by old and new decision."""
    changes = [
        f"{count:>9,}  {before} → {after}"
        for (before, after), count in sorted(bulk.changes.items(), key=lambda item: -item[1])
    ]
    passed = f"{plural(bulk.skipped, 'entry')} of the list skipped: decided, contested, or nothing to decide"
    count = f"{plural(len(bulk.decisions), 'example')} in {plural(bulk.entries, 'entry')} would change:"
    return lines(
        Content.styled(count, "bold"),
        *changes,
        passed if bulk.skipped else None,
        Content.styled(UNDO_NOTE, "$foreground-muted"),
    )


def repairs_text(plan: Repairs) -> Content:
    """How many repairs there are, and the changes of some."""
    unsafe = f"{plural(plan.unsafe, 'fix')} may change the meaning"
    skipped = f"{plan.skipped:,} skipped: decided, without a fix, or already fixed by another one"
    samples: list[Content | str] = []
    for place, before, repaired in plan.samples:
        shown = diff_lines(before, repaired.value)
        samples += ["", Content.assemble((f"{repaired.code} ", "bold"), literal(f"{place}: {repaired.summary}"))]
        samples += [
            *shown[:MAX_SAMPLE_LINES],
            *([Content.styled("  …", NOTE_STYLE)] if len(shown) > MAX_SAMPLE_LINES else []),
        ]
    count = f"{plural(plan.entries, 'finding')} in {plural(len(plan.decisions), 'example')} would be fixed"
    return lines(
        Content.styled(count, "bold"),
        Content.styled(unsafe, "bold $text-warning") if plan.unsafe else None,
        skipped if plan.skipped else None,
        Content.styled(UNDO_NOTE, "$foreground-muted"),
        *samples,
    )


def notes_text(text: str, examples: Sequence[str], noted: int | None) -> Content:
    """The preview of a note, label or rating: its text, and how many examples get it.

    `noted`: how many of them have a note already; None where it does not matter.
    """
    return lines(
        literal(f"“{text}”", style="bold"),
        plural(len(examples), "example"),
        f"{noted:,} already {'has' if noted == 1 else 'have'} a note, which stays in front of this one"
        if noted
        else None,
        Content.styled(UNDO_NOTE, "$foreground-muted"),
    )
