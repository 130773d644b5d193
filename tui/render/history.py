"""The journal as a list of steps, and what the undo of one changes."""

from typing import Final

from textual.content import Content

from curate.commands.review_history import History, Step
from curate.core.decision import Decision, Scope
from curate.core.text import excerpt, plural, visible
from curate.review import PlacedExample, ReviewSession
from curate.review.history import UndoPlan, place_of
from tui.conversation import ConversationView, literal
from tui.render.rows import question_text
from tui.render.signs import MUTED, lines

WHO_CELLS, WHERE_CELLS = 8, 16
HEADER: Final = f"   {'when':<16} {'who':<{WHO_CELLS}} {'where':<{WHERE_CELLS}} what"
MAX_LISTED: Final = 20
"""Number of examples of a step that are listed before it is undone."""
SIGNS: Final = {
    "in effect": ("●", "$text-success"),
    "partly": ("◐", "$text-warning"),
    "undone": ("↶", "$foreground-muted"),
    "replaced": ("○", "$foreground-muted"),
}
SUBJECTS: Final[dict[Scope, str]] = {"duplicate": "of duplicates", "conflict": "of a conflict"}
"""What is shown of decisions about entries that have no name, only an id."""
LEGEND: Final = "● in effect  ◐ partly  ↶ undone  ○ replaced"


def where(session: ReviewSession, example_id: str) -> str:
    """The place of an example; the beginning of its id if it is not in the files."""
    place = place_of(session, example_id)
    return visible(str(place)) if place is not None else example_id[:12]


def step_text(session: ReviewSession, step: Step, read: ConversationView) -> str:
    """Time, reviewer, place and value of a step."""
    first = step.decisions[0]
    examples = {decision.example for decision in step.decisions}
    place = where(session, first.example) if len(examples) == 1 else plural(len(examples), "example")
    name = f"{excerpt(first.who, WHO_CELLS):<{WHO_CELLS}} {excerpt(place, WHERE_CELLS):<{WHERE_CELLS}}"
    about = SUBJECTS.get(first.scope, first.about if first.record not in ("label", "audit") else "")
    what = "  ".join(filter(None, (step.value, about, first.why if first.record not in ("rating", "audit") else "")))
    return f"{first.when.astimezone():%Y-%m-%d %H:%M} {name} {excerpt(read.text(what), 200)}"


def step_row(session: ReviewSession, history: History, step: Step, read: ConversationView) -> Content:
    """The row of a step."""
    sign, colour = SIGNS[history.state(step)]
    example = step.decisions[0].example
    place = place_of(session, example)
    request = f"  {question_text(session, PlacedExample(place, example))}" if place is not None else ""
    return Content.assemble((f"{sign} ", f"bold {colour}"), step_text(session, step, read), (request, MUTED))


def _decision_text(decision: Decision) -> str:
    """Value, reviewer and time of a decision."""
    return f"{Step('', [decision]).value}, {excerpt(decision.who, 40)}, {decision.when.astimezone():%Y-%m-%d %H:%M}"


def replaced_text(session: ReviewSession, plan: UndoPlan) -> list[Content]:
    """The later decisions that stay."""
    shown = [
        f"  {where(session, decision.example)}: {_decision_text(decision)}"
        for decision in plan.replaced_by[:MAX_LISTED]
    ]
    more = [f"  … {len(plan.replaced_by) - MAX_LISTED:,} more"] if len(plan.replaced_by) > MAX_LISTED else []
    return [literal(line) for line in (*shown, *more)]


def undo_text(session: ReviewSession, history: History, plan: UndoPlan) -> Content:
    """What the undo of a step changes, and what stays."""
    parts: list[Content | str] = [Content.styled(f"{plural(len(plan.records), 'record')} would change:", "bold")]
    for record in plan.records[:MAX_LISTED]:
        old = [history.by_id[name] for name in record.replaces or () if name in history.by_id]
        now = ", ".join(Step("", [replaced]).value for replaced in old)
        parts.append(literal(f"  {where(session, record.example)}: {now} → {Step('', [record]).value}"))
    if len(plan.records) > MAX_LISTED:
        parts.append(f"  … {len(plan.records) - MAX_LISTED:,} more")
    if plan.replaced_by:
        count = plural(len(plan.replaced_by), "later decision")
        parts += ["", Content.styled(f"{count} stay{'s' if len(plan.replaced_by) == 1 else ''}:", "bold")]
        parts += replaced_text(session, plan)
    return lines(*parts)
