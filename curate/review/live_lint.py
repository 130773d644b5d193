"""Lint an example while it is edited: findings, available repairs, and their effect."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from curate.core.config import CheckConfig
from curate.core.finding import Finding
from curate.core.text import json_line
from curate.lint.checker import Checker
from curate.lint.rules import Rule
from curate.lint.rules.rule import RepairInput
from curate.read.chunks import Batch
from curate.read.dataset import FileFacts, ParsedLine, parsed_line
from curate.read.lines import Line


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
        current = _with_bytes(parsed, parsed.jsonl if value is None else json_line(value))
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
