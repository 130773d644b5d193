"""From texts to the sets of hashed shingles that they are compared by.

Shingles are 3 consecutive words. One changed word in a twenty-word answer costs 3 of 18 shingles, a similarity of 0.71;
with the 5 words that are usual for web pages it would cost 5 of 16, and 0.52. Texts shorter than a shingle are one
shingle whole, so that they match only what is equal to them. Scripts without spaces between words count characters as
words; combining marks are part of words, as the vowels of Devanagari are. Case and white space do not count, nor do
signs between words.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

from curate.core.arrays import Bytes, Flags, Numbers, Shingles
from curate.core.disk_arrays import Growing
from curate.core.lazy import np
from curate.core.text import UNSPACED, WORDS
from curate.core.worker_pool import lazy_once
from curate.similarity.casefold_table import folds, normal

LAST: Final = 0x40000
"""Beyond it, Unicode has no word characters but marks."""
MARKS: Final = ((0x300, 0x20000), (0xE0100, 0xE01F0))
"""Where Unicode's combining marks are."""


class Shingling(NamedTuple):
    """What a shingle is: a number of consecutive words or characters."""

    unit: Literal["word", "character"] = "word"
    size: int = 3


class Texts(NamedTuple):
    """Texts in UTF-8: number i lies in `buffer` from starts[i] to ends[i]."""

    buffer: Bytes
    starts: Numbers
    ends: Numbers


@dataclass(frozen=True, slots=True)
class Sets:
    """Sets of distinct hashes, each sorted: number i lies in `hashes` from offsets[i] to offsets[i + 1]."""

    hashes: Shingles
    offsets: Numbers

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, at: int) -> Shingles:
        return self.hashes[self.offsets[at] : self.offsets[at + 1]]

    def part(self, start: int, end: int) -> "Sets":
        """The sets from number `start` up to, not including, `end`."""
        offsets = self.offsets[start : end + 1]
        return Sets(self.hashes[offsets[0] : offsets[-1]], offsets - offsets[0])

    def chosen(self, numbers: Numbers) -> "Sets":
        """The sets of these numbers, in this order."""
        from curate.similarity import kernels

        return Sets(*kernels.take_sets(self.hashes, self.offsets, numbers))

    def kept(self, numbers: Numbers) -> "Sets":
        """The sets of these numbers, which ascend, in the place of all; nothing else may be done with these any
        more.
        """
        from curate.similarity import kernels

        offsets = kernels.keep(self.hashes, self.offsets, numbers)
        return Sets(self.hashes[: offsets[-1]], offsets)


@lazy_once
def letters() -> Bytes:
    """Per code point: 0 between words, 1 part of a word, 2 part of one in a script without spaces."""
    every = np.arange(LAST, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    classes = np.zeros(0x110000, dtype=np.uint8)
    for match in WORDS.finditer(every):
        classes[match.start() : match.end()] = 1
    for start, end in MARKS:
        others = start + np.flatnonzero(classes[start:end] == 0)
        classes[[code for code in others.tolist() if unicodedata.category(chr(code))[0] == "M"]] = 1
    for match in re.finditer(f"{UNSPACED}+", every):
        classes[match.start() : match.end()] *= 2
    return classes


def texts_of(texts: Iterable[str | bytes]) -> Texts:
    """Texts in one buffer; bytes are ASCII. Others are normalised here, which only Python can; the case of the others
    is folded where they are read.
    """
    encoded = [
        text
        if isinstance(text, bytes)
        else text.encode()
        if text.isascii()
        else normal(text).encode("utf-8", "surrogatepass")
        for text in texts
    ]
    buffer, offsets = buffer_of(encoded)
    return Texts(buffer, offsets[:-1], offsets[1:])


def buffer_of(texts: Sequence[bytes]) -> tuple[Bytes, Numbers]:
    """Texts one after another: number i lies from offsets[i] to offsets[i + 1]."""
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([len(data) for data in texts], out=offsets[1:])
    return np.frombuffer(b"".join(texts), dtype=np.uint8), offsets


def parts_of(ends: Numbers, numbers: Numbers) -> tuple[Numbers, Numbers]:
    """Positions of the parts of some things, of which thing i has those from ends[i] to before ends[i + 1]; and where
    those of each end then.
    """
    sizes = np.diff(ends)[numbers]
    new = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
    return np.repeat(ends[:-1][numbers] - new[:-1], sizes) + np.arange(new[-1]), new


def texts_in(
    buffer: Bytes, starts: Numbers, ends: Numbers, plain: Flags, others: Iterable[tuple[int, str]] = ()
) -> Texts:
    """Texts that lie in a buffer of UTF-8, of which some are `plain`, ASCII; in place of those in `others`, by their
    numbers, the texts given there.
    """
    from curate.similarity import word_kernels

    starts, ends = starts.copy(), ends.copy()
    numbers = np.flatnonzero(~plain)
    numbers = numbers[~word_kernels.alone(buffer, starts[numbers], ends[numbers], folds())]
    given = dict(others)
    texts = {
        at: str(buffer[starts[at] : ends[at]].tobytes(), "utf-8") for at in numbers.tolist() if at not in given
    } | given
    if texts:
        at = np.array(list(texts), dtype=np.int64)
        more = texts_of(texts.values())
        starts[at], ends[at] = more.starts + len(buffer), more.ends + len(buffer)
        buffer = np.concatenate([buffer, more.buffer])
    return Texts(buffer, starts, ends)


def shingled(texts: Texts, shingling: Shingling = Shingling()) -> Sets:  # noqa: B008
    """The sets of the texts' shingles: distinct 32-bit hashes, sorted. None for a text without words."""
    from curate.similarity import kernels

    return Sets(*kernels.shingle_sets(*texts, letters(), folds(), shingling.size, shingling.unit == "character"))


class Joining:
    """Sets that are joined one part after another."""

    def __init__(self, folder: Path | None = None) -> None:
        """None yet. With a folder, they are in a file there."""
        self._hashes, self._sizes = Growing("u4", folder), Growing("i8", folder)

    def add(self, part: Sets) -> None:
        """The sets of a part behind all others. Raises `OutputError`."""
        self._sizes.add(np.diff(part.offsets))
        self._hashes.add(part.hashes)

    def done(self) -> Sets:
        """All of them; nothing can be added any more. Raises `OutputError`."""
        return Sets(self._hashes.done(), np.append(0, np.cumsum(self._sizes.done())))


def salted(sets: Sets, salts: Iterable[bytes]) -> Sets:
    """The same sets, but that those of different salts have nothing in common; of an empty salt they stay as they are.

    So examples whose attachments differ are alike in nothing, however many have the same text.
    """
    import xxhash

    marked = [(at, salt) for at, salt in enumerate(salts) if salt]
    hashes = sets.hashes.copy() if marked else sets.hashes
    for at, salt in marked:
        start, end = sets.offsets[at : at + 2].tolist()
        hashes[start:end] = np.sort(hashes[start:end] ^ np.uint32(xxhash.xxh32_intdigest(salt) | 1))
    return Sets(hashes, sets.offsets)


def joined(parts: Iterable[Sets]) -> Sets:
    """The sets of several parts, one after another; the parts may come and go one by one."""
    joining = Joining()
    for part in parts:
        joining.add(part)
    return joining.done()
