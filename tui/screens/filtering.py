"""The actions of a list screen about what it shows: filter, sort, go to a line, export."""

import tempfile
from pathlib import Path
from typing import IO, cast

import numpy as np
from textual import on
from textual.widgets import Input

from curate.core.errors import CurateError, OutputError
from curate.core.example import number_of, parse_where
from curate.core.text import excerpt, plural, visible
from curate.review import at_line
from curate.review.export import export_lines, lines_of, write_lines
from curate.review.groups import Numbers
from tui.messages import Exported, Failed, FilterChosen
from tui.screens.ask import AskScreen
from tui.screens.deciding import Deciding


class Filtering(Deciding):
    """What a list shows."""

    order: str
    """The sort order; empty: the first one."""

    @property
    def text(self) -> str:
        """The current or pending filter."""
        return self.state.filters.get(self.KIND, "")

    def filter_by(self, text: str) -> None:
        """Request the entries that match a filter."""
        self.state.filters[self.KIND] = text
        self.app.post_message(FilterChosen(self.KIND, text, self.order))

    def action_filter(self) -> None:
        """Open the filter input."""
        box = self.query_one("#filter", Input)
        box.value, box.display = self.text, True
        box.select_all()  # now: if it came with the focus, a key could take the place of those typed before
        self.set_focus(box)

    def action_goto(self) -> None:
        """Ask for a line, and go to its entry."""
        self.app.push_screen(AskScreen("Go to line", "LINE or FILE:LINE"), self._go_to)

    def _go_to(self, text: str | None) -> None:
        view, entry = self.list.view, self.entry
        if not text or view is None or entry is None:
            return
        file, line = parse_where(text) or (entry.place.file, number_of(text) or 0)
        at = at_line(self.session, view, file, line) if line else None
        if at is None:
            text = excerpt(text)
            wrong = f"no entry at or after {text}" if line else f"{text}: not LINE or FILE:LINE"
            filtered = f"; the list is filtered, {self.state.key('clear')} clears the filter" if self.text else ""
            self.notify(f"{visible(wrong)}{filtered}", severity="warning", timeout=6, markup=False)
        else:
            self.list.cursor = at

    def action_clear(self) -> None:
        """Clear the selection, else the filter."""
        typing = self.query_one("#filter").display
        self.query_one("#filter").display = False
        self.set_focus(self.list)
        if self.selected and not typing:
            self.selected = set()
            self.redraw(stay=True)
        elif self.text:
            self.filter_by("")

    def action_sort(self) -> None:
        """Switch to the next sort order."""
        sorts = self.session.queues[self.KIND].sorts
        self.order = sorts[(sorts.index(self.order or sorts[0]) + 1) % len(sorts)]
        self.filter_by(self.text)

    def action_export(self) -> None:
        """Write the lines of the selection, else of all entries shown: to a new file, or to the browser."""
        view = self.list.view
        if view is None or view.complete < 1:
            self.say("the list is loading" if view is None else "the filter is still searching")
            return
        if not len(view):
            self.say("no entries are shown")
            return
        rows = view.rows[np.isin(view.rows, list(self.selected))] if self.selected else view.rows
        name = f"{plural(len(rows), 'entry')} {'selected' if self.selected else 'shown'}"
        if self.app.is_web:
            self._export(rows, None)
        else:
            self.app.push_screen(
                AskScreen(f"Write the lines of {name} to a new file", "FILE.jsonl"),
                lambda text: self._export(rows, Path(text)) if text else None,
            )

    def _export(self, rows: Numbers, path: Path | None) -> None:
        """Write lines in the background, as they are in the files."""
        session = self.session

        def write() -> None:
            try:
                lines, file = lines_of(session, self.KIND, rows), None
                if path is not None:
                    export_lines(session, lines, path)
                else:
                    file = cast("IO[bytes]", tempfile.TemporaryFile())  # noqa: SIM115
                    write_lines(session, lines, file)
            except (OSError, ValueError) as error:  # a name that no file can have, or no space for a temporary file
                self.app.post_message(Failed(OutputError(f"cannot be written: {error}", "choose another name")))
            except CurateError as error:
                self.app.post_message(Failed(error))
            else:
                self.app.post_message(Exported(len(lines), path, file))

        self.run_worker(write, thread=True, exit_on_error=False, group="export")

    @on(Input.Changed, "#filter")
    def _typed(self, message: Input.Changed) -> None:
        if self.query_one("#filter").display and message.value != self.text:
            self.filter_by(message.value)

    def action_leave_filter(self) -> None:
        """Return to the list."""
        box = self.query_one("#filter", Input)
        if box.value != self.text:  # the message about the last change is still on its way
            self.filter_by(box.value)
        box.display = False
        self.set_focus(self.list)
