"""Conversations for Gemini on Vertex AI: `systemInstruction` and `contents` of parts, the assistant is `model`.

Source: the guide to supervised tuning of Gemini models (cloud.google.com/vertex-ai), read 2026-11. Keys in snake case,
which the interface also accepts, are read and written in camel case.
"""

from collections import defaultdict, deque
from typing import Any, Final

from curate.read.forms import blocks
from curate.read.forms.anthropic import split_system, turns_of_blocks
from curate.read.forms.form import (
    Format,
    Object,
    Reading,
    UnreadableError,
    UnwritableError,
    as_object,
    as_text,
    is_objects,
    omit_keys,
)

CAMEL_CASE: Final = {
    "system_instruction": "systemInstruction", "function_call": "functionCall",
    "function_response": "functionResponse", "inline_data": "inlineData", "file_data": "fileData",
    "mime_type": "mimeType", "file_uri": "fileUri", "function_declarations": "functionDeclarations",
    "thought_signature": "thoughtSignature",
}  # fmt: skip
ROLES: Final = {"model": "assistant", "user": "user", "function": "user", "system": "system"}
OUTPUT: Final = "output"
"""The key that holds the text of a function response, as in the API reference."""
KEPT_KEYS: Final = ("thoughtSignature",)
CONFIG_KEYS: Final = {"generationConfig": (), "toolConfig": ("functionCallingConfig", "retrievalConfig")}
"""Keys of configurations beside a conversation; for each that other services also have, the keys in it."""
SCHEMA_TYPES: Final = frozenset(("string", "number", "integer", "boolean", "array", "object", "null"))


def _with_camel_case(value: Any) -> Object:
    """An object with the keys of Gemini in camel case: `function_call` -> `functionCall`."""
    return {CAMEL_CASE.get(key, key): item for key, item in value.items()}


def _matches(value: Object) -> bool:
    contents = value.get("contents")
    return is_objects(contents) and any("parts" in turn for turn in contents) and "messages" not in value


class _Calls:
    """Ids of calls. Gemini may omit them: responses then answer the calls of their function in order."""

    def __init__(self) -> None:
        self.count = 0
        self.waiting: dict[Any, deque[str]] = defaultdict(deque)

    def call(self, call: Object) -> str:
        """The id of a call: its own, or a new one."""
        self.count += 1
        call_id = call["id"] if isinstance(call.get("id"), str) else f"call_{self.count}"
        self.waiting[call.get("name")].append(call_id)
        return str(call_id)

    def answer(self, response: Object, pointer: str) -> str:
        """The id of the call that a response answers. Raises `UnreadableError` if there is none."""
        if isinstance(response.get("id"), str):
            return str(response["id"])
        if not isinstance(response.get("name"), str) or not self.waiting[response["name"]]:
            raise UnreadableError(pointer, "a function response without a call of its function before it")
        return self.waiting[response["name"]].popleft()


