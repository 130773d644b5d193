"""An example: one conversation, in the same form for every stage and input format.

The addresses of lines (FILE:LINE) and of values in them (JSON pointers, RFC 6901) are written and parsed only here.

`Conversation` is the schema of a well-formed conversation, for code that needs guarantees. `Example` is the lenient
view for rules and detectors: it exists for any JSON object, and its content is unchecked.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final, Literal, NamedTuple, NotRequired, get_args

import orjson
from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict  # pydantic supports `typing.TypedDict` from Python 3.12 on only

from curate.core.form_keys import CHOSEN_KEYS, LABEL_KEYS, REJECTED_KEYS, TOOL_KEYS

JSON_TYPES: Final = {
    str: "a string", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object",
    type(None): "null",
}  # fmt: skip


def kind_of(value: Any) -> str:
    """The JSON type of a value, in words."""
    return JSON_TYPES[type(value)]


def where(file: str, line: int) -> str:
    """Format FILE:LINE, or the file alone for line 0."""
    return f"{file}:{line}" if line else file


def parse_where(text: str) -> tuple[str, int] | None:
    """File and line of FILE:LINE; None for anything else."""
    file, _, number = text.rpartition(":")
    line = number_of(number)
    return (file, line) if file and line is not None else None


def number_of(text: str) -> int | None:
    """The number that digits stand for; None for anything else, and for more digits than a line number can have."""
    return int(text) if text.isdecimal() and len(text) < 19 else None


def escape(key: str) -> str:
    """Escape one key of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def unescape(key: str) -> str:
    """Reverse `escape`."""
    return key.replace("~1", "/").replace("~0", "~")


def pointer(*keys: str | int) -> str:
    """The JSON pointer through `keys`, from the outside in."""
    return "".join(f"/{escape(str(key))}" for key in keys)


def value_at(line: dict[str, Any], path: str) -> Any:
    """The value of a line at a JSON pointer (`/meta/date`) or dotted keys (`meta.date`); None if missing.

    A key that contains dots is tried first.
    """
    if path in line:
        return line[path]
    value: Any = line
    for key in map(unescape, path[1:].split("/")) if path.startswith("/") else path.split("."):
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and (index := number_of(key)) is not None and index < len(value):
            value = value[index]
        else:
            return None
    return value


def without_value_at(value: Any, path: Sequence[str]) -> Any:
    """An object without the value at a path, and without objects that become empty; lists are unchanged."""
    if not isinstance(value, dict) or path[0] not in value:
        return value
    inner = without_value_at(value[path[0]], path[1:]) if path[1:] else {}
    return {key: inner if key == path[0] else item for key, item in value.items() if key != path[0] or inner != {}}


Role = Literal["system", "developer", "user", "assistant", "tool", "function"]
ROLES: Final = frozenset(get_args(Role))
SYSTEM_ROLES: Final = ("system", "developer")
"""Roles of instructions, which are no part of the conversation."""
TOOL_ROLES: Final = ("tool", "function")
SPEAKING_ROLES: Final = ROLES.difference(TOOL_ROLES)
ROLE_ALIASES: Final = {
    "human": "user", "customer_message": "user", "question": "user", "prompter": "user", "gpt": "assistant",
    "bot": "assistant", "model": "assistant",
    "ai": "assistant", "chatgpt": "assistant", "chatbot": "assistant", "agent": "assistant", "answer": "assistant",
    "observation": "tool", "function_response": "tool", "tool_response": "tool", "ipython": "tool",
    "function_call": "assistant", "tool_call": "assistant",
}  # fmt: skip
"""Names in other formats, and the role that each means (rule M007)."""
UNKNOWN: Final = "unknown"
"""Name of the format of objects that match no known format."""


def alias(role: str) -> str | None:
    """The known role that another spelling or name means, or None."""
    folded = role.strip().casefold()
    return folded if folded in ROLES else ROLE_ALIASES.get(folded)


def known_role(role: str | None) -> str:
    """A role with its alias resolved: they mean the same in messages. Empty without one."""
    if role is None or role in ROLES:
        return role or ""
    return alias(role) or role


def last_turn_of(role: Role, roles: Sequence[str | None]) -> int | None:
    """The position of the last turn of a role in a conversation with these roles; None without one."""
    return next((index for index in range(len(roles) - 1, -1, -1) if known_role(roles[index]) == role), None)


@with_config(ConfigDict(extra="allow"))
class Part(TypedDict):
    """A piece of a message's content: text, an image, a refusal."""

    type: str
    text: NotRequired[str]


