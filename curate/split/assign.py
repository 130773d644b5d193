"""Assign groups to splits by a hash of the seed and the group, independently of the order of examples.

Groups with examples of an earlier split keep that split. If a group has examples of several splits, it is assigned to
the first of train, validation and test, so that an example that may have been trained on is never held out. Examples
that moved are reported with the links that joined groups of different splits.
"""

import hashlib
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from curate.core.json_output import Output
from curate.core.lazy import Arrays, Floats, Ids, Numbers, np, pl
from curate.core.text import visible
from curate.corpus.corpus import Table
from curate.corpus.features import FeatureSpec
from curate.corpus.loading import read_table
from curate.parallel.worker_pool import WorkerPool
from curate.project.manifest import SPLIT_NAMES
from curate.similarity.shingles import Shingling
from curate.split.groups import Link, SplitGroups
from curate.storage.store import load, require_types, save

COINCIDENCE_PROBABILITY: Final = 1e-4
"""Probability below which a split without groups is not a coincidence: the examples were divided with the same seed
before.
"""
NO_SPLIT: Final = -1


@dataclass(frozen=True, slots=True)
class SplitTargets:
    """The target size of each split."""

    shares: tuple[float, float, float]
    """Shares of the examples; they add up to 1."""
    counts: tuple[int, int] | None = None
    """Number of examples of validation and test, instead of their shares."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Assigned:
    """The split of each example, by its position in `SPLIT_NAMES`."""

    of: Numbers
    moved: Numbers
    """Examples that were in another split before."""
    too_large: Numbers
    """For each group that is in train because it is too large for a held-out split, the number of its first member."""
    salted: bool = False
    """Whether another hash was used because that of the seed and the group would have left a split empty."""


def positions(groups: Sequence[str], seed: int, salt: str = "") -> Floats:
    """The position of each group between 0 and 1: by the hash of the seed and its name."""
    blake, salt = hashlib.blake2b, f"{seed}:{salt}"
    hashes = b"".join([blake((salt + group).encode(), digest_size=8).digest() for group in groups])
    return np.frombuffer(hashes, dtype=">u8").astype(np.float64) / 2.0**64


def assign(
    groups: Numbers,
    names: Sequence[str],
    targets: SplitTargets,
    *,
    before: Numbers | None = None,
    strata: Numbers | None = None,
) -> Assigned:
    """Assign groups of examples to splits.

    groups: the number of each example's group; names: for each group, in the order of its number, a name that does not
    depend on the order of examples; before: the earlier split of each example, or `NO_SPLIT`; strata: a number per
    example, equal for examples of one kind, of which each split gets its share.
    """
    firsts, group_of = np.unique(groups, return_inverse=True)
    sizes = np.bincount(group_of, minlength=len(firsts))
    where = np.full(len(firsts), NO_SPLIT)
    if before is not None:
        earlier = np.flatnonzero(before != NO_SPLIT)
        where = np.full(len(firsts), len(SPLIT_NAMES))
        np.minimum.at(where, group_of[earlier], before[earlier])
        where[where == len(SPLIT_NAMES)] = NO_SPLIT
    open_ = np.flatnonzero(where == NO_SPLIT)
    places, open_names = np.zeros(len(names)), [names[number] for number in open_.tolist()]
    places[open_] = positions(open_names, targets.seed)  # the hashes of the others are not used
    most = _largest_groups(targets, len(groups))
    hashed, large = open_, open_[sizes[open_] > max(most[1:])]
    where[large] = 0
    open_ = open_[sizes[open_] <= max(most[1:])]
    if len(large):
        targets = replace(targets, shares=_of_the_rest(targets.shares, len(groups), int(sizes[open_].sum())))
    salted = targets.counts is None and strata is None and _was_divided_before(places[open_], targets)
    if salted:
        salt = hashlib.blake2b("".join(sorted(names)).encode(), digest_size=8).hexdigest()
        places[hashed] = positions(open_names, targets.seed, salt)
    if targets.counts is not None or strata is not None:
        _by_share(where, open_, sizes, places, _group_strata(group_of, strata, len(firsts)), targets)
    else:
        where[open_] = np.searchsorted(np.cumsum(targets.shares[:2]), places[open_], side="right")
        unfit = open_[sizes[open_] > np.array(most)[where[open_]]]
        where[unfit] = 0
        _fill_empty_splits(where, open_, sizes, places, targets)
    split_of = where[group_of]
    moved = (
        np.flatnonzero((before != NO_SPLIT) & (before != split_of))
        if before is not None
        else np.empty(0, dtype=np.int64)
    )
    return Assigned(split_of, moved, firsts[large if max(most[1:]) else large[:0]], salted)


def _of_the_rest(shares: tuple[float, float, float], total: int, rest: int) -> tuple[float, float, float]:
    """The shares for dividing the remaining examples, so that held-out splits get their share of all; the others go
    to train.
    """
    held_out = [share * total / max(1, rest) for share in shares[1:]]
    scale = min(1.0, 1 / (sum(held_out) or 1.0))
    validation, test = (share * scale for share in held_out)
    return (max(0.0, 1 - validation - test), validation, test)


def _was_divided_before(places: Floats, targets: SplitTargets) -> bool:
    """Whether the positions of groups leave a split empty with a probability below `COINCIDENCE_PROBABILITY`."""
    shares = np.array(targets.shares)
    counts = np.bincount(np.searchsorted(np.cumsum(shares[:2]), places, side="right"), minlength=len(shares))
    return bool(((counts == 0) & (shares > 0) & ((1 - shares) ** len(places) < COINCIDENCE_PROBABILITY)).any())


def _largest_groups(targets: SplitTargets, total: int) -> tuple[float, ...]:
    """The size of the largest group that may be in each split; for a held-out split, its target size."""
    if targets.counts is not None:
        return (float(total), *map(float, targets.counts))
    return (float(total), *(max(1.0, share * total) if share else 0.0 for share in targets.shares[1:]))


def _group_strata(group_of: Numbers, strata: Numbers | None, count: int) -> Numbers:
    """The stratum of each of `count` groups: that of most of its members, the smallest number among equals.

    `group_of` and `strata`: the numbers of each example's group and stratum; None: all groups are in stratum 0.
    """
    if strata is None:
        return np.zeros(count, dtype=np.int64)
    pairs, members = np.unique(np.stack([group_of, strata], axis=1), axis=0, return_counts=True)
    order = np.lexsort((pairs[:, 1], -members, pairs[:, 0]))
    kinds: Numbers = pairs[order, 1][np.flatnonzero(np.diff(pairs[order, 0], prepend=-1))]
    return kinds


def _by_share(
    where: Numbers, open_: Numbers, sizes: Numbers, places: Floats, kinds: Numbers, targets: SplitTargets
) -> None:
    """Assign each group, by stratum and then by hash, to the split that is furthest below its target; no held-out split
    exceeds its count.

    The splits are written to `where`.
    """
    total = int(sizes.sum())
    lines_wanted = [share * total for share in targets.shares]
    if targets.counts is not None:
        lines_wanted = [float(total - sum(targets.counts)), *map(float, targets.counts)]
    caps = [total, *(targets.counts or (total, total))]
    has = [int(sizes[where == split].sum()) for split in range(len(SPLIT_NAMES))]
    rates = [
        max(0.0, target - count) for target, count in zip(lines_wanted, has, strict=True)
    ]  # number of examples that the remaining groups must add
    rates = [rate / (sum(rates) or 1.0) for rate in rates]
    lacking = [0.0, 0.0, 0.0]
    for group in open_[np.lexsort((places[open_], kinds[open_]))].tolist():
        size = int(sizes[group])
        lacking = [lack + rate * size for lack, rate in zip(lacking, rates, strict=True)]
        fits = [split for split in range(len(SPLIT_NAMES)) if split == 0 or has[split] + size <= caps[split]]
        split = max(fits, key=lambda candidate: (lacking[candidate], -candidate))
        where[group] = split
        has[split] += size
        lacking[split] -= size
    if targets.counts is not None:
        _top_up(where, open_, sizes, places, has, caps)


def _top_up(where: Numbers, open_: Numbers, sizes: Numbers, places: Floats, has: list[int], caps: list[int]) -> None:
    """Fill held-out splits up to their counts with groups of train that fit, in descending order of their hashes.

    By group: its split (`where`, which is changed), size and position between 0 and 1 (`places`). `open_`: the groups
    that may be moved. By split: its number of examples (`has`, which is changed) and its maximum (`caps`).
    """
    for split in (2, 1):
        for group in open_[np.argsort(-places[open_], kind="stable")].tolist():
            if has[split] == caps[split]:
                break
            if where[group] == 0 and has[split] + sizes[group] <= caps[split] and has[0] > sizes[group]:
                where[group] = split
                has[split] += int(sizes[group])
                has[0] -= int(sizes[group])


def _fill_empty_splits(where: Numbers, open_: Numbers, sizes: Numbers, places: Floats, targets: SplitTargets) -> None:
    """Fill splits that are empty because there are few groups, each with the group of the fullest split whose hash is
    nearest; train first.

    The splits are written to `where`.
    """
    borders = np.concatenate([[0.0], np.cumsum(targets.shares)])
    for split in (0, 2, 1):
        if not targets.shares[split] or sizes[where == split].sum():
            continue
        counts = [int((where[open_] == other).sum()) for other in range(len(SPLIT_NAMES))]
        richest = max(range(len(SPLIT_NAMES)), key=lambda other: (counts[other], -other))
        if split == 2 and counts[richest] == 1 and counts[1]:
            richest = 1  # a test set has precedence over a validation set
        rest = open_[where[open_] == richest]
        if len(rest) < (1 if split == 0 or (split, richest) == (2, 1) else 2):
            continue
        rest = rest[sizes[rest] == sizes[rest].min()] if split else rest
        distances = np.maximum(np.maximum(borders[split] - places[rest], places[rest] - borders[split + 1]), 0.0)
        where[rest[np.lexsort((places[rest], distances))[0]]] = split


class Earlier(NamedTuple):
    """Examples, and the split that each was in, by its position in `SPLIT_NAMES`."""

    ids: Ids
    splits: Numbers
    compared: str = ""
    """A hash of the threshold and the shared instructions with which no examples of different splits are near each
    other; empty if that is unknown.
    """

    def save(self, path: Path) -> str:
        """Write the entry of a cache. Returns an error message, usually empty."""
        compared = np.frombuffer(self.compared.encode(), dtype=np.uint8)
        return save(path, {"ids": self.ids, "splits": self.splits, "compared": compared})

    @classmethod
    def load(cls, path: Path, damaged: Callable[[], object]) -> "Earlier | None":
        """The examples of an entry of a cache; None if there is none, or after a call of `damaged`."""
        return load(path, cls._decoded, damaged)

    @classmethod
    def _decoded(cls, arrays: Arrays) -> "Earlier":
        require_types(arrays, {"ids": "u8", "splits": "i8", "compared": "u1"})
        if arrays["ids"].shape != (len(arrays["splits"]), 2):
            raise ValueError("arrays that do not match each other")
        return cls(arrays["ids"], arrays["splits"], arrays["compared"].tobytes().decode())

    def earlier_splits(self, ids: Ids) -> Numbers:
        """The earlier split of each of some examples; `NO_SPLIT` for one that had none."""
        by_id = (
            pl.DataFrame({"high": self.ids[:, 0], "low": self.ids[:, 1], "split": self.splits})
            .group_by("high", "low")
            .min()
        )
        matched = pl.DataFrame({"high": ids[:, 0], "low": ids[:, 1]}).join(
            by_id, on=["high", "low"], how="left", maintain_order="left"
        )
        return matched["split"].fill_null(NO_SPLIT).to_numpy(writable=True)


def earlier_splits(files: Sequence[tuple[Path, int]], pool: WorkerPool) -> Earlier:
    """The examples of split files, each with the number of its split. Raises `InputError`."""
    table = read_table(
        [path for path, _ in files], FeatureSpec("conversation", Shingling(), short_texts=False, common=()), pool
    )
    numbers = np.searchsorted(table.first, table.lines, side="right") - 1
    return Earlier(table.ids, np.array([split for _, split in files], dtype=np.int64)[numbers])


MAX_SHOWN_LINKS: Final = 4


@dataclass(frozen=True, slots=True)
class Move(Output):
    """An example that is in another split than before."""

    file: str
    line: int
    example: str
    before: str
    now: str
    why: str
    """The links to an example that was in its new split before."""


class _Step(NamedTuple):
    link: Link
    to: int


def moves_of(table: Table, groups: SplitGroups, assigned: Assigned, before: Numbers) -> list[Move]:
    """The moves, in the order of the examples. `before`: the earlier split of each example."""
    graph = _graph(groups, assigned.moved) if len(assigned.moved) else {}
    moves = []
    for example in assigned.moved.tolist():
        old, now = int(before[example]), int(assigned.of[example])
        path = _path(graph, example, before, now)
        places = [visible(str(table.place(int(table.lines[step.to])))) for step in path]
        why = ", which ".join(
            f"{step.link.words} {place}" for step, place in zip(path[:MAX_SHOWN_LINKS], places, strict=False)
        )
        more = f", … up to {places[-1]}" if len(path) > MAX_SHOWN_LINKS else ""
        file, line, _ = table.place(int(table.lines[example]))
        why = f"{why}{more}, which was in {SPLIT_NAMES[now]}"
        moves.append(Move(file, line, table.id(example), SPLIT_NAMES[old], SPLIT_NAMES[now], why))
    return moves


def _graph(groups: SplitGroups, members: Numbers) -> Mapping[int, Sequence[_Step]]:
    """The links of the groups that have one of these members, in both directions."""
    graph: dict[int, list[_Step]] = defaultdict(list)
    group_numbers = np.unique(groups.of[members])
    for link, left, right, _ in groups.joins:
        inside = np.isin(groups.of[left], group_numbers)
        for left_example, right_example in zip(left[inside].tolist(), right[inside].tolist(), strict=True):
            graph[left_example].append(_Step(link, right_example))
            graph[right_example].append(_Step(link, left_example))
    return graph


def _path(graph: Mapping[int, Sequence[_Step]], start: int, before: Numbers, split: int) -> list[_Step]:
    """The shortest path to an example that was in a split before; it exists, because the example moved for that
    link.
    """
    came: dict[int, tuple[int, _Step]] = {}
    waiting = deque([start])
    while waiting:
        example = waiting.popleft()
        if example != start and before[example] == split:
            path = []
            while example != start:
                example, step = came[example]
                path.append(step)
            return path[::-1]
        for step in graph.get(example, ()):
            if step.to != start and step.to not in came:
                came[step.to] = (example, step)
                waiting.append(step.to)
    return []
