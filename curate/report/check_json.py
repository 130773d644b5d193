"""A check's report as JSON: a documented interface, `schemas/check.schema.json`."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from curate.check import CheckReport
from curate.finding import Finding, Severity


class CheckSummary(BaseModel):
    """Counts of a check."""

    model_config = ConfigDict(use_attribute_docstrings=True)

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


class CheckOutput(BaseModel):
    """What `curate check --output-format json` prints."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    findings: list[Finding]
    summary: CheckSummary


def check_json(report: CheckReport) -> dict[str, Any]:
    """The report as plain values."""
    return {"findings": [finding.as_json() for finding in report.findings], "summary": summary_json(report)}


def summary_json(report: CheckReport) -> dict[str, Any]:
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
