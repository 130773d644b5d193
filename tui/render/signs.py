"""Signs and colors; no meaning is conveyed by color alone."""

from typing import Final

from textual.content import Content

from curate.core.decision import Verdict
from curate.core.errors import CurateError
from curate.core.finding import Severity
from curate.render.console import bar as text_bar
from curate.review import ReviewStatus
from tui.conversation import literal

MUTED: Final = "$foreground-muted"
STATUSES: Final = {
    ReviewStatus.UNDECIDED: ("○", MUTED),
    ReviewStatus.PARTLY: ("◐", "$text-warning"),
    ReviewStatus.CONTESTED: ("‼", "$text-error"),
    ReviewStatus.FIX: ("!", "$text-warning"),
    ReviewStatus.KEEP: ("✓", "$text-success"),
    ReviewStatus.DROP: ("✗", "$text-error"),
    ReviewStatus.EDIT: ("✎", "$text-accent"),
    ReviewStatus.MIXED: ("±", "$text-primary"),
    ReviewStatus.NOTHING: ("·", MUTED),
}
LEGEND: Final = (
    "○ undecided   ◐ partly   ‼ contested   ! to correct   ✓ keep   ✗ drop   ✎ edited   ± some stay, some go   "
    "· nothing to decide"
)
SEVERITIES: Final = {
    Severity.ERROR: ("✖", "bold $text-error"),
    Severity.WARNING: ("▲", "bold $text-warning"),
    Severity.INFO: ("•", "bold $text-primary"),
}


def status_sign(standing: ReviewStatus) -> Content:
    """The sign of a status."""
    symbol, colour = STATUSES[standing]
    return Content.styled(symbol, f"bold {colour}")


def verdict_sign(verdict: Verdict) -> Content:
    """The sign and the word of a verdict."""
    symbol, colour = STATUSES[ReviewStatus[verdict.upper()]]
    return Content.styled(f"{symbol} {'edited' if verdict == 'edit' else verdict}", f"bold {colour}")


def bar(share: float, width: int, colour: str = "$text-primary", *, track: bool = False) -> Content:
    """A bar of `width` cells, filled by a share; `track` draws the rest, too."""
    text = text_bar(min(1.0, share), width)
    return Content.assemble((text, colour), (("·" if track else " ") * (width - len(text)), "$foreground-muted"))


def failure(error: CurateError) -> Content:
    """An error and its next step."""
    parts = [Content.assemble(("error: ", "bold $text-error"), literal(error.message))]
    if error.hint:
        parts.append(Content.assemble(("next: ", "bold"), literal(error.hint)))
    return Content("\n").join(parts)


def lines(*parts: Content | str | None) -> Content:
    """Parts joined by line breaks, without those that are None."""
    return Content("\n").join([Content(part) if isinstance(part, str) else part for part in parts if part is not None])
