"""A baseline: the findings that were there when a project began to check. They are not told again; only new ones fail.

An entry knows its finding by rule, example and place in the example (see `curate.core.fingerprint`), so that lines may move.
"""

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curate.core.errors import ConfigError, UsageError
from curate.core.example import Place
from curate.core.files import path_of, write_json
from curate.core.finding import Finding
from curate.core.fingerprint import key_of
from curate.lint.rules.stale_suppressions import outdated, outdated_entry
from curate.lint.runner import CheckResult

NAMED = 5
"""Rules that are named when entries are outdated."""


class BaselineEntry(BaseModel):
    """Findings that are the same but for their number."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    code: str
    file: str
    """Where it was; counts only where there is no example."""
    example: str | None
    """Id of the example; null for a line that is none, and for a file as a whole."""
    pointer: str
    about: str = ""
    """What was said about a line that is no example."""
    count: Annotated[int, Field(ge=1)] = 1

    @property
    def key(self) -> tuple[str, str, str]:
        """As `key_of` makes it of a finding."""
        where = self.example or (f"{self.file}: {self.about}" if self.about else self.file)
        return self.code, where, self.pointer


class Baseline(BaseModel):
    """The file that `curate check --write-baseline` writes."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    version: Literal[1] = 1
    findings: tuple[BaselineEntry, ...] = ()
    """Sorted, so that two versions can be compared line by line."""


def baseline_of(report: CheckResult) -> Baseline:
    """The baseline in which all findings of a report are."""
    counts: Counter[BaselineEntry] = Counter(_entry(finding) for finding in report.findings if finding.code != outdated_entry.code)
    entries = [entry.model_copy(update={"count": count}) for entry, count in counts.items()]
    return Baseline(findings=tuple(sorted(entries, key=lambda entry: (entry.file, entry.code, entry.example or "", entry.pointer, entry.about))))


def _entry(finding: Finding) -> BaselineEntry:
    about = finding.message if finding.example is None and finding.line else ""
    return BaselineEntry(code=finding.code, file=finding.file, example=finding.example, pointer=finding.pointer, about=about)


def write_baseline(path: Path, report: CheckResult) -> int:
    """Write the baseline of a report; returns how many findings are in it. Raises `OutputError`."""
    baseline = baseline_of(report)
    write_json(path, baseline.model_dump(mode="json", exclude_defaults=True) | {"version": baseline.version})
    return sum(entry.count for entry in baseline.findings)


def load_baseline(path: Path) -> Baseline:
    """Read a baseline. Raises `UsageError` when there is none, `ConfigError` when it is none."""
    try:
        return Baseline.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file", f"write it first: curate check ... --write-baseline {path}") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", "check the path and its permissions") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ConfigError(f"{path}: not a baseline of this version: {place}: {first['msg']}", "write it again with --write-baseline") from None


def compare(report: CheckResult, baseline: Baseline, path: Path, files: Collection[str]) -> None:
    """Take the findings that `baseline` has out of the report, and put in that entries of the checked `files` match nothing any more."""
    left = Counter[tuple[str, str, str]]()
    for entry in baseline.findings:
        left[entry.key] += entry.count
    fresh = []
    for finding in report.findings:
        key = key_of(finding)
        if left[key] > 0:
            left[key] -= 1
        else:
            fresh.append(finding)
    report.known += len(report.findings) - len(fresh)
    stale: Counter[str] = Counter()
    for entry in baseline.findings:
        gone = min(entry.count, left[entry.key])
        left[entry.key] -= gone
        if gone and _was_asked(entry, report, files):
            stale[entry.code] += gone
    if stale:
        codes = ", ".join(f"{code} × {count:,}" for code, count in stale.most_common(NAMED)) + (", …" if len(stale) > NAMED else "")
        number = stale.total()
        said = f"{number:,} of its entries match no finding any more: {codes}" if number != 1 else f"one of its entries matches no finding any more: {codes}"
        fresh += outdated([(Place(str(path), 0), said)], report.severities_of)
    report.findings = fresh


def _was_asked(entry: BaselineEntry, report: CheckResult, files: Collection[str]) -> bool:
    """Whether this check could have found an entry again: its rule ran or is no more, its file was read or is no more."""
    return (entry.code in report.severities_of or entry.code not in report.rules) and (entry.file in files or not path_of(entry.file).exists())
