"""Fixing: what every repair promises, and that a file is mended whole or not at all, with every other byte as it was."""

import copy
import errno
import gzip
import json
import shutil
import subprocess
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.check import Checker, check_paths
from curate.cli.main import main
from curate.config import CheckConfig
from curate.errors import OutputError
from curate.finding import Finding, Severity
from curate.fix import FixedFile, Fixer, FixReport, fix_paths
from curate.read.dataset import FileFacts, ParsedLine, read_file
from curate.report.fix import ranges, unified
from curate.rules import RULES
from curate.rules.repair import Takes
from curate.rules.rule import BYTE
from curate.targets import Target
from tests import strategies
from tests.conftest import Write, line_of

Captured = pytest.CaptureFixture[str]

CASES = Path(__file__).parent.parent / "cases"
REPAIRED = {code: rule for code, rule in RULES.items() if rule.repair is not None}
ON_LINES = {code: rule for code, rule in REPAIRED.items() if rule.repair and rule.repair.takes is not Takes.RAW and rule.repair.takes is not Takes.FIRST}
OBJECTS = {code: rule for code, rule in REPAIRED.items() if rule.repair and rule.repair.takes is Takes.OBJECT}


def target_of(code: str, name: str = "") -> Target:
    only = RULES[code].only
    return Target(name) if name else only[0] if only else Target.TRAINER


def bad_inputs() -> list[Any]:
    """What each rule with a repair documents as bad, and all bad cases of it."""
    found = [pytest.param(code, rule.bad, target_of(code), id=f"{code}: documented") for code, rule in ON_LINES.items()]
    for code in ON_LINES:
        path = CASES / f"{code}.toml"
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"] if path.exists() else ():
            if "bad" in case:
                content = BYTE.sub(lambda match: bytes.fromhex(match.group(1).decode()), case["bad"].encode())
                found.append(pytest.param(code, content, target_of(code, case.get("target", "")), id=f"{code}: {case['name']}"))
    return found


def parsed_lines(content: bytes) -> list[ParsedLine]:
    path = Path("lines.jsonl")
    path.write_bytes(content)
    return list(read_file(path, FileFacts(str(path))))


def found_in(content: bytes, target: Target, *select: str) -> list[Finding]:
    return list(Checker(CheckConfig(select=select, target=target)).chunk(parsed_lines(content)))


def mended_content(code: str, content: bytes, target: Target) -> tuple[bytes, set[int]]:
    """The content with every line mended that the rule's repair mends, and the numbers of these lines."""
    repair = RULES[code].repair
    assert repair is not None
    fixable = {finding.line for finding in found_in(content, target, code) if finding.fixable}
    pieces, changed = [], set()
    for parsed in parsed_lines(content):
        data: bytes | None = parsed.line.data
        if parsed.line.number in fixable:
            data = repair.mended(parsed)
            assert data != parsed.line.data
            changed.add(parsed.line.number)
        if data is not None:
            pieces.append(data + b"\n")
    return b"".join(pieces), changed


def without_turns(content: bytes) -> bool:
    """Whether there is a line whose messages nobody could see before a repair: what it brings to light was there before."""
    return any(
        parsed.example is None or not any(isinstance(turn, dict) for turn in parsed.example.value.get("messages") or ()) for parsed in parsed_lines(content)
    )


def errors(content: bytes, target: Target) -> Counter[str]:
    return Counter(finding.code for finding in found_in(content, target) if finding.severity is Severity.ERROR)


@pytest.mark.parametrize(("code", "content", "target"), bad_inputs())
def test_a_repair_settles_its_rule_and_makes_no_new_error(code: str, content: bytes, target: Target) -> None:
    mended, changed = mended_content(code, content, target)
    if changed:
        assert not [finding for finding in found_in(mended, target, code) if finding.fixable]
        again, changed_again = mended_content(code, mended, target)
        assert (again, changed_again) == (mended, set())
        if not without_turns(content):
            assert errors(mended, target).keys() <= errors(content, target).keys()


