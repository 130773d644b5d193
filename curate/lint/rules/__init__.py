"""The rules. Adding one touches its family's file and `tests/cases/<CODE>.toml`; adding a family, also this list."""

from importlib import import_module
from typing import Final

from curate.lint.rules import line_repairs as line_repairs  # for what it declares
from curate.lint.rules.rule import Rule as Rule
from curate.lint.rules.rule import Scope as Scope

FAMILIES: Final = (
    "jsonl", "roles", "content", "duplicates", "contradictions", "answers", "splits", "quality", "reasoning",
    "degenerate_text", "markup", "code_blocks", "arithmetic", "speakers", "attacks", "characters", "secrets", "calls", "results", "tool_answers", "tools",
    "content_parts", "images", "file_format", "dataset", "tokens", "controls", "message_keys",
    "preference", "rejected_side", "labels", "reinforcement", "service_forms",
)  # fmt: skip
"""Modules of this package that declare rules."""
RULES: Final[dict[str, Rule]] = {
    rule.code: rule
    for family in FAMILIES
    for rule in vars(import_module(f"curate.lint.rules.{family}")).values()
    if isinstance(rule, Rule)
}


def by_scope(rules: dict[str, Rule], scope: Scope) -> list[Rule]:
    """The rules with this scope."""
    return [rule for rule in rules.values() if rule.scope == scope]
