"""Choices are made by compiled code, from columns and for all groups at once: the same that are made example by example."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.config import DedupConfig
from curate.detect.cluster import Choice, Pair
from curate.detect.columns import Making
from curate.detect.keeper import length, ranking
from curate.detect.near import decided
from curate.detect.picked import Compared, Wanted, picked
from curate.detect.shingles import Shingling
from curate.detect.sift import originals
from curate.detect.table import Reader, Table, read_table
from curate.detect.verify import TOLD, grouped
from curate.worker_pool import WorkerPool
from tests.conftest import chat

DATA = Path("data.jsonl")
WORDS = ["alpha", "beta", "gamma", "delta", "épsilon", "zeta", "eta", "猫", "iota", "kappa", "\U0001f600", "mu"]
QUESTION = f"Which letters stand on the stone of {'Llan' * 80}?"  # long, and of few words
FORMS = [
    lambda answer: chat(QUESTION, answer),
    lambda answer: chat("So?", answer),
    lambda answer: {"instruction": QUESTION, "input": "", "output": answer},
    lambda answer: {"prompt": QUESTION, "chosen": answer, "rejected": "I do not know."},
]


def table_of(lines: list[object]) -> Table:
    DATA.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with WorkerPool(1, processes=False) as crew:
        return read_table([DATA], Making("conversation", Shingling()), crew)


@st.composite
def corpora(draw: st.DrawFn) -> list[object]:
    """Lines of which some are edits of others."""
    said = draw(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=14), min_size=1, max_size=4))
    for base, at, word in draw(st.lists(st.tuples(st.sampled_from(said), st.integers(0, 13), st.sampled_from(WORDS)), max_size=10)):
        said.append([*base[: at % len(base)], word, *base[at % len(base) + 1 :]])
    return [draw(st.sampled_from(FORMS))(" ".join(words)) for words in said]


Settled = tuple[list[Pair], list[Pair], list[float]]


def settled(choice: Choice) -> Settled:
    return sorted(choice.gone), sorted(choice.apart), sorted(choice.similarities)


def both_ways(lines: list[object], config: DedupConfig, pinned: frozenset[int], old: int, aside: frozenset[int]) -> tuple[Settled, Settled]:
    """What is decided from columns, and what is decided of the same groups example by example."""
    table = table_of(lines)
    distinct = np.flatnonzero(originals(table) == np.arange(len(table.lines)))
    sets, ids = table.sets.chosen(distinct), [table.id(at) for at in range(len(table.lines))]
    aside = frozenset(at for at in aside if at < len(distinct))
    kept = frozenset(ids[at] for at in pinned if at < len(ids))
    findings = {example: (at % 2, at % 3, 0) for at, example in enumerate(sorted(set(ids))) if at % 4} if config.keep == "best" else None
    groups = grouped(sets, config.threshold, 1).members
    with WorkerPool(1, processes=False) as crew:
        made, rest = picked(table, Compared(sets, distinct), groups, Wanted(config, kept, findings, old, aside), crew)
    assert not rest
    reader, whole = Reader(), Choice()
    positions: list[int] = distinct.tolist()
    for choice in decided(
        sets,
        [group.tolist() for group in groups],
        lambda members: [reader.example(table.spot(int(table.lines[positions[at]]))) for at in members],
        config,
        kept,
        ranking(config.keep, findings),
        old,
        position=positions.__getitem__,
        aside=aside,
    ):
        whole.gone.extend(pair._replace(left=positions[pair.left], right=positions[pair.right]) for pair in choice.gone)
        whole.apart.extend(pair._replace(left=positions[pair.left], right=positions[pair.right]) for pair in choice.apart)
        whole.similarities.extend(choice.similarities)
    return settled(made), settled(whole)


few = st.frozensets(st.integers(0, 13), max_size=3)


@given(corpora(), st.sampled_from(["best", "longest", "first", "last", "manual"]), st.sampled_from([0.4, 0.6, 0.8]), few, st.integers(0, 6), few, st.booleans())
def test_it_decides_as_it_is_decided_example_by_example(
    lines: list[object], keep: str, threshold: float, pinned: frozenset[int], old: int, aside: frozenset[int], ignored: bool
) -> None:
    made, expected = both_ways(lines, DedupConfig(threshold=threshold, keep=keep, ignore_facts=ignored), pinned, old, aside)
    assert made == expected


@pytest.mark.parametrize("ahead", [1, 7, 5000])
def test_it_does_not_matter_how_far_ahead_is_asked(ahead: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curate.detect.picked.AHEAD", ahead)
    said = [" ".join([*WORDS, *WORDS[: n % 5], *(["not"] * (n % 3 == 0)), str(n // 4)]) for n in range(60)]
    made, expected = both_ways([chat(QUESTION, text) for text in said], DedupConfig(threshold=0.5), frozenset(), 0, frozenset())
    assert made == expected
    assert made[0]
    assert made[1]


def test_where_many_are_alike_of_each_the_most_similar_ones_are_told() -> None:
    lines: list[object] = [chat(QUESTION, " ".join([*WORDS, str(n), *WORDS[: n % 12]])) for n in range(70)]
    made, expected = both_ways(lines, DedupConfig(ignore_facts=True), frozenset(range(70)), 0, frozenset())
    assert made == expected
    assert 50 * TOLD < len(made[2]) < 70 * TOLD


@given(corpora())
def test_the_length_of_an_example_is_the_one_that_it_is_ranked_by(lines: list[object]) -> None:
    table, reader = table_of(lines), Reader()
    assert table.lengths.tolist() == [length(reader.example(table.spot(int(line)))) for line in table.lines]
