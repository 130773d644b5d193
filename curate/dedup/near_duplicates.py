"""Exact and near duplicates among the lines of a table: MinHash proposes, true Jaccard decides.

1. sign (`shingles`, `minhash`): each text becomes a set of hashed shingles, and the MinHash of it.
2. group (`bands`): signatures are cut into bands; examples that agree in a band are candidates. The bands are chosen so
   that a pair at the threshold becomes one with a probability of 0.995 at the least; datasketch's own choice for 0.8
   proposes 40 of 100.
3. verify (`verify`): the true Jaccard similarity of candidates gathers them into groups; within a group each example is
   compared with all that are kept before it, candidates or not (`resolve_clusters`).

Whatever is removed is similar to the very example that is kept.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from curate.core.config import DedupConfig
from curate.core.example import Example
from curate.core.lazy import Hashes, Ids, Numbers, np
from curate.core.worker_pool import WorkerPool, cores
from curate.corpus.cache import DedupCache
from curate.corpus.corpus import Table
from curate.corpus.features import feature_spec_for
from curate.corpus.keys import Keys
from curate.corpus.loading import table_of
from curate.dedup.cluster_resolution import (
    Code,
    Compared,
    DuplicateRemoval,
    FindingCounts,
    Pair,
    ResolutionPolicy,
    agreed,
    invalid_at,
    ranks_of,
    resolve_clusters,
)
from curate.similarity.shingles import Sets
from curate.similarity.similarity_index import Bands, grouped, jaccard


class PrefixDuplicates:
    """The beginnings among some examples, by their numbers, and the longer ones of each.

    An export that writes a conversation after each turn leaves all its beginnings behind. What a beginning says stands
    in the longer one to the letter, so it goes for no near-duplicate of that: where no longer one stays, it stays.
    """

    def __init__(self, keys: Keys, ids: Ids) -> None:
        """`keys` and `ids` (as two numbers each) of distinct examples."""
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

    def related(self) -> Numbers:
        """The beginnings and the longer ones."""
        some = sorted(self.numbers)
        return np.concatenate(
            [np.array(some, dtype=np.int64), *(self._longer[self._first[at] : self._last[at]] for at in some)]
        )

    def longer(self, at: int) -> Iterator[int]:
        """The conversations that begin with example `at`, longest first."""
        return map(int, self._longer[self._first[at] : self._last[at]])

    def settled(self, goes: Callable[[int], bool], stays: Callable[[int, int], bool], sets: Sets) -> Iterator[Pair]:
        """The removed beginnings, each with the longest kept conversation that may replace it.

        `goes(at)`: whether it may be removed; `stays(at, other)`: whether the other one is kept and may replace it.
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


@dataclass(slots=True)
class FoundDuplicates:
    """The duplicates among the lines of a table."""

    duplicates: list[DuplicateRemoval]
    """Lines that may be removed, in the order of the file."""
    apart: list[DuplicateRemoval]
    """Pairs of near-duplicates that differ in a fact."""
    same_words: list[DuplicateRemoval]
    """Pairs of short examples with the same words of meaning and a similarity below the threshold; both are kept."""
    similarities: list[float]
    """Similarities of the pairs that decided, and of near misses (from `FLOOR`, or the threshold if that is lower);
    ascending.
    """
    bands: Bands


