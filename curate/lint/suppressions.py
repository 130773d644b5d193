"""Suppressions: findings that a person has reviewed and accepted, with a reason, in a file next to the data.

Keep `curate-suppressions.jsonl` under version control. An entry refers to the example's id: it follows the example when
it moves, and ends when it changes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curate.core.config import SUPPRESSIONS
from curate.core.decision import user
from curate.core.errors import ConfigError, UsageError
from curate.core.example import Place, where
from curate.core.files import append_lines, replacing
from curate.core.finding import Finding
from curate.core.limits import open_regular
from curate.core.text import visible
from curate.lint.rules.dataset import outdated
from curate.lint.runner import CheckResult


class Suppression(BaseModel):
    """A line of the file: one rule is not reported for one example."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    code: Annotated[str, Field(pattern=r"^[A-Z]\d{3}$")]
    example: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    """Id of the example."""
    file: str
    """Last known place of the example; it may move."""
    line: int
    reason: Annotated[str, Field(min_length=1)]
    """Why the finding is accepted, written by the person."""
    author: str = Field(default_factory=user)
    when: datetime = Field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))


@dataclass(frozen=True, slots=True)
class Suppressions:
    """The file of a project."""

    path: Path
    lines: tuple[tuple[int, Suppression], ...] = ()
    """Entries by line number."""

    @property
    def examples(self) -> set[str]:
        """The ids of the examples with an entry."""
        return {entry.example for _, entry in self.lines}


def load_suppressions(folder: Path) -> Suppressions:
    """The suppressions of a project's folder; empty without the file. Raises `ConfigError` for an invalid line."""
    path = folder / SUPPRESSIONS
    try:
        with open_regular(path) as file:
            data = file.read()
    except FileNotFoundError:
        return Suppressions(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", "check its permissions") from error
    lines, problems = [], []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            try:
                lines.append((number, Suppression.model_validate_json(line)))
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                problems.append(
                    f"{path}:{number}: not a suppression: {'.'.join(map(str, first['loc']))} {first['msg']}"
                )
    if problems:
        raise ConfigError(
            "\n".join(map(visible, problems)), "fix or remove these lines; `curate suppress` writes valid ones"
        )
    return Suppressions(path, tuple(lines))


def suppress(report: CheckResult, suppressions: Suppressions, files: Collection[str]) -> None:
    """Remove suppressed findings from the report; report suppressions of `files` that match no finding."""
    suppressed = {(entry.code, entry.example) for _, entry in suppressions.lines}
    if not suppressed:
        return
    matched = {(finding.code, finding.example or "") for finding in report.findings} & suppressed
    unsuppressed = [finding for finding in report.findings if (finding.code, finding.example) not in matched]
    report.suppressed += len(report.findings) - len(unsuppressed)
    stale = [
        (
            Place(suppressions.path.name, number),
            f"nothing to suppress: {entry.code} no longer finds anything in the example that was at "
            f"{where(entry.file, entry.line)}",
        )
        for number, entry in suppressions.lines
        if (entry.code, entry.example) not in matched and report.could_report(entry.code, entry.file, files)
    ]
    report.findings = unsuppressed + outdated(stale, report.severities_of)


def add_suppressions(
    suppressions: Suppressions, findings: Sequence[Finding], reason: str, author: str | None = None
) -> list[Suppression]:
    """Append a suppression for each finding without one, all or none; returns the new entries. Raises `OutputError`.

    Bytes of the command line that were not decoded count as UTF-8.
    """
    texts = {"reason": reason, **({"author": author} if author else {})}
    decoded = {name: text.encode(errors="surrogateescape").decode(errors="replace") for name, text in texts.items()}
    suppressed = {(entry.code, entry.example) for _, entry in suppressions.lines}
    added = []
    for finding in findings:
        if finding.example is None or (finding.code, finding.example) in suppressed:
            continue
        suppressed.add((finding.code, finding.example))
        fields = {name: getattr(finding, name) for name in ("code", "example", "file", "line")}
        added.append(Suppression.model_validate({**fields, **decoded}))
    if added:
        append_lines(suppressions.path, (entry.model_dump_json().encode() for entry in added))
    return added


def remove_suppression(suppressions: Suppressions, code: str, example: str) -> None:
    """Remove the suppressions of a rule for an example; other lines keep their bytes. Raises `OutputError`."""
    removed = {number for number, entry in suppressions.lines if (entry.code, entry.example) == (code, example)}
    if removed:
        lines = suppressions.path.read_bytes().split(b"\n")
        with replacing(suppressions.path, mode=suppressions.path.stat().st_mode) as file:
            file.write(b"\n".join(line for number, line in enumerate(lines, start=1) if number not in removed))
