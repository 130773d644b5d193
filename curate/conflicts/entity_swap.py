"""Answers that name different things: another name or quoted word in the same position, or two short answers to a
question for one thing.
"""

import re
from collections.abc import Sequence, Set
from typing import Final

from curate.core.text import normalised
from curate.language.lexicon import NO_NAME_WORDS
from curate.language.names import names
from curate.language.precise_requests import asks_yes_or_no
from curate.language.quantities import numbers, quantities, unmatched
from curate.language.sentences import Aligned, sentences
from curate.language.spelling import easily_confused, same_word
from curate.language.tokens import content_words, differing_spans, stems, tokens

QUOTES: Final = frozenset("\"'“”‘’`")
# Asks for one thing, which has a name.
FACTOID: Final = re.compile(r"\b(?:who|whose|whom|which|where|when|what|in what|capital of)\b", re.IGNORECASE)
LOOSE_QUESTION: Final = re.compile(
    r"\b(?:synonym|antonym|opposite|another word|example|like|similar|kind of|some|could|might|best|favou?rite|good|why|how)\b",  # noqa: E501
    re.IGNORECASE,
)
LIST_WORDS: Final = re.compile(
    r"\b(?:such as|including|includes?|like|e\.g\.|for example|for instance|several|some of|among)\b", re.IGNORECASE
)
"""Words of a list of examples: other names in another answer may be true as well."""
SCOPE_WORDS: Final = frozenset(("only", "just", "called", "known", "named", "termed", "referred"))
"""Words about the scope of an answer, or before a name; they are not names."""
ASKS_FOR_NAME: Final = re.compile(
    r"\b(?:who|whom|whose)\b|\bwhich (?!(?:year|month|day|date|time|century|age|amount|number)\b)", re.IGNORECASE
)
"""Asks for a name: numbers in the answer are not the requested value."""
MIN_ALIKE: Final = 0.5
"""Minimum share of common words of two sentences that differ in more than names."""
MAX_SENTENCE_WORDS: Final = 15
"""Number of words up to which an answer of one sentence is little more than a value."""
MAX_VALUE_WORDS: Final = 4
"""Number of words up to which an answer is only a value."""


def swapped_names(pair: Aligned) -> tuple[str, str] | None:
    """The first differing names or quoted words in the same place of two sentences; None without them.

    Each is in one sentence alone, and half of the words are in both, or nothing but names differs.
    """
    if LIST_WORDS.search(pair.left) or LIST_WORDS.search(pair.right):
        return None
    a, b = ([token for token in tokens(text) if not token.isspace()] for text in (pair.left, pair.right))
    plain_a, plain_b = [t.casefold() for t in a], [t.casefold() for t in b]
    changed = list(differing_spans(plain_a, plain_b))
    named = [frozenset(names(text)) for text in (pair.left, pair.right)]
    swaps = [
        spans
        for spans in changed
        if 0 < spans[1] - spans[0] <= MAX_VALUE_WORDS
        and 0 < spans[3] - spans[2] <= MAX_VALUE_WORDS
        and _is_value(a, named[0], *spans[:2])
        and _is_value(b, named[1], *spans[2:])
    ]
    if len(swaps) < len(changed) or len(changed) > 2 or len(set(plain_a) & set(plain_b)) < 2:
        if pair.alike < MIN_ALIKE:
            return None
        swaps = [spans for spans in swaps if _is_another(a, b, named[0] & named[1], spans)]
    elif any(_may_be_one_name(a[a0:a1], b[b0:b1]) for a0, a1, b0, b1 in swaps):
        return None
    values = ((a[a0:a1], b[b0:b1]) for a0, a1, b0, b1 in swaps)
    return next(
        ((" ".join(left), " ".join(right)) for left, right in values if not _may_be_one_name(left, right)), None
    )


def _is_another(a: Sequence[str], b: Sequence[str], shared_names: Set[str], spans: tuple[int, int, int, int]) -> bool:
    """Whether two names are in one sentence alone, and not part of a name of both: "Ada Brook", "Ms Brook"."""
    a0, a1, b0, b1 = spans
    beside = {*a[max(0, a0 - 1) : a0], *a[a1 : a1 + 1]}
    return set(a).isdisjoint(b[b0:b1]) and set(b).isdisjoint(a[a0:a1]) and shared_names.isdisjoint(beside)


