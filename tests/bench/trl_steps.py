"""Steps of supervised fine-tuning beside TRL's SFTTrainer: from the same adapter, with the same masks and the same
texts in each step.

    pip install trl datasets                       (of this bench alone; into a folder of its own, call it
    site-packages: dill asks for that name)
    PYTHONPATH=. python tests/bench/trl_steps.py [--steps 20]

160 answers of 2 to 14 words on a model of random weights, 8 a step, with the default schedule and warm-up: LoRA in
float32, with TRL's step whole and in four passes, and QLoRA in bfloat16, whose adapter TRL keeps in bfloat16. Ours are
packed, TRL's padded.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any, Final

import torch

from tests.trainer.tiny import conversations, make_model
from train.data.splits import Prepared, prepare
from train.journal import JournalPrinter, TrainingJournal
from train.memory.autoconfig import decide
from train.model.adapters import load_adapter
from train.model.base import DTYPES, load_base
from train.recipe import Recipe
from train.run_folder import RunFolder
from train.training.training import Training

BATCH: Final = 8


def write_data(folder: Path, count: int) -> None:
    """Answers of unlike length."""
    rows = conversations(count)
    for number, row in enumerate(rows):
        row["messages"][1]["content"] = " ".join([row["messages"][1]["content"]] * (1 + number % 7))
    folder.mkdir()
    for split in ("train", "test"):
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def ours(recipe: Recipe, folder: Path) -> tuple[Prepared, list[float]]:
    """The data in the order of the steps, and the loss of each; `folder` gets the adapter that it starts with."""
    printer = JournalPrinter(quiet=True)
    prepared, run = prepare(recipe, printer), RunFolder(folder / "run")
    run.path.mkdir(parents=True)
    printer.journal = TrainingJournal(run.metrics)
    training = Training(prepared, decide(recipe, prepared.texts), run, printer, {})
    training._load()
    training.model.save_pretrained(str(folder / "start"))
    training._run_training(1, None)
    return prepared, [line["loss"] for line in printer.journal.lines() if "loss" in line]


def theirs(recipe: Recipe, folder: Path, prepared: Prepared, passes: int) -> list[float]:
    """The same by TRL."""
    from datasets import Dataset
    from transformers import AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    texts = [prepared.train.encoded[text] for step in prepared.order for text in step]
    masks = [[int(label >= 0) for label in text.labels] for text in texts]
    rows = [{"input_ids": text.input_ids, "completion_mask": mask} for text, mask in zip(texts, masks, strict=True)]
    base = load_base(recipe, DTYPES[recipe.dtype])
    base.set_attn_implementation("sdpa")
    model = load_adapter(base, folder / "start")
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("lora_" in name)
    arguments = SFTConfig(
        str(folder / "trl"), num_train_epochs=1, learning_rate=recipe.peak_rate, lr_scheduler_type=recipe.schedule,
        warmup_steps=recipe.warmup, optim="adamw_torch", per_device_train_batch_size=BATCH // passes,
        gradient_accumulation_steps=passes, max_length=recipe.max_length, completion_only_loss=True,
        train_sampling_strategy="sequential", bf16=recipe.dtype == "bfloat16", use_cpu=True, logging_steps=1,
        gradient_checkpointing=False, activation_checkpointing=False, save_strategy="no", report_to="none",
        disable_tqdm=True, dataloader_pin_memory=False,
    )  # fmt: skip
    tokenizer = AutoTokenizer.from_pretrained(recipe.model)
    trainer = SFTTrainer(model=model, args=arguments, train_dataset=Dataset.from_list(rows), processing_class=tokenizer)
    trainer.train()
    return [float(line["loss"]) for line in trainer.state.log_history if "loss" in line]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=20)
    given = parser.parse_args()
    torch.set_num_threads(1)
    found: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = make_model(folder / "model")
        write_data(folder / "data", given.steps * BATCH)
        common: dict[str, Any] = {
            "model": str(model), "data": str(folder / "data"), "batch": BATCH, "rank": 4, "alpha": 8.0,
            "learning_rate": 5e-3, "tokens_per_pass": 128, "max_length": 128, "evaluate_every": 0, "generations": 0,
            "probes": 0, "threads": 1,
        }  # fmt: skip
        for method, dtype, ways in (("lora", "float32", (1, 4)), ("qlora", "bfloat16", (1,))):
            recipe = Recipe(method=method, dtype=dtype, **common)
            prepared, mine = ours(recipe, folder / method)
            for passes in ways:
                other = theirs(recipe, folder / method, prepared, passes)
                apart = max(abs(one - two) for one, two in zip(mine, other, strict=True))
                steps = f"{len(mine)} steps, {passes} pass(es) each"
                found.append(
                    f"{method}, {dtype}, {steps}: {mine[0]:.4f} to {mine[-1]:.4f}, TRL's differ by {apart:.1e}"
                )
    print(*found, sep="\n")


if __name__ == "__main__":
    main()
