"""Instructions that many examples share are left out of user turns when whole texts are compared; what near-duplicates
share is not.
"""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.cli.main import main
from curate.core.config import DedupConfig
from curate.core.example import Example, Place
from curate.corpus.boilerplate import (
    MIN_EXAMPLES,
    MIN_OWN,
    RUN,
    cut_texts,
    examples_with,
    learn_passages,
    own_texts,
    runs_in,
)
from curate.corpus.dedup_text import Segment
from curate.dedup.near_duplicates import find_duplicates_in
from curate.project.manifest import read_manifest
from tests.bench.split_leaks import exempt_in, leaks, rows_in
from tests.conftest import Write, of_hundred, rows_of

PREAMBLE = (
    "below is an instruction that describes a task, paired with an input that gives further context. write a response "
    "that completes the request, keep to the facts of the input, name the places where they stand, and say so if the "
    "input lacks what is needed."
)
CLOSING = (
    "if you have any more questions about this in the future, do not hesitate to ask me again. please answer in two "
    "short paragraphs of plain prose, without lists, tables, headings or links, and end with the date on which each of "
    "the sources was read."
)
CHINESE = (
    "请根据下面的说明完成任务并且用完整的句子回答问题，不要遗漏任何细节，也不要加入输入中没有的内容，最后注明日期和作者"
)


def without_boilerplate(texts: list[str]) -> list[str]:
    return cut_texts(texts, learn_passages([text] for text in dict.fromkeys(texts)))


def own(n: int, words: int = 12) -> str:
    return " ".join(f"w{n}x{i}" for i in range(words))


@pytest.mark.slow
def test_a_shared_beginning_and_end_are_left_out() -> None:
    texts = [f"{PREAMBLE} {own(n)} {CLOSING}" for n in range(100)]
    assert without_boilerplate(texts) == [own(n) for n in range(100)]


def test_what_a_twentieth_of_the_file_shares_is_boilerplate_and_what_fewer_share_is_not() -> None:
    texts = [f"{PREAMBLE} {own(n)}" if n < 26 else f"{CLOSING} {own(n)}" if n < 50 else own(n) for n in range(500)]
    found = without_boilerplate(texts)
    assert (found[:26], found[26:]) == ([own(n) for n in range(26)], texts[26:])


@pytest.mark.slow
def test_a_small_file_has_none() -> None:
    texts = [f"{PREAMBLE} {own(n)}" for n in range(MIN_EXAMPLES - 1)]
    assert without_boilerplate(texts) == texts


@pytest.mark.slow
def test_a_text_of_which_little_else_is_left_is_compared_whole() -> None:
    texts = [f"{PREAMBLE} {own(n)}" for n in range(50)] + [PREAMBLE, f"{PREAMBLE} {own(50, MIN_OWN - 1)}"]
    assert without_boilerplate(texts) == [own(n) for n in range(50)] + texts[50:]


def test_near_duplicates_do_not_lose_what_they_share() -> None:
    base = own(0, 60).split()
    copies = [" ".join([*base[: n + 9], f"edit{n}", *base[n + 10 :]]) for n in range(40)]
    texts = copies + [own(n, 60) for n in range(1, 60)]
    assert without_boilerplate(texts) == texts


def test_scripts_without_spaces_have_boilerplate_too() -> None:
    characters = [chr(code) for code in range(0x5000, 0x5000 + 1000)]
    said = ["".join(random.Random(n).sample(characters, 20)) for n in range(60)]
    assert without_boilerplate([f"{CHINESE}：{text}" for text in said]) == said


@pytest.mark.parametrize("count", [0, 1, 30])
def test_texts_without_words_are_left_alone(count: int) -> None:
    assert without_boilerplate([""] * count) == [""] * count
    assert without_boilerplate(["\ud800 " * n for n in range(count)]) == ["\ud800 " * n for n in range(count)]


@settings(max_examples=of_hundred(30), deadline=None)
@given(st.lists(st.integers(0, 5), min_size=25, max_size=60), st.randoms(use_true_random=False))
def test_the_order_of_texts_does_not_matter(kinds: list[int], rng: random.Random) -> None:
    texts = [f"{PREAMBLE if kind else CLOSING} {own(n)}" for n, kind in enumerate(kinds)]
    shuffled = texts.copy()
    rng.shuffle(shuffled)
    assert dict(zip(texts, without_boilerplate(texts), strict=True)) == dict(
        zip(shuffled, without_boilerplate(shuffled), strict=True)
    )


def test_passages_are_named_as_they_stand_and_counted() -> None:
    other = " ".join(own(7, 30).split())
    asked = [[f"{PREAMBLE}\n{own(n)}"] if n % 2 else [own(n), f"{own(-n)} {other}"] for n in range(100)]
    passages = learn_passages(asked)
    assert sorted(passages) == sorted([PREAMBLE, other])
    rows = dict(zip(passages, (some.tolist() for some in examples_with(asked, passages)), strict=True))
    assert rows == {PREAMBLE: list(range(1, 100, 2)), other: list(range(0, 100, 2))}
    assert [len(runs) for runs in runs_in((other,))] == [30 - RUN + 1]