def find_duplicates(
    table: Table,
    config: DedupConfig,
    pool: WorkerPool,
    pinned: frozenset[str] = frozenset(),
    findings: Callable[[Numbers], Mapping[str, FindingCounts]] | None = None,
    old: int = 0,
    memory: DedupCache | None = None,
) -> FoundDuplicates:
    """Duplicates among the examples of a table; content whose id is in `pinned` stays, once: its exact copies still go.

    The outcome does not depend on the order of the examples, but for `keep = "best"`, `"first"` and `"last"`, where the
    order is the wish. The first `old` ones are data that others are held against: when there are some, these alone stay
    in the place of others, and nothing goes for one that is no older. `findings` counts the findings, by id, of
    examples that may go or stay, by where they stand: no valid example goes for one with an error. Takes the table's
    sets and band keys away from it, since there are many.
    """
    copies = first_copies(table, last=config.keep == "last" and not old)
    distinct = np.flatnonzero(copies == np.arange(len(copies)))
    sets, table.sets = table.sets, table.sets.part(0, 0)
    bands, table.band_keys = table.band_keys, None
    if len(distinct) < len(copies):
        sets = sets.take(distinct)  # a copy would be the largest thing in memory
        bands = None if bands is None else bands[:, distinct]
    begun = (
        PrefixDuplicates(table.keys.chosen(distinct), table.ids[distinct]) if config.beginnings and table.keys else None
    )
    groups = grouped(sets, config.threshold, pool.count, bands, folder=table.folder)
    del bands
    keys, typos = table.brief.chosen(distinct).keys_and_typos()
    alike = _of_one_key(keys)
    counts: Mapping[str, FindingCounts] = {}
    if findings:
        related = begun.related() if begun else alike[:0]
        counts = findings(distinct[np.unique(np.concatenate([alike, related, *groups.members]))])
    compared, wanted = (
        Compared(sets, distinct),
        ResolutionPolicy(config, pinned, counts, old, begun.numbers if begun else frozenset(), table.common),
    )
    found = resolve_clusters(table, compared, groups.members, wanted, pool, memory)
    lost: dict[int, tuple[Code, Pair]] = {pair.left: ("D003", pair) for pair in found.gone}
    if begun:
        lost |= _prefix_duplicates(table, begun, sets, distinct, lost, wanted)
    pairs, goes = _same_words(table, compared, alike, (keys, typos), lost, wanted, pool, memory)
    lost |= {pair.left: ("D003", pair) for at, pair in pairs if at in goes}
    gone = _with_copies(lost, copies, old)
    duplicates = _removals(table, [pair for _, pair in gone], [code for code, _ in gone], config.threshold)
    worded = _removals(
        table,
        sorted(pair for at, pair in pairs if at not in goes),
        ["D003"] * (len(pairs) - len(goes)),
        config.threshold,
    )
    return FoundDuplicates(
        duplicates,
        _pairs(table, found.apart, config.threshold),
        worded,
        sorted((*groups.misses, *found.similarities)),
        groups.bands,
    )


def find_duplicates_in(
    examples: Sequence[Example], config: DedupConfig, pinned: frozenset[str] = frozenset()
) -> FoundDuplicates:
    """The duplicates among examples in memory: line n is example n - 1. Raises `OSError` if there is no room for a copy
    of them.
    """
    with WorkerPool(cores(), processes=False) as pool:
        spec = feature_spec_for(config)._replace(brief=config.same_words)
        return find_duplicates(table_of(examples, spec, pool), config, pool, pinned)


def _same_words(
    table: Table,
    compared: Compared,
    alike: Numbers,
    words: tuple[Hashes, Numbers],
    lost: Mapping[int, tuple[Code, Pair]],
    wanted: ResolutionPolicy,
    pool: WorkerPool,
    memory: DedupCache | None,
) -> tuple[list[tuple[int, Pair]], set[int]]:
    """Pairs of short examples with the same words among those with equal keys (`alike`), each with the number of its
    left one; and the numbers of those removed. `words`: the keys of all, and the number of words that were taken for
    another word.
    """
    (keys, typos), standing = words, compared.positions[alike]
    stays = {pair.right for _, pair in lost.values()}  # nothing goes in whose place others went
    bound = np.array([at in stays or table.id(at) in wanted.pinned for at in standing.tolist()], dtype=np.bool_)
    free = np.array([at not in lost for at in standing.tolist()], dtype=np.bool_)
    free &= ~np.isin(alike, sorted(wanted.aside))
    new = standing >= wanted.old if wanted.old else ~bound
    invalid = invalid_at(table, standing, wanted)
    order = np.lexsort((*ranks_of(table, standing, wanted), typos[alike], ~bound, invalid, new))
    pairs = same_wording(table, compared, keys, alike[order][free[order]], wanted, pool, memory)
    fixed = set(alike[bound].tolist())
    return pairs, {at for at, _ in pairs if at not in fixed} if wanted.config.same_words else set()


def _with_copies(lost: Mapping[int, tuple[Code, Pair]], copies: Numbers, old: int) -> list[tuple[Code, Pair]]:
    """Removed examples and their copies, by position; the copies have the same kept example. Copies of kept examples
    are removed too.
    """
    gone = list(lost.values())
    for at in np.flatnonzero(copies != np.arange(len(copies))).tolist():
        original = int(copies[at])
        if original in lost or not old or original < old <= at:
            code, pair = lost.get(original, ("D001", Pair(at, original, 1.0)))
            gone.append((code, pair._replace(left=at)))
    return sorted(gone, key=lambda item: item[1].left)


