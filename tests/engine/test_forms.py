"""Every form: real samples are read, written in every other form or refused, and read back the same."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.commands.convert import convert
from curate.core.example import Example, Place
from curate.read.form_writer import normal_messages, normal_tools, write_as
from curate.read.formats import BY_NAME, WRITABLE, example_of, example_of_list
from curate.read.forms.form import UnwritableError
from curate.verify import reading as verify_reading
from curate.verify.line_accounting import content_key
from tests.conftest import Write, rows_of
from tests.strategies import broken, inside
from tests.workspaces import workspace

Captured = pytest.CaptureFixture[str]
FOLDER = Path(__file__).parent.parent / "data" / "forms"
SAMPLES = [
    (path.stem, json.loads(line))
    for path in sorted(FOLDER.glob("*.jsonl"))
    for line in path.read_text("utf-8").splitlines()
]
UNCOMPARED_KEYS = {"tree", "moved"}


def read(value: Any) -> Example:
    return example_of(value, Place("data.jsonl", 1))


def own_form(name: str, example: Example) -> Any:
    """What the sample's own form writes of it."""
    return write_as(BY_NAME[name], example.value).value


def test_every_form_has_a_sample() -> None:
    unlike = {"prompt-completion-chat", "text", "question-answer", "self-instruct"}
    pairs = {name for name, form in BY_NAME.items() if form.sides is not None}
    assert BY_NAME.keys() - unlike - pairs == {name for name, _ in SAMPLES}


@pytest.mark.parametrize(("name", "value"), SAMPLES)
def test_a_sample_reads_as_its_form_and_every_pointer_of_it_stands_in_the_line(name: str, value: Any) -> None:
    found = read(value)
    assert (found.format, found.defect) == (name, None)
    assert found.understood
    assert all(message.role in ("system", "user", "assistant", "tool") for message in found.messages)
    for message in found.messages:
        assert message.pointer in {"".join(f"/{key}" for key in path) for path, _ in inside(value)}


@pytest.mark.parametrize(("name", "value"), SAMPLES)
def test_the_proof_reads_turns_and_calls_of_a_sample_as_those_of_its_conversation(name: str, value: Any) -> None:
    first, again = (verify_reading.read(one) for one in (value, read(value).value))
    assert (first.turns, first.others) == (again.turns, again.others), name


@pytest.mark.parametrize(("name", "value"), SAMPLES)
def test_a_sample_converts_to_every_form_or_the_form_says_why_not(name: str, value: Any) -> None:
    found = read(value)
    conversation = {key: item for key, item in found.value.items() if key not in UNCOMPARED_KEYS}
    whole = normal_messages(found.value["messages"])
    for to, form in WRITABLE.items():
        try:
            written = write_as(form, conversation)
        except UnwritableError:
            assert to != name or to == "prompt-completion"
            continue
        again = read(json.loads(json.dumps(written.value)))
        assert normal_messages(again.value["messages"]) in (whole, whole[:-1] if to == "verl" else whole), to
        assert normal_tools(again.value) == normal_tools(found.value), to
        assert {*again.value, *written.omitted} >= conversation.keys() - {"tools"}, to


ROUND_TRIPS = [(name, value) for name, value in SAMPLES if BY_NAME[name].write]
RESPELLED = {"openai-responses", "nemo-gym", "sharegpt", "alpaca", "prompt-only"}
"""Forms that say the same thing in several ways, of which one is written."""


@pytest.mark.parametrize(("name", "value"), ROUND_TRIPS)
def test_a_sample_that_is_written_in_its_own_form_has_every_key(name: str, value: Any) -> None:
    written = own_form(name, read(value))
    if name not in RESPELLED:
        missing = {"schemaVersion"} if name == "bedrock-conversation" and "schemaVersion" not in value else set()
        assert {key: item for key, item in written.items() if key not in missing} == value
    assert read(written).value["messages"] == read(value).value["messages"] or name in RESPELLED


words = st.sampled_from(["Hi", "Why?", "Ä 1", '{"a": 1}', "x\ny", "[1]", "{}", " y "])
arguments = st.sampled_from(['{"a": 1}', "{}", '{"b": "ü", "c": [1, null, 2.5]}'])


