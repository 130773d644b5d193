"""Parse a line of a split into turns without the code that wrote it; unknown content is reported, never skipped."""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from curate.core.text import quoted
from curate.verify.block_reading import (
    BLOCK_FORMS,
    LISTS,
    OTHER_FORMS,
    PAIR_KEYS,
    SIDED_FORMS,
    NoFormError,
    TurnList,
    call_text,
)
from curate.verify.declarations import (
    GIVEN_KEYS,
    TEXT_PART_KEYS,
    attachments_of,
    completion_of,
    has_answers,
    list_under,
    question_keys,
)
from curate.verify.lines import parse_exactly
from curate.verify.transcripts import completed_transcript, transcript, with_messages

LETTERED: Final = (("", "AB"), ("option_", "ab"), ("choice_", "ab"), ("op", "ab"))
CHOICE: Final = re.compile(r"\W?([A-Za-z]|\d\d?)\W{0,2}")
Object = dict[str, Any]

REJECTED_KEYS: Final = ("rejected", "rejected_messages", "rejected_response")  # beside messages
SIDES: Final = (("chosen", "rejected"), ("chosen_response", "rejected_response"), ("response_j", "response_k"))
ROLES: Final = {
    "system": "system", "developer": "system", "user": "user", "human": "user", "assistant": "assistant",
    "gpt": "assistant", "chatgpt": "assistant", "bot": "assistant", "model": "assistant", "function_call": "assistant",
    "tool_call": "assistant", "tool": "tool", "function": "tool", "observation": "tool", "function_response": "tool",
    "tool_response": "tool", "prompter": "user", "customer_message": "user", "question": "user", "ai": "assistant",
    "chatbot": "assistant", "agent": "assistant", "answer": "assistant", "ipython": "tool",
}  # fmt: skip
CALL_SPEAKERS: Final = frozenset(("function_call", "tool_call"))
"""Speakers whose turns are calls of tools."""
TEXT_SPEAKERS: Final = ROLES.keys() - CALL_SPEAKERS
SPEAKERS: Final = frozenset(
    ("user", "human", "assistant", "bot", "q", "a", "inputs", "targets", "target", "definition")
)  # also metadata, beside messages

REASONING_KEYS: Final = ("reasoning_content", "reasoning", "thinking")
"""Keys of a turn with the reasoning of the assistant."""
GAPS: Final = (b" :", b"\t:", b"\r:", b"\n:")
"""White space between a key and its colon."""
ESCAPES: Final = (b"\\u0022", b"\\u003a", b"\\u003A")
"""Escapes of a quotation mark or a colon; the serialized value has the character instead."""


class NotUnderstoodError(ValueError):
    """A line holds no example that can be compared; the message gives the reason."""


@dataclass(slots=True)
class ReadTurn:
    """A turn: role (`system`, `user`, `assistant` or `tool`), text, names and arguments of the tools that it calls, and
    the reasoning beside its text.
    """

    role: str
    text: str
    calls: str = ""
    reasoning: Sequence[str] = field(default=(), compare=False)

    @property
    def full_text(self) -> str:
        """Text and calls."""
        return f"{self.text}\n{self.calls}" if self.calls else self.text


@dataclass(slots=True)
class ParsedContent:
    """The parsed content of a line."""

    turns: list[ReadTurn]
    others: list[ReadTurn] = field(default_factory=list)
    """The other side of a preference pair."""
    attached: list[Any] = field(default_factory=list)
    """Attachments, as written."""

    @property
    def characters(self) -> int:
        """Number of characters of all texts, without the rejected side and tool calls."""
        return sum(len(turn.text) for turn in self.turns)


def loads(line: bytes) -> Any:
    """Parse the JSON of a line; keys get lower case if no format has them as written. Raises `NotUnderstoodError`."""
    try:
        value = parse_exactly(line)
    except (ValueError, RecursionError):
        try:
            value = json.loads(line.decode("utf-8"))  # accepts lone surrogates
        except (ValueError, RecursionError):
            raise NotUnderstoodError("not valid JSON") from None
    small = {key.casefold(): item for key, item in value.items()} if type(value) is dict else {}
    is_known = len(small) < len(value) or small.keys() == value.keys() if small else True
    return value if is_known or _reader_of(value) else small


