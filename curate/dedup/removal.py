"""What a duplicate comes to for a reader: which line goes, which stays in its place. Places and ids, no texts: a
million of them are a table.
"""

from typing import NamedTuple

from curate.core.example import Place
from curate.dedup.cluster import Code


class DuplicateRemoval(NamedTuple):
    """A line that goes, or one side of a pair that is kept apart, and the line that it is compared with."""

    place: Place
    example: str
    """Id of the example that goes."""
    kept_place: Place
    kept: str
    """Id of the example that stays."""
    code: Code
    similarity: float
    """True Jaccard of the two, 0 to 1; 1 for exact copies."""
    words: bool = False
    """Whether the two are short, have the same words of meaning, and are less similar than the threshold (see
    `curate.dedup.wording`).
    """
