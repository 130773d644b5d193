"""The status line: review progress and rate, running work, and the current filter."""

from textual.content import Content

from curate.core.text import plural
from curate.review import Kind, Progress, ReviewSession, View
from tui.conversation import literal

WORDS = {"check": "checking", "duplicates": "comparing", "conflicts": "conflicts"}


def status(session: ReviewSession, kind: Kind, view: View | None, cursor: int, *, sort: str) -> Content:
    """The status line of a list."""
    here = session.progress(kind)
    parts = [
        Content.assemble((f"{cursor + 1:,}/{len(view):,}" if view is not None and len(view) else "0/0", "bold")),
        Content(share(here)),
    ]
    if session.rate >= 1:
        left = here.total - here.decided
        parts.append(
            Content(f"{session.rate:,.0f}/h, {left / session.rate:.1f} h left" if left else f"{session.rate:,.0f}/h")
        )
    if view is not None and view.text:
        looked = "" if view.complete >= 1 else f" ({view.complete:.0%} searched)"
        parts.append(Content.assemble(("filter ", "$foreground-muted"), literal(view.text[:60], style="bold"), looked))
    parts.append(Content.assemble((sort if sort.startswith("as ") else f"by {sort}", "$foreground-muted")))
    parts.extend(going_on(session))
    return Content(" · ").join(parts)


def share(progress: Progress) -> str:
    """`12 of 1,234 decided`."""
    return f"{progress.decided:,} of {progress.total:,} decided"


def going_on(session: ReviewSession) -> list[Content]:
    """Running work, and problems of the journal."""
    parts = [
        Content.assemble((f"{WORDS.get(stage.stage, stage.stage)} {stage.done:,} {stage.unit}…", "$text-warning"))
        for stage in session.stages.values()
    ]
    if not session.lines.complete:
        parts.append(Content.assemble((f"{len(session.lines):,} lines found…", "$text-warning")))
    if session.log.unreadable:
        parts.append(
            Content.assemble(
                (f"{plural(len(session.log.unreadable), 'unreadable line')} in the journal", "$text-warning")
            )
        )
    contested = len(session.log.contested())
    if contested:
        parts.append(Content.assemble((f"‼ {contested:,} contested", "bold $text-error")))
    return parts