@with_config(ConfigDict(extra="allow"))
class ChatMessage(TypedDict):
    """One turn of a well-formed conversation."""

    role: Role
    content: NotRequired[str | list[Part] | None]
    name: NotRequired[str]
    tool_calls: NotRequired[list[dict[str, Any]] | None]
    tool_call_id: NotRequired[str | None]
    weight: NotRequired[int | float | None]


@with_config(ConfigDict(extra="allow"))
class Conversation(TypedDict):
    """A line of a messages file: what `curate` writes into splits and what its trainer reads."""

    messages: list[ChatMessage]
    tools: NotRequired[list[dict[str, Any]] | None]


class Place(NamedTuple):
    """The place of an example: file name as the user gave it, and physical line from 1 (0: the whole file)."""

    file: str
    line: int
    nth: int = 0
    """Number of elements before it on the same line, in a JSON array."""

    def __str__(self) -> str:
        return f"{where(self.file, self.line)}{f' ({self.element})' if self.nth else ''}"

    @property
    def element(self) -> str:
        """Which element of a JSON array on its line it is; empty for the first one, and for an example of its own."""
        return f"element {self.nth + 1}" if self.nth else ""

    def message(self, text: str) -> str:
        """A message about the example, which begins with the element where several are on a line."""
        return f"{self.element}: {text}" if self.nth else text


@dataclass(frozen=True, slots=True)
class Message:
    """One turn, parsed leniently: `role` is None if it is missing or not a string."""

    index: int
    role: str | None
    value: dict[str, Any]
    """The JSON object of the turn, in messages format."""
    pointer: str
    """JSON pointer to the turn in the original line; in other formats than messages, to its source."""
    content_pointer: str
    """JSON pointer to the turn's content in the original line."""
    parts: tuple[tuple[str, str], ...] = ()
    """JSON pointers to the texts of the original line that the content joins, with these texts; empty for one text."""

    @property
    def role_pointer(self) -> str:
        """JSON pointer to the role in the original line; to the turn if the format implies the role."""
        if self.content_pointer == self.pointer:
            return self.pointer
        return f"{self.pointer}/{'from' if self.content_pointer.endswith('/value') else 'role'}"

    @property
    def content(self) -> Any:
        """The value of `content`, of any type; None if it is missing."""
        return self.value.get("content")

    @property
    def text(self) -> str:
        """The text of the turn: its content, or its text parts joined with line breaks; empty if there is none."""
        return content_text(self.value.get("content"))

    @property
    def calls(self) -> Any:
        """The tool calls, or the function call of the older form, of any type; false without one."""
        return self.value.get("tool_calls") or self.value.get("function_call")

    @property
    def has_content(self) -> bool:
        """Whether it contains anything that a trainer uses."""
        content = self.value.get("content")
        return bool((content if isinstance(content, str | list) else None) or self.calls)


