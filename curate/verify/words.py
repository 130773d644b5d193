"""Words of texts as 64-bit hashes, and their shingles, for many texts at a time; `docs/leaks.md` defines a word."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl

Hashes = np.ndarray[Any, np.dtype[np.uint64]]
Numbers = np.ndarray[Any, np.dtype[np.int64]]

UNSPACED: Final = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)  # fmt: skip
"""Code points of scripts that are written without spaces between words."""
UNSPACED_CHARS: Final = "".join(f"{chr(first)}-{chr(last)}" for first, last in UNSPACED)
"""Their characters, for a class of a pattern: each is a word."""
WORD: Final = r"[\p{L}\p{N}\p{M}_]+"
"""Letters, digits, combining marks and underscores."""
UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Characters that show nothing, which are no part of a text."""
CYRILLIC: Final = re.compile("[\u03bf\u0430-\u051d]")
LATIN: Final = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442"
    "\u0443\u0445\u0456\u0458\u0455\u0501\u051b\u051d\u04cf\u03bf",
    "abekmhopctyxijsdqwlo",
)
"""What looks like a Latin letter in lower case, and that letter."""
BASE: Final = 0x9E3779B97F4A7C15
SHINGLE_WORDS: Final = 3


def mixed(numbers: Hashes) -> Hashes:
    """Mix the bits of each integer (splitmix64)."""
    scattered: Hashes = numbers + np.uint64(BASE)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        scattered ^= scattered >> np.uint64(shift)  # in place: new arrays would take half of the time
        scattered *= np.uint64(factor)
    scattered ^= scattered >> np.uint64(31)
    return scattered


def folded(text: str) -> str:
    """Normalize a text for comparison."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", UNSEEN.sub("", text)).casefold()
    return text.translate(LATIN) if CYRILLIC.search(text) else text


def words_of(texts: Sequence[str]) -> tuple[pl.Series, Numbers]:
    """The words of all texts, concatenated, and the number of words per text."""
    plain = all(map(str.isascii, texts))
    # a lone surrogate is no text
    spelled = [folded(text) if plain else folded(text).encode("utf-8", "replace").decode() for text in texts]
    runs = pl.Series(spelled, dtype=pl.String).str.extract_all(WORD)
    counts, words = runs.list.len().to_numpy().astype(np.int64), runs.explode().drop_nulls()
    if plain or not (cut := words.str.contains(f"[{UNSPACED_CHARS}]")).any():
        return words, counts
    # if one character of a run is a word, all of them are
    frame = pl.DataFrame({"word": words, "text": np.repeat(np.arange(len(counts)), counts)})
    frame = frame.with_columns(
        pl.when(cut).then(pl.col("word").str.split("")).otherwise(pl.concat_list("word"))
    ).explode("word")
    return frame["word"], np.bincount(frame["text"].to_numpy(), minlength=len(counts))


def word_hashes(texts: Sequence[str]) -> tuple[Hashes, Numbers]:
    """The hashes of the words of all texts, and the number of words per text."""
    words, counts = words_of(texts)
    return words.hash().to_numpy(), counts


def sequences(words: Hashes, counts: Numbers) -> Hashes:
    """The hash of each sequence of words; `counts`: the length of each."""
    ends = np.cumsum(counts)
    places = np.arange(len(words)) - np.repeat(ends - counts, counts)
    sums = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(words * weights(places))))
    return mixed(sums[ends] - sums[ends - counts] + counts.astype(np.uint64))


def weights(places: Numbers) -> Hashes:
    """Multipliers of the elements of a sequence, so that a sum depends on their order."""
    return mixed(places.astype(np.uint64)) | np.uint64(1)


def shingles(words: Hashes, counts: Numbers, salts: Hashes | None = None) -> tuple[Hashes, Numbers, Numbers]:
    """The shingles of word sequences, with sequence number and first word; different salts never share a shingle.

    A sequence without words has none.
    """
    ends = np.cumsum(counts)
    begins = np.ones(len(words), dtype=np.bool_)
    hashes, short = mixed(words), []
    behind = np.concatenate((words, np.zeros(SHINGLE_WORDS, dtype=np.uint64)))
    for more in range(1, SHINGLE_WORDS):
        begins[ends[counts > more] - more] = False  # too close to the end of a sequence
        few = ends[counts == more] - more  # a sequence with fewer words is one shingle
        short.append((few, hashes[few]))
        hashes *= np.uint64(BASE)
        hashes += behind[more : more + len(words)]
        hashes = mixed(hashes)
    for few, whole in short:
        hashes[few] = whole
    firsts = np.flatnonzero(begins)
    hashes, owners = hashes[firsts], np.repeat(np.arange(len(counts)), counts)[firsts]
    if salts is not None:
        hashes ^= salts[owners]
    return hashes, owners, firsts
