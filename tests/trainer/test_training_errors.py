"""What goes wrong in the night: memory runs out, a loss is no number, nothing gets better, the disk is full."""

import io
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from curate.cli.main import main
from curate.storage.files import write_bytes, write_json
from tests.conftest import full_disk, rows_of
from tests.trainer.tiny import write_recipe
from train.journal import JsonLines

pytestmark = pytest.mark.slow


def run(folder: Path, run_dir: str, *words: str) -> int:
    return main(["train", str(folder / "recipe.toml"), "--run-dir", str(folder / run_dir), "--quiet", *words])


def journal(folder: Path) -> list[dict[str, Any]]:
    return rows_of(folder / "metrics.jsonl")


def events(folder: Path, name: str) -> list[dict[str, Any]]:
    return [line for line in journal(folder) if line.get("event") == name]


def losses(folder: Path) -> list[float]:
    return [line["loss"] for line in journal(folder) if "loss" in line]


@pytest.fixture
def validated(project: Path) -> Path:
    """A project with a validation split, which is its test split."""
    (project / "split/validation.jsonl").write_bytes((project / "split/test.jsonl").read_bytes())
    return project


def test_out_of_memory_makes_passes_smaller_and_nothing_else(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from train.model.loss import losses as real
    from train.training import loop

    write_recipe(project, dropout=0.0, dtype="float32", method="lora", max_steps=4, generations=0)
    assert run(project, "whole") == 0

    def small(model: Any, packed: Any) -> Any:
        if packed.tokens > 70:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(model, packed)

    monkeypatch.setattr(loop, "losses", small)
    assert run(project, "small") == 0
    (event,) = events(project / "small", "out-of-memory")
    assert event["tokens_per_pass"] <= 70
    assert losses(project / "small") == pytest.approx(losses(project / "whole"), rel=1e-4)


def test_a_resumed_training_keeps_the_size_that_fitted_into_memory(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from train.model.loss import losses as real
    from train.training import loop

    log, sizes = loop.Callback.log, list[int]()

    def small(model: Any, packed: Any) -> Any:
        if packed.tokens > 70:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(model, packed)

    def recorded(model: Any, packed: Any) -> Any:
        sizes.append(packed.tokens)
        return real(model, packed)

    def interrupted(self: Any, step: int, *words: Any) -> None:
        log(self, step, *words)
        self.interrupted = step == 3

    write_recipe(project, max_steps=6, generations=0)
    monkeypatch.setattr(loop, "losses", small)
    monkeypatch.setattr(loop.Callback, "log", interrupted)
    assert run(project, "run") == 130
    monkeypatch.setattr(loop, "losses", recorded)
    assert run(project, "run", "--resume") == 0
    assert len(sizes) >= 3
    assert max(sizes) <= 70


def test_a_single_text_that_does_not_fit_ends_the_training_with_what_to_do(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    from train.training import loop

    def never(*_: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(loop, "losses", never)
    assert run(project, "run") == 2
    assert "out of memory with a single text of" in capsys.readouterr().err


def test_a_single_text_that_does_not_fit_switches_activation_checkpointing_on(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from train.model.loss import losses as real
    from train.training import loop

    write_recipe(project, dropout=0.0, dtype="float32", method="lora", max_steps=3, generations=0)
    assert run(project, "whole") == 0

    def small(model: Any, packed: Any) -> Any:
        if not model.get_base_model().is_activation_checkpointing:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(model, packed)

    monkeypatch.setattr(loop, "losses", small)
    assert run(project, "small") == 0
    assert len(events(project / "small", "activation-checkpointing")) == 1
    assert losses(project / "small") == pytest.approx(losses(project / "whole"), rel=1e-4)


def test_a_training_in_float16_whose_steps_are_all_skipped_is_no_success(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from accelerate import Accelerator

    from train.errors import NotANumber
    from train.training.loop import MAX_SKIPPED, require_a_step

    require_a_step(MAX_SKIPPED - 1, 100, last=False)
    require_a_step(3, 4, last=True)
    for skipped, taken, last in ((MAX_SKIPPED, 100, False), (4, 4, True)):
        with pytest.raises(NotANumber, match="changed nothing"):
            require_a_step(skipped, taken, last=last)
    monkeypatch.setattr(Accelerator, "optimizer_step_was_skipped", property(lambda _: True))
    write_recipe(project, max_steps=2, generations=0)
    assert run(project, "run") == 2
    assert "the last 2 steps changed nothing" in capsys.readouterr().err


def test_a_constant_rate_warms_up(project: Path) -> None:
    write_recipe(project, schedule="constant", warmup=0.5, max_steps=4, generations=0)
    assert run(project, "run") == 0
    rates = [line["learning_rate"] for line in journal(project / "run") if "loss" in line]
    assert rates == pytest.approx([0, 2.5e-3, 5e-3, 5e-3])


def test_a_loss_that_is_no_number_names_the_example(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    from train.data.splits import prepare
    from train.journal import JournalPrinter
    from train.model.loss import losses as real
    from train.recipe import load_recipe
    from train.training import loop

    write_recipe(project, max_steps=10, generations=0, dtype="float32")
    bad = torch.tensor([])

    def poisoned(model: Any, packed: Any) -> Any:
        parts = packed.input_ids[0].split(list(packed.lengths))
        broken = any(torch.equal(part, bad) for part in parts)
        found = real(model, packed)
        return found._replace(total=found.total * (float("nan") if broken else 1))

    prepared = prepare(load_recipe(project / "recipe.toml"), JournalPrinter(quiet=True))
    third = prepared.order[2][1]
    bad = torch.tensor(prepared.train.encoded[third].input_ids)
    with monkeypatch.context() as patch:
        patch.setattr(loop, "losses", poisoned)
        assert run(project, "run") == 2
    told = capsys.readouterr().err
    assert f"step 3: the loss of 1 text is not a number: {project}/split/train.jsonl:{third + 1}" in told
    assert "check them, or lower learning_rate and start over with --fresh" in told  # it is in float32 already
    assert len(losses(project / "run")) == 2
    with (project / "run/metrics.jsonl").open("ab") as file:
        file.write(b'{"event": "phase", "na')  # where the disk was full
    assert run(project, "run", "--resume") == 0
    assert len(losses(project / "run")) == 10


def test_a_training_that_gets_no_better_ends_and_keeps_its_best(
    validated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_recipe(
        validated,
        learning_rate=0.3,
        schedule="constant",
        evaluate_every=2,
        patience=2,
        max_steps=40,
        generations=0,
        save_every=100,
    )
    assert run(validated, "run", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    measured = {event["step"]: event["validation_loss"] for event in events(validated / "run", "validation")}
    best = min(measured, key=lambda step: measured[step])
    assert report["kept_step"] == best
    assert report["steps"] == best + 4 < 40
    assert report["validation_loss"] == measured[best] == pytest.approx(report["tuned_loss"])
    before = (validated / "run/adapter/adapter_model.safetensors").read_bytes()
    (validated / "run/report.json").unlink()
    shutil.rmtree(validated / "run/adapter")
    assert run(validated, "run", "--resume", "--json") == 0
    assert json.loads(capsys.readouterr().out) == report
    assert (validated / "run/adapter/adapter_model.safetensors").read_bytes() == before


@pytest.mark.parametrize("gone", [False, True], ids=["changed", "deleted"])
def test_a_training_whose_data_change_meanwhile_ends_with_its_adapter(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, gone: bool
) -> None:
    from train.training.loop import Callback

    file, log = project / "split/train.jsonl", Callback.log

    def meanwhile(self: Callback, step: int, *words: Any) -> None:
        log(self, step, *words)
        if step == 2 and gone:
            file.unlink()
        elif step == 2:
            file.write_text(file.read_text().replace("red", "reb"))

    write_recipe(project, max_steps=4, generations=1)
    assert run(project, "whole") == 0
    monkeypatch.setattr(Callback, "log", meanwhile)
    assert main(["train", str(project / "recipe.toml"), "--run-dir", str(project / "run")]) == 0
    assert "the run has no map of easy and hard examples" in " ".join(capsys.readouterr().err.split())
    whole, changed = ((project / name / "adapter/adapter_model.safetensors").read_bytes() for name in ("whole", "run"))
    assert whole == changed
    assert json.loads((project / "run/report.json").read_bytes())["data_map"] is None
    assert main(["export", str(project / "run"), "--to", "adapter", "-o", str(project / "out"), "--quiet"]) == 0


def test_of_equally_good_measurements_the_first_is_kept(validated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_recipe(validated, learning_rate=1e-30, evaluate_every=2, patience=2, max_steps=8, generations=0)
    assert run(validated, "run", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["kept_step"], report["steps"]) == (2, 6)


def test_measuring_on_the_way_changes_nothing_but_which_adapter_is_kept(
    validated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from train.training.training import Training

    write_recipe(validated, max_steps=6, generations=0)
    assert run(validated, "without") == 0
    measure, measured = Training._validation_loss, iter((1.0, 1.0, float("inf")))  # the last one gives no number
    monkeypatch.setattr(Training, "_validation_loss", lambda self: measure(self) * next(measured))
    assert run(validated, "with", "--set", "evaluate_every=2", "--set", "keep=last") == 0
    assert losses(validated / "with") == losses(validated / "without")
    one, other = ((validated / name / "adapter/adapter_model.safetensors").read_bytes() for name in ("with", "without"))
    assert one == other
    assert json.loads((validated / "with/report.json").read_text())["validation_loss"] is None


def test_a_tracker_gets_losses_rate_speed_and_memory_of_each_step(validated: Path) -> None:
    from tensorboardX.proto.event_pb2 import Event

    write_recipe(validated, report_to=["tensorboard"], max_steps=4, evaluate_every=2, generations=0)
    assert run(validated, "run") == 0
    (file,) = (validated / "run/tensorboard").rglob("events.out.tfevents.*")
    data, at, found = file.read_bytes(), 0, dict[str, dict[int, float]]()
    while at < len(data):  # length, its checksum, an event, its checksum
        size = int.from_bytes(data[at : at + 8], "little")
        event = Event.FromString(data[at + 12 : at + 12 + size])
        at += size + 16
        for value in event.summary.value:
            found.setdefault(value.tag, {})[event.step] = value.simple_value
    journaled = [line for line in journal(validated / "run") if "loss" in line]
    assert found["train/loss"] == pytest.approx({line["step"]: line["loss"] for line in journaled}, rel=1e-4)
    assert found["train/learning_rate"] == pytest.approx({line["step"]: line["learning_rate"] for line in journaled})
    assert found["eval/loss"].keys() == {2, 4}
    for tag in ("train/grad_norm", "train/tokens_per_second", "train/memory"):
        assert found[tag].keys() == {1, 2, 3, 4}
        assert min(found[tag].values()) > 0


@pytest.mark.parametrize("fails", ["on_train_begin", "on_log", "on_train_end"])
def test_a_tracker_that_fails_does_not_end_a_training_that_has_begun(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    from transformers import TrainerCallback

    from train.training import loop

    called: list[str] = []

    def answer(event: str) -> Any:
        def method(*_: Any, **__: Any) -> None:
            called.append(event)
            if event == fails:
                raise ConnectionError("the service is gone")

        return method

    events = {event: answer(event) for event in ("on_train_begin", "on_log", "on_train_end")}
    gone = type("GoneCallback", (TrainerCallback,), events)
    monkeypatch.setattr(loop, "get_reporting_integration_callbacks", lambda _: [gone])
    write_recipe(project, max_steps=3, generations=0)
    status = main(["train", str(project / "recipe.toml"), "--run-dir", str(project / "run")])
    told = " ".join(capsys.readouterr().err.split())
    if fails == "on_train_begin":
        assert status == 2
        assert "error: report_to: Gone: the service is gone next: fix it, or leave it out of report_to" in told
        return
    assert status == 0
    assert told.count("report_to: Gone: the service is gone; it gets no more metrics of this training") == 1
    assert called.count("on_log") == (1 if fails == "on_log" else 3)
    assert (project / "run/report.json").is_file()


def test_a_place_to_report_to_that_is_not_installed_is_told_before_the_training(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from train import recipe

    monkeypatch.setattr(recipe, "find_spec", lambda name: name if name == "tensorboardX" else None)
    write_recipe(project, report_to=["tensorboard", "wandb"])
    assert run(project, "run") == 2
    told = capsys.readouterr().err
    assert "report_to: wandb is not installed" in told
    assert "pip install wandb" in told
    assert not (project / "run/identity.json").exists()
    assert main(["train", "--plan", str(project / "recipe.toml"), "--json", "--quiet"]) == 1
    assert [refusal["reason"] for refusal in json.loads(capsys.readouterr().out)["refusals"]] == [
        "report_to: wandb is not installed"
    ]


def test_a_full_disk_is_told_before_the_training(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage)
    assert run(project, "run") == 2
    assert "the disk has 0.0 MB left" in capsys.readouterr().err
    assert not (project / "run").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit of the size of files")
@pytest.mark.parametrize("name", ["recipe.json", "environment.json", "identity.json"])
def test_a_disk_that_is_full_at_the_first_files_leaves_no_half_folder(
    project: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from train import run_folder

    def on_a_full_disk(path: Path, value: Any) -> None:
        with full_disk(100 if path.name == name else 1 << 40):
            write_json(path, value)

    monkeypatch.setattr(run_folder, "write_json", on_a_full_disk)
    assert run(project, "run") == 2
    told = " ".join(capsys.readouterr().err.split())
    assert f"{project / 'run' / name}: cannot be written: File too large" in told
    assert "then run the same command again" in told
    assert "nothing was changed" not in told
    assert not (project / "run").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit of the size of files")
def test_a_disk_that_fills_up_in_the_training_is_told_and_the_rest_goes_on(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_recipe(project, max_steps=4, generations=0)
    assert run(project, "whole") == 0
    # Too little for the weights, which safetensors writes; for the optimizer, torch.
    for size, name in ((12_000, "checkpoints/checkpoint-2"), (40_000, "checkpoints/checkpoint-2/optimizer.pt")):
        with full_disk(size):
            assert run(project, "full", "--resume") == 2
        told = capsys.readouterr().err.replace("\n", "")
        assert f"{project / 'full' / name}: cannot be written: File too large" in told
        assert "run the same command with --resume" in told
    assert run(project, "full", "--resume") == 0
    assert weights(project / "full") == weights(project / "whole")


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit of the size of files")
def test_a_disk_that_is_full_after_the_last_step_is_told_and_no_step_is_repeated(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from train.training import training

    def on_a_full_disk(path: Path, data: bytes) -> None:
        with full_disk(100):
            write_bytes(path, data)

    write_recipe(project, max_steps=2, generations=0)
    with monkeypatch.context() as patch:
        patch.setattr(training, "write_bytes", lambda path, data: (
            on_a_full_disk if path.name == "datamap.jsonl" else write_bytes
        )(path, data))  # fmt: skip
        assert run(project, "run") == 2
    told = capsys.readouterr().err.replace("\n", "")
    assert f"{project / 'run/datamap.jsonl'}: cannot be written: File too large" in told
    assert "run the same command with --resume" in told
    assert run(project, "run", "--resume") == 0
    assert len(list(JsonLines(project / "run/losses.jsonl").lines())) == 2


def test_a_damaged_checkpoint_is_told_and_the_one_before_it_resumed_from(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from train.training.checkpoint import Checkpointer

    write_recipe(project, max_steps=8, generations=0)
    assert run(project, "whole") == 0
    save = Checkpointer.save

    def stopping(self: Checkpointer, step: int, best: int | None) -> None:
        save(self, step, best)
        if step == 6:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpointer, "save", stopping)
        assert run(project, "stopped") == 130
    for name, damage in (("optimizer.pt", flip), ("adapter_model.safetensors", flip), ("scheduler.pt", cut)):
        shutil.copytree(project / "stopped", project / name)
        damage(project / name / "checkpoints/checkpoint-6" / name)
        capsys.readouterr()
        assert main(["train", str(project / "recipe.toml"), "--run-dir", str(project / name), "--resume"]) == 0
        assert "checkpoint-6: is damaged and not resumed from" in capsys.readouterr().err.replace("\n", "")
        assert [event["after"] for event in events(project / name, "resumed")] == [4]
        assert weights(project / name) == weights(project / "whole")


@pytest.mark.parametrize("name", ["checkpoints", "metrics.jsonl", "evaluation", "checkpoints/checkpoint-1"])
def test_a_run_folder_with_a_link_is_neither_written_nor_cleared(
    name: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    victim = project / "victim/checkpoint-1"
    victim.mkdir(parents=True)
    (victim / "weights").write_text("of another run")
    (project / "run" / name).parent.mkdir(parents=True)
    (project / "run" / name).symlink_to(project / ("new.txt" if name.endswith(".jsonl") else "victim"))
    for option in ("--resume", "--fresh"):
        assert run(project, "run", option) == 2
        assert "is a link where curate keeps files" in capsys.readouterr().err.replace("\n", " ")
    assert [path.name for path in victim.iterdir()] == ["weights"]
    assert not (project / "new.txt").exists()


def weights(folder: Path) -> bytes:
    return (folder / "adapter/adapter_model.safetensors").read_bytes()


def flip(file: Path) -> None:
    found = bytearray(file.read_bytes())
    found[len(found) // 2] ^= 64
    file.write_bytes(found)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def test_what_is_longer_than_the_models_context_is_refused_or_left_out(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = {"messages": [{"role": "user", "content": "red " * 300}, {"role": "assistant", "content": "red"}]}
    with (project / "split/train.jsonl").open("a") as file:
        file.write(json.dumps(long) + "\n")
    write_recipe(project, max_length=4000, max_steps=1, generations=0)
    assert run(project, "run") == 2
    told = capsys.readouterr().err
    assert "train.jsonl:41: K001" in told
    assert "tokens, more than the model's 256" in told
    assert "raise max_length" not in told
    assert main(["train", "--plan", str(project / "recipe.toml"), "--json", "--quiet"]) == 1
    (refusal,) = json.loads(capsys.readouterr().out)["refusals"]
    assert refusal == {
        "reason": "1 example is longer than the model's context, 256 tokens",
        "next": 'shorten them, or extend the model\'s context with  yarn = 2, or set  over_length = "leave-out"',
    }
    words = ["--for", str(project / "split"), "--model", str(project / "model"), "-o", "-"]
    assert main(["recipe", "init", *words]) == 0
    assert "tokens, more than the model's 256: leave it out, shorten it, or extend" in capsys.readouterr().err
    assert run(project, "run", "--set", "over_length=leave-out", "--json") == 0
    (one,) = json.loads(capsys.readouterr().out)["left_out"]
    assert one["line"] == 41


@pytest.mark.parametrize(("rope", "longest"), [
    ({}, 256), ({"rope_type": "linear", "factor": 4.0}, 1024), ({"rope_type": "dynamic", "factor": 2.0}, 512),
    ({"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}, 256),
    ({"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 32}, 256),
])  # fmt: skip
def test_a_context_counts_its_scaling(rope: dict[str, Any], longest: int) -> None:
    from transformers import LlamaConfig

    from train.model.base import longest_context

    config = LlamaConfig(max_position_embeddings=256)
    config.rope_parameters = {"rope_theta": 1e4, "rope_type": "default", **rope}
    assert longest_context(config, 1 << 20) == longest


def test_what_does_not_fit_is_refused_with_what_does(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from train.memory import autoconfig

    monkeypatch.setattr(autoconfig, "available", lambda: 1 << 20)
    assert run(project, "run") == 2
    told = capsys.readouterr().err
    assert "of memory, and there are 1.0 MB" in told
    assert "choose a smaller base" in told


def test_noise_is_drawn_in_training_only_and_the_same_again(project: Path) -> None:
    write_recipe(project, max_steps=4, generations=0, neftune=5.0)
    for name in ("one", "two"):
        assert run(project, name) == 0
    assert losses(project / "one") == losses(project / "two")
    assert run(project, "none", "--set", "neftune=0") == 0
    assert losses(project / "one") != losses(project / "none")
    assert json.loads((project / "one/base.json").read_text()) == json.loads((project / "none/base.json").read_text())


def test_the_allocator_of_the_gpu_does_not_split_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    from train.cli.common import with_trainer

    monkeypatch.delenv("PYTORCH_CUDA_ALLOC_CONF", raising=False)
    with with_trainer():
        assert os.environ["PYTORCH_CUDA_ALLOC_CONF"] == "expandable_segments:True"
    monkeypatch.setenv("PYTORCH_CUDA_ALLOC_CONF", "max_split_size_mb:64")
    with with_trainer():
        assert os.environ["PYTORCH_CUDA_ALLOC_CONF"] == "max_split_size_mb:64"


def test_peak_memory_is_told_on_windows_without_the_module_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from train.memory import hardware

    monkeypatch.setitem(sys.modules, "resource", None)
    monkeypatch.setattr("sys.platform", "win32")
    process = SimpleNamespace(memory_info=lambda: SimpleNamespace(peak_wset=123))
    monkeypatch.setattr("psutil.Process", lambda: process)
    assert hardware.peak_memory() == 123


def test_a_training_that_is_refused_leaves_no_progress_on_the_terminal(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("train.journal.console", lambda **_: Console(file=screen, force_terminal=True, width=80))
    write_recipe(project, max_length=2)
    assert main(["train", str(project / "recipe.toml"), "--run-dir", str(project / "run")]) == 2
    erased, _, left = screen.getvalue().rpartition("\x1b[2K")
    assert ("encoding" in erased, "encoding" in left) == (True, False)
    error = capsys.readouterr().err
    assert ("error: " in error, "encoding" in error) == (True, False)