def content_text(content: Any) -> str:
    """The text of a content: a string, a list of parts, or anything else (then empty)."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            text = part.get("text", part.get("value", part.get("refusal")))
            if isinstance(text, str):
                texts.append(text)
    return "\n".join(texts)


def reasoning_texts(turn: Mapping[str, Any]) -> list[str]:
    """The reasoning of a turn beside its text: under keys of its own and in content parts; empty texts included."""
    content = turn.get("content")
    parts = [
        part for part in (content if isinstance(content, list) else ()) if isinstance(part, dict)
        and part.get("type") in REASONING_TYPES
    ]  # fmt: skip
    texts = [turn[key] for key in REASONING_KEYS if isinstance(turn.get(key), str)]
    for part in parts:
        reasoning = next((part[key] for key in ("thinking", "reasoning", "text", "value") if key in part), None)
        texts += [content_text(reasoning)] if isinstance(reasoning, str | list) else []
    return texts


@dataclass(frozen=True)
class Example:
    """One conversation and its place."""

    place: Place
    value: dict[str, Any]
    """The line's JSON object, converted to messages format if its format is known; other keys are unchanged."""
    format: str
    """Name in the table of formats; `UNKNOWN` if none matches."""
    pointers: tuple[tuple[str, str], ...] | None = field(default=None, repr=False)
    """For formats other than messages: per turn, the pointers to the turn and to its content in the original line."""
    plain: bool = field(default=False, repr=False, compare=False)
    """True if it is known to contain only messages with role and text, and was not converted."""
    tools_pointer: str = field(default="/tools", repr=False, compare=False)
    """JSON pointer to the tools in the original line."""
    moved: tuple[tuple[str, str], ...] | None = field(default=None, repr=False, compare=False)
    """Pointers in messages format, each with the pointer of its value in the original line; None for formats in which
    both are the same.
    """
    defect: tuple[str, str] | None = field(default=None, repr=False, compare=False)
    """For a line that looks like another format and does not follow it: the place and the reason."""
    parts: tuple[tuple[tuple[str, str], ...], ...] = field(default=(), repr=False, compare=False)
    """Per turn, if one of them joins texts of the line: the pointers to these texts, with the texts."""
    source: dict[str, Any] | None = field(default=None, repr=False, compare=False)
    """The line's JSON object as it was read; None if it is not converted."""

    @cached_property
    def id(self) -> str:
        """128-bit hash of the canonical content, in hexadecimal, independent of format, file and run."""
        return content_id(self.value)

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """The turns that are objects, in order; empty if `messages` is not a list."""
        turns = self.value.get("messages")
        return tuple(self._turns(turns)) if isinstance(turns, list) else ()

    def _turns(self, turns: list[Any]) -> Iterator[Message]:
        """The messages of a list, with their positions in the line; items that are not objects are skipped."""
        for index, turn in enumerate(turns):
            if not isinstance(turn, dict):
                continue
            role = turn.get("role")
            if self.pointers is None:
                pointer, content = _plain_pointers(index)
            else:
                pointer, content = self.pointers[index] if index < len(self.pointers) else ("", "")
            parts = self.parts[index] if index < len(self.parts) else ()
            yield Message(index, role if isinstance(role, str) else None, turn, pointer, content, parts)

    @property
    def understood(self) -> bool:
        """Whether its format is known and it contains training content: text, another content part or a tool call.

        Lines for which this is false are compared with nothing and counted as lines without an example by all commands.
        """
        return self.format != UNKNOWN and any(message.has_content for message in self.messages)

    @property
    def prompt(self) -> tuple[Message, ...]:
        """The turns before the last assistant turn: what the last answer answers."""
        return self.messages[: self.last_answer]

    @property
    def answer(self) -> Message | None:
        """The last assistant turn, or None."""
        return None if (last := self.last_answer) is None else self.messages[last]

    @property
    def question(self) -> str:
        """What is asked: the text of the last user turn before the answer, else of the first turn, else empty."""
        last = last_turn_of("user", [message.role for message in self.prompt])
        return self.messages[last or 0].text if self.messages else ""

    @property
    def last_answer(self) -> int | None:
        """The position of the last assistant turn in `messages`; None without one."""
        return last_turn_of("assistant", [message.role for message in self.messages])

    def turns_of(self, role: Role) -> list[Message]:
        """The turns of a role, also under another name of it."""
        return [message for message in self.messages if known_role(message.role) == role]


@lru_cache(1_024)  # one copy for all examples
def _plain_pointers(index: int) -> tuple[str, str]:
    """The pointers to a turn in messages format and to its content."""
    return f"/messages/{index}", f"/messages/{index}/content"


def pointer_in_line(example: Example, pointer: str, line: Any) -> str:
    """The pointer into the original line for a pointer that a rule made from a message: to the nearest value there."""
    if example.moved is None:
        return pointer
    moved_pointer = max(
        (pair for pair in example.moved if _is_within(pointer, pair[0])), key=lambda pair: len(pair[0]), default=None
    )
    if moved_pointer is not None:
        pointer = moved_pointer[1] + pointer[len(moved_pointer[0]) :]
    value, resolved = line, ""
    for key in pointer.split("/")[1:]:
        inner = unescape(key)
        if isinstance(value, list) and (index := number_of(inner)) is not None and index < len(value):
            value = value[index]
        elif isinstance(value, dict) and inner in value:
            value = value[inner]
        else:
            break
        resolved = f"{resolved}/{key}"
    return resolved


def _is_within(pointer: str, base: str) -> bool:
    """Whether a JSON pointer is `base` or points into it."""
    return pointer == base or pointer.startswith(f"{base}/")


