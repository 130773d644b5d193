"""Sessions in unusual shapes that the tools document: each text is in a row, set aside, or left out and counted."""

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from tests.conftest import rows_of

Captured = pytest.CaptureFixture[str]
Record = dict[str, Any]
OUT, ASIDE = Path("out.jsonl"), Path("out.unconverted.jsonl")
MARK = re.compile(r"§(?:kept|aside|left)\d+§")
PNG = "iVBORw0KGgo="
LOG = "\n".join(f"строка {number}: 失敗 {number * 7}" for number in range(5000))
"""The output of a tool, of 5,000 lines."""
numbers = itertools.count(1)


def kept(text: str) -> str:
    """A text that a row must have."""
    return f"{text} §kept{next(numbers)}§"


def aside(text: str) -> str:
    """A text that the second file must have, and no row."""
    return f"{text} §aside{next(numbers)}§"


def left(text: str) -> str:
    """A text that is left out and counted."""
    return f"{text} §left{next(numbers)}§"


def text_part(text: str, kind: str = "text") -> list[Record]:
    return [{"type": kind, "text": text}]


def claude_code() -> list[Record]:
    """Parallel calls, an image in a result, a search of the service, a compaction, a sub-agent, an interruption."""
    records: list[Record] = [{"type": "summary", "summary": "Earlier", "leafUuid": "x"}]
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}

    def add(kind: str, message: Record, **more: Any) -> None:
        number = len(records)
        ids = {"uuid": f"u{number}", "parentUuid": f"u{number - 1}" if number > 1 else None, "sessionId": "s1"}
        records.append({"type": kind, "cwd": "C:\\Users\\ada\\код", **ids, "message": message, **more})

    def asked(content: Any, **more: Any) -> None:
        add("user", {"role": "user", "content": content}, **more)

    def answered(response: str, *parts: Record, **more: Any) -> None:
        add("assistant", {"role": "assistant", "id": response, "model": "m", "content": list(parts)}, **more)

    def call(name: str, text: str) -> Record:
        return {"type": "tool_use", "id": name, "name": "Bash", "input": {"command": text}}

    def result(name: str, content: Any, **more: Any) -> Record:
        return {"type": "tool_result", "tool_use_id": name, "content": content, **more}

    asked([*text_part(kept("日志里有什么错误？")), image])
    answered("r1", {"type": "thinking", "thinking": kept("думаю"), "signature": "x"})
    answered("r1", *text_part(kept("Ich sehe nach.")))
    answered("r1", call("t1", kept("cat a.png")))
    answered("r1", call("t2", kept("tail log")))
    asked([result("t2", kept("第二") + "\r\n" + LOG)])
    asked([result("t1", [*text_part(kept("картина")), image])], toolUseResult={"x": 1})
    search = {"type": "server_tool_use", "id": "w1", "name": "web_search", "input": {"query": aside("search")}}
    answered("r2", search, *text_part(kept("Gefunden.")))
    asked(kept("This session is being continued. Zusammenfassung."), isCompactSummary=True)
    answered("r3", call("t3", kept("task")))
    asked(kept("子任务"), isSidechain=True, agentId="a1")
    answered("r4", call("t4", kept("grep")), isSidechain=True, agentId="a1")
    asked([result("t4", "")], isSidechain=True, agentId="a1")
    answered("r5", *text_part(kept("sub done")), isSidechain=True, agentId="a1")
    unknown = result("t9", [{"type": "hologram", "text": aside("part")}])
    asked([unknown, result("t3", text_part(kept("done")))])
    answered("r6", *text_part(kept("Готово.")))
    asked(kept("全部を直して。"))
    answered("r7", call("t5", kept("sed")))
    refused = result("t5", kept("The user doesn't want to proceed"), is_error=True)
    asked([refused, *text_part("[Request interrupted by user for tool use]")])
    return records


def codex() -> list[Record]:
    """Parallel calls of three kinds, an image in a result, a search, a compaction with a history, an aborted turn."""

    def record(kind: str, **payload: Any) -> Record:
        return {"timestamp": "t", "type": kind, "payload": payload}

    def item(**payload: Any) -> Record:
        return record("response_item", **payload)

    def said(role: str, text: str) -> Record:
        return item(type="message", role=role, content=text_part(text, "input_text"))

    def call(name: str, arguments: str) -> Record:
        return item(type="function_call", name="exec_command", arguments=arguments, call_id=name)

    image = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}
    history = [{"type": "message", "role": "user", "content": text_part(kept("сводка"), "input_text")}]
    return [
        record("session_meta", id="c1", cwd="/home/ада", base_instructions={"text": kept("You are Codex.")}, git=None),
        said("developer", kept("<permissions>")),
        item(type="message", role="user", content=[*text_part(kept("Почини сборку"), "input_text"), image]),
        record("turn_context", cwd="/x", model="m"),
        item(type="reasoning", summary=text_part(kept("plan"), "summary_text"), encrypted_content="x"),
        call("c1", json.dumps({"cmd": kept("ls")})),
        call("c2", json.dumps({"path": kept("a.png")})),
        item(type="custom_tool_call", name="apply_patch", input=kept("*** Begin Patch\r\n"), call_id="c3"),
        item(type="function_call_output", call_id="c2", output=[image, *text_part(kept("image"), "input_text")]),
        item(type="function_call_output", call_id="c1", output=f"{kept('out')}\n{LOG}"),
        item(type="custom_tool_call_output", call_id="c3", output=json.dumps({"output": kept("Success")})),
        item(type="web_search_call", status="completed", action={"type": "search", "query": kept("cmake")}),
        item(type="image_generation_call", id="g1", status="completed", result=aside("image")),
        item(type="message", role="assistant", content=text_part(kept("Собрано."), "output_text")),
        record("event_msg", type="agent_message", message=left("Собрано.")),
        record("compacted", message="", replacement_history=history),
        said("user", kept("weiter")),
        call("c9", "{broken " + kept("arguments")),
        said("user", kept("<turn_aborted>")),
        record("event_msg", type="turn_aborted", reason="interrupted"),
    ]


