"""Conversations in the exports of accounts and of programs to chat with: ChatGPT, Claude, Open WebUI, LM Studio.

Sources: the descriptions of exports in mitkury/chatgpt-export-parser, withLinda/claude-conversation-exporter and
open-webui/open-webui, read 2026-11. What a conversation leaves out is counted; one that needs a file is not read.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any, Final

from curate.read.forms.form import Object, as_object, is_objects
from curate.read.traces import ModelCall, NoConversationError, read_as_messages

HIDDEN_MESSAGES: Final = "hidden messages"
OTHER_BRANCHES: Final = "messages of other branches"
DETAILS_BLOCK: Final = re.compile(r'<details type="(\w+)".*?</details>\s*', re.DOTALL)
"""A block for reasoning or a tool call that Open WebUI writes into the text of an answer."""


@dataclass(slots=True)
class _Talk:
    """A conversation under construction."""

    left_out: Counter[str]
    messages: list[Object] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    """Ids of calls without a result."""
    calls: int = 0

    def say(self, role: str, text: str | None) -> None:
        """Add a message. An assistant message gets the pending thoughts as its reasoning."""
        message: Object = {"role": role, "content": text}
        if role == "assistant" and self.thoughts:
            message["reasoning_content"] = "\n\n".join(self.thoughts)
            self.thoughts.clear()
        self.messages.append(message)

    def call(self, name: str, input_value: Any) -> None:
        """Add a tool call to the assistant message. An input that is not a JSON object becomes the argument `input`."""
        self.calls += 1
        if self.thoughts or not self.messages or self.messages[-1]["role"] != "assistant":
            self.say("assistant", None)
        parsed_arguments = as_object(input_value)
        arguments = json.dumps(
            {"input": input_value} if parsed_arguments is None else parsed_arguments, ensure_ascii=False
        )
        self.waiting.append(f"call_{self.calls}")
        call = {"id": self.waiting[-1], "type": "function", "function": {"name": name, "arguments": arguments}}
        self.messages[-1].setdefault("tool_calls", []).append(call)

    def result(self, text: str) -> None:
        """Add the result of the first call without a result. If there is none, extend the last result."""
        if self.waiting:
            self.messages.append({"role": "tool", "tool_call_id": self.waiting.pop(0), "content": text})
        elif self.messages and self.messages[-1]["role"] == "tool":
            self.messages[-1]["content"] += f"\n\n{text}"
        else:
            raise NoConversationError("a result of a tool without its call")

    def done(self) -> Object:
        """The conversation. Raises `NoConversationError`."""
        if self.thoughts:
            raise NoConversationError("reasoning without an answer")
        if not any(message["role"] == "assistant" for message in self.messages):
            raise NoConversationError("it has no answer")
        return read_as_messages({"messages": self.messages})


def account_calls(value: Object) -> list[ModelCall]:
    """The conversation of a row of an account's export; empty for any other row."""
    chat: Object = export if isinstance(export := value.get("chat"), dict) else value
    history = chat.get("history")
    reader: Callable[[Object, _Talk], None]
    if isinstance(value.get("mapping"), dict):
        source, reader = "chatgpt", _chatgpt
    elif isinstance(value.get("chat_messages"), list):
        source, reader = "claude", _claude
    elif isinstance(history, dict) and isinstance(history.get("messages"), dict):
        source, reader, value = "open-webui", _open_webui, {**chat, **value}
    elif is_objects(value.get("messages")) and "versions" in value["messages"][0]:
        source, reader = "lm-studio", _lm_studio
    else:
        return []
    ids = {
        "id": value.get("conversation_id", value.get("uuid", value.get("id"))),
        "name": value.get("title", value.get("name")),
        "model": value.get("default_model_slug", value.get("model")),
    }
    call = ModelCall(source, {key: item for key, item in ids.items() if item})
    call.joined = partial(_joined_conversation, reader, value, call.left_out)
    return [call]


