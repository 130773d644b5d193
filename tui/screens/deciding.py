"""The keys that decide: about a duplicate, a cluster, a pair, or a question with many answers."""

from typing import cast

from curate.review import Choice, Cluster, Entry, MultiConflict
from curate.review.choices import apart_from, as_keeper, only_group, verdicts_for
from tui.screens.changing import Changing


class Deciding(Changing):
    """The actions of a list screen that decide at once, and go to the next entry."""

    marked: frozenset[int]
    """The duplicates that are marked to be split off."""

    @staticmethod
    def _one_of_many(entry: Entry | None) -> bool:
        return entry is not None and isinstance(entry.subject, Cluster) and not entry.pair

    def action_choose(self, choice: str) -> None:
        """Decide, and go to the next duplicate of the cluster, then to the next undecided entry."""
        entry = self.entry
        self._choose(entry, cast("Choice", choice), self.at if self._one_of_many(entry) else None)

    def action_choose_all(self, choice: str) -> None:
        """Decide about a whole cluster, and go to the next entry."""
        self._choose(self.entry, cast("Choice", choice), None)

    def _choose(self, entry: Entry | None, choice: Choice, member: int | None) -> None:
        if entry is None:
            return
        words = verdicts_for(self.session, entry, choice, member)
        if not words or not self.decide(entry, words):
            return
        left = self._next_member(entry, member) if member is not None else None
        if left is not None:
            self.at = left
            self.redraw(stay=True)
        else:
            self.go_next()

    def _next_member(self, entry: Entry, after: int) -> int | None:
        count = len(entry.ids)
        return next(
            (
                at % count
                for at in range(after + 1, after + 1 + count)
                if self.session.verdict(entry.ids[at % count], entry.target) == "undecided"
            ),
            None,
        )

    def action_keeper(self) -> None:
        """Make the displayed duplicate the keeper."""
        entry = self.entry
        if (
            entry
            and isinstance(entry.subject, Cluster)
            and entry.subject.distinct
            and not entry.pair
            and self.decide(entry, as_keeper(entry.subject, self.at))
        ):
            self.go_next()

    def action_mark(self) -> None:
        """Mark or unmark the displayed duplicate, and go to the next one."""
        entry = self.entry
        if entry and self._one_of_many(entry) and entry.ids:
            self.marked ^= {self.at}
            self.action_turn(1)

    def action_split(self) -> None:
        """Split off the marked duplicates."""
        entry = self.entry
        if entry is None or not isinstance(entry.subject, Cluster) or not self.marked:
            self.say("v marks the duplicates to split off")
            return
        if self.decide(entry, apart_from(self.session, entry.subject, self.marked)):
            self.go_next()

    def action_hold(self) -> None:
        """Keep the displayed answer group, and drop the others."""
        entry = self.entry
        if (
            entry
            and isinstance(entry.subject, MultiConflict)
            and self.decide(entry, only_group(self.session, entry, entry.subject, self.at))
        ):
            self.go_next()

    def action_turn(self, by: int) -> None:
        """Show another duplicate of the cluster, or another answer group."""
        entry = self.entry
        if entry and isinstance(entry.subject, MultiConflict):
            self.at = (self.at + by) % len(entry.subject.groups)
        elif entry and self._one_of_many(entry) and entry.ids:
            self.at = (self.at + by) % len(entry.ids)