def pi() -> list[Record]:
    """Parallel calls, an image in a result, a branch, a command of the user, a compaction, an aborted answer."""
    records: list[Record] = [{"type": "session", "version": 3, "id": "pi-1", "cwd": "/home/zoë/site"}]

    def add(kind: str, parent: str = "", **more: Any) -> None:
        number = len(records)
        records.append({"type": kind, "id": f"e{number}", "parentId": parent or f"e{number - 1}", **more})

    def message(**held: Any) -> None:
        add("message", message=held)

    def result(name: str, *parts: Record, failed: bool = False) -> None:
        message(role="toolResult", toolCallId=name, toolName="bash", content=list(parts), isError=failed)

    calls = [
        {"type": "toolCall", "id": name, "name": "bash", "arguments": {"command": kept(name)}} for name in ("p1", "p2")
    ]
    thought = {"type": "thinking", "thinking": kept("hm")}
    message(role="user", content=kept("¿Qué hay?"))
    message(role="assistant", content=[thought, *text_part(kept("Miro.")), *calls], stopReason="toolUse", model="m")
    result("p1", *text_part(kept("img")), {"type": "image", "data": PNG, "mimeType": "image/png"})
    result("p2", *text_part(kept("x\r\ny")), failed=True)
    fork = records[-1]["id"]
    message(role="assistant", content=text_part(left("abandoned")), stopReason="stop")
    add("branch_summary", fork, fromId=records[-1]["id"], summary=kept("Branch tried"))
    message(role="bashExecution", command=kept("git status"), output=kept("clean"), exitCode=0)
    message(role="user", content=text_part(kept("Sigue")))
    message(role="assistant", content=text_part(kept("Sigo.")), stopReason="stop")
    add("compaction", summary=left("resumen"), firstKeptEntryId="e9", tokensBefore=9)
    message(role="user", content=text_part(left("Más")))
    message(role="assistant", content=[], stopReason="aborted", errorMessage="aborted")
    return records


def openhands() -> list[Record]:
    """Two calls in one response, an image of the user, a condensation, an agent that is asked, a stop."""
    names = ("o1", "o2")
    calls = [
        {"id": name, "type": "function", "function": {"name": "run", "arguments": json.dumps({"command": kept(name)})}}
        for name in names
    ]
    answer = {"role": "assistant", "content": kept("Zwei zugleich."), "tool_calls": calls}
    response = {"id": "r1", "model": "m", "choices": [{"message": answer}]}
    steps: list[Record] = []
    for name, content in zip(names, (kept("a\r\nb"), kept("c") + LOG), strict=True):
        metadata = {"tool_call_id": name, "function_name": "run", "model_response": response}
        number = len(steps) + 2
        steps += [
            {"id": number, "source": "agent", "action": "run", "args": {}, "tool_call_metadata": metadata},
            {"id": number + 1, "source": "agent", "observation": "run", "content": content, "cause": number}
            | {"tool_call_metadata": metadata},
        ]
    images = [f"data:image/png;base64,{PNG}"]
    delegated = {"agent": "Browsing", "inputs": {"task": kept("browse")}, "thought": kept("delegate")}
    stopped: Record = {"observation": "agent_state_changed", "content": "", "extras": {"agent_state": "stopped"}}
    return [
        {"id": 0, "source": "agent", "action": "system", "args": {"content": kept("You are OpenHands"), "tools": []}},
        {"id": 1, "source": "user", "action": "message", "args": {"content": kept("修复"), "image_urls": images}},
        *steps,
        {"id": 6, "source": "agent", "action": "condensation", "args": {"summary": kept("Kurz")}},
        {"id": 7, "source": "agent", "action": "delegate", "args": delegated},
        {"id": 8, "source": "agent", "observation": "delegate", "content": kept("found"), "cause": 7},
        {"id": 9, "source": "agent", "action": "message", "args": {"content": kept("Fertig.")}},
        {"id": 10, "source": "environment", **stopped},
    ]