def _of_one_key(keys: Hashes) -> Numbers:
    """The numbers of those whose key is not 0 and is shared by others."""
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return np.flatnonzero((counts[inverse] > 1) & (keys != 0))


def first_copies(table: Table, *, last: bool = False) -> Numbers:
    """For each example the first (or the last) one with the same id."""
    order = np.lexsort((table.ids[:, 1], table.ids[:, 0]))  # stable: equal ids in the order of the lines
    ids = table.ids[order]
    starts = np.ones(len(order), dtype=np.bool_)
    starts[1:] = (ids[1:] != ids[:-1]).any(axis=1)
    runs = np.cumsum(starts) - 1
    bounds = np.flatnonzero(starts)
    stays = order[np.append(bounds[1:], len(order)) - 1] if last else order[bounds]
    found = np.empty(len(order), dtype=np.int64)
    found[order] = stays[runs]
    return found


def _prefix_duplicates(
    table: Table,
    begun: PrefixDuplicates,
    sets: Sets,
    distinct: Numbers,
    lost: Mapping[int, object],
    wanted: ResolutionPolicy,
) -> dict[int, tuple[Code, Pair]]:
    """The beginnings of longer conversations that are removed; by number among all examples."""
    old, invalid = wanted.old, invalid_at(table, distinct, wanted)
    pairs = begun.settled(
        lambda at: int(distinct[at]) >= old and table.id(int(distinct[at])) not in wanted.pinned,
        lambda at, other: (
            int(distinct[other]) not in lost
            and (int(distinct[other]) < old if old else bool(invalid[at] or not invalid[other]))
        ),
        sets,
    )
    return {
        int(distinct[at]): ("D007", Pair(int(distinct[at]), int(distinct[other]), similarity))
        for at, other, similarity in pairs
    }


def _removals(table: Table, pairs: Sequence[Pair], codes: Sequence[Code], threshold: float) -> list[DuplicateRemoval]:
    """The line of the left one of each pair, and the line that it is compared with."""
    left, right = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    places, kept_places = (table.places(table.lines[ends]) for ends in (left, right))
    similarities = [pair.similarity for pair in pairs]
    words = [code == "D003" and similarity < threshold for code, similarity in zip(codes, similarities, strict=True)]
    return list(
        map(DuplicateRemoval, places, table.names(left), kept_places, table.names(right), codes, similarities, words)
    )


def _pairs(table: Table, apart: Sequence[Pair], threshold: float) -> list[DuplicateRemoval]:
    """Pairs that are kept, in the order of their ids, so that the order of the files does not matter."""
    ordered = [
        pair if table.id(pair.left) < table.id(pair.right) else Pair(pair.right, pair.left, pair.similarity)
        for pair in apart
    ]
    return sorted(
        _removals(table, ordered, ["D003"] * len(ordered), threshold),
        key=lambda removal: (removal.example, removal.kept),
    )


MAX_DISTINCT_PER_KEY: Final = 20
"""Maximum number of distinct examples of one key that others are compared with; more are left out."""


def same_wording(
    table: Table,
    compared: Compared,
    keys: Ids,
    order: Numbers,
    wanted: ResolutionPolicy,
    pool: WorkerPool,
    memory: DedupCache | None,
) -> list[tuple[int, Pair]]:
    """Pairs with the same words: the number of the left one of each, and the positions of both among all examples.

    order: the numbers of the compared examples, in the order of preference. In each pair the right one comes first in
    it, and is the left one of no other pair. If examples are compared with older ones (`wanted.old`), the left one is
    new and the right one old. Raises `InputError` if lines cannot be read again.
    """
    found: list[tuple[int, Pair]] = []
    rest = order[np.argsort(keys[order], kind="stable")]
    for _ in range(MAX_DISTINCT_PER_KEY):
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
        same[asks] = agreed(table, standing[asks], wanted, pool, memory, words=True)
        for left, right in zip(rest[same].tolist(), firsts[same].tolist(), strict=True):
            gone, kept = compared.positions[[left, right]].tolist()
            found.append((left, Pair(gone, kept, jaccard(compared.sets, left, right))))
        rest = rest[~same]
    return found
