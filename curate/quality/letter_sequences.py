"""Answers whose sequences of letters are unusual in the file, and requests about languages, which explain them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

from curate.core.lazy import Bytes, Flags, Floats, Numbers, Words, np
from curate.core.text import text_column
from curate.language.tokens import letters, main_script

MAX_CHARS: Final = 4_000
SAMPLE_CHARS: Final = 400
END_CHARS: Final = 200
"""Number of characters at both ends of a request that contain the task."""
ALPHABET_SIZE: Final = 96
OTHER_CHAR_CLASSES: Final = 3
"""Classes of characters that are not among the most frequent: Latin letters, other letters, other characters."""
NO_LETTERS: Final = re.compile(r"[\s\d!-@\[-`{-~\u2010-\u206f\u3000-\u303f\uff00-\uff20]+")
TRIGRAM_VARIANCE: Final = 6.0
"""Variance of the information of one sequence of three letters."""
MIN_ANSWERS_OF_SCRIPT: Final = 20
"""Number of answers in a script from which they are compared with each other; fewer count as usual."""
MIN_TRIGRAMS: Final = 20
EXTRA_DEVIATIONS: Final = 8.0
"""Additional standard deviations for answers to requests about languages, or in a script with few answers."""
GARBLED_DEVIATIONS: Final = 5.0
"""Standard deviations below the usual text of a file at which an answer is garbled with a probability of one half."""
BLOCK_TEXTS: Final = 1_024
NO_LANGUAGE_PHRASES: Final = (
    r"\b(?:natural|programming|query|markup) languages?\b|\blanguages?(?: models?| processing)\b"
)
ABOUT_LANGUAGES: Final = (
    r"translat|traduc|übersetz|翻译|\blanguages?\b"
    r"|\b(?:afrikaans|arabic|bengali|bulgarian|chinese|croatian|czech|danish|dutch|english"
    r"|esperanto|finnish|french|gaelic|german|greek|hebrew|hindi|hungarian|icelandic|indonesian|irish|italian|japanese|korean|latin|malay"
    r"|mandarin|norwegian|persian|polish|portuguese|romanian|russian|serbian|spanish|swahili|swedish|tamil|telugu|thai|turkish|ukrainian"
    r"|urdu|vietnamese|welsh)\b"
)
"""Requests about languages, in lower case, whose answers may be in another language. Both are patterns of polars."""


class _Coded(NamedTuple):
    """The characters of some texts as numbers of a byte: one for each frequent one, one per class for the others."""

    codes: Bytes
    ends: Numbers
    """Where each text ends in `codes`."""

    def trigrams(self) -> tuple[Numbers, Numbers]:
        """The sequences of three characters, a number each, and the position of the text of each."""
        size, code = ALPHABET_SIZE + OTHER_CHAR_CLASSES, self.codes.astype(np.int64)
        owner = np.repeat(np.arange(len(self.ends)), np.diff(self.ends, prepend=0))
        inside = owner[2:] == owner[:-2]
        return ((code[:-2] * size + code[1:-1]) * size + code[2:])[inside], owner[2:][inside]


def garbled(requests: Sequence[str], answers: Sequence[str]) -> Floats:
    """1 for answers whose sequences of three letters are usual in the file, near 0 for garbled ones.

    Computed from the share of the other texts of the file that have each sequence; punctuation is ignored.
    """
    texts = [*answers, *requests]
    blocks = _coded(texts)  # a byte for each character: the numbers of all sequences would take 16 times as much
    counts = _texts_with(blocks)
    information = np.log(np.maximum(counts - 0.5, 0.5) / len(texts))
    means, lengths = np.zeros(len(texts)), np.zeros(len(texts))
    for number, block in enumerate(blocks):
        grams, owner = block.trigrams()
        rows = slice(number * BLOCK_TEXTS, number * BLOCK_TEXTS + len(block.ends))
        lengths[rows] = np.bincount(owner, minlength=len(block.ends))
        means[rows] = np.bincount(owner, information[grams], len(block.ends)) / np.maximum(lengths[rows], 1)
    probabilities = _usual(means[: len(answers)], lengths[: len(answers)], requests, answers)
    return np.minimum(probabilities, [0.02 if _is_misdecoded(answer) else 1.0 for answer in answers])


def _usual(means: Floats, lengths: Floats, requests: Sequence[str], answers: Sequence[str]) -> Floats:
    """The probability that each answer is usual text of its script, by the mean information of its sequences and their
    number.
    """
    scripts = np.array([main_script(text[:SAMPLE_CHARS]) for text in answers])
    sizes = Counter(scripts.tolist())
    has_few = np.array([sizes[script] < MIN_ANSWERS_OF_SCRIPT for script in scripts.tolist()])
    explained = about_languages(requests)
    for index in np.flatnonzero(has_few & ~explained).tolist():
        explained[index] = str(scripts[index]) in _scripts(requests[index])
    probabilities = np.ones(len(answers))
    for script, size in sizes.items():
        of_it = scripts == script
        usual = (lengths > MIN_TRIGRAMS) & (of_it if size >= MIN_ANSWERS_OF_SCRIPT else True)
        middle = np.median(means[usual]) if usual.any() else 0.0
        width = 1.4826 * np.median(np.abs(means[usual] - middle)) if usual.any() else 1.0
        z = (means - middle) / np.sqrt(width**2 + TRIGRAM_VARIANCE / np.maximum(lengths, 1) + 0.01)
        judged = of_it & (lengths > 3)
        z += EXTRA_DEVIATIONS * explained
        probabilities[judged] = 1 / (1 + np.exp(-np.clip(z[judged] + GARBLED_DEVIATIONS, -30, 30)))
    return probabilities


def _texts_with(blocks: Sequence[_Coded]) -> Numbers:
    """For each sequence of three characters, the number of texts that have it."""
    counts = np.zeros((ALPHABET_SIZE + OTHER_CHAR_CLASSES) ** 3, dtype=np.int64)
    last = np.zeros(len(counts), dtype=np.int32)
    for block in blocks:
        grams, owner = block.trigrams()
        for start, end in pairwise(np.searchsorted(owner, np.arange(len(block.ends) + 1)).tolist()):
            of_text = grams[start:end]
            places = np.arange(len(of_text), dtype=np.int32)
            last[of_text] = places
            counts[of_text[last[of_text] == places]] += 1  # a sequence at its last place in the text alone
    return counts


def _coded(texts: Sequence[str]) -> list[_Coded]:
    """Texts in blocks; the frequent characters are those that most texts have."""
    spread = np.zeros(0x110000, dtype=np.int64)
    columns = np.zeros(len(spread), dtype=np.int64)
    for block in _blocks(texts):
        points, ends = _points(block)
        present = np.flatnonzero(np.bincount(points))
        columns[present] = np.arange(len(present))
        occurs = np.zeros((len(block), len(present)), dtype=np.bool_)
        occurs[np.repeat(np.arange(len(block)), np.diff(ends, prepend=0)), columns[points]] = True
        spread[present] += occurs.sum(axis=0)
    frequent = np.argsort(-spread, kind="stable")[:ALPHABET_SIZE]
    frequent = frequent[spread[frequent] > 0]
    table = np.full(len(spread), ALPHABET_SIZE + 1, dtype=np.uint8)
    table[:0x250], table[0x80:0xC0] = ALPHABET_SIZE, ALPHABET_SIZE + 2
    table[0xE000:0xF900], table[:0x20], table[0xFFF0:0x10000] = ALPHABET_SIZE + 2, ALPHABET_SIZE + 2, ALPHABET_SIZE + 2
    table[frequent] = np.arange(len(frequent))
    return [_Coded(table[points], ends) for points, ends in map(_points, _blocks(texts))]


def _blocks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts in blocks of `BLOCK_TEXTS`."""
    return (texts[start : start + BLOCK_TEXTS] for start in range(0, len(texts), BLOCK_TEXTS))


