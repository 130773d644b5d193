"""Preference pairs for services with content blocks: the two answers are candidates of one turn.

Source: the guides to preference tuning of Gemini (cloud.google.com/vertex-ai) and of Amazon Nova
(docs.aws.amazon.com/nova), read 2026-11.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, cast

from curate.read.forms.bedrock import BEDROCK
from curate.read.forms.form import Format, Object, Reading, Turn, UnreadableError, is_objects, omit_keys
from curate.read.forms.vertex import VERTEX

LABELS: Final = ("non-preferred", "preferred")


class Side(NamedTuple):
    """An answer: the turn in the service's form, its pointer in the line, and the pointer that its reader gives it."""

    turn: Object
    pointer: str
    read_as: str


def _pair(form: Format, prompt: Object, key: str, rejected: Side, chosen: Side) -> Reading:
    """The reading of the prompt and the chosen answer; the other one is under `rejected`, as messages. `key`: where the
    form has its turns.
    """
    read = cast("Callable[[Object], Reading]", form.read)  # those of these services decline no line
    reading = read(prompt)
    sides = [read({key: [side.turn]}) for side in (rejected, chosen)]
    reading.rest["rejected"] = [turn.value for turn in sides[0].turns]
    reading.moved["/rejected"] = rejected.pointer
    for turn in sides[1].turns:
        pointer, content = (chosen.pointer + old.removeprefix(chosen.read_as) for old in (turn.pointer, turn.content))
        reading.turns.append(Turn(turn.value, pointer, content))
    return reading


def _rejected_and_chosen(sides: Any, rank: str, content_key: str, values: tuple[Any, Any], pointer: str) -> list[int]:
    """Positions of the rejected and of the chosen answer in a list of two, which have the `values` under the key `rank`
    and the answer under `content_key`. Raises `UnreadableError` for any other list.
    """
    if not is_objects(sides) or any(side.keys() != {rank, content_key} for side in sides):
        raise UnreadableError(pointer, f"not a list of objects with `{rank}` and `{content_key}`")
    ranks = [side[rank] for side in sides]
    if len(ranks) != 2 or any(value not in ranks for value in values):
        raise UnreadableError(pointer, f"not two answers, one with `{rank}` {values[1]!r} and one with {values[0]!r}")
    return [ranks.index(value) for value in values]


def _read_vertex(value: Object) -> Reading:
    """A pair for Gemini, whose `completions` have scores. Raises `UnreadableError`."""
    completions = value["completions"]
    scores = sorted({side["score"] for side in completions if isinstance(side.get("score"), int | float)})
    values = (scores[0], scores[-1]) if len(scores) == 2 else (0, 1)
    places = _rejected_and_chosen(completions, "score", "completion", values, "/completions")
    sides = (Side(completions[i]["completion"], f"/completions/{i}/completion", "/contents/0") for i in places)
    return _pair(VERTEX, omit_keys(value, "completions"), "contents", *sides)


def _read_nova(value: Object) -> Reading:
    """A pair for Nova, whose last message has labelled `candidates`. Raises `UnreadableError`."""
    *messages, last = value["messages"]
    pointer = f"/messages/{len(messages)}/candidates"
    if omit_keys(last, "role", "candidates"):
        raise UnreadableError(pointer, "`candidates` beside other content")
    candidates = last["candidates"]
    places = _rejected_and_chosen(candidates, "preferenceLabel", "content", LABELS, pointer)
    sides = (
        Side({"role": last.get("role"), "content": candidates[i]["content"]}, f"{pointer}/{i}", "/messages/0")
        for i in places
    )
    reading = _pair(BEDROCK, {**value, "messages": messages}, "messages", *sides)
    reading.moved["/candidates"] = pointer
    return reading


VERTEX_PREFERENCE: Final = Format(
    "vertex-preference",
    "contents, completions with a score each, as Gemini reads pairs",
    lambda value: VERTEX.matches(value) and "completions" in value,
    read=_read_vertex,
)
NOVA_PREFERENCE: Final = Format(
    "nova-preference",
    "messages of which the last has two candidates with a preferenceLabel, as Amazon Nova reads pairs",
    lambda v: (
        is_objects(messages := v.get("messages"))
        and is_objects(sides := messages[-1].get("candidates"))
        and any("preferenceLabel" in side for side in sides)
    ),
    read=_read_nova,
)
