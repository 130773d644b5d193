"""A check's report as JSON Lines: a finding a line, the summary last; for data too large for one JSON value."""

import json
from collections.abc import Iterator

from pydantic import BaseModel

from curate.check import CheckReport
from curate.finding import Finding
from curate.report.check_json import CheckSummary, summary_json


class SummaryLine(BaseModel):
    """The last line; the ones before it are findings."""

    summary: CheckSummary


CheckLine = Finding | SummaryLine
"""A line of the output."""


def check_jsonl(report: CheckReport) -> Iterator[str]:
    """The lines, all ASCII: names and keys from the data may hold what a terminal obeys."""
    for finding in report.findings:
        yield json.dumps(finding.as_json()) + "\n"
    yield json.dumps({"summary": summary_json(report)}) + "\n"
