"""A check's findings for a person: one line each, a limit for each rule, and what to do next."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from curate.check import CheckReport
from curate.finding import Finding, Severity
from curate.report.console import COLOURS
from curate.text import plural, visible

if TYPE_CHECKING:
    from rich.text import Text

SHOWN = 20
"""Findings of one rule that are shown before the rest is only counted."""


def finding_line(finding: Finding) -> "Text":
    """`data.jsonl:3: M016 warning two user turns in a row (/messages/2)`, safe to print."""
    from rich.text import Text

    place = f"{visible(finding.file)}:{finding.line}" if finding.line else visible(finding.file)
    where = f" ({visible(finding.pointer)})" if finding.pointer else ""
    return Text.assemble((place, "bold"), ": ", (finding.code, COLOURS[finding.severity]), f" {finding.severity} ", visible(finding.message), (where, "dim"))


def check_text(report: CheckReport, limit: int | None = SHOWN) -> "Iterator[Text]":
    """The lines of the report. Of each rule at most `limit` findings are shown (None: all); what is held back is counted."""
    from rich.text import Text

    shown: Counter[str] = Counter()
    for finding in report.findings:
        shown[finding.code] += 1
        if limit is None or shown[finding.code] <= limit:
            yield finding_line(finding)
    by_rule = {finding.code: finding for finding in reversed(report.findings)}
    if by_rule:
        yield Text()
    for code, count in sorted(shown.items(), key=lambda item: (by_rule[item[0]].severity.rank, -item[1])):
        held = f"; {count - limit:,} more not shown (--all shows them)" if limit is not None and count > limit else ""
        yield Text.assemble((code, COLOURS[by_rule[code].severity]), f" × {count:,}{held}: ", by_rule[code].hint)
    yield Text(summary_line(report), style="bold")


def summary_line(report: CheckReport) -> str:
    """How much was read, and how many findings there are, in one line."""
    counts = report.severities
    found = ", ".join(plural(counts[severity], severity.value) for severity in Severity if counts[severity])
    read = f"{plural(report.examples, 'example')} in {plural(report.lines, 'line')} of {plural(report.files, 'file')}"
    return f"{read}: {found or 'nothing to report'}"
