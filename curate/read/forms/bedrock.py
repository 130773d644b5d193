"""Conversations for Amazon Bedrock and Nova, schema `bedrock-conversation-2024`: the key of a part gives its type.

Source: the Converse API and the guide to preparing data for Nova (docs.aws.amazon.com/nova), read 2026-11.
"""

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

SCHEMA_NAME: Final = "bedrock-conversation-2024"
CACHE_KEYS: Final = {"cachePoint"}
"""Keys of a block that marks a cached prefix. It is read as `cache_control` of the block before it, as in Anthropic's
API.
"""
OWN_KEYS: Final = ("toolUse", "toolResult", "reasoningContent")
MIME_PREFIXES: Final = {"image": "image/", "video": "video/", "document": "application/"}


def _matches(value: Object) -> bool:
    """Whether a line has messages with a version, a system prompt or parts as only Bedrock has them."""
    messages = value.get("messages")
    if not isinstance(messages, list):
        return False
    version, system = value.get("schemaVersion"), value.get("system")
    if isinstance(version, str) and version.startswith("bedrock-conversation"):
        return True
    if is_objects(system) and not any("type" in part for part in system):
        return True
    return any(
        "type" not in part and (not part.keys().isdisjoint(OWN_KEYS) or _is_media(part))
        for part in blocks.parts_in(messages)
    )


def _is_media(part: Object) -> bool:
    """Whether a part holds an image, a video or a document under its type."""
    kind = next((kind for kind in MIME_PREFIXES if kind in part), None)
    return kind is not None and isinstance(part[kind], dict) and {"format", "source"} <= part[kind].keys()


def _blocks(parts: list[Any], pointer: str) -> list[blocks.MessageBlock]:
    """Content parts as blocks; a cache point marks the part before it."""
    pieces: list[blocks.MessageBlock] = []
    for i, part in enumerate(parts):
        if isinstance(part, dict) and part.keys() == CACHE_KEYS:
            if pieces and pieces[-1].kind != "thinking":
                pieces[-1].value["cache_control"] = {"type": "ephemeral"}
        else:
            pieces.append(_block(part, f"{pointer}/{i}"))
    return pieces


def _block(part: Any, pointer: str) -> blocks.MessageBlock:
    """A part of a message as a block. Raises `UnreadableError`."""
    if not isinstance(part, dict):
        raise UnreadableError(pointer, "a content part is not an object")
    kind = next((kind for kind in ("text", *OWN_KEYS, *MIME_PREFIXES, "json") if kind in part), None)
    if kind is None:
        raise UnreadableError(pointer, f"a content part has none of the known keys: {', '.join(list(part)[:5])}")
    inner, extra, inner_pointer = part[kind], omit_keys(part, kind), f"{pointer}/{kind}"
    if kind == "text":
        return blocks.text_part(inner, inner_pointer, omit_keys(extra, "type"))
    if kind == "json":
        return blocks.text_part(as_text(inner), inner_pointer, extra)
    if not isinstance(inner, dict) or extra:
        raise UnreadableError(inner_pointer, f"`{kind}` is not an object of its own")
    if kind == "toolUse":
        if not isinstance(inner.get("input"), dict):
            raise UnreadableError(inner_pointer, "the input of a tool call is not an object")
        rest = omit_keys(inner, "toolUseId", "name", "input")
        return blocks.call(inner.get("toolUseId"), inner.get("name"), as_text(inner["input"]), inner_pointer, rest)
    if kind == "toolResult":
        pieces = [_block(block, f"{inner_pointer}/content/{i}") for i, block in enumerate(inner.get("content") or ())]
        content = blocks.content_of_result(pieces, inner_pointer)
        rest = omit_keys(inner, "toolUseId", "content")
        return blocks.result(inner.get("toolUseId"), content, inner_pointer, f"{inner_pointer}/content", rest)
    if kind == "reasoningContent":
        return _reasoning(inner, part, inner_pointer)
    return _media_block(kind, inner, inner_pointer)


