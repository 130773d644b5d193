"""A check's report as SARIF 2.1.0 (OASIS), for code scanning services and editors."""

import json
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

import orjson

from curate import __version__
from curate.core.finding import Finding, Severity, fingerprints
from curate.core.tables import TABLE_SUFFIXES
from curate.core.text import visible
from curate.lint.rules.rule import Rule
from curate.lint.runner import CheckResult
from curate.render.check_source import SourceRange, source_ranges
from curate.render.check_text import safe

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LOG_END: Final = "]}]}"
LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


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
