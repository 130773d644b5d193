"""The rules as data and as a Markdown table."""

import re
from collections.abc import Iterable
from typing import Any

from curate.lint.rules.rule import Rule


def rule_json(rule: Rule) -> dict[str, Any]:
    """A rule's documentation as plain values; non-UTF-8 bytes of its examples are written `\\xNN`."""
    samples = dict(rule.samples)
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "scope": str(rule.scope),
        "default": rule.default,
        "repair": _repair(rule) or None,
        "targets": {target.value: severity.value for target, severity in rule.targets.items()},
        "only": [target.value for target in rule.only],
        "summary": rule.summary,
        "rationale": rule.rationale,
        "hint": rule.hint,
        "bad": samples.get("Bad", ""),
        "good": samples.get("Good", ""),
    }


def rules_markdown(rules: Iterable[Rule]) -> str:
    """A table of rules, by code."""
    lines = ["| code | name | severity | repair | finds |", "|---|---|---|---|---|"]
    for rule in sorted(rules, key=lambda rule: rule.code):
        severity = rule.severity.value + ("" if rule.default else ", not by default")
        summary = re.sub(r"([|<])", r"\\\1", rule.summary)
        lines.append(f"| {rule.code} | {rule.name} | {severity} | {_repair(rule)} | {summary} |")
    return "\n".join(lines) + "\n"


def rule_markdown(rule: Rule) -> str:
    """A rule's documentation as a Markdown section."""
    blocks = "\n\n".join(f"{label}:\n\n````json\n{text}````" for label, text in rule.samples)
    return (
        f"## {rule.code} {rule.name} ({rule.severity})\n\n{rule.summary}\n\n{rule.rationale}\n\nNext: "
        f"{rule.hint}\n{rule_terms(rule)}\n{blocks}\n"
    )


def rule_terms(rule: Rule) -> str:
    """Targets, severities and repair of a rule, a line each; empty if there is nothing to say."""
    by_severity: dict[str, list[str]] = {}
    for target in rule.only or rule.targets:
        by_severity.setdefault(rule.severity_for(target) or "", []).append(target)
    text = "; ".join(f"{severity} for {', '.join(targets)}" for severity, targets in by_severity.items())
    lines = [
        f"Runs only when selected: --extend-select {rule.code}" if not rule.default else "",
        f"Targets: {text}; {'no finding' if rule.only else rule.severity} for others" if text else "",
        f"Fix ({_repair(rule)}): {rule.repair.summary}" if rule.repair else "",
    ]
    return "".join(f"{line}\n" for line in lines if line)


def _repair(rule: Rule) -> str:
    """The kind of the fix of a rule, `safe` or `unsafe`; empty if it has none."""
    return "" if rule.repair is None else "safe" if rule.repair.safe else "unsafe"
