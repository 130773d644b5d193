"""Messages as tracers write them: OpenAI's, LangChain's, and those of OpenTelemetry's GenAI conventions."""

import json
from typing import Any, Final

from curate.core.example import UNKNOWN, Place
from curate.read.formats import example_of

Object = dict[str, Any]
ROLES: Final = {
    "human": "user", "ai": "assistant", "aimessagechunk": "assistant", "model": "assistant", "function": "tool",
    "system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool",
}  # fmt: skip

NAMED: Final = ("input", "question", "prompt", "output", "answer", "text", "content")
"""Keys of an input or output that hold its text."""


class NoConversationError(ValueError):
    """A model call holds no conversation that can be read; the message gives the reason."""


def parsed(value: Any) -> Any:
    """A value, or the value of a JSON text that holds an object or a list."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def messages_in(value: Any, role: str) -> list[Object]:
    """The messages of an input or an output; a bare text is said by `role`."""
    value = parsed(value)
    if value is None or value in ("", [], {}):
        return []
    if isinstance(value, str):
        return [{"role": role, "content": value}]
    if isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], list):  # LangChain batches its calls
            return messages_in(value[0], role)
        return [message for item in value for message in messages_in(item, role)]
    if not isinstance(value, dict):
        raise NoConversationError(f"the {'question' if role == 'user' else 'answer'} is {type(value).__name__}")
    for key in ("messages", "generations", "choices", "contents", "candidates"):
        if isinstance(value.get(key), list):
            found = value[key][:1] if key in ("generations", "choices", "candidates") else value[key]
            return _system(value) + messages_in(found, role)
    if isinstance(value.get("message"), dict):
        return [_message(value["message"], role)]
    if _is_message(value):
        return [_message(value, role)]
    key = next((key for key in NAMED if key in value), "")
    if not key:
        raise NoConversationError(f"its keys are no message: {', '.join(list(value)[:5])}")
    return _system(value) + messages_in(value[key], role)


def _system(value: Object) -> list[Object]:
    system = value.get("system", value.get("instructions"))
    return [{"role": "system", "content": system}] if isinstance(system, str) and system else []


def _is_message(value: Object) -> bool:
    kind = value.get("type")
    return "role" in value or kind == "constructor" or (isinstance(kind, str) and kind.lower() in ROLES)


def _message(value: Object, role: str) -> Object:
    """One message in messages format."""
    if value.get("type") == "constructor" and isinstance(value.get("kwargs"), dict):
        name = str((value.get("id") or [""])[-1]).removesuffix("Chunk").removesuffix("Message").lower()
        return _message({"type": value["kwargs"].get("type", name), **value["kwargs"]}, role)
    if isinstance(value.get("data"), dict):
        return _message({"type": value.get("type"), **value["data"]}, role)
    spoken = value.get("role") or value.get("type") or role
    role = ROLES.get(str(spoken).lower(), str(spoken))
    if isinstance(value.get("parts"), list):
        return _of_parts(value["parts"], role)
    message: Object = {"role": role, "content": value.get("content")}
    calls = value.get("tool_calls") or (value.get("additional_kwargs") or {}).get("tool_calls")
    if isinstance(calls, list) and calls:
        message["tool_calls"] = [_call(call) for call in calls]
    kept = ("tool_call_id", "name", "reasoning_content", "refusal", "function_call")
    return message | {key: value[key] for key in kept if value.get(key)}


def _call(call: Any) -> Object:
    if not isinstance(call, dict):
        raise NoConversationError("a tool call is no object")
    if isinstance(call.get("function"), dict):
        return call
    arguments = call.get("args", call.get("arguments", {}))
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {"id": call.get("id"), "type": "function", "function": {"name": call.get("name"), "arguments": text}}


def _of_parts(parts: list[Any], role: str) -> Object:
    """A message of OpenTelemetry's parts; Gemini's parts, which have no type, are read as its format says."""
    message: Object = {"role": role, "content": None}
    texts, calls, thoughts = list[str](), list[Object](), list[str]()
    for part in parts:
        kind = part.get("type") if isinstance(part, dict) else None
        text = part.get("content", part.get("text")) if isinstance(part, dict) else part
        if kind == "tool_call":
            calls.append(_call(part))
        elif kind == "tool_call_response":
            answer = part.get("response", part.get("result"))
            text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
            message |= {"role": "tool", "tool_call_id": part.get("id")}
            texts.append(text)
        elif kind in ("reasoning", "thinking"):
            thoughts.append(str(text))
        elif kind in (None, "text") and isinstance(text, str):
            texts.append(text)
        else:
            raise NoConversationError(f"a part of type {kind!r}")
    if texts:
        message["content"] = "\n".join(texts)
    if thoughts:
        message["reasoning_content"] = "\n\n".join(thoughts)
    return message | ({"tool_calls": calls} if calls else {})


def conversation(question: Any, answer: Any, tools: Any) -> Object:
    """A conversation of the input and the output of a model call. Raises `NoConversationError`."""
    asked, said = messages_in(question, "user"), messages_in(answer, "assistant")
    if not asked or not said:
        raise NoConversationError("it has no question" if not asked else "it has no answer")
    if len(said) > len(asked) and said[: len(asked)] == asked:  # the output repeats the input
        asked = []
    value: Object = {"messages": [*asked, *said]}
    given = parsed(tools)
    if isinstance(question, dict) and not given:
        given = question.get("tools")
    if isinstance(given, list) and given:
        value["tools"] = [{"type": "function", "function": one} if "name" in one else one for one in given if one]
    found = example_of(value, Place("", 0))
    if found.format == UNKNOWN or not found.understood or found.defect:
        raise NoConversationError(found.defect[1] if found.defect else "no message has a text")
    return found.value
