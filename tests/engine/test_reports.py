"""The formats of `curate check`: each is what its readers expect, says the same, and takes hostile text without obeying
it.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from curate.cli.main import main
from curate.core.config import CheckConfig
from curate.core.errors import UsageError
from curate.core.finding import Finding, Severity, fingerprints
from curate.lint.rules import RULES
from curate.lint.runner import CheckResult, check_paths
from curate.render.check_ci import check_sarif
from curate.render.check_formats import OutputFormat, formatted_report
from curate.render.check_source import source_ranges
from curate.render.html import SCRIPT
from tests.conftest import Write, chat
from tests.tinymodel import model

Captured = pytest.CaptureFixture[str]
SCHEMAS = Path(__file__).parent.parent.parent / "schemas"
GITHUB = re.compile(r"::(error|warning|notice) ([a-zA-Z]+=[^:,\r\n]*)(,[a-zA-Z]+=[^:,\r\n]*)*::[^\r\n]*")
HOSTILE = "\x1b[31m ]]> </script><img src=x onerror=alert(1)> ::error::gone %0A \n\r, : \u202egnp.exe \ufffe ``` \ud83d"
NULL = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": None}]}
EMPTY = {"messages": [{"role": "user", "content": "日本"}, {"role": "assistant", "content": ""}]}


@pytest.fixture
def hostile(write: Write) -> Path:
    lines = [
        {
            "messages": [
                {"role": HOSTILE, "content": "Hi"},
                {"role": "assistant", "content": HOSTILE},
                {"role": "assistant", "content": ""},
            ]
        },
        {HOSTILE: 1, "b": 2},
        f'{{"messages": [], {json.dumps(HOSTILE)}: 1, {json.dumps(HOSTILE)}: 2}}'.encode(),
        HOSTILE.replace("\n", "").encode("utf-8", "surrogatepass"),
    ]
    return write("a,b]]>;%0A::error::.jsonl", lines)


def told(path: Path, kind: OutputFormat, *, limit: int | None = None, statistics: bool = False) -> str:
    pieces = formatted_report(check_paths([path]), kind, [path], limit, statistics=statistics)
    return "".join(piece if isinstance(piece, str) else f"{piece.plain}\n" for piece in pieces)


def validated(value: Any, schema: str) -> None:
    """As a consumer would: with a validator that is not ours, where one is installed."""
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(value, json.loads((SCHEMAS / schema).read_text()))


@pytest.mark.slow
@pytest.mark.parametrize("kind", OutputFormat)
def test_a_file_gets_what_the_stream_would_and_keeps_its_old_content_when_nothing_can_be_written(
    write: Write, capsys: Captured, kind: OutputFormat
) -> None:
    path = str(write("data.jsonl", [NULL, (("Hi"), "Hello.")]))
    assert main(["check", path, "--output-format", kind.value]) == 1
    shown = capsys.readouterr().out
    assert main(["check", path, "--output-format", kind.value, "--output-file", "report.txt"]) == 1
    assert capsys.readouterr().out == ""
    took = re.compile(r'("seconds": |time="|, )[\d.]+')
    assert took.sub("", Path("report.txt").read_text()) == took.sub("", shown)
    Path("taken").write_text("")
    assert main(["check", path, "--output-file", "taken/report"]) == 2


def test_json_and_json_lines_keep_to_their_schemas_and_agree(hostile: Path) -> None:
    whole = json.loads(told(hostile, OutputFormat.JSON))
    lines = [json.loads(line) for line in told(hostile, OutputFormat.JSONL).splitlines()]
    validated(whole, "check.schema.json")
    for line in lines:
        validated(line, "check-line.schema.json")
    assert lines[:-1] == whole["findings"]
    assert {**lines[-1]["summary"], "seconds": 0} == {**whole["summary"], "seconds": 0}


def test_statistics_count_and_show_no_finding(hostile: Path) -> None:
    assert "a,b" not in told(hostile, OutputFormat.CONCISE, statistics=True)
    counted = json.loads(told(hostile, OutputFormat.JSON, statistics=True))
    assert (counted["findings"], counted["summary"]["codes"]["C003"]) == ([], 1)
    assert json.loads(told(hostile, OutputFormat.JSONL, statistics=True)).keys() == {"summary"}
    with pytest.raises(UsageError, match="is not available with"):
        told(hostile, OutputFormat.HTML, statistics=True)


def test_full_shows_the_text_with_a_caret_under_the_place(write: Write) -> None:
    path = write("data.jsonl", [EMPTY, b'{"a": '])
    lines = told(path, OutputFormat.FULL).splitlines()
    shown, caret = lines[1], lines[2]
    assert shown.startswith("     1 | …")
    assert shown[caret.index("^") :] == '""}]}'
    assert caret.endswith("^^")
    broken = next(n for n, line in enumerate(lines) if ": J010 " in line)
    assert lines[broken + 1] == '     2 | {"a": '


MENDED = {"messages": [{"role": "human", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}  # M007, safe
RISKY = {
    "messages": [
        {"role": "user", "content": "a"},
        {"role": "user", "content": "b"},
        {"role": "assistant", "content": "c"},
    ]
}  # M016, unsafe


@pytest.mark.parametrize("kind", [OutputFormat.CONCISE, OutputFormat.FULL, OutputFormat.GROUPED])
def test_what_fix_mends_is_marked_and_counted(write: Write, kind: OutputFormat) -> None:
    lines = told(write("data.jsonl", [MENDED, RISKY, {**RISKY, "id": 2}, NULL]), kind).splitlines()
    marked = [line for line in lines if " [*] " in line]
    assert len(marked) == 1
    assert "M007" in marked[0]
    assert lines[-1] == "[*] 1 can be fixed with --fix, 2 more with --unsafe-fixes"
    assert told(write("risky.jsonl", [RISKY]), kind).splitlines()[-1] == "1 can be fixed with --fix --unsafe-fixes"
    assert "fix" not in told(write("null.jsonl", [NULL]), kind).splitlines()[-1]


def test_nothing_is_said_to_be_fixed_in_a_document(write: Write) -> None:
    assert "[*]" not in told(write("data.json", json.dumps([MENDED, RISKY], indent=1).encode()), OutputFormat.CONCISE)


@pytest.mark.parametrize("text", ["short", "x" * 500 + "end", "日本語" * 90 + "end", "\x1b[31m" * 60 + "end"])
def test_the_caret_and_what_it_points_at_fit_80_columns(write: Write, text: str) -> None:
    path = write(
        "data.jsonl",
        [{"messages": [{"role": "user", "content": f"{text} "}, {"role": "assistant", "content": f"{text} "}]}],
    )
    lines = told(path, OutputFormat.FULL).splitlines()
    at = next(n for n, line in enumerate(lines) if ": C015 " in line)
    shown, caret = lines[at + 1], lines[at + 2]
    assert caret.strip(" |^") == ""
    if text.isascii() and text.isprintable():
        assert shown[caret.index("^") : len(caret)].endswith(f'{text[-3:]} "')
        assert len(caret) <= 80


def test_colours_are_for_terminals_and_for_who_asks_for_them(
    write: Write, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(write("data.jsonl", [NULL]))
    main(["check", path])
    plain = capsys.readouterr().out
    assert "\x1b" not in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    main(["check", path])
    coloured = capsys.readouterr().out
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_full_shows_the_line_of_a_document_at_which_the_value_stands(write: Write) -> None:
    path = write("data.json", json.dumps([chat("Hi", "Hello."), EMPTY], indent=2, ensure_ascii=False).encode())
    lines = told(path, OutputFormat.FULL).splitlines()
    at = next(n for n, line in enumerate(lines) if ": C003 " in line)
    number = path.read_text().splitlines().index('        "content": ""') + 1
    assert lines[at + 1] == f'{number:>6} | "content": ""' or lines[at + 1].endswith('"content": ""')
    assert lines[at].startswith(f"data.json:{number}: ")


def test_the_text_of_a_line_with_a_secret_is_shown_nowhere(write: Write) -> None:
    path = write(
        "data.jsonl",
        [{"messages": [{"role": "user", "content": "tell-no-one"}, {"role": "assistant", "content": None}]}],
    )
    report = check_paths([path])
    report.findings.append(
        Finding(
            "S001",
            Severity.ERROR,
            "data.jsonl",
            1,
            "/messages/0/content",
            "a key",
            "Remove it.",
            False,
            report.findings[0].example,
        )
    )
    for kind in OutputFormat:
        pieces = formatted_report(report, kind, [path], None)
        assert "tell-no-one" not in "".join(piece if isinstance(piece, str) else piece.plain for piece in pieces)


def test_a_secret_is_hidden_even_when_no_rule_looked_for_it(write: Write) -> None:
    key = "AKIA" + "Q7RZM3XW5T2LPV4N"
    path = write(
        "data.jsonl",
        [{"messages": [{"role": "user", "content": f"my key is {key}"}, {"role": "assistant", "content": None}]}],
    )
    report = check_paths([path], CheckConfig(select=("C001",)))
    for kind in OutputFormat:
        pieces = formatted_report(report, kind, [path], None)
        assert key not in "".join(piece if isinstance(piece, str) else piece.plain for piece in pieces)


def test_spots_are_the_bytes_and_columns_of_the_values(write: Write) -> None:
    line = '{"messages": [{"role": "user", "content": "😀日"}, {"role": "human", "content": "x"}]}'
    path = write("data.jsonl", [chat("Hi", "Hello."), line.encode()])
    data = path.read_bytes()
    report = check_paths([path], CheckConfig(select=("M007",)))
    found = dict(
        zip((finding.code for finding in report.findings), source_ranges(report.findings, report.paths), strict=True)
    )
    spot = found["M007"]
    assert spot is not None
    assert data[spot.offset : spot.offset + spot.length] == b'"human"'
    text = data.decode().splitlines()[spot.line - 1]
    assert text[spot.column - 1 : spot.end_column - 1] == '"human"'


def test_what_cannot_be_read_again_is_told_without_its_text(write: Write) -> None:
    path = write("data.jsonl", [NULL])
    report = check_paths([path])
    path.unlink()
    assert list(source_ranges(report.findings, report.paths)) == [None]
    assert (
        "region"
        in json.loads("".join(check_sarif(report)))["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    )


def test_github_commands_keep_to_their_grammar(hostile: Path) -> None:
    lines = told(hostile, OutputFormat.GITHUB).splitlines()
    assert lines
    for line in lines:
        assert GITHUB.fullmatch(line), line
        assert line.count("::error::") <= line.partition("::error ")[2].count("::error::") + 1
    assert "file=a%2Cb]]>;%250A%3A%3Aerror%3A%3A.jsonl,line=1" in "\n".join(lines)


def test_github_gets_no_more_annotations_than_are_read(write: Write) -> None:
    lines = told(write("data.jsonl", [NULL] * 30), OutputFormat.GITHUB, limit=20).splitlines()
    assert lines[-1].startswith("::notice title=curate::")
    assert sum("C001" in line for line in lines) == 20


def test_sarif_has_what_the_standard_requires(hostile: Path) -> None:
    """What the standard's text says and its schema (see test_standards) does not."""
    report = check_paths([hostile])
    log = json.loads(told(hostile, OutputFormat.SARIF))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules, results = run["tool"]["driver"]["rules"], run["results"]
    assert run["tool"]["driver"]["name"] == "curate"
    assert [rule["id"] for rule in rules] == sorted(report.codes)
    assert all(rule["help"]["text"] and rule["shortDescription"]["text"].endswith(".") for rule in rules)
    assert len(results) == len(report.findings)
    marks = set()
    for result in results:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", place["artifactLocation"]["uri"])
        region = place.get("region", {"startLine": 1})
        assert region["startLine"] >= 1
        assert (region.get("endLine", 1), region.get("endColumn", 2)) >= (region["startLine"], 1)
        assert min(region.get("startColumn", 1), region.get("endColumn", 1)) >= 1
        marks.add(result["partialFingerprints"]["curate/v1"])
    assert len(marks) == len(results)


