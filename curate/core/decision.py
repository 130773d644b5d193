"""Decisions about examples, in an append-only journal that survives a crash and can be merged by git.

`.curate/decisions.jsonl` has one line per record and is never rewritten. Verdicts, edits, notes and suppressions are
separate records: none erases another. Each record names those it replaces, so two journals can be merged in any order.
Different decisions by two people who did not see each other's are contested: none is in effect until somebody decides
again. A step of which a line is missing, since the process was killed, is not in effect.
"""

import getpass
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from filelock import FileLock
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from curate.core.errors import InputError
from curate.core.example import canonical
from curate.core.files import append_lines, lines_after
from curate.core.paths import from_here
from curate.core.text import plural

Verdict = Literal["keep", "drop", "edit", "undecided"]
Record = Literal["verdict", "edit", "note", "suppression", "label", "rating"]
Scope = Literal["example", "finding", "duplicate", "conflict"]
Slot = tuple[str, ...]
"""What a record is about; of the records in one slot, the last one is in effect."""
FORMAT: Final = 2
"""Format of new records. In format 1 a line had verdict, edit and note, and `keep` was about the whole example."""
JOURNAL: Final = "decisions.jsonl"
"""Name of the journal of a project."""
WHOLE: Final[Slot] = ("verdict",)
EDIT: Final[Slot] = ("edit",)
NOTE: Final[Slot] = ("note",)
RATING: Final[Slot] = ("rating",)


def reviewer_journals(folder: Path) -> list[Path]:
    """The journals of single reviewers in a folder; commands apply them once they are merged into `JOURNAL`."""
    return sorted(folder.glob("decisions-*.jsonl"))


