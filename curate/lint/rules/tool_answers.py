"""Family T, answers after tool results: errors that an answer ignores, and results that it contradicts."""

import json
from collections.abc import Iterator
from math import isclose
from typing import Any, Final

from curate.core.example import Example, Message
from curate.core.finding import Problem, Problems, Severity
from curate.core.lazy import lazy_pattern
from curate.core.text import quoted
from curate.language.identification import clear_language
from curate.language.quantities import Quantity, quantities_in
from curate.lint.rules.rule import value_rule
from curate.lint.rules.tools import NOT_JSON, calls_in, json_value

ERROR_KEYS: Final = ("error", "errors", "error_message", "exception", "fehler", "erreur")
FAILED: Final = ("error", "failed", "failure", "fail")
ERROR_TEXT: Final = lazy_pattern(
    r"\s*(?:(?:Error|Erreur|Fehler|Errore|Erro)\b|错误|Traceback \(most recent|[\w.]*(?:Error|Exception):|[45]\d\d [A-Z][a-z]+|HTTP [45]\d\d)"
)
ADMITS: Final = lazy_pattern(
    r"(?i)error|fail|issue|problem|unable|unavailable|unfortunately|sorry|apolog|invalid|missing|try again|\bcannot\b|\bno \w+ (?:was|were|is|are)\b"
    r"|\b(?:could|can|was|were|am|is|are|did|does|do|has|have)(?:n['’]t| not)\b|\bnot (?:found|available|possible|exist)"
    r"|\bthere (?:is|are|was|were|has been) (?:no|nothing)\b|\bnothing to\b|\b(?:es gibt|gab es) (?:kein|nichts)|\bno (?:hay|existe|existía)\b|\bil n['’]y a (?:pas|aucun)"
    r"|fehler|leider|nicht|kein|error|fall|lament|disculp|no (?:pude|puedo|se)|désolé|malheureus|erreur|pas\b|erro|infeliz|não|抱歉|失败|错误|无法|没有"
)
"""Words of an answer that speak of a failure."""
NO_QUANTITY: Final = lazy_pattern(
    r"(?i)(?:^|_)(?:id|ids|code|status|page|version|timestamp|lat|lon|latitude|longitude|phone|zip|year|date|created|updated)(?:_|$)|id$"
)
"""Keys of numbers that an answer does not repeat."""
STATUS: Final = lazy_pattern(r"(?i)success|^ok$|error|status|valid")
YES: Final = lazy_pattern(r"(?i)\W*(?:yes|ja|sí|oui|sim)\b")
NO: Final = lazy_pattern(r"(?i)\W*(?:no|nein|non|não)\b")
MAX_NUMBERS: Final = 4
"""Number of quantities from which an answer may select."""


def _answers(example: Example) -> Iterator[tuple[Message, list[Message]]]:
    """The answers in words to tool results, each with these results."""
    results: list[Message] = []
    for message in example.messages:
        if message.role in ("tool", "function"):
            results.append(message)
            continue
        if results and message.role == "assistant" and message.text.strip() and not calls_in(message.value):
            yield message, results
        results = []


@value_rule(
    "T028",
    "ignored-tool-error",
    Severity.INFO,
    hint="Let the answer say that the tool failed, or call the tool again.",
)
def ignored_tool_error(example: Example) -> Problems:
    """An answer states facts although all of its tool results are errors.

    The facts are invented, and the model learns to invent them. Answers that speak of a failure and those that ask
    are skipped. No finding in 61 real files (15,748 examples of instructions, chats and tool calls).
    Bad: {"messages": [{"role": "user", "content": "How warm is it?"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "{\\"error\\": \\"timeout\\"}"}, {"role": "assistant", "content": "It is 14 degrees and sunny."}], "tools": [{"type": "function", "function": {"name": "weather"}}]}
    Good: {"messages": [{"role": "user", "content": "How warm is it?"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "{\\"error\\": \\"timeout\\"}"}, {"role": "assistant", "content": "The weather service is not available now."}], "tools": [{"type": "function", "function": {"name": "weather"}}]}
    """
    for answer, results in _answers(example):
        if all(_is_error(result.text) for result in results) and not ("?" in answer.text or ADMITS.search(answer.text)):
            yield Problem(answer.content_pointer, f"the tool result is an error: {quoted(results[0].text, 40)}")


def _is_error(result: str) -> bool:
    value = json_value(result)
    if not isinstance(value, dict):
        return ERROR_TEXT.match(result) is not None
    return (
        any(value.get(key) and isinstance(value[key], str | dict | list | bool) for key in ERROR_KEYS)  # no error rate
        or str(value.get("status")).lower() in FAILED
        or value.get("success") is False
    )


