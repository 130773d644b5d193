"""The keys that decide: about a duplicate, a cluster, a pair, or a question with many answers."""

import shlex
from typing import Final, cast

from textual.content import Content
from textual.reactive import reactive

from curate.review import Choice, Cluster
from curate.review.choices import apart_from, compared_ids, next_compared, verdicts_for
from tui.render.status import summary
from tui.review_state import Task
from tui.screens.end import EndScreen
from tui.screens.rating import Rating

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
