"""A check's findings as counts alone: a line a rule."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from curate.check import CheckReport
from curate.report.check_text import rule_counts, summary_line
from curate.report.console import COLOURS

if TYPE_CHECKING:
    from rich.text import Text


def check_statistics(report: CheckReport) -> "Iterator[Text]":
    """How many findings each rule has, errors first."""
    from rich.text import Text

    severities = {finding.code: finding.severity for finding in reversed(report.findings)}
    for code, count in rule_counts(report):
        rule = report.rules.get(code)
        yield Text.assemble(f"{count:>9,}  ", (code, COLOURS[severities[code]]), f" {severities[code]:<7} ", rule.name if rule else "")
    yield Text(summary_line(report), style="bold")
