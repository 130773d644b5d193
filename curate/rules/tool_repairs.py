"""Repairs of family T: each settles its rule for the whole example, or leaves it as it is."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from curate.read.decode import decode
from curate.rules import calls, results, tools
from curate.rules.repairs import functions_to_tools, turns_in, with_turns
from curate.targets import Target

Object = dict[str, Any]
TRUTH = {"true": True, "false": False, "1": True, "0": False}


def items(turn: Object) -> list[Any]:
    """The tool calls of an assistant's turn; empty when there is no list."""
    found = turn.get("tool_calls")
    return found if turn.get("role") == "assistant" and isinstance(found, list) else []


def given_ids(turns: list[Object]) -> Iterator[str]:
    """All ids of calls, in order, as often as they are given."""
    for turn in turns:
        yield from (call["id"] for call in items(turn) if isinstance(call, dict) and results.is_id(call.get("id")))


def with_arguments(value: Object, edit: Callable[[Any], Any]) -> Object:
    """A copy in which the arguments of every call are edited."""
    turns = turns_in(value)
    if turns is None:
        return value

    def function(found: Any) -> Any:
        return {**found, "arguments": edit(found["arguments"])} if isinstance(found, dict) and "arguments" in found else found

    edited = []
    for turn in turns:
        if items(turn):
            made = [{**call, "function": function(call["function"])} if isinstance(call, dict) and "function" in call else call for call in items(turn)]
            turn = {**turn, "tool_calls": made}  # noqa: PLW2901
        if turn.get("role") == "assistant" and "function_call" in turn:
            turn = {**turn, "function_call": function(turn["function_call"])}  # noqa: PLW2901
        edited.append(turn)
    return with_turns(value, edited)


@tools.functions_deprecated.repaired_by(safe=True)
def to_tools(value: Object) -> Object:
    """Write `functions` as `tools`, and function calls and their results as tool calls and tool messages, with ids that join them."""
    functions = value.get("functions")
    turns = turns_in(value)
    if turns is None or (functions and value.get("tools")):
        return value
    if functions and not (isinstance(functions, list) and all(isinstance(f, dict) and isinstance(f.get("name"), str) for f in functions)):
        return value
    mended = functions_to_tools(value)
    left = [turn for turn in mended["messages"] if turn.get("function_call") or turn.get("role") == "function"]
    used = Counter(given_ids(mended["messages"]))
    if left or any(count > 1 for count in used.values()):
        return value
    if not functions:
        return mended
    made = [{"type": "function", "function": function} for function in functions]
    return {"tools" if key == "functions" else key: made if key == "functions" else item for key, item in mended.items() if key != "tools"}


@tools.parallel_tool_calls.repaired_by(safe=True)
def mend_parallel(value: Object) -> Object:
    """Write true or false where text or a number means it; remove it where there are no tools."""
    parallel = value.get("parallel_tool_calls")
    if not value.get("tools") and not value.get("functions"):
        return {key: item for key, item in value.items() if key != "parallel_tool_calls"}
    if isinstance(parallel, str | int) and not isinstance(parallel, bool):
        meant = TRUTH.get(str(parallel).strip().casefold())
        return value if meant is None else {**value, "parallel_tool_calls": meant}
    return value


@calls.tool_calls_malformed.repaired_by(safe=True)
def drop_empty_calls(value: Object) -> Object:
    """Remove empty lists of tool calls."""
    turns = turns_in(value)
    if turns is None or any(turn.get("role") == "assistant" and turn.get("tool_calls") not in (None, []) and _broken(turn) for turn in turns):
        return value
    return with_turns(value, [_without_empty(turn) for turn in turns])


def _broken(turn: Object) -> bool:
    return not items(turn) or any(calls.fault(call) for call in items(turn))


def _without_empty(turn: Object) -> Object:
    empty = turn.get("role") == "assistant" and turn.get("tool_calls") == []
    return {key: item for key, item in turn.items() if key != "tool_calls"} if empty else turn


@calls.arguments_form.repaired_by(safe=True)
def arguments_as_taken(value: Object, *, target: Target) -> Object:
    """Write arguments that are objects as JSON in a string; for TRL, JSON in a string as an object."""
    return with_arguments(value, _to_object if target is Target.TRL else _to_text)


