"""The benchmark of data tools in `bench/`: its cases, the similarity it defines, and its scorer."""

from collections import defaultdict
from typing import Final

import pytest

from bench.score import outcomes, rate, youden
from bench.sets import NEAR_THRESHOLD, jaccard, read_cases, task_files

FIRST_FILE: Final = task_files(0)[0]


def test_each_kind_has_faults_and_clean_counterparts() -> None:
    leaks: dict[str, set[bool]] = defaultdict(set)
    for case in read_cases("leaks"):
        leaks[case["kind"]].add(case["leak"])
    faults = read_cases("faults")
    assert len({case["kind"] for case in faults}) >= 60
    assert all(case["fault"] != case["clean"] for case in faults)
    assert len(leaks) == 12
    assert all(sides == {True, False} for sides in leaks.values())
    assert {case["label"] for case in read_cases("contradictions")} == {"contradiction", "agreement", "near miss"}


def test_a_seed_makes_the_same_files_and_another_seed_makes_others() -> None:
    assert task_files(7) == task_files(7)
    assert all(first.files != second.files for first, second in zip(task_files(7), task_files(8), strict=True))


def test_similarity_is_the_share_of_common_shingles() -> None:
    assert jaccard("a b c d", "A b, c d") == 1.0
    assert jaccard("a b c d", "a b c e") == pytest.approx(1 / 3)
    assert jaccard("a b", "a b") == 0.0
    near = next(file for file in task_files(0) if file.task == "near-duplicates")
    assert {item.positive for item in near.items} == {True, False}
    assert NEAR_THRESHOLD == 0.8


def test_a_tool_that_flags_the_faults_and_one_clean_line_scores_that() -> None:
    faults = {item.lines[0] for item in FIRST_FILE.items if item.positive}
    clean = [item.lines[0] for item in FIRST_FILE.items if not item.positive]
    scored = outcomes("public", FIRST_FILE.items, faults | {clean[0]})
    hits, false_alarms = rate(scored, positive=True), rate(scored, positive=False)
    assert hits is not None
    assert false_alarms is not None
    assert (hits.percent, hits.low, hits.high) == (100.0, 100.0, 100.0)
    assert false_alarms.percent == pytest.approx(100 / len(clean))
    assert false_alarms.low <= false_alarms.percent <= false_alarms.high
    assert youden(scored) == pytest.approx(100 - 100 / len(clean))
    assert youden(outcomes("public", FIRST_FILE.items, set())) == 0.0
