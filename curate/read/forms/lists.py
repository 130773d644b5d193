"""Conversations under other names: lists of turns or of pairs, trees of replies, labelled segments and steps.

Sources: Axolotl's and TRL's documentation, OpenAssistant's export format and the data sets UltraChat, Firefly, XTuner,
Schema-Guided Dialogue, MultiWOZ and Taskmaster, read 2026-11.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from curate.core.form_keys import ROOT_KEY, TURN_LISTS
from curate.read.forms.form import (
    Format,
    Object,
    Reading,
    Turn,
    UnreadableError,
    has_strings,
    is_objects,
    is_texts,
    omit_keys,
    system_before,
    system_turns,
    turn_at,
)
from curate.read.forms.pairs import SPEAKERS
from curate.read.forms.preference_writers import write_ranking

PAIR_KEYS: Final = (("human", "assistant"), ("input", "output"), ("user", "assistant"), ("prompt", "response"))
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
    return next((pair for pair in PAIR_KEYS if has_strings(item, *pair)), None)


def list_format(speaker: Callable[[Any, str], Turn]) -> Format:
    """The form of a list of turns under another key; `speaker` reads a turn of a ShareGPT file."""

    def turns(value: Object) -> Iterator[Turn]:
        key = _turns_key(value) or ""
        items, pointer = value[key], f"/{key}" if key else ""
        yield from system_before(value)
        names = [str(item.get("speaker")).casefold() for item in items if isinstance(item, dict)]
        roles = {**SPEAKERS, "agent": "assistant"}
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
    role = roles.get(item["speaker"].casefold()) if text_key else None
    if not role or "role" in item or "content" in item:
        raise UnreadableError(pointer, "this is not a text and a speaker whose role is known")
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
    """The number of messages in a tree."""
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