def test_junit_is_xml_with_a_failure_a_rule_and_counts_that_agree(hostile: Path, write: Write) -> None:
    root = ElementTree.fromstring(told(hostile, OutputFormat.JUNIT))
    (suite,) = root
    cases = suite.findall("testcase")
    assert {case.get("name", "").split()[0] for case in cases} == set(check_paths([hostile]).codes)
    assert root.get("tests") == suite.get("tests") == str(len(cases))
    assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
    clean = ElementTree.fromstring(told(write("clean.jsonl", [("Hi", "Hello.")]), OutputFormat.JUNIT))
    assert (clean.get("tests"), clean.get("failures")) == ("1", "0")


def test_a_finding_of_severity_info_fails_no_junit_case() -> None:
    report = CheckResult([Finding("C001", Severity.INFO, "a.jsonl", 1, "", "said", "Do it.", False, None)], rules=RULES)
    root = ElementTree.fromstring("".join(map(str, formatted_report(report, OutputFormat.JUNIT, [], None))))
    assert root.get("failures") == "0"
    assert root.findtext("testsuite/testcase/system-out", "").startswith("a.jsonl:1: C001 info said")


class Tags(HTMLParser):
    """Collects what a browser would take for elements and for references."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.references += [f"{name}={value}" for name, value in attrs if name in {"src", "href", "onerror", "onload"}]


def test_html_asks_for_nothing_and_runs_nothing(hostile: Path) -> None:
    text = told(hostile, OutputFormat.HTML)
    page = Tags()
    page.feed(text)
    assert page.references == []
    assert not page.tags & {"img", "link", "iframe", "object"}
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text
    assert "--all" not in text
    assert re.search(r">20\d\d-\d\d-\d\d \d\d:\d\d UTC<", text)
    assert {"svg", "details", "mark"} <= page.tags
    assert "url(" not in text
    assert "prefers-color-scheme: dark" in text
    assert "&lt;/script&gt;" in text


DOM = """
const element = (more) => ({hidden: false, textContent: "", dataset: {}, append(o) { this.options.push(o.value) },
  options: [], value: "", addEventListener(name, act) { this[name] = act }, ...more});
