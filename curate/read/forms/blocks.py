"""What services with content blocks have in common: a message holds text, media, reasoning, calls and results.

A block is read as a `MessageBlock` in messages format. `turns_of` makes messages from the blocks of one turn,
`blocks_of` does the reverse, so that a form only says how it spells each kind of block.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from curate.read.forms.form import Object, Reading, Turn, UnreadableError, UnwritableError, as_object, omit_keys

ORDER: Final = {"thinking": 0, "content": 1, "call": 2}
"""The order of blocks in an assistant message. A block of a lower rank than the last one starts a new message."""
DATA_URL: Final = re.compile(r"data:(?P<mime>[\w.+-]+/[\w.+-]+);base64,(?P<data>[A-Za-z0-9+/=\s]*)\Z")
MEDIA: Final = {"image": "image_url", "audio": "audio_url", "video": "video_url"}
DETAILS_KEY: Final = "reasoning_details"
"""Key of a message with the reasoning as its service wrote it, if it holds more than text (a signature, an id)."""


class MessageBlock(NamedTuple):
    """A block of a message."""

    kind: str
    """`content` (text or media), `thinking`, `call` or `result`."""
    value: Object
    """A content part, a reasoning (`text` and `detail`), a tool call, or a tool message."""
    pointer: str
    content: str = ""
    """Pointer to the content of a result."""


def parts_in(messages: list[Any]) -> Iterator[Object]:
    """The content parts of messages that are objects; what has another type is left out."""
    for turn in messages:
        if isinstance(turn, dict) and isinstance(turn.get("content"), list):
            yield from (part for part in turn["content"] if isinstance(part, dict))


def turns_with_role(value: Object) -> Iterator[tuple[str, Object]]:
    """The messages of a line with their pointers. Raises `UnreadableError` for one without a role."""
    for i, turn in enumerate(value["messages"]):
        pointer = f"/messages/{i}"
        if not isinstance(turn, dict) or not isinstance(turn.get("role"), str):
            raise UnreadableError(pointer, "a message has no role")
        yield pointer, turn


def text_part(text: Any, pointer: str, extra: Object | None = None) -> MessageBlock:
    """A block of text."""
    if not isinstance(text, str):
        raise UnreadableError(pointer, "the text of a part is not text")
    return MessageBlock("content", {"type": "text", "text": text, **(extra or {})}, pointer)


def media_part(mime: Any, url: Any, pointer: str, extra: Object | None = None) -> MessageBlock:
    """A block of an image, audio, video or file, as a part with a URL."""
    if not isinstance(mime, str) or not isinstance(url, str):
        raise UnreadableError(pointer, "the media of a part has no type or no data")
    kind = MEDIA.get(mime.split("/")[0])
    part: Object = {"type": kind, kind: {"url": url}} if kind else {"type": "file", "file": {"file_data": url}}
    if kind is None or (not url.startswith(f"data:{mime};") and _guessed_media_type(url, kind) != mime):
        part["mime_type"] = mime
    return MessageBlock("content", {**part, **(extra or {})}, pointer)


def media_of(part: Object) -> tuple[str, str, Object] | None:
    """Media type, URL and other keys of a part in messages format; None if it is not media."""
    kind = part.get("type")
    media = part.get(kind) if isinstance(kind, str) else None
    if kind == "file":
        url = media.get("file_data") if isinstance(media, dict) and media.keys() == {"file_data"} else None
    elif kind in MEDIA.values():
        url = media.get("url") if isinstance(media, dict) else media
        if isinstance(media, dict) and media.keys() - {"url"}:
            return None
    else:
        return None
    if not isinstance(url, str):
        return None
    data_url = DATA_URL.match(url)
    mime = part.get("mime_type") or (data_url["mime"] if data_url else _guessed_media_type(url, kind))
    return str(mime), url, omit_keys(part, "type", str(kind), "mime_type")


def _guessed_media_type(url: str, kind: Any) -> str:
    """The media type of a URL by the suffix of its name, `png` if it has none, and the kind of its content part."""
    ending = url.rpartition(".")[2].lower()
    names = {"jpg": "jpeg", "mov": "quicktime", "mp3": "mpeg"}
    main = next((main for main, key in MEDIA.items() if key == kind), "application")
    return f"{main}/{names.get(ending, ending if ending.isalnum() and len(ending) < 6 else 'png')}"


def call(call_id: Any, name: Any, arguments: str, pointer: str, extra: Object | None = None) -> MessageBlock:
    """A block of a tool call."""
    if not isinstance(name, str) or not isinstance(call_id, str):
        raise UnreadableError(pointer, "a tool call has no name or no id")
    value = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
    return MessageBlock("call", _with_extra_keys(value, extra, pointer, "a tool call"), pointer)


def _with_extra_keys(value: Object, extra: Object | None, pointer: str, what: str) -> Object:
    """A value with additional keys; `what`: what it is, for the message. Raises `UnreadableError` if it has one of them
    already.
    """
    if extra and extra.keys() & value.keys():
        raise UnreadableError(pointer, f"{what} has the keys {', '.join(sorted(extra.keys() & value.keys()))}")
    return {**value, **(extra or {})}


def result(call_id: Any, content: Any, pointer: str, content_pointer: str, extra: Object | None = None) -> MessageBlock:
    """A block of a tool's result; `content_pointer` is the pointer to its content."""
    if not isinstance(call_id, str):
        raise UnreadableError(pointer, "a tool result has no id")
    value = {"role": "tool", "tool_call_id": call_id, "content": content}
    return MessageBlock("result", _with_extra_keys(value, extra, pointer, "a tool result"), pointer, content_pointer)


