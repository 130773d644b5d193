"""Keys of examples: when two are equal, and the same whatever way an example is read."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.core.example import Example, Place, canonical
from curate.core.lazy import Ids, Numbers
from curate.corpus.features import Columns, FeatureSpec, columns_of
from curate.corpus.links import HASHED_KEYS, ExampleKeys, Links, chain_key, example_keys, plain_ids
from curate.read.chunks import chunks_of
from curate.similarity.shingles import ShingleSets, Shingling
from curate.storage.disk_arrays import Joining
from curate.storage.scratch import temporary_folder
from tests.bench.split_leaks import Seen, answers_of, turns_of, words
from tests.conftest import chat
from tests.strategies import conversations, lines


def columns(*values: Any) -> Columns:
    Path("data.jsonl").write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    [piece] = chunks_of(Path("data.jsonl"), "data.jsonl") or []
    return columns_of(piece, FeatureSpec("conversation", Shingling(), links=True, short_texts=False))


def links(*values: Any) -> Links:
    found = columns(*values).links
    assert found is not None
    return found


def turns(*said: str, system: str = "", **keys: Any) -> dict[str, Any]:
    first = [{"role": "system", "content": system}] if system else []
    return {
        "messages": first + [{"role": ("user", "assistant")[at % 2], "content": text} for at, text in enumerate(said)],
        **keys,
    }


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (
            turns("What is the capital of France?", "Paris."),
            turns("what is the CAPITAL of France", "Lyon.", system="You are helpful."),
            True,
        ),
        (turns("Hi", "Hello.", "And now?", "Now."), turns("Hi", "Good day.", "and now", "Later."), True),
        (turns("Sorry bot", "Never mind."), turns("Good evening bot", "Good evening."), False),
        (
            turns("Name a tree.", "A beech."),
            turns("Name a tree.", "A beech.", tools=[{"type": "function", "function": {"name": "look"}}]),
            True,
        ),
        (turns("Who is it?", "A cat.", images=["a.png"]), turns("Who is it?", "A dog.", images=["b.png"]), False),
        (turns("Who is it?", "A cat.", images=["a.png"]), turns("who is it", "A dog.", images=["a.png"], id=7), True),
        (turns("Who is it?", "A cat.", images=[]), turns("who is it", "A dog."), True),
        (turns("?!", "What?"), turns("?!", "So?"), True),
        (turns("?!", "What?"), turns("!?", "So?"), False),
        (turns("日本はどこ？", "アジア。"), turns("日本はどこ", "あそこ。"), True),
    ],
)
def test_questions_are_equal_by_the_words_of_user_turns_and_attachments(
    one: dict[str, Any], other: dict[str, Any], equal: bool
) -> None:
    left, right = links(one, other).prompt_hash.tolist()
    assert left
    assert (left == right) == equal


def test_a_copy_is_equal_in_all_that_a_trainer_is_given_and_in_nothing_else() -> None:
    value = turns("Hi", "Hello.")
    copies = links(
        value,
        {**value, "id": 7, "metadata": {"source": "a"}},
        {**value, "tools": [1]},
        {**value, "images": ["a"]},
        turns("Hi", "Hello!"),
    ).copy
    assert copies[0] == copies[1]
    assert len(set(copies.tolist())) == 4


def test_a_conversation_continues_another_by_role_and_words_whatever_the_system_prompt() -> None:
    found = links(
        turns("Hi", "Hello.", system="Be kind."),
        turns("hi!", "hello", "Bye", "See you.", system="Be brief."),
        turns("Hi", "Hello you.", "Bye", "So."),
    )
    assert found.conversation_hash[0] in found.prefix_hashes
    assert found.prefix_hashes[0] == found.conversation_hash[0]
    assert found.ends.tolist() == [0, 0, 1, 2]
    assert links(turns("Hi")).conversation_hash.tolist() == [0]


def test_answers_are_all_turns_together_and_each_and_short_ones_have_no_set() -> None:
    long = " ".join(f"word{n}" for n in range(20))
    found = links(turns("Hi", long), turns("Hi", "Hello.", "And?", long), turns("Hi", long[:-7]), turns("Hi"))
    assert found.answer_ends.tolist() == [0, 1, 4, 5, 5]
    sizes = np.diff(found.answers.offsets).tolist()
    assert sizes == [18, 19, 0, 18, 0]
    assert found.answered[0] == found.answered[3] != found.answered[1]
    assert (found.answers[0] == found.answers[3]).all()


@pytest.mark.slow
@given(st.lists(lines | conversations(), min_size=1, max_size=6))
def test_any_example_has_keys_that_are_equal_where_a_plain_count_says_so(values: list[Any]) -> None:
    sound = [
        value
        for value in values
        if isinstance(value.get("messages"), list) and all(_is_sound(turn) for turn in value["messages"])
    ]
    sound = [value for value in sound if Example(Place("", 1), value, "messages").understood]
    links(*values)  # whatever they are
    if not sound:
        return
    found = columns(*sound)
    assert found.links is not None
    asked = [Seen(value, 0).question for value in sound]
    for one, key in zip(asked, found.links.prompt_hash.tolist(), strict=True):
        for other, another in zip(asked, found.links.prompt_hash.tolist(), strict=True):
            assert one != other or key == another
            assert bool(key) == (one is not None)
    for at, value in enumerate(sound):
        entries = range(*found.links.answer_ends[at : at + 2].tolist())
        assert sum(int(np.diff(found.links.answers.offsets)[entry]) > 0 for entry in entries) == len(
            answers_of(turns_of(value))
        )


def _is_sound(turn: Any) -> bool:
    return (
        isinstance(turn, dict)
        and turn.keys() == {"role", "content"}
        and isinstance(turn["role"], str)
        and isinstance(turn["content"], str)
    )


@given(st.text(max_size=40))
def test_words_are_counted_alike(text: str) -> None:
    if any(0xD800 <= ord(char) < 0xE000 for char in text):
        return
    found = columns(chat("Hi", f"{text} " + "word " * 17)).links
    assert found is not None
    assert (np.diff(found.answers.offsets)[0] > 0) == (len(words(text)) >= 3)


@given(st.lists(conversations(), min_size=1, max_size=5))
def test_keys_of_plain_conversations_are_those_of_their_examples(values: list[dict[str, Any]]) -> None:
    for value in values:
        roles = tuple(turn["role"] for turn in value["messages"])
        example = Example(Place("x", 1), value, "messages")
        turns = [canonical(turn) for turn in value["messages"]]
        assert chain_key(roles, turns) == example_keys(example)
        assert plain_ids([turns]).hex() == example.id


def test_a_conversation_begins_another_one_only_with_the_same_tools_and_the_same_turns() -> None:
    two: list[dict[str, Any]] = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]
    four = [{"role": "user", "content": "So?"}, {"role": "assistant"}]

    def key(turns: list[dict[str, Any]], **other: Any) -> ExampleKeys:
        return example_keys(Example(Place("x", 1), {"messages": turns, **other}, "messages"))

    assert key(two).conversation_hash in key([*two, *four], id=7).prefix_hashes
    assert key(two).conversation_hash not in key(two).prefix_hashes
    assert key([*two, four[0]]).conversation_hash == 0
    weighted = [two[0], two[1] | {"weight": 0}]
    assert key(weighted).conversation_hash not in key([*two, *four]).prefix_hashes
    for carried in HASHED_KEYS:
        assert key(two, **{carried: [1]}).conversation_hash not in key([*two, *four]).prefix_hashes


Row = tuple[int, int, int, list[int], list[tuple[list[int], int]]]
numbers = st.integers(0, 2**64 - 1)
sets = st.lists(st.integers(0, 2**32 - 1), max_size=3, unique=True).map(sorted)
rows = st.lists(
    st.tuples(*[numbers] * 3, st.lists(numbers, max_size=2), st.lists(st.tuples(sets, numbers), max_size=2)), max_size=5
)


def links_with(some: list[Row]) -> Links:
    def ids(values: list[int]) -> Ids:
        return np.array(values, dtype=np.uint64)

    def ends(sizes: list[int]) -> Numbers:
        return np.cumsum([0, *sizes], dtype=np.int64)

    answers = [answer for row in some for answer in row[4]]
    shingles = np.array([one for members, _ in answers for one in members], dtype=np.uint32)
    return Links(
        copy=ids([row[0] for row in some]),
        prompt_hash=ids([row[1] for row in some]),
        conversation_hash=ids([row[2] for row in some]),
        prefix_hashes=ids([one for row in some for one in row[3]]),
        ends=ends([len(row[3]) for row in some]),
        answers=ShingleSets(shingles, ends([len(members) for members, _ in answers])),
        answered=ids([key for _, key in answers]),
        answer_sizes=np.array([len(members) for members, _ in answers], dtype=np.uint32),
        answer_edges=ids([key for _, key in answers for _ in range(2)]).reshape(-1, 2),
        edge_shingles=np.zeros((len(answers), 2), dtype=np.uint32),
        answer_blocks=np.zeros((len(answers), 2), dtype=np.uint64),
        answer_ends=ends([len(row[4]) for row in some]),
        first_turn=ids([row[0] for row in some]),
        near=ids([row[1] for row in some]).reshape(-1, 1),
        question_lines=ids([row[1] for row in some]),
        blocks=ids([one for row in some for one in row[3]]),
        block_ends=ends([len(row[3]) for row in some]),
        answer_bands=ids([key for _, key in answers]).reshape(-1, 1),
    )


def rows_of(links: Links) -> list[Row]:
    answers = [links.answers[at].tolist() for at in range(len(links.answers))]
    answered = list(zip(answers, links.answered.tolist(), strict=True))
    return [
        (*whole, links.prefix_hashes[begun[0] : begun[1]].tolist(), answered[said[0] : said[1]])
        for *whole, begun, said in zip(
            *(column.tolist() for column in (links.copy, links.prompt_hash, links.conversation_hash)),
            pairwise(links.ends.tolist()),
            pairwise(links.answer_ends.tolist()),
            strict=True,
        )
    ]


@pytest.mark.slow
@given(st.lists(rows, max_size=3), st.booleans(), st.data())
def test_rows_are_joined_chosen_and_taken_as_they_are(
    parts: list[list[Row]], in_files: bool, data: st.DataObject
) -> None:
    every = [row for part in parts for row in part]
    with temporary_folder() as place:
        folder = place if in_files else None
        joining = Joining(Links, folder)
        for part in parts:
            joining.add(links_with(part))
        links = joining.done()
        assert rows_of(links) == every
        some = data.draw(st.lists(st.integers(0, len(every) - 1), max_size=6) if every else st.just([]))
        at = np.array(some, dtype=np.int64)
        assert rows_of(links.chosen(at, folder)) == [every[one] for one in some]
        assert rows_of(links.take(np.unique(at), folder)) == [every[one] for one in sorted({*some})]
