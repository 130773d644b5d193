"""The review of a data set: entries, decisions, and the next entry.

A plain object for any user interface. Each decision is on disk in the journal before the call returns. One thread
changes the session; searches may run in others.
"""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import Any, Final

from curate.core.decision import Decision, DecisionLog, Verdict, user
from curate.core.errors import InputError, UsageError
from curate.core.example import Example, Place
from curate.core.finding import Finding
from curate.core.text import plural
from curate.output.edited import key_of
from curate.read.dataset import ParsedLine
from curate.read.formats import example_of
from curate.read.index import LineIndex
from curate.review.entry import Cluster, Entry, Kind, MultiConflict, PairConflict, Progress, ReviewStatus, Side
from curate.review.events import (
    Advanced,
    Broke,
    Checked,
    ConflictsFound,
    DuplicatesFound,
    Ended,
    ExamplesKnown,
    FindingsFound,
    ScanEvent,
    TrainingKnown,
)
from curate.review.example_queue import ExampleQueue
from curate.review.finding_queue import FindingQueue
from curate.review.queue import Queue
from curate.review.subject_queue import ClusterQueue, ConflictQueue, SubjectQueue, entry_of
from curate.review.training_signals import placed
from curate.review.undo import UndoHistory, new_step

RATE: Final = 300.0
"""Seconds over which the rate of decisions is measured."""
BROKEN: Final = 10_000
"""Maximum number of findings about lines without an example for which earlier edits are matched: this reads each of the
lines.
"""
DECIDED: Final[Mapping[Verdict, ReviewStatus]] = {
    "keep": ReviewStatus.KEEP,
    "drop": ReviewStatus.DROP,
    "edit": ReviewStatus.EDIT,
}


@dataclass(frozen=True, slots=True)
class Edit:
    """The new object of an example."""

    value: dict[str, Any]


VerdictOrEdit = Verdict | Edit
"""The decision about one example."""


