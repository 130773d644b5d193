"""The keys of a list screen that decide, rate and judge, and the progress of a task."""

import shlex
from abc import abstractmethod
from itertools import chain
from typing import Final, cast

from textual.content import Content
from textual.reactive import reactive

from curate.commands.review_history import audit_of, audit_sentence, judgement
from curate.core.decision import BAD, GOOD
from curate.core.text import plural
from curate.review import Choice, Cluster, ReviewStatus, next_open
from curate.review.audit import JUDGEMENTS, judge
from curate.review.bulk import apart_from, compared_ids, next_compared, rate, sides_shown, verdicts_for
from tui.render.status import summary
from tui.review_state import ReviewTask
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
    def current_task(self) -> ReviewTask | None:
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

    def _is_judged(self, task: ReviewTask, example_id: str) -> bool:
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

    def _judge(self, task: ReviewTask, example_id: str, digit: int) -> None:
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
        cursor = self.list.cursor
        for index in chain(range(cursor + 1, len(view)), range(cursor)):
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
            self.begin(ReviewTask(stage.kind, stage.filter))
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
