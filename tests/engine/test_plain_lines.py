"""The quick way to read a plain line says what the careful one says, or gives way to it."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curate.core.example import canonical
from curate.read import decode as module
from curate.read.decode import decode

TEXTS = st.text(st.sampled_from('ab"\\:{}[], \n\t\u00e9\u2028\U0001f600/u00bf1'), max_size=12)
TURNS = st.lists(st.fixed_dictionaries({"role": TEXTS, "content": TEXTS}), max_size=3)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A conversation as JSON, written with or without spaces and escapes, and perhaps with one piece put in another's
    place.
    """
    separators = draw(st.sampled_from([(", ", ": "), (",", ":"), (" , ", " : "), (",", "\t:")]))
    text = json.dumps({"messages": draw(TURNS)}, separators=separators, ensure_ascii=draw(st.booleans()))
    old, new = draw(
        st.sampled_from(
            [
                ("", ""),
                ('"role"', '"content"'),
                ("\\n", "\\u0000"),
                ("]", "], 1"),
                ('"', "'"),
                ("a", "\\b"),
                ("b", "\\ud800"),
                ("[", "[1e999"),
            ]
        )
    )
    return text.replace(old, new, draw(st.integers(1, 2))).encode() if old else text.encode()


@given(lines())
@example(b'{"messages": [{"role" : "a", "role": "b", "content": "c"}]}')
@example(b'{"messages": [{"role": "a", "content" :"x", "content": "\\":"}]}')
def test_both_ways_agree(line: bytes) -> None:
    quick, careful = decode(line), module._decode(line, 0)
    assert (quick.value, quick.defects) == (careful.value, careful.defects)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"b": 1, "a": "\u00e9"}, b'{"a":"\xc3\xa9","b":1}'),
        ("\ud800", b'"\xed\xa0\x80"'),
        (2**70, b"1180591620717411303424"),
    ],
)
def test_any_value_has_a_canonical_form(value: object, written: bytes) -> None:
    assert canonical(value) == written
