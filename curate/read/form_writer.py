"""Write a conversation in another form, and make sure that it reads back as the same conversation."""

import json
from typing import Any, Final, NamedTuple

from curate.core.example import TRAINED_KEYS, Example, Place
from curate.read.formats import SHAPE_ERRORS, example_of
from curate.read.forms.blocks import DETAILS_KEY, HARMLESS_KEYS, is_harmless, plain_part
from curate.read.forms.form import Format, Object, UnwritableError, as_object, json_in, omit_keys

TRAINING_KEYS: Final = frozenset(TRAINED_KEYS) | {"reference_answer", "expected_answer"}
"""Keys beside a conversation that change what is trained."""
WEIGHTS: Final = ("weight", "loss_weight", "loss", "train", "training")
"""Keys of a message for its weight in the loss, in one trainer or another."""
NO_PLACE: Final = Place("", 0)
CALL_IDS: Final = "ids of tool calls"
SIGNATURES: Final = "signatures of reasoning"


class Written(NamedTuple):
    """A line in another form."""

    value: Object
    omitted: tuple[str, ...]
    """Keys and details that the form has no place for, and that change nothing that is trained."""


def write_as(form: Format, example: Object) -> Written:
    """Write a conversation in messages format as a line. Raises `UnwritableError` for content that the form cannot
    hold.
    """
    messages = example.get("messages")
    if form.write is None:
        raise UnwritableError(f"{form.name} can only be read")
    if not isinstance(messages, list) or not messages:
        raise UnwritableError("there are no messages")
    for i, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise UnwritableError(f"message {i + 1} has no role")
    try:
        return _checked(form, form.write(example), example)
    except UnwritableError:
        bare = {**example, "messages": [without_defaults(message) for message in messages]}
        if bare == example:
            raise
        return _checked(form, form.write(bare), bare)
    except SHAPE_ERRORS:
        raise UnwritableError("a value has another type than messages have there") from None


def without_defaults(message: Object, *, trained: bool = True) -> Object:
    """Remove loss weights and flags that equal the default of a trainer, which trains on answers only; unless
    `trained`, on no answer either, as before the sides of a pair.
    """
    default = trained and message["role"] == "assistant"
    return {key: item for key, item in message.items() if key not in WEIGHTS or item not in (default, None)}


def _checked(form: Format, value: Object, example: Object) -> Written:
    """The line `value` of a conversation with the keys of the form that keeps them, and what it omits. Raises
    `UnwritableError` if it lacks a key for training, uses a key for something else, or reads back as another
    conversation.
    """
    messages = example["messages"]
    rest = omit_keys(example, "messages", "tools", *value)
    dropped_keys = [key for key, item in rest.items() if not form.keeps and item not in (None, "", [], {})]
    if trained := [key for key in dropped_keys if key in TRAINING_KEYS]:
        raise UnwritableError(f"`{trained[0]}` beside the conversation")
    if taken := [
        key
        for key in value
        if key in example
        and value[key] != example[key]
        and key not in ("messages", "tools", "toolConfig", "responses_create_params")
    ]:
        raise UnwritableError(f"the line has a key {taken[0]!r}, which the form uses for something else")
    written = value if not form.keeps else {**value, **rest}
    ends_with_answer = form.answers_beside and messages[-1]["role"] == "assistant"
    without_answer = {**example, "messages": messages[:-1]} if ends_with_answer else example
    return Written(written, (*dropped_keys, *_verified(written, without_answer)))


def _verified(written: Object, example: Object) -> tuple[str, ...]:
    """The details of a conversation that a written line omits. Raises `UnwritableError` if other content differs."""
    read_back: Example = example_of(written, NO_PLACE)
    before, after = normal_messages(example["messages"]), normal_messages(read_back.value.get("messages", []))
    if before != after or normal_tools(example) != normal_tools(read_back.value):
        first_difference = next(
            (i for i, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), len(after)
        )
        what = f"message {first_difference + 1}" if before != after else "`tools`"
        raise UnwritableError(f"{what} would not read back the same")
    return omitted_details(example["messages"], read_back.value.get("messages"))


