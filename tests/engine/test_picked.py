"""Where facts are ignored the choice is made by compiled code, from columns: the same choice that is made example by example."""

import json
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curate.config import DedupConfig
from curate.detect.cluster import Choice
from curate.detect.columns import Making
from curate.detect.crew import Crew
from curate.detect.keeper import length, ranking
from curate.detect.near import decided
from curate.detect.picked import Compared, Wanted, picked
from curate.detect.shingles import Shingling
from curate.detect.sift import originals
from curate.detect.table import Reader, Table, read_table
from curate.detect.verify import grouped
from tests.conftest import chat

DATA = Path("data.jsonl")
WORDS = ["alpha", "beta", "gamma", "delta", "épsilon", "zeta", "eta", "猫", "iota", "kappa", "\U0001f600", "mu"]
QUESTION = "Which letters stand on the old stone beside the gate of the town, and in what order do they stand there, if anybody knows it still?"
FORMS = [
    lambda answer: chat(QUESTION, answer),
    lambda answer: chat("So?", answer),  # short: what it is like is told from its words
    lambda answer: {"instruction": QUESTION, "input": "", "output": answer},
    lambda answer: {"prompt": QUESTION, "chosen": answer, "rejected": "I do not know."},
]


def table_of(lines: list[object]) -> Table:
    DATA.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with Crew(1, processes=False) as crew:
        return read_table([DATA], Making("conversation", Shingling()), crew)


@st.composite
def corpora(draw: st.DrawFn) -> list[object]:
    """Lines of which some are edits of others."""
    said = draw(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=14), min_size=1, max_size=4))
    for base, at, word in draw(st.lists(st.tuples(st.sampled_from(said), st.integers(0, 13), st.sampled_from(WORDS)), max_size=10)):
        said.append([*base[: at % len(base)], word, *base[at % len(base) + 1 :]])
    return [draw(st.sampled_from(FORMS))(" ".join(words)) for words in said]


def settled(choice: Choice) -> tuple[object, ...]:
    return sorted(choice.gone), sorted(choice.apart), sorted(choice.similarities)


@given(
    corpora(),
    st.sampled_from(["longest", "first", "last", "manual"]),
    st.sampled_from([0.4, 0.6, 0.8]),
    st.integers(0, 6),
    st.sets(st.integers(0, 9)),
    st.data(),
)
def test_it_decides_as_it_is_decided_example_by_example(
    lines: list[object], keep: str, threshold: float, old: int, some: set[int], data: st.DataObject
) -> None:
    table = table_of(lines)
    distinct = np.flatnonzero(originals(table) == np.arange(len(table.lines)))
    sets, spelled, ids = table.sets.chosen(distinct), table.brief.chosen(distinct).keys(), [table.id(at) for at in range(len(table.lines))]
    config, aside = DedupConfig(threshold=threshold, keep=keep, ignore_facts=True), frozenset(at for at in some if at < len(distinct))
    pinned = frozenset(data.draw(st.sets(st.sampled_from(ids), max_size=2)))
    groups = grouped(sets, threshold, 1, spelled).members
    made, rest = picked(table, Compared(sets, spelled, distinct), groups, Wanted(config, pinned, None, old, aside))
    assert all(np.count_nonzero(spelled[group]) > 1 for group in rest)
    left, reader, whole = {group.tobytes() for group in rest}, Reader(), Choice()
    positions: list[int] = distinct.tolist()
    for choice in decided(
        sets,
        spelled,
        [group.tolist() for group in groups if group.tobytes() not in left],
        lambda members: [reader.example(table.spot(int(table.lines[positions[at]]))) for at in members],
        config,
        pinned,
        ranking(keep),
        old,
        position=positions.__getitem__,
        aside=aside,
    ):
        whole.gone.extend(pair._replace(left=positions[pair.left], right=positions[pair.right]) for pair in choice.gone)
        whole.apart.extend(choice.apart)
        whole.similarities.extend(choice.similarities)
    assert settled(made) == settled(whole)


@given(corpora())
def test_the_length_of_an_example_is_the_one_that_it_is_ranked_by(lines: list[object]) -> None:
    table, reader = table_of(lines), Reader()
    assert table.lengths.tolist() == [length(reader.example(table.spot(int(line)))) for line in table.lines]
