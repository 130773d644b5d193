"""Messages as LangChain serializes them: a `type` instead of a role, also under `data` or the `kwargs` of a class.

Sources: the reference of langchain-core (`messages_to_dict`, `dumpd`, `AIMessage`, `ToolCall`), read 2026-11.
"""

from typing import Any, Final, NamedTuple

from curate.core.form_keys import ROOT_KEY
from curate.read.forms.form import Format, Object, Reading, Turn, UnreadableError, as_text, is_objects, omit_keys

ROLES: Final = {
    "human": "user", "ai": "assistant", "system": "system", "tool": "tool", "function": "function", "chat": "",
}  # fmt: skip
"""The role of each kind of message; a chat message names its own."""
LIFTED_KEYS: Final = ("tool_calls", "function_call", "reasoning_content", "refusal")
"""Keys of a message that older versions have under `additional_kwargs`."""
PART_TYPES: Final = ("text", "image_url", "input_audio", "file")
"""Types of content parts that the messages format also has."""


class Serialized(NamedTuple):
    """A message: its kind, such as `human`, its fields, and the pointer to them in it."""

    kind: str
    fields: Object
    pointer: str


def serialized(message: Object) -> Serialized:
    """The kind and the fields of a serialized message; an empty kind for anything else."""
    kind, fields, pointer = message.get("type"), message, ""
    if kind == "constructor" and isinstance(message.get("kwargs"), dict):
        names = message.get("id")
        has_names = isinstance(names, list) and all(isinstance(name, str) for name in names)
        kind, fields, pointer = names[-1] if names and has_names else "", message["kwargs"], "/kwargs"
    elif isinstance(message.get("data"), dict):
        fields, pointer = message["data"], "/data"
    kind = kind.removesuffix("Chunk").removesuffix("Message").lower() if isinstance(kind, str) else ""
    return Serialized(kind, fields, pointer)


def _turns_key(value: Object) -> str | None:
    """The key of the messages; None if the object is not a LangChain conversation."""
    key = ROOT_KEY if value.keys() == {ROOT_KEY} else "messages"
    turns = value.get(key)
    is_langchain = is_objects(turns) and not {"role", "from"} & turns[0].keys() and serialized(turns[0]).kind in ROLES
    return key if is_langchain else None


def _read(value: Object) -> Reading:
    """A line of this form as a conversation. Raises `UnreadableError`."""
    key = _turns_key(value) or ""
    reading = Reading([], omit_keys(value, key))
    for i, message in enumerate(value[key]):
        pointer = f"/{key}/{i}" if key else f"/{i}"
        kind, fields, inner = serialized(message)
        role = ROLES.get(kind) or (fields.get("role") if kind == "chat" else None)
        unknown_keys = inner and message.keys() - {"lc", "type", "id", "name", "graph", inner[1:]}
        if (
            not isinstance(role, str)
            or ("role" in fields and kind != "chat")
            or "content" not in fields
            or unknown_keys
        ):
            raise UnreadableError(pointer, "this is not a message as LangChain serializes it")
        extra = fields.get("additional_kwargs")
        lifted = {name: extra[name] for name in LIFTED_KEYS if name not in fields or not fields[name]
                  if isinstance(extra, dict) and extra.get(name)}  # fmt: skip
        merged = {
            **fields,
            "additional_kwargs": omit_keys(extra, *lifted) if isinstance(extra, dict) else extra,
            **lifted,
        }
        others = omit_keys(merged, "type", "role", "content", "tool_calls")
        turn = {"role": role, "content": merged["content"]}
        turn |= {name: item for name, item in others.items() if item is not False and item not in (None, "", [], {})}
        if calls := merged.get("tool_calls"):
            turn["tool_calls"] = [tool_call(call, pointer) for call in calls]
            for n in range(len(calls) if "tool_calls" not in lifted else 0):
                normal_pointer, source_pointer = f"/messages/{i}/tool_calls/{n}", f"{pointer}{inner}/tool_calls/{n}"
                reading.moved |= {
                    normal_pointer: source_pointer,
                    f"{normal_pointer}/function": source_pointer,
                    f"{normal_pointer}/function/arguments": f"{source_pointer}/args",
                }
        if isinstance(merged["content"], list):
            arguments_by_id = {call.get("id"): call.get("args") for call in calls or ()}
            turn["content"] = _parts(merged["content"], arguments_by_id, f"{pointer}{inner}/content")
        reading.turns.append(Turn(turn, pointer, f"{pointer}{inner}/content"))
    return reading


def tool_call(call: Any, pointer: str) -> Object:
    """A tool call in messages format. Raises `UnreadableError`."""
    if isinstance(call, dict) and isinstance(call.get("function"), dict):
        return call
    if (
        not isinstance(call, dict)
        or not isinstance(call.get("name"), str)
        or not isinstance(call.get("args"), dict | str)
    ):
        raise UnreadableError(pointer, "a tool call has no name or no arguments")
    function = {"name": call["name"], "arguments": as_text(call["args"])}
    return {
        "id": call.get("id"),
        "type": "function",
        "function": function,
        **omit_keys(call, "name", "args", "id", "type"),
    }


def _parts(parts: list[Any], calls: Object, pointer: str) -> list[Object]:
    """The parts of a content, without calls that are also in the tool calls; strings become text parts.

    Raises `UnreadableError` for a part of an unknown type.
    """
    typed_parts = [{"type": "text", "text": part} if isinstance(part, str) else part for part in parts]
    kept_parts = [part for part in typed_parts if part.get("type") != "tool_use" or not _repeats_tool_call(part, calls)]
    if unknown_part := next((part for part in kept_parts if part.get("type") not in PART_TYPES), None):
        raise UnreadableError(pointer, f"a part of type {unknown_part.get('type')!r}")
    return kept_parts


def _repeats_tool_call(part: Object, calls: Object) -> bool:
    """Whether a call of a content is one of the tool calls, with the same arguments or none yet."""
    tool_input = part.get("input")
    return part.get("id") in calls and (
        not tool_input or calls[part["id"]] == tool_input or isinstance(tool_input, str)
    )


LANGCHAIN: Final = Format(
    "langchain",
    "messages of LangChain: type human, ai, system or tool",
    lambda value: _turns_key(value) is not None,
    read=_read,
)
