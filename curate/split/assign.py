"""Which group goes to which split: by a hash of the seed and the group, so that nothing depends on the order of
examples.

Groups that have examples of an earlier split stay there. Where one has examples of several, all go to the first of
train, validation and test: what a model may have been trained on is never held out again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from curate.core.arrays import Floats, Numbers
from curate.core.lazy import np
from curate.split.names import NAMES

CHANCE: Final = 1e-4
"""Probability below which it is no chance that no group has its place in a split: the examples were divided with the
same seed before.
"""
NOWHERE: Final = -1
"""Stands for no split."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What each split shall have."""

    shares: tuple[float, float, float]
    """Shares of the examples, that add up to 1."""
    counts: tuple[int, int] | None = None
    """Examples of validation and test, in place of their shares."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Assigned:
    """The split of each example, by its position in `NAMES`."""

    of: Numbers
    moved: Numbers
    """Examples that were in another split before."""
    too_large: Numbers
    """Of each group that is in train because no held-out split can take it, the number of its first member."""
    salted: bool = False
    """Whether the hash of the seed and the group would have left a split empty, so that another one was taken."""


def positions(groups: Sequence[str], seed: int, salt: str = "") -> Floats:
    """Where each group stands between 0 and 1: by the hash of the seed and its name."""
    blake, salt = hashlib.blake2b, f"{seed}:{salt}"
    hashes = b"".join([blake((salt + group).encode(), digest_size=8).digest() for group in groups])
    return np.frombuffer(hashes, dtype=">u8").astype(np.float64) / 2.0**64


def assign(
    groups: Numbers,
    names: Sequence[str],
    wanted: Wanted,
    *,
    before: Numbers | None = None,
    strata: Numbers | None = None,
) -> Assigned:
    """Divide groups of examples.

    groups: of each example the number of its group; names: of each group, in the order of its number, a name that does
    not depend on the order of examples; before: of each example the split that it was in, or `NOWHERE`; strata: of each
    example a number, equal for those of one kind, of which each split shall have its share.
    """
    firsts, of = np.unique(groups, return_inverse=True)
    sizes = np.bincount(of, minlength=len(firsts))
    where = np.full(len(firsts), NOWHERE)
    if before is not None:
        known = np.flatnonzero(before != NOWHERE)
        where = np.full(len(firsts), len(NAMES))
        np.minimum.at(where, of[known], before[known])
        where[where == len(NAMES)] = NOWHERE
    places = positions(names, wanted.seed)
    open_ = np.flatnonzero(where == NOWHERE)
    most = _most(wanted, len(groups))
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
        _by_share(where, open_, sizes, places, _kinds(of, strata, len(firsts)), wanted)
    else:
        where[open_] = np.searchsorted(np.cumsum(wanted.shares[:2]), places[open_], side="right")
        unfit = open_[sizes[open_] > np.array(most)[where[open_]]]
        where[unfit] = 0
        _fill(where, open_, sizes, places, wanted)
    found = where[of]
    moved = (
        np.flatnonzero((before != NOWHERE) & (before != found)) if before is not None else np.empty(0, dtype=np.int64)
    )
    return Assigned(found, moved, firsts[large if max(most[1:]) else large[:0]], salted)


def _of_the_rest(shares: tuple[float, float, float], total: int, rest: int) -> tuple[float, float, float]:
    """The shares that a rest of the examples has to be divided by, so that held-out splits have theirs of all; the
    others are in train.
    """
    held = [share * total / max(1, rest) for share in shares[1:]]
    scale = min(1.0, 1 / (sum(held) or 1.0))
    validation, test = (share * scale for share in held)
    return (max(0.0, 1 - validation - test), validation, test)


def _divided_before(places: Floats, wanted: Wanted) -> bool:
    """Whether the places of groups leave a split empty as no chance does."""
    shares = np.array(wanted.shares)
    here = np.bincount(np.searchsorted(np.cumsum(shares[:2]), places, side="right"), minlength=len(shares))
    return bool(((here == 0) & (shares > 0) & ((1 - shares) ** len(places) < CHANCE)).any())


def _most(wanted: Wanted, total: int) -> tuple[float, ...]:
    """The largest group that each split takes: a held-out one none that is larger than all of it shall be."""
    if wanted.counts is not None:
        return (float(total), *map(float, wanted.counts))
    return (float(total), *(max(1.0, share * total) if share else 0.0 for share in wanted.shares[1:]))


def _kinds(of: Numbers, strata: Numbers | None, count: int) -> Numbers:
    """The stratum of each group: that of most of its members, of equally many the smallest."""
    if strata is None:
        return np.zeros(count, dtype=np.int64)
    pairs, members = np.unique(np.stack([of, strata], axis=1), axis=0, return_counts=True)
    order = np.lexsort((pairs[:, 1], -members, pairs[:, 0]))
    kinds: Numbers = pairs[order, 1][np.flatnonzero(np.diff(pairs[order, 0], prepend=-1))]
    return kinds


def _by_share(where: Numbers, open_: Numbers, sizes: Numbers, places: Floats, kinds: Numbers, wanted: Wanted) -> None:
    """Give each group, stratum by stratum and by its hash within, to the split that lacks most; no held-out split gets
    more than its count.
    """
    total = int(sizes.sum())
    targets = [share * total for share in wanted.shares]
    if wanted.counts is not None:
        targets = [float(total - sum(wanted.counts)), *map(float, wanted.counts)]
    caps = [total, *(wanted.counts or (total, total))]
    has = [int(sizes[where == split].sum()) for split in range(len(NAMES))]
    rates = [
        max(0.0, target - count) for target, count in zip(targets, has, strict=True)
    ]  # what the groups that are left have to bring
    rates = [rate / (sum(rates) or 1.0) for rate in rates]
    lacking = [0.0, 0.0, 0.0]
    for group in open_[np.lexsort((places[open_], kinds[open_]))].tolist():
        size = int(sizes[group])
        lacking = [lack + rate * size for lack, rate in zip(lacking, rates, strict=True)]
        fits = [split for split in range(len(NAMES)) if split == 0 or has[split] + size <= caps[split]]
        split = max(fits, key=lambda one: (lacking[one], -one))
        where[group] = split
        has[split] += size
        lacking[split] -= size
    if wanted.counts is not None:
        _top_up(where, open_, sizes, places, has, caps)


def _top_up(where: Numbers, open_: Numbers, sizes: Numbers, places: Floats, has: list[int], caps: list[int]) -> None:
    """Bring held-out splits to their counts with groups of train that fit, the last by their hash first."""
    for split in (2, 1):
        for group in open_[np.argsort(-places[open_], kind="stable")].tolist():
            if has[split] == caps[split]:
                break
            if where[group] == 0 and has[split] + sizes[group] <= caps[split] and has[0] > sizes[group]:
                where[group] = split
                has[split] += int(sizes[group])
                has[0] -= int(sizes[group])


def _fill(where: Numbers, open_: Numbers, sizes: Numbers, places: Floats, wanted: Wanted) -> None:
    """Where few groups left a split empty that shall have some: give it the group of the fullest split whose hash is
    nearest. Train comes first.
    """
    borders = np.concatenate([[0.0], np.cumsum(wanted.shares)])
    for split in (0, 2, 1):
        if not wanted.shares[split] or sizes[where == split].sum():
            continue
        counts = [int((where[open_] == other).sum()) for other in range(len(NAMES))]
        richest = max(range(len(NAMES)), key=lambda other: (counts[other], -other))
        if split == 2 and counts[richest] == 1 and counts[1]:
            richest = 1  # a test set comes before a validation set
        rest = open_[where[open_] == richest]
        if len(rest) < (1 if split == 0 or (split, richest) == (2, 1) else 2):
            continue
        rest = rest[sizes[rest] == sizes[rest].min()] if split else rest
        apart = np.maximum(np.maximum(borders[split] - places[rest], places[rest] - borders[split + 1]), 0.0)
        where[rest[np.lexsort((places[rest], apart))[0]]] = split
