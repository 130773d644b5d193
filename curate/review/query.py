"""Filters of the review: words, `/regular expressions/`, terms like `is:undecided code:M0 tokens:>500 -without "a b"`,
and expressions about examples (see `curate.core.expression`).
"""

import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from math import nextafter
from typing import Final, NamedTuple

from curate.core.errors import UsageError
from curate.core.expression import (
    ALTERNATIVES,
    FIELD_TEST,
    KEYS,
    NUMBER,
    RANGE,
    TERM,
    AllOf,
    AnyOf,
    ExpressionError,
    Node,
    Not,
    Term,
    check_signals,
    conjunction,
    is_expression,
    parsed,
    regex_error,
    resolved,
    term_test,
)
from curate.core.finding import Severity
from curate.core.text import casefolded
from curate.quality.signals import BY_NAME, DOUBT
from curate.review.entry import ReviewStatus

ALIASES: Final = {"dropped": "drop", "kept": "keep", "edited": "edit", "correct": "fix"}
FIXES: Final = ("safe", "unsafe", "any")
READ_TERMS: Final = ("role", "tokens", "begins", "field")
"""Keys of terms for which lines are read."""
SIGNALS: Final = (*BY_NAME, DOUBT)
BEGINNING_WORDS: Final = 5
"""Number of words of a question that entries like it begin with."""
TERMS: Final = (
    "is:undecided code:M0 severity:error file:*.jsonl line:10-20 score:0.8-0.9 fix:safe note:WORD by:NAME role:tool "
    'tokens:>500 field:source=web label:NAME rating:4-5 audit:bad signal:fits<0.5 begins:"what is"'
)
HELP: Final = (
    f'words, "a phrase", -without, -rating:1-5, /regex/; turns >= 4 and (role = tool or not tokens < 99); {TERMS}'
)
INFINITY: Final = float("inf")
Range = tuple[float, float]
COMPARISONS: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@dataclass(frozen=True, slots=True)
class Query:
    """Terms that must all match; several of one key are alternatives."""

    words: tuple[str, ...] = ()
    """Case-folded words that an entry must contain."""
    without: tuple[str, ...] = ()
    """Case-folded words that an entry must not contain."""
    statuses: tuple[ReviewStatus, ...] = ()
    codes: tuple[str, ...] = ()
    """Prefixes of codes."""
    severities: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """File name patterns."""
    lines: tuple[Range, ...] = ()
    scores: tuple[Range, ...] = ()
    """Similarity of duplicates, confidence of conflicts."""
    fixes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """Case-folded words of notes."""
    people: tuple[str, ...] = ()
    """Case-folded names of reviewers."""
    labels: tuple[str, ...] = ()
    ratings: tuple[Range, ...] = ()
    """Ratings from 1 to 5."""
    audits: tuple[str, ...] = ()
    """Judgements of audits, or their names."""
    signals: tuple["FieldTest", ...] = ()
    """Values of quality signals; all must match."""
    beginnings: tuple[str, ...] = ()
    """Case-folded beginnings of questions, which `where` compares; their words are looked for first."""
    where: tuple[Node, ...] = ()
    """Tests of lines, of which one line of an entry must pass all."""
    where_not: tuple[Node, ...] = ()
    """Tests of lines, of which no line of an entry may pass one."""
    clusters: tuple[str, ...] = ()
    """Ids of examples, or their first 16 digits, whose clusters and conflicts are shown."""
    near: tuple[str, ...] = ()
    """Ids of examples whose neighbours by embedding are shown."""
    patterns: tuple[str, ...] = ()
    """Regular expressions that an entry must match."""
    without_patterns: tuple[str, ...] = ()
    excluded: tuple["Query", ...] = ()
    """Terms of which none must match, each as a query."""

    @property
    def needs_texts(self) -> bool:
        """Whether texts have to be read."""
        return bool(self.words or self.without or self.patterns or self.without_patterns or self.needs_lines)

    @property
    def needs_journal(self) -> bool:
        """Whether the journal has to be searched."""
        return bool(self.notes or self.people or self.labels or self.ratings or self.audits)

    @property
    def needs_lines(self) -> bool:
        """Whether lines have to be parsed."""
        return bool(self.where or self.where_not)


class FieldTest(NamedTuple):
    """A comparison of a quality signal."""

    path: str
    sign: str = ""
    """`<`, `<=`, `>` or `>=`."""
    value: str = ""
    """A number."""


