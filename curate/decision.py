"""Decisions of people about examples, in an append-only journal that survives any crash and that git can merge.

`.curate/decisions.jsonl` has one line a decision. The last decision about an example counts; nothing is ever rewritten.
"""

import getpass
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curate.files import append_line

Verdict = Literal["keep", "drop", "undecided"]


def user() -> str:
    """The name of who runs this."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no name for this user id, as in some containers
        return "unknown"


class Decision(BaseModel):
    """What a person decided about one example."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    example: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    """Id of the example."""
    verdict: Verdict
    """keep: stays, whatever a detector says; drop: leaves the data set; undecided: takes an earlier verdict back."""
    about: str = ""
    """What was looked at: a rule's code, or the id of a cluster or conflict."""
    why: str = ""
    """A note, in the person's own words."""
    who: str = Field(default_factory=user)
    when: datetime = Field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))


class DecisionLog:
    """The journal of one project: read once, then appended to; every append is on the disk before it returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.decisions: list[Decision] = []
        self.unreadable: list[int] = []
        """Numbers of the journal's lines that are no decision: torn by a crash, or edited by hand. They are left alone."""
        if path.exists():
            for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
                if line.strip():
                    try:
                        self.decisions.append(Decision.model_validate_json(line))
                    except ValidationError:
                        self.unreadable.append(number)

    def add(self, decision: Decision) -> None:
        """Append a decision and flush it to the disk. Raises `OutputError` when that fails; then it does not count."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_name(".decisions.lock")):
            append_line(self.path, decision.model_dump_json().encode())
        self.decisions.append(decision)

    def verdicts(self) -> dict[str, Decision]:
        """The decision that counts for each example decided about."""
        return latest(self.decisions)


def latest(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """The last decision per example; those taken back are left out."""
    last = {decision.example: decision for decision in decisions}
    return {example: decision for example, decision in last.items() if decision.verdict != "undecided"}
