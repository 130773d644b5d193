"""Messages with content blocks as Anthropic's interface has them: `tool_use`, `tool_result`, `thinking`, images.

Source: the reference of the Messages API (docs.anthropic.com), read 2026-11.
"""

from collections.abc import Iterator
from typing import Any, Final

from curate.core.example import SYSTEM_ROLES
from curate.read.forms import blocks
from curate.read.forms.form import (
    Format,
    Object,
    Reading,
    Turn,
    UnreadableError,
    UnwritableError,
    as_text,
    is_objects,
    omit_keys,
)

OWN_TYPES: Final = ("tool_use", "tool_result", "thinking", "redacted_thinking")


KEPT_KEYS: Final = ("cache_control", "citations")


def _matches(value: Object) -> bool:
    """Whether a line has messages with a system prompt, tools or parts as only Anthropic's interface has them."""
    messages = value.get("messages")
    if not isinstance(messages, list):
        return False
    system, tools = value.get("system"), value.get("tools")
    if isinstance(system, list) and system:
        return True  # that of Bedrock is told first
    if is_objects(tools) and "input_schema" in tools[0]:
        return True
    return any(
        part.get("type") in OWN_TYPES or (part.get("type") == "image" and "source" in part)
        for part in blocks.parts_in(messages)
    )


def _block(part: Any, pointer: str) -> blocks.MessageBlock:
    """A block of Anthropic in messages format; unknown parts are unchanged."""
    if not isinstance(part, dict) or not isinstance(part.get("type"), str):
        raise UnreadableError(pointer, "a content block has no type")
    kind = part["type"]
    if kind == "text":
        return blocks.text_part(part.get("text"), f"{pointer}/text", omit_keys(part, "type", "text"))
    if kind == "image":
        return _image_block(part, pointer)
    if kind == "thinking":
        return blocks.thinking(part.get("thinking"), part, part.keys() == {"type", "thinking"}, f"{pointer}/thinking")
    if kind == "redacted_thinking":
        return blocks.thinking("", part, False, pointer)
    if kind == "tool_use":
        tool_input = part.get("input")
        if not isinstance(tool_input, dict):
            raise UnreadableError(pointer, "the input of a tool call is not an object")
        rest = omit_keys(part, "type", "id", "name", "input")
        return blocks.call(part.get("id"), part.get("name"), as_text(tool_input), pointer, rest)
    if kind == "tool_result":
        return _result_block(part, pointer)
    return blocks.MessageBlock("content", part, pointer)


def _image_block(part: Object, pointer: str) -> blocks.MessageBlock:
    """The block of an image. Raises `UnreadableError`."""
    source, extra = part.get("source"), omit_keys(part, "type", "source")
    if isinstance(source, dict) and source.get("type") == "base64" and source.keys() == {"type", "media_type", "data"}:
        mime = source["media_type"]
        return blocks.media_part(mime, f"data:{mime};base64,{source['data']}", pointer, extra)
    if isinstance(source, dict) and source.get("type") == "url" and isinstance(source.get("url"), str):
        return blocks.MessageBlock(
            "content", {"type": "image_url", "image_url": {"url": source["url"]}, **extra}, pointer
        )
    raise UnreadableError(pointer, "an image with neither base64 data nor a URL")


def _result_block(part: Object, pointer: str) -> blocks.MessageBlock:
    """The block of a tool's result. Raises `UnreadableError`."""
    content = part.get("content", "")
    if isinstance(content, list):
        pieces = [_block(block, f"{pointer}/content/{i}") for i, block in enumerate(content)]
        content = blocks.content_of_result(pieces, pointer)
    elif not isinstance(content, str):
        raise UnreadableError(pointer, "the content of a tool result is neither text nor a list of blocks")
    extra = omit_keys(part, "type", "tool_use_id", "content")
    return blocks.result(part.get("tool_use_id"), content, pointer, f"{pointer}/content", extra)


def _read(value: Object) -> Reading:
    """A line of this form as a conversation. Raises `UnreadableError`."""
    reading = Reading([], omit_keys(value, "messages", "system"))
    system = value.get("system")
    if isinstance(system, list) and system:
        reading.turns.append(blocks.system_turn([_block(part, f"/system/{i}") for i, part in enumerate(system)]))
    elif isinstance(system, str) and system:
        reading.turns.append(Turn({"role": "system", "content": system}, "/system", "/system"))
    elif system:
        raise UnreadableError("/system", "`system` is neither text nor a list of blocks")
    for pointer, turn in blocks.turns_with_role(value):
        content = turn.get("content")
        if isinstance(content, list) and content:
            pieces = [_block(part, f"{pointer}/content/{n}") for n, part in enumerate(content)]
            blocks.add_turns(
                reading, turn["role"], pieces, pointer, f"{pointer}/content", omit_keys(turn, "role", "content")
            )
        else:
            reading.turns.append(Turn(turn, pointer, f"{pointer}/content"))
    if "tools" in value:
        reading.rest["tools"] = _function_tools(value["tools"])
        reading.moved |= {f"/tools/{i}/function": f"/tools/{i}" for i in range(len(value["tools"] or ()))}
    return reading


