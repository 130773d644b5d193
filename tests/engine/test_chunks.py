"""A file in pieces says what it says whole, however it is cut and whoever reads the pieces; text rules are asked
wherever they may find something.
"""

import gzip
import json
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.core.config import CheckConfig
from curate.core.example import Example, Place
from curate.lint.checker import NAMED_KEYS, TextRules
from curate.lint.rules import RULES, Scope, by_scope
from curate.lint.rules.content_parts import NFC_CHANGED_CHARS
from curate.lint.rules.message_frame import messages_frame
from curate.lint.runner import check_paths
from curate.read.chunks import chunks_of, read_chunk
from curate.read.dataset import FileFacts, ParsedLine, read_file
from tests.conftest import chat, line_of, of_hundred

CHECKER = import_module("curate.lint.checker")
TEXTS = st.lists(
    st.sampled_from(["Hi", "café", '"', "\\", "\n", "\t", "\b", "\u2028", "\ud83d", "\U0001f600", "x" * 30]), max_size=4
).map("".join)
KEYS = st.sampled_from(["id", "source", "score", "response", "a~/b", 'k"q', "é", "\n"])
VALUES = TEXTS | st.sampled_from([1, 2**63, -(2**70), 0.5, 1e300, float("inf"), None, True, [1, "a"], {"k": 1}])
LINES = st.one_of(
    st.tuples(TEXTS, st.dictionaries(KEYS, VALUES, max_size=3), st.booleans()).map(
        lambda line: json.dumps(chat("Hi", line[0]) | line[1], ensure_ascii=line[2]).encode("utf-8", "surrogatepass")
    ),
    st.tuples(TEXTS, TEXTS).map(lambda pair: line_of(chat(*pair))),
    st.tuples(TEXTS, TEXTS).map(lambda pair: line_of(chat(*pair, system="Be brief."))),
    st.tuples(TEXTS, TEXTS).map(lambda pair: line_of(chat(*pair)).replace(b'"content"', b'"content" ', 1)),
    st.sampled_from(
        [
            b"",
            b"  ",
            b"{",
            b"[1]",
            b"\xff",
            b'{"messages": [{"role": "user", "role": "user", "content": "a"}]}',
            b'{"messages": [{"role": "user", "content": "a\\u0022"}], "n": 1}',
            b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "n": 1, "n": 2}',
            b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "n": 1e400}',
            b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "\\u006e": 1}',
            b'{"messages": [{"role": "us\\u0065r", "content": "a"}]}',
            b'{"messages": []}',
            b'{"messages": {}}',
            b'{"messages": {"role": "user", "content": "a"}}',
            b'{"messages": [{"role": "user", "content": ["a"]}]}',
            b'{"instruction": "Add", "output": "2"}',
        ]
    ),
)
FILES = st.tuples(
    st.lists(LINES, min_size=1, max_size=8), st.sampled_from([b"\n", b"\r\n"]), st.booleans(), st.booleans()
)


def written(file: tuple[list[bytes], bytes, bool, bool]) -> Path:
    lines, ending, last, mark = file
    path = Path("data.jsonl")
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + ending.join(lines) + (ending if last else b""))
    return path


def read_in_pieces(path: Path, facts: FileFacts, size: int) -> Iterator[ParsedLine]:
    before = 0
    for piece in chunks_of(path, str(path), size) or ():
        part = FileFacts(str(path))
        batch = read_chunk(piece, part, NAMED_KEYS)
        found = [*batch.irregular_lines, *map(batch.parsed, range(len(batch.numbers)))]
        for parsed in sorted(found, key=lambda parsed: parsed.place.line):
            place = Place(parsed.place.file, before + parsed.place.line)
            said = parsed.example
            moved = (
                Example(place, said.value, said.format, said.pointers, said.plain, said.tools_pointer) if said else None
            )
            yield parsed._replace(place=place, line=parsed.line._replace(number=place.line), example=moved)
        facts.add(part, before)
        before += len(batch.lines)


@given(file=FILES, size=st.integers(1, 200))
@example(file=([line_of(chat("a", "b"))] * 2, b"\n", True, False), size=80)
@example(file=([line_of(chat('"', "\\"))], b"\r\n", False, True), size=1)
@example(file=([b'{"messages": {}}', b'{"messages": []}'], b"\n", True, False), size=80)
def test_pieces_hold_the_lines_of_the_file(file: tuple[list[bytes], bytes, bool, bool], size: int) -> None:
    path = written(file)
    if chunks_of(path, str(path)) is None:
        return
    whole, cut = FileFacts(str(path)), FileFacts(str(path))
    lines, pieces = list(read_file(path, whole)), list(read_in_pieces(path, cut, size))
    assert [(p.place, p.line, p.decoded.value, p.defects) for p in pieces] == [
        (p.place, p.line, p.decoded.value, p.defects) for p in lines
    ]
    assert [p.example for p in pieces] == [p.example for p in lines]
    assert cut == whole


