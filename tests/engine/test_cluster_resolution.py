"""Choices are made by compiled code, from columns and for all groups at once: the same that are made example by
example.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.core.config import DedupConfig
from curate.core.example import Example
from curate.corpus.corpus import LineReader, Table
from curate.corpus.features import feature_spec_for, length
from curate.corpus.loading import read_table
from curate.dedup import cluster_resolution, cluster_resolution_kernel
from curate.dedup.cluster_resolution import (
    NO_FINDINGS,
    ComparedFeatures,
    DuplicatePair,
    FindingCounts,
    Resolution,
    ResolutionPolicy,
    resolve_clusters,
    resolve_ranked,
)
from curate.dedup.cluster_resolution_kernel import COMPARED, REMOVABLE, REPLACING
from curate.dedup.near_duplicates import first_copies
from curate.parallel.worker_pool import WorkerPool
from curate.similarity.shingles import ShingleSets
from curate.similarity.similarity_index import MAX_COMPARED, MIN_REPORTED, grouped
from curate.storage.disk_arrays import joined
from tests.conftest import chat
from tests.reference_choice import choose, ranking, similarity_in
from tests.reference_facts import same_facts

DATA = Path("data.jsonl")
WORDS = ["alpha", "beta", "gamma", "delta", "épsilon", "zeta", "eta", "猫", "iota", "kappa", "\U0001f600", "mu"]
QUESTION = f"Which letters stand on the stone of {'Llan' * 80}?"  # long, and of few words
FORMS = [
    lambda answer: chat(QUESTION, answer),
    lambda answer: chat("So?", answer),
    lambda answer: {"instruction": QUESTION, "input": "", "output": answer},
    lambda answer: {"prompt": QUESTION, "chosen": answer, "rejected": "I do not know."},
]
OTHER = [{}, {}, {"score": 1}, {"score": "2"}, {"date": "2024-05-01"}, {"date": 3}]


def table_of(lines: list[object], keep: str = "longest") -> Table:
    DATA.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with WorkerPool(1, processes=False) as pool:
        return read_table([DATA], feature_spec_for(DedupConfig(keep=keep)), pool)


@st.composite
def corpora(draw: st.DrawFn) -> list[object]:
    """Lines of which some are edits of others."""
    said = draw(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=14), min_size=1, max_size=4))
    for base, at, word in draw(
        st.lists(st.tuples(st.sampled_from(said), st.integers(0, 13), st.sampled_from(WORDS)), max_size=10)
    ):
        said.append([*base[: at % len(base)], word, *base[at % len(base) + 1 :]])
    return [{**draw(st.sampled_from(FORMS))(" ".join(words)), **draw(st.sampled_from(OTHER))} for words in said]


Settled = tuple[list[DuplicatePair], list[DuplicatePair], list[float]]


def settled(choice: Resolution) -> Settled:
    return sorted(choice.gone), sorted(choice.apart), sorted(choice.similarities)


def both_ways(
    lines: list[object], config: DedupConfig, pinned: frozenset[int], old: int, aside: frozenset[int]
) -> tuple[Settled, Settled]:
    """What is decided from columns, and what is decided of the same groups example by example."""
    table = table_of(lines, config.keep)
    distinct = np.flatnonzero(first_copies(table) == np.arange(len(table.lines)))
    sets, ids = table.sets.chosen(distinct), [table.id(at) for at in range(len(table.lines))]
    aside = frozenset(at for at in aside if at < len(distinct))
    kept = frozenset(ids[at] for at in pinned if at < len(ids))
    findings = {
        example: FindingCounts(int(at % 5 == 1), at % 2, at % 3, 0)
        for at, example in enumerate(sorted(set(ids)))
        if at % 4
    }
    groups = grouped(sets, config.threshold, WorkerPool(1, processes=False)).members
    with WorkerPool(1, processes=False) as pool:
        made = resolve_clusters(
            table, ComparedFeatures(sets, distinct), groups, ResolutionPolicy(config, kept, findings, old, aside), pool
        )
    reader, whole, ranks = (
        LineReader(),
        Resolution(),
        ranking(config.keep, {one: counts[1:] for one, counts in findings.items()}),
    )
    positions: list[int] = distinct.tolist()
    for members in map(list[int], groups):
        new = {at for at in members if positions[at] >= old} if old else set()
        if old and not 0 < len(new) < len(members):
            continue
        known = {at: reader.example(table.line_ref(int(table.lines[positions[at]]))) for at in members}
        bound = {at for at, example in known.items() if example.id in kept or at in aside}
        invalid = {at for at, example in known.items() if findings.get(example.id, NO_FINDINGS).rejected}
        rank = {
            at: (at in new, at in invalid, at not in bound, *ranks(positions[at], example))
            for at, example in known.items()
        }

        def same(left: int, right: int, known: dict[int, Example] = known) -> bool:
            return config.ignore_facts or same_facts(known[left], known[right], config.on)

        past = set(members) - new if old else set()
        order = sorted(members, key=rank.__getitem__)
        floor = min(MIN_REPORTED, config.threshold)
        choice = choose(order, similarity_in(sets), same, floor, config.threshold, bound, new | aside, past)
        whole.gone.extend(pair._replace(left=positions[pair.left], right=positions[pair.right]) for pair in choice.gone)
        whole.apart.extend(
            pair._replace(left=positions[pair.left], right=positions[pair.right]) for pair in choice.apart
        )
        whole.similarities.extend(choice.similarities)
    return settled(made), settled(whole)


KEEP_POLICIES = [
    "best",
    "longest",
    "first",
    "last",
    "manual",
    "most-turns",
    "newest:date",
    "highest:score",
    "lowest:score",
]
small_sets = st.frozensets(st.integers(0, 13), max_size=3)


@pytest.mark.slow
@given(
    corpora(),
    st.sampled_from(KEEP_POLICIES),
    st.sampled_from([0.4, 0.6, 0.8]),
    small_sets,
    st.integers(0, 6),
    small_sets,
    st.booleans(),
)
def test_it_decides_as_it_is_decided_example_by_example(
    lines: list[object],
    keep: str,
    threshold: float,
    pinned: frozenset[int],
    old: int,
    aside: frozenset[int],
    ignored: bool,
) -> None:
    made, expected = both_ways(
        lines, DedupConfig(threshold=threshold, keep=keep, ignore_facts=ignored), pinned, old, aside
    )
    assert made == expected


@pytest.mark.parametrize("ahead", [1, 7, 5000])
def test_it_does_not_matter_how_far_ahead_is_asked(ahead: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_resolution, "FACT_BATCH", ahead)
    said = [" ".join([*WORDS, *WORDS[: n % 5], *(["not"] * (n % 3 == 0)), str(n // 4)]) for n in range(60)]
    made, expected = both_ways(
        [chat(QUESTION, text) for text in said], DedupConfig(threshold=0.5), frozenset(), 0, frozenset()
    )
    assert made == expected
    assert made[0]
    assert made[1]


def test_where_many_are_alike_of_each_the_most_similar_ones_are_told() -> None:
    lines: list[object] = [chat(QUESTION, " ".join([*WORDS, str(n), *WORDS[: n % 12]])) for n in range(70)]
    made, expected = both_ways(lines, DedupConfig(ignore_facts=True), frozenset(range(70)), 0, frozenset())
    assert made == expected
    assert 50 * MAX_COMPARED < len(made[2]) < 70 * MAX_COMPARED


@given(corpora())
def test_the_length_of_an_example_is_the_one_that_it_is_ranked_by(lines: list[object]) -> None:
    table, reader = table_of(lines), LineReader()
    assert table.lengths.tolist() == [length(reader.example(table.line_ref(int(line)))) for line in table.lines]


@given(
    st.lists(st.frozensets(st.integers(0, 40), min_size=5, max_size=5), min_size=2, max_size=60, unique=True),
    st.integers(1, 20),
)
def test_a_crowd_tells_all_that_share_something_rare(members: list[frozenset[int]], crowd: int) -> None:
    """From `CROWD` on only what shares a shingle that few have, and the first ones, are compared: nothing that is more
    alike than all are is missed.
    """
    sets = joined(
        ShingleSets,
        [
            ShingleSets(np.array(sorted({*member, *range(100, 130)}), dtype=np.uint32), np.array([0, 35]))
            for member in members
        ],
    )
    order, sizes, kinds = (
        np.arange(len(members)),
        np.array([len(members)]),
        np.full(len(members), REMOVABLE | REPLACING | COMPARED, dtype=np.uint8),
    )
    base, found = 30 / (2 * 35 - 30), []
    for size in (10**9, crowd):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cluster_resolution, "LARGE_GROUP", size)
            choice = resolve_ranked(sets, order, sizes, kinds, base + 0.01, lambda pairs: pairs.sum(axis=1) % 3 > 0)
        found.append((choice.gone, choice.apart, sorted(one for one in choice.similarities if one > base)))
    assert found[0] == found[1]


def test_a_group_is_chosen_from_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled code returns from time to time, so that it can be interrupted, and goes on where it was."""
    members = [sorted({n % 7, n % 11, n % 13, *range(20, 24)}) for n in range(300)]
    sets = joined(
        ShingleSets, [ShingleSets(np.array(member, dtype=np.uint32), np.array([0, len(member)])) for member in members]
    )
    order, sizes, kinds = (
        np.arange(300),
        np.array([200, 100]),
        np.full(300, REMOVABLE | REPLACING | COMPARED, dtype=np.uint8),
    )
    whole = resolve_ranked(sets, order, sizes, kinds, 0.9, None)
    monkeypatch.setattr(cluster_resolution, "CALL_WORK", 50)
    calls, kernel = [0], cluster_resolution_kernel.resolve

    def counted(*given: Any) -> Any:
        calls[0] += 1
        return kernel(*given)

    monkeypatch.setattr(cluster_resolution_kernel, "resolve", counted)
    assert settled(resolve_ranked(sets, order, sizes, kinds, 0.9, None)) == settled(whole)
    assert calls[0] > 10
