"""Facts of pairs of lines, read again many at once, are those of their examples; looking only where texts differ
changes nothing.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from curate.core.errors import InputError
from curate.corpus.corpus import LineReader
from curate.corpus.features import FeatureSpec
from curate.corpus.loading import read_table
from curate.dedup.fact_guard import LinePairs, lines_agree
from curate.dedup.text_facts import differ_in_names, facts_equal, spellings_of
from curate.parallel.worker_pool import WorkerPool
from curate.similarity.shingles import Shingling
from tests.conftest import chat, of_hundred
from tests.engine.test_facts import DIFFERENT, SAME
from tests.reference_facts import same_facts, texts_equal

DATA = Path("data.jsonl")
LONG = "the river rises in the mountains and flows through wide valleys and several old market towns to the sea"
WORDS = """What is Paris Berlin not don't never 2 3 20 2.50 2.5 1,000 1000 $5 €5 5% <b> x<3 before after May June please thanks he she are is quick 'rapid'
    “fast” naïve café — … ½ ² ₂ mW MW && !x ∀ II 猫 は Ж ａ 🙂 → a-b +4 -4"""  # noqa: E501
TOKENS = [*WORDS.split(), *LONG.split(), "\u00a0", "x\u2003y", "\x1f"]
SPACES = [" ", "  ", "\n", "\t", "\r\n", "\x0b", "\u3000", ""]
texts = st.lists(st.tuples(st.sampled_from(TOKENS), st.sampled_from(SPACES)), max_size=12).map(
    lambda some: "".join(token + space for token, space in some)
)


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str]:
    """A text and an edit of it."""
    text = draw(texts) + draw(st.sampled_from(["", LONG]))
    words = text.split(" ")
    at = draw(st.integers(0, len(words) - 1))
    return text, " ".join(
        [*words[:at], *draw(st.lists(st.sampled_from(TOKENS), max_size=2)), *words[at + draw(st.integers(0, 1)) :]]
    )


def agree(lines: list[object], pairs: list[tuple[int, int]], words: bool) -> tuple[list[bool], list[bool]]:
    """Whether pairs of lines agree: found at once, and one by one."""
    DATA.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with WorkerPool(1, processes=False) as pool:
        table = read_table([DATA], FeatureSpec("conversation", Shingling()), pool)
    spots = table.line_refs(np.arange(len(lines)))
    made = lines_agree(LinePairs(spots, pairs, words, "conversation"))
    examples = list(map(LineReader().example, spots))
    return made.tolist(), [same_facts(examples[left], examples[right], words=words) for left, right in pairs]


@pytest.mark.slow
@settings(max_examples=of_hundred(300))
@given(edited(), edited(), st.lists(edited(), max_size=2), st.booleans())
@example(("naïve", "naive"), ("a 20", "a 2"), [], False)
@example(("1,000 2", "1000 2"), ("", ""), [], False)
def test_pairs_agree_at_once_as_they_do_one_by_one(
    asked: tuple[str, str], answered: tuple[str, str], more: list[tuple[str, str]], words: bool
) -> None:
    lines: list[object] = []
    for side in (0, 1):
        turns = [
            said for question in [asked, *more] for said in (("user", question[side]), ("assistant", answered[side]))
        ]
        lines.append({"messages": [{"role": role, "content": text} for role, text in turns]})
    assume(
        all(asked[side] or answered[side] or any(question[side] for question in more) for side in (0, 1))
    )  # else it is no example
    made, expected = agree(lines, [(0, 1), (1, 0), (0, 0)], words)
    assert made == expected


@settings(max_examples=of_hundred(300))
@given(edited(), st.booleans(), st.booleans())
@example(("a 20 b", "a 2 0 b"), False, False)
@example(("x < 3 <b>", "x > 3 <b>"), False, False)
@example(("1,000 2", "1000 2"), True, False)
@example(("a b a", "a b b a"), True, True)
def test_texts_state_the_same_where_they_differ_as_they_do_in_all(
    texts: tuple[str, str], every: bool, request_: bool
) -> None:
    asked = None if request_ else ("What is it?", "What is that?")
    for left, right in (texts, texts[::-1]):
        assert facts_equal(left, right, every=every, requests=asked) == texts_equal(
            left, right, every=every, asked=asked
        )


@pytest.mark.parametrize(("left", "right"), [*DIFFERENT.values(), *SAME.values()], ids=[*DIFFERENT, *SAME])
def test_known_pairs_agree_as_they_do_one_by_one(left: tuple[str, str], right: tuple[str, str]) -> None:
    made, expected = agree([chat(*left), chat(*right)], [(0, 1), (1, 0)], False)
    assert made == expected == [(left, right) in SAME.values()] * 2


NAMED = """Anna Anna's anna Annas ANNA Ana Anan pre-order preorder Preorder Pre Order well-Known wellKnown Known He Yes
    Not May Only 'Anna Boss Bosss Bos re-Sign Resign resign x_Anna Anna_x Anna-Maria Maria Café Cafe iPhone (Anna),
    see. The""".split()  # noqa: SIM905


@given(*[st.lists(st.sampled_from(NAMED), max_size=6).map(" ".join)] * 2, st.booleans(), st.booleans())
@example("see Anna's", "see Annas", False, False)
@example("the pre-order is here", "the Preorder is here", False, False)
def test_answers_that_differ_in_names_differ_in_facts(left: str, right: str, every: bool, long: bool) -> None:
    if long:
        left, right = f"{LONG} {left} {LONG}", f"{LONG} {right} {LONG}"
    if differ_in_names(spellings_of(left), spellings_of(right)):
        assert not facts_equal(left, right, every=every, requests=("Who?", "Who?"))


def test_lines_of_all_formats_are_compared() -> None:
    lines: list[object] = [
        chat("Where is it?", "In Asia."),
        {"prompt": "Where is it?", "completion": "In Asia."},
        {"instruction": "Where is it?", "input": "", "output": "In Africa."},
        chat("Where is it?", "In Asia.", "Be brief."),
    ]
    pairs = [(0, 1), (0, 2), (1, 2), (0, 3)]
    made, expected = agree(lines, pairs, False)
    assert made == expected == [True, False, False, True]


def test_a_line_that_is_another_one_by_now_is_refused() -> None:
    lines = [chat("Where is Iran?", "In Asia."), chat("Where is Iraq?", "In Asia.")]
    DATA.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with WorkerPool(1, processes=False) as pool:
        table = read_table([DATA], FeatureSpec("conversation", Shingling()), pool)
    DATA.write_text(DATA.read_text(encoding="utf-8").replace("Iran", "Oman"), encoding="utf-8")
    with pytest.raises(InputError, match="changed while it was read"):
        lines_agree(LinePairs(table.line_refs(np.arange(2)), [(0, 1)], False, "conversation"))
