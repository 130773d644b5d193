"""The formats that others define, held against what they define: SARIF's schema, JUnit's structure, the grammar of
GitHub's runner, our own schemas.
"""

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema.validators import validator_for

from curate.core.finding import Finding, Severity
from curate.core.text import visible
from curate.lint.rules import RULES
from curate.lint.runner import CheckResult, check_paths
from curate.render.check_formats import OutputFormat, formatted_report
from tests.conftest import Write, chat

ROOT: Final = Path(__file__).parent.parent.parent
# As Jenkins defines it (jenkins-junit.xsd), which GitLab, GitHub's actions and Azure read too: the attributes that an
# element may have, the ones
# that it must have, and the elements that may stand in it.
JUNIT: Final[dict[str, tuple[set[str], set[str], set[str]]]] = {
    "testsuites": ({"name", "time", "tests", "failures", "disabled", "errors"}, set(), {"testsuite"}),
    "testsuite": (
        {
            "name",
            "tests",
            "failures",
            "errors",
            "group",
            "time",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
            "file",
            "log",
            "url",
            "version",
        },
        {"name"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name", "assertions", "time", "classname", "status", "class", "file", "line", "log", "group", "url"},
        {"name"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": ({"type", "message"}, set(), set()),
    "system-out": (set(), set(), set()),
}
hostile = st.text(st.characters(exclude_categories=[]), max_size=40) | st.sampled_from(
    ["%0A", "::error::", "]]>", "a,b:c%25", "\ud800", "\x00\x1b[31m", "\u202e"]
)


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    code = draw(st.sampled_from(["C001", "M016", "Q004", "X999"]))
    file = draw(hostile.map(lambda text: text.replace("/", "_") or "a").filter("-".__ne__))  # which is standard input
    said, hint = draw(hostile), draw(hostile)
    line, pointer = draw(st.integers(0, 10**9)), draw(st.sampled_from(["", "/messages/0", "/a~1b/\x1b"]) | hostile)
    return Finding(
        code,
        draw(st.sampled_from(Severity)),
        file,
        line,
        pointer,
        said,
        hint,
        draw(st.booleans()),
        draw(st.none() | st.just("ab" * 16)),
    )


reports = st.lists(findings(), max_size=5).map(
    lambda found: CheckResult(found, files=1, lines=3, examples=2, rules=RULES)
)


def text_of(report: CheckResult, kind: OutputFormat) -> str:
    return "".join(map(str, formatted_report(report, kind, [], None)))


@cache
def validator(path: Path) -> Any:
    schema = json.loads(path.read_text())
    found = validator_for(schema)
    found.check_schema(schema)
    return found(schema, format_checker=found.FORMAT_CHECKER)


def mistakes(value: Any, path: Path) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator(path).iter_errors(value)]


SARIF: Final = ROOT / "tests" / "data" / "sarif-2.1.0.json"


@pytest.mark.slow
@given(reports)
def test_any_findings_make_sarif(report: CheckResult) -> None:
    log = json.loads(text_of(report, OutputFormat.SARIF))
    assert mistakes(log, SARIF) == []
    assert [result["ruleId"] for result in log["runs"][0]["results"]] == [finding.code for finding in report.findings]


def test_sarif_of_files_of_every_kind_keeps_to_the_schema(write: Write) -> None:
    wrong = {"messages": [{"role": "human", "content": "日本 "}, {"role": "assistant", "content": ""}]}
    files = [
        write("lines.jsonl", [wrong, b"{", chat("Hi", "Hello.")]),
        write("pretty.json", json.dumps([wrong, wrong], indent=2).encode()),
        write("packed.jsonl.gz", gzip.compress(json.dumps(wrong).encode())),
        write("empty.jsonl", b""),
        write("sub folder/ü %.jsonl", [wrong]).absolute(),
    ]
    log = json.loads(text_of(check_paths(files), OutputFormat.SARIF))
    assert mistakes(log, SARIF) == []
    assert {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].rpartition("/")[2]
        for result in log["runs"][0]["results"]
    } == {
        "lines.jsonl",
        "pretty.json",
        "packed.jsonl.gz",
        "empty.jsonl",
        "%C3%BC%20%25.jsonl",
    }


def test_the_schema_of_sarif_refuses_what_is_none() -> None:
    assert mistakes({"version": "2.1.0"}, SARIF)
    assert mistakes(
        {
            "version": "2.1.0",
            "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"message": {"text": "a"}, "level": "bad"}]}],
        },
        SARIF,
    )


@given(reports)
def test_any_findings_make_junit(report: CheckResult) -> None:
    root = ElementTree.fromstring(text_of(report, OutputFormat.JUNIT))
    assert root.tag == "testsuites"
    for element in root.iter():
        may, must, inside = JUNIT[element.tag]
        assert must <= element.attrib.keys() <= may, element.tag
        assert {child.tag for child in element} <= inside
    for suite in root:
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
    assert [int(root.get(name, "")) for name in ("tests", "failures")] == [
        sum(int(suite.get(name, "")) for suite in root) for name in ("tests", "failures")
    ]
    told = "".join(
        text for element in root.iter() if element.tag in ("failure", "system-out") for text in element.itertext()
    )
    assert told.count("\n") == len(report.findings)


def commands(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Name, properties and message of each command, as GitHub's runner reads them (ActionCommand.TryParseV2)."""
    for line in text.splitlines():
        assert line.startswith("::")
        head, _, data = line[2:].partition("::")
        name, _, listed = head.partition(" ")
        properties = {}
        for pair in listed.split(","):
            key, _, value = pair.partition("=")
            properties[key] = unescaped(value, {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"})
        yield name, properties, unescaped(data, {"%0D": "\r", "%0A": "\n", "%25": "%"})


def unescaped(text: str, escapes: dict[str, str]) -> str:
    for escape, char in escapes.items():
        text = text.replace(escape, char)
    return text


@given(reports)
def test_any_findings_make_commands_for_github(report: CheckResult) -> None:
    read = list(commands(text_of(report, OutputFormat.GITHUB)))
    assert len(read) == len(report.findings)
    names = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
    for finding, (name, properties, data) in zip(report.findings, read, strict=True):
        assert name == names[finding.severity]
        assert properties["file"] == visible(finding.file)
        assert properties.get("line", "0") == str(finding.line)
        assert properties["title"].startswith(finding.code)
        assert properties.keys() <= {"file", "line", "endLine", "col", "endColumn", "title"}
        where = f" ({finding.pointer})" if finding.pointer else ""
        assert data == visible(f"{finding.message}{where}. {finding.hint}")


@pytest.mark.parametrize(
    ("file", "written"),
    [
        ("a,b.jsonl", "file=a%2Cb.jsonl,"),
        ("c:d.jsonl", "file=c%3Ad.jsonl,"),
        ("100%.jsonl", "file=100%25.jsonl,"),
        ("a\nb", "file=a\\nb,"),
    ],
)
def test_names_for_github_are_escaped(file: str, written: str) -> None:
    report = CheckResult([Finding("C001", Severity.ERROR, file, 3, "", "50%", "a: b, c", False, None)], rules=RULES)
    assert text_of(report, OutputFormat.GITHUB) == f"::error {written}line=3,title=C001 no-content::50%25. a: b, c\n"


@given(reports)
def test_any_findings_keep_to_our_schemas(report: CheckResult) -> None:
    schemas = ROOT / "schemas"
    assert mistakes(json.loads(text_of(report, OutputFormat.JSON)), schemas / "check.schema.json") == []
    for line in text_of(report, OutputFormat.JSONL).splitlines():
        assert mistakes(json.loads(line), schemas / "check-line.schema.json") == []
