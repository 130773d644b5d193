"""Split texts into sentences, align the sentences of two answers, and find the options in a request."""

import re
from collections import Counter, defaultdict
from functools import lru_cache
from typing import Final, NamedTuple

from curate.core.lazy import lazy_pattern
from curate.core.text import normalised, words
from curate.language.tokens import content_words

CODE: Final = lazy_pattern(r"```.*?(?:```|\Z)|\$\$.*?\$\$", re.DOTALL)
CODE_LINE: Final = lazy_pattern(
    r"(?m)^\s*(?:def |class |import |from \w+ import|return\b|#include|public |SELECT |INSERT |UPDATE |[{}\[\]<].*$|.*(?<![\u3040-\u9fff])[;{}]\s*$)"  # noqa: E501
)
CODE_CALL: Final = lazy_pattern(r"\b\w+\((?:['\"\[{]|\w+=)|\w\(\)|[\w\]]\s*:?=\s*[\[{'\"]|</\w+>|\\(?:begin|frac)\{")
LIST_MARKER: Final = lazy_pattern(r"^\s*(?:[-*•#>]+|\(?\d{1,2}[.)]|\(?[a-z]\))\s+")
SENTENCE_END: Final = lazy_pattern(r"(?<=[.!?])[\"”')\]]?\s+(?=[\"“'(\[]?[A-Z0-9])|;\s+|\n+")
ABBREVIATION: Final = lazy_pattern(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|vs|etc|e\.g|i\.e|approx|Inc|Jr|Sr|[A-Z])\.)$")
OPTION_LABEL: Final = lazy_pattern(
    r"(?:(?<=[\s,;:])|(?<=[\s,;:]\()|(?<=[\s,;:]\[)|^[(\[]?)([A-Za-z]|\d{1,2})[).:\]](?=\s)"
)
"""The label of an option: a letter or a number before a full stop, a colon or a bracket."""
OPTION_LABEL_HINT: Final = lazy_pattern(r"[Bb2](?<![^\s,;:(\[].)[).:\]]\s")  # a set first: six times as fast
MAX_SENTENCES: Final = 60
"""Maximum number of sentences of an answer that are compared."""

MIN_SHARED_WORDS: Final = 0.5
"""Minimum share of the shorter sentence's content words in common for two sentences about the same thing."""


class Aligned(NamedTuple):
    """A pair of aligned sentences, one of each answer."""

    left: str
    right: str
    alike: float
    """Common content words as a share of all content words of both."""
    within: float
    """Common content words as a share of those of the shorter one."""


@lru_cache(16_384)
def is_code(text: str) -> bool:
    """Whether a text is mostly code: it contains a fence, a call or an assignment, or a third of its lines are code."""
    if "```" in text or CODE_CALL.search(text):
        return True
    lines = [line for line in text.splitlines() if line.strip()]
    return len(lines) > 1 and 3 * sum(CODE_LINE.match(line) is not None for line in lines) >= len(lines)


@lru_cache(16_384)
def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text without code and list markers; at most 60."""
    sentences_found: list[str] = []
    for piece in SENTENCE_END.split(CODE.sub("\n", text)):
        plain = LIST_MARKER.sub("", piece).strip()
        if not plain:
            continue
        if sentences_found and ABBREVIATION.search(sentences_found[-1]):
            sentences_found[-1] += " " + plain
        else:
            sentences_found.append(plain)
    return tuple(sentences_found[:MAX_SENTENCES])


@lru_cache(4_096)  # called for a pair by rules, then for the model
def aligned_sentences(left: str, right: str) -> tuple[Aligned, ...]:
    """Pairs of sentences that are mutually the most similar, with at least half of the shorter one's content words
    in common.
    """
    left_sentences, right_sentences = sentences(left), sentences(right)
    left_words, right_words = _sentence_words(left), _sentence_words(right)
    if len(left_sentences) == len(right_sentences) == 1:
        return (_aligned_pair(left_sentences[0], right_sentences[0], left_words[0], right_words[0]),)
    common_words = frozenset().union(*left_words).intersection(frozenset().union(*right_words))
    if not common_words:
        return ()
    places: dict[str, list[int]] = defaultdict(list)
    for j, sentence in enumerate(right_words):
        for word in sentence & common_words:
            places[word].append(j)
    shared = [Counter(j for word in sentence & common_words for j in places[word]) for sentence in left_words]
    similarities = [
        {j: count / (len(sentence) + len(right_words[j]) - count) for j, count in sorted(counts.items())}
        for sentence, counts in zip(left_words, shared, strict=True)
    ]
    best: dict[int, float] = {}
    for near in similarities:
        for j, share in near.items():
            best[j] = max(share, best.get(j, 0.0))
    aligned = []
    for i, near in enumerate(similarities):
        j = max(near, key=lambda j: near[j], default=-1)
        if j >= 0 and near[j] == best[j]:
            pair = _aligned_pair(left_sentences[i], right_sentences[j], left_words[i], right_words[j])
            if pair.within >= MIN_SHARED_WORDS:
                aligned.append(pair)
    return tuple(aligned)


@lru_cache(16_384)  # each answer is compared with several others
def _sentence_words(text: str) -> tuple[frozenset[str], ...]:
    return tuple(map(content_words, sentences(text)))


def _aligned_pair(left: str, right: str, left_words: frozenset[str], right_words: frozenset[str]) -> Aligned:
    """Two sentences with their similarity by content words, which are given."""
    common = len(left_words & right_words)
    return Aligned(
        left,
        right,
        common / max(1, len(left_words | right_words)),
        common / max(1, min(len(left_words), len(right_words))),
    )


class ListedChoice(NamedTuple):
    """One option of a list of choices."""

    label: str
    words: tuple[str, ...]


def options(text: str) -> list[ListedChoice]:
    """The options of all lists in a text, in order: consecutive labels from the first one on (A, a or 1), each with
    its words up to the next one or the end of its line.
    """
    if not OPTION_LABEL_HINT.search(text):  # most do not
        return []
    options_found: list[ListedChoice] = []
    run: list[re.Match[str]] = []
    for mark in (*OPTION_LABEL.finditer(text), None):
        if mark is not None and run and _is_next_label(run[-1].group(1), mark.group(1)):
            run.append(mark)
            continue
        if len(run) > 1:
            ends = [*(other.start() for other in run[1:]), len(text)]
            options_found += [
                _listed_choice(label, text[label.end() : end]) for label, end in zip(run, ends, strict=True)
            ]
        run = [mark] if mark is not None and mark.group(1) in ("A", "a", "1") else []
    return options_found


def _is_next_label(label: str, other: str) -> bool:
    if label.isdigit():
        return other.isdigit() and int(other) == int(label) + 1
    return not other.isdigit() and ord(other) == ord(label) + 1


def _listed_choice(mark: re.Match[str], text: str) -> ListedChoice:
    first, *_ = text.strip().splitlines() or [""]
    return ListedChoice(mark.group(1).casefold(), tuple(words(normalised(first))))
