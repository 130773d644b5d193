"""A check's findings under headings: by file, or by rule."""

from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum

from curate.address import where
from curate.check import CheckReport
from curate.finding import Finding
from curate.report.check_text import SHOWN, ending, first_ones, rule_counts, safe, said
from curate.report.console import COLOURS, Styled
from curate.text import plural, visible


class GroupBy(StrEnum):
    """What findings are put together by."""

    FILE = "file"
    RULE = "rule"


def check_grouped(report: CheckReport, limit: int | None = SHOWN, by: GroupBy = GroupBy.FILE) -> Iterator[Styled]:
    """The lines of the report; of each rule at most `limit` findings are shown."""
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in first_ones(report, limit):
        groups[finding.file if by is GroupBy.FILE else finding.code].append(finding)
    if by is GroupBy.FILE:
        counts: dict[str, int] = defaultdict(int)
        for finding in report.findings:
            counts[finding.file] += 1
        order = list(groups.items())
    else:
        counts = dict(rule_counts(report))
        order = [(code, groups[code]) for code in counts]
    for key, findings in order:
        heading = key if by is GroupBy.FILE else f"{key} {report.rules[key].name if key in report.rules else ''}".rstrip()
        yield Styled((visible(heading), "bold"), f"  {plural(counts[key], 'finding')}")
        for finding in findings:
            yield _line(finding, report, by)
        yield Styled()
    yield from ending(report, limit)


def _line(finding: Finding, report: CheckReport, by: GroupBy) -> Styled:
    severity = COLOURS[finding.severity]
    if by is GroupBy.FILE:
        line = f"{finding.line:>8}  " if finding.line else "    file  "
        return Styled((line, "bold"), (finding.code, severity), f" {finding.severity} ", *said(finding, report))
    place = where(safe(finding.file), finding.line)
    return Styled("    ", (place, "bold"), ": ", (finding.severity.value, severity), " ", *said(finding, report))
