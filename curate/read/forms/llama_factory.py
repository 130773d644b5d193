"""Messages whose tool calls are content parts, as LLaMA-Factory's v1 data has them.

Source: the data of LLaMA-Factory v1 (reason_tool_use_demo_50.jsonl), read 2026-11.
"""

from collections.abc import Iterator
from typing import Any, Final

from curate.core.example import Example, known_role
from curate.read.forms.blocks import parts_in
from curate.read.forms.form import Format, Object, Reading, Turn, omit_keys, tool_calls

CALL_PART: Final = "tool_call"
"""Type of a content part with a call as JSON text under `value`."""


def is_call(part: Any) -> bool:
    """Whether a value is a content part with a tool call."""
    return isinstance(part, dict) and part.get("type") == CALL_PART and "value" in part


def _read(value: Object) -> Reading:
    """A line of this form as a conversation: calls move to `tool_calls`, other parts stay, and results get the ids of
    the calls before them, in order. The calls of a message stay parts if one of them cannot be read.
    """
    reading, call_count = Reading([], omit_keys(value, "messages")), 0
    pending_ids: list[str] = []
    for i, turn in enumerate(value["messages"]):
        pointer = f"/messages/{i}"
        role = known_role(turn["role"]) if isinstance(turn, dict) and isinstance(turn.get("role"), str) else None
        if role == "assistant":
            message, places = _with_calls(turn, call_count)
            for number, place in enumerate(places):
                call, part = f"{pointer}/tool_calls/{number}", f"{pointer}/content/{place}"
                reading.moved |= {call: part, f"{call}/id": part}
                reading.moved |= {f"{call}/function{key}": f"{part}/value" for key in ("", "/name", "/arguments")}
            pending_ids = [call["id"] for call in message["tool_calls"]] if places else []
            call_count += len(places)
            for number, place in enumerate(_other_places(turn) if places else ()):
                reading.moved[f"{pointer}/content/{number}"] = f"{pointer}/content/{place}"
        elif role == "tool" and pending_ids and "tool_call_id" not in turn:
            message = {**turn, "tool_call_id": pending_ids.pop(0)}
        else:
            message, pending_ids = turn, pending_ids if role == "tool" else []
        reading.turns.append(Turn(message, pointer, f"{pointer}/content"))
    return reading


def _with_calls(turn: Object, call_count: int) -> tuple[Object, list[int]]:
    """A message with its calls under `tool_calls`, and the position of the part of each; ids continue after
    `call_count` calls. The message as it is and no positions if it has none, or one that cannot be read.
    """
    content = turn.get("content")
    calls, places = list[Object](), list[int]()
    for place, part in enumerate(content) if isinstance(content, list) else ():
        if not is_call(part):
            continue
        read = tool_calls(part["value"], call_count + len(calls)) if part.keys() == {"type", "value"} else []
        if not read:
            return turn, []
        calls += read
        places += [place] * len(read)
    if content is None or not calls or turn.get("tool_calls"):
        return turn, []
    others = [content[i] for i in _other_places(turn)]
    return {**turn, "content": others or None, "tool_calls": calls}, places


def _other_places(turn: Object) -> list[int]:
    """The positions of the content parts that are no calls."""
    return [i for i, part in enumerate(turn["content"]) if not is_call(part)]


def _unread_calls(example: Example) -> Iterator[tuple[int, str]]:
    """The messages with a call that stayed a content part, as `Format.unread_calls`."""
    for message in example.messages:
        if any(map(is_call, message.content if isinstance(message.content, list) else ())):
            yield message.index, "a part of type tool_call is not a readable call; kept"


LLAMA_FACTORY: Final = Format(
    "llama-factory",
    "messages whose tool calls are content parts of type tool_call (LLaMA-Factory v1)",
    lambda value: isinstance(turns := value.get("messages"), list) and any(map(is_call, parts_in(turns))),
    read=_read,
    unread_calls=_unread_calls,
)
