"""Build conversations in messages format from the records of an agent's session, and count their parts."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from curate.read.forms.blocks import media_part, simplest_content
from curate.read.forms.form import Object, as_object, as_text
from curate.read.traces import NoConversationError

KINDS: Final = ("messages", "calls", "results")
"""What is counted in a session: messages (without tool results), tool calls and tool results."""
RANKS: Final = {"reasoning": 0, "text": 1, "call": 2}
"""The order of the parts of one answer. A part of a lower rank than the last one begins the next answer."""


class UnknownRecordError(NoConversationError):
    """A record of a session has an unknown type; the message names it."""


def counted(messages: Iterable[Object]) -> Counter[str]:
    """The number of messages, calls and results, by these words; a result is not counted as a message."""
    counts = Counter(dict.fromkeys(KINDS, 0))
    for message in messages:
        counts["results" if message["role"] == "tool" else "messages"] += 1
        counts["calls"] += len(message.get("tool_calls", ()))
    return counts


@dataclass(slots=True)
class Thread:
    """The main conversation of a session, or that of a sub-agent (a sidechain)."""

    key: str = ""
    """Id of the sub-agent; empty for the main conversation."""
    system: list[Object] = field(default_factory=list)
    messages: list[Object] = field(default_factory=list)
    tools: list[Any] = field(default_factory=list)
    contexts: list[int] = field(default_factory=list)
    """Positions of messages with which a context begins after a compaction."""
    ended: str = ""
    """`aborted` or `failed` if a record reports that and no message follows, else empty."""
    answers: dict[str, Object] = field(default_factory=dict)
    """Answers by the id of the model's response; several records may hold one."""
    called: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    failed: int = 0
    """Number of results that are marked as errors."""

    def say(self, role: str, content: Any) -> None:
        """Add a message that is not an answer of the model."""
        self.ended = ""
        self.messages.append({"role": role, "content": _checked(content)})

    def instruct(self, content: Any, tools: Any = None) -> None:
        """Add a system prompt, with which each row of the session begins, and the declared tools."""
        if content:
            self.system.append({"role": "system", "content": _checked(content)})
        self.tools += [tool for tool in tools or () if isinstance(tool, dict)]

    def answer(self, text: Any, response: str = "") -> None:
        """Add text, or parts, to the model's answer. Records with the same id `response` add to one message.

        Raises `NoConversationError` for any other content.
        """
        text = _checked(text)
        message = self._answer("text", response)
        earlier = message["content"]
        if isinstance(earlier, str) and isinstance(text, str):
            message["content"] = f"{earlier}\n\n{text}"
        else:
            message["content"] = text if earlier is None else [*_content_parts(earlier), *_content_parts(text)]

    def think(self, text: str, response: str = "") -> None:
        """Add reasoning to the model's answer; see `answer`."""
        if not isinstance(text, str):
            raise NoConversationError("reasoning that is no text")
        message = self._answer("reasoning", response)
        earlier = message.get("reasoning_content")
        message["reasoning_content"] = f"{earlier}\n\n{text}" if earlier else text

    def call(self, call_id: Any, name: Any, input_value: Any, response: str = "") -> None:
        """Add a tool call. Arguments that are not a JSON object become the value of `input`."""
        if not isinstance(call_id, str) or not isinstance(name, str):
            raise NoConversationError("a call of a tool has no name or no id")
        arguments = as_text(
            input_value
            if as_object(input_value) is not None
            else {}
            if input_value in ("", None)
            else {"input": input_value}
        )
        message = self._answer("call", response)
        made_call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
        message.setdefault("tool_calls", []).append(made_call)
        self.called.add(call_id)

    def result(self, call_id: Any, content: Any, *, failed: bool = False) -> None:
        """Add the result of a call."""
        if not isinstance(call_id, str):
            raise NoConversationError("a result of a tool has no id")
        self.ended = ""
        self.answered.add(call_id)
        self.failed += failed
        self.messages.append({"role": "tool", "tool_call_id": call_id, "content": _checked(content)})

    def _answer(self, kind: str, response: str) -> Object:
        """The message to add to: that of the same response, the last message, or a new one."""
        self.ended = ""
        last = self.messages[-1] if self.messages and len(self.messages) not in self.contexts else {"role": ""}
        message = self.answers.get(response) if response else None
        if message is None and not response and last["role"] == "assistant":
            last_kind = "call" if "tool_calls" in last else "text" if last["content"] is not None else "reasoning"
            if RANKS[kind] > RANKS[last_kind] or (kind == last_kind != "text"):
                message = last
        if message is None:
            message = {"role": "assistant", "content": None}
            self.messages.append(message)
        if response:
            self.answers[response] = message
        return message


def _checked(content: Any) -> Any:
    """A content that is text or parts. Raises `NoConversationError` for any other value."""
    if not isinstance(content, str | list):
        raise NoConversationError("a content is neither text nor a list of parts")
    return content


