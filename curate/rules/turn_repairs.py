"""Repairs of weights, keys and repeated turns: each settles its rule for the whole conversation, or leaves it as it is."""

from typing import Any

from curate.example import content_text
from curate.rules import content as contents
from curate.rules import message_keys
from curate.rules.frame import CALLS
from curate.rules.repairs import role_of, turns_in, with_turns

Object = dict[str, Any]
WEIGHTS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "true": 1, "false": 0}


@message_keys.weight_value.repaired_by(safe=True)
def whole_weights(value: Object) -> Object:
    """Write weights that mean 0 or 1 as these numbers."""
    found = turns_in(value)
    if found is None:
        return value
    edited = []
    for turn in found:
        weight = turn.get("weight")
        if weight is None or message_keys.is_weight(weight):
            edited.append(turn)
            continue
        meant = WEIGHTS.get(str(weight).strip().casefold()) if isinstance(weight, str | int | float) else None
        if meant is None:
            return value
        edited.append({**turn, "weight": meant})
    return with_turns(value, edited)


@message_keys.weight_on_wrong_role.repaired_by(safe=True)
def drop_weights(value: Object) -> Object:
    """Remove weights from messages that are not the assistant's."""
    found = turns_in(value)
    return value if found is None else with_turns(value, [turn if role_of(turn) == "assistant" else _without(turn, {"weight"}) for turn in found])


@message_keys.unknown_message_key.repaired_by(safe=True)
def drop_keys(value: Object) -> Object:
    """Remove the keys that nothing reads; where one of them is a trainer's switch, such as loss_weight, nothing changes."""
    found = turns_in(value)
    if found is None:
        return value
    unknown = {key for turn in found for key in turn} - message_keys.KNOWN_KEYS
    return value if unknown & message_keys.MEANT_FOR_LOSS else with_turns(value, [_without(turn, unknown) for turn in found])


def _without(turn: Object, keys: set[str]) -> Object:
    return {key: item for key, item in turn.items() if key not in keys}


@contents.empty_question.repaired_by(safe=False)
def drop_empty_systems(value: Object) -> Object:
    """Remove system messages that are empty; where a question is, nothing changes."""
    found = turns_in(value)
    if found is None or any(_is_empty(turn) and role_of(turn) == "user" for turn in found):
        return value
    kept = [turn for turn in found if not (_is_empty(turn) and turn.get("role") in ("system", "developer"))]
    return with_turns(value, kept) if kept else value


def _is_empty(turn: Object) -> bool:
    content = turn.get("content")
    return content is not None and not content_text(content).strip() and not _has_media(content)


def _has_media(content: Any) -> bool:
    return isinstance(content, list) and any(isinstance(part, dict) and part.get("type", "text") not in ("text", "refusal") for part in content)


@message_keys.repeated_message.repaired_by(safe=False)
def drop_copies(value: Object) -> Object:
    """Remove the second of two equal messages in a row, and a question with its answer that come again at once."""
    found = turns_in(value)
    if found is None:
        return value
    kept: list[Object] = []
    for turn in found:
        if not (kept and turn == kept[-1] and _repeats(kept[-1], turn, 1)):
            kept.append(turn)
        while len(kept) > 3 and kept[-2:] == kept[-4:-2] and {role_of(kept[-1]), role_of(kept[-2])} == {"user", "assistant"} and _any_repeats(kept[-4:]):
            del kept[-2:]
    return value if _any_repeats(kept) else with_turns(value, kept)


def _any_repeats(found: list[Object]) -> bool:
    return any(_repeats(found[at - back], found[at], back) for at in range(len(found)) for back in (1, 2) if at >= back)


def _repeats(left: Object, right: Object, back: int) -> bool:
    role, content = right.get("role"), right.get("content")
    text = content_text(content)
    if role not in ("user", "assistant") or left.get("role") != role or text != content_text(left.get("content")) or not text or _has_media(content):
        return False
    return not any(right.get(key) for key in CALLS) and (back == 1 or len(text) >= message_keys.LONG)