def _joined_conversation(reader: Callable[[Object, _Talk], None], value: Object, left_out: Counter[str]) -> Object:
    """The conversation that `reader` finds in a line, as messages; what it leaves out is counted in `left_out`."""
    talk = _Talk(left_out)
    reader(value, talk)
    return talk.done()


def _messages_up_to(nodes: Mapping[str, Object], last: Any, parent: str) -> list[Object]:
    """The nodes from the first message to the one with the id `last`; `parent`: the key with the id of the message
    before. Raises `NoConversationError` for an unknown id or a circle.
    """
    nodes_in_path, visited = list[Object](), set[str]()
    while last in nodes and last not in visited:
        visited.add(last)
        nodes_in_path.append(nodes[last])
        last = nodes[last].get(parent)
    if not nodes_in_path or last in visited:
        raise NoConversationError("its last message is not among its messages, or they are in a circle")
    return nodes_in_path[::-1]


def _chatgpt(value: Object, talk: _Talk) -> None:
    """Add the messages of an exported ChatGPT conversation to `talk`; of several branches, the one opened last."""
    path = _messages_up_to(value["mapping"], value.get("current_node"), "parent")
    path_nodes = {id(node) for node in path}
    elsewhere = (
        node["message"] for node in value["mapping"].values() if node.get("message") and id(node) not in path_nodes
    )
    talk.left_out += Counter({OTHER_BRANCHES: sum(not _is_hidden(message) for message in elsewhere)})
    for message in filter(None, (node.get("message") for node in path)):
        content, role, to = message["content"], message["author"]["role"], message.get("recipient")
        if _is_hidden(message):
            shown_values = [item for key, item in content.items() if key != "content_type"]
            talk.left_out += Counter({HIDDEN_MESSAGES: any(item not in (None, "", [""]) for item in shown_values)})
        elif content["content_type"] == "thoughts":
            talk.thoughts += [thought.get("content") or thought["summary"] for thought in content["thoughts"]]
        elif content["content_type"] == "reasoning_recap":
            talk.left_out["lines on the time of reasoning"] += 1
        elif names := [
            str(attachment.get("name")) for attachment in (message.get("metadata") or {}).get("attachments") or ()
        ]:
            raise NoConversationError(f"a file that is not in the export: {', '.join(names)}")
        elif role == "tool":
            talk.result("\n".join(_chatgpt_texts(content, talk)))
        elif text := "\n".join(_chatgpt_texts(content, talk)).strip():
            talk.call(to, text) if role == "assistant" and to not in (None, "all") else talk.say(role, text)


def _is_hidden(message: Object) -> bool:
    """Whether a message was not shown, such as the instructions of the user for all conversations."""
    hides = (message.get("metadata") or {}).get("is_visually_hidden_from_conversation")
    return bool(hides) or message.get("weight") == 0


def _chatgpt_texts(content: Object, talk: _Talk) -> Iterator[str]:
    """The texts of a message's content. Raises `NoConversationError` for other content, such as a picture."""
    if "parts" not in content:
        text = content.get("text", content.get("result"))
        if not isinstance(text, str):
            raise NoConversationError(f"a message of type {content['content_type']!r}")
        yield text
    for part in content.get("parts", ()):
        kind = part.get("content_type") if isinstance(part, dict) else None
        if isinstance(part, str) or kind == "audio_transcription":
            yield part if isinstance(part, str) else part["text"]
        elif "audio" in str(kind):  # its transcription stands beside it
            talk.left_out["recordings"] += 1
        else:
            raise NoConversationError(f"a part of type {kind!r}, whose file is not in the export")


