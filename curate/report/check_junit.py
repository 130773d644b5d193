"""A check's report as JUnit XML: one suite per file, one case per rule, which fails if it has findings."""

from collections import defaultdict
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from curate.core.finding import Finding, Severity
from curate.core.text import visible
from curate.lint.runner import CheckResult


def check_junit(report: CheckResult) -> Iterator[str]:
    """The document, suite by suite. Findings of severity info go to the suite's output and fail nothing."""
    groups: dict[str, dict[str, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for finding in report.findings:
        groups[finding.file][finding.code].append(finding)
    cases = sum(len(group) for group in groups.values())
    failing = sum(_fails(findings) for group in groups.values() for findings in group.values())
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield (
        f'<testsuites name="curate check" tests="{cases or 1}" failures="{failing}" errors="0" '
        f'time="{report.seconds:.3f}">\n'
    )
    for file, group in groups.items():
        failures = sum(map(_fails, group.values()))
        yield (
            f'  <testsuite name={_attribute(file)} tests="{len(group)}" failures="{failures}" errors="0" skipped="0">\n'
        )
        for code, findings in group.items():
            rule = report.rules.get(code)
            yield from _case(f"{code} {rule.name}" if rule else code, file, findings)
        yield "  </testsuite>\n"
    if not groups:  # consumers treat a document without cases as a failed run
        yield '  <testsuite name="curate check" tests="1" failures="0" errors="0" skipped="0">\n'
        yield '    <testcase name="no findings" classname="curate check"/>\n  </testsuite>\n'
    yield "</testsuites>\n"


def _fails(findings: list[Finding]) -> bool:
    return any(finding.severity is not Severity.INFO for finding in findings)


def _case(name: str, file: str, findings: list[Finding]) -> Iterator[str]:
    yield f"    <testcase name={_attribute(name)} classname={_attribute(file)} file={_attribute(file)}"
    yield f' line="{max(1, findings[0].line)}">\n'
    text = "".join(f"{_text(_line(finding))}\n" for finding in findings)
    if _fails(findings):
        worst = min(findings, key=lambda finding: finding.severity.rank)
        said = worst.message if len(findings) == 1 else f"{worst.message} (and {len(findings) - 1:,} more)"
        yield f'      <failure type="{worst.severity}" message={_attribute(said)}>{text}{_text(worst.hint)}</failure>\n'
    else:
        yield f"      <system-out>{text}</system-out>\n"
    yield "    </testcase>\n"


def _line(finding: Finding) -> str:
    where = f" ({finding.pointer})" if finding.pointer else ""
    return f"{finding.file}:{finding.line}: {finding.code} {finding.severity} {finding.message}{where}"


def _text(text: str) -> str:
    return escape(_allowed(text))


def _attribute(text: str) -> str:
    return quoteattr(_allowed(text))


def _allowed(text: str) -> str:
    """Replace characters that XML cannot represent: controls by visible escapes, the two noncharacters by U+FFFD."""
    return visible(text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
