"""From an example to the set of hashed shingles that it is compared by.

Shingles are 3 consecutive words. One changed word in a twenty-word answer costs 3 of 18 shingles, a similarity of 0.71; with the
5 words that are usual for web pages it would cost 5 of 16, and 0.52. Texts shorter than a shingle are one shingle whole, so that
they match only what is equal to them. Scripts without spaces between words count characters as words.
"""

from typing import TYPE_CHECKING, Any, Final

from curate.detect.compared import On, compared_text
from curate.example import Example
from curate.text import words

if TYPE_CHECKING:
    import numpy as np

SIZE: Final = 3


def shingle_hashes(example: Example, on: On) -> "np.ndarray[Any, np.dtype[np.uint32]]":
    """The distinct 32-bit hashes (xxh32) of the example's shingles, sorted; none for an example without text."""
    import numpy as np  # a twentieth of a second that `curate check` need not pay
    import xxhash

    tokens = words(compared_text(example, on))
    if not tokens:
        return np.empty(0, dtype=np.uint32)
    count = max(1, len(tokens) - SIZE + 1)
    hashes = {xxhash.xxh32_intdigest(" ".join(tokens[i : i + SIZE]).encode("utf-8", "surrogatepass")) for i in range(count)}
    return np.array(sorted(hashes), dtype=np.uint32)
