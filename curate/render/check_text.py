"""A check's findings for people: one line each, optionally grouped and limited per rule, or only the counts."""

import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from curate.core.example import where
from curate.core.finding import Finding, Severity
from curate.core.text import plural, visible
from curate.lint.rules.rule import Scope
from curate.lint.runner import CheckResult
from curate.render.console import COLOURS, Styled, command_for
from curate.storage.files import files_by_split
from curate.storage.urls import is_url

MAX_SHOWN = 20
"""Findings per rule that are shown; the rest is counted."""
FIXABLE = "[*] "
"""Marks findings that `--fix` fixes."""

NOT_COMPARED = "contradictions: only facts in answers to equal requests compared; {command} finds more"
"""The last note of a check that compared only answers to equal requests."""
SCORED = {
    "Q006": "in a loop",
    "Q008": "cut off",
    "Q014": "in another script",
    "Q024": "without a beginning",
    "Q030": "in another language",
    "Q032": "garbled",
}
"""Rules of whose defects a signal of `curate score` may find more, and what their findings say of the answers."""
MAX_CACHED_CHARS = 1_000
_cached_visible = lru_cache(maxsize=4096)(visible)


class GroupBy(StrEnum):
    """How findings are grouped."""

    FILE = "file"
    RULE = "rule"


def safe(text: str) -> str:
    """A text as `visible` returns it, cached: file names, messages and pointers repeat."""
    return _cached_visible(text) if len(text) <= MAX_CACHED_CHARS else visible(text)


def finding_line(finding: Finding, report: CheckResult) -> Styled:
    """`data.jsonl:3: M016 warning [*] two user turns in a row (/messages/2)`, safe to print."""
    place = where(safe(finding.file), finding.line)
    return Styled(
        (place, "bold"),
        ": ",
        (finding.code, COLOURS[finding.severity]),
        f" {finding.severity} ",
        *finding_details(finding, report),
    )


def finding_details(finding: Finding, report: CheckResult) -> tuple[tuple[str, str], ...]:
    """The end of a finding's line: fixable mark, message and pointer."""
    where = f" ({safe(finding.pointer)})" if finding.pointer else ""
    return (FIXABLE if report.is_safe(finding) else "", "green"), (safe(finding.message), ""), (where, "dim")


def check_text(report: CheckResult, limit: int | None = MAX_SHOWN) -> Iterator[Styled]:
    """The lines of the report, at most `limit` findings per rule (None: all); the others are counted."""
    for finding in first_ones(report, limit):
        yield finding_line(finding, report)
    if report.findings:
        yield Styled()
    yield from report_end(report, limit)


def check_grouped(report: CheckResult, limit: int | None = MAX_SHOWN, by: GroupBy = GroupBy.FILE) -> Iterator[Styled]:
    """The lines of the grouped report, at most `limit` findings per rule."""
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
        heading = (
            key if by is GroupBy.FILE else f"{key} {report.rules[key].name if key in report.rules else ''}".rstrip()
        )
        yield Styled((visible(heading), "bold"), f"  {plural(counts[key], 'finding')}")
        for finding in findings:
            yield _grouped_line(finding, report, by)
        yield Styled()
    yield from report_end(report, limit)


def _grouped_line(finding: Finding, report: CheckResult, by: GroupBy) -> Styled:
    severity = COLOURS[finding.severity]
    if by is GroupBy.FILE:
        line = f"{finding.line:>8}  " if finding.line else "    file  "
        return Styled(
            (line, "bold"), (finding.code, severity), f" {finding.severity} ", *finding_details(finding, report)
        )
    place = where(safe(finding.file), finding.line)
    return Styled(
        "    ", (place, "bold"), ": ", (finding.severity.value, severity), " ", *finding_details(finding, report)
    )


