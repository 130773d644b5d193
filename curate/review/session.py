"""The review of a data set: entries, decisions, the next entry, and undo.

A plain object for any user interface. Each decision is on disk in the journal before the call returns. One thread
changes the session; searches may run in others.

Undo works after the program was closed, too: a decision names its step, and an undo the step that it reverts. Of
several windows of a person, each undoes its own steps and those from before it was opened.
"""

import secrets
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from time import monotonic
from typing import Final

from curate.core.decision import (
    CONFLICT_CODE,
    EDIT_SLOT,
    NOTE_SLOT,
    VERDICT_SLOT,
    Decision,
    Verdict,
    is_about_conflict,
    user,
)
from curate.core.errors import InputError
from curate.core.events import StageAdvanced
from curate.core.example import Example, Place
from curate.core.finding import Finding
from curate.core.removed import NO_EXAMPLE
from curate.core.text import plural
from curate.output.edited import decided_id
from curate.project.decision_log import DecisionLog
from curate.read.dataset import ParsedLine
from curate.read.formats import example_of
from curate.read.index import LineIndex
from curate.review import events
from curate.review.assignment import Share
from curate.review.entry import (
    Cluster,
    DecisionTarget,
    Entry,
    Kind,
    MultiConflict,
    PairConflict,
    PlacedExample,
    Progress,
    ReviewStatus,
)
from curate.review.queue import EXACT_COPY_CODE, ExampleQueue, FindingQueue, Queue
from curate.review.records import VerdictOrEdit, before, follow_suppressions, last_step, record, records_for
from curate.review.subject_queue import ClusterQueue, ConflictQueue, SubjectQueue, entry_of
from curate.review.training_signals import findings_in

RATE_WINDOW_SECONDS: Final = 300.0
"""Seconds over which the rate of decisions is measured."""
MIN_RATE_SECONDS: Final = 20.0
"""Minimum time for a rate, in seconds: three quick decisions would be 100,000 an hour."""
MAX_BROKEN_LINES: Final = 10_000
"""Maximum number of findings about lines without an example that are matched with earlier edits."""
STATUS_OF_VERDICT: Final[Mapping[Verdict, ReviewStatus]] = {
    "keep": ReviewStatus.KEEP,
    "drop": ReviewStatus.DROP,
    "edit": ReviewStatus.EDIT,
}


