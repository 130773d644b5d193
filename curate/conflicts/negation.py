"""Answers that negate each other: yes and no, a sentence with and without "not", a word and its opposite.

The parity of negations alone is not used: it distinguishes contradictions from paraphrases no better than chance. Both
sentences must be the same except for the negation.
"""

import re
from itertools import product
from typing import Final

from curate.language.lexicon import ENGLISH_NEGATIONS, NEUTRAL_ADVERBS, STOPWORDS
from curate.language.negation import NO, YES, are_opposites, negation_count, without_yes_or_no
from curate.language.sentences import Aligned
from curate.language.tokens import differing_spans, plain_words, stem, stems

# "Not only ... but also" and "none other than" are no negations; "0 points" negates like "no points".
NOT_ONLY: Final = re.compile(
    r"(?:\bnot|n['’]t) (?:only|just|merely|necessarily)\b|\bmore than just\b|\bno (?:doubt|matter|problem|wonder|exception|stranger|less|longer than|later than|more than)\b"  # noqa: E501
    r"|\bwhether or not\b|\b(?:none other|not even)\b|\bnothing (?:short|but|less)\b|\bnever (?:fails?|before)\b"
    r"|\b(?:zero|0)\b",
    re.IGNORECASE,
)

SCENE: Final = re.compile(
    r"^\W*(?P<some>(?:an?|one|two|three|four|five|six|some|several|many|there)\b|(?:some(?:one|body)|people|(?:wo)?men|children)\b)?"
    r"(?:(?<=there) (?:is|are)\b|.*?\b(?:is|are) (?:\w+ )?\w+ing\b)",
    re.IGNORECASE,
)
"""Tells what somebody is doing; `some`: somebody who is not named before."""
PERSONS: Final = frozenset(("man", "men", "woman", "women", "boy", "boys", "girl", "girls"))
"""Opposites that say who it is."""
MAX_SPAN_WORDS: Final = 4
"""Maximum number of words of a place in which two sentences differ and one may have the opposite of the other's."""


def yes_no_openings(left: str, right: str) -> tuple[str, str] | None:
    """The words by which one answer says yes and the other no, that of `left` first; None for other answers."""
    for left_pattern, right_pattern in ((YES, NO), (NO, YES)):
        if (a := left_pattern.match(left)) and (b := right_pattern.match(right)):
            return a.group().strip(), b.group().strip()
    return None


def negation(pair: Aligned) -> tuple[str, str] | None:
    """Both sentences if they have the same words and exactly one of them is negated; None otherwise."""
    statements = [without_yes_or_no(text) for text in (pair.left, pair.right)]
    denied = [negation_count(text) for text in statements]
    if denied[0] % 2 == denied[1] % 2 or max(denied) > 2:
        return None
    if any(text.endswith("?") or NOT_ONLY.search(text) for text in statements):
        return None
    left_stems, right_stems = (
        {stem(word) for word in plain_words(text) if word not in STOPWORDS and word not in ENGLISH_NEGATIONS}
        for text in statements
    )
    left_stems, right_stems = left_stems - stems(NEUTRAL_ADVERBS), right_stems - stems(NEUTRAL_ADVERBS)
    if not left_stems or not right_stems:
        return None
    # "Not refundable" implies "not refundable within 30 days"; the reverse is not true.
    negated_stems, other_stems = (left_stems, right_stems) if denied[0] % 2 else (right_stems, left_stems)
    if len(left_stems & right_stems) < 0.75 * len(left_stems | right_stems) and not (
        len(negated_stems) > 1 and negated_stems <= other_stems and not min(denied)
    ):
        return None
    return pair.left, pair.right


def opposite_words(pair: Aligned) -> tuple[str, str] | None:
    """A word of the left sentence and its opposite in the same place of the right one, if they share half of their
    words and are negated alike.

    Both words are in one sentence alone. None for other sentences.
    """
    if pair.alike < 0.5 or negation_count(pair.left) != negation_count(pair.right):
        return None
    a, b = plain_words(pair.left), plain_words(pair.right)
    return next(
        (
            (left, right)
            for a0, a1, b0, b1 in differing_spans(a, b)
            if max(a1 - a0, b1 - b0) <= MAX_SPAN_WORDS
            for left, right in product(a[a0:a1], b[b0:b1])
            if are_opposites(left, right) and left not in b and right not in a
        ),
        None,
    )


def are_two_scenes(pair: Aligned, words: tuple[str, str]) -> bool:
    """Whether two sentences that differ in these opposite words may describe two persons or scenes: "A man is riding a
    horse", "A woman is riding a horse".
    """
    left, right = SCENE.match(pair.left), SCENE.match(pair.right)
    if left is None or right is None:
        return False
    return bool(left["some"] and right["some"]) or PERSONS.issuperset(words)
