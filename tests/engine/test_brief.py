"""Short texts: a typing error and politeness make no other example, a word of meaning does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.config import DedupConfig
from curate.detect.brief import SHORT, Brief, joined_brief, spelled
from curate.detect.near import find_duplicates
from curate.example import Example, Place
from tests.conftest import chat


def removed(*pairs: tuple[str, str], **config: object) -> int:
    examples = [Example(Place("data.jsonl", line), chat(*pair), "messages") for line, pair in enumerate(pairs, start=1)]
    return len(find_duplicates(examples, DedupConfig(**config)).duplicates)


ASKED = ("What is the capital of Peru?", "The capital of Peru is Lima.")


@pytest.mark.parametrize(
    "other",
    [
        ("Please tell me: what is the capital of Peru?", "Sure! The capital of Peru is Lima."),
        ("What is the captial of Peru?", "The capital of Peru is Lima."),
        ("what's the capital of peru", "the capital of peru is lima"),
        ("Waht is the capital of Peru?", "Certainly. The capital of Peru is Lima."),
    ],
)
def test_typing_errors_and_politeness_make_no_other_example(other: tuple[str, str]) -> None:
    more = [(f"What is the colour of {thing}?", f"The colour of {thing} is not known.") for thing in ("rain", "wind", "time")]
    assert removed(ASKED, other, *more) == 1


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
    assert removed(ASKED, other) == 0
    assert removed(ASKED, other, ignore_facts=True, threshold=0.95) == 0


@pytest.mark.parametrize(("left", "right"), [("dog bites man", "man bites dog"), ("7 - 3", "7 + 3"), ("狗咬人", "人咬狗"), ("😀", "😃"), ("Hi", "Hello")])
def test_order_signs_and_single_characters_count(left: str, right: str) -> None:
    assert removed((left, "Yes."), (right, "Yes.")) == 0


def test_long_texts_are_not_compared_so() -> None:
    long = " ".join(f"word{n}" for n in range(SHORT // 6))
    assert removed((long, "Yes."), (long, "Sure, yes."), threshold=1.0) == 0


def test_a_rare_word_is_taken_for_the_commonest_one_that_it_may_be() -> None:
    assert spelled({"capital": 9, "captial": 1, "capitl": 2, "river": 1, "rivers": 5, "Iran": 1, "Iraq": 1}) == {
        "captial": "capital",
        "capitl": "capital",
        "river": "rivers",
    }
    assert spelled({"house": 1, "houses": 1}) == {"house": "houses"}


words = st.lists(st.sampled_from(["capital", "captial", "of", "peru", "perru", "please", "3", "-"]), max_size=6).map(" ".join)


@given(st.lists(words, max_size=10), st.integers(1, 4))
def test_texts_have_the_same_keys_however_they_are_parted(texts: list[str], step: int) -> None:
    whole = Brief.of(texts).keys().tolist()
    parts = joined_brief([Brief.of(texts[start : start + step]) for start in range(0, len(texts), step)])
    assert parts.keys().tolist() == whole


@given(st.lists(st.text(max_size=20), max_size=6))
def test_any_text_has_a_key(texts: list[str]) -> None:
    keys = Brief.of([*texts, *texts]).keys().tolist()
    assert keys[: len(texts)] == keys[len(texts) :]


@given(st.lists(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Z", "S"]) | st.sampled_from("ab'+-_ 'a"), max_size=30), max_size=6))
def test_words_found_by_compiled_code_are_those_of_the_texts(texts: list[str]) -> None:
    expected = Brief.of(texts)
    numbers = np.array([at for at, text in enumerate(texts) if text.isascii()], dtype=np.int64)
    data = b"".join(texts[at].encode() for at in numbers.tolist())
    ends = np.cumsum([len(texts[at]) for at in numbers.tolist()], dtype=np.int64)
    spans = np.stack([np.append(0, ends[:-1]) if len(ends) else ends, ends])
    others = {at: text for at, text in enumerate(texts) if not text.isascii()}
    found = Brief.of_spans(len(texts), np.frombuffer(data, dtype=np.uint8), numbers, spans, others)
    assert found.ends.tolist() == expected.ends.tolist()
    assert [found.vocabulary[word] for word in found.words] == [expected.vocabulary[word] for word in expected.words]
