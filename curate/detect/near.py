"""Exact and near duplicates: MinHash proposes, true Jaccard decides.

1. sign: each text becomes a set of hashed shingles, and datasketch's MinHash of it (Broder 1997; scheme affine32).
2. group: signatures are cut into bands; examples that agree in a band are candidates. 25 bands of 5 propose a pair of similarity
   0.8 with probability 1-(1-0.8^5)^25 = 0.99995 and one of 0.7 with 0.990; datasketch's own choice for 0.8 proposes 40 of 100.
3. verify: every candidate's true Jaccard similarity on the shingle sets.

Whatever is removed is similar to the very example that is kept (`curate.detect.cluster`).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from curate.config import DedupConfig
from curate.detect.cluster import Duplicate, Pair, choose
from curate.detect.facts import same_facts
from curate.detect.keeper import Ranking, ranking
from curate.detect.shingles import shingle_hashes
from curate.example import Example

if TYPE_CHECKING:
    import numpy as np

    Hashes = np.ndarray[Any, np.dtype[np.uint32]]

BANDS: Final = 25
ROWS: Final = 5
FLOOR: Final = 0.5
"""Similarity from which pairs are known: for a histogram around the threshold, and for another threshold later."""


@dataclass(frozen=True, slots=True)
class NearReport:
    """What was found among some examples."""

    duplicates: list[Duplicate] = field(default_factory=list)
    """Examples that may go, each with the one kept in its place."""
    apart: list[Duplicate] = field(default_factory=list)
    """Near-duplicates that differ in a number or negation: both stay, for a person to look at."""
    pairs: list[tuple[str, str]] = field(default_factory=list)
    """Ids of all pairs at or above the threshold, those in `apart` too: none of them may be split from the other."""
    similarities: list[float] = field(default_factory=list)
    """Of all pairs at or above `FLOOR`, or the threshold where that is lower."""


def find_duplicates(
    examples: Sequence[Example], config: DedupConfig, pinned: frozenset[str] = frozenset(), ranks: Ranking | None = None, old: int = 0
) -> NearReport:
    """Duplicates among `examples`; content whose id is in `pinned` stays, once: its exact copies still go.

    The outcome does not depend on the order of `examples`, but for `keep = "first"` and `"last"`, where the order is the wish. `ranks`
    takes the place of the ranking that `config.keep` stands for. The first `old` examples are data that others are held against: when there
    are some, these alone stay in the place of others, and nothing goes for one that is no older.
    """
    order = range(len(examples) - 1, -1, -1) if config.keep == "last" and not old else range(len(examples))
    stays: dict[str, int] = {}  # of exact copies the first, or the last
    copies = sorted((at, original) for at in order if (original := stays.setdefault(examples[at].id, at)) != at)
    distinct = [examples[at] for at in sorted(stays.values())]
    before = sum(at < old for at in stays.values())
    shingles = [shingle_hashes(example, config.on) for example in distinct]
    pairs = verified(candidates(signatures(shingles)), shingles, min(config.threshold, FLOOR))
    if old:
        pairs = [pair for pair in pairs if pair.left < before <= pair.right]
        pinned |= {example.id for example in distinct[:before]}
    report = NearReport(similarities=[pair.similarity for pair in pairs])
    pairs = [pair for pair in pairs if pair.similarity >= config.threshold]
    alike = [config.ignore_facts or same_facts(distinct[pair.left], distinct[pair.right]) for pair in pairs]
    ranks = ranks or ranking(config.keep)
    gone = choose(distinct, [pair for pair, same in zip(pairs, alike, strict=True) if same], lambda at: ranks(at, distinct[at]), pinned)
    lost = {duplicate.example.id: duplicate for duplicate in gone}
    for at, original in copies:  # a copy of what goes has lost to the same example
        winner = lost.get(examples[at].id)
        if winner is None and old and not original < old <= at:
            continue
        kept = Duplicate(examples[at], examples[original], "D001", 1.0) if winner is None else replace(winner, example=examples[at])
        report.duplicates.append(kept)
    report.duplicates.extend(sorted(gone, key=lambda duplicate: duplicate.example.id))
    for pair, same in zip(pairs, alike, strict=True):
        left, right = sorted((distinct[pair.left], distinct[pair.right]), key=lambda example: example.id)
        report.pairs.append((left.id, right.id))
        if not same:
            report.apart.append(Duplicate(left, right, "D003", pair.similarity))
    report.apart.sort(key=lambda duplicate: (duplicate.example.id, duplicate.kept.id))
    report.pairs.sort()
    return report


def signatures(shingles: Sequence["Hashes"]) -> "Hashes":
    """MinHash signatures, one row of BANDS * ROWS values a text; texts without shingles get a row of the largest value."""
    import numpy as np
    from datasketch import MinHash  # brings scipy, which `curate check` must not wait for

    model = MinHash(num_perm=BANDS * ROWS, scheme="affine32", hashfunc=int)
    signed = np.full((len(shingles), BANDS * ROWS), np.iinfo(np.uint32).max, dtype=np.uint32)
    for row, hashes in enumerate(shingles):
        if len(hashes):
            sketch = MinHash(num_perm=BANDS * ROWS, scheme="affine32", hashfunc=int, permutations=model.permutations)
            sketch.update_batch(hashes.tolist())
            signed[row] = sketch.hashvalues
    return signed


def candidates(signed: "Hashes") -> set[tuple[int, int]]:
    """Pairs of rows that agree in a whole band, smaller position first. Rows without shingles are nobody's candidates."""
    import numpy as np
    import polars as pl

    found: set[tuple[int, int]] = set()
    with_shingles = np.flatnonzero((signed != np.iinfo(np.uint32).max).any(axis=1))
    for band in range(BANDS):
        columns = {f"c{i}": signed[with_shingles, band * ROWS + i] for i in range(ROWS)}
        frame = pl.DataFrame({"row": with_shingles, **columns})
        buckets = frame.group_by(list(columns), maintain_order=True).agg("row").filter(pl.col("row").list.len() > 1)
        for bucket in buckets["row"].to_list():
            found.update(_pairs(bucket))
    return found


def _pairs(bucket: list[int]) -> list[tuple[int, int]]:
    """All pairs of a bucket. Quadratic on purpose: losing pairs of a big bucket would lose duplicates in silence."""
    return [(left, right) for i, left in enumerate(bucket) for right in bucket[i + 1 :]]


def verified(proposed: set[tuple[int, int]], shingles: Sequence["Hashes"], threshold: float) -> list[Pair]:
    """The proposed pairs whose true Jaccard similarity is at least `threshold`, in order."""
    by_left: dict[int, list[int]] = defaultdict(list)
    for left, right in proposed:
        by_left[left].append(right)
    found: list[Pair] = []
    for left in sorted(by_left):
        mine = set(shingles[left].tolist())
        for right in sorted(by_left[left]):
            size = len(shingles[right])
            if min(size, len(mine)) < threshold * max(size, len(mine)):
                continue
            shared = len(mine.intersection(shingles[right].tolist()))
            similarity = shared / (len(mine) + size - shared)
            if similarity >= threshold:
                found.append(Pair(left, right, similarity))
    return found