def _is_value(words: Sequence[str], named: frozenset[str], start: int, end: int) -> bool:
    """Whether a span consists of names or is quoted."""
    quoted = (
        start > 0
        and end < len(words)
        and words[start - 1] in QUOTES
        and words[end] in QUOTES
        and not _closes_quotation(words, start)
    )
    return (quoted and end - start <= 2) or named.issuperset(words[start:end])


def _closes_quotation(words: Sequence[str], start: int) -> bool:
    """Whether the quote before a span closes an earlier quotation."""
    mark = words[start - 1]
    return mark == "”" or (mark == '"' and words[:start].count('"') % 2 == 0)


def _may_be_one_name(left_name: Sequence[str], right_name: Sequence[str]) -> bool:
    """Whether two names may be the same: spelling variants, short forms or initials."""
    left, right = ("".join(words).casefold() for words in (left_name, right_name))
    if left in right or right in left or same_word(left, right):
        return True
    initials = ["".join(word[0] for word in words).casefold() for words in (left_name, right_name)]
    if left.replace(".", "").rstrip("s") == initials[1] or right.replace(".", "").rstrip("s") == initials[0]:
        return True
    parts, others = (
        {part for word in words for part in word.casefold().split("-")} for words in (left_name, right_name)
    )
    return not parts.isdisjoint(others)


def different_short_answers(question: str, left: str, right: str) -> tuple[str, str] | None:
    """Two short answers to a question for one thing of which neither contains the other, or two sentences with
    different names or single words in the same position; None if they may be the same.
    """
    # First, as the patterns below take long.
    if not _has_short(left, right) and max(len(left.split()), len(right.split())) > MAX_SENTENCE_WORDS:
        return None
    if (
        not FACTOID.search(question)
        or LOOSE_QUESTION.search(question)
        or len(set(map(asks_yes_or_no, question.split("\n")))) > 1
    ):
        return None
    left_text, right_text = (normalised(answer).strip(" .!") for answer in (left, right))
    if left_text.isalpha() and right_text.isalpha() and easily_confused(left_text, right_text):
        return None if same_word(left_text, right_text) else (left, right)
    amounts = quantities(left), quantities(right)
    if all(amounts) and not any(unmatched(*amounts)):
        return None  # 20 °C is 68 °F
    known_words = content_words(question) | stems(SCOPE_WORDS)
    left_words, right_words = content_words(left) - known_words, content_words(right) - known_words
    if (
        not left_words
        or not right_words
        or not (_has_short(left, right) or _add_only_a_name_or_word(question, left, right, left_words, right_words))
    ):
        return None
    if (
        left_words & right_words
        or (left_words | right_words) & stems(NO_NAME_WORDS)
        or any(_are_related(a, b) for a in left_words for b in right_words)
    ):
        return None
    if any(
        normalised(left_text).strip(" .") in normalised(right_text)
        for left_text, right_text in ((left, right), (right, left))
    ):
        return None
    return left, right


def _has_short(left: str, right: str) -> bool:
    lengths = sorted((len(left.split()), len(right.split())))
    return lengths[0] <= MAX_VALUE_WORDS and lengths[1] <= 30


def _add_only_a_name_or_word(question: str, left: str, right: str, left_words: Set[str], right_words: Set[str]) -> bool:
    """Whether two answers are sentences in which only names, or one or two words, are not in the question: these are
    the answer.

    Numbers that are not in the question are left to other rules, unless it asks for a name.
    """
    both = left, right
    if any(
        len(answer.split()) > MAX_SENTENCE_WORDS or len(sentences(answer)) > 1 or LIST_WORDS.search(answer)
        for answer in both
    ) or any(asks_yes_or_no(request) for request in question.split("\n")):
        return False
    named, question_numbers = (
        all(any(name not in question for name in names(answer)) for answer in both),
        numbers(question),
    )
    if any(not set(numbers(answer)) <= set(question_numbers) for answer in both) and not (
        named and ASKS_FOR_NAME.search(question)
    ):
        return False
    return named or max(len(left_words), len(right_words)) <= 2


def _are_related(left: str, right: str) -> bool:
    """Whether two words may be the same: Brazil and Brazilian, or a typing error; chlorite and chlorate are
    different.
    """
    if easily_confused(left, right) and not (left.startswith(right) or right.startswith(left)):
        return same_word(left, right)
    shorter = min(len(left), len(right))
    common = next((index for index in range(shorter) if left[index] != right[index]), shorter)
    return common >= max(3, 0.6 * shorter) or same_word(left, right)
