"""The actions of a list screen about what it shows: filter, sort, go to a line, export."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final, TypeVar, cast

import numpy as np
from textual import on
from textual.content import Content
from textual.widgets import Input, Static

from curate.commands.review_history import AgreementResult, Disagreement, compare_reviewers
from curate.core.errors import CurateError, OutputError
from curate.core.example import number_of, parse_where
from curate.core.text import excerpt, plural, visible
from curate.project.decision_log import open_journals, reviewer_journals
from curate.project.runs import JOURNAL
from curate.render.review_records import opinions_text, pair_lines
from curate.review import at_line
from curate.review.columns import COLUMNS, DOWN, FIELD, UP, Facet, column_of, facets, is_unknown_column
from curate.review.export import export_lines, lines_of, write_lines
from curate.review.query import with_term
from curate.review.similar import Likeness, likenesses
from curate.review.view import Numbers
from tui.abandon import cancellable
from tui.messages import DecisionReverted, Exported, Failed, FilterChosen, ScreenChosen
from tui.render.rows import example_text, facet_line, header
from tui.screens.ask import AskScreen, PickScreen, like_screen
from tui.screens.deciding import Deciding

Found = TypeVar("Found")
MAX_DISAGREEMENTS: Final = 200
"""Maximum number of disagreements in the list."""


class Filtering(Deciding):
    """What a list shows."""

    order: str
    """The sort order; empty: the first one."""

    @property
    def text(self) -> str:
        """The current or pending filter."""
        return self.state.filters.get(self.kind, "")

    def filter_by(self, text: str) -> None:
        """Request the entries that match a filter."""
        self.state.filters[self.kind] = text
        self.app.post_message(FilterChosen(self.kind, text))

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
        """Move the cursor to the entry at `LINE` or `FILE:LINE`, or to the next one after it."""
        view, entry = self.list.view, self.entry
        if not text or view is None or entry is None:
            return
        file, line = parse_where(text) or (entry.place.file, number_of(text) or 0)
        row = at_line(self.session, view, file, line) if line else None
        if row is None:
            text = excerpt(text)
            wrong = f"no entry at or after {text}" if line else f"{text}: not LINE or FILE:LINE"
            filtered = f"; the list is filtered, {self.state.key('clear')} clears the filter" if self.text else ""
            self.notify(f"{visible(wrong)}{filtered}", severity="warning", timeout=6, markup=False)
        else:
            self.list.cursor = row

    def action_clear(self) -> None:
        """Clear the selection, else end the task, else clear the filter."""
        typing = self.query_one("#filter").display
        self.query_one("#filter").display = False
        self.set_focus(self.list)
        if self.selected and not typing:
            self.selected = set()
            self.redraw(stay=True)
        elif self.current_task is not None and not typing:
            self.end_task()
            self.app.post_message(ScreenChosen("overview"))
        elif self.text:
            self.filter_by("")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that were chosen; without any, the list shows question and answer in one."""
        return self.state.columns.get(self.kind, ())

    def action_columns(self) -> None:
        """Ask for the columns of the list."""
        names = " ".join((*COLUMNS, f"{FIELD}KEY"))
        self.app.push_screen(
            AskScreen("Columns of the list, in order; - for the usual ones", names, " ".join(self.columns) or "-"),
            self._show_columns,
        )

    def _show_columns(self, text: str | None) -> None:
        names = tuple(dict.fromkeys(text.split())) if text and text != "-" else ()
        if wrong := next(filter(is_unknown_column, names), ""):
            allowed = f"{', '.join(COLUMNS)} or {FIELD}KEY"
            self.notify(f"{excerpt(wrong)}: no such column; name {allowed}", severity="warning", markup=False)
        elif text:
            self.state.columns[self.kind] = names
            self.query_one("#head", Static).update(header(self.session, self.kind, names))
            if column_of(self.order)[0] not in ("", *names):
                self.order = ""
                self.filter_by(self.text)
            self.redraw(stay=True)

    def action_facets(self) -> None:
        """Count what the listed entries share, and filter by one of these values."""
        view, session = self.list.view, self.session
        rows = view.rows if view is not None else np.empty(0, np.int32)

        def show(counted: Sequence[Facet]) -> None:
            lines = [facet_line(facet, counted[index - 1] if index else None) for index, facet in enumerate(counted)]
            title = f"Filter {plural(len(rows), 'entry')} by"
            self._pick(title, lines, lambda index: self.filter_by(with_term(self.text, counted[index].filter)))

        self._compute(lambda: list(facets(session, self.kind, rows)), show)

    def action_like(self) -> None:
        """Show the entries that are like the one under the cursor."""
        entry, session = self.entry, self.session

        def show(alike: Sequence[Likeness]) -> None:
            self.app.push_screen(
                like_screen(alike), lambda index: None if index is None else self._show_like(alike[index])
            )

        if entry is not None:
            self._compute(lambda: list(likenesses(session, entry)), show)

    def action_agreement(self) -> None:
        """Show how far the reviewers of the project agree, and go to what they decide differently."""
        folder, session = self.session.log.path.parent, self.session
        journals = [path for path in (folder / JOURNAL, *reviewer_journals(folder)) if path.is_file()]

        def show(result: AgreementResult) -> None:
            differing = result.disagreements[:MAX_DISAGREEMENTS]
            lines = [
                Content(f"{opinions_text(disagreement)}  {example_text(session, disagreement.example)}")
                for disagreement in differing
            ]
            title = [*pair_lines(result), f"{plural(len(result.disagreements), 'disagreement')}"]
            if len(result.reviewers) < 2:
                self.notify("there are no decisions of two reviewers to compare", markup=False)
            elif not lines:
                self.notify("\n".join(title), markup=False)
            else:
                self._pick("\n".join(title), lines, lambda index: self._go_to_decision(differing[index]))

        self._compute(lambda: compare_reviewers(open_journals(journals)), show)

    def _go_to_decision(self, disagreement: Disagreement) -> None:
        """Move the cursor to the entry about which reviewers disagree."""
        self.app.post_message(DecisionReverted(disagreement.example, disagreement.about))

    def _show_like(self, like: Likeness) -> None:
        """Filter the list by what entries have in common."""
        self.app.post_message(FilterChosen(like.kind, like.filter, go=like.kind != self.kind))
        self.notify(f"{self.state.key('bulk')} decides about all of them, after a preview", timeout=6, markup=False)

    def _pick(self, title: str, lines: Sequence[Content], act: Callable[[int], None]) -> None:
        """Ask for one of the lines; `act` gets its position. Says so if there are no lines."""
        if lines:
            self.app.push_screen(PickScreen(title, lines), lambda index: None if index is None else act(index))
        else:
            self.say("the entries share nothing that can be filtered")

    def _compute(self, work: Callable[[], Found], show: Callable[[Found], None]) -> None:
        """Call `work` in the background, then `show` with its result; the next key waits for it."""
        self.working = True

        async def run() -> None:
            results: list[Found] = []
            try:
                await cancellable(lambda: results.append(work()))
            finally:
                self.working = False
            show(results[0])

        self.run_worker(run(), exclusive=True, exit_on_error=False, group="facets")

    def action_sort(self) -> None:
        """Switch to the next sort order: one of the list, or by one of its columns."""
        by_columns = (f"{name}{end}" for name in self.columns for end in (UP, DOWN))
        sorts = (*self.session.queues[self.kind].sorts, *by_columns)
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
        """Write lines in the background, as they are in the files. `path`: None writes a download for the browser."""
        session = self.session

        def write() -> None:
            try:
                lines, file = lines_of(session, self.kind, rows), None
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