def _to_text(arguments: Any) -> Any:
    return json.dumps(arguments, ensure_ascii=False) if isinstance(arguments, dict) else arguments


def _to_object(arguments: Any) -> Any:
    decoded = decode(arguments.encode("utf-8", "surrogatepass")) if isinstance(arguments, str) else None
    return decoded.value if decoded is not None and isinstance(decoded.value, dict) and not decoded.defects else arguments


@calls.arguments_encoded_twice.repaired_by(safe=True)
def decode_once(value: Object) -> Object:
    """Encode the arguments once."""

    def edit(arguments: Any) -> Any:
        found = calls.wrapped(arguments)
        return arguments if found is None else json.dumps(found, ensure_ascii=False)

    return with_arguments(value, edit)


@results.call_id.repaired_by(safe=True)
def number_calls(value: Object) -> Object:
    """Give calls without an id, or with that of an earlier one, an id of their own, and the results after them the same; where a result may belong to several, nothing changes."""
    turns = turns_in(value)
    if turns is None or not all(isinstance(call, dict) for turn in turns for call in items(turn)):
        return value
    taken = set(given_ids(turns)) | {turn["tool_call_id"] for turn in turns if results.is_id(turn.get("tool_call_id"))}
    used: set[str] = set()
    waiting: list[tuple[Any, str]] = []  # ids of the last calls, as they were and as they are now
    edited, changed = [], False
    for turn in turns:
        if items(turn):
            waiting = [(call.get("id"), _free(call.get("id"), used, taken)) for call in items(turn)]
            changed = changed or any(was != now for was, now in waiting)
            made = [{"id": now, **{key: item for key, item in call.items() if key != "id"}} for call, (_, now) in zip(items(turn), waiting, strict=True)]
            edited.append({**turn, "tool_calls": [call if call == new else new for call, new in zip(items(turn), made, strict=True)]})
        elif turn.get("role") == "tool":
            was = turn.get("tool_call_id")
            at = next((i for i, (old, _) in enumerate(waiting) if old == was or not (results.is_id(old) or results.is_id(was))), None)
            if at is not None:
                edited.append({**turn, "tool_call_id": waiting.pop(at)[1]})
            elif results.is_id(was) and was in used:
                edited.append(turn)  # it answers a call that keeps its id
            else:
                return value
        else:
            edited.append(turn)
            waiting = []
    return with_turns(value, edited) if changed else value


def _free(given: Any, used: set[str], taken: set[str]) -> str:
    """The id given, or when it is none or used, the next that is free."""
    found = given
    if not results.is_id(given) or given in used:
        number = len(used) + 1
        while (found := f"call_{number}") in taken or found in used:
            number += 1
    used.add(found)
    return str(found)


@results.mistral_call_id.repaired_by(safe=True)
def number_as_mistral(value: Object) -> Object:
    """Number the ids that the service does not take with nine letters and digits, in calls and results alike."""
    turns = turns_in(value)
    if turns is None:
        return value
    given = [*given_ids(turns), *(turn["tool_call_id"] for turn in turns if turn.get("role") == "tool" and results.is_id(turn.get("tool_call_id")))]
    kept = {id_ for id_ in given if results.MISTRAL_ID.fullmatch(id_)}
    names: dict[str, str] = {}
    number = 0
    for id_ in given:
        if id_ not in kept and id_ not in names:
            number += 1
            while (name := f"call{number:05d}") in kept:
                number += 1
            names[id_] = name

    def renamed(call: Any) -> Any:
        return {**call, "id": names[call["id"]]} if isinstance(call, dict) and results.is_id(call.get("id")) and call["id"] in names else call

    edited = []
    for turn in turns:
        if items(turn):
            edited.append({**turn, "tool_calls": [renamed(call) for call in items(turn)]})
        elif turn.get("role") == "tool" and results.is_id(turn.get("tool_call_id")):
            edited.append({**turn, "tool_call_id": names.get(turn["tool_call_id"], turn["tool_call_id"])})
        else:
            edited.append(turn)
    return with_turns(value, edited)
