"""Decisions about examples, in an append-only journal that survives a crash and can be merged by git.

`.curate/decisions.jsonl` has one line per decision and is never rewritten. Each decision names those it replaces, so
two journals can be merged in any order. Different decisions by two people who did not see each other's are contested:
none is in effect until somebody decides again.
"""

import getpass
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from filelock import FileLock
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from curate.core.errors import InputError
from curate.core.example import canonical
from curate.core.files import append_lines

Verdict = Literal["keep", "drop", "edit", "undecided"]


def user() -> str:
    """Name of the current user."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # this user id has no name, as in some containers
        return "unknown"


def _aware(when: datetime) -> datetime:
    return when if when.tzinfo else when.replace(tzinfo=UTC)


class Decision(BaseModel):
    """A person's decision about one example."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    example: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    """Id of the example; for a line without one, the hash of its bytes (`curate.core.example.line_id`)."""
    verdict: Verdict
    """keep: the example is kept, whatever a detector reports; drop: it is removed; edit: `value` replaces it;
    undecided: cancels an earlier verdict.
    """
    value: dict[str, Any] | None = None
    """For an edit: the line's new JSON object, in the format of its file."""
    about: str = ""
    """Subject of the decision: a rule code, or the id of a cluster or conflict."""
    why: str = ""
    """The person's note."""
    who: str = Field(default_factory=user)
    when: Annotated[datetime, AfterValidator(_aware)] = Field(
        default_factory=lambda: datetime.now(UTC).replace(microsecond=0)
    )
    """A time without a time zone, for example written by hand, is read as UTC."""
    replaces: tuple[str, ...] | None = None
    """Ids of the known decisions about the example that this one replaces; null: all earlier ones in the file."""
    step: str = ""
    """Decisions made with one key press share a step and are undone together."""
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
        kept = {name: value for name, value in values.items() if value not in (None, "")}
        try:
            return json.dumps(kept, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        except UnicodeEncodeError:  # a lone surrogate in an edited text can only be written as an escape
            return json.dumps(kept, allow_nan=False, separators=(",", ":")).encode()

    @property
    def id(self) -> str:
        """First 12 digits of the hash of its line."""
        if not self._id:
            self._id = _line_id(self.line())
        return self._id


def _line_id(line: bytes) -> str:
    return hashlib.blake2b(line, digest_size=6).hexdigest()


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
        self._heads: dict[str, list[Decision]] = {}
        self._several: set[str] = set()
        """Examples that have had several heads."""
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
        fresh = [decision for decision in theirs.decisions if decision.id not in self._known]
        self.add(*fresh)
        return fresh

    def standing(self, example: str) -> Decision | None:
        """The decision in effect for an example; None if there is none, it was undone, or it is contested."""
        heads = self._heads.get(example, ())
        if not heads or len({(head.verdict, canonical(head.value)) for head in heads}) > 1:
            return None
        last = max(heads, key=lambda head: head.when)
        return None if last.verdict == "undecided" else last

    def heads(self, example: str) -> Sequence[Decision]:
        """The decisions about an example that no other decision replaces: usually one, several after a merge."""
        return self._heads.get(example, ())

    @property
    def notes(self) -> list[str]:
        """Notes about the journal: its invalid lines."""
        lines = ", ".join(map(str, self.unreadable))
        return [f"{self.path}: line {lines} is not a valid decision and is ignored; fix or remove it"] if lines else []

    def verdicts(self) -> dict[str, Decision]:
        """The decision in effect for each example."""
        return {example: decision for example in self._heads if (decision := self.standing(example)) is not None}

    def contested(self) -> dict[str, Sequence[Decision]]:
        """Examples with different decisions by people who did not see each other's; none of them is in effect."""
        several = {example: heads for example in self._several if len(heads := self._heads[example]) > 1}
        return {
            example: heads
            for example, heads in several.items()
            if self.standing(example) is None and any(h.verdict != "undecided" for h in heads)
        }

    def _take_in(self) -> None:
        """Read the complete new lines; an incomplete last line waits for its line break."""
        for line in _lines_from(self.path, self._read):
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
        self.decisions.append(decision)
        heads = self._heads.setdefault(decision.example, [])
        gone = {head.id for head in heads} if decision.replaces is None else set(decision.replaces)
        self._replaced |= gone
        heads[:] = [head for head in heads if head.id not in gone]
        if decision.id not in self._replaced:
            heads.append(decision)
        if len(heads) > 1:
            self._several.add(decision.example)


def _decision(line: bytes) -> Decision:
    """Parse a line of the journal. Raises `ValueError` if it is invalid."""
    try:
        decision = Decision.model_validate_json(line)
    except ValidationError:  # pydantic's parser refuses lone surrogates, which an edited text may have
        decision = Decision.model_validate(json.loads(line))
    decision._id = _line_id(line)
    return decision


def _lines_from(path: Path, offset: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            yield from file
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read: {error.strerror}", "check its permissions; decisions are stored there"
        ) from error


def edits_of(decisions: Iterable[Decision]) -> dict[str, dict[str, Any]]:
    """The new objects of edited examples, by the id of the example that each replaces."""
    return {decision.example: decision.value for decision in decisions if decision.value is not None}
