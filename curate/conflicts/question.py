"""The question of an answer, and whether two questions are the same."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

from curate.conflicts.code_settings import prose
from curate.conflicts.contradiction_rules import is_open
from curate.core.example import SYSTEM_ROLES, Example, Message, attachments, content_id, known_role
from curate.core.text import normalised
from curate.language.lexicon import FILLER_WORDS, NEUTRAL_PROMPT_WORDS, QUESTION_WORDS, STOPWORDS, VALUE_WORDS
from curate.language.names import names
from curate.language.negation import negation_count
from curate.language.quantities import quantities
from curate.language.reasoning_marks import without_reasoning
from curate.language.tokens import content_words, plain_words, quoted_texts, stems, without_politeness

OPERATOR: Final = re.compile(r"(?<=[\d)\w]) ?([-+*/×÷=<>^]) ?(?=[\d(\w])")
SIGN: Final = re.compile(r"[-+*/×÷=<>^()]")
CALCULATION: Final = re.compile(r"(?<=[\d)])(?: ?([+*×÷=<>^]) ?| ([-/]) )(?=[\d(])")
"""Excludes "1/2" and "11-13", which can be dates or doses."""
GROUPED_EXPRESSION: Final = re.compile(
    r"[-+*/×÷=<>^] ?\( ?\w|\) ?[+*/×÷^] ?[\d(]|\b(?:not|and|or) ?\( ?(?:not|true|false|[a-z]\b)"
    r"|\bnot (?:not|true|false)\b|\b(?:true|false) (?:and|or) (?:true|false)\b",
    re.IGNORECASE,
)
"""Brackets or truth values in an expression."""
OPERANDS_PATTERN: Final = re.compile(r"[-+*/×÷=<>^()]|\b(?:\d+|true|false|and|or|not|[b-hj-z])\b", re.IGNORECASE)
CONTINUATION: Final = re.compile(
    r"[^?]{0,120}\b(?:more|less|again|same|instead|now|shorter|longer|simpler|another|redo|version)\b[^?]*$",
    re.IGNORECASE,
)
"""A request that continues the previous one: "Now with more jokes"."""
MIN_SHARED_WORDS: Final = 0.75
"""Minimum share of common content words of two questions."""
POLITE_WORDS: Final = FILLER_WORDS - VALUE_WORDS - STOPWORDS


@dataclass(frozen=True)
class Question:
    """The question of one answer of an example: system prompt, tools, earlier turns and the last request."""

    example: Example
    turn: int
    """Position of the answer among the messages."""
    system: str
    """The text of system and developer turns, normalized."""
    before: str
    """Tools, earlier turns, tool results and attachments, normalized for comparison."""
    request: str
    """The last request, as written."""
    answer: str
    """The text of the answer, without reasoning."""

    @cached_property
    def context(self) -> str:
        """A key for everything before the answer, normalized and without politeness: equal keys mean the same
        question.
        """
        return content_id([self.system, self.before, spelled_request(self.request)])

    @cached_property
    def setting(self) -> str:
        """A key for the context without the last request; system prompts with the same words are equal, and those
        without influence on facts are left out.
        """
        return content_id([self.before, _prompt_key(self.system)])

    @cached_property
    def asks(self) -> str:
        """A key for the context without system prompts."""
        return content_id([self.before, spelled_request(self.request)])

    @cached_property
    def prose(self) -> str:
        """The answer without code that only illustrates it."""
        return prose(self.answer)

    @cached_property
    def is_open(self) -> bool:
        """Whether it has many possible answers; "the same, but shorter" if the request before it has."""
        prompt = self.example.messages[: self.turn]
        requests = [message.text for message in prompt if known_role(message.role) == "user"]
        alone = next(
            (index for index in range(len(requests) - 1, -1, -1) if not CONTINUATION.match(requests[index])), 0
        )
        return any(map(is_open, requests[alone:]))

    @cached_property
    def content(self) -> frozenset[str]:
        """The stems of the request's words of meaning."""
        return content_words(self.request) - stems(POLITE_WORDS)

    @cached_property
    def particulars(self) -> str:
        """A key for the parts that must be equal in two equal requests: numbers, negations, quoted words, names in
        order, who/when/where/why/how.
        """
        return content_id(_particulars(self.request))


def spelled_request(request: str) -> str:
    """The last turn of a context, normalized."""
    signs = "".join(_signs(request)) if SIGN.search(request) else ""  # words alone would make "2 + 3" of "2 - 3"
    return f"user: {without_politeness(request)} {signs}"


