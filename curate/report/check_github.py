"""A check's findings as workflow commands, which GitHub shows next to the lines of a pull request.

Grammar: `::error file=F,line=L,col=C,endLine=L,endColumn=C,title=T::message`, where `%`, carriage return and line feed
are written `%25`, `%0D`, `%0A`, in properties `:` and `,` as `%3A` and `%2C` too.
"""

from collections.abc import Iterator

from curate.core.finding import Finding, Severity
from curate.core.text import visible
from curate.lint.runner import CheckResult
from curate.report.check_source import SourceRange, source_ranges
from curate.report.check_text import SHOWN, first_ones

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def check_github(report: CheckResult, limit: int | None = SHOWN) -> Iterator[str]:
    """One command per finding, at most `limit` per rule; a notice counts the others."""
    shown = first_ones(report, limit)
    for finding, spot in zip(shown, source_ranges(shown, text=False), strict=True):
        yield _command(finding, spot, report) + "\n"
    if len(shown) < len(report.findings):
        yield (
            f"::notice title=curate::{len(report.findings) - len(shown):,} more findings not shown (--all shows them)\n"
        )


def _command(finding: Finding, spot: SourceRange | None, report: CheckResult) -> str:
    rule = report.rules.get(finding.code)
    properties = {"file": finding.file}
    if finding.line:
        properties["line"] = str(finding.line)
    if spot is not None and spot.line == spot.end_line:  # GitHub supports columns within one line only
        properties |= {"col": str(spot.column), "endColumn": str(max(spot.column, spot.end_column - 1))}
    properties["title"] = f"{finding.code} {rule.name}" if rule else finding.code
    where = f" ({finding.pointer})" if finding.pointer else ""
    given = ",".join(
        f"{key}={_data(value).replace(':', '%3A').replace(',', '%2C')}" for key, value in properties.items()
    )
    return f"::{COMMANDS[finding.severity]} {given}::{_data(f'{finding.message}{where}. {finding.hint}')}"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
