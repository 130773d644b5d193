"""DPO, ORPO and KTO beside TRL's: the loss of the first step from the same adapter, and the loss after some steps.

    python -m venv ENV && ENV/bin/pip install trl transformers torch datasets peft     (an environment of this bench)
    PYTHONPATH=. ENV/bin/python tests/bench/trl_preferences.py

200 pairs (KTO: 200 labelled answers) on a model of random weights with a random LoRA adapter, in float32. TRL's ORPO
counts the tokens of the prompt in its supervised loss, so its odds ratio term is compared.
"""

import argparse
import json
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final

import torch

from tests.trainer.tiny import WORDS, make_model
from train.journal import JournalPrinter
from train.model.adapters import add_adapter
from train.model.base import load_base
from train.recipe import Recipe

PAIRS: Final = 200
BETA: Final = 0.1


def rows_of(objective: str) -> list[dict[str, Any]]:
    """The data, in TRL's conversational form."""
    found = []
    for i in range(PAIRS):
        right, wrong = WORDS[i % len(WORDS)], WORDS[(i + 3) % len(WORDS)]
        prompt = [{"role": "user", "content": f"Number {i}: repeat {right} {1 + i % 3} times."}]
        chosen, rejected = (
            [{"role": "assistant", "content": " ".join([word] * count)}]
            for word, count in ((right, 1 + i % 3), (wrong, 1 + i % 5))
        )
        pair = {"prompt": prompt, "chosen": chosen, "rejected": rejected}
        label = i % 2 == 0
        labelled = {"prompt": prompt, "completion": chosen if label else rejected, "label": label}
        found.append(labelled if objective == "kto" else pair)
    return found


def tuned(recipe: Recipe, *, random: bool) -> Any:
    """The model with an adapter; a random one is far from the base."""
    torch.manual_seed(0)
    model = add_adapter(load_base(recipe, torch.float32), recipe)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if random and "lora_B" in name:
                parameter.normal_(std=0.1)
    return model


def ours(recipe: Recipe, folder: Path, steps: int) -> tuple[float, float, list[float]]:
    """The loss of the first step by the random adapter, its odds ratio term, and the losses from a fresh adapter."""
    from train.data.splits import prepare
    from train.results import Report
    from train.run_folder import RunFolder
    from train.training.preference import POLICY, Preference
    from train.training.training import train_until

    printer = JournalPrinter(quiet=True)
    prepared = prepare(recipe, printer)
    preference = Preference(prepared.train, recipe, torch.float32)
    step = list(range(len(prepared.train.encoded)))
    likelihoods = preference.local_likelihoods(tuned(recipe, random=True), step, 2048)
    loss = preference.weigh(step, likelihoods).loss
    counts = torch.from_numpy(prepared.train.encoded.supervised)
    means = likelihoods[:, POLICY] / counts
    ratio = loss + float(means[0::2].mean()) if recipe.objective == "orpo" else loss
    report = train_until(1.0, recipe, RunFolder(folder / recipe.objective), mode="fresh", printer=printer)
    assert isinstance(report, Report)
    lines = [json.loads(line) for line in (folder / recipe.objective / "metrics.jsonl").read_text().splitlines()]
    return loss, ratio, [line["loss"] for line in lines if "loss" in line][:steps]


def theirs(recipe: Recipe, folder: Path, steps: int) -> tuple[float, float, list[float]]:
    """The same by TRL."""
    import datasets
    import transformers
    import trl
    from trl.experimental.orpo import ORPOConfig, ORPOTrainer

    kinds = {"dpo": (trl.DPOConfig, trl.DPOTrainer), "orpo": (ORPOConfig, ORPOTrainer)}
    config, trainer = kinds.get(recipe.objective) or (trl.KTOConfig, trl.KTOTrainer)
    tokenizer = transformers.AutoTokenizer.from_pretrained(recipe.model)
    rows = datasets.Dataset.from_list(rows_of(recipe.objective))

    def run(*, random: bool, batch: int, count: int, rate: float) -> list[dict[str, float]]:
        arguments = config(
            str(folder / "trl"), per_device_train_batch_size=batch, max_steps=count, learning_rate=rate,
            beta=BETA, max_length=64, report_to="none", use_cpu=True, bf16=False, logging_steps=1, save_strategy="no",
            disable_tqdm=True, lr_scheduler_type="cosine", warmup_steps=0, weight_decay=0.0,
        )  # fmt: skip
        # With an adapter of ours TRL's reference would be a copy of it; its reference is the base here.
        reference = {} if recipe.objective == "orpo" else {"ref_model": load_base(recipe, torch.float32)}
        made = trainer(
            model=tuned(recipe, random=random), args=arguments, train_dataset=rows, processing_class=tokenizer,
            **reference,
        )  # fmt: skip
        with redirect_stdout(None):
            made.train()
        return [line for line in made.state.log_history if "loss" in line]

    first = run(random=True, batch=PAIRS, count=1, rate=1e-12)[0]
    ratio = -BETA * first["log_odds_ratio"] if recipe.objective == "orpo" else first["loss"]
    return (
        first["loss"],
        ratio,
        [line["loss"] for line in run(random=False, batch=recipe.batch, count=steps, rate=recipe.peak_rate)],
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--objectives", nargs="*", default=["dpo", "kto", "orpo"])
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = make_model(folder / "model")
        print(f"{'':<6}{'first step: ours':>18}{'TRL':>10}{'difference':>13}   steps 1-10 and last 10: ours, TRL")
        for objective in given.objectives:
            (folder / "data").mkdir(exist_ok=True)
            lines = "".join(json.dumps(row) + "\n" for row in rows_of(objective))
            for split in ("train", "test"):
                (folder / "data" / f"{split}.jsonl").write_text(lines, "utf-8")
            recipe = Recipe.model_validate(
                {
                    "model": str(model), "data": str(folder / "data"), "method": "lora", "dtype": "float32",
                    "objective": objective, "batch": 8, "max_steps": given.steps, "learning_rate": 2e-3, "warmup": 0,
                    "evaluate_every": 0, "generations": 0, "probes": 0, "threads": 1, "rank": 8, "alpha": 16,
                }
            )  # fmt: skip
            mine, other = ours(recipe, folder, given.steps), theirs(recipe, folder, given.steps)
            trend = [sum(part) / len(part) for losses in (mine[2], other[2]) for part in (losses[:10], losses[-10:])]
            print(
                f"{objective:<6}{mine[1]:>18.6f}{other[1]:>10.6f}{abs(mine[1] - other[1]):>13.1e}   "
                + "  ".join(f"{one:.4f}" for one in trend),
                flush=True,
            )


if __name__ == "__main__":
    main()
