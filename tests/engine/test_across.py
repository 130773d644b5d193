"""Leaks between splits: each is named once, with the worst reason, and only towards splits before."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.config import DedupConfig
from curate.detect.across import across
from curate.detect.keys import CARRIED, Key, Keys, joined_keys, key_of, plain_key
from curate.detect.question import question_of
from curate.example import Example, Place
from curate.read.dataset import read_dataset
from tests.conftest import Write, chat
from tests.strategies import conversations, lines

LONG = "It keeps well in a cool dry cellar until the first frost comes and then it has to be eaten within some days or it goes bad and smells"


def found(write: Write, source: str = "", **splits: Sequence[object]) -> list[tuple[str, str, str, str, bool]]:
    paths = {name: [write(name, lines)] for name, lines in splits.items()}
    leaks = across(paths, DedupConfig(), source=source)
    return [(leak.code, str(leak.place), str(leak.other_place), f"{leak.similarity:.2f}", leak.differs) for leak in leaks]


def test_the_same_nearly_the_same_and_the_same_prompt(write: Write) -> None:
    train = [("How long does it keep?", LONG), ("Hi", "Hello.")]
    valid = [("How long does it keep?", LONG.replace("smells", "stinks")), ("Hi", "What now?")]
    test = [("Hi", "Hello."), ("Who are you?", "Nobody."), ("hi", "Go away.")]
    assert found(write, train=train, validation=valid, test=test) == [
        ("L002", "validation:1", "train:1", "0.94", False),
        ("L003", "validation:2", "train:2", "1.00", False),
        ("L001", "test:1", "train:2", "1.00", False),
        ("L003", "test:3", "train:2", "1.00", False),
    ]


def test_within_a_split_nothing_is_compared(write: Write) -> None:
    assert found(write, train=[("Hi", "Hello.")] * 2, test=[]) == []
    assert found(write, train=[], test=[("Hi", "Hello.")] * 2) == []


def test_a_template_with_another_fact_is_said_to_be_one(write: Write) -> None:
    def told(year: int) -> tuple[str, str]:
        return "When was the harvest the best that anybody can remember?", f"{LONG} as in the year {year}"

    leak, _ = found(write, train=[told(1901)], test=[told(1954)])
    assert (leak[0], leak[4]) == ("L002", True)


def test_the_most_similar_one_is_named(write: Write) -> None:
    far, close = LONG.replace("some days", "a week"), LONG.replace("smells", "stinks")
    leaks = found(write, train=[("How long?", far), ("How long?", close)], test=[("How long?", LONG)])
    assert [leak[:3] for leak in leaks] == [("L002", "test:1", "train:2")]


def test_examples_without_text_do_not_leak_but_by_content(write: Write) -> None:
    assert found(write, train=[{"messages": [], "n": 1}], test=[{"messages": [], "n": 2}]) == []


def test_every_beginning_is_told_and_a_source_besides(write: Write) -> None:
    longer = {"messages": [*chat("Hi", "Hello.")["messages"], *chat("Bye", "See you.")["messages"]], "from": {"file": "a"}}  # type: ignore[misc]
    shorter = [chat("Hi", "Hello.") | {"from": {"file": name}} for name in ("a", "b")]
    leaks = found(write, source="/from/file", train=[longer], test=[*shorter, ("Name a tree.", "A beech.")])
    assert [leak[:3] for leak in leaks] == [("L005", "test:1", "train:1"), ("L005", "test:1", "train:1"), ("L005", "test:2", "train:1")]


@pytest.mark.parametrize("size", [1, 40])
def test_where_a_split_is_cut_into_files_does_not_matter(write: Write, size: int) -> None:
    pairs = [(f"What is number {n} like?", f"{LONG} {n % 7}") for n in range(40)]
    train = [write(f"train{at}.jsonl", pairs[at : at + size]) for at in range(0, 40, size)]
    leaks = across({"train": train, "test": [write("test.jsonl", pairs[:3])]}, DedupConfig())
    assert [(leak.code, leak.place.line) for leak in leaks] == [("L001", 1), ("L001", 2), ("L001", 3)]


@given(st.lists(conversations(), min_size=1, max_size=5))
def test_keys_of_plain_conversations_are_those_of_their_examples(values: list[dict[str, Any]]) -> None:
    for value in values:
        roles, texts = zip(*((turn["role"], turn["content"]) for turn in value["messages"]), strict=True)
        example = Example(Place("x", 1), value, "messages")
        for source in ("", "/messages/0/content", "/other"):
            assert plain_key(roles, texts, source) == key_of(example, source)
        assert bool(key_of(example).asked) == (question_of(example) is not None)


@given(st.lists(lines, max_size=6))
def test_any_example_has_keys_and_equal_questions_have_equal_ones(values: list[Any]) -> None:
    Path("data.jsonl").write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    examples = read_dataset([Path("data.jsonl")]).examples
    keys = [key_of(example, "x") for example in examples]
    contexts = [question.context if (question := question_of(example)) else None for example in examples]
    for one, context in zip(keys, contexts, strict=True):
        for other, another in zip(keys, contexts, strict=True):
            assert (one.asked == other.asked) == (context == another)


def test_a_conversation_begins_another_one_only_with_the_same_tools_and_the_same_turns() -> None:
    two: list[dict[str, Any]] = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]
    four = [{"role": "user", "content": "So?"}, {"role": "assistant"}]

    def key(turns: list[dict[str, Any]], **other: Any) -> Key:
        return key_of(Example(Place("x", 1), {"messages": turns, **other}, "messages"))

    assert key(two).whole in key([*two, *four], id=7).begun
    assert key(two).whole not in key(two).begun
    assert key([*two, four[0]]).whole == 0
    weighted = [two[0], two[1] | {"weight": 0}]
    assert key(weighted).whole not in key([*two, *four]).begun
    for carried in CARRIED:
        assert key(two, **{carried: [1]}).whole not in key([*two, *four]).begun


def test_keys_are_chosen_and_joined_as_they_stand() -> None:
    parts = [Keys.of([Key(1, 2, (3, 4), 5), Key(6, 7, (), 8)]), Keys.of([]), Keys.of([Key(9, 10, (11,), 12)])]
    keys = joined_keys(parts).chosen(np.array([2, 0]))
    assert (keys.asked.tolist(), keys.whole.tolist(), keys.source.tolist()) == ([9, 1], [10, 2], [12, 5])
    assert (keys.begun.tolist(), keys.ends.tolist()) == ([11, 3, 4], [0, 1, 3])
