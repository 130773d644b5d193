"""Traces: each model call becomes a conversation with its ids and scores, or is counted with the reason."""

import json
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.commands.ingest import IngestResult, ingest_paths
from tests.conftest import Write, rows_of
from tests.strategies import broken

Captured = pytest.CaptureFixture[str]
OUT, ASIDE = Path("out.jsonl"), Path("out.unconverted.jsonl")
HELLO = ["user: Hi", "assistant: Hello."]
CALL = {"id": "c1", "type": "function", "function": {"name": "now", "arguments": '{"zone": "UTC"}'}}


def otel(**attributes: Any) -> dict[str, Any]:
    """A span as an SDK writes it."""
    named = {key.replace("_0_", ".0.").replace("__", "."): item for key, item in attributes.items()}
    return {"name": "chat", "context": {"trace_id": "0x1", "span_id": "0x2"}, "attributes": named, "events": []}


def part(role: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": role, "parts": list(parts)}


def text(content: str) -> dict[str, Any]:
    return {"type": "text", "content": content}


ASKED = json.dumps([part("user", text("Hi"))])
OUTPUT_MESSAGES = json.dumps([part("assistant", text("Hello.")) | {"finish_reason": "stop"}])
LANGCHAIN = {
    "lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "HumanMessage"],
    "kwargs": {"content": "Hi", "type": "human"},
}  # fmt: skip
CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "langfuse observation": (
        {
            "id": "o1", "traceId": "t1", "type": "GENERATION", "model": "m",
            "input": [{"role": "user", "content": "Hi"}], "output": {"role": "assistant", "content": "Hello."},
        },
        HELLO,
    ),
    "langfuse input with tools as text": (
        {
            "id": "o1", "trace_id": "t1", "type": "GENERATION",
            "input": json.dumps({"messages": [{"role": "user", "content": "Hi"}]}), "output": "Hello.",
        },
        HELLO,
    ),
    "langfuse trace": (
        {
            "id": "t1", "input": "Hi", "output": "x", "scores": [{"name": "good", "value": 1}],
            "observations": [
                {"id": "s1", "type": "SPAN", "input": 1, "output": 2},
                {"id": "o1", "type": "GENERATION", "input": "Hi", "output": "Hello."},
            ],
        },
        HELLO,
    ),
    "langsmith run": (
        {
            "id": "r1", "trace_id": "t1", "run_type": "llm", "inputs": {"messages": [[LANGCHAIN]]},
            "outputs": {"generations": [[{"text": "Hello.", "message": {"type": "ai", "content": "Hello."}}]]},
            "feedback_stats": {"good": {"n": 2, "avg": 0.5}}, "extra": {"invocation_params": {"model": "m"}},
        },
        HELLO,
    ),
    "langsmith data set": ({"inputs": {"question": "Hi"}, "outputs": {"answer": "Hello."}}, HELLO),
    "langsmith choices": (
        {
            "run_type": "llm", "inputs": {"messages": [{"role": "user", "content": "Hi"}]},
            "outputs": {"choices": [{"message": {"role": "assistant", "content": "Hello."}}]},
        },
        HELLO,
    ),
    "opentelemetry": (
        otel(
            gen_ai__input__messages=ASKED, gen_ai__output__messages=OUTPUT_MESSAGES,
            gen_ai__system_instructions=json.dumps([text("Be brief.")]),
        ),
        ["system: Be brief.", *HELLO],
    ),
    "openllmetry": (
        otel(
            gen_ai__prompt_0_role="user", gen_ai__prompt_0_content="Hi", gen_ai__completion_0_role="assistant",
            gen_ai__completion_0_content="Hello.",
        ),
        HELLO,
    ),
    "openinference": (
        otel(
            llm__input_messages_0_message__role="user", llm__input_messages_0_message__content="Hi",
            llm__output_messages_0_message__role="assistant", llm__output_messages_0_message__content="Hello.",
        ),
        HELLO,
    ),
    "otel events": (
        {
            **otel(gen_ai__request__model="m"),
            "events": [
                {"name": "gen_ai.user.message", "attributes": {"content": "Hi"}},
                {"name": "gen_ai.choice", "attributes": {"message": '{"role": "assistant", "content": "Hello."}'}},
            ],
        },
        HELLO,
    ),
    "otlp": (
        {
            "resourceSpans": [{"scopeSpans": [{"spans": [
                {"traceId": "t", "spanId": "s", "name": "chat", "attributes": [
                    {"key": "gen_ai.input.messages", "value": {"stringValue": ASKED}},
                    {"key": "gen_ai.output.messages", "value": {"stringValue": OUTPUT_MESSAGES}},
                ]},
                {"traceId": "t", "spanId": "u", "name": "http", "attributes": []},
            ]}]}],
        },
        HELLO,
    ),
}  # fmt: skip


