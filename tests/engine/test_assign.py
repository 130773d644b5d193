"""Who goes to which split: whole groups, in any order of examples, near to what was wanted; and old groups stay where
they are.
"""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.project.manifest import SPLIT_NAMES
from curate.split.assign import NO_SPLIT, SplitTargets, assign
from curate.split.groups import Link, Pairs, SplitGroups, group

COUNT = 40
links = st.lists(st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)), max_size=50)
shares = st.tuples(st.integers(1, 9), st.integers(0, 5), st.integers(0, 5)).map(
    lambda parts: tuple(part / sum(parts) for part in parts)
)
wanted_splits = st.builds(
    SplitTargets, shares, st.none() | st.tuples(st.integers(0, 15), st.integers(0, 15)), st.integers(0, 99)
)
strata = st.none() | st.lists(st.integers(0, 3), min_size=COUNT, max_size=COUNT)
orders = st.randoms(use_true_random=False)


def ids(count: int) -> np.ndarray:
    """Ids of examples: two numbers each, all different."""
    return np.array([[number * 7919 % 10007, number] for number in range(count)], dtype=np.uint64)


def grouped(count: int, pairs: list[tuple[int, int]]) -> SplitGroups:
    left, right = (np.array([pair[at] for pair in pairs], dtype=np.int64) for at in (0, 1))
    return group(count, [Pairs(Link.NEAR, left, right)])


def divided(
    pairs: list[tuple[int, int]],
    wanted: SplitTargets,
    kinds: list[int] | None = None,
    before: list[int] | None = None,
    order: list[int] | None = None,
) -> list[int]:
    """The split of each example, whatever the order that they are taken in."""
    order = order or list(range(COUNT))
    at = {example: position for position, example in enumerate(order)}
    groups = grouped(len(order), [(at[a], at[b]) for a, b in pairs])
    some = np.array([kinds[example] for example in order]) if kinds else None
    known = np.array([before[example] for example in order]) if before else None
    found = assign(groups.of, groups.names(ids(COUNT)[order]), wanted, before=known, strata=some).of
    return [int(found[at[example]]) for example in range(len(order))]


@pytest.mark.slow
@given(pairs=links, wanted=wanted_splits, kinds=strata)
def test_no_group_spans_splits_and_every_example_is_in_one(
    pairs: list[tuple[int, int]], wanted: SplitTargets, kinds: list[int] | None
) -> None:
    found = divided(pairs, wanted, kinds)
    assert all(found[a] == found[b] for a, b in pairs)
    assert set(found) <= {0, 1, 2}
    if wanted.counts is not None:
        assert all(found.count(split) <= most for split, most in zip((1, 2), wanted.counts, strict=True))
    elif kinds is None:
        assert not any(found.count(split) for split in (1, 2) if not wanted.shares[split])


@given(pairs=links, wanted=wanted_splits, kinds=strata, rng=orders)
def test_the_order_of_examples_and_links_does_not_matter(
    pairs: list[tuple[int, int]], wanted: SplitTargets, kinds: list[int] | None, rng: random.Random
) -> None:
    first = divided(pairs, wanted, kinds)
    order = list(range(COUNT))
    rng.shuffle(order)
    assert first == divided([(b, a) for a, b in reversed(pairs)], wanted, kinds, order=order)


@given(old=links, new=links, wanted=wanted_splits, kinds=strata, known=st.integers(1, COUNT))
def test_growth_keeps_old_groups_in_place_and_what_was_trained_on_is_never_held_out(
    old: list[tuple[int, int]], new: list[tuple[int, int]], wanted: SplitTargets, kinds: list[int] | None, known: int
) -> None:
    inside = [(a, b) for a, b in old if a < known and b < known]
    first = assign(
        (groups := grouped(known, inside)).of,
        groups.names(ids(known)),
        wanted,
        strata=np.array(kinds[:known]) if kinds else None,
    ).of.tolist()
    before = [*first, *[NO_SPLIT] * (COUNT - known)]
    found = divided([*inside, *old, *new], wanted, kinds, before)
    merged = grouped(COUNT, [*inside, *old, *new]).of.tolist()
    for example in range(known):
        together = {first[other] for other in range(known) if merged[other] == merged[example]}
        assert found[example] == min(
            together
        )  # alone with its kind it stays; merged with what was trained on, it is trained on
        assert found[example] <= first[example]


def test_fractions_are_met_by_many_groups() -> None:
    groups = grouped(5000, [])
    found = assign(groups.of, groups.names(ids(5000)), SplitTargets((0.8, 0.1, 0.1))).of.tolist()
    assert 0.78 < found.count(0) / 5000 < 0.82
    assert 0.08 < found.count(2) / 5000 < 0.12


def test_counts_are_met_exactly_where_single_examples_are_at_hand() -> None:
    groups = grouped(300, [(n, n + 1) for n in range(0, 200, 2)])
    found = assign(groups.of, groups.names(ids(300)), SplitTargets((0.8, 0.1, 0.1), (17, 51))).of.tolist()
    assert [found.count(split) for split in range(3)] == [232, 17, 51]


@given(sizes=st.lists(st.integers(20, 200), min_size=1, max_size=6), seed=st.integers(0, 20))
def test_each_stratum_has_its_share_in_each_split(sizes: list[int], seed: int) -> None:
    kinds = np.repeat(np.arange(len(sizes)), sizes)
    groups = grouped(len(kinds), [])
    found = assign(groups.of, groups.names(ids(len(kinds))), SplitTargets((0.8, 0.1, 0.1), None, seed), strata=kinds).of
    for kind, size in enumerate(sizes):
        for split, share in enumerate((0.8, 0.1, 0.1)):
            assert abs(int((found[kinds == kind] == split).sum()) - share * size) <= 2


def test_a_group_that_no_held_out_split_can_take_is_trained_on() -> None:
    groups = grouped(40, [(n, n + 1) for n in range(20)])
    for seed in range(30):
        result = assign(groups.of, groups.names(ids(40)), SplitTargets((0.8, 0.1, 0.1), None, seed))
        assert (result.of[:21].tolist(), result.too_large.tolist()) == ([0] * 21, [0])


def test_a_group_that_one_held_out_split_can_take_may_be_there() -> None:
    groups = grouped(40, [(0, 1), (1, 2)])
    targets = [SplitTargets((0.5, 0.05, 0.45), None, seed) for seed in range(30)]
    results = [assign(groups.of, groups.names(ids(40)), target) for target in targets]
    assert {(int(result.of[0]), len(result.too_large)) for result in results} == {(0, 0), (2, 0)}


@given(count=st.integers(1, 12), seed=st.integers(0, 200))
def test_few_groups_fill_as_many_splits_as_they_can_train_first_and_then_test(count: int, seed: int) -> None:
    groups = grouped(count, [])
    found = assign(groups.of, groups.names(ids(count)), SplitTargets((0.8, 0.1, 0.1), None, seed)).of.tolist()
    wanted = [set(), {"train"}, {"train", "test"}, set(SPLIT_NAMES)][min(count, 3)]
    assert {SPLIT_NAMES[split] for split in found} == wanted
