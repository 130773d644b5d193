"""Suppressions: findings that a person has looked at and lets stand, each with a reason, in a file beside the data.

`curate-suppressions.jsonl` belongs under version control. A line is known by the example's id, so that it holds wherever the example
moves, and ends when the example changes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curate.core.address import where
from curate.core.config import SUPPRESSIONS
from curate.core.decision import user
from curate.core.errors import ConfigError, UsageError
from curate.core.example import Place
from curate.core.files import append_line, path_of
from curate.core.finding import Finding
from curate.core.text import visible
from curate.lint.rules.stale_suppressions import outdated
from curate.lint.runner import CheckResult


class Suppression(BaseModel):
    """A line of the file: one rule is not told about one example."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    code: Annotated[str, Field(pattern=r"^[A-Z]\d{3}$")]
    example: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    """Id of the example."""
    file: str
    """Where the example was; it may move."""
    line: int
    reason: Annotated[str, Field(min_length=1)]
    """Why the finding may stand, in the person's own words."""
    author: str = Field(default_factory=user)
    when: datetime = Field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))


@dataclass(frozen=True, slots=True)
class Suppressions:
    """The file of a project."""

    path: Path
    lines: tuple[tuple[int, Suppression], ...] = ()
    """Numbers of lines, and what they say."""


def load_suppressions(folder: Path) -> Suppressions:
    """The suppressions of a project's folder; none when it has no such file. Raises `ConfigError` for a line that is none."""
    path = folder / SUPPRESSIONS
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Suppressions(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", "check its permissions") from error
    lines, wrong = [], []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            try:
                lines.append((number, Suppression.model_validate_json(line)))
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                wrong.append(f"{path}:{number}: not a suppression: {'.'.join(map(str, first['loc']))} {first['msg']}")
    if wrong:
        raise ConfigError("\n".join(map(visible, wrong)), "mend or remove the lines that are named; `curate suppress` writes good ones")
    return Suppressions(path, tuple(lines))


def suppress(report: CheckResult, suppressions: Suppressions, files: Collection[str]) -> None:
    """Take suppressed findings out of the report, and put in that suppressions of the checked `files` match nothing any more."""
    known = {(entry.code, entry.example) for _, entry in suppressions.lines}
    if not known:
        return
    met = {(finding.code, finding.example or "") for finding in report.findings} & known
    fresh = [finding for finding in report.findings if (finding.code, finding.example) not in met]
    report.suppressed += len(report.findings) - len(fresh)
    stale = [
        (
            Place(suppressions.path.name, number),
            f"nothing to suppress: {entry.code} does not find anything in the example that was {where(entry.file, entry.line)}",
        )
        for number, entry in suppressions.lines
        if (entry.code, entry.example) not in met and _was_asked(entry, report, files)
    ]
    report.findings = fresh + outdated(stale, report.severities_of)


def _was_asked(entry: Suppression, report: CheckResult, files: Collection[str]) -> bool:
    """Whether this check could have met an entry: its rule ran or is no more, its file was read or is no more."""
    return (entry.code in report.severities_of or entry.code not in report.rules) and (entry.file in files or not path_of(entry.file).exists())


def add_suppressions(suppressions: Suppressions, findings: Sequence[Finding], reason: str, author: str | None = None) -> list[Suppression]:
    """Append a suppression for each finding that has none yet; returns what was written. Raises `OutputError`."""
    known = {(entry.code, entry.example) for _, entry in suppressions.lines}
    written = []
    for finding in findings:
        if finding.example is None or (finding.code, finding.example) in known:
            continue
        known.add((finding.code, finding.example))
        said = {"code": finding.code, "example": finding.example, "file": finding.file, "line": finding.line, "reason": reason}
        entry = Suppression.model_validate({**said, **({"author": author} if author else {})})
        append_line(suppressions.path, entry.model_dump_json().encode())
        written.append(entry)
    return written