def read(value: Any) -> ParsedContent:
    """The turns of a parsed line. Raises `NotUnderstoodError`."""
    if type(value) is list:  # a list of turns is a conversation
        value = {"conversation" if _has_pairs(value) else "messages": value}
    if type(value) is not dict:
        raise NotUnderstoodError("not a JSON object")
    reading = ParsedContent([])
    reading.attached += attachments_of(value)
    if (form := _reader_of(value)) is None:
        raise NotUnderstoodError("unknown format")
    paired = "messages" not in value and any(key in value for _, key in SIDES)
    instructed = paired or form in (_question_answer, _alpaca) or type(value.get("conversations")) is list
    key = "system_prompt" if instructed and not value.get("system") else "system"
    if type(value.get(key)) is str and value[key]:
        reading.turns.append(ReadTurn("system", value[key]))
    form(value, reading)
    if form is not _messages and not reading.others:
        _rejected_beside(value, reading)
    if not reading.turns:
        raise NotUnderstoodError("no messages")
    if "messages" not in value and lacks_choices(value, [(turn.role, turn.text) for turn in reading.turns]):
        raise NotUnderstoodError("the answer names a choice that the question does not hold")
    return reading


def _has_pairs(items: list[Any]) -> bool:
    """Whether the first item of a list is a question with its answer."""
    first = items[0] if items else None
    return type(first) is dict and "role" not in first and any(first.keys() >= {*pair} for pair in PAIR_KEYS)


def trained_keys(value: Object) -> Object:
    """The keys of a line that a trainer reads."""
    is_question = not SPEAKERS.isdisjoint(value) and _reader_of(value) is _question_answer
    keys = GIVEN_KEYS.union(question_keys(value) or ()) if is_question else GIVEN_KEYS
    return value if value.keys() <= keys else {key: item for key, item in value.items() if key in keys}


def _reader_of(value: Object) -> Callable[[Object, ParsedContent], None] | None:
    """The function that adds the turns of a format; None for an unknown format."""
    return next((turns for detects, turns in FORMS if detects(value)), None)


def _role(speaker: Any) -> str:
    """The role that a name means, in any case. Raises `NotUnderstoodError` for an unknown one."""
    role = ROLES.get(speaker.strip().casefold()) if type(speaker) is str else None
    if role is None:
        raise NotUnderstoodError("a message has an unknown role")
    return role


def _turn(value: Any, reading: ParsedContent) -> ReadTurn:
    """Parse one turn; content other than text is collected as attachments."""
    if type(value) is not dict:
        raise NotUnderstoodError("a message is not an object")
    speaker = value.get("role", value.get("from"))
    role = _role(speaker)
    content = value.get("content", value.get("value", value.get("text")))
    if len(value) == 2 and type(content) is str and speaker not in CALL_SPEAKERS:
        return ReadTurn(role, content)
    if role == "system":  # only compared for exact copies
        reading = ParsedContent([])
    reading.attached += attachments_of(value)
    if speaker in CALL_SPEAKERS and (calls := _called(content)):
        return ReadTurn(role, "", calls)
    reasoning = [value[key] for key in REASONING_KEYS if type(value.get(key)) is str] if role == "assistant" else ()
    calls = _calls(value)
    if role == "assistant" and not calls and type(content) is list:
        content, calls = _without_calls(content)
    return ReadTurn(role, _text(content, reading), calls, reasoning)


