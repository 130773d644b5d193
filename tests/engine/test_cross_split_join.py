"""Sets of one part that are like sets of another: all of them are found, as by comparing each with each."""

from functools import cache, partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.parallel.worker_pool import WorkerPool
from curate.similarity import cross_split_jaccard_join
from curate.similarity.cross_split_jaccard_join import nearest_across_splits
from curate.similarity.shingles import ShingleSets

families = st.lists(st.tuples(st.frozensets(st.integers(0, 60), max_size=40), st.integers(0, 2)), max_size=25)
threads = partial(WorkerPool, processes=False)


SPREAD = np.random.default_rng(1).integers(0, 1 << 32, 61, dtype=np.uint64)


def sets_of(members: list[frozenset[int]]) -> ShingleSets:
    rows = [np.sort(SPREAD[sorted(member)]).astype(np.uint32) for member in members]
    return ShingleSets(np.concatenate([np.empty(0, dtype=np.uint32), *rows]), np.cumsum([0, *map(len, rows)]))


def brute(
    members: list[frozenset[int]], parts: list[int], threshold: float, chosen: frozenset[int] | None = None
) -> list[tuple[int, float]]:
    """Of each set the most similar one of a smaller part, the first of equals; -1 for none. With `chosen`, one of both
    is among these.
    """
    found = []
    for number, (member, part) in enumerate(zip(members, parts, strict=True)):
        best = (-1, 0.0)
        for other, (rival, before) in enumerate(zip(members, parts, strict=True)):
            if before < part and member and rival and (chosen is None or chosen & {number, other}):
                similarity = len(member & rival) / len(member | rival)
                if similarity >= threshold and similarity > best[1]:
                    best = (other, similarity)
        found.append(best)
    return found


@pytest.mark.parametrize("threshold", [0.5, 0.8, 1.0])
@given(family=families)
def test_all_pairs_are_found(threshold: float, family: list[tuple[frozenset[int], int]]) -> None:
    members, parts = [member for member, _ in family], [part for _, part in family]
    near = nearest_across_splits(sets_of(members), np.array(parts, dtype=np.int8), threshold, threads(2))
    assert brute(members, parts, threshold) == list(zip(near.other.tolist(), near.similarity.tolist(), strict=True))


@given(family=families, chosen=st.frozensets(st.integers(0, 24)))
def test_all_pairs_of_chosen_sets_are_found(family: list[tuple[frozenset[int], int]], chosen: frozenset[int]) -> None:
    members, parts = [member for member, _ in family], [part for _, part in family]
    numbers = np.array(sorted(number for number in chosen if number < len(members) and members[number]), dtype=np.int64)
    near = nearest_across_splits(sets_of(members), np.array(parts, dtype=np.int8), 0.5, threads(2), numbers)
    assert brute(members, parts, 0.5, chosen) == list(zip(near.other.tolist(), near.similarity.tolist(), strict=True))


@pytest.mark.parametrize("share", [1, 3], ids=["all", "a third"])
def test_many_sets_in_stretches_and_blocks_are_found_as_in_one(share: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    base = [frozenset(rng.integers(0, 61, 30).tolist()) for _ in range(60)]
    members = [member ^ {int(rng.integers(0, 61))} for member in base for _ in range(4)]
    parts = rng.integers(0, 3, len(members)).tolist()
    chosen = None if share == 1 else np.arange(0, len(members), share)
    expected = brute(members, parts, 0.8, None if chosen is None else frozenset(chosen.tolist()))
    assert sum(other >= 0 for other, _ in expected) > 80
    monkeypatch.setattr(cross_split_jaccard_join, "CHUNK_SETS", 7)
    monkeypatch.setattr(cross_split_jaccard_join, "MIN_SETS_PER_LOOKUP", 11)
    monkeypatch.setattr(cross_split_jaccard_join, "MAX_INDEXED_SHINGLES", 500)
    near = nearest_across_splits(sets_of(members), np.array(parts, dtype=np.int8), 0.8, threads(2), chosen)
    assert expected == list(zip(near.other.tolist(), near.similarity.tolist(), strict=True))


@cache
def crowded(threshold: float) -> tuple[list[frozenset[int]], list[int], list[tuple[int, float]]]:
    """Sets with shingles that hundreds of them have, their parts, and for each the most similar one."""
    rng = np.random.default_rng(7)
    base = [frozenset(rng.integers(0, 30, int(rng.integers(4, 40))).tolist()) for _ in range(260)]
    members = [member ^ frozenset(rng.integers(0, 61, int(rng.integers(0, 4))).tolist()) for member in base * 2]
    parts = rng.integers(0, 3, len(members)).tolist()
    return members, parts, brute(members, parts, threshold)


@pytest.mark.slow
@pytest.mark.parametrize("crowd", [0, 1 << 40], ids=["by shingles or groups", "by groups"])
@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8])
def test_pairs_of_shingles_that_hundreds_of_sets_have_are_found(
    threshold: float, crowd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cross_split_jaccard_join, "MAX_RECURRENCE", crowd)
    members, parts, expected = crowded(threshold)
    assert sum(other >= 0 for other, _ in expected) > 100
    near = nearest_across_splits(sets_of(members), np.array(parts, dtype=np.int8), threshold, threads(2))
    assert expected == list(zip(near.other.tolist(), near.similarity.tolist(), strict=True))