def _block(part: Any, pointer: str, calls: _Calls) -> blocks.MessageBlock:
    """A part of a turn as a block; `calls` has the ids of calls and gets that of a function call."""
    if not isinstance(part, dict):
        raise UnreadableError(pointer, "a part is not an object")
    part = _with_camel_case(part)
    kinds = ("text", "functionCall", "functionResponse", "inlineData", "fileData")
    kind = next((kind for kind in kinds if kind in part), None)
    if kind is None:
        raise UnreadableError(pointer, f"a part has none of the known keys: {', '.join(list(part)[:5])}")
    content, extra, inner_pointer = part[kind], omit_keys(part, kind), f"{pointer}/{kind}"
    if kind == "text":
        if part.get("thought"):
            if unknown := [key for key in extra if key not in ("thought", *KEPT_KEYS)]:
                raise UnreadableError(f"{pointer}/{unknown[0]}", "a thought has an unknown key")
            return blocks.thinking(content, part, part.keys() == {"text", "thought"}, inner_pointer)
        return blocks.text_part(content, inner_pointer, extra)
    if not isinstance(content, dict):
        raise UnreadableError(inner_pointer, f"`{kind}` is not an object")
    if kind == "functionCall":
        arguments = content.get("args", {})
        if not isinstance(arguments, dict):
            raise UnreadableError(inner_pointer, "the arguments of a function call are not an object")
        return blocks.call(
            calls.call(content),
            content.get("name"),
            as_text(arguments),
            inner_pointer,
            extra | omit_keys(content, "id", "name", "args"),
        )
    if kind == "functionResponse":
        response = content.get("response", {})
        text = response[OUTPUT] if isinstance(response, dict) and response.keys() == {OUTPUT} else response
        rest = {"name": content["name"]} if "name" in content else {}
        return blocks.result(
            calls.answer(content, inner_pointer),
            as_text(text),
            inner_pointer,
            f"{inner_pointer}/response",
            rest | extra | omit_keys(content, "id", "name", "response"),
        )
    content = _with_camel_case(content)
    mime = content.get("mimeType")
    if kind == "inlineData":
        return blocks.media_part(
            mime,
            f"data:{mime};base64,{content.get('data')}",
            inner_pointer,
            extra | omit_keys(content, "mimeType", "data"),
        )
    return blocks.media_part(
        mime, content.get("fileUri"), inner_pointer, extra | omit_keys(content, "mimeType", "fileUri")
    )


def _read(value: Object) -> Reading:
    """A line of this form as a conversation. Raises `UnreadableError`."""
    value = _with_camel_case(value)
    reading = Reading([], omit_keys(value, "contents", "systemInstruction", "tools"))
    calls = _Calls()
    system = value.get("systemInstruction")
    if isinstance(system, str):
        system = {"parts": [{"text": system}]}
    if system:
        pointer = "/systemInstruction/parts"
        if not isinstance(system, dict) or not is_objects(system.get("parts")):
            raise UnreadableError("/systemInstruction", "`systemInstruction` has no parts")
        pieces = [_block(part, f"{pointer}/{i}", calls) for i, part in enumerate(system["parts"])]
        extra = omit_keys(system, "role", "parts")
        if "content" in extra:
            raise UnreadableError("/systemInstruction/content", "`content` beside `parts`")
        reading.turns.append(blocks.system_turn(pieces, "/systemInstruction", pointer, extra))
    for i, turn in enumerate(value["contents"]):
        pointer = f"/contents/{i}"
        if not isinstance(turn.get("parts"), list):
            raise UnreadableError(pointer, "a content has no list of parts")
        pieces = [_block(part, f"{pointer}/parts/{n}", calls) for n, part in enumerate(turn["parts"])]
        role = turn.get("role", "user")
        role = ROLES.get(role, role) if isinstance(role, str) else role
        blocks.add_turns(reading, role, pieces, pointer, f"{pointer}/parts", omit_keys(turn, "role", "parts"))
    _add_tools(reading, value.get("tools"))
    return reading


def _add_tools(reading: Reading, tools: Any) -> None:
    """Add the function declarations of `tools` to the reading. Raises `UnreadableError` for any other tool."""
    functions: list[Object] = []
    for i, tool in enumerate(tools or ()):
        tool = _with_camel_case(tool) if isinstance(tool, dict) else {}  # noqa: PLW2901
        declared = tool.get("functionDeclarations")
        if not isinstance(declared, list) or omit_keys(tool, "functionDeclarations"):
            raise UnreadableError(f"/tools/{i}", "a tool that is not a list of function declarations")
        for n, function in enumerate(declared):
            if not isinstance(function, dict):
                raise UnreadableError(f"/tools/{i}/functionDeclarations/{n}", "a declaration is not an object")
            reading.moved[f"/tools/{len(functions)}/function"] = f"/tools/{i}/functionDeclarations/{n}"
            functions.append(blocks.function_of(_with_type_case(function, str.lower), "parameters"))
    if tools is not None:
        reading.rest["tools"] = functions


