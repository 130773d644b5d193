"""What a rule says: a problem in one place, and the finding that is made of it."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class Severity(StrEnum):
    """How bad: an error breaks or silently corrupts a training, a warning deserves a look, info is a fact."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for errors, 2 for info: the order in which people want to read them."""
        return ("error", "warning", "info").index(self.value)


class Problem(NamedTuple):
    """What a rule found: a JSON pointer into the line (RFC 6901; empty for the whole line) and one sentence."""

    pointer: str
    message: str
    offset: int | None = None
    """Byte offset in the line, where the rule knows it better than the pointer does."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem in the data. Its JSON form is an interface: it changes only with a version."""

    code: str
    severity: Severity
    file: str
    line: int
    """Physical line, from 1; 0 for a finding about the whole file."""
    pointer: str
    """JSON pointer into the line's object; empty for the whole line."""
    message: str
    hint: str
    fixable: bool
    """True when the rule has a repair for it."""
    example: str | None
    """Id of the example, where the line is one."""

    def as_json(self) -> dict[str, Any]:
        """Plain values, in the documented order."""
        return asdict(self)

    @property
    def order(self) -> tuple[str, int, str, str]:
        """The order of a report: by file, line, code, place in the line."""
        return (self.file, self.line, self.code, self.pointer)
