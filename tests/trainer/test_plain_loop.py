"""A training held against a plain loop: transformers' loss, one text at a time, and torch's AdamW; it shares no code
with the trainer, except for the random start of the adapter.
"""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from tests.conftest import rows_of
from tests.trainer.tiny import WORDS, write_recipe

pytestmark = pytest.mark.slow
RECIPE: dict[str, Any] = {
    "method": "lora", "dtype": "float32", "dropout": 0.0, "max_steps": None, "epochs": 1.6, "batch": 5,
    "tokens_per_pass": 150, "max_length": 128, "generations": 0, "learning_rate": 0.02, "save_every": 100,
}  # fmt: skip


def conversation(number: int) -> dict[str, Any]:
    """A conversation whose length depends on its number; some have a system message, two answers, or loss weights."""
    words = [WORDS[(number * 3 + i) % len(WORDS)] for i in range(1 + number % 7)]
    turns: list[dict[str, Any]] = [
        {"role": "user", "content": f"Say {number}"},
        {"role": "assistant", "content": " ".join(words)},
    ]
    if number % 3 == 0:
        turns = [{"role": "system", "content": "Be short."}, *turns]
        turns += [{"role": "user", "content": "Again"}, {"role": "assistant", "content": words[0]}]
    if number % 4 == 0:
        turns[-1]["weight"] = 0.5
    if number == 6:
        turns[2]["weight"] = 0
    return {"messages": turns}


def ids_and_weights(tokenizer: Any, turns: list[dict[str, Any]]) -> tuple[list[int], list[float]]:
    """The tokens of a ChatML conversation, and the loss weight of each."""
    ids: list[int] = []
    weights: list[float] = []

    def add(text: str, weight: float = 0.0) -> None:
        made = tokenizer(text, add_special_tokens=False)["input_ids"]
        ids.extend(made)
        weights.extend([weight] * len(made))

    if turns[0]["role"] != "system":
        add("<|im_start|>system\nYou are a helpful assistant<|im_end|>\n")
    for turn in turns:
        add(f"<|im_start|>{turn['role']}\n")
        add(f"{turn['content']}<|im_end|>", turn.get("weight", 1.0) if turn["role"] == "assistant" else 0.0)
        add("\n")
    return ids, weights


def factor(schedule: str, step: int, warm_up: int, steps: int) -> float:
    """The share of the peak learning rate in a step, from 0."""
    if step < warm_up:
        return step / warm_up
    done = (step - warm_up) / max(1, steps - warm_up)
    return {"constant": 1.0, "linear": 1 - done, "cosine": (1 + math.cos(math.pi * done)) / 2}[schedule]


