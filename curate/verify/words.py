"""Words of texts, their shingles and hashes; `docs/leaks.md` defines a word."""

import re
import unicodedata
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import polars as pl
import xxhash

Hashes = np.ndarray[Any, np.dtype[np.uint64]]
Numbers = np.ndarray[Any, np.dtype[np.int64]]
Words = Sequence[str]

UNSPACED: Final = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)  # fmt: skip
"""Code points of scripts that are written without spaces between words."""
UNSPACED_CHARS: Final = "".join(f"{chr(first)}-{chr(last)}" for first, last in UNSPACED)
"""Their characters, for a class of a pattern: each is a word."""
UNSPACED_CHAR: Final = re.compile(f"[{UNSPACED_CHARS}]")
WORD: Final = r"[\p{L}\p{N}\p{M}_]+"
"""Letters, digits, combining marks and underscores."""
UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Invisible characters, which are removed from a text."""
CYRILLIC: Final = re.compile("[\u03bf\u0430-\u051d]")
LATIN: Final = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442"
    "\u0443\u0445\u0456\u0458\u0455\u0501\u051b\u051d\u04cf\u03bf",
    "abekmhopctyxijsdqwlo",
)
"""Letters that look like a Latin letter in lower case, and that letter."""
SHINGLE_WORDS: Final = 3
DIGEST_BYTES: Final = 8
"""Bytes of the digest of a shingle."""


def folded(text: str) -> str:
    """Normalize a text for comparison: NFKC, lower case, without invisible characters; white space is not joined.

    In a text with Cyrillic letters or a Greek omicron, letters that look like Latin ones become these.
    """
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", UNSEEN.sub("", text)).casefold()
    if "i\u0307" in text:  # case folding of the Turkish capital İ leaves a dot above
        text = unicodedata.normalize("NFKC", re.sub("i\u0307+", "i", text))
    return text.translate(LATIN) if CYRILLIC.search(text) else text


def words_of(texts: Sequence[str]) -> list[list[str]]:
    """The words of each text."""
    # a lone surrogate is no text
    spelled = [folded(text).encode("utf-8", "replace").decode() for text in texts]
    runs: list[list[str]] = pl.Series(spelled, dtype=pl.String).str.extract_all(WORD).to_list()
    return [words if text.isascii() else _cut(words) for text, words in zip(spelled, runs, strict=True)]


def _cut(runs: Words) -> list[str]:
    """Cut each run that has a character of a script without spaces into all its characters."""
    return [word for run in runs for word in (run if UNSPACED_CHAR.search(run) else (run,))]


def hashed(text: str, seed: int = 0) -> int:
    """A hash of a text, other than 0."""
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"), seed) or 1


def shingles(words: Words, seed: int = 0) -> bytes:
    """The digests of the distinct shingles of a text, `DIGEST_BYTES` each; another seed gives other digests.

    A text of fewer words is one shingle, a text without words none.
    """
    if not words:
        return b""
    spelled = " ".join(words).encode().split(b" ")
    runs = zip(*(spelled[start:] for start in range(min(SHINGLE_WORDS, len(words)))), strict=False)
    digest = partial(xxhash.xxh3_64_digest, seed=seed) if seed else xxhash.xxh3_64_digest
    return b"".join(set(map(digest, map(b" ".join, runs))))


def hashes_of(digests: bytes) -> Hashes:
    """Digests of 8 bytes each as integers."""
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)
