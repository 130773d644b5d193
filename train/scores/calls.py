"""Metrics of tool calls: the right tools, with the right arguments; and calling none where none is wanted."""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from train.scores.fields import DECODER, leaves
from train.scores.metric import Call, Expected, Given, Metric, mean_of, ratio_of

TAGGED: Final = re.compile(r"<function=([\w.-]+)>(.*?)</function>", re.DOTALL)
PYTHONIC: Final = re.compile(r"^\s*(?:<\|python_tag\|>)?\s*(\[?\s*[A-Za-z_][\w.]*\(.*\)\s*\]?)\s*$", re.DOTALL)
ARGUMENTS: Final = ("arguments", "parameters", "args")


def expected_calls(turn: dict[str, Any]) -> tuple[Call, ...]:
    """The calls of an assistant's turn as the data has them, in either form."""
    entries = turn.get("tool_calls")
    listed = entries if isinstance(entries, list) else []
    functions = [entry.get("function", entry) for entry in listed if isinstance(entry, dict)]
    return tuple(call for function in [*functions, turn.get("function_call")] if (call := _call(function)) is not None)


def calls_in_answer(text: str) -> tuple[Call, ...]:
    """The tool calls in a model's answer: JSON objects with a name and arguments, tags, or Python."""
    tagged = [(match.group(1), _json_object(match.group(2))) for match in TAGGED.finditer(text)]
    if tagged:
        return tuple((name, arguments) for name, arguments in tagged if arguments is not None)
    return tuple(_json_calls(text)) or _python_calls(text)


def _json_calls(text: str) -> Iterator[Call]:
    """The calls in JSON objects and lists anywhere in a text."""
    position = 0
    while (match := re.compile(r"[{\[]").search(text, position)) is not None:
        position = match.start() + 1
        try:
            value, end = DECODER.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            continue
        entries = value if isinstance(value, list) else [value]
        calls = [
            call
            for entry in entries
            if (call := _call(entry.get("function", entry) if isinstance(entry, dict) else None)) is not None
        ]
        if calls:
            yield from calls
            position = end


def _python_calls(text: str) -> tuple[Call, ...]:
    """The calls of a text such as `[search(query="x")]`; empty if it is not Python."""
    match = PYTHONIC.match(text)
    try:
        tree = ast.parse(match.group(1), mode="eval").body if match else None
        nodes = tree.elts if isinstance(tree, ast.List) else [tree]
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        given = [
            {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg} for call in calls
        ]
        return tuple((ast.unparse(call.func), arguments) for call, arguments in zip(calls, given, strict=True))
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):  # a model wrote it, not a programmer
        return ()


def _call(function: Any) -> Call | None:
    """A JSON object with a name and arguments as a call; None for any other value."""
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return None
    key = next((key for key in ARGUMENTS if key in function), None)
    arguments = _json_object(function[key]) if key is not None else None
    return None if arguments is None else (function["name"], arguments)


def _json_object(value: Any) -> dict[str, Any] | None:
    """An object, also one given as JSON in a text; None for any other value."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def _same_calls(expected: Expected, given: Given) -> float:
    """1 if the same tools are called with the same arguments, in any order."""
    reference, got = (
        sorted((name, sorted(leaves(arguments))) for name, arguments in answer.calls) for answer in (expected, given)
    )
    return float(reference == got)


def _same_names(expected: Expected, given: Given) -> float:
    """1 if the same tools are called, in any order."""
    reference, got = (sorted(name for name, _ in answer.calls) for answer in (expected, given))
    return float(reference == got)


def right_arguments(expected: Expected, given: Given) -> tuple[float, float]:
    """Arguments with the expected value, and expected ones; calls of a tool are matched in their order."""
    left = list(given.calls)
    right = total = 0
    for name, arguments in expected.calls:
        fields = set(leaves(arguments))
        total += len(fields)
        match = next((call for call in left if call[0] == name), None)
        if match is not None:
            left.remove(match)
            right += len(fields & set(leaves(match[1])))
    return float(right), float(total)


CALL_ACCURACY = Metric("call_accuracy", "calls right", mean_of(_same_calls))
NAME_ACCURACY = Metric("name_accuracy", "tools right", mean_of(_same_names))
ARGUMENT_ACCURACY = Metric("argument_accuracy", "argument accuracy", lambda _: ratio_of(right_arguments))
