"""Custom rules: from the configuration, or from packages by the entry-point group `curate.lint.rules`."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from curate.core.config import CustomRule
from curate.core.errors import ConfigError
from curate.core.example import ROLES, Example, Place
from curate.core.lazy import lazy_pattern, pl
from curate.lint.rules import RULES
from curate.lint.rules.message_frame import messages_frame
from curate.lint.rules.rule import CODE, NAME, Rule, Scope

ENTRY_POINT_GROUP: Final = "curate.lint.rules"
"""An entry point names a module with `RULES`, a sequence of rules declared by `curate.lint.rules.rule.rule`."""
COLUMNS: Final = "turn, role, text, content, called, media"
"""Those of a message, for patterns and expressions."""
LITERAL: Final = lazy_pattern(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
SUBQUERY: Final = lazy_pattern(r"(?i)\b(?:select|values|table|with)\b|\(\s*from\b")
UNCLEAR_SQL: Final = ("\\", "--", "/*", "$", "`", "#")
"""Signs of escapes, comments and other quotes."""
TRIAL_MESSAGES: Final = [
    {"role": role, "content": text}
    for role, text in (("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello, there."), ("user", ""))
]
"""Messages on which a custom rule is tested before any data is read."""


def known_rules(declared: tuple[CustomRule, ...] = ()) -> dict[str, Rule]:
    """All rules: built-in, from other packages, and from the configuration.

    Raises `ConfigError` for a code or name in use, and for a pattern or expression that polars refuses.
    """
    rules = dict(RULES)
    for source, rule in [
        *_from_packages(),
        *((f"check.rule {item.code}", _rule_from_config(item)) for item in declared),
    ]:
        conflicting = next(
            (existing for existing in rules.values() if rule.code == existing.code or rule.name == existing.name), None
        )
        if conflicting is not None:
            raise ConfigError(
                f"{source}: {rule.code} {rule.name}: {conflicting.code} {conflicting.name} already has that code or name",
                "choose another one",
            )
        rules[rule.code] = rule
    return rules


@lru_cache(maxsize=1)
def _from_packages() -> tuple[tuple[str, Rule], ...]:
    """The rules of installed packages, each with its source; none without such a package."""
    found_rules: list[tuple[str, Rule]] = []
    if not any(map(_may_provide_rules, sys.path)):
        return ()
    # reads the metadata of all packages: ten times as long as a search for the name
    from importlib.metadata import entry_points

    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        source = f"rules of {point.name!r} ({point.value})"
        try:
            rules = point.load()
        except (ImportError, AttributeError, ValueError) as error:
            raise ConfigError(
                f"{source} cannot be loaded: {error}", "install that package again, or remove it"
            ) from error
        for rule in getattr(rules, "RULES", rules):
            if not isinstance(rule, Rule):
                raise ConfigError(
                    f"{source}: RULES contains something that is not a rule",
                    "declare it with `curate.lint.rules.rule.rule`",
                )
            found_rules.append((source, rule))
    return tuple(found_rules)


def _may_provide_rules(folder: str) -> bool:
    """Whether an installed package may provide rules.

    Either one declares the entry-point group, or an entry of the path is not a folder and cannot be searched.
    """
    try:
        with os.scandir(folder or ".") as entries:
            return any(map(_declares_rules, entries))
    except NotADirectoryError:
        return True
    except OSError:
        return False


def _declares_rules(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry of a folder is the metadata of a package with our entry-point group."""
    with suppress(OSError):
        return (
            entry.name.endswith((".dist-info", ".egg-info"))
            and ENTRY_POINT_GROUP.encode() in Path(entry.path, "entry_points.txt").read_bytes()
        )
    return False


