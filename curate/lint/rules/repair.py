"""The repair of a rule: its input, whether it is safe, and the repaired line."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from curate.core.text import json_line
from curate.read.dataset import ParsedLine

Options = ParamSpec("Options")
Object = dict[str, Any]


class RepairInput(StrEnum):
    """Input and output of a repair function, which never mutates its input and may return an equal value."""

    OBJECT = "object"
    """A line's JSON object in messages format; returns a new one."""
    LINE = "line"
    """A line's bytes without their ending; returns bytes, several lines if they have line breaks; None removes it."""
    RAW = "raw"
    """A line's bytes with their ending, for each line of a file with a finding; returns bytes."""
    FIRST = "first"
    """The same including a byte order mark, for the first line of a file only."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A rule's own edit: it removes the finding completely or does nothing, and is idempotent."""

    function: Callable[[Any], Any]
    safe: bool
    """True if the meaning is unchanged and no line is removed; other repairs need `--unsafe-fixes`."""
    summary: str
    """What the repair does, in one sentence: its docstring."""
    takes: RepairInput = RepairInput.OBJECT

    def apply(self, parsed: ParsedLine) -> bytes | None:
        """The repaired bytes of a line with a finding; unchanged without effect, None if the line is removed.

        Bytes that the value does not represent are never lost: a line with a repeated key is neither rewritten nor
        removed. Safe repairs remove no line.
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
        """Whether it changes a line with a finding."""
        return self.apply(parsed) != parsed.line.data


def messages_in(value: Object) -> list[Object] | None:
    """The messages if all of them are objects; else nothing is repaired."""
    messages = value.get("messages")
    return messages if isinstance(messages, list) and all(isinstance(message, dict) for message in messages) else None


def on_messages(
    edit: Callable[Concatenate[list[Object], Options], list[Object] | None],
) -> Callable[Concatenate[Object, Options], Object]:
    """A repair of the line's object from a repair of one message; None leaves the line unchanged."""

    @wraps(edit)
    def repaired(value: Object, /, *args: Options.args, **options: Options.kwargs) -> Object:
        messages = messages_in(value)
        edited = None if messages is None else edit(messages, *args, **options)
        return value if edited is None else {**value, "messages": edited}

    return repaired


def copy_without(value: Object, *keys: str) -> Object:
    """Copy an object without some keys."""
    return {key: item for key, item in value.items() if key not in keys}
