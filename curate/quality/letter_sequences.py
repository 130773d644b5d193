"""Answers whose sequences of letters are unusual in the file, and requests about languages, which explain them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

from curate.core.lazy import Bytes, Flags, Floats, Numbers, Words, np
from curate.core.log_odds import logistic_column
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
ASCII_TO_SPACES: Final = bytes(32 if NO_LETTERS.match(chr(code)) else code for code in range(128)).ljust(256)
"""Translates ASCII characters that match `NO_LETTERS` to spaces."""
CONTEXT_CHARS: Final = 8
OTHER_CHARS: Final = re.compile(rf"[^\0-\x7f](?:[\0-\x7f]{{0,{2 * CONTEXT_CHARS}}}[^\0-\x7f])*")
"""Characters beyond ASCII, and those between them that are close to both."""
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
GRAM_BITS: Final = 20
"""Bits of the number of a sequence; with the number of a text of a block, it takes 30."""
NO_GRAM: Final = (1 << 32) - 1
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


def garbled(requests: Sequence[str], answers: Sequence[str]) -> Floats:
    """1 for answers whose sequences of three letters are usual in the file, near 0 for garbled ones.

    Computed from the share of the other texts of the file that have each sequence; punctuation is ignored.
    """
    texts = _coded([*answers, *requests])  # the numbers of all sequences would take 4 times as much
    information = np.log(np.maximum(_document_frequencies(texts) - 0.5, 0.5) / len(texts))
    means, lengths = np.zeros(len(answers)), np.zeros(len(answers))
    for number, block in enumerate(_blocks(texts[: len(answers)])):
        grams, owner, ends = _trigrams(block)
        rows = slice(number * BLOCK_TEXTS, number * BLOCK_TEXTS + len(block))
        lengths[rows] = np.diff(ends, prepend=0) - 2
        of_grams = information[grams]
        of_grams[ends - 1] = of_grams[ends - 2] = 0
        means[rows] = np.bincount(owner, of_grams, len(block)) / np.maximum(lengths[rows], 1)
    probabilities = _usual(means, lengths, requests, answers)
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
        probabilities[judged] = logistic_column(z[judged] + GARBLED_DEVIATIONS)
    return probabilities


def _trigrams(texts: Sequence[bytes]) -> tuple[Words, Numbers, Numbers]:
    """The sequences of three characters that begin at each character of some texts, a number each; the position of the
    text of each, and where each text ends. The last two sequences of a text are none: it ends in them.
    """
    size = ALPHABET_SIZE + OTHER_CHAR_CLASSES
    codes = np.frombuffer(b"".join((*texts, b"\0\0")), dtype=np.uint8).astype(np.uint32)
    lengths = np.array([len(text) for text in texts])
    grams = (codes[:-2] * size + codes[1:-1]) * size + codes[2:]
    return grams, np.repeat(np.arange(len(texts)), lengths), np.cumsum(lengths)


def _document_frequencies(texts: Sequence[bytes]) -> Numbers:
    """For each trigram of characters, by its number, how many texts contain it."""
    counts = np.zeros((ALPHABET_SIZE + OTHER_CHAR_CLASSES) ** 3, dtype=np.int64)
    for block in _blocks(texts):
        grams, owner, ends = _trigrams(block)
        keys = grams | owner.astype(np.uint32) << GRAM_BITS
        keys[ends - 1] = keys[ends - 2] = NO_GRAM
        keys.sort()
        distinct = keys[:-1][keys[1:] != keys[:-1]]  # without `NO_GRAM`, which is the largest
        of_block = np.bincount(distinct & ((1 << GRAM_BITS) - 1))
        counts[: len(of_block)] += of_block
    return counts


def _coded(texts: Sequence[str]) -> list[bytes]:
    """The characters of texts as bytes: one for each frequent one, one per class for the others. The frequent
    characters are those that most texts have.
    """
    spread = np.zeros(0x110000, dtype=np.int64)
    coded = list[bytes]()
    for block in _blocks(texts):
        ascii_texts = [_ascii_letters(text) for text in block if text.isascii()]
        spread[ord(" ")] += len(ascii_texts)
        for code in np.flatnonzero(np.bincount(np.frombuffer(b"".join(ascii_texts), dtype=np.uint8))).tolist():
            if code not in (0, ord(" ")):
                spread[code] += sum([code in text for text in ascii_texts])
        others = [text for text in block if not text.isascii()]
        points, ends = _points(others)
        _add_spread(spread, points, ends)
        remaining = iter(ascii_texts)
        coded += [next(remaining) if text.isascii() else b"" for text in block]
    table = _code_table(spread)
    codes_of_ascii = table[:256].tobytes()
    for number, block in enumerate(_blocks(texts)):
        points, ends = _points([text for text in block if not text.isascii()])
        codes = iter(np.split(table[points], ends))
        for index, text in enumerate(block, number * BLOCK_TEXTS):
            coded[index] = coded[index].translate(codes_of_ascii) if text.isascii() else next(codes).tobytes()
    return coded


def _code_table(spread: Numbers) -> Bytes:
    """The code of each code point. `spread`: the number of texts that have it."""
    frequent = np.argsort(-spread, kind="stable")[:ALPHABET_SIZE]
    frequent = frequent[spread[frequent] > 0]
    table = np.full(len(spread), ALPHABET_SIZE + 1, dtype=np.uint8)
    table[:0x250], table[0x80:0xC0] = ALPHABET_SIZE, ALPHABET_SIZE + 2
    table[0xE000:0xF900], table[:0x20], table[0xFFF0:0x10000] = ALPHABET_SIZE + 2, ALPHABET_SIZE + 2, ALPHABET_SIZE + 2
    table[frequent] = np.arange(len(frequent))
    table[0] = table[ord(" ")]  # both ends of an ASCII text
    return table


def _add_spread(spread: Numbers, points: Words, ends: Numbers) -> None:
    """Add to the number of texts that have each code point; `points` and `ends` are those of `_points`."""
    present = np.flatnonzero(np.bincount(points))
    columns = np.zeros(int(present.max(initial=0)) + 1, dtype=np.int64)
    columns[present] = np.arange(len(present))
    occurs = np.zeros((len(ends), len(present)), dtype=np.bool_)
    occurs[np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0)), columns[points]] = True
    spread[present] += occurs.sum(axis=0)


def _blocks(texts: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The texts in blocks of `BLOCK_TEXTS`."""
    return (texts[start : start + BLOCK_TEXTS] for start in range(0, len(texts), BLOCK_TEXTS))


