"""A check's findings as a GitLab code quality report: a JSON array, which a merge request shows beside its changes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from curate.core.finding import Finding, Fingerprint, Severity, fingerprints
from curate.core.text import visible
from curate.lint.runner import CheckResult

SEVERITIES: Final = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def check_gitlab(report: CheckResult) -> Iterator[str]:
    """The report as ASCII JSON text, one finding per line."""
    separator = "[\n"
    for finding, key in zip(report.findings, fingerprints(report.findings), strict=True):
        yield separator + json.dumps(_issue(finding, key))
        separator = ",\n"
    yield "\n]\n" if report.findings else "[]\n"


def _issue(finding: Finding, key: Fingerprint) -> dict[str, object]:
    where = f" ({finding.pointer})" if finding.pointer else ""
    path = Path(finding.file)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):  # GitLab matches paths in the repository only
        path = path.relative_to(Path.cwd())
    return {
        "description": visible(f"{finding.code} {finding.message}{where}. {finding.hint}"),
        "check_name": finding.code,
        "fingerprint": key.digest,
        "severity": SEVERITIES[finding.severity],
        "location": {"path": path.as_posix(), "lines": {"begin": max(1, finding.line)}},
    }
