"""Answers that negate each other: yes and no, a sentence with and without "not", a word and its opposite.

The parity of negations alone is not used: it distinguishes contradictions from paraphrases no better than chance. Both
sentences must be the same except for the negation.
"""

import re
from itertools import product
from typing import Final

from curate.language.lexicon import (
    ENGLISH_NEGATIONS,
    FILLER_WORDS,
    NEGATING_WORDS,
    NEUTRAL_ADVERBS,
    STOPWORDS,
    VERB_FORMS,
)
from curate.language.negation import (
    NO,
    OTHER_NO,
    OTHER_YES,
    YES,
    are_opposites,
    has_opposite,
    negation_count,
    without_yes_or_no,
)
from curate.language.sentences import Aligned
from curate.language.tokens import differing_spans, plain_words, stem, stems

# "Not only ... but also" and "none other than" are no negations; "0 points" negates like "no points", and "the absence
# of points" like "the lack of points".
NOT_ONLY: Final = re.compile(
    r"(?:\bnot|n['’]t) (?:only|just|merely|necessarily)\b|\bmore than just\b|\bno (?:doubt|matter|problem|wonder|exception|stranger|less|longer than|later than|more than)\b"  # noqa: E501
    r"|\bwhether or not\b|\b(?:none other|not even)\b|\bnothing (?:short|but|less)\b|\bnever (?:fails?|before)\b"
    r"|\b(?:zero|0)\b|\b(?:absence|absent|scarcity|paucity|shortage)\b",
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
MIN_COPIED_WORDS: Final = 12
"""Minimum number of words of a sentence whose copy may be reworded around a negation."""
INSERTED: Final = frozenset(("not", "no", "never"))
AUXILIARIES: Final = VERB_FORMS | {"can", "could", "will", "would", "should", "may", "might", "must"}
"""Negations that may be the only difference of two sentences, and the verbs that they may come with."""
LIST_WORDS: Final = frozenset(("and", "or"))
MIN_EXCHANGED_ALIKE: Final = 0.5
"""Minimum share of common words of two sentences of which one is an edited copy of the other."""
MAX_SPAN_WORDS: Final = 4
"""Maximum number of words of a place in which two sentences differ and one may have the opposite of the other's."""


def yes_no_openings(left: str, right: str) -> tuple[str, str] | None:
    """The words by which one answer says yes and the other no, that of `left` first; None for other answers."""
    for left_pattern, right_pattern in ((YES, NO), (NO, YES), (OTHER_YES, OTHER_NO), (OTHER_NO, OTHER_YES)):
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


def exchanged_words(pair: Aligned) -> tuple[str, str] | None:
    """Two words that have exchanged their places in two sentences, in the order of the left one and of the right one:
    "cloudy weather after rainy days", "rainy weather after cloudy days". None without them, if more than they differs
    (the passive: "passed by"), or if only "and" or "or" is between them.
    """
    if pair.alike < MIN_EXCHANGED_ALIKE:
        return None
    a, b = plain_words(pair.left), plain_words(pair.right)
    spans = list(differing_spans(a, b))
    if len(spans) != 2 or any(a1 - a0 != 1 or b1 - b0 != 1 for a0, a1, b0, b1 in spans):
        return None
    (first, first_end, other, _), (second, *_) = spans
    if a[first] != b[spans[1][2]] or a[second] != b[other] or LIST_WORDS.issuperset(a[first_end:second]):
        return None
    if not FILLER_WORDS.isdisjoint((a[first], a[second])):
        return None
    return f"{a[first]} {a[second]}", f"{a[second]} {a[first]}"


def inserted_negation(pair: Aligned) -> tuple[str, str] | None:
    """Both sentences if they share half of their words and only one of them has a "not", "no" or "never", with no other
    word in its place but a form of "do" or "be"; None otherwise.

    A negation beside other words that differ may be a rewording: "is not working", "is broken".
    """
    if pair.alike < MIN_EXCHANGED_ALIKE or any(NOT_ONLY.search(text) for text in pair[:2]):
        return None
    a, b = plain_words(pair.left), plain_words(pair.right)
    if min(len(a), len(b)) < MIN_COPIED_WORDS:
        return None
    inserted = 0
    for a0, a1, b0, b1 in differing_spans(a, b):
        left, right = set(a[a0:a1]), set(b[b0:b1])
        denied = [not INSERTED.isdisjoint(words) for words in (left, right)]
        if denied[0] != denied[1] and (left | right) <= INSERTED | AUXILIARIES:
            inserted += 1
        elif (
            any(denied)
            or not (left | right).isdisjoint(ENGLISH_NEGATIONS | NEGATING_WORDS)
            or has_opposite(left, right)
        ):
            return None
    return (pair.left, pair.right) if inserted == 1 else None


def are_two_scenes(pair: Aligned, words: tuple[str, str]) -> bool:
    """Whether two sentences that differ in these opposite words may describe two persons or scenes: "A man is riding a
    horse", "A woman is riding a horse".
    """
    left, right = SCENE.match(pair.left), SCENE.match(pair.right)
    if left is None or right is None:
        return False
    return bool(left["some"] and right["some"]) or PERSONS.issuperset(words)
