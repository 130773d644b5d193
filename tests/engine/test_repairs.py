"""What every repair promises: it settles its rule or does nothing, changes nothing a second time, and makes no new
error.
"""

import copy
import json
import tomllib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.core.config import CheckConfig
from curate.core.finding import Finding, Severity
from curate.core.targets import Target
from curate.lint.fixer import fix_paths
from curate.lint.rules import RULES
from curate.lint.rules.rule import BYTE_ESCAPE, RepairInput
from curate.lint.runner import check_paths
from curate.read.dataset import FileFacts, ParsedLine, read_file
from curate.read.decode import decode
from tests import strategies
from tests.conftest import of_hundred

Captured = pytest.CaptureFixture[str]

CASES = Path(__file__).parent.parent / "cases"
REPAIRED = {code: rule for code, rule in RULES.items() if rule.repair is not None}
ON_LINES = {
    code: rule
    for code, rule in REPAIRED.items()
    if rule.repair and rule.repair.takes not in (RepairInput.RAW, RepairInput.FIRST)
}
OBJECTS = {code: rule for code, rule in REPAIRED.items() if rule.repair and rule.repair.takes is RepairInput.OBJECT}
ALSO_FOR = {"M008": Target.TOGETHER, "T011": Target.TRL}
"""Targets for which a repair does something else."""
BROUGHT_TO_LIGHT = {"M007": ("C003", "T")}
"""Errors that were there before a repair, and that no rule could see: an answer is empty, or calls a tool in a wrong
form, by whatever name.
"""


VALUES = 10
"""How many objects are lines of one file: a check of them takes hardly longer than that of one."""
COMPARING = {"C008", "D001"}
"""Rules that compare the lines of a file: each object is a file of its own."""


def target_of(code: str, name: str = "") -> Target:
    only = RULES[code].only
    return Target(name) if name else only[0] if only else Target.TRAINER


def bad_inputs() -> dict[tuple[str, Target], dict[str, bytes]]:
    """What each rule with a repair documents as bad, and all bad cases of it, for each target that a case names."""
    inputs: dict[tuple[str, Target], dict[str, bytes]] = {}
    for code, rule in ON_LINES.items():
        inputs[code, target_of(code)] = {"documented": rule.bad}
        path = CASES / f"{code}.toml"
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"] if path.exists() else ():
            if "bad" in case:
                content = BYTE_ESCAPE.sub(lambda match: bytes.fromhex(match.group(1).decode()), case["bad"].encode())
                inputs.setdefault((code, target_of(code, case.get("target", ""))), {})[case["name"]] = content
    return inputs


Case = tuple[str, str]
"""The code of a rule, and the name of a case of it."""


def batches() -> dict[str, tuple[Target, dict[Case, bytes]]]:
    """The bad inputs of all rules that are checked in one file, by a name: for each target those of the rules that see
    one line at a time, and each other one alone.
    """
    named: dict[str, tuple[Target, dict[Case, bytes]]] = {}
    for (code, target), contents in bad_inputs().items():
        for name, content in contents.items():
            key = f"{target} {code} {name}" if code in COMPARING else str(target)
            named.setdefault(key, (target, {}))[1][code, name] = content
    return named


BATCHES = batches()


def parsed_lines(content: bytes) -> list[ParsedLine]:
    path = Path("lines.jsonl")
    path.write_bytes(content)
    return list(read_file(path, FileFacts(str(path))))


def found_in(content: bytes, target: Target, *select: str) -> list[Finding]:
    path = Path("found.jsonl")
    path.write_bytes(content)
    return [
        finding for finding in check_paths([path], CheckConfig(select=select, target=target)).findings if finding.line
    ]


def joined(contents: Iterable[bytes]) -> tuple[bytes, list[int]]:
    """Some contents as one file, and the number of the last line of each."""
    parts = [content.removesuffix(b"\n") + b"\n" for content in contents]
    return b"".join(parts), list(accumulate(part.count(b"\n") for part in parts))


