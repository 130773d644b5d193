"""Hashes of the words of texts, of runs of words, and the sets of the runs of a given size."""

from curate.core.lazy import Array, Hashes, Numbers, np
from curate.similarity.shingles import ShingleSets, Shingling, TextBuffer, code_point_folds, letters
from curate.storage.disk_arrays import joined

HASH_BASE = 0x9E3779B97F4A7C15
MAX_HASH = (1 << 64) - 1
FOLDED_ASCII = bytes(code if chr(code).isalnum() or code == 95 else 32 for code in range(128)).lower() + bytes(128)
"""For each byte of a text in ASCII the lower-case character of a word, or a space."""
BLOCK_WORDS = 1 << 15
"""Number of words whose runs are hashed and sorted at a time: they fit into the cache of the processor."""
WORD_BYTES = 4
"""Estimated number of bytes of a word and what follows it."""


def mixed(values: Hashes) -> Hashes:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014), as `curate.similarity.numba_utils.mixed`."""
    values = values ^ (values >> np.uint64(30))
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return values


def word_hashes(texts: TextBuffer, *, characters: bool = False) -> tuple[Hashes, Numbers]:
    """The 64-bit hashes of the words of texts, and their offsets: those of text i are from offsets[i] to
    offsets[i + 1]. With `characters`, those of their characters.
    """
    from curate.similarity import word_kernels

    if word_kernels.hash_words.is_interpreted and not characters:
        return _interpreted_hashes(texts)
    return _kernel_hashes(texts, characters=characters)


def _kernel_hashes(texts: TextBuffer, *, characters: bool) -> tuple[Hashes, Numbers]:
    """As `word_hashes`, by the kernel."""
    from curate.similarity import word_kernels

    buffer = texts.buffer.view()
    buffer.flags.writeable = False  # otherwise numba compiles one version for each kind of buffer
    sizes = texts.ends - texts.starts
    longest = int(sizes.max(initial=0))
    eights = np.zeros(longest // 4 + 16, dtype=np.uint64)  # a folded character has at most twice as many bytes
    offsets, row = np.zeros(len(sizes) + 1, dtype=np.int64), 0
    words = np.empty(int(sizes.sum()) // WORD_BYTES + longest + 1, dtype=np.uint64)
    while True:
        row = word_kernels.hash_words(
            buffer, texts.starts, texts.ends, letters(), code_point_folds(), characters, eights.view(np.uint8), eights,
            row, offsets, words,
        )  # fmt: skip
        if row == len(sizes):
            return words[: offsets[-1]], offsets
        words = np.append(words[: offsets[row]], np.empty(len(words) + longest, dtype=np.uint64))


def _interpreted_hashes(texts: TextBuffer) -> tuple[Hashes, Numbers]:
    """As `word_hashes`, without a compiler: only texts in a script without spaces are given to the kernel."""
    parts = []
    for number, (start, end) in enumerate(zip(texts.starts, texts.ends, strict=True)):
        words = _folded_words(texts.buffer[start:end].tobytes())
        if words is None:
            row = TextBuffer(texts.buffer, texts.starts[number : number + 1], texts.ends[number : number + 1])
            parts.append(_kernel_hashes(row, characters=False)[0])
        else:
            parts.append(mixed(np.array([_word_state(word) for word in words], dtype=np.uint64)))
    return np.concatenate([np.empty(0, dtype=np.uint64), *parts]), np.cumsum([0, *map(len, parts)], dtype=np.int64)


def _folded_words(text: bytes) -> list[bytes] | None:
    """The words of a text in UTF-8, as `word_kernels` folds them; None for a text in a script without spaces."""
    if text.isascii():
        return text.translate(FOLDED_ASCII).split()
    codes = np.frombuffer(text.decode(errors="surrogatepass").encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    folds = code_point_folds()[codes]
    codes = np.where(folds >= 0, folds, codes).astype(np.uint32)
    kinds = letters()[codes]
    if (kinds == 2).any():
        return None
    codes[kinds == 0] = 32
    folded = codes.tobytes().decode("utf-32-le", "surrogatepass").encode(errors="surrogatepass")
    return folded.lower().split()  # of bytes: only ASCII is changed


def _word_state(word: bytes) -> int:
    """The hash of a word before it is mixed, as in `word_kernels`: eight bytes at a time."""
    state = 0xCBF29CE484222325
    for start in range(0, len(word), 8):
        state = ((state ^ int.from_bytes(word[start : start + 8], "little")) * HASH_BASE) & MAX_HASH
        state ^= state >> 32
    return state


def shingled(texts: TextBuffer, shingling: Shingling = Shingling()) -> ShingleSets:  # noqa: B008
    """The shingle sets of the texts: distinct 32-bit hashes, sorted; empty for a text without words."""
    words, offsets = word_hashes(texts, characters=shingling.unit == "character")
    return shingle_sets(words, offsets[:-1], offsets[1:], shingling.size)


def shingle_sets(words: Hashes, begins: Numbers, ends: Numbers, size: int) -> ShingleSets:
    """For each run of words, from begins[i] to ends[i], the 32-bit hashes of its runs of `size` words; of all its words
    if these are fewer.
    """
    blocks = np.flatnonzero(np.diff(np.cumsum(ends - begins) // BLOCK_WORDS)) + 1
    bounds = zip(np.split(begins, blocks), np.split(ends, blocks), strict=True)
    return joined(ShingleSets, (_sets_of(words, *block, size) for block in bounds))


def _sets_of(words: Hashes, begins: Numbers, ends: Numbers, size: int) -> ShingleSets:
    """As `shingle_sets`, for a block of runs."""
    counts, low = ends - begins, int(begins.min(initial=len(words)))
    words, begins, ends = words[low : int(ends.max(initial=low))], begins - low, ends - low
    short = np.flatnonzero((counts > 0) & (counts < size))
    counts = np.where(counts > 0, np.maximum(counts - size + 1, 1), 0)
    offsets = np.append(0, np.cumsum(counts))
    hashes = np.zeros(len(words), dtype=np.uint64)
    for step in range(min(size, len(words))):
        hashes *= np.uint64(HASH_BASE)
        hashes[: len(words) - step] += words[step:]
    hashes = mixed(hashes) >> np.uint64(32)
    keys = hashes[np.arange(offsets[-1]) + np.repeat(begins - offsets[:-1], counts)]
    keys[offsets[short]] = mixed(_short_runs(words, begins[short], ends[short], size)) >> np.uint64(32)
    keys |= np.repeat(np.arange(len(counts), dtype=np.uint64) << np.uint64(32), counts)
    keys.sort()  # one sort of all sets, with the number of the set in the highest bits
    keys = keys[np.append(True, keys[1:] != keys[:-1])[: len(keys)]]
    bounds = keys.searchsorted(np.arange(len(counts) + 1, dtype=np.uint64) << np.uint64(32))
    return ShingleSets(keys.astype(np.uint32), bounds)


def _short_runs(words: Hashes, begins: Numbers, ends: Numbers, size: int) -> Hashes:
    """The hashes of runs of fewer than `size` words."""
    hashes = np.zeros(len(begins), dtype=np.uint64)
    for step in range(size - 1):
        inside = begins + step < ends
        hashes[inside] = hashes[inside] * np.uint64(HASH_BASE) + words[begins[inside] + step]
    return hashes


def _powers(base: int, count: int) -> Hashes:
    """The powers of a base from 0 to `count` - 1, modulo 2 ** 64."""
    powers = np.full(count, base, dtype=np.uint64)
    powers[0] = 1
    return np.cumprod(powers, out=powers)


class RunHashes:
    """Polynomial hashes of any runs of some words, modulo 2 ** 64."""

    def __init__(self, words: Hashes, more_words: "RunHashes | None" = None) -> None:
        """`more_words`: the hashes of at least as many other words, whose powers of the base are used again."""
        self._powers: Hashes
        self._inverses: Hashes
        if more_words is None:
            inverse = pow(HASH_BASE, -1, 1 << 64)
            self._powers, self._inverses = (_powers(base, len(words) + 1) for base in (HASH_BASE, inverse))
        else:
            self._powers, self._inverses = more_words._powers, more_words._inverses
        self._sums = np.zeros(len(words) + 1, dtype=np.uint64)
        np.cumsum(words * self._inverses[: len(words)], out=self._sums[1:])

    def of(self, begins: Numbers, ends: Numbers, start: Array | int = 0) -> Hashes:
        """The hashes of the runs from begins[i] to ends[i], each continuing the hash `start`."""
        run: Hashes = (self._sums[ends] - self._sums[begins]) * self._powers[np.maximum(ends - 1, 0)]
        run += self._powers[ends - begins] * np.asarray(start).astype(np.uint64)
        return run

    def keys(self, begins: Numbers, ends: Numbers) -> Hashes:
        """Keys of the runs, which depend on their sizes too; never 0."""
        return mixed(self.of(begins, ends, ends - begins)) | np.uint64(1)
