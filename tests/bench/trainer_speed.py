"""What a training costs beside TRL's SFTTrainer: supervised tokens a second, peak memory, held-out loss after the same
examples.

    pip install trl datasets                       (of this bench alone; into a folder of its own, call it
    site-packages: dill asks for that name)
    python tests/bench/trainer_speed.py FILE [--method lora] [--dtype float32] [--examples 500] [--held-out 100]
                                        [--steps 62] [--threads 1] [--seeds 3]

FILE is a data set in any format that curate reads; examples with one answer are taken. All ways train the same adapter
(rank 16, all linear layers, one epoch, 8 examples a step, at most 1,024 tokens in a pass; with `--method qlora` on a
base in NF4 with double quantisation) on SmolLM2-135M-Instruct, in `--dtype`, loss on the answers alone, each in a
process of its own, in turn. Without `--dtype` it is the one that curate chooses on this machine; the first line of the
output names it and the instruction set of the processor. TRL runs
padded, padded with examples of like length together, and packed; its quickest one counts. A pack has a length with
which a step of packs has about 8 examples, too. With `--steps` each seed draws that many times 8 of the examples, and
every way trains once on each of these, so that all see the same supervised tokens (the answers with the token that ends
them; TRL also trains on the line break after it).

Time is that of the processor (user and system), so that others on the machine disturb less; with one thread it is most
comparable. On a GPU it is the time that has passed, and the memory is that of the GPU. The held-out loss of every
adapter is computed by plain code over transformers (`loss_of`), one example at a time. The table has the means over the
seeds, and for the loss its range. Last comes, seed by seed, the loss of curate less that of TRL's quickest.
`tests/bench/trl_steps.py` compares single steps.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from math import ceil
from pathlib import Path
from statistics import fmean
from time import monotonic
from typing import Any, Final

BASE: Final = "offline:SmolLM2-135M-Instruct"
RATE: Final = 1e-3
BATCH: Final = 8
TOKENS_PER_PASS: Final = 1024
MAX_LENGTH: Final = 512
HELD_OUT: Final = 100
TRAINERS: Final = ("curate", "trl padded", "trl grouped", "trl packed")
FIGURES: Final = ("steps", "seconds", "supervised", "memory", "loss")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--examples", type=int, default=500)
    parser.add_argument("--held-out", type=int, default=HELD_OUT)
    parser.add_argument("--steps", type=int, default=0, help="optimiser steps; 0: one epoch")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ways", nargs="*", default=list(TRAINERS))
    parser.add_argument("--method", choices=("qlora", "lora"), default="qlora")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), help="default: what curate chooses here")
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.dtype = given.dtype or chosen_dtype()
    if given.child:
        print(json.dumps(child(given.child, given.file, given)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        supervised, tokens = write_split(given.file, folder, given.examples, given.held_out)
        print(
            f"{given.examples} examples of {given.file.name}: {tokens:,} tokens, {supervised:,} of them "
            f"supervised; {given.threads} thread(s); {given.method} in {given.dtype}; {instruction_set()}"
        )
        found: dict[str, list[dict[str, Any]]] = {way: [] for way in given.ways}
        for seed in range(given.seeds):
            drawn = draw(folder, given.steps * BATCH, seed)
            for way in given.ways:
                found[way].append(start(way, drawn, given, seed))
    report(found)


def report(found: dict[str, list[dict[str, Any]]]) -> None:
    """Print the table, and what curate is beside the quickest of TRL's ways."""
    print(f"{'':<14}{'steps':>6}{'CPU s':>8}{'supervised':>12}{'a second':>10}{'peak MB':>10}{'held-out loss':>28}")
    means = {way: {key: fmean(run[key] for run in runs) for key in FIGURES} for way, runs in found.items()}
    for way, mean in means.items():
        losses = [run["loss"] for run in found[way]]
        print(
            f"{way:<14}{mean['steps']:>6.0f}{mean['seconds']:>8.1f}{mean['supervised']:>12,.0f}{speed(mean):>10.1f}"
            f"{mean['memory'] / 1e6:>10.0f}{mean['loss']:>10.4f} ({min(losses):.4f} to {max(losses):.4f})"
        )
    others = [way for way in means if way != "curate"]
    if "curate" not in means or not others:
        return
    quickest, ours = max(others, key=lambda way: speed(means[way])), means["curate"]
    beside = means[quickest]
    apart = [one["loss"] - other["loss"] for one, other in zip(found["curate"], found[quickest], strict=True)]
    spread = max(max(losses) - min(losses) for losses in ([run["loss"] for run in found[way]] for way in means))
    print(
        f"curate: {speed(ours) / speed(beside):.2f} x the speed, {ours['memory'] / beside['memory']:.2f} x the "
        f"memory of {quickest}, TRL's quickest; loss {fmean(apart):+.4f} ({', '.join(f'{one:+.4f}' for one in apart)} "
        f"by seed); spread over the seeds {spread:.4f}"
    )