@pytest.mark.slow
@settings(max_examples=of_hundred(20))  # all rules, three times each
@given(file=FILES, size=st.integers(1, 400))
def test_findings_do_not_depend_on_how_a_file_is_cut(file: tuple[list[bytes], bytes, bool, bool], size: int) -> None:
    path = written(file)
    config = CheckConfig(select=tuple({code[:1] for code in RULES}))
    whole = check_paths([path], config)
    packed = Path("data.jsonl.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("curate.read.file_parts.CHUNK_BYTES", size)
        patched.setattr("curate.read.file_parts.GROUP_LINES", 1 + size % 5)
        cut = check_paths([path], config)
        patched.setattr(CHECKER, "KEY_BLIND_RULES", frozenset())  # lines with other keys are read as objects
        unpacked = check_paths([packed], config, name_of=lambda _: str(path))
    assert cut.findings == whole.findings
    assert [(f.code, f.line, f.message) for f in unpacked.findings] == [
        (f.code, f.line, f.message) for f in whole.findings
    ]
    assert (cut.lines, cut.examples) == (whole.lines, whole.examples)


@pytest.mark.slow
def test_findings_do_not_depend_on_the_number_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line_of(chat(f"Question {n}?", "\u200b" if n % 7 == 0 else f"Answer {n % 50}")) for n in range(400)]
    lines[100:100] = [b"{", line_of({"instruction": "Add", "output": "2"}), *lines[:20]]
    path = Path("data.jsonl")
    path.write_bytes(b"\n".join(lines))
    alone = check_paths([path])
    monkeypatch.setattr("curate.read.file_parts.MIN_PARALLEL_BYTES", 0)
    monkeypatch.setattr("curate.read.file_parts.CHUNK_BYTES", 5_000)
    assert check_paths([path], workers=2).findings == alone.findings


@cache
def fragments() -> list[str]:
    """Texts of the documented examples of text rules, each of which one of them says something about, or nearly."""
    found = ["", " ", "Hi", "What is 2 + 2?", "```", "It's important to note"]
    for rule in by_scope(RULES, Scope.TEXT):
        path = Path("bad.jsonl")
        path.write_bytes(rule.bad + b"\n" + rule.good)
        for parsed in read_file(path, FileFacts("bad.jsonl")):
            found += [message.text for message in parsed.example.messages] if parsed.example else []
    return found


@pytest.mark.slow
@settings(max_examples=of_hundred(34))  # of three times as many turns as a conversation has
@given(data=st.data())
def test_text_rules_find_nothing_where_they_are_not_asked(data: st.DataObject) -> None:
    pieces = st.lists(st.sampled_from(fragments()), min_size=1, max_size=3).map(
        data.draw(st.sampled_from(["", " ", "\n"])).join
    )
    turns = data.draw(
        st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), pieces), min_size=1, max_size=15)
    )
    said = Example(Place("", 1), {"messages": [{"role": role, "content": text} for role, text in turns]}, "messages")
    rules = by_scope(RULES, Scope.TEXT)
    frame = messages_frame([said])
    asked = {(rule.code, turn, message) for rule, _, turn, message in TextRules(rules).ask(frame)}
    everywhere = frame.select("turn", *(rule.function().alias(rule.code) for rule in rules))
    assert asked == {
        (rule.code, turn, text)
        for rule in rules
        for turn, text in everywhere.select("turn", rule.code).iter_rows()
        if text is not None
    }


def test_whatever_is_not_in_normal_form_is_looked_at() -> None:
    points = [chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    composed = {char for point in points if len(parts := unicodedata.normalize("NFD", point)) > 1 for char in parts[1:]}
    unstable = [
        char
        for char in points
        if char in composed or unicodedata.combining(char) or unicodedata.normalize("NFC", char) != char
    ]
    seen = pl.Series(unstable).str.contains(NFC_CHANGED_CHARS)
    assert [f"U+{ord(char):04X}" for char, found in zip(unstable, seen, strict=True) if not found] == []
