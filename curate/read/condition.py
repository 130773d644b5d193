"""Which lines an expression selects: its fields are columns of a polars frame, and its tests expressions of them."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from curate.core.example import Example, value_at
from curate.core.expression import KEY, REGEX_FLAGS, SCORE, AllOf, Node, Not, Term, Test
from curate.core.lazy import pl
from curate.core.text import casefolded, estimated_tokens, text_column
from curate.project.decision_log import DecisionLog
from curate.read.dataset import ParsedLine
from curate.read.form_writer import normal_tools

if TYPE_CHECKING:
    from polars import Expr, Series

WILDCARD: Final = re.compile(r"(\*|\?|\[.\])", re.DOTALL)
"""Signs of a pattern, as in names of files; a sign in brackets is itself."""


@dataclass(frozen=True)
class ReviewFacts:
    """What is known of examples beside their lines."""

    log: DecisionLog | None = None
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By quality signal, its value for each example, by id."""


NOTHING_KNOWN: Final = ReviewFacts()


def matches(node: Node, lines: Sequence[ParsedLine], facts: ReviewFacts = NOTHING_KNOWN) -> list[bool]:
    """Whether each of some lines matches a tree of tests."""
    columns: dict[tuple[str, str], Series] = {}
    condition = _expression(node, lines, facts, columns)
    frame = pl.DataFrame([series.alias(repr(name)) for name, series in columns.items()])
    holds = frame.select(holds=condition)["holds"].to_list() if lines else []
    return holds if columns else holds * len(lines)


def _expression(
    node: Node, lines: Sequence[ParsedLine], facts: ReviewFacts, columns: "dict[tuple[str, str], Series]"
) -> "Expr":
    """A tree of tests as a polars expression; the columns that it reads are added to `columns`."""
    if isinstance(node, Test):
        kind = _kind(node)
        if (node.field, kind) not in columns:
            columns[node.field, kind] = _column(node.field, kind, lines, facts)
        holds = pl.col(repr((node.field, kind))).list.eval(_passes(node, pl.element())).list.any()
        return holds.fill_null(value=False)
    if isinstance(node, Not):
        return ~_expression(node.node, lines, facts, columns)
    assert not isinstance(node, Term), "a tree of tests has no term"
    every = isinstance(node, AllOf)
    parts = [_expression(part, lines, facts, columns) for part in node.nodes]
    # a chain of operators would be as deep as it is long, and take the square of its length
    return (pl.all_horizontal if every else pl.any_horizontal)(parts) if parts else pl.lit(value=every)


def _kind(test: Test) -> str:
    """How a test compares the values of a field: as `number`; as `text`, as it is; `folded`, without case; or by how it
    `begins`, without case and with single spaces.
    """
    if isinstance(test.value, float):
        return "number"
    return {"~": "text", "": "text", "begins": "begins"}.get(test.sign, "folded")


def _passes(test: Test, value: "Expr") -> "Expr":
    """The polars expression that is true where `value`, a column, passes a test."""
    if test.sign == "":
        return value.is_not_null()
    if isinstance(test.value, float):
        signs = {"=": value.eq, "<": value.lt, "<=": value.le, ">": value.gt, ">=": value.ge}
        return signs[test.sign](test.value)
    if test.sign == "~":
        return value.str.contains(REGEX_FLAGS + test.value)
    compared = text_column([_folded(test.value, _kind(test))])[0]
    if test.sign == "contains":
        return value.str.contains(compared, literal=True)
    if test.sign == "begins":
        return value.str.starts_with(compared)
    return value.str.contains(f"(?s)^{''.join(map(_pattern, WILDCARD.split(compared)))}$")


def _pattern(part: str) -> str:
    """A part of a pattern with `*` and `?` as a regular expression."""
    return {"*": ".*", "?": "."}.get(part) or pl.escape_regex(part[1] if WILDCARD.fullmatch(part) else part)


def _folded(text: str, kind: str) -> str:
    """The text without differences in case; for tests of a beginning, also in white space."""
    return " ".join(casefolded(text).split()) if kind == "begins" else casefolded(text)