def thinking(text: Any, detail: Object, plain: bool, pointer: str) -> MessageBlock:
    """A block of reasoning. `detail`: the block in its own form; `plain`: whether it holds nothing but the text. Raises
    `UnreadableError` if `text` is no text.
    """
    if not isinstance(text, str):
        raise UnreadableError(pointer, "a reasoning has no text")
    return MessageBlock("thinking", {"text": text, "detail": detail, "plain": plain}, pointer)


def simplest_content(parts: Sequence[Object]) -> Any:
    """Content of parts: the text itself if there is only one part and it contains only text."""
    if len(parts) == 1 and parts[0].keys() == {"type", "text"}:
        return parts[0]["text"]
    return list(parts)


def content_of_result(blocks: Sequence[MessageBlock], pointer: str) -> Any:
    """The content of a tool's result. Raises `UnreadableError` for a block that is neither text nor media."""
    if any(block.kind != "content" for block in blocks):
        raise UnreadableError(pointer, "a tool result holds another call or result")
    return simplest_content([block.value for block in blocks]) if blocks else ""


def system_turn(
    blocks: Sequence[MessageBlock], pointer: str = "/system", content: str = "", extra: Object | None = None
) -> Turn:
    """The system prompt that blocks hold, at `pointer`; `content`: the pointer to its parts, by default `pointer`."""
    message = {"role": "system", "content": simplest_content([block.value for block in blocks]), **(extra or {})}
    return Turn(message, pointer, content or pointer)


def add_turns(
    reading: Reading, role: str, blocks: Sequence[MessageBlock], turn_pointer: str, content: str, extra: Object
) -> None:
    """Add the messages that the blocks of one turn make; `extra` are other keys of the turn."""
    if not blocks:
        reading.turns.append(Turn({**extra, "role": role, "content": []}, turn_pointer, content))
        return
    runs = list(_message_runs(blocks))
    for number, run in enumerate(runs):
        kept_keys = extra if number == len(runs) - 1 else {}
        if run[0].kind == "result":
            block = run[0]
            if block.value.keys() & kept_keys.keys():
                raise UnreadableError(
                    turn_pointer, f"a tool result beside {', '.join(sorted(block.value.keys() & kept_keys.keys()))}"
                )
            reading.turns.append(Turn({**block.value, **kept_keys}, block.pointer, block.content))
            continue
        if role != "assistant" and any(block.kind != "content" for block in run):
            raise UnreadableError(run[0].pointer, f"a message of {role} with a tool call or reasoning")
        pointer = turn_pointer if len(runs) == 1 else run[0].pointer
        message = _message(reading, role, run, pointer, content)
        if repeated := sorted(message.keys() & kept_keys.keys()):
            raise UnreadableError(f"{turn_pointer}/{repeated[0]}", f"`{repeated[0]}` beside the parts of a message")
        reading.turns.append(Turn(message | kept_keys, pointer, content))


def _message_runs(blocks: Sequence[MessageBlock]) -> Iterator[list[MessageBlock]]:
    """The blocks of each message: one result, or blocks in order."""
    run: list[MessageBlock] = []
    for block in blocks:
        if run and (block.kind == "result" or run[-1].kind == "result" or ORDER[block.kind] < ORDER[run[-1].kind]):
            yield run
            run = []
        run.append(block)
    yield run


def _message(reading: Reading, role: str, run: Sequence[MessageBlock], pointer: str, content: str) -> Object:
    """A message in messages format of the blocks `run`, whose places in the line are added to `reading`; `pointer`,
    `content`: the pointers to the message and its content in messages format.
    """
    by_kind = {kind: list(members) for kind, members in groupby(run, key=lambda block: block.kind)}
    parts, calls = by_kind.get("content", []), by_kind.get("call", [])
    message: Object = {"role": role}
    if thoughts := by_kind.get("thinking"):
        texts = [block.value["text"] for block in thoughts if block.value["text"]]
        if texts:
            message["reasoning_content"] = "\n\n".join(texts)
            reading.moved[f"{pointer}/reasoning_content"] = thoughts[0].pointer
        if len(thoughts) > 1 or not thoughts[0].value["plain"]:
            message[DETAILS_KEY] = [block.value["detail"] for block in thoughts]
    message["content"] = simplest_content([block.value for block in parts]) if parts else None
    for number, block in enumerate(parts):
        reading.moved[f"{content}/{number}"] = block.pointer
    if calls:
        message["tool_calls"] = [block.value for block in calls]
        for number, block in enumerate(calls):
            reading.moved[f"{pointer}/tool_calls/{number}"] = block.pointer
    return message


