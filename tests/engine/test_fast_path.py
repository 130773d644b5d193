"""What the compiled scan lets pass is what no rule would have said anything about."""

import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.core.config import CheckConfig
from curate.lint.checker import CheckedChunk, Checker
from curate.lint.rules import RULES
from curate.lint.rules.rule import Scope
from curate.read.chunks import Batch, Chunk, read_chunk
from curate.read.dataset import FileFacts
from curate.read.fast_path import scan_lines
from tests.conftest import chat, environment
from tests.engine.test_chunks import LINES, TEXTS, fragments
from tests.hostile.process import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("scan")]
PER_LINE_RULES = CheckConfig(
    select=tuple(
        code for code, rule in RULES.items() if rule.scope not in (Scope.TOKENS, Scope.EXAMPLES, Scope.CONFLICTS)
    )
)
"""All that a check of lines in pieces may ask."""
PIECES = (
    "the of a to is it and in that Rome Ada I'm sorry cannot can’t 7 12 2019 555-1234 1.2.3.4 +49 a@b.c AB12 {x} "
    "{{y}} ``` # ## … é Â© \u0301 中文 \u200b"
    " \ufffd \U0001f600 delve into. following text: below http://a.b %s <br> As an AI language model, Human: "
    "sk-a1 N/A Explain how ( , \t \n"
)
WORDS = st.lists(st.sampled_from(PIECES.split(" ")), max_size=40).map(" ".join)
NUMBER = r"\+?\(?[0-9]{1,6}\)?[ .-]?|[A-Z]{2}[0-9]{2}|4539 ?1488 ?0343 ?6467|GB82 ?WEST|12345698765432"
NUMBERS = st.lists(st.from_regex(NUMBER, fullmatch=True), max_size=6).map("".join)
MARKS = st.text(st.sampled_from("aeनकख\u093c\u094d\u0902\u0301\u0327\u0338\u1161\u11a8가\u212bÅ가"), max_size=6)
FORMS = st.text(
    st.sampled_from("aÉß²½…ﾊ\uff9eﾡ\uffc2Привет한\u3131ΑΣςſİı\u00a0\u3000\u1680Ⅷﬁ\u0300\U0001f600\U0001d400\U0002a6d6"),
    max_size=8,
)
TELLING_TEXTS = """AKIAIOSFODNN7EXAMPLX|glpat-abcdefghij0123456789|hf_a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1|sk-abcdefghij0123456789a|xoxb-1234567890-abc
|eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijk|https://joe:hunter22@example.net/x|jo@acme.io|<p>Hi</p>|<br/>|&nbsp;|&#160;|[INST]|<¦user¦>
|{{ name }}| {city}.|${name}| %s |TBD|TODO: this|[your answer here]|## Input 3:\nOutput: 4|Instruction: Go\nOutput: 4|## Human: Hi
|Can’t. I’m sorry, but I can’t help|I won't share it|it’s important to note|It's worth noting|let's dive in|AS AN AI LANGUAGE MODEL,|a rich tapestry of
|Summarize the following text|the list below|</s>|<s>|<bos>|<｜User｜>|[TOOL_CALLS]|Human: Hi\n\nAssistant: Ho|6. Instruction: Go\n6. Output: 4
|no no no no no no no no no no no no no no no|, which fell. The|and so it was sold to the man who had asked for it|such as|Classify it: spam"""  # noqa: E501
TELLING = st.lists(
    st.one_of(
        WORDS, NUMBERS, MARKS, FORMS, st.sampled_from(TELLING_TEXTS.split("|")).map(lambda said: said.replace("¦", "|"))
    ),
    max_size=5,
).map(" ".join)


@cache
def checker(*, quick: bool) -> Checker:
    found = Checker(PER_LINE_RULES)
    if quick:
        found.use_fast_path()
        assert found.scan is not None
    return found


def test_it_is_compiled_once_for_bytes_and_for_a_buffer_that_is_read_into() -> None:
    scan = checker(quick=True).scan
    assert scan is not None
    for data in (b"\n", bytearray(b"\n")):
        scan(data, 1)
    assert len(scan_lines.signatures) == 1


def part_of(data: bytes, *, quick: bool) -> tuple[CheckedChunk, Batch]:
    facts = FileFacts("data.jsonl")
    batch = read_chunk(Chunk(None, "data.jsonl", 0, None, data), facts, checker(quick=quick).scan)  # type: ignore[arg-type]  # the bytes are at hand
    return checker(quick=quick).check_batch(batch, facts, len(batch.lines)), batch


