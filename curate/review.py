"""The review of a data set: what a person is asked about, what was answered, and what comes next.

A plain object that any surface can drive; the terminal UI only draws it. Whatever is decided is in the journal, on the
disk, before the call returns.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal, NamedTuple

from curate.check import check_paths
from curate.config import Config, find_config
from curate.decision import Decision, DecisionLog, Verdict
from curate.detect.cluster import Duplicate
from curate.detect.conflict import Conflict, find_conflicts
from curate.detect.near import find_duplicates
from curate.example import Example, Place
from curate.files import data_files
from curate.finding import Finding, Severity
from curate.read.dataset import read_dataset
from curate.runs import Project
from curate.text import excerpt, plural

Kind = Literal["finding", "cluster", "conflict"]
KINDS: Final[tuple[Kind, ...]] = ("finding", "cluster", "conflict")
Choice = Literal["keep", "drop", "left", "right", "both", "neither"]
SINGLE: Final[frozenset[Choice]] = frozenset(("keep", "drop"))
PAIR: Final[frozenset[Choice]] = frozenset(("left", "right", "both", "neither"))


class Standing(StrEnum):
    """How far the decision about an entry has come."""

    UNDECIDED = "undecided"
    PARTLY = "partly"
    """Some of its examples are decided about."""
    KEEP = "keep"
    DROP = "drop"
    MIXED = "mixed"
    """Decided: some stay, some go."""
    NOTHING = "nothing"
    """There is nothing to decide: a broken line has no example, and exact copies are one content."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Duplicates of one example that stays, the least similar first: those deserve a look most."""

    kept: Example
    duplicates: tuple[Duplicate, ...]
    apart: bool
    """True for a pair that differs in a fact, so that both stay unless a person says otherwise."""

    @property
    def id(self) -> str:
        """First 12 digits of the keeper's id; of a pair, those of both."""
        return f"{self.kept.id[:12]}-{self.duplicates[0].example.id[:12]}" if self.apart else self.kept.id[:12]


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One thing to look at. Entries are compared by identity: two findings may well read the same."""

    number: int
    """Its position among all entries of the session."""
    kind: Kind
    about: str
    """What a decision taken here is about: the rule's code, or the id of the cluster or conflict."""
    code: str
    severity: Severity
    title: str
    """One line, safe to show."""
    place: Place
    examples: tuple[Example, ...]
    """Those that can be decided about here. None for a broken line; of a cluster, its duplicates without exact copies."""
    subject: Finding | Cluster | Conflict

    @property
    def pair(self) -> bool:
        """True where two examples stand against each other, and neither of them is the keeper."""
        return isinstance(self.subject, Conflict) or (isinstance(self.subject, Cluster) and self.subject.apart)

    @property
    def choices(self) -> frozenset[Choice]:
        """What can be decided here; `left` and `right` keep one side of a pair and drop the other."""
        if not self.examples:
            return frozenset()
        return PAIR if self.pair else SINGLE


class Progress(NamedTuple):
    """How many entries are decided, of those that can be."""

    decided: int
    total: int


class Step(NamedTuple):
    """What one call decided, for undo: the entry it was decided at, and the verdicts that counted before."""

    entry: Entry | None
    before: tuple[tuple[str, Verdict], ...]


