"""Near-duplicates: complete, each removal true to the very example kept, and the same in any order."""

import random
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.core.config import DedupConfig
from curate.core.example import Example, Place
from curate.core.form_keys import REJECTED_KEYS
from curate.core.text import normalised, words
from curate.corpus import cache
from curate.corpus.cache import StoredGroups
from curate.corpus.dedup_text import written_text
from curate.dedup.near_duplicates import FoundDuplicates, find_duplicates_in
from curate.parallel.worker_pool import WorkerPool
from curate.similarity import buckets
from curate.similarity.buckets import SetJoin, roots
from curate.similarity.shingles import ShingleSets, Shingling, text_buffer
from curate.similarity.similarity_index import PERMUTATIONS, bands_for, grouped, jaccard, signatures
from curate.similarity.word_hashes import shingled
from curate.storage.disk_arrays import joined
from tests.conftest import of_hundred
from tests.reference_choice import choose

threads = partial(WorkerPool, processes=False)


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


def shingles_of(example: Example) -> set[int]:
    return set(shingled(text_buffer([written_text(example, "conversation")])).hashes.tolist())


def outcome(found: FoundDuplicates) -> tuple[set[tuple[str, str]], list[tuple[str, str, float]]]:
    return {(lost.example, lost.kept) for lost in found.duplicates if lost.code == "D003"}, [
        (one.example, one.kept, one.similarity) for one in found.apart
    ]


texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=14).map(" ".join)
edited = st.tuples(texts, st.integers(0, 13), st.sampled_from(WORDS))


@st.composite
def corpora(draw: st.DrawFn) -> list[Example]:
    """Examples of which some are edits of others."""
    bases = draw(st.lists(texts, min_size=1, max_size=6))
    answers = list(bases)
    for base, at, word in draw(
        st.lists(st.tuples(st.sampled_from(bases), st.integers(0, 13), st.sampled_from(WORDS)), max_size=8)
    ):
        words = base.split()
        words[at % len(words)] = word
        answers.append(" ".join(words))
    return [example("Say it.", answer, line) for line, answer in enumerate(answers, start=1)]


@pytest.mark.slow
@given(corpora())
def test_every_removal_is_similar_to_the_very_example_kept_and_every_cluster_keeps_one(examples: list[Example]) -> None:
    losses = find_duplicates_in(examples, DedupConfig(threshold=0.6)).duplicates
    gone = {lost.place.line for lost in losses}
    assert len(gone) == len(losses)
    for lost in losses:
        assert lost.kept_place.line not in gone
        a, b = (shingles_of(examples[place.line - 1]) for place in (lost.place, lost.kept_place))
        assert lost.similarity == len(a & b) / len(a | b)
        assert lost.similarity >= 0.6


def sets_of(*members: set[int]) -> ShingleSets:
    """Sets made by hand."""
    return joined(
        ShingleSets,
        [ShingleSets(np.array(sorted(numbers), dtype=np.uint32), np.array([0, len(numbers)])) for numbers in members],
    )


def linked(pairs: list[tuple[str, str]]) -> set[frozenset[str]]:
    """The groups that pairs make."""
    found: dict[str, set[str]] = {}
    for left, right in pairs:
        group = found.get(left, {left}) | found.get(right, {right})
        found.update(dict.fromkeys(group, group))
    return {frozenset(group) for group in found.values()}


@settings(max_examples=of_hundred(30), deadline=None)
@given(corpora())
def test_all_pairs_at_the_threshold_are_found(examples: list[Example]) -> None:
    """A pair at the threshold is missed 5 times in 1,000 at the most; hypothesis is seeded, so this holds or it does
    not.
    """
    distinct = list({e.id: e for e in examples}.values())
    sets = [shingles_of(e) for e in distinct]
    truth = [
        (str(i), str(j))
        for i in range(len(distinct))
        for j in range(i)
        if len(sets[i] & sets[j]) >= 0.8 * len(sets[i] | sets[j]) > 0
    ]
    groups = [list(map(str, group)) for group in grouped(sets_of(*sets), 0.8, threads(1)).members]
    assert linked(truth) == linked([(group[0], other) for group in groups for other in group])


@settings(max_examples=of_hundred(40), deadline=None)
@given(
    st.lists(st.sets(st.integers(0, 2**32 - 1), max_size=30), min_size=1, max_size=6),
    st.sampled_from([1, 100, PERMUTATIONS, 256]),
)
def test_signatures_are_those_of_datasketch(members: list[set[int]], count: int) -> None:
    from datasketch import MinHash

    for values, hashes in zip(signatures(sets_of(*members), count), members, strict=True):
        sketch = MinHash(num_perm=count, scheme="affine32", hashfunc=int)
        sketch.update_batch(sorted(hashes))
        assert sketch.hashvalues.tolist() == values.tolist()


