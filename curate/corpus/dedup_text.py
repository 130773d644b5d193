"""The text of an example that is compared.

System prompts and tool definitions are not part of it, because all examples of a file often have the same. Function
calls are part of an answer: two answers without text that call different functions are different.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain, takewhile
from typing import Any, Final, Literal, NamedTuple

import orjson

from curate.core.example import (
    LOSS_KEYS,
    METADATA,
    REASONING_KEYS,
    SYSTEM_ROLES,
    Example,
    Message,
    Place,
    canonical,
    known_role,
    last_turn_of,
)
from curate.core.form_keys import LABEL_KEYS, REFERENCE_KEYS, REJECTED_KEYS, TOOL_KEYS
from curate.core.lazy import lazy_pattern
from curate.core.validation import parsed_json

On = Literal["conversation", "prompt", "response", "last-turn"]
"""What is compared: all turns, those before the last answer, the last answer, or the last request with its answer."""
EXAMPLE_EXTRA_KEYS: Final = (*LABEL_KEYS, *REFERENCE_KEYS, "labels", "reward_model", "margin")
COMPARED: Final = METADATA.union(("messages",), TOOL_KEYS, REJECTED_KEYS, EXAMPLE_EXTRA_KEYS)
"""Keys of a line that are compared otherwise, or not at all."""
TURN_EXTRA_KEYS: Final = ("name", "weight", "prefix", "refusal", "tool_plan", *REASONING_KEYS, *LOSS_KEYS)
SINGLE_VALUE_FORMATS: Final = ("messages", "sharegpt", "turn-list")
"""Formats whose conversation is one value. Lines of other formats may have further keys with text, such as a
passage.
"""
MEANINGFUL_TEXT: Final = lazy_pattern(
    r"\S\s+\S|[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]"
    r"|(?i:\.(?:jpe?g|png|webp|gif|bmp|tiff?|hei[cf]|avif|svg|pdf|wav|mp3|m4a|flac|ogg|opus|mp4|avi|mov|mkv|webm)\b)"
)
"""Matches text that is no id and no category: several words, or the name of an image, document, audio or video file."""
LONG_INTEGER: Final = re.compile(r"\d{20}")
"""Digits of an integer that may have more than 64 bits, which orjson reads as a float."""
EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


class Segment(NamedTuple):
    """A part of a compared text."""

    text: str
    from_user: bool
    """Whether it is the text of a user turn."""


def written_text(example: Example, on: On) -> str:
    """The compared text, as written: the user turns and the answers, without system prompts.

    The rejected side of a preference pair is part of it: two pairs that differ only there are different examples.
    """
    return "\n".join([piece.text for piece in segments_of(example, on)])


def segments_of(example: Example, on: On) -> list[Segment]:
    """The parts of `written_text`, which are the lines between its line breaks."""
    pieces = [
        Segment(text, known_role(message.role) == "user")
        for message in compared_turns(example, on)
        for text in _turn_texts(message)
    ]
    if on != "prompt":
        pieces += [Segment(text, from_user=False) for text in other_sides(example)]
    return pieces


def asked_turns(example: Example, on: On) -> list[str]:
    """The user's texts in the compared turns."""
    return [piece.text for piece in segments_of(example, on) if piece.from_user]


def compared_texts(example: Example, on: On) -> tuple[list[str], list[str]]:
    """Questions and answers in the compared turns, as written: turns of the user and of tools, then those of the
    assistant, without the rejected answer of a pair.
    """
    sides: tuple[list[str], list[str]] = ([], [])
    if example.plain and on == "conversation":  # nearly all: without objects for turns
        for turn in example.value["messages"]:
            if known_role(turn["role"]) not in SYSTEM_ROLES:
                sides[known_role(turn["role"]) == "assistant"].append(turn["content"])
        return sides
    for message in compared_turns(example, on):
        sides[known_role(message.role) == "assistant"].extend(_turn_texts(message))
    return sides


def context_values(example: Example, on: On) -> list[Any]:
    """The values of an example besides texts and attachments that affect training: labels, reference answers and texts
    under keys that the format does not define; for each compared turn, the functions that it calls, its reasoning and
    its keys for the loss. Each with its key and the number of its turn; empty values count as missing.
    """
    values = [[-1, key, example.value[key]] for key in EXAMPLE_EXTRA_KEYS if example.value.get(key) not in EMPTY]
    values += [[-1, key, example.value[key]] for key in keys_with_text(example)]
    for number, message in enumerate(compared_turns(example, on)):
        values += [[number, key, message.value[key]] for key in TURN_EXTRA_KEYS if message.value.get(key) not in EMPTY]
        values += [[number, call.get("name"), _arguments(call)] for call in _called_functions(message)]
    return values