HARMLESS_KEYS: Final = frozenset(
    ("cache_control", "annotations", "thoughtSignature", "item_id", "citations", "logprobs", "phase")
)
"""Keys of services in parts, calls and messages that do not change what is trained."""
SUCCESS_VALUES: Final = ("completed", "success", False, None)


def is_harmless(key: str, value: Any) -> bool:
    """Whether a key of a part, call or message changes nothing that is trained."""
    return key in HARMLESS_KEYS or (key in ("status", "is_error") and value in SUCCESS_VALUES)


def extras(value: Object, known_keys: tuple[str, ...], kept_keys: tuple[str, ...], where: str) -> Object:
    """The keys beside `known_keys` that a form keeps. Raises `UnwritableError` for others, unless they are harmless."""
    for key, item in value.items():
        if key not in known_keys and key not in kept_keys and item is not None and not is_harmless(key, item):
            raise UnwritableError(f"`{key}` of {where}")
    return {key: value[key] for key in kept_keys if key in value and key not in known_keys}


CALL_KEYS: Final = ("id", "type", "function")
RESULT_KEYS: Final = ("role", "tool_call_id", "content", "name")


def plain_part(part: Any) -> Any:
    """A part as an object; the text of LLaMA-Factory's text parts, which is under `value`, under `text`."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, dict) and part.get("type") == "text" and "text" not in part and "value" in part:
        return {"text" if key == "value" else key: item for key, item in part.items()}
    return part


def content_parts(content: Any, where: str) -> list[Object]:
    """The parts of a content in messages format. Raises `UnwritableError` for any other value."""
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if isinstance(content, list):
        parts = [plain_part(part) for part in content]
        if all(isinstance(part, dict) and isinstance(part.get("type"), str) for part in parts):
            return parts
    raise UnwritableError(f"the content of {where} is neither text nor a list of parts")


def blocks_of(message: Object, where: str, is_own: Callable[[Object], bool]) -> list[MessageBlock]:
    """The blocks of a message in messages format. Raises `UnwritableError` for keys that no block can hold.

    `is_own` tells whether a reasoning is spelled as the form spells it, and can be written as it is.
    """
    role = message["role"]
    if role == "tool":
        return [MessageBlock("result", message, "")]
    known_keys = {"role", "content"} | (
        {"tool_calls", "reasoning_content", DETAILS_KEY} if role == "assistant" else set()
    )
    extras(message, tuple(known_keys), (), where)
    thoughts, details = message.get("reasoning_content"), message.get(DETAILS_KEY)
    has_own_details = (
        isinstance(details, list)
        and bool(details)
        and all(isinstance(detail, dict) and is_own(detail) for detail in details)
    )
    message_blocks = [
        MessageBlock("thinking", {"text": "", "detail": detail}, "") for detail in details or () if has_own_details
    ]
    if not has_own_details and details and thoughts is None:
        raise UnwritableError(f"the reasoning of {where} has no text")
    if not has_own_details and thoughts is not None:
        if not isinstance(thoughts, str):
            raise UnwritableError(f"`reasoning_content` of {where} is not text")
        message_blocks.append(MessageBlock("thinking", {"text": thoughts, "detail": None}, ""))
    message_blocks += [MessageBlock("content", part, "") for part in content_parts(message.get("content"), where)]
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise UnwritableError(f"a tool call of {where} has no name")
        message_blocks.append(MessageBlock("call", call, ""))
    if not message_blocks:
        raise UnwritableError(f"{where} is empty")
    return message_blocks


def arguments_of(call: Object, where: str) -> Object:
    """The arguments of a call as an object."""
    arguments = as_object(call["function"].get("arguments"))
    if arguments is None:
        if call["function"].get("arguments") in (None, ""):
            return {}
        raise UnwritableError(f"the arguments of a tool call of {where} are not a JSON object")
    return arguments


def function_of(tool: Object, schema: str) -> Object:
    """A declaration as a function tool; keys other than name, description and schema stay beside it."""
    function = {
        "parameters" if key == schema else key: tool[key] for key in tool if key in FUNCTION_KEYS or key == schema
    }
    return {"type": "function", "function": function, **omit_keys(tool, *FUNCTION_KEYS, schema, "type")}


FUNCTION_KEYS: Final = ("name", "description", "strict")


def declarations(value: Object, schema: str) -> list[Object]:
    """The tools of a conversation in messages format as declarations, with the parameters under the key `schema`.

    Raises `UnwritableError` for a tool that is not a function.
    """
    tools = value.get("tools") or []
    if isinstance(tools, str):
        raise UnwritableError("`tools` is text")
    declared = []
    for tool in tools if isinstance(tools, list) else ():
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise UnwritableError("a tool that is not a function")
        inner = {schema if key == "parameters" else key: item for key, item in function.items()}
        declared.append({**inner, **omit_keys(tool, "type", "function")})
    return declared