def agree(data: bytes) -> Batch:
    """A scan changes nothing in what a part says; the batch that was scanned."""
    (careful, _), (quick, batch) = part_of(data, quick=False), part_of(data, quick=True)
    assert sorted(quick.findings, key=lambda found: found.order) == sorted(
        careful.findings, key=lambda found: found.order
    )
    assert quick.facts == careful.facts
    for name in (
        "exact",
        "folded",
        "asked",
        "answered",
        "kinds",
    ):
        assert getattr(quick.summary.columns, name) == getattr(careful.summary.columns, name), name
    for name in (
        "lengths",
        "turns",
        "systems",
        "many_systems",
        "answers",
        "refusals",
        "opened",
    ):
        assert getattr(quick.summary, name) == getattr(careful.summary, name), name
    assert sorted(quick.summary.label.digests) == sorted(careful.summary.label.digests)
    if careful.summary.label.count * 2 > len(careful.summary.label.digests):
        assert quick.summary.label.text == careful.summary.label.text
    assert list(quick.summary.columns.places.lines) == list(careful.summary.columns.places.lines)
    return batch


def written(value: Any, form: int) -> bytes:
    separators = ((", ", ": "), (",", ":"), (" , ", ": "))[form % 3]
    return json.dumps(value, separators=separators, ensure_ascii=form < 3).encode("utf-8", "surrogatepass")


@given(
    talks=st.lists(
        st.tuples(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=3), st.none() | WORDS, st.integers(0, 5)),
        min_size=1,
        max_size=4,
    ),
    ending=st.sampled_from([b"\n", b"\r\n"]),
)
@settings(deadline=None)
def test_words_that_rules_look_for(talks: list[tuple[list[tuple[str, str]], str | None, int]], ending: bytes) -> None:
    lines = []
    for turns, system, form in talks:
        messages = [{"role": "system", "content": system}] if system is not None else []
        for question, answer in turns:
            messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        lines.append(written({"messages": messages}, form))
    agree(ending.join(lines) + ending)


@given(
    talks=st.lists(st.tuples(TELLING, TELLING, st.integers(0, 5)), min_size=1, max_size=4),
    case=st.sampled_from((str, str.upper, str.title, str.swapcase)),
)
@settings(deadline=None)
def test_what_tells_of_something_anywhere(talks: list[tuple[str, str, int]], case: Callable[[str], str]) -> None:
    agree(b"".join(written(chat(case(question), case(answer)), form) + b"\n" for question, answer, form in talks))


@given(data=st.data())
@settings(deadline=None)
def test_documented_examples(data: st.DataObject) -> None:
    texts = st.lists(st.sampled_from(fragments()), min_size=1, max_size=3).map(
        data.draw(st.sampled_from(["", " ", "\n"])).join
    )
    agree(b"".join(written(chat(*data.draw(st.tuples(texts, texts))), 1) + b"\n" for _ in range(3)))


@given(st.lists(LINES, max_size=6), TEXTS)
@settings(deadline=None)
def test_lines_of_any_kind(lines: list[bytes], text: str) -> None:
    agree(b"\n".join([*lines, written(chat("Why is the sky blue?", f"Air scatters blue light {text} most."), 0)]))


def test_plain_talk_is_quiet() -> None:
    lines = [
        chat(
            f"Why is it so blue on day {n}?",
            f"It is blue since air scatters the blue part of light, as on day {n} – “always”.",
        )
        for n in range(9)
    ]
    batch = agree(b"".join(written(line, n % 2 + 3) + b"\n" for n, line in enumerate(lines)))
    assert batch.quiet is not None
    assert batch.quiet.quiet.all()


def test_every_character_is_compared_in_the_same_form() -> None:
    points = (point for point in range(128, 0x30000) if not 0xD800 <= point < 0xE000)
    changing = [
        char
        for char in map(chr, points)
        if unicodedata.normalize("NFKC", char).casefold() != char or unicodedata.combining(char)
    ]
    agree(
        b"".join(
            written(chat(f"Why is it so, a{char}b?", f"It is as the air scatters the light{char} of the sun."), 0)
            + b"\n"
            for char in changing
        )
    )


def test_what_another_version_compiled_is_compiled_anew(tmp_path: Path) -> None:
    """numba unpickles its index, and the classes that it names, before it sees that the source has changed."""
    source = """
from typing import NamedTuple
from curate.read.numba_utils import entry, forget
class NAME(NamedTuple):
    size: int
@entry
def size_of(one):
    return one.size
try:
    print(size_of(NAME(7)))
except AttributeError:
    forget(size_of)
    print("anew", size_of(NAME(7)))
"""
    told = []
    for name in ("Old", "Old", "New"):
        (tmp_path / "of_a_version.py").write_text(source.replace("NAME", name))
        command = [sys.executable, "-c", "import of_a_version"]
        cache = {
            "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
            "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        told.append(
            subprocess.run(command, env=environment(**cache), capture_output=True, text=True, check=True).stdout.strip()
        )
    assert told == ["7", "7", "anew 7"]
