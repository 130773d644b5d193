"""Conversations under other names: lists of turns or of pairs, trees of replies, labelled segments and steps, and the
one text or tool call of a data set.

Sources: Axolotl's and TRL's documentation, OpenAssistant's export format, the data sets UltraChat, Firefly, XTuner,
Schema-Guided Dialogue, MultiWOZ and Taskmaster, and the cards of rajpurkar/squad_v2,
glaiveai/glaive-function-calling-v2 and Salesforce/xlam-function-calling-60k, read 2026-11.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from curate.core.form_keys import ROOT_KEY, TURN_LISTS
from curate.core.text import quoted
from curate.read.forms.form import (
    Format,
    Object,
    Reading,
    Turn,
    UnreadableError,
    has_strings,
    is_objects,
    is_texts,
    json_in,
    omit_keys,
    system_before,
    system_turns,
    tool_calls,
    turn_at,
)
from curate.read.forms.pairs import SPEAKERS
from curate.read.forms.preference_writers import write_ranking
from curate.read.forms.rendered import rendered_turns, split_transcript


def _read_squad(value: Object) -> Reading:
    """Read the question and its first answer. The key `answers` stays in the example."""
    answers, context = value["answers"], value.get("context") or ""
    texts, starts = answers.get("text"), answers.get("answer_start", [])
    if not isinstance(texts, list) or not texts:
        raise UnreadableError("/answers", "the question has no answer")
    kinds = [*(isinstance(text, str) for text in texts), *(isinstance(start, int) for start in starts)]
    if not all(kinds) or not answers.keys() <= {"text", "answer_start"}:
        raise UnreadableError("/answers", "these are not texts and their positions")
    if not isinstance(context, str):
        raise UnreadableError("/context", "`context` is not text")
    question_text = "\n\n".join(text for text in (context, value["question"]) if text.strip())
    question = Turn({"role": "user", "content": question_text}, "/question", "/question")
    return Reading(
        [question, turn_at("assistant", texts[0], "/answers/text/0")], omit_keys(value, "question", "context")
    )


def _read_glaive(value: Object) -> Reading:
    """The system prompt and the turns of a chat of Glaive. Raises `UnreadableError` if its marks do not
    enclose turns.
    """
    parsed = split_transcript(value["chat"])
    if parsed is None:
        raise UnreadableError("/chat", "its marks do not enclose turns")
    systems = (turn.value["content"].strip().removeprefix("SYSTEM:").strip() for turn in system_turns(value))
    turns = [turn_at("system", text, "/system") for text in systems if text]
    return Reading([*turns, *rendered_turns(parsed, "/chat")], omit_keys(value, "system", "chat"))


JSON_TYPES: Final = {
    "str": "string", "int": "integer", "float": "number", "bool": "boolean", "dict": "object",
    **dict.fromkeys(("list", "set", "tuple"), "array"),
}  # fmt: skip
"""JSON Schema types by the name of the Python type."""


def _read_xlam(value: Object) -> Reading:
    """The answers are calls; the types of parameters, written as in Python, become a JSON Schema. In a table, both may
    be parsed already.
    """
    tools = json_in(value["tools"]) if isinstance(value["tools"], str) else value["tools"]
    calls = tool_calls(value["answers"])
    if not calls:
        raise UnreadableError("/answers", "these are not calls, each of a name and arguments")
    if tools != [] and not is_objects(tools):
        raise UnreadableError("/tools", "this is no list of functions")
    turns = [
        turn_at("user", value["query"], "/query"),
        Turn({"role": "assistant", "content": None, "tool_calls": calls}, "/answers", "/answers"),
    ]
    rest = omit_keys(value, "query", "answers")
    return Reading(turns, {**rest, "tools": [{"type": "function", "function": _function(tool)} for tool in tools]})


def _function(tool: Object) -> Object:
    """Convert the parameters of a function to a JSON Schema, unless they are not a mapping of names to objects."""
    parameters = tool.get("parameters")
    if not isinstance(parameters, dict) or not all(isinstance(parameter, dict) for parameter in parameters.values()):
        return tool
    optional = {
        name
        for name, parameter in parameters.items()
        if "default" in parameter or "optional" in str(parameter.get("type"))
    }
    properties = {name: {**parameter, **_json_type(parameter.get("type"))} for name, parameter in parameters.items()}
    needed = [name for name in parameters if name not in optional]
    return {**tool, "parameters": {"type": "object", "properties": properties, "required": needed}}


def _json_type(written: Any) -> Object:
    """The JSON Schema of a type as Python writes it: `List[str]` -> `{"type": "array"}`; empty if it is unknown."""
    match = re.match(r"\w+", written) if isinstance(written, str) else None
    json_type = JSON_TYPES.get(match[0].lower()) if match else None
    return {"type": json_type} if json_type else {}


SQUAD: Final = Format(
    "squad",
    "question, context and answers with their positions",
    lambda value: has_strings(value, "question") and isinstance(value.get("answers"), dict) and "text" not in value,
    read=_read_squad,
)
GLAIVE: Final = Format(
    "glaive",
    "system and chat: a text with USER:, ASSISTANT: and FUNCTION RESPONSE:",
    lambda value: has_strings(value, "chat"),
    read=_read_glaive,
)
XLAM: Final = Format(
    "xlam",
    "query, tools and answers as JSON texts: the calls that answer",
    lambda value: (
        has_strings(value, "query") and all(isinstance(value.get(key), str | list) for key in ("answers", "tools"))
    ),
    read=_read_xlam,
)
ITEM_KEYS: Final = (("human", "assistant"), ("input", "output"), ("user", "assistant"), ("prompt", "response"))
"""Keys of an item that holds a question and its answer."""
TEXT_KEYS: Final = ("text", "utterance")
"""Keys of an item for what its `speaker` says."""


def _turns_key(value: Object) -> str | None:
    """The key of the list of turns; None if no list of the object holds turns."""
    if value.keys() == {ROOT_KEY}:  # texts alone have a role under a key that a data set is known by, and nowhere else
        return ROOT_KEY if is_objects(value[ROOT_KEY]) and _is_turns(value[ROOT_KEY]) else None
    return next((key for key in TURN_LISTS if _is_turns(value.get(key)) and not _asks_alone(key, value[key])), None)


def _asks_alone(key: str, items: list[Any]) -> bool:
    """Whether a list of texts holds only questions, as `turns` of MT-Bench does."""
    return key == "turns" and isinstance(items[0], str)


def _is_turns(items: Any) -> bool:
    """Whether a list holds turns of a known form, by its first item, or texts."""
    if is_objects(items):
        first = items[0]
        speaks = any(has_strings(first, *keys) for keys in (("role", "content"), ("from", "value"), ("speaker",)))
        return speaks or _pair_keys(first) is not None or isinstance(first.get("role"), str)
    return is_texts(items)


def _pair_keys(item: Object) -> tuple[str, str] | None:
    """The keys of a question and its answer in one item; None if it does not have both."""
    return next((pair for pair in ITEM_KEYS if has_strings(item, *pair)), None)


def list_format(speaker: Callable[[Any, str], Turn]) -> Format:
    """The form of a list of turns under another key; `speaker` reads a turn of a ShareGPT file."""

    def turns(value: Object) -> Iterator[Turn]:
        key = _turns_key(value) or ""
        items, pointer = value[key], f"/{key}" if key else ""
        yield from system_before(value)
        names = [str(item.get("speaker")).casefold() for item in items if isinstance(item, dict)]
        roles = {**SPEAKERS, "agent": "assistant", "customer": "user"}
        if set(names) <= {"user", "system"}:  # a system that answers, as in Schema-Guided Dialogue, or instructs
            roles["system"] = "assistant" if names[:1] == ["user"] else ""
        for i, item in enumerate(items):
            item_pointer = f"{pointer}/{i}"
            if isinstance(item, str):
                yield turn_at("user" if i % 2 == 0 else "assistant", item, item_pointer)
            elif isinstance(item, dict) and (pair := _pair_keys(item)) and not isinstance(item.get("role"), str):
                yield from _pair_turns(item, pair, item_pointer)
            elif isinstance(item, dict) and "speaker" in item and "from" not in item:
                yield _speaker_turn(item, roles, item_pointer)
            else:
                yield speaker(item, item_pointer)

    return Format(
        "turn-list",
        "a list of turns under conversation, dialogue, data or the like, or as the whole line",
        lambda value: _turns_key(value) is not None,
        turns,
    )


def _pair_turns(item: Object, pair: tuple[str, str], pointer: str) -> Iterator[Turn]:
    """The question and the answer of an item under the keys `pair`, after its system prompt if it has one."""
    yield from system_turns(item, pointer)
    rest = omit_keys(item, *pair, "system")
    if repeated := [key for key in ("role", "content", "instruction") if key in rest]:
        raise UnreadableError(f"{pointer}/{repeated[0]}", f"`{repeated[0]}` beside a question and its answer")
    yield Turn({"role": "user", "content": item[pair[0]]}, pointer, f"{pointer}/{pair[0]}")
    yield Turn({"role": "assistant", "content": item[pair[1]], **rest}, pointer, f"{pointer}/{pair[1]}")


def _speaker_turn(item: Object, roles: Mapping[str, str], pointer: str) -> Turn:
    """The turn of an item with a `speaker`."""
    text_key = next((key for key in TEXT_KEYS if has_strings(item, "speaker", key)), "")
    if not text_key or "role" in item or "content" in item:
        raise UnreadableError(pointer, "this is not a `speaker` with a text under `text` or `utterance`")
    role = roles.get(item["speaker"].casefold())
    if not role:
        raise UnreadableError(
            f"{pointer}/speaker",
            f"no role is known for the speaker {quoted(item['speaker'], 40)}: write user, customer, assistant, "
            "agent, system or tool",
        )
    return Turn(
        {"role": role, "content": item[text_key], **omit_keys(item, "speaker", text_key)},
        pointer,
        f"{pointer}/{text_key}",
    )


def _replies(message: Object) -> list[Object]:
    """The replies to a message that are not deleted. Raises `UnreadableError` if they are no list of objects."""
    replies = message.get("replies") or []
    if not isinstance(replies, list) or not all(isinstance(reply, dict) for reply in replies):
        raise UnreadableError("/prompt", "the replies to a message are no list of objects")
    return [reply for reply in replies if not reply.get("deleted")]


def _rank(reply: Object) -> float:
    """The rank of a reply, lower for a better one; infinite without a rank."""
    rank = reply.get("rank")
    return rank if isinstance(rank, int | float) else float("inf")


def _tree(value: Object) -> Reading:
    """Read the path of the best-ranked replies down to the last answer. The key `tree` holds the whole tree."""
    path, pointer = [(value["prompt"], "/prompt")], "/prompt"
    _message_count(value["prompt"])  # reads the replies beside the path, too
    while replies := _replies(path[-1][0]):
        best = min(replies, key=_rank)
        pointer = f"{pointer}/replies/{path[-1][0]['replies'].index(best)}"
        path.append((best, pointer))
    while len(path) > 1 and path[-1][0].get("role") == "prompter":
        path.pop()
    reading = Reading([], omit_keys(value, "prompt"))
    for message, where in path:
        role = "user" if message.get("role") == "prompter" else message.get("role")
        if not isinstance(message.get("text"), str) or not isinstance(role, str):
            raise UnreadableError(where, "a message of the tree has no role or no text")
        reading.turns.append(Turn({"role": role, "content": message["text"]}, where, f"{where}/text"))
    reading.rest["tree"] = value["prompt"]
    return reading


def _replies_beside(tree: Object) -> int:
    """Number of replies in a tree that are on no best-ranked path."""
    return _message_count(tree) - len(_tree({"prompt": tree}).turns)


def _message_count(message: Object) -> int:
    return 1 + sum(map(_message_count, _replies(message)))


def _ranking(value: Object) -> Reading:
    """Read the question with the best answer. `rejected` holds the worst answer, `ranking` all answers."""
    answers = value["completions"]
    scores = [answer.get("overall_score") for answer in answers]
    for i, (answer, score) in enumerate(zip(answers, scores, strict=True)):
        if not has_strings(answer, "response") or isinstance(score, bool) or not isinstance(score, int | float):
            raise UnreadableError(f"/completions/{i}", "an answer has no `response` or no `overall_score`")
    best, worst = (scores.index(pick(scores)) for pick in (max, min))
    if scores[best] == scores[worst]:
        raise UnreadableError("/completions", "no answer has a better `overall_score` than another one")
    pointer = f"/completions/{best}/response"
    turns = [
        turn_at("user", value["instruction"], "/instruction"),
        turn_at("assistant", answers[best]["response"], pointer),
    ]
    rest = {
        **omit_keys(value, "instruction", "completions"),
        "rejected": answers[worst]["response"],
        "ranking": answers,
    }
    return Reading(turns, rest, {"/rejected": f"/completions/{worst}/response", "/ranking": "/completions"})


def _take_ranking(value: Object) -> str:
    """Remove the ranking from `value`; returns what that leaves out, in words for a note."""
    del value["ranking"]
    return "scores and other answers of a ranking"


def _segments(value: Object) -> Reading:
    """Read segments: trained ones are of the assistant, others of the user. Consecutive ones with one label are one
    turn.
    """
    reading = Reading([], omit_keys(value, "segments"))
    for i, segment in enumerate(value["segments"]):
        if (
            segment.keys() != {"label", "text"}
            or not isinstance(segment["label"], bool)
            or not isinstance(segment["text"], str)
        ):
            raise UnreadableError(f"/segments/{i}", "a segment is not `label` (true or false) and `text`")
    numbered = list(enumerate(value["segments"]))
    for label, run in groupby(numbered, key=lambda item: item[1]["label"]):
        members = list(run)
        first = members[0][0]
        pointer = f"/segments/{first}"
        text = "".join(segment["text"] for _, segment in members)
        reading.turns.append(
            Turn({"role": "assistant" if label else "user", "content": text}, pointer, f"{pointer}/text")
        )
    return reading


def _steps(value: Object) -> Reading:
    """Read the steps as one answer, joined by line breaks as in TRL. The key `labels` stays in the example."""
    reading = Reading([], omit_keys(value, "prompt", "completions"))
    steps, labels = value["completions"], value.get("labels")
    if not isinstance(steps, list) or not isinstance(labels, list) or len(steps) != len(labels) or not steps:
        raise UnreadableError("/labels", "`completions` and `labels` are not two lists of one length")
    if not has_strings(value, "prompt") or not all(isinstance(step, str) for step in steps):
        raise UnreadableError("/completions", "the prompt or a step is not text")
    reading.turns = [
        turn_at("user", value["prompt"], "/prompt"),
        Turn({"role": "assistant", "content": "\n".join(value["completions"])}, "/completions", "/completions"),
    ]
    return reading


TREE: Final = Format(
    "oasst-tree",
    "a prompt with nested replies; the best-ranked path is the conversation",
    lambda value: isinstance(value.get("prompt"), dict) and "replies" in value["prompt"] and "messages" not in value,
    read=_tree,
    take_others=lambda value: "replies beside the best-ranked path" if _replies_beside(value.pop("tree")) else "",
)
SEGMENTS: Final = Format(
    "segments",
    "Axolotl's segments of label and text",
    lambda v: is_objects(v.get("segments")) and any({"label", "text"} <= segment.keys() for segment in v["segments"]),
    read=_segments,
)
RANKING: Final = Format(
    "ultrafeedback",
    "instruction, completions with a response and an overall_score each; the best answer against the worst",
    lambda value: (
        has_strings(value, "instruction")
        and is_objects(value.get("completions"))
        and "response" in value["completions"][0]
    ),
    read=_ranking,
    write_pair=write_ranking,
    take_others=_take_ranking,
)
STEPS: Final = Format(
    "stepwise",
    "prompt, completions, labels: steps of an answer with a label each",
    lambda v: {"prompt", "completions"} <= v.keys(),
    read=_steps,
)
