"""Rows of public corpora with keys of their own: SQuAD's questions about a passage, Glaive's chats, xLAM's calls.

Sources: the cards of rajpurkar/squad_v2, glaiveai/glaive-function-calling-v2 and Salesforce/xlam-function-calling-60k,
read 2026-11.
"""

import re
from typing import Any, Final

from curate.read.forms.form import (
    Format,
    Object,
    Reading,
    Turn,
    UnreadableError,
    has_strings,
    is_objects,
    json_in,
    omit_keys,
    system_turns,
    tool_calls,
    turn_at,
)
from curate.read.forms.rendered import split_transcript, turns_of


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
    return Reading([*turns, *turns_of(parsed, "/chat")], omit_keys(value, "system", "chat"))


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
