"""Any line of a file can be read by its number, whatever the file is made of, and what is read is what a reader of the
whole file sees.
"""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.core.errors import InputError
from curate.core.example import Place
from curate.read import index as module
from curate.read.dataset import FileFacts, read_file
from curate.read.index import LineIndex
from tests.conftest import Write

FILES = {
    "lines.jsonl": b'{"messages": []}\n\n{"a": 1}\r\n\r\n  \n{broken\n{"last": 1}',
    "bom.jsonl": b'\xef\xbb\xbf{"a": 1}\n{"b": 2}\n',
    "array.json": b'[{"instruction": "a", "output": "b"}, {"instruction": "c",\n "output": "d"},\n\n{"x": 1}]',
    "packed.jsonl.gz": gzip.compress(b'{"a": 1}\n{"b": "' + b"x" * 5000 + b'"}\n'),
    "empty.jsonl": b"",
    "short.jsonl": b"1\n\r\n2\n",
    "wide.jsonl": '{"a": 1}\n'.encode("utf-16"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("size", [7, 1 << 20])
def test_lines_are_those_that_a_reader_sees(
    write: Write, monkeypatch: pytest.MonkeyPatch, name: str, size: int
) -> None:
    monkeypatch.setattr(
        module, "BLOCK_BYTES", max(size, 1000) if name in ("array.json", "wide.jsonl") else size
    )  # these are told by a first block
    path = write(name, FILES[name])
    lines = LineIndex([path])
    list(lines.build())
    expected = [parsed for parsed in read_file(path, FileFacts(name)) if parsed.line.data]
    found = [lines.line(at) for at in range(len(lines))]
    assert [(p.place, p.line.data, p.example) for p in found] == [(p.place, p.line.data, p.example) for p in expected]
    assert [lines.find(p.place) for p in expected] == list(range(len(expected)))
    assert lines.complete


@given(st.lists(st.sampled_from([b"", b"\r", b"{}", b'{"a": 1}', b" ", b"x"])), st.booleans(), st.integers(1, 5))
def test_blank_lines_are_left_out_and_numbers_stay_true(
    tmp_path_factory: pytest.TempPathFactory, texts: list[bytes], ended: bool, size: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "lines.jsonl"
    path.write_bytes(b"\n".join(texts) + (b"\n" if ended else b""))
    lines = LineIndex([path])
    module_block, module.BLOCK_BYTES = module.BLOCK_BYTES, size  # type: ignore[misc]
    try:
        list(lines.build())
    finally:
        module.BLOCK_BYTES = module_block  # type: ignore[misc]
    expected = [
        (number, text)
        for number, text in enumerate(texts, start=1)
        if text and (text != b"\r" or (number == len(texts) and not ended))
    ]
    assert [
        (lines.place(at).line, lines.indexes[0].read_range(*lines.indexes[0].span(at))) for at in range(len(lines))
    ] == expected


def test_several_files_count_on(write: Write) -> None:
    lines = LineIndex([write("a.jsonl", b"{}\n{}\n"), write("empty.jsonl", b""), write("b.jsonl", b'{"b": 1}\n')])
    assert lines.find(Place("b.jsonl", 1)) is None
    counts = list(lines.build())
    assert (counts[-1], lines.place(2), lines.find(Place("b.jsonl", 1)), lines.find(Place("c.jsonl", 1))) == (
        3,
        Place("b.jsonl", 1),
        2,
        None,
    )


def test_a_file_that_shrinks_is_told_and_a_replaced_one_is_still_there(write: Write) -> None:
    path = write("a.jsonl", b'{"a": 1}\n{"b": 2}\n')
    lines = LineIndex([path])
    list(lines.build())
    assert lines.changed == []
    Path("new").write_bytes(b"{}\n")
    Path("new").replace(path)
    assert (lines.line(1).decoded.value, lines.changed) == ({"b": 2}, ["a.jsonl"])
    other = LineIndex([write("b.jsonl", b'{"a": 1}\n{"b": 2}\n')])
    list(other.build())
    Path("b.jsonl").write_bytes(b"{}\n")
    with pytest.raises(InputError, match="became shorter"):
        other.line(1)


def test_a_file_that_is_replaced_before_it_is_indexed_is_read_as_it_was(write: Write) -> None:
    """Lines of the new file are none of the old one: cut where those end, they would be no JSON."""
    path = write("a.jsonl", b'{"n": 1}\n{"n": 2}\n')
    index = LineIndex([path])
    write("new.jsonl", b'{"new": "longer"}\n{"n": 1}\n').replace(path)
    assert list(index.build())[-1] == len(index) == 2
    assert [index.line(number).decoded.value for number in range(2)] == [{"n": 1}, {"n": 2}]
    assert index.changed == ["a.jsonl"]


def test_a_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        LineIndex([Path("nowhere.jsonl")])
