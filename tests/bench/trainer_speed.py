"""What a training costs beside TRL's SFTTrainer: supervised tokens a second, peak memory, held-out loss after the same
examples.

    pip install trl datasets                       (of this bench alone; into a folder of its own, call it
    site-packages: dill asks for that name)
    python tests/bench/trainer_speed.py FILE [--examples 500] [--held-out 100] [--steps 62] [--threads 1] [--seeds 2]

FILE is a data set in any format that curate reads. Both train the same QLoRA adapter (rank 16, all linear layers, NF4
with double quantisation, bfloat16, one epoch, 8 examples a step, packed into passes of 1,024 tokens) on
SmolLM2-135M-Instruct, loss on the answers alone, each in a process of its own, in turn. TRL runs padded, padded with
examples of like length together, and packed, with as many packs in a step as make about 8 examples; its best one
counts. With `--steps` ours ends after that many steps on examples drawn from all of them, TRL after as many as make the
same tokens, both with the learning rate down to 0; speed is counted from the supervised tokens that were really trained
on. Time is that of the processor (user and system), so that others on the machine disturb less; with one thread it is
most comparable. On a GPU it is the time that has passed, and the memory is that of the GPU. The held-out loss of every
adapter is measured by the same code. Each way trains once with each seed; the table has the means, and for the loss its
range over the seeds.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import fmean
from time import monotonic
from typing import Any, Final

BASE: Final = "offline:SmolLM2-135M-Instruct"
RATE: Final = 1e-3
BATCH: Final = 8
ROOM: Final = 1024
HELD_OUT: Final = 100
WAYS: Final = ("curate", "trl padded", "trl grouped", "trl packed")
FIGURES: Final = ("seconds", "supervised", "memory", "loss")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--examples", type=int, default=500)
    parser.add_argument("--held-out", type=int, default=HELD_OUT)
    parser.add_argument("--steps", type=int, default=0, help="optimiser steps; 0: one epoch")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--ways", nargs="*", default=list(WAYS))
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(child(given.child, given.file, given)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        supervised, tokens = write_split(given.file, folder, given.examples, given.held_out)
        print(
            f"{given.examples} examples of {given.file.name}: {tokens:,} tokens, {supervised:,} of them "
            f"supervised; {given.threads} thread(s)"
        )
        found: dict[str, list[dict[str, Any]]] = {way: [] for way in given.ways}
        for seed in range(given.seeds):
            for way in given.ways:
                found[way].append(start(way, folder, given, seed))
        print(f"{'':<14}{'CPU s':>8}{'supervised':>12}{'a second':>10}{'peak MB':>10}{'held-out loss':>22}")
        means = {way: {key: fmean(run[key] for run in runs) for key in FIGURES} for way, runs in found.items()}
        for way, mean in means.items():
            losses = [run["loss"] for run in found[way]]
            print(
                f"{way:<14}{mean['seconds']:>8.1f}{mean['supervised']:>12,.0f}{speed(mean):>10.1f}"
                f"{mean['memory'] / 1e6:>10.0f}{mean['loss']:>10.4f} ({min(losses):.4f} to {max(losses):.4f})"
            )
        others = [way for way in means if way != "curate"]
        if "curate" in means and others:
            quickest, ours = max(others, key=lambda way: speed(means[way])), means["curate"]
            beside = means[quickest]
            print(
                f"curate: {speed(ours) / speed(beside):.2f} x the speed, {ours['memory'] / beside['memory']:.2f} x the "
                f"memory of {quickest}, TRL's quickest; mean loss {ours['loss'] - beside['loss']:+.4f}"
            )


def speed(found: dict[str, Any]) -> float:
    """Supervised tokens trained on in a second of the processor."""
    return float(found["supervised"] / found["seconds"])


def start(way: str, folder: Path, given: argparse.Namespace, seed: int) -> dict[str, Any]:
    """One training in a process of its own."""
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(given.threads),
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    command = [
        sys.executable,
        __file__,
        str(folder),
        "--child",
        way,
        "--threads",
        str(given.threads),
        "--steps",
        str(given.steps),
        "--seed",
        str(seed),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    found["loss"] = json.loads(
        subprocess.run(
            [*command[:4], f"loss {found['adapter']}", *command[5:]],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout.splitlines()[-1]
    )
    print(
        f"  {way}, seed {seed}: {found['seconds']:.1f} s, {found['supervised']:,} supervised tokens, "
        f"{found['memory'] / 1e6:.0f} MB, {found['loss']:.4f}",
        file=sys.stderr,
    )
    return found


def write_split(file: Path, folder: Path, count: int, held_out: int = HELD_OUT) -> tuple[int, int]:
    """The first examples that any trainer takes, as a split folder; returns the numbers of tokens trained on and of
    all.
    """
    from curate.models.template import load_template
    from curate.read.dataset import read_dataset

    template = load_template(BASE)
    kept: list[str] = []
    supervised = tokens = 0
    for line in read_dataset([file]).lines:
        if line.example is None or len(kept) == count + held_out:
            continue
        encoding = template.encode(line.example.value)
        if not encoding.problems and encoding.length <= 512:
            kept.append(json.dumps({"messages": line.example.value["messages"]}) + "\n")
            if len(kept) <= count:
                supervised += sum(text.supervised for text in encoding.encoded)
                tokens += sum(len(text.input_ids) for text in encoding.encoded)
    (folder / "train.jsonl").write_text("".join(kept[:count]))
    (folder / "test.jsonl").write_text("".join(kept[count:]))
    return supervised, tokens


def recipe(folder: Path, threads: int, steps: int = 0, seed: int = 0) -> Any:
    """Ours."""
    from train.recipe import Recipe

    return Recipe(
        model=BASE,
        data=str(folder),
        learning_rate=RATE,
        batch=BATCH,
        max_steps=steps or None,
        tokens_per_pass=ROOM,
        max_length=512,
        evaluate_every=0,
        threads=threads,
        generations=0,
        save_every=10_000,
        seed=seed,
    )


def child(way: str, folder: Path, given: argparse.Namespace) -> Any:
    """What runs in a process of its own: a training, or the measuring of its adapter."""
    import torch

    torch.set_num_threads(given.threads)
    if way.startswith("loss "):
        return loss_of(folder, Path(way.removeprefix("loss ")), given.threads)
    adapter = folder / way.replace(" ", "-")
    seconds, supervised = (
        curate(folder, adapter, given)
        if way == "curate"
        else trl(folder, adapter, way.removeprefix("trl "), given.steps, given.seed)
    )
    return {"seconds": seconds, "supervised": supervised, "memory": peak(), "adapter": str(adapter)}


def curate(folder: Path, adapter: Path, given: argparse.Namespace) -> tuple[float, int]:
    """Train as `curate train` does, without measuring before and after; returns seconds of the processor and supervised
    tokens.
    """
    import torch

    from train.data.splits import prepare
    from train.journal import Journal, Narrator
    from train.memory.autoconfig import decide
    from train.run_folder import RunFolder
    from train.training.training import Training

    chosen = recipe(folder, given.threads, given.steps, given.seed)
    narrator = Narrator(quiet=True)
    prepared = prepare(chosen, narrator)
    run = RunFolder(folder / "run")
    run.path.mkdir(exist_ok=True)
    run.clear()
    narrator.journal = Journal(run.metrics)
    training = Training(prepared, decide(chosen, prepared.texts), run, narrator, {})
    torch.set_num_threads(given.threads)
    training._load()
    before = cpu_seconds()
    training._go_on()
    seconds = cpu_seconds() - before
    training.model.save_pretrained(str(adapter), save_embedding_layers=False)
    return seconds, sum(line.get("supervised", 0) for line in narrator.journal.lines())


def trl(folder: Path, adapter: Path, way: str, steps: int, seed: int) -> tuple[float, int]:
    """Train with SFTTrainer, its data as prompt and completion, so that the loss is on the answers alone; returns what
    `curate` does.
    """
    import bitsandbytes
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
    from trl import SFTConfig, SFTTrainer

    from curate.models.names import resolve
    from train.model.base import device

    place = resolve(BASE)
    lines = [json.loads(line)["messages"] for line in (folder / "train.jsonl").read_text().splitlines()]
    data = Dataset.from_list([{"prompt": turns[:-1], "completion": turns[-1:]} for turns in lines])
    quantisation = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    model = AutoModelForCausalLM.from_pretrained(
        place, quantization_config=quantisation, device_map={"": device()}, dtype=torch.bfloat16
    )
    for module in model.modules():  # else its gradients would be cut off on CPUs with AVX512-BF16
        if isinstance(module, bitsandbytes.nn.Linear4bit):
            module.support_avx512bf16_for_cpu = False
    packed = way == "packed"
    tokenizer = AutoTokenizer.from_pretrained(place)
    tokens = sum(len(tokenizer.apply_chat_template(turns)["input_ids"]) for turns in lines)
    packs = max(1, round(BATCH * tokens / len(lines) / ROOM))
    if packed:
        steps = round(steps * BATCH * tokens / len(lines) / (packs * ROOM))  # a step of packs is not exactly 8 examples
    arguments = SFTConfig(
        output_dir=str(folder / "trl"), num_train_epochs=1, max_steps=steps or -1, learning_rate=RATE,
        lr_scheduler_type="cosine", warmup_steps=0.03,
        optim="adamw_torch", per_device_train_batch_size=1 if packed else BATCH, packing=packed,
        max_length=ROOM if packed else 512,
        gradient_accumulation_steps=packs if packed else 1, bf16=True,
        use_cpu=device().type == "cpu",
        gradient_checkpointing=False, activation_checkpointing=False, logging_steps=1000, save_strategy="no",
        report_to="none", disable_tqdm=True, seed=seed,
        train_sampling_strategy="group_by_length" if way == "grouped" else "random", dataloader_pin_memory=False,
    )  # fmt: skip
    adapters = LoraConfig(r=16, lora_alpha=32, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")
    supervised = 0

    class Counting(SFTTrainer):  # type: ignore[misc]
        def training_step(self, model: Any, inputs: Any, *more: Any, **named: Any) -> Any:
            nonlocal supervised
            supervised += int((inputs["labels"] != -100).sum())
            return super().training_step(model, inputs, *more, **named)

    trainer = Counting(
        model=model, args=arguments, train_dataset=data, processing_class=tokenizer, peft_config=adapters
    )
    before = cpu_seconds()
    trainer.train()
    seconds = cpu_seconds() - before
    trainer.model.save_pretrained(str(adapter))
    return seconds, supervised


def loss_of(folder: Path, adapter: Path, threads: int) -> float:
    """The held-out loss of an adapter on the base that it was trained on."""
    import torch

    from train.data.splits import prepare
    from train.journal import Narrator
    from train.model.adapters import load_adapter
    from train.model.base import load_base
    from train.training.held_out import held_out_loss

    chosen = recipe(folder, threads)
    texts = prepare(chosen, Narrator(quiet=True)).held_out.encoded
    model = load_adapter(load_base(chosen, torch.bfloat16), adapter)
    return held_out_loss(model, texts, torch.bfloat16, packing=True, done=lambda _: None)


def cpu_seconds() -> float:
    """Time of the processor that this process has used; with a GPU the time that has passed until it is idle."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
        return monotonic()
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak() -> int:
    """The most memory that this process has had, in bytes; with a GPU, of it."""
    from train.memory.hardware import peak_memory

    return peak_memory()


if __name__ == "__main__":
    main()
