"""The baseline: findings that a project had when it adopted curate. Known findings are not reported.

An entry identifies its finding by rule, example and place in the example (see `curate.core.finding`), so lines may
move.
"""

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curate.core.errors import ConfigError, UsageError
from curate.core.example import Place
from curate.core.files import write_json
from curate.core.finding import Finding, key_of
from curate.lint.rules.dataset import outdated, outdated_entry
from curate.lint.runner import CheckResult

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
        """The key that `key_of` computes for the finding."""
        where = self.example or (f"{self.file}: {self.about}" if self.about else self.file)
        return self.code, where, self.pointer


class Baseline(BaseModel):
    """The file that `curate check --write-baseline` writes."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    version: Literal[1] = 1
    findings: tuple[BaselineEntry, ...] = ()
    """Sorted, so that two versions can be compared line by line."""


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


def compare(report: CheckResult, baseline: Baseline, path: Path, files: Collection[str]) -> None:
    """Remove the findings in `baseline` from the report, and add one about its entries of `files` that have none."""
    remaining = Counter[tuple[str, str, str]]()
    for entry in baseline.findings:
        remaining[entry.key] += entry.count
    new = []
    for finding in report.findings:
        key = key_of(finding)
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
