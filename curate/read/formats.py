"""The table of formats: how each known shape of a line is told, and how it reads as a conversation.

Reading loses nothing: keys that a format does not use stay in the example's value. Each turn remembers the JSON pointer
to what it was made of, so that findings point into the line as the user wrote it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from curate.example import Example, Place
from curate.read.locate import escape

Object = dict[str, Any]

# Speaker names of ShareGPT files and their kin.
SPEAKERS: Final = {
    "human": "user", "user": "user", "gpt": "assistant", "chatgpt": "assistant", "bot": "assistant", "model": "assistant",
    "assistant": "assistant", "system": "system", "tool": "tool", "observation": "tool", "function_response": "tool",
    "function_call": "assistant",
}  # fmt: skip
# Keys beside `text` that say that the text is not all there is to the line.
NOT_ONLY_TEXT: Final = frozenset(("input", "output", "instruction", "answer", "response", "label", "question"))


class Turn(NamedTuple):
    """A turn in messages form, and the pointers to it and to its content in the line as read."""

    value: Object
    pointer: str
    content: str


@dataclass(frozen=True, slots=True)
class Format:
    """A known shape of a line."""

    name: str
    summary: str
    matches: Callable[[Object], bool]
    turns: Callable[[Object], Iterator[Turn]] | None
    """The line's turns; None where the line is in messages form already."""
    uses: tuple[str, ...] = ()
    """Keys that turns may be made of. Those that were not used stay in the example's value, as all others do, unless they are empty."""


def _said(role: str, content: Any, pointer: str) -> Turn:
    return Turn({"role": role, "content": content}, pointer, pointer)


def _system(value: Object) -> Iterator[Turn]:
    """The system prompt that stands beside the conversation, if there is one."""
    if isinstance(value.get("system"), str) and value["system"]:
        yield _said("system", value["system"], "/system")


def _alpaca(value: Object) -> Iterator[Turn]:
    yield from _system(value)
    history = value.get("history")
    if isinstance(history, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in history):
        for i, (question, answer) in enumerate(history):
            yield _said("user", question, f"/history/{i}/0")
            yield _said("assistant", answer, f"/history/{i}/1")
    asked = f"{value['instruction']}\n\n{value['input']}" if _has_input(value) else value["instruction"]
    yield _said("user", asked, "/instruction")
    key = next((key for key in ("output", "response") if key in value), None)
    if key:
        yield _said("assistant", value[key], f"/{key}")


def _has_input(value: Object) -> bool:
    return _strings(value, "instruction", "input") and bool(value["input"].strip())


def _sharegpt(value: Object) -> Iterator[Turn]:
    yield from _system(value)
    for i, turn in enumerate(value["conversations"]):
        yield _speaker(turn, f"/conversations/{i}")


def _speaker(turn: Any, at: str) -> Turn:
    if not isinstance(turn, dict) or "from" not in turn or "role" in turn or "content" in turn:
        return Turn(turn, at, f"{at}/content")
    rest = {key: item for key, item in turn.items() if key not in ("from", "value")}
    said: Object = {"role": SPEAKERS.get(turn["from"], turn["from"]) if isinstance(turn["from"], str) else turn["from"]}
    if "value" in turn:
        said["content"] = turn["value"]
    return Turn({**said, **rest}, at, f"{at}/value")


def _side(value: Object, key: str, role: str) -> Iterator[Turn]:
    """One side of a pair, which may be text, one message or a list of messages."""
    side = value.get(key)
    if isinstance(side, list):
        for i, turn in enumerate(side):
            yield _speaker(turn, f"/{escape(key)}/{i}")
    elif isinstance(side, dict):
        yield _speaker(side, f"/{escape(key)}")
    else:
        yield _said(role, side, f"/{escape(key)}")


def _prompt_completion(value: Object) -> Iterator[Turn]:
    yield from _system(value)
    yield from _side(value, "prompt", "user")
    yield from _side(value, "completion", "assistant")


def _preference(value: Object) -> Iterator[Turn]:
    """The prompt and the chosen side; the rejected side stays in the value. Some chosen sides hold the prompt already."""
    chosen = list(_side(value, "chosen", "assistant"))
    if any(isinstance(turn.value, dict) and turn.value.get("role") == "user" for turn in chosen):
        yield from _system(value)
    elif isinstance(value.get("conversations"), list):
        yield from _sharegpt(value)
    elif "instruction" in value:
        yield from _alpaca({key: item for key, item in value.items() if key not in ("output", "response")})
    else:
        yield from _system(value)
        if "prompt" in value:
            yield from _side(value, "prompt", "user")
    yield from chosen


def _llama_factory_preference(value: Object) -> Iterator[Turn]:
    yield from _system(value)
    yield from _messages(value["chosen_messages"], "/chosen_messages")


