"""Which group goes to which split: by a hash of the seed and the group, so that the order of examples does not matter.

Groups with examples of an earlier split stay there. If a group has examples of several splits, all go to the first of
train, validation and test: an example that may have been trained on is never held out again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from curate.core.lazy import Floats, Numbers, np

SPLIT_NAMES: Final = ("train", "validation", "test")


COINCIDENCE_PROBABILITY: Final = 1e-4
"""Probability below which a split without groups is not a coincidence: the examples were divided with the same seed
before.
"""
NO_SPLIT: Final = -1


@dataclass(frozen=True, slots=True)
class SplitTargets:
    """The wanted size of each split."""

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
    wanted: SplitTargets,
    *,
    before: Numbers | None = None,
    strata: Numbers | None = None,
) -> Assigned:
    """Assign groups of examples to splits.

    groups: the number of each example's group; names: for each group, in the order of its number, a name that does not
    depend on the order of examples; before: the earlier split of each example, or `NO_SPLIT`; strata: a number per
    example, equal for examples of one kind, of which each split gets its share.
    """
    firsts, of = np.unique(groups, return_inverse=True)
    sizes = np.bincount(of, minlength=len(firsts))
    where = np.full(len(firsts), NO_SPLIT)
    if before is not None:
        known = np.flatnonzero(before != NO_SPLIT)
        where = np.full(len(firsts), len(SPLIT_NAMES))
        np.minimum.at(where, of[known], before[known])
        where[where == len(SPLIT_NAMES)] = NO_SPLIT
    places = positions(names, wanted.seed)
    open_ = np.flatnonzero(where == NO_SPLIT)
    most = _largest_groups(wanted, len(groups))
    large = open_[sizes[open_] > max(most[1:])]
    where[large] = 0
    open_ = open_[sizes[open_] <= max(most[1:])]
    if len(large):
        wanted = replace(wanted, shares=_of_the_rest(wanted.shares, len(groups), int(sizes[open_].sum())))
    salted = wanted.counts is None and strata is None and _divided_before(places[open_], wanted)
    if salted:
        places = positions(
            names, wanted.seed, hashlib.blake2b("".join(sorted(names)).encode(), digest_size=8).hexdigest()
        )
    if wanted.counts is not None or strata is not None:
        _by_share(where, open_, sizes, places, _group_strata(of, strata, len(firsts)), wanted)
    else:
        where[open_] = np.searchsorted(np.cumsum(wanted.shares[:2]), places[open_], side="right")
        unfit = open_[sizes[open_] > np.array(most)[where[open_]]]
        where[unfit] = 0
        _fill(where, open_, sizes, places, wanted)
    found = where[of]
    moved = (
        np.flatnonzero((before != NO_SPLIT) & (before != found)) if before is not None else np.empty(0, dtype=np.int64)
    )
    return Assigned(found, moved, firsts[large if max(most[1:]) else large[:0]], salted)


def _of_the_rest(shares: tuple[float, float, float], total: int, rest: int) -> tuple[float, float, float]:
    """The shares for dividing the remaining examples, so that held-out splits get their share of all; the others go
    to train.
    """
    held = [share * total / max(1, rest) for share in shares[1:]]
    scale = min(1.0, 1 / (sum(held) or 1.0))
    validation, test = (share * scale for share in held)
    return (max(0.0, 1 - validation - test), validation, test)


def _divided_before(places: Floats, wanted: SplitTargets) -> bool:
    """Whether the positions of groups leave a split empty with a probability below `COINCIDENCE_PROBABILITY`."""
    shares = np.array(wanted.shares)
    here = np.bincount(np.searchsorted(np.cumsum(shares[:2]), places, side="right"), minlength=len(shares))
    return bool(((here == 0) & (shares > 0) & ((1 - shares) ** len(places) < COINCIDENCE_PROBABILITY)).any())


def _largest_groups(wanted: SplitTargets, total: int) -> tuple[float, ...]:
    """The size of the largest group that each split takes: a held-out split takes none larger than its wanted size."""
    if wanted.counts is not None:
        return (float(total), *map(float, wanted.counts))
    return (float(total), *(max(1.0, share * total) if share else 0.0 for share in wanted.shares[1:]))


def _group_strata(of: Numbers, strata: Numbers | None, count: int) -> Numbers:
    """The stratum of each group: that of most of its members, the smallest number among equals."""
    if strata is None:
        return np.zeros(count, dtype=np.int64)
    pairs, members = np.unique(np.stack([of, strata], axis=1), axis=0, return_counts=True)
    order = np.lexsort((pairs[:, 1], -members, pairs[:, 0]))
    kinds: Numbers = pairs[order, 1][np.flatnonzero(np.diff(pairs[order, 0], prepend=-1))]
    return kinds


def _by_share(
    where: Numbers, open_: Numbers, sizes: Numbers, places: Floats, kinds: Numbers, wanted: SplitTargets
) -> None:
    """Give each group, by stratum and then by hash, to the split that lacks most; no held-out split gets more than
    its count.
    """
    total = int(sizes.sum())
    targets = [share * total for share in wanted.shares]
    if wanted.counts is not None:
        targets = [float(total - sum(wanted.counts)), *map(float, wanted.counts)]
    caps = [total, *(wanted.counts or (total, total))]
    has = [int(sizes[where == split].sum()) for split in range(len(SPLIT_NAMES))]
    rates = [
        max(0.0, target - count) for target, count in zip(targets, has, strict=True)
    ]  # what the groups that are left have to bring
    rates = [rate / (sum(rates) or 1.0) for rate in rates]
    lacking = [0.0, 0.0, 0.0]
    for group in open_[np.lexsort((places[open_], kinds[open_]))].tolist():
        size = int(sizes[group])
        lacking = [lack + rate * size for lack, rate in zip(lacking, rates, strict=True)]
        fits = [split for split in range(len(SPLIT_NAMES)) if split == 0 or has[split] + size <= caps[split]]
        split = max(fits, key=lambda one: (lacking[one], -one))
        where[group] = split
        has[split] += size
        lacking[split] -= size
    if wanted.counts is not None:
        _top_up(where, open_, sizes, places, has, caps)


def _top_up(where: Numbers, open_: Numbers, sizes: Numbers, places: Floats, has: list[int], caps: list[int]) -> None:
    """Fill held-out splits up to their counts with groups of train that fit, in descending order of their hashes."""
    for split in (2, 1):
        for group in open_[np.argsort(-places[open_], kind="stable")].tolist():
            if has[split] == caps[split]:
                break
            if where[group] == 0 and has[split] + sizes[group] <= caps[split] and has[0] > sizes[group]:
                where[group] = split
                has[split] += int(sizes[group])
                has[0] -= int(sizes[group])


def _fill(where: Numbers, open_: Numbers, sizes: Numbers, places: Floats, wanted: SplitTargets) -> None:
    """If a split that should have examples is empty because there are few groups: give it the group of the fullest
    split with the nearest hash. Train comes first.
    """
    borders = np.concatenate([[0.0], np.cumsum(wanted.shares)])
    for split in (0, 2, 1):
        if not wanted.shares[split] or sizes[where == split].sum():
            continue
        counts = [int((where[open_] == other).sum()) for other in range(len(SPLIT_NAMES))]
        richest = max(range(len(SPLIT_NAMES)), key=lambda other: (counts[other], -other))
        if split == 2 and counts[richest] == 1 and counts[1]:
            richest = 1  # a test set comes before a validation set
        rest = open_[where[open_] == richest]
        if len(rest) < (1 if split == 0 or (split, richest) == (2, 1) else 2):
            continue
        rest = rest[sizes[rest] == sizes[rest].min()] if split else rest
        apart = np.maximum(np.maximum(borders[split] - places[rest], places[rest] - borders[split + 1]), 0.0)
        where[rest[np.lexsort((places[rest], apart))[0]]] = split