const items = ITEMS.map(([rule, severity, text]) => element({dataset: {rule, severity}, textContent: text}));
const group = element({querySelector: () => items.find((item) => !item.hidden)});
const inputs = {text: element({}), rule: element({parentElement: {}}), severity: element({parentElement: {}})};
const form = element({elements: inputs}), shown = element({});
const document = {querySelectorAll: (what) => what === "[data-rule]" ? items : [group],
  getElementById: (id) => ({filter: form, shown})[id]};
class Option { constructor(text, value) { this.value = value } }
const seen = () => items.map((item, at) => item.hidden ? "" : at).join("") + (group.hidden ? " none" : "");
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_filter_of_html_reports_hides_what_does_not_match() -> None:
    items = [["C003", "error", "An Empty answer"], ["C003", "error", "cut off"], ["M006", "warning", "empty role"]]
    asked = """
    const said = [seen(), shown.textContent, inputs.rule.options.join(), form.hidden];
    const ask = (values) => { for (const key in inputs) inputs[key].value = values[key] || ""; form.input();
      said.push(seen()) };
    ask({text: "EMPTY"}); ask({rule: "C003"}); ask({severity: "warning", text: "empty  role"});
    ask({rule: "M006", severity: "error"}); ask({});
    console.log(JSON.stringify(said));
    """
    program = f"{DOM.replace('ITEMS', json.dumps(items))}{{{SCRIPT}}}{asked}"
    said = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == ["012", "3 of 3 shown", "C003,M006", False, "02", "01", "2", " none", "012"]