def _signs(text: str) -> list[str]:
    """The operators of a text; with the operands if brackets group them."""
    return (OPERANDS_PATTERN if GROUPED_EXPRESSION.search(text) else OPERATOR).findall(text.lower())


def have_different_expressions(left: str, right: str) -> bool:
    """Whether both requests have an expression and the expressions differ."""
    left_operands, right_operands = (
        (OPERANDS_PATTERN if GROUPED_EXPRESSION.search(text) else CALCULATION).findall(text.lower())
        for text in (left, right)
    )
    return bool(left_operands and right_operands) and left_operands != right_operands


@lru_cache(1_024)  # most examples of a file have one of few system prompts
def _prompt_key(system: str) -> str:
    """The content of a system prompt, independent of the order of its words."""
    if content_words(system) <= stems(NEUTRAL_PROMPT_WORDS):
        system = ""
    return content_id([sorted(content_words(system)), _particulars(system)])


def _particulars(text: str) -> list[Any]:
    """Numbers, signs, negations, quotations and names of a question, which must be equal in both."""
    numbers = [[quantity.kind, *quantity.value] for quantity in quantities(text)]
    question_words = sorted(QUESTION_WORDS.intersection(plain_words(text)))
    return [
        numbers,
        _signs(text),
        negation_count(text, outright=True),
        quoted_texts(text),
        [normalised(name) for name in names(text)],
        question_words,
    ]


def question_of(example: Example) -> Question | None:
    """The question of an example's last answer; None without a user turn or an answer in words."""
    return None if (last := example.last_answer) is None else question_at(example, last)


def questions_of(example: Example) -> Iterator[Question]:
    """The questions of all answers in words of an example, in order."""
    for index, message in enumerate(example.messages):
        if known_role(message.role) == "assistant" and (question := question_at(example, index)) is not None:
            yield question


def question_at(example: Example, index: int) -> Question | None:
    """The question of the answer at a position among the messages; None as for `question_of`."""
    prompt, answer = example.messages[:index], example.messages[index]
    requests = [message for message in prompt if known_role(message.role) == "user"]
    if not requests or not requests[-1].text.strip() or not (said := without_reasoning(answer.text)).strip():
        return None
    system = "\n".join(normalised(message.text) for message in prompt if known_role(message.role) in SYSTEM_ROLES)
    tools = example.value.get("tools") or example.value.get("functions")
    attached = (
        b"" if example.plain else attachments({**example.value, "messages": [message.value for message in prompt]})
    )
    context = [content_id(tools) if tools else "", *([attached.decode("utf-8", "surrogatepass")] if attached else [])]
    earlier = [
        _normalized_turn(message, message is requests[-1])
        for message in prompt
        if known_role(message.role) not in SYSTEM_ROLES
    ]
    return Question(example, index, system, "\n".join([*context, *earlier]), requests[-1].text, said)


def _normalized_turn(message: Message, last: bool) -> str:
    """A turn, normalized: its role, its words (not those of the last request), and its tool calls."""
    calls = content_id(calls) if (calls := message.calls) else ""
    return f"{known_role(message.role)}: {'' if last else normalised(message.text)}{calls}"


def same_request(left: Question, right: Question) -> bool:
    """Whether two requests in the same setting are the same in other words: all particulars and most content words
    agree.

    A substituted word ("I love this song", "I hate this song") makes a different question; additional words on one side
    do not, except words such as first, before and red.
    """
    if (
        left.setting != right.setting
        or left.particulars != right.particulars
        or not agree_after_shared_lines(left.request, right.request)
    ):
        return False
    left_words, right_words = left.content - right.content, right.content - left.content
    if (left_words and right_words) or (left_words | right_words) & stems(VALUE_WORDS):
        return False
    shared = len(left.content & right.content)
    return shared > 0 and shared >= MIN_SHARED_WORDS * len(left.content | right.content)


def agree_after_shared_lines(left: str, right: str) -> bool:
    """Whether two requests that start with the same lines (a task or a list of tools) have content words in common in
    the other lines.
    """
    left_lines, right_lines = left.splitlines(), right.splitlines()
    shared = next(
        (
            index
            for index, (left_line, right_line) in enumerate(zip(left_lines, right_lines, strict=False))
            if left_line != right_line
        ),
        min(len(left_lines), len(right_lines)),
    )
    if not shared:
        return True
    a, b = (content_words("\n".join(lines[shared:])) - stems(POLITE_WORDS) for lines in (left_lines, right_lines))
    return len(a & b) >= MIN_SHARED_WORDS * len(a | b)
