"""An example as text that a person edits, in the built-in or an external editor, and back.

A conversation with roles and texts is written with a line `#: ROLE` before each turn, anything else as JSON. Control
characters are escaped like `\\u{1b}`, and text that looks like such an escape gets more backslashes, so that any data
survives the round trip.
"""

import json
import re
from typing import Any, Final

from curate.core.errors import DataError
from curate.core.example import number_of
from curate.core.text import UNSAFE
from curate.read.decode import MISSING, decode
from curate.read.json_pointer_spans import line_of

TURN_MARK: Final = "#: "
ESCAPE: Final = re.compile(r"(?<!\\)(\\+)u\{([0-9a-f]{1,6})\}")
"""An escape, or text that looks like one: with an odd number of backslashes it is an escape."""
ESCAPED: Final = re.compile(rf"(?<!\\)(\\*)(?:(?![\n\t])({UNSAFE.pattern})|(?<=\\)(u\{{[0-9a-f]{{1,6}}\}}))")
ESCAPED_TURN_MARK: Final = re.compile(r"^\\(\\*)#: ", re.MULTILINE)
"""An escaped line of a text that looks like the beginning of a turn."""
PLAIN_KEYS: Final = {"role", "content"}


def draft_of(value: dict[str, Any]) -> str:
    """The text of a line's object for an editor: plain messages under marks such as `#: user`, all else as JSON."""
    turns = value.get("messages")
    if set(value) == {"messages"} and isinstance(turns, list) and turns and all(_is_plain_turn(turn) for turn in turns):
        return (
            "\n".join(
                f"{TURN_MARK}{_escape(turn['role'])}\n{_escape_role_marks(_escape(turn['content']))}" for turn in turns
            )
            + "\n"
        )
    return _escape(json.dumps(value, ensure_ascii=False, indent=2)) + "\n"


def line_in(draft: str, pointer: str) -> int:
    """The line of a draft, from 0, in which the value at a JSON pointer of the object begins.

    If it is not found, the first line of text: a key pressed in a line `#: ROLE` would change the role.
    """
    if not draft.startswith(TURN_MARK):
        return line_of(draft.encode("utf-8", "replace"), pointer)
    parts = pointer.split("/")
    turn = number_of(parts[2]) or 0 if parts[:2] == ["", "messages"] and len(parts) > 2 else 0
    starts = [index for index, line in enumerate(draft.split("\n")) if line.startswith(TURN_MARK)]
    return starts[turn if turn < len(starts) else 0] + 1


def value_of(draft: str) -> dict[str, Any]:
    """The object for a text. Raises `DataError` with the line number if it is invalid."""
    text = draft.replace("\r\n", "\n").removesuffix("\n")
    if text.startswith(TURN_MARK):
        return {"messages": _turns_of_draft(text)}
    # a lone surrogate cannot be written in UTF-8, but as an escape
    data = _unescape(text).encode("utf-8", "backslashreplace")
    decoded = decode(data)
    for defect in decoded.defects:
        if decoded.value is MISSING or defect.kind == "repeated-key":
            line = data[: defect.offset].count(b"\n") + 1
            raise DataError(
                f"not valid JSON: line {line}: {defect.message}",
                "correct it, or start each message with a line such as `#: user`",
            )
    if not isinstance(decoded.value, dict):
        raise DataError("valid JSON, but not an object", 'an example is an object: {"messages": [...]}')
    return decoded.value


def _is_plain_turn(turn: Any) -> bool:
    """Whether a message has only a role and a text, so that a draft can show it under a mark."""
    return (
        isinstance(turn, dict)
        and set(turn) == PLAIN_KEYS
        and isinstance(turn["content"], str)
        and isinstance(turn["role"], str)
        and "\n" not in turn["role"]
    )


def _turns_of_draft(text: str) -> list[dict[str, str]]:
    """The messages that a draft with role marks contains."""
    turns: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        if line.startswith(TURN_MARK):
            turns.append((line.removeprefix(TURN_MARK), []))
        else:
            turns[-1][1].append(line)
    return [
        {"role": _unescape(role), "content": _unescape(ESCAPED_TURN_MARK.sub(r"\1#: ", "\n".join(lines)))}
        for role, lines in turns
    ]


def _escape_role_marks(text: str) -> str:
    """A text in which lines that look like role marks are escaped."""
    return re.sub(r"^(\\*)#: ", r"\\\1#: ", text, flags=re.MULTILINE)


def _escape(text: str) -> str:
    """Escape controls except line breaks and tabs; double the backslashes before what looks like an escape."""
    return ESCAPED.sub(lambda match: match[1] * 2 + (f"\\u{{{ord(match[2]):x}}}" if match[2] else match[3]), text)


def _unescape(text: str) -> str:
    """The text that `_escape` was given."""

    def back(match: re.Match[str]) -> str:
        backslashes, digits = match.groups()
        literal, escapes = divmod(len(backslashes), 2)
        if not escapes or int(digits, 16) > 0x10FFFF:
            return "\\" * (literal + escapes) + f"u{{{digits}}}"
        return "\\" * literal + chr(int(digits, 16))

    return ESCAPE.sub(back, text)
