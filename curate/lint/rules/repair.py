"""The repair of a rule: its input, whether it is safe, and the line after it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from curate.read.dataset import ParsedLine

Options = ParamSpec("Options")
Object = dict[str, Any]


class RepairInput(StrEnum):
    """The input and output type of a repair function. It never changes its input; if it can do nothing, it returns an
    equal value.
    """

    OBJECT = "object"
    """A line's JSON object in messages form; gives back a new one."""
    LINE = "line"
    """A line's bytes without their ending; gives back bytes, in which a line break starts another line, or None for a
    line that goes.
    """
    RAW = "raw"
    """A line's bytes with their ending, asked of every line of a file in which the rule finds something; gives back
    bytes.
    """
    FIRST = "first"
    """The same with a byte order mark before it, asked of a file's first line alone."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A rule's own edit. It settles its rule wholly or does nothing, and a second time it changes nothing."""

    function: Callable[[Any], Any]
    safe: bool
    """True if the meaning is unchanged and no line is removed; other repairs need `--unsafe-fixes`."""
    summary: str
    """What the repair does, in one sentence: its docstring."""
    takes: RepairInput = RepairInput.OBJECT

    def apply(self, parsed: ParsedLine) -> bytes | None:
        """The bytes of a line in which the rule found something, after the repair: its own where that does nothing,
        None where the line goes.

        Bytes that the value does not hold are never lost: a line in which a key repeats is not written anew, and does
        not go. Nor does any line go by a safe repair.
        """
        data = parsed.line.data
        repeats = any(defect.kind == "repeated-key" for defect in parsed.defects)
        if self.takes is RepairInput.LINE:
            found: bytes | None = self.function(data)
            return data if found is None and (repeats or self.safe) else found
        if (
            self.takes is not RepairInput.OBJECT
            or repeats
            or parsed.example is None
            or parsed.example.format != "messages"
        ):
            return data
        value = self.function(parsed.example.value)
        return data if value == parsed.example.value else json_line(value)

    def applies(self, parsed: ParsedLine) -> bool:
        """Whether it changes a line in which the rule found something."""
        return self.apply(parsed) != parsed.line.data


def json_line(value: Any) -> bytes:
    """A value as one line of JSON, keys in their order; all ASCII where it has a lone surrogate, which can only be
    written as an escape.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False).encode("ascii")


def messages_in(value: Object) -> list[Object] | None:
    """The messages, when all of them are objects; a conversation of anything else is left alone."""
    messages = value.get("messages")
    return messages if isinstance(messages, list) and all(isinstance(message, dict) for message in messages) else None


def on_messages(
    edit: Callable[Concatenate[list[Object], Options], list[Object] | None],
) -> Callable[Concatenate[Object, Options], Object]:
    """A repair of a line's object from one of its messages, all of them objects; None leaves the line as it is."""

    @wraps(edit)
    def repaired(value: Object, /, *args: Options.args, **options: Options.kwargs) -> Object:
        messages = messages_in(value)
        edited = None if messages is None else edit(messages, *args, **options)
        return value if edited is None else {**value, "messages": edited}

    return repaired


def copy_without(value: Object, *keys: str) -> Object:
    """Copy an object without some keys."""
    return {key: item for key, item in value.items() if key not in keys}
