"""A check's findings for CI services and editors: GitHub's workflow commands, GitLab's code quality report, JUnit XML,
and SARIF 2.1.0 (OASIS).

GitHub shows commands next to the lines of a pull request. Grammar:
`::error file=F,line=L,col=C,endLine=L,endColumn=C,title=T::message`, where `%`, carriage return and line feed are
written `%25`, `%0D`, `%0A`, in properties `:` and `,` as `%3A` and `%2C` too. GitLab shows a JSON array beside the
changes of a merge request. JUnit has one suite per file and one case per rule, which fails if it has findings.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path, PurePath
from typing import Any, Final
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

import orjson

from curate import __version__
from curate.core.finding import Finding, Fingerprint, Severity, fingerprints
from curate.core.text import visible
from curate.lint.rules.rule import Rule
from curate.lint.runner import CheckResult
from curate.render.check_source import SourceRange, source_ranges
from curate.render.check_text import MAX_SHOWN, first_ones, safe
from curate.storage.tables import TABLE_SUFFIXES

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LOG_END: Final = "]}]}"
LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
SEVERITIES: Final = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def _text_of(finding: Finding) -> str:
    """The message of a finding and its pointer."""
    return f"{finding.message} ({finding.pointer})" if finding.pointer else finding.message


def check_github(report: CheckResult, limit: int | None = MAX_SHOWN) -> Iterator[str]:
    """One command per finding, at most `limit` per rule; a notice counts the others."""
    shown = first_ones(report, limit)
    for finding, span in zip(shown, source_ranges(shown, report.paths, text=False), strict=True):
        yield _command(finding, span, report) + "\n"
    if len(shown) < len(report.findings):
        yield (
            f"::notice title=curate::{len(report.findings) - len(shown):,} more findings not shown (--all shows them)\n"
        )


def _command(finding: Finding, span: SourceRange | None, report: CheckResult) -> str:
    """The workflow command of GitHub for a finding; columns only if the finding is within one line."""
    rule = report.rules.get(finding.code)
    properties = {"file": finding.file}
    if finding.line:
        properties["line"] = str(finding.line)
    if span is not None and span.line == span.end_line:  # GitHub supports columns within one line only
        properties |= {"col": str(span.column), "endColumn": str(max(span.column, span.end_column - 1))}
    properties["title"] = f"{finding.code} {rule.name}" if rule else finding.code
    encoded = ",".join(
        f"{key}={_escaped_data(value).replace(':', '%3A').replace(',', '%2C')}" for key, value in properties.items()
    )
    return f"::{COMMANDS[finding.severity]} {encoded}::{_escaped_data(f'{_text_of(finding)}. {finding.hint}')}"


def _escaped_data(text: str) -> str:
    """A text with the escapes of workflow commands: `%25`, `%0D`, `%0A`."""
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def check_gitlab(report: CheckResult) -> Iterator[str]:
    """The report as ASCII JSON text, one finding per line."""
    separator = "[\n"
    for finding, key in zip(report.findings, fingerprints(report.findings), strict=True):
        yield separator + json.dumps(_issue(finding, key))
        separator = ",\n"
    yield "\n]\n" if report.findings else "[]\n"


def _issue(finding: Finding, key: Fingerprint) -> dict[str, object]:
    """A finding as an issue of the Code Climate format, which GitLab reads."""
    path = Path(finding.file)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):  # GitLab matches paths in the repository only
        path = path.relative_to(Path.cwd())
    return {
        "description": visible(f"{finding.code} {_text_of(finding)}. {finding.hint}"),
        "check_name": finding.code,
        "fingerprint": key.digest,
        "severity": SEVERITIES[finding.severity],
        "location": {"path": path.as_posix(), "lines": {"begin": max(1, finding.line)}},
    }


def check_junit(report: CheckResult) -> Iterator[str]:
    """The JUnit document in pieces: a suite for each file, a case for each rule. Findings of severity info do not fail
    a case; they are its output.
    """
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
            f'  <testsuite name={_quoted(file)} tests="{len(group)}" failures="{failures}" errors="0" skipped="0">\n'
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
    """Whether one of the findings is an error or a warning."""
    return any(finding.severity is not Severity.INFO for finding in findings)


def _case(name: str, file: str, findings: list[Finding]) -> Iterator[str]:
    """The XML of a case; `name`: the rule, `findings`: those of this rule in the file."""
    yield f"    <testcase name={_quoted(name)} classname={_quoted(file)} file={_quoted(file)}"
    yield f' line="{max(1, findings[0].line)}">\n'
    text = "".join(f"{_escaped(_line(finding))}\n" for finding in findings)
    if _fails(findings):
        worst = min(findings, key=lambda finding: finding.severity.rank)
        note = worst.message if len(findings) == 1 else f"{worst.message} (and {len(findings) - 1:,} more)"
        yield f'      <failure type="{worst.severity}" message={_quoted(note)}>{text}{_escaped(worst.hint)}</failure>\n'
    else:
        yield f"      <system-out>{text}</system-out>\n"
    yield "    </testcase>\n"


def _line(finding: Finding) -> str:
    return f"{finding.file}:{finding.line}: {finding.code} {finding.severity} {_text_of(finding)}"


def _escaped(text: str) -> str:
    """A text as the content of an XML element."""
    return escape(_valid_xml(text))


def _quoted(text: str) -> str:
    """A text as the quoted value of an XML attribute."""
    return quoteattr(_valid_xml(text))


def _valid_xml(text: str) -> str:
    """Replace characters that XML cannot represent: controls by visible escapes, the two noncharacters by U+FFFD."""
    return visible(text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


def check_sarif(report: CheckResult) -> Iterator[str]:
    """The log as ASCII JSON text, one result per line."""
    log, results = _log(report)
    yield json.dumps(log).removesuffix(LOG_END) + "\n"
    separator = ""
    for result in results:
        yield separator + _ascii(result)
        separator = ",\n"
    yield f"\n{LOG_END}\n"


def _ascii(value: dict[str, Any]) -> str:
    """A value as ASCII JSON text; the fast JSON writer cannot escape non-ASCII characters."""
    data = orjson.dumps(value)
    return data.decode("ascii") if data.isascii() else json.dumps(value)


def _log(report: CheckResult) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    """The log without results, and an iterator over these: there may be a million."""
    codes = sorted(report.codes)
    positions = {code: position for position, code in enumerate(codes)}
    keys = fingerprints(report.findings)
    results = (
        _result(finding, positions[finding.code], span, key.digest)
        for finding, span, key in zip(
            report.findings, source_ranges(report.findings, report.paths, text=False), keys, strict=True
        )
    )
    rules = [_rule(code, report.rules.get(code)) for code in codes]
    driver = {"name": "curate", "version": __version__, "semanticVersion": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True}],
        "results": [],  # the last key, see LOG_END
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, results


@cache
def documentation() -> str:
    """The address of the documentation, with a slash at its end, as the package's metadata has it; empty without."""
    try:
        urls = metadata("curate-chat").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    address = next((url for label, _, url in (entry.partition(", ") for entry in urls) if label == "Documentation"), "")
    return address and f"{address.rstrip('/')}/"