def _text(content: Any, reading: ParsedContent) -> str:
    """The text of a content; parts that are not pure text are collected as attachments."""
    if type(content) is str:
        return content
    if content is None:
        return ""
    if type(content) is not list:
        raise NotUnderstoodError("the content of a message is neither text nor a list of parts")
    texts = []
    for part in content:
        text = part.get("text", part.get("value", part.get("refusal"))) if type(part) is dict else part
        if type(text) is str:
            texts.append(text)
        elif type(part) is not dict:
            raise NotUnderstoodError("a content part is neither text nor an object")
        if type(part) is dict and part.keys() - TEXT_PART_KEYS:
            reading.attached.append(part)
    return "\n".join(texts)


def _calls(turn: Object) -> str:
    """Names and arguments of the tools that a turn calls. Raises `NotUnderstoodError` if they are not in a list."""
    listed = turn.get("tool_calls") or []
    if type(listed) is not list:
        raise NotUnderstoodError("the tool calls of a message are not a list")
    calls = [call.get("function", call) if type(call) is dict else call for call in listed]
    if turn.get("function_call"):
        calls.append(turn["function_call"])
    return "\n".join(_call(call) for call in calls)


def _without_calls(content: list[Any]) -> tuple[list[Any], str]:
    """The parts of a content that are no calls, and the calls of the others, which LLaMA-Factory writes as parts; all
    parts, and no calls, if one of them cannot be read.
    """
    parts = [part for part in content if type(part) is dict and part.get("type") == "tool_call"]
    calls = [_called(part.get("value")) for part in parts]
    return ([part for part in content if part not in parts], "\n".join(calls)) if all(calls) else (content, "")


def _call(call: Any) -> str:
    """Name and arguments of a call as text. Raises `NotUnderstoodError` without a name."""
    if type(call) is not dict or type(call.get("name")) is not str:
        raise NotUnderstoodError("a tool call has no name")
    return call_text(call["name"], call.get("arguments", call.get("parameters", "")))


def _called(content: Any) -> str:
    """The calls in the text of a ShareGPT call turn; empty if it is anything else, which then is text."""
    try:
        value = json.loads(content) if type(content) is str else content
        return "\n".join(_call(call) for call in (value if type(value) is list else [value]))
    except (ValueError, RecursionError):
        return ""


def _list_reader(key: str) -> Callable[[Object, ParsedContent], None]:
    """A function that adds the turns in the list `key` to a reading."""

    def turns(value: Object, reading: ParsedContent) -> None:
        if type(value[key]) is not list:
            raise NotUnderstoodError(f"no list under {key}")
        for turn in value[key]:
            if (
                type(turn) is dict
                and len(turn) == 2
                and type(turn.get("role")) is str
                and type(text := turn.get("content")) is str
                and turn["role"] in TEXT_SPEAKERS
            ):
                reading.turns.append(ReadTurn(ROLES[turn["role"]], text))  # the common case
            else:
                reading.turns.append(_turn(turn, reading))

    return turns


def _side(side: Any, role: str, reading: ParsedContent) -> list[ReadTurn]:
    """One side: text, a turn or a list of turns."""
    if type(side) is str:
        return [ReadTurn(role, side)]
    if type(side) in (dict, list):
        return [_turn(turn, reading) for turn in (side if type(side) is list else [side])]
    raise NotUnderstoodError("a side of a pair is neither text nor messages")


def _pair(
    chosen_key: str, rejected_key: str, prompt: Callable[[Object, ParsedContent], list[ReadTurn]]
) -> Callable[[Object, ParsedContent], None]:
    """A reader of both sides of a preference; either may also hold the prompt."""

    def add_sides(value: Object, reading: ParsedContent) -> None:
        value = with_messages(value, chosen_key, rejected_key)
        chosen, rejected = (_side(value[key], "assistant", reading) for key in (chosen_key, rejected_key))
        reading.turns += ([] if _starts_with_user(chosen) else prompt(value, reading)) + chosen
        reading.others += _own_turns(rejected, reading.turns)

    return add_sides


def _starts_with_user(side: list[ReadTurn]) -> bool:
    """Whether the first turn other than a system turn is the user's: the side is a whole conversation."""
    return [turn.role for turn in side if turn.role != "system"][:1] == ["user"]