def keys_with_text(example: Example) -> list[str]:
    """The keys with text that the format of an example does not define, such as the one of a passage."""
    if example.format in SINGLE_VALUE_FORMATS:
        return []
    return [key for key in sorted(example.value.keys() - COMPARED) if _has_text(example, key)]


def _has_text(example: Example, key: str) -> bool:
    """Whether the value of a key holds text at any depth, and not only ids or categories."""
    return MEANINGFUL_TEXT.search(canonical(example.value[key]).decode("utf-8", "surrogatepass")) is not None


def _arguments(function: dict[str, Any]) -> str:
    """The arguments of a call as canonical JSON; text that is not a JSON object or list unchanged."""
    arguments = function.get("arguments", function.get("parameters", ""))
    of_text = isinstance(arguments, str)
    try:
        value = (parsed_json if LONG_INTEGER.search(arguments) else orjson.loads)(arguments) if of_text else arguments
    except ValueError:
        value = arguments
    if of_text and not isinstance(value, dict | list):
        return str(arguments)
    return canonical(value).decode("utf-8", "surrogatepass")


def compared_turns(example: Example, on: On) -> list[Message]:
    """The turns that are compared, in order."""
    if on == "conversation":
        turns: tuple[Message, ...] = example.messages
    elif on == "prompt":
        turns = example.prompt
    else:
        answer = example.answer
        turns = (answer,) if answer else ()
        if on == "last-turn":
            prompt = example.prompt
            start = last_turn_of("user", [message.role for message in prompt])
            turns = (() if start is None else prompt[start:]) + turns
    return [message for message in turns if known_role(message.role) not in SYSTEM_ROLES]


@cache
def compared_turn_numbers(roles: tuple[str, ...], on: On) -> tuple[int, ...]:
    """The compared turns of a plain conversation with these roles."""
    value = {"messages": [{"role": role, "content": ""} for role in roles]}
    return tuple(message.index for message in compared_turns(Example(Place("", 0), value, "messages"), on))


def _turn_texts(message: Message) -> Iterator[str]:
    """The text of a turn, then the functions that it calls with their arguments."""
    yield message.text
    yield from called_texts(message)


def called_texts(message: Message) -> list[str]:
    """The functions that a turn calls with their arguments, these with sorted keys where they are a JSON object or
    array; one text each.
    """
    return [f"{function.get('name', '')} {_arguments(function)}" for function in _called_functions(message)]


def answers_of(example: Example) -> list[str]:
    """The turns of the assistant, each with the functions that it calls, as written."""
    return ["\n".join(_turn_texts(message)) for message in example.turns_of("assistant")]


def _called_functions(message: Message) -> Iterator[dict[str, Any]]:
    calls = message.value.get("tool_calls")
    called = message.value.get("function_call")
    for call in [*(calls if isinstance(calls, list) else ()), *([{"function": called}] if called else ())]:
        function = call.get("function", call) if isinstance(call, dict) else None
        if isinstance(function, dict):
            yield function


def other_sides(example: Example) -> list[str]:
    """The rejected answers of a preference pair, as written; usually none."""
    return [_other_side(example.value[key], example) for key in REJECTED_KEYS if key in example.value]


def _other_side(side: Any, example: Example) -> str:
    """The text of a rejected side. If it is a complete conversation, the turns that both sides begin with are left
    out.
    """
    if isinstance(side, str):
        return side
    listed = [turn for turn in (side if isinstance(side, list) else [side]) if isinstance(turn, dict)]
    turns = [turn for turn in listed if _role_of(turn) not in SYSTEM_ROLES]
    texts = [list(_turn_texts(Message(0, None, {"content": turn.get("value"), **turn}, "", ""))) for turn in turns]
    if turns and _role_of(turns[0]) == "user":
        chosen = map(list, map(_turn_texts, compared_turns(example, "conversation")))
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(texts, chosen, strict=False)))
        texts = texts[shared:]
    return "\n".join(chain.from_iterable(texts))


def _role_of(turn: dict[str, Any]) -> str:
    """The role of a turn of a rejected side, with its alias resolved; empty if it is not text."""
    role = turn.get("role", turn.get("from"))
    return known_role(role) if isinstance(role, str) else ""
