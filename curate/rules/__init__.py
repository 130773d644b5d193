"""The rules. Adding one touches its family's file and `tests/cases/<CODE>.toml`; adding a family, also this list."""

from typing import Final

from curate.rules import (
    adoption,
    answers,
    balance,
    books,
    calls,
    characters,
    content,
    contradictions,
    controls,
    dataset,
    duplicates,
    images,
    jsonl,
    labels,
    leakage,
    markup,
    messages,
    order,
    parts,
    preference,
    quality,
    reinforcement,
    removal,
    repeats,
    repetition,
    results,
    sameness,
    secrets,
    speakers,
    splits,
    tokens,
    tools,
    transport,
    turns,
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
    messages,
    order,
    content,
    duplicates,
    repeats,
    removal,
    contradictions,
    answers,
    splits,
    leakage,
    balance,
    books,
    adoption,
    quality,
    repetition,
    markup,
    speakers,
    characters,
    secrets,
    calls,
    results,
    tools,
    parts,
    images,
    transport,
    dataset,
    sameness,
    tokens,
    controls,
    turns,
    preference,
    labels,
    reinforcement,
)
RULES: Final[dict[str, Rule]] = {rule.code: rule for family in FAMILIES for rule in family.RULES}


def by_scope(rules: dict[str, Rule], scope: Scope) -> list[Rule]:
    """Those of `rules` that see `scope`."""
    return [rule for rule in rules.values() if rule.scope == scope]
