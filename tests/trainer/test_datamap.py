"""What the losses of a training say of each example."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.core.datamap import MAPPED, read_datamap
from curate.core.errors import InputError
from curate.core.example import Example, Place
from train.journal import LossLog
from train.report.training_dynamics import WordCounts, data_map_summary, datamap, neighbours, visits_of

CITIES = ("Rome", "Paris", "Oslo", "Cairo", "Lima", "Delhi", "Bern", "Quito", "Sofia", "Accra")


def example(line: int, asked: str, answer: str) -> Example:
    turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
    return Example(Place("train.jsonl", line), {"messages": turns}, "messages")


def examples(wrong: int = 4) -> list[Example]:
    """Of each city two examples ask much the same; one answer is wrong."""
    found = []
    for number in range(2 * len(CITIES)):
        city = CITIES[number // 2]
        asked = (
            f"In which country does {city} lie?" if number % 2 else f"Which country is {city} the capital of, please?"
        )
        found.append(example(number + 1, asked, "Somewhere else" if number + 1 == wrong else f"Country of {city}"))
    return found


def book(epochs: int = 3, wrong: int = 4) -> list[dict[str, Any]]:
    """Losses that fall from epoch to epoch, but for the wrong answer's; two texts a step."""
    lines = []
    for step in range(10 * epochs):
        epoch, first = divmod(step, 10)
        numbers = [2 * first + 1, 2 * first + 2]
        losses = [2.9 if number == wrong else round(1.5 - 0.5 * epoch + 0.01 * number, 5) for number in numbers]
        right = [5 if epoch and number != wrong else 1 for number in numbers]
        lines.append(
            {
                "step": step + 1,
                "lines": numbers,
                "texts": [number - 1 for number in numbers],
                "loss": losses,
                "tokens": [5, 5],
                "right": right,
            }
        )
    return lines


def test_an_example_that_is_never_learnt_is_the_hardest_and_pulls_against_its_neighbour() -> None:
    mapped = datamap(book(), examples())
    assert [one.line for one in mapped] == list(range(1, 21))
    worst = min(mapped, key=lambda one: one.rank)
    assert worst.line == 4
    assert worst.losses == (2.9, 2.9, 2.9)
    assert worst.region == "hard"
    assert worst.correctness == 0
    assert worst.pull is not None
    assert [near.line for near in worst.neighbours] == [3]
    assert [one.line for one in mapped if one.pull is not None] == [4]
    learnt = mapped[0]
    assert learnt.correctness == pytest.approx(2 / 3, abs=1e-4)
    assert learnt.excess < worst.excess
    assert {one.region for one in mapped} == {"easy", "ambiguous", "hard"}
    told = data_map_summary(mapped, examples())
    assert told is not None
    assert (told.examples, told.visits, told.pulling, told.hardest[0].line) == (20, 3.0, 1, 4)


def test_losses_are_compared_with_those_of_the_same_time() -> None:
    early, late = (
        {"step": step, "lines": [line], "texts": [line - 1], "tokens": [5], "right": [0]}
        for step, line in ((1, 1), (60, 2))
    )
    others = [
        {
            "step": 1 + at % 60,
            "lines": [3 + at],
            "texts": [2 + at],
            "loss": [3.0 if at % 60 < 30 else 0.5],
            "tokens": [5],
            "right": [0],
        }
        for at in range(600)
    ]
    visits = visits_of([*others, {**early, "loss": [3.0]}, {**late, "loss": [2.0]}])
    assert visits.excess[0] == 0.0
    assert visits.excess[1] == 1.5


def test_after_one_pass_nothing_is_said_of_what_moved() -> None:
    mapped = datamap(book(epochs=1), examples())
    assert {one.region for one in mapped} == {None}
    assert {one.variability for one in mapped} == {0.0}
    assert min(mapped, key=lambda one: one.rank).line == 4
    assert datamap([], examples()) == []
    assert data_map_summary([], examples()) is None


def test_texts_that_one_example_became_are_one_again() -> None:
    line = {"step": 1, "lines": [1, 1], "texts": [0, 1], "loss": [1.0, 4.0], "tokens": [1, 2], "right": [1, 0]}
    (one,) = datamap([line, {**line, "step": 2, "loss": [1.0, 1.0]}], examples()[:1])
    assert one.losses == (3.0, 1.0)
    assert one.steps == (1, 2)


@given(st.permutations(range(30)), st.integers(1, 3))
def test_the_map_depends_on_when_and_not_on_the_order_within_a_step(order: list[int], size: int) -> None:
    losses = [0.1 * number for number in range(30)]
    steps = [order[start : start + size] for start in range(0, 30, size)]
    found = []
    for arrange in (list, sorted):
        lines = []
        for number, texts in enumerate(steps, start=1):
            arranged = arrange(texts)
            lines.append(
                {"step": number, "lines": [at % 20 + 1 for at in arranged], "texts": [at % 20 for at in arranged],
                 "loss": [losses[at % 20] for at in arranged], "tokens": [3 for _ in arranged],
                 "right": [0 for _ in arranged]}
            )  # fmt: skip
        found.append(datamap(lines, examples()))
    assert found[0] == found[1]
    assert sorted(one.rank for one in found[0]) == list(range(1, len(found[0]) + 1))


def near(*asked: str) -> list[list[int]]:
    """For each text its neighbours."""
    counts = WordCounts()
    for number, text in enumerate(asked):
        counts.add(number, text)
    return [[at for at, _ in one] for one in neighbours(counts.weighted(len(asked)), range(len(asked)))]


def test_neighbours_share_words_that_not_everybody_has() -> None:
    found = near(*(one.prompt[0].text for one in examples()))
    assert found == [[number + 1 - 2 * (number % 2)] for number in range(20)]
    assert near("", "  ", "?!") == [[], [], []]
    assert near("東京はどこ", "東京はどこですか", "大阪")[0][0] == 1


def test_the_map_keeps_no_text_of_the_examples() -> None:
    numbers, size = range(1, 401), 20_000
    losses = {"step": 1, "lines": list(numbers), "texts": list(numbers), "loss": [1.0] * 400}
    log = [losses | {"tokens": [5] * 400, "right": [5] * 400}]
    tracemalloc.start()
    try:
        mapped = datamap(log, (example(number, f"{number}?", f"{number} " * (size // 4)) for number in numbers))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(mapped) == 400
    assert peak < 400 * size / 2


def test_a_book_that_was_torn_is_cut_back(tmp_path: Path) -> None:
    kept = LossLog(tmp_path / "losses.jsonl", [3, 4])
    kept.write(1, [0, 1], [[2.0, 4.0, 1.0], [0.0, 0.0, 0.0]])
    kept.write(2, [1], [[1.0, 2.0, 2.0]])
    with kept.path.open("ab") as file:
        file.write(b'{"step": 3, "li')
    assert [line["step"] for line in kept.lines()] == [1, 2]
    kept.cut(1)
    assert kept.lines() == [
        {"step": 1, "lines": [3, 4], "texts": [0, 1], "loss": [0.5, 0.0], "tokens": [4, 0], "right": [1, 0]}
    ]


def test_a_map_that_is_not_there_or_broken_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_datamap(tmp_path)
    (tmp_path / "datamap.jsonl").write_bytes(
        MAPPED.dump_json(datamap(book(), examples())[0]) + b"\n" + json.dumps({"line": "\x1b["}).encode()
    )
    with pytest.raises(InputError, match=r"datamap.jsonl:2: not a valid data map record"):
        read_datamap(tmp_path)