class ReviewSession:
    """All entries of a data set and all decisions about them. A parameter `example` is the id of an example."""

    def __init__(self, lines: LineIndex, log: DecisionLog, who: str = "", share: Share | None = None) -> None:
        """`who`: the reviewer, by default the user of the system; `share`: their examples, by default all."""
        self.lines, self.log, self.who, self.share = lines, log, who or user(), share
        self.examples = ExampleQueue(lines, share)
        self.findings = FindingQueue()
        self.clusters = ClusterQueue()
        self.conflicts = ConflictQueue()
        self.queues: dict[Kind, Queue] = {
            queue.kind: queue for queue in (self.examples, self.findings, self.clusters, self.conflicts)
        }
        self.stages: dict[str, StageAdvanced] = {}
        """The progress of each running stage."""
        self.checked: events.Checked | None = None
        self.notes: list[str] = []
        """What was not searched for or not applied, and why."""
        self.failures: list[events.StageFailed] = []
        self.compared: set[str] = set()
        """Which of `clusters` and `conflicts` are known."""
        self.ended = False
        self.trained: events.TrainingKnown | None = None
        """The training dynamics, if the review is about a training."""
        self.near: dict[str, list[str]] = {}
        """The examples near by embedding to those that were asked for."""
        self._late: list[events.ExamplesKnown] = []
        self._unplaced: list[int] = []
        """Findings without an example that came before their lines were indexed."""
        self._placed = False
        self._followed: list[Decision] = []
        self._seen = 0
        self._steps, self._written = _UndoHistory(), ""
        """What this window can undo, and its last step."""
        self.stayed = 0
        """Number of records that the last undo or redo left alone: others have replaced them since."""
        self._unfollowed: list[Decision] = []
        """Records that the file of suppressions could not follow, since it could not be written."""
        self._when: deque[float] = deque(maxlen=1000)
        self.folder = log.path.parent.parent
        """The project's folder."""
        self.follow_journal()
        follow_suppressions(self.folder, last_step(log))
        self.parsed = lru_cache(maxsize=512)(self.read)

    # Content

    def take(self, fact: events.ScanEvent) -> None:
        """Add the results of an event."""
        match fact:
            case StageAdvanced():
                self.stages[fact.stage] = fact
            case events.JournalNotApplied():
                self.notes.append(fact.note)
            case events.FindingsFound():
                self._take_findings(fact.findings)
            case events.Checked():
                self.checked = fact
                self.stages.pop("check", None)
            case events.ExamplesKnown():
                self._late.append(fact)
                self.grow()
            case events.DuplicatesFound():
                self._take_subjects(self.clusters, fact.clusters)
                if not fact.more:
                    self.compared.add("clusters")
                    self.stages.pop("duplicates", None)
            case events.ConflictsFound():
                self._take_subjects(self.conflicts, [*fact.conflicts, *fact.multi_conflicts])
                self.notes.extend(fact.notes)
                self.compared.add("conflicts")
                self.stages.pop("conflicts", None)
            case events.TrainingKnown():
                self.trained = fact
            case events.ScoresKnown():
                self.examples.know_scores(fact)
            case events.StageFailed():
                self.failures.append(fact)
                self.stages.pop(fact.stage, None)
            case events.Ended():
                self.ended = True
                self.stages.clear()

    def grow(self) -> None:
        """Add the lines that were indexed since the last call."""
        self.examples.grow()
        if self._unplaced and self.lines.complete:
            for number in self._unplaced[:MAX_BROKEN_LINES]:
                self.findings.place(number, self._line_id(self.findings.finding(number)))
                self.findings.set_status(number, self.status(self.findings.entry(number)))
            self._unplaced.clear()
        if self._late and self.lines.complete:
            for fact in self._late:
                self.examples.store_ids(fact)
            self._late.clear()
            for example in {decision.example for decision in self.log.decisions}:
                self._refresh_status(example, [self.examples])
            self._place_trained()

    def _place_trained(self) -> None:
        """Add findings about the examples of the run to review, once the ids in the files are known."""
        if self.trained is None or self._placed or not self.examples.has_ids:
            return
        self._placed = True
        findings, missing = findings_in(self.examples, self.trained)
        self._take_findings(findings)
        if missing:
            self.notes.append(
                f"{plural(missing, 'example')} of the run to review {'is' if missing == 1 else 'are'} not in "
                "these files (edited or moved)"
            )

    def _take_findings(self, findings: Sequence[Finding]) -> None:
        """Add the findings that are in the share of the reviewer."""
        if self.share is not None:
            findings = [finding for finding in findings if self.share.has_finding(finding)]
        first = len(self.findings)
        line_ids = [
            self._line_id(finding) if finding.example is None and first < MAX_BROKEN_LINES else ""
            for finding in findings
        ]
        # of a thousand at once, nearly all are about examples without a decision: keys would wait for a look at each
        undecided = [
            bool(finding.example) and finding.code != EXACT_COPY_CODE and not self.log.slots(finding.example or "")
            for finding in findings
        ]
        self.findings.add(
            findings, line_ids, [ReviewStatus.UNDECIDED if is_plain else ReviewStatus.NOTHING for is_plain in undecided]
        )
        if not self.lines.complete:
            self._unplaced += [first + index for index, finding in enumerate(findings) if finding.example is None]
        for number, is_plain in enumerate(undecided, first):
            if not is_plain and (status := self.status(self.findings.entry(number))) is not ReviewStatus.NOTHING:
                self.findings.set_status(number, status)

    def _line_id(self, finding: Finding) -> str:
        """The id of the line of a finding; empty if the line holds an example, is missing or is not indexed yet."""
        parsed = self.line(finding.place) if finding.line else None
        return decided_id(parsed) if parsed is not None and parsed.example is None else ""

    def _take_subjects(self, queue: SubjectQueue, subjects: Sequence[Cluster | PairConflict | MultiConflict]) -> None:
        """Add the subjects that are in the reviewer's share to `queue`."""
        subjects = [subject for subject in subjects if self.share is None or self.share.has_subject(subject)]
        entries = [entry_of(subject, 0) for subject in subjects]
        queue.add(subjects, [self.status(entry) for entry in entries])

    def line(self, place: Place) -> ParsedLine | None:
        """The original line at a place; None if it is missing or not indexed yet."""
        remembered = self.parsed(place)
        return (
            self.read(place) if remembered is None else remembered
        )  # it may have been indexed since it was remembered

    def read(self, place: Place) -> ParsedLine | None:
        """The line that is at a place now; None if it is missing or not indexed yet."""
        try:
            return self.lines.read(place)
        except InputError:  # the file was truncated; `lines.changed` tells
            return None

    def example(self, side: PlacedExample | Entry) -> Example | None:
        """An example with the edit in effect; None if its line holds no example or is not there."""
        parsed = self.line(side.place)
        return None if parsed is None else self.edited(parsed)

    def edited(self, parsed: ParsedLine) -> Example | None:
        """The example of a line after the edit in effect; None if the line holds none."""
        edit = self.log.last(decided_id(parsed), EDIT_SLOT)
        return parsed.example if edit is None or edit.value is None else example_of(edit.value, parsed.place)

    # Status

    def verdict(self, example: str, target: DecisionTarget | None = None) -> Verdict:
        """The verdict about an example, or its finding, pair or cluster `target`; `undecided` also if contested."""
        slots = self.log.slots(example)
        if not slots or self.log.contested_decisions(example):
            return "undecided"
        if (verdict := self.log.last(example, VERDICT_SLOT)) and verdict.verdict == "drop":
            return "drop"
        edit = self.log.last(example, EDIT_SLOT)
        if edit and (target is None or _is_decision_about(edit, target)):
            return "edit"
        keeps = [slot for slot in slots if slot[0] == "verdict"] if target is None else [VERDICT_SLOT, target.slot]
        if target and target.scope == "finding":
            keeps.append(("suppression", target.about))
            keeps += [slot for slot in slots if target.about == CONFLICT_CODE and is_about_conflict(slot)]
        return "keep" if any(self.log.last(example, slot) for slot in keeps) else "undecided"

    def contested(self, example: str) -> Sequence[Decision]:
        """The contested decisions about an example; empty if there are none."""
        return self.log.contested_decisions(example)

    def note(self, example: str) -> str:
        """The note about an example; empty if there is none."""
        return self.log.note(example)

    def status(self, entry: Entry) -> ReviewStatus:
        """The status of the decision about an entry."""
        if not entry.ids:
            unread = (
                isinstance(entry.subject, Finding) and entry.broken and entry.code in NO_EXAMPLE and entry.place.line
            )
            return ReviewStatus.FIX if unread else ReviewStatus.NOTHING
        if any(self.contested(example) for example in entry.ids):
            return ReviewStatus.CONTESTED
        verdicts = {self.verdict(example, entry.target) for example in entry.ids}
        if entry.broken:
            return STATUS_OF_VERDICT[verdicts.pop()] if verdicts <= {"edit", "drop"} else ReviewStatus.FIX
        if entry.pair and "drop" in verdicts:  # the other side has nothing left to contradict
            return ReviewStatus.DROP if verdicts == {"drop"} else ReviewStatus.MIXED
        if "undecided" in verdicts:
            return ReviewStatus.UNDECIDED if len(verdicts) == 1 else ReviewStatus.PARTLY
        return ReviewStatus.MIXED if len(verdicts) > 1 else STATUS_OF_VERDICT[verdicts.pop()]

    def progress(self, kind: Kind | None = None) -> Progress:
        """Number of decided and of all entries: of a kind, or of all kinds except plain examples."""
        queues = [self.queues[kind]] if kind else [self.findings, self.clusters, self.conflicts]
        return Progress(sum(queue.total - queue.open for queue in queues), sum(queue.total for queue in queues))

    @property
    def rate(self) -> float:
        """Decisions per hour over the last minutes; 0 while these are too few, or a few seconds long."""
        time = monotonic()
        recent = [when for when in self._when if time - when <= RATE_WINDOW_SECONDS]
        seconds = recent[-1] - recent[0] if len(recent) > 2 else 0.0
        return (len(recent) - 1) * 3600 / seconds if seconds >= MIN_RATE_SECONDS else 0.0

    # Decisions

    def decide(
        self,
        decisions: Mapping[str, VerdictOrEdit],
        about: str = "",
        why: str = "",
        target: DecisionTarget | None = None,
    ) -> str:
        """Record decisions by example id in one step; returns its id. Raises `OutputError`; nothing is in effect then.

        Without a `target`, they are about whole examples; `about` is the subject of such decisions.
        """
        return self.decide_all([(target or DecisionTarget(about=about), decisions)], why)

    def decide_all(self, parts: Iterable[tuple[DecisionTarget, Mapping[str, VerdictOrEdit]]], why: str) -> str:
        """Record decisions about several entries in one step; returns the id of the step."""
        return self.write([
            record
            for target, decisions in parts
            for example, decision in decisions.items()
            for record in records_for(self.log, example, decision, target, why)
        ])  # fmt: skip

    def annotate(self, example: str, text: str, about: str = "") -> str:
        """Record a note about an example; returns the id of the step. Verdicts do not change the note."""
        return self.write([record(self.log, example, NOTE_SLOT, "undecided", about=about, why=text)])

    def suppress(self, finding: Finding, reason: str) -> str:
        """Suppress a finding in the journal and in the file of suppressions; returns the id of the step. Raises as
        `write`.
        """
        slot = ("suppression", finding.code)
        example = finding.example or ""
        place = f"{finding.file}:{finding.line}"
        return self.write([record(self.log, example, slot, "keep", about=finding.code, why=reason, place=place)])

    def write(self, records: Sequence[Decision], undoes: str = "") -> str:
        """Append records as one step, and update the file of suppressions by them; returns the id of the step.
        `undoes`: the id of the step that these records undo. Raises `OutputError`, `ConfigError`.
        """
        step = secrets.token_hex(6)
        if not records:
            return step
        self._written = step
        fields = {"step": step, "undoes": undoes, "who": self.who, "when": records[0].when}
        in_step = [record.model_copy(update=fields) for record in records]
        distinct = {record.line(): record for record in in_step}.values()  # copies of an example have the same ones
        written = [record.model_copy(update={"of": len(distinct)}) for record in distinct]
        try:
            self.log.add(*written)
        finally:
            self.follow_journal()
        self._when.append(monotonic())
        self._unfollowed += written
        follow_suppressions(self.folder, self._unfollowed)
        self._unfollowed.clear()
        return step

    def follow_journal(self) -> bool:
        """Apply the new decisions of the journal, by any writer; returns whether there are any."""
        decisions, dropped = self.log.decisions, []
        opened = decisions is not self._followed  # or another program replaced the file
        if opened:
            dropped, self._followed, self._seen, self._steps = self._followed, decisions, 0, _UndoHistory()
        new_decisions = decisions[self._seen :]
        self._seen = len(decisions)
        for decision in new_decisions:
            if decision.who == self.who and decision.step:
                self._steps.take(decision, own=opened or decision.step == self._written)
        for example in {decision.example for decision in [*dropped, *new_decisions]}:
            self._refresh_status(example, self.queues.values())
        return bool(dropped or new_decisions)

    def index_entry(self, number: int) -> None:
        """Determine the status of a line before the ids of all examples are known."""
        if self.examples.index_entry(number):
            self.examples.set_status(number, self.status(self.examples.entry(number)))

    def _refresh_status(self, example: str, queues: Collection[Queue]) -> None:
        """Compute the status of all entries of an example again."""
        for queue in queues:
            for number in queue.example_index.rows(example):
                queue.set_status(number, self.status(queue.entry(number)))

    def undo(self) -> str | None:
        """Undo the last step; returns the subject of its decisions, None without one. Raises as `write` does, and
        `InputError` for a journal that cannot be read.
        """
        return self._take_back(self._steps.done)

    def redo(self) -> str | None:
        """Redo the last undone step; returns the subject of its decisions, None without one. Raises as `undo` does."""
        return self._take_back(self._steps.undone)

    def _take_back(self, names: list[str]) -> str | None:
        """Reverse the last step of the list `names` that still has decisions to reverse; remove the later ones.

        Returns the subject of the step's decisions; None if there is no such step. Reads the journal first: a decision
        that another window has replaced since is left alone.
        """
        self.log.follow()
        self.follow_journal()
        by_id = {decision.id: decision for decision in self.log.decisions}
        self.stayed = 0
        while names:
            decisions = self._steps.decisions[names[-1]]
            records = [
                record
                for decision in decisions
                for record in before(self.log, decision, by_id, lambda head: head.step in self._steps.decisions)
            ]
            self.stayed += sum(len(decision.slots) for decision in decisions) - len(records)
            if records:
                self.write(records, undoes=names[-1])
                return decisions[0].about
            names.pop()
        return None

    def last_example(self) -> str | None:
        """The id of an example that the last step decided; None if there was no step."""
        return self.log.decisions[-1].example if self.log.decisions else None


def _is_decision_about(edit: Decision, target: DecisionTarget) -> bool:
    """Whether an edit is a decision about an entry: it removed the finding, or was made about the pair.

    An edit of the first format, and any edit for an example, is one.
    """
    if edit.format == 1 or target.scope == "example":
        return True
    if target.scope == "finding":
        return not {target.about, target.about + target.pointer} & set(edit.left)
    return (edit.scope, edit.about) == (target.scope, target.about)


@dataclass(slots=True)
class _UndoHistory:
    """The steps to undo and to redo, the latest first."""

    done: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    decisions: dict[str, list[Decision]] = field(default_factory=dict)
    """The decisions of each step that was taken in this window, or before it was opened."""

    def take(self, decision: Decision, *, own: bool = True) -> None:
        """Add the next decision of the journal; `own`: whether it was made in this session, not in another window."""
        first = decision.step not in self.decisions
        if own:
            self.decisions.setdefault(decision.step, []).append(decision)
        if not first:
            return
        if not decision.undoes and own:
            self.done.append(decision.step)
            self.undone.clear()
        for steps, others in ((self.done, self.undone), (self.undone, self.done)):
            if decision.undoes in steps:
                steps.remove(decision.undoes)
                if own:
                    others.append(decision.step)
                return
