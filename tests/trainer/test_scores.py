"""Metrics are those of the reference implementations; what they make of answers as models write them."""

import json
import random
import unicodedata
from typing import Any

import numpy as np
import pytest

from train.scores import METRICS
from train.scores.calls import calls_in_answer, expected_calls
from train.scores.labels import by_class
from train.scores.metric import Expected, Given

WORDS = (
    "the",
    "a",
    "red",
    "blue",
    "house",
    "runs",
    "over",
    "it",
    "12",
    "3.5",
    "don't",
    "(yes)",
    "naïve",
    "café",
    "quickly",
    ",",
    ".",
    "!",
    "?",
    "Paris",
)
LABELS = ("positive", "negative", "neutral", "mixed")


def sentences(seed: int, count: int = 1000) -> tuple[list[str], list[str]]:
    """Random answers, and what they are held against: some the same, some nearly, some empty, some of other length."""
    draw = random.Random(seed)
    wanted = [" ".join(draw.choices(WORDS, k=draw.randint(1, 20))) for _ in range(count)]
    got = []
    for text in wanted:
        kept = [word for word in text.split() if draw.random() > 0.3] + draw.choices(WORDS, k=draw.randint(0, 4))
        got.append(draw.choice((text, " ".join(kept), " ".join(draw.choices(WORDS, k=draw.randint(0, 9))))))
    return wanted, got


def score(name: str, wanted: list[str], got: list[str]) -> float:
    return METRICS[name].score([Expected(text) for text in wanted], [Given(text) for text in got])


@pytest.mark.slow
def test_bleu_and_chrf_are_those_of_sacrebleu_on_1000_random_pairs() -> None:
    from sacrebleu.metrics import BLEU, CHRF

    wanted, got = sentences(1)
    assert 100 * score("bleu", wanted, got) == pytest.approx(BLEU().corpus_score(got, [wanted]).score, abs=1e-6)
    assert 100 * score("chrf", wanted, got) == pytest.approx(CHRF().corpus_score(got, [wanted]).score, abs=1e-6)
    for one, other in zip(wanted[:200], got[:200], strict=True):  # where counts are small, and some are 0
        assert 100 * score("bleu", [one], [other]) == pytest.approx(
            BLEU().corpus_score([other], [[one]]).score, abs=1e-6
        )
        assert 100 * score("chrf", [one], [other]) == pytest.approx(
            CHRF().corpus_score([other], [[one]]).score, abs=1e-6
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bleu", "chrf", "rouge_l", "token_f1", "exact_match"])
def test_an_accent_of_its_own_is_no_other_answer(name: str) -> None:
    text = "tiếng Việt có nhiều dấu thanh"
    apart = unicodedata.normalize("NFD", text)
    assert apart != text
    for wanted, got in ((text, apart), (apart, text)):
        assert score(name, [wanted], [got]) == pytest.approx(1)


@pytest.mark.slow
def test_rouge_is_that_of_rouge_score_and_sees_other_scripts() -> None:
    from rouge_score.rouge_scorer import RougeScorer

    wanted, got = ([text.replace("ï", "i").replace("é", "e") for text in side] for side in sentences(2))
    scorer = RougeScorer(["rouge1", "rougeL"])
    found = [scorer.score(one, other) for one, other in zip(wanted, got, strict=True)]
    for name, key in (("rouge_1", "rouge1"), ("rouge_l", "rougeL")):
        assert score(name, wanted, got) == pytest.approx(np.mean([one[key].fmeasure for one in found]), abs=1e-9)
    assert scorer.score("красный дом", "красный дом")["rouge1"].fmeasure == 0
    assert score("rouge_1", ["красный дом"], ["красный дом"]) == 1
    assert score("rouge_l", ["红色的房子"], ["红色房子"]) > 0.8


def test_a_class_that_a_resample_has_no_answer_of_does_not_count_in_its_macro_f1() -> None:
    labels = ["red", "red", "blue", "green"]
    expected, given = [Expected(label) for label in labels], [Given(label) for label in labels]
    counts = METRICS["macro_f1"].counts(expected, given)
    scorer = METRICS["macro_f1"].scorer(expected)
    assert [float(scorer.score(counts[:size].sum(0))) for size in (1, 3, 4)] == [1, 1, 1]


@pytest.mark.slow
def test_accuracy_and_macro_f1_are_those_of_scikit_learn_on_1000_random_pairs() -> None:
    from sklearn.metrics import accuracy_score, f1_score

    draw = random.Random(3)
    wanted = draw.choices(LABELS, weights=(8, 4, 2, 1), k=1000)
    got = [draw.choice((label, label, draw.choice(LABELS), "no idea")) for label in wanted]
    assert score("accuracy", wanted, got) == pytest.approx(accuracy_score(wanted, got))
    expected = f1_score(wanted, got, labels=list(LABELS), average="macro", zero_division=0.0)
    assert score("macro_f1", wanted, got) == pytest.approx(expected)
    table = by_class([Expected(text) for text in wanted], [Given(text) for text in got])
    assert {row[0] for row in table} == set(LABELS)
    assert np.mean([row[3] for row in table]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("Positive.", "positive"),
        ("The sentiment is **negative**, I think.", "negative"),
        ("positive or negative", None),
        ("unpositive", None),
        ("non-positive", None),
        ("not mixed", "not mixed"),
        ("It is 1.", "1"),
        ("It is 1.5", None),
        ("-1", None),
        ("c++", None),
    ],
)
def test_a_label_in_a_sentence_counts_and_two_labels_do_not(said: str, label: str | None) -> None:
    from train.scores.labels import NO_LABEL, Labels

    assert Labels([Expected(text) for text in (*LABELS, "not mixed", "1", "C")]).of(said) == (label or NO_LABEL)