class Plots(HTMLParser):
    """Collects what the plots say to somebody who cannot see them, by title."""

    def __init__(self) -> None:
        super().__init__()
        self.titles: list[str] = []
        self.said: list[str] = []
        self.in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.in_title = tag == "figcaption"
        if tag == "svg":
            self.said.append(dict(attrs)["aria-label"] or "")

    def handle_data(self, data: str) -> None:
        if self.in_title:
            self.titles.append(data)
            self.in_title = False


def test_html_plots_are_the_numbers_of_the_files(write: Write) -> None:
    path = write(
        "data.jsonl",
        [("Hi", "Hello."), ("Hi", "Hello."), ("Привет", "Да."), {"instruction": "Hi", "output": "Hello."}, NULL, b"{"],
    )
    page = Plots()
    page.feed(told(path, OutputFormat.HTML))
    plots = dict(zip(page.titles, page.said, strict=True))
    assert plots["Examples by number of turns"] == "2 turns: 5"
    assert plots["Messages by role"] == "assistant: 5; user: 5"
    assert plots["Examples by main script"] == "Latin: 4; Cyrillic: 1"
    assert plots["Examples by format"] == "messages: 4; alpaca: 1"
    assert plots["Exact duplicates among the examples"] == "other examples: 3; exact copies of earlier examples: 2"
    assert plots["Examples by characters"] == "2 to 3: 1; 4 to 7: 0; 8 to 15: 4"
    assert plots["Examples by tokens (about: bytes / 4)"] == "1 or none: 1; 2 to 3: 3; 4 to 7: 1"
    assert "C001 no-content: 1" in plots["Findings by rule"]


