"""The NLI model's word, by a real model that has learnt a few sentences by heart, and with two faults that real models
have.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

from curate.cli.main import main
from curate.conflicts import judging
from curate.conflicts.answer_swap import AnsweredPair, with_answers
from curate.conflicts.candidate_pairs import Nominee
from curate.conflicts.conflict import find_conflicts
from curate.conflicts.evidence import Evidence
from curate.conflicts.judging import Judged, by_model
from curate.conflicts.nli import Contradiction, contradictions, duplicates, entailments, sentence_pairs
from curate.conflicts.paraphrase_filter import answers_agree
from curate.conflicts.question import question_of
from curate.conflicts.same_question import compare_words, features, probability
from curate.conflicts.wording import wording
from curate.core.config import ConflictsConfig
from curate.core.errors import ModelError
from curate.models import model_batches
from curate.models.embeddings import embed
from curate.models.model_loading import in_unknown_script
from tests.conftest import chat
from tests.engine.test_conflicts import example
from tests.tinynli import DARK, LIT, SHINES, tiny_nli

NIGHT = "What does the lamp do at night?"


@pytest.mark.slow
def test_the_lower_direction_counts_and_units_are_made_the_same_before() -> None:
    pairs = [
        (LIT, DARK),
        (LIT, SHINES),
        ("It is open.", "It is open to all who come."),
        ("It is two hours.", "It is 120 minutes."),
    ]
    found = contradictions(pairs, tiny_nli())
    assert [verdict.probability > 0.5 for verdict in found] == [True, False, False, False]
    reworded = contradictions(pairs[:2], tiny_nli(), reworded=[True, True])  # what follows from the other is no clash
    assert reworded[0].probability > found[0].probability
    assert reworded[1].probability < found[1].probability


@pytest.mark.slow
def test_what_the_model_said_is_kept_and_damage_costs_only_time(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    asked: list[int] = []
    first = contradictions([(LIT, DARK)], tiny_nli(), cache, asked.append)
    assert contradictions([(LIT, DARK)], tiny_nli(), cache, asked.append) == first
    assert asked == [1]
    next(cache.iterdir()).write_bytes(b"PK\x03\x04 broken")
    assert contradictions([(LIT, DARK)], tiny_nli(), cache) == first


@pytest.mark.slow
def test_half_a_character_is_read_as_a_question_mark(tmp_path: Path) -> None:
    for _ in range(2):
        assert contradictions([(LIT, f"{DARK} \ud800")], tiny_nli(), tmp_path)[0].probability >= 0
        vectors = embed(["Is it open \ud83d?", "Is it open ??"], "offline:all-MiniLM-L6-v2", tmp_path)
        assert np.allclose(vectors[0], vectors[1], atol=0.01)


@pytest.mark.slow
def test_texts_have_about_the_same_vectors_in_every_batch_and_precision() -> None:
    texts = ["Is it open?", "When does the museum open on Sundays in winter? " * 9, "", "Is it open today?"]
    exact = embed(texts, "offline:all-MiniLM-L6-v2", None, exact=True)
    assert np.allclose(np.linalg.norm(exact, axis=1), 1, atol=1e-5)
    for every in (texts, texts[::-1], texts[:1]):
        vectors = embed(every, "offline:all-MiniLM-L6-v2", None)
        cosines = np.sum(vectors * exact[[texts.index(text) for text in every]], axis=1)
        assert np.all(cosines > 0.999)


@pytest.mark.slow
def test_vectors_do_not_depend_on_the_order_of_the_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_batches, "BATCH_TOKENS", 256)
    texts = [f"Is it {'very ' * more}{how}?" for how in ("hot", "cold", "old", "new") for more in range(0, 30, 3)]
    vectors = embed(texts, "offline:all-MiniLM-L6-v2", None)
    assert np.array_equal(embed(texts[::-1], "offline:all-MiniLM-L6-v2", None)[::-1], vectors)


@pytest.mark.slow
def test_a_folder_without_a_tokenizer_is_not_looked_for_on_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    asked: list[object] = []
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda *given: asked.append(given))
    assert in_unknown_script(["北京是中国的首都吗"], "models/mine") == [False]
    assert asked == []


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 5])
def test_behind_unlike_questions_no_model_is_asked_about_long_answers_without_anything_in_common(times: int) -> None:
    asked: list[int] = []
    kelp, loans = (
        " ".join(f"{what} {how}." for how in ways)
        for what, ways in (
            ("Kelp", ("grows on cold coasts", "feeds urchins", "shelters young fish", "dies in warm water") * times),
            (
                "Borrowers",
                ("repay monthly", "owe interest", "sign contracts", "lose collateral when they default") * times,
            ),
        )
    )
    others, more = "At night, what does the lamp do?", f"{loans} Kelp grows on warm coasts."
    config = ConflictsConfig(nli=tiny_nli(), embeddings="offline:all-MiniLM-L6-v2")
    for question, answer, judged in ((others, loans, False), (others, more, True), (NIGHT, loans, True)):
        asked.clear()
        found = find_conflicts([example(NIGHT, kelp, 1), example(question, answer, 2)], config, progress=asked.append)
        assert asked.count(1) == judged  # texts are embedded two at a time
        note = (
            "1 pair of long answers with nothing in common judged by refusals and by what both questions ask for alone"
        )
        assert (note in found.notes) != judged


@pytest.mark.slow
def test_the_model_makes_a_conflict_of_what_no_rule_speaks_of(capsys: pytest.CaptureFixture[str]) -> None:
    examples = [example(NIGHT, LIT, 1), example(NIGHT, DARK, 2), example(NIGHT, SHINES, 3)]
    assert find_conflicts(examples, ConflictsConfig()).conflicts == []
    report = find_conflicts(examples, ConflictsConfig(nli=tiny_nli()))
    assert {(c.code, *sorted((c.left.place.line, c.right.place.line))) for c in report.conflicts} == {
        ("X001", 1, 2),
        ("X001", 2, 3),
    }
    (topic,) = report.topics
    assert topic.majority is not None
    assert [sorted(side.answer for side in group.answers) for group in topic.groups] == [sorted((LIT, SHINES)), [DARK]]
    assert topic.majority.examples == 2


@pytest.mark.slow
def test_the_model_is_not_asked_about_answers_that_agree() -> None:
    asked: list[int] = []
    agreeing = [
        example("Does the lamp shine?", "Yes, it shines.", 1),
        example("Does the lamp shine?", "Yes, for the night is dark.", 2),
    ]
    find_conflicts(agreeing, ConflictsConfig(nli=tiny_nli()), progress=asked.append)
    assert sum(asked) == 0
    find_conflicts([*agreeing, example(NIGHT, LIT, 3), example(NIGHT, DARK, 4)], ConflictsConfig(nli=tiny_nli()),
                   progress=asked.append)  # fmt: skip
    assert sum(asked) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("./no-such-folder", "no such folder"),
        ("offline:all-MiniLM-L6-v2", "contradiction"),
        ("broken", "cannot be loaded"),
    ],
)
def test_a_model_that_is_missing_broken_or_no_nli_model_is_named_with_the_next_step(
    model: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken").mkdir()
    Path("broken/config.json").write_text("{")
    Path("data.jsonl").write_text("\n".join(map(_line, (LIT, DARK))))
    assert main(["conflicts", "data.jsonl", "--nli", model, "--quiet"]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "next:" in told
    with pytest.raises(ModelError):
        contradictions([(LIT, DARK)], model)


def _line(answer: str) -> str:
    import json

    return json.dumps(chat(NIGHT, answer))


def test_long_answers_are_compared_by_the_sentences_that_say_about_the_same() -> None:
    left = "The shop opens at 8. " + "It has many windows, which are cleaned by the owner of the shop every day. " * 8
    right = (
        "Its owner is old. The shop opens at 9. "
        + "Nobody knows how many people came by in all these years, or what they bought there. " * 8
    )
    assert ("The shop opens at 8.", "The shop opens at 9.") in sentence_pairs(left, right)


@pytest.mark.parametrize(
    ("question", "left", "right", "same"),
    [
        ("Who scored?", "The Eagles scored.", "It was none other than the Eagles who scored that night.", True),
        ("Who scored?", "The Eagles scored.", "It was the Chiefs who scored.", False),
        ("In what time is it done?", "It takes 27 days.", "It takes just under four weeks.", True),
        (
            "Convert 3 meters to centimeters.",
            "3 meters is 300 centimeters.",
            "Here is 3 meters in centimeters: 300 centimeters.",
            True,
        ),
        ("Is it safe?", "Yes, mostly.", "Yes, by all means it is.", True),
        ("How is it made?", "It is made of wood.", "It is made of wood and nails.", True),
        ("How is it made?", "It is made of wood.", "It is not made of wood.", False),
        ("Which one?", "So it is 6. The answer is (C)", "By guessing: The answer is C.", True),
    ],
)
def test_answers_that_give_what_was_asked_for_agree(question: str, left: str, right: str, same: bool) -> None:
    assert answers_agree(question, left, right) is same


@pytest.mark.slow
def test_models_that_read_both_questions_say_how_sure_they_are(tmp_path: Path) -> None:
    """One that has not the class that is asked for is refused."""
    from sentence_transformers import CrossEncoder

    same, other = entailments([(LIT, LIT), (LIT, DARK)], tiny_nli(), tmp_path)
    assert 0 <= other < same <= 1
    with pytest.raises(ModelError, match="3 classes"):
        duplicates([(LIT, DARK)], tiny_nli())
    one = CrossEncoder(tiny_nli(), num_labels=1, model_kwargs={"ignore_mismatched_sizes": True})
    one.config.problem_type = None
    one.save_pretrained(str(tmp_path / "one"))
    [found] = duplicates([(LIT, DARK)], str(tmp_path / "one"), tmp_path)
    assert 0 < found < 1
    with pytest.raises(ModelError, match="no class called contradiction"):
        entailments([(LIT, DARK)], str(tmp_path / "one"))


def test_a_number_is_put_in_the_place_of_the_other_one_not_of_its_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """And questions whose answers do not follow from one another then are less likely the same."""
    read: list[tuple[str, str]] = []
    follows = 1.0

    def entailments_(pairs: list[tuple[str, str]], *_: object) -> list[float]:
        read.extend(pairs)
        return [follows for _ in pairs]

    monkeypatch.setattr(sys.modules[AnsweredPair.__module__], "entailments", entailments_)
    monkeypatch.setattr(
        sys.modules[AnsweredPair.__module__], "embed", lambda texts, *_: np.ones((len(texts), 2)) / 2**0.5
    )
    asked = AnsweredPair(
        ("Q?", "R?"), ("In 2013 it had 3 doors.", "Of 50 it has 5."), (Evidence("numbers", "3", "5", 0.9),)
    )
    [same] = with_answers([0.9], [0.8], [asked], ("e", "n"))
    assert read == [
        ("Q? In 2013 it had 3 doors.", "R? Of 50 it has 3."),
        ("Q? In 2013 it had 5 doors.", "R? Of 50 it has 5."),
    ]
    follows = 0.0
    assert with_answers([0.9], [0.8], [asked], ("e", "n"))[0] < same


def test_questions_are_the_same_if_each_answer_suits_the_other_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """And if they are near each other with their answers; in whatever order the two stand. A bare yes suits any
    question and counts for less.
    """
    both_suit, one_suits, other_suits = "The shop opens early.", "The lamp shines bright.", "The night stays dark."
    where = {
        "Q?": (1.0, 0.0),
        "R?": (0.8, 0.6),
        both_suit: (0.9, 0.436),
        one_suits: (1.0, 0.0),
        other_suits: (0.6, 0.8),
        f"R? {both_suit}": (0.8, 0.6),
    }
    monkeypatch.setattr(sys.modules[AnsweredPair.__module__], "entailments", lambda pairs, *_: [1.0 for _ in pairs])
    monkeypatch.setattr(
        sys.modules[AnsweredPair.__module__],
        "embed",
        lambda texts, *_: np.array([where.get(text, (1.0, 0.0)) for text in texts]),
    )
    evidence = (Evidence("nli", "a", "b", 0.9),)
    pairs = [(one_suits, one_suits), (one_suits, other_suits), (other_suits, one_suits), ("Yes.", "No.")]
    asked = [AnsweredPair(("Q?", "R?"), pair, evidence) for pair in [*pairs, (both_suit, both_suit)]]
    both, own, swapped, bare, farther = with_answers([0.6] * 5, [0.8] * 5, asked, ("e", "n"))
    assert own < both < swapped
    assert bare < both
    assert farther < both
    turned = [AnsweredPair(("R?", "Q?"), pair[::-1], evidence) for pair in pairs]
    assert with_answers([0.6] * 4, [0.8] * 4, turned, ("e", "n")) == pytest.approx([both, own, swapped, bare])


def test_a_yes_or_no_is_shown_to_the_model_only_if_both_questions_ask_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[str, str]] = []

    def contradictions_(pairs: list[tuple[str, str]], *_: object) -> list[Contradiction]:
        read.extend(pairs)
        return [Contradiction(0.0, 0.0, *pair) for pair in pairs]

    monkeypatch.setattr(judging, "contradictions", contradictions_)
    monkeypatch.setattr(judging, "in_unknown_script", lambda texts, _model: [False for _ in texts])
    for request, shown in (
        ("Who made you?", "I come from a far star."),
        ("Are you a lamp?", "No, I come from a far star."),
    ):
        left = question_of(example(request, "I was built in a lab."))
        right = question_of(example("Did Ann make you?", "No, I come from a far star."))
        assert left is not None
        assert right is not None
        by_model([Judged(Nominee(left, right, 0.9), (), 0.0)], ConflictsConfig(nli="a model"))
        assert read.pop() == ("I was built in a lab.", shown)


def test_a_model_for_duplicate_questions_counts_as_much_as_all_else_and_lifts_no_other_value() -> None:
    left, right = wording("How do I get my money back?"), wording("What is the way to a refund?")
    found = features(compare_words(left, right), 0.6, {})
    assert probability(found, None, 0.01) < probability(found) < probability(found, None, 0.99)
    monday, sunday = wording("Is the shop open on Monday?"), wording("Is the shop open on Sunday?")
    assert probability(features(compare_words(monday, sunday), 0.95, {}), 0.99, 0.99) < 0.5


@pytest.mark.slow
def test_a_model_is_not_asked_about_a_script_that_it_does_not_know() -> None:
    greeted = [example("你好", "您好，很高兴认识您。", 1), example("你好", "您好，请问有什么可以帮助您的吗？", 2)]
    report = find_conflicts(greeted, ConflictsConfig(nli=tiny_nli(), min_confidence=0))
    assert not report.conflicts
    assert any("1 pair of answers in a script that" in note for note in report.notes)
