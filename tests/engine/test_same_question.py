"""Which questions are the same, which answers say yes and no, and which system prompts change nothing. No model is
loaded: vectors are made by hand.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curate.conflicts import candidate_pairs, default_models
from curate.conflicts import reworded as candidates
from curate.conflicts.answer_polarity import opposite_polarity, polarity
from curate.conflicts.candidate_pairs import group_questions, reworded_pairs, same_setting
from curate.conflicts.conflict import find_conflicts
from curate.conflicts.default_models import with_default_models
from curate.conflicts.judging import is_weak
from curate.conflicts.question import question_of
from curate.conflicts.reworded import nearest, reworded
from curate.conflicts.same_question import FEATURES, compare_words, features, probability, words_apart
from curate.conflicts.wording import asks_opposite_ends, have_different_aspects, have_different_values, wording
from curate.core.config import ConflictsConfig
from curate.core.example import Example, Place
from curate.language.precise_requests import asks_yes_or_no
from tests.conftest import chat

TRIPLES = Path(__file__).parents[1] / "bench" / "question_triples.txt"


def same(left: str, right: str, cosine: float) -> float:
    """The probability that two questions are the same where no word has a near one on the other side."""
    return probability(features(compare_words(wording(left), wording(right)), cosine, {}))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Is the shop open on Monday?", "Is the shop open on Sunday?"),
        ("When does the store open?", "When does the store close?"),
        ("What is the first step?", "What is the last step?"),
        ("Does the fee rise in 2016?", "Does the fee rise in 2017?"),
        ("How do I get from Paris to Rome?", "How do I get from Rome to Paris?"),
        ("Who rules in Kenya today?", "Who rules in Ghana today?"),
        ("Can I cancel it?", "Can I not cancel it?"),
    ],
)
def test_another_value_makes_another_question_however_near_it_is(left: str, right: str) -> None:
    assert have_different_values(wording(left), wording(right)) or asks_opposite_ends(wording(left), wording(right))
    assert same(left, right, 0.95) < 0.3
    assert same(left, left, 1.0) > 0.9


def test_the_other_end_of_a_thing_makes_another_question_in_whatever_words() -> None:
    assert same("Which planet is closest to the Sun?", "Which planet is farthest from the Sun?", 0.9) < 0.1
    assert same("At what temperature does water freeze?", "What is the boiling point of water?", 0.75) < 0.1
    assert same("In Celsius, when does water freeze?", "When does water turn to ice in Fahrenheit?", 0.8) < 0.1


def test_another_quotation_makes_another_question_in_whatever_words() -> None:
    asked, other = "Which device is used in 'The wind whispered'?", "Name the device in 'The silence screamed'."
    assert same(asked, other, 0.85) < 0.2
    assert same(asked, "Name the device in 'the wind whispered'.", 0.85) > 0.5
    assert same(asked, "Name the device in The wind whispered.", 0.85) > 0.5


def test_other_names_count_in_any_words_but_forms_of_one_name_do_not() -> None:
    asked = "What is the longest river of Africa?"
    same_name = same(asked, "Which African river covers the most ground?", 0.8)
    assert same(asked, "Which river of Asia covers the most ground?", 0.8) < same_name - 0.1


def test_words_more_in_the_same_sentence_make_it_less_probable_that_both_ask_the_same() -> None:
    asked = "Is the night of the hunter a film noir?"
    more = "Is the night of the hunter unanimously categorized as a film noir?"
    assert same(asked, more, 0.93) < 0.9


def test_two_exercises_with_other_numbers_are_two_questions_however_long_they_are() -> None:
    left = (
        "Sara buys a pair of shoes for $50 and a dress for $200. How much should Rachel budget if she wants to spend "
        "twice as much as Sara?"
    )
    right = (
        "The store has 40 percent off shoes and 20 percent off dresses. Daniela buys 2 pairs of shoes at $50 a pair "
        "and a dress at $100. How much money does she spend?"
    )
    assert same(left, right, 0.8) < 0.1
    assert same(left, left.replace("How much should", "What should"), 0.98) > 0.8
    assert same("How many birds are left of 100 birds?", "How many of 300, 20 and 7 birds are left?", 0.8) < 0.2


def test_numbers_of_who_tells_of_themselves_make_no_other_question() -> None:
    left = "Am I over weight (192.9) for my age (39)?"
    right = "I am 39 and weigh about 193 lbs. Do you think I am overweight?"
    assert same(left, right, 0.85) > 0.5


def test_a_form_of_the_same_word_is_no_other_value() -> None:
    left = "What is the difference between green onions and chives?"
    assert same(left, left.replace("is the difference", "are the differences"), 0.99) > 0.9


def test_another_phrase_makes_it_no_more_certain_than_labelled_pairs_show() -> None:
    left, right = wording("Why do men hate western women?"), wording("Why do men dislike western women?")
    vectors = {"hate": np.array([1, 0], dtype=np.float32), "dislike": np.array([0.6, 0.8], dtype=np.float32)}
    assert 0.25 < probability(features(compare_words(left, right), 0.9, vectors)) < 0.3
    assert probability(features(compare_words(left, right), 0.98, vectors)) > 0.7


def test_the_thing_that_is_asked_for_counts_in_full_however_near_the_questions_are() -> None:
    left = wording("How many touchdowns did Patrick Mahomes throw?")
    right = wording("How many interceptions did Patrick Mahomes throw in the latest game?")
    vectors = {
        "touchdowns": np.array([1, 0], dtype=np.float32),
        "interceptions": np.array([0.6, 0.8], dtype=np.float32),
    }
    assert probability(features(compare_words(left, right), 0.88, vectors)) < 0.3


def test_long_texts_that_differ_in_a_word_are_two_cases() -> None:
    told = (
        "A new machine has a black wire and a red wire. If the battery is connected to both of them, there is a short "
        "circuit. The black wire is meant to touch the battery, and the red wire is meant to lie in another part. One "
        "day both touch it. Did the black wire cause the short circuit?"
    )
    assert same(told, told.replace("Did the black", "Did the red"), 0.99) < 0.2
    assert same(told, told.replace("Did the", "So did the"), 0.99) > 0.8


def test_a_price_is_not_a_place() -> None:
    assert have_different_aspects(wording("What does it cost?"), wording("Where is it?"))
    assert not have_different_aspects(wording("What does it cost?"), wording("What is the price of it?"))


def test_a_word_in_another_ones_place_counts_by_how_near_it_is() -> None:
    left, right = wording("Do you accept the voucher here?"), wording("Do you accept the coupon here?")
    assert words_apart(left, right) == {"accept", "voucher", "coupon"}
    near = {
        word: np.array(vector, dtype=np.float32)
        for word, vector in (("accept", [1, 0, 0]), ("voucher", [0, 1, 0]), ("coupon", [0, 1, 0]))
    }
    far = {**near, "coupon": np.array([0, 0, 1], dtype=np.float32)}
    assert len(features(compare_words(left, right), 0.8, near)) == len(FEATURES)
    assert probability(features(compare_words(left, right), 0.8, near)) > probability(
        features(compare_words(left, right), 0.8, far)
    )


def test_a_phrase_of_another_meaning_in_its_place_makes_another_question() -> None:
    left, right = (
        wording("What is the boiling point of gold in Celsius?"),
        wording("What is the melting point of gold in Celsius?"),
    )
    assert {"boiling", "melting"} <= words_apart(left, right)
    vectors = {"boiling": np.array([1, 0], dtype=np.float32), "melting": np.array([0.5, 0.866], dtype=np.float32)}
    assert probability(features(compare_words(left, right), 0.93, vectors)) < 0.3
    assert probability(features(compare_words(left, right), 0.93, {**vectors, "melting": vectors["boiling"]})) > 0.7


def test_the_pairs_that_are_left_out_early_would_not_be_the_same_later() -> None:
    """The bound by which words are not embedded, and topics not looked for, holds for the questions of the benchmark,
    whatever the vectors and the cosine within the topic are.
    """
    random = np.random.default_rng(0)
    asked = [
        tuple(part.split("|")[0].strip() for part in line.split("||"))
        for line in TRIPLES.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    for first, second, third in asked:
        for other in (second, third, first.replace(first.split()[-1], "cat?")):
            one, two, cosine = wording(first), wording(other), float(random.uniform(0.5, 1))
            for near in (0.0, 0.5, 1.0):  # of unlike words, of words that are partly alike, of equal ones
                made = {word: random.normal(size=8) * (1 - near) + near for word in words_apart(one, two)}
                vectors = {word: (vector / np.linalg.norm(vector)).astype(np.float32) for word, vector in made.items()}
                bound = probability(features(compare_words(one, two), cosine, None)) + 1e-9
                assert probability(features(compare_words(one, two), cosine, vectors)) <= bound
                assert probability(features(compare_words(one, two), random.uniform(-1, cosine), None)) <= bound


def test_instructions_with_another_input_are_other_questions() -> None:
    def embed(texts: Any) -> Any:
        return np.ones((len(texts), 2), dtype=np.float32) / np.float32(np.sqrt(2))

    same_input = ["Sort these animals.\n\nDog, eagle", "Put these animals in order.\n\ndog,  eagle"]
    other_input = ["Sort these animals.\n\nDog, eagle", "Put these animals in order.\n\nShark, lion"]
    assert len(reworded(same_input, embed(same_input), embed, [0.0, 0.0])) == 1
    assert reworded(other_input, embed(other_input), embed, [0.0, 0.0]) == []
    for left, right in (
        ("Hi there,\n\nplease tell me the period of the warranty.", "Tell me how long the warranty is."),
        ("I bought a kettle.\n\nHow long is the warranty?", "How long is the warranty of the kettle?"),
    ):
        assert len(reworded([left, right], embed([left, right]), embed, [0.0, 0.0])) == 1


def test_unlike_questions_are_compared_if_they_are_near_with_their_brief_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = ["Are bins collected on holidays?", "The lorry skipped our house, what now?"]

    def embed(texts: Any, *_: Any, **__: Any) -> Any:
        near = [0.45 if text == asked[1] else 1.0 for text in texts]
        return np.array([[value, (1 - value**2) ** 0.5] for value in near], dtype=np.float32)

    def compared(answer: str, nli: str, *others: str) -> int:
        said = [(text, f"{at} {answer}") for at, text in enumerate(asked)] + [(asked[0], other) for other in others]
        examples = [Example(Place("t", at), chat(*pair), "messages") for at, pair in enumerate(said)]
        groups = group_questions([question for example in examples if (question := question_of(example))])
        config = ConflictsConfig(embeddings="e", nli=nli)
        return len(list(reworded_pairs(groups, config, None, [])))

    monkeypatch.setattr(candidate_pairs, "embed", embed)
    assert [compared("Report it.", "n"), compared("Report it. " * 20, "n"), compared("Report it.", "")] == [1, 0, 0]
    assert compared("Report it.", "n", "Call them. " * 20) == 0  # whichever answer of a question comes first


def test_the_nearest_are_the_same_by_cells_and_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    centres = random.normal(size=(40, 16))
    vectors = (centres[random.integers(0, 40, 900)] + 0.1 * random.normal(size=(900, 16))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    exact = list(nearest(vectors, 0.9))
    monkeypatch.setattr(candidates, "MAX_EXHAUSTIVE", 100)
    monkeypatch.setattr(candidates, "CELL_SIZE", 20)
    by_cells = list(nearest(vectors, 0.9))
    assert len({pair[:2] for pair in exact} & {pair[:2] for pair in by_cells}) >= 0.9 * len(exact)
    assert len(by_cells) <= 1.1 * len(exact)  # of all cells the nearest, not of each
    assert all(left < right for left, right, _ in exact)


OTHER_LANGUAGES = [
    (
        "Kann ich mein Fahrrad im Regionalzug mitnehmen?",
        "Ist die Fahrradmitnahme in Regionalzügen erlaubt?",
        "Kann ich mein Fahrrad im Regionalzug reparieren?",
    ),
    (
        "Quante lezioni comprende il corso di nuoto?",
        "Il corso di nuoto di quante lezioni è composto?",
        "Quante persone comprende il corso di nuoto?",
    ),
    (
        "Wie lange ist der Gutschein gültig?",
        "Welche Gültigkeit haben Ihre Gutscheine?",
        "Wie lange ist der Parkschein gültig?",
    ),
]


@pytest.mark.parametrize(("asked", "reworded_", "near"), OTHER_LANGUAGES)
def test_questions_in_other_languages_are_compared_by_parts_of_words(asked: str, reworded_: str, near: str) -> None:
    unrelated = next(questions[0] for questions in OTHER_LANGUAGES if questions[0] != asked)
    assert same(asked, reworded_, 0.4) > 0.5
    assert same(asked, near, 0.9) < 0.5
    assert same(asked, unrelated, 0.8) < 0.3


def test_questions_in_other_languages_whose_embeddings_are_unlike_are_compared() -> None:
    asked, reworded_, _ = OTHER_LANGUAGES[0]
    far = np.array([[1, 0], [0.3, 0.954]], dtype=np.float32)

    def pairs(*requests: str) -> list[candidates.RewordedPair]:
        return reworded(
            requests, far, lambda texts: np.eye(max(2, len(texts)), dtype=np.float32)[: len(texts)], [0.3, 0.3]
        )

    assert [pair[:2] for pair in pairs(asked, reworded_)] == [(0, 1)]
    assert not pairs("May I take my bike on the train?", "Are bikes on the train allowed?")


def test_pairs_come_with_their_probability() -> None:
    def embed(texts: Any) -> Any:
        return np.ones((len(texts), 2), dtype=np.float32) / np.float32(np.sqrt(2))

    asked = ["Who wrote Hamlet?", "Who is the author of Hamlet?", "Who wrote Hamlet?"]
    [first, second] = reworded(asked, embed(asked), embed, [0.3] * 3)
    assert (first.left, first.right) == (0, 1)
    assert (second.left, second.right) == (1, 2)
    assert 0.9 < first.same < 1


@pytest.mark.parametrize(
    ("request_", "answer", "said"),
    [
        ("Do you offer night skiing?", "Night skiing is not currently offered.", -1),
        ("Do you offer night skiing?", "Yes, we offer night skiing.", 1),
        ("Is dental treatment covered?", "Dental treatment is covered.", 1),
        ("Is it legal to own a ferret?", "Owning a ferret is illegal.", -1),
        ("Is the museum open on Mondays?", "The museum is closed on Mondays.", -1),
        ("Can I pay with cash?", "We cannot take cash.", -1),
        ("Is it safe?", "It may be safe.", 0),
        ("Can I swap seats after checking in?", "Seats can be swapped until an hour before departure.", 1),
        ("Can I repay the loan early?", "You may repay the loan early.", 1),
        ("Is gift wrapping free?", "Gift wrapping costs 4 euros per item.", -1),
        ("Is breakfast included?", "Breakfast is 18 euros a day.", -1),
        ("Is there a fee for cash?", "Cash is free of charge.", -1),
        ("Is there a fee for cash?", "We charge two percent.", 1),
        ("Can I enter without a ticket?", "You can enter without a ticket.", 1),
        ("Can I pay off my loan early?", "You may repay early without a penalty.", 1),
        ("Do I need a lawyer for a divorce?", "A lawyer is required for at least one spouse.", 1),
        ("Can I pay off my loan early?", "The loan has a term of ten years.", 0),
        ("Can I return it?", "Returns are only possible within 30 days.", 0),
        ("Do I have to sign for the parcel?", "A signature is required on delivery.", 1),
        ("Are pets allowed in the rooms?", "Dogs and cats are welcome.", 1),
        ("Are pets allowed in the rooms?", "You can see the list on our site.", 0),
        ("Do I need a visa to visit Japan?", "Germans can stay in Japan without a visa.", -1),
        ("Do I need a visa to visit Japan?", "You cannot visit Japan without a visa.", 1),
        ("Do I need a ticket?", "It is illegal to travel without a ticket.", 1),
        ("Can I use the voucher online?", "It is valid in shops only.", -1),
        ("Can I use the voucher online?", "The voucher is only valid online.", 0),
        ("Can I use the voucher online?", "It is only valid with a receipt.", 0),
        ("Can I use the voucher online?", "Only in our web shop.", 0),
        ("Can I pay by credit card?", "We take Visa and Mastercard only.", 0),
        ("Do you ship to Canada?", "We ship only to North America.", 0),
        ("Is it?", "It is valid in shops only.", 0),
        ("Is the pool heated?", "The hotel was built in 1970. It has a pool. It has a bar, too.", 0),
    ],
)
def test_yes_and_no_in_other_words(request_: str, answer: str, said: int) -> None:
    assert asks_yes_or_no(request_)
    assert polarity(request_, answer)[0] == said


def test_only_questions_for_yes_or_no_are_compared_by_it() -> None:
    assert opposite_polarity(("Is it so?", "Is it?"), ("Yes.", "No."))[0] == -1
    assert opposite_polarity(("Is it red or blue?", "Which colour?"), ("Yes.", "No."))[0] == 0
    assert opposite_polarity(("Is it done before or after?", "Is it done after?"), ("It is after.", "No."))[0] == 0


@pytest.mark.parametrize(
    ("left", "right", "inverse"),
    [
        ("Is the vaccine free?", "Do I have to pay for the vaccine?", True),
        ("Is breakfast included?", "Does breakfast cost extra?", True),
        ("Can I cancel without a fee?", "Is there a fee for cancelling?", True),
        ("Do I need a lawyer?", "Can I do it without a lawyer?", True),
        ("Is parking free?", "Can I park without paying?", False),
        ("Can I pay by card?", "Is paying by card possible?", False),
        ("Do I need a visa?", "Is a visa required?", False),
    ],
)
def test_a_yes_to_one_question_is_a_no_to_its_contrary(left: str, right: str, inverse: bool) -> None:
    assert opposite_polarity((left, right), ("Yes.", "No."))[0] == (1 if inverse else -1)


@pytest.mark.parametrize(
    ("request_", "system", "nothing"),
    [
        ("How high is it?", "You are an experienced guide. Be concise.", True),
        ("Who are you?", "You are Ada, a pirate.", False),
        ("How high is it?", "You are a support agent for Acme.", False),
        ("How high is it?", "Answer for 1912.", False),
        ("How high is it?", "Classify the text.", False),
    ],
)
def test_system_prompts_that_change_nothing(request_: str, system: str, nothing: bool) -> None:
    assert same_setting((request_, request_), ("", system)) is nothing


def test_default_models_are_taken_where_they_are_at_hand_and_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default_models, "EMBEDDINGS", ("offline:none", "mine"))
    monkeypatch.setattr(default_models, "_is_at_hand", lambda name: name == "mine")
    monkeypatch.setattr(default_models, "find_spec", lambda _name: True)
    assert with_default_models(ConflictsConfig()).embeddings == "mine"
    assert with_default_models(ConflictsConfig(embeddings="other")).embeddings == "other"
    assert with_default_models(ConflictsConfig(models=False)).embeddings == ""
    assert with_default_models(ConflictsConfig(embeddings="none")).embeddings == ""
    monkeypatch.setattr(default_models, "find_spec", lambda _name: None)
    assert with_default_models(ConflictsConfig()).embeddings == ""


def test_what_is_less_sure_is_counted_and_not_shown() -> None:
    examples = [Example(Place("data.jsonl", line), chat("How high?", f"{line} m high."), "messages") for line in (3, 4)]
    report = find_conflicts(examples, ConflictsConfig(min_confidence=0.99))
    assert (len(report.conflicts), len(report.unsure)) == (0, 1)


def test_the_triples_of_the_benchmark_are_whole() -> None:
    lines = [line for line in TRIPLES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert {tuple(part.count("|") for part in line.split(" || ")) for line in lines} == {(1, 2, 1)}
    assert len(lines) == 50


@pytest.mark.parametrize(
    ("question", "answer", "weak"),
    [
        ("What is it?", "It may be a fracture.", True),
        ("What helps?", "- sleep\n- water\n- rest", True),
        ("What helps?", "Sleep helps.", False),
        ("What is a ferret?", "Once there was a king " * 12, True),
    ],
)
def test_a_model_alone_is_less_sure_of_lists_hedges_and_passages(question: str, answer: str, weak: bool) -> None:
    assert is_weak(question, answer, "It is so.") is weak


def test_questions_too_long_to_be_reworded_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        candidate_pairs, "embed", lambda texts, *_: np.ones((len(texts), 2), dtype=np.float32) / np.float32(np.sqrt(2))
    )
    examples = [
        Example(Place("t", at), chat(asked, "It is so."), "messages")
        for at, asked in enumerate(("Why? " * 300, "What is it?"))
    ]
    report = find_conflicts(examples, ConflictsConfig(embeddings="any"))
    assert "1 question of more than 1,000 characters compared with equal ones only" in report.notes


def test_what_the_questions_about_one_thing_have_in_common_makes_them_no_more_alike() -> None:
    """Forty questions about a match, each near all others; two of them also ask the same of it."""
    asked = [f"What did player {chr(97 + n // 26)}{chr(97 + n % 26)} do in the final match?" for n in range(40)]
    vectors = np.zeros((40, 42), dtype=np.float32)
    vectors[:, 0] = 0.9
    vectors[np.arange(40), np.arange(1, 41)] = 0.43
    vectors[1] = vectors[0] + np.eye(42, dtype=np.float32)[41] * 0.1
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = reworded(asked, vectors, lambda words: np.zeros((len(words), 42), dtype=np.float32), [0.0] * 40)
    within = {(pair.left, pair.right): pair.features[0] for pair in found}
    assert within[0, 1] > 0.9
    assert max(value for pair, value in within.items() if pair != (0, 1)) < 0.5
    few = reworded(asked[:10], vectors[:10], lambda words: np.zeros((len(words), 42), dtype=np.float32), [0.0] * 40)
    assert all(pair.features[0] == pair.cosine for pair in few)


def test_many_questions_that_name_one_subject_are_a_topic() -> None:
    def embed(texts: Any) -> Any:
        return np.ones((len(texts), 2), dtype=np.float32) / np.float32(np.sqrt(2))

    things = "goals points minutes shots passes tackles saves fouls corners crosses".split()  # noqa: SIM905
    asked = [f"How many {thing} did Mira Holt have?" for thing in things]
    assert {pair.in_topic for pair in reworded(asked, embed(asked), embed, [0.0] * len(asked))} == {True}
    assert {pair.in_topic for pair in reworded(asked[1:], embed(asked[1:]), embed, [0.0] * len(asked))} == {False}


def test_questions_about_one_thing_that_ask_for_unlike_things_are_different_in_whatever_words() -> None:
    left = wording("How many touchdowns did the captain throw?")
    right = wording("In the final, how many rushing yards are on record for him?")
    assert words_apart(left, right) == {"touchdowns", "rushing yards"}
    vectors = {"touchdowns": np.array([1, 0], dtype=np.float32), "rushing yards": np.array([0.6, 0.8], np.float32)}
    apart, alike = (
        probability(features(compare_words(left, right), 0.85, made, in_topic=True), limited=False)
        for made in (vectors, dict.fromkeys(vectors, vectors["touchdowns"]))
    )
    assert apart < 0.3 < alike
