"""Preferences: the losses and gradients of the papers, and the rows that the rules of family P let through."""

import json
import math
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from curate.cli.main import main
from curate.core.config import CheckConfig
from curate.core.errors import InputError
from curate.lint.runner import check_paths
from tests.conftest import rows_of
from tests.trainer.tiny import WORDS, load_split, make_tokenizer, write_recipe
from train.recipe import Recipe

if TYPE_CHECKING:
    from train.data.splits import TokenizedSplit

pytestmark = pytest.mark.slow

CASES = Path(__file__).parents[1] / "cases"
OBJECTIVES = ("dpo", "orpo", "kto")


def pairs(count: int, **more: Any) -> list[dict[str, Any]]:
    """Questions with a right answer and a longer or shorter wrong one."""
    found = []
    for i in range(count):
        right, wrong = WORDS[i % len(WORDS)], WORDS[(i + 3) % len(WORDS)]
        asked = f"Number {i}: repeat {right} twice."
        found.append(
            {"prompt": asked, "chosen": f"{right} {right}", "rejected": " ".join([wrong] * (1 + i % 3)), **more}
        )
    return found


def labelled(count: int) -> list[dict[str, Any]]:
    return [
        {"prompt": one["prompt"], "completion": one["chosen" if i % 3 else "rejected"], "label": bool(i % 3)}
        for i, one in enumerate(pairs(count))
    ]