@pytest.mark.parametrize("code", ON_LINES)
def test_a_repair_mends_what_its_rule_documents_as_bad(code: str) -> None:
    _, changed = mended_content(code, RULES[code].bad, target_of(code))
    assert changed


@pytest.mark.parametrize("code", REPAIRED)
def test_a_repair_says_in_one_sentence_what_it_does(code: str) -> None:
    repair = RULES[code].repair
    assert repair
    assert repair.summary.endswith(".")
    assert "\n" not in repair.summary


@st.composite
def mutated(draw: st.DrawFn, code: str) -> dict[str, Any]:
    """An object near to what the rule documents as bad: turns copied, moved, emptied, keys gone or replaced."""
    lines = [json.loads(line) for line in RULES[code].bad.splitlines() if line.startswith(b"{")]
    value: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(lines)))
    turns = value.get("messages")
    for _ in range(draw(st.integers(0, 3))):
        if not isinstance(turns, list):
            break
        change = draw(st.sampled_from(["copy", "drop", "swap", "key", "insert", "gone"]))
        at = draw(st.integers(0, max(len(turns) - 1, 0)))
        if change == "insert" or not turns:
            turns.insert(at, draw(strategies.messages | strategies.scalars))
        elif change == "copy":
            turns.insert(at, copy.deepcopy(turns[at]))
        elif change == "drop":
            del turns[at]
        elif change == "swap":
            turns[0], turns[at] = turns[at], turns[0]
        elif isinstance(turns[at], dict):
            key = draw(st.sampled_from(["role", "content", "tool_calls", "weight", "name", "tool_call_id"]))
            if change == "gone":
                turns[at].pop(key, None)
            else:
                turns[at][key] = draw(strategies.roles if key == "role" else strategies.contents)
    if draw(st.booleans()):
        value[draw(st.sampled_from(["tools", "parallel_tool_calls", "functions", "x"]))] = draw(strategies.json_values)
    return value


@pytest.mark.parametrize("code", OBJECTS)
@given(data=st.data())
def test_a_repair_of_anything_settles_or_does_nothing_changes_no_input_and_a_second_time_nothing(code: str, data: st.DataObject) -> None:
    rule = RULES[code]
    assert rule.repair
    value = data.draw(mutated(code))
    before = copy.deepcopy(value)
    mended = rule.repair.function(value)
    assert value == before
    assert isinstance(mended, dict)
    if mended != value:
        assert rule.repair.function(copy.deepcopy(mended)) == mended
        was, now = (found_in(json.dumps(item).encode(), target_of(code), code) for item in (value, mended))
        if was:
            assert [finding.message for finding in now] == []


@pytest.mark.parametrize("code", ON_LINES)
@given(data=st.binary(max_size=40) | strategies.written().map(lambda pair: pair[1].encode("utf-8", "surrogatepass")))
def test_a_repair_of_any_line_ends_and_a_second_time_changes_nothing(code: str, data: bytes) -> None:
    repair = RULES[code].repair
    assert repair
    data = data.replace(b"\n", b" ")
    if repair.takes is Takes.LINE and (mended := repair.function(data)) is not None:
        assert b"\n".join(repair.function(piece) or b"" for piece in mended.split(b"\n")) == mended


# Files


def fix(*paths: Path, unsafe: bool = False, **config: Any) -> FixReport:
    return fix_paths(paths, CheckConfig(**config), unsafe=unsafe)


