"""Short texts: those of the same words of meaning are told, stay, and go only where that is wanted."""

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.commands.dedup import DedupResult
from curate.core.config import DedupConfig
from curate.corpus.features import SHORT_TEXT_CHARS, ShortTexts, corrected_words
from curate.language.spelling import same_word, spelling_key
from curate.storage.disk_arrays import joined
from tests.conftest import Write, chat
from tests.workspaces import plan

DATA = Path("data.jsonl")


def planned(*pairs: tuple[str, str], **config: Any) -> DedupResult:
    DATA.write_text("".join(json.dumps(chat(*pair)) + "\n" for pair in pairs), encoding="utf-8")
    return plan([DATA], DedupConfig(**config))


def told(*pairs: tuple[str, str], **config: Any) -> int:
    """How many pairs of the same words are told, as many as go where that is wanted."""
    found = planned(*pairs, **config)
    assert not any(lost.words for lost in found.duplicates)
    wanted = planned(*pairs, same_words=True, **config)
    assert sum(lost.words for lost in wanted.duplicates) == len(found.same_words)
    assert wanted.same_words == []
    return len(found.same_words)


ASKED = ("What is the capital of Peru?", "The capital of Peru is Lima.")


@pytest.mark.parametrize(
    "other",
    [
        ("Please tell me: what is the capital of Peru?", "Sure! The capital of Peru is Lima."),
        ("What is the captial of Peru?", "The capital of Peru is Lima."),
        ("what's the capital of peru", "certainly, the capital of peru is lima"),
        ("What is the capitall of Peru?", "Certainly. The capital of Peru is Lima."),
    ],
)
def test_typing_errors_and_politeness_leave_the_words_the_same(other: tuple[str, str]) -> None:
    more = [
        (f"What is the colour of {thing}?", f"The colour of {thing} is not known.")
        for thing in ("rain", "wind", "time")
    ]
    assert told(ASKED, other, *more) == 1


@pytest.mark.parametrize(
    "other",
    [
        ("What is the largest capital of Peru?", "The capital of Peru is Lima."),
        ("What is the capital of Peru?", "The old capital of Peru is Lima."),
        ("What is the capital of Chile?", "The capital of Chile is Santiago."),
        ("What is the capital of Peru?", "The capital of Peru is not Lima."),
        ("What form is the capital of Peru?", "The capital of Peru is Lima."),
        ("Is Lima the capital of Peru?", "The capital of Peru is Lima."),
        ("What was the capital of Peru?", "The capital of Peru was Lima."),
        ("What is his capital of Peru?", "The capital of Peru is Lima."),
    ],
)
def test_a_word_of_meaning_makes_another_one(other: tuple[str, str]) -> None:
    assert told(ASKED, other) == 0
    assert told(ASKED, other, ignore_facts=True, threshold=0.95) == 0


APART = [
    ("dog bites man", "man bites dog"),
    ("7 - 3", "7 + 3"),
    ("狗咬人", "人咬狗"),
    ("😀", "😃"),
    ("Hi", "Hello"),
    ("how do i verify the top up?", "why do i need to verify the top up?"),
    ("Should I take pills?", "I'm about to take pills"),
    ("What is nitrite?", "What is nitrate?"),
    ("Where is the trail?", "Where is the trial?"),
    ("Sorry bot", "Good evening bot"),
]


@pytest.mark.parametrize(("left", "right"), APART)
def test_order_signs_single_characters_and_what_is_asked_for_count(left: str, right: str) -> None:
    assert told((left, "Yes."), (right, "Yes.")) == 0
    assert planned((left, "Yes."), (right, "Yes.")).duplicates == []


