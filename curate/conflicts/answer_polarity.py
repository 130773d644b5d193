"""Whether an answer to a yes/no question says yes or no, also without these words: "not currently offered", "we
cannot", "is covered".
"""

import re
from collections.abc import Sequence
from typing import Final

from curate.language.lexicon import (
    ALLOWED_WORDS,
    ENGLISH_NEGATIONS,
    FILLER_WORDS,
    FREE_WORDS,
    NEEDED_WORDS,
    NEGATING_WORDS,
    OPTIONAL_WORDS,
    PAID_WORDS,
)
from curate.language.names import names
from curate.language.negation import NO, YES, are_opposites
from curate.language.precise_requests import asks_yes_or_no
from curate.language.quantities import quantities
from curate.language.sentences import sentences
from curate.language.tokens import plain_words, stem
from curate.language.verdict_words import EXPLICIT_NO, EXPLICIT_YES

EXPLICIT_PRECISION, IMPLIED_PRECISION = 0.97, 0.9
"""Precision if both answers say yes or no, and if one of them says so in other words."""
HEDGE: Final = re.compile(
    r"\b(?:may|might|could|perhaps|possibly|probably|likely|maybe|depends?|depending|varies|vary|sometimes|usually|often"
    r"|in some cases|not (?:necessarily|sure|certain)"
    r"|unclear|suggests?|appears?|seems?)\b",
    re.IGNORECASE,
)
NOT_ONLY: Final = re.compile(
    r"(?:\bnot|n['’]t) (?:only|just|merely|necessarily|sure|certain)\b|\bno (?:problem|doubt|matter|worries|need to worry)\b|\bwhether or not\b",  # noqa: E501
    re.IGNORECASE,
)
WITHOUT_CHARGE: Final = re.compile(
    r"\b(?:at|for|with) no (?:\w+ )?(?:charges?|costs?|fees?|surcharge|interest|penalty)\b", re.IGNORECASE
)
"""Denies a price, not what is asked: "you may pay in parts at no extra cost"."""
FREQUENCY: Final = re.compile(
    r"\b(?:every|each|per|daily|weekly|monthly|yearly|(?:a|an) (?:day|week|month|year|hour))\b", re.IGNORECASE
)
LIMITATION: Final = re.compile(r"\b(?:only|except|unless|but not)\b", re.IGNORECASE)
CONDITION_WORDS: Final = frozenset(
    ["if", "when", "after", "before", "until", "unless", "except", "but", "with", "from"]
)
"""Words beside "only" that limit a yes: "only with a receipt"."""
PERMISSION: Final = re.compile(r"\byou may\b(?! (?:be|have|need|not)\b)", re.IGNORECASE)
MONEY_AMOUNT: Final = re.compile(r"[$€£]|\b(?:euros?|dollars?|pounds?)\b", re.IGNORECASE)
REFUSAL_WORDS: Final = frozenset(("not", "no", "none", "never", "cannot", "nor", "neither", "nobody", "nothing")) | (
    ENGLISH_NEGATIONS & {"hardly"}
)
ABILITY_WORDS: Final = frozenset(("can", "could", "may", "able"))
"""Words of permission that also have other uses: "you can see the list on our site"."""
PAYING_WORDS: Final = frozenset(("pay", "paying"))
"""Words of a question about a way to pay, if it asks what is allowed: "can I pay in instalments"."""
FORBIDDING_WORDS: Final = frozenset(("illegal", "unlawful", "forbidden", "prohibited", "banned", "impossible"))
"""Words that make "without" state a need: "It is illegal to travel without a ticket"."""
ORDER_WORDS: Final = frozenset(("before", "after"))
"""Opposites that do not answer one another: "after checking in" and "until an hour before departure"."""
MAX_SHORT_WORDS: Final = 30
"""Maximum number of words of a sentence that may be an answer by itself."""
MIN_SHORT_COVERAGE, MIN_LONG_COVERAGE = 0.5, 0.75
"""Minimum share of the question's words of meaning in the first sentence of a short and of a long answer."""
MAX_BARE_DENIAL_WORDS: Final = 8
"""Maximum number of words of an answer that denies without a word of the question."""