def user() -> str:
    """Name of the current user."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # this user id has no name, as in some containers
        return "unknown"


def _aware(when: datetime) -> datetime:
    return when if when.tzinfo else when.replace(tzinfo=UTC)


class Decision(BaseModel):
    """A record of what a person decided about one example."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    format: Annotated[int, Field(ge=1, le=FORMAT)] = 1
    """Format of the record: 2, or 1 for lines of earlier versions, which do not state it."""
    record: Record = "verdict"
    """verdict; edit; note, whose text is `why`; rating from 1 to 5, as `why`; suppression of the rule `about` with the
    reason `why`, and label `about`: their verdict is `keep`, or `undecided` when it was taken back.
    """
    example: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    """Id of the example; for a line without one, the hash of its bytes (`curate.core.example.line_id`)."""
    verdict: Verdict
    """keep: the example is kept, whatever a detector reports; drop: it is removed; edit: `value` replaces it;
    undecided: cancels an earlier verdict.
    """
    value: dict[str, Any] | None = None
    """For an edit: the line's new JSON object, in the format of its file."""
    scope: Scope = "example"
    """What `keep` is limited to: a finding is accepted, a duplicate is not removed as such, a conflict is no reason to
    remove. `drop` removes the example in any case.
    """
    about: str = ""
    """Subject of the decision: a rule code, or the id of a cluster or conflict."""
    pointer: str = ""
    """JSON pointer of the finding that the decision is about."""
    left: tuple[str, ...] = ()
    """For an edit: code and pointer, or code, of each finding that the new object still has."""
    why: str = ""
    """The person's note."""
    who: str = Field(default_factory=user)
    when: Annotated[datetime, AfterValidator(_aware)] = Field(
        default_factory=lambda: datetime.now(UTC).replace(microsecond=0)
    )
    """A time without a time zone, for example written by hand, is read as UTC."""
    replaces: tuple[str, ...] | None = None
    """Ids of the known records that this one replaces; null: all earlier ones in the file."""
    seen: tuple[str, ...] = ()
    """Ids of other verdicts about the example that the person saw."""
    step: str = ""
    """Decisions made with one key press share a step and are undone together."""
    of: Annotated[int, Field(ge=1)] = 1
    """Number of records in the step."""
    place: str = ""
    """For a suppression: file and line of the finding."""
    undoes: str = ""
    """The step that this decision undoes."""

    _id: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _has_value(self) -> "Decision":
        if (self.verdict == "edit") != (self.value is not None):
            raise ValueError("only an edit has a value, and it requires one")
        return self

    def line(self) -> bytes:
        """Its line in the journal, without a line break."""
        values = self.model_dump(mode="json", exclude={"value"})  # pydantic would replace lone surrogates
        if self.value is not None:
            values["value"] = self.value
        left_out = {"format": 1, "record": "verdict", "scope": "example", "left": [], "seen": [], "of": 1}
        kept = {
            name: value
            for name, value in values.items()
            if value not in (None, "") and (name not in left_out or value != left_out[name])
        }
        try:
            return json.dumps(kept, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        except UnicodeEncodeError:  # a lone surrogate in an edited text can only be written as an escape
            return json.dumps(kept, allow_nan=False, separators=(",", ":")).encode()

    @property
    def slots(self) -> tuple[Slot, ...]:
        """What the record is about."""
        if self.format == 1:
            return WHOLE, EDIT
        if self.record in ("suppression", "label"):
            return ((self.record, self.about),)
        if self.record != "verdict":
            return ((self.record,),)
        return (WHOLE if self.verdict == "drop" or self.scope == "example" else self.subject,)

    @property
    def subject(self) -> Slot:
        """The slot of `keep` for the finding, pair or cluster that the record is about."""
        return subject_slot(self.scope, self.about, self.pointer)

    def content(self, slot: Slot) -> tuple[Verdict, dict[str, Any] | None, str]:
        """What the record says in one of its slots: verdict, new object, text."""
        if slot == EDIT:
            return ("edit" if self.value is not None else "undecided"), self.value, ""
        return ("undecided" if self.verdict == "edit" else self.verdict), None, self.why if slot[0] != "verdict" else ""

    @property
    def id(self) -> str:
        """First 12 digits of the hash of its line."""
        if not self._id:
            self._id = _line_id(self.line())
        return self._id


def _line_id(line: bytes) -> str:
    return hashlib.blake2b(line, digest_size=6).hexdigest()


def subject_slot(scope: str, about: str, pointer: str = "") -> Slot:
    """The slot of verdicts about a finding, pair or cluster; `WHOLE` for a whole example."""
    return WHOLE if scope == "example" else ("verdict", scope, about, pointer)


@dataclass(frozen=True, slots=True)
class DecisionState:
    """What is in effect about one example."""

    verdict: Verdict
    """drop; else edit; else keep, for the whole example; else undecided."""
    value: dict[str, Any] | None = None
    """The new object, unless the example is dropped."""
    kept: frozenset[Slot] = frozenset()
    """What a person keeps: `WHOLE` for the example, or single findings, duplicates and conflicts."""
    about: str = ""
    why: str = ""
    who: str = ""
    when: datetime | None = None
    labels: tuple[str, ...] = ()
    rating: int | None = None

    def accepts(self, code: str, pointer: str) -> bool:
        """Whether the example is kept in spite of a finding."""
        return WHOLE in self.kept or subject_slot("finding", code, pointer) in self.kept

    @property
    def stays(self) -> bool:
        """Whether the example is kept in spite of a near-duplicate."""
        return any(slot == WHOLE or slot[1] == "duplicate" for slot in self.kept)

    def shown(self) -> list[Any]:
        """As plain values, which tell whether something changed."""
        return [self.verdict, self.who, self.why, str(self.when), sorted(map(list, self.kept)),
                self.labels, self.rating]  # fmt: skip


class DecisionLog:
    """The decision journal of a project: read once, then appended to.

    Each append is flushed to disk before it returns.
    """

    def __init__(self, path: Path) -> None:
        """Raises `InputError` if the journal exists and cannot be read."""
        self.path = path
        self.decisions: list[Decision] = []
        self.unreadable: list[int] = []
        """Numbers of invalid lines of the journal: truncated by a crash, or edited by hand. They are not changed."""
        self._known: set[str] = set()
        self._replaced: set[str] = set()
        self._heads: dict[str, dict[Slot, list[Decision]]] = {}
        self._several: set[str] = set()
        """Examples that have had several heads in a slot, or verdicts in several slots."""
        self._steps: dict[str, list[Decision]] = {}
        """The records of steps that are not complete."""
        self._whys: dict[str, str] = {}
        """The last text of each example in format 1."""
        self._lines = self._read = 0
        self._take_in()

    def add(self, *decisions: Decision) -> None:
        """Append decisions and flush them to disk. Raises `OutputError`; unwritten decisions have no effect."""
        if not decisions:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_name(".decisions.lock")):
            self._take_in()  # decisions that another process has written since
            try:
                append_lines(self.path, [decision.line() for decision in decisions])
            finally:  # some may have been written before the disk was full
                self._take_in()

    def merge(self, other: Path) -> list[Decision]:
        """Append and return the decisions in `other` that this journal lacks. Raises `InputError`, `OutputError`."""
        if not other.is_file():
            raise InputError(f"{other}: no such journal", "pass the decisions.jsonl of another .curate folder")
        theirs = DecisionLog(other)
        if theirs.unreadable:
            lines = ", ".join(map(str, theirs.unreadable[:5]))
            raise InputError(
                f"{other}: line {lines} is not a valid decision", "fix or remove the line; nothing was merged"
            )
        fresh = self.lacks(theirs)
        self.add(*fresh)
        return fresh

    def lacks(self, other: "DecisionLog") -> list[Decision]:
        """The decisions of another journal that this one does not have."""
        return [decision for decision in other.decisions if decision.id not in self._known]

    def standing(self, example: str) -> DecisionState | None:
        """What is in effect about an example; None if there is nothing, it was undone, or it is contested."""
        slots = self._heads.get(example)
        if not slots or self.contest(example):
            return None
        edit, whole = self.last(example, EDIT), self.last(example, WHOLE)
        dropped = whole is not None and whole.verdict == "drop"
        kept = [slot for slot in slots if slot[0] == "verdict" and (said := self.last(example, slot)) and
                said.content(slot)[0] == "keep"]  # fmt: skip
        keeps = [said for slot in kept if (said := self.last(example, slot))]
        said = whole if dropped else edit or (keeps[0] if keeps else None)
        labels, rating = self.labels(example), self.rating(example)
        if said is None:
            return DecisionState("undecided", labels=labels, rating=rating) if labels or rating else None
        verdict: Verdict = "drop" if dropped else "edit" if edit else "keep" if WHOLE in kept else "undecided"
        why = self.note(example) or said.why
        value = None if dropped or edit is None else edit.value
        return DecisionState(verdict, value, frozenset(kept), said.about, why, said.who, said.when, labels, rating)

    def last(self, example: str, slot: Slot) -> Decision | None:
        """The record in effect in a slot; None if there is none, it was undone, or it is contested."""
        heads = self._heads.get(example, {}).get(slot, ())
        if not heads or len({_compared(head, slot) for head in heads}) > 1:
            return None
        last = max(heads, key=lambda head: (head.when, head.id))
        return None if last.content(slot)[::2] == ("undecided", "") else last

    def note(self, example: str) -> str:
        """The notes about an example; two people who did not see each other's are both quoted."""
        heads = self._heads.get(example, {}).get(NOTE)
        if heads is None:
            return self._whys.get(example, "")
        return " | ".join(head.why for head in sorted(heads, key=lambda head: (head.when, head.id)) if head.why)

    def labels(self, example: str) -> tuple[str, ...]:
        """The labels of an example, in order; not those about which people disagree."""
        return tuple(sorted(slot[1] for slot in self.slots(example) if slot[0] == "label" and self.last(example, slot)))

    def rating(self, example: str) -> int | None:
        """The rating of an example from 1 to 5; None if it has none, or people disagree."""
        said = self.last(example, RATING)
        return int(said.why) if said and said.why in ("1", "2", "3", "4", "5") else None

    def slots(self, example: str) -> Mapping[Slot, Sequence[Decision]]:
        """The records about an example that no other record replaces, by slot."""
        return self._heads.get(example, {})

    def heads(self, example: str) -> Sequence[Decision]:
        """The verdicts and edits of the whole example that no other record replaces: several after a merge."""
        slots = self._heads.get(example, {})
        return list({head.id: head for slot in (WHOLE, EDIT) for head in slots.get(slot, ())}.values())

    @property
    def notes(self) -> list[str]:
        """Notes about the journal: its invalid lines, and journals of reviewers that are not merged into it."""
        lines = ", ".join(map(str, self.unreadable))
        said = [f"{self.path}: line {lines} is not a valid decision and is ignored; fix or remove it"] if lines else []
        if torn := sum(map(len, self._steps.values())):
            said.append(f"{self.path}: {torn} lines of interrupted steps are ignored; decide again")
        for other in reviewer_journals(self.path.parent) if self.path.name == JOURNAL else ():
            if missing := len(self.lacks(DecisionLog(other))):
                shown = from_here(other)
                said.append(
                    f"{plural(missing, 'decision')} in {shown} {'is' if missing == 1 else 'are'} not applied; "
                    f"`curate review PATH --merge {shown}` merges {'it' if missing == 1 else 'them'}"
                )
        return said

    def verdicts(self) -> dict[str, DecisionState]:
        """What is in effect about each example."""
        return {example: said for example in self._heads if (said := self.standing(example)) is not None}

    def contested(self) -> dict[str, Sequence[Decision]]:
        """Examples with different decisions by people who did not see each other's; none of them is in effect."""
        return {example: heads for example in sorted(self._several) if (heads := self._conflict(example))}

    def contest(self, example: str) -> Sequence[Decision]:
        """The contested decisions about an example; empty if there are none."""
        return self._conflict(example) if example in self._several else ()

    def _conflict(self, example: str) -> Sequence[Decision]:
        slots = self._heads.get(example, {})
        for slot, heads in slots.items():
            if (
                len(heads) > 1
                and slot[0] not in ("note", "label", "rating")
                and len({_compared(head, slot) for head in heads}) > 1
            ):
                return heads
        for drop in slots.get(WHOLE, ()):
            if drop.verdict == "drop":
                for keep in slots.get(drop.subject, ()):
                    apart = keep.id not in drop.seen and drop.id not in keep.seen
                    if keep.verdict == "keep" and keep is not drop and apart:
                        return [keep, drop]
        return ()

    def _take_in(self) -> None:
        """Read the complete new lines; an incomplete last line waits for its line break."""
        for line in lines_after(self.path, self._read):
            whole = line.endswith(b"\n")  # an incomplete line is read again later: another process may be writing it
            self._read += len(line) if whole else 0
            self._lines += whole
            number = self._lines + (not whole)
            try:
                decision = _decision(line.strip()) if line.strip() else None
            except ValueError:
                if number not in self.unreadable:
                    self.unreadable.append(number)
                continue
            if decision is not None:
                self._count(decision)

    def _count(self, decision: Decision) -> None:
        if decision.id in self._known:
            return
        self._known.add(decision.id)
        if decision.of > 1:
            waiting = self._steps.setdefault(decision.step, [])
            waiting.append(decision)
            if len(waiting) < decision.of:
                return
            for part in self._steps.pop(decision.step):
                self._apply(part)
        else:
            self._apply(decision)

    def _apply(self, decision: Decision) -> None:
        self.decisions.append(decision)
        slots = self._heads.setdefault(decision.example, {})
        for slot in decision.slots:
            heads = slots.setdefault(slot, [])
            gone = {head.id for head in heads} if decision.replaces is None else set(decision.replaces)
            self._replaced |= gone
            heads[:] = [head for head in heads if head.id not in gone]
            if decision.id not in self._replaced:
                heads.append(decision)
            if len(heads) > 1:
                self._several.add(decision.example)
        if sum(slot[0] == "verdict" for slot in slots) > 1:
            self._several.add(decision.example)
        if decision.format == 1 and decision.why:
            self._whys[decision.example] = decision.why


def _compared(decision: Decision, slot: Slot) -> tuple[str, bytes, str]:
    verdict, value, text = decision.content(slot)
    return verdict, canonical(value), text


def _decision(line: bytes) -> Decision:
    """Parse a line of the journal. Raises `ValueError` if it is invalid."""
    try:
        decision = Decision.model_validate_json(line)
    except ValidationError:  # pydantic's parser refuses lone surrogates, which an edited text may have
        decision = Decision.model_validate(json.loads(line))
    decision._id = _line_id(line)
    return decision


def edits_of(decisions: Mapping[str, DecisionState]) -> dict[str, dict[str, Any]]:
    """The new objects of edited examples, by the id of the example that each replaces; dropped ones are not edited."""
    return {example: decision.value for example, decision in decisions.items() if decision.value is not None}
