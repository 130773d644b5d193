"""A removed line and its reason: a line of `removed.jsonl`."""

import base64
from datetime import datetime
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from curate.core.example import Place

UNREADABLE = {
    "syntax": "J001",
    "utf-8": "J003",
    "cut-off": "J010",
    "repairable": "J012",
    "not-finite": "J014",
    "too-deep": "J017",
}
"""Codes of the defects that make a line unparsable."""
NO_EXAMPLE: Final = frozenset((*UNREADABLE.values(), "J002", "M001", "M003", "C001"))
"""Codes for which a line without an example in a known format is removed."""
WHERE: Final = "where"
"""Recorded as the source of a decision to leave out a line that an expression does not select."""
REASON_OF_CODE: Final = {"D001": "exact copy", "D007": "beginning of a longer conversation"}


class KeptExample(BaseModel):
    """The example that was kept instead of a removed one."""

    model_config = ConfigDict(frozen=True)

    example: str
    file: str
    line: int


class Removal(BaseModel):
    """A removed line with all of its bytes and the reason (in `removed.jsonl` or `kept.removed.jsonl`)."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    example: str | None = None
    """Id of the example; none for a line without an example."""
    file: str
    line: int
    code: str | None = None
    """Code of the rule or detector that is the reason; none for a person's decision."""
    why: str
    kept: KeptExample | None = None
    """For a duplicate: the example that was kept instead."""
    similarity: float | None = None
    """For a duplicate: exact Jaccard similarity to the kept example."""
    decided_by: str
    """`rule`, `detector`, `select`, or the name of the person."""
    when: datetime | None = None
    """Time of a person's decision; other reasons have no time, so that equal data gives equal files."""
    text: str | None = None
    """The line as it was read, without its line break; null if it is not UTF-8."""
    base64: str | None = None
    """The line's bytes in base64, if they are not UTF-8."""

    @classmethod
    def without_text(cls, place: Place, example: str | None, reason: "Reason") -> "Removal":
        """The record of a line, without the line itself."""
        return cls(example=example, file=place.file, line=place.line, **reason._asdict())

    @property
    def data(self) -> bytes:
        """The bytes of the line as it was read, without its line break."""
        return base64.b64decode(self.base64 or "") if self.text is None else self.text.encode("utf-8")

    @property
    def without_line(self) -> "Removal":
        """The record without the line itself."""
        return self.model_copy(update={"text": None, "base64": None})

    @property
    def reason(self) -> str:
        """The reason for the counts: the code, `mix` or `decision`."""
        return counted_as(self.code, self.decided_by)


def counted_as(code: str | None, decided_by: str) -> str:
    """The name under which totals of removed lines count a reason: its code; without one, what decided: `mix`, `select`
    or `where`, and `decision` for anything else.
    """
    return code or (decided_by if decided_by in ("mix", "select", WHERE) else "decision")


class Reason(NamedTuple):
    """Why a line is removed."""

    code: str | None
    why: str
    decided_by: str
    when: datetime | None = None
    kept: KeptExample | None = None
    similarity: float | None = None


def is_encodable(text: str) -> bool:
    """Whether a text is without lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def escape_surrogates(text: str) -> str:
    """Escape lone surrogates, which cannot be encoded as UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def removed_line(place: Place, example: str | None, reason: Reason, data: bytes) -> bytes:
    """The record of a removed line, a line of `removed.jsonl` with its line break: a `Removal` without the values that
    are None. It is written without the model, which takes twice as long.
    """
    import orjson

    record: dict[str, Any] = {
        "example": example,
        "file": place.file,
        "line": place.line,
        "code": reason.code,
        "why": reason.why,
        "kept": None if reason.kept is None else vars(reason.kept),
        "similarity": reason.similarity,
        "decided_by": reason.decided_by,
        "when": reason.when,
    }
    try:
        record["text"] = data.decode("utf-8")
    except UnicodeDecodeError:
        record["base64"] = base64.b64encode(data).decode("ascii")
    present = {name: value for name, value in record.items() if value is not None}
    return orjson.dumps(present, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)


def removal_of(line: bytes) -> Removal:
    """Parse a line of `removed.jsonl`. Raises `ValueError` if it is invalid."""
    return Removal.model_validate_json(line)
