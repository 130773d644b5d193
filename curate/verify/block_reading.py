"""Parse lines of services with content blocks, of reinforcement and of trees, without the code that wrote them."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from typing import Any, Final

from curate.core.example import canonical
from curate.verify.declarations import TEXT_PART_KEYS, attachments_of, question_keys
from curate.verify.lines import parse_exactly
from curate.verify.transcripts import transcript

Object = dict[str, Any]
TurnParts = tuple[str, str, str]
"""Role, text and calls of a turn."""
TurnList = list[TurnParts]
SPEAKERS: Final = {"model": "assistant", "prompter": "user", "function": "tool", "agent": "assistant"}
LIST_SPEAKERS: Final = {**SPEAKERS, "customer": "user"}
"""Under the key `speaker` of a list of turns."""
CALL_KEYS: Final = ("toolUse", "functionCall", "function_call")
RESULT_KEYS: Final = ("toolResult", "functionResponse", "function_response")
KEY_OF_TYPE: Final = {"tool_use": "toolUse", "tool_result": "toolResult", "thinking": "", "redacted_thinking": ""}
SILENT_KEYS: Final = ("reasoningContent", "cachePoint")
LISTS: Final = ("conversation", "dialogue", "dialog", "turns", "utterances", "data", "chat", "conversations")
OTHER_FORM_KEYS: Final = frozenset(("messages", "chosen", "chosen_messages", "preferred_output"))
PAIR_KEYS: Final = (("human", "assistant"), ("input", "output"), ("user", "assistant"), ("prompt", "response"))


class NoFormError(ValueError):
    """A line has the keys of a format, but not its content."""


def _text_or_json(value: Any) -> str:
    return value if type(value) is str else json.dumps(value, ensure_ascii=False)


def call_text(name: Any, arguments: Any) -> str:
    """The text of a call: its name and arguments, these with sorted keys where they are a JSON object or array."""
    try:
        value = parse_exactly(arguments.encode("utf-8", "surrogatepass")) if type(arguments) is str else arguments
    except (ValueError, RecursionError):
        value = None
    written = (
        canonical(value).decode("utf-8", "surrogatepass") if type(value) in (dict, list) else _text_or_json(arguments)
    )
    return f"{name} {written}"


def _content(content: Any, attached: list[Any]) -> str:
    """The text of a message, its parts joined by line breaks; parts without a text are added to `attached`.

    Empty for None. Raises `NoFormError` for content that is neither text nor a list.
    """
    if type(content) is str or content is None:
        return content or ""
    if type(content) is not list:
        raise NoFormError("the content of a message is neither text nor a list of parts")
    texts = []
    for part in content:
        text = part.get("text", part.get("refusal", part.get("json"))) if type(part) is dict else part
        if type(part) is dict and part.keys() == {"cachePoint"}:
            continue
        if text is None or (type(part) is dict and part.keys() - TEXT_PART_KEYS - {"json"}):
            attached.append(part)
        if text is not None:
            texts.append(_text_or_json(text))
    return "\n".join(texts)


def _blocks(role: str, parts: Any, attached: list[Any]) -> Iterator[TurnParts]:
    """The turns in the blocks of one message: each result as a turn of a tool, then its text and calls.

    Parts of other types, such as images, are added to `attached`; reasoning is left out. Raises `NoFormError` for a
    part that is no object.
    """
    if type(parts) is not list:
        yield role, _content(parts, attached), ""
        return
    texts, calls, results = list[str](), list[str](), TurnList()
    for part in parts:
        if type(part) is not dict:
            raise NoFormError("a content part is not an object")
        typed = KEY_OF_TYPE.get(str(part.get("type")))
        kind = (
            typed if typed is not None else next(filter(partial(_has_object, part), (*CALL_KEYS, *RESULT_KEYS)), None)
        )
        block = part if typed else part.get(kind or "", {})
        if kind == "" or part.get("thought") or any(_has_object(part, key) for key in SILENT_KEYS):
            continue
        if kind in CALL_KEYS:
            calls.append(call_text(block.get("name"), block.get("input", block.get("args", {}))))
        elif kind in RESULT_KEYS:
            answer = block.get("response", {})
            answer = answer["output"] if type(answer) is dict and answer.keys() == {"output"} else answer
            text = _text_or_json(answer) if kind in ("functionResponse", "function_response") else None
            results.append(("tool", _content(block.get("content"), attached) if text is None else text, ""))
        else:
            texts += [part["text"]] if type(part.get("text")) is str else []
            attached += [part] if "text" not in part or part.keys() - TEXT_PART_KEYS else []
    yield from results
    if texts or calls or not results:
        yield role, "\n".join(texts), "\n".join(calls)


def _has_object(part: Object, key: str) -> bool:
    """Whether a part that is no text has an object under a key."""
    return type(part.get(key)) is dict and type(part.get("text")) is not str


def _role(turn: Any) -> str:
    """The role of a turn with aliases resolved, `user` without one. Raises `NoFormError` if it is not text."""
    role = turn.get("role", "user") if type(turn) is dict else None
    if type(role) is not str:
        raise NoFormError("a message has no role")
    return SPEAKERS.get(role, role)


def _messages(value: Object, key: str, parts: str, attached: list[Any]) -> TurnList:
    """The messages in the list `key`, with their parts in `parts`; those without a text are added to `attached`."""
    turns = TurnList()
    for turn in value[key]:
        turns += _blocks(_role(turn), turn.get(parts), attached)
        attached += attachments_of(turn)
    return turns


def _system(value: Any) -> TurnList:
    """The system prompt as a turn; none if it is empty."""
    text = _content(value.get("parts") if type(value) is dict else value, [])
    return [("system", text, "")] if text else []


def _bedrock(value: Object, attached: list[Any]) -> TurnList:
    return _system(value.get("system")) + _messages(value, "messages", "content", attached)


def _vertex(value: Object, attached: list[Any]) -> TurnList:
    system = value.get("systemInstruction", value.get("system_instruction"))
    return _system(system) + _messages(value, "contents", "parts", attached)


def _vertex_sides(value: Object, attached: list[Any]) -> tuple[TurnList, TurnList]:
    """The prompt with the answer of the higher score, and the other answer alone; parts without a text are added to
    `attached`.
    """
    worse, better = sorted(value["completions"], key=lambda side: side["score"])
    prompt = _vertex(value, attached)
    sides = [_messages({"contents": [side["completion"]]}, "contents", "parts", attached) for side in (better, worse)]
    return prompt + sides[0], sides[1]


def _nova_sides(value: Object, attached: list[Any]) -> tuple[TurnList, TurnList]:
    """The prompt with the preferred answer, and the other answer alone, of a preference example for Amazon Nova.

    Parts without a text are added to `attached`.
    """
    *messages, last = value["messages"]
    sides = {
        side["preferenceLabel"]: list(_blocks(_role(last), side["content"], attached)) for side in last["candidates"]
    }
    return _bedrock({**value, "messages": messages}, attached) + sides["preferred"], sides["non-preferred"]


def _items(items: Any, attached: list[Any]) -> Iterator[TurnParts]:
    """The turns in the input or output of a response: a text of the user, or items; none for reasoning or None.

    Raises `NoFormError` for an item of another type, or of a form that is not known.
    """
    for item in [{"role": "user", "content": items}] if type(items) is str else items or ():
        kind = item.get("type", "message") if type(item) is dict else None
        if kind == "function_call":
            yield "assistant", "", call_text(item.get("name"), item.get("arguments", ""))
        elif kind == "function_call_output":
            yield "tool", _content(item.get("output"), attached), ""
        elif kind == "message":
            yield _role(item), _content(item.get("content"), attached), ""
            attached += attachments_of(item)
        elif kind != "reasoning":
            raise NoFormError("an item of an unknown type")


def _responses(value: Object, attached: list[Any]) -> TurnList:
    """The turns of the Responses API; calls that follow a turn of their role are joined to it.

    Parts without a text are added to `attached`.
    """
    value = value.get("responses_create_params", value)
    turns = _system(value.get("instructions"))
    for turn in [*_items(value.get("input"), attached), *_items(value.get("output"), attached)]:
        if turns and turn[2] and turns[-1][0] == turn[0]:
            turns[-1] = (turn[0], turns[-1][1], "\n".join(filter(None, (turns[-1][2], turn[2]))))
        else:
            turns.append(turn)
    return turns


def _rank(reply: Object) -> float:
    """The rank of a reply, lower for a better one; infinite if it is no number."""
    rank = reply.get("rank")
    return rank if isinstance(rank, int | float) else float("inf")


def _tree(value: Object, _attached: list[Any]) -> TurnList:
    """The turns on the path of the best-ranked replies, up to the last answer."""
    turns, message = TurnList(), value["prompt"]
    while message:
        turns.append((_role(message), _content(message.get("text"), []), ""))
        replies = [reply for reply in message.get("replies") or () if not reply.get("deleted")]
        message = min(replies, key=_rank, default=None)
    last = max((index for index, turn in enumerate(turns) if turn[0] == "assistant"), default=0)
    return turns[: last + 1]


def _steps(value: Object, _attached: list[Any]) -> TurnList:
    """A question and the steps of its answer, joined by line breaks."""
    return [("user", value["prompt"], ""), ("assistant", "\n".join(value["completions"]), "")]


def _segments(value: Object, _attached: list[Any]) -> TurnList:
    """The segments with a label as answers, those without as turns of the user; consecutive ones are joined."""
    runs = groupby(value["segments"], key=lambda segment: segment["label"])
    return [("assistant" if label else "user", "".join(segment["text"] for segment in run), "") for label, run in runs]


def _list(value: Object, attached: list[Any]) -> TurnList:
    """The turns of a list in any of its forms; parts without a text are added to `attached`."""
    turns, speakers = _system(value.get("system") or value.get("system_prompt")), list[str]()
    for index, item in enumerate(next(value[key] for key in LISTS if _is_list(value.get(key), key))):
        attached += attachments_of(item) if type(item) is dict else []
        pair = next((pair for pair in PAIR_KEYS if type(item) is dict and set(pair) <= item.keys()), None)
        if type(item) is str:
            turns.append(("assistant" if index % 2 else "user", item, ""))
        elif pair and "role" not in item:
            turns += [*_system(item.get("system")), ("user", item[pair[0]], ""), ("assistant", item[pair[1]], "")]
        elif type(item) is dict and type(item.get("from")) is str and type(item.get("value")) in (str, list):
            turns.append((item["from"], _content(item["value"], attached), ""))
        elif type(item) is dict and type(item.get("speaker")) is str and not {"role", "content", "from"} & item.keys():
            name, text = item["speaker"].lower(), item["text"] if type(item.get("text")) is str else item["utterance"]
            speakers.append(name)
            turns.append((LIST_SPEAKERS.get(name, name), _content(text, []), ""))
        else:
            raise NoFormError("a turn that is neither text nor a pair")
    if "system" in speakers and set(speakers) <= {"user", "system"}:
        if speakers[0] == "system":
            raise NoFormError("a speaker that may be the assistant or give instructions")
        return [("assistant" if role == "system" else role, text, "") for role, text, _ in turns]
    return turns


def _has_objects(items: Any) -> bool:
    """Whether a value is a list of one or more objects."""
    return type(items) is list and bool(items) and {type(item) for item in items} == {dict}


def _is_langchain(value: Object) -> bool:
    first = (value["messages"] or [None])[0] if type(value.get("messages")) is list else None
    return type(first) is dict and type(first.get("type")) is str and {"role", "from"}.isdisjoint(first)


def _langchain(value: Object, attached: list[Any]) -> TurnList:
    """The turns of serialized LangChain messages; parts without a text are added to `attached`."""
    turns = TurnList()
    for turn in value["messages"]:
        message, type_name = turn, turn["type"]
        if type_name == "constructor":
            message, type_name = turn["kwargs"], turn["id"][-1]
        message = message.get("data", message)
        attached += attachments_of(message)
        kind = type_name.removesuffix("Chunk").removesuffix("Message").lower()
        extra = message.get("additional_kwargs") or {}
        calls = list(message.get("tool_calls") or extra.get("tool_calls") or ())
        calls = [call.get("function", call) for call in calls] + [extra[key] for key in extra if key == "function_call"]
        call_texts = [call_text(call["name"], call.get("args", call.get("arguments", ""))) for call in calls]
        content = message["content"]
        if type(content) is list:
            content = [part for part in content if type(part) is str or part.get("type") != "tool_use"]
        role = message["role"] if kind == "chat" else {"human": "user", "ai": "assistant"}.get(kind, kind)
        turns.append((role, _content(content, attached), "\n".join(call_texts)))
    return turns


def _squad(value: Object, _attached: list[Any]) -> TurnList:
    """A context with its question, and the first answer. Raises `NoFormError` without one."""
    if not value["answers"].get("text"):
        raise NoFormError("a question without an answer")
    question_texts = [text for text in (value.get("context") or "", value["question"]) if text.strip()]
    return [("user", "\n\n".join(question_texts), ""), ("assistant", _content(value["answers"]["text"][0], []), "")]


def _glaive(value: Object, _attached: list[Any]) -> TurnList:
    """The turns of a chat as one text. Raises `NoFormError` if its marks do not enclose turns."""
    parts = transcript(value["chat"])
    if not parts:
        raise NoFormError("a chat whose marks do not enclose turns")
    system = (value.get("system") or "").strip().removeprefix("SYSTEM:").strip()
    return _system(system) + [(role, text, "") for role, text in parts]


def _xlam(value: Object, _attached: list[Any]) -> TurnList:
    """A question and the calls that answer it."""
    answers = value["answers"]
    calls = parse_exactly(answers.encode("utf-8", "surrogatepass")) if type(answers) is str else answers
    call_texts = [call_text(call["name"], call["arguments"]) for call in calls]
    return [("user", value["query"], ""), ("assistant", "", "\n".join(call_texts))]


def _first_part(turns: Any) -> Object:
    parts = turns[0].get("parts") if type(turns) is list and turns and type(turns[0]) is dict else None
    return parts[0] if type(parts) is list and parts and type(parts[0]) is dict else {}


def _has_blocks(value: Object) -> bool:
    turns = value.get("messages")
    system = value.get("system")
    if "schemaVersion" in value or (type(system) is list and system and all(type(block) is dict for block in system)):
        return type(turns) is list
    return type(turns) is list and any(
        type(part) is dict
        and (
            str(part.get("type")) in KEY_OF_TYPE
            or any(_has_object(part, key) for key in (*CALL_KEYS, *RESULT_KEYS, *SILENT_KEYS))
        )
        for turn in turns
        if type(turn) is dict and type(turn.get("content")) is list
        for part in turn["content"]
    )


def _ranked_sides(value: Object, _attached: list[Any]) -> tuple[TurnList, TurnList]:
    scored = [(completion["overall_score"], completion["response"]) for completion in value["completions"]]
    best, worst = (pick(scored, key=lambda item: item[0]) for pick in (max, min))
    if best[0] == worst[0] or any(type(text) is not str for _, text in scored):
        raise NoFormError("no answer is better than another one")
    return [("user", value["instruction"], ""), ("assistant", best[1], "")], [("assistant", worst[1], "")]


SIDED_FORMS: Final[
    tuple[tuple[Callable[[Object], bool], Callable[[Object, list[Any]], tuple[TurnList, TurnList]]], ...]
] = (
    (
        lambda value: (
            type(value.get("messages")) is list
            and type(turn := (value["messages"] or [None])[-1]) is dict
            and _has_objects(sides := turn.get("candidates"))
            and any("preferenceLabel" in side for side in sides or ())
        ),
        _nova_sides,
    ),
    (lambda value: "contents" in value and type(value.get("completions")) is list, _vertex_sides),
    (
        lambda value: (
            type(value.get("instruction")) is str
            and type(answers := value.get("completions")) is list
            and any(type(answer) is dict and "response" in answer for answer in answers[:1])
        ),
        _ranked_sides,
    ),
)
"""Formats of preference pairs: turns with the better answer, and the worse answer."""
BLOCK_FORMS: Final[tuple[tuple[Callable[[Object], bool], Callable[[Object, list[Any]], TurnList]], ...]] = (
    (_is_langchain, _langchain),
    (
        lambda value: (
            _has_texts(value.get("conversations"))
            and OTHER_FORM_KEYS.isdisjoint(value)
            and question_keys(value) is None
        ),
        _list,
    ),
    (_has_blocks, _bedrock),
)
"""Formats with messages; they are recognized before the format messages."""
OTHER_FORMS: Final[tuple[tuple[Callable[[Object], bool], Callable[[Object, list[Any]], TurnList]], ...]] = (
    (lambda value: bool(_first_part(value.get("contents"))), _vertex),
    (lambda value: type(value.get("responses_create_params")) is dict, _responses),
    (
        lambda value: _has_objects(value.get("input")) or ("input" in value and type(value.get("output")) is list),
        _responses,
    ),
    (lambda value: type(value.get("prompt")) is str and type(value.get("completions")) is list, _steps),
    (lambda value: type(value.get("prompt")) is dict and "replies" in value["prompt"], _tree),
    (lambda value: type(value.get("segments")) is list, _segments),
    (lambda value: type(value.get("question")) is str and type(value.get("answers")) is dict, _squad),
    (lambda value: type(value.get("chat")) is str, _glaive),
    (
        lambda value: (
            type(value.get("query")) is str and {type(value.get(key)) for key in ("answers", "tools")} <= {str, list}
        ),
        _xlam,
    ),
    (lambda value: any(_is_list(value.get(key), key) for key in LISTS), _list),
)
"""Formats under other keys; they are recognized after all others."""


def _is_list(items: Any, key: str) -> bool:
    return (
        type(items) is list
        and bool(items)
        and ((_has_texts(items) and key != "turns") or (type(items[0]) is dict and "role" not in items[0]))
    )


def _has_texts(items: Any) -> bool:
    """Whether a value is a list of two or more texts."""
    return type(items) is list and len(items) > 1 and {type(item) for item in items} == {str}
