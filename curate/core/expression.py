"""Expressions that select examples: `turns >= 4 and score.ending > .7`, `role:tool or field.source = web*`.

`--where`, `curate query` and the filter of the review read the same language. A leaf is a comparison of a field, or a
term of a filter (`KEY:VALUE`, a word, `"a phrase"`, `/a regular expression/`); `and`, `or`, `not`, `-` and parentheses
combine them, and leaves beside each other must all match. Nothing of an expression is executed: it is parsed here to a
tree of tests, and `curate.read.condition` compares values with it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Final, NamedTuple, NoReturn

from curate.core.errors import UsageError
from curate.core.lazy import pl
from curate.core.text import visible

NUMBER_FIELDS: Final = {
    "turns": "messages of the example",
    "tokens": "estimated tokens: bytes of text / 4",
    "tools": "declared tools",
    "line": "line of the file",
    "rating": "rating from 1 to 5 in the review",
}
TEXT_FIELDS: Final = {
    "role": "role of a message",
    "text": "texts of all messages, on lines of their own",
    "system": "text of a system message",
    "user": "text of a user message",
    "assistant": "text of an assistant message",
    "question": "last user message before the answer",
    "answer": "last assistant message",
    "format": "name of the format of the line",
    "file": "name or path of the file",
    "id": "id of the example",
    "verdict": "decision of the review: keep, drop, edit or undecided",
    "label": "label of the review",
    "note": "note of the review",
    "by": "who decided in the review",
}
"""The fields of an example with their meanings. A field with several values matches if one of them does."""
SCORE: Final = "score."
"""Beginning of the name of a quality signal as a field."""
KEY: Final = "field."
"""Beginning of the name of a key of the line as a field: dotted keys or a JSON pointer."""
FIELDS_HELP: Final = (
    f"numbers: {', '.join(NUMBER_FIELDS)}, {SCORE}SIGNAL; texts: {', '.join(TEXT_FIELDS)}; either: {KEY}KEY of the line"
)
WHERE_HELP: Final = "an expression such as 'turns >= 4 and score.ending > .7'"
COMBINING: Final = ("and", "or", "not")
"""Words that combine conditions."""
ORDERS: Final = ("<", "<=", ">", ">=")
TEXT_SIGNS: Final = ("=", "!=", "~", "contains", "begins", "in")
ALTERNATIVES: Final = ("role", "tokens", "begins", "line", "file", "label", "rating")
"""Keys of terms of which one must match if several stand beside each other."""
LINE_TERMS: Final = (*ALTERNATIVES, "field", "note", "by", "signal", "re")
"""Keys of terms about an example."""
REVIEW_TERMS: Final = ("is", "code", "severity", "score", "fix", "audit", "cluster", "similar")
"""Keys of terms about an entry of the review."""
KEYS: Final = (*REVIEW_TERMS, *LINE_TERMS)
REGEX_FLAGS: Final = "(?im)"
"""Flags of regular expressions: any case, `^` and `$` at each line."""
MAX_CHARS: Final = 10_000
MAX_DEPTH: Final = 40
"""Maximum number of parentheses and `not` within each other."""
NUMBER: Final = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
RANGE: Final = re.compile(r"(?:([<>]=?)(\d+\.?\d*)|(\d*\.?\d*)(-?)(\d*\.?\d*))")
FIELD_TEST: Final = re.compile(r"(.+?)(?:([<>]=?|=)(.*))?", re.DOTALL)
NAME: Final = r"[A-Za-z_][\w./~-]*"
TOKEN: Final = re.compile(
    r"\s*(?:(?P<mark>[(),])|(?P<sign>[<>]=?|==?|!=|~)|/(?P<regex>(?:[^/\\]|\\.)+)/(?=[\s)]|$)"
    r'|(?P<minus>-(?=["\'/(]))|(?P<term>-?\w+:(?:"[^"]*"|[^\s()"]+))|(?P<quote>"[^"]*"|\'[^\']*\')'
    r"|(?P<word>field\./(?:[^\s()<>=!~,\"]|~[01])+|[^\s()<>=!~,\"]+|!(?!=)))",
)
COMPARED: Final = re.compile(rf"-?\(*({NAME})(?:[<>]=?|==?|!=|~)")
TERM: Final = re.compile(r'(-?)(?:/((?:[^/\\]|\\.)+)/(?=\s|$)|(?:(\w+):)?(?:"([^"]*)"?|(\S+)))')
"""A term of a filter without operators; any text is a sequence of terms."""


class ExpressionError(UsageError):
    """A text that is no expression; `position` is the offset of the place that is wrong."""

    def __init__(self, text: str, position: int, message: str, hint: str = "") -> None:
        self.position = position
        shown = visible(text if len(text) <= 200 else f"{text[:200]}…")
        super().__init__(f"{shown!r}, column {position + 1}: {visible(message)}", hint or f"fields: {FIELDS_HELP}")


class Test(NamedTuple):
    """A comparison of a field; `sign`: `=`, `<`, `<=`, `>`, `>=`, `~`, contains or begins; empty: it has a value."""

    field: str
    sign: str = ""
    value: str | float = ""


class AllOf(NamedTuple):
    """All of some nodes."""

    nodes: tuple["Node", ...]


class AnyOf(NamedTuple):
    """At least one of some nodes."""

    nodes: tuple["Node", ...]


class Not(NamedTuple):
    """The opposite of a node; a missing value makes it true."""

    node: "Node"


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a filter as it is written, without a minus before it: a word has the key ""."""

    key: str
    value: str
    start: int