@st.composite
def sayable(draw: st.DrawFn) -> dict[str, Any]:
    """A conversation with calls, results, reasoning and images."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": draw(words)}] if draw(st.booleans()) else []
    calls = 0
    for _ in range(draw(st.integers(1, 3))):
        picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
        shown = draw(st.booleans())
        text = draw(words)
        messages.append({"role": "user", "content": [{"type": "text", "text": text}, picture] if shown else text})
        if draw(st.booleans()):
            several = range(calls + 1, calls + 1 + draw(st.integers(1, 2)))
            made = [
                {"id": f"call_{n}", "type": "function", "function": {"name": "f", "arguments": draw(arguments)}}
                for n in several
            ]
            calls += len(made)
            thought = {"reasoning_content": draw(words)} if draw(st.booleans()) else {}
            messages.append({"role": "assistant", **thought, "content": draw(words | st.none()), "tool_calls": made})
            messages += [{"role": "tool", "tool_call_id": call["id"], "content": draw(words)} for call in made]
        thought = {"reasoning_content": draw(words)} if draw(st.booleans()) else {}
        messages.append({"role": "assistant", **thought, "content": draw(words)})
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    tools = [{"type": "function", "function": {"name": "f", "description": "F.", "parameters": schema}}]
    return {"messages": messages, **({"tools": tools} if calls else {}), "id": draw(words)}


RICH = ("anthropic", "bedrock", "vertex", "openai-responses", "messages", "prompt-completion-chat", "system-beside")


@given(value=sayable(), to=st.sampled_from(list(WRITABLE)))
def test_what_a_form_can_say_reads_back_as_the_same_messages(value: dict[str, Any], to: str) -> None:
    try:
        written = write_as(WRITABLE[to], value)
    except UnwritableError:
        assert to not in RICH
        return
    again = read(json.loads(json.dumps(written.value)))
    expected = value["messages"][:-1] if to == "verl" else value["messages"]
    assert normal_messages(again.value["messages"]) == normal_messages(expected)
    assert "id" in again.value or "id" in written.omitted


def test_half_valid_lines_crash_nothing_and_none_is_lost() -> None:
    rows = [broken(seed, [value for _, value in SAMPLES]) for seed in range(600)]
    path = Path("broken.jsonl")
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    for to in ("messages", "vertex", "openai-responses", "sharegpt"):
        report = convert(workspace([path]), Path("out.jsonl"), Path("rest.jsonl"), to=to, overwrite=True)
        assert report.read == len(rows) == report.converted + report.aside
    for row in rows:
        with suppress(verify_reading.NotUnderstoodError):
            verify_reading.read(row)


def test_a_line_that_is_no_sound_line_of_its_form_is_never_clean(capsys: Captured) -> None:
    asked, answer = [{"role": "user", "content": "Hi"}], {"role": "assistant", "content": "Hello."}
    used, called = {"type": "tool_use", "id": "c", "input": {"q": 1}}, {"name": "f", "args": {"q": 2}, "id": "c"}
    lines = [
        {"contents": [{"role": "user", "parts": [{"txt": "Hi"}]}]},
        {"input": [{"type": "web_search_call", "id": "ws_1"}]},
        {"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "a", "input": {}}]}]},
        {"schemaVersion": "bedrock-conversation-2024", "messages": [{"role": "user", "content": [{"txt": "Hi"}]}]},
        {"responses_create_params": {"input": 5}},
        {"message_tree_id": "a", "prompt": {"text": "Why?", "role": "prompter", "replies": [
            {"text": "So.", "role": "assistant", "rank": 0}, {"text": "No.", "role": "assistant", "replies": 5}]}},
        {"request": {"messages": asked}, "response": {"choices": [{"message": answer}]}, "messages": [*asked, answer]},
        {"messages": [{"type": "human", "content": "Hi"}, {"type": "ai", "content": [used], "tool_calls": [called]}]},
    ]  # fmt: skip
    path = Path("data.jsonl")
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    assert main(["check", str(path), "--select", "M001"]) == 1
    shown = capsys.readouterr().out
    assert [f"data.jsonl:{number + 1}: M001" in shown for number in range(len(lines))] == [True] * len(lines)
    assert "/contents/0/parts/0" in shown
    assert "/messages/0/content/0" in shown


def test_a_key_beside_a_result_or_an_image_of_a_response_hides_no_text(capsys: Captured) -> None:
    """A key `content` took the place of a result's output; keys of an image stood where no rule looks."""
    call = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
    answer = {"type": "message", "role": "assistant", "content": "Nine."}
    output = {"type": "function_call_output", "call_id": "c1", "output": "9", "content": "10"}
    image = {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "low", "text": ["Look!"]}
    lines = [
        {"input": [{"role": "user", "content": "Hi"}, call, output], "output": [answer]},
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}, image]}], "output": [answer]},
    ]
    path = Path("data.jsonl")
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    assert main(["check", str(path), "--select", "M001,M022"]) == 1
    shown = capsys.readouterr().out
    assert "data.jsonl:1: M001 error not readable as openai-responses: a tool result has the keys content" in shown
    assert "data.jsonl:2: M022" in shown


