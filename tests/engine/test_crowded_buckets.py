"""How many pairs of a crowded bucket are compared: about as many as it has members, not all."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow
COUNTING = """
import json, sys
import numpy as np
from curate.similarity import join, kernels
from curate.similarity.buckets import Bucketing, SetJoin, roots
from curate.similarity.shingles import ShingleSets

one_pair, pairs, compared = join.similarity, kernels.similarities, [0]
def counted(*arguments):
    compared[0] += 1
    return one_pair(*arguments)
def counted_pairs(hashes, offsets, left, *others):
    compared[0] += len(left)
    return pairs(hashes, offsets, left, *others)
join.similarity, kernels.similarities = counted, counted_pairs
for members in json.load(sys.stdin):
    compared[0] = 0
    offsets = np.cumsum([0, *map(len, members)])
    every, hashes = np.arange(len(members)), np.array([shingle for one in members for shingle in one], dtype=np.uint32)
    forest = SetJoin(ShingleSets(hashes, offsets), np.array([0.5, 0.8]), 1)
    forest.join_band(Bucketing(every, np.array([0, len(members)])))
    print(json.dumps([compared[0], len(set(roots(forest.parent).tolist()))]))
"""
"""Compares buckets without compiled code, in which calls cannot be counted."""
MEMBERS = 400
TEMPLATE = set(range(20))


def own(member: int, count: int) -> set[int]:
    """Shingles that no other member has."""
    return {1_000_000 + member * 100 + at for at in range(count)}


def test_a_crowded_bucket_takes_no_quadratic_number_of_comparisons() -> None:
    buckets = {
        "all share one shingle": ([{7} | own(at, 15) for at in range(MEMBERS)], MEMBERS),
        "all share a template": ([TEMPLATE | own(at, 20) for at in range(MEMBERS)], MEMBERS),
        "all share a template and are nearly alike": (
            [set(range(34)) | own(at, 6) for at in range(MEMBERS)],
            MEMBERS,
        ),
        "all are alike": ([TEMPLATE | own(at, 1) for at in range(MEMBERS)], 1),
        "two and two are alike": (
            [TEMPLATE | own(at // 2, 20) | own(MEMBERS + at, 1) for at in range(MEMBERS)],
            MEMBERS // 2,
        ),
    }
    done = subprocess.run(
        [sys.executable, "-c", COUNTING],
        input=json.dumps([[sorted(one) for one in members] for members, _ in buckets.values()]),
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=True,
    )
    for (name, (_, groups)), line in zip(buckets.items(), done.stdout.splitlines(), strict=True):
        compared, found = json.loads(line)
        assert found == groups, name
        assert compared <= 20 * MEMBERS, name  # all pairs would be ten times as many