def _reasoning(content: Object, part: Object, pointer: str) -> blocks.MessageBlock:
    """The block of a part with the reasoning `content`; without text if it is redacted. Raises `UnreadableError`."""
    reasoning = content.get("reasoningText")
    if len(content) != 1 or not (isinstance(reasoning, dict) or "redactedContent" in content):
        raise UnreadableError(pointer, "a reasoning is not `reasoningText` or `redactedContent` alone")
    if not isinstance(reasoning, dict):
        return blocks.thinking("", part, False, pointer)
    if reasoning.keys() - {"text", "signature"}:
        raise UnreadableError(f"{pointer}/reasoningText", "a reasoning is not a text and its signature")
    plain = reasoning.keys() == {"text"}
    return blocks.thinking(reasoning.get("text"), part, plain, f"{pointer}/reasoningText/text")


def _media_block(kind: str, content: Object, pointer: str) -> blocks.MessageBlock:
    """The block of a part whose key `kind` holds the media `content`. Raises `UnreadableError`."""
    source, extra = content.get("source"), omit_keys(content, "format", "source")
    place = source.get("s3Location") if isinstance(source, dict) else None
    mime = f"{MIME_PREFIXES[kind]}{content.get('format')}"
    if isinstance(source, dict) and len(source) > 1:
        raise UnreadableError(f"{pointer}/source", f"the source of the {kind} has other keys beside its place")
    if isinstance(place, dict):
        if unknown := omit_keys(place, "uri", "bucketOwner"):
            raise UnreadableError(f"{pointer}/source/s3Location", f"the key `{next(iter(unknown))}` is unknown")
        if omit_keys(place, "uri"):
            extra["s3Location"] = omit_keys(place, "uri")
        return blocks.media_part(mime, place.get("uri"), pointer, extra)
    if isinstance(source, dict) and isinstance(source.get("bytes"), str):
        return blocks.media_part(mime, f"data:{mime};base64,{source['bytes']}", pointer, extra)
    raise UnreadableError(pointer, f"the {kind} has neither bytes nor an S3 location")


def _read(value: Object) -> Reading:
    """A line of this form as a conversation. Raises `UnreadableError`."""
    version = value.get("schemaVersion")
    keep = () if isinstance(version, str) and not version.startswith("bedrock-conversation") else ("schemaVersion",)
    reading = Reading([], omit_keys(value, "messages", "system", "toolConfig", *keep))
    system = value.get("system")
    if isinstance(system, str) and system:
        system = [{"text": system}]
    if system and not isinstance(system, list):
        raise UnreadableError("/system", "`system` is not a list of parts")
    if system:
        reading.turns.append(blocks.system_turn(_blocks(system, "/system")))
    for pointer, turn in blocks.turns_with_role(value):
        content = turn.get("content")
        if isinstance(content, str):
            content = [{"text": content}]
        if not isinstance(content, list):
            raise UnreadableError(f"{pointer}/content", "the content of a message is not a list of parts")
        pieces = _blocks(content, f"{pointer}/content")
        blocks.add_turns(
            reading, turn["role"], pieces, pointer, f"{pointer}/content", omit_keys(turn, "role", "content")
        )
    _add_tools(reading, value.get("toolConfig"))
    return reading


def _add_tools(reading: Reading, config: Any) -> None:
    """Add the tools in `toolConfig` to the reading; a value of another form stays under its key. Raises
    `UnreadableError`.
    """
    if not isinstance(config, dict) or not isinstance(config.get("tools"), list):
        reading.rest |= {} if config is None else {"toolConfig": config}
        return
    functions = []
    for i, tool in enumerate(config["tools"]):
        if isinstance(tool, dict) and tool.keys() == CACHE_KEYS:
            continue
        spec = tool.get("toolSpec") if isinstance(tool, dict) else None
        if not isinstance(spec, dict) or omit_keys(tool, "toolSpec"):
            raise UnreadableError(f"/toolConfig/tools/{i}", "a tool has no `toolSpec` of its own")
        schema = spec.get("inputSchema")
        inner = schema.get("json") if isinstance(schema, dict) and schema.keys() == {"json"} else schema
        functions.append(
            blocks.function_of({**spec, "inputSchema": inner} if "inputSchema" in spec else spec, "inputSchema")
        )
        reading.moved[f"/tools/{len(functions) - 1}/function"] = f"/toolConfig/tools/{i}/toolSpec"
        reading.moved[f"/tools/{len(functions) - 1}/function/parameters"] = (
            f"/toolConfig/tools/{i}/toolSpec/inputSchema"
        )
    reading.rest["tools"], reading.tools = functions, "/tools"
    reading.moved["/tools"] = "/toolConfig/tools"
    if rest := omit_keys(config, "tools"):
        reading.rest["toolConfig"] = rest