def ingest(*values: Any, **minima: float) -> IngestResult:
    Path("traces.jsonl").write_text("".join(json.dumps(value) + "\n" for value in values), "utf-8")
    return ingest_paths([Path("traces.jsonl")], OUT, ASIDE, minima=minima, overwrite=True)


def written() -> list[dict[str, Any]]:
    return rows_of(OUT)


@pytest.mark.parametrize("name", CASES)
def test_a_model_call_becomes_a_conversation_with_its_ids(name: str) -> None:
    value, expected = CASES[name]
    report = ingest(value)
    (found,) = written()
    assert [f"{message['role']}: {message['content']}" for message in found["messages"]] == expected
    assert found["metadata"]["source"] == next(iter(report.sources))
    assert (report.calls, report.written, report.notes) == (1, 1, [])


def test_calls_results_and_tools_are_those_of_the_trace() -> None:
    called = part("assistant", {"type": "tool_call", "id": "c1", "name": "now", "arguments": {"zone": "UTC"}})
    answered = part("tool", {"type": "tool_call_response", "id": "c1", "response": "12:00"})
    asked = json.dumps([part("user", text("Time?")), called, answered])
    tools = json.dumps([{"type": "function", "name": "now", "parameters": {"type": "object"}}])
    ingest(
        otel(gen_ai__input__messages=asked, gen_ai__output__messages=OUTPUT_MESSAGES, gen_ai__tool__definitions=tools)
    )
    (found,) = written()
    assert found["messages"][1] == {"role": "assistant", "content": None, "tool_calls": [CALL]}
    assert found["messages"][2] == {"role": "tool", "content": "12:00", "tool_call_id": "c1"}
    assert found["tools"][0]["function"]["name"] == "now"


def test_scores_are_joined_and_filter_calls() -> None:
    call = {"type": "GENERATION", "traceId": "t1", "input": "Hi", "output": "Hello."}
    rows = [{**call, "id": f"o{n}", "scores": [{"name": "good", "value": n / 2}]} for n in range(3)]
    alone = {"id": "s1", "trace_id": "t1", "name": "kind", "value": 1, "data_type": "NUMERIC"}
    said = {**call, "id": "said", "traceId": "t3", "scores": [{"name": "good", "value": "1"}]}
    report = ingest(*rows, alone, {**call, "id": "none", "traceId": "t2"}, said, good=0.5)
    assert (report.read, report.calls, report.written, report.low, report.joined, report.aside) == (6, 5, 2, 3, 1, 3)
    assert [line["metadata"]["scores"] for line in written()] == [{"kind": 1, "good": 0.5}, {"kind": 1, "good": 1.0}]
    whys = [json.loads(line)["why"] for line in ASIDE.read_bytes().splitlines()]
    assert whys == [f"score good is {score}, not a number of at least 0.5" for score in ("0.0", "missing", "text")]


def request(name: str, **body: Any) -> dict[str, Any]:
    return {"custom_id": name, "method": "POST", "url": "/v1", "body": {"messages": [part_of("user", "Hi")], **body}}


