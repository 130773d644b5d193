"""The keys that decide: about a duplicate, a cluster, a pair, or a question with many answers."""

from typing import cast

from textual.reactive import reactive

from curate.review import Choice, Cluster
from curate.review.choices import apart_from, compared_ids, next_compared, verdicts_for
from tui.screens.rating import Rating


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
