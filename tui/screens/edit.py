"""An example in the built-in editor, linted while the user types."""

from typing import Any, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static, TextArea

from curate.core.errors import DataError
from curate.core.finding import Finding
from curate.read.dataset import ParsedLine
from curate.review.draft import TURN_MARK, value_of
from tui.conversation import literal
from tui.render.signs import SEVERITIES, failure, lines
from tui.review_state import ReviewState
from tui.screens.ask import Dialog
from tui.widgets.key_footer import KeyFooter

DEBOUNCE_SECONDS = 0.25
"""Seconds without a key before linting."""
MAX_FINDINGS = 6
TURNS_HINT: Final = "start each message with a line such as  #: user"


class EditScreen(Dialog[dict[str, Any] | None]):
    """Returns the new object of a line; None if it was cancelled."""

    BINDINGS = [  # noqa: RUF012
        Binding("ctrl+s", "save", "Save", tooltip="Replace the example with this text.", id="edit-save", priority=True),
        Binding("escape", "leave", "Cancel", tooltip="Make no changes.", id="edit-leave", priority=True),
    ]

    def __init__(self, draft: str, parsed: ParsedLine, state: ReviewState, at: tuple[int, int], text: str = "") -> None:
        """`at`: line and column of the cursor at first; `text`: the draft with changes that are not saved."""
        super().__init__()
        self._draft, self._parsed, self._state, self._at = draft, parsed, state, at
        self._text = text or draft
        self._asked = False

    def compose(self) -> ComposeResult:
        """The text, and its findings below."""
        with Vertical(classes="dialog edit"):
            yield Static(
                literal(f"{self._parsed.place}   {TURNS_HINT if self._draft.startswith(TURN_MARK) else ''}".rstrip()),
                markup=False,
                classes="dialog-title",
            )
            yield TextArea(self._text, id="draft", soft_wrap=True, show_line_numbers=False, tab_behavior="indent")
            yield Static("", id="edit-findings", markup=False)
            yield KeyFooter()

    def on_mount(self) -> None:
        """Lint as soon as the text is shown."""
        area = self.query_one(TextArea)
        area.focus()
        area.move_cursor(self._at)
        self.call_after_refresh(area.scroll_cursor_visible, center=True)
        self.call_after_refresh(self._check)

    @property
    def unsaved(self) -> bool:
        """Whether the text was changed."""
        return self.is_mounted and self.query_one(TextArea).text != self._draft

    @on(TextArea.Changed)
    def _changed(self) -> None:
        """Check the text after a short delay, once for several changes."""
        if not self._asked:
            self._asked = True
            self.set_timer(DEBOUNCE_SECONDS, self._check)

    def _check(self) -> None:
        """Lint the text and show its findings, or why it is no object."""
        self._asked = False
        try:
            value = value_of(self.query_one(TextArea).text)
        except DataError as error:
            self._show_findings(failure(error))
        else:
            self._show_findings(findings_content(self._state.live_lint.findings(value, self._parsed)))

    def _show_findings(self, content: Content) -> None:
        self.query_one("#edit-findings", Static).update(content)
        self.call_after_refresh(self.query_one(TextArea).scroll_cursor_visible)  # more findings leave less room

    def action_save(self) -> None:
        """Accept the text if it is a valid object."""
        try:
            self.dismiss(value_of(self.query_one(TextArea).text))
        except DataError as error:
            self._show_findings(failure(error))
            self.app.bell()


def findings_content(findings: list[Finding]) -> Content:
    """The first findings of a line."""
    if not findings:
        return Content.styled("✓ no findings", "bold $text-success")
    shown = [
        Content.assemble(
            (f"{SEVERITIES[finding.severity][0]} {finding.code} ", SEVERITIES[finding.severity][1]),
            literal(finding.message),
            (f" {finding.pointer}", "$foreground-muted"),
        )
        for finding in findings[:MAX_FINDINGS]
    ]
    more = (
        Content.styled(f"… {len(findings) - MAX_FINDINGS} more", "$foreground-muted")
        if len(findings) > MAX_FINDINGS
        else None
    )
    return lines(*shown, more)
