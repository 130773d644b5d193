"""The rules. Adding one touches its family's file and `tests/cases/<CODE>.toml`; adding a family, also this list."""

from typing import Final

from curate.rules import (
    answers,
    calls,
    characters,
    content,
    content_parts,
    contradictions,
    controls,
    dataset,
    degenerate_text,
    duplicates,
    file_format,
    images,
    jsonl,
    labels,
    leakage,
    manifest_integrity,
    markup,
    message_keys,
    preference,
    quality,
    reinforcement,
    removal_guard,
    repeated_content,
    results,
    roles,
    secrets,
    speakers,
    split_balance,
    splits,
    stale_suppressions,
    tokens,
    tools,
    turn_order,
    type_consistency,
)
from curate.rules import line_repairs as line_repairs  # for what it declares
from curate.rules import part_repairs as part_repairs
from curate.rules import repairs as repairs
from curate.rules import tool_repairs as tool_repairs
from curate.rules import turn_repairs as turn_repairs
from curate.rules.rule import Rule as Rule
from curate.rules.rule import Scope as Scope

FAMILIES: Final = (
    jsonl,
    roles,
    turn_order,
    content,
    duplicates,
    repeated_content,
    removal_guard,
    contradictions,
    answers,
    splits,
    leakage,
    split_balance,
    manifest_integrity,
    stale_suppressions,
    quality,
    degenerate_text,
    markup,
    speakers,
    characters,
    secrets,
    calls,
    results,
    tools,
    content_parts,
    images,
    file_format,
    dataset,
    type_consistency,
    tokens,
    controls,
    message_keys,
    preference,
    labels,
    reinforcement,
)
RULES: Final[dict[str, Rule]] = {rule.code: rule for family in FAMILIES for rule in family.RULES}


def by_scope(rules: dict[str, Rule], scope: Scope) -> list[Rule]:
    """Those of `rules` that see `scope`."""
    return [rule for rule in rules.values() if rule.scope == scope]
