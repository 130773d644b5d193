"""The data set at a glance: statistics, progress of check and review, and the most frequent rules."""

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.keys import bindings
from tui.messages import FilterChosen
from tui.render import overview
from tui.render.status import going_on
from tui.screens.tasks import Tasks

PAGE_KEYS: Final = ("home", "end", "pageup", "pagedown")
"""Keys of Textual's list that the screen has no action for."""


class RuleList(OptionList, inherit_bindings=False):
    """Leaves Enter and the arrows to the screen, whose footer then offers them."""

    BINDINGS: ClassVar = [
        binding for binding in OptionList.BINDINGS if isinstance(binding, Binding) and binding.key in PAGE_KEYS
    ]


class Panels(VerticalScroll, inherit_bindings=False):
    """Leaves the arrows to the screen, also where the panels do not fit."""

    def reveal(self, box: OptionList, line: int) -> None:
        """Scroll to a line of a list, and to the border above the first one."""
        top = box.region.y - self.region.y + round(self.scroll_y) + 1 + line - round(box.scroll_y)
        self.scroll_to_region(Region(0, top - (not line), 1, 2), animate=False, force=True)


class OverviewScreen(Tasks):
    """Draws counts; Enter opens the counted entries."""

    BINDINGS = bindings("overview")
    NAME = "overview"

    def body(self) -> ComposeResult:
        """Progress next to statistics, and the rules below."""
        with Panels(id="overview", can_focus=False):
            with Vertical(id="overview-left"):
                yield RuleList(id="tasks", classes="panel", markup=False, compact=True)
                yield Static(id="files", classes="panel", markup=False)
                yield Static(id="stages", classes="panel", markup=False)
                yield Static(id="decided", classes="panel", markup=False)
                yield RuleList(id="rules", classes="panel", markup=False, compact=True)
                yield Static(id="notes", classes="panel", markup=False)
            yield Static(id="measured", classes="panel", markup=False)

    def on_mount(self) -> None:
        """Set titles, and draw the known facts."""
        for name, title in (
            ("tasks", "To do"),
            ("files", "Files"),
            ("stages", "Checks"),
            ("decided", "Review"),
            ("notes", "Notes"),
            ("measured", "Data"),
        ):
            self.query_one(f"#{name}").border_title = title
        self.query_one("#tasks").focus()
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
        self.show_tasks()
        self._rules()
        going = going_on(session)
        key = self.state.key
        begin = (
            f"{key('open')} starts a task or opens a rule; {key('go-overview')} to {key('go-evaluate')} "
            f"switch screens, {key('help')} shows help"
        )
        self.say(Content(" · ").join(going) if going else begin)

    def _rules(self) -> None:
        """Draw the list of rules if it has changed; the cursor stays."""
        rules, box = overview.rules(self.session), self.query_one("#rules", OptionList)
        none = "No findings" if self.session.checked else "No findings so far"
        box.border_title = "Findings by rule" if rules else none
        if rules == self._shown:
            return
        self._shown, highlighted = rules, box.highlighted
        most = max((rule[2] for rule in rules), default=1)
        names = self.state.rule_names
        box.clear_options()
        box.add_options([Option(overview.rule_line(rule, most, names.get(rule[0], "")), id=rule[0]) for rule in rules])
        box.highlighted = min(highlighted, len(rules) - 1) if rules and highlighted is not None else None

    def action_move(self, by: int) -> None:
        """Move to another task or rule."""
        tasks, rules = self.query_one("#tasks", OptionList), self.query_one("#rules", OptionList)
        count = tasks.option_count
        position = count + (rules.highlighted or 0) if self.focused is rules else (tasks.highlighted or 0)
        target = max(0, min(position + by, count + rules.option_count - 1))
        self._highlight(*((tasks, target) if target < count else (rules, target - count)))

    def _highlight(self, box: OptionList, line: int) -> None:
        for other in self.query(OptionList):
            other.highlighted = line if other is box else None
        box.focus(scroll_visible=False)
        self.call_after_refresh(self.query_one(Panels).reveal, box, line)

    def action_open(self) -> None:
        """Start the task under the cursor, or open the findings of the rule."""
        box = self.query_one("#rules" if self.focused is self.query_one("#rules") else "#tasks", OptionList)
        if (option := box.highlighted_option) is None:
            return
        if box.id == "rules":
            self.app.post_message(FilterChosen("finding", f"code:{option.id}", go=True))
        else:
            self.start(option.id or "")

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        """Start the task or open the rule that was clicked."""
        self._highlight(message.option_list, message.option_index)
        self.action_open()