def _block_value(block: blocks.MessageBlock, where: str) -> Object:
    """A block as Bedrock writes it. Raises `UnwritableError` with `where`, the place of the message."""
    value = block.value
    if block.kind == "thinking":
        detail: Object = value["detail"] or {"reasoningContent": {"reasoningText": {"text": value["text"]}}}
        return detail
    if block.kind == "call":
        spec = {
            "toolUseId": value.get("id"),
            "name": value["function"]["name"],
            "input": blocks.arguments_of(value, where),
        }
        blocks.extras(value, blocks.CALL_KEYS, (), where)
        return {"toolUse": spec}
    if block.kind == "result":
        content = value.get("content")
        result_object = as_object(content)
        if result_object is not None and as_text(result_object) == content:
            parts: list[Object] = [{"json": result_object}]
        else:
            parts = [_part_value(part, where) for part in blocks.content_parts(content, where)]
        extra = blocks.extras(value, blocks.RESULT_KEYS, ("status",), where)
        return {"toolResult": {"toolUseId": value.get("tool_call_id"), "content": parts, **extra}}
    return _part_value(value, where)


def _part_value(part: Object, where: str) -> Object:
    """A content part as one of Bedrock. Raises `UnwritableError` with `where`, the place of the part."""
    if part.get("type") == "text":
        blocks.extras(part, ("type", "text"), (), where)
        return {"text": part.get("text")}
    media = blocks.media_of(part)
    if media is None:
        raise UnwritableError(f"a part of type {part.get('type')!r} in {where}")
    mime, url, extra = media
    extra = blocks.extras(extra, (), ("s3Location", "name", "context"), where)
    kind = next((kind for kind, start in MIME_PREFIXES.items() if mime.startswith(start)), None)
    if kind is None:
        raise UnwritableError(f"{mime} in {where}")
    data_url = blocks.DATA_URL.match(url)
    if data_url:
        source: Object = {"bytes": data_url["data"]}
    elif url.startswith("s3://"):
        source = {"s3Location": {"uri": url, **extra.pop("s3Location", {})}}
    else:
        raise UnwritableError(f"media in {where} that is neither on S3 nor in the line: {url[:60]}")
    return {kind: {"format": mime.split("/")[1], "source": source, **extra}}


def _write(value: Object) -> Object:
    """A conversation in messages format as a line of this form. Raises `UnwritableError`."""
    system, messages = split_system(value["messages"])
    written: Object = {"schemaVersion": SCHEMA_NAME}
    if system is not None:
        written["system"] = [
            _part_value(part, "the system prompt")
            for part in blocks.content_parts(system.get("content"), "the system prompt")
        ]
    turns = turns_of_blocks(messages, _block_value, lambda detail: detail.keys() == {"reasoningContent"})
    written["messages"] = [{"role": role, "content": pieces} for role, pieces in turns]
    config = dict(value.get("toolConfig") or {})
    if unknown := [key for key in config if key != "toolChoice"]:
        raise UnwritableError(f"`{unknown[0]}` of `toolConfig`")
    if tools := blocks.declarations(value, "inputSchema"):
        config["tools"] = [
            {"toolSpec": {**tool, **({"inputSchema": {"json": tool["inputSchema"]}} if "inputSchema" in tool else {})}}
            for tool in tools
        ]
    if config:
        written["toolConfig"] = config
    return written


BEDROCK: Final = Format(
    "bedrock-conversation",
    "schemaVersion, system, messages of parts without type, as Amazon Nova reads it",
    _matches,
    read=_read,
    write=_write,
    keeps=False,
    to="bedrock",
)
