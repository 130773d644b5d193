"""Repairs of family M: each settles its rule for the whole conversation, or leaves it as it is."""

from itertools import pairwise
from typing import Any

from curate.example import ROLES
from curate.read.decode import decode
from curate.rules import roles, turn_order
from curate.targets import NO_DEVELOPER, Target

Object = dict[str, Any]
SYSTEMS = ("system", "developer")
PLAIN_ROLES = ("system", "developer", "user", "assistant")
"""Roles that need nothing but a name; a tool's result also needs the id of its call."""


def turns_in(value: Object) -> list[Object] | None:
    """The messages, when all of them are objects; a conversation of anything else is left alone."""
    turns = value.get("messages")
    return turns if isinstance(turns, list) and all(isinstance(turn, dict) for turn in turns) else None


def role_of(turn: Object) -> str | None:
    """The role that a message has, or must mean."""
    role = turn.get("role")
    return (role if role in ROLES else roles.alias(role) or role) if isinstance(role, str) else None


def with_turns(value: Object, turns: list[Object]) -> Object:
    """The same object with other messages, its keys in their order."""
    return {**value, "messages": turns}


def joined(left: Object, right: Object) -> Object | None:
    """Two messages as one, their texts a blank line apart; None where they differ in more than content, or content is not of one kind."""
    rest = [{key: item for key, item in turn.items() if key not in ("role", "content")} for turn in (left, right)]
    first, second = left.get("content"), right.get("content")
    if rest[0] != rest[1] or any(rest[0].get(key) for key in ("tool_calls", "function_call", "tool_call_id", "audio", "refusal")):
        return None
    if isinstance(first, list) and isinstance(second, list):
        return {**left, "content": [*first, *second]}
    if isinstance(first, str) and isinstance(second, str):
        return {**left, "content": "\n\n".join(text for text in (first, second) if text.strip()) or first}
    return None


@roles.messages_not_a_list.repaired_by(safe=True)
def parse_messages(value: Object) -> Object:
    """Parse the JSON that stands in the string."""
    text = value.get("messages")
    if not isinstance(text, str):
        return value
    decoded = decode(text.encode("utf-8", "surrogatepass"))
    return with_turns(value, decoded.value) if isinstance(decoded.value, list) and not decoded.defects else value


@roles.role_alias.repaired_by(safe=True)
def rename_roles(value: Object) -> Object:
    """Write each role by the name that templates know; calls and results of tools need more than a name and stay."""
    turns = value.get("messages")
    if not isinstance(turns, list):
        return value
    renamed = []
    for turn in turns:
        role = turn.get("role") if isinstance(turn, dict) else None
        if not isinstance(role, str) or role in ROLES or (known := roles.alias(role)) is None:
            renamed.append(turn)
        elif known in PLAIN_ROLES and "call" not in role.casefold():
            renamed.append({**turn, "role": known})
        else:
            return value
    return with_turns(value, renamed)


@roles.deprecated_role.repaired_by(safe=False)
def roles_as_taken(value: Object, *, target: Target) -> Object:
    """Turn function calls and their results into tool calls and tool messages, with ids that join them; write `developer` as `system` where it is not taken."""
    turns = turns_in(value)
    if turns is None or target not in NO_DEVELOPER:
        return functions_to_tools(value)
    mended = functions_to_tools(with_turns(value, [{**turn, "role": "system"} if turn.get("role") == "developer" else turn for turn in turns]))
    return value if any(turn.get("role") == "function" for turn in mended["messages"]) else mended


def functions_to_tools(value: Object) -> Object:
    """Function calls and their results as tool calls and tool messages; the same where a result has no call."""
    turns = turns_in(value)
    if turns is None:
        return value
    found: list[Object] = []
    waiting: tuple[str, str] | None = None  # name and id of the call whose result comes next
    for turn in turns:
        call = turn.get("function_call")
        if isinstance(call, dict) and isinstance(call.get("name"), str) and turn.get("role") == "assistant" and not turn.get("tool_calls"):
            waiting = (call["name"], f"call_{len(found)}")
            rest = {key: item for key, item in turn.items() if key not in ("function_call", "tool_calls")}
            found.append({**rest, "tool_calls": [{"id": waiting[1], "type": "function", "function": call}]})
        elif turn.get("role") == "function":
            if waiting is None or turn.get("name", waiting[0]) != waiting[0] or turn.get("tool_call_id") is not None:
                return value
            rest = {key: item for key, item in turn.items() if key not in ("role", "name", "tool_call_id")}
            found.append({"role": "tool", "tool_call_id": waiting[1], **rest})
            waiting = None
        else:
            found.append(turn)
            waiting = None
    return with_turns(value, found)


@turn_order.open_end.repaired_by(safe=False)
def trim_end(value: Object) -> Object:
    """Remove the messages after the last answer."""
    turns = turns_in(value)
    if turns is None:
        return value
    answers = [index for index, turn in enumerate(turns) if role_of(turn) == "assistant"]
    return with_turns(value, turns[: answers[-1] + 1]) if answers else value


@turn_order.late_system.repaired_by(safe=False)
def systems_first(value: Object) -> Object:
    """Move system and developer messages to the front, in their order."""
    turns = turns_in(value)
    if turns is None:
        return value
    return with_turns(value, sorted(turns, key=lambda turn: turn.get("role") not in SYSTEMS))


@turn_order.several_systems.repaired_by(safe=False)
def merge_systems(value: Object) -> Object:
    """Merge all system messages into the first, a blank line apart."""
    turns = turns_in(value)
    if turns is None:
        return value
    merged: Object | None = None
    at, found = 0, []
    for turn in turns:
        if turn.get("role") != "system":
            found.append(turn)
        elif merged is None:
            merged, at = turn, len(found)
        elif (merged := joined(merged, turn)) is None:
            return value
    return value if merged is None else with_turns(value, [*found[:at], merged, *found[at:]])


@turn_order.system_and_developer.repaired_by(safe=False)
def developer_to_system(value: Object) -> Object:
    """Merge the developer message into the system message, a blank line apart."""
    turns = turns_in(value)
    roles = [turn.get("role") for turn in turns or ()]
    if turns is None or "system" not in roles or "developer" not in roles:
        return value
    renamed = with_turns(value, [{**turn, "role": "system"} if turn.get("role") == "developer" else turn for turn in turns])
    merged = merge_systems(renamed)
    return value if merged is renamed else merged


@turn_order.consecutive_roles.repaired_by(safe=False)
def merge_turns(value: Object) -> Object:
    """Merge turns in a row of one role, a blank line apart."""
    turns = turns_in(value)
    if not turns:
        return value
    found = [turns[0]]
    for left, right in pairwise(turns):
        role = role_of(right)
        if role_of(left) != role or role not in ("user", "assistant"):
            found.append(right)
        elif (merged := joined(found[-1], right)) is None:
            return value
        else:
            found[-1] = merged
    return with_turns(value, found)