def _with_type_case(value: Any, change: Any) -> Any:
    """A schema whose types are changed by `change`, `str.lower` or `str.upper`."""
    if isinstance(value, list):
        return [_with_type_case(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: change(item)
        if key == "type" and isinstance(item, str) and item.lower() in SCHEMA_TYPES
        else item
        if key in ("enum", "default", "example", "required")
        else _with_type_case(item, change)
        for key, item in value.items()
    }


def _is_own_config(config: Any, keys: tuple[str, ...]) -> bool:
    """Whether a configuration is one of Gemini: other services have other keys in it."""
    return isinstance(config, dict) and bool(config) and (not keys or config.keys() <= set(keys))


class _Writer:
    """Converts blocks to parts. It stores the names of calls, since a response names the function."""

    def __init__(self) -> None:
        self.names: dict[Any, str] = {}

    def __call__(self, block: blocks.MessageBlock, where: str) -> Object:
        """The part of a block. Raises `UnwritableError` with `where`, the place of the message."""
        value = block.value
        if block.kind == "thinking":
            detail: Object = value["detail"] or {"text": value["text"], "thought": True}
            return detail
        if block.kind == "call":
            name = value["function"]["name"]
            self.names[value.get("id")] = name
            extra = blocks.extras(value, blocks.CALL_KEYS, KEPT_KEYS, where)
            return {"functionCall": {"name": name, "args": blocks.arguments_of(value, where)}, **extra}
        if block.kind == "result":
            name = self.names.get(value.get("tool_call_id"))
            if name is None:
                raise UnwritableError(f"{where} answers no call before it")
            content = value.get("content")
            response = as_object(content)
            if not isinstance(content, str) and content is not None:
                raise UnwritableError(f"the result in {where} is not text")
            same = response is not None and as_text(response) == content and response.keys() != {OUTPUT}
            extra = blocks.extras(value, blocks.RESULT_KEYS, KEPT_KEYS, where)
            return {
                "functionResponse": {"name": name, "response": response if same else {OUTPUT: content or ""}},
                **extra,
            }
        return self.part(value, where)

    def part(self, part: Object, where: str) -> Object:
        """Text or media as Gemini writes it. Raises `UnwritableError` with `where`, the place of the message."""
        if part.get("type") == "text":
            return {"text": part.get("text"), **blocks.extras(part, ("type", "text"), KEPT_KEYS, where)}
        media = blocks.media_of(part)
        if media is None:
            raise UnwritableError(f"a part of type {part.get('type')!r} in {where}")
        mime, url, extra = media
        extra = blocks.extras(extra, (), (*KEPT_KEYS, "videoMetadata", "displayName"), where)
        data_url = blocks.DATA_URL.match(url)
        if data_url:
            return {"inlineData": {"mimeType": mime, "data": data_url["data"]}, **extra}
        if not url.startswith(("gs://", "https://", "http://")):
            raise UnwritableError(f"media in {where} that is neither on the web nor in the line: {url[:60]}")
        return {"fileData": {"mimeType": mime, "fileUri": url}, **extra}


def _write(value: Object) -> Object:
    """A conversation in messages format as a line of this form. Raises `UnwritableError`."""
    system, messages = split_system(value["messages"])
    written: Object = {}
    spell = _Writer()
    if system is not None:
        parts = blocks.content_parts(system.get("content"), "the system prompt")
        written["systemInstruction"] = {
            "role": "system",
            "parts": [spell.part(part, "the system prompt") for part in parts],
        }
    turns = turns_of_blocks(messages, spell, lambda detail: bool(detail.get("thought")))
    written["contents"] = [
        {"role": "model" if role == "assistant" else role, "parts": pieces} for role, pieces in turns
    ]
    if tools := blocks.declarations(value, "parameters"):
        written["tools"] = [{"functionDeclarations": [_with_type_case(tool, str.upper) for tool in tools]}]
    return written | {
        key: value[key] for key, config_keys in CONFIG_KEYS.items() if _is_own_config(value.get(key), config_keys)
    }


VERTEX: Final = Format(
    "vertex",
    "systemInstruction, contents of role user or model with parts, as Gemini reads it",
    _matches,
    read=_read,
    write=_write,
    keeps=False,
)
