"""Plain lines that are outlined by compiled code have the ids, keys, shingles and places that the careful way gives
them, or are left to it.
"""

import json
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.core.config import CheckConfig
from curate.corpus import features as module
from curate.corpus.features import Columns, FeatureSpec, columns_of
from curate.corpus.strata import Marking
from curate.lint.error_filter import ErrorFilter
from curate.read.chunks import chunks_of
from curate.read.plain_columns import plain_columns
from curate.similarity.shingles import Shingling
from tests.conftest import of_hundred
from tests.strategies import conversations, lines, written

WORDS = [
    "a",
    "An",
    "the",
    "What",
    "what's",
    "don't",
    "CAN'T",
    "won't",
    "you're",
    "I'm",
    "rock'n'roll",
    "it's's",
    "John's",
    "please",
    "Thanks",
    "hi",
]
LONG = ["w" * 31, "Many words one after another, more than are looked at at a time. " * 2, "日本語" * 12, "é" * 33]
SIGNS = [
    "'",
    "2",
    "+ 3",
    "-",
    "well-known",
    "a-b-c",
    "(x)*(y)",
    " ",
    "  ",
    "\n",
    "\t",
    '"',
    "\\",
    "/",
    ".",
    "?",
    "_x_",
    "\x7f",
    "3<4",
    "==",
]
PIECES = st.sampled_from(
    [*WORDS, *SIGNS, *LONG, "é", "É", "ß", "…", "½", "e\u0301", "\u00a0", "\u2028", "ﬁ", "日本", "😀"]
)
said = st.lists(PIECES, max_size=8).flatmap(
    lambda parts: st.sampled_from(["", " "]).map(lambda between: between.join(parts))
)
ROLES = st.lists(st.sampled_from(["system", "user", "assistant", "developer", "tool"]), max_size=5)


@st.composite
def plain_lines(draw: st.DrawFn) -> bytes:
    """A conversation of roles and texts, written with or without spaces and escapes."""
    value = {"messages": [{"role": role, "content": draw(said)} for role in draw(ROLES)]}
    separators = draw(st.sampled_from([(", ", ": "), (",", ":"), (" , ", " : ")]))
    return json.dumps(value, separators=separators, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


careless = st.one_of(
    plain_lines(),
    plain_lines(),
    written(conversations()).map(lambda pair: pair[1].replace("\n", " ").encode()),
    written(lines).map(lambda pair: pair[1].replace("\n", " ").encode()),
    st.sampled_from(
        [
            b"",
            b"  ",
            b"{broken",
            b"caf\xe9",
            b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
            b'{"messages": [{"role": "user", "role": "user", "content": "a"}]}',
        ]
    ),
)
ENDINGS = st.sampled_from([b"\n", b"\n", b"\r\n"])


def told(columns: Columns) -> list[Any]:
    """All that columns have, but for what was judged."""
    assert columns.keys is not None
    assert columns.links is not None
    assert columns.marks is not None
    keys, links, marks = columns.keys, columns.links, columns.marks
    of_lines: list[Any] = [columns.starts, columns.sizes, columns.endings, columns.numbers, columns.nths, columns.holds]
    of_examples: list[Any] = [
        columns.ids,
        columns.ranks,
        columns.sets.hashes,
        columns.sets.offsets,
        columns.short_texts.keys(),
        columns.short_texts.ends,
        keys.conversation_hash,
        keys.prefix_hashes,
        keys.ends,
        links.copy,
        links.prompt_hash,
        links.conversation_hash,
        links.prefix_hashes,
        links.ends,
        links.answers.hashes,
        links.answers.offsets,
        links.answered,
        links.answer_ends,
    ]
    arrays = [
        *of_lines,
        *of_examples,
        columns.short_texts.keys(),
        columns.short_texts.ends,
        marks.formats,
        marks.keys,
        marks.traits,
    ]
    return [columns.physical, *(array.tolist() for array in arrays)]


def made(path: Path, spec: FeatureSpec, least: int, monkeypatch: pytest.MonkeyPatch) -> list[Columns]:
    with monkeypatch.context() as patched:
        patched.setattr(module, "MIN_COMPILED_BYTES", least)
        return [columns_of(piece, spec) for piece in chunks_of(path, "x.jsonl", 400) or ()]


@pytest.mark.slow
@pytest.mark.parametrize("on", ["conversation", "prompt", "response", "last-turn"])
@settings(max_examples=of_hundred(50))  # for each of four
@given(
    content=st.lists(st.tuples(careless, ENDINGS), max_size=12), tail=st.sampled_from([b"", b"\n"]), bom=st.booleans()
)
def test_columns_are_the_same_in_both_ways(content: list[tuple[bytes, bytes]], tail: bytes, bom: bool, on: Any) -> None:
    path = Path("x.jsonl")
    path.write_bytes(
        b"\xef\xbb\xbf" * bom + (b"".join(line + ending for line, ending in content).removesuffix(b"\n") + tail)
    )
    spec = FeatureSpec(
        on,
        Shingling(),
        "most-turns" if on == "prompt" else "highest:score",
        keys=True,
        links=True,
        short_texts=on != "conversation",
        marking=Marking(("/metadata/x",)),
    )
    with pytest.MonkeyPatch.context() as patch:
        assert [told(part) for part in made(path, spec, 1 << 30, patch)] == [
            told(part) for part in made(path, spec, 0, patch)
        ]


@pytest.mark.slow
@given(content=st.lists(st.tuples(careless, ENDINGS), max_size=12))
def test_what_is_screened_for_errors_is_the_same_in_columns_and_line_by_line(
    content: list[tuple[bytes, bytes]],
) -> None:
    path = Path("x.jsonl")
    path.write_bytes(b"".join(line + ending for line, ending in content))
    found = []
    for least in (1 << 30, 0):
        screening = ErrorFilter.of(CheckConfig())
        assert screening is not None
        with pytest.MonkeyPatch.context() as patch:
            parts = made(path, FeatureSpec("conversation", Shingling(), judging=screening), least, patch)
        before = np.cumsum([0, *(part.physical for part in parts)]).tolist()
        judged = map(screening.merger(), (part.judged for part in parts), before)
        found.append(sorted(map(repr, screening.report(list(chain.from_iterable(judged))).findings)))
    assert found[0] == found[1]


def test_most_conversations_are_outlined() -> None:
    texts = ["What's the best way to cook rice?", "Add 2 + 2.", "Write a haiku about the sea", "Don't stop. Why?"]
    data = b"".join(
        json.dumps({"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "Yes."}]}).encode()
        + b"\n"
        for text in texts
    )
    found = plain_columns(data)
    assert (found.numbers.tolist(), found.irregular_lines) == ([1, 2, 3, 4], [])