def mended(cases: Mapping[Case, bytes], target: Target) -> dict[Case, bytes]:
    """The cases with a line that the repair of their rule mends, with every such line mended."""
    content, ends = joined(cases.values())
    findings = found_in(content, target, *{code for code, _ in cases})
    fixable = {(finding.code, finding.line) for finding in findings if finding.fixable}
    names, changed, pieces = [*cases], set[Case](), {case: list[bytes]() for case in cases}
    for parsed in parsed_lines(content):
        case = names[bisect_left(ends, parsed.line.number)]
        data: bytes | None = parsed.line.data
        if (case[0], parsed.line.number) in fixable:
            repair = RULES[case[0]].for_target(target).repair
            assert repair is not None
            data = repair.apply(parsed)
            assert data != parsed.line.data
            changed.add(case)
        if data is not None:
            pieces[case].append(data + b"\n")
    return {case: b"".join(pieces[case]) for case in cases if case in changed}


def without_turns(content: bytes) -> bool:
    """Whether there is a line whose messages nobody could see before a repair: what it brings to light was there
    before.
    """
    return any(
        parsed.example is None or not any(isinstance(turn, dict) for turn in parsed.example.value.get("messages") or ())
        for parsed in parsed_lines(content)
    )


def errors(content: bytes, target: Target) -> Counter[str]:
    return Counter(finding.code for finding in found_in(content, target) if finding.severity is Severity.ERROR)


def error_codes(contents: Iterable[bytes], target: Target) -> list[set[str]]:
    """The codes of the errors in each of some contents, all of which are lines of one file."""
    content, ends = joined(contents)
    codes = [set[str]() for _ in ends]
    for finding in found_in(content, target):
        if finding.severity is Severity.ERROR:
            codes[bisect_left(ends, finding.line)].add(finding.code)
    return codes


@pytest.mark.slow
@pytest.mark.parametrize(("target", "cases"), BATCHES.values(), ids=BATCHES)
def test_a_repair_settles_its_rule_and_makes_no_new_error(target: Target, cases: dict[Case, bytes]) -> None:
    changed = mended(cases, target)
    assert {case for case in cases if case[1] == "documented"} <= changed.keys()
    assert not changed or mended(changed, target) == {}  # nothing is left that can be fixed
    compared = [case for case in changed if not without_turns(cases[case])]
    had, has = (error_codes((side[case] for case in compared), target) for side in (cases, changed))
    new = {case: made - old for case, old, made in zip(compared, had, has, strict=True)}
    assert {case: codes for case, codes in new.items() if codes} == {}


DETAIL = {"train_detail": [{"begin_offset": 1, "end_offset": 2, "train": True}]}


@pytest.mark.parametrize(
    ("code", "answer", "mended"),
    [
        pytest.param(
            "T014",
            {"tool_calls": [{"function": {"name": "pay", "arguments": '"{\\"sum\\": 1.10, \\"to\\": 1e400}"'}}]},
            {"tool_calls": [{"function": {"name": "pay", "arguments": '{"sum": 1.10, "to": 1e400}'}}]},
            id="numbers as they are written",
        ),
        pytest.param("Q010", {"content": "O\u200bne"}, {"content": "One"}, id="an invisible character"),
        pytest.param("C015", {"content": "One "}, {"content": "One"}, id="white space"),
        pytest.param("C015", {"content": "  One "}, {"content": "  One"}, id="white space at the start"),
        pytest.param("C015", {"content": "One ", **DETAIL}, {"content": "One ", **DETAIL}, id="offsets of white space"),
        pytest.param("Q010", {"content": "\u200bO", **DETAIL}, {"content": "\u200bO", **DETAIL}, id="offsets"),
        pytest.param("Q010", {"content": "\uf0b7 O\u200bne"}, {"content": "\uf0b7 O\u200bne"}, id="a bullet"),
    ],
)
def test_a_repair_loses_nothing(code: str, answer: dict[str, Any], mended: dict[str, Any]) -> None:
    repair = RULES[code].repair
    assert repair
    asked = {"role": "user", "content": "Hi"}
    said = {"role": "assistant", "content": None}
    assert repair.function({"messages": [asked, {**said, **answer}]}) == {"messages": [asked, {**said, **mended}]}


def test_a_repair_says_in_one_sentence_what_it_does() -> None:
    summaries = [rule.repair.summary for rule in REPAIRED.values() if rule.repair]
    assert [summary for summary in summaries if not summary.endswith(".") or "\n" in summary] == []


BAD_OBJECTS = {
    case: [
        value
        for content in contents.values()
        for line in content.splitlines()
        if isinstance(value := decode(line).value, dict)
    ]
    for case, contents in bad_inputs().items()
    if case[0] in OBJECTS
}
"""What each rule documents as bad, and its bad cases: for the target that a case names."""


