"""Where values stand in a JSON text: the same as the parser says, for every pointer, however the text is written."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.core.example import pointer
from curate.read.json_pointer_spans import Spans, line_of, repeated_keys
from tests.strategies import inside, written


@given(written())
def test_every_value_stands_where_it_is_said_to(pair: tuple[Any, str]) -> None:
    value, text = pair
    spans = Spans(text)
    for path, item in inside(value):
        span = spans.find(pointer(*path))
        assert span is not None
        assert json.loads(text[span.start : span.end]) == item
        assert line_of(text.encode(), pointer(*path)) == text.count("\n", 0, span.start)


@given(written(), st.text(alphabet='/~01ab"{}', max_size=6))
def test_what_is_not_there_is_not_found(pair: tuple[Any, str], target: str) -> None:
    value, text = pair
    pointers = {pointer(*path) for path, _ in inside(value)}
    assert (Spans(text).find(target) is None) == (target not in pointers)


@given(st.text(alphabet='{}[]",:1a \\\n', max_size=12), st.sampled_from(["", "/a", "/0", "/a/0", "x"]))
def test_no_text_raises(text: str, target: str) -> None:
    Spans(text).find(target)
    line_of(text.encode(), target)


@pytest.mark.parametrize(
    ("text", "target", "found"),
    [
        ('{"a": 1, "a": [2]}', "/a/0", "2"),
        ('{"a": ' + "9" * 9000 + ', "b": 1}', "/b", "1"),
        ('{"a": NaN, "b": -Infinity}', "/b", "-Infinity"),
        ('{"\\u0061~/": {"": 5}}', "/a~0~1/", "5"),
        ("  [ 1 , [ 2 ] ] ", "/1/0", "2"),
    ],
)
def test_places(text: str, target: str, found: str) -> None:
    span = Spans(text).find(target)
    assert span is not None
    assert text[span.start : span.end] == found


def test_repeated_keys_are_told_at_their_second_place() -> None:
    text = '{"a": 1, "b": {"c": 1, "c": 2, "c": 3}, "a": 2}'
    assert [(key.name, key.pointer, text[key.position]) for key in repeated_keys(text)] == [
        ("c", "/b/c", "2"),
        ("a", "/a", "2"),
    ]