def check_statistics(report: CheckResult) -> Iterator[Styled]:
    """The number of findings per rule, errors first."""
    severities = {finding.code: finding.severity for finding in reversed(report.findings)}
    for code, count in rule_counts(report):
        rule = report.rules.get(code)
        yield Styled(
            f"{count:>9,}  ", (code, COLOURS[severities[code]]), f" {severities[code]:<7} ", rule.name if rule else ""
        )
    yield Styled((summary_line(report), "bold"))


def first_ones(report: CheckResult, limit: int | None) -> list[Finding]:
    """The first `limit` findings of each rule."""
    counts: Counter[str] = Counter()
    shown = []
    for finding in report.findings:
        counts[finding.code] += 1
        if limit is None or counts[finding.code] <= limit:
            shown.append(finding)
    return shown


def report_end(report: CheckResult, limit: int | None) -> Iterator[Styled]:
    """The end of a report for people: counts and next step per rule, hidden findings, total, available fixes."""
    by_rule = {finding.code: finding for finding in reversed(report.findings)}
    for code, count in rule_counts(report):
        hidden = f"; {count - limit:,} more not shown (--all shows them)" if limit is not None and count > limit else ""
        yield Styled((code, COLOURS[by_rule[code].severity]), f" × {count:,}{hidden}: ", visible(by_rule[code].hint))
    if report.known:
        yield Styled((f"{plural(report.known, 'finding')} of the baseline not shown", "dim"))
    if report.suppressed:
        yield Styled((f"{plural(report.suppressed, 'finding')} suppressed with a reason", "dim"))
    compared = any(report.rules[code].scope is Scope.CONFLICTS for code in report.severities_of)
    if report.examples > 1 and not compared:
        yield Styled((NOT_COMPARED.format(command=command_for("conflicts", report.paths)), "dim"))
    if folder := _unverified_folder(report):
        yield Styled((f"splits not compared: run `curate verify {visible(shlex.quote(folder))}`", "dim"))
    if scored := [
        f"{plural(report.codes[code], 'answer')} {description}"
        for code, description in SCORED.items()
        if report.codes[code]
    ]:
        yield Styled((f"{', '.join(scored)}: {command_for('score', report.paths)} may find more", "dim"))
    yield Styled((summary_line(report), "bold"))
    if fixes := fixes_line(report):
        yield Styled(fixes)


def _unverified_folder(report: CheckResult) -> str:
    """The first folder of which a training split and another one were checked; empty if there is none."""
    files: dict[str, list[Path]] = defaultdict(list)
    for name in report.paths:
        if not is_url(name):
            files[str(Path(name).parent)].append(Path(name))
    return next((folder for folder, paths in files.items() if "train" in files_by_split(paths)), "")


def fixes_line(report: CheckResult) -> str:
    """The number of findings that `--fix` and `--unsafe-fixes` fix; empty if there are none."""
    fixable = [finding for finding in report.findings if finding.fixable]
    mended = sum(report.is_safe(finding) for finding in fixable)
    unsafe_count = len(fixable) - mended
    if not fixable:
        return ""
    if not mended:
        return f"{unsafe_count:,} can be fixed with --fix --unsafe-fixes"
    unsafe = f", {unsafe_count:,} more with --unsafe-fixes" if unsafe_count else ""
    return f"{FIXABLE}{mended:,} can be fixed with --fix{unsafe}"


def rule_counts(report: CheckResult) -> list[tuple[str, int]]:
    """Code and count of each rule with findings: errors first, then by count."""
    rank: dict[str, int] = {}
    for finding in report.findings:
        rank[finding.code] = min(finding.severity.rank, rank.get(finding.code, 9))
    return sorted(report.codes.items(), key=lambda item: (rank[item[0]], -item[1]))


def summary_line(report: CheckResult) -> str:
    """The amount of data and the number of findings, in one line."""
    counts = report.severities
    counted = ", ".join(plural(counts[severity], severity.value) for severity in Severity if counts[severity])
    return f"{report.amount} of {plural(report.files, 'file')}: {counted or 'no findings'}"
