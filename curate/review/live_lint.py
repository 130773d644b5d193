"""Edit an example: its text for the built-in or an external editor and back, and its findings, available repairs and
their effect while it is edited.

A conversation with roles and texts is written with a line `#: ROLE` before each turn, anything else as JSON. Control
characters are escaped like `\\u{1b}`, and text that looks like such an escape gets more backslashes, so that any data
survives the round trip.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from curate.core.config import CheckConfig
from curate.core.errors import DataError
from curate.core.example import number_of
from curate.core.finding import Finding
from curate.core.text import UNSAFE, json_line
from curate.lint.checker import Checker
from curate.lint.rules import Rule
from curate.lint.rules.rule import RepairInput
from curate.read.chunks import Batch
from curate.read.dataset import FileFacts, ParsedLine, parsed_line
from curate.read.decode import MISSING, decode
from curate.read.json_pointer_spans import line_of
from curate.read.lines import Line

TURN_MARK: Final = "#: "
ESCAPE: Final = re.compile(r"(?<!\\)(\\+)u\{([0-9a-f]{1,6})\}")
"""An escape, or text that looks like one: with an odd number of backslashes it is an escape."""
ESCAPED: Final = re.compile(rf"(?<!\\)(\\*)(?:(?![\n\t])({UNSAFE.pattern})|(?<=\\)(u\{{[0-9a-f]{{1,6}}\}}))")
ESCAPED_TURN_MARK: Final = re.compile(r"^\\(\\*)#: ", re.MULTILINE)
"""An escaped line of a text that looks like the beginning of a turn."""
PLAIN_KEYS: Final = {"role", "content"}


@dataclass(frozen=True, slots=True)
class Repaired:
    """The effect of a rule's repair on a line."""

    code: str
    summary: str
    """What the repair does, in one sentence."""
    safe: bool
    value: dict[str, Any]
    """The line's object afterwards."""
    findings: list[Finding]
    """What the rules still find in it."""


def repairs_examples(rule: Rule) -> bool:
    """Whether a rule has a repair that needs only the example, not the raw line or the first example of a file."""
    return rule.repair is not None and rule.repair.takes not in (RepairInput.RAW, RepairInput.FIRST)


class LiveLint:
    """The rules, loaded for single lines, which takes a moment."""

    def __init__(self, config: CheckConfig) -> None:
        """Raises as `Checker` does."""
        self.checker = Checker(config)

    def findings(self, value: dict[str, Any], like: ParsedLine) -> list[Finding]:
        """The findings of single-line rules about an object that replaces a line."""
        return self._findings(_with_bytes(like, json_line(value)))

    def _findings(self, parsed: ParsedLine) -> list[Finding]:
        """The findings of single-line rules about a line."""
        facts = FileFacts(parsed.place.file, target=self.checker.target)
        return sorted(
            self.checker.check_batch(Batch.of_lines([parsed]), facts, 1).findings, key=lambda finding: finding.order
        )

    def repaired(self, parsed: ParsedLine, code: str, value: dict[str, Any] | None = None) -> Repaired | None:
        """The repaired line, or the repaired object that replaces it; None without an effective repair."""
        rule = self.checker.chosen.rules.get(code)
        if rule is None or rule.repair is None or not repairs_examples(rule):
            return None
        current = parsed if value is None else _with_bytes(parsed, json_line(value))
        data = rule.repair.apply(current)
        if data is None or data == current.line.data or b"\n" in data:
            return None
        after = _with_bytes(parsed, data)
        if not isinstance(after.decoded.value, dict):
            return None
        return Repaired(code, rule.repair.summary, rule.repair.safe, after.decoded.value, self._findings(after))


def _with_bytes(parsed: ParsedLine, data: bytes) -> ParsedLine:
    """The line with other bytes at the same place."""
    line = Line(parsed.line.number, parsed.line.offset, data, b"\n", 0, parsed.line.nth)
    return parsed_line(line, FileFacts(parsed.place.file))


def still_found(findings: Sequence[Finding], old: dict[str, Any] | None, new: dict[str, Any]) -> tuple[str, ...]:
    """The sorted keys of the findings that an edit leaves: code and pointer, or the code alone if the edit added or
    removed messages, since that moves pointers.
    """
    moved = old is None or len(old.get("messages", ())) != len(new.get("messages", ()))
    return tuple(sorted({finding.code if moved else finding.code + finding.pointer for finding in findings}))


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
