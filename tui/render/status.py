"""The status line: review progress and rate, running work, and the current filter."""

from collections.abc import Callable
from math import ceil

from textual.content import Content

from curate.core.events import StageAdvanced
from curate.core.text import plural
from curate.review import Kind, Progress, ReviewSession, View
from tui.conversation import ConversationView, literal
from tui.keys import TABS

STAGE_VERBS = {"check": "checking", "duplicates": "comparing", "conflicts": "conflicts"}


def status(
    session: ReviewSession, kind: Kind, view: View | None, cursor: int, *, sort: str, selected: int, task: str = ""
) -> Content:
    """The status line of a list."""
    progress = session.progress(kind)
    placed = kind != "example" or session.ended or session.examples.has_ids
    parts = [
        Content.styled(_cursor_position(view, cursor), "bold"),
        Content(share(progress) + unresolved_counts(session, kind) if placed else f"? of {progress.total:,} decided"),
    ]
    if view is not None and view.text:
        looked = "" if view.complete >= 1 else f" ({view.complete:.0%} searched)"
        text = literal(ConversationView().text(view.text)[:60], style="bold")
        filtered = Content.assemble(("filter ", "$foreground-muted"), text, looked)
        parts.insert(1, filtered)
    if task:
        parts.insert(1, Content.styled(task, "bold $text-accent"))
    if selected:
        parts.insert(1, Content.styled(f"■ {selected:,} selected", "bold $text-accent"))
    if view is not None and view.groups is not None:
        parts.insert(1, Content(f"{plural(len(view.groups), 'group')}, {plural(len(view.rows), 'entry')}"))
    if session.rate >= 1:
        hours = (progress.total - progress.decided) / session.rate
        left = f", {hours:.1f} h left" if hours >= 1 else f", {ceil(60 * hours)} min left" if hours else ""
        parts.append(Content(f"{session.rate:,.0f}/h{left}"))
    parts.append(Content.styled(sort if sort.startswith("as ") else f"by {sort}", "$foreground-muted"))
    parts.extend(going_on(session))
    return Content(" · ").join(parts)


def _cursor_position(view: View | None, cursor: int) -> str:
    """The position of the cursor in a list, such as `3/120`; a note while the list is read."""
    return "loading …" if view is None else f"{cursor + 1:,}/{len(view):,}" if len(view) else "0/0"


def share(progress: Progress) -> str:
    """The progress as text: `12 of 1,234 decided`."""
    return f"{progress.decided:,} of {progress.total:,} decided"


def unresolved_counts(session: ReviewSession, kind: Kind) -> str:
    """Counts of what a verdict does not resolve: `, 3 to correct, 2 with nothing to decide`; empty if there is none."""
    counts = session.queues[kind].counts_by_need()
    parts = [f", {counts.fix:,} to correct"] if counts.fix else []
    if counts.nothing and kind != "example":
        parts.append(f", {counts.nothing:,} with nothing to decide")
    return "".join(parts)


def decision_counts(session: ReviewSession) -> str:
    """Examples by what is decided about them."""
    states = list(session.log.verdicts().values())
    dropped, edited = (sum(state.verdict == word for state in states) for word in ("drop", "edit"))
    kept = sum(bool(state.kept) and state.verdict not in ("drop", "edit") for state in states)
    return f"{kept:,} kept, {dropped:,} dropped, {edited:,} edited"


def summary(session: ReviewSession, command: str, key: Callable[[str], str]) -> Content:
    """What was decided, what is left on each screen, and the next command; `key`: the key of an action."""
    parts = [f"in the journal: {decision_counts(session)}", ""]
    left = 0
    for tab in TABS:
        if tab.kind and tab.kind != "example":
            progress = session.progress(tab.kind)
            left += progress.total - progress.decided
            parts.append(
                f"{key(f'go-{tab.name}')} {tab.title:<11} {share(progress)}{unresolved_counts(session, tab.kind)}"
            )
    if session.stages or not session.ended:
        parts += ["", "The check is still running: more findings may follow."]
    parts += ["", f"journal: {session.log.path}", f"next: {command}" if not left else "next: decide what is left"]
    return literal("\n".join(parts))


def _stage_progress(stage: StageAdvanced) -> str:
    """How much a stage has done, such as ` 1,200 lines`; empty before it counts."""
    return f" {stage.done:,} {stage.text}" if stage.done else ""


def going_on(session: ReviewSession) -> list[Content]:
    """Running work, and problems of the journal."""
    parts = [
        Content.styled(f"{STAGE_VERBS.get(stage.stage, stage.stage)}{_stage_progress(stage)} …", "$text-warning")
        for stage in session.stages.values()
    ]
    if not session.lines.complete:
        parts.append(Content.styled(f"{plural(len(session.lines), 'line')} found…", "$text-warning"))
    if session.log.unreadable:
        parts.append(
            Content.styled(f"{plural(len(session.log.unreadable), 'unreadable line')} in the journal", "$text-warning")
        )
    contested = len(session.log.contested())
    if contested:
        parts.append(Content.styled(f"‼ {contested:,} contested", "bold $text-error"))
    return parts