Node = Test | AllOf | AnyOf | Not | Term
"""Without a term in it once it is `resolved`."""


def is_number(field: str) -> bool:
    """Whether a field is a number."""
    return field in NUMBER_FIELDS or field.startswith(SCORE)


def is_field(name: str) -> bool:
    """Whether a name is that of a field."""
    return is_number(name) or name in TEXT_FIELDS or (name.startswith(KEY) and len(name) > len(KEY))


def is_expression(text: str) -> bool:
    """Whether a filter has a comparison, or a term that `and`, `or`, `not` or a parenthesis combines with others.

    Any other filter is a list of terms, in which these words are searched for.
    """
    has_term, combines, name = False, False, ""
    for match in TERM.finditer(text):
        _, _, key, phrase, word = match.groups()
        if phrase is not None or word is None or key:
            has_term |= key in KEYS
            name = ""
            continue
        if COMPARED.match(word) or (name and word.startswith(("<", ">", "=", "!=", "~"))):
            return True
        if word in TEXT_SIGNS and is_field(name):
            return True
        combines |= word in COMBINING or word.startswith("(")
        has_term |= word.startswith("(") and word.lstrip("(-").partition(":")[0] in KEYS
        name = word.lstrip("(-") if re.fullmatch(NAME, word.lstrip("(-")) else ""
    return combines and has_term


def check_signals(text: str, node: Node, names: Sequence[str]) -> None:
    """Raise `ExpressionError` for a quality signal that is not one of `names`."""
    for field in sorted(fields_of(node)):
        if field.startswith(SCORE) and (name := field.removeprefix(SCORE)) not in names:
            close = get_close_matches(name, names, n=1)
            hint = f"; did you mean {SCORE}{close[0]}?" if close else ""
            position = max(0, text.find(name))
            raise ExpressionError(text, position, f"no signal is called {name}{hint}", f"signals: {', '.join(names)}")


def fields_of(node: Node) -> set[str]:
    """The fields that a tree compares."""
    if isinstance(node, Test):
        return {node.field}
    if isinstance(node, Term):
        return set()
    nodes = (node.node,) if isinstance(node, Not) else node.nodes
    return {name for part in nodes for name in fields_of(part)}


def condition_tree(text: str) -> Node:
    """The tree of an expression about examples. Raises `ExpressionError`."""
    return resolved(text, parsed(text))


