"""Rating: a digit rates the example, and goes to the next one without a rating."""

from itertools import chain

from textual.reactive import reactive

from curate.review import ReviewStatus
from curate.review.bulk import rate
from curate.review.choices import sides_shown
from tui.screens.selecting import Selecting


class Rating(Selecting):
    """The mode of a list screen in which digits rate."""

    rating: reactive[bool] = reactive(False, bindings=True)
    """Whether digits rate; else they switch screens."""

    @property
    def rated(self) -> set[int]:
        """Numbers of the entries of the queue that have a rating."""
        log, queue = self.session.log, self.session.queues[self.KIND]
        if (known := (id(log.decisions), len(queue), self.session.ended)) != self._rated_of:
            self._rated_of, self._rated_seen, self._rated = known, 0, set()
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
    def rating_progress(self) -> str:
        """The keys of the mode, and how many entries are rated; empty outside it."""
        if not self.rating:
            return ""
        total = self.session.queues[self.KIND].total
        return f"rating: 1 to 5, 0 none, {self.state.key('rate')} ends · {len(self.rated):,} of {total:,} rated"

    def action_rate_mode(self) -> None:
        """Let digits rate, or switch screens again."""
        self.rating = not self.rating
        if self.rating and self.list.number in self.rated:
            self._go_to_unrated()
        self.redraw(stay=True)

    def action_rate(self, stars: int) -> None:
        """Rate the example, and go to the next one without a rating."""
        entry = self.entry
        example = sides_shown(entry, 0)[0].id if entry is not None else ""
        if not example:
            self.say("there is no example here to rate")
        elif self._try_to_write(lambda: rate(self.session, [example], str(stars or ""))) and not self._go_to_unrated():
            self.notify("every entry of the list is rated", timeout=4, markup=False)

    def _go_to_unrated(self) -> bool:
        """Go to the next entry of the list without a rating; false if there is none."""
        view, rated = self.list.view, self.rated
        if view is None:
            return False
        statuses = self.session.queues[self.KIND].statuses.values
        here = self.list.cursor
        for at in chain(range(here + 1, len(view)), range(here)):
            number = view[at]
            if number >= 0 and number not in rated and statuses[number] != ReviewStatus.NOTHING:
                self.list.cursor = at
                self.redraw()
                return True
        return False
