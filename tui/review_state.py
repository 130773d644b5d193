"""State shared by the application and its screens: review session, computed results, list views. Free of Textual."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

from curate.project.decision_log import DecisionLog
from curate.read.index import LineIndex
from curate.review import KINDS, Kind, ReviewSession, ReviewSources
from curate.review.inbox import Inbox
from curate.storage.snapshot import rights_of
from tui.keys import keys_from_config


class At(NamedTuple):
    """The start of a review: entries of a kind with filter and sort order."""

    kind: Kind
    filter: str
    order: str


class ReviewTask(NamedTuple):
    """What a list screen works through: the open entries that a filter shows, or the sample of an audit."""

    kind: Kind
    filter: str
    audit: str = ""
    """The name of the audit."""
    sample: Sequence[str] = ()
    """Ids of its examples, in random order."""


START_OF_TASK: Final = -1
"""In place of the number of an entry: the first one of the task."""


class ReviewState:
    """The state of one review. The application and the screens write to it; widgets are passed what they draw."""

    def __init__(self, sources: ReviewSources, at: At | None = None, filtered: str = "") -> None:
        """`filtered`: the filter of each list at the start. Raises `InputError` for missing files, `ConfigError` for
        mistakes in `[review.keys]`.
        """
        self.sources = sources
        self.keys = keys_from_config(sources.config.review.keys)
        """The table of keys, as the project has it."""
        self.session = self.opened()
        self.results: dict[str, Any] = {}
        """Results computed for screens, by name."""
        self.changed: list[str] = []
        """Files that have changed on disk since they were read."""
        self.orders: dict[Kind, str] = {at.kind: at.order} if at else {}
        """The sort order of the entries of each kind."""
        self.filters: dict[Kind, str] = dict.fromkeys(KINDS, filtered) | ({at.kind: at.filter} if at else {})
        """The filter of the entries of each kind."""
        self.columns: dict[Kind, tuple[str, ...]] = {}
        """The columns of each list, if they were chosen."""

        self.task: ReviewTask | None = None
        self.pointed: dict[Kind, int] = {}
        """The entry that the list of a kind shows next: its number, or `START_OF_TASK`."""
        self.shares: dict[bool, int] = {}
        """The list's percentage of narrow and of wide screens, if the user chose one."""

    def opened(self) -> ReviewSession:
        """A new session over the current files. Raises `CurateError`."""
        sources = self.sources
        log = DecisionLog(sources.journal, rights_of(sources.files))
        return ReviewSession(LineIndex(sources.files), log, sources.reviewer, sources.share)

    @property
    def inbox(self) -> Inbox:
        """What is to be decided."""
        if self._inbox is None or self._inbox.session is not self.session:  # the files were read again
            self._inbox = Inbox(self.session)
        return self._inbox

    _inbox: Inbox | None = None

    def key(self, name: str) -> str:
        """The key of an action, as displayed."""
        return next(key for key in self.keys if key.id == name).shown.split()[0]

    @cached_property
    def live_lint(self) -> Any:
        """The linter for single lines, loaded on first use."""
        from curate.review.live_lint import LiveLint  # takes 0.2 s; the first screen does not wait for it

        return LiveLint(self.sources.config.check)

    def swapped(self, value: dict[str, Any]) -> dict[str, Any] | None:
        """A preference pair with its answers swapped; None if they cannot be."""
        from curate.lint.rules.preference import with_swapped_sides  # as above

        return with_swapped_sides(value)

    @cached_property
    def rule_names(self) -> Mapping[str, str]:
        """Names of rules by code."""
        from curate.lint.rules import RULES  # as above

        return {code: rule.name for code, rule in RULES.items()}

    @cached_property
    def repairing(self) -> frozenset[str]:
        """Codes of the rules that can repair an example."""
        from curate.lint.rules import RULES  # as above
        from curate.review.live_lint import repairs_examples

        return frozenset(code for code, rule in RULES.items() if repairs_examples(rule))