def write(file: Path, rows: list[dict[str, Any]]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def split_of(folder: Path, rows: list[dict[str, Any]], recipe: Recipe, name: str = "train") -> "TokenizedSplit":
    from curate.models.template import Template

    write(folder / f"{name}.jsonl", rows)
    return load_split(folder, name, Template(make_tokenizer()), recipe)


METHODS: dict[str, dict[str, Any]] = {
    "lora": {"method": "lora", "rank": 4},
    "prefix": {"method": "prefix-tuning", "virtual_tokens": 3, "quantisation": "none"},
    "prompt": {"method": "prompt-tuning", "virtual_tokens": 3, "quantisation": "none"},
}


def plain_losses(model: Any, split: "TokenizedSplit", step: list[int], recipe: Recipe) -> Any:
    """The loss of a step as the papers write it, text by text, by transformers' own forward pass of the PEFT model."""
    import torch

    def likelihood(ids: list[int], labels: list[int]) -> tuple[Any, int]:
        logits = model(input_ids=torch.tensor([ids])).logits[0, -len(ids) :].double()
        chosen = [at for at, label in enumerate(labels) if label >= 0]
        return sum(torch.log_softmax(logits[at - 1], -1)[labels[at]] for at in chosen), len(chosen)

    def both(ids: list[int], labels: list[int]) -> tuple[Any, Any, int]:
        policy, tokens = likelihood(ids, labels)
        with torch.no_grad(), model.disable_adapter():
            reference, _ = likelihood(ids, labels)
        return policy, reference, tokens

    texts = [split.encoded[at] for at in step]
    found = [both(text.input_ids, text.labels) for text in texts]
    weights = [split.weights[split.owners[at]] for at in step]
    beta, losses = recipe.beta, []
    if recipe.objective == "kto":
        drift = []
        for i, text in enumerate(texts):
            other = texts[i - 1]
            first, start = (next(at for at, label in enumerate(one.labels) if label >= 0) for one in (text, other))
            ids = text.input_ids[:first] + other.input_ids[start:]
            policy, reference, _ = both(ids, [-100] * first + other.labels[start:])
            drift.append(float((policy - reference).detach()))
        divergence = max(0.0, sum(drift) / len(drift))
        for (policy, reference, _), at in zip(found, step, strict=True):
            sign = split.signs[at]
            scale = recipe.desirable_weight if sign > 0 else recipe.undesirable_weight
            losses.append(scale * (1 - torch.sigmoid(beta * sign * (policy - reference - divergence))))
        return sum(one * weight for one, weight in zip(losses, weights, strict=True)) / sum(weights)
    for i in range(0, len(found), 2):
        (chosen, chosen_base, long), (rejected, rejected_base, short) = found[i : i + 2]
        if recipe.objective == "dpo":
            losses.append(-torch.log(torch.sigmoid(beta * (chosen - chosen_base) - beta * (rejected - rejected_base))))
        else:
            good, bad = torch.exp(chosen / long), torch.exp(rejected / short)
            ratio = torch.log((good / (1 - good)) / (bad / (1 - bad)))
            losses.append(-torch.log(good) - beta * torch.log(torch.sigmoid(ratio)))
    weights = weights[::2]
    return sum(one * weight for one, weight in zip(losses, weights, strict=True)) / sum(weights)


@pytest.mark.filterwarnings("ignore:`past_key_values` is deprecated")  # by PEFT
@pytest.mark.parametrize(
    ("objective", "method"), [("dpo", "lora"), ("dpo", "prefix"), ("orpo", "prompt"), ("kto", "lora")]
)
def test_losses_and_gradients_are_those_of_the_papers(
    tiny_model: Path, tmp_path: Path, objective: str, method: str
) -> None:
    import torch

    from train.batching import Microbatches, plan_order
    from train.model.adapters import add_adapter
    from train.model.base import load_base
    from train.model.loss import EmbeddingNoise, use_chunked_cross_entropy
    from train.training.loop import Gradients
    from train.training.preference import Preference

    more = {"undesirable_weight": 1.5} if objective == "kto" else {}
    values = (
        {"dtype": "float32", "objective": objective, "beta": 0.3, "batch": 3, "max_steps": 2} | more | METHODS[method]
    )
    recipe = Recipe(model=str(tiny_model), data="d", **values)
    rows = labelled(4) if objective == "kto" else pairs(4)
    rows[3]["weight"] = 2.5
    split = split_of(tmp_path, rows, recipe)
    torch.manual_seed(0)
    model = add_adapter(load_base(recipe, torch.float32), recipe, split.encoded[0].input_ids)
    with torch.no_grad():  # a fresh LoRA adapter is the base
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    use_chunked_cross_entropy(model, torch.device("cpu"))
    step = list(plan_order(split.owners, recipe)[1])
    step = step[: 1 if objective == "kto" else 2] + step  # an example may come twice where epochs meet
    preference = Preference(split, recipe, torch.float32)
    expected = plain_losses(model, split, step, recipe)
    torch.autograd.backward(expected)
    wanted = [parameter.grad.clone() for parameter in model.parameters() if parameter.requires_grad]
    for room in (400, 1):  # all in one pass, and each text in its own
        microbatches = Microbatches(split.encoded, split.name_of, room, packing=True)
        gradients = Gradients(model, microbatches, EmbeddingNoise(model, 0), torch.float32, preference=preference)
        model.zero_grad()
        assert float(gradients.compute(step).mean) == pytest.approx(float(expected.detach()), rel=1e-4)
        ours = [parameter.grad for parameter in model.parameters() if parameter.requires_grad]
        for one, other in zip(ours, wanted, strict=True):
            assert torch.allclose(one, other, rtol=2e-3, atol=1e-5 * float(other.abs().max()) + 1e-8)


def test_processes_share_the_likelihoods_of_a_step(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from train import distributed
    from train.model.base import load_base
    from train.training.preference import Preference

    recipe = Recipe(model=str(tiny_model), data="d", method="lora", objective="kto", dtype="float32")
    split = split_of(tmp_path, labelled(7), recipe)
    model, preference = load_base(recipe, torch.float32), Preference(split, recipe, torch.float32)
    whole = preference.local_likelihoods(model, range(7), 64)
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    parts = []
    for rank in (0, 1):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        parts.append(preference.local_likelihoods(model, range(7), 64))
    assert all((part == 0).any() for part in parts)
    assert torch.allclose(parts[0] + parts[1], whole, rtol=1e-5)


def preference_cases() -> list[tuple[str, list[str]]]:
    found = []
    for path in sorted(CASES.glob("P0*.toml")):
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            text = case.get("bad") or case.get("good")
            if not case.get("target") and text:
                found.append((f"{path.stem}: {case['name']}", text.strip().splitlines()))
    return found


def test_rules_and_trainer_agree_on_every_row(tmp_path: Path) -> None:
    """An error of family P is a refusal with the same code; a pair or label without one is trained on."""
    accepted, declined, other = 0, 0, []
    for name, lines in preference_cases():
        (tmp_path / "train.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        errors: dict[int, set[str]] = {}
        for one in check_paths([tmp_path / "train.jsonl"], CheckConfig(select=("P",))).findings:
            if one.severity == "error" and one.line and not one.message.startswith("all "):
                errors.setdefault(one.line, set()).add(one.code)
        for objective in ("dpo", "kto"):
            recipe = Recipe(model="m", data="d", objective=objective, untrainable="leave-out", over_length="leave-out")
            try:
                split = split_of(tmp_path, [json.loads(line) for line in lines], recipe)
                out, kept = split.left_out, set(split.lines.tolist())
            except InputError:  # nothing is left, or all labels are equal
                continue
            refused = {one.line: one.reason for one in out}
            assert kept.isdisjoint(errors), name
            for line, reason in refused.items():
                assert (reason[:4] in errors[line]) if line in errors else not reason.startswith("P0"), (name, reason)
                other += [(name, reason)] if line not in errors else []
            accepted, declined = accepted + len(kept), declined + len(errors.keys() & refused.keys())
    assert accepted > 60
    assert declined > 3
    assert all("objective" in reason or "K004" in reason or "no message of the user" in reason for _, reason in other)


def test_only_the_two_answers_are_trained_on_and_both_sides_obey_max_length(tmp_path: Path) -> None:
    prompt = [
        {"role": "user", "content": "Number 1"},
        {"role": "assistant", "content": "red"},
        {"role": "user", "content": "Number 2"},
    ]
    row = {
        "chosen": [*prompt, {"role": "assistant", "content": "blue"}],
        "rejected": [*prompt, {"role": "assistant", "content": "green green"}],
    }
    recipe = Recipe(model="m", data="d", objective="dpo")
    split = split_of(tmp_path, [row], recipe)
    said = [make_tokenizer().decode([one for one in text.labels if one >= 0]) for text in split.encoded]
    assert said == ["blue<|im_end|>", "green green<|im_end|>"]
    assert split.signs.tolist() == [1, -1]
    longer = len(split.encoded[1].input_ids)
    with pytest.raises(InputError, match=f"K001 {longer} tokens"):
        split_of(tmp_path, [row], recipe.model_copy(update={"max_length": longer - 1}))


@pytest.mark.parametrize("label", [True, False])
def test_labels_of_one_kind_are_refused(tmp_path: Path, label: bool) -> None:
    rows = [{**row, "label": label} for row in labelled(4)]
    with pytest.raises(InputError, match=f"all answers are labelled {'good' if label else 'bad'}"):
        split_of(tmp_path, rows, Recipe(model="m", data="d", objective="kto"))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"objective": "dpo", "method": "full"}, "compares with the unchanged base"),
        ({"objective": "kto", "initialisation": "olora"}, "compares with the unchanged base"),
        ({"objective": "dpo", "parallel": "fsdp"}, "does not work with parallel"),
        ({"objective": "kto", "batch": 1}, "batch must be 2"),
        ({"beta": 0.5}, "objective 'sft' does not use beta"),
        ({"objective": "dpo", "desirable_weight": 2}, "objective 'dpo' does not use desirable_weight"),
    ],
)
def test_what_an_objective_cannot_do_is_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Recipe.model_validate({"model": "m", "data": "d", **values})


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_training_prefers_the_better_answers_and_resumes_to_the_same_bits(
    project: Path, capsys: pytest.CaptureFixture[str], objective: str
) -> None:
    said = {"chosen": "red red", "rejected": "blue"}
    rows = [{**one, **said} for one in pairs(15)]
    if objective == "kto":
        rows = [{"prompt": one["prompt"], "completion": one["chosen"], "label": True} for one in rows[::2]] + [
            {"prompt": one["prompt"], "completion": one["rejected"], "label": False} for one in rows[1::2]
        ]
    for name in ("train", "validation", "test"):
        write(
            project / f"split/{name}.jsonl", [rows[at] for at in range(len(rows)) if (name == "train") == (at % 5 > 1)]
        )
    beta = 1.0 if objective == "orpo" else None
    recipe = write_recipe(
        project, objective=objective, beta=beta, batch=4, max_steps=12, evaluate_every=6, learning_rate=2e-2, rank=16,
        probes=0,
        method="lora", dropout=0, dtype="float32", generations=1, keep="last",
    )  # fmt: skip
    assert main(["train", "--plan", str(recipe), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["objective"] == objective
    assert main(["train", str(recipe), "--run-dir", str(project / "whole"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    base, tuned = report["base_preferences"], report["tuned_preferences"]
    assert tuned["loss"] < base["loss"]
    assert tuned["accuracy"] > 0.9
    assert tuned["margin"] > max(0, base["margin"])
    if objective == "dpo":
        assert base["loss"] == pytest.approx(math.log(2))
        assert (base["accuracy"], base["margin"]) == (0.5, 0)
    assert main(["train", str(recipe), "--run-dir", str(project / "parts"), "--pause-at", "0.5", "--quiet"]) == 0
    assert main(["train", str(recipe), "--run-dir", str(project / "parts"), "--resume", "--quiet"]) == 0
    assert (project / "parts/report.json").read_bytes() == (project / "whole/report.json").read_bytes()
    capsys.readouterr()
    from train.report.training_report import objective_facts
    from train.results import Report

    told = dict(objective_facts(Report.model_validate(report)))
    assert "before" in told["held-out preference loss"]


def test_memory_that_runs_out_before_the_gradients_makes_passes_smaller(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from train.model.loss import losses as real
    from train.training import preference

    write(project / "split/train.jsonl", pairs(12))
    write(project / "split/test.jsonl", pairs(4))
    write_recipe(project, objective="dpo", method="lora", dropout=0, dtype="float32", max_steps=2, generations=0)

    def run(name: str) -> list[dict[str, Any]]:
        assert main(["train", str(project / "recipe.toml"), "--run-dir", str(project / name), "--quiet"]) == 0
        return rows_of(project / name / "metrics.jsonl")

    whole = run("whole")

    def small(model: Any, packed: Any) -> Any:
        if packed.tokens > 70 and model.training is False and packed.tokens <= 128:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(model, packed)

    monkeypatch.setattr(preference, "losses", small)
    monkeypatch.setattr("train.training.training.MAX_TOKENS", 64)
    parts = run("small")
    assert [line for line in parts if line.get("event") == "out-of-memory"]
    assert [line["loss"] for line in parts if "loss" in line] == pytest.approx(
        [line["loss"] for line in whole if "loss" in line], rel=1e-4
    )