@lru_cache(maxsize=64)
def parsed(text: str) -> Node:
    """The tree of an expression with its terms. Raises `ExpressionError`."""
    if len(text) > MAX_CHARS:
        raise ExpressionError(text, MAX_CHARS, f"longer than {MAX_CHARS:,} characters", "shorten it")
    return _Parser(text).tree()


def resolved(text: str, node: Node) -> Node:
    """A tree with a test in place of each term, such as `role:user`. `text` is the expression that messages quote.

    Raises `ExpressionError` for a term that is unknown, has an invalid value or is about the review.
    """
    if isinstance(node, Term):
        return _test_of(text, node)
    if isinstance(node, AllOf):
        return conjunction(text, node.nodes)
    if isinstance(node, AnyOf):
        return AnyOf(tuple(resolved(text, part) for part in node.nodes))
    return Not(resolved(text, node.node)) if isinstance(node, Not) else node


def conjunction(text: str, nodes: Sequence[Node]) -> AllOf:
    """All of some nodes; of terms with the same key in `ALTERNATIVES`, one. Raises as `resolved` does."""
    parts: list[Node] = []
    alternatives: dict[str, list[Node]] = {}
    for node in nodes:
        key = node.key if isinstance(node, Term) else ""
        (alternatives.setdefault(key, []) if key in ALTERNATIVES else parts).append(resolved(text, node))
    return AllOf((*parts, *(AnyOf(tuple(group)) for group in alternatives.values())))


def _test_of(text: str, term: Term) -> Node:
    """The test that a term stands for. Raises `ExpressionError`."""
    if term.key and term.key not in KEYS:
        close = get_close_matches(term.key.lower(), LINE_TERMS, n=1)
        written = f"{term.key}:{term.value}"
        hint = f"did you mean {close[0]}:{term.value}?" if close else f'to search for the text, write "{written}"'
        raise ExpressionError(text, term.start, f"{written}: no such term; {hint}")
    if term.key in REVIEW_TERMS:
        listed = "list findings of a rule with `curate check --select CODE`; " if term.key == "code" else ""
        raise ExpressionError(
            text, term.start, f"{term.key}:{term.value} selects entries of the review, not examples",
            f"{listed}in `curate review`, filter by it outside of `or`, `not` and parentheses",
        )  # fmt: skip
    if term.key == "re" and (error := regex_error(term.value)):
        raise ExpressionError(text, term.start, f"not a regular expression: {error}", "correct it")
    if (test := term_test(term.key, term.value)) is None:
        raise ExpressionError(text, term.start, f"{term.key}:{term.value}: not a value of {term.key}")
    return test


def term_test(key: str, value: str) -> Node | None:
    """The test that the term KEY:VALUE about an example stands for; None for a value that does not fit the key."""
    if key in ("", "re", "begins"):
        field, sign = {"": ("text", "contains"), "re": ("text", "~"), "begins": ("question", "begins")}[key]
        return Test(field, sign, value)
    if key in ("field", "signal"):
        match = FIELD_TEST.fullmatch(value)
        path, sign, compared = (part or "" for part in match.groups()) if match else ("", "", "")
        if sign in ORDERS:
            name = (KEY if key == "field" else SCORE) + path
            return Test(name, sign, float(compared)) if _is_number(compared) else None
        return Test(KEY + path, sign, compared) if key == "field" and path else None
    if key not in NUMBER_FIELDS:
        return Test(key, "contains" if key in ("note", "by") else "=", value)
    if (match := RANGE.fullmatch(value)) is None or value == "-":
        return None
    sign, bound, low, dash, high = match.groups()
    if sign:
        return Test(key, sign, float(bound))
    first = float(low) if low not in ("", ".") else 0.0
    last = float(high) if high not in ("", ".") else float("inf") if dash else first
    return AllOf((Test(key, ">=", first), Test(key, "<=", last)))


def _is_number(text: str) -> bool:
    return NUMBER.fullmatch(text) is not None