def _openai_preference(value: Object) -> Iterator[Turn]:
    yield from _system(value)
    yield from _messages(value["input"]["messages"], "/input/messages")
    yield from _side(value, "preferred_output", "assistant")


def _bedrock(value: Object) -> Iterator[Turn]:
    yield from _system(value)
    yield from _messages(value["messages"], "/messages")


def _messages(turns: list[Any], at: str) -> Iterator[Turn]:
    for i, turn in enumerate(turns):
        yield Turn(turn, f"{at}/{i}", f"{at}/{i}/content")


def _text(value: Object) -> Iterator[Turn]:
    yield from _system(value)
    yield _said("assistant", value["text"], "/text")


def _strings(value: Object, *keys: str) -> bool:
    return all(isinstance(value.get(key), str) for key in keys)


def _is_bedrock(value: Object) -> bool:
    return "system" in value and isinstance(value.get("messages"), list) and isinstance(value["system"], str) and bool(value["system"])


def _is_openai_preference(value: Object) -> bool:
    given = value.get("input")
    return "preferred_output" in value and isinstance(given, dict) and isinstance(given.get("messages"), list)


def _is_llama_factory_preference(value: Object) -> bool:
    return isinstance(value.get("chosen_messages"), list) and "rejected_messages" in value


def _is_sharegpt(value: Object) -> bool:
    return isinstance(value.get("conversations"), list)


def _is_alpaca(value: Object) -> bool:
    return _strings(value, "instruction") and ("output" in value or "response" in value)


def _is_text(value: Object) -> bool:
    return _strings(value, "text") and not NOT_ONLY_TEXT & value.keys()


ALPACA_KEYS: Final = ("instruction", "input", "output", "response", "system", "history")
PREFERENCE_KEYS: Final = ("conversations", "instruction", "input", "system", "history", "prompt", "chosen")
FORMATS: Final = (
    Format("bedrock", "messages with the system prompt beside them", _is_bedrock, _bedrock, ("messages", "system")),
    Format("messages", '{"messages": [{"role": ..., "content": ...}, ...]}', lambda v: "messages" in v, None),
    Format("openai-preference", "input, preferred_output, non_preferred_output", _is_openai_preference, _openai_preference, ("input", "preferred_output")),
    Format(
        "llama-factory-preference", "chosen_messages, rejected_messages", _is_llama_factory_preference, _llama_factory_preference, ("chosen_messages", "system")
    ),
    Format("preference", "prompt, chosen, rejected", lambda v: "chosen" in v and "rejected" in v, _preference, PREFERENCE_KEYS),
    Format("sharegpt", '{"conversations": [{"from": ..., "value": ...}, ...]}', _is_sharegpt, _sharegpt, ("conversations", "system")),
    Format("alpaca", "instruction, input, output or response", _is_alpaca, _alpaca, ALPACA_KEYS),
    Format("prompt-completion", "prompt, completion", lambda v: "prompt" in v and "completion" in v, _prompt_completion, ("prompt", "completion", "system")),
    Format("text", "plain text under one key", _is_text, _text, ("text", "system")),
)
BY_NAME: Final = {known.name: known for known in FORMATS}
UNKNOWN: Final = "unknown"


def format_of(value: Object) -> Format | None:
    """The first format in the table that fits, or None."""
    return next((known for known in FORMATS if known.matches(value)), None)


def example_of(value: Object, place: Place) -> Example:
    """The conversation that a line's object stands for; in an unknown format, one with no turns."""
    known = format_of(value)
    if known is None:
        return Example(place, value, UNKNOWN)
    if known.turns is None:
        return Example(place, value, known.name)
    turns = list(known.turns(value))
    read = {turn.pointer.split("/")[1] for turn in turns}
    if "instruction" in read and _has_input(value):
        read.add("input")
    rest = {key: item for key, item in value.items() if key not in read and not (key in known.uses and item in ("", None, []))}
    tools = "/tools"
    if known.turns is _openai_preference:
        tools = "/input/tools" if "tools" in value["input"] and "tools" not in rest else "/tools"
        rest |= _beside_messages(value, rest)
    pointers = tuple((turn.pointer, turn.content) for turn in turns)
    return Example(place, {"messages": [turn.value for turn in turns], **rest}, known.name, pointers, tools_pointer=tools)


def _beside_messages(value: Object, rest: Object) -> Object:
    """What stands beside the messages in `input`: tools belong beside the conversation, all else stays where it was."""
    beside = {key: item for key, item in value["input"].items() if key != "messages"}
    found = {"tools": beside.pop("tools")} if "tools" in beside and "tools" not in rest else {}
    return found | ({"input": beside} if beside else {})
