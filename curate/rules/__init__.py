"""The rules. Adding one touches its family's file and `tests/cases/<CODE>.toml`; adding a family, also this list."""

from typing import Final

from curate.errors import UsageError
from curate.rules import (
    adoption,
    calls,
    characters,
    content,
    dataset,
    duplicates,
    images,
    jsonl,
    labels,
    markup,
    messages,
    parts,
    preference,
    quality,
    reinforcement,
    repetition,
    results,
    sameness,
    secrets,
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
from curate.targets import Target

FAMILIES: Final = (
    jsonl,
    messages,
    content,
    duplicates,
    adoption,
    quality,
    repetition,
    markup,
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
    turns,
    preference,
    labels,
    reinforcement,
)
RULES: Final[dict[str, Rule]] = {rule.code: rule for family in FAMILIES for rule in family.RULES}


def selected(select: tuple[str, ...] = (), ignore: tuple[str, ...] = (), target: Target = Target.TRAINER) -> dict[str, Rule]:
    """The rules that run for a target: those under a code or prefix in `select` (the default ones when it is empty), under none in `ignore`.

    Raises `UsageError` for a prefix that no rule has.
    """
    for prefix in (*select, *ignore):
        if not any(code.startswith(prefix) for code in RULES):
            raise UsageError(f"no rule has a code that starts with {prefix!r}", "`curate rule --all` lists them")
    return {
        code: rule
        for code, rule in RULES.items()
        if (code.startswith(select) if select else rule.default) and not (ignore and code.startswith(ignore)) and rule.severity_for(target)
    }


def by_scope(rules: dict[str, Rule], scope: Scope) -> list[Rule]:
    """Those of `rules` that see `scope`."""
    return [rule for rule in rules.values() if rule.scope is scope]
