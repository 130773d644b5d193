"""Chats of accounts: the branch that was open last, with what it leaves out counted, or set aside with the reason."""

import json
from typing import Any

import pytest

from tests.engine.test_ingest import ASIDE, HELLO, ingest, written
from tests.strategies import broken


def node(name: str, parent: str | None, role: str, content: Any, **more: Any) -> dict[str, Any]:
    """A message of a ChatGPT export."""
    held = {"content_type": "text", "parts": [content]} if isinstance(content, str) else content
    message = {"author": {"role": role}, "content": held, "weight": 1.0, "recipient": "all", "metadata": {}} | more
    return {"id": name, "message": message, "parent": parent, "children": []}


def chatgpt(*nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    mapping = {"root": {"id": "root", "message": None, "parent": None}} | {one["id"]: one for one in nodes}
    return {"title": "t", "conversation_id": "c", "mapping": mapping, "current_node": nodes[-1]["id"]} | more


def block(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, **more}


def claude(*said: Any, **more: Any) -> dict[str, Any]:
    messages = [
        {"uuid": str(at), "sender": ("human", "assistant")[at % 2], "text": "", "content": content, **more}
        for at, content in enumerate(said)
    ]
    return {"uuid": "c", "name": "t", "chat_messages": messages}


ASKING = node("u", "root", "user", "Hi")
IMAGE = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://f"}
SUMS = {"content_type": "thoughts", "thoughts": [{"summary": "Sums", "content": "Add."}]}
OLD = [{"sender": "human", "uuid": "1", "text": "Hi"}, {"sender": "assistant", "uuid": "2", "text": "Hello."}]
FILED = {"attachments": [{"file_name": "a.txt", "extracted_content": "A page."}], "files": []}
WEBUI = {
    "1": {"id": "1", "parentId": None, "role": "user", "content": "Hi"},
    "2": {"id": "2", "parentId": "1", "role": "assistant", "content": "Hey."},
    "3": {
        "id": "3", "parentId": "1", "role": "assistant",
        "content": '<details type="reasoning">\n<summary>Thought</summary>\n&gt; Greet.\n</details>\nHello.',
    },
}  # fmt: skip
STEPS = [
    block("contentBlock", content=[block("text", text="Greet.")], style={"type": "thinking"}),
    block("contentBlock", content=[block("text", text="Hello.")]), block("debugInfoBlock", debugInfo="x"),
]  # fmt: skip
STUDIO = [
    {"versions": [block("singleStep", role="user", content=[block("text", text="Hi")])], "currentlySelected": 0},
    {"versions": [{}, block("multiStep", role="assistant", steps=STEPS)], "currentlySelected": 1},
]
ACCOUNTS: dict[str, tuple[dict[str, Any], list[str], dict[str, int]]] = {
    "regenerated": (
        chatgpt(ASKING, node("a", "u", "assistant", "Hey."), node("b", "u", "assistant", "Hello.")),
        HELLO,
        {"messages of other branches": 1},
    ),
    "hidden": (
        chatgpt(
            node("s", "root", "system", "", weight=0),
            node("i", "s", "user", {"content_type": "user_editable_context", "user_profile": "A cook."}, weight=0.0),
            {**ASKING, "parent": "i"},
            node("h", "u", "assistant", "Wait.", metadata={"is_visually_hidden_from_conversation": True}),
            node("a", "h", "assistant", "Hello."),
        ),
        HELLO,
        {"hidden messages": 2},
    ),
    "code": (
        chatgpt(
            node("u", "root", "user", "Mean?"),
            node("t", "u", "assistant", SUMS),
            node("c", "t", "assistant", {"content_type": "code", "text": "print(3)"}, recipient="python"),
            node("r", "c", "tool", {"content_type": "execution_output", "text": "3"}),
            node("n", "r", "assistant", {"content_type": "reasoning_recap", "content": "4 s"}),
            node("a", "n", "assistant", "It is 3."),
        ),
        ["user: Mean?", "assistant: Add. None python {\"input\": \"print(3)\"}", "tool: 3", "assistant: It is 3."],
        {"lines on the time of reasoning": 1},
    ),
    "spoken": (
        chatgpt(
            node("u", "root", "user", {"content_type": "multimodal_text", "parts": [
                {"content_type": "audio_transcription", "text": "Hi"}, {"content_type": "audio_asset_pointer"}]}),
            node("a", "u", "assistant", "Hello."),
        ),
        HELLO,
        {"recordings": 1},
    ),
    "Claude": (claude([block("text", text="Hi")], [block("text", text="Hel"), block("text", text="lo.")]), HELLO, {}),
    "Claude before blocks": ({"uuid": "c", "chat_messages": OLD}, HELLO, {}),
    "Claude with a file": (
        claude([block("text", text="Hi")], [block("text", text="Hello.")], **FILED),
        ["user: A page.\n\nHi", "assistant: Hello."],
        {},
    ),
    "Claude with tools": (
        claude(
            [block("text", text="Hi")],
            [
                block("thinking", thinking="Look."), block("text", text="I look."),
                block("tool_use", name="web", input={"q": "a"}),
                block("tool_result", content=[block("text", text="Sun")]), block("text", text="Hello."),
            ],
        ),
        ["user: Hi", "assistant: Look. I look. web {\"q\": \"a\"}", "tool: Sun", "assistant: Hello."],
        {},
    ),
    "Claude with branches": (
        {"uuid": "c", "chat_messages": [
            {**OLD[0], "parent_message_uuid": "0"}, {**OLD[1], "uuid": "3", "text": "Hey.", "parent_message_uuid": "1"},
            {**OLD[1], "parent_message_uuid": "1"}]},
        HELLO,
        {"messages of other branches": 1},
    ),
    "Open WebUI": (
        {"id": "c", "title": "t", "chat": {"history": {"messages": WEBUI, "currentId": "3"}, "messages": []}},
        HELLO,
        {"messages of other branches": 1, "reasoning": 1},
    ),
    "LM Studio": (
        {"name": "t", "systemPrompt": "Be brief.", "messages": STUDIO},
        ["system: Be brief.", "user: Hi", "assistant: Greet. Hello."],
        {"messages of other branches": 1, "notes of the program": 1},
    ),
}  # fmt: skip


def said_in(message: dict[str, Any]) -> str:
    calls = [f"{one['function']['name']} {one['function']['arguments']}" for one in message.get("tool_calls", ())]
    return " ".join([*filter(None, [message.get("reasoning_content")]), str(message["content"]), *calls])


@pytest.mark.parametrize("name", ACCOUNTS)
def test_a_chat_of_an_account_is_its_last_branch_and_what_it_leaves_out_is_counted(name: str) -> None:
    value, expected, left_out = ACCOUNTS[name]
    report = ingest(value)
    assert (report.written, report.notes, dict(report.left_out)) == (1, [], left_out)
    found = written()[0]
    assert [f"{message['role']}: {said_in(message)}" for message in found["messages"]] == expected
    assert found["metadata"].get("left_out", {}) == left_out
    calls = [one["id"] for message in found["messages"] for one in message.get("tool_calls", ())]
    assert calls == [message["tool_call_id"] for message in found["messages"] if message["role"] == "tool"]


PICTURE = node("u", "root", "user", {"content_type": "multimodal_text", "parts": [IMAGE, "What is this?"]})
UNREADABLE: dict[str, tuple[dict[str, Any], str]] = {
    "an image": (chatgpt(PICTURE, node("a", "u", "assistant", "A cat.")), "whose file is not in the export"),
    "a file": (
        chatgpt({**ASKING, "message": {**ASKING["message"], "metadata": {"attachments": [{"name": "a.pdf"}]}}},
                node("a", "u", "assistant", "Hello.")),
        "a file that is not in the export: a.pdf",
    ),
    "an image of Claude": (claude("Hi", "Hello.", files=[{"file_name": "a.png"}]), "not in the export: a.png"),
    "an unknown type": (chatgpt(ASKING, node("a", "u", "assistant", {"content_type": "canvas"})), "type 'canvas'"),
    "an unknown block": (claude([block("text", text="Hi")], [block("novel")]), "a block of type 'novel'"),
    "no answer": (chatgpt(ASKING), "it has no answer"),
    "a circle": (
        chatgpt({**ASKING, "parent": "a"}, node("a", "u", "assistant", "Hello.")), "or they are in a circle"
    ),
    "a lost end": (chatgpt(ASKING, current_node="x"), "its last message is not among its messages"),
    "a result alone": (chatgpt(ASKING, node("t", "u", "tool", "3")), "a result of a tool without its call"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_chat_that_cannot_be_read_whole_is_set_aside_with_the_reason(name: str) -> None:
    value, why = UNREADABLE[name]
    report = ingest(value)
    assert (report.written, report.aside) == (0, 1)
    assert why in json.loads(ASIDE.read_bytes())["why"]


def test_half_valid_chats_crash_nothing_and_every_one_is_accounted_for() -> None:
    chats = [value for value, *_ in (*ACCOUNTS.values(), *UNREADABLE.values())]
    report = ingest(*[broken(seed, chats) for seed in range(300)], chats[0])
    assert report.read == 301
    assert report.calls == report.written + sum("export of" not in note.why for note in report.notes)
