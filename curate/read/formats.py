"""The table of formats: how each format is detected and converted to a conversation.

Conversion loses nothing: unused keys stay in the example's value. Each turn keeps the JSON pointer to its source, so
that findings point into the line as the user wrote it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from curate.core.address import escape
from curate.core.example import UNKNOWN, Example, Place
from curate.read.sharegpt_tools import Turn, with_tool_calls

Object = dict[str, Any]

# Speaker names of ShareGPT and similar files.
SPEAKERS: Final = {
    "human": "user", "user": "user", "gpt": "assistant", "chatgpt": "assistant", "bot": "assistant",
    "model": "assistant",
    "assistant": "assistant", "system": "system", "tool": "tool", "observation": "tool", "function_response": "tool",
    "tool_response": "tool", "function_call": "assistant", "tool_call": "assistant",
}  # fmt: skip
# Keys next to `text` that show that the text is only a part of the line.
NOT_ONLY_TEXT: Final = frozenset(
    ("input", "output", "instruction", "answer", "response", "label", "question", "query", "problem")
)
ASKED: Final = ("question", "query", "problem", "input")
ANSWERED: Final = ("solution", "response", "answer", "output")
"""The full answer is not in the last field: mathematics data has `problem`, `solution` and `answer`."""


@dataclass(frozen=True, slots=True)
class Format:
    """A known format of a line."""

    name: str
    summary: str
    matches: Callable[[Object], bool]
    turns: Callable[[Object], Iterator[Turn]] | None
    """Converts a line to turns; None if the line is already in messages format."""
    uses: tuple[str, ...] = ()
    """Keys that turns may be created from. Unused non-empty ones stay in the example's value, as all others do."""
    sides: tuple[str, str] | None = None
    """For preference pairs, the keys of the chosen side and of the rejected one. The turns end with the chosen side."""


def _said(role: str, content: Any, pointer: str) -> Turn:
    return Turn({"role": role, "content": content}, pointer, pointer)


def _system(value: Object) -> Iterator[Turn]:
    """The system prompt in a key of its own, if there is one."""
    if isinstance(value.get("system"), str) and value["system"]:
        yield _said("system", value["system"], "/system")


def _alpaca(value: Object) -> Iterator[Turn]:
    yield from _system(value)
    history = value.get("history")
    if isinstance(history, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in history):
        for i, (question, answer) in enumerate(history):
            yield _said("user", question, f"/history/{i}/0")
            yield _said("assistant", answer, f"/history/{i}/1")
    yield _asked(value, "instruction", after=("input", "context"))
    key = next((key for key in ("output", "response") if key in value), None)
    if key:
        yield _said("assistant", value[key], f"/{key}")