def polarity(request: str, answer: str) -> tuple[int, bool]:
    """1 for yes, -1 for no, 0 for neither or unknown; and whether the answer says so explicitly. `request` must ask
    for yes or no.
    """
    if YES.match(answer) or EXPLICIT_YES.match(answer):
        return 1, True
    if NO.match(answer) or EXPLICIT_NO.match(answer):
        return -1, True
    parts = sentences(answer)
    if (
        not parts
        or len(parts[0].split()) > MAX_SHORT_WORDS
        or HEDGE.search(PERMISSION.sub("you can", parts[0]))
        or NOT_ONLY.search(parts[0])
    ):
        return 0, False
    words, question_words = plain_words(WITHOUT_CHARGE.sub(" ", parts[0])), plain_words(request)
    if FREQUENCY.search(request) and FREQUENCY.search(parts[0]) and _has_other_number(parts[0], request):
        return 0, False
    question_stems = {stem(word) for word in question_words if word not in FILLER_WORDS}
    if LIMITATION.search(parts[0]):
        return -(not names(parts[0]) and _is_limited_to_something_else(question_words, words)), False
    covered = len(question_stems.intersection(map(stem, words))) / max(1, len(question_stems))
    short = len(parts) <= 2 and len(answer.split()) <= MAX_SHORT_WORDS
    price_words = frozenset(question_words) - (set() if ALLOWED_WORDS.isdisjoint(question_words) else PAYING_WORDS)
    spoken = frozenset(plain_words(parts[0]))
    free = _is_free(price_words), _is_free(spoken, MONEY_AMOUNT.search(parts[0]) is not None)
    if short and None not in free:
        return (1 if free[0] == free[1] else -1), False
    denied = sum(word in REFUSAL_WORDS or word in NEGATING_WORDS for word in words)
    if covered >= (MIN_SHORT_COVERAGE if short else MIN_LONG_COVERAGE):
        denied += sum(
            word in ENGLISH_NEGATIONS and not (word == "without" and word in words) for word in question_words
        )
    elif not (
        short
        and (
            (denied and (covered or len(words) <= MAX_BARE_DENIAL_WORDS))
            or _is_modal(question_words, words, frozenset() if covered else ABILITY_WORDS)
        )
    ):
        return 0, False  # the answer is about something else
    if not denied and _says_only_what_is_allowed(frozenset(question_words), frozenset(words)):
        return 0, False
    denied += (
        _asks_for_need(frozenset(question_words))
        and "without" in set(words) - set(question_words)
        and FORBIDDING_WORDS.isdisjoint(words)
    )
    denied += any(
        are_opposites(word, other) or are_opposites(stem(word), stem(other))
        for word in set(words) - set(question_words)
        for other in set(question_words) - set(words)
        if not {word, other} & (FILLER_WORDS | ORDER_WORDS)
    )
    return (-1 if denied % 2 else 1), False


def _has_other_number(answer: str, request: str) -> bool:
    """Whether an answer has a number that the question does not have: "every seven days", asked about every day."""
    numbers_asked = {quantity.value for quantity in quantities(request)}
    return any(quantity.value not in numbers_asked for quantity in quantities(answer))


def _is_limited_to_something_else(question_words: Sequence[str], words: Sequence[str]) -> bool:
    """Whether an answer such as "It is valid in shops only" means no: it does not contain the last content word of the
    question, and "only" does not limit a yes.

    The caller excludes answers with names: "only to North America" may include Canada.
    """
    last = next((stem(word) for word in reversed(question_words) if word not in FILLER_WORDS), None)
    return (
        last is not None
        and "only" in words[1:]
        and "only" not in question_words
        and last not in map(stem, words)
        and CONDITION_WORDS.isdisjoint(words)
        and not any(word[0].isdigit() for word in words)
    )


def _is_modal(question_words: Sequence[str], words: Sequence[str], vague: frozenset[str]) -> bool:
    """Whether a question asks if something is allowed or needed, and the answer states that it is, in words that are
    not `vague`.
    """
    allowed = not ALLOWED_WORDS.isdisjoint(question_words) and not (ALLOWED_WORDS - vague).isdisjoint(words)
    return allowed or (_asks_for_need(frozenset(question_words)) and not NEEDED_WORDS.isdisjoint(words))


def _says_only_what_is_allowed(question_words: frozenset[str], words: frozenset[str]) -> bool:
    """Whether a question asks what is needed, and the answer says what is allowed: "you can buy it at the counter"."""
    asks = _asks_for_need(question_words) and not _asks_for_need(words)
    return asks and "without" not in words and not ALLOWED_WORDS.isdisjoint(words)


def _asks_for_need(words: frozenset[str]) -> bool:
    return bool(words & NEEDED_WORDS) or {"have", "to"} <= words


def opposite_polarity(requests: tuple[str, str], answers: tuple[str, str]) -> tuple[int, float]:
    """-1 with its precision if one answer says yes and the other no, 1 if both say the same, 0 if unknown."""
    if not all(map(asks_yes_or_no, requests)):
        return 0, 0.0
    (left_sign, left_explicit), (right_sign, right_explicit) = (
        polarity(request, answer) for request, answer in zip(requests, answers, strict=True)
    )
    turned = -1 if _are_inverse(*(frozenset(plain_words(request)) for request in requests)) else 1
    return (
        turned * left_sign * right_sign,
        EXPLICIT_PRECISION if left_explicit and right_explicit else IMPLIED_PRECISION,
    )


def _are_inverse(left: frozenset[str], right: frozenset[str]) -> bool:
    """Whether a yes to one question is a no to the other, as for "is it free" and "does it cost", or "is it needed" and
    "can it be done without".
    """
    if None not in (free := (_is_free(left), _is_free(right))):
        return free[0] != free[1]
    spared = [not words.isdisjoint(OPTIONAL_WORDS) for words in (left, right)]
    needed = [_asks_for_need(words) for words in (left, right)]
    return (spared[0] and needed[1] and not spared[1]) or (spared[1] and needed[0] and not spared[0])


def _is_free(words: frozenset[str], paid: bool = False) -> bool | None:
    """Whether a question or an answer is about free or about paid things; None for neither."""
    denied = not words.isdisjoint(REFUSAL_WORDS | {"without"})
    if words & FREE_WORDS or (words & PAID_WORDS and denied):
        return True
    return False if words & PAID_WORDS or paid else None
