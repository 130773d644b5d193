"""What becomes of groups of near-duplicates where nothing counts but how similar and how long they are: told from columns, for all at once."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from curate.config import DedupConfig
from curate.detect.cluster import Choice, Pair
from curate.detect.shingles import Sets
from curate.detect.table import Table
from curate.detect.verify import FLOOR

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.int64]]
    Ids = np.ndarray[Any, np.dtype[np.uint64]]
    Flags = np.ndarray[Any, np.dtype[np.bool_]]

BY_COLUMNS: Final = ("longest", "first", "last", "manual")
"""Policies whose ranks can be told from columns."""
MOST: Final = 10_000
"""Members of a group that is decided about at once: what is compiled cannot be interrupted."""


class Wanted(NamedTuple):
    """What decides besides the examples."""

    config: DedupConfig
    pinned: frozenset[str]
    """Ids of those that stay."""
    findings: Mapping[str, tuple[int, ...]] | None
    """Those that the policy `best-signal` counts."""
    old: int
    """Examples that others are held against; the first ones."""
    aside: frozenset[int]
    """Numbers of those that neither go nor take a place."""
    common: bytes = b""
    """Boilerplate that is not compared (see `curate.detect.boilerplate`)."""


class Compared(NamedTuple):
    """What different examples are compared by."""

    sets: Sets
    spelled: "Ids"
    """Keys of short texts (see `curate.detect.brief`)."""
    positions: "Numbers"
    """Where each stands among all."""


def picked(table: Table, compared: Compared, groups: "Sequence[Numbers]", wanted: Wanted) -> "tuple[Choice, Sequence[Numbers]]":
    """What becomes of the groups that can be decided about from columns, by where their members stand among all examples; and the other groups.

    As `curate.detect.near.decided` decides. Facts need the texts, and so does what short texts have in common.
    """
    import numpy as np

    config = wanted.config
    if not config.ignore_facts or config.keep not in BY_COLUMNS or not groups:
        return Choice(), groups
    from curate.detect import pick  # compiled

    sizes = np.array([len(group) for group in groups])
    short = np.add.reduceat(compared.spelled[np.concatenate(groups)] != 0, np.cumsum(sizes) - sizes)
    slow = ((short > 1) | (sizes > MOST)).tolist()
    quick, rest = ([group for group, some in zip(groups, slow, strict=True) if some == asked] for asked in (False, True))
    if wanted.old:
        quick = [group for group in quick if compared.positions[group[0]] < wanted.old <= compared.positions[group[-1]]]
    if not quick:
        return Choice(), rest
    members = np.concatenate(quick)
    owners = np.repeat(np.arange(len(quick)), [len(group) for group in quick])
    order, kinds = _ranked(table, compared, members, owners, wanted)
    members, ends = members[order], np.append(np.flatnonzero(np.diff(owners, prepend=-1)), len(owners))
    least = min(FLOOR, config.threshold)
    winners, similarities, misses = pick.pick(compared.sets.hashes, compared.sets.offsets, members, ends, kinds, least, config.threshold)
    gone = np.flatnonzero(winners >= 0)
    pairs = zip(compared.positions[members[gone]].tolist(), compared.positions[winners[gone]].tolist(), similarities[gone].tolist(), strict=True)
    return Choice(list(map(Pair._make, pairs)), [], [*similarities[gone].tolist(), *misses.tolist()]), rest


def _ranked(table: Table, compared: Compared, members: "Numbers", owners: "Numbers", wanted: Wanted) -> "tuple[Numbers, np.ndarray[Any, np.dtype[np.uint8]]]":
    """The order in which the members of all groups are taken, and in this order what may become of each (see `curate.detect.pick`)."""
    import numpy as np

    from curate.detect import pick

    positions, nobody = compared.positions[members], np.zeros(len(members), dtype=np.bool_)
    new = positions >= wanted.old if wanted.old else nobody
    aside = np.isin(members, np.array(sorted(wanted.aside), dtype=np.int64)) if wanted.aside else nobody
    bound: Flags = np.array([table.id(at) in wanted.pinned for at in positions.tolist()]) if wanted.pinned else nobody
    bound = bound | aside
    policy = {"first": positions, "last": -positions}.get(wanted.config.keep, np.zeros(len(members), dtype=np.int64))
    ids = table.ids[positions]
    order = np.lexsort((ids[:, 1], ids[:, 0], -table.lengths[positions], policy, ~bound, new, owners))
    compares = new if wanted.old else ~nobody
    takes = ~new if wanted.old else ~aside  # the old ones all stay
    kinds = pick.GOES * (compares & ~bound) + pick.TAKES * takes + pick.COMPARED * compares
    return order, kinds.astype(np.uint8)[order]