def _column(name: str, kind: str, lines: Sequence[ParsedLine], facts: ReviewFacts) -> "Series":
    """The values of a field as a column of lists, one list for each line; `kind`: see `_kind`."""
    values = [_values(name, parsed, facts) for parsed in lines]
    if kind == "number":
        return pl.Series([[_number(value) for value in row] for row in values], dtype=pl.List(pl.Float64))
    texts = [[_text(value) for value in row] for row in values]
    if kind != "text":
        texts = [[None if text is None else _folded(text, kind) for text in row] for row in texts]
    try:
        return pl.Series(texts, dtype=pl.List(pl.String))
    except UnicodeEncodeError:
        return pl.Series([text_column(row).to_list() for row in texts], dtype=pl.List(pl.String))


def _number(value: Any) -> float | None:
    """A value as a number; None for one that is no number, infinite for an integer that is too large."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return None if isnan(value) else float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _text(value: Any) -> str | None:
    """A value as text, JSON if it is none; None stays None."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _values(name: str, parsed: ParsedLine, facts: ReviewFacts) -> list[Any]:
    """The values of a field for a line; empty if it has none."""
    example = parsed.example
    if name.startswith(KEY):
        line = parsed.decoded.value
        value = value_at(line, name.removeprefix(KEY)) if isinstance(line, dict) else None
        return value if isinstance(value, list) else [value]
    if name in OF_PLACE:
        return OF_PLACE[name](parsed)
    if example is None:
        return []
    if name.startswith(SCORE):
        return [facts.scores.get(name.removeprefix(SCORE), {}).get(example.id)]
    if name in OF_REVIEW:
        return OF_REVIEW[name](facts.log, example.id) if facts.log is not None else []
    return OF_EXAMPLE[name](example)


def line_text(parsed: ParsedLine) -> str:
    """The text of a line; if it is not a conversation, all of it."""
    messages = parsed.example.messages if parsed.example else ()
    return "\n".join(message.text for message in messages) if messages else parsed.line.data.decode("utf-8", "replace")


def _tokens(example: Example) -> list[int]:
    """The estimated number of tokens of an example, as the only item of a list; an empty list without messages."""
    size = sum(len(message.text.encode("utf-8", "replace")) for message in example.messages)
    return [estimated_tokens(size)] if example.messages else []


def _tools(example: Example) -> list[int]:
    """The number of tools of an example, as the only item of a list."""
    tools = normal_tools(example.value)
    return [len(tools) if isinstance(tools, list) else 0]


def _of_role(role: str) -> Callable[[Example], list[Any]]:
    """A function that returns the texts of an example's messages of a role."""
    return lambda example: [message.text for message in example.messages if message.role == role]


OF_PLACE: Final[dict[str, Callable[[ParsedLine], list[Any]]]] = {
    "line": lambda parsed: [parsed.place.line],
    "file": lambda parsed: [parsed.place.file, PurePath(parsed.place.file).name],
    "text": lambda parsed: [line_text(parsed)],
    "format": lambda parsed: [parsed.example.format] if parsed.example else [],
}
OF_EXAMPLE: Final[dict[str, Callable[[Example], list[Any]]]] = {
    "turns": lambda example: [len(example.messages)],
    "tokens": _tokens,
    "tools": _tools,
    "role": lambda example: [message.role for message in example.messages],
    "system": _of_role("system"),
    "user": _of_role("user"),
    "assistant": _of_role("assistant"),
    "question": lambda example: [example.question],
    "answer": lambda example: [example.answer.text] if example.answer else [],
    "id": lambda example: [example.id],
}
OF_REVIEW: Final[dict[str, Callable[[DecisionLog, str], list[Any]]]] = {
    "rating": lambda log, example: [log.rating(example)],
    "verdict": lambda log, example: [state.verdict if (state := log.state_of(example)) else "undecided"],
    "label": lambda log, example: list(log.labels(example)),
    "by": lambda log, example: [head.who for heads in log.slots(example).values() for head in heads],
    "note": lambda log, example: [log.note(example)],
}
