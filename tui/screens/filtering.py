"""The actions of a list screen about what it shows (filter, sort, go to a line, export) and the keys that decide, rate
and judge.
"""

import shlex
import tempfile
from abc import abstractmethod
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import IO, Final, TypeVar, cast

import numpy as np
from textual import on
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Input, Static

from curate.commands.review_history import (
    AgreementResult,
    Disagreement,
    audit_of,
    audit_sentence,
    compare_reviewers,
    judgement,
)
from curate.core.decision import BAD, GOOD
from curate.core.decision_log import open_journals, reviewer_journals
from curate.core.errors import CurateError, OutputError
from curate.core.example import number_of, parse_where
from curate.core.runs import JOURNAL
from curate.core.text import excerpt, plural, visible
from curate.render.review_records import opinions_text, pair_lines
from curate.review import Choice, Cluster, ReviewStatus, at_line, next_open
from curate.review.bulk import apart_from, compared_ids, next_compared, rate, sides_shown, verdicts_for
from curate.review.columns import COLUMNS, DOWN, FIELD, UP, Facet, column_of, facets, wrong_column
from curate.review.history import JUDGEMENTS, judge
from curate.review.query import with_term
from curate.review.session import export_lines, lines_of, write_lines
from curate.review.similar import Likeness, likenesses
from curate.review.view import Numbers
from tui.abandon import cancellable
from tui.messages import DecisionReverted, Exported, Failed, FilterChosen, ScreenChosen
from tui.render.rows import example_text, facet_line, header
from tui.render.status import summary
from tui.review_state import Task
from tui.screens.ask import AskScreen, PickScreen, like_screen
from tui.screens.frame import EndScreen
from tui.screens.selecting import Selecting

AUDIT_COMMAND: Final = "curate review --audit-result prints this result."


class Rating(Selecting):
    """The mode of a list screen in which digits rate."""

    rating: reactive[bool] = reactive(False, bindings=True)
    """Whether digits rate; else they switch screens."""

    @property
    def rated(self) -> set[int]:
        """Numbers of the entries of the queue that have a rating."""
        log, queue = self.session.log, self.session.queues[self.kind]
        if (basis := (id(log.decisions), len(queue), self.session.ended)) != self._rated_of:
            self._rated_of, self._rated_seen, self._rated = basis, 0, set()
        for example in {decision.example for decision in log.decisions[self._rated_seen :]}:
            rows = set(queue.example_index.rows(example))
            self._rated = self._rated | rows if log.rating(example) else self._rated - rows
        self._rated_seen = len(log.decisions)
        return self._rated

    _rated_of: tuple[int, int, bool] = (0, 0, False)
    _rated_seen = 0
    _rated: set[int] = set()  # noqa: RUF012
    """As far as the journal was read; it is replaced, not changed."""

    @property
    def current_task(self) -> Task | None:
        """The task that this list works through; None: another one, or none."""
        task = self.state.task
        return task if task is not None and task.kind == self.kind else None

    @property
    def task_progress(self) -> str:
        """The keys of the task or mode, and how much is done; empty without one."""
        task, ends = self.current_task, f"{self.state.key('clear')} ends"
        if task is not None and not task.audit:
            decided, total = self.state.inbox.whole
            return f"inbox: {decided:,} of {total:,} decided, {ends}"
        if not self.rating:
            return ""
        if task is not None:
            judged = sum(self._is_judged(task, example) for example in task.sample)
            return f"audit: 1 good, 2 bad, 0 open, {ends} · {judged:,} of {len(task.sample):,} judged"
        total = self.session.queues[self.kind].total
        return f"rating: 1 to 5, 0 none, {self.state.key('rate')} ends · {len(self.rated):,} of {total:,} rated"

    def _is_judged(self, task: Task, example_id: str) -> bool:
        """Whether the audit has a judgement of the example, good or bad."""
        return judgement(self.session.log, example_id, task.audit) in (GOOD, BAD)

    def begin_entries(self) -> None:
        """Go to the first entry of a task."""
        self.rating = self.current_task is not None and bool(self.current_task.audit)
        view = self.list.view
        if self.rating:
            self._go_to_unjudged()
        elif view is not None:
            self.list.cursor = next_open(self.session, view) or 0

    def end_task(self) -> None:
        """Show all entries again, unless the filter was changed."""
        task, self.state.task, self.rating = self.current_task, None, False
        if task is not None and self.text == task.filter:
            self.filter_by("")
        self.redraw(stay=True)

    @property
    @abstractmethod
    def text(self) -> str:
        """The current or pending filter."""

    @abstractmethod
    def filter_by(self, text: str) -> None:
        """Request the entries that match a filter."""

    def action_rate_mode(self) -> None:
        """Let digits rate, or switch screens again."""
        if self.current_task is not None:
            self.end_task()
            return
        self.rating = not self.rating
        if self.rating and self.list.number in self.rated:
            self._go_to_unrated()
        self.redraw(stay=True)

    def action_rate(self, stars: int) -> None:
        """Rate the example, or judge it in an audit, and go to the next one without."""
        entry = self.entry
        example = sides_shown(entry, 0)[0].id if entry is not None else ""
        if not example:
            self.say("there is no example here to rate")
        elif self.current_task is not None:
            self._judge(self.current_task, example, stars)
        elif self._try_to_write(lambda: rate(self.session, [example], str(stars or ""))) and not self._go_to_unrated():
            self.notify("every entry of the list is rated", timeout=4, markup=False)

    def _judge(self, task: Task, example_id: str, digit: int) -> None:
        """Record a judgement for the audit of a task, and go to the next example."""
        if digit not in JUDGEMENTS:
            self.say("1: good, 2: bad, 0: open")
        elif example_id not in task.sample:
            self.say(f"this example is not in the sample; the filter {task.filter} shows those that are")
        elif self._try_to_write(lambda: judge(self.session, example_id, task.audit, JUDGEMENTS[digit])):
            self._go_to_unjudged(example_id)

    def _go_to_unjudged(self, after: str = "") -> None:
        """Go to the next example of the sample that is not judged, in its random order, else show the result.

        `after`: the id of an example; empty to begin with the first.
        """
        task, view, examples = self.current_task, self.list.view, self.session.examples
        if task is None or view is None:
            return
        begin = task.sample.index(after) + 1 if after else 0
        for example in (*task.sample[begin:], *task.sample[:begin]):
            rows = [row for row in examples.example_index.rows(example) if examples.id(row) == example]
            index = view.index(rows[0]) if rows and not self._is_judged(task, example) else None
            if index is not None:
                self.list.cursor = index
                self.redraw()
                return
        self.end_task()
        audit = audit_of(self.session.log, task.audit, task.sample)
        left, joint = audit.sample - audit.judged, "\n"
        missing = f"{plural(left, 'example')} of the sample not found in the files\n" if left else ""
        text = f"{audit_sentence(audit, joint)}\n{missing}\nThe filter audit:bad shows the bad ones.\n{AUDIT_COMMAND}"
        self.app.push_screen(EndScreen("Audit", Content(text), self.state.keys))

    def _go_to_unrated(self) -> bool:
        """Go to the next entry of the list without a rating; false if there is none."""
        view, rated = self.list.view, self.rated
        if view is None:
            return False
        statuses = self.session.queues[self.kind].statuses.values
        here = self.list.cursor
        for index in chain(range(here + 1, len(view)), range(here)):
            number = view[index]
            if number >= 0 and number not in rated and statuses[number] != ReviewStatus.NOTHING:
                self.list.cursor = index
                self.redraw()
                return True
        return False