def _function_tools(tools: Any) -> Any:
    """Tools with a name and an `input_schema` as function tools; tools of the service and other values unchanged."""
    if not isinstance(tools, list):
        return tools
    return [
        tool
        if not isinstance(tool, dict) or "name" not in tool or ("input_schema" not in tool and "type" in tool)
        else blocks.function_of(tool, "input_schema")
        for tool in tools
    ]


def _block_value(block: blocks.MessageBlock, where: str) -> Object:
    """A block as Anthropic writes it. Raises `UnwritableError` with `where`, the place of the message."""
    value = block.value
    if block.kind == "thinking":
        detail: Object = value["detail"] or {"type": "thinking", "thinking": value["text"]}
        return detail
    if block.kind == "call":
        return {
            "type": "tool_use",
            "id": value.get("id"),
            "name": value["function"]["name"],
            "input": blocks.arguments_of(value, where),
            **blocks.extras(value, blocks.CALL_KEYS, ("cache_control", "caller"), where),
        }
    if block.kind == "result":
        content = value.get("content")
        if isinstance(content, list):
            content = [_part_value(part, where) for part in content]
        extra = blocks.extras(value, blocks.RESULT_KEYS, ("is_error", "cache_control"), where)
        return {"type": "tool_result", "tool_use_id": value.get("tool_call_id"), "content": content, **extra}
    return _part_value(value, where)


def _part_value(part: Object, where: str) -> Object:
    """A content part as a block of Anthropic. Raises `UnwritableError` with `where`, the place of the part."""
    media = blocks.media_of(part)
    if media is None:
        if part.get("type") == "text":
            return {"type": "text", "text": part.get("text"), **blocks.extras(part, ("type", "text"), KEPT_KEYS, where)}
        if part.get("type") not in ("document", "search_result"):
            raise UnwritableError(f"a part of type {part.get('type')!r} in {where}")
        return part
    mime, url, extra = media
    extra = blocks.extras(extra, (), KEPT_KEYS, where)
    if not mime.startswith("image/"):
        raise UnwritableError(f"{mime} in {where}")
    if not url.startswith(("data:", "https:", "http:")):
        raise UnwritableError(f"an image in {where} that is neither on the web nor in the line: {url[:60]}")
    data_url = blocks.DATA_URL.match(url)
    if data_url:
        return {"type": "image", "source": {"type": "base64", "media_type": mime, "data": data_url["data"]}, **extra}
    return {"type": "image", "source": {"type": "url", "url": url}, **extra}


def turns_of_blocks(messages: list[Object], spelled: Any, is_own: Any) -> Iterator[tuple[str, list[Any]]]:
    """The role (`user` or `assistant`) and the written blocks of each turn. Results and the user message after them are
    one turn.

    `spelled(block, where)` writes a block; `is_own`: see `blocks_of`. Raises `UnwritableError`.
    """
    side, pieces = "", list[Any]()
    for i, message in enumerate(messages):
        where = f"message {i + 1}"
        role = "user" if message["role"] == "tool" else message["role"]
        if role not in ("user", "assistant"):
            raise UnwritableError(f"a message of role {message['role']!r} at position {i + 1}")
        written_blocks = [spelled(block, where) for block in blocks.blocks_of(message, where, is_own)]
        joins = side == role and (message["role"] == "tool" or messages[i - 1]["role"] == "tool")
        if pieces and not joins:
            yield side, pieces
            pieces = []
        side, pieces = role, pieces + written_blocks
    if side:
        yield side, pieces


def split_system(messages: list[Object]) -> tuple[Object | None, list[Object]]:
    """The system message at the start or None, and the other messages. Raises `UnwritableError` for any other one."""
    systems = [message for message in messages if message["role"] in SYSTEM_ROLES]
    if len(systems) > 1:
        raise UnwritableError(f"{len(systems)} system messages")
    if systems and messages[0] is not systems[0]:
        raise UnwritableError("a system message that is not the first message")
    return (systems[0], messages[1:]) if systems else (None, messages)


def _write(value: Object) -> Object:
    """A conversation in messages format as a line of this form. Raises `UnwritableError`."""
    system, messages = split_system(value["messages"])
    written: Object = {}
    if system is not None:
        content = system.get("content")
        parts = blocks.content_parts(content, "the system prompt")
        written["system"] = (
            content if isinstance(content, str) else [_part_value(part, "the system prompt") for part in parts]
        )
    turns = []
    for role, pieces in turns_of_blocks(messages, _block_value, lambda detail: detail.get("type") in OWN_TYPES):
        is_text_only = len(pieces) == 1 and pieces[0].keys() == {"type", "text"}
        turns.append({"role": role, "content": pieces[0]["text"] if is_text_only else pieces})
    written["messages"] = turns
    if tools := blocks.declarations(value, "input_schema"):
        written["tools"] = tools
    return written


ANTHROPIC: Final = Format(
    "anthropic",
    "messages with content blocks: tool_use, tool_result, thinking",
    _matches,
    read=_read,
    write=_write,
)