def test_findings_point_into_the_blocks_as_they_stand_in_the_line(write: Write, capsys: Captured) -> None:
    call = {"functionCall": {"name": "unknown", "args": {"a": 1}}}
    declared = {"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT", "properties": {}}}]}
    contents = [{"role": "user", "parts": [{"text": "Hi"}]}, {"role": "model", "parts": [{"text": "I look."}, call]}]
    main(["check", str(write("data.jsonl", [{"contents": contents, "tools": [declared]}])), "--select", "T"])
    assert "/contents/1/parts/1/functionCall" in capsys.readouterr().out


def test_a_line_that_is_a_list_of_turns_is_a_foreign_format_and_is_read(write: Write, capsys: Captured) -> None:
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": " Hello."}]
    path = write("data.jsonl", [turns, turns])
    assert main(["check", str(path), "--select", "J002,J025,C022"]) == 1
    shown = capsys.readouterr().out
    assert "J025 info 2 examples in the format turn-list" in shown
    assert "C022 warning the answer starts with white space (/1/content)" in shown
    convert(workspace([path]), Path("out.jsonl"), Path("rest.jsonl"), overwrite=True)
    assert rows_of("out.jsonl") == [{"messages": turns}] * 2
    assert example_of_list([1, 2], Place("data.jsonl", 1)) is None
    assert main(["split", str(path), "-o", "splits", "--fractions", "0.8,0.1,0.1", "--quiet"]) in (0, 1)


def test_convert_writes_another_form_and_sets_aside_what_it_cannot_say(write: Write, capsys: Captured) -> None:
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]
    late = [*turns, {"role": "system", "content": "Late."}]
    path = write(
        "data.jsonl", [{"messages": turns, "id": "a"}, {"messages": late}, {"messages": turns, "images": ["x"]}]
    )
    assert main(["convert", str(path), "-o", "out.jsonl", "--to", "bedrock"]) == 1
    shown = capsys.readouterr().out
    assert "3 lines read: 1 written to out.jsonl, formats: messages (1)" in shown
    assert "not written, since the form has no place for it (number of lines): id (1)" in shown
    assert json.loads(Path("out.jsonl").read_bytes()) == {
        "schemaVersion": "bedrock-conversation-2024",
        "messages": [
            {"role": "user", "content": [{"text": "Hi"}]},
            {"role": "assistant", "content": [{"text": "Hello."}]},
        ],
    }
    aside = rows_of("out.unconverted.jsonl")
    assert [line["why"] for line in aside] == [
        "cannot be written as bedrock-conversation: a system message that is not the first message",
        "cannot be written as bedrock-conversation: `images` beside the conversation",
    ]


@pytest.mark.parametrize("key", ["kto_tag", "label", "rejected_response", "rejected_messages", "answer_key"])
def test_what_is_trained_on_beside_a_conversation_is_never_left_out(key: str, write: Write, capsys: Captured) -> None:
    """An answer that is marked as bad must not be written as one to learn."""
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]
    values = ("What?", "Who is there?") if key.startswith("rejected") else (False, True)
    path = write("data.jsonl", [{"messages": messages, key: value} for value in values])
    kept = key == "answer_key"
    for to in ("vertex", "bedrock", "openai-responses", "sharegpt"):
        convert(workspace([path]), Path("out.jsonl"), Path("rest.jsonl"), to=to, overwrite=True)
        written = Path("out.jsonl").read_text("utf-8")
        assert written.count(f'"{key}": ') == written.count("\n") or kept, (to, written)
    main(["dedup", str(path)])
    assert f"{1 if kept else 2} kept" in capsys.readouterr().out


