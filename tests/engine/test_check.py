"""`curate check`: its exit codes, its streams, the shape of its JSON, and that nothing depends on how the file was
read.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import curate.lint.checker
import curate.read.chunks
from curate.cli.main import main
from curate.core.config import CheckConfig
from curate.core.example import TRAINED_KEYS
from curate.core.finding import Finding
from curate.core.targets import Target
from curate.core.text import UNSAFE
from curate.lint.rules import RULES
from curate.lint.runner import check_paths
from curate.render.check_formats import OutputFormat
from curate.render.check_text import MAX_SHOWN
from tests.conftest import Write, chat, line_of, of_hundred

Captured = pytest.CaptureFixture[str]
GOOD = line_of(("Hi", "Hello."))
NULL = line_of({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": None}]})
COLOUR = re.compile(r"\x1b\[[0-9;]*m")

# Lines that are sound, and lines each wrong in its own way; numbered, so that no two of them are copies.
KINDS: tuple[Callable[[int], object], ...] = (
    lambda n: chat(f"Question {n}?", "Yes."),
    lambda n: chat(f"Question {n}?", "Yes.", "Be brief."),
    lambda n: {"messages": [{"role": "user", "content": f"Question {n}?"}, {"role": "assistant", "content": ""}]},
    lambda n: {"messages": [{"role": "human", "content": f"Question {n}?"}, {"role": "assistant", "content": None}]},
    lambda n: {"messages": [{"role": "user", "content": f"Question {n}?"}, f"Answer {n}."]},
    lambda n: {"instruction": f"Question {n}?", "output": "Yes."},
    lambda n: {"question": n},
    lambda n: b'{"messages": [%d' % n,
    lambda n: b"{'messages': %d}" % n,
    lambda n: b'{"id": 1, "id": %d}' % n,
    lambda n: b'{"text": "caf\xe9 %d"}' % n,
    lambda n: b"[" * (1000 + n),
    lambda _: b"",
    lambda n: n,
)


def check(*arguments: str) -> int:
    return main(["check", *arguments])


def output(captured: Captured) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(captured.readouterr().out)
    return found


def without_file(findings: list[Finding]) -> list[tuple[str, str, str]]:
    return sorted((finding.code, finding.pointer, finding.message) for finding in findings)


# Exit codes and streams


def test_a_sound_file_is_clean_and_says_how_much_was_read(write: Write, capsys: Captured) -> None:
    assert check(str(write("data.jsonl", [GOOD]))) == 0
    assert capsys.readouterr() == ("1 example in 1 line of 1 file: no findings\n", "")


@pytest.mark.parametrize(
    "lines", [[NULL], [GOOD, GOOD], [GOOD, b""], [b"Hi"]], ids=["error", "warning", "blank line", "no example"]
)
def test_errors_and_warnings_are_findings(write: Write, lines: list[bytes]) -> None:
    assert check(str(write("data.jsonl", lines))) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["missing.jsonl"],
        ["data.jsonl", "--select", "Z9"],
        ["data.jsonl", "--ignore", "Y"],
        ["data.jsonl", "--no-such-option"],
        ["data.gz"],
        ["empty"],
    ],
    ids=["no path", "no file", "no such code", "nothing to ignore", "no such option", "damaged file", "empty folder"],
)
def test_what_makes_no_sense_is_told_on_stderr_with_the_next_step(
    write: Write, capsys: Captured, arguments: list[str]
) -> None:
    write("data.jsonl", [GOOD])
    write("data.gz", b"\x1f\x8b\x08")
    Path("empty").mkdir()
    assert check(*arguments) == 2
    out, told = capsys.readouterr()
    assert out == ""
    assert told.startswith("error: ")
    assert "next: " in told


def test_one_file_that_cannot_be_read_ends_the_check(write: Write, capsys: Captured) -> None:
    write("a.jsonl", [NULL])
    write("b.jsonl", b"\x1f\x8b\x08")
    assert check("a.jsonl", "b.jsonl", "--output-format", "json") == 2
    assert "b.jsonl: damaged gzip file" in capsys.readouterr().err


def test_a_finding_is_told_with_its_place_its_code_and_the_next_step(write: Write, capsys: Captured) -> None:
    check(str(write("data.jsonl", [GOOD, NULL])))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "data.jsonl:2: C001 error the content of message 2 is null (/messages/1/content)"
    assert lines[2] == f"C001 × 1: {RULES['C001'].hint}"
    assert lines[-1] == "2 examples in 2 lines of 1 file: 1 error"
    assert lines[-2] == (
        "contradictions: only facts in answers to equal requests compared; `curate conflicts data.jsonl` finds more"
    )


@pytest.mark.parametrize("name", ["data.json", "data.csv"])
def test_rows_of_a_table_and_elements_of_a_document_are_counted_as_records(
    name: str, write: Write, capsys: Captured
) -> None:
    rows = b"[%s,\n\n%s]" % (GOOD, GOOD) if name == "data.json" else b'prompt,completion\na,"b\n"\nc,d\n'
    check(str(write(name, rows)))
    assert "2 examples in 2 records of 1 file: " in capsys.readouterr().out


def test_the_next_command_names_the_file_if_it_is_the_only_one(write: Write, capsys: Captured) -> None:
    for names, command in ((["my data.jsonl"], "curate conflicts 'my data.jsonl'"), (["a", "b"], "curate conflicts")):
        check(*(str(write(name, [GOOD, NULL])) for name in names))
        assert f"; `{command}` finds more" in capsys.readouterr().out


@pytest.mark.parametrize(("names", "noted"), [(("train", "valid"), True), (("a", "b"), False), (("train",), False)])
def test_splits_that_are_checked_together_are_pointed_to_verify(
    write: Write, capsys: Captured, names: tuple[str, ...], noted: bool
) -> None:
    for name in names:
        write(f"data/{name}.jsonl", [GOOD])
    check("data")
    assert ("splits not compared: run `curate verify data`" in capsys.readouterr().out.splitlines()) is noted


def test_json_is_the_same_by_both_options(write: Write, capsys: Captured) -> None:
    write("data.jsonl", [GOOD, NULL])
    results = []
    for options in (["--json"], ["--output-format", "json"]):
        assert check("data.jsonl", *options) == 1
        results.append(json.loads(capsys.readouterr().out)["findings"])
    assert results[0] == results[1] != []
    assert check("data.jsonl", "--json", "--output-format", "sarif") == 2


def test_the_signals_that_find_more_of_a_defect_are_named(write: Write, capsys: Captured) -> None:
    cut = chat("Print 1.", "```python\nprint(1)")
    check(str(write("data.jsonl", [GOOD, cut, cut, chat("Print 2.", "Two is 2. " * 20)])))
    assert (
        "1 answer in a loop, 2 answers cut off: `curate score data.jsonl` may find more"
        in capsys.readouterr().out.splitlines()
    )


def test_of_many_findings_of_a_rule_the_first_are_shown_and_the_rest_is_counted(write: Write, capsys: Captured) -> None:
    path = str(write("data.jsonl", [b"{"] * (MAX_SHOWN + 5) + [NULL]))
    check(path)
    few = capsys.readouterr().out
    assert few.count(": J010 error") == MAX_SHOWN
    assert "5 more not shown (--all shows them)" in few
    assert f"data.jsonl:{MAX_SHOWN + 6}: C001" in few
    check(path, "--all")
    assert capsys.readouterr().out.count(": J010 error") == MAX_SHOWN + 5


def test_rules_are_selected_and_ignored(write: Write, capsys: Captured) -> None:
    path = str(write("data.jsonl", [NULL, b"{"]))
    for arguments, codes in (
        (["--select", "C"], {"C001"}),
        (["--ignore", "C001"], {"J010"}),
        (["--select", "J", "--ignore", "J010"], set()),
    ):
        check(path, "--output-format", "json", *arguments)
        assert set(output(capsys)["summary"]["codes"]) == codes


def test_the_configuration_of_the_folder_counts_and_options_beat_it(write: Write) -> None:
    path = str(write("data.jsonl", [NULL]))
    write("curate.toml", b'[check]\nignore = ["C001"]\n')
    assert check(path) == 0
    assert check(path, "--ignore", "J") == 1


def test_folders_and_several_files_are_read_in_order_and_duplicates_found_across_them(
    write: Write, capsys: Captured
) -> None:
    write("folder/b.jsonl", [GOOD])
    write("folder/a.jsonl", [GOOD])
    check("folder", "--output-format", "json")
    found = output(capsys)
    assert found["summary"]["files"] == 2
    assert [(one["file"], one["line"], one["message"]) for one in found["findings"]] == [
        ("folder/b.jsonl", 1, "exact copy of folder/a.jsonl:1")
    ]


def test_a_copy_with_another_id_or_in_another_form_is_reported(write: Write, capsys: Captured) -> None:
    """Keys that no trainer reads make no other example; what is trained on does."""
    turns = [{"role": "user", "content": "Hi there"}, {"role": "assistant", "content": "Hello."}]
    text = {"type": "text", "text": "Hi there"}
    parts = [{"role": "user", "content": [text]}, turns[1]]
    image = [{"role": "user", "content": [text, {"type": "image_url", "image_url": {"url": "a.png"}}]}]
    prompt = {"prompt": turns[:1], "answer": "1"}
    lines = [
        {"id": 1, "messages": turns},
        {"id": 2, "messages": turns, "source": "b"},
        {"id": 3, "messages": parts},
        {"id": 4, "conversations": [{"from": "human", "value": "Hi there"}, {"from": "gpt", "value": "Hello."}]},
        {"id": 5, "messages": [*image, turns[1]]},
        {"id": 6, "messages": turns, "label": False},
        {"id": 7, "messages": turns, "tools": [{"type": "function", "function": {"name": "now", "parameters": {}}}]},
        {"id": 8, "messages": [{**turns[0], "weight": 0}, turns[1]]},
        prompt,
        {**prompt, "answer": "2"},
    ]
    check(str(write("data.jsonl", lines)), "--select", "D001,D002", "--output-format", "json")
    assert [(one["line"], one["code"]) for one in output(capsys)["findings"]] == [(line, "D002") for line in (2, 3, 4)]


# JSON


def test_the_json_has_the_documented_shape(write: Write, capsys: Captured) -> None:
    path = write("data.jsonl", [GOOD, NULL, b"{", b""])
    assert check(str(path), "--output-format", "json") == 1
    found = output(capsys)
    assert list(found) == ["findings", "summary"]
    assert list(found["summary"]) == [
        "files",
        "lines",
        "examples",
        "not_understood",
        "severities",
        "codes",
        "known",
        "suppressed",
        "limits",
        "seconds",
    ]
    assert {key: value for key, value in found["summary"].items() if key != "seconds"} == {
        "files": 1,
        "lines": 3,
        "examples": 2,
        "not_understood": 1,
        "severities": {"error": 2, "warning": 1, "info": 0},
        "codes": {"C001": 1, "J008": 1, "J010": 1},
        "known": 0,
        "suppressed": 0,
        "limits": [],
    }
    ids = [
        found["findings"][0].pop("example"),
        found["findings"][1].pop("example"),
        found["findings"][2].pop("example"),
    ]
    assert re.fullmatch("[0-9a-f]{32}", ids[0])
    assert ids[1:] == [None, None]
    assert found["findings"][0] == {
        "code": "C001",
        "severity": "error",
        "file": "data.jsonl",
        "line": 2,
        "pointer": "/messages/1/content",
        "message": "the content of message 2 is null",
        "hint": RULES["C001"].hint,
        "fixable": False,
    }
    assert [(one["code"], one["severity"], one["line"]) for one in found["findings"]] == [
        ("C001", "error", 2),
        ("J010", "error", 3),
        ("J008", "warning", 4),
    ]


def test_a_finding_about_the_whole_file_has_line_0_and_comes_first(write: Write, capsys: Captured) -> None:
    check(str(write("data.json", b"[\n" + NULL + b"\n]")), "--output-format", "json")
    assert [
        (one["code"], one["line"], one["pointer"], one["example"] is None) for one in output(capsys)["findings"]
    ] == [
        ("J011", 0, "", True),
        ("C001", 2, "/messages/1/content", False),
    ]


# What the result does not depend on


@pytest.mark.slow
@settings(max_examples=of_hundred(50))  # a check for each line
@given(chosen=st.lists(st.sampled_from(KINDS), min_size=1, max_size=12))
def test_an_error_in_one_line_hides_and_adds_nothing_in_the_others(chosen: list[Callable[[int], object]]) -> None:
    lines = [line_of(kind(n)) for n, kind in enumerate(chosen)]
    config = CheckConfig(ignore=("J022", "J023", "J024", "J025", "F", "Q021"))
    together, alone = Path("together.jsonl"), Path("alone.jsonl")
    together.write_bytes(b"".join(line + b"\n" for line in [GOOD, *lines]))
    found = check_paths([together], config).findings
    assert [finding for finding in found if finding.line in (0, 1)] == []
    for n, line in enumerate(lines, start=2):
        alone.write_bytes(GOOD + b"\n" + line + b"\n")
        expected = without_file([finding for finding in check_paths([alone], config).findings if finding.line == 2])
        assert without_file([finding for finding in found if finding.line == n]) == expected


OTHER_KEYS = (
    *TRAINED_KEYS[1:],
    "parallel_tool_calls",
    "chosen_messages",
    "tool_choice",
    "function_call",
    "response_format",
    "id",
)


@pytest.mark.parametrize("target", [Target.TRAINER, Target.TRL, Target.OPENAI, Target.TOGETHER, Target.LLAMAFACTORY])
def test_rules_that_know_none_of_the_keys_of_a_line_have_nothing_to_say(target: Target) -> None:
    path, config = Path("data.jsonl"), CheckConfig(target=target)
    values: tuple[object, ...] = (
        "",
        "a",
        1,
        2**70,
        True,
        [],
        [{}],
        ["a"],
        {"a": [1]},
        [{"role": "assistant", "content": "No."}],
    )
    lines = [{**chat("Hi?", "Yes."), key: value} for key in OTHER_KEYS for value in values]
    path.write_bytes(b"".join(line_of(line) + b"\n" for line in [*lines, chat("Hi?", "Yes.")]))
    some = check_paths([path], config).findings
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(curate.lint.checker, "has_keys_beside", lambda _: False)
        assert check_paths([path], config).findings == some


# What a terminal could obey


HOSTILE = {
    "escape": "\x1b[31mred\x1b]0;title\x07",
    "control sequence in one character": "\x9b31m",
    "markup": "[red]bold[/red] [link=file:///]",
    "right to left": "\u202egnp.exe\u2066",
    "carriage return": "safe\rerror",
    "invisible": "a\u200bb\U000e0041",
    "half a character": "\ud83d",
}


@pytest.mark.parametrize("colour", ["", "1"], ids=["plain", "coloured"])
@pytest.mark.parametrize("output_format", OutputFormat)
def test_text_from_the_data_is_shown_and_never_obeyed(
    write: Write, capsys: Captured, monkeypatch: pytest.MonkeyPatch, colour: str, output_format: OutputFormat
) -> None:
    if colour:
        monkeypatch.setenv("FORCE_COLOR", colour)
    lines: list[object] = []
    for text in HOSTILE.values():
        key = json.dumps(text)
        lines += [
            {"messages": [{"role": text, "content": "Hi"}, {"role": "assistant", "content": text}]},
            {text: 1, "b": 2},
            f'{{"messages": [], {key}: 1, {key}: 2}}'.encode(),
            text.encode("utf-8", "surrogatepass"),
        ]
    name = "".join(HOSTILE.values()).encode("utf-8", "replace").decode().replace("/", "-").replace("\r", "")
    assert check(str(write(f"{name}.jsonl", lines)), "--all", "--output-format", output_format) == 1
    out = COLOUR.sub("", capsys.readouterr().out) if colour else capsys.readouterr().out
    assert not UNSAFE.search(out.replace("\n", ""))
    if output_format == "concise":
        assert "role '[red]bold[/red] [link=file:///]' is not known" in out


def test_contradictory_answers_are_found_wherever_the_requests_stand(write: Write) -> None:
    """Across files, documents and chunks; each example that contradicts an earlier one once, with its own line."""
    ask = "How long can I return it?"
    Path("first.json").write_text(
        json.dumps(
            [
                {"instruction": ask, "output": "You can return it within 30 days."},
                {"instruction": "So?", "output": "Yes."},
            ]
        )
    )
    write(
        "second.jsonl",
        [("So?", "Well."), (ask, "You can return it within 30 days!"), (ask, "You can return it within 14 days.")],
    )
    found = [
        (one.file, one.line, one.pointer)
        for one in check_paths([Path("first.json"), Path("second.jsonl")]).findings
        if one.code == "X008"
    ]
    assert found == [("second.jsonl", 3, "/messages/1/content")]


def test_reasoning_hides_no_contradiction_and_does_not_repeat_an_answer(write: Write) -> None:
    days = "Within how many days can I return a pair of shoes?"
    rows = [
        (days, "<think>The shop is generous.</think>You can return it within 30 days."),
        (days, "<think>I recall the terms of sale, where it is written.</think>You can return it within 14 days."),
        ("Is it open on Monday?", "<think>Let me look.</think>\n\nYes."),
        ("Is it open on Monday?", "<think>Museums rest on that day.</think>\n\nNo, it is not."),
        ("Who wrote Faust?", "<think>The one of 1808 is a tragedy in two parts.</think>Goethe wrote it."),
        ("Who wrote Faust?", "<think>Weimar, Gretchen, Mephisto: easy enough.</think>Goethe wrote it."),
    ]
    found = check_paths([write("data.jsonl", rows)]).findings
    assert [(one.code, one.line) for one in found if one.code in ("X008", "D005")] == [("X008", 2), ("X008", 4)]


def test_which_of_many_answers_over_files_are_compared_does_not_depend_on_their_order(write: Write) -> None:
    ask = "Within how many days can I return a pair of shoes?"
    paths = [write(f"{days}.jsonl", [(ask, f"You can return it within {days} days.")]) for days in range(20, 32)]
    compared = set()
    for order in (paths, paths[::-1], paths[5:] + paths[:5]):
        found = [one.message for one in check_paths(order).findings if one.code == "X008"]
        assert len(found) == 7  # the other seven of eight answers contradict the first
        compared.add(frozenset(days for message in found for days in re.findall(r"(\d+) days", message)))
    assert len(compared) == 1


def test_of_labels_that_differ_no_other_rule_reports_that_they_contradict_each_other(write: Write) -> None:
    rows = [(f"Is mail {n} an advertisement?", ("yes", "no")[n % 2]) for n in range(30)]
    path = write("data.jsonl", [*rows, (rows[0][0], "no")])
    assert [one.code for one in check_paths([path]).findings if one.code.startswith("X")] == ["X005"]
    found = check_paths([path], CheckConfig(ignore=("X005",))).findings
    assert [one.code for one in found if one.code.startswith("X")] == ["X008"]


def test_findings_of_an_array_on_one_line_name_the_element(capsys: Captured) -> None:
    def asked_by(asks: str, question: str, answer: str) -> dict[str, Any]:
        return {"messages": [{"role": asks, "content": question}, {"role": "assistant", "content": answer}]}

    chats = [
        asked_by("human", "Who?", "Me."), asked_by("user", "Is it round?", "Yes."), asked_by("user", "Why?", "So."),
        asked_by("user", "Why?", "So."), asked_by("human", "When?", "Now."), asked_by("user", "Is it round?", "No."),
    ]  # fmt: skip
    cut = json.dumps(chats)[:-1]  # what names the array names no element of it
    messages = []
    for text, rules in ((json.dumps(chats), "D001,M007,X008"), (cut, "J010")):
        Path("chats.json").write_text(text, encoding="utf-8")
        main(["check", "chats.json", "--select", rules, "--output-format", "json"])
        messages += [finding["message"] for finding in json.loads(capsys.readouterr().out)["findings"]]
    assert messages == [
        "element 4: exact copy of chats.json:1 (element 3)",
        "role 'human' should be 'user'",
        "element 5: role 'human' should be 'user'",
        "element 6: answers 'No', but chats.json:1 (element 2) answers 'Yes'",
        "the array that starts the file is not closed",
    ]
