"""Keys of short texts by their content words. A typing error or an additional "please" changes up to half of the
shingles of a short text, so that shingles do not find its near-duplicates.

Two short texts have equal keys if they have the same content words in the same order. Words of grammar and politeness
(`FILLER_WORDS`) are left out, and each word is replaced by the most frequent word in all short texts that it may be a
typing error of. Equal keys only make two examples candidates: `curate.dedup.near_duplicates` verifies that they agree
in all content words. Texts in scripts without spaces have no keys, because the same character may be a word of grammar
in one place and a content word in another.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Self

import xxhash

from curate.core.disk_arrays import Rows
from curate.core.lazy import Hashes, Numbers, Words, np
from curate.core.text import UNSPACED, normalised
from curate.language.lexicon import FILLER_WORDS
from curate.language.spelling import same_word, spelling_key, spellings
from curate.language.tokens import WORD_OR_SIGN

SHORT_TEXT_CHARS: Final = 300
"""About 40 words."""


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
    def empty(cls, count: int) -> "ShortTexts":
        """Texts that are not short."""
        return cls(np.empty(0, dtype=np.uint32), np.zeros(count + 1, dtype=np.int64), {})

    @classmethod
    def of(cls, texts: Iterable[str]) -> "ShortTexts":
        """The words of each text that is short."""
        vocabulary: dict[str, int] = {}
        words, sizes = list[int](), list[int]()
        for text in texts:
            tokens: list[str] = []
            if len(text) <= SHORT_TEXT_CHARS and (text.isascii() or not re.search(UNSPACED, text)):
                tokens = WORD_OR_SIGN.findall(text.lower() if text.isascii() else normalised(text))
                words += [vocabulary.setdefault(word, len(vocabulary)) for word in tokens]
            sizes.append(len(tokens))
        return cls(np.array(words, dtype=np.uint32), np.cumsum([0, *sizes], dtype=np.int64), vocabulary)

    def sharing(self, dictionary: dict[Any, Any]) -> Self:
        """The texts with the numbers of words in `dictionary`, to which new words are added."""
        numbers = np.array([dictionary.setdefault(word, len(dictionary)) for word in self.vocabulary], dtype=np.uint32)
        return replace(self, words=numbers[self.words] if len(self.words) else self.words, vocabulary=dictionary)

    def keys(self) -> Hashes:
        """A key per text that is equal for texts with the same content words, except for typing errors; 0 if it has
        none.
        """
        return self.keys_and_typos()[0]

    def keys_and_typos(self) -> tuple[Hashes, Numbers]:
        """The keys, and for each text the number of its words that were replaced by another word."""
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
        rows, first, sizes = np.unique(texts, return_index=True, return_counts=True)
        if len(rows):
            powers = np.cumprod(np.full(int(sizes.max()), 0x9E3779B97F4A7C15, dtype=np.uint64))
            keys[rows] = np.add.reduceat(hashes * powers[np.arange(len(texts)) - np.repeat(first, sizes)], first)
        return keys, typos


def _hash(word: str) -> int:
    """The hash of a word; 0 for a filler word."""
    return 0 if word in FILLER_WORDS else xxhash.xxh3_64_intdigest(word.encode("utf-8", "surrogatepass")) | 1


def corrected_words(counts: dict[str, int]) -> dict[str, str]:
    """For each word that may be a typing error of a more frequent word, that word; among equally frequent words, the
    first in alphabetical order.
    """
    near: dict[str, set[str]] = {}
    for word in counts:
        if key := spelling_key(word):
            near.setdefault(key, set()).add(word)
    better: dict[str, str] = {}
    for words in near.values():
        for word in words if len(words) > 1 else ():
            variants = (other for other in words.intersection(spellings(word)) if same_word(word, other))
            best = min((-counts[other], other) for other in (word, *variants))[1]
            if best != word:
                better[word] = best
    return {word: _canonical_word(word, better) for word in better}


def _canonical_word(word: str, better: dict[str, str]) -> str:
    while word in better:  # each is more frequent than the previous one, or precedes it in the alphabet
        word = better[word]
    return word
