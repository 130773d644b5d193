"""An example as text: what is not changed comes back as it was, and nothing in it is obeyed by a terminal."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.core.errors import DataError
from curate.core.text import UNSAFE, visible
from curate.review.draft import draft_of, line_in, value_of

TRICKY = (
    st.text()
    | st.text(alphabet='#: \\u{}1bB\n\r\t\x1b\u200b"user')
    | st.sampled_from(["#: user\n", "\\#: x", "\\u{1b}", "\\\\u{1b}", "\\\x7f", "\n\n", ""])
)
PLAIN = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "ro\x1bbot", "#: x"]), "content": TRICKY}),
    min_size=1,
    max_size=4,
)
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TRICKY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(PLAIN)
def test_a_conversation_comes_back_as_it_was(turns: list[dict[str, str]]) -> None:
    draft = draft_of({"messages": turns})
    assert value_of(draft) == {"messages": turns}
    assert [char for char in UNSAFE.findall(draft) if char not in "\n\t"] == []


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_any_object_comes_back_as_it_was(value: dict[str, Any]) -> None:
    draft = draft_of(value)
    assert value_of(draft) == value
    assert [char for char in UNSAFE.findall(draft) if char not in "\n\t"] == []


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "assistant", "content": "Hi", "weight": 0},
        {"role": "assistant", "content": "", "tool_calls": []},
        {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
        {"role": 1, "content": "Hi"},
        {"role": "a\nb", "content": "Hi"},
        "Hi",
    ],
)
def test_messages_of_more_than_a_role_and_a_text_come_back_as_they_were(turn: Any) -> None:
    value = {"messages": [{"role": "user", "content": "Hello"}, turn]}
    assert value_of(draft_of(value)) == value


def test_joiners_that_belong_to_the_spelling_are_shown_as_they_are() -> None:
    for text in ("می‌خواهم", "क्‍ष", "👩‍👩"):
        assert (visible(text), draft_of({"text": text}).count("\\u")) == (text, 0)
    for hidden in ("a\u200cb", "م\u200c\u200cم", "\u200dم", "م\u200c", "م\u200bم"):
        assert "\\u200" in visible(hidden)
        assert value_of(draft_of({"text": hidden})) == {"text": hidden}


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        ("{", "not valid JSON"),
        ("[1]", "not an object"),
        ('{"b": 1,\n"a": NaN}', "line 2: NaN is not JSON"),
        ('{"a": 1e999}', "1e999 is out of range"),
        ('{"a": 1, "a": 2}', "'a' occurs twice"),
        ('{"a":' * 9_999 + "1" + "}" * 9_999, "too deeply"),
        ("", "not valid JSON"),
    ],
)
def test_what_is_no_object_is_told(draft: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        value_of(draft)


def test_a_draft_opens_where_a_finding_is() -> None:
    turns = [{"role": "user", "content": "#: user\nwhat?"}, {"role": "assistant", "content": "one\ntwo"}]
    draft = draft_of({"messages": turns})
    lines = draft.split("\n")
    assert lines[line_in(draft, "/messages/1/content")] == "one"
    assert [line_in(draft, pointer) for pointer in ("", "/messages", "/messages/7", "/messages/x")] == [1] * 4
    draft = draft_of({"conversations": [{"from": "human", "value": "a\nb"}, {"from": "gpt", "value": "c"}], "n": 1})
    lines = draft.split("\n")
    assert '"value": "c"' in lines[line_in(draft, "/conversations/1/value")]
    assert line_in(draft, "/nothing") == line_in("{broken", "/n") == 0
