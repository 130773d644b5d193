"""Edit an example, and decide about many: the built-in editor, repairs, suppressions, notes, bulk decisions, undo."""

import os
import shlex
import subprocess
import tempfile
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static, TextArea

from curate.core.decision import EDIT_SLOT
from curate.core.errors import CurateError, DataError, InputError, UsageError
from curate.core.finding import Finding
from curate.core.text import plural
from curate.output.edited import decided_id
from curate.read.dataset import ParsedLine
from curate.read.formats import example_of
from curate.review import Edit, Entry, Kind, PairConflict, PlacedExample, VerdictOrEdit
from curate.review.bulk import first_change, sides_shown
from curate.review.draft import TURN_MARK, draft_of, line_in, value_of
from curate.review.live_lint import still_found
from tui.conversation import literal
from tui.diff import first_difference
from tui.messages import DecisionReverted, Failed
from tui.render.changes import repair_text
from tui.render.signs import SEVERITIES, failure, lines
from tui.review_state import ReviewState
from tui.screens.ask import AskScreen, ConfirmScreen, Dialog, MenuOption, MenuScreen
from tui.screens.frame import FrameScreen
from tui.widgets import KeyFooter

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

    def __init__(
        self, draft: str, parsed: ParsedLine, state: ReviewState, cursor: tuple[int, int], text: str = ""
    ) -> None:
        """`cursor`: line and column of the cursor at first; `text`: the draft with changes that are not saved."""
        super().__init__()
        self._draft, self._parsed, self._state, self._at = draft, parsed, state, cursor
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


MAX_EDITOR_CHARS = 200_000
"""Maximum number of characters for the built-in editor."""