@value_rule(
    "T029",
    "answer-against-result",
    Severity.INFO,
    hint="Correct the answer, or the result.",
)
def answer_against_result(example: Example) -> Problems:
    """An answer contradicts the tool result.

    It has none of the numbers of a result with at most four, but other ones, or it says yes where the result says
    false. Numbers of the question and of the calls do not count. No finding in 61 real files
    (15,748 examples of instructions, chats and tool calls).
    Bad: {"messages": [{"role": "user", "content": "How warm is it?"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "{\\"temperature\\": 14}"}, {"role": "assistant", "content": "It has 29 degrees."}], "tools": [{"type": "function", "function": {"name": "weather"}}]}
    Good: {"messages": [{"role": "user", "content": "How warm is it?"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "{\\"temperature\\": 14}"}, {"role": "assistant", "content": "It has 14 degrees."}], "tools": [{"type": "function", "function": {"name": "weather"}}]}
    """
    for answer, results in _answers(example):
        leaves = [leaf for result in results for leaf in _leaves(json_value(result.text))]
        earlier = example.messages[: answer.index]
        fault = _opposite_message(leaves, answer.text)
        if fault is None and (fault := _other_number(leaves, answer.text, earlier, None)):
            # "4.289,98 euro" is an amount in both languages, in English another one
            fault = _other_number(leaves, answer.text, earlier, clear_language(answer.text, 1))
        if fault:
            yield Problem(answer.content_pointer, fault)


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a JSON value that are neither objects nor arrays, each with its key."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, key)
    elif value is not NOT_JSON:
        yield key, value


def _opposite_message(leaves: list[tuple[str, Any]], text: str) -> str | None:
    """The message for an answer that denies the only boolean of a result, or affirms it wrongly; None for others."""
    stated = [(key, value) for key, value in leaves if isinstance(value, bool) and not STATUS.search(key)]
    if len(stated) != 1 or not (NO if stated[0][1] else YES).match(text):
        return None
    return f"the answer says the opposite of the result: {quoted(stated[0][0], 30)} is {json.dumps(stated[0][1])}"


def _other_number(
    leaves: list[tuple[str, Any]], text: str, earlier: tuple[Message, ...], language: str | None
) -> str | None:
    """The message for an answer with other numbers than its results; None for others.

    language: in which all numbers are read; None for the language that each text is in.
    """
    calls = (str(call) for message in earlier for call in calls_in(message.value))
    context = _amounts(
        " ".join((*calls, *(message.text for message in earlier if message.role in ("user", "system")))), language
    )
    results = [
        (key, number)
        for key, value in leaves
        if isinstance(value, int | float | str) and not isinstance(value, bool) and not NO_QUANTITY.search(key)
        for number in _amounts(f"{value} {key.rpartition('_')[2]}", language)
        if not _is_among(number, context)
    ]
    stated = [number for number in _amounts(text, language) if not _is_among(number, context)]
    values = [number for _, number in results]
    for kind in {number.kind for number in values} - {"number", "date"}:
        same_kind = [pair for pair in results if pair[1].kind == kind]
        if len(same_kind) == 1 and (of_kind := [number for number in stated if number.kind == kind]):
            stated, values, results = of_kind, [same_kind[0][1]], same_kind
            break
    if (
        not stated
        or not 1 <= len(results) <= MAX_NUMBERS
        or any(_is_derived(number, values, context) for number in stated)
        or any(_adds_up(stated, value) for value in values)
    ):
        return None
    key, number = results[0]
    under = f" under {quoted(key, 30)}" if key else ""
    return f"the answer has none of the numbers of the result (such as {number.text!r}{under}), but {stated[0].text!r}"


def _adds_up(stated: list[Quantity], value: Quantity) -> bool:
    """Whether two or more quantities of one kind are together the value: "two hours and five minutes"."""
    parts = [number for number in stated if number.kind == value.kind]
    return len(parts) > 1 and isclose(sum(part.value[0] or 0.0 for part in parts), value.value[0] or 0.0, rel_tol=0.01)


def _is_derived(number: Quantity, values: list[Quantity], context: list[Quantity]) -> bool:
    """Whether a number is one of some values, or calculated of one of them and another number."""
    if _is_among(number, values):
        return True
    result, numbers, operands = (
        _number_as_written(number),
        list(map(_number_as_written, values)),
        list(map(_number_as_written, [*values, *context])),
    )
    return any(
        isclose(result, candidate, rel_tol=0.01)
        for value in numbers
        for operand in operands
        for candidate in (
            value * operand,
            value * operand / 100,
            value + operand,
            abs(value - operand),
            value / (operand or 1),
        )
    )


def _amounts(text: str, language: str | None) -> list[Quantity]:
    language = language or clear_language(text, 1) or "en"
    return [quantity for quantity in quantities_in(text, language) if quantity.kind not in ("ordinal", "weekday")]


def _is_among(number: Quantity, quantities: list[Quantity]) -> bool:
    return any(
        number.same(quantity) or isclose(_number_as_written(number), _number_as_written(quantity), rel_tol=0.01)
        for quantity in quantities
    )


def _number_as_written(number: Quantity) -> float:
    """The number as it is written, whatever its unit is; of a date, the first part that is given."""
    return next((part for part in number.value if part is not None), 0.0) / number.unit
