"""Reading: bytes to lines, lines to values, objects to conversations. Whatever the bytes are, nothing is lost and every
place is right.
"""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.core.errors import InputError
from curate.read.dataset import FileFacts, ParsedLine, read_dataset, read_file
from curate.read.decode import MISSING, decode
from curate.read.lines import BOM, split_lines
from curate.storage.data_files import data_files
from curate.storage.files import blocks
from tests.conftest import Write, chat, of_hundred
from tests.conftest import line_of as as_line
from tests.packed import zstd
from tests.strategies import json_values, texts, written

GOOD = as_line(("Hi", "Hello."))
OTHER = as_line(("Bye", "Goodbye."))
pieces = st.sampled_from(
    [
        b"\n",
        b"\r\n",
        b"\r",
        b" ",
        b"a",
        b'"',
        "\u2028".encode(),
        "\x85".encode(),
        b"\x0c",
        b"\x0b",
        b"\x1c",
        b"\x00",
        b"\xff",
    ]
)
data_of_lines = st.lists(pieces, max_size=30).map(b"".join)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def read(data: bytes, name: str = "data.jsonl") -> tuple[list[ParsedLine], FileFacts]:
    path = Path(name)
    path.write_bytes(data)
    facts = FileFacts(name)
    return list(read_file(path, facts)), facts


def kinds(parsed: list[ParsedLine]) -> list[str | None]:
    """Of each line the kind of its first defect."""
    return [line.defects[0].kind if line.defects else None for line in parsed]


# Lines


@given(data=data_of_lines, size=st.integers(1, 40))
def test_lines_add_up_to_the_file_wherever_its_blocks_are_cut(data: bytes, size: int) -> None:
    found = list(split_lines(cut(data, size)))
    assert b"".join(line.data + line.ending for line in found) == data
    assert [line.number for line in found] == list(range(1, len(found) + 1))
    assert all(data[line.offset :].startswith(line.data + line.ending) for line in found)
    assert found == list(split_lines([data]))


@given(data=data_of_lines)
def test_only_a_line_feed_ends_a_line(data: bytes) -> None:
    whole = data.split(b"\n")
    expected = whole if whole[-1] else whole[:-1]
    assert [line.data + line.ending.rstrip(b"\n") for line in split_lines([data])] == expected


@pytest.mark.parametrize("inside", ["\u2028", "\u2029", "\x85", "\x1c", "\ufeff", "\u00a0"])
def test_characters_that_other_readers_take_for_line_ends_stay_inside(inside: str) -> None:
    parsed, _ = read((json.dumps(chat(f"a{inside}b", "c"), ensure_ascii=False) + "\n").encode())
    assert [line.example.messages[0].text for line in parsed if line.example] == [f"a{inside}b"]


def test_windows_line_ends_are_no_part_of_the_line() -> None:
    parsed, facts = read(GOOD + b"\r\n" + OTHER + b"\r\n")
    assert [(line.line.data, line.line.ending) for line in parsed] == [(GOOD, b"\r\n"), (OTHER, b"\r\n")]
    assert facts.examples == 2


def test_a_byte_order_mark_is_told_and_does_not_disturb_the_first_line() -> None:
    parsed, facts = read(BOM + GOOD + b"\n" + OTHER)
    assert (facts.bom, facts.examples) == (True, 2)
    assert [line.line.offset for line in parsed] == [3, 3 + len(GOOD) + 1]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_a_file_in_another_width_is_not_read_and_says_so(encoding: str) -> None:
    parsed, facts = read(GOOD.decode().encode(encoding))
    assert (parsed, [defect.kind for defect in facts.defects]) == ([], ["wide"])


def test_the_first_byte_order_mark_of_utf_16_in_either_order_is_enough() -> None:
    for start in (b"\xff\xfe{\x00", b"\xfe\xff\x00{"):
        assert [defect.kind for defect in read(start)[1].defects] == ["wide"]


def test_zero_bytes_disturb_only_their_own_line() -> None:
    parsed, _ = read(GOOD + b"\n" + bytes(100) + b"\n" + OTHER + b"\n")
    assert kinds(parsed) == [None, "cut-off", None]


