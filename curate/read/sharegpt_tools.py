"""Convert tool calls and results of ShareGPT files, which are separate turns there, to the messages format."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from curate.read.decode import decode

Object = dict[str, Any]

CALLERS: Final = ("function_call", "tool_call")
RESULTS: Final = ("observation", "function_response", "tool_response", "tool")


class Turn(NamedTuple):
    """A turn in messages format, the pointers to it and to its content in the original line, and its extra keys."""

    value: Object
    pointer: str
    content: str
    beside: tuple[str, ...] = ()


def with_tool_calls(spoken: Iterable[tuple[Any, Turn]]) -> Iterator[Turn]:
    """Convert turns: calls become tool calls, and results answer them, linked by generated ids.

    An unreadable call and a result without a call stay text.
    """
    waiting: list[str] = []
    calls = 0
    for said, turn in spoken:
        speaker = speaker_of(said)
        if (
            speaker in CALLERS
            and "tool_calls" not in turn.value
            and (found := _calls(turn.value.get("content"), calls))
        ):
            calls += len(found)
            waiting = [call["id"] for call in found]
            yield turn._replace(value={**turn.value, "role": "assistant", "content": None, "tool_calls": found})
        elif speaker in RESULTS and waiting:
            rest = {key: item for key, item in turn.value.items() if key != "role"}
            yield turn._replace(value={"role": "tool", "tool_call_id": waiting.pop(0), **rest})
        else:
            waiting = waiting if speaker in (*CALLERS, *RESULTS) else []
            yield turn


def speaker_of(said: Any) -> Any:
    """The speaker of a turn of a ShareGPT file; None for a turn in messages format."""
    return said.get("from") if isinstance(said, dict) and "role" not in said and "content" not in said else None


def _calls(text: Any, made: int) -> list[Object]:
    """Tool calls for a value like `{"name": ..., "arguments": ...}` or a list of these; empty if lossy."""
    value = json_in(text) if isinstance(text, str) else text
    found: list[Object] = []
    for call in value if isinstance(value, list) else [value]:
        if not isinstance(call, dict) or call.keys() != {"name", "arguments"} or not isinstance(call["name"], str):
            return []
        arguments = call["arguments"]
        if not isinstance(arguments, str | dict):
            return []
        written = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        found.append(
            {
                "id": f"call_{made + len(found) + 1}",
                "type": "function",
                "function": {"name": call["name"], "arguments": written},
            }
        )
    return found


def json_in(text: str) -> Any:
    """The value of a valid JSON text; None for any other text."""
    decoded = decode(text.encode("utf-8", "surrogatepass"))
    return decoded.value if isinstance(decoded.value, list | dict) and not decoded.defects else None
