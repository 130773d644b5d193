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

    for finding in first_ones(report, limit):
        yield finding_line(finding)
    if report.findings:
        yield Text()
    yield from ending(report, limit)


def first_ones(report: CheckReport, limit: int | None) -> list[Finding]:
    """The findings that are shown: of each rule the first `limit`."""
    seen: Counter[str] = Counter()
    shown = []
    for finding in report.findings:
        seen[finding.code] += 1
        if limit is None or seen[finding.code] <= limit:
            shown.append(finding)
    return shown


def ending(report: CheckReport, limit: int | None) -> "Iterator[Text]":
    """How a report for a person ends: each rule with its count and the next step, what was hidden, and the sum."""
    from rich.text import Text

    by_rule = {finding.code: finding for finding in reversed(report.findings)}
    for code, count in rule_counts(report):
        held = f"; {count - limit:,} more not shown (--all shows them)" if limit is not None and count > limit else ""
        yield Text.assemble((code, COLOURS[by_rule[code].severity]), f" × {count:,}{held}: ", visible(by_rule[code].hint))
    if report.known:
        yield Text(f"{plural(report.known, 'finding')} of the baseline not shown", style="dim")
    if report.suppressed:
        yield Text(f"{plural(report.suppressed, 'finding')} suppressed with a reason", style="dim")
    yield Text(summary_line(report), style="bold")


def rule_counts(report: CheckReport) -> list[tuple[str, int]]:
    """Code and number of findings of each rule that has some: errors first, then by number."""
    rank: dict[str, int] = {}
    for finding in report.findings:
        rank[finding.code] = min(finding.severity.rank, rank.get(finding.code, 9))
    return sorted(report.codes.items(), key=lambda item: (rank[item[0]], -item[1]))


def summary_line(report: CheckReport) -> str:
    """How much was read, and how many findings there are, in one line."""
    counts = report.severities
    found = ", ".join(plural(counts[severity], severity.value) for severity in Severity if counts[severity])
    read = f"{plural(report.examples, 'example')} in {plural(report.lines, 'line')} of {plural(report.files, 'file')}"
    return f"{read}: {found or 'nothing to report'}"