class ReviewSession:
    """Everything there is to review in a data set, and every decision about it."""

    def __init__(
        self,
        examples: Iterable[Example],
        findings: Iterable[Finding],
        duplicates: Iterable[Duplicate],
        conflicts: Iterable[Conflict],
        log: DecisionLog,
        *,
        apart: Iterable[Duplicate] = (),
        broken: Mapping[Place, str] | None = None,
    ) -> None:
        self.log = log
        self.broken = broken or {}
        """The text of lines that hold no example, by place."""
        clusters = [*pairs_of(apart), *clusters_of(duplicates)]
        self.entries: tuple[Entry, ...] = tuple(_entries(examples, findings, clusters, conflicts))
        self._verdicts: dict[str, Verdict] = {example: decision.verdict for example, decision in log.verdicts().items()}
        self._steps: list[Step] = []
        self._of_kind = {kind: tuple(entry for entry in self.entries if entry.kind == kind) for kind in KINDS}
        self._at_example: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            for example in entry.examples:
                self._at_example[example.id].append(entry)
        self._open = [self.standing(entry) in (Standing.UNDECIDED, Standing.PARTLY) for entry in self.entries]
        self._left = Counter(entry.kind for entry in self.entries if self._open[entry.number])
        self._total = Counter(entry.kind for entry in self.entries if entry.examples)

    def of_kind(self, kind: Kind) -> tuple[Entry, ...]:
        """The entries of one kind, those that deserve a look most first."""
        return self._of_kind[kind]

    def verdict(self, example: Example) -> Verdict:
        """What was last decided about an example."""
        return self._verdicts.get(example.id, "undecided")

    def standing(self, entry: Entry) -> Standing:
        """How far the decision about an entry has come."""
        verdicts = {self.verdict(example) for example in entry.examples}
        if not verdicts:
            return Standing.NOTHING
        if entry.pair and "drop" in verdicts:  # one side gone is enough: the other has nothing left to clash with
            return Standing.DROP if verdicts == {"drop"} else Standing.MIXED
        if "undecided" in verdicts:
            return Standing.UNDECIDED if len(verdicts) == 1 else Standing.PARTLY
        return Standing.MIXED if len(verdicts) > 1 else Standing(verdicts.pop())

    def progress(self, kind: Kind | None = None) -> Progress:
        """Entries decided and to be decided, of one kind or of all."""
        kinds = KINDS if kind is None else (kind,)
        total = sum(self._total[kind] for kind in kinds)
        return Progress(total - sum(self._left[kind] for kind in kinds), total)

    def choose(self, entry: Entry, choice: Choice, member: int | None = None, why: str = "") -> None:
        """Decide about an entry, or of a cluster about one `member` alone.

        To keep a duplicate is to keep its keeper as well: were only the duplicate bound to stay, the keeper would go for it.
        """
        if choice not in entry.choices:
            return
        verdicts: dict[str, Verdict]
        if entry.pair:
            stays = {"left": (True, False), "right": (False, True), "both": (True, True)}.get(choice, (False, False))
            verdicts = {example.id: "keep" if stay else "drop" for example, stay in zip(entry.examples, stays, strict=True)}
        else:
            chosen = entry.examples if member is None else (entry.examples[member],)
            verdicts = {example.id: "keep" if choice == "keep" else "drop" for example in chosen}
            if isinstance(entry.subject, Cluster) and choice == "keep" and self.verdict(entry.subject.kept) == "undecided":
                verdicts[entry.subject.kept.id] = "keep"
        self._record(verdicts, entry, entry.about, why)

    def decide(self, example: str, verdict: Verdict, about: str = "", why: str = "") -> None:
        """Decide about one example by its id."""
        self._record({example: verdict}, None, about, why)

    def undo(self) -> Step | None:
        """Take the last decision of this session back; returns what was undone, None when there is nothing left to undo."""
        if not self._steps:
            return None
        step = self._steps[-1]
        for example, verdict in step.before:
            self._add(example, verdict, step.entry.about if step.entry else "", "undone")
        self._steps.pop()
        return step

    def next_undecided(self, entries: Sequence[Entry], after: int = -1) -> int | None:
        """Position in `entries` of the next one to decide, past `after` and then from the top; None when all are decided."""
        count = len(entries)
        return next((at % count for at in range(after + 1, after + 1 + count) if self._open[entries[at % count].number]), None)

    def next_member(self, entry: Entry, after: int = -1) -> int | None:
        """Position in the entry's examples of the next undecided one, past `after` and then from the top."""
        count = len(entry.examples)
        return next((at % count for at in range(after + 1, after + 1 + count) if self.verdict(entry.examples[at % count]) == "undecided"), None)

    def matching(self, kind: Kind, text: str) -> tuple[Entry, ...]:
        """The entries that hold every word of `text`, whatever its case; a word `is:undecided` asks for a standing."""
        wanted = text.casefold().split()
        if not wanted:
            return self.of_kind(kind)
        standings = {word.removeprefix("is:") for word in wanted if word.startswith("is:")}
        words = [word for word in wanted if not word.startswith("is:")]
        return tuple(entry for entry in self.of_kind(kind) if (not standings or self.standing(entry) in standings) and _holds(entry, words))

    def _record(self, verdicts: Mapping[str, Verdict], entry: Entry | None, about: str, why: str) -> None:
        before: list[tuple[str, Verdict]] = []
        try:
            for example, verdict in verdicts.items():
                earlier = self._verdicts.get(example, "undecided")
                self._add(example, verdict, about, why)
                before.append((example, earlier))
        finally:  # a full disk may stop us between the two sides of a conflict: what was written can be undone
            if before:
                self._steps.append(Step(entry, tuple(before)))

    def _add(self, example: str, verdict: Verdict, about: str, why: str) -> None:
        self.log.add(Decision(example=example, verdict=verdict, about=about, why=why))
        self._verdicts[example] = verdict
        for entry in self._at_example.get(example, ()):
            still = self.standing(entry) in (Standing.UNDECIDED, Standing.PARTLY)
            self._left[entry.kind] += still - self._open[entry.number]
            self._open[entry.number] = still


def clusters_of(duplicates: Iterable[Duplicate]) -> list[Cluster]:
    """Duplicates gathered by the example they lost to, clusters with the least similar member first."""
    gathered: dict[Place, list[Duplicate]] = defaultdict(list)
    for duplicate in duplicates:
        gathered[duplicate.kept.place].append(duplicate)
    clusters = [Cluster(members[0].kept, tuple(sorted(members, key=lambda d: d.similarity)), apart=False) for members in gathered.values()]
    return sorted(clusters, key=lambda cluster: (cluster.duplicates[0].similarity, str(cluster.kept.place)))