def test_an_empty_file_has_no_lines() -> None:
    assert read(b"")[0] == []


def test_a_line_of_20_mb_is_read_whole() -> None:
    parsed, _ = read(as_line(("x" * 20_000_000, "y")) + b"\n" + GOOD)
    assert [len(line.example.messages[0].text) for line in parsed if line.example] == [20_000_000, 2]


# Files


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress], ids=["gzip", "zstd"])
def test_packed_files_are_told_by_their_first_bytes_and_may_have_several_parts(pack: Any) -> None:
    parsed, _ = read(pack(GOOD + b"\n" + OTHER[:20]) + pack(OTHER[20:] + b"\n"), "no-suffix-of-its-own.jsonl")
    assert [line.line.data for line in parsed] == [GOOD, OTHER]


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress], ids=["gzip", "zstd"])
@pytest.mark.parametrize("kept", [5, 60, -1])
@pytest.mark.parametrize("before", [b"", GOOD + b"\n"], ids=["first part", "second part"])
def test_a_packed_file_that_breaks_off_is_never_taken_for_a_shorter_one(pack: Any, kept: int, before: bytes) -> None:
    data = (pack(before) if before else b"") + pack(
        b"".join(as_line((f"Question {n}?", f"Answer {n * n}.")) + b"\n" for n in range(500))
    )[:kept]
    with pytest.raises(InputError, match="damaged"):
        read(data)


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress], ids=["gzip", "zstd"])
def test_a_packed_file_with_foreign_bytes_in_it_is_damaged(pack: Any) -> None:
    data = bytearray(pack(b"".join(as_line((f"Question {n}?", f"Answer {n * n}.")) for n in range(500))))
    data[20:30] = b"\xff" * 10
    with pytest.raises(InputError, match="damaged"):
        read(bytes(data))


@pytest.mark.parametrize("start", [b"PK\x03\x04rest", b"a,b\n1,2\n", "{}".encode("utf-16")])
def test_of_a_file_of_another_kind_nothing_is_read_and_the_next_step_is_told(start: bytes) -> None:
    Path("data.jsonl").write_bytes(start)
    facts = FileFacts("data.jsonl")
    assert list(read_file(Path("data.jsonl"), facts)) == []
    assert facts.defects
    assert facts.step


def test_a_folder_is_refused_as_a_file_and_searched_as_a_path(write: Write) -> None:
    inside = write("folder/deep/data.jsonl", [GOOD])
    write("folder/notes.txt", b"no data")
    with pytest.raises(InputError, match="is a folder"):
        list(blocks(Path("folder")))
    assert data_files(["folder"]) == [inside]


def test_a_folder_without_data_files_is_told(write: Write) -> None:
    write("folder/notes.txt", b"no data")
    with pytest.raises(InputError, match="without data files"):
        data_files(["folder"])


@pytest.mark.parametrize("path", ["missing.jsonl", "data.jsonl/below"])
def test_a_file_that_is_not_there_is_told(write: Write, path: str) -> None:
    write("data.jsonl", [GOOD])
    with pytest.raises(InputError, match="no such file"):
        data_files([path])
    with pytest.raises(InputError, match="cannot be read"):
        list(blocks(Path(path)))