@given(st.floats(0.02, 1.0))
def test_bands_propose_995_of_1000_pairs_at_the_threshold(threshold: float) -> None:
    bands = bands_for(threshold)
    assert bands.probability(threshold) >= 0.995
    assert bands.number * bands.rows <= bands.permutations <= 1024


def test_bands_that_cannot_be_that_sure_say_so() -> None:
    assert bands_for(0.001).probability(0.001) < 0.995
    assert bands_for(0.0).probability(0.0) == 0.0


written = st.text(st.sampled_from("aB9_ .-\n\téÄßﬁ猫กा😀\ud800"), max_size=40)


@given(st.lists(written, max_size=8), st.integers(1, 4))
def test_shingles_are_runs_of_words(texts: list[str], size: int) -> None:
    """Two texts have equal sets where they have equal runs of words, and as many shingles as different runs."""
    made = shingled(text_buffer(texts), Shingling("word", size))
    runs = [plain_runs(text, size) for text in texts]
    assert [len(made[at]) for at in range(len(texts))] == [len(run) for run in runs]
    for i, one in enumerate(runs):
        for j in range(i):
            assert (one == runs[j]) == (made[i].tolist() == made[j].tolist())


def plain_runs(text: str, size: int) -> set[tuple[str, ...]]:
    """What the kernel does, in plain Python; marks are part of words here as there."""
    tokens = words(normalised(text).replace("\u093e", "ā"))
    return {tuple(tokens[i : i + size]) for i in range(max(1, len(tokens) - size + 1))} if tokens else set()


@given(st.lists(written, min_size=1, max_size=12), st.integers(1, 5), st.sampled_from(["word", "character"]))
def test_sets_do_not_depend_on_how_texts_are_parted(
    texts: list[str], step: int, unit: Literal["word", "character"]
) -> None:
    whole = shingled(text_buffer(texts), Shingling(unit, 3))
    some = (shingled(text_buffer(texts[at : at + step]), Shingling(unit, 3)) for at in range(0, len(texts), step))
    parts = joined(ShingleSets, some)
    assert (whole.hashes.tolist(), whole.offsets.tolist()) == (parts.hashes.tolist(), parts.offsets.tolist())


numbers = st.integers(0, 40)
clouds = st.lists(
    st.tuples(st.sets(numbers, max_size=25), st.sets(numbers, max_size=3)).map(lambda two: two[0] ^ two[1]), max_size=30
)


@given(clouds, st.floats(0.3, 1.0), st.booleans())
def test_groups_are_those_of_all_pairs_however_crowded(members: list[set[int]], threshold: float, misses: bool) -> None:
    """With one bucket for all, joining and cutting up lose no pair: the groups are those that comparing all with all
    makes.
    """
    members = [member for member in members if member]
    sets = sets_of(*members)
    truth = [
        (i, j)
        for i in range(len(members))
        for j in range(i)
        if len(members[i] & members[j]) / len(members[i] | members[j]) >= threshold
    ]
    forest = SetJoin(sets, np.array([min(0.5, threshold) if misses else threshold, threshold]), 1)
    if len(sets) > 1:
        forest.join_large(np.arange(len(sets)))
    made = [(i, int(found)) for i, found in enumerate(roots(forest.parent)) if i != found]
    assert linked([(str(i), str(j)) for i, j in truth]) == linked([(str(i), str(j)) for i, j in made])


@pytest.mark.slow
@given(clouds, st.integers(1, 4))
def test_groups_do_not_depend_on_workers(members: list[set[int]], workers: int) -> None:
    sets = sets_of(*members)
    one, many = (
        grouped(sets, 0.6, threads(1)),
        grouped(sets, 0.6, threads(workers)),
    )
    assert ([m.tolist() for m in one.members], one.misses) == ([m.tolist() for m in many.members], many.misses)


@given(st.sets(numbers, max_size=20), st.sets(numbers, max_size=20))
def test_similarity_is_jaccard(left: set[int], right: set[int]) -> None:
    assert jaccard(sets_of(left, right), 0, 1) == (len(left & right) / len(left | right) if left and right else 0.0)


@pytest.mark.parametrize(
    "texts", [("我喜欢这个城市", "你喜欢这个城市"), ("他是老师", "他在老师"), ("これはペンだ", "これがペンだ")]
)
def test_characters_of_grammar_are_no_typing_errors(texts: tuple[str, str]) -> None:
    assert not find_duplicates_in(
        [example("说什么？", text, line) for line, text in enumerate(texts, 1)], DedupConfig()
    ).duplicates