def _own_turns(rejected: list[ReadTurn], chosen: list[ReadTurn]) -> list[ReadTurn]:
    """The rejected turns without the prompt and system turns.

    If they start with a user turn, the turns that both sides share at the start count as the prompt.
    """
    rejected, chosen = ([turn for turn in side if turn.role != "system"] for side in (rejected, chosen))
    if not _starts_with_user(rejected):
        return rejected
    differing = (index for index, pair in enumerate(zip(chosen, rejected, strict=False)) if pair[0] != pair[1])
    return rejected[next(differing, min(len(chosen), len(rejected))) :]


def _messages(value: Object, reading: ParsedContent) -> None:
    """Messages; beside them may stand both sides of a preference, or the rejected one."""
    _list_reader("messages")(value, reading)
    if len(value) > 1:
        last = [turn.role for turn in reading.turns[-1:]]
        is_pair = any(_is_side(value.get(key)) for key in REJECTED_KEYS) and last not in ([], ["assistant"])
        if is_pair and _is_side(chosen := value.get("chosen", value.get("chosen_response"))):
            reading.turns += _side(chosen, "assistant", reading)
        _rejected_beside(value, reading)


def _rejected_beside(value: Object, reading: ParsedContent) -> None:
    """Add the turns of each rejected side beside a conversation to `reading.others`."""
    for key in REJECTED_KEYS:
        if _is_side(value.get(key)):
            reading.others += _own_turns(_side(value[key], "assistant", reading), reading.turns)


def _is_side(side: Any) -> bool:
    """Whether a value is an answer: text, a turn or turns."""
    turns = side if type(side) is list else [side]
    are_turns = all(type(turn) is dict and {"role", "from"} & turn.keys() for turn in turns)
    return type(side) is str or (bool(turns) and are_turns)


def _prompt(value: Object, reading: ParsedContent) -> list[ReadTurn]:
    """The prompt that both sides of a preference answer."""
    if type(value.get("conversations")) is list:
        return [_turn(turn, reading) for turn in value["conversations"]]
    if type(value.get("instruction")) is str:
        return _instruction_turns(value, reading)
    keys = ("prompt", "question", "query", "input")
    key = next((key for key in keys if key in value and (key == "prompt" or type(value[key]) is str)), "")
    return [*_history(value, reading), *(_side(value[key], "user", reading) if key else [])]


def _openai_prompt(value: Object, reading: ParsedContent) -> list[ReadTurn]:
    reading.attached += attachments_of(value["input"])
    return [_turn(turn, reading) for turn in value["input"]["messages"]]


def _history(value: Object, reading: ParsedContent) -> list[ReadTurn]:
    """Earlier questions with their answers."""
    turns = []
    history = value.get("history") or []
    for pair in history if type(history) is list else [history]:
        if type(pair) is not list or len(pair) != 2:
            raise NotUnderstoodError("the history is not a list of pairs")
        turns += [ReadTurn("user", _text(pair[0], reading)), ReadTurn("assistant", _text(pair[1], reading))]
    return turns


def _instruction_turns(value: Object, reading: ParsedContent) -> list[ReadTurn]:
    """The turns for an instruction and its input, after the earlier history."""
    return [*_history(value, reading), ReadTurn("user", _joined_texts(value, "instruction", "input", "context"))]


def _joined_texts(value: Object, *keys: str) -> str:
    """Join the non-blank texts of these keys with blank lines; the first text if all are blank."""
    if any(value.get(key) and type(value[key]) is not str for key in keys):
        raise NotUnderstoodError("text beside a question that is not text")
    texts = [value[key] for key in keys if type(value.get(key)) is str and value[key].strip()]
    return "\n\n".join(texts) if texts else next(value[key] for key in keys if type(value.get(key)) is str)


