"""The data set at a glance: statistics, progress of check and review, and the most frequent rules."""

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.keys import bindings
from tui.messages import FilterChosen, ScreenChosen
from tui.render import overview
from tui.render.status import going_on
from tui.screens.frame import FrameScreen

PAGE_KEYS: Final = ("home", "end", "pageup", "pagedown")
"""Keys of Textual's list that the screen has no action for."""


class RuleList(OptionList, inherit_bindings=False):
    """Leaves Enter and the arrows to the screen, whose footer then offers them."""

    BINDINGS: ClassVar = [one for one in OptionList.BINDINGS if isinstance(one, Binding) and one.key in PAGE_KEYS]


class OverviewScreen(FrameScreen):
    """Draws counts; Enter opens the counted entries."""

    BINDINGS = bindings("overview")
    NAME = "overview"

    def body(self) -> ComposeResult:
        """Progress next to statistics, and the rules below."""
        with VerticalScroll(id="overview", can_focus=False):
            with Vertical(id="overview-left"):
                yield Static(id="files", classes="panel", markup=False)
                yield Static(id="stages", classes="panel", markup=False)
                yield Static(id="decided", classes="panel", markup=False)
                yield RuleList(id="rules", classes="panel", markup=False, compact=True)
                yield Static(id="notes", classes="panel", markup=False)
            yield Static(id="measured", classes="panel", markup=False)

    def on_mount(self) -> None:
        """Set titles, and draw the known facts."""
        for name, title in (
            ("files", "Files"),
            ("stages", "Checks"),
            ("decided", "Review"),
            ("notes", "Notes"),
            ("measured", "Data"),
        ):
            self.query_one(f"#{name}").border_title = title
        self.query_one("#rules").focus()
        self._shown: list[overview.Rule] = []
        self.catch_up()

    def catch_up(self) -> None:
        """Draw the facts known so far."""
        super().catch_up()
        session = self.session
        for name, content in (
            ("files", overview.files(session, self.state.changed)),
            ("stages", overview.stages(session)),
            ("decided", overview.review_progress(session)),
            ("notes", overview.notes(session)),
        ):
            self.query_one(f"#{name}", Static).update(content)
        self.query_one("#notes").display = bool(session.notes)
        self.query_one("#measured", Static).update(overview.statistics(self.state.results.get("overview")))
        self._rules()
        going = going_on(session)
        key = self.state.key
        begin = (
            f"{key('open')} shows the findings of a rule; {key('go-overview')} to {key('go-evaluate')} switch screens, "
            f"{key('help')} shows help"
        )
        self.say(Content(" · ").join(going) if going else begin)

    def _rules(self) -> None:
        rules, box = overview.rules(self.session), self.query_one("#rules", OptionList)
        none = "No findings" if self.session.checked else "No findings so far"
        box.border_title = "Findings by rule" if rules else none
        if rules == self._shown:
            return
        self._shown, at = rules, box.highlighted
        most = max((rule[2] for rule in rules), default=1)
        names = self.state.rule_names
        box.clear_options()
        box.add_options([Option(overview.rule_line(rule, most, names.get(rule[0], "")), id=rule[0]) for rule in rules])
        box.highlighted = min(at or 0, len(rules) - 1) if rules else None

    def action_move(self, by: int) -> None:
        """Move to another rule."""
        box = self.query_one("#rules", OptionList)
        if self._shown:
            box.highlighted = max(0, min((box.highlighted or 0) + by, len(self._shown) - 1))

    def action_open(self) -> None:
        """Open the findings of the rule under the cursor."""
        box = self.query_one("#rules", OptionList)
        if self._shown and box.highlighted is not None:
            self.app.post_message(FilterChosen("finding", f"code:{self._shown[box.highlighted][0]}", go=True))
        else:
            self.app.post_message(ScreenChosen("examples"))

    def on_option_list_option_selected(self) -> None:
        """Open the rule that was clicked or chosen by Enter."""
        self.action_open()