def test_exact_copies_name_the_first_and_only_one_stays() -> None:
    found = find_duplicates_in([example("Hi", "Hello there.", line) for line in (1, 2, 3)], DedupConfig())
    assert [(lost.place.line, lost.kept_place.line, lost.code) for lost in found.duplicates] == [
        (2, 1, "D001"),
        (3, 1, "D001"),
    ]


def test_a_shared_system_prompt_makes_nothing_a_duplicate() -> None:
    prompt = " ".join(f"rule{i}" for i in range(2000))
    examples = [
        example(f"What is {word}?", f"{word} is a letter, the {i}th of its kind in the list", i, prompt)
        for i, word in enumerate(WORDS)
    ]
    assert find_duplicates_in(examples, DedupConfig()).duplicates == []


@pytest.mark.parametrize("alphabet", ["猫犬鳥魚馬牛", "กขคงจฉ", "😀😁😂😃😄😅", "あいうえおか"])
def test_texts_of_one_character_apart_from_being_equal_all_stay(alphabet: str) -> None:
    examples = [example(char, char, line) for line, char in enumerate(alphabet, start=1)]
    assert find_duplicates_in(examples, DedupConfig(threshold=0.5)).duplicates == []


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize(
    ("alphabet", "question", "answer"),
    [
        (
            "猫犬鳥魚馬牛",
            "请告诉我这个动物叫什么名字，它住在哪里，平时喜欢吃什么东西？",
            "它叫{}，住在山里的小河旁边，平时喜欢吃草和水果，晚上会回到树洞里睡觉，冬天不出来。",
        ),
        (
            "春夏秋冬朝夜",
            "この動物の名前と住んでいる場所を教えてください。",
            "それは{}という名前で、山の中の小さな川のそばに住んでいて、毎日草や果物を食べています。",
        ),
        ("กขคงจฉ", "ช่วยบอกชื่อสัตว์ตัวนี้และที่อยู่ของมันให้ฉันหน่อย", "มันชื่อ{}อาศัยอยู่ใกล้แม่น้ำเล็กๆ บนภูเขา และชอบกินผลไม้กับหญ้าทุกวัน"),
        (
            "😀😁😂😃😄😅",
            "How did you like the film that we saw together last week in the old town?",
            "I liked it as much as the one that we saw there before it: {}",
        ),
    ],
)
def test_sentences_of_one_character_apart_from_being_equal_all_stay(
    alphabet: str, question: str, answer: str, asked: bool
) -> None:
    """They are alike above any threshold; which character it is makes the difference."""
    examples = [
        example(question + char * asked, answer.format("" if asked else char), line)
        for line, char in enumerate(alphabet, start=1)
    ]
    report = find_duplicates_in(examples, DedupConfig())
    assert report.duplicates == []
    assert len(report.apart) == len(examples) - 1


def test_examples_without_text_match_nothing() -> None:
    examples = [Example(Place("data.jsonl", n), {"messages": [], "n": n}, "messages") for n in (1, 2)]
    found = find_duplicates_in(examples, DedupConfig())
    assert (found.duplicates, found.similarities) == ([], [])


def test_a_differing_number_keeps_both_and_is_listed_apart() -> None:
    question = "What does the train from Leipzig to Dresden cost in second class on a weekday morning?"
    examples = [
        example(question, f"The ticket costs {price} euros in second class on weekdays.", price) for price in (24, 31)
    ]
    report = find_duplicates_in(examples, DedupConfig(threshold=0.6))
    assert (report.duplicates, len(report.apart)) == ([], 1)
    assert len(find_duplicates_in(examples, DedupConfig(threshold=0.6, ignore_facts=True)).duplicates) == 1


@pytest.mark.parametrize("key", REJECTED_KEYS)
def test_pairs_that_differ_only_in_the_rejected_side_are_two_examples(key: str) -> None:
    def pair(rejected: str, line: int) -> Example:
        value = {
            "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}],
            key: rejected,
        }
        return Example(Place("data.jsonl", line), value, "preference")

    examples = [pair("Go away, I do not want to talk to you", 1), pair("What do you think you are doing here?", 2)]
    assert find_duplicates_in(examples, DedupConfig()).duplicates == []


def chained(left: int, right: int) -> float:
    """a, b and c, of which neighbours are alike."""
    return 0.9 * (abs(left - right) <= 1)


