"""Exact and near-duplicates among the lines of a table: candidates by MinHash, confirmed by exact Jaccard similarity.

1. sign (`shingles`, `minhash`): each text is converted to a set of hashed shingles and its MinHash signature.
2. group (`bands`): signatures are divided into bands; examples that are equal in a band are candidates. The bands are
   chosen so that a pair at the threshold becomes a candidate with a probability of at least 0.995; with datasketch's
   parameters for 0.8, it is 0.40.
3. verify (`verify`): candidates with sufficient Jaccard similarity form groups; within a group, each example is
   compared with all examples kept before it, candidates or not (`resolve_clusters`).

Each removed example has at least the threshold similarity to the example that is kept instead.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from curate.core.config import DedupConfig
from curate.core.example import Example
from curate.core.lazy import Hashes, Ids, Numbers, np
from curate.corpus.cache import DedupCache, text_keys
from curate.corpus.corpus import Table
from curate.corpus.features import feature_spec_for
from curate.corpus.links import Keys
from curate.corpus.loading import table_of
from curate.dedup.cluster_resolution import (
    Code,
    ComparedFeatures,
    DuplicatePair,
    DuplicateRemoval,
    FindingCounts,
    ResolutionPolicy,
    agreed,
    invalid_at,
    ranks_of,
    resolve_clusters,
)
from curate.parallel.worker_pool import WorkerPool, cores
from curate.similarity.shingles import ShingleSets
from curate.similarity.similarity_index import Bands, grouped, jaccard


class PrefixDuplicates:
    """The conversations that are a prefix of others, by their numbers, and the longer conversations of each.

    An export that writes a conversation after each turn contains all of its prefixes. A prefix is removed only in favor
    of a longer conversation that contains it exactly, not in favor of a near-duplicate of that conversation; if no
    longer conversation is kept, the prefix is kept.
    """

    def __init__(self, keys: Keys, ids: Ids) -> None:
        """`keys` and `ids` (as two numbers each) of distinct examples."""
        answers = np.diff(keys.ends)
        owners = np.repeat(np.arange(len(keys.conversation_hash)), answers)
        order = np.lexsort((ids[owners, 1], ids[owners, 0], -answers[owners], keys.prefix_hashes))
        prefix_hashes = keys.prefix_hashes[order]
        self._longer = owners[order]
        self._first, self._last = (
            np.searchsorted(prefix_hashes, keys.conversation_hash, "left"),
            np.searchsorted(prefix_hashes, keys.conversation_hash, "right"),
        )
        self._answers = answers
        self.numbers = frozenset(np.flatnonzero((keys.conversation_hash != 0) & (self._first < self._last)).tolist())

    def related(self) -> Numbers:
        """The prefixes and the longer conversations."""
        beginnings = sorted(self.numbers)
        return np.concatenate(
            [
                np.array(beginnings, dtype=np.int64),
                *(self._longer[self._first[number] : self._last[number]] for number in beginnings),
            ]
        )

    def longer(self, number: int) -> Iterator[int]:
        """The conversations that begin with example `number`, longest first."""
        return map(int, self._longer[self._first[number] : self._last[number]])

    def settled(
        self, goes: Callable[[int], bool], stays: Callable[[int, int], bool], sets: ShingleSets
    ) -> Iterator[DuplicatePair]:
        """The removed prefixes, each with the longest kept conversation that may replace it.

        `goes(number)`: whether it may be removed; `stays(number, longer)`: whether the longer one is kept and may
        replace it.
        """
        removed: set[int] = set()
        for number in sorted(
            self.numbers, key=lambda number: (-self._answers[number], number)
        ):  # the longer ones of a chain are decided about first
            longer_number = (
                next(
                    (
                        longer_number
                        for longer_number in self.longer(number)
                        if longer_number not in removed and stays(number, longer_number)
                    ),
                    None,
                )
                if goes(number)
                else None
            )
            if longer_number is not None:
                removed.add(number)
                yield DuplicatePair(number, longer_number, jaccard(sets, number, longer_number))


@dataclass(slots=True)
class FoundDuplicates:
    """The duplicates among the lines of a table."""

    duplicates: list[DuplicateRemoval]
    """Lines that may be removed, in the order of the file."""
    apart: list[DuplicateRemoval]
    """Pairs of near-duplicates that differ in a fact."""
    same_words: list[DuplicateRemoval]
    """Pairs of short examples with the same content words and a similarity below the threshold; both are kept."""
    similarities: list[float]
    """Similarities of the pairs above, and of pairs just below the threshold (from `MIN_REPORTED`, or the threshold if
    that is lower); ascending.
    """
    bands: Bands
    """How signatures are cut into bands."""
    alike: list[DuplicateRemoval] = field(default_factory=list)
    """Paraphrases (D004) among the kept examples, each with the most similar earlier example: both are kept."""
    notes: list[str] = field(default_factory=list)
    """Notes for the user."""


def find_duplicates(
    table: Table,
    config: DedupConfig,
    pool: WorkerPool,
    pinned: frozenset[str],
    findings: Callable[[Numbers], Mapping[str, FindingCounts]] | None = None,
    old: int = 0,
    memory: DedupCache | None = None,
) -> FoundDuplicates:
    """Duplicates among the examples of a table. Content whose id is in `pinned` is kept once; its exact copies are
    removed.

    The result does not depend on the order of the examples, except for `keep = "best"`, `"first"` and `"last"`. The
    first `old` examples are reference data: if there are any, examples are removed only in favor of these. `findings`
    returns the number of findings by id, given the positions of examples that may be removed or kept: no valid example
    is removed in favor of one with an error. Moves the sets and band keys out of the table to save memory.
    """
    copies = first_copies(table, last=config.keep == "last" and not old)
    distinct = np.flatnonzero(copies == np.arange(len(copies)))
    sets, table.sets = table.sets, table.sets.part(0, 0)
    bands, table.band_keys = table.band_keys, None
    if len(distinct) < len(copies):
        sets = sets.take(distinct)  # a copy would be the largest thing in memory
        bands = None if bands is None else bands[:, distinct]
    prefixes = (
        PrefixDuplicates(table.keys.chosen(distinct), table.ids[distinct]) if config.beginnings and table.keys else None
    )
    stored = memory.groups("near", config.threshold, *table.common) if memory else None
    text_ids = text_keys(table.ids[distinct], np.zeros(len(distinct), dtype=np.int64))
    before = stored.before(text_ids, misses=True) if stored else None
    groups = grouped(sets, config.threshold, pool, bands, folder=table.folder, before=before)
    if stored and memory:
        memory.note_unwritten(stored.save(text_ids, groups))
    del bands
    keys, typos = table.short_texts.chosen(distinct).keys_and_typos()
    same_key = _with_shared_key(keys)
    counts: Mapping[str, FindingCounts] = {}
    if findings:
        related = prefixes.related() if prefixes else same_key[:0]
        counts = findings(distinct[np.unique(np.concatenate([same_key, related, *groups.members]))])
    compared, policy = (
        ComparedFeatures(sets, distinct),
        ResolutionPolicy(config, pinned, counts, old, prefixes.numbers if prefixes else frozenset(), table.common),
    )
    resolution = resolve_clusters(table, compared, groups.members, policy, pool, memory)
    replaced: dict[int, tuple[Code, DuplicatePair]] = {pair.left: ("D003", pair) for pair in resolution.gone}
    if prefixes:
        replaced |= _prefix_duplicates(table, prefixes, sets, distinct, replaced, policy)
    pairs, removed_numbers = _same_words(table, compared, same_key, (keys, typos), replaced, policy, pool, memory)
    replaced |= {pair.left: ("D003", pair) for number, pair in pairs if number in removed_numbers}
    removals = _with_copies(replaced, copies, old)
    duplicates = _removals(table, [pair for _, pair in removals], [code for code, _ in removals], config.threshold)
    worded = _removals(
        table,
        sorted(pair for number, pair in pairs if number not in removed_numbers),
        ["D003"] * (len(pairs) - len(removed_numbers)),
        config.threshold,
    )
    return FoundDuplicates(
        duplicates,
        _kept_pairs(table, resolution.apart, config.threshold),
        worded,
        sorted((*groups.misses, *resolution.similarities)),
        groups.bands,
    )


def find_duplicates_in(examples: Sequence[Example], config: DedupConfig) -> FoundDuplicates:
    """The duplicates among examples in memory: line n is example n - 1. Raises `OSError` if there is not enough space
    for a copy of them.
    """
    with WorkerPool(cores(), processes=False) as pool:
        spec = feature_spec_for(config)._replace(short_texts=config.same_words)
        return find_duplicates(table_of(examples, spec, pool), config, pool, frozenset())


def _same_words(
    table: Table,
    compared: ComparedFeatures,
    same_key: Numbers,
    words: tuple[Hashes, Numbers],
    lost: Mapping[int, tuple[Code, DuplicatePair]],
    policy: ResolutionPolicy,
    pool: WorkerPool,
    memory: DedupCache | None,
) -> tuple[list[tuple[int, DuplicatePair]], set[int]]:
    """Pairs of short examples with the same words, each with the number of its left one, and the numbers of those
    removed. `same_key`: the numbers of examples that have the key of another one; `words`: the keys of all examples,
    and how many of their words were replaced by another word.
    """
    (keys, typos), positions = words, compared.positions[same_key]
    stays = {pair.right for _, pair in lost.values()}  # an example in whose favor others were removed is kept
    bound = np.array(
        [position in stays or table.id(position) in policy.pinned for position in positions.tolist()], dtype=np.bool_
    )
    free = np.array([position not in lost for position in positions.tolist()], dtype=np.bool_)
    free &= ~np.isin(same_key, sorted(policy.aside))
    new = positions >= policy.old if policy.old else ~bound
    invalid = invalid_at(table, positions, policy)
    order = np.lexsort((*ranks_of(table, positions, policy), typos[same_key], ~bound, invalid, new))
    pairs = same_wording(table, compared, keys, same_key[order][free[order]], policy, pool, memory)
    fixed = set(same_key[bound].tolist())
    return pairs, {position for position, _ in pairs if position not in fixed} if policy.config.same_words else set()


def _with_copies(
    lost: Mapping[int, tuple[Code, DuplicatePair]], copies: Numbers, old: int
) -> list[tuple[Code, DuplicatePair]]:
    """Removed examples and their copies, by position, with the same kept example. Copies of kept examples are removed
    too.
    """
    removals = list(lost.values())
    for position in np.flatnonzero(copies != np.arange(len(copies))).tolist():
        original = int(copies[position])
        if original in lost or not old or original < old <= position:
            code, pair = lost.get(original, ("D001", DuplicatePair(position, original, 1.0)))
            removals.append((code, pair._replace(left=position)))
    return sorted(removals, key=lambda item: item[1].left)


def _with_shared_key(keys: Hashes) -> Numbers:
    """The positions of the keys that are not 0 and occur more than once."""
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
    copies = np.empty(len(order), dtype=np.int64)
    copies[order] = stays[runs]
    return copies


def _prefix_duplicates(
    table: Table,
    prefixes: PrefixDuplicates,
    sets: ShingleSets,
    distinct: Numbers,
    lost: Mapping[int, object],
    policy: ResolutionPolicy,
) -> dict[int, tuple[Code, DuplicatePair]]:
    """The removed prefixes of longer conversations, by number among all examples."""
    old, invalid = policy.old, invalid_at(table, distinct, policy)
    pairs = prefixes.settled(
        lambda number: int(distinct[number]) >= old and table.id(int(distinct[number])) not in policy.pinned,
        lambda number, longer_number: (
            int(distinct[longer_number]) not in lost
            and (int(distinct[longer_number]) < old if old else bool(invalid[number] or not invalid[longer_number]))
        ),
        sets,
    )
    return {
        int(distinct[number]): ("D007", DuplicatePair(int(distinct[number]), int(distinct[longer_number]), similarity))
        for number, longer_number, similarity in pairs
    }


def _removals(
    table: Table, pairs: Sequence[DuplicatePair], codes: Sequence[Code], threshold: float
) -> list[DuplicateRemoval]:
    """For each pair, the line of its left example and the line of the right one, which it is compared with."""
    left, right = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    places, kept_places = (table.places(table.lines[ends]) for ends in (left, right))
    similarities = [pair.similarity for pair in pairs]
    words = [code == "D003" and similarity < threshold for code, similarity in zip(codes, similarities, strict=True)]
    return list(
        map(DuplicateRemoval, places, table.names(left), kept_places, table.names(right), codes, similarities, words)
    )


def _kept_pairs(table: Table, pairs_apart: Sequence[DuplicatePair], threshold: float) -> list[DuplicateRemoval]:
    """As `_removals`, for pairs of which both sides are kept: in the order of their ids, so that the order of the files
    does not matter.
    """
    ordered = [
        pair if table.id(pair.left) < table.id(pair.right) else DuplicatePair(pair.right, pair.left, pair.similarity)
        for pair in pairs_apart
    ]
    return sorted(
        _removals(table, ordered, ["D003"] * len(ordered), threshold),
        key=lambda removal: (removal.example, removal.kept),
    )


MAX_DISTINCT_PER_KEY: Final = 20
"""Maximum number of distinct examples of one key that others are compared with; more are left out."""


def same_wording(
    table: Table,
    compared: ComparedFeatures,
    keys: Ids,
    order: Numbers,
    policy: ResolutionPolicy,
    pool: WorkerPool,
    memory: DedupCache | None,
) -> list[tuple[int, DuplicatePair]]:
    """Pairs with the same words: the number of the left one of each, and the positions of both among all examples.

    order: the numbers of the compared examples, in the order of preference. In each pair the right one comes first in
    it, and is the left one of no other pair. If examples are compared with older ones (`policy.old`), the left one is
    new and the right one old. Raises `InputError` if lines cannot be read again.
    """
    pairs: list[tuple[int, DuplicatePair]] = []
    rest = order[np.argsort(keys[order], kind="stable")]
    for _ in range(MAX_DISTINCT_PER_KEY):
        starts = np.flatnonzero(np.diff(keys[rest], prepend=keys[rest[:1]] + np.uint64(1)))
        firsts = np.repeat(rest[starts], np.diff(np.append(starts, len(rest))))
        is_later = np.ones(len(rest), dtype=np.bool_)
        is_later[starts] = False
        rest, firsts = rest[is_later], firsts[is_later]
        if not len(rest):
            break
        positions = compared.positions[np.stack([rest, firsts], axis=1)]
        asks = (
            (positions[:, 0] >= policy.old) & (positions[:, 1] < policy.old)
            if policy.old
            else np.ones(len(rest), dtype=np.bool_)
        )
        same = np.zeros(len(rest), dtype=np.bool_)
        same[asks] = agreed(table, positions[asks], policy, pool, memory, words=True)
        for left, right in zip(rest[same].tolist(), firsts[same].tolist(), strict=True):
            removed, kept_position = compared.positions[[left, right]].tolist()
            pairs.append((left, DuplicatePair(removed, kept_position, jaccard(compared.sets, left, right))))
        rest = rest[~same]
    return pairs
