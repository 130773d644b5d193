"""Conversations that are the beginning of another one, and which of the longer ones each goes for.

An export that writes a conversation after each turn leaves all its beginnings behind. What a beginning says stands in
the longer one to the letter, so it goes for no near-duplicate of that: where no longer one stays, it stays.
"""

from collections.abc import Callable, Iterator

from curate.core.arrays import Ids
from curate.core.lazy import np
from curate.corpus.keys import Keys
from curate.dedup.cluster import Pair
from curate.similarity.shingles import Sets
from curate.similarity.similarity_index import jaccard


class Beginnings:
    """The beginnings among some examples, by their numbers, and the longer ones of each."""

    def __init__(self, keys: Keys, ids: Ids) -> None:
        """`keys` and `ids` (as two numbers each) of different examples."""
        answers = np.diff(keys.ends)
        owners = np.repeat(np.arange(len(keys.conversation_hash)), answers)
        order = np.lexsort((ids[owners, 1], ids[owners, 0], -answers[owners], keys.prefix_hashes))
        begun = keys.prefix_hashes[order]
        self._longer = owners[order]
        self._first, self._last = (
            np.searchsorted(begun, keys.conversation_hash, "left"),
            np.searchsorted(begun, keys.conversation_hash, "right"),
        )
        self._answers = answers
        self.numbers = frozenset(np.flatnonzero((keys.conversation_hash != 0) & (self._first < self._last)).tolist())

    def longer(self, at: int) -> Iterator[int]:
        """Those that begin with number `at`, the longest first."""
        return map(int, self._longer[self._first[at] : self._last[at]])

    def settled(self, goes: Callable[[int], bool], stays: Callable[[int, int], bool], sets: Sets) -> Iterator[Pair]:
        """Which beginnings go, and for which each: the longest one that stays, and for which it may go.

        `goes(at)`: whether it may; `stays(at, other)`: whether the other one stays, and may take its place.
        """
        gone: set[int] = set()
        for at in sorted(
            self.numbers, key=lambda at: (-self._answers[at], at)
        ):  # the longer ones of a chain are decided about first
            other = (
                next((other for other in self.longer(at) if other not in gone and stays(at, other)), None)
                if goes(at)
                else None
            )
            if other is not None:
                gone.add(at)
                yield Pair(at, other, jaccard(sets, at, other))