MAX_NAMED_FILES: Final = 3
"""Maximum number of files that the next command names."""


class Deciding(Rating):
    """The actions of a list screen that decide at once, and go to the next entry."""

    marked: frozenset[int]
    """The duplicates that are marked to be split off."""
    many: reactive[bool]

    def action_choose(self, choice: str) -> None:
        """Decide about an example, or about A and B; go to the next duplicate or answer, then to the next entry."""
        self._choose(cast("Choice", choice), whole=False)

    def action_choose_all(self, choice: str) -> None:
        """Decide about a whole cluster or question, and go to the next entry."""
        self._choose(cast("Choice", choice), whole=True)

    def _choose(self, choice: Choice, *, whole: bool) -> None:
        """Decide about the compared examples, or with `whole` about the entry, and go to what is undecided next."""
        entry = self.entry
        if entry is None:
            return
        decisions = verdicts_for(self.session, entry, choice, self.at, whole=whole)
        if not decisions or not self.decide(entry, decisions):
            return
        left = next_compared(self.session, entry, self.at) if not whole else None
        if left is not None:
            self.at = left
            self.redraw(stay=True)
        else:
            self.go_next()

    def next_stage(self) -> None:
        """Go on with the next kind of open entries of the inbox; without one, show the end."""
        self.end_task()
        if (stage := self.state.inbox.next_stage()) is not None:
            self.begin(Task(stage.kind, stage.filter))
        else:
            self.show_end("Inbox")

    def show_end(self, name: str) -> None:
        """Show that nothing is left to decide."""
        self.app.push_screen(EndScreen(f"{name}: nothing is left to decide", self.summary(), self.state.keys))

    def summary(self) -> Content:
        """What was decided, and the next command."""
        names = [index.name for index in self.session.lines.indexes]
        files = shlex.join(names) if len(names) <= MAX_NAMED_FILES else f"PATH... (these {len(names)} files)"
        output = "cleaned.jsonl" if "clean.jsonl" in names else "clean.jsonl"
        command = "curate run" if self.state.sources.config.data else f"curate apply {files} -o {output}"
        return summary(self.session, command, self.state.key)

    def action_mark(self) -> None:
        """Mark or unmark the displayed duplicate, and go to the next one."""
        entry = self.entry
        if entry and self.many:
            self.marked ^= {self.at}
            self.action_turn(1)

    def action_split(self) -> None:
        """Split off the marked duplicates."""
        entry = self.entry
        if entry is None or not isinstance(entry.subject, Cluster) or not self.marked:
            self.say(f"{self.state.key('mark')} marks the duplicates to split off")
            return
        if self.decide(entry, apart_from(self.session, entry.subject, self.marked)):
            self.go_next()

    def action_turn(self, by: int) -> None:
        """Show another duplicate of the cluster, or another answer, as B."""
        entry = self.entry
        if entry and (count := len(compared_ids(entry)) - 1) > 0:
            self.at = (self.at + by) % count


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
        if wrong := next(filter(wrong_column, names), ""):
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
