"""OpenAI's Responses items, rows of NeMo Gym that hold them, and stored chat completions.

Source: the reference of the Responses API (developers.openai.com) and NeMo Gym's guide to its data, read 2026-11.
"""

from collections.abc import Iterator
from typing import Any, Final

from curate.core.example import SYSTEM_ROLES, without_value_at
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
    system_turns,
    turn_at,
)

PARAMS_KEY: Final = "responses_create_params"


def _is_item(item: Any) -> bool:
    return isinstance(item, dict) and (isinstance(item.get("type"), str) or isinstance(item.get("role"), str))


def _matches(value: Object) -> bool:
    """Whether a line has the input items of a request, or a text with the output items of the response."""
    if "messages" in value or "preferred_output" in value:
        return False
    input_value, output = value.get("input"), value.get("output")
    if isinstance(input_value, list):
        return bool(input_value) and all(map(_is_item, input_value))
    return isinstance(input_value, str) and is_objects(output) and all(map(_is_item, output))


def _content(content: Any, pointer: str) -> Any:
    """A content of an item in messages format. Raises `UnreadableError` for a part without a type."""
    if not isinstance(content, list):
        return content
    parts = []
    for i, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in ("input_text", "output_text", "text"):
            extra = {key: item for key, item in omit_keys(part, "type", "text").items() if item not in ([], None)}
            parts.append(blocks.text_part(part.get("text"), f"{pointer}/{i}", extra).value)
        elif kind == "input_image" and isinstance(part.get("image_url"), str):
            shown = {"url": part["image_url"]} | ({"detail": part["detail"]} if "detail" in part else {})
            parts.append({**omit_keys(part, "detail"), "type": "image_url", "image_url": shown})
        elif isinstance(kind, str):
            parts.append(part)
        else:
            raise UnreadableError(f"{pointer}/{i}", "a content part has no type")
    return blocks.simplest_content(parts) if parts else content