def _points(texts: Sequence[str]) -> tuple[Words, Numbers]:
    """The code points of the words of texts, between spaces, and where each text ends."""
    if not texts:
        return np.empty(0, dtype=np.uint32), np.empty(0, dtype=np.int64)
    folded = [f"\0{text[:MAX_CHARS].casefold()}\0" for text in texts]
    points = np.frombuffer("".join(folded).encode("utf-32-le", "replace"), dtype=np.uint32)
    is_space = _no_letters()[points]
    kept = ~is_space
    kept[1:] |= ~is_space[:-1]  # the first of a run
    lengths = np.array([len(text) for text in folded], dtype=np.int64)
    ends: Numbers = np.cumsum(kept, dtype=np.int64)[np.cumsum(lengths) - 1]
    codes: Words = np.where(is_space | (points == 0), 32, points)[kept]
    return codes, ends


def _ascii_letters(text: str) -> bytes:
    """The beginning of an ASCII text in lower case, as in `_points`: with a space for what is no letter, and a null
    character at both ends.
    """
    return b" ".join(f"\0{text[:MAX_CHARS].lower()}\0".encode().translate(ASCII_TO_SPACES).split())


@cache
def _no_letters() -> Flags:
    """Whether each code point matches `NO_LETTERS`."""
    table = np.zeros(0x110000, dtype=np.bool_)
    for match in NO_LETTERS.finditer("".join(map(chr, range(0x20000)))):  # Unicode has no digits after these
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

    return "\ufffd" in answer or bool(is_bad(_around_other_chars(answer)))


def _around_other_chars(text: str) -> str:
    """The parts of a text that have characters beyond ASCII, with some characters before and after. ftfy looks for
    sequences of a few characters that have one, and takes long for long texts.
    """
    spans = [match.span() for match in OTHER_CHARS.finditer(text)]
    return "\n".join([text[max(0, start - CONTEXT_CHARS) : end + CONTEXT_CHARS] for start, end in spans])
