"""The model side: 4-bit weights, packing, the loss, checkpoints, and resuming to the same bit."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from tests.conftest import rows_of
from tests.trainer.forked import started
from tests.trainer.tiny import conversations, make_model, make_tokenizer, write_recipe
from tests.waiting import PATIENCE_SECONDS, until
from train.journal import signals_to

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def parts(tiny_model: Path) -> tuple[Any, Any, Any]:
    """Recipe, 4-bit model with a fresh adapter, and encoded texts."""
    import torch

    from curate.models.template import Template
    from train.model.adapters import add_adapter
    from train.model.base import load_base
    from train.recipe import Recipe

    recipe = Recipe(model=str(tiny_model), data="d", method="qlora", rank=4, dropout=0.0)
    torch.manual_seed(0)
    model = add_adapter(load_base(recipe, torch.bfloat16), recipe)
    template = Template(make_tokenizer())
    return recipe, model, [text for one in conversations(6) for text in template.encode(one).encoded]


def gradients(model: Any, texts: Any) -> list[Any]:
    import torch

    from train.batching import pack
    from train.model.base import autocast
    from train.model.loss import losses

    model.train()
    model.zero_grad()
    with autocast(torch.bfloat16):
        loss = losses(model, pack(texts)).total
    torch.autograd.backward(loss)
    return [parameter.grad.clone() for parameter in model.parameters() if parameter.requires_grad]


def test_gradients_after_an_evaluation_equal_those_before_it(parts: tuple[Any, Any, Any]) -> None:
    import torch

    from curate.models.template import Template
    from train.model.generation import answers
    from train.training.held_out import held_out_loss

    _, model, texts = parts
    with torch.no_grad():  # a fresh adapter passes no gradient on; below it nothing could go missing
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.1)
    before = gradients(model, texts)
    assert all(float(gradient.abs().sum()) > 0 for gradient in before)
    held_out_loss(model, texts, torch.bfloat16, packing=True, done=lambda _: None)

    list(answers(model, Template(make_tokenizer()), ["red"], [2], torch.bfloat16, max_new_tokens=2, room=99))
    assert all(torch.equal(one, other) for one, other in zip(before, gradients(model, texts), strict=True))


def test_packed_texts_do_not_see_each_other(parts: tuple[Any, Any, Any]) -> None:
    import torch

    from train.model.base import autocast
    from train.model.loss import packs_exactly
    from train.training.held_out import held_out_loss

    _, model, texts = parts
    with autocast(torch.bfloat16):
        assert packs_exactly(model, torch.device("cpu"))

        class Leaking:
            """The same model with a mask of ones, which lets packed texts see each other."""

            config, training = model.config, model.training
            eval, train = model.eval, model.train

            def __call__(self, input_ids: Any, **options: Any) -> Any:
                del options["packed_lengths"]
                return model(input_ids=input_ids, attention_mask=torch.ones_like(input_ids), **options)

        assert not packs_exactly(Leaking(), torch.device("cpu"))
    packed, alone = (
        held_out_loss(model, texts, torch.bfloat16, packing=packing, done=lambda _: None) for packing in (True, False)
    )
    assert packed == pytest.approx(alone, rel=1e-2)


def test_the_loss_is_the_one_that_transformers_computes(parts: tuple[Any, Any, Any]) -> None:
    import torch

    from train.model.base import autocast
    from train.training.held_out import held_out_loss

    _, model, texts = parts
    model.eval()
    with torch.no_grad(), autocast(torch.bfloat16):
        found = [
            (float(model(input_ids=torch.tensor([t.input_ids]), labels=torch.tensor([t.labels])).loss), t.supervised)
            for t in texts
        ]
    expected = sum(loss * count for loss, count in found) / sum(count for _, count in found)
    assert held_out_loss(model, texts, torch.bfloat16, packing=False, done=lambda _: None) == pytest.approx(
        expected, rel=1e-3
    )


def test_the_loss_of_each_text_is_its_own_and_a_right_token_is_what_greedy_decoding_says(
    parts: tuple[Any, Any, Any],
) -> None:
    import torch

    from train.batching import pack
    from train.model.base import autocast
    from train.model.loss import CHUNKED, losses, use_chunked_cross_entropy

    _, model, texts = parts
    model.eval()
    with torch.no_grad(), autocast(torch.bfloat16):
        assert use_chunked_cross_entropy(model, torch.device("cpu"))
        packed = pack(texts)
        fused = losses(model, packed).by_text(packed)
        vars(model.get_base_model()).pop(CHUNKED)
        apart = losses(model, packed).by_text(packed)
        assert torch.allclose(fused[:, :2], apart[:, :2], rtol=1e-3)
        for text, (total, count, right) in zip(texts, apart.tolist(), strict=True):
            found = model(input_ids=torch.tensor([text.input_ids]), labels=torch.tensor([text.labels]))
            assert total / count == pytest.approx(float(found.loss), rel=2e-2)
            said = found.logits[0].argmax(-1).tolist()
            assert right == sum(label == said[at] for at, label in enumerate(text.labels[1:]) if label >= 0)


def test_only_the_adapter_trains_and_4_bits_stay_4_bits(parts: tuple[Any, Any, Any]) -> None:
    import bitsandbytes

    from train.model.adapters import parameters

    _, model, _ = parts
    assert all("lora" in name for name, parameter in model.named_parameters() if parameter.requires_grad)
    linear = [module for module in model.modules() if isinstance(module, bitsandbytes.nn.Linear4bit)]
    assert len(linear) == 7
    assert {(module.weight.quant_type, module.weight.quant_state.nested) for module in linear} == {("nf4", True)}
    trainable, total = parameters(model)
    assert 0 < trainable < total


def training(folder: Path, *words: str) -> Any:
    """A training in a process that can be killed."""
    return started(folder / "told", "train", str(folder / "recipe.toml"), *words)


def run(folder: Path, run_dir: str, *words: str) -> int:
    """A training in this process; returns the exit status."""
    return main(["train", str(folder / "recipe.toml"), "--run-dir", str(folder / run_dir), *words])


def steps(folder: Path) -> list[dict[str, Any]]:
    lines = rows_of(folder / "metrics.jsonl")
    return [
        {key: line[key] for key in ("step", "loss", "learning_rate", "grad_norm")} for line in lines if "loss" in line
    ]


def steps_so_far(folder: Path) -> int:
    """Steps in the journal, which another process may be writing to."""
    return sum(line.startswith(b'{"step"') for line in (folder / "metrics.jsonl").read_bytes().splitlines())


def wait_for_steps(process: Any, folder: Path, count: int) -> None:
    journal = folder / "metrics.jsonl"
    until(lambda: not process.is_alive() or (journal.is_file() and steps_so_far(folder) >= count))


@pytest.mark.xdist_group("forked")  # what they are forked from is loaded once
def test_a_killed_and_resumed_training_ends_with_the_same_bits(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(project, "whole", "--json") == 0
    told = capsys.readouterr()
    report = json.loads(told.out)
    assert report["tuned_loss"] < report["base_loss"]
    assert report["steps"] == report["kept_step"] == 12
    assert len(report["generations"]) == 2
    assert "arn" not in told.err  # no Warning, no warning

    killed = project / "killed"
    for at in (1, random.randint(4, 10)):
        process = training(project, "--run-dir", str(killed), "--resume")
        wait_for_steps(process, killed, at)
        process.kill()
        process.join()
    assert run(project, "killed") == 2  # unfinished: --resume or --fresh has to be said
    assert run(project, "killed", "--resume") == 0
    assert (killed / "adapter/adapter_model.safetensors").read_bytes() == (
        project / "whole/adapter/adapter_model.safetensors"
    ).read_bytes()
    assert (killed / "report.json").read_bytes() == (project / "whole/report.json").read_bytes()
    assert steps(killed) == steps(project / "whole")
    for name in ("losses.jsonl", "datamap.jsonl"):
        assert (killed / name).read_bytes() == (project / "whole" / name).read_bytes()

    for left in ("report.json", "adapter/adapter_model.safetensors"):  # killed between the last step and the report
        (killed / left).unlink()
    assert run(project, "killed", "--resume") == 0
    assert (killed / "report.json").read_bytes() == (project / "whole/report.json").read_bytes()

    capsys.readouterr()
    assert run(project, "whole") == 0
    assert "has finished" in capsys.readouterr().err
    assert run(project, "whole", "--resume", "--set", "rank=8") == 2
    assert "--fresh" in capsys.readouterr().err


def test_a_run_that_is_not_resumed_names_what_has_changed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_recipe(project, max_steps=2, generations=0)
    assert run(project, "run") == 0
    assert run(project, "run", "--resume", "--set", "max_steps=3", "--set", "rank=2") == 2
    told = capsys.readouterr().err
    assert "contains a run with another recipe (rank = 4 there, 2 here, max_steps = 2 there, 3 here)\n" in told
    assert "undo the change to resume it" in told
    (project / "split/validation.jsonl").write_bytes((project / "split/test.jsonl").read_bytes())
    (project / "model").unlink()
    make_model(project / "model", layers=2)
    assert run(project, "run") == 2
    told = capsys.readouterr().err
    assert "contains a run with other data (validation), another base model or tokenizer\n" in told
    assert "undo" not in told


def test_another_text_of_the_chat_template_is_another_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from curate.models.chat_templates import CHATML

    (project / "own.jinja").write_text(CHATML)
    recipe = write_recipe(project, chat_template="own.jinja", max_steps=2, generations=0)
    words = ["train", str(recipe), "--run-dir", str(project / "run"), "--resume"]
    assert main(words) == 0
    told = capsys.readouterr().err
    assert "no run to resume" in told
    assert "note: the base has a chat template of its own, which chat_template = " in told
    assert main(words) == 0
    assert "this training has finished" in capsys.readouterr().err
    assert main(["evaluate", str(project / "run"), "--systems", "zero-shot,tuned", "--json"]) <= 1
    told = json.loads(capsys.readouterr().out)
    assert any("not with its own chat template" in note for note in told["notes"])
    (project / "own.jinja").write_text((project / "model/chat_template.jinja").read_text())
    assert main(["train", str(recipe), "--run-dir", str(project / "same")]) == 0
    assert "chat template of its own" not in capsys.readouterr().err
    (project / "own.jinja").write_text(CHATML.replace("assistant", "bot"))
    assert main(words) == 2
    assert "contains a run with another chat template\n" in capsys.readouterr().err


@pytest.mark.xdist_group("forked")
@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP"])
def test_an_interruption_saves_what_was_done(project: Path, name: str) -> None:
    write_recipe(project, max_steps=400, save_every=1000, generations=0)
    process = training(project, "--run-dir", str(project / "run"))
    wait_for_steps(process, project / "run", 3)
    os.kill(process.pid, getattr(signal, name))
    process.join(timeout=PATIENCE_SECONDS)
    assert process.exitcode == 130
    assert "--resume continues from here" in (project / "told.err").read_text()
    (saved,) = (project / "run/checkpoints").iterdir()
    assert saved.name == f"checkpoint-{steps_so_far(project / 'run')}"


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="terminals send it, not on Windows")
def test_a_training_under_nohup_goes_on_when_its_terminal_is_closed() -> None:
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals_to(pytest.fail):
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, former)


def test_a_training_ends_with_the_process_that_started_it(project: Path) -> None:
    write_recipe(project, max_steps=100_000, save_every=100_000)
    environment = {**os.environ, "CURATE_FOLLOW_STDIN": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "curate", "train", str(project / "recipe.toml"), "--run-dir", str(project / "run")],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=PATIENCE_SECONDS) == 130


def test_data_that_cannot_be_trained_on_leave_no_run_behind(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_recipe(project, max_length=5)
    assert run(project, "refused") == 2
    assert "train.jsonl:1: " in capsys.readouterr().err
    assert not (project / "refused/identity.json").exists()


def test_how_a_step_is_spread_over_passes_does_not_change_the_loss(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)  # else a note says that its model is outside of its folder
    losses = []
    for name, room in (("one", 512), ("four", 1)):
        write_recipe(
            project, tokens_per_pass=room, dropout=0.0, dtype="float32", method="lora", max_steps=3, generations=0
        )
        assert run(project, name, "--quiet") == 0
        assert capsys.readouterr().err == ""
        losses.append([step["loss"] for step in steps(project / name)])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    one, four = (rows_of(project / name / "losses.jsonl") for name in ("one", "four"))
    for line, other, whole in zip(one, four, losses[0], strict=True):
        assert {key: line[key] for key in ("step", "lines", "texts", "tokens", "right")} == {
            key: other[key] for key in ("step", "lines", "texts", "tokens", "right")
        }
        assert line["loss"] == pytest.approx(other["loss"], rel=1e-3)
        assert sum(loss * count for loss, count in zip(line["loss"], line["tokens"], strict=True)) / sum(
            line["tokens"]
        ) == pytest.approx(whole, rel=1e-4)


def test_a_step_is_no_longer_than_the_gradient_may_be(project: Path) -> None:
    from safetensors.torch import load_file

    limits = ("optimiser=sgd", "learning_rate=1", "max_grad_norm=1e-6", "max_steps=1")
    assert run(project, "run", *(word for limit in (*limits, "probes=0") for word in ("--set", limit))) == 0
    weights = load_file(project / "run/adapter/adapter_model.safetensors")
    moved = sum(float((one**2).sum()) for name, one in weights.items() if "lora_B" in name)  # from 0
    assert moved**0.5 == pytest.approx(1e-6, rel=0.01)