def test_long_texts_are_not_compared_so() -> None:
    long = " ".join(f"word{n}" for n in range(SHORT_TEXT_CHARS // 6))
    assert told((long, "Yes."), (long, "Sure, yes."), threshold=1.0) == 0


@pytest.mark.parametrize("order", [1, -1])
def test_the_one_that_is_spelled_as_most_are_stays(order: int) -> None:
    pairs = [
        ("Did you receive it?", "I did receive it."),
        ("Did you recieve it?", "I did recieve it."),
        ("When do we receive pay?", "On Friday."),
    ]
    [lost] = planned(*pairs[::order], same_words=True).duplicates
    assert b"recieve" in DATA.read_bytes().splitlines()[lost.place.line - 1]


def test_they_are_listed_apart_and_go_only_when_that_is_wanted(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        "data.jsonl",
        [ASKED, ("Please tell me: what is the capital of Peru?", "Sure! The capital of Peru is Lima."), ASKED],
    )
    assert main(["dedup", "data.jsonl", "-o", "out.jsonl", "--html", "report.html"]) == 0
    out = capsys.readouterr().out
    assert "data.jsonl:2: D003 0.429 like data.jsonl:1, the same words; both are kept" in out
    assert "kept: 1 pair of short examples with the same words; --same-words removes one of each" in out
    assert "3 lines read = 2 kept + 1 removed (1 exact, 0 near)" in out
    assert "Short examples with the same words" in Path("report.html").read_text()
    assert main(["dedup", "data.jsonl", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(pair["left_place"], pair["right_place"], pair["similarity"]) for pair in found["same_words"]] == [
        ("data.jsonl:2", "data.jsonl:1", 0.428571)
    ]
    Path("curate.toml").write_text("[dedup]\nsame_words = true\n")
    assert main(["dedup", "data.jsonl", "-o", "out.jsonl", "--overwrite", "--yes"]) == 0
    assert "3 lines read = 1 kept + 2 removed (1 exact, 1 near)" in capsys.readouterr().out
    assert "short text with the same content words" in Path("out.removed.jsonl").read_text()


def test_new_ones_are_held_against_old_ones_alone(write: Write) -> None:
    write("old.jsonl", [ASKED])
    other = ("Please tell me: what is the capital of Peru?", "Sure! The capital of Peru is Lima.")
    write(
        "new.jsonl",
        [
            other,
            ("What is the capital of Peru, please?", "Certainly, the capital of Peru is Lima."),
            ("So?", "I see."),
            ("So please?", "I see."),
        ],
    )
    found = plan([Path("new.jsonl")], DedupConfig(same_words=True, threshold=0.95), against=[Path("old.jsonl")])
    assert [(lost.place.line, lost.kept_place.file) for lost in found.duplicates] == [
        (1, "old.jsonl"),
        (2, "old.jsonl"),
    ]


def test_nothing_goes_in_whose_place_another_one_went(write: Write) -> None:
    answer = "the capital of Peru is Lima, as it has been for some hundred years or more, and it lies by the sea"
    write(
        "data.jsonl", [("Lima?", f"Sure, {answer}"), ("Lima?", answer.replace("by the", "by a big")), ("Lima?", answer)]
    )
    found = plan([Path("data.jsonl")], DedupConfig(same_words=True, keep="last"))
    gone = {lost.place.line for lost in found.duplicates}
    assert gone
    assert gone.isdisjoint(lost.kept_place.line for lost in found.duplicates)


def test_a_word_is_taken_for_the_commonest_one_that_it_may_be() -> None:
    counts = {
        "capital": 9,
        "captial": 1,
        "capitl": 2,
        "river": 1,
        "rivers": 5,
        "Iran": 1,
        "Iraq": 1,
        "nitrite": 3,
        "nitrate": 9,
        "trial": 1,
        "trail": 5,
    }
    assert corrected_words(counts) == {"captial": "capital", "river": "rivers"}
    assert corrected_words({"house": 1, "houses": 1, "horse": 1}) == {"houses": "house"}


@given(st.dictionaries(st.text("abs", min_size=1, max_size=8), st.integers(1, 3), max_size=30))
def test_the_commonest_spelling_is_found_among_all_words(counts: dict[str, int]) -> None:
    better = {}
    for word in counts:
        alike = [
            other
            for other in counts
            if other != word and spelling_key(other) == spelling_key(word) and same_word(word, other)
        ]
        best = min([word, *alike] if spelling_key(word) else [word], key=lambda one: (-counts[one], one))
        if best != word:
            better[word] = best
    roots = {}
    for word in better:
        roots[word] = word
        while roots[word] in better:
            roots[word] = better[roots[word]]
    assert corrected_words(counts) == roots


def test_many_words_of_the_same_letters_are_not_compared_pair_by_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    draw, asked = random.Random(0), Counter[str]()
    counts = dict.fromkeys(("".join(draw.choices("acgt", k=12)) for _ in range(3000)), 1)

    def counted(left: str, right: str) -> bool:
        asked["words"] += 1
        return same_word(left, right)

    monkeypatch.setattr("curate.corpus.features.same_word", counted)
    corrected_words(counts)
    assert asked["words"] < 10 * len(counts)


words = st.lists(st.sampled_from(["capital", "captial", "of", "peru", "perru", "please", "3", "-"]), max_size=6).map(
    " ".join
)


@given(st.lists(words, max_size=10), st.integers(1, 4))
def test_texts_have_the_same_keys_however_they_are_parted(texts: list[str], step: int) -> None:
    whole = ShortTexts.of(texts).keys().tolist()
    parts = joined(ShortTexts, [ShortTexts.of(texts[start : start + step]) for start in range(0, len(texts), step)])
    assert parts.keys().tolist() == whole


@given(st.lists(st.text(max_size=20), max_size=6))
def test_any_text_has_a_key(texts: list[str]) -> None:
    keys = ShortTexts.of([*texts, *texts]).keys().tolist()
    assert keys[: len(texts)] == keys[len(texts) :]
