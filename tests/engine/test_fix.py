"""Fixing: a file is mended whole or not at all, with every byte as it was that no repair is about."""

import errno
import gzip
import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.cli.main import main
from curate.core.config import CheckConfig
from curate.core.errors import InputError, OutputError
from curate.core.targets import Target
from curate.lint.fixer import FixedFile, Fixer, FixReport, fix_paths
from curate.lint.rules import RULES
from curate.lint.rules.rule import Repair
from curate.lint.runner import check_paths
from curate.lint.suppressions import add_suppressions, load_suppressions
from curate.render.fix import line_ranges, unified_diff
from tests.conftest import Write, line_of, of_hundred
from tests.engine.test_repairs import errors, parsed_lines, target_of, without_turns

Captured = pytest.CaptureFixture[str]


# Files


def fix(*paths: Path, unsafe: bool = False, **config: Any) -> FixReport:
    return fix_paths(paths, CheckConfig(**config), unsafe=unsafe)


GOOD = line_of(("Hi", "Hello."))
ALIAS = line_of({"messages": [{"role": "human", "content": "Who?"}, {"role": "gpt", "content": "Me."}]})
FIXED = line_of({"messages": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Me."}]})


def test_unchanged_values_of_a_fixed_line_keep_their_bytes(write: Write) -> None:
    def line(roles: Sequence[str], turns: str) -> bytes:
        text = ' { "score":1e5,  "messages" : [%s],"w": 1.50 , "n": 123456789012345678901, "t":"\\u00e9\\/é\\ud800"} \t'
        return (text % turns % roles).encode()

    turns = '{"role":"%s",  "content" : "a\\/b"},{"role": "%s","content":"\\u0041nswer.", "n": -0.0}'
    path = write("a.jsonl", [line(("human", "gpt"), turns)])
    fix(path)
    assert path.read_bytes().rstrip(b"\n") == line(("user", "assistant"), turns)
    first, answer = '{"role":"%s","content":"Hi"}', turns.partition(",{")[2]
    path = write("b.jsonl", [line(("user", "user", "assistant"), f"{first},{turns}")])
    fix(path, unsafe=True, select=("M016",))
    merged = first.replace("Hi", "Hi\\n\\na/b") + ", {" + answer
    assert path.read_bytes().rstrip(b"\n") == line(("user", "assistant"), merged)


@pytest.mark.parametrize(("weight", "number"), [("true", "1"), ("1.0", "1"), ("false", "0"), ('"1"', "1")])
def test_a_weight_that_is_another_spelling_of_a_number_is_fixed(write: Write, weight: str, number: str) -> None:
    line = b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes", "weight": %s}]}'
    path = write("data.jsonl", [line % weight.encode()])
    fix(path)
    assert path.read_bytes().rstrip(b"\n") == line % number.encode()


def test_turns_are_merged_of_users_and_assistants_alone(write: Write) -> None:
    turns = [("system", "A"), ("system", "B"), ("user", "C"), ("user", "D"), ("assistant", "E"), ("assistant", "F")]
    path = write("data.jsonl", [{"messages": [{"role": role, "content": text} for role, text in turns]}])
    fix(path, unsafe=True, select=("M016",))
    merged = [("system", "A"), ("system", "B"), ("user", "C\n\nD"), ("assistant", "E\n\nF")]
    assert json.loads(path.read_bytes()) == {"messages": [{"role": role, "content": text} for role, text in merged]}


@pytest.mark.parametrize(
    ("answer", "fixed"),
    [
        ("  One \n", "  One"),
        ([{"type": "text", "text": " One \n"}], [{"type": "text", "text": " One"}]),
        ("@@ -1,2 +1,2 @@\n-a\n+b\n \n", "@@ -1,2 +1,2 @@\n-a\n+b\n \n"),
        ("a\tb\n1\t\n", "a\tb\n1\t\n"),
    ],
    ids=["a text", "a part", "a diff", "a table"],
)
def test_white_space_goes_from_the_end_of_an_answer_and_of_nothing_else(answer: Any, fixed: Any, write: Write) -> None:
    def turns(last: Any) -> dict[str, object]:
        contents = [("system", "Be brief. \n"), ("user", " Hi \n"), ("assistant", last)]
        return {"messages": [{"role": role, "content": content} for role, content in contents]}

    path = write("data.jsonl", [turns(answer)])
    fix(path, select=("C015",))
    assert json.loads(path.read_bytes()) == turns(fixed)


@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize("separators", [(", ", ": "), (",", ":")])
def test_a_fixed_line_keeps_its_spacing_and_escapes(write: Write, separators: tuple[str, str], escaped: bool) -> None:
    def line(role: str) -> bytes:
        turns = [{"role": role, "content": 'Où, "then": \\ \n 1:1,2?'}, {"role": "assistant", "content": "Ici."}]
        return json.dumps({"messages": turns, "n": 1.0}, separators=separators, ensure_ascii=escaped).encode()

    path = write("a.jsonl", [line("human")])
    fix(path)
    assert path.read_bytes().rstrip() == line("user")


@given(
    lines=st.lists(
        st.sampled_from([GOOD, ALIAS, b"", b"{", b" 1", b'{"a": 1.50, "a": "\\u00e9"}', "{'é': 'ü'}".encode()])
        | st.binary(max_size=9).map(lambda data: b"x" + data),
        max_size=6,
    ),
    endings=st.lists(st.sampled_from([b"\n", b"\r\n"]), min_size=6, max_size=6),
    last=st.booleans(),
)
def test_lines_without_a_finding_that_can_be_fixed_keep_their_bytes(
    lines: list[bytes], endings: list[bytes], last: bool
) -> None:
    lines = [line.replace(b"\n", b"") for line in lines]
    content = b"".join(line + ending for line, ending in zip(lines, endings, strict=False))
    content = content if last else content.rstrip(b"\r\n")
    path = Path("data.jsonl")
    path.write_bytes(content)
    config = CheckConfig(select=("M007",))
    report = fix_paths([path], config)
    expected = (
        content
        if report.files[0].skipped
        else b"".join(line.replace(ALIAS, FIXED) for line in content.splitlines(keepends=True))
    )
    assert path.read_bytes() == expected
    assert fix_paths([path], config).lines == 0


@pytest.mark.slow
@settings(max_examples=of_hundred(30))  # all rules, four times each
# J019's bad example is a packed file: it is no line to put among others.
@given(lines=st.lists(st.sampled_from(sorted(RULES.keys() - {"J019"})), min_size=1, max_size=6), unsafe=st.booleans())
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
    report = fix(path, unsafe=True)
    assert path.read_bytes() == FIXED + b"\n" + GOOD + b"\n"
    file = report.files[0]
    assert (dict(file.findings), file.lines, file.removed) == (
        {"M007": 2, "J008": 2, "D001": 1},
        4,
        {"J008": [2, 5], "D001": [4]},
    )


def test_a_value_under_an_unknown_key_goes_only_when_asked_for(write: Write) -> None:
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello.", "wieght": 0, "thought": "A greeting."},
    ]
    path = write("data.jsonl", [{"messages": turns}])
    before = path.read_bytes()
    assert (fix(path).lines, path.read_bytes()) == (0, before)
    assert (fix(path, unsafe=True).lines, b"wieght" in path.read_bytes()) == (1, False)
    path = write(
        "data.jsonl", [{"messages": [{"role": "user", "text": "Hi"}, {"role": "assistant", "text": "Hello."}]}]
    )
    assert (fix(path, unsafe=True).lines, b"Hello." in path.read_bytes()) == (0, True)


def test_a_call_gets_the_function_that_it_lacks(write: Write) -> None:
    call = {"id": "c1", "name": "now", "arguments": {"zone": "UTC"}}
    answer = {"role": "assistant", "content": None, "tool_calls": [call]}
    path = write("data.jsonl", [{"messages": [{"role": "user", "content": "Hi"}, answer]}])
    assert fix(path).lines == 1
    mended = json.loads(path.read_bytes())["messages"][1]["tool_calls"]
    assert mended == [{"id": "c1", "type": "function", "function": {"name": "now", "arguments": {"zone": "UTC"}}}]
    call["type"] = "custom"  # a call of another type keeps it
    path = write("other.jsonl", [{"messages": [{"role": "user", "content": "Hi"}, answer]}])
    assert (fix(path).lines, b'"custom"' in path.read_bytes()) == (0, True)


def test_what_stays_as_it_is_counts_as_fixed_nowhere(write: Write, capsys: Captured) -> None:
    key = "ghp_" + "Ab3dEfGhJkLmNpQrStUvWxYz2345678901ab"
    detail = {"train_detail": [{"begin_offset": 0, "end_offset": 5, "train": True}]}
    answer = {"role": "assistant", "content": f"It is {key}.", **detail}
    path = write(
        "data.jsonl",
        [
            {"messages": [{"role": "user", "content": f"Is it {key}?"}, answer]},
            {"messages": [{"role": "human", "content": "Where?"}, answer]},
            {"messages": [{"role": "user", "content": "Where?"}, answer]},
        ],
    )
    assert main(["check", str(path), "--select", "S,M007", "--fix", "--unsafe-fixes"]) == 1
    shown = capsys.readouterr()
    assert (path.read_text().count(key), "fixed 2 findings in 2 lines" in shown.err) == (3, True)
    assert "S001 × 3" in shown.out


def test_a_byte_order_mark_goes_and_a_missing_last_line_break_stays_missing(write: Write) -> None:
    path = write("data.jsonl", b"\xef\xbb\xbf" + GOOD + b"\r\n" + ALIAS)
    fix(path)
    assert path.read_bytes() == GOOD + b"\r\n" + FIXED


def test_a_byte_order_mark_stays_where_its_rule_is_not_selected(write: Write) -> None:
    path = write("data.jsonl", b"\xef\xbb\xbf" + ALIAS + b"\n")
    fix(path, select=("M",))
    assert path.read_bytes() == b"\xef\xbb\xbf" + FIXED + b"\n"


def test_several_objects_on_a_line_become_lines_and_each_is_fixed_on(write: Write) -> None:
    path = write("data.jsonl", ALIAS + b" " + GOOD + b"," + b"\r\n" + ALIAS + GOOD)
    report = fix(path, unsafe=True, ignore=("D",))
    assert path.read_bytes() == FIXED + b"\r\n" + GOOD + b"\r\n" + FIXED + b"\n" + GOOD
    assert report.files[0].findings == Counter({"J012": 2, "M007": 4})


def test_keys_keep_their_order_and_text_its_characters_and_escapes(write: Write) -> None:
    value = {
        "z": 1,
        "messages": [{"content": "é ü 😀", "role": "human", "weight": 1}, {"role": "assistant", "content": "Me."}],
        "a": None,
    }
    lines = [json.dumps(value, ensure_ascii=escaped).encode() for escaped in (False, True)]
    path = write("data.jsonl", lines)
    fix(path, select=("M007",))
    assert path.read_bytes().splitlines() == [line.replace(b'"human"', b'"user"') for line in lines]


def test_a_line_in_which_a_key_repeats_is_not_written_anew(write: Write) -> None:
    line = (
        b'{"messages": [{"role": "human", "content": "Lost?", "content": "Hi"}, {"role": "gpt", "content": "Hello."}]}'
    )
    path = write("data.jsonl", [line, line])
    assert fix(path, unsafe=True).lines == 0
    assert path.read_bytes() == line + b"\n" + line + b"\n"


def test_a_repair_that_leads_to_an_error_is_taken_back_and_told(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_empty_answer(value: dict[str, Any]) -> dict[str, Any]:
        return {"messages": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": ""}]}

    faulty = replace(RULES["M007"], repair=Repair(with_empty_answer, safe=True, summary="Faulty."))
    monkeypatch.setitem(RULES, "M007", faulty)
    path = write("data.jsonl", [ALIAS])
    report = fix(path)
    assert (path.read_bytes(), report.files[0].held) == (ALIAS + b"\n", [(1, "M007", "C003")])


def test_unsafe_fixes_are_only_made_when_asked_for(write: Write) -> None:
    twice = line_of(
        {
            "messages": [
                {"role": "user", "content": "Hi"},
                {"role": "user", "content": "You?"},
                {"role": "assistant", "content": "Yes."},
            ]
        }
    )
    path = write("data.jsonl", [twice])
    assert fix(path).lines == 0
    assert fix(path, unsafe=True).lines == 1
    assert json.loads(path.read_bytes())["messages"][0]["content"] == "Hi\n\nYou?"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("data.jsonl.gz", gzip.compress(ALIAS + b"\n", mtime=0), "compressed"),
        ("data.jsonl", gzip.compress(ALIAS + b"\n", mtime=0), "compressed"),
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


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ('{"conversations" : [{"from":"%s","value":"a\\/b"}, {"from": "%s", "value":"Hello."}],"n":1.50}', "human gpt"),
        ('{"conversations":[{"from":"user","value":"Hi"},{"from":"%s","value":"Ho"},{"from":"%s","value":"Hello."}]}',
         "user assistant"),
        ('{"conversations": [{"role":"%s","content":"Hi"}, {"role":"%s","content":"Hello."}]}', "user assistant"),
        ('{"prompt": [{"role":"%s","content":"Hi"}], "completion": [{"role":"%s","content":"Hello."}]}',
         "user assistant"),
        ('{"prompt": [{"role":"%s","content":"Hi"}], "chosen": [{"role":"%s","content":"Hello."}], "rejected": '
         '[{"role":"assistant","content":"No."}]}', "user assistant"),
    ],
)  # fmt: skip
def test_roles_are_renamed_in_every_format_that_names_them(
    write: Write, line: str, names: str, capsys: Captured
) -> None:
    other = b'{"conversations":[ {"from":"human","value":"a\\/b"},{"from":"gpt","value":"c"}]} '
    path = write("data.jsonl", [(line % ("Human", "AI")).encode(), other])
    main(["check", str(path), "--select", "M007", "--output-format", "concise", "--no-cache"])
    out = capsys.readouterr().out
    shown = [text.split() for text in out.splitlines()[:2]]
    assert {(words[3], words[8]) for words in shown} == {("[*]", f"'{name}'") for name in names.split()}
    assert fix(path, select=("M007",)).lines == 1
    assert path.read_bytes() == (line % tuple(names.split())).encode() + b"\n" + other + b"\n"
    assert fix(path, select=("M007",)).lines == 0


def test_objects_of_other_formats_are_left_alone_and_that_is_said(write: Write) -> None:
    turns = [{"from": name, "value": name} for name in ("human", "human", "gpt")]
    line = line_of({"conversations": turns})
    path = write("data.jsonl", [line, b""])
    report = fix(path, unsafe=True)
    assert (path.read_bytes(), report.files[0].foreign) == (line + b"\n", ("sharegpt",))


@pytest.mark.parametrize("code", [code for code, rule in RULES.items() if rule.repair is not None])
def test_what_is_called_fixable_is_what_fixing_changes(code: str) -> None:
    path = Path("data.jsonl")
    path.write_bytes(RULES[code].bad)
    config = CheckConfig(select=(code,), target=target_of(code))
    fixable = [finding for finding in check_paths([path], config).findings if finding.fixable]
    report = fix_paths([path], config, unsafe=True)
    assert bool(fixable) == bool(report.files[0].lines or report.files[0].held)


def test_what_a_person_suppressed_is_not_fixed(write: Write) -> None:
    path = write("data.jsonl", [GOOD, GOOD, ALIAS])
    let_stand = [parsed.example.id for parsed in parsed_lines(path.read_bytes()) if parsed.example]
    fix_paths([path], CheckConfig(), unsafe=True, suppressed=[("D001", let_stand[1])])
    assert path.read_bytes() == GOOD + b"\n" + GOOD + b"\n" + FIXED + b"\n"
    path = write("data.jsonl", [GOOD, GOOD, ALIAS])
    assert main(["check", "data.jsonl", "--fix-only", "--quiet", "--select", "M"]) == 0
    assert path.read_bytes() == GOOD + b"\n" + GOOD + b"\n" + FIXED + b"\n"


def test_the_command_does_not_fix_what_is_suppressed(write: Write) -> None:
    path = write("data.jsonl", [ALIAS])
    findings = [finding for finding in check_paths([path]).findings if finding.code == "M007"]
    add_suppressions(load_suppressions(Path()), findings, "their own template has these roles", "a person")
    assert main(["check", str(path), "--fix-only"]) == 0
    assert path.read_bytes() == ALIAS + b"\n"
    assert main(["check", str(path), "--diff"]) == 0


# What can go wrong on a disk


@pytest.mark.parametrize(("module", "name"), [(shutil, "copymode"), (os, "fsync")], ids=["at the end", "while flushed"])
def test_a_file_that_changes_while_it_is_fixed_is_not_replaced(
    module: Any, name: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("data.jsonl", [ALIAS])
    called = getattr(module, name)

    def meanwhile(*arguments: Any) -> None:
        with path.open("ab") as file:
            file.write(GOOD + b"\n")
        called(*arguments)

    monkeypatch.setattr(module, name, meanwhile)
    with pytest.raises(InputError, match="changed since it was read"):
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
    assert (link.is_symlink(), path.read_bytes(), path.stat().st_mode & 0o777) == (True, FIXED + b"\n", 0o640)


def test_hard_links_that_keep_the_old_text_are_reported(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path, other = write("data.jsonl", [ALIAS]), Path("other.jsonl")
    other.hardlink_to(path)
    assert main(["check", "data.jsonl", "--fix-only"]) == 0
    assert "data.jsonl: 1 hard link to this file not changed" in capsys.readouterr().err
    assert (path.read_bytes(), other.read_bytes()) == (FIXED + b"\n", ALIAS + b"\n")
    assert main(["check", "other.jsonl", "--fix-only"]) == 0
    assert "hard link" not in capsys.readouterr().err
    assert other.read_bytes() == path.read_bytes()


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
    assert path.read_bytes() == FIXED + b"\n{\n"


def test_fix_ends_clean_when_nothing_remains(write: Write) -> None:
    assert main(["check", str(write("data.jsonl", [ALIAS])), "--fix"]) == 0


def test_fix_only_reports_nothing_and_ends_clean(write: Write, capsys: Captured) -> None:
    path = write("data.jsonl", [ALIAS, b"{"])
    assert main(["check", str(path), "--fix-only"]) == 0
    assert capsys.readouterr().out == ""
    assert path.read_bytes() == FIXED + b"\n{\n"


def test_diff_writes_nothing_and_its_exit_status_says_whether_it_would(
    write: Write, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = write("data.jsonl", [GOOD, ALIAS, b""])
    assert main(["check", str(path), "--diff", "--unsafe-fixes"]) == 1
    out = capsysbinary.readouterr().out
    assert (
        out == b"--- data.jsonl\n+++ data.jsonl\n@@ -1,3 +1,2 @@\n " + GOOD + b"\n-" + ALIAS + b"\n+" + FIXED + b"\n-\n"
    )
    assert path.read_bytes() == GOOD + b"\n" + ALIAS + b"\n\n"
    assert main(["check", str(write("data.jsonl", [GOOD])), "--diff"]) == 0
    assert capsysbinary.readouterr().out == b""


@pytest.mark.slow
@settings(deadline=None, max_examples=of_hundred(40))  # each starts a process
@given(lines=st.lists(st.sampled_from([GOOD, ALIAS, b"", b" "]), max_size=40), last=st.booleans(), unsafe=st.booleans())
def test_the_diff_applied_is_what_fixing_writes(lines: list[bytes], last: bool, unsafe: bool) -> None:
    content = b"\n".join(lines) + (b"\n" if last and lines else b"")
    path = Path("data.jsonl")
    path.write_bytes(content)
    diff = b"".join(
        unified_diff(
            "data.jsonl", Fixer(CheckConfig(ignore=("D",)), unsafe=unsafe).lines(path, FixedFile("data.jsonl"))
        )
    )
    if diff:
        Path("copy.jsonl").write_bytes(content)
        subprocess.run(["patch", "-s", "copy.jsonl"], input=diff, check=True, capture_output=True)
    fix(path, unsafe=unsafe, ignore=("D",))
    assert path.read_bytes() == (Path("copy.jsonl").read_bytes() if diff else content)


@pytest.mark.parametrize("options", [["--unsafe-fixes"], ["--fix", "--diff"], ["--fix-only", "--diff"]])
def test_options_that_make_no_sense_together_are_a_mistake_of_usage(write: Write, options: list[str]) -> None:
    path = write("data.jsonl", [ALIAS])
    assert main(["check", str(path), *options]) == 2
    assert path.read_bytes() == ALIAS + b"\n"


@pytest.mark.parametrize(
    ("numbers", "words"), [([], ""), ([3], "3"), ([1, 2, 3, 7, 1000, 1001], "1-3, 7, 1,000-1,001")]
)
def test_line_numbers_are_said_in_few_words(numbers: list[int], words: str) -> None:
    assert line_ranges(numbers) == words