OWN_TARGETS = [
    ("bedrock-conversation", "bedrock"), ("vertex", "vertex"), ("anthropic", "anthropic"),
    ("system-beside", "anthropic"), ("verl", "verl"), ("prompt-only", "trl"), ("prompt-only", "ms-swift"),
    ("stepwise", "trl"), ("sharegpt", "unsloth"),
    ("alpaca", "unsloth"),
]  # fmt: skip


BESIDE_THE_FORM = ("J021", "C021")
"""Amazon Nova trains on eight lines or more, and on media on S3; the form has media in the line, too."""


@pytest.mark.parametrize(("name", "target"), OWN_TARGETS)
def test_a_sample_has_no_error_and_no_foreign_format_for_its_own_target(
    name: str, target: str, capsys: Captured
) -> None:
    main(["check", str(FOLDER / f"{name}.jsonl"), "--target", target, "--output-format", "json"])
    found = json.loads(capsys.readouterr().out)["findings"]
    found = [one for one in found if one["severity"] == "error" or one["code"] in ("J025", "M022")]
    assert [one for one in found if one["code"] not in BESIDE_THE_FORM] == []


def test_messages_are_a_foreign_format_for_bedrock_and_vertex(write: Write, capsys: Captured) -> None:
    path = write("data.jsonl", [("Hi", "Hello.")])
    for target in ("bedrock", "vertex", "anthropic"):
        main(["check", str(path), "--target", target, "--select", "J025"])
        assert ("J025" in capsys.readouterr().out) == (target != "anthropic")


def test_older_functions_and_default_weights_do_not_keep_a_line_from_moving(write: Write) -> None:
    """Data that OpenAI took is to move: `functions` become tools, and weights that say the default go."""
    called = {"role": "assistant", "content": None, "function_call": {"name": "now", "arguments": "{}"}}
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "Time?", "weight": 0},
        called,
        {"role": "function", "name": "now", "content": "12"},
    ]
    messages.append({"role": "assistant", "content": "Noon.", "weight": 1})
    value = {
        "messages": messages,
        "functions": [{"name": "now", "parameters": {"type": "object"}}],
        "tool_choice": "auto",
    }
    masked = {"messages": [*messages[:3], {**messages[3], "weight": 0}]}
    path = write("data.jsonl", [value, masked])
    report = convert(workspace([path]), Path("out.jsonl"), Path("rest.jsonl"), to="vertex")
    found = json.loads(Path("out.jsonl").read_bytes())
    assert found["contents"][1]["parts"] == [{"functionCall": {"name": "now", "args": {}}}]
    assert found["tools"][0]["functionDeclarations"][0]["name"] == "now"
    assert (report.converted, dict(report.omitted)) == (1, {"tool_choice": 1})
    assert "`weight` of message 4" in Path("rest.jsonl").read_text("utf-8")


SIGNED = {"thoughtSignature": "c2ln"}
SIGNED_LINES = [
    {
        "contents": [
            {"role": "user", "parts": [{"text": "How warm is it?"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"a": 1}}, **SIGNED}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"output": "9 C"}}}]},
            {"role": "model", "parts": [{"text": "It is 9 C.", **SIGNED}]},
        ]
    },
    {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
        "messages": [
            {"role": "user", "content": [{"text": "How warm is it?"}, {"cachePoint": {"type": "default"}}]},
            {"role": "assistant", "content": [{"text": "It is 9 C."}]},
        ],
        "toolConfig": {"tools": [{"cachePoint": {"type": "default"}}, {"toolSpec": {"name": "f"}}]},
    },
]


@pytest.mark.parametrize("value", SIGNED_LINES, ids=["Gemini", "Bedrock"])
def test_signatures_and_cache_points_hide_no_text_from_the_reader_or_the_proof(value: dict[str, Any]) -> None:
    found = read(value)
    assert (found.defect, found.answer and found.answer.text) == (None, "It is 9 C.")
    for line in (value, found.value):
        turns = verify_reading.read(line).turns
        assert (turns[-1].role, turns[-1].text) == ("assistant", "It is 9 C.")
    assert content_key(value) == content_key(found.value)


@pytest.mark.parametrize(("name", "value"), SAMPLES)
def test_the_proof_finds_a_line_again_in_what_was_written_of_it(name: str, value: Any) -> None:
    assert content_key(value) == content_key(read(value).value), name
    assert content_key(value) != content_key({**read(value).value, "tools": [{"name": "other"}]})