def speed(found: dict[str, Any]) -> float:
    """Supervised tokens trained on in a second of the processor."""
    return float(found["supervised"] / found["seconds"])


def draw(folder: Path, count: int, seed: int) -> Path:
    """A split folder with `count` of the examples, 0 for all, and the same held-out ones."""
    drawn = folder / f"seed-{seed}"
    drawn.mkdir()
    lines = (folder / "train.jsonl").read_text().splitlines(keepends=True)
    (drawn / "train.jsonl").write_text("".join(random.Random(seed).sample(lines, count or len(lines))))
    (drawn / "test.jsonl").write_bytes((folder / "test.jsonl").read_bytes())
    return drawn


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
        "--seed",
        str(seed),
        "--method",
        given.method,
        "--dtype",
        given.dtype,
    ]
    found: dict[str, Any] = output(command, environment)
    found["loss"] = output([*command[:4], f"loss {found['adapter']}", *command[5:]], environment)
    print(
        f"  {way}, seed {seed}: {found['steps']} steps, {found['seconds']:.1f} s, {found['supervised']:,} supervised "
        f"tokens ({found['labels']:,} labels), {found['memory'] / 1e6:.0f} MB, {found['loss']:.4f}",
        file=sys.stderr,
    )
    return found


def output(command: list[str], environment: dict[str, str]) -> Any:
    """What a child found."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


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
        answers = [turn for turn in line.example.value["messages"] if turn["role"] == "assistant"]
        if not encoding.problems and encoding.length <= MAX_LENGTH and len(answers) == 1:
            kept.append(json.dumps({"messages": line.example.value["messages"]}) + "\n")
            if len(kept) <= count:
                supervised += sum(text.supervised for text in encoding.encoded)
                tokens += sum(len(text.input_ids) for text in encoding.encoded)
    (folder / "train.jsonl").write_text("".join(kept[:count]))
    (folder / "test.jsonl").write_text("".join(kept[count:]))
    return supervised, tokens


def chosen_dtype() -> str:
    """The dtype that curate chooses on this machine."""
    from train.model.base import compute_dtype

    return str(compute_dtype("auto")).removeprefix("torch.")


def instruction_set() -> str:
    """The widest instructions of the processor that torch uses, or the name of the GPU."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    amx = " with AMX" if torch.cpu._is_amx_tile_supported() else ""
    return torch.backends.cpu.get_cpu_capability() + amx


def recipe(folder: Path, given: argparse.Namespace) -> Any:
    """Ours."""
    from train.recipe import Recipe

    return Recipe(
        model=BASE,
        data=str(folder),
        method=given.method,
        dtype=given.dtype,
        learning_rate=RATE,
        batch=BATCH,
        tokens_per_pass=TOKENS_PER_PASS,
        max_length=MAX_LENGTH,
        evaluate_every=0,
        threads=given.threads,
        generations=0,
        save_every=10_000,
        seed=given.seed,
    )


def child(way: str, folder: Path, given: argparse.Namespace) -> Any:
    """What runs in a process of its own: a training, or the measuring of its adapter."""
    import torch

    torch.set_num_threads(given.threads)
    if way.startswith("loss "):
        return loss_of(folder, Path(way.removeprefix("loss ")), given)
    adapter = folder / way.replace(" ", "-")
    found = curate(folder, adapter, given) if way == "curate" else trl(folder, adapter, way.split()[1], given)
    supervised = sum(len(ids) - start for ids, start in tokens_of(folder / "train.jsonl"))
    return {**found, "supervised": supervised, "memory": peak(), "adapter": str(adapter)}


def tokens_of(file: Path) -> list[tuple[list[int], int]]:
    """The tokens of each example, to that which ends the answer, and where the answer begins."""
    from transformers import AutoTokenizer

    from curate.models.names import resolve

    tokenizer = AutoTokenizer.from_pretrained(resolve(BASE))
    found = []
    for line in file.read_text().splitlines():
        turns = json.loads(line)["messages"]
        ids = tokenizer.apply_chat_template(turns)["input_ids"]
        prompt = tokenizer.apply_chat_template(turns[:-1], add_generation_prompt=True)["input_ids"]
        assert ids[: len(prompt)] == prompt
        found.append((ids[: len(ids) - ids[::-1].index(tokenizer.eos_token_id)], len(prompt)))
    return found


