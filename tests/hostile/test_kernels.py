"""No threshold, from an option, a configuration or a manifest, makes a kernel read or write beyond its arrays."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.parallel.worker_pool import WorkerPool
from curate.similarity.cross_split_jaccard_join import nearest_across_splits
from curate.similarity.shingles import ShingleSets
from tests.conftest import Write
from tests.forks import Forks

threads = partial(WorkerPool, processes=False)


TINY_THRESHOLDS = (1e-320, 1e-12, 1e-9, 1e-7, 1e-6, 0.01)


def sets_of(members: list[frozenset[int]]) -> ShingleSets:
    """Sets of numbers as sets of shingles."""
    offsets = np.cumsum([0, *map(len, members)], dtype=np.int64)
    return ShingleSets(np.array([value for member in members for value in sorted(member)], dtype=np.uint32), offsets)


@pytest.mark.slow
@pytest.mark.parametrize("threshold", TINY_THRESHOLDS)
@given(family=st.lists(st.tuples(st.frozensets(st.integers(0, 40), max_size=12), st.integers(0, 2)), max_size=12))
def test_a_tiny_threshold_finds_what_shares_a_shingle(
    threshold: float, family: list[tuple[frozenset[int], int]]
) -> None:
    members, parts = [member for member, _ in family], [part for _, part in family]
    found = nearest_across_splits(sets_of(members), np.array(parts, dtype=np.int8), threshold, threads(2))
    for at, member in enumerate(members):
        rivals = [other for other, part in zip(members, parts, strict=True) if part < parts[at] and member and other]
        best = max((len(member & other) / len(member | other) for other in rivals), default=0.0)
        assert found.similarity[at] == (best if best >= threshold else 0.0)


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.5, float("nan")])
def test_the_kernel_refuses_what_is_no_similarity(threshold: float) -> None:
    with pytest.raises(ValueError, match="not in"):
        nearest_across_splits(
            sets_of([frozenset({1}), frozenset({2})]),
            np.array([0, 1], dtype=np.int8),
            threshold,
            threads(1),
        )


@pytest.mark.parametrize("verb", ["split", "dedup"])
@pytest.mark.parametrize("threshold", ["0", "-0.1", "1.01", "nan"])
def test_a_threshold_out_of_range_is_a_mistake(
    verb: str, threshold: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write("data.jsonl", [(f"Question {n}?", f"Answer {n}.") for n in range(9)])
    assert main([verb, str(data), "-o", "out", "--threshold", threshold]) == 2
    assert "threshold" in capsys.readouterr().err
    assert not Path("out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("threshold", ["1e-9", "0.01"])
def test_a_tiny_threshold_splits(threshold: str, write: Write, forks: Forks) -> None:
    words = [f"w{n}" for n in range(3000)]
    lines: list[object] = [
        (" ".join(words[n * 9 : n * 9 + 9]), " ".join(words[n * 9 + 4 : n * 9 + 9])) for n in range(300)
    ]
    write("data.jsonl", lines)
    ended = forks.run("split", "data.jsonl", "-o", "out", "--threshold", threshold)
    assert ended.returncode in (0, 1), ended.stderr
    assert forks.run("verify", "out").returncode in (0, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("dedup", "threshold", 0),
        ("dedup", "threshold", -1),
        ("dedup", "threshold", 7),
        ("dedup", "threshold", "x"),
        ("split", "semantic_similarity", 0),
        ("split", "group_by", 5),
        ("dedup", None, None),
        ("split", None, []),
    ],
)
def test_a_manifest_is_held_to_the_same_ranges(
    section: str, key: str | None, value: object, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [(f"What is {n} and {n + 1}?", f"It is {2 * n + 1}, a sum.") for n in range(40)])
    assert main(["split", "data.jsonl", "-o", "out"]) in (0, 1)
    path = Path("out/manifest.json")
    manifest = json.loads(path.read_bytes())
    if key is None:
        manifest["config"][section] = value
    else:
        manifest["config"][section][key] = value
    path.write_text(json.dumps(manifest))
    capsys.readouterr()
    for words in (["verify", "out"], ["diff", "out", "out"], ["restore", "out", "--all"]):
        assert main(words) == 2, words
        assert ".".join(filter(None, (section, key))) in capsys.readouterr().err