def _claude(value: Object, talk: _Talk) -> None:
    """Add the messages of an exported Claude conversation to `talk`; only the current branch, if it has several."""
    messages = value["chat_messages"]
    nodes = {message["uuid"]: message for message in messages}
    if len(nodes) < len(messages):
        raise NoConversationError("two messages have one id")
    if any("parent_message_uuid" in message for message in messages):
        last = value.get("current_leaf_message_uuid") or messages[-1]["uuid"]
        messages = _messages_up_to(nodes, last, "parent_message_uuid")
        talk.left_out += Counter({OTHER_BRANCHES: len(nodes) - len(messages)})
    for message in messages:
        role = {"human": "user", "assistant": "assistant"}[message["sender"]]
        attached_texts = {
            attachment.get("file_name"): attachment.get("extracted_content")
            for attachment in message.get("attachments") or ()
        }
        missing = [name for name, text in attached_texts.items() if not isinstance(text, str)]
        missing += [file["file_name"] for file in message.get("files") or () if file["file_name"] not in attached_texts]
        if missing:
            raise NoConversationError(f"a file that is not in the export: {', '.join(map(str, missing))}")
        blocks = message.get("content") or [{"type": "text", "text": message.get("text") or ""}]
        if role == "user":
            texts = [*attached_texts.values(), "".join(_claude_texts(blocks))]
            talk.say(role, "\n\n".join(text for text in texts if text and text.strip()))
            continue
        for kind, run in groupby(blocks, lambda block: block["type"]):
            _add_blocks(kind, list(run), talk)


def _add_blocks(kind: str, blocks: list[Object], talk: _Talk) -> None:
    """Add blocks of one type of an answer to `talk`."""
    if kind == "text" and (text := "".join(_claude_texts(blocks))).strip():
        talk.say("assistant", text)
    for block in blocks if kind != "text" else ():
        if kind == "thinking":
            talk.thoughts.append(block["thinking"])
        elif kind == "tool_use":
            talk.call(block["name"], block["input"])
        elif kind == "tool_result":
            content = block.get("content")
            result_parts = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
            talk.result(
                "\n".join(item["text"] if item.get("type") == "text" else json.dumps(item) for item in result_parts)
            )
        elif kind == "token_budget":
            talk.left_out["budgets of tokens"] += 1
        else:
            raise NoConversationError(f"a block of type {kind!r}")


def _claude_texts(blocks: Iterable[Object]) -> Iterator[str]:
    """The texts of a question's blocks. Raises `NoConversationError` for a block of another type."""
    for block in blocks:
        if block["type"] != "text":
            raise NoConversationError(f"a block of type {block['type']!r} in a question")
        yield block["text"]


def _open_webui(value: Object, talk: _Talk) -> None:
    """Add the messages of a chat of Open WebUI to `talk`."""
    nodes = value["history"]["messages"]
    path = _messages_up_to(nodes, value["history"].get("currentId"), "parentId")
    talk.left_out += Counter({OTHER_BRANCHES: len(nodes) - len(path)})
    if system := (value.get("params") or {}).get("system"):
        talk.say("system", system)
    for message in path:
        shown = {match[1] for match in DETAILS_BLOCK.finditer(message["content"])}
        if message.get("files") or shown - {"reasoning"}:
            raise NoConversationError(f"a message with {'files' if message.get('files') else 'calls of tools'}")
        talk.left_out += Counter({"reasoning": len(shown)})
        talk.say(message["role"], DETAILS_BLOCK.sub("", message["content"]) if shown else message["content"])


def _lm_studio(value: Object, talk: _Talk) -> None:
    """Add the messages of a conversation of LM Studio to `talk`."""
    if value.get("systemPrompt"):
        talk.say("system", value["systemPrompt"])
    for message in value["messages"]:
        talk.left_out += Counter({OTHER_BRANCHES: len(message["versions"]) - 1})
        chosen = message["versions"][message["currentlySelected"]]
        for step in chosen["steps"] if chosen["type"] == "multiStep" else [{**chosen, "type": "contentBlock"}]:
            if step["type"] == "debugInfoBlock":
                talk.left_out["notes of the program"] += 1
                continue
            if step["type"] != "contentBlock" or any(part["type"] != "text" for part in step["content"]):
                raise NoConversationError("a message with files or calls of tools")
            text = "".join(part["text"] for part in step["content"])
            if (step.get("style") or {}).get("type") == "thinking":
                talk.thoughts.append(text)
            else:
                talk.say(chosen["role"], text)
