"""Documents: files that are an array, or objects over several lines, are cut without losing anything, and every place
in them is right.
"""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curate.core.example import pointer
from curate.read.json_pointer_spans import Spans, line_of
from curate.read.lines import BOM, compact, elements, is_document
from tests.conftest import line_of as as_line
from tests.engine.test_reading import kinds, read
from tests.strategies import conversations, inside, texts, written

GOOD = as_line(("Hi", "Hello."))
OTHER = as_line(("Bye", "Goodbye."))


@given(
    values=st.lists(written(conversations()), min_size=1, max_size=4),
    space=st.sampled_from(["", " ", "\n", "\n  ", "\r\n\r\n"]),
)
def test_an_array_is_read_as_its_elements_each_at_its_own_line(values: list[tuple[Any, str]], space: str) -> None:
    text = "[" + space + f",{space}".join(text for _, text in values) + space + "]\n"
    parsed, facts = read(text.encode())
    assert [line.decoded.value for line in parsed] == [value for value, _ in values]
    assert facts.document
    for line in parsed:
        assert text.encode()[line.line.offset :].startswith(line.line.data)
        assert line.place.line == text.encode()[: line.line.offset].count(b"\n") + 1
    assert len({line.place for line in parsed}) == len(parsed)


@given(values=st.lists(written(conversations()), min_size=1, max_size=3))
def test_the_lines_of_an_array_are_json_lines_of_the_same_values(values: list[tuple[Any, str]]) -> None:
    parsed, _ = read(f"[\n{','.join(text for _, text in values)}]".encode())
    assert [json.loads(compact(line.line.data)) for line in parsed] == [value for value, _ in values]
    assert all(b"\n" not in line.jsonl for line in parsed)


@given(values=st.lists(conversations(), min_size=1, max_size=3))
def test_objects_over_several_lines_are_read_one_by_one(values: list[Any]) -> None:
    parsed, facts = read("\n".join(json.dumps(value, indent=2) for value in values).encode())
    assert [line.decoded.value for line in parsed] == values
    assert facts.document


@given(
    data=st.one_of(
        st.lists(written(), max_size=4).map(
            lambda values: ("[" + ",\n".join(text for _, text in values) + "]").encode()
        ),
        st.lists(written(conversations()), max_size=3).map(
            lambda values: "\n".join(text for _, text in values).encode()
        ),
        st.text('[]{},:"\\ \n1a', max_size=40).map(str.encode),
    ),
    damage=st.lists(
        st.tuples(
            st.integers(0, 300), st.integers(0, 3), st.sampled_from([b"", b"]", b"}", b'"', b",", b"\xff", b"{"])
        ),
        max_size=2,
    ),
    opening=st.sampled_from([b"[", b"{", b"[\n", BOM + b"[ "]),
)
@example(data=b'1, "a', damage=[], opening=b"[")
@example(data=b"1,]", damage=[], opening=b"[")
@example(data=b",,", damage=[], opening=b"[\n")
@example(data=b"}", damage=[], opening=b"[")
@example(data=b"}{}", damage=[], opening=b"{")
def test_however_a_document_is_damaged_all_of_it_is_in_one_line_or_another(
    data: bytes, damage: list[tuple[int, int, bytes]], opening: bytes
) -> None:
    for at, length, put in damage:
        data = data[:at] + put + data[at + length :]
    data = opening + data
    covered = len(BOM) if data.startswith(BOM) else 0
    found = sorted((line for line, _ in elements(data)), key=lambda line: line.offset)
    for line in found:
        assert not data[covered : line.offset].strip(b" \t\r\n,[]")
        assert data[line.offset :].startswith(line.data)
        assert line.offset >= covered
        covered = line.offset + len(line.data)
    assert not data[covered:].strip(b" \t\r\n,[]")


def test_what_stands_before_the_break_is_read_and_the_rest_is_one_line() -> None:
    data = (
        b"[\n" + GOOD + b",\n" + OTHER + b",\n" + b'{"messages": [{"role": "user" \n' + GOOD + b",\n" + OTHER + b",\n"
    )
    parsed, facts = read(data)
    assert kinds(parsed) == [None, None, "cut-off"]
    assert facts.examples == 2
    assert (parsed[-1].place.line, parsed[-1].line.data) == (4, data[data.index(b'{"messages": [{"role": "user" \n') :])


def test_one_bad_byte_in_an_array_loses_one_element() -> None:
    parsed, facts = read(b"[\n" + GOOD + b',\n{"text": "caf\xe9"},\n' + OTHER + b"\n]")
    assert kinds(parsed) == [None, "utf-8", None]
    assert facts.examples == 2


def test_an_array_that_holds_arrays_is_cut_at_the_outer_commas_only() -> None:
    parsed, _ = read(b'[[1, [2, {"a": "],["}]], [3]]')
    assert [line.decoded.value for line in parsed] == [[1, [2, {"a": "],["}]], [3]]


@pytest.mark.parametrize(
    "start",
    [
        b'{"a": \n',
        b"[\n",
        b'{"a": 1}\n',
        b'{"a": 1} {"b": 2}\n',
        b"[1]\n",
        b"\n",
        b"a\n",
        b'{"a": \n{"b": \n',
        b'"\n',
        b"{\n\n\n",
    ],
)
def test_a_wrong_first_line_never_makes_a_document_of_good_lines(start: bytes) -> None:
    assert not is_document(start + GOOD + b"\n" + OTHER + b"\n")
    assert read(start + GOOD + b"\n" + OTHER + b"\n")[1].formats["messages"] == 2


def test_a_string_that_is_never_closed_takes_no_more_time_than_its_length() -> None:
    parsed, _ = read(b'[{"a": "' + b'\\"{' * 300_000)
    assert kinds(parsed) == ["cut-off"]


# Places in a value


@given(pair=written())
def test_a_pointer_is_located_where_its_value_starts(pair: tuple[Any, str]) -> None:
    value, text = pair
    for path, item in inside(value):
        span = Spans(text).find(pointer(*path))
        assert span is not None
        assert json.JSONDecoder().raw_decode(text, span.start)[0] == item
        assert line_of(text.encode(), pointer(*path)) == text.count("\n", 0, span.start)


@given(pair=written(), key=texts)
def test_a_pointer_to_nothing_has_no_place(pair: tuple[Any, str], key: str) -> None:
    target = pointer(key, "no such key")
    known = {pointer(*path) for path, _ in inside(pair[0])}
    assert (Spans(pair[1]).find(target) is None) == (target not in known)


def test_slashes_and_tildes_in_keys_are_escaped() -> None:
    assert pointer("a/b", "c~d", 0) == "/a~1b/c~0d/0"
    found = Spans('{"a/b": {"c~d": [7]}}').find("/a~1b/c~0d/0")
    assert found is not None
    assert found.start == 17


@pytest.mark.parametrize("names", [("role", "content"), ("from", "value")])
def test_an_only_line_that_is_a_list_of_turns_is_one_conversation(names: tuple[str, str]) -> None:
    role, content = names
    turns = [{role: "user", content: "Hi"}, {role: "assistant", content: "Hello."}]
    [line], facts = read(json.dumps(turns).encode() + b"\n")
    assert (line.example is not None, facts.understood) == (True, 1)
    assert [parsed.line.data for parsed in read(json.dumps([{"messages": turns}]).encode())[0]] == [
        json.dumps({"messages": turns}).encode()
    ]