def load_base(given: argparse.Namespace) -> Any:
    """The base model as transformers loads it, with `--method qlora` in 4 bits."""
    import bitsandbytes
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    from curate.models.names import resolve
    from train.model.base import DTYPES, device

    quantisation = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=DTYPES[given.dtype],
    )
    options: dict[str, Any] = {"quantization_config": quantisation} if given.method == "qlora" else {}
    model = AutoModelForCausalLM.from_pretrained(
        resolve(BASE), device_map={"": device()}, dtype=DTYPES[given.dtype], **options
    )
    for module in model.modules():  # else its gradients would be cut off on CPUs with AVX512-BF16
        if isinstance(module, bitsandbytes.nn.Linear4bit):
            module.support_avx512bf16_for_cpu = False
    return model


def loss_of(folder: Path, adapter: Path, given: argparse.Namespace) -> float:
    """The mean loss per supervised token of the held-out examples."""
    import torch
    from peft import PeftModel

    from train.model.base import DTYPES, autocast

    model = PeftModel.from_pretrained(load_base(given), str(adapter)).eval()
    total = count = 0.0
    for ids, start in tokens_of(folder / "test.jsonl"):
        with torch.no_grad(), autocast(DTYPES[given.dtype]):
            logits = model(input_ids=torch.tensor([ids], device=model.device)).logits[0, start - 1 : -1].float()
        answer = torch.tensor(ids[start:], device=model.device)
        total += float(torch.nn.functional.cross_entropy(logits, answer, reduction="sum"))
        count += len(answer)
    return total / count


def curate(folder: Path, adapter: Path, given: argparse.Namespace) -> dict[str, float]:
    """Train as `curate train` does, without measuring before and after; returns seconds of the processor, optimizer
    steps and tokens with a label.
    """
    import torch

    from train.data.splits import prepare
    from train.journal import JournalPrinter, TrainingJournal
    from train.memory.autoconfig import decide
    from train.run_folder import RunFolder
    from train.training.training import Training

    chosen = recipe(folder, given)
    printer = JournalPrinter(quiet=True)
    prepared = prepare(chosen, printer)
    run = RunFolder(folder / "run")
    run.path.mkdir(exist_ok=True)
    run.clear()
    printer.journal = TrainingJournal(run.metrics)
    training = Training(prepared, decide(chosen, prepared.texts), run, printer, {})
    torch.set_num_threads(given.threads)
    training._load()
    before = cpu_seconds()
    training._run_training(1, None)
    seconds = cpu_seconds() - before
    training.model.save_pretrained(str(adapter), save_embedding_layers=False)
    labels = [line["supervised"] for line in printer.journal.lines() if "supervised" in line]
    return {"seconds": seconds, "steps": len(labels), "labels": sum(labels)}


def trl(folder: Path, adapter: Path, way: str, given: argparse.Namespace) -> dict[str, float]:
    """Train with SFTTrainer, its data as prompt and completion, so that the loss is on the answers alone; returns what
    `curate` does.
    """
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    from curate.models.names import resolve
    from train.model.base import device

    lines = [json.loads(line)["messages"] for line in (folder / "train.jsonl").read_text().splitlines()]
    data = Dataset.from_list([{"prompt": turns[:-1], "completion": turns[-1:]} for turns in lines])
    packed = way == "packed"
    step = BATCH * sum(len(ids) + 1 for ids, _ in tokens_of(folder / "train.jsonl")) / len(lines)
    packs = ceil(step / TOKENS_PER_PASS)
    arguments = SFTConfig(
        output_dir=str(folder / "trl"), num_train_epochs=1, learning_rate=RATE,
        lr_scheduler_type="cosine", warmup_steps=0.03,
        optim="adamw_torch", per_device_train_batch_size=1 if packed else BATCH, packing=packed,
        max_length=max(MAX_LENGTH, ceil(step / packs)) if packed else MAX_LENGTH,
        gradient_accumulation_steps=packs if packed else 1,
        bf16=given.dtype == "bfloat16",
        use_cpu=device().type == "cpu",
        gradient_checkpointing=False, activation_checkpointing=False, logging_steps=1000, save_strategy="no",
        report_to="none", disable_tqdm=True, seed=given.seed,
        train_sampling_strategy="group_by_length" if way == "grouped" else "random", dataloader_pin_memory=False,
    )  # fmt: skip
    adapters = LoraConfig(r=16, lora_alpha=32, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")
    labels = 0

    class Counting(SFTTrainer):  # type: ignore[misc]
        def training_step(self, model: Any, inputs: Any, *more: Any, **named: Any) -> Any:
            nonlocal labels
            labels += int((inputs["labels"] != -100).sum())
            return super().training_step(model, inputs, *more, **named)

    tokenizer = AutoTokenizer.from_pretrained(resolve(BASE))
    trainer = Counting(
        model=load_base(given), args=arguments, train_dataset=data, processing_class=tokenizer, peft_config=adapters
    )
    before = cpu_seconds()
    trainer.train()
    seconds = cpu_seconds() - before
    trainer.model.save_pretrained(str(adapter))
    return {"seconds": seconds, "steps": trainer.state.global_step, "labels": labels}


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