@pytest.mark.slow
def test_html_counts_tokens_with_the_model_that_is_named(write: Write) -> None:
    path = write("data.jsonl", [("Hi", "Hello.")])
    text = "".join(map(str, formatted_report(check_paths([path]), OutputFormat.HTML, [path], None, model=model())))
    assert "Examples by tokens, counted for " in text


@pytest.mark.parametrize("data", [b"", b"\n\n", b"PK\x03\x04 no data", b"[]"])
def test_html_of_a_file_with_nothing_in_it_has_no_plots_of_it(write: Write, data: bytes) -> None:
    path = write("data.jsonl", data)
    page = Plots()
    page.feed(told(path, OutputFormat.HTML))
    assert page.titles in (["Findings by rule"], [])
    path.unlink()
    assert "</html>" in "".join(map(str, formatted_report(CheckResult(), OutputFormat.HTML, [path], None)))


def test_findings_are_known_again_when_their_lines_move(write: Write) -> None:
    path = write("data.jsonl", [NULL, b"{", EMPTY])
    before = fingerprints(check_paths([path]).findings)
    write("data.jsonl", [("New", "Line."), b"{", EMPTY, NULL])
    assert sorted(fingerprints(check_paths([path]).findings)) == sorted(before)
    assert len(set(before)) == len(before)


def test_gitlab_reads_each_finding_once_with_its_place(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    bad = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": ""}]}
    path = write("data/bad.jsonl", [bad, bad, b"{"]).absolute()
    assert main(["check", str(path), "--output-format", "gitlab", "--all"]) == 1
    issues = json.loads(capsys.readouterr().out)
    places = [(issue["check_name"], issue["location"]["lines"]["begin"]) for issue in issues]
    assert {("C003", 1), ("C003", 2), ("J010", 3)} <= set(places)
    assert {issue["location"]["path"] for issue in issues} == {"data/bad.jsonl"}
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    assert {issue["severity"] for issue in issues} <= {"info", "minor", "major", "critical", "blocker"}
    assert all({"description", "check_name", "fingerprint", "severity", "location"} == issue.keys() for issue in issues)
    write("good.jsonl", [("Is it open?", "Yes, on Sundays.")])
    assert main(["check", "good.jsonl", "--output-format", "gitlab"]) == 0
    assert json.loads(capsys.readouterr().out) == []
