"""A check's findings as counts alone: a line a rule."""

from collections.abc import Iterator

from curate.check import CheckReport
from curate.report.check_text import rule_counts, summary_line
from curate.report.console import COLOURS, Styled


def check_statistics(report: CheckReport) -> Iterator[Styled]:
    """How many findings each rule has, errors first."""
    severities = {finding.code: finding.severity for finding in reversed(report.findings)}
    for code, count in rule_counts(report):
        rule = report.rules.get(code)
        yield Styled(f"{count:>9,}  ", (code, COLOURS[severities[code]]), f" {severities[code]:<7} ", rule.name if rule else "")
    yield Styled((summary_line(report), "bold"))