class ReviewSession:
    """All entries of a data set and all decisions about them."""

    def __init__(self, lines: LineIndex, log: DecisionLog) -> None:
        self.lines, self.log = lines, log
        self.examples, self.findings, self.clusters, self.conflicts = (
            ExampleQueue(lines),
            FindingQueue(),
            ClusterQueue(),
            ConflictQueue(),
        )
        self.queues: dict[Kind, Queue] = {
            queue.kind: queue for queue in (self.examples, self.findings, self.clusters, self.conflicts)
        }
        self.stages: dict[str, Advanced] = {}
        """The progress of each running stage."""
        self.checked: Checked | None = None
        self.notes: list[str] = []
        """What was not searched for, and why."""
        self.broke: list[Broke] = []
        self.compared: set[str] = set()
        """Which of `clusters` and `conflicts` are known."""
        self.ended = False
        self.trained: TrainingKnown | None = None
        """The training dynamics, if the review is about a training."""
        self._late: list[ExamplesKnown] = []
        self._placed = False
        self._seen = 0
        self._steps = UndoHistory()
        self._when: deque[float] = deque(maxlen=1000)
        self.follow_journal()
        self.parsed = lru_cache(maxsize=512)(self._parsed)

    # Content

    def take(self, fact: ScanEvent) -> None:
        """Add the results of an event."""
        match fact:
            case Advanced():
                self.stages[fact.stage] = fact
            case FindingsFound():
                self._take_findings(fact.findings)
            case Checked():
                self.checked = fact
                self.stages.pop("check", None)
            case ExamplesKnown():
                self._late.append(fact)
                self.grow()
            case DuplicatesFound():
                self._take_subjects(self.clusters, fact.clusters)
                self.compared.add("clusters")
                self.stages.pop("duplicates", None)
            case ConflictsFound():
                self._take_subjects(self.conflicts, [*fact.conflicts, *fact.multi_conflicts])
                self.notes.extend(fact.notes)
                self.compared.add("conflicts")
                self.stages.pop("conflicts", None)
            case TrainingKnown():
                self.trained = fact
            case Broke():
                self.broke.append(fact)
                self.stages.pop(fact.stage, None)
            case Ended():
                self.ended = True
                self.stages.clear()

    def grow(self) -> None:
        """Add the lines found since."""
        self.examples.grow()
        if self._late and self.lines.complete:
            for fact in self._late:
                self.examples.know(fact)
            self._late.clear()
            for example in {decision.example for decision in self.log.decisions}:
                self._refresh_status(example, [self.examples])
            self._place_trained()

    def _place_trained(self) -> None:
        """Find the training examples in the files, once their ids are known."""
        files = {index.name for index in self.lines.indexes}
        if self.trained is None or self._placed or not self.examples.knows(files):
            return
        self._placed = True
        findings, missing = placed(self.examples, self.trained)
        self._take_findings(findings)
        if missing:
            self.notes.append(
                f"{plural(missing, 'example')} of the run to review {'is' if missing == 1 else 'are'} not in "
                "these files (edited or moved)"
            )

    def _take_findings(self, findings: Sequence[Finding]) -> None:
        line_ids = [
            self._line_id(finding) if finding.example is None and len(self.findings) < BROKEN else ""
            for finding in findings
        ]
        statuses = [
            ReviewStatus.NOTHING
            if finding.example is None or finding.code == "D001"
            else self._status_of((finding.example,), pair=False)
            for finding in findings
        ]
        statuses = [
            ReviewStatus.EDIT if line and self.verdict(line) == "edit" else status
            for line, status in zip(line_ids, statuses, strict=True)
        ]
        self.findings.add(findings, line_ids, statuses)

    def _line_id(self, finding: Finding) -> str:
        parsed = self.line(Place(finding.file, finding.line)) if finding.line else None
        return key_of(parsed) if parsed is not None and parsed.example is None else ""

    def _take_subjects(self, queue: SubjectQueue, subjects: Sequence[Cluster | PairConflict | MultiConflict]) -> None:
        entries = [entry_of(subject, 0) for subject in subjects]
        queue.add(subjects, [self._status_of(entry.ids, pair=entry.pair) for entry in entries])

    def line(self, place: Place) -> ParsedLine | None:
        """The original line at a place; None if it is missing or not indexed yet."""
        return self.parsed(place)

    def _parsed(self, place: Place) -> ParsedLine | None:
        try:
            return self.lines.read(place)
        except InputError:  # the file was truncated; `lines.changed` tells
            return None

    def example(self, side: Side | Entry) -> Example | None:
        """An example with the edit in effect."""
        parsed = self.line(side.place)
        return None if parsed is None else self.edited(parsed)

    def edited(self, parsed: ParsedLine) -> Example | None:
        """The object of a line after the edit in effect."""
        decision = self.log.standing(key_of(parsed))
        return (
            parsed.example if decision is None or decision.value is None else example_of(decision.value, parsed.place)
        )

    # Status

    def verdict(self, example: str) -> Verdict:
        """The decision in effect for an example."""
        decision = self.log.standing(example)
        return "undecided" if decision is None else decision.verdict

    def contested(self, example: str) -> Sequence[Decision]:
        """The contested decisions about an example; empty if there are none."""
        heads = self.log.heads(example)
        return (
            heads
            if len(heads) > 1
            and self.log.standing(example) is None
            and any(head.verdict != "undecided" for head in heads)
            else ()
        )

    def note(self, example: str) -> str:
        """The note of the decision in effect."""
        heads = self.log.heads(example)
        return heads[-1].why if heads else ""

    def status(self, entry: Entry) -> ReviewStatus:
        """The status of the decision about an entry."""
        if not entry.ids:
            found = (
                self.queues[entry.kind].statuses.values[entry.number]
                if entry.number < len(self.queues[entry.kind])
                else ReviewStatus.NOTHING
            )
            return ReviewStatus(int(found)) if entry.kind == "finding" else ReviewStatus.NOTHING
        return self._status_of(entry.ids, pair=entry.pair)

    def _status_of(self, ids: Collection[str], *, pair: bool) -> ReviewStatus:
        if not ids:
            return ReviewStatus.NOTHING
        if any(self.contested(example) for example in ids):
            return ReviewStatus.CONTESTED
        verdicts = {self.verdict(example) for example in ids}
        if pair and "drop" in verdicts:  # one removed side is enough: the other has nothing left to contradict
            return ReviewStatus.DROP if verdicts == {"drop"} else ReviewStatus.MIXED
        if "undecided" in verdicts:
            return ReviewStatus.UNDECIDED if len(verdicts) == 1 else ReviewStatus.PARTLY
        return ReviewStatus.MIXED if len(verdicts) > 1 else DECIDED[verdicts.pop()]

    def progress(self, kind: Kind | None = None) -> Progress:
        """Number of decided and of all entries: of a kind, or of all kinds except plain examples."""
        queues = [self.queues[kind]] if kind else [self.findings, self.clusters, self.conflicts]
        return Progress(sum(queue.total - queue.open for queue in queues), sum(queue.total for queue in queues))

    @property
    def rate(self) -> float:
        """Decisions per hour over the last minutes; 0 if there are too few."""
        now = monotonic()
        recent = [when for when in self._when if now - when <= RATE]
        return (
            (len(recent) - 1) * 3600 / (recent[-1] - recent[0]) if len(recent) > 2 and recent[-1] > recent[0] else 0.0
        )

    # Decisions

    def decide(self, words: Mapping[str, VerdictOrEdit], about: str = "", why: str = "", undoes: str = "") -> str:
        """Record decisions in one step; returns it. Raises `OutputError`; decisions already written are in effect."""
        step = new_step()
        decisions = [
            Decision(
                example=example,
                verdict="edit" if isinstance(word, Edit) else word,
                value=word.value if isinstance(word, Edit) else None,
                about=about,
                why=why,
                replaces=tuple(head.id for head in self.log.heads(example)),
                step=step,
                undoes=undoes,
            )
            for example, word in words.items()
        ]
        try:
            self.log.add(*decisions)
        finally:
            self.follow_journal()
        self._when.append(monotonic())
        return step

    def follow_journal(self) -> None:
        """Read new decisions in the journal, by any writer."""
        fresh = self.log.decisions[self._seen :]
        self._seen = len(self.log.decisions)
        me = user()
        for decision in fresh:
            if decision.who == me and decision.step:
                self._steps.take(decision)
        for example in {decision.example for decision in fresh}:
            self._refresh_status(example, self.queues.values())

    def _refresh_status(self, example: str, queues: Collection[Queue]) -> None:
        for queue in queues:
            for number in queue.example_index.rows(example):
                entry = queue.entry(number)
                status = self._status_of(entry.ids, pair=entry.pair) if entry.ids else self._broken(example)
                queue.set_status(number, status)

    def _broken(self, line: str) -> ReviewStatus:
        """A line without an example: it can only be replaced by an edit."""
        return ReviewStatus.EDIT if self.verdict(line) == "edit" else ReviewStatus.NOTHING

    def _word_before(self, decision: Decision) -> VerdictOrEdit:
        """The decision in effect before another one; None if it was contested."""
        known = {other.id: other for other in self.log.decisions if other.example == decision.example}
        before = [known[name] for name in decision.replaces or () if name in known]
        if len(before) != 1:
            return "undecided"
        return Edit(before[0].value) if before[0].value is not None else before[0].verdict

    def undo(self) -> str | None:
        """Undo the last step; returns its subject, None if there is none. Raises `OutputError`."""
        return self._take_back(self._steps.done)

    def redo(self) -> str | None:
        """Redo the step undone last; returns its subject, None if there is none. Raises `OutputError`."""
        return self._take_back(self._steps.undone)

    def _take_back(self, names: Sequence[str]) -> str | None:
        if not names:
            return None
        step = names[-1]
        decisions = self._steps.decisions[step]
        self.decide(
            {decision.example: self._word_before(decision) for decision in decisions}, decisions[0].about, undoes=step
        )
        return decisions[0].about

    def last_example(self) -> str | None:
        """The first example of the last step."""
        return self.log.decisions[-1].example if self.log.decisions else None

    def demand(self, entry: Entry) -> None:
        """Raise `UsageError` if there is nothing to decide."""
        if not entry.ids:
            raise UsageError("nothing to decide here", "press n for the next item")