def _alpaca(value: Object, reading: ParsedContent) -> None:
    """Add the turns of an instruction and its answer to `reading.turns`."""
    reading.turns += [
        *_instruction_turns(value, reading),
        ReadTurn("assistant", _text(value["output"] if "output" in value else value["response"], reading)),
    ]


def _instances(value: Object, reading: ParsedContent) -> None:
    """Add a question and an answer to `reading.turns` for each instance of a task. Raises `NotUnderstoodError` for one
    without output.
    """
    for instance in value["instances"]:
        if type(instance) is not dict or "output" not in instance:
            raise NotUnderstoodError("an instance has no output")
        reading.turns += [
            ReadTurn("user", _joined_texts({**value, "input": instance.get("input")}, "instruction", "input")),
            ReadTurn("assistant", _text(instance["output"], reading)),
        ]


def _completion(value: Object, reading: ParsedContent) -> None:
    """Add the turns of a prompt and its completion to `reading.turns`."""
    plain = [*_side(value["prompt"], "user", reading), *_side(value["completion"], "assistant", reading)]
    reading.turns += [ReadTurn(*turn) for turn in completed_transcript(value) or ()] or plain


def _question_answer(value: Object, reading: ParsedContent) -> None:
    """Add the turns of the history, the question with what it is about, and the answer."""
    question_key, answer_key = question_keys(value) or ("", "")
    if type(value[question_key]) is list:
        question = _side(value[question_key], "user", reading)
    else:
        text = _joined_texts(value, "definition", "context", question_key)
        question = [ReadTurn("user", text if text.strip() else value[question_key])]
    reading.turns += [*_history(value, reading), *question, ReadTurn("assistant", value[answer_key])]


def _stored(value: Object, reading: ParsedContent) -> None:
    """Add the turns of a stored request and of its answer to `reading.turns`. Raises `NotUnderstoodError`."""
    turns = list_under(value, ("request", "body"), "messages", "input")
    if not turns or value.get("messages", turns) is not turns:
        raise NotUnderstoodError("a stored completion without the messages that it answers, or with others beside it")
    reading.turns += [_turn(turn, reading) for turn in (*turns, completion_of(value))]


def _plain(value: Object, reading: ParsedContent) -> None:
    """Add the turns of a text to `reading.turns`; the whole text is an answer if it has no marks of turns."""
    turns = None if value.get("system") else transcript(value["text"])
    reading.turns += [ReadTurn(*turn) for turn in turns or (("assistant", value["text"]),)]