def rule_page(code: str) -> str:
    """The address of the page about a rule; empty if the address of the documentation is unknown."""
    site = documentation()
    return site and f"{site}reference/rules/{code}.html"


def _rule(code: str, rule: Rule | None) -> dict[str, Any]:
    """The reporting descriptor of a rule; only its id if the rule is unknown."""
    if rule is None:
        return {"id": code}
    examples = [(label, visible(text, keep_newlines=True)) for label, text in rule.samples]
    plain = "\n\n".join([rule.rationale, rule.hint, *(f"{label}:\n{text}" for label, text in examples)])
    markdown = "\n\n".join(
        [rule.rationale, f"**Next:** {rule.hint}", *(f"**{label}:**\n\n```json\n{text}```" for label, text in examples)]
    )
    uri = {"helpUri": page} if (page := rule_page(code)) else {}
    return {
        "id": code,
        **uri,
        "name": "".join(part.capitalize() for part in rule.name.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": f"{rule.summary} {rule.rationale}".strip()},
        "help": {"text": plain, "markdown": markdown},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"tags": [f"family-{code[:1]}", str(rule.scope)]},
    }


def _result(finding: Finding, rule_index: int, span: SourceRange | None, fingerprint: str) -> dict[str, Any]:
    """The result of a finding; `rule_index`: its rule's position in the log's rules; `span`: None if unknown."""
    where = f" ({finding.pointer})" if finding.pointer else ""
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.file)}}
    if finding.line:
        location["region"] = _region(finding, span)
    place: dict[str, Any] = {"physicalLocation": location}
    if finding.pointer:
        place["logicalLocations"] = [{"fullyQualifiedName": safe(finding.pointer), "kind": "value"}]
    return {
        "ruleId": finding.code,
        "ruleIndex": rule_index,
        "level": LEVELS[finding.severity],
        "message": {"text": safe(f"{finding.message}{where}. {finding.hint}")},
        "locations": [place],
        "partialFingerprints": {"curate/v1": fingerprint},
        "properties": {"fixable": finding.fixable, **({"example": finding.example} if finding.example else {})},
    }


def _region(finding: Finding, span: SourceRange | None) -> dict[str, int]:
    """The region of a finding; only its line if the range is unknown."""
    if span is None:
        return {"startLine": finding.line}
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    packed = finding.file.endswith((".gz", ".zst", *TABLE_SUFFIXES))  # offsets would refer to the decompressed content
    return region if packed else {**region, "byteOffset": span.offset, "byteLength": span.length}


@lru_cache(maxsize=64)
def _uri(file: str) -> str:
    """A URI reference; `file:` for absolute paths."""
    path = PurePath(file)
    quoted = quote(path.as_posix().encode("utf-8", "surrogatepass"))
    return f"file://{quoted}" if path.is_absolute() else quoted