def test_a_file_that_may_not_be_read_is_told(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = write("data.jsonl", [GOOD])
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        read_dataset([path])


# Values


@given(pair=written())
def test_a_sound_line_has_its_value_and_no_defect_of_syntax(pair: tuple[Any, str]) -> None:
    value, text = pair
    found = decode(text.encode())
    assert found.value == value
    assert {defect.kind for defect in found.defects} <= {"control"}


@given(pair=written(), at=st.integers(0, 200), byte=st.binary(min_size=0, max_size=2))
def test_a_damaged_line_has_a_value_or_a_defect_and_never_raises(pair: tuple[Any, str], at: int, byte: bytes) -> None:
    data = pair[1].encode()
    found = decode(data[:at] + byte + data[at + 1 :])
    assert found.value is not MISSING or found.defects
    assert all(0 <= defect.offset <= len(data) + 2 for defect in found.defects)


@settings(max_examples=of_hundred(40))
@given(pair=written(st.dictionaries(texts, json_values, min_size=1)), data=st.data())
def test_a_line_that_was_cut_off_is_told_as_that(pair: tuple[Any, str], data: st.DataObject) -> None:
    """At least where it is cut between the words of the JSON: a cut number may be a number still, a cut string may end
    like an object.
    """
    text = pair[1].replace("\n", " ").encode()
    end = data.draw(st.sampled_from([m.start() for m in re.finditer(rb"(?<=[\[{,:]) ", text)] + [1]))
    found = decode(text[:end])
    if b'"' not in text[:end].replace(b'\\"', b""):
        assert [defect.kind for defect in found.defects] == ["cut-off"]
    assert found.value is MISSING


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(b"[" * 100_000, "cut-off", id="lists, cut off"),
        pytest.param(b'{"a":' * 100_000, "cut-off", id="objects, cut off"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, "too-deep", id="lists"),
        pytest.param(b'[{"a":' * 50_000 + b"1" + b"}]" * 50_000, "too-deep", id="both"),
    ],
)
def test_100_000_levels_are_a_defect_not_a_crash(data: bytes, kind: str) -> None:
    assert [defect.kind for defect in decode(data).defects] == [kind]


@pytest.mark.parametrize("depth", [201, 399, 401, 900, 990, 1000])
def test_however_deep_a_line_is_what_was_read_of_it_has_an_id(depth: int) -> None:
    parsed, _ = read(b'{"messages": [], "x": ' + b"[" * depth + b"]" * depth + b"}\n" + GOOD)
    assert kinds(parsed) == ["too-deep", None]
    assert all(len(line.example.id) == 32 for line in parsed if line.example)


@pytest.mark.parametrize(
    ("number", "value"),
    [("9" * 4000, int("9" * 4000)), ("-0", 0), ("1e300", 1e300), ("1e-400", 0.0), ("18446744073709551616", 2**64)],
    ids=["4,000 digits", "minus zero", "1e300", "1e-400", "2^64"],
)
def test_large_numbers_keep_their_value(number: str, value: float) -> None:
    assert decode(f'{{"n": {number}}}'.encode()).value == {"n": value}


@pytest.mark.parametrize(
    "number",
    ["9" * 5000, "NaN", "-Infinity", "1e400", "-1e400"],
    ids=["5,000 digits", "NaN", "-Infinity", "1e400", "-1e400"],
)
def test_numbers_that_readers_do_not_agree_on_are_not_read(number: str) -> None:
    found = decode(f'{{"NaN 1e400": "NaN", "n": {number}}}'.encode())
    assert found.value is MISSING
    assert found.defects[0].offset in (0, 26)


def test_of_a_repeated_key_the_last_value_counts_and_its_place_is_told() -> None:
    data = b'{"a": 1, "b": {"a": 2}, "\\u0061": 3}'
    found = decode(data)
    assert found.value == {"a": 3, "b": {"a": 2}}
    assert [(defect.kind, defect.pointer, defect.offset) for defect in found.defects] == [
        ("repeated-key", "/a", data.index(b"3}"))
    ]


def test_places_of_repeated_keys_are_bytes() -> None:
    data = '{"é": "é", "é": 1, "b": {"c": "ü", "c": 2}}'.encode()
    places = [data.index(b"1"), data.index(b"2")]
    assert [(defect.pointer, defect.offset) for defect in decode(data).defects] == [
        ("/é", places[0]),
        ("/b/c", places[1]),
    ]


def test_lone_surrogates_are_a_defect_and_the_example_still_has_an_id() -> None:
    parsed, _ = read(b'{"messages": [{"role": "user", "content": "\\ud83d"}]}')
    assert kinds(parsed) == ["surrogate"]
    assert all(line.example and len(line.example.id) == 32 for line in parsed)