MEDIA_KEYS: Final = ("images", "image", "audios", "audio", "videos", "video")
ATTACHMENT_KEYS: Final = (*MEDIA_KEYS, "documents", "chat_template_kwargs")
"""Keys of a line or a turn with training input other than text."""
REASONING_KEYS: Final = ("reasoning_content", "thinking", "reasoning")
"""Keys of a turn with the reasoning of the assistant."""
REASONING_TYPES: Final = ("reasoning", "thinking")
"""Types of content parts with the reasoning of the assistant."""
LOSS_KEYS: Final = (
    "loss", "loss_weight", "train", "training", "train_detail", "training_detail", "mask", "masks", "trainable",
    "labels",
)  # fmt: skip
"""Keys of a turn for loss masking in some trainers: removing them would change the training."""
OPTION_KEYS: Final = ("function_call", "parallel_tool_calls", "tool_choice", "response_format")
"""Keys of a line that a service reads beside a conversation."""
TRAINED_KEYS: Final = (
    "messages", *TOOL_KEYS, *ATTACHMENT_KEYS, *CHOSEN_KEYS, *REJECTED_KEYS, *LABEL_KEYS, "labels", "reward_model",
    "ground_truth",
)  # fmt: skip
"""Keys of an example in messages format that a trainer reads. Others, such as `id`, `source` and `metadata`, are
ignored.
"""
METADATA: Final = frozenset((
    "id", "idx", "index", "uuid", "source", "metadata", "meta", "category", "tags", "tag", "dataset", "language",
    "lang", "conversation_id", "prompt_id", "split",
    "name", "title", "url", "type", "model", "created", "timestamp", "license", "domain", "topic", "task", "difficulty",
    "score", "hash",
))  # fmt: skip
"""Keys of a line about the origin of an example, which nobody expects to be trained on."""
TEXT_PART_KEYS: Final = frozenset(
    ("type", "text", "value", "refusal", "cache_control", "annotations", "citations", "logprobs", "thoughtSignature")
)


def attachments(value: Mapping[str, Any]) -> bytes:
    """The training input other than text, as canonical JSON; empty if there is none.

    Images, audio, video, documents, template arguments and non-text parts of messages, without system prompts. Values
    are compared as written: the same picture under two names counts as two.
    """
    keys, parts = _attachments_of(value), list[Any]()
    turns = value.get("messages")
    for turn in turns if isinstance(turns, list) else ():
        if isinstance(turn, dict) and turn.get("role") not in SYSTEM_ROLES:
            parts += [*filter(None, [_attachments_of(turn)]), *_other_parts(turn.get("content"))]
    return canonical([keys, parts]) if keys or parts else b""


def trained_content(value: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of an example in messages format that a trainer reads."""
    return {key: value[key] for key in TRAINED_KEYS if key in value}


def _attachments_of(value: Mapping[str, Any]) -> dict[str, Any]:
    """The non-empty values of a line under the keys of attachments."""
    return {key: value[key] for key in ATTACHMENT_KEYS if value.get(key)}


def document_texts(value: Mapping[str, Any]) -> Iterator[str]:
    """The texts under `documents`, which chat templates put before a conversation: all strings in its values."""
    values = [value.get("documents")]
    while values:
        document = values.pop(0)
        if isinstance(document, str):
            yield document
        elif isinstance(document, list | dict):
            values += document.values() if isinstance(document, dict) else document


def is_text(content: Any) -> bool:
    """Whether a content is a text or a list of parts of text only, without places of images."""
    return isinstance(content, str) or (
        isinstance(content, list)
        and not _other_parts(content)
        and all(isinstance(part, str) or part.get("type") in (None, "text", "refusal") for part in content)
    )


def _other_parts(content: Any) -> list[Any]:
    if not isinstance(content, list):
        return []
    return [
        part
        for part in content
        if not isinstance(part, str) and not (isinstance(part, dict) and part.keys() <= TEXT_PART_KEYS)
    ]


def has_plain_turns(value: Mapping[str, Any]) -> bool:
    """Whether `messages` is a list of objects that have a role and a text, and nothing else."""
    turns = value.get("messages")
    return isinstance(turns, list) and all(
        isinstance(t, dict) and len(t) == 2 and isinstance(t.get("content"), str) and isinstance(t.get("role"), str)
        for t in turns
    )


def is_plain(example: Example) -> bool:
    """Whether an example has only messages with role and text, so that rules of scope `VALUE` cannot fire."""
    return example.plain or (len(example.value) == 1 and has_plain_turns(example.value))


_CANONICAL: Final = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":")
)  # created once, since it is used for every line


def canonical(value: Any) -> bytes:
    """The canonical JSON of a value: sorted keys, no spaces, UTF-8.

    Lone surrogates and long integers are kept, so that any data has one. RFC 8785 differs in how some floats are
    spelled.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # lone surrogates, integers over 64 bits and deep nesting: only the standard library writes them
        pass
    return _CANONICAL.encode(value).encode("utf-8", "surrogatepass")


def with_whole_numbers(value: Any) -> Any:
    """A value in which each float without a fraction is an integer: tables turn 17 into 17.0."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {key: with_whole_numbers(item) for key, item in value.items()}
    return [with_whole_numbers(item) for item in value] if isinstance(value, list) else value


def content_id(value: Any) -> str:
    """128-bit BLAKE2b of the canonical JSON, in hexadecimal."""
    return hashlib.blake2b(canonical(value), digest_size=16).hexdigest()


def line_id(data: bytes) -> str:
    """Id of a line without an example: 128-bit BLAKE2b of its bytes, in hexadecimal."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