def parse(text: str) -> Query:
    """Parse a query. Unknown terms are words; an invalid expression matches nothing (`mistake_in` describes it)."""
    if not is_expression(text):
        return _query_of_filter(text)
    try:
        terms, nodes = _divided(text)
        opposites = [node.node for node in nodes if isinstance(node, Not)]
        tests = conjunction(text, [node for node in nodes if not isinstance(node, Not)]).nodes
        query = _query_of_filter(terms)
        without = (*query.where_not, *(resolved(text, node) for node in opposites))
        return replace(query, where=(*query.where, *tests), where_not=without)
    except UsageError:
        return Query(where=(AnyOf(()),))


def _divided(text: str) -> tuple[str, list[Node]]:
    """An expression in two parts that must both match: terms of the top level as a filter, and the rest.

    Raises `ExpressionError`.
    """
    tree = parsed(text)
    terms, nodes = list[str](), list[Node]()
    for node in tree.nodes if isinstance(tree, AllOf) else (tree,):
        inner, minus = (node.node, "-") if isinstance(node, Not) else (node, "")
        if isinstance(inner, Term) and '"' not in inner.value:
            key = inner.key and f"{inner.key}:"
            terms.append(f"{minus}/{inner.value}/" if inner.key == "re" else f'{minus}{key}"{inner.value}"')
        else:
            nodes.append(node)
    return " ".join(terms), nodes


def _query_of_filter(text: str) -> Query:
    terms: dict[str, list[str]] = {key: [] for key in KEYS}
    words: list[str] = []
    without: list[str] = []
    patterns: tuple[list[str], list[str]] = ([], [])
    excluded: list[Query] = []
    tests: dict[str, list[Node]] = {"": []}
    opposites: list[Node] = []
    for match in TERM.finditer(text):
        minus, pattern, key, phrase, word = match.groups()
        value = phrase if phrase is not None else word
        if pattern or (key == "re" and value):
            patterns[bool(minus)].append(pattern or value)
        elif key in READ_TERMS and value and (test := term_test(key, value)) is not None:
            group = opposites if minus else tests.setdefault(key if key in ALTERNATIVES else "", [])
            group.append(test)
            if key == "begins" and not minus:
                terms[key].append(value)
        elif key in KEYS and value and _is_valid_value(key, value):
            if minus:
                excluded.append(_query_of_terms({name: [value] if name == key else [] for name in KEYS}))
            else:
                terms[key].append(value)
        elif value and (phrase is not None or word != "-"):
            (without if minus else words).append(casefolded(f"{key}:{value}" if key else value))
    fields = tests.pop("")
    return replace(
        _query_of_terms(terms),
        words=tuple(words),
        without=tuple(without),
        where=(*fields, *(AnyOf(tuple(group)) for group in tests.values())),
        where_not=tuple(opposites),
        patterns=tuple(patterns[False]),
        without_patterns=tuple(patterns[True]),
        excluded=tuple(excluded),
    )


def _query_of_terms(terms: Mapping[str, Sequence[str]]) -> Query:
    return Query(
        statuses=tuple(status for value in terms["is"] for status in _statuses(value)),
        codes=tuple(value.upper() for value in terms["code"]),
        severities=tuple(value.lower() for value in terms["severity"]),
        files=tuple(terms["file"]),
        lines=tuple(_number_range(value) for value in terms["line"]),
        scores=tuple(_number_range(value) for value in terms["score"]),
        fixes=tuple(value.lower() for value in terms["fix"]),
        notes=tuple(map(casefolded, terms["note"])),
        people=tuple(map(casefolded, terms["by"])),
        labels=tuple(map(casefolded, terms["label"])),
        ratings=tuple(_number_range(value) for value in terms["rating"]),
        audits=tuple(value.casefold() for value in terms["audit"]),
        signals=tuple(_field_test(value) for value in terms["signal"]),
        beginnings=tuple(" ".join(value.casefold().split()) for value in terms["begins"]),
        clusters=tuple(value.lower() for value in terms["cluster"]),
        near=tuple(value.lower() for value in terms["similar"]),
    )


def term(key: str, value: str) -> str:
    """The term of a filter that matches a value; `?` stands for a quotation mark, which a term cannot hold."""
    key, colon, path = key.partition(":")
    text = f"{path}={value}" if colon else value
    plain = not text.startswith('"') and not re.search(r'[\s"]', text)
    return f"{key}:{text}" if plain else f'{key}:"{text.replace(chr(34), "?")}"'


def with_term(text: str, added: str) -> str:
    """A filter with a term in place of those of the same key; fields are tested one beside another."""
    if is_expression(text) and not mistake_in(text):
        return f"({text}) {added}" if isinstance(parsed(text), AnyOf) else f"{text} {added}"
    key = added.partition(":")[0]
    kept = [match[0] for match in TERM.finditer(text) if match[3] != key or match[1] or key == "field"]
    return " ".join([*(term for term in kept if term != added), added])


