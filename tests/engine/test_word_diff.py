"""Differences word by word: both texts can be read off them, whatever stands in these."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.core.example import Example, Place
from curate.render import dedup as module
from curate.render.dedup import DiffSpan, turn_diffs, with_context_only, word_diff

texts = st.text(st.sampled_from("ab .,\n犬猫é\u202e\x1b"), max_size=40) | st.text(max_size=20)


@given(texts, texts)
def test_both_texts_can_be_read_off_their_difference(gone: str, kept: str) -> None:
    pieces = word_diff(gone, kept)
    assert "".join(text for kind, text in pieces if kind != "kept") == gone
    assert "".join(text for kind, text in pieces if kind != "gone") == kept
    assert all(text for _, text in pieces)


@given(texts, texts)
def test_what_is_folded_keeps_every_difference(gone: str, kept: str) -> None:
    pieces = word_diff(gone, kept)
    assert [piece for piece in with_context_only(pieces) if piece.kind != "same"] == [
        piece for piece in pieces if piece.kind != "same"
    ]


def test_words_are_not_cut_up_and_signs_stand_alone() -> None:
    assert word_diff("An apple, red.", "An apple, green.") == [
        DiffSpan("same", "An apple, "),
        DiffSpan("gone", "red"),
        DiffSpan("kept", "green"),
        DiffSpan("same", "."),
    ]
    assert word_diff("犬が好き", "猫が好き")[:2] == [DiffSpan("gone", "犬"), DiffSpan("kept", "猫")]


def test_texts_too_long_to_be_matched_differ_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PRODUCT", 3)
    assert word_diff("x a b y", "x c d y") == [
        DiffSpan("same", "x "),
        DiffSpan("gone", "a b"),
        DiffSpan("kept", "c d"),
        DiffSpan("same", " y"),
    ]


def test_long_stretches_in_common_are_cut_down_around_differences() -> None:
    words = " ".join(f"w{n}" for n in range(100))
    [before, gone, kept] = with_context_only(word_diff(f"{words} red", f"{words} green"))
    assert (before.text, gone.text, kept.text) == ("…w96 w97 w98 w99 ", "red", "green")


def turns(*said: tuple[str, str]) -> Example:
    return Example(
        Place("data.jsonl", 1), {"messages": [{"role": role, "content": text} for role, text in said]}, "messages"
    )


def test_a_turn_that_only_one_has_is_all_of_that_one_and_secrets_are_left_out() -> None:
    left = turns(("user", "Mail ada@acme-works.com now"), ("assistant", "Done."))
    right = turns(("user", "Mail ada@acme-works.com"), ("assistant", "Done."), ("user", "Thanks"))
    shown = list(turn_diffs(left, right))
    assert shown[1:] == [("assistant", [DiffSpan("same", "Done.")]), ("user", [DiffSpan("kept", "Thanks")])]
    assert "ada@" not in str(shown)