def test_a_passage_that_goes_on_in_different_ways_is_named_once() -> None:
    asked = [[f"{PREAMBLE} {'the next words are' if n < 30 else own(n)} {own(n)}"] for n in range(100)]
    passages = learn_passages(asked)
    assert passages[0] == PREAMBLE
    assert all(len(some) >= 20 for some in examples_with(asked, passages))


@settings(max_examples=of_hundred(40), deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), min_size=20, max_size=60),
    st.randoms(use_true_random=False),
)
def test_every_passage_is_shared_by_as_many_as_have_to(plan: list[list[int]], rng: random.Random) -> None:
    words = [own(kind, 12) for kind in range(4)]
    asked = [[" ".join(words[kind] for kind in some), own(n + 10)] for n, some in enumerate(plan)]
    passages = learn_passages(asked)
    assert all(len(rows) >= max(MIN_EXAMPLES, 0.05 * len(asked)) for rows in examples_with(asked, passages))
    rng.shuffle(asked)
    assert set(learn_passages(asked)) == set(passages)


def test_answers_are_never_cut_and_an_example_is_compared_whole_where_too_little_is_shared() -> None:
    passage = " ".join(own(1, 45).split())
    pieces = [
        Segment(f"{passage} {own(2)}", from_user=True),
        Segment(passage, from_user=False),
        Segment("and then", from_user=True),
    ]
    assert own_texts([pieces], (passage,)) == [f"{own(2)}\n{passage}\nand then"]
    assert own_texts([pieces[1:]], (passage,)) == [f"{passage}\nand then"]
    short = " ".join(passage.split()[:39])
    assert own_texts([[Segment(f"{short} {own(2)}", from_user=True)]], (short,)) == [f"{short} {own(2)}"]
    little = [Segment(f"{passage} {own(3, MIN_OWN - 1)}", from_user=True), Segment(own(4, MIN_OWN - 1), from_user=True)]
    assert own_texts([little], (passage,)) == [f"{passage} {own(3, MIN_OWN - 1)}\n{own(4, MIN_OWN - 1)}"]


WORDS = [
    f"{a}{b}"
    for a in ("bal", "cor", "dim", "fen", "gul", "hop", "jar", "kel")
    for b in ("ane", "ibo", "oru", "ust", "emi", "alo", "ydo", "inge")
]
INSTRUCTIONS = " ".join(random.Random(0).choices(WORDS, k=200))


def reviews(count: int) -> list[tuple[str, str]]:
    """Requests to classify different reviews, all with the same 200 words of instructions before them."""
    rng, words = (
        random.Random(1),
        ["film", "actor", "ending", "music", "plot", "weak", "great", "dull", "bright", "slow", "loud", "tender"],
    )
    return [
        (f"{INSTRUCTIONS}\n\nReview: {' '.join(rng.choices(words, k=15))}", ("positive", "negative")[n % 2])
        for n in range(count)
    ]


def test_instructions_that_all_requests_begin_with_hide_no_difference(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    data = reviews(60)
    data += [(f"{request}!", answer) for request, answer in data[:5]]
    path, copies = write("data.jsonl", data), [61, 62, 63, 64, 65]
    for options in ([], [], ["--no-cache"]):
        assert main(["dedup", "data.jsonl", "-o", "kept.jsonl", "-q", "--keep", "first", "--overwrite", *options]) == 0
        assert [json.loads(line)["line"] for line in Path("kept.removed.jsonl").read_bytes().splitlines()] == copies
    assert "shared instructions" in capsys.readouterr().err
    assert main(["dedup", "data.jsonl", "-q", "--keep", "first", "--threshold", "0.7"]) == 0
    values = rows_of(path)
    examples = [Example(Place("data.jsonl", n), value, "messages", None, True) for n, value in enumerate(values, 1)]
    assert [lost.place.line for lost in find_duplicates_in(examples, DedupConfig(keep="first")).duplicates] == copies


def test_what_fewer_than_a_twentieth_of_a_file_share_is_compared(write: Write) -> None:
    write("data.jsonl", [*reviews(MIN_EXAMPLES), *((own(n), own(n + 400)) for n in range(381))])
    assert main(["dedup", "data.jsonl", "-o", "kept.jsonl", "-q", "--ignore-facts", "--yes"]) == 0
    assert len(Path("kept.jsonl").read_bytes().splitlines()) == 1 + 381


def test_a_file_of_such_requests_can_be_divided(write: Write) -> None:
    write("data.jsonl", reviews(60))
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 0
    manifest, _ = read_manifest(Path("out"))
    assert manifest.groups > 50
    assert all(part.examples for part in manifest.splits.values())
    [shared] = manifest.shared_instructions
    assert (" ".join(shared.text.split()).startswith(INSTRUCTIONS), shared.examples) == (True, 60)
    assert not any(leaks(rows_in(Path("out")), exempt=exempt_in(Path("out"))).values())
