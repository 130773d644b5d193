"""Messages and tools in the form that chat templates take: plain text where there is nothing else, arguments of tool
calls as objects or as JSON text.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from curate.core.example import content_text

THOUGHTS: Final = ("reasoning_content", "thinking", "reasoning")
"""Keys that data sets use for the reasoning of the assistant."""
SAID: Final = ("text", "refusal")
"""Types of text parts."""
Turn = dict[str, Any]


def answer_weight(weighted: Mapping[str, Any]) -> float:
    """How much a turn, or an example as a whole, counts in the loss; 1 where nothing is said. One without bounds is no
    number.
    """
    weight = weighted.get("weight")
    if weight is None or not isinstance(weight, int | float):
        return 1.0
    return float("nan") if weight == float("inf") else float(weight)


def has_reasoning(turn: Turn) -> bool:
    """Whether a turn has reasoning, under a key of its own or in its text."""
    content = turn.get("content")
    return any(turn.get(key) for key in THOUGHTS) or (isinstance(content, str) and "<think>" in content)


def message_variants(turns: list[Turn]) -> Iterator[list[Turn]]:
    """The turns as templates want them: arguments of tool calls as objects, where that fails as JSON text; content
    beside calls null, or empty text.
    """
    plain = [plain_message(turn) for turn in turns]
    if not any(called_functions(turn) for turn in plain):
        yield plain
        return
    filled = [
        {**turn, "content": ""} if called_functions(turn) and turn.get("content") is None else turn for turn in plain
    ]
    for attempt in (plain,) if filled == plain else (plain, filled):
        for as_object in (True, False):
            yield [_with_arguments(turn, as_object=as_object) for turn in attempt]


def plain_message(turn: Turn) -> Turn:
    """A turn without what is ours (`weight`), its content as a string where it is nothing but text, or a refusal."""
    turn = {key: item for key, item in turn.items() if key != "weight"}
    content = turn.get("content")
    if isinstance(content, list) and all(isinstance(part, dict) and part.get("type") in SAID for part in content):
        turn["content"] = content_text(content)
    elif content is None and isinstance(turn.get("refusal"), str):
        turn["content"] = turn["refusal"]
    return turn


def _with_arguments(turn: Turn, *, as_object: bool) -> Turn:
    calls = turn.get("tool_calls")
    if not isinstance(calls, list):
        return turn
    return {**turn, "tool_calls": [_call(call, as_object=as_object) for call in calls]}


def template_tools(value: dict[str, Any]) -> Any:
    """The tools of an example; some data sets have them as JSON text."""
    tools = value.get("tools")
    if isinstance(tools, str):
        try:
            tools = json.loads(tools)
        except ValueError:
            return tools  # the template will refuse it, and say so
    return tools or None


def called_functions(turn: Turn) -> list[str]:
    """The names of the functions that a turn calls, in either form."""
    return [*function_names(turn.get("tool_calls")), *function_names([turn.get("function_call")])]


def function_names(entries: Any) -> list[str]:
    """The names of functions in a list of tools or of tool calls."""
    functions = (
        [entry.get("function", entry) for entry in entries if isinstance(entry, dict)]
        if isinstance(entries, list)
        else []
    )
    return [
        function["name"]
        for function in functions
        if isinstance(function, dict) and isinstance(function.get("name"), str)
    ]


def _call(call: Any, *, as_object: bool) -> Any:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or "arguments" not in function:
        return call
    arguments = function["arguments"]
    if as_object and isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return call
    elif not as_object and not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return {**call, "function": {**function, "arguments": arguments}}