def test_a_chain_is_not_removed_by_closure() -> None:
    """a~b and b~c, a and c unlike: with b as keeper both go; with a as keeper c stays."""
    assert [pair.left for pair in choose([0, 1, 2], chained, lambda *_: True, 0.5, 0.8).gone] == [1]
    assert [pair.left for pair in choose([1, 0, 2], chained, lambda *_: True, 0.5, 0.8).gone] == [0, 2]


def test_a_pinned_example_never_goes() -> None:
    assert choose([0, 1], chained, lambda *_: True, 0.5, 0.8, pinned={0, 1}).gone == []


def test_templates_are_in_the_same_groups_whether_near_misses_are_told() -> None:
    rng, template = random.Random(0), list(range(1000, 1060))
    sets = sets_of(
        *({*template, *(20 * rng.randrange(40) + at for at in range(10)), rng.randrange(900, 960)} for _ in range(800))
    )
    told, quick = (
        grouped(sets, 0.8, threads(1)),
        grouped(sets, 0.8, threads(1), misses=False),
    )
    assert [members.tolist() for members in quick.members] == [members.tolist() for members in told.members]
    assert len(told.members) > 10
    assert told.misses
    assert not quick.misses


def test_near_misses_beside_crowds_do_not_depend_on_the_order() -> None:
    """Pairs that agree in a crowded bucket and in a small one are told, whichever of the two is looked at first."""
    rng = random.Random(3)
    members = [
        {*range(1000, 1040), *rng.sample(range(40), rng.randrange(8, 16)), *rng.sample(range(2000, 2300), 6)}
        for _ in range(300)
    ]
    one, other = (grouped(sets_of(*some), 0.8, threads(1)).misses for some in (members, members[::-1]))
    assert one == other == grouped(sets_of(*members), 0.8, threads(3)).misses
    assert 0 < len(one) < 300 * 299 / 2


def test_near_equal_examples_by_the_thousand_leave_one() -> None:
    answer = " ".join(f"word{i}" for i in range(200))
    examples = [
        example("Say it.", f"{answer} {WORDS[n % 20]} {WORDS[n // 20 % 20]} {WORDS[n // 400]}", n) for n in range(2000)
    ]
    assert len(find_duplicates_in(examples, DedupConfig()).duplicates) == 1999


def test_templates_by_the_thousand_stay() -> None:
    """More of each is the template's than its own: all are candidates, none is like another."""
    template = " ".join(f"word{i}" for i in range(60))
    examples = [example(f"{template} about {n}", " ".join(f"own{n}x{i}" for i in range(15)), n) for n in range(1000)]
    found = find_duplicates_in(examples, DedupConfig())
    assert (found.duplicates, found.apart) == ([], [])


def test_long_texts_have_sorted_sets_too() -> None:
    long = " ".join(str(n * 7919 % 5003) for n in range(5003))
    made = shingled(text_buffer([long, "short one", long])).part(0, 3)
    assert len(made[0]) > 5000
    assert made[0].tolist() == sorted(set(made[0].tolist())) == made[2].tolist()


changed_sets = st.sets(st.integers(0, 39), min_size=2, max_size=4).map(
    lambda changed: {n + 40 * (n in changed) for n in range(40)}
)


@settings(max_examples=of_hundred(60))
@given(
    st.lists(changed_sets, min_size=6, max_size=14), st.integers(1, 13), st.integers(0, 2), st.permutations(range(14))
)
def test_sets_that_changed_have_the_groups_and_near_misses_of_a_first_run(
    members: list[set[int]], new: int, gone: int, order: list[int]
) -> None:
    """New sets join groups, and buckets become too large, or small enough, for near misses to be noted."""
    keys = np.arange(1, len(members) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    chosen = np.array([number for number in order if number < len(members)])
    before, now = chosen[chosen < max(1, len(members) - new)], chosen[chosen >= gone]
    with pytest.MonkeyPatch.context() as patch, threads(1) as pool:
        patch.setattr(cache, "MAX_NEW_SHARE", 1)
        patch.setattr(buckets, "LARGE_BUCKET", 4)
        stored = StoredGroups(Path(f"near-{0:032x}.npz"), list)
        assert stored.save(keys[before], grouped(sets_of(*(members[n] for n in before)), 0.9, pool)) == ""
        earlier = stored.before(keys[now], misses=True)
        assert earlier is not None or gone
        sets = sets_of(*(members[n] for n in now))
        grown, first = grouped(sets, 0.9, pool, before=earlier), grouped(sets, 0.9, pool)
    assert [group.tolist() for group in grown.members] == [group.tolist() for group in first.members]
    assert grown.misses == first.misses
    assert sorted(grown.missed.tolist()) == sorted(first.missed.tolist())
