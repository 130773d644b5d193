"""From findings, duplicates and decisions to what stays and what leaves; every line that leaves takes its reason along.

kept + removed = read, always: it is asserted here, where both are made.
"""

import base64
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from curate.decision import Decision
from curate.detect.cluster import Duplicate
from curate.detect.loss import Loss, loss
from curate.example import Place
from curate.files import replacing
from curate.finding import Finding, Severity
from curate.read.dataset import ParsedLine

UNREADABLE = {"syntax": "J001", "utf-8": "J003", "cut-off": "J010", "repairable": "J012", "not-finite": "J014", "too-deep": "J017"}
"""Codes of the defects that leave a line without a value."""


class Kept(BaseModel):
    """The example that stayed in place of a removed one."""

    model_config = ConfigDict(frozen=True)

    example: str
    file: str
    line: int


class Removal(BaseModel):
    """A line of `removed.jsonl`: what left, why, and all of its bytes."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    example: str | None
    """Id of the example; null for a line that holds none."""
    file: str
    line: int
    code: str | None
    """Rule or detector that is the reason; null when a person decided."""
    why: str
    kept: Kept | None = None
    """For a duplicate: the example that stayed in its place."""
    similarity: float | None = None
    """For a duplicate: true Jaccard similarity to the one that stayed."""
    decided_by: str
    """`rule`, `detector`, or the name of the person."""
    when: datetime | None = None
    """Of a person's decision; nothing else has a time, so that equal data gives equal files."""
    text: str | None = None
    """The line as it was read, without its line break; null when it is not UTF-8."""
    base64: str | None = None
    """The line's bytes, where they are not UTF-8."""


@dataclass(frozen=True, slots=True)
class Applied:
    """All lines that were read, each on one side."""

    kept: list[ParsedLine]
    removed: list[Removal]

    @property
    def reasons(self) -> Counter[str]:
        """How many lines left for each code; `decision` for those that a person dropped."""
        return Counter(removal.code or "decision" for removal in self.removed)


def errors_of(findings: Iterable[Finding], lines: Iterable[ParsedLine]) -> dict[Place, Finding]:
    """Per line that holds an example the first of its findings that is an error."""
    by_example: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.example and finding.severity is Severity.ERROR:
            by_example[finding.file, finding.example].append(finding)
    found: dict[Place, Finding] = {}
    for parsed in lines if by_example else ():
        if parsed.example is None:
            continue
        place = parsed.place
        last = place.line + parsed.line.data.count(b"\n")
        for finding in by_example.get((place.file, parsed.example.id), ()):
            if place.line <= finding.line <= last:  # a copy elsewhere may be sound: a repeated key is not part of the content
                found.setdefault(place, finding)
    return found


def apply(
    lines: Sequence[ParsedLine],
    *,
    errors: Mapping[Place, Finding] | None = None,
    verdicts: Mapping[str, Decision] | None = None,
    duplicates: Iterable[Duplicate] = (),
    keep_unreadable: bool = False,
) -> Applied:
    """Decide for each line. A person's word comes first, then errors, then duplicates; lines without an example leave unless told otherwise."""
    errors, verdicts = errors or {}, verdicts or {}
    lost = {duplicate.example.place: duplicate for duplicate in duplicates}
    kept: list[ParsedLine] = []
    removed: list[Removal] = []
    for parsed in lines:
        removal = _unreadable(parsed) if parsed.example is None and not keep_unreadable else _reason(parsed, errors, verdicts, lost)
        if removal is None:
            kept.append(parsed)
        else:
            removed.append(removal)
    assert len(kept) + len(removed) == len(lines), "a line is neither kept nor removed"
    return Applied(kept, removed)


def _reason(parsed: ParsedLine, errors: Mapping[Place, Finding], verdicts: Mapping[str, Decision], lost: Mapping[Place, Duplicate]) -> Removal | None:
    example = parsed.example
    if example is None:
        return None
    decision = verdicts.get(example.id)
    if decision and decision.verdict == "drop":
        why = decision.why or (f"dropped in review of {decision.about}" if decision.about else "dropped in review")
        return _removal(parsed, None, why, decided_by=decision.who, when=decision.when)
    kept_by_hand = decision is not None and decision.verdict == "keep"
    if not kept_by_hand and (finding := errors.get(parsed.place)):
        return _removal(parsed, finding.code, finding.message, decided_by="rule")
    duplicate = lost.get(parsed.place)
    if duplicate and (duplicate.code == "D001" or not kept_by_hand):  # who keeps a content wants it once
        return lost_line(loss(duplicate), parsed.line.data)
    return None


def _unreadable(parsed: ParsedLine) -> Removal:
    defect = next((d for d in parsed.defects if d.kind in UNREADABLE), None)
    if defect is None:
        return _removal(parsed, "J002", "the line is JSON but not an object", decided_by="rule")
    return _removal(parsed, UNREADABLE[defect.kind], defect.message, decided_by="rule")


WHY: Final = {"D001": "exact copy", "D007": "beginning of a longer conversation"}


def lost_line(loss: Loss, data: bytes) -> Removal:
    """A line that a detector removes for another one."""
    why = WHY.get(loss.code, f"near-duplicate, similarity {loss.similarity:.3f}")
    text, encoded = _texts(data)
    return Removal(
        example=loss.example, file=loss.place.file, line=loss.place.line, code=loss.code, why=why, similarity=round(loss.similarity, 6),
        kept=Kept(example=loss.kept, file=loss.kept_place.file, line=loss.kept_place.line), decided_by="detector", text=text, base64=encoded,
    )  # fmt: skip


def _removal(parsed: ParsedLine, code: str | None, why: str, *, decided_by: str, when: datetime | None = None) -> Removal:
    text, encoded = _texts(parsed.line.data)
    example = parsed.example.id if parsed.example else None
    place = parsed.place
    return Removal(
        example=example, file=place.file, line=place.line, code=code, why=why, decided_by=decided_by, when=when, text=text, base64=encoded
    )  # fmt: skip


def _texts(data: bytes) -> tuple[str | None, str | None]:
    """A line as text or, where it is not UTF-8, in base64."""
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError:
        return None, base64.b64encode(data).decode("ascii")


def write_removed(path: Path, removed: Iterable[Removal]) -> None:
    """Write `removed.jsonl` atomically, one line a removed line, in the order they were read. Raises `OutputError`."""
    with replacing(path) as file:
        for removal in removed:
            file.write(removed_line(removal))


def removed_line(removal: Removal) -> bytes:
    """A line of `removed.jsonl`, with its line break."""
    return removal.model_dump_json(exclude_none=True).encode() + b"\n"