def part_of(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def result(name: str, **body: Any) -> dict[str, Any]:
    return {"id": "b", "custom_id": name, "response": {"status_code": 200, "body": body}, "error": None}


CHOICE = {"message": part_of("assistant", "Hello."), "finish_reason": "length"}
ANTHROPIC: dict[str, Any] = {
    "type": "succeeded",
    "message": {"content": [{"type": "text", "text": "Hello."}], "model": "m"},
}
OUTPUT = [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello."}]}]
MESSAGES: list[dict[str, Any]] = [
    {"message_id": "c", "parent_id": "a", "role": "assistant", "text": "Hey.", "rank": 1},
    {"message_id": "a", "parent_id": None, "role": "prompter", "text": "Hi"},
    {"message_id": "b", "parent_id": "a", "role": "assistant", "text": "Hello.", "rank": 0},
]
JOINED: dict[str, list[dict[str, Any]]] = {
    "chat completions": [result("r", model="m", choices=[CHOICE]), request("r")],
    "responses": [request("r", input="Hi"), result("r", output=OUTPUT)],
    "Anthropic": [{"custom_id": "r", "params": request("r")["body"]}, {"custom_id": "r", "result": ANTHROPIC}],
    "a request in two files": [request("r"), request("r"), result("r", choices=[CHOICE])],
    "messages": MESSAGES,
}


@pytest.mark.parametrize("name", JOINED)
def test_rows_are_joined_to_one_conversation(name: str) -> None:
    report = ingest(*JOINED[name])
    assert (report.calls, report.written, report.joined, report.aside) == (1, 1, len(JOINED[name]) - 1, 0)
    found = written()[0]
    assert [turn["role"] for turn in found["messages"]] == ["user", "assistant"]
    assert found["messages"][1]["content"] in ("Hello.", ANTHROPIC["message"]["content"])
    assert ("length" in str(found["metadata"])) == ("length" in str(JOINED[name]))


REPLY = {"message_id": "2", "parent_id": "1", "role": "assistant", "text": "Hello."}
UNJOINED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "a request alone": ([request("r")], "no file has the result of this request"),
    "a result alone": ([result("r", choices=[CHOICE])], "no file has the request of this result"),
    "two requests": ([request("r"), request("r", n=1), result("r", choices=[CHOICE])], "2 requests have its custom_id"),
    "an error": ([request("r"), {"custom_id": "r", "response": None, "error": {}}], "the request was not answered"),
    "a reply alone": ([REPLY], "no file has the beginning of its thread"),
    "a circle": ([REPLY, {**REPLY, "message_id": "1", "parent_id": "2"}], "no file has the beginning of its thread"),
    "one id twice": ([{**MESSAGES[1], "message_id": "2"}, {**REPLY, "parent_id": "2"}], "two messages of its thread"),
    "no reply": ([MESSAGES[1]], "it has no answer"),
}


@pytest.mark.parametrize("name", UNJOINED)
def test_rows_that_cannot_be_joined_are_set_aside_with_the_reason(name: str) -> None:
    rows, why = UNJOINED[name]
    report = ingest(*rows)
    assert (report.written, report.read) == (0, report.aside + report.joined)
    assert all(why in json.loads(line)["why"] for line in ASIDE.read_bytes().splitlines())


def test_what_is_no_call_is_counted_with_its_reason(write: Write, capsys: Captured) -> None:
    good = CASES["langfuse observation"][0]
    odd = [
        {"messages": []},
        {**good, "output": None, "input": 5},
        {**good, "output": ""},
        [1],
        {**good, "type": "SPAN"},
        {"context": {}, "attributes": [{"key": "n", "value": {"intValue": "three"}}]},
    ]
    path = write("traces.jsonl", [good, *odd])
    assert main(["ingest", str(path), "-o", str(OUT)]) == 1
    shown = capsys.readouterr().out
    assert "7 lines read, 3 model calls: 1 written to out.jsonl, sources: langfuse (1)" in shown
    assert "traces.jsonl:3: the question is int" in shown
    assert "traces.jsonl:4: it has no answer" in shown
    assert len(ASIDE.read_bytes().splitlines()) == 5
    assert main(["ingest", str(write("no.jsonl", [("Hi", "Hello.")])), "-o", "no-out.jsonl"]) == 2
    assert "no.jsonl: no line is of an export" in capsys.readouterr().err


def test_half_valid_traces_crash_nothing_and_every_call_is_accounted_for() -> None:
    traces = [value for value, _ in CASES.values()] + [row for rows in JOINED.values() for row in rows]
    report = ingest(*[broken(seed, traces) for seed in range(400)], traces[0])
    assert report.read == 401
    assert report.calls == report.written + report.low + sum("export" not in note.why for note in report.notes)
