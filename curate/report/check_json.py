"""A check's report as JSON, and as JSON Lines for data too large for one JSON value: documented interfaces,
`schemas/check.schema.json` and `schemas/check-line.schema.json`. All of it is ASCII: names and keys from the data may
hold what a terminal obeys.
"""

import json
from collections.abc import Iterator
from typing import Any

from curate.core.finding import Finding, Severity
from curate.lint.runner import CheckResult
from curate.report.part import Part


class CheckSummary(Part):
    """Counts of a check."""

    files: int
    lines: int
    """Lines read, blank ones left out."""
    examples: int
    """Lines that hold an object."""
    not_understood: int
    """Lines that hold no example in a known form, whether or not the rules that say so ran."""
    severities: dict[Severity, int]
    codes: dict[str, int]
    known: int
    """Findings not told because the baseline has them."""
    suppressed: int
    """Findings not told because a person suppressed them with a reason."""
    seconds: float


class CheckOutput(Part, title="CheckResult"):
    """What `curate check --output-format json` prints."""

    findings: list[Finding]
    summary: CheckSummary


class SummaryLine(Part):
    """The last line; the ones before it are findings."""

    summary: CheckSummary


CheckLine = Finding | SummaryLine
"""A line of the output."""


def check_json(report: CheckResult, *, counts: bool = False) -> Iterator[str]:
    """The report as one value; with `counts` without its findings."""
    findings = [] if counts else [finding.as_json() for finding in report.findings]
    yield json.dumps({"findings": findings, "summary": summary_json(report)}) + "\n"


def check_jsonl(report: CheckResult, *, counts: bool = False) -> Iterator[str]:
    """A finding a line, the summary last; with `counts` that alone."""
    for finding in () if counts else report.findings:
        yield json.dumps(finding.as_json()) + "\n"
    yield json.dumps({"summary": summary_json(report)}) + "\n"


def summary_json(report: CheckResult) -> dict[str, Any]:
    """Its counts as plain values."""
    return {
        "files": report.files,
        "lines": report.lines,
        "examples": report.examples,
        "not_understood": report.not_understood,
        "severities": {severity.value: report.severities[severity] for severity in Severity},
        "codes": dict(sorted(report.codes.items())),
        "known": report.known,
        "suppressed": report.suppressed,
        "seconds": round(report.seconds, 3),
    }
