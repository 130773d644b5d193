"""Records of what people decided about examples; the journal that holds them is `decision_log`.

Verdicts, edits, notes and suppressions are separate records: none erases another. Each record names those it replaces,
so two journals can be merged in any order.
"""

import getpass
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from curate.core.example import parse_where
from curate.core.validation import parsed_json

Verdict = Literal["keep", "drop", "edit", "undecided"]
Record = Literal["verdict", "edit", "note", "suppression", "label", "rating", "audit"]
Scope = Literal["example", "finding", "duplicate", "conflict"]
Slot = tuple[str, ...]
"""What a record is about; of the records in one slot, the last one is in effect."""
FORMAT: Final = 2
"""Format of new records. In format 1 a line had verdict, edit and note, and `keep` was about the whole example."""
VERDICT_SLOT: Final[Slot] = ("verdict",)
EDIT_SLOT: Final[Slot] = ("edit",)
NOTE_SLOT: Final[Slot] = ("note",)
RATING_SLOT: Final[Slot] = ("rating",)
IN_SAMPLE, GOOD, BAD = "open", "good", "bad"
"""What an audit holds about an example of its sample: not judged, or judged."""
CONFLICT_CODE: Final = "X008"
"""The rule that reports a conflict at one of its examples: keeping this in a conflict accepts the finding, too."""
RULE: Final = re.compile(r"[A-Z]\d{3}", re.ASCII)


def user() -> str:
    """Name of the current user; bytes that the locale did not decode count as UTF-8."""
    try:
        return getpass.getuser().encode(errors="surrogateescape").decode(errors="replace")
    except (OSError, KeyError):  # this user id has no name, as in some containers
        return "unknown"


class Decision(BaseModel):
    """A record of what a person decided about one example."""

    # `curate.schemas` describes the keys by their docstrings; pydantic would parse this file at every start.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    format: Annotated[int, Field(ge=1, le=FORMAT)] = 1
    """Format of the record: 2, or 1 for lines of earlier versions, which do not state it."""
    record: Record = "verdict"
    """verdict; edit; note, whose text is `why`; rating from 1 to 5, as `why`; suppression of the rule `about` with the
    reason `why`, and label `about`: their verdict is `keep`, or `undecided` when it was taken back. audit: the example
    is in the sample of the audit `about`; `why` is open, good or bad.
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
    when: Annotated[datetime, AfterValidator(lambda when: when if when.tzinfo else when.replace(tzinfo=UTC))] = Field(
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
        json.dumps(self.value, allow_nan=False)  # raises `ValueError`
        if self.record == "suppression" and not (RULE.fullmatch(self.about) and parse_where(self.place)):
            raise ValueError("a suppression requires the code of a rule, and FILE:LINE")
        return self

    def line(self) -> bytes:
        """Its line in the journal, without a line break."""
        values = self.model_dump(mode="json", exclude={"value"})  # pydantic would replace lone surrogates
        if self.value is not None:
            values["value"] = self.value
        left_out = {"format": 1, "record": "verdict", "scope": "example", "left": [], "seen": [], "of": 1}
        values_kept = {
            name: value
            for name, value in values.items()
            if value not in (None, "") and (name not in left_out or value != left_out[name])
        }
        try:
            return json.dumps(values_kept, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        except UnicodeEncodeError:  # a lone surrogate in an edited text can only be written as an escape
            return json.dumps(values_kept, allow_nan=False, separators=(",", ":")).encode()

    @property
    def slots(self) -> tuple[Slot, ...]:
        """What the record is about."""
        if self.format == 1:
            return VERDICT_SLOT, EDIT_SLOT
        if self.record in ("suppression", "label", "audit"):
            return ((self.record, self.about),)
        if self.record != "verdict":
            return ((self.record,),)
        return (VERDICT_SLOT if self.verdict == "drop" or self.scope == "example" else self.subject,)

    @property
    def subject(self) -> Slot:
        """The slot of `keep` for the finding, pair or cluster that the record is about."""
        return subject_slot(self.scope, self.about, self.pointer)

    def content(self, slot: Slot) -> tuple[Verdict, dict[str, Any] | None, str]:
        """What the record holds in one of its slots: verdict, new object (None unless it is an edit), text."""
        if slot == EDIT_SLOT:
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


def is_about_conflict(slot: Slot) -> bool:
    """Whether a slot holds what was decided about a conflict."""
    return slot[:2] == ("verdict", "conflict")


def subject_slot(scope: str, about: str, pointer: str = "") -> Slot:
    """The slot of verdicts about a finding, pair or cluster; `VERDICT_SLOT` for a whole example."""
    return VERDICT_SLOT if scope == "example" else ("verdict", scope, about, pointer)


@dataclass(frozen=True, slots=True)
class DecisionState:
    """The decisions in effect about one example."""

    verdict: Verdict
    """drop; else edit; else keep, for the whole example; else undecided."""
    value: dict[str, Any] | None = None
    """The new object, unless the example is dropped."""
    kept: frozenset[Slot] = frozenset()
    """The kept slots: `VERDICT_SLOT` for the example, or single findings, duplicates and conflicts."""
    about: str = ""
    why: str = ""
    who: str = ""
    when: datetime | None = None
    labels: tuple[str, ...] = ()
    rating: int | None = None

    def accepts(self, code: str, pointer: str) -> bool:
        """Whether the example is kept in spite of the finding with this code and JSON pointer."""
        return (
            VERDICT_SLOT in self.kept
            or subject_slot("finding", code, pointer) in self.kept
            or (code == CONFLICT_CODE and any(map(is_about_conflict, self.kept)))
        )

    @property
    def stays(self) -> bool:
        """Whether the example is kept in spite of a near-duplicate."""
        return any(slot == VERDICT_SLOT or slot[1] == "duplicate" for slot in self.kept)

    def shown(self) -> list[Any]:
        """The decisions as plain values, which are equal if nothing changed."""
        return [self.verdict, self.who, self.why, str(self.when), sorted(map(list, self.kept)),
                self.labels, self.rating]  # fmt: skip


def decision_of(line: bytes) -> Decision:
    """Parse a line of the journal. Raises `ValueError` if it is invalid."""
    try:
        decision = Decision.model_validate_json(line)
    except ValidationError:  # pydantic's parser refuses lone surrogates, which an edited text may have
        decision = Decision.model_validate(parsed_json(line))
    decision._id = _line_id(line)
    return decision


def edits_of(decisions: Mapping[str, DecisionState]) -> dict[str, dict[str, Any]]:
    """The new objects of edited examples, by the id of the example that each replaces; dropped ones are not edited."""
    return {example: decision.value for example, decision in decisions.items() if decision.value is not None}
