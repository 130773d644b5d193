"""Which of several duplicates stays: every policy, and that but for best, first and last the order of the lines decides
nothing.
"""

import math
import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.core.config import KEEP, KEEP_BY_FIELD, DedupConfig, with_options
from curate.core.errors import ConfigError
from curate.core.example import Example, Place, value_at
from curate.corpus.features import number, rank_of, timestamp
from tests.reference_choice import ranking


def example(answer: str = "Yes.", line: int = 1, turns: int = 2, **other: Any) -> Example:
    messages = [
        {"role": ("user", "assistant")[n % 2], "content": answer if n == turns - 1 else "So?"} for n in range(turns)
    ]
    return Example(Place("data.jsonl", line), {"messages": messages, **other}, "messages")


def stays(keep: str, examples: list[Example], findings: Mapping[str, tuple[int, ...]] | None = None) -> Example:
    rank = ranking(keep, findings)
    return min(enumerate(examples), key=lambda item: rank(*item))[1]


SHORT, LONG, MANY = example("No."), example("No, never, whatever they say."), example("No.", turns=4)
OLD, NEW = example(date="2023-05-01", score=1), example(date="2024-05-01T10:00:00+02:00", score=-3)


@pytest.mark.parametrize(
    ("keep", "examples", "kept"),
    [
        ("first", [SHORT, LONG], SHORT),
        ("last", [SHORT, LONG], LONG),
        ("longest", [SHORT, LONG, MANY], LONG),
        ("manual", [SHORT, LONG], LONG),
        ("most-turns", [SHORT, LONG, MANY], MANY),
        ("newest:date", [OLD, NEW, SHORT], NEW),
        ("highest:score", [OLD, NEW, SHORT], OLD),
        ("lowest:score", [OLD, NEW, SHORT], NEW),
    ],
)
def test_a_policy_keeps_the_one_it_is_named_for(keep: str, examples: list[Example], kept: Example) -> None:
    assert stays(keep, examples) is kept


def test_the_best_is_the_one_with_the_fewest_findings_errors_first() -> None:
    findings = {SHORT.id: (0, 2, 0), LONG.id: (1, 0, 0), MANY.id: (0, 2, 1)}
    assert stays("best", [SHORT, LONG, MANY], findings) is SHORT
    assert (
        stays("best", [SHORT, LONG, example("Fine."), example("Fine too, and longer.")], findings).messages[-1].text
        == "Fine."
    )


BY_CONTENT = [policy for policy in KEEP if policy not in ("best", "first", "last")]
NOTHING: list[Any] = ["", "yesterday", None, True, [], {}, "nan", float("nan")]


@given(st.permutations([SHORT, LONG, MANY, OLD, NEW, example("é"), example("e")]), st.sampled_from(BY_CONTENT))
def test_only_best_first_and_last_depend_on_the_order_of_lines(examples: list[Example], policy: str) -> None:
    keep = f"{policy}:{'date' if policy == 'newest' else 'score'}" if policy in KEEP_BY_FIELD else policy
    again = examples.copy()
    random.Random(7).shuffle(again)
    assert stays(keep, examples).id == stays(keep, again).id


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1970-01-02", 86400.0),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("1970-01-01T00:00:10Z", 10.0),
        (1_700_000_000, 1.7e9),
        (1_700_000_000_000, 1.7e9),
        ("1700000000", 1.7e9),
        (" 1970-01-02 ", 86400.0),
        *[(nothing, float("-inf")) for nothing in NOTHING],
    ],
)
def test_dates_are_iso_or_seconds_or_milliseconds(value: Any, seconds: float) -> None:
    assert timestamp(value) == seconds


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_value_has_a_rank(value: Any) -> None:
    for keep in ("newest:x", "highest:x", "lowest:x"):
        rank = ranking(keep)
        assert rank(0, example(x=value)) <= rank(0, example(x=value))
    assert timestamp(value) == timestamp(value)
    assert number(value, 1.0) == number(value, 1.0)


def test_a_field_may_lie_in_an_object_and_a_key_with_a_dot_comes_first() -> None:
    assert (
        value_at(example(meta={"date": 3}).value, "meta.date")
        == value_at(example(meta={"date": 3}).value, "/meta/date")
        == 3
    )
    assert value_at({"a/b": [{"c": 5}]}, "/a~1b/0/c") == 5
    dotted: dict[str, Any] = {"meta.date": 4}
    others: list[Any] = ["x", None, {}, [1]]
    assert value_at(example(meta={"date": 3}, **dotted).value, "meta.date") == 4
    assert [value_at(example(meta=value).value, "meta.date") for value in others] == [None] * 4
    assert [math.isinf(rank_of("newest:date")(one)) for one in (OLD, NEW, SHORT)] == [False, False, True]
    assert rank_of("longest")(SHORT) == 0


@pytest.mark.parametrize("keep", ["", "newest", "newest:", "longest:x", "shortest", "first:", "Newest:date"])
def test_a_policy_that_is_none_is_named_with_those_there_are(keep: str) -> None:
    with pytest.raises(ConfigError, match="is not one of best, first, last, longest, most-turns, manual, newest:FIELD"):
        with_options(DedupConfig(), keep=keep)
