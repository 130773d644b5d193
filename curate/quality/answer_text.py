"""Answers that refuse, or repeat sentences of many other answers."""

import re
from array import array
from collections.abc import Sequence
from typing import Final

import xxhash

from curate.core.lazy import Floats, np
from curate.core.text import NON_WORDS_TO_SPACES, normalised, words
from curate.corpus.strata import is_label
from curate.language.refusals import OPENING_CHARS, refuses
from curate.quality.letter_sequences import MAX_CHARS

SENTENCE_BREAK: Final = re.compile(r"[.!?。！？]\s+|\n+")
MIN_SENTENCE_CHARS: Final = 12
_WORDS_AND_LINES: Final = bytes(10 if code == 10 else to for code, to in enumerate(NON_WORDS_TO_SPACES))
"""Translates ASCII characters that belong to no word to spaces, except for line breaks."""
_MARKS_AND_SPACES: Final = bytes(
    ord(".") if char in ".!?" else 32 if char.isspace() and char != "\n" else ord(",") if to == 32 else code
    for code, (char, to) in enumerate(zip(map(chr, range(256)), _WORDS_AND_LINES, strict=True))
)
"""Translates ASCII marks at the end of sentences to full stops, spaces to blanks, and other such characters to
commas.
"""


def refusals(answers: Sequence[str], neighbours: Sequence[Sequence[int]] | None = None) -> Floats:
    """1 for an answer that is not a refusal; for refusals, the share of refusals in the file or among the answers to
    the nearest questions, whichever is larger.

    `neighbours`: for each answer, the positions of those to the nearest questions.
    """
    refused = np.array([refuses(answer[:OPENING_CHARS]) for answer in answers], dtype=np.float64)
    share = refused.mean() if len(refused) else 0.0
    scores = np.ones(len(answers))
    for index in np.flatnonzero(refused).tolist():
        near = refused[list(neighbours[index])].mean() if neighbours and neighbours[index] else 0.0
        scores[index] = max(share, near)
    return scores


def boilerplate(requests: Sequence[str], answers: Sequence[str]) -> Floats:
    """1 minus the share of sentences of an answer that are in several answers to other requests; 1 for labels."""
    digest = xxhash.xxh64_intdigest
    counts_of_answers, sizes, sentences, request_hashes = (array(code) for code in "qqQQ")
    for request, answer in zip(requests, answers, strict=True):
        request_hashes.append(digest(_encoded(normalised(request)[:200])))
        of_answer, sizes_of_answer = _sentences(answer)
        counts_of_answers.append(len(of_answer))
        sizes.extend(sizes_of_answer)
        sentences.extend(map(digest, of_answer))
    owner = np.repeat(np.arange(len(answers)), np.array(counts_of_answers, dtype=np.int64))
    size, numbers = np.array(sizes, dtype=np.int64), np.array(sentences, dtype=np.uint64)
    pairs = np.stack([numbers, np.array(request_hashes, dtype=np.uint64)[owner]])
    pairs = pairs[:, np.lexsort(pairs[::-1])]
    first = np.append(True, (pairs[:, 1:] != pairs[:, :-1]).any(axis=0))[: len(numbers)]
    values, counts = np.unique(pairs[0, first], return_counts=True)
    is_common = np.isin(numbers, values[counts >= max(3, len(answers) // 100)])
    total = np.bincount(owner, size, len(answers))
    common = np.bincount(owner[is_common], size[is_common], len(answers))
    counted = (total > 0) & ~np.array(list(map(is_label, answers)), dtype=np.bool_)
    return np.asarray(np.where(counted, 1 - common / np.maximum(total, 1), 1.0))


def _encoded(text: str) -> bytes:
    """A text as bytes, also one with lone surrogates."""
    return text.encode("utf-8", "surrogatepass")


def _sentences(answer: str) -> tuple[list[bytes], list[int]]:
    """The normalized sentences of an answer, without very short ones, and their characters."""
    text = answer[:MAX_CHARS]
    if text.isascii():  # same result in a fifth of the time
        marked = text.lower().encode().translate(_MARKS_AND_SPACES).replace(b". ", b"\n").translate(_WORDS_AND_LINES)
        plain = b" ".join(marked.replace(b"\n", b" \0 ").split()).split(b"\0")
        of_ascii = [sentence for sentence in map(bytes.strip, plain) if len(sentence) >= MIN_SENTENCE_CHARS]
        return of_ascii, list(map(len, of_ascii))
    parts = (" ".join(words(normalised(part))) for part in SENTENCE_BREAK.split(text))
    sentences = [sentence for sentence in parts if len(sentence) >= MIN_SENTENCE_CHARS]
    return list(map(_encoded, sentences)), list(map(len, sentences))