def test_token_f1_and_exact_match() -> None:
    assert score("exact_match", ["The Answer."], ["the  answer"]) == 1
    assert score("token_f1", ["a b c d"], ["a b x"]) == pytest.approx(2 * 2 / 7)
    assert score("token_f1", ["", "a"], ["", ""]) == 0.5
    assert score("token_f1", ["红房子"], ["红房"]) == pytest.approx(4 / 5)
    for metric in ("exact_match", "token_f1", "accuracy"):  # punctuation alone is an answer
        assert score(metric, ["*****", "**", ":)"], ["*****", "***", ":("]) == pytest.approx(1 / 3)


def test_json_is_valid_as_it_is_and_its_fields_are_found_in_a_fence() -> None:
    wanted = json.dumps({"name": "Ann", "age": 30, "tags": ["x", "y"], "at": {"city": "Rome"}})
    fenced = 'Here:\n```json\n{"name": "ann", "age": 30.0, "tags": ["y", "x"], "at": {"city": "Oslo"}, "more": 1}\n```'
    assert score("json_valid", [wanted, wanted], [wanted, fenced]) == 0.5
    assert score("field_accuracy", [wanted], [fenced]) == pytest.approx(4 / 5)
    assert score("field_f1", [wanted], [fenced]) == pytest.approx(2 * 4 / (5 + 6))
    assert score("field_f1", [wanted, wanted], ["no json", "[" * 100_000]) == 0


CALL = ("weather", {"city": "Rome", "days": 2})
BODY = '{"name": "weather", "arguments": {"city": "Rome", "days": 2}}'


@pytest.mark.parametrize(
    "text",
    [
        f"<tool_call>\n{BODY}\n</tool_call>",
        f"[TOOL_CALLS][{BODY}]",
        BODY.replace("arguments", "parameters"),
        '<function=weather>{"city": "Rome", "days": 2}</function>',
        "[weather(city='Rome', days=2)]",
        json.dumps([{"type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome", "days": 2}'}}]),
    ],
)
def test_calls_are_read_in_the_forms_that_templates_write(text: str) -> None:
    assert calls_in_answer(text) == (CALL,)


@pytest.mark.parametrize(
    "text",
    ["", "It rains.", "{", '{"name": 3}', "weather(", "__import__('os').system('x')[0]", "(" * 10_000, '{"a": [1,'],
)
def test_what_is_no_call_is_none(text: str) -> None:
    assert calls_in_answer(text) == ()


def test_calls_are_right_in_tool_and_arguments() -> None:
    turn: dict[str, Any] = {
        "tool_calls": [{"function": {"name": "weather", "arguments": '{"city": "Rome", "days": 2}'}}]
    }
    assert expected_calls(turn) == (CALL,)
    wanted = [Expected("", (CALL,)), Expected("", (CALL,)), Expected("Sunny.")]
    got = [
        Given("", (("weather", {"city": "rome", "days": 2}),)),
        Given("", (("weather", {"city": "Oslo", "days": 2}),)),
        Given("", (CALL,)),
    ]
    assert [
        METRICS[name].score(wanted, got) for name in ("call_accuracy", "name_accuracy", "argument_accuracy")
    ] == pytest.approx([1 / 3, 2 / 3, 3 / 4])


def test_perplexity_is_per_token_over_all_answers() -> None:
    given = [Given("", loss=2.0, tokens=4), Given("", loss=4.0, tokens=2)]
    assert METRICS["perplexity"].score([Expected("")] * 2, given) == pytest.approx(np.exp(1.0))


@pytest.mark.parametrize("name", METRICS)
def test_nothing_answered_is_a_score_too(name: str) -> None:
    assert np.isfinite(METRICS[name].score([Expected("a")], [Given("")]))
    if name != "perplexity":
        assert 0 <= METRICS[name].score([Expected(" "), Expected("a")], [Given(" "), Given("a")]) <= 1