def omitted_details(before: list[Any], after: Any) -> tuple[str, ...]:
    """Details of messages, such as ids of calls, that are not in the messages that were read back."""
    texts = json.dumps(after)
    ids = [call.get("id") for message in before for call in message.get("tool_calls") or ()]
    omitted = (
        [CALL_IDS] if any(isinstance(call_id, str) and json.dumps(call_id) not in texts for call_id in ids) else []
    )
    if any(message.get(DETAILS_KEY) for message in before) and f'"{DETAILS_KEY}"' not in texts:
        omitted.append(SIGNATURES)
    omitted += [key for key in sorted(_harmless_keys(before)) if f'"{key}"' not in texts]
    return tuple(omitted)


def _harmless_keys(value: Any) -> set[str]:
    """The `HARMLESS_KEYS` that objects inside a value have, unless they are empty."""
    if isinstance(value, list):
        return set().union(*map(_harmless_keys, value))
    if not isinstance(value, dict):
        return set()
    return {key for key, item in value.items() if key in HARMLESS_KEYS and item} | _harmless_keys(list(value.values()))


def normal_messages(messages: Any) -> list[Any]:
    """Normalize messages for comparison: call ids become numbers, one text part a text, arguments objects."""
    ids: dict[str, int] = {}
    return [_normal_message(message, ids) if isinstance(message, dict) else message for message in messages]


def _normal_message(message: Object, ids: dict[str, int]) -> Object:
    """A message as `normal_messages` compares it. `ids` numbers the ids of calls and is extended by new ones."""
    normalized = {
        key: item for key, item in _plain(message).items() if item not in (None, "", [], {}) and key != DETAILS_KEY
    }
    if normalized.get("role") == "developer":
        normalized["role"] = "system"
    if normalized.get("role") == "tool":
        normalized.pop("name", None)
    content = normalized.get("content")
    if isinstance(content, list):
        parts = [_plain(plain_part(part)) for part in content]
        is_text_only = len(parts) == 1 and isinstance(parts[0], dict) and parts[0].keys() == {"type", "text"}
        normalized["content"] = parts[0]["text"] if is_text_only else parts
    calls = normalized.get("tool_calls")
    if isinstance(calls, list):
        normalized["tool_calls"] = [_normal_call(call, ids) for call in calls]
    if "tool_call_id" in normalized:
        normalized["tool_call_id"] = ids.setdefault(json.dumps(normalized["tool_call_id"]), len(ids))
    return normalized


def _plain(value: Any) -> Any:
    """An object without the keys that do not change what is trained; any other value as it is."""
    if not isinstance(value, dict):
        return value
    return {key: item for key, item in value.items() if not is_harmless(key, item)}


def _normal_call(call: Any, ids: dict[str, int]) -> Any:
    """A tool call as `normal_messages` compares it. `ids` numbers the ids of calls and is extended by new ones."""
    if not isinstance(call, dict) or not isinstance(call.get("function"), dict):
        return call
    function, call_id = call["function"], call.get("id")
    arguments = as_object(function.get("arguments") or {})
    normal_function = {**function, "arguments": function.get("arguments") if arguments is None else arguments}
    number = ids.setdefault(f"no id {len(ids)}" if call_id is None else json.dumps(call_id), len(ids))
    return {**omit_keys(_plain(call), "type"), "id": number, "function": normal_function}


def normal_tools(value: Object) -> Any:
    """The tools of a conversation as a list, also if they are JSON text."""
    tools = value.get("tools") or []
    if isinstance(tools, str):
        tools = json_in(tools)
    if not isinstance(tools, list):
        return tools
    return [omit_keys(tool, "type") if isinstance(tool, dict) else tool for tool in tools]


def declares_tools(value: Object) -> bool:
    """Whether a conversation has tools, or functions in the older form."""
    return bool(normal_tools(value) or value.get("functions"))