def _points(texts: Sequence[str]) -> tuple[Words, Numbers]:
    """The code points of the words of texts, between spaces, and where each text ends."""
    folded = [f"\0{text[:MAX_CHARS].casefold()}\0" for text in texts]
    points = np.frombuffer("".join(folded).encode("utf-32-le", "replace"), dtype=np.uint32)
    is_space = _no_letters()[points]
    kept = ~is_space
    kept[1:] |= ~is_space[:-1]  # the first of a run
    ends = np.cumsum(kept)[np.cumsum([len(text) for text in folded]) - 1]
    return np.where(is_space | (points == 0), 32, points)[kept], ends


@cache
def _no_letters() -> Flags:
    """Whether each code point matches `NO_LETTERS`."""
    table = np.zeros(0x110000, dtype=np.bool_)
    for match in NO_LETTERS.finditer("".join(map(chr, range(len(table))))):
        table[match.start() : match.end()] = True
    return table


def _scripts(text: str) -> set[str]:
    """The scripts with more than a few letters in a text."""
    return {name for name, count in letters(text[:MAX_CHARS]).items() if count >= MIN_ANSWERS_OF_SCRIPT}


def about_languages(requests: Sequence[str]) -> Flags:
    """Whether each request is about languages, by both of its ends."""
    ends = text_column([f"{text[:END_CHARS]}\n{text[-END_CHARS:]}" for text in requests]).str.to_lowercase()
    is_about = ends.str.replace_all(NO_LANGUAGE_PHRASES, " ").str.contains(ABOUT_LANGUAGES)
    return np.array(is_about.to_list(), dtype=np.bool_)


def _is_misdecoded(answer: str) -> bool:
    """Whether an answer has characters that come from a wrong encoding, such as `Ã©`."""
    if answer.isascii():
        return False
    from ftfy.badness import is_bad  # a few hundredths of a second

    return "\ufffd" in answer or bool(is_bad(answer))