def _rule_from_config(item: CustomRule) -> Rule:
    """The rule of a table `check.rule`. Raises `ConfigError` if its code, name, pattern, expression or samples are
    wrong.
    """
    if not CODE.fullmatch(item.code) or not NAME.fullmatch(item.name):
        raise ConfigError(
            f"check.rule {item.code}: the name {item.name!r} is not lower-case-with-dashes",
            "name the defect, e.g. mentions-competitor",
        )
    where = f" of a message of {' or '.join(item.role)}" if item.role else " of a message"
    summary = (
        f"The text{where} matches the pattern {item.pattern}"
        if item.pattern
        else f"The expression holds{where}: {item.expression}"
    )
    _check_on_samples(item)
    return Rule(
        item.code,
        item.name,
        item.severity,
        Scope.TEXT,
        item.hint,
        custom_summary(item),
        item.why or f"{summary}.",
        _sample_lines(item.bad),
        _sample_lines(item.good),
        lambda: _expression(item),
    )


def custom_summary(rule: CustomRule) -> str:
    """The summary of a custom rule: its own, or its message as a sentence."""
    return rule.summary or f"{rule.message[:1].upper()}{rule.message[1:].rstrip('.')}."


def _sample_lines(texts: tuple[str, ...]) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode("utf-8", "surrogatepass")


def _expression(item: CustomRule) -> "pl.Expr":
    """The message of the rule where it applies, else null."""
    holds = _condition(item)
    if item.role:
        holds = pl.col("role").is_in(list(item.role)) & holds
    return pl.when(holds).then(pl.lit(item.message))


def _condition(item: CustomRule) -> "pl.Expr":
    """Whether the pattern or expression of the rule applies to a text."""
    return pl.col("text").str.contains(item.pattern) if item.pattern else pl.sql_expr(item.expression)


def has_subquery(expression: str) -> bool:
    """Whether an SQL expression may read a table: with `read_csv`, polars reads any file or URL while it parses.

    Words in text literals are ignored, unless a comment or an escape could hide the end of a literal.
    """
    is_plain = not any(sign in expression for sign in UNCLEAR_SQL)
    return SUBQUERY.search(LITERAL.sub(_without_text, expression) if is_plain else expression) is not None


def _without_text(literal: re.Match[str]) -> str:
    return literal.group() if literal.group().startswith('"') else "''"  # in double quotes is the name of a column


def _check_on_samples(item: CustomRule) -> None:
    """Test a rule on a few messages before reading data. Raises `ConfigError` if it is invalid.

    A rule must give one result per message.
    """
    source = f"check.rule {item.code}"
    step = f"fix its pattern or expression; the columns are {COLUMNS}"
    if has_subquery(item.expression):
        raise ConfigError(f"{source}: the expression has a subquery", "compare the columns of a message: " + COLUMNS)
    frame = messages_frame([Example(Place("", 0), {"messages": TRIAL_MESSAGES}, "messages")])
    try:
        at_once = frame.select(holds=_condition(item))
        separate = [frame[n].select(holds=_condition(item)) for n in range(len(frame))]
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise ConfigError(f"{source}: {(str(error) or type(error).__name__).splitlines()[0]}", step) from None
    if at_once["holds"].dtype != pl.Boolean:
        raise ConfigError(
            f"{source}: the expression is a {at_once['holds'].dtype}, not true or false",
            "compare it with a value, e.g. LENGTH(text) > 4000",
        )
    if not pl.concat(separate).equals(at_once):
        raise ConfigError(
            f"{source}: the expression depends on other messages",
            "use one message at a time: no sums, averages or windows",
        )


def mistakes(declared: tuple[CustomRule, ...]) -> Iterator[str]:
    """Mistakes in declared rules that show before they run: roles that no message has."""
    for item in declared:
        for role in item.role:
            if role not in ROLES:
                yield f"check.rule {item.code}: no message has the role {role!r}"


def own_rules(rules: Mapping[str, Rule]) -> list[Rule]:
    """The rules in `rules` that are not built in."""
    return [rule for code, rule in rules.items() if code not in RULES]
