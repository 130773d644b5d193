"""Short texts by their words of meaning: a typing error and a "please" more are nothing to a long text, and half of the
shingles of a short one.

Two short texts have the same words when they have the same words of meaning in the same order: grammar and politeness
(`FILLER_WORDS`) are left out, and a word is taken for the commonest one among all short texts that it may be a typing
error of. That proposes; whether two examples agree in every word of meaning decides (`curate.dedup.near_duplicates`).
Texts in scripts without spaces have no such words, and a character of theirs that is grammar in one place is meaning in
another.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar, Final, Self

import xxhash

from curate.core.disk_arrays import Rows, joined
from curate.core.lazy import Bytes, Hashes, Numbers, Words, np
from curate.core.text import UNSPACED, normalised
from curate.language.lexicon import FILLER_WORDS
from curate.language.spelling import same_word, spelling_key, spellings
from curate.language.tokens import WORD_OR_SIGN

SHORT_TEXT_CHARS: Final = 300
"""Some 40 words."""


@dataclass(slots=True)
class ShortTexts(Rows):
    """Texts as numbers of words in a vocabulary; those that are not short are empty."""

    KINDS: ClassVar = {"words": "u4"}
    PARTS: ClassVar = {"words": "ends"}
    SHARED: ClassVar = "vocabulary"
    words: Words
    ends: Numbers
    vocabulary: dict[str, int]
    """The number of each word, ascending."""

    @classmethod
    def of(cls, texts: Iterable[str]) -> "ShortTexts":
        """The words of each text that is short."""
        every = list(texts)
        return cls.of_some(len(every), {at: text for at, text in enumerate(every) if len(text) <= SHORT_TEXT_CHARS})

    @classmethod
    def of_spans(
        cls, count: int, buffer: Bytes, numbers: Numbers, spans: Numbers, others: Mapping[int, str]
    ) -> "ShortTexts":
        """As `of_some`, for the texts with these `numbers`, given as spans in an ASCII buffer; `others` are given as
        text.
        """
        from curate.similarity import word_kernels

        words, ends, low, bounds = word_kernels.pieces(buffer, spans[0], spans[1])
        folded = low.tobytes().decode()
        known = {folded[start:end]: number for number, (start, end) in enumerate(pairwise(bounds.tolist()))}
        some = sorted(at for at, text in others.items() if len(text) <= SHORT_TEXT_CHARS)
        more = cls.of_some(len(some), dict(enumerate(others[at] for at in some)))
        every = joined(cls, [cls(words, ends, known), more])
        ends = np.append(every.ends, every.ends[-1])  # one without words, for all that are not short
        where = np.full(count, len(ends) - 2, dtype=np.int64)
        where[numbers], where[some] = np.arange(len(numbers)), len(numbers) + np.arange(len(some))
        return cls(every.words, ends, every.vocabulary).chosen(where)

    @classmethod
    def of_some(cls, count: int, texts: Mapping[int, str]) -> "ShortTexts":
        """The words of `count` texts, of which the short ones are given by their numbers."""
        known: dict[str, int] = {}
        words, sizes = list[int](), np.zeros(count, dtype=np.int64)
        for at in sorted(texts):
            text = texts[at]
            if len(text) <= SHORT_TEXT_CHARS and (text.isascii() or not re.search(UNSPACED, text)):
                found = WORD_OR_SIGN.findall(text.lower() if text.isascii() else normalised(text))
                words += [known.setdefault(word, len(known)) for word in found]
                sizes[at] = len(found)
        return cls(np.array(words, dtype=np.uint32), np.append(0, np.cumsum(sizes)), known)

    def sharing(self, known: dict[Any, Any]) -> Self:
        """The texts in a larger vocabulary."""
        numbers = np.array([known.setdefault(word, len(known)) for word in self.vocabulary], dtype=np.uint32)
        return replace(self, words=numbers[self.words] if len(self.words) else self.words, vocabulary=known)

    def keys(self) -> Hashes:
        """A key per text that is equal for texts with the same words of meaning, allowing for typing errors; 0 if it
        has none.
        """
        return self.keys_and_typos()[0]

    def keys_and_typos(self) -> tuple[Hashes, Numbers]:
        """The keys, and for each text the number of its words that were taken for another word."""
        keys = np.zeros(len(self.ends) - 1, dtype=np.uint64)
        if not len(self.words):
            return keys, np.zeros(len(keys), dtype=np.int64)
        counts = np.bincount(self.words, minlength=len(self.vocabulary))
        roots = corrected_words(
            {word: int(count) for word, count in zip(self.vocabulary, counts.tolist(), strict=True) if count}
        )
        hashes = np.array([_hash(roots.get(word, word)) for word in self.vocabulary], dtype=np.uint64)[self.words]
        texts = np.repeat(np.arange(len(keys)), np.diff(self.ends))
        typos = np.bincount(
            texts, weights=np.array([word in roots for word in self.vocabulary])[self.words], minlength=len(keys)
        ).astype(np.int64)
        texts = texts[hashes != 0]
        hashes = hashes[hashes != 0]
        some, first, sizes = np.unique(texts, return_index=True, return_counts=True)
        if len(some):
            powers = np.cumprod(np.full(int(sizes.max()), 0x9E3779B97F4A7C15, dtype=np.uint64))
            keys[some] = np.add.reduceat(hashes * powers[np.arange(len(texts)) - np.repeat(first, sizes)], first)
        return keys, typos


def _hash(word: str) -> int:
    """The hash of a word; 0 for a filler word."""
    return 0 if word in FILLER_WORDS else xxhash.xxh3_64_intdigest(word.encode("utf-8", "surrogatepass")) | 1


def corrected_words(counts: dict[str, int]) -> dict[str, str]:
    """For each word that may be a typing error of a commoner word, that word; among equally common words, the first in
    alphabetical order.
    """
    near: dict[str, set[str]] = {}
    for word in counts:
        if key := spelling_key(word):
            near.setdefault(key, set()).add(word)
    better: dict[str, str] = {}
    for words in near.values():
        for word in words if len(words) > 1 else ():
            alike = (other for other in words.intersection(spellings(word)) if same_word(word, other))
            best = min((-counts[other], other) for other in (word, *alike))[1]
            if best != word:
                better[word] = best
    return {word: _canonical_word(word, better) for word in better}


def _canonical_word(word: str, better: dict[str, str]) -> str:
    while word in better:  # each is commoner than the one before, or before it in the alphabet
        word = better[word]
    return word