def _sided_format(
    parse: Callable[[Object, list[Any]], tuple[TurnList, TurnList]],
) -> Callable[[Object, ParsedContent], None]:
    """Turns and the worse answer of a format with its own parser."""

    def turns(value: Object, reading: ParsedContent) -> None:
        try:
            both = parse(value, reading.attached)
        except (NoFormError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise NotUnderstoodError(f"a form that cannot be read: {error}") from None
        reading.turns[:], reading.others[:] = (
            [ReadTurn(_role(role), text, calls) for role, text, calls in side_turns] for side_turns in both
        )

    return turns


def _turns_format(parse: Callable[[Object, list[Any]], TurnList]) -> Callable[[Object, ParsedContent], None]:
    """Turns of a format with its own parser."""
    return _sided_format(lambda value, attached: (parse(value, attached), []))


def _has_keys(*keys: str) -> Callable[[Object], bool]:
    return lambda value: all(key in value for key in keys)


def _has_list(key: str) -> Callable[[Object], bool]:
    return lambda value: type(value.get(key)) is list


FORMS: Final[tuple[tuple[Callable[[Object], bool], Callable[[Object, ParsedContent], None]], ...]] = (
    (lambda value: type(completion_of(value)) is dict, _stored),
    *((detects, _sided_format(parse)) for detects, parse in SIDED_FORMS),
    *((detects, _turns_format(parse)) for detects, parse in BLOCK_FORMS),
    (_has_keys("messages"), _messages),
    (
        lambda value: (
            _has_keys("preferred_output", "non_preferred_output")(value)
            and type(value.get("input")) is dict
            and type(value["input"].get("messages")) is list
        ),
        _pair("preferred_output", "non_preferred_output", _openai_prompt),
    ),
    (
        _has_keys("chosen_messages", "rejected_messages"),
        _pair("chosen_messages", "rejected_messages", lambda _value, _reading: []),
    ),
    *((_has_keys(*sides), _pair(*sides, _prompt)) for sides in SIDES),
    (lambda v: "response" in v and bool(v.get("rejected_response")), _pair("response", "rejected_response", _prompt)),
    (
        lambda value: (
            type(turns := value.get("conversations")) is list
            and (not turns or any(type(turn) is dict for turn in turns))
        ),
        _list_reader("conversations"),
    ),
    (lambda value: type(value.get("instruction")) is str and ("output" in value or "response" in value), _alpaca),
    (_has_keys("prompt", "completion"), _completion),
    (lambda value: type(value.get("instruction")) is str and type(value.get("instances")) is list, _instances),
    (lambda value: question_keys(value) is not None, _question_answer),
    (lambda value: type(value.get("text")) is str, _plain),
    *((detects, _turns_format(parse)) for detects, parse in OTHER_FORMS),
    (
        lambda v: type(v.get("prompt")) in (str, list) and not has_answers(v),
        lambda value, reading: reading.turns.extend(_side(value["prompt"], "user", reading)),
    ),
    *((_has_list(key), _list_reader(key)) for key in LISTS),
)  # in order: how each format is detected, and its parser


def require_once(line: bytes, value: Any) -> None:
    """Raise `NotUnderstoodError` if an object of a parsed line has a key twice: which value counts is not known.

    Only lines whose number of keys may not be that of `value` are parsed again.
    """
    try:
        plain = not any(form in line for form in (*GAPS, *ESCAPES))
        if plain and line.count(b'":') == orjson.dumps(value).count(b'":'):
            return
    except (TypeError, orjson.JSONEncodeError):
        pass
    with suppress(RecursionError):
        json.loads(line.decode("utf-8"), object_pairs_hook=_once_each)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as an object. Raises `NotUnderstoodError` if a key occurs twice."""
    value = dict(pairs)
    if len(value) < len(pairs):
        repeated = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise NotUnderstoodError(f"the key {quoted(repeated)} occurs twice in one object")
    return value


def read_line(line: bytes) -> tuple[Any, ParsedContent]:
    """The value of a line of a split, a list as the messages of an object, and its content. Raises
    `NotUnderstoodError`.
    """
    value = loads(line)
    require_once(line, value)
    reading = read(value)
    return {"messages": value} if type(value) is list else value, reading


def unread(line: bytes) -> str:
    """Why a line holds no example that can be compared; empty if it holds one."""
    try:
        read_line(line)
    except NotUnderstoodError as error:
        return str(error)
    return ""


def lacks_choices(value: dict[str, Any], turns: list[tuple[str, str]]) -> bool:
    """Whether the answer to a question, each a role and a text, only names a choice that the question does not hold."""
    question = next((text for role, text in reversed(turns) if role == "user"), "")
    answer = next((text for role, text in reversed(turns) if role == "assistant"), value.get("answer"))
    lettered_choices = [[value.get(f"{name}{letter}") for letter in letters] for name, letters in LETTERED]
    choices: list[Any] = [choice for choice in lettered_choices if all(type(text) is str for text in choice)]
    choices += [value.get(key) for key in ("choices", "options", "endings", "answer_choices")]
    choices = [choice for choice in choices if type(choice) is not list or answer not in choice]
    names_choice = type(answer) is str and CHOICE.fullmatch(answer.strip())
    return bool(names_choice) and any(text not in question for text in _texts_inside(choices))


def _texts_inside(value: Any) -> list[str]:
    if type(value) is str:
        return [value]
    inner = value.values() if type(value) is dict else value if type(value) is list else ()
    return [text for item in inner for text in _texts_inside(item)]
