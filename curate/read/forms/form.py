"""An entry of the table of formats: how a form is detected, read and written.

Tool calls and results of ShareGPT files, which are separate turns there, are converted to the messages format.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeGuard

from curate.core.example import Example, value_at
from curate.core.form_keys import Holds, form_keys
from curate.core.lazy import lazy_pattern
from curate.read.decode import decode

Object = dict[str, Any]

CALL_SPEAKERS: Final = ("function_call", "tool_call")
RESULT_SPEAKERS: Final = ("observation", "function_response", "tool_response", "tool")


class Turn(NamedTuple):
    """A turn in messages format, the pointers to it and to its content in the original line."""

    value: Object
    pointer: str
    content: str
    joined_keys: tuple[str, ...] = ()
    """Keys of the line whose texts its content joins."""
    parts: tuple[tuple[str, str], ...] = ()
    """Pointers to the texts that its content joins, with these texts; empty if the content is one text of the line."""


class UnreadableError(ValueError):
    """A line looks like a form but does not follow it; has the pointer to the place and the reason."""

    def __init__(self, pointer: str, why: str) -> None:
        super().__init__(why)
        self.pointer, self.why = pointer, why


class UnwritableError(ValueError):
    """A form has no place for something in a conversation; the message gives the reason."""


@dataclass(slots=True)
class Reading:
    """A line as a conversation."""

    turns: list[Turn]
    rest: Object = field(default_factory=dict)
    """All keys that did not become turns, in messages format (`tools` is a list of functions)."""
    moved: dict[str, str] = field(default_factory=dict)
    """Pointers in messages format, with the pointers of the same values in the line."""
    tools: str = "/tools"
    """Pointer to the tools in the line."""


class PreferencePair(NamedTuple):
    """Both sides of a preference as messages, with the prompt that they answer."""

    prompt: list[Object]
    chosen: list[Object]
    rejected: list[Object]
    tools: Any
    rest: Object
    """Keys of the line beside the conversation, such as `id`."""

    @property
    def messages(self) -> list[Object]:
        """The prompt and both sides."""
        return [*self.prompt, *self.chosen, *self.rejected]


@dataclass(frozen=True, slots=True)
class Format:
    """A known format of a line."""

    name: str
    summary: str
    matches: Callable[[Object], bool]
    turns: Callable[[Object], Iterator[Turn]] | None = None
    """Converts a line to turns; None if the line is already in messages format, or `read` is set."""
    read: Callable[[Object], Reading | None] | None = None
    """Reads a line in which turns and items do not correspond one to one; None for a line of another form. Raises
    `UnreadableError`.
    """
    write: Callable[[Object], Object] | None = None
    """Writes a conversation in messages format; None if the form is only read. Raises `UnwritableError`."""
    write_pair: Callable[[PreferencePair], Object] | None = None
    """Writes a preference pair; None for other forms. Raises `UnwritableError`."""
    exact: bool = True
    """Whether lines that are read as the format are in the form that is written."""
    take_others: Callable[[Object], str] | None = None
    """For lines with more answers than a conversation or a pair holds: removes them from the value, and returns what
    they are; empty if there are none.
    """
    unread_calls: Callable[[Example], Iterator[tuple[int, str]]] | None = None
    """The messages with calls and results that could not be read as such: their positions, and what is wrong."""
    to: str = ""
    """The name under which the form is written, if it is not its own."""
    answers_beside: bool = False
    """Whether a final answer is written beside the conversation, for a grader."""
    keeps: bool = True
    """Whether written lines keep keys outside of the conversation, such as `id`."""

    @property
    def uses(self) -> Mapping[str, Holds]:
        """Keys that turns may be created from; a line of the format has one of them, unless there are none. Unused
        non-empty ones stay in the example's value, as all others do.
        """
        return form_keys(self.name).reads

    @property
    def sides(self) -> tuple[str, str] | None:
        """The keys of the chosen side, with which the turns end, and of the rejected one; None if it is no pair."""
        return form_keys(self.name).sides

    @property
    def label(self) -> str:
        """The key that says whether an answer is wanted; empty if the form has no label."""
        return form_keys(self.name).label


def turn_at(role: str, content: Any, pointer: str) -> Turn:
    """A turn whose content is at the pointer."""
    return Turn({"role": role, "content": content}, pointer, pointer)


def system_turns(value: Mapping[str, Any], pointer: str = "", *, key: str = "system") -> Iterator[Turn]:
    """The system prompt in a key of its own, if there is one; `pointer` is the pointer to the object that has it."""
    if isinstance(value.get(key), str) and value[key]:
        yield turn_at("system", value[key], f"{pointer}/{key}")
    elif value.get(key):
        raise UnreadableError(f"{pointer}/{key}", f"`{key}` is not text")


def system_before(value: Object) -> Iterator[Turn]:
    """The system prompt under `system`, or under `system_prompt` as in OpenOrca and OpenHermes; nothing without one."""
    yield from system_turns(value, key="system" if value.get("system") else "system_prompt")


def turns_before(value: Object) -> Iterator[Turn]:
    """The system prompt, and earlier questions with their answers."""
    yield from system_before(value)
    history = value.get("history") or []
    if not isinstance(history, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in history):
        raise UnreadableError("/history", "`history` is not a list of questions with their answers")
    for i, (question, answer) in enumerate(history):
        yield turn_at("user", question, f"/history/{i}/0")
        yield turn_at("assistant", answer, f"/history/{i}/1")


ANSWER_KEY: Final = lazy_pattern(r"(?:responses?|answers|completions|candidates|generations)(?:_(.*))?|response\d")
"""Keys of answers beside a prompt, in data sets of comparisons."""
NOT_ANSWERS: Final = frozenset(
    ("id", "ids", "format", "schema", "model", "models", "type", "language", "style", "length", "count", "time")
)
"""Suffixes of keys that describe an answer instead of holding one, such as `response_format`."""


def is_answer(key: str, item: Any) -> bool:
    """Whether a key beside a prompt has answers."""
    match = ANSWER_KEY.fullmatch(key)
    return match is not None and bool(item) and not isinstance(item, int | float) and match[1] not in NOT_ANSWERS


def has_strings(value: Mapping[str, Any], *keys: str) -> bool:
    """Whether all these keys hold text."""
    return all(isinstance(value.get(key), str) for key in keys)


def is_objects(value: Any) -> TypeGuard[list[Object]]:
    """Whether a value is a list of one or more objects."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def is_texts(value: Any) -> bool:
    """Whether a value is a list of two or more texts."""
    return isinstance(value, list) and len(value) > 1 and all(isinstance(item, str) for item in value)


