"""What becomes of groups of near-duplicates where nothing but their texts counts: told from columns, for all at once.

Compiled code chooses group by group, and stops where it has to know whether two examples agree in their facts. That is found out for all groups
together; then those that stopped go on, until none stops.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from curate.config import DedupConfig
from curate.detect.boilerplate import Passages
from curate.detect.cluster import Choice, Pair
from curate.detect.plain_facts import Lines, Pairs, agreeing
from curate.detect.remembered import Remembered
from curate.detect.shingles import Sets
from curate.detect.table import Table
from curate.detect.verify import FLOOR
from curate.worker_pool import WorkerPool

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.int64]]
    Flags = np.ndarray[Any, np.dtype[np.bool_]]

BY_COLUMNS: Final = ("best", "longest", "first", "last", "manual")
"""Policies whose ranks can be told from columns."""
MOST: Final = 10_000
"""Members of a group that is decided about at once: what is compiled cannot be interrupted."""
BIG: Final = 2000
"""The same where facts matter."""
AHEAD: Final = 5_000
"""Questions that are asked at a time, at the least, if there are as many."""
SQUARE: Final = 9
"""Members from which it is remembered how similar any two of a group are: it may be asked many times."""
SQUARES: Final = 4_000_000
"""Such pairs at the most; 8 bytes each."""
BATCH: Final = 2000
"""Pairs of which it is found out in one go whether they agree."""
MANY: Final = 50_000
"""Such pairs from which processes are worth their start: about two seconds of work."""


class Wanted(NamedTuple):
    """What decides besides the examples."""

    config: DedupConfig
    pinned: frozenset[str]
    """Ids of those that stay."""
    findings: Mapping[str, tuple[int, ...]] | None
    """Those that the policy `best` counts."""
    old: int
    """Examples that others are held against; the first ones."""
    aside: frozenset[int]
    """Numbers of those that neither go nor take a place."""
    common: Passages = ()
    """Shared instructions that are not compared (see `curate.detect.boilerplate`)."""


class Compared(NamedTuple):
    """What different examples are compared by."""

    sets: Sets
    positions: "Numbers"
    """Where each stands among all."""


def picked(
    table: Table, compared: Compared, groups: "Sequence[Numbers]", wanted: Wanted, crew: WorkerPool, memory: Remembered | None = None
) -> "tuple[Choice, Sequence[Numbers]]":
    """What becomes of the groups that can be decided about so, by where their members stand among all examples; and the other groups.

    As `curate.detect.near.decided` decides. Raises `InputError` when lines cannot be read again.
    """
    import numpy as np

    config = wanted.config
    if config.keep not in BY_COLUMNS or not groups:
        return Choice(), groups
    sizes = np.array([len(group) for group in groups])
    quick = sizes <= (MOST if config.ignore_facts else BIG)
    rest = [groups[at] for at in np.flatnonzero(~quick).tolist()]
    if wanted.old:
        bounds = [(compared.positions[group[0]], compared.positions[group[-1]]) for group in groups]
        quick &= np.array([first < wanted.old <= last for first, last in bounds])
    some = np.flatnonzero(quick)
    if not len(some):
        return Choice(), rest
    return _Choosing(table, compared, [groups[at] for at in some.tolist()], wanted).chosen(crew, memory), rest


class _Choosing:
    """Groups about which it is being decided."""

    def __init__(self, table: Table, compared: Compared, groups: "Sequence[Numbers]", wanted: Wanted) -> None:
        """Nothing is decided yet."""
        import numpy as np

        self._table, self._compared, self._wanted = table, compared, wanted
        sizes = np.array([len(group) for group in groups])
        members, owners = np.concatenate(groups), np.repeat(np.arange(len(groups)), sizes)
        order, self._kinds = _ranked(table, compared, members, owners, wanted)
        self._members, self._ends = members[order], np.append(0, np.cumsum(sizes))
        self._known, self._verdicts = np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.uint8)
        self._tally = np.zeros((len(groups), 2), dtype=np.int64)
        squares = np.where(sizes >= SQUARE, sizes**2, 0)
        self._cells = np.where((squares > 0) & (squares.cumsum() <= SQUARES), squares.cumsum() - squares, -1)
        self._squares = np.full(int(squares[self._cells >= 0].sum()), np.nan)

    def chosen(self, crew: WorkerPool, memory: Remembered | None) -> Choice:
        """What becomes of the members."""
        import numpy as np

        from curate.detect import pick

        config, compared = self._wanted.config, self._compared
        bounds = np.array([min(FLOOR, config.threshold), config.threshold])
        winners, found = np.full((len(self._members), 2), -1, dtype=np.int64), np.zeros(len(self._members), dtype=np.float64)
        done, kept = np.zeros(len(self._tally), dtype=np.int64), np.zeros(len(self._members), dtype=np.bool_)
        misses, some = list[float](), np.arange(len(self._tally))
        while len(some):
            asked, others = pick.pick(
                compared.sets.hashes,
                compared.sets.offsets,
                self._members,
                self._ends,
                some,
                self._kinds,
                bounds,
                not config.ignore_facts,
                self._known,
                self._verdicts,
                self._tally,
                max(1, AHEAD // len(some)),
                self._squares,
                self._cells,
                done,
                kept,
                winners,
                found,
            )
            misses += others.tolist()
            some = np.unique(asked[:, 0])
            if len(some):
                self._learn(asked[:, 0], asked[:, 1:3], crew, memory)

        def pairs(column: int) -> "tuple[list[Pair], list[float]]":
            at = np.flatnonzero(winners[:, column] >= 0)
            left, right = compared.positions[self._members[at]].tolist(), compared.positions[winners[at, column]].tolist()
            similarities: list[float] = found[at].tolist()
            return list(map(Pair, left, right, similarities)), similarities

        (gone, similarities), (apart, _) = pairs(0), pairs(1)
        return Choice(gone, apart, [*similarities, *misses])

    def _learn(self, groups: "Numbers", asked: "Numbers", crew: WorkerPool, memory: Remembered | None) -> None:
        """Find out of two members each time whether they agree in their facts; groups: the one that both are in."""
        import numpy as np

        from curate.detect import pick

        same = agreed(self._table, self._compared.positions[self._members[asked]], self._wanted, crew, memory)
        np.add.at(self._tally, (groups, np.where(same, 0, 1)), 1)
        known = np.concatenate([self._known, (asked[:, 0].astype(np.uint64) << np.uint64(32)) | asked[:, 1].astype(np.uint64)])
        verdicts = np.concatenate([self._verdicts, np.where(same, pick.SAME, pick.DIFFERENT).astype(np.uint8)])
        order = known.argsort()
        self._known, self._verdicts = known[order], verdicts[order]


def agreed(table: Table, standing: "Numbers", wanted: Wanted, crew: WorkerPool, memory: Remembered | None, *, words: bool = False) -> "Flags":
    """Whether pairs of examples, rows of where both stand among all, agree in their facts, or in all `words` of meaning; as remembered, or found out.

    Raises `InputError` when lines cannot be read again.
    """
    import numpy as np

    left, right = (table.ids[standing[:, side]] for side in (0, 1))
    every = np.full(len(standing), words)
    nothing = np.zeros(len(standing), dtype=np.bool_)
    same, remembered = memory.agreements(left, right, every) if memory else (nothing, nothing.copy())
    unknown = np.flatnonzero(~remembered)
    if len(unknown):
        pairs = (_pairs(table, standing[some], wanted, words=words) for some in np.split(unknown, range(BATCH, len(unknown), BATCH)))
        same[unknown] = np.concatenate(list(crew.each(agreeing, pairs, quick=lambda: len(unknown) < MANY)))
        if memory:
            memory.agree(left[unknown], right[unknown], every[unknown], same[unknown])
    return same


def _pairs(table: Table, standing: "Numbers", wanted: Wanted, *, words: bool) -> Pairs:
    import numpy as np

    examples, numbers = np.unique(standing, return_inverse=True)
    return Pairs(Lines.of(table, examples), numbers.reshape(-1, 2), words, wanted.config.on, wanted.common)


def ranks_of(table: Table, positions: "Numbers", wanted: Wanted) -> "list[np.ndarray[Any, Any]]":
    """The ranks of examples, by where they stand, as `np.lexsort` takes them: what decides comes last. See `curate.detect.keeper`."""
    import numpy as np

    keep = wanted.config.keep
    if keep in ("first", "last"):
        return [positions if keep == "first" else -positions]
    if keep == "best":
        nothing, known = (0, 0, 0), wanted.findings or {}
        found = np.array([known.get(example, nothing) for example in table.names(positions)] if known else [], dtype=np.int64).reshape(-1, 3)
        return [positions, *(found[:, column] for column in (2, 1, 0) if known)]
    ids = table.ids[positions]
    return [ids[:, 1], ids[:, 0], -table.lengths[positions]]


def _ranked(table: Table, compared: Compared, members: "Numbers", owners: "Numbers", wanted: Wanted) -> "tuple[Numbers, np.ndarray[Any, np.dtype[np.uint8]]]":
    """The order in which the members of all groups are taken, and in this order what may become of each (see `curate.detect.pick`)."""
    import numpy as np

    from curate.detect import pick

    positions, nobody = compared.positions[members], np.zeros(len(members), dtype=np.bool_)
    new = positions >= wanted.old if wanted.old else nobody
    aside = np.isin(members, np.array(sorted(wanted.aside), dtype=np.int64)) if wanted.aside else nobody
    bound: Flags = np.array([table.id(at) in wanted.pinned for at in positions.tolist()]) if wanted.pinned else nobody
    bound = bound | aside
    order = np.lexsort((*ranks_of(table, positions, wanted), ~bound, new, owners))
    compares = new if wanted.old else ~nobody
    takes = ~new if wanted.old else ~aside  # the old ones all stay
    kinds = pick.GOES * (compares & ~bound) + pick.TAKES * takes + pick.COMPARED * compares
    return order, kinds.astype(np.uint8)[order]