@st.composite
def mutated(draw: st.DrawFn, code: str, target: Target) -> dict[str, Any]:
    """An object near to what is bad for the target: turns copied, moved, emptied, keys gone or replaced."""
    lines = BAD_OBJECTS[code, target]
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


@pytest.mark.parametrize(("code", "target"), [*((code, target_of(code)) for code in OBJECTS), *ALSO_FOR.items()])
def test_every_repair_changes_one_of_the_objects_that_are_mutated(code: str, target: Target) -> None:
    repair = RULES[code].for_target(target).repair
    assert repair
    assert any(repair.function(copy.deepcopy(value)) != value for value in BAD_OBJECTS[code, target])


def written_lines(values: Iterable[dict[str, Any]]) -> list[bytes]:
    return [json.dumps(value).encode() + b"\n" for value in values]


@pytest.mark.slow
@pytest.mark.parametrize(("code", "target"), [*((code, target_of(code)) for code in OBJECTS), *ALSO_FOR.items()])
@settings(max_examples=of_hundred(50) // 7)  # for each of 32 repairs; the first of them has the simplest objects only
@given(data=st.data())
def test_a_repair_of_anything_settles_or_does_nothing_changes_no_input_and_a_second_time_nothing(
    code: str, target: Target, data: st.DataObject
) -> None:
    rule = RULES[code].for_target(target)
    assert rule.repair
    changed = []
    for value in data.draw(st.lists(mutated(code, target), min_size=VALUES, max_size=VALUES)):
        before = copy.deepcopy(value)
        mended = rule.repair.function(value)
        assert value == before
        assert isinstance(mended, dict)
        if mended != value:
            assert rule.repair.function(copy.deepcopy(mended)) == mended
            changed.append((value, mended))
    if changed:
        was, now = (found_in(b"".join(written_lines(side)), target, code) for side in zip(*changed, strict=True))
        reported = {finding.line for finding in was}
        assert [finding for finding in now if finding.line in reported] == []


@pytest.mark.slow
@pytest.mark.parametrize(("code", "target"), [*((code, target_of(code)) for code in OBJECTS), *ALSO_FOR.items()])
@settings(max_examples=of_hundred(20) // 3)
@given(data=st.data())
def test_fixing_anything_with_one_repair_makes_no_new_error_and_is_done_at_once(
    code: str, target: Target, data: st.DataObject
) -> None:
    lines = written_lines(data.draw(st.lists(mutated(code, target), min_size=VALUES, max_size=VALUES)))
    for group in [[line] for line in lines] if code in COMPARING else [lines]:
        require_fixed(code, target, group)


def require_fixed(code: str, target: Target, lines: list[bytes]) -> None:
    """Fixing a file of these lines with one repair makes no new error, and nothing is left to fix."""
    path = Path("data.jsonl")
    path.write_bytes(b"".join(lines))
    config = CheckConfig(select=(code,), target=target)
    fix_paths([path], config, unsafe=True)
    fixed = path.read_bytes().splitlines(keepends=True)
    changed = [at for at, pair in enumerate(zip(lines, fixed, strict=True)) if pair[0] != pair[1]]
    compared = [at for at in changed if not without_turns(lines[at])]
    before, after = (error_codes((side[at] for at in compared), target) for side in (lines, fixed))
    for had, made in zip(before, after, strict=True):
        assert not {new for new in made - had if not new.startswith(BROUGHT_TO_LIGHT.get(code, ("-",)))}
    assert not [finding for finding in found_in(b"".join(fixed), target, code) if finding.fixable]
    if changed:
        fix_paths([path], config, unsafe=True)
        assert path.read_bytes() == b"".join(fixed)


@pytest.mark.slow
@pytest.mark.parametrize(
    "code", [code for code, rule in ON_LINES.items() if rule.repair and rule.repair.takes is RepairInput.LINE]
)
@given(data=st.binary(max_size=40) | strategies.written().map(lambda pair: pair[1].encode("utf-8", "surrogatepass")))
def test_a_repair_of_any_line_ends_and_a_second_time_changes_nothing(code: str, data: bytes) -> None:
    repair = RULES[code].repair
    assert repair
    data = data.replace(b"\n", b" ")
    if (mended := repair.function(data)) is not None:
        assert b"\n".join(repair.function(piece) or b"" for piece in mended.split(b"\n")) == mended