def openhands_sdk() -> list[Record]:
    """Two calls in one response, a call that is refused, a condensation with its summary, a pause."""

    def event(kind: str, source: str, **held: Any) -> Record:
        return {"kind": kind, "id": f"k{next(numbers)}", "source": source, **held}

    def action(name: str, thought: list[Record], **more: Any) -> Record:
        call = {"id": name, "name": "terminal", "arguments": json.dumps({"command": kept(name)})}
        ids = {"tool_call_id": name, "tool_call": call, "llm_response_id": "L1"}
        return event("ActionEvent", "agent", thought=thought, **ids, **more)

    image = {"type": "image", "image_urls": ["https://example.org/a.png"]}
    asked = {"role": "user", "content": [*text_part(kept("你好")), image]}
    output = {"kind": "TerminalObservation", "content": text_part(kept("out")), "is_error": False}
    last = {"role": "assistant", "content": text_part(kept("完成")), "reasoning_content": kept("reason")}
    return [
        event("SystemPromptEvent", "agent", system_prompt={"type": "text", "text": kept("system")}, tools=[]),
        event("MessageEvent", "user", llm_message=asked, extended_content=text_part(kept("hint"))),
        action("s1", text_part(kept("go")), reasoning_content=kept("reason")),
        action("s2", []),
        event("ObservationEvent", "environment", observation=output, tool_call_id="s1"),
        event("UserRejectObservation", "user", rejection_reason=kept("no"), tool_call_id="s2"),
        event("Condensation", "environment", forgotten_event_ids=["k1"], summary=kept("condensed"), summary_offset=1),
        event("MessageEvent", "agent", llm_message=last),
        event("PauseEvent", "user"),
    ]


def swe_agent() -> list[Record]:
    """Two calls with one result, an image in a result, a demonstration, a limit of cost."""
    calls = [
        {"id": name, "type": "function", "function": {"name": "bash", "arguments": json.dumps({"command": kept(name)})}}
        for name in ("w1", "w2", "w3")
    ]
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    thought = [{"type": "thinking", "thinking": kept("why"), "signature": "x"}]
    history: list[Record] = [
        {"role": "system", "content": kept("SETTING")},
        {"role": "user", "content": left("DEMONSTRATION"), "is_demo": True},
        {"role": "user", "content": text_part(kept("Issue: ошибка"))},
        {"role": "assistant", "content": kept("Two"), "tool_calls": calls[:2], "thinking_blocks": thought},
        {"role": "tool", "content": kept("both\r\nresults"), "tool_call_ids": ["w1", "w2"]},
        {"role": "assistant", "content": "", "tool_calls": calls[2:]},
        {"role": "tool", "content": [image, *text_part(kept("image"))], "tool_call_ids": ["w3"]},
        {"role": "user", "content": kept("Exited (cost)")},
    ]
    info = {"exit_status": "exit_cost", "submission": None}
    agent = [{**message, "agent": "main"} for message in history]
    return [{"environment": "swe_main", "instance_id": "octo__cat-7", "info": info, "history": agent}]


SESSIONS: dict[str, tuple[Callable[[], list[Record]], str]] = {
    "claude-code": (claude_code, "aborted"),
    "codex": (codex, "aborted"),
    "pi": (pi, ""),
    "openhands": (openhands, "aborted"),
    "openhands-sdk": (openhands_sdk, "aborted"),
    "swe-agent": (swe_agent, "failed"),
}


@pytest.mark.parametrize("name", SESSIONS)
def test_every_text_of_an_unusual_session_is_accounted_for(name: str, capsys: Captured, tmp_path: Path) -> None:
    make, ended = SESSIONS[name]
    records = make()
    lines = [json.dumps(record, ensure_ascii=False).encode() for record in records]
    Path("session.jsonl").write_bytes(b"".join(line + b"\r\n" for line in lines))
    status = main(["ingest", "session.jsonl", "-o", str(OUT), "--json", "-q"])
    report = json.loads(capsys.readouterr().out)
    given = set(MARK.findall(b"\n".join(lines).decode()))
    written = rows_of(OUT)
    in_rows = set(MARK.findall(json.dumps(written, ensure_ascii=False)))
    in_aside = set(MARK.findall(ASIDE.read_text("utf-8").replace("\\u00a7", "§"))) if ASIDE.exists() else set()
    assert in_rows == {mark for mark in given if mark.startswith("§kept")}
    assert {mark for mark in given if mark.startswith("§aside")} <= in_aside
    assert status == report["aside"] > 0 or status == report["aside"] == 0 or report["notes"]
    assert bool(report["left_out"]) >= any(mark.startswith("§left") for mark in given)
    assert written[-1]["metadata"].get("ended", "") == ended or written[-1]["metadata"].get("sidechain")
    images = sum(line.count(PNG.encode()) + line.count(b'a.png"]') for line in lines)
    assert json.dumps(written).count('"image_url":') >= images


def test_an_empty_session_is_named(capsys: Captured, tmp_path: Path) -> None:
    Path("session.jsonl").write_text(json.dumps({"type": "summary", "summary": "Nothing", "leafUuid": "x"}) + "\r\n")
    assert main(["ingest", "session.jsonl", "-o", str(OUT), "--json", "-q"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["written"], report["aside"], report["notes"][0]["why"]) == (
        0,
        1,
        "no answer of a model in this session",
    )
