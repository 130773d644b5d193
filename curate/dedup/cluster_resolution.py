"""Resolution of clusters of near-duplicates, from columns: select the example of each cluster that is kept.

Compiled code resolves cluster by cluster and stops at a cluster that needs a comparison of facts. These comparisons are
made for all clusters together; then the stopped clusters continue, until none stops.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from curate.core.config import DedupConfig
from curate.core.example import Place
from curate.core.lazy import Array, Bytes, Flags, Numbers, np
from curate.corpus.boilerplate import Passages
from curate.corpus.cache import DedupCache, pair_keys
from curate.corpus.corpus import Table
from curate.dedup.fact_guard import LinePairs, lines_agree
from curate.parallel.worker_pool import WorkerPool
from curate.similarity.shingles import ShingleSets
from curate.similarity.similarity_index import MAX_COMPARED, MIN_REPORTED

Code = Literal["D001", "D003", "D004", "D007"]
"""D001: the same content; D003: near-duplicate; D004: the same in other words, which is kept; D007: the beginning of
the other.
"""


class DuplicatePair(NamedTuple):
    """Two examples, by position, and their true Jaccard similarity (not an estimate)."""

    left: int
    right: int
    similarity: float


@dataclass(slots=True)
class Resolution:
    """The outcome for the examples of a group."""

    gone: list[DuplicatePair] = field(default_factory=list)
    """Removed examples (left), each with the example kept instead (right)."""
    apart: list[DuplicatePair] = field(default_factory=list)
    """Examples (left) that are kept because they differ in a fact from a similar kept example (right, the most similar
    one).
    """
    similarities: list[float] = field(default_factory=list)
    """Similarities of all pairs above, and of pairs below the threshold."""


class DuplicateRemoval(NamedTuple):
    """A removed line, or one side of a pair that is kept apart, and the line that it is compared with."""

    place: Place
    example: str
    """Id of the removed example."""
    kept_place: Place
    kept: str
    """Id of the kept example."""
    code: Code
    similarity: float
    """True Jaccard similarity of the two, 0 to 1; 1 for exact copies."""
    words: bool = False
    """Whether both are short, have the same content words, and are less similar than the threshold (see
    `curate.dedup.near_duplicates`).
    """


LARGE_GROUP: Final = 2000
"""Number of kept members of a group above which a new member is not compared with all of them, which would be quadratic
if no two are similar.
"""
CALL_WORK: Final = 1 << 24
"""Approximate number of comparisons per call of compiled code, which cannot be interrupted."""
FACT_BATCH: Final = 5_000
"""Minimum number of fact comparisons per batch, if there are as many."""
MIN_CACHED_GROUP: Final = 9
"""Members from which the similarities of a group are cached: they may be needed many times."""
MAX_CACHED_PAIRS: Final = 4_000_000
"""8 bytes each."""
FACT_PAIRS_PER_BATCH: Final = 2000
MIN_PARALLEL_PAIRS: Final = 50_000
"""About two seconds of work: fewer are not worth the start of processes."""


class ResolutionPolicy(NamedTuple):
    """The settings of a resolution."""

    config: DedupConfig
    pinned: frozenset[str]
    """Ids of examples that are kept."""
    findings: Mapping[str, "FindingCounts"]
    """Finding counts by id of the examples with findings."""
    old: int
    """Number of older examples, the first ones, that others are compared with."""
    aside: frozenset[int]
    """Numbers of examples that are neither removed nor kept in place of others."""
    common: Passages = ()
    """Shared instructions that are not compared (see `curate.corpus.boilerplate`)."""


class FindingCounts(NamedTuple):
    """Number of findings of an example."""

    rejected: int
    """1 if it has an error that nobody accepted, so that `curate split` and `curate run` remove it; else 0."""
    errors: int
    warnings: int
    infos: int


NO_FINDINGS: Final = FindingCounts(0, 0, 0, 0)


class ComparedFeatures(NamedTuple):
    """The compared features of distinct examples."""

    sets: ShingleSets
    positions: Numbers
    """Position of each among all examples."""


def resolve_clusters(
    table: Table,
    compared: ComparedFeatures,
    groups: Sequence[Numbers],
    policy: ResolutionPolicy,
    pool: WorkerPool,
    memory: DedupCache | None = None,
) -> Resolution:
    """Decide for each group which members are removed and which are kept apart; the pairs have positions among all
    examples.

    The members of `groups` are indices of `compared`. With `policy.old`, only groups with old and new examples are
    resolved. Raises `InputError` if lines cannot be read again.
    """
    config, positions = policy.config, compared.positions
    if policy.old:
        groups = [group for group in groups if positions[group[0]] < policy.old <= positions[group[-1]]]
    if not groups:
        return Resolution()
    sizes = np.array([len(group) for group in groups])
    order, kinds = _ranked(table, compared, np.concatenate(groups), np.repeat(np.arange(len(groups)), sizes), policy)

    def agree(pairs: Numbers) -> Flags:
        return agreed(table, positions[pairs], policy, pool, memory)

    ranked = resolve_ranked(
        compared.sets, order, sizes, kinds, config.threshold, None if config.ignore_facts else agree
    )
    removed, kept_apart = (
        [DuplicatePair(int(positions[left]), int(positions[right]), similarity) for left, right, similarity in pairs]
        for pairs in (ranked.gone, ranked.apart)
    )
    return Resolution(removed, kept_apart, ranked.similarities)


def resolve_ranked(
    sets: ShingleSets,
    members: Numbers,
    sizes: Numbers,
    kinds: Bytes,
    threshold: float,
    agree: Callable[[Numbers], Flags] | None,
) -> Resolution:
    """Decide for each member of each group whether it is removed as a near-duplicate of a member that is kept.

    `members` has the numbers of sets, group by group, the member to keep first; `sizes` the members per group. `kinds`
    has the possible outcomes of each member (see `cluster_resolution_kernel`). Members are similar from an exact
    Jaccard similarity of `threshold` on. `agree` returns for rows of two members whether they agree in their facts; if
    it is None, facts are not compared.
    """
    from curate.dedup import cluster_resolution_kernel as kernel

    parts = kernel.Members(sets.hashes, sets.offsets, members, np.append(0, np.cumsum(sizes)), kinds)
    squares = np.where(sizes >= MIN_CACHED_GROUP, sizes**2, 0)
    cells = np.where((squares > 0) & (squares.cumsum() <= MAX_CACHED_PAIRS), squares.cumsum() - squares, -1)
    similarities = kernel.Similarities(np.full(int(squares[cells >= 0].sum()), np.nan), cells)
    no_winners, tally = np.full((len(members), 2), -1, dtype=np.int64), np.zeros((len(sizes), 2), dtype=np.int64)
    outcome = kernel.ResolvedMembers(
        np.zeros(len(sizes), dtype=np.int64), np.zeros(len(members), dtype=np.bool_), no_winners, np.zeros(len(members))
    )
    facts = kernel.FactComparisons(agree is not None, np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.uint8), tally)
    misses, pending = list[float](), np.arange(len(sizes))
    room = kernel.buffers_for(sets.offsets, members, parts.ends, LARGE_GROUP) if len(sizes) else None
    while len(pending):
        batch = max(FACT_BATCH, len(facts.pairs) // 4)  # each call reads all kept members of a large group again
        limits = kernel.WorkLimits(
            min(MIN_REPORTED, threshold), threshold, max(1, batch // len(pending)), LARGE_GROUP, CALL_WORK
        )
        questions = np.empty((len(pending) * (limits.ahead + MAX_COMPARED), 3), dtype=np.int64)
        near_misses = np.empty(MAX_COMPARED * int((sizes[pending] - outcome.done[pending]).sum()))
        question_count, missed = kernel.resolve(
            parts, pending, facts, similarities, outcome, limits, room, questions, near_misses
        )
        questions = questions[:question_count]
        misses += near_misses[:missed].tolist()
        if agree and len(questions):
            same = agree(members[questions[:, 1:3]])
            np.add.at(tally, (questions[:, 0], np.where(same, 0, 1)), 1)
            pairs = questions[:, 1:3].astype(np.uint64)
            pairs_known = np.concatenate([facts.pairs, pairs[:, 0] << np.uint64(32) | pairs[:, 1]])
            verdicts = np.concatenate([facts.verdicts, np.where(same, kernel.SAME, kernel.DIFFERENT).astype(np.uint8)])
            order = pairs_known.argsort()
            facts = facts._replace(pairs=pairs_known[order], verdicts=verdicts[order])
        pending = pending[outcome.done[pending] < sizes[pending]]

    def pairs_of(column: int) -> "tuple[list[DuplicatePair], list[float]]":
        winners = outcome.winners[:, column]
        positions = np.flatnonzero(winners >= 0)
        similarities_found: list[float] = outcome.similarities[positions].tolist()
        return list(
            map(DuplicatePair, members[positions].tolist(), winners[positions].tolist(), similarities_found)
        ), similarities_found

    (removed, removed_similarities), (kept_apart, _) = pairs_of(0), pairs_of(1)
    return Resolution(removed, kept_apart, [*removed_similarities, *misses])


def all_chosen(
    sets: ShingleSets, groups: Sequence[Numbers], threshold: float, same: Callable[[int, int], bool]
) -> Resolution:
    """As `resolve_ranked`, with members in the order of their numbers, any of which may be removed; `same`: whether two
    agree in their facts.
    """
    from curate.dedup import cluster_resolution_kernel as kernel

    if not groups:
        return Resolution()
    members = np.concatenate(groups)
    kinds = np.full(
        len(members),
        kernel.REMOVABLE | kernel.REPLACING | kernel.COMPARED,
        dtype=np.uint8,
    )
    return resolve_ranked(
        sets,
        members,
        np.array(list(map(len, groups))),
        kinds,
        threshold,
        lambda pairs: np.array([same(*pair) for pair in pairs.tolist()]),
    )


def agreed(
    table: Table,
    pair_positions: Numbers,
    policy: ResolutionPolicy,
    pool: WorkerPool,
    memory: DedupCache | None,
    *,
    words: bool = False,
) -> Flags:
    """Whether pairs of examples (rows of their positions) agree in their facts or, with `words`, in all content words;
    cached or compared now. Raises `InputError` if lines cannot be read again.
    """
    same, is_known = np.zeros((2, len(pair_positions)), dtype=np.bool_)
    if memory:
        left, right = (table.ids[pair_positions[:, side]] for side in (0, 1))
        keys = pair_keys(left, right, np.full(len(pair_positions), words))
        same, is_known = memory.verdicts.find(keys)
    unknown = np.flatnonzero(~is_known)
    if len(unknown):
        pairs = (
            _line_pairs(table, pair_positions[chunk], policy, words=words)
            for chunk in np.split(unknown, range(FACT_PAIRS_PER_BATCH, len(unknown), FACT_PAIRS_PER_BATCH))
        )
        same[unknown] = np.concatenate(
            list(
                pool.each(lines_agree, pairs)
                if pool.running or len(unknown) >= MIN_PARALLEL_PAIRS
                else map(lines_agree, pairs)
            )
        )
        if memory:
            memory.verdicts.add(keys[unknown], same[unknown])
    return same


def _line_pairs(table: Table, pair_positions: Numbers, policy: ResolutionPolicy, *, words: bool) -> LinePairs:
    """The lines of pairs of examples, for a comparison in any process."""
    examples, numbers = np.unique(pair_positions, return_inverse=True)
    return LinePairs(table.line_refs(examples), numbers.reshape(-1, 2).tolist(), words, policy.config.on, policy.common)


def ranks_of(table: Table, positions: Numbers, policy: ResolutionPolicy) -> list[Array]:
    """The sort keys of examples (by position) for `np.lexsort`, the primary key last. See
    `curate.corpus.features`.
    """
    keep = policy.config.keep
    if keep in ("first", "last"):
        return [positions if keep == "first" else -positions]
    if keep == "best":
        if not policy.findings:
            return [positions]
        rows = [policy.findings.get(example, NO_FINDINGS) for example in table.names(positions)]
        counts = np.array(rows, dtype=np.int64).reshape(-1, len(NO_FINDINGS))
        return [positions, *(counts[:, column] for column in (3, 2, 1))]
    ids = table.ids[positions]
    return [ids[:, 1], ids[:, 0], -table.lengths[positions], table.ranks[positions]]


def invalid_at(table: Table, positions: Numbers, policy: ResolutionPolicy) -> Flags:
    """Which examples (by position) have an error that nobody accepted; no valid example is removed in favor of
    these.
    """
    counts_by_id = policy.findings
    if not counts_by_id:
        return np.zeros(len(positions), dtype=np.bool_)
    return np.array(
        [counts_by_id.get(example, NO_FINDINGS).rejected for example in table.names(positions)], dtype=np.bool_
    )


def _ranked(
    table: Table, compared: ComparedFeatures, members: Numbers, owners: Numbers, policy: ResolutionPolicy
) -> tuple[Numbers, Bytes]:
    """The members of all groups in the order in which they are decided, and the possible outcomes of each (see
    `cluster_resolution_kernel`).
    """
    from curate.dedup import cluster_resolution_kernel as kernel

    positions, no_members = compared.positions[members], np.zeros(len(members), dtype=np.bool_)
    new = positions >= policy.old if policy.old else no_members
    aside = np.isin(members, np.array(sorted(policy.aside), dtype=np.int64)) if policy.aside else no_members
    bound: Flags = (
        np.array([table.id(position) in policy.pinned for position in positions.tolist()])
        if policy.pinned
        else no_members
    )
    bound = bound | aside
    order = np.lexsort((*ranks_of(table, positions, policy), ~bound, invalid_at(table, positions, policy), new, owners))
    compares = new if policy.old else ~no_members
    takes = ~new if policy.old else ~aside  # the old ones all stay
    kinds = kernel.REMOVABLE * (compares & ~bound) + kernel.REPLACING * takes + kernel.COMPARED * compares
    return members[order], kinds.astype(np.uint8)[order]