def _content_parts(content: Any) -> list[Any]:
    return content if isinstance(content, list) else [{"type": "text", "text": content}]


@dataclass(slots=True)
class AgentSession:
    """A session while its records are read."""

    source: str
    ids: Object = field(default_factory=dict)
    """`id`, `model`, `cwd`, `repository`, `task` and what else the records say of the session."""
    threads: dict[str, Thread] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    """Numbers of records and messages that are in no row, by description."""
    lost: Counter[str] = field(default_factory=Counter)
    """The number of messages, calls and results among these."""
    compactions: int = 0
    odd_ids: list[int] = field(default_factory=list)
    """Positions of records with an id that is no text: with these, branches are not told apart."""

    def thread(self, key: Any = "") -> Thread:
        """The conversation of the sub-agent with this key, or the main one; created if there is none."""
        name = key if isinstance(key, str) else ""
        return self.threads.setdefault(name, Thread(name))

    def know(self, **ids: Any) -> None:
        """Set ids of the session that are neither empty nor set yet."""
        for name, item in ids.items():
            if item not in (None, "", {}):
                self.ids.setdefault(name, item)

    def compact(self, thread: Thread, summary: str) -> None:
        """Begin a new context after a compaction, with the summary of the earlier messages."""
        self.compactions += 1
        thread.contexts.append(len(thread.messages))
        if summary:
            thread.say("user", summary)

    def leave(self, what: str, messages: Sequence[Object] = ()) -> None:
        """Count as left out: one thing, `what`, or messages with their calls and results; `what` says which ones."""
        if not messages:
            self.left_out[what] += 1
            return
        counts = +counted(messages)
        self.lost += counts
        self.left_out.update({f"{kind} {what}": count for kind, count in counts.items()})


@dataclass(frozen=True, slots=True)
class SessionFormat:
    """How the records of a tool's sessions are recognized and read."""

    name: str
    matches: Callable[[Object], bool]
    """Whether a line is a record of such a session."""
    add: Callable[[Object, AgentSession], None]
    """Adds a record to a session. Raises `UnknownRecordError`, or one of `SHAPE_ERRORS` for an unexpected type."""
    session_id: Callable[[Object], Any] = lambda _value: None
    """The id of the session that a record begins; None for other records. Another id begins another session."""
    other_branches: Callable[[Sequence[Object]], set[int]] = lambda _records: set()
    """The positions of records of abandoned branches: they are not on the path to the last record."""
    tree_keys: tuple[str, ...] = ()
    """The keys of a record for its own id and for that of its parent, which tell branches apart."""
    unpack: Callable[[Object], tuple[Object, list[Object]] | None] = lambda _value: None
    """The ids and the records of a line that holds a whole session; None for other lines."""


class SessionRow(NamedTuple):
    """A conversation of a session."""

    thread: Thread
    messages: list[Object]
    new_count: int
    """Number of its last messages that no earlier row has."""


def content_of(value: Any, what: str = "a message") -> Any:
    """A content of text and images in messages format; empty text for None. Raises `UnknownRecordError` for other
    parts; `what` names the record in the message.
    """
    if value is None or isinstance(value, str):
        return value or ""
    parts: list[Object] = []
    for part in _checked(value):
        kind = "text" if isinstance(part, str) else part.get("type")
        if kind in ("text", "input_text", "output_text"):
            text = part if isinstance(part, str) else part["text"]
            if not isinstance(text, str):
                raise NoConversationError(f"{what} with a text that is none")
            parts.append({"type": "text", "text": text})
        elif kind == "image" and isinstance(part.get("source"), dict) and "data" in part["source"]:  # Anthropic
            mime = part["source"]["media_type"]
            parts.append(media_part(mime, f"data:{mime};base64,{part['source']['data']}", "").value)
        elif kind == "image" and isinstance(part.get("data"), str):  # Pi, Model Context Protocol
            mime = part["mimeType"]
            parts.append(media_part(mime, f"data:{mime};base64,{part['data']}", "").value)
        elif kind == "image" and isinstance(part.get("image_urls"), list):  # OpenHands
            parts += [{"type": "image_url", "image_url": {"url": url}} for url in part["image_urls"]]
        elif kind in ("input_image", "image_url"):
            url = part["image_url"]
            parts.append({"type": "image_url", "image_url": url if isinstance(url, dict) else {"url": url}})
        else:
            raise UnknownRecordError(f"{what} with a part of type {kind!r}")
    if all(part["type"] == "text" for part in parts):
        return "\n".join(part["text"] for part in parts)
    return simplest_content(parts)


def message_texts(messages: Iterable[Object]) -> Iterator[str]:
    """The texts in messages: contents, reasoning and arguments of calls."""
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else [content]:
            if text := part.get("text") if isinstance(part, dict) else part:
                yield text
        if text := message.get("reasoning_content"):
            yield text
        for call in message.get("tool_calls", ()):
            yield call["function"]["arguments"]
