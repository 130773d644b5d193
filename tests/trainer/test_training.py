"""The model side: 4-bit weights, packing, the loss, checkpoints, and resuming to the same bit."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.tiny import conversations, make_tokenizer, write_recipe

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def parts(tiny_model: Path) -> tuple[Any, Any, Any]:
    """Recipe, 4-bit model with a fresh adapter, and encoded texts."""
    import torch

    from curate.template import Template
    from train.attach import attach
    from train.model import load_base
    from train.recipe import Recipe

    recipe = Recipe(model=str(tiny_model), data="d", rank=4, dropout=0.0)
    torch.manual_seed(0)
    model = attach(load_base(recipe, torch.bfloat16), recipe)
    template = Template(make_tokenizer())
    return recipe, model, [text for one in conversations(6) for text in template.encode(one).encoded]


def gradients(model: Any, texts: Any) -> list[Any]:
    import torch

    from train.loss import weighted_loss
    from train.model import autocast
    from train.pack import pack

    model.train()
    model.zero_grad()
    with autocast(torch.bfloat16):
        loss = weighted_loss(model, pack(texts))
    torch.autograd.backward(loss)
    return [parameter.grad.clone() for parameter in model.parameters() if parameter.requires_grad]


def test_gradients_after_an_evaluation_equal_those_before_it(parts: tuple[Any, Any, Any]) -> None:
    import torch

    from train.evaluate import answers, held_out_loss

    _, model, texts = parts
    with torch.no_grad():  # a fresh adapter passes no gradient on; below it nothing could go missing
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.1)
    before = gradients(model, texts)
    assert all(float(gradient.abs().sum()) > 0 for gradient in before)
    held_out_loss(model, texts, torch.bfloat16, packing=True, done=lambda _: None)

    class Asked:
        tokenizer = make_tokenizer()

    answers(model, Asked, ["red"], [2], torch.bfloat16, max_new_tokens=2)  # type: ignore[arg-type]
    assert all(torch.equal(one, other) for one, other in zip(before, gradients(model, texts), strict=True))


def test_packed_texts_do_not_see_each_other(parts: tuple[Any, Any, Any]) -> None:
    import torch

    from train.evaluate import held_out_loss
    from train.loss import packs_exactly
    from train.model import autocast

    _, model, texts = parts
    with autocast(torch.bfloat16):
        assert packs_exactly(model, torch.device("cpu"))

        class Leaking:
            """The same model with a mask of ones, which lets packed texts see each other."""

            config, training = model.config, model.training
            eval, train = model.eval, model.train

            def __call__(self, input_ids: Any, **options: Any) -> Any:
                return model(input_ids=input_ids, attention_mask=torch.ones_like(input_ids), **options)

        assert not packs_exactly(Leaking(), torch.device("cpu"))
    packed, alone = (held_out_loss(model, texts, torch.bfloat16, packing=packing, done=lambda _: None) for packing in (True, False))
    assert packed == pytest.approx(alone, rel=1e-2)


def test_the_loss_is_the_one_that_transformers_computes(parts: tuple[Any, Any, Any]) -> None:
    import torch

    from train.evaluate import held_out_loss
    from train.model import autocast

    _, model, texts = parts
    model.eval()
    with torch.no_grad(), autocast(torch.bfloat16):
        found = [(float(model(input_ids=torch.tensor([t.input_ids]), labels=torch.tensor([t.labels])).loss), t.supervised) for t in texts]
    expected = sum(loss * count for loss, count in found) / sum(count for _, count in found)
    assert held_out_loss(model, texts, torch.bfloat16, packing=False, done=lambda _: None) == pytest.approx(expected, rel=1e-3)


def test_only_the_adapter_trains_and_4_bits_stay_4_bits(parts: tuple[Any, Any, Any]) -> None:
    import bitsandbytes

    from train.attach import parameters

    _, model, _ = parts
    assert all("lora" in name for name, parameter in model.named_parameters() if parameter.requires_grad)
    linear = [module for module in model.modules() if isinstance(module, bitsandbytes.nn.Linear4bit)]
    assert len(linear) == 2 * 7
    assert {(module.weight.quant_type, module.weight.quant_state.nested) for module in linear} == {("nf4", True)}
    trainable, total = parameters(model)
    assert 0 < trainable < total


def curate(folder: Path, *words: str, **options: Any) -> list[str]:
    return [sys.executable, "-m", "curate", "train", str(folder / "recipe.toml"), *words]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(curate(folder, *words), check=False, cwd=folder, capture_output=True, text=True, timeout=120)


def steps(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: line[key] for key in ("step", "loss", "learning_rate", "grad_norm")} for line in lines if "step" in line]


def test_a_killed_and_resumed_training_ends_with_the_same_bits(project: Path) -> None:
    undisturbed = run(project, "--run-dir", "whole", "--json")
    assert undisturbed.returncode == 0, undisturbed.stderr
    report = json.loads(undisturbed.stdout)
    assert report["tuned_loss"] < report["base_loss"]
    assert report["steps"] == 12
    assert len(report["generations"]) == 2
    assert "arn" not in undisturbed.stderr  # no Warning, no warning

    killed = project / "killed"
    for at in (1, random.randint(4, 10)):
        process = subprocess.Popen(curate(project, "--run-dir", "killed", "--resume"), cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not (killed / "metrics.jsonl").is_file():
            time.sleep(0.01)
        while process.poll() is None and len(steps_so_far(killed)) < at:
            time.sleep(0.002)
        time.sleep(random.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run(project, "--run-dir", "killed").returncode == 2  # unfinished: --resume or --fresh has to be said
    resumed = run(project, "--run-dir", "killed", "--resume", "--json")
    assert resumed.returncode == 0, resumed.stderr
    assert (killed / "adapter/adapter_model.safetensors").read_bytes() == (project / "whole/adapter/adapter_model.safetensors").read_bytes()
    assert (killed / "report.json").read_bytes() == (project / "whole/report.json").read_bytes()
    assert steps(killed) == steps(project / "whole")

    for left in ("report.json", "adapter/adapter_model.safetensors"):  # killed between the last step and the report
        (killed / left).unlink()
    assert run(project, "--run-dir", "killed", "--resume").returncode == 0
    assert (killed / "report.json").read_bytes() == (project / "whole/report.json").read_bytes()

    again = run(project, "--run-dir", "whole")
    assert again.returncode == 0
    assert "finished already" in again.stderr
    write_recipe(project, rank=8)
    other = run(project, "--run-dir", "whole", "--resume")
    assert other.returncode == 2
    assert "--fresh" in other.stderr


def steps_so_far(folder: Path) -> list[bytes]:
    return [line for line in (folder / "metrics.jsonl").read_bytes().splitlines() if line.startswith(b'{"step"')]


def test_a_training_ends_with_the_process_that_started_it(project: Path) -> None:
    write_recipe(project, max_steps=100_000, save_every=100_000)
    process = subprocess.Popen(curate(project), cwd=project, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "CURATE_FOLLOW_STDIN": "1"})
    time.sleep(0.5)
    assert process.poll() is None
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=10) == 130


def test_data_that_cannot_be_trained_on_leave_no_run_behind(project: Path) -> None:
    write_recipe(project, max_length=5)
    result = run(project, "--run-dir", "refused")
    assert result.returncode == 2
    assert "train.jsonl:1: " in result.stderr
    assert not (project / "refused/identity.json").exists()


def test_how_a_step_is_spread_over_passes_does_not_change_the_loss(project: Path) -> None:
    losses = []
    for name, room in (("one", 512), ("four", 1)):
        write_recipe(project, tokens_per_pass=room, dropout=0.0, dtype="float32", method="lora", max_steps=3, generations=0)
        result = run(project, "--run-dir", name, "--quiet")
        assert result.returncode == 0, result.stderr
        assert result.stderr == ""
        losses.append([step["loss"] for step in steps(project / name)])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
