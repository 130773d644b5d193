"""Rows of public corpora with keys of their own: SQuAD's questions about a passage, Glaive's chats with functions.

Sources: the cards of rajpurkar/squad_v2 and glaiveai/glaive-function-calling-v2, read 2026-11.
"""

from typing import Final

from curate.read.forms.form import (
    Format,
    Object,
    Reading,
    Turn,
    UnreadableError,
    has_strings,
    omit_keys,
    system_turns,
    turn_at,
)
from curate.read.forms.rendered import split_transcript, turns_of


def _read_squad(value: Object) -> Reading:
    """The first answer is the assistant's; all of them and their positions stay beside it."""
    answers, context = value["answers"], value.get("context") or ""
    texts, starts = answers.get("text"), answers.get("answer_start", [])
    if not isinstance(texts, list) or not texts:
        raise UnreadableError("/answers", "the question has no answer")
    kinds = [*(isinstance(text, str) for text in texts), *(isinstance(start, int) for start in starts)]
    if not all(kinds) or not answers.keys() <= {"text", "answer_start"}:
        raise UnreadableError("/answers", "these are not texts and their positions")
    if not isinstance(context, str):
        raise UnreadableError("/context", "`context` is not text")
    asked = "\n\n".join(text for text in (context, value["question"]) if text.strip())
    question = Turn({"role": "user", "content": asked}, "/question", "/question")
    return Reading(
        [question, turn_at("assistant", texts[0], "/answers/text/0")], omit_keys(value, "question", "context")
    )


def _read_glaive(value: Object) -> Reading:
    parsed = split_transcript(value["chat"])
    if parsed is None:
        raise UnreadableError("/chat", "its marks do not enclose turns")
    systems = (turn.value["content"].strip().removeprefix("SYSTEM:").strip() for turn in system_turns(value))
    turns = [turn_at("system", text, "/system") for text in systems if text]
    return Reading([*turns, *turns_of(parsed, "/chat")], omit_keys(value, "system", "chat"))


SQUAD: Final = Format(
    "squad",
    "question, context and answers with their positions",
    lambda value: has_strings(value, "question") and isinstance(value.get("answers"), dict) and "text" not in value,
    uses=("question", "context", "answers"),
    read=_read_squad,
)
GLAIVE: Final = Format(
    "glaive",
    "system and chat: a text with USER:, ASSISTANT: and FUNCTION RESPONSE:",
    lambda value: has_strings(value, "chat"),
    uses=("system", "chat"),
    read=_read_glaive,
)