class _PendingAnswer:
    """The reasoning, the text and the calls that stand in a row, which are one answer."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.pending: list[tuple[str, blocks.MessageBlock]] = []
        """Its blocks so far, each with the pointer of its item."""
        self.extra_keys = Object()

    @property
    def has_text(self) -> bool:
        return any(block.kind == "content" for _, block in self.pending)

    def end(self) -> None:
        """Add the answer to the reading, if it has blocks, and begin the next one."""
        if self.pending:
            pieces, first = [block for _, block in self.pending], self.pending[0][0]
            content = next((pointer for pointer, block in self.pending if block.kind == "content"), first)
            blocks.add_turns(self.reading, "assistant", pieces, first, f"{content}/content", dict(self.extra_keys))
            self.pending.clear()
            self.extra_keys.clear()


def _add_items(reading: Reading, items: Any, pointer: str) -> None:
    """Add the messages of a list of items. Raises `UnreadableError` for an item of another type."""
    answer = _PendingAnswer(reading)
    for i, item in enumerate(items):
        item_pointer = f"{pointer}/{i}"
        kind = item.get("type", "message")
        if kind == "function_call":
            extra, arguments = _extra_keys(item, CALL_KEYS), as_text(item.get("arguments", ""))
            call = blocks.call(item.get("call_id"), item.get("name"), arguments, item_pointer, extra)
            answer.pending.append((item_pointer, call))
        elif kind == "reasoning":
            answer.pending.append((item_pointer, _reasoning(item, item_pointer)))
        elif kind == "function_call_output":
            answer.end()
            extra = _extra_keys(item, OUTPUT_KEYS)
            content = _content(item.get("output"), f"{item_pointer}/output")
            tool_result = blocks.result(item.get("call_id"), content, item_pointer, f"{item_pointer}/output", extra)
            reading.turns.append(Turn(tool_result.value, item_pointer, f"{item_pointer}/output"))
        elif kind == "message" and isinstance(item.get("role"), str):
            _add_message(item, item_pointer, answer)
        else:
            raise UnreadableError(
                item_pointer, f"an item of type {kind!r}, which is not a message, call, result or reasoning"
            )
    answer.end()


def _add_message(item: Object, pointer: str, answer: _PendingAnswer) -> None:
    """Add a message of the assistant with text to its answer, and another message behind it."""
    content = _content(item.get("content"), f"{pointer}/content")
    extra = _extra_keys(item, MESSAGE_KEYS)
    if item.get("status", "completed") != "completed":
        extra["status"] = item["status"]
    parts = [content] if isinstance(content, str) else content
    if item["role"] != "assistant" or not (isinstance(parts, list) and parts):
        answer.end()
        message = {"role": item["role"], "content": content, **extra}
        answer.reading.turns.append(Turn(message, pointer, f"{pointer}/content"))
        return
    if answer.has_text:
        answer.end()
    answer.extra_keys |= extra
    answer.pending += [
        (
            pointer,
            blocks.text_part(part, pointer)
            if isinstance(part, str)
            else blocks.MessageBlock("content", part, f"{pointer}/content/{n}"),
        )
        for n, part in enumerate(parts)
    ]


CALL_KEYS: Final = frozenset(("type", "call_id", "name", "arguments"))
OUTPUT_KEYS: Final = frozenset(("type", "call_id", "output"))
MESSAGE_KEYS: Final = frozenset(("type", "role", "content", "status"))


def _extra_keys(item: Object, read_keys: frozenset[str]) -> Object:
    """The keys of an item that are kept as they are; its `id` is that of the item, not of a call."""
    return {"item_id" if key == "id" else key: value for key, value in item.items() if key not in read_keys}


REASONING_KEYS: Final = frozenset(("type", "id", "summary", "content", "encrypted_content", "status"))


def _reasoning(item: Object, pointer: str) -> blocks.MessageBlock:
    """The block of a reasoning item. Raises `UnreadableError`."""
    texts = []
    if unknown := [key for key in item if key not in REASONING_KEYS]:
        raise UnreadableError(f"{pointer}/{unknown[0]}", "a reasoning has an unknown key")
    for key in ("summary", "content"):
        for part in item.get(key) or ():
            if not isinstance(part, dict) or not isinstance(part.get("text"), str) or part.keys() - {"type", "text"}:
                raise UnreadableError(f"{pointer}/{key}", "a reasoning part is not a type and a text")
            texts.append(part["text"])
    plain = item.keys() == {"type", "summary"} and len(item["summary"]) == 1 and len(item["summary"][0]) == 2
    return blocks.thinking("\n\n".join(texts), item, plain, pointer)


def _read(value: Object, pointer: str = "") -> Reading:
    """The items of a request and its response as a conversation; `pointer`: the place of the request in its line.
    Raises `UnreadableError`.
    """
    reading = Reading([], omit_keys(value, "input", "instructions", "output", "tools"), tools=f"{pointer}/tools")
    reading.turns += system_turns(value, pointer, key="instructions")
    input_value = value.get("input")
    if isinstance(input_value, str):
        reading.turns.append(turn_at("user", input_value, f"{pointer}/input"))
    elif is_objects(input_value):
        _add_items(reading, input_value, f"{pointer}/input")
    else:
        raise UnreadableError(f"{pointer}/input", "`input` is neither text nor a list of items")
    if is_objects(value.get("output")):
        _add_items(reading, value["output"], f"{pointer}/output")
    elif value.get("output"):
        raise UnreadableError(f"{pointer}/output", "`output` is not a list of items")
    if "tools" in value:
        reading.rest["tools"] = value["tools"]
        if isinstance(value["tools"], list):
            reading.rest["tools"] = [_nested_function(tool) for tool in value["tools"]]
            reading.moved |= {
                f"/tools/{i}/function": f"{pointer}/tools/{i}"
                for i, tool in enumerate(value["tools"])
                if isinstance(tool, dict) and "function" not in tool
            }
    return reading


def _nested_function(tool: Any) -> Any:
    """A function tool with its definition under `function`; any other tool as it is."""
    if not isinstance(tool, dict) or tool.get("type") != "function" or "function" in tool:
        return tool
    return {"type": "function", "function": omit_keys(tool, "type")}


def _read_gym(value: Object) -> Reading:
    """A row of NeMo Gym as a conversation. Raises `UnreadableError`."""
    reading = _read(value[PARAMS_KEY], f"/{PARAMS_KEY}")
    tools = {"tools": reading.rest.pop("tools")} if "tools" in reading.rest else {}
    params = {PARAMS_KEY: reading.rest} if reading.rest else {}
    reading.rest = {**omit_keys(value, PARAMS_KEY), **tools, **params}
    return reading


def _content_parts(content: Any, role: str, where: str) -> Any:
    """The parts of a content as the Responses API writes them. Raises `UnwritableError` with `where`, the place of the
    content.
    """
    kind = "output_text" if role == "assistant" else "input_text"
    if not isinstance(content, list):
        return content
    parts = []
    for part in content:
        if isinstance(part, dict) and part.get("type") == "text":
            parts.append({**part, "type": kind})
        elif isinstance(part, dict) and part.get("type") == "image_url" and isinstance(part.get("image_url"), dict):
            image = part["image_url"]
            if not str(image.get("url")).startswith(("data:", "https:", "http:")):
                raise UnwritableError(f"an image in {where} that is neither on the web nor in the line")
            parts.append({**part, "type": "input_image", "image_url": image.get("url"), **omit_keys(image, "url")})
        elif isinstance(part, dict) and (
            str(part.get("type")).startswith("input_") or (role == "assistant" and part.get("type") == "refusal")
        ):
            parts.append(part)
        else:
            raise UnwritableError(f"a part of {where} that is neither text nor an image")
    return parts


def _items(message: Object, where: str) -> list[Object]:
    """A message as items of the Responses API. Raises `UnwritableError` with `where`, the place of the message."""
    role = message["role"]
    if role == "tool":
        extra = _with_id(blocks.extras(message, blocks.RESULT_KEYS, ("item_id", "status"), where))
        content = _content_parts(message.get("content"), "user", where)
        return [{"type": "function_call_output", "call_id": message.get("tool_call_id"), "output": content, **extra}]
    if role not in (*SYSTEM_ROLES, "user", "assistant"):
        raise UnwritableError(f"a message of role {role!r}")
    items: list[Object] = []
    extra = {}
    if role == "assistant":
        assistant_keys = ("tool_calls", "reasoning_content", blocks.DETAILS_KEY)
        extra = blocks.extras(message, ("role", "content", *assistant_keys), ("item_id", "status", "phase"), where)
        for block in blocks.blocks_of(
            omit_keys(message, *extra), where, lambda detail: detail.get("type") == "reasoning"
        ):
            if block.kind == "thinking":
                text = {"type": "summary_text", "text": block.value["text"]}
                items.append(block.value["detail"] or {"type": "reasoning", "summary": [text]})
            elif block.kind == "call":
                items.append(_call_item(block.value, where))
    else:
        extra = blocks.extras(message, ("role", "content"), ("item_id", "status"), where)
    content = message.get("content")
    if content or not items or extra:
        message_item = {
            "role": role,
            "content": _content_parts(content, role, where) if content is not None else "",
            **_with_id(extra),
        }
        call_index = next((i for i, item in enumerate(items) if item["type"] == "function_call"), len(items))
        items.insert(call_index, {"type": "message", **message_item})
    return items


def _with_id(extra: Object) -> Object:
    """The keys that were kept of an item, with `id` instead of `item_id`."""
    return {"id" if key == "item_id" else key: item for key, item in extra.items()}


def _call_item(call: Object, where: str) -> Object:
    """The item of a tool call. Raises `UnwritableError` with `where`, the place of the message."""
    extra = _with_id(blocks.extras(call, blocks.CALL_KEYS, ("item_id", "status"), where))
    arguments = call["function"].get("arguments")
    fields = {"call_id": call.get("id"), "name": call["function"]["name"], "arguments": as_text(arguments or "")}
    return {"type": "function_call", **fields, **extra}


def _write(value: Object) -> Object:
    """A conversation in messages format as a line of this form. Raises `UnwritableError`."""
    messages = value["messages"]
    written: Object = {}
    first = messages[0]
    if first["role"] == "system" and first.keys() == {"role", "content"} and isinstance(first["content"], str):
        written["instructions"], messages = first["content"], messages[1:]
    last = len(messages) - 1 if messages and messages[-1]["role"] == "assistant" else len(messages)
    items = [_items(message, f"message {i + 1}") for i, message in enumerate(messages)]
    written["input"] = [item for message_items in items[:last] for item in message_items]
    if last < len(messages):
        written["output"] = items[last]
    if not written["input"]:
        raise UnwritableError("no question")
    if isinstance(value.get("tools"), list):
        written["tools"] = [
            {"type": "function", **tool["function"]}
            if isinstance(tool, dict) and isinstance(tool.get("function"), dict)
            else tool
            for tool in value["tools"]
        ]
    return written


def _write_gym(value: Object) -> Object:
    """A conversation without a last answer as a row of NeMo Gym. Raises `UnwritableError`."""
    written = _write(value)
    if "output" in written:
        raise UnwritableError("the conversation ends with an answer, and this form holds questions")
    if "instructions" in written:
        system = {"type": "message", "role": "system", "content": written.pop("instructions")}
        written["input"].insert(0, system)
    params = value.get(PARAMS_KEY)
    return {PARAMS_KEY: {**written, **(params if isinstance(params, dict) else {})}}


def _request(value: Object) -> tuple[str, Any]:
    """JSON Pointer and value of the messages that a stored completion answers; empty and None without messages."""
    for key in ("request", "body"):
        container = value.get(key)
        if isinstance(container, dict) and (
            isinstance(container.get("messages"), list) or isinstance(container.get("body"), dict)
        ):
            pointer, messages = _request(container)
            return f"/{key}{pointer}", messages
    name = next((key for key in ("messages", "input") if isinstance(value.get(key), list)), None)
    return (f"/{name}", value[name]) if name else ("", None)


def _choices(value: Object) -> tuple[str, Any]:
    """The pointer to the choices of a stored reply, and the choices, which are None if it has none."""
    for key in ("response", "body"):
        if isinstance(container := value.get(key), dict):
            pointer, choices = _choices(container)
            return f"/{key}{pointer}", choices
    return "/choices", value.get("choices")


def _is_stored(value: Object) -> bool:
    """Whether a line has the choices of a chat completion."""
    choices = _choices(value)[1]
    return is_objects(choices) and isinstance(choices[0].get("message"), dict)


def _read_stored(value: Object) -> Reading:
    """A stored completion as a conversation with its first choice. Raises `UnreadableError` without the messages that
    it answers.
    """
    (pointer, messages), (chosen, choices) = _request(value), _choices(value)
    if not is_objects(messages):
        raise UnreadableError("", "a stored completion without the messages that it answers")
    reading = Reading([Turn(turn, f"{pointer}/{i}", f"{pointer}/{i}/content") for i, turn in enumerate(messages)])
    where = f"{chosen}/0/message"
    reading.turns.append(Turn(choices[0]["message"], where, f"{where}/content"))
    reading.rest = without_value_at(without_value_at(value, pointer.split("/")[1:]), chosen.split("/")[1:])
    owner = value
    for key in pointer.split("/")[1:-1]:
        owner = owner[key]
    if "tools" in owner and owner is not value:
        reading.rest = without_value_at(reading.rest, [*pointer.split("/")[1:-1], "tools"]) | {"tools": owner["tools"]}
        reading.tools = f"{pointer.rpartition('/')[0]}/tools"
    if rest := omit_keys(choices[0], "index", "message", "finish_reason", "logprobs"):
        reading.rest["choice"] = rest
    if len(choices) > 1:
        reading.rest["other_choices"] = choices[1:]
    if choices[0].get("finish_reason", "stop") not in ("stop", "tool_calls", None):
        reading.rest["finish_reason"] = choices[0]["finish_reason"]
    return reading


WRAPPERS: Final = ("request", "response", "body")
SERVICE_KEYS: Final = frozenset(
    """method url path headers custom_id request_id status_code error id object created model usage system_fingerprint
    service_tier prompt_filter_results messages input choices tools functions function_call tool_choice
    parallel_tool_calls temperature top_p top_k n stream stream_options stop max_tokens max_completion_tokens
    presence_penalty frequency_penalty repetition_penalty logit_bias logprobs top_logprobs response_format seed user
    metadata store modalities audio prediction reasoning_effort verbosity web_search_options extra_body timestamp
    latency""".split()  # noqa: SIM905
)
"""Keys of requests and responses of chat completions, and of the wrappers in which services store them."""


def unread_wrapper_keys(value: Object, parents: str = "") -> Iterator[str]:
    """Keys within the request and the response of a stored completion that no service sets, as `request.notes`: their
    text is in no message.
    """
    for wrapper in WRAPPERS:
        if isinstance(inner := value.get(wrapper), dict):
            path = f"{parents}{wrapper}."
            yield from (f"{path}{key}" for key in inner if key not in SERVICE_KEYS and key not in WRAPPERS)
            yield from unread_wrapper_keys(inner, path)


RESPONSES: Final = Format(
    "openai-responses",
    "input and output items of OpenAI's Responses API, instructions",
    _matches,
    read=_read,
    write=_write,
)
NEMO_GYM: Final = Format(
    "nemo-gym",
    "responses_create_params with input items, for reinforcement",
    lambda value: isinstance(value.get(PARAMS_KEY), dict) and "messages" not in value,
    read=_read_gym,
    write=_write_gym,
)
STORED: Final = Format(
    "stored-completion",
    "messages of a request with the choices of its response",
    _is_stored,
    read=_read_stored,
)