def mistake_in(text: str) -> str:
    """The first mistake in a query, as a message with a suggestion; empty if there is none."""
    if is_expression(text):
        try:
            text, nodes = _divided(text)
            check_signals(text, conjunction(text, nodes), SIGNALS)
        except ExpressionError as error:
            return str(error)
    for match in TERM.finditer(text):
        _, pattern, key, phrase, word = match.groups()
        value = phrase if phrase is not None else word
        if pattern or key == "re":
            if mistake := regex_error(pattern or value):
                return f"/{pattern or value}/: not a regular expression: {mistake}"
        elif key in KEYS and value and not _is_valid_value(key, value):
            return _wrong_value(key, value)
        elif key and key not in KEYS and value and key.isascii() and key.isalpha() and not value.startswith("//"):
            suggestions = get_close_matches(key.lower(), KEYS, n=1)
            hint = (
                f"did you mean {suggestions[0]}:{value}?"
                if suggestions
                else f'to search for the text, write "{key}:{value}"'
            )
            return f"{key}:{value}: no such term; {hint}"
    return ""


def _wrong_value(key: str, value: str) -> str:
    """A message about the invalid value of a term, with a suggestion."""
    named = {
        "is": ("status", [status.name.lower() for status in ReviewStatus] + ["open", "decided"]),
        "severity": ("severity", [severity.value for severity in Severity]),
        "fix": ("kind of fix", FIXES),
    }
    if key in named:
        kind, names = named[key]
        suggestions = get_close_matches(value.lower(), names, n=1)
        return f"{key}:{value}: no such {kind}; " + (
            f"did you mean {key}:{suggestions[0]}?" if suggestions else ", ".join(names)
        )
    if key == "signal":
        suggestions = get_close_matches(_field_test(value).path, SIGNALS, n=1)
        hint = f"did you mean {suggestions[0]}?" if suggestions else ", ".join(SIGNALS)
        return f"signal:{value}: write a signal with < or > and a number, like signal:doubt>0.8; {hint}"
    if key in ("cluster", "similar"):
        return f"{key}:{value}: not an id of an example, of which 16 digits suffice"
    if key == "field":
        return f"field:{value}: not a number after < or >; write field:score>0.5"
    return f"{key}:{value}: not a number or a range; write {key}:10-20 or {key}:>10"


def _is_valid_value(key: str, value: str) -> bool:
    if key == "is":
        return bool(_statuses(value))
    if key == "severity":
        return any(severity.value.startswith(value.lower()) for severity in Severity)
    if key == "fix":
        return value.lower() in FIXES
    if key == "signal":
        test = _field_test(value)
        return test.path in SIGNALS and test.sign in COMPARISONS and NUMBER.fullmatch(test.value) is not None
    if key in ("cluster", "similar"):
        return re.fullmatch("[0-9a-fA-F]{16,32}", value) is not None
    if key in READ_TERMS:
        return term_test(key, value) is not None
    return value != "-" and bool(RANGE.fullmatch(value)) if key in ("line", "score", "rating") else True


def _field_test(value: str) -> FieldTest:
    """The comparison that a value such as `ending>0.7` states; a value of another form is only the path."""
    match = FIELD_TEST.fullmatch(value)
    return FieldTest(*(part or "" for part in match.groups())) if match else FieldTest(value)


def _statuses(value: str) -> tuple[ReviewStatus, ...]:
    """The statuses that a term names; `open` and `decided` name several."""
    name = ALIASES.get(value.lower(), value.lower())
    if name == "open":
        return tuple(status for status in ReviewStatus if status.open)
    if name == "decided":
        return tuple(status for status in ReviewStatus if not status.open and status is not ReviewStatus.NOTHING)
    return tuple(status for status in ReviewStatus if status.name.lower() == name)


def _number_range(value: str) -> Range:
    """The range of a value such as `3`, `3-9`, `3-` or `>=3`, both ends inclusive."""
    match = RANGE.fullmatch(value)
    sign, bound, low, dash, high = match.groups() if match else ("", "", "", "", "")
    if sign:
        number = float(bound)
        least, most = nextafter(number, INFINITY), nextafter(number, -INFINITY)
        return {">": (least, INFINITY), ">=": (number, INFINITY), "<": (0.0, most), "<=": (0.0, number)}[sign]
    first = float(low) if low not in ("", ".") else 0.0
    return first, float(high) if high not in ("", ".") else (INFINITY if dash else first)
