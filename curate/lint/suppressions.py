"""Findings that are not reported: suppressions, which a person accepted with a reason, and the baseline, which a
project had when it adopted curate.

Keep `curate-suppressions.jsonl`, a file next to the data, under version control. An entry refers to the example's id:
it follows the example when it moves, and ends when it changes. An entry of the baseline identifies its finding by rule,
example and place in the example (see `curate.core.finding`), so lines may move.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curate.core.config import SUPPRESSIONS
from curate.core.decision import user
from curate.core.errors import ConfigError, UsageError
from curate.core.example import Place, where
from curate.core.finding import Finding, finding_key
from curate.core.limits import open_regular
from curate.core.text import visible
from curate.lint.rules.dataset import outdated, outdated_entry
from curate.lint.runner import CheckResult
from curate.storage.files import append_lines, replacing, write_json

MAX_NAMED_RULES = 5
"""Maximum number of rules that a message about outdated entries lists."""


class BaselineEntry(BaseModel):
    """Equal findings, with their number."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    code: str
    file: str
    """File of the finding; compared only if there is no example."""
    example: str | None
    """Id of the example; null for a line without an example and for a whole file."""
    pointer: str
    about: str = ""
    """Message of a finding about a line without an example."""
    count: Annotated[int, Field(ge=1)] = 1

    @property
    def key(self) -> tuple[str, str, str]:
        """The key that `finding_key` computes for the finding."""
        where = self.example or (f"{self.file}: {self.about}" if self.about else self.file)
        return self.code, where, self.pointer


class Baseline(BaseModel):
    """The file that `curate check --write-baseline` writes."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    version: Literal[1] = 1
    findings: tuple[BaselineEntry, ...] = ()
    """Sorted, so that two versions can be compared line by line."""


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
    if not any((entry.code, entry.example) == (code, example) for _, entry in suppressions.lines):
        return
    lines = suppressions.path.read_bytes().split(b"\n")  # another process may have changed it since it was loaded
    kept = [line for line in lines if not _is_suppression(line, code, example)]
    with replacing(suppressions.path, mode=suppressions.path.stat().st_mode) as file:
        file.write(b"\n".join(kept))


def _is_suppression(line: bytes, code: str, example: str) -> bool:
    """Whether a line of the file suppresses a rule for an example."""
    try:
        entry = Suppression.model_validate_json(line)
    except ValidationError:
        return False
    return (entry.code, entry.example) == (code, example)


def baseline_of(report: CheckResult) -> Baseline:
    """The baseline with all findings of a report."""
    counts: Counter[BaselineEntry] = Counter(
        _entry_of(finding) for finding in report.findings if finding.code != outdated_entry.code
    )
    entries = [entry.model_copy(update={"count": count}) for entry, count in counts.items()]
    return Baseline(
        findings=tuple(
            sorted(entries, key=lambda entry: (entry.file, entry.code, entry.example or "", entry.pointer, entry.about))
        )
    )


def _entry_of(finding: Finding) -> BaselineEntry:
    about = finding.message if finding.example is None and finding.line else ""
    return BaselineEntry(
        code=finding.code, file=finding.file, example=finding.example, pointer=finding.pointer, about=about
    )


def write_baseline(path: Path, report: CheckResult, *, mode: int = 0o666) -> int:
    """Write a report's baseline, `mode` as in `replacing`; returns the number of findings. Raises `OutputError`."""
    baseline = baseline_of(report)
    write_json(
        path,
        baseline.model_dump(mode="json", exclude_defaults=True) | {"version": baseline.version},
        mode=mode,
        named=True,
    )
    return sum(entry.count for entry in baseline.findings)


def load_baseline(path: Path) -> Baseline:
    """Read a baseline. Raises `UsageError` if the file does not exist, `ConfigError` if it is not a baseline."""
    try:
        return Baseline.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(
            f"{path}: no such file", f"create it first: curate check ... --write-baseline {path}"
        ) from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", "check the path and its permissions") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        text = ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
        raise ConfigError(
            f"{path}: not a baseline of this version of curate: {text}",
            "write it again with --write-baseline",
        ) from None


def subtract_baseline(report: CheckResult, baseline: Baseline, path: Path, files: Collection[str]) -> None:
    """Remove the findings in `baseline` from the report, and add one about its entries of `files` that have none."""
    remaining = Counter[tuple[str, str, str]]()
    for entry in baseline.findings:
        remaining[entry.key] += entry.count
    new = []
    for finding in report.findings:
        key = finding_key(finding)
        if remaining[key] > 0:
            remaining[key] -= 1
        else:
            new.append(finding)
    report.known += len(report.findings) - len(new)
    stale: Counter[str] = Counter()
    for entry in baseline.findings:
        unused = min(entry.count, remaining[entry.key])
        remaining[entry.key] -= unused
        if unused and report.could_report(entry.code, entry.file, files):
            stale[entry.code] += unused
    if stale:
        codes = ", ".join(f"{code} × {count:,}" for code, count in stale.most_common(MAX_NAMED_RULES)) + (
            ", …" if len(stale) > MAX_NAMED_RULES else ""
        )
        number = stale.total()
        text = (
            f"{number:,} entries no longer match a finding: {codes}"
            if number != 1
            else f"one entry no longer matches a finding: {codes}"
        )
        new += outdated([(Place(str(path), 0), text)], report.severities_of)
    report.findings = new