GOOD = line_of(("Hi", "Hello."))
ALIAS = line_of({"messages": [{"role": "human", "content": "Who?"}, {"role": "gpt", "content": "Me."}]})
MENDED = line_of({"messages": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Me."}]})


@given(
    lines=st.lists(
        st.sampled_from([GOOD, ALIAS, b"", b"{", b" 1", b'{"a": 1.50, "a": "\\u00e9"}', "{'é': 'ü'}".encode()])
        | st.binary(max_size=9).map(lambda data: b"x" + data),
        max_size=6,
    ),
    endings=st.lists(st.sampled_from([b"\n", b"\r\n"]), min_size=6, max_size=6),
    last=st.booleans(),
)
def test_lines_without_a_finding_that_can_be_fixed_keep_their_bytes(lines: list[bytes], endings: list[bytes], last: bool) -> None:
    lines = [line.replace(b"\n", b"") for line in lines]
    content = b"".join(line + ending for line, ending in zip(lines, endings, strict=False))
    content = content if last else content.rstrip(b"\r\n")
    path = Path("data.jsonl")
    path.write_bytes(content)
    config = CheckConfig(select=("M007",))
    report = fix_paths([path], config)
    expected = content if report.files[0].skipped else b"".join(line.replace(ALIAS, MENDED) for line in content.splitlines(keepends=True))
    assert path.read_bytes() == expected
    assert fix_paths([path], config).lines == 0


@given(lines=st.lists(st.sampled_from(sorted(RULES)), min_size=1, max_size=6), unsafe=st.booleans())
def test_fixing_makes_no_new_error_and_a_second_time_changes_nothing(lines: list[str], unsafe: bool) -> None:
    path = Path("data.jsonl")
    path.write_bytes(b"".join(RULES[code].bad for code in lines))
    shown = not without_turns(path.read_bytes())
    before = errors(path.read_bytes(), Target.TRAINER)
    fix(path, unsafe=unsafe)
    once = path.read_bytes()
    assert not shown or errors(once, Target.TRAINER).keys() <= before.keys()
    assert (fix(path, unsafe=unsafe).lines, path.read_bytes()) == (0, once)


def test_what_is_fixed_is_counted_and_lines_that_go_are_named(write: Write) -> None:
    path = write("data.jsonl", [ALIAS, b"", GOOD, GOOD, b" "])
    report = fix(path)
    assert path.read_bytes() == MENDED + b"\n" + GOOD + b"\n"
    file = report.files[0]
    assert (dict(file.findings), file.lines, file.removed) == ({"M007": 2, "J008": 2, "D001": 1}, 4, {"J008": [2, 5], "D001": [4]})


def test_a_byte_order_mark_goes_and_a_missing_last_line_break_stays_missing(write: Write) -> None:
    path = write("data.jsonl", b"\xef\xbb\xbf" + GOOD + b"\r\n" + ALIAS)
    fix(path)
    assert path.read_bytes() == GOOD + b"\r\n" + MENDED


def test_a_byte_order_mark_stays_where_its_rule_is_not_selected(write: Write) -> None:
    path = write("data.jsonl", b"\xef\xbb\xbf" + ALIAS + b"\n")
    fix(path, select=("M",))
    assert path.read_bytes() == b"\xef\xbb\xbf" + MENDED + b"\n"


def test_several_objects_on_a_line_become_lines_and_each_is_fixed_on(write: Write) -> None:
    path = write("data.jsonl", ALIAS + b" " + GOOD + b"," + b"\r\n" + ALIAS + GOOD)
    report = fix(path, unsafe=True, ignore=("D",))
    assert path.read_bytes() == MENDED + b"\r\n" + GOOD + b"\r\n" + MENDED + b"\n" + GOOD
    assert report.files[0].findings == Counter({"J012": 2, "M007": 4})


def test_keys_keep_their_order_and_text_its_characters(write: Write) -> None:
    value = {"z": 1, "messages": [{"content": "é ü 😀", "role": "human", "weight": 1}, {"role": "gpt", "content": "Me."}], "a": None}
    path = write("data.jsonl", [value])
    fix(path, select=("M007",))
    assert path.read_text(encoding="utf-8").startswith('{"z": 1, "messages": [{"content": "é ü 😀", "role": "user"')


def test_a_line_in_which_a_key_repeats_is_not_written_anew(write: Write) -> None:
    line = b'{"messages": [{"role": "human", "content": "Lost?", "content": "Hi"}, {"role": "gpt", "content": "Hello."}]}'
    path = write("data.jsonl", [line, line])
    assert fix(path, unsafe=True).lines == 0
    assert path.read_bytes() == line + b"\n" + line + b"\n"


def test_a_repair_that_leads_to_an_error_is_taken_back_and_told(write: Write) -> None:
    line = line_of({"messages": [{"role": "user", "content": "Who?"}, {"role": "gpt", "content": ""}]})
    path = write("data.jsonl", [line])
    report = fix(path)
    assert (path.read_bytes(), report.files[0].held) == (line + b"\n", [(1, "M007", "C003")])


def test_unsafe_fixes_are_only_made_when_asked_for(write: Write) -> None:
    twice = line_of({"messages": [{"role": "user", "content": "Hi"}, {"role": "user", "content": "You?"}, {"role": "assistant", "content": "Yes."}]})
    path = write("data.jsonl", [twice])
    assert fix(path).lines == 0
    assert fix(path, unsafe=True).lines == 1
    assert json.loads(path.read_bytes())["messages"][0]["content"] == "Hi\n\nYou?"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("data.jsonl.gz", gzip.compress(ALIAS + b"\n"), "compressed"),
        ("data.jsonl", gzip.compress(ALIAS + b"\n"), "compressed"),
        ("data.json", b"[\n" + ALIAS + b"\n]", "curate convert"),
        ("data.jsonl", ALIAS.decode().encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_not_lines_is_left_alone_and_that_is_said(write: Write, name: str, content: bytes, why: str) -> None:
    path = write(name, content)
    report = fix(path, unsafe=True)
    assert (path.read_bytes(), report.lines) == (content, 0)
    assert why in report.files[0].skipped
    assert not any(finding.fixable for finding in check_paths([path], CheckConfig()).findings)


def test_objects_of_other_formats_are_left_alone_and_that_is_said(write: Write) -> None:
    line = line_of({"conversations": [{"from": "Human", "value": "Hi"}, {"from": "gpt", "value": "Hello."}]})
    path = write("data.jsonl", [line, b""])
    report = fix(path)
    assert (path.read_bytes(), report.files[0].foreign) == (line + b"\n", ("sharegpt",))


@pytest.mark.parametrize("code", [code for code, rule in RULES.items() if rule.repair is not None])
def test_what_is_called_fixable_is_what_fixing_changes(code: str) -> None:
    path = Path("data.jsonl")
    path.write_bytes(RULES[code].bad)
    config = CheckConfig(select=(code,), target=target_of(code))
    fixable = [finding for finding in check_paths([path], config).findings if finding.fixable]
    report = fix_paths([path], config, unsafe=True)
    assert bool(fixable) == bool(report.files[0].lines or report.files[0].held)


# What can go wrong on a disk


def test_a_file_that_changes_while_it_is_fixed_is_not_replaced(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("data.jsonl", [ALIAS])
    copymode = shutil.copymode

    def meanwhile(source: Path, target: str) -> None:
        with path.open("ab") as file:
            file.write(GOOD + b"\n")
        copymode(source, target)

    monkeypatch.setattr(shutil, "copymode", meanwhile)
    with pytest.raises(OutputError, match="changed on disk"):
        fix(path)
    assert path.read_bytes() == ALIAS + b"\n" + GOOD + b"\n"
    assert list(Path().iterdir()) == [path]


def test_a_full_disk_leaves_the_file_as_it_was(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("data.jsonl", [ALIAS])

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        fix(path)
    assert (path.read_bytes(), list(Path().iterdir())) == (ALIAS + b"\n", [path])


def test_a_file_that_may_not_be_written_is_not_replaced(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("data.jsonl", [ALIAS])
    monkeypatch.setattr("os.access", lambda *_: False)  # tests may run as root, who may write anything
    with pytest.raises(OutputError, match="read-only"):
        fix(path)
    assert path.read_bytes() == ALIAS + b"\n"


def test_rights_and_links_stay(write: Write) -> None:
    path = write("folder/data.jsonl", [ALIAS])
    path.chmod(0o640)
    link = Path("link.jsonl")
    link.symlink_to(path)
    fix(link)
    assert (link.is_symlink(), path.read_bytes(), path.stat().st_mode & 0o777) == (True, MENDED + b"\n", 0o640)


def test_a_file_with_nothing_to_fix_is_not_written(write: Write) -> None:
    path = write("data.jsonl", [GOOD])
    before = path.stat()
    fix(path)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


# The command


def test_fix_reports_what_remains_and_says_what_was_done(write: Write, capsys: Captured) -> None:
    path = write("data.jsonl", [ALIAS, b"{"])
    assert main(["check", str(path), "--fix"]) == 1
    said = capsys.readouterr()
    assert "J010" in said.out or "J001" in said.out
    assert "M007" not in said.out
    assert "fixed 2 findings in 1 line of 1 file" in said.err
    assert path.read_bytes() == MENDED + b"\n{\n"


def test_fix_ends_clean_when_nothing_remains(write: Write) -> None:
    assert main(["check", str(write("data.jsonl", [ALIAS])), "--fix"]) == 0


def test_fix_only_reports_nothing_and_ends_clean(write: Write, capsys: Captured) -> None:
    path = write("data.jsonl", [ALIAS, b"{"])
    assert main(["check", str(path), "--fix-only"]) == 0
    assert capsys.readouterr().out == ""
    assert path.read_bytes() == MENDED + b"\n{\n"


def test_diff_writes_nothing_and_its_exit_status_says_whether_it_would(write: Write, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    path = write("data.jsonl", [GOOD, ALIAS, b""])
    assert main(["check", str(path), "--diff"]) == 1
    out = capsysbinary.readouterr().out
    assert out == b"--- data.jsonl\n+++ data.jsonl\n@@ -1,3 +1,2 @@\n " + GOOD + b"\n-" + ALIAS + b"\n+" + MENDED + b"\n-\n"
    assert path.read_bytes() == GOOD + b"\n" + ALIAS + b"\n\n"
    assert main(["check", str(write("data.jsonl", [GOOD])), "--diff"]) == 0
    assert capsysbinary.readouterr().out == b""


@given(lines=st.lists(st.sampled_from([GOOD, ALIAS, b"", b" "]), max_size=40), last=st.booleans())
def test_the_diff_applied_is_what_fixing_writes(lines: list[bytes], last: bool) -> None:
    content = b"\n".join(lines) + (b"\n" if last and lines else b"")
    path = Path("data.jsonl")
    path.write_bytes(content)
    diff = b"".join(unified("data.jsonl", Fixer(CheckConfig(ignore=("D",)), unsafe=False).lines(path, FixedFile("data.jsonl"))))
    if diff:
        Path("copy.jsonl").write_bytes(content)
        subprocess.run(["patch", "-s", "copy.jsonl"], input=diff, check=True, capture_output=True)
    fix(path, ignore=("D",))
    assert path.read_bytes() == (Path("copy.jsonl").read_bytes() if diff else content)


@pytest.mark.parametrize("options", [["--unsafe-fixes"], ["--fix", "--diff"], ["--fix-only", "--diff"]])
def test_options_that_make_no_sense_together_are_a_mistake_of_usage(write: Write, options: list[str]) -> None:
    path = write("data.jsonl", [ALIAS])
    assert main(["check", str(path), *options]) == 2
    assert path.read_bytes() == ALIAS + b"\n"


@pytest.mark.parametrize(("numbers", "words"), [([], ""), ([3], "3"), ([1, 2, 3, 7, 1000, 1001], "1-3, 7, 1,000-1,001")])
def test_line_numbers_are_said_in_few_words(numbers: list[int], words: str) -> None:
    assert ranges(numbers) == words
