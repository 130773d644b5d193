"""Near-duplicates: complete, each removal true to the very example kept, and the same in any order."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.config import DedupConfig
from curate.detect.cluster import Pair, choose
from curate.detect.near import BANDS, ROWS, NearReport, candidates, find_duplicates, signatures, verified
from curate.detect.shingles import shingle_hashes
from curate.example import Example, Place

WORDS = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "omicron",
    "pi",
    "rho",
    "sigma",
    "tau",
    "upsilon",
]


def example(question: str, answer: str, line: int = 1, system: str | None = None) -> Example:
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    if system is not None:
        messages.insert(0, {"role": "system", "content": system})
    return Example(Place("data.jsonl", line), {"messages": messages}, "messages")


def outcome(report: NearReport) -> tuple[set[tuple[str, str]], list[tuple[str, str]]]:
    return {(d.example.id, d.kept.id) for d in report.duplicates if d.code == "D003"}, report.pairs


texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=14).map(" ".join)
edited = st.tuples(texts, st.integers(0, 13), st.sampled_from(WORDS))


@st.composite
def corpora(draw: st.DrawFn) -> list[Example]:
    """Examples of which some are edits of others."""
    bases = draw(st.lists(texts, min_size=1, max_size=6))
    answers = list(bases)
    for base, at, word in draw(st.lists(st.tuples(st.sampled_from(bases), st.integers(0, 13), st.sampled_from(WORDS)), max_size=8)):
        words = base.split()
        words[at % len(words)] = word
        answers.append(" ".join(words))
    return [example("Say it.", answer, line) for line, answer in enumerate(answers, start=1)]


@given(corpora(), st.randoms(use_true_random=False))
def test_the_outcome_does_not_depend_on_the_order_of_lines(examples: list[Example], rng: random.Random) -> None:
    shuffled = examples.copy()
    rng.shuffle(shuffled)
    config = DedupConfig(threshold=0.6)
    assert outcome(find_duplicates(examples, config)) == outcome(find_duplicates(shuffled, config))


@given(corpora())
def test_every_removal_is_similar_to_the_very_example_kept_and_every_cluster_keeps_one(examples: list[Example]) -> None:
    report = find_duplicates(examples, DedupConfig(threshold=0.6))
    gone = {duplicate.example.place for duplicate in report.duplicates}
    assert len(gone) == len(report.duplicates)
    for duplicate in report.duplicates:
        assert duplicate.kept.place not in gone
        a, b = (set(shingle_hashes(e, "conversation").tolist()) for e in (duplicate.example, duplicate.kept))
        assert duplicate.similarity == len(a & b) / len(a | b)
        assert duplicate.similarity >= 0.6


@settings(max_examples=30, deadline=None)
@given(corpora())
def test_all_pairs_at_the_threshold_are_found(examples: list[Example]) -> None:
    """25 bands of 5 miss a pair of similarity 0.8 once in 20,000 times; hypothesis is seeded, so this holds or it does not."""
    distinct = list({e.id: e for e in examples}.values())
    sets = [set(shingle_hashes(e, "conversation").tolist()) for e in distinct]
    truth = {
        tuple(sorted((distinct[i].id, distinct[j].id)))
        for i in range(len(distinct))
        for j in range(i)
        if len(sets[i] & sets[j]) >= 0.8 * len(sets[i] | sets[j])
    }
    assert truth == set(find_duplicates(examples, DedupConfig(threshold=0.8)).pairs)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=30, unique=True), min_size=1, max_size=6))
def test_signatures_are_those_of_datasketch(sets: list[list[int]]) -> None:
    from datasketch import MinHash

    shingles = [np.array(sorted(hashes), dtype=np.uint32) for hashes in sets]
    for row, hashes in zip(signatures(shingles), sets, strict=True):
        sketch = MinHash(num_perm=BANDS * ROWS, scheme="affine32", hashfunc=int)
        for value in hashes:
            sketch.update(value)
        assert sketch.hashvalues.tolist() == row.tolist()


def test_exact_copies_name_the_first_and_only_one_stays() -> None:
    report = find_duplicates([example("Hi", "Hello there.", line) for line in (1, 2, 3)], DedupConfig())
    assert [(d.example.place.line, d.kept.place.line, d.code) for d in report.duplicates] == [(2, 1, "D001"), (3, 1, "D001")]


def test_a_shared_system_prompt_makes_nothing_a_duplicate() -> None:
    prompt = " ".join(f"rule{i}" for i in range(2000))
    examples = [example(f"What is {word}?", f"{word} is a letter, the {i}th of its kind in the list", i, prompt) for i, word in enumerate(WORDS)]
    assert find_duplicates(examples, DedupConfig()).duplicates == []


@pytest.mark.parametrize("alphabet", ["猫犬鳥魚馬牛", "กขคงจฉ", "😀😁😂😃😄😅", "あいうえおか"])
def test_texts_of_one_character_apart_from_being_equal_all_stay(alphabet: str) -> None:
    examples = [example(char, char, line) for line, char in enumerate(alphabet, start=1)]
    assert find_duplicates(examples, DedupConfig(threshold=0.5)).duplicates == []


def test_examples_without_text_match_nothing() -> None:
    examples = [Example(Place("data.jsonl", n), {"messages": [], "n": n}, "messages") for n in (1, 2)]
    assert (find_duplicates(examples, DedupConfig()).duplicates, find_duplicates(examples, DedupConfig()).pairs) == ([], [])


def test_a_differing_number_keeps_both_and_is_listed_apart() -> None:
    question = "What does the train from Leipzig to Dresden cost in second class on a weekday morning?"
    examples = [example(question, f"The ticket costs {price} euros in second class on weekdays.", price) for price in (24, 31)]
    report = find_duplicates(examples, DedupConfig(threshold=0.6))
    assert (report.duplicates, len(report.apart)) == ([], 1)
    assert len(find_duplicates(examples, DedupConfig(threshold=0.6, ignore_facts=True)).duplicates) == 1


def test_pairs_that_differ_only_in_the_rejected_side_are_two_examples() -> None:
    def pair(rejected: str, line: int) -> Example:
        value = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "rejected": rejected}
        return Example(Place("data.jsonl", line), value, "preference")

    examples = [pair("Go away, I do not want to talk to you", 1), pair("What do you think you are doing here?", 2)]
    assert find_duplicates(examples, DedupConfig()).duplicates == []


def test_a_chain_is_not_removed_by_closure() -> None:
    """a~b and b~c, a and c unlike: with b as keeper both go; with a as keeper c stays."""
    chain = [example("q", name, line) for line, name in enumerate("abc", start=1)]
    pairs = [Pair(0, 1, 0.9), Pair(1, 2, 0.9)]
    assert [d.example.messages[1].text for d in choose(chain, pairs, lambda at: (at,))] == ["b"]
    assert sorted(d.example.messages[1].text for d in choose(chain, pairs, lambda at: (at != 1, at))) == ["a", "c"]


def test_a_pinned_example_never_goes() -> None:
    twins = [example("q", name, line) for line, name in enumerate("ab", start=1)]
    pinned = frozenset(twin.id for twin in twins)
    assert choose(twins, [Pair(0, 1, 0.9)], lambda at: (at,), pinned) == []


def test_content_that_a_person_keeps_stays_once() -> None:
    twins = [example("Hi", "Hello there.", line) for line in (1, 2)]
    assert [d.example.place.line for d in find_duplicates(twins, DedupConfig(), frozenset({twins[0].id})).duplicates] == [2]


def test_candidates_of_a_big_bucket_are_all_verified() -> None:
    hashes = np.array([1, 2, 3, 4], dtype=np.uint32)
    signed = signatures([hashes] * 20)
    assert len(verified(candidates(signed), [hashes] * 20, 0.8)) == 190