def omit_keys(value: Mapping[str, Any], *keys: str) -> Object:
    """The other keys of an object."""
    return {key: item for key, item in value.items() if key not in keys}


def as_text(value: Any) -> str:
    """A value as JSON text; text as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def as_object(text: Any) -> Object | None:
    """The object of a JSON text, or an object as it is; None for anything else, and for text that would change."""
    value = json_in(text) if isinstance(text, str) else text
    return value if isinstance(value, dict) else None


def with_tool_calls(turns: Iterable[tuple[Any, Turn]]) -> Iterator[Turn]:
    """Convert turns: calls become tool calls, and results answer them, linked by generated ids.

    An unreadable call and a result without a call stay text.
    """
    pending_ids: list[str] = []
    calls = 0
    for source, turn in turns:
        speaker = speaker_of(source)
        if (
            speaker in CALL_SPEAKERS
            and "tool_calls" not in turn.value
            and (converted := tool_calls(turn.value.get("content"), calls))
        ):
            calls += len(converted)
            pending_ids = [call["id"] for call in converted]
            yield turn._replace(value={**turn.value, "role": "assistant", "content": None, "tool_calls": converted})
        elif speaker in RESULT_SPEAKERS and pending_ids:
            rest = {key: item for key, item in turn.value.items() if key != "role"}
            yield turn._replace(value={"role": "tool", "tool_call_id": pending_ids.pop(0), **rest})
        else:
            pending_ids = pending_ids if speaker in (*CALL_SPEAKERS, *RESULT_SPEAKERS) else []
            yield turn


def speaker_of(name: Any) -> Any:
    """The speaker (`from`) of a turn of a ShareGPT file; None for any other value, as for a turn in messages format."""
    return name.get("from") if isinstance(name, dict) and "role" not in name and "content" not in name else None


def unread_speakers(example: Example) -> Iterator[tuple[int, str]]:
    """The calls and results of a ShareGPT conversation that stayed text, as `Format.unread_calls`."""
    for message in example.messages:
        speaker = speaker_of(value_at(example.source or {}, message.pointer))
        if speaker in CALL_SPEAKERS and (message.content is not None or "tool_calls" not in message.value):
            yield message.index, f"the value of `{speaker}` is not a readable tool call; kept as text"
        elif speaker in RESULT_SPEAKERS and "tool_call_id" not in message.value:
            yield message.index, f"the result of `{speaker}` has no matching call; kept without an id"


def tool_calls(text: Any, call_count: int = 0) -> list[Object]:
    """Tool calls in messages format for `{"name": ..., "arguments": ...}`, a list of these, or its JSON text; their ids
    continue after `call_count` calls. Empty if `text` is anything else.
    """
    value = json_in(text) if isinstance(text, str) else text
    calls: list[Object] = []
    for call in value if isinstance(value, list) else [value]:
        if not isinstance(call, dict) or call.keys() != {"name", "arguments"} or not isinstance(call["name"], str):
            return []
        arguments = call["arguments"]
        if not isinstance(arguments, str | dict):
            return []
        function = {"name": call["name"], "arguments": as_text(arguments)}
        calls.append({"id": f"call_{call_count + len(calls) + 1}", "type": "function", "function": function})
    return calls


def json_in(text: str) -> Any:
    """The value of a valid JSON text; None for any other text."""
    decoded = decode(text.encode("utf-8", "surrogatepass"))
    return decoded.value if isinstance(decoded.value, list | dict) and not decoded.defects else None