@pytest.mark.parametrize(
    "changes",
    [
        {"schedule": "cosine", "warmup": 0.25, "weight_decay": 0.3, "max_grad_norm": 0.3},
        {"schedule": "linear", "warmup": 0.0, "lora_plus": 4.0, "max_grad_norm": 0.0},
        {"schedule": "constant", "warmup": 0.5, "rslora": True, "packing": False},
    ],
    ids=["cosine", "linear", "constant"],
)
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated")  # PEFT
def test_a_training_equals_a_plain_loop(project: Path, changes: dict[str, Any]) -> None:
    import torch
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    rows = [conversation(number) for number in range(17)]
    (project / "split/train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = RECIPE | changes
    path, run, start = write_recipe(project, **recipe), project / "run", project / "start"
    assert main(["train", str(path), "--run-dir", str(run), "--quiet"]) == 0
    assert main(["train", str(path), "--run-dir", str(start), "--quiet", "--set", "learning_rate=1e-30"]) == 0

    tokenizer = AutoTokenizer.from_pretrained(str(project / "model"))
    base = AutoModelForCausalLM.from_pretrained(str(project / "model"), dtype=torch.float32)
    model = PeftModel.from_pretrained(base, str(start / "adapter"), is_trainable=True).train()
    named = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    ups = [parameter for name, parameter in named.items() if ".lora_B." in name]
    downs = [parameter for name, parameter in named.items() if ".lora_A." in name]
    ratio, decay = recipe.get("lora_plus", 1.0), recipe.get("weight_decay", 0.0)
    optimizer = torch.optim.AdamW([{"params": downs}, {"params": ups}], weight_decay=decay)
    logged = [line for line in rows_of(run / "metrics.jsonl") if "loss" in line]
    examples = rows_of(run / "losses.jsonl")
    assert [len(line["lines"]) for line in examples] == [5, 5, 5, 5, 5, 2]  # 1.6 times 17
    texts = [ids_and_weights(tokenizer, row["messages"]) for row in rows]
    for step, (told, of_step) in enumerate(zip(logged, examples, strict=True)):
        rate = recipe["learning_rate"] * factor(
            recipe["schedule"], step, round(recipe["warmup"] * len(logged)), len(logged)
        )
        optimizer.param_groups[0]["lr"], optimizer.param_groups[1]["lr"] = rate, rate * ratio
        total = sum(sum(texts[line - 1][1]) for line in of_step["lines"])
        loss = torch.zeros(())
        for line in of_step["lines"]:
            ids, weights = texts[line - 1]
            logits = model(input_ids=torch.tensor([ids])).logits[0, :-1]
            each = torch.nn.functional.cross_entropy(logits, torch.tensor(ids[1:]), reduction="none")
            loss = loss + (each * torch.tensor(weights[1:])).sum() / total
        torch.autograd.backward(loss)
        norm = torch.nn.utils.clip_grad_norm_([*named.values()], recipe.get("max_grad_norm", 1.0) or math.inf)
        assert told["loss"] == pytest.approx(float(loss.detach()), abs=1e-5)
        assert told["learning_rate"] == pytest.approx(rate)
        assert told["grad_norm"] == pytest.approx(float(norm), rel=1e-3)
        optimizer.step()
        optimizer.zero_grad()
    trained = load_file(run / "adapter/adapter_model.safetensors")
    expected = get_peft_model_state_dict(model)
    assert trained.keys() == expected.keys()
    for name, weight in trained.items():
        assert torch.allclose(weight, expected[name], atol=2e-5), name


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated")  # PEFT
def test_held_out_losses_equal_those_of_a_plain_loop(project: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    rows = [conversation(number) for number in range(20, 29)]
    for name, part in (("test", rows), ("validation", rows[:4])):
        (project / f"split/{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
    path = write_recipe(project, **RECIPE | {"dropout": 0.5, "epochs": 1, "evaluate_every": 8, "keep": "last"})
    assert main(["train", str(path), "--run-dir", str(project / "run"), "--quiet"]) == 0
    report = json.loads((project / "run/report.json").read_bytes())
    tokenizer = AutoTokenizer.from_pretrained(str(project / "model"))
    base = AutoModelForCausalLM.from_pretrained(str(project / "model"), dtype=torch.float32)
    model = PeftModel.from_pretrained(base, str(project / "run/adapter")).eval()

    @torch.no_grad()
    def loss(of: list[dict[str, Any]]) -> float:
        total = weight = 0.0
        for row in of:
            ids, weights = ids_and_weights(tokenizer, row["messages"])
            each = torch.nn.functional.cross_entropy(
                model(input_ids=torch.tensor([ids])).logits[0, :-1], torch.tensor(ids[1:]), reduction="none"
            )
            total, weight = total + float(each @ torch.tensor(weights[1:])), weight + sum(weights)
        return total / weight

    assert report["tuned_loss"] == pytest.approx(loss(rows), abs=1e-5)
    assert report["validation_loss"] == pytest.approx(loss(rows[:4]), abs=1e-5)
    with model.disable_adapter():
        assert report["base_loss"] == pytest.approx(loss(rows), abs=1e-5)
