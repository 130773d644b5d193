"""Answers that negate each other: yes and no, a sentence with and without "not", a word and its opposite.

The parity of negations alone is not used: it distinguishes contradictions from paraphrases no better than chance. Both
sentences must be the same except for the negation.
"""

import re
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
    """A word of the left sentence and its opposite in the right one, if the sentences hardly differ otherwise.

    They may differ in two places, with at most two words on each side that are not stop words and with an opposite in
    each of these places; the first pair is returned. None for other sentences.
    """
    a, b = plain_words(pair.left), plain_words(pair.right)
    changed = list(differing_spans(a, b))
    if not changed or len(changed) > 2 or pair.alike < 0.5:
        return None
    clash = None
    for a0, a1, b0, b1 in changed:
        left_words, right_words = (
            [w for w in side if w not in STOPWORDS or w in ("with", "can")] for side in (a[a0:a1], b[b0:b1])
        )
        if not left_words and not right_words:
            continue
        if len(left_words) > 2 or len(right_words) > 2:
            return None
        clashing = next(((x, y) for x in left_words for y in right_words if are_opposites(x, y)), None)
        if clashing is None:
            return None
        clash = clash or clashing
    return clash
