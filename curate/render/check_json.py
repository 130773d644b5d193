"""A check's report as JSON, and as JSON Lines for large data; ASCII only, since names and keys may contain controls.

The interfaces are `schemas/check.schema.json` and `schemas/check-line.schema.json`.
"""

import json
from collections.abc import Iterator
from typing import Any

from curate.core.finding import Finding, Severity
from curate.core.json_output import OutputModel, output_values
from curate.lint.runner import CheckResult


class CheckSummary(OutputModel):
    """Counts of a check."""

    files: int
    lines: int
    """Non-blank lines."""
    examples: int
    """Lines with an example in a known format."""
    not_understood: int
    """Lines without an example in a known format, whether or not the rules about that ran."""
    severities: dict[Severity, int]
    codes: dict[str, int]
    known: int
    """Findings left out because they are in the baseline."""
    suppressed: int
    """Findings left out because a person suppressed them with a reason."""
    limits: list[str]
    """What was not compared in a file because the file has too much of it."""
    seconds: float


class CheckOutput(OutputModel, title="CheckResult"):
    """What `curate check --output-format json` prints."""

    findings: list[Finding]
    summary: CheckSummary


class SummaryLine(OutputModel):
    """The last line; all lines before it are findings."""

    summary: CheckSummary


CheckLine = Finding | SummaryLine
"""A line of the output."""


def check_json(report: CheckResult, *, counts: bool = False) -> Iterator[str]:
    """The report as one value; with `counts`, without its findings."""
    findings = [] if counts else [finding.as_json() for finding in report.findings]
    yield json.dumps({"findings": findings, "summary": summary_json(report)}) + "\n"


def check_jsonl(report: CheckResult, *, counts: bool = False) -> Iterator[str]:
    """One line per finding and a summary line; with `counts`, only the summary."""
    for finding in () if counts else report.findings:
        yield json.dumps(finding.as_json()) + "\n"
    yield json.dumps({"summary": summary_json(report)}) + "\n"


def summary_json(report: CheckResult) -> dict[str, Any]:
    """The counts as plain values."""
    severities = {severity: report.severities[severity] for severity in Severity}
    codes, seconds = dict(sorted(report.codes.items())), round(report.seconds, 3)
    return output_values(CheckSummary, report, severities=severities, codes=codes, seconds=seconds)