def regex_error(pattern: str) -> str:
    """What is wrong with a regular expression; empty if nothing is."""
    try:
        pl.Series([""]).str.contains(REGEX_FLAGS + pattern)
    except pl.exceptions.ComputeError as error:
        match = re.search(r"^error: (.*)", str(error), re.MULTILINE)
        return visible(match[1] if match else "too long")
    except UnicodeEncodeError:
        return "a lone surrogate"
    return ""


class _ExpressionToken(NamedTuple):
    kind: str
    text: str
    start: int


class _Parser:
    """A recursive-descent parser; each method reads from `index` on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._tokens())
        self.index = 0
        self.depth = 0

    def _tokens(self) -> Iterator[_ExpressionToken]:
        position, end = 0, len(self.text.rstrip())
        while position < end:
            match = TOKEN.match(self.text, position)
            if match is None:
                start = position + len(self.text[position:]) - len(self.text[position:].lstrip())
                raise ExpressionError(self.text, start, "a quotation mark that is not closed", "close it")
            kind = match.lastgroup or ""
            if kind == "term" and self.text.startswith('"', match.end()):
                message = "a quotation mark inside of a term"
                raise ExpressionError(self.text, match.end(), message, 'write it after the colon: field:"source=a b"')
            yield _ExpressionToken(kind, match[kind], match.start(kind))
            position = match.end()

    @property
    def token(self) -> _ExpressionToken:
        """The next token; of the kind "end" behind the last one."""
        return self.tokens[self.index] if self.index < len(self.tokens) else _ExpressionToken("end", "", len(self.text))

    def fail(self, message: str, hint: str = "") -> NoReturn:
        """Raise `ExpressionError` at the next token."""
        raise ExpressionError(self.text, self.token.start, message, hint)

    def take(self) -> _ExpressionToken:
        """The next token; reading continues after it."""
        token = self.token
        self.index += 1
        return token

    def tree(self) -> Node:
        """The tree of the whole expression."""
        if not self.tokens:
            self.fail("the expression is empty", f"write {WHERE_HELP}")
        node = self.any_of()
        if self.token.kind != "end":
            self.fail(f"{self.token.text!r} was not expected here")
        return node

    def any_of(self) -> Node:
        """Nodes joined by `or`, or the only one."""
        nodes = [self.all_of()]
        while self.is_word("or"):
            self.take()
            nodes.append(self.all_of())
        return nodes[0] if len(nodes) == 1 else AnyOf(tuple(nodes))

    def all_of(self) -> Node:
        """Nodes joined by `and` or a space, or the only one."""
        nodes = [self.negated()]
        while self.token.kind not in ("end", "sign") and not self.is_mark("),") and not self.is_word("or"):
            if self.is_word("and"):
                self.take()
            nodes.append(self.negated())
        return nodes[0] if len(nodes) == 1 else AllOf(tuple(nodes))

    def is_mark(self, marks: str) -> bool:
        """Whether the next token is one of these marks, such as `),`."""
        return self.token.kind == "mark" and self.token.text in marks

    def is_word(self, word: str) -> bool:
        return self.token.kind == "word" and self.token.text == word

    def negated(self) -> Node:
        """A leaf, an expression in parentheses, or the opposite of one after `not` or a minus."""
        if not self.is_word("not") and self.token.kind != "minus" and not self.is_mark("("):
            return self.leaf()
        if self.depth == MAX_DEPTH:
            self.fail(f"more than {MAX_DEPTH} parentheses and `not` within each other", "write it more simply")
        self.depth += 1
        opening = self.take()
        if opening.kind == "mark":
            node = self.any_of()
            if not self.is_mark(")"):
                self.fail(f"the parenthesis of column {opening.start + 1} is not closed", "add )")
            self.take()
        else:
            node = Not(self.negated())
        self.depth -= 1
        return node

    def leaf(self) -> Node:
        """A comparison or a term."""
        if self.token.kind in ("end", "mark", "sign"):
            self.fail(f"{self.token.text!r} was not expected here" if self.token.text else "a condition is missing")
        if self.token.kind == "word" and self.token.text.lower() in COMBINING:
            hint = 'write it in lower case between conditions; to search for the word, in "quotation marks"'
            self.fail(f"{self.token.text!r} was not expected here", hint)
        token = self.take()
        if token.kind == "word" and (self.token.kind == "sign" or self.is_operator(token)):
            return self.comparison(token)
        if token.kind == "term":
            return self.term(token)
        key = "re" if token.kind == "regex" else ""
        minus = token.kind == "word" and token.text.startswith("-")
        value = token.text.strip(token.text[0]) if token.kind == "quote" else token.text[minus:]
        term = Term(key, value, token.start)
        return Not(term) if minus else term

    def is_operator(self, name: _ExpressionToken) -> bool:
        """Whether the next token is an operator that is a word, after the name of a field."""
        return self.token.kind == "word" and self.token.text in TEXT_SIGNS and is_field(name.text)

    def term(self, token: _ExpressionToken) -> Node:
        """The term KEY:VALUE of a token, negated if a minus precedes it."""
        minus = token.text.startswith("-")
        key, _, value = token.text[minus:].partition(":")
        term = Term(key, value.strip('"'), token.start)
        return Not(term) if minus else term

    def comparison(self, name: _ExpressionToken) -> Node:
        field = name.text
        if not is_field(field):
            names = [*NUMBER_FIELDS, *TEXT_FIELDS]
            close = get_close_matches(field.lower(), names, n=1)
            hint = f"did you mean {close[0]}?" if close else f"a key of the line is written {KEY}{visible(field)}"
            raise ExpressionError(
                self.text, name.start, f"no field is called {field}; {hint}",
                f'fields: {FIELDS_HELP}; to search for the text, write it in "quotation marks"',
            )  # fmt: skip
        sign = self.take()
        operator = "=" if sign.text == "==" else sign.text
        if operator == "in":
            return AnyOf(tuple(self.test(field, "=", value) for value in self.several()))
        test = self.test(field, "=" if operator == "!=" else operator, self.value())
        return Not(test) if operator == "!=" else test

    def several(self) -> list[_ExpressionToken]:
        """The values in parentheses after `in`."""
        if not self.is_mark("("):
            self.fail("a list in parentheses is missing", "write it like  role in (system, tool)")
        self.take()
        values = [self.value()]
        while self.is_mark(","):
            self.take()
            values.append(self.value())
        if not self.is_mark(")"):
            self.fail("the list is not closed", "add )")
        self.take()
        return values

    def value(self) -> _ExpressionToken:
        """The token of a value, without its quotation marks."""
        if self.token.kind not in ("word", "quote", "regex", "term"):
            self.fail("a value is missing", 'write a number, a word or a "text"')
        token = self.take()
        return token._replace(text=token.text[1:-1]) if token.kind == "quote" else token

    def test(self, field: str, sign: str, value: _ExpressionToken) -> Node:
        """The test of a field. Raises `ExpressionError` for a sign or a value that does not fit the field."""

        def wrong(message: str, hint: str) -> NoReturn:
            raise ExpressionError(self.text, value.start, message, hint)

        numeric = value.kind != "quote" and _is_number(value.text)
        if (is_number(field) or sign in ORDERS) and not numeric:
            wrong(f"{value.text}: not a number", f"write it like  {field} >= 4")
        if is_number(field) and sign not in (*ORDERS, "="):
            wrong(f"{field} is a number", f"compare it by {', '.join((*ORDERS, '=', '!='))}")
        if field in TEXT_FIELDS and sign in ORDERS:
            wrong(f"{field} is a text", f"compare it by {', '.join(TEXT_SIGNS)}")
        if sign == "~" and (error := regex_error(value.text)):
            wrong(f"not a regular expression: {error}", "correct it")
        if is_number(field) or sign in ORDERS:
            return Test(field, sign, float(value.text))
        test = Test(field, sign, value.text)
        if numeric and sign == "=" and field.startswith(KEY):
            return AnyOf((test, Test(field, sign, float(value.text))))
        return test
