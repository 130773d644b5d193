"""Answers that refuse, or repeat sentences of many other answers."""

import re
from array import array
from collections.abc import Iterator, Sequence

import xxhash

from curate.core.lazy import Floats, np
from curate.core.text import normalised, words
from curate.corpus.strata import is_label
from curate.language.refusals import OPENING_CHARS, refuses
from curate.quality.letter_sequences import MAX_CHARS


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
    owners, sizes, sentences, asked = (array(code) for code in "qqQQ")
    for index, (request, answer) in enumerate(zip(requests, answers, strict=True)):
        request_digest = digest(normalised(request)[:200].encode("utf-8", "surrogatepass"))
        for sentence in _sentences(answer):
            owners.append(index)
            sizes.append(len(sentence))
            sentences.append(digest(sentence.encode("utf-8", "surrogatepass")))
            asked.append(request_digest)
    numbers = np.array(sentences, dtype=np.uint64)
    pairs = np.stack([numbers, np.array(asked, dtype=np.uint64)])
    pairs = pairs[:, np.lexsort(pairs[::-1])]
    first = np.append(True, (pairs[:, 1:] != pairs[:, :-1]).any(axis=0))[: len(numbers)]
    values, counts = np.unique(pairs[0, first], return_counts=True)
    is_common = np.isin(numbers, values[counts >= max(3, len(answers) // 100)])
    owner, size = np.array(owners, dtype=np.int64), np.array(sizes, dtype=np.int64)
    total = np.bincount(owner, size, len(answers))
    common = np.bincount(owner[is_common], size[is_common], len(answers))
    counted = (total > 0) & ~np.array(list(map(is_label, answers)), dtype=np.bool_)
    return np.asarray(np.where(counted, 1 - common / np.maximum(total, 1), 1.0))


def _sentences(answer: str) -> Iterator[str]:
    """The normalized sentences of an answer, without very short ones."""
    for part in re.split(r"(?<=[.!?。！？])\s+|\n+", answer[:MAX_CHARS]):
        sentence = " ".join(words(normalised(part)))
        if len(sentence) >= 12:
            yield sentence