def _asked(value: Object, key: str, *, before: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> Turn:
    """The user's question with the texts of other keys that belong to it."""
    there = (
        {other for other in (*before, *after) if _strings(value, other) and value[other].strip()}
        if isinstance(value[key], str)
        else set()
    )
    keys = [other for other in (*before, key, *after) if other == key or other in there]
    text = value[key] if len(keys) == 1 else "\n\n".join(value[other] for other in keys)
    return _said("user", text, f"/{key}")._replace(beside=tuple(keys))


def _self_instruct(value: Object) -> Iterator[Turn]:
    yield from _system(value)
    for i, instance in enumerate(value["instances"]):
        at, given = f"/instances/{i}", instance.get("input")
        text = (
            f"{value['instruction']}\n\n{given}" if isinstance(given, str) and given.strip() else value["instruction"]
        )
        yield Turn(
            {"role": "user", "content": text},
            at,
            f"{at}/input" if text != value["instruction"] else "/instruction",
            ("instruction",),
        )
        yield Turn({"role": "assistant", "content": instance["output"]}, at, f"{at}/output")


def _question_and_answer(value: Object) -> tuple[str, str] | None:
    """The keys of a question and its answer."""
    asked = next((key for key in ASKED if _strings(value, key)), None)
    answered = next((key for key in ANSWERED if _strings(value, key)), None)
    if asked and answered:
        return asked, answered
    # a prompt with a solution or an answer is for reinforcement: a grader judges by it
    answered = next((key for key in ("response", "output") if _strings(value, "prompt", key)), None)
    return ("prompt", answered) if answered else None


def _question_answer(value: Object) -> Iterator[Turn]:
    yield from _system(value)
    keys = _question_and_answer(value)
    if keys is not None:
        yield _asked(value, keys[0], before=("context",))
        yield _said("assistant", value[keys[1]], f"/{keys[1]}")


def _sharegpt(value: Object) -> Iterator[Turn]:
    yield from _system(value)
    yield from with_tool_calls(
        (turn, _speaker(turn, f"/conversations/{i}")) for i, turn in enumerate(value["conversations"])
    )


def _speaker(turn: Any, at: str) -> Turn:
    if not isinstance(turn, dict) or "from" not in turn or "role" in turn or "content" in turn:
        return Turn(turn, at, f"{at}/content")
    rest = {key: item for key, item in turn.items() if key not in ("from", "value")}
    said: Object = {"role": SPEAKERS.get(turn["from"], turn["from"]) if isinstance(turn["from"], str) else turn["from"]}
    if "value" in turn:
        said["content"] = turn["value"]
    return Turn({**said, **rest}, at, f"{at}/value")


def _side(value: Object, key: str, role: str) -> Iterator[Turn]:
    """One side of a pair: text, one message or a list of messages."""
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
    """The prompt and the chosen side; the rejected side stays in the value. Some chosen sides include the prompt."""
    chosen = list(_side(value, "chosen", "assistant"))
    if any(isinstance(turn.value, dict) and turn.value.get("role") == "user" for turn in chosen):
        yield from _system(value)
    elif isinstance(value.get("conversations"), list):
        yield from _sharegpt(value)
    elif "instruction" in value:
        yield from _alpaca({key: item for key, item in value.items() if key not in ("output", "response")})
    else:
        yield from _system(value)
        asked = next(
            (
                key
                for key in ("prompt", "question", "query", "input")
                if key in value and (key == "prompt" or _strings(value, key))
            ),
            None,
        )
        if asked:
            yield from _side(value, asked, "user")
    yield from chosen


def _response_pair(value: Object) -> Iterator[Turn]:
    """The question and the better response; the other response stays in the value."""
    yield from _system(value)
    yield from _side(value, "question", "user")
    yield from _side(value, "response_j", "assistant")


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
    return (
        "system" in value
        and isinstance(value.get("messages"), list)
        and isinstance(value["system"], str)
        and bool(value["system"])
    )


def _is_openai_preference(value: Object) -> bool:
    given = value.get("input")
    return "preferred_output" in value and isinstance(given, dict) and isinstance(given.get("messages"), list)


def _is_llama_factory_preference(value: Object) -> bool:
    return isinstance(value.get("chosen_messages"), list) and "rejected_messages" in value


def _is_sharegpt(value: Object) -> bool:
    return isinstance(value.get("conversations"), list)


def _is_alpaca(value: Object) -> bool:
    return _strings(value, "instruction") and ("output" in value or "response" in value)


def _is_self_instruct(value: Object) -> bool:
    instances = value.get("instances")
    if not _strings(value, "instruction") or not isinstance(instances, list) or not instances:
        return False
    return all(
        isinstance(one, dict)
        and "output" in one
        and one.keys() <= {"input", "output"}
        and isinstance(one.get("input", ""), str)
        for one in instances
    )


def _is_text(value: Object) -> bool:
    return _strings(value, "text") and not NOT_ONLY_TEXT & value.keys()


ALPACA_KEYS: Final = ("instruction", "input", "output", "response", "system", "history", "context")
PREFERENCE_KEYS: Final = (
    "conversations",
    "instruction",
    "input",
    "system",
    "history",
    "prompt",
    "chosen",
    "question",
    "query",
)
FORMATS: Final = (
    Format("bedrock", "messages with a separate system prompt", _is_bedrock, _bedrock, ("messages", "system")),
    Format("messages", '{"messages": [{"role": ..., "content": ...}, ...]}', lambda v: "messages" in v, None),
    Format(
        "openai-preference",
        "input, preferred_output, non_preferred_output",
        _is_openai_preference,
        _openai_preference,
        ("input", "preferred_output"),
        ("preferred_output", "non_preferred_output"),
    ),
    Format(
        "llama-factory-preference",
        "chosen_messages, rejected_messages",
        _is_llama_factory_preference,
        _llama_factory_preference,
        ("chosen_messages", "system"),
        ("chosen_messages", "rejected_messages"),
    ),
    Format(
        "preference",
        "prompt, chosen, rejected",
        lambda v: "chosen" in v and "rejected" in v,
        _preference,
        PREFERENCE_KEYS,
        ("chosen", "rejected"),
    ),
    Format(
        "response-pair",
        "question, response_j, response_k",
        lambda v: {"question", "response_j", "response_k"} <= v.keys(),
        _response_pair,
        ("question", "response_j", "system"),
        ("response_j", "response_k"),
    ),
    Format(
        "sharegpt",
        '{"conversations": [{"from": ..., "value": ...}, ...]}',
        _is_sharegpt,
        _sharegpt,
        ("conversations", "system"),
    ),
    Format("alpaca", "instruction, input, output or response", _is_alpaca, _alpaca, ALPACA_KEYS),
    Format(
        "prompt-completion",
        "prompt, completion",
        lambda v: "prompt" in v and "completion" in v,
        _prompt_completion,
        ("prompt", "completion", "system"),
    ),
    Format(
        "self-instruct",
        "instruction, instances of input and output",
        _is_self_instruct,
        _self_instruct,
        ("instruction", "instances", "system"),
    ),
    Format(
        "question-answer",
        "question and answer, query and response, problem and solution, input and output",
        lambda v: _question_and_answer(v) is not None,
        _question_answer,
        (*ASKED, *ANSWERED, "prompt", "context", "system"),
    ),
    Format("text", "plain text under one key", _is_text, _text, ("text", "system")),
)
BY_NAME: Final = {known.name: known for known in FORMATS}
PREFERENCE_SIDES: Final = {known.name: known.sides for known in FORMATS if known.sides is not None}
"""The formats of preference pairs, and the keys of their chosen and their rejected side."""


def format_of(value: Object) -> Format | None:
    """The first matching format of the table, or None."""
    return next((known for known in FORMATS if known.matches(value)), None)


def is_prompt(value: Object) -> bool:
    """Whether a line has a prompt for TRL's reinforcement trainers; other targets need an answer."""
    return isinstance(value.get("prompt"), str | list)


def example_of(value: Object, place: Place) -> Example:
    """Convert a line's object to a conversation; without turns if the format is unknown."""
    known = format_of(value)
    if known is None:
        return Example(place, value, UNKNOWN)
    if known.turns is None:
        return Example(place, value, known.name)
    turns = list(known.turns(value))
    read = {turn.pointer.split("/")[1] for turn in turns}.union(*(turn.beside for turn in turns))
    rest = {
        key: item
        for key, item in value.items()
        if key not in read and not (key in known.uses and item in ("", None, []))
    }
    tools = "/tools"
    if known.turns is _openai_preference:
        tools = "/input/tools" if "tools" in value["input"] and "tools" not in rest else "/tools"
        rest = {key: item for key, item in rest.items() if key != "input"}
        rest |= _beside_messages(value, rest)
    pointers = tuple((turn.pointer, turn.content) for turn in turns)
    return Example(
        place, {"messages": [turn.value for turn in turns], **rest}, known.name, pointers, tools_pointer=tools
    )


def _beside_messages(value: Object, rest: Object) -> Object:
    """The keys next to the messages in `input`: tools move next to the conversation, other keys stay."""
    beside = {key: item for key, item in value["input"].items() if key != "messages"}
    found = {"tools": beside.pop("tools")} if "tools" in beside and "tools" not in rest else {}
    return found | ({"input": beside} if beside else {})
