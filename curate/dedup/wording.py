"""Short examples with the same content words and a similarity below the threshold. They are reported, and removed only
with `same_words`.

`curate.corpus.short_text_keys` proposes them by a key. Here, examples with equal keys are compared: they must agree in
every content word.
"""

from typing import Final

from curate.core.arrays import Ids, Numbers
from curate.core.lazy import np
from curate.core.worker_pool import WorkerPool
from curate.corpus.cache import DedupCache
from curate.corpus.corpus import Table
from curate.dedup.cluster import Pair
from curate.dedup.cluster_resolution import Compared, Wanted, agreed
from curate.similarity.similarity_index import jaccard

ROUNDS: Final = 20
"""Maximum number of distinct examples of one key that others are compared with; more are left out."""


def same_wording(
    table: Table,
    compared: Compared,
    keys: Ids,
    order: Numbers,
    wanted: Wanted,
    crew: WorkerPool,
    memory: DedupCache | None,
) -> list[tuple[int, Pair]]:
    """Pairs with the same words: the number of the left one of each, and the positions of both among all examples.

    order: the numbers of the compared examples, in the order of preference. In each pair the right one comes first in
    it, and is the left one of no other pair. If examples are compared with older ones (`wanted.old`), the left one is
    new and the right one old. Raises `InputError` if lines cannot be read again.
    """
    found: list[tuple[int, Pair]] = []
    rest = order[np.argsort(keys[order], kind="stable")]
    for _ in range(ROUNDS):
        starts = np.flatnonzero(np.diff(keys[rest], prepend=keys[rest[:1]] + np.uint64(1)))
        firsts = np.repeat(rest[starts], np.diff(np.append(starts, len(rest))))
        others = np.ones(len(rest), dtype=np.bool_)
        others[starts] = False
        rest, firsts = rest[others], firsts[others]
        if not len(rest):
            break
        standing = compared.positions[np.stack([rest, firsts], axis=1)]
        asks = (
            (standing[:, 0] >= wanted.old) & (standing[:, 1] < wanted.old)
            if wanted.old
            else np.ones(len(rest), dtype=np.bool_)
        )
        same = np.zeros(len(rest), dtype=np.bool_)
        same[asks] = agreed(table, standing[asks], wanted, crew, memory, words=True)
        for left, right in zip(rest[same].tolist(), firsts[same].tolist(), strict=True):
            gone, kept = compared.positions[[left, right]].tolist()
            found.append((left, Pair(gone, kept, jaccard(compared.sets, left, right))))
        rest = rest[~same]
    return found