class Changing(FrameScreen):
    """The actions of a list screen that ask before they change anything."""

    kind: Kind
    """The kind of its entries."""
    at: reactive[int]
    order: str

    @property
    @abstractmethod
    def entry(self) -> Entry | None:
        """The entry under the cursor."""

    @abstractmethod
    def decide(self, entry: Entry, decisions: dict[str, VerdictOrEdit], why: str = "") -> bool:
        """Record decisions in one step; false if they could not be written."""

    @abstractmethod
    def go_next(self) -> None:
        """Go to the next undecided entry."""

    @abstractmethod
    def redraw(self, *, stay: bool = False) -> None:
        """Redraw the screen."""

    def _choose_side(self, verb: str, act: Callable[[Entry, PlacedExample], None]) -> None:
        """Act on the example of the entry; of a comparison, ask whether on A or on B."""
        entry = self.entry
        if entry is None or self.moved(entry):
            return
        sides = sides_shown(entry, self.at)
        if len(sides) < 2:
            act(entry, sides[0])
            return
        options = [MenuOption(key, key.upper(), str(side.place)) for key, side in zip("ab", sides, strict=True)]
        self.app.push_screen(
            MenuScreen(f"{verb} A or B?", options), lambda key: act(entry, sides["ab".index(key)]) if key else None
        )

    def moved(self, entry: Entry) -> bool:
        """Whether the lines of an entry have changed on disk, which is then reported: a decision would be about the old
        text.
        """
        place = first_change(self.session, sides_shown(entry, self.at))
        if place is not None:
            key = self.state.key("reload")
            self.app.post_message(Failed(InputError(f"{place}: the line changed on disk", f"{key} reloads the files")))
        return place is not None

    def _parsed_line(self, side: PlacedExample) -> ParsedLine | None:
        """The line of a side; None, with a note on the status line, if it no longer exists."""
        parsed = self.session.line(side.place)
        if parsed is None:
            self.say("the line no longer exists, or the finding is about the whole file")
        return parsed

    def _current_value(self, parsed: ParsedLine) -> dict[str, Any] | None:
        """The object of a line with the edit in effect, in the format of its file."""
        edit = self.session.log.last(decided_id(parsed), EDIT_SLOT)
        if edit is not None and edit.value is not None:
            return edit.value
        return parsed.decoded.value if isinstance(parsed.decoded.value, dict) else None

    def _save_edit(
        self, entry: Entry, parsed: ParsedLine, value: dict[str, Any] | None, old: dict[str, Any] | None
    ) -> None:
        """Record the new `value` of an example that was `old` when its edit began."""
        if value is None or value == self._current_value(parsed):
            self.say("edit cancelled")
        elif self._current_value(parsed) != old:
            self._warn_of_other_change("example")
            self._ask_edit(entry, parsed, self._draft(parsed), draft_of(value))
        else:
            left = self.state.live_lint.findings(value, parsed)
            if not self.decide(
                entry, {decided_id(parsed): Edit(value, still_found(left, self._current_value(parsed), value))}
            ):
                self._ask_edit(entry, parsed, self._draft(parsed), draft_of(value))
                return
            if not self.session.status(entry).open:
                self.go_next()
            else:
                self.redraw()
            now = example_of(value, parsed.place).id
            if self.session.verdict(now) == "drop":
                text = "the text is now that of an example that was dropped, so this one is dropped, too"
                self.notify(text, severity="warning", timeout=12, markup=False)
            else:
                text = f"edited; {'no findings left' if not left else f'{len(left)} findings left'}"
                self.notify(text, timeout=4, markup=False)

    def _warn_of_other_change(self, what: str) -> None:
        """Warn that another window changed the example or note, as `what` says, while it was edited here."""
        text = f"the {what} was changed meanwhile in another window; to save yours replaces that change"
        self.notify(text, severity="warning", timeout=20, markup=False)

    def action_edit(self) -> None:
        """Edit the example in the built-in editor."""
        self._choose_side("Edit", self._edit)

    def _edit(self, entry: Entry, side: PlacedExample) -> None:
        parsed = self._parsed_line(side)
        if parsed is None:
            return
        draft = self._draft(parsed)
        if len(draft) > MAX_EDITOR_CHARS:
            key = self.state.key("edit-outside")
            self.say(f"{len(draft):,} characters are too many for this editor; {key} opens $EDITOR")
            return
        self._ask_edit(entry, parsed, draft)

    def _draft(self, parsed: ParsedLine) -> str:
        """The text to edit: the current value in the form of the editor, or the line itself if it is no object."""
        value = self._current_value(parsed)
        return draft_of(value) if value is not None else parsed.line.data.decode("utf-8", "replace")

    def _ask_edit(self, entry: Entry, parsed: ParsedLine, draft: str, text: str = "") -> None:
        """Open the editor; again with its `text` if the journal could not be written."""
        position = self._edit_position(entry, parsed, draft)
        old = self._current_value(parsed)
        self.app.push_screen(
            EditScreen(draft, parsed, self.state, position, text),
            lambda value: self._save_edit(entry, parsed, value, old),
        )

    def _edit_position(self, entry: Entry, parsed: ParsedLine, draft: str) -> tuple[int, int]:
        """Line and column where editing begins: at the finding, where A and B differ, or at the answer in JSON."""
        if isinstance(entry.subject, Finding):
            return line_in(draft, entry.subject.pointer), 0
        offset = 0
        if isinstance(entry.subject, PairConflict) and entry.subject.evidence:
            evidence = entry.subject.evidence[0]
            own, other = (
                (evidence.left, evidence.right)
                if parsed.place == entry.subject.left.place
                else (evidence.right, evidence.left)
            )
            start = draft.rfind(own) if own.strip() else -1
            offset = start + first_difference(own, other) if start >= 0 else 0
        if not offset:
            places = [side.place for side in sides_shown(entry, self.at) if side.place != parsed.place]
            line = self.session.line(places[0]) if places else None
            offset = first_difference(draft, self._draft(line)) if line is not None else 0
        before = draft[:offset].split("\n")
        if offset:
            return len(before) - 1, len(before[-1])
        example = None if draft.startswith(TURN_MARK) else self.session.edited(parsed)
        answer = example.answer if example is not None else None
        return line_in(draft, (answer.content_pointer or answer.pointer) if answer is not None else ""), 0

    def action_edit_outside(self) -> None:
        """Edit the example in $EDITOR."""
        self._choose_side("Edit", self._edit_outside)

    def _edit_outside(self, entry: Entry, side: PlacedExample) -> None:
        parsed = self._parsed_line(side)
        if parsed is None:
            return
        try:
            old = self._current_value(parsed)
            self._save_edit(entry, parsed, self._edit_in_program(self._draft(parsed)), old)
        except CurateError as error:
            self.app.post_message(Failed(error))

    def _edit_in_program(self, draft: str) -> dict[str, Any] | None:
        """The draft after an external editor. Raises `UsageError`, `DataError` with the path of the kept text."""
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        handle, name = tempfile.mkstemp(prefix="curate-", suffix=".txt")
        path = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(draft)
        try:
            words = [*shlex.split(editor), name]
            with self.app.suspend():
                ended = subprocess.run(words, check=False)
        except (OSError, ValueError) as error:  # there is no such program, or a quote is left open
            path.unlink()
            raise UsageError(f"{editor}: {error}", "set the environment variable EDITOR") from error
        try:
            text = path.read_text(encoding="utf-8") if path.exists() else draft
            value = None if ended.returncode or text == draft else value_of(text)
        except UnicodeDecodeError:
            raise DataError("the text is not UTF-8", f"save it as UTF-8; your text is saved in {path}") from None
        except DataError as error:
            raise DataError(error.message, f"{error.hint}; your text is saved in {path}") from None
        path.unlink(missing_ok=True)
        return value

    def action_repair(self) -> None:
        """Repair the example by the rule, after a preview."""
        entry = self.entry
        parsed = (
            self._parsed_line(sides_shown(entry, 0)[0])
            if entry is not None and isinstance(entry.subject, Finding)
            else None
        )
        if entry is None or parsed is None:
            return
        value = self._current_value(parsed)
        repaired = self.state.live_lint.repaired(parsed, entry.code, value if value != parsed.decoded.value else None)
        if repaired is None:
            self.say(f"{entry.code} has no fix for this line; {self.state.key('edit')} edits it")
            return
        title = f"{entry.code}: {repaired.summary}{'' if repaired.safe else '  This may change the meaning.'}"

        def answered(yes: bool | None) -> None:
            if yes:
                self._save_edit(entry, parsed, repaired.value, value)

        self.app.push_screen(ConfirmScreen(title, repair_text(value, repaired)), answered)

    def action_prefer(self, side: str) -> None:
        """Keep a preference pair as it is, or swap its answers."""
        entry = self.entry
        if entry is None:
            return
        if side == "chosen":
            self.action_choose("keep")
            return
        parsed = self._parsed_line(sides_shown(entry, 0)[0])
        value = self._current_value(parsed) if parsed is not None else None
        if parsed is None or value is None or self.moved(entry):
            return
        after = self.state.swapped(value)
        if after is None:
            self.say(f"not swapped: another key is about one of the answers; {self.state.key('edit')} edits the line")
            return
        self._save_edit(entry, parsed, after, value)

    @abstractmethod
    def action_choose(self, choice: str) -> None:
        """Decide about the entry, and go to the next one."""

    def action_suppress(self) -> None:
        """Suppress the finding, with a reason."""
        entry = self.entry
        if entry is None or not isinstance(entry.subject, Finding):
            return
        finding = entry.subject
        if self.moved(entry):
            return
        if finding.example is None:
            self.say(f"only a finding in an example can be suppressed; {self.state.key('edit')} edits the line")
            return
        self._ask_reason(entry, finding)

    def _ask_reason(self, entry: Entry, finding: Finding, text: str = "") -> None:
        self.app.push_screen(
            AskScreen(f"Reason to suppress {entry.code} here", "for the next reader of the data", text=text),
            lambda reason: self._suppress(entry, finding, reason),
        )

    def _suppress(self, entry: Entry, finding: Finding, reason: str | None) -> None:
        if not reason or finding.example is None:
            return
        try:
            self.session.suppress(finding, reason)
        except CurateError as error:
            self.app.post_message(Failed(error))
            self._ask_reason(entry, finding, reason)
            return
        self.go_next()
        self.notify(f"{entry.code} suppressed here, in curate-suppressions.jsonl", timeout=4, markup=False)

    def action_note(self) -> None:
        """Add a note about the example."""
        self._choose_side("Note about", self._ask_note)

    def _ask_note(self, entry: Entry, side: PlacedExample, text: str = "") -> None:
        if not side.id:
            self.say("there is no example here to add a note to")
            return
        old = self.session.note(side.id)
        self.app.push_screen(
            AskScreen(f"Note about {side.place}", "text of the note", old, text),
            lambda note: self._save_note(entry, side, note, old),
        )

    def _save_note(self, entry: Entry, side: PlacedExample, note: str | None, old: str) -> None:
        """Save a note that was `old` when it was opened; ask again if it has changed since, or cannot be saved."""
        if note is None or note == self.session.note(side.id):
            return
        if self.session.note(side.id) != old:
            self._warn_of_other_change("note")
            self._ask_note(entry, side, note)
            return
        try:
            self.session.annotate(side.id, note, entry.about)
        except CurateError as error:
            self.app.post_message(Failed(error))
            self._ask_note(entry, side, note)
        self.redraw(stay=True)

    def action_undo(self) -> None:
        """Undo the last decision, and return to its entry."""
        self._undo_or_redo(undo=True)

    def action_redo(self) -> None:
        """Redo the decision that was undone."""
        self._undo_or_redo(undo=False)

    def _undo_or_redo(self, *, undo: bool) -> None:
        try:
            about = self.session.undo() if undo else self.session.redo()
        except CurateError as error:
            self.app.post_message(Failed(error))
            return
        if stayed := self.session.stayed:
            text = f"{plural(stayed, 'decision')} left as {'it is' if stayed == 1 else 'they are'}: replaced since then"
            self.notify(f"{text} in another window or by another person", severity="warning", timeout=10, markup=False)
        if about is None:
            self.say("nothing to undo" if undo else "nothing to redo")
            return
        example = self.session.last_example()
        if example is not None:
            self.app.post_message(DecisionReverted(example, about))
        self.redraw()


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