def pairs_of(apart: Iterable[Duplicate]) -> list[Cluster]:
    """Near-duplicates that differ in a fact, pair by pair, the most similar first: there a slip of the pen is likeliest."""
    return [Cluster(d.kept, (d,), apart=True) for d in sorted(apart, key=lambda d: (-d.similarity, d.kept.id, d.example.id))]


def _entries(examples: Iterable[Example], findings: Iterable[Finding], clusters: Iterable[Cluster], conflicts: Iterable[Conflict]) -> Iterator[Entry]:
    number = 0
    by_id: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_id[example.id].append(example)
    for finding in sorted(findings, key=lambda finding: (finding.severity.rank, finding.order)):
        # A verdict is about content: to drop an exact copy would drop the one that stays with it, so there is nothing to decide.
        found = None if finding.code == "D001" else _found(by_id.get(finding.example or "", ()), finding)
        place = Place(finding.file, finding.line)
        title = excerpt(finding.message, 200)
        yield Entry(number, "finding", finding.code, finding.code, finding.severity, title, place, (found,) if found else (), finding)
        number += 1
    for cluster in clusters:
        members = {d.example.id: d.example for d in cluster.duplicates if d.example.id != cluster.kept.id}
        if cluster.apart:
            members = {cluster.kept.id: cluster.kept, **members}
        code = cluster.duplicates[0].code
        severity = Severity.INFO if cluster.apart else Severity.WARNING
        title = excerpt(question(cluster.kept), 200)
        yield Entry(number, "cluster", cluster.id, code, severity, title, cluster.kept.place, tuple(members.values()), cluster)
        number += 1
    for conflict in sorted(conflicts, key=lambda conflict: (-conflict.confidence, conflict.id)):
        title = excerpt(question(conflict.left), 200)
        sides = (conflict.left, conflict.right)
        yield Entry(number, "conflict", conflict.id, conflict.code, Severity.WARNING, title, conflict.left.place, sides, conflict)
        number += 1


def _found(copies: Sequence[Example], finding: Finding) -> Example | None:
    """Of equal examples the one that the finding is in: it starts at or above the finding's line, in the same file."""
    before = [copy for copy in copies if copy.place.file == finding.file and copy.place.line <= finding.line]
    return max(before, key=lambda copy: copy.place.line, default=None)


def question(example: Example) -> str:
    """What an example asks: its last user turn, else its first turn, else nothing."""
    asked = [message for message in example.prompt if message.role == "user"] or list(example.messages[:1])
    return asked[-1].text if asked else ""


def _holds(entry: Entry, words: Sequence[str]) -> bool:
    if not words:
        return True
    texts = [entry.code, entry.severity, str(entry.place), entry.title]
    texts.extend(message.text for example in entry.examples for message in example.messages)
    text = "\n".join(texts).casefold()
    return all(word in text for word in words)


Recall = Callable[[Project, list[Example]], list[Conflict] | None]
"""Gives the conflicts among some examples that an earlier run of the project found with its models; None when there was none."""


class Sources(NamedTuple):
    """What is reviewed: the project that keeps the decisions, its configuration, and the data files."""

    project: Project
    config: Config
    files: list[Path]


def sources_of(paths: Sequence[Path]) -> Sources:
    """What `paths` name: a single folder is a project, whose configuration names the data; files belong to the working folder's project.

    Raises `UsageError`, `InputError` or `ConfigError`, before anything is read.
    """
    folder = paths[0] if len(paths) == 1 and paths[0].is_dir() else Path()
    config = find_config(folder)
    named = [folder / name for name in config.data] if folder in paths and config.data else paths
    return Sources(Project(folder), config, data_files(named))


def open_review(sources: Sources, recall: Recall | None = None) -> Iterator[str | ReviewSession]:
    """Check and compare some data: yields what is being done, in words, and the session at the end.

    Conflicts are recalled from the project's last run, else looked for with rules alone: no model is loaded here.
    """
    project, config, files = sources
    yield f"checking {plural(len(files), 'file')}"
    findings = check_paths(files, config.check).findings
    yield "reading the conversations"
    dataset = read_dataset(files)
    yield f"looking for duplicates among {plural(len(dataset.examples), 'example')}"
    near = find_duplicates(dataset.examples, config.dedup)
    examples = list(dataset.examples)
    conflicts = recall(project, examples) if recall else None
    if conflicts is None:
        yield f"looking for conflicts among {plural(len(examples), 'example')}"
        conflicts = find_conflicts(examples, config.conflicts.model_copy(update={"embeddings": "", "nli": ""})).conflicts
    broken = {line.place: line.line.data.decode("utf-8", "replace") for line in dataset.lines if line.example is None}
    log = DecisionLog(project.decisions)
    yield ReviewSession(examples, findings, near.duplicates, conflicts, log, apart=near.apart, broken=broken)
