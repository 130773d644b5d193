"""Converting: every line is in the output or set aside with its reason, and what is written reads as what was read."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.commands.convert import ConvertResult
from curate.commands.convert import convert as convert_data
from curate.core.errors import InputError
from curate.core.form_keys import PAIR_SIDES
from curate.lint.rules.roles import with_known_roles
from curate.read.dataset import FileFacts, ParsedLine, read_file
from tests import strategies
from tests.conftest import Write, chat, full_disk, line_of, rows_of
from tests.workspaces import workspace

Captured = pytest.CaptureFixture[str]
OUT, ASIDE = Path("out.jsonl"), Path("out.unconverted.jsonl")


def parsed_lines(path: Path) -> list[ParsedLine]:
    return [parsed for parsed in read_file(path, FileFacts(str(path))) if not parsed.blank]


def convert(*paths: Path, chosen: bool = False) -> ConvertResult:
    return convert_data(workspace(paths), OUT, ASIDE, chosen=chosen, overwrite=True)


def written() -> list[Any]:
    return rows_of(OUT)


def aside() -> list[dict[str, Any]]:
    return rows_of(ASIDE)


def only(write: Write, value: object, *, chosen: bool = False) -> Any:
    """What one line becomes."""
    assert convert(write("data.jsonl", [value]), chosen=chosen).converted == 1
    return written()[0]


def call(name: str, arguments: str, number: int = 1) -> dict[str, Any]:
    return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}


@pytest.mark.slow
@given(
    values=st.lists(
        strategies.lines.map(lambda value: json.dumps(value).encode())
        | st.binary(max_size=9).map(lambda data: b"x" + data),
        min_size=1,
        max_size=5,
    ),
    chosen=st.booleans(),
)
def test_nothing_is_lost_and_what_is_written_reads_as_what_was_read(values: list[bytes], chosen: bool) -> None:
    path = Path("data.jsonl")
    path.write_bytes(b"".join(value.replace(b"\n", b"") + b"\n" for value in values))
    if values and not any(parsed.example and parsed.example.understood for parsed in parsed_lines(path)):
        OUT.unlink(missing_ok=True)
        with pytest.raises(InputError):
            convert(path, chosen=chosen)
        assert not OUT.exists()
        return
    report = convert(path, chosen=chosen)
    read, after = parsed_lines(path), parsed_lines(OUT)
    rest = {
        line["line"]: base64.b64decode(line["base64"]) if "base64" in line else line["text"].encode()
        for line in aside()
    }
    assert (len(read), len(after)) == (report.read, report.converted)
    kept = [parsed for parsed in read if parsed.line.number not in rest]
    assert all(parsed.line.data == rest[parsed.line.number] for parsed in read if parsed.line.number in rest)
    assert len(kept) == len(after)
    for before, now in zip(kept, after, strict=True):
        assert before.example
        assert now.example
        if before.example.format == "messages" and with_known_roles(before.example) is before.example:
            assert now.line.data == before.line.data
        elif before.example.format not in (*PAIR_SIDES, "sharegpt") and not isinstance(
            before.example.value.get("tools"), str
        ):
            assert now.example.id == with_known_roles(before.example).id


TWO_PAIRS = {
    "question": "", "response_j": {}, "response_k": "", "instruction": None, "chosen": "", "rejected": "",
    "context": {"role": None},
}  # fmt: skip


@pytest.mark.slow
@example(values=[TWO_PAIRS, chat("Hi", "Hello.")])
@example(values=[{"prompt": "0", "completion": {}, "chosen": {}, "rejected": None}, chat("Hi", "Hello.")])
@example(values=[{"prompt": "0", "completion": {}, "chosen": "", "rejected": "", "input": True, "instruction": ""}])
@example(values=[{"prompt": None, "completion": {"from": None, "content": [None], "role": "human"}}])
@given(values=st.lists(strategies.lines, min_size=1, max_size=4))
def test_converting_what_was_converted_changes_no_byte(values: list[dict[str, Any]]) -> None:
    path, again = Path("data.jsonl"), Path("again.jsonl")
    path.write_bytes(b"".join(json.dumps(value).encode() + b"\n" for value in values))
    if values and not any(parsed.example and parsed.example.understood for parsed in parsed_lines(path)):
        return  # nothing is written
    convert(path, chosen=True)
    if not any(parsed.example and parsed.example.understood for parsed in parsed_lines(OUT)):
        return  # all examples were set aside, and a file without one is refused
    report = convert_data(workspace([OUT]), again, Path("rest.jsonl"), overwrite=True)
    assert (again.read_bytes(), report.aside) == (OUT.read_bytes(), 0)


@pytest.mark.parametrize("data", [b"", b"\n\n"])
def test_files_without_a_line_are_an_error(data: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    Path("data.jsonl").write_bytes(data)
    assert main(["convert", "data.jsonl", "-o", "out.jsonl"]) == 2
    assert "no line to convert: the files are empty" in capsys.readouterr().err
    assert not Path("out.jsonl").exists()


def test_messages_keep_their_bytes_and_blank_lines_go(write: Write) -> None:
    line = b'{ "messages" : [{"role":"user","content":"\\u00e9"}] , "x": 1.50}'
    report = convert(write("data.jsonl", line + b"\r\n\r\n" + line))
    assert (OUT.read_bytes(), report.read, dict(report.formats)) == (line + b"\n" + line + b"\n", 2, {"messages": 2})


@pytest.mark.parametrize(
    "value",
    [
        {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello."}]},
        {"instruction": "Hi", "input": "", "output": "Hello."},
        {"prompt": "Hi", "completion": "Hello."},
        {"prompt": [{"role": "user", "content": "Hi"}], "completion": [{"role": "assistant", "content": "Hello."}]},
        {"question": "Hi", "answer": "Hello."},
        {"query": "Hi", "response": "Hello."},
        {"context": "", "input": "Hi", "output": "Hello."},
        {"instruction": "Hi", "instances": [{"input": "", "output": "Hello."}]},
    ],
)
def test_known_formats_become_messages(write: Write, value: object) -> None:
    assert only(write, value) == chat("Hi", "Hello.")


def test_each_instance_of_an_instruction_becomes_a_conversation(write: Write) -> None:
    value = {
        "id": 7,
        "system": "Count.",
        "instruction": "Add.",
        "instances": [{"input": "1 1", "output": "2"}, {"input": "2 2", "output": "4"}],
    }
    report = convert(write("data.jsonl", [value]))
    assert written() == [
        {**chat("Add.\n\n1 1", "2", "Count."), "id": 7},
        {**chat("Add.\n\n2 2", "4", "Count."), "id": 7},
    ]
    assert (report.read, report.converted, report.added) == (1, 1, 1)


def test_of_a_better_and_a_worse_response_only_the_better_one_is_taken_and_only_when_asked(write: Write) -> None:
    value = {"question": "Hi", "response_j": "Hello.", "response_k": "What?"}
    assert only(write, value, chosen=True) == chat("Hi", "Hello.")
    assert dict(convert(write("data.jsonl", [value])).reasons) == {"J025": 1}


def test_an_array_becomes_lines(write: Write) -> None:
    convert(
        write(
            "data.json", json.dumps([chat("Hi", "Hello."), {"prompt": "Who?", "completion": "Me."}], indent=2).encode()
        )
    )
    assert written() == [chat("Hi", "Hello."), chat("Who?", "Me.")]


def test_keys_that_messages_do_not_know_stay(write: Write) -> None:
    assert only(write, {"prompt": "Hi", "completion": "Hello.", "source": "a", "label": True}) == {
        **chat("Hi", "Hello."),
        "source": "a",
        "label": True,
    }


def test_calls_and_results_of_sharegpt_become_tool_calls_and_tool_messages(write: Write) -> None:
    said = [
        ("human", "Time?"),
        ("function_call", '{"name": "now", "arguments": {"zone": "é"}}'),
        ("observation", "12:00"),
        ("gpt", "Noon."),
    ]
    tools = '[{"name": "now", "description": "The time", "parameters": {"type": "object"}}]'
    value = {
        "system": "Be brief.",
        "conversations": [{"from": who, "value": what} for who, what in said],
        "tools": tools,
    }
    assert only(write, value) == {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Time?"},
            {"role": "assistant", "content": None, "tool_calls": [call("now", '{"zone": "é"}')]},
            {"role": "tool", "tool_call_id": "call_1", "content": "12:00"},
            {"role": "assistant", "content": "Noon."},
        ],
        "tools": [
            {
                "type": "function",
                "function": {"name": "now", "description": "The time", "parameters": {"type": "object"}},
            }
        ],
    }


def test_calls_in_content_parts_become_tool_calls_and_one_that_is_unreadable_stays(write: Write) -> None:
    text = [{"type": "text", "value": "12:00"}]
    thought = {"type": "reasoning", "value": "Look."}

    def asked(value: str) -> dict[str, Any]:
        answer = {"role": "assistant", "content": [thought, {"type": "tool_call", "value": value}]}
        return {"messages": [{"role": "user", "content": "Time?"}, answer, {"role": "tool", "content": text}]}

    path = write("data.jsonl", [asked('{"name": "now", "arguments": {}}'), asked("now()")])
    report = convert(path)
    first, second = (json.loads(line) for line in OUT.read_bytes().splitlines())
    assert first["messages"][1:] == [
        {"role": "assistant", "content": [thought], "tool_calls": [call("now", "{}")]},
        {"role": "tool", "content": text, "tool_call_id": "call_1"},
    ]
    assert second == asked("now()")
    assert [note.line for note in report.notes] == [2]


@pytest.mark.parametrize("beside", [[], [{"what": "n" * 900}]], ids=["none-aside", "one-aside"])
def test_a_full_disk_names_the_file_that_does_not_fit(
    write: Write, capsys: Captured, beside: list[dict[str, Any]]
) -> None:
    value = {"instruction": "Hi", "output": "Hello. " * 9}
    write("data.jsonl", [*[value] * 90, *beside])
    with full_disk(600):
        assert main(["convert", "data.jsonl", "-o", "out.jsonl"]) == 2
        assert capsys.readouterr().err.startswith("error: out.jsonl: cannot be written: File too large")
        assert main(["split", "data.jsonl", "-o", "made"]) == 2
    assert sorted(path.name for path in Path().iterdir()) == ["data.jsonl"]


def test_several_calls_get_their_results_in_order_and_ids_never_repeat(write: Write) -> None:
    both = '[{"name": "a", "arguments": "{}"}, {"name": "b", "arguments": {}}]'
    said = [
        ("human", "Go"),
        ("function_call", both),
        ("observation", "1"),
        ("observation", "2"),
        ("function_call", '{"name": "c", "arguments": {}}'),
    ]
    turns = only(write, {"conversations": [{"from": who, "value": what} for who, what in said]})["messages"]
    assert turns[1]["tool_calls"] == [call("a", "{}"), call("b", "{}", 2)]
    assert [turn["tool_call_id"] for turn in turns[2:4]] == ["call_1", "call_2"]
    assert turns[4]["tool_calls"] == [call("c", "{}", 3)]


@pytest.mark.parametrize(
    "text",
    [
        "now()",
        '{"name": "now"}',
        '{"name": "now", "arguments": {}, "thought": "?"}',
        '{"name": "now", "arguments": 1}',
        "[]",
    ],
)
def test_a_call_that_cannot_be_read_stays_as_text_and_is_listed(write: Write, text: str) -> None:
    path = write(
        "data.jsonl",
        [{"conversations": [{"from": "human", "value": "Time?"}, {"from": "function_call", "value": text}]}],
    )
    report = convert(path)
    assert written()[0]["messages"][1] == {"role": "assistant", "content": text} or text == "[]"
    assert [(note.line, "message 2" in note.why) for note in report.notes] == [(1, True)]


def test_a_turn_that_has_tool_calls_already_keeps_them(write: Write) -> None:
    turn = {
        "from": "function_call",
        "value": '{"name": "now", "arguments": {}}',
        "tool_calls": [call("later", "{}", 7)],
    }
    assert only(write, {"conversations": [turn]})["messages"] == [
        {"role": "assistant", "content": turn["value"], "tool_calls": turn["tool_calls"]}
    ]


def test_a_result_without_a_call_and_tools_that_are_no_json_stay_and_are_listed(write: Write) -> None:
    turns = [
        {"from": "human", "value": "Time?"},
        {"from": "observation", "value": "12:00"},
        {"from": "gpt", "value": "Noon."},
    ]
    report = convert(write("data.jsonl", [{"conversations": turns, "tools": "a clock"}]))
    assert written()[0]["messages"][1] == {"role": "tool", "content": "12:00"}
    assert written()[0]["tools"] == "a clock"
    assert len(report.notes) == 2


PAIR = {"prompt": "Hi", "chosen": "Hello.", "rejected": "Go away."}


def test_a_preference_pair_is_set_aside_unless_its_chosen_side_is_asked_for(write: Write) -> None:
    path = write("data.jsonl", [PAIR])
    report = convert(path)
    assert (OUT.read_bytes(), dict(report.reasons)) == (b"", {"J025": 1})
    assert "--chosen" in aside()[0]["why"]
    assert json.loads(aside()[0]["text"]) == PAIR
    report = convert(path, chosen=True)
    assert (written(), ASIDE.read_bytes(), report.rejected) == ([chat("Hi", "Hello.")], b"", 1)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"question": "Hi"}', "M001"),
        (b'{"messages": "[]"}', "M002"),
        (b'{"messages": []}', "M003"),
        (b'{"messages": [{"role": "user", "content": null}]}', "C001"),
        (b"[1]", "J002"),
        (b'{"prompt": ', "J010"),
        (b'{"text": "caf\xe9"}', "J003"),
        (b'{"prompt": "Hi", "completion": "A", "completion": "B"}', "J013"),
        (b'{"prompt": "Hi", "completion": "Bad.", "label": false}', "J025"),
    ],
)
def test_what_cannot_be_converted_is_set_aside_with_bytes_and_reason(write: Write, line: bytes, code: str) -> None:
    report = convert(write("data.jsonl", [line, ("Hi", "Hello.")]))
    assert (report.converted, dict(report.reasons)) == (1, {code: 1})
    left = aside()[0]
    assert (left["line"], left["code"], bool(left["why"])) == (1, code, True)
    assert (base64.b64decode(left["base64"]) if "base64" in left else left["text"].encode()) == line


def test_a_file_in_utf_16_is_refused_and_nothing_is_written(write: Write) -> None:
    OUT.write_bytes(b"before")
    with pytest.raises(InputError, match="UTF-16"):
        convert(write("data.jsonl", '{"prompt": "Hi", "completion": "Hello."}'.encode("utf-16")))
    assert OUT.read_bytes() == b"before"
    assert not ASIDE.exists()


# The command


def test_the_command_says_what_became_of_the_lines(write: Write, capsys: Captured) -> None:
    path = write("data.jsonl", [{"prompt": "Hi", "completion": "Hello."}, {"question": "\x1b[31m"}])
    assert main(["convert", str(path), "--to", "messages", "-o", str(OUT)]) == 1
    said = capsys.readouterr().out
    assert "2 lines read: 1 written to out.jsonl, formats: prompt-completion (1)" in said
    assert "1 line not converted, written to out.unconverted.jsonl with the reason: M001 × 1" in said
    assert OUT.read_bytes() == line_of(("Hi", "Hello.")) + b"\n"


def test_the_command_names_the_options_that_convert_pairs(write: Write, capsys: Captured) -> None:
    pair = {"prompt": "Hi", "chosen": "Hello.", "rejected": "What?"}
    path = write("data.jsonl", [pair, pair, {"prompt": "Hi", "completion": "Hello."}])
    assert main(["convert", str(path), "-o", str(OUT)]) == 1
    assert (
        "J025: preference pair: messages cannot hold the rejected side; --to preference-chat keeps both sides, and "
        "--chosen converts the chosen side"
    ) in capsys.readouterr().out
    assert main(["convert", str(path), "-o", str(OUT), "--chosen", "--overwrite"]) == 0
    assert "J025" not in capsys.readouterr().out


def test_a_table_of_messages_is_named_as_rows_to_join(write: Write, capsys: Captured) -> None:
    row = {"ticket_id": "T-1", "author": "Anna", "text": "It hangs."}
    table = Path("tickets.csv")
    table.write_text("ticket_id,author,text\nT-1,Anna,It hangs.\nT-1,Support,Restart it.\n")
    for path in (table, write("tickets.jsonl", [row, row])):
        assert main(["convert", str(path), "-o", str(OUT), "--overwrite"]) == 0
        assert (
            f"{path.name}: each row became an example of plain text; if each is one message, by `author` in the "
            "conversation `ticket_id`, join them first: one conversation a line"
        ) in capsys.readouterr().out
        assert (
            main(["convert", str(path), "--user", "{author}", "--assistant", "{text}", "-o", str(OUT), "--overwrite"])
            == 0
        )
        assert "join them" not in capsys.readouterr().out


def test_the_command_ends_clean_when_all_was_converted_and_prints_json(write: Write, capsys: Captured) -> None:
    assert (
        main(
            ["convert", str(write("data.jsonl", [{"prompt": "Hi", "completion": "Hello."}])), "-o", str(OUT), "--json"]
        )
        == 0
    )
    assert json.loads(capsys.readouterr().out) == {
        "read": 1, "converted": 1, "not_understood": 0, "aside": 0, "renamed": 0, "formats": {"prompt-completion": 1},
        "reasons": {}, "first_reasons": {}, "added": 0, "joined": 0, "omitted": {}, "rejected": 0, "unused": {},
        "unmatched": 0, "notes": [],
    }  # fmt: skip


@pytest.mark.parametrize(("output", "to"), [("data.jsonl", "messages"), ("out.jsonl", "poems")])
def test_an_output_that_makes_no_sense_is_a_mistake_of_usage(write: Write, output: str, to: str) -> None:
    path = write("data.jsonl", [("Hi", "Hello.")])
    assert main(["convert", str(path), "--to", to, "-o", output]) == 2
    assert path.read_bytes() == line_of(("Hi", "Hello.")) + b"\n"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["{q} {{n}} {n}", "{a.b}"], ["Hi {n} 1.5", "Hello."]),
        (["{q}", "fixed"], ["Hi", "fixed"]),
        (["{q}", "{a.list.0} {a.list.1}"], ["Hi", "1 two"]),
        (["{missing}", "x"], "there is no key `missing`"),
        (["{a.c}", "x"], "there is no key `a.c`"),
        (["{a.list.2}", "x"], "there is no key `a.list.2`"),
        (["{a}", "x"], "`a` is an object, not a text"),
        (["{none}", "x"], "`none` is null, not a text"),
    ],
)
def test_rows_under_other_keys_are_read_by_texts(
    write: Write, texts: list[str], expected: Any, capsys: Captured
) -> None:
    row = {"q": "Hi", "a": {"b": "Hello.", "list": [1, "two"]}, "n": 1.5, "none": None, "id": 7}
    path = str(write("data.jsonl", [row, {"q": "Ho"}]))
    words = ["convert", path, "--user", texts[0], "--assistant", texts[1], "-o", str(OUT)]
    status = main(words)
    if isinstance(expected, str):
        assert (status, expected in capsys.readouterr().err) == (2, True)
    else:
        assert status == (1 if aside() else 0)
        assert [turn["content"] for turn in written()[0]["messages"]] == expected
        assert written()[0]["id"] == 7
        assert written()[0]["a"]["list"] == [1, "two"]


def test_what_no_text_names_is_counted_by_its_path(write: Write, capsys: Captured) -> None:
    turns = [{"id": number, "utterance": text} for number, text in enumerate(("Hi", "Hello.", "Bye"))]
    rows = [{"dialogue": turns, "none": None, "topic": {"name": "greetings"}}, {"dialogue": turns[:2]}]
    words = ["convert", str(write("data.jsonl", rows)), "--user", "{dialogue.0.utterance}", "-o", str(OUT)]
    assert main([*words, "--assistant", "{dialogue.1.utterance}"]) == 0
    unused = "dialogue.0.id (2), dialogue.1.id (2), dialogue.2 (1), topic (1)"
    assert f"kept beside the messages (number of lines): {unused}\n" in capsys.readouterr().out
    assert [line["dialogue"] for line in written()] == [turns, turns[:2]]
    assert main([*words, "--assistant", "Hello.", "--overwrite", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unused"]["dialogue.1"] == 2


def test_a_call_under_keys_in_capitals_that_is_not_read_is_noted(write: Write) -> None:
    turns = [{"from": "human", "value": "Hi"}, {"from": "function_call", "value": "now"}]
    report = convert(write("data.jsonl", [{"Conversations": turns}]))
    assert ["message 2: the value of `function_call` is not" in note.why for note in report.notes] == [True]


def test_a_text_for_one_role_is_a_mistake_of_usage(write: Write) -> None:
    assert main(["convert", str(write("data.jsonl", [{"q": "Hi"}])), "--user", "{q}", "-o", str(OUT)]) == 2


@pytest.mark.parametrize("beside", [{"system": "Be brief."}, {"choices": [{"message": {"role": "assistant"}}]}])
def test_a_key_beside_the_texts_never_changes_the_conversation(
    write: Write, beside: dict[str, Any], capsys: Captured
) -> None:
    words = ["convert", str(write("data.jsonl", [{"q": "Hi", **beside}])), "--user", "{q}", "--assistant", "Hello."]
    assert main([*words, "-o", str(OUT)]) == 2
    assert "keys beside the texts make it the format" in capsys.readouterr().err
    if "system" in beside:
        assert main([*words, "--system", "{system}", "-o", str(OUT)]) == 0
        assert [turn["content"] for turn in written()[0]["messages"]] == ["Be brief.", "Hi", "Hello."]
