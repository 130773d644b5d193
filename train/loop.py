"""The training itself: transformers' Trainer, with our order, our loss, our checkpoints and nothing on the screen."""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from torch.utils.data import Dataset, Sampler, SequentialSampler
from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed
from transformers.trainer_callback import PrinterCallback

from curate.encoding import Encoded
from curate.errors import CurateError
from train import checkpoint
from train.data import Plan
from train.metrics import Journal
from train.model import autocast, device
from train.pack import Pack, pack, weighted_loss
from train.progress import Phase
from train.recipe import Recipe


class Passes(Dataset[list[Pack]]):
    """The forward passes of a training in order: each a list of packs, of one pack where the model can be packed for."""

    def __init__(self, texts: Sequence[Encoded], plan: Plan, *, packing: bool) -> None:
        self.texts, self.plan, self.packing = texts, plan, packing

    def __len__(self) -> int:
        return len(self.plan.batches)

    def __getitem__(self, index: int) -> list[Pack]:
        texts = [self.texts[i] for i in self.plan.batches[index]]
        return [pack(texts)] if self.packing else [pack([text]) for text in texts]


class PackTrainer(Trainer):  # type: ignore[misc]
    """The loss is the mean over all supervised tokens of a step, however they are spread over its forward passes."""

    loss_is_scaled_for_ga = True
    dtype: torch.dtype

    def _get_train_sampler(self, *_: Any) -> Sampler[int]:
        return SequentialSampler(self.train_dataset)  # the plan has the order; resuming skips what is done

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: torch.device) -> torch.Tensor:
        return torch.stack([packed["weights"].sum() for batch in batch_samples for packed in batch["packs"]]).sum().to(device)

    def compute_loss(self, model: Any, inputs: Any, *_: Any, num_items_in_batch: Any = None) -> Any:
        """Summed loss of the pass over the weight of the whole step."""
        with autocast(self.dtype):
            losses = [weighted_loss(model, packed) for packed in inputs["packs"]]
        return torch.stack(losses).sum() / num_items_in_batch

    def floating_point_ops(self, inputs: Any) -> int:  # noqa: ARG002  (an estimate for other models' inputs; nobody reads it)
        """Not counted."""
        return 0

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        # The adapter only: tokenizer and arguments are the run's, and the arguments would be a pickle.
        self.model.save_pretrained(output_dir, state_dict=state_dict, save_embedding_layers=False)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        checkpoint.seal(Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}")


class Follower(TrainerCallback):  # type: ignore[misc]
    """Writes each step into the journal and moves the bar."""

    def __init__(self, journal: Journal, phase: Phase, plan: Plan, texts: Sequence[Encoded], accumulation: int) -> None:
        self.journal, self.phase = journal, phase
        sizes = [sum(len(texts[i].input_ids) for i in batch) for batch in plan.batches]
        self.tokens = [sum(sizes[i : i + accumulation]) for i in range(0, len(sizes), accumulation)]
        self.began = monotonic()

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """Start the clock of a step."""
        self.began = monotonic()

    def on_log(self, _args: Any, state: Any, _control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """A step is done. A loss that is no number ends the training: nothing after it could be good."""
        if not logs or "loss" not in logs:
            return
        tokens, seconds = self.tokens[state.global_step - 1], monotonic() - self.began
        if logs["loss"] != logs["loss"]:
            raise CurateError(f"step {state.global_step}: the loss is not a number", "lower learning_rate, or look at the examples of this step")
        self.journal.write(
            step=state.global_step, max_steps=state.max_steps, loss=logs["loss"], learning_rate=logs["learning_rate"], grad_norm=logs.get("grad_norm"),
            tokens=tokens, tokens_per_second=round(tokens / max(seconds, 1e-9), 1),
        )  # fmt: skip
        self.phase.advance(note=f"loss {logs['loss']:.3f}, {tokens / max(seconds, 1e-9):,.0f} tokens/s")


def _collate(batches: list[list[Pack]]) -> dict[str, list[Pack]]:
    (packs,) = batches
    return {"packs": packs}


def arguments(recipe: Recipe, plan: Plan, folder: Path) -> TrainingArguments:
    """The recipe in the words of transformers."""
    on_cpu = device().type == "cpu"
    optimiser = recipe.optimiser if recipe.optimiser != "auto" else "adamw_torch" if on_cpu else "paged_adamw_8bit"
    return TrainingArguments(
        output_dir=str(folder), max_steps=plan.steps, per_device_train_batch_size=1, gradient_accumulation_steps=recipe.accumulation,
        learning_rate=recipe.learning_rate, lr_scheduler_type=recipe.schedule, warmup_steps=round(recipe.warmup * plan.steps),
        optim=optimiser, weight_decay=recipe.weight_decay, max_grad_norm=recipe.max_grad_norm, seed=recipe.seed, data_seed=recipe.seed,
        logging_steps=1, logging_nan_inf_filter=False, save_strategy="steps", save_steps=recipe.save_every, report_to="none", use_cpu=on_cpu,
        disable_tqdm=True, remove_unused_columns=False, dataloader_pin_memory=False,
    )  # fmt: skip


def run(
    model: Any, texts: Sequence[Encoded], plan: Plan, recipe: Recipe, folder: Path, *,
    dtype: torch.dtype, packing: bool, journal: Journal, phase: Phase, resume: Path | None,
) -> None:  # fmt: skip
    """Train the adapter of `model` in place, with checkpoints in `folder`; from the checkpoint `resume` on, where given.

    On a CPU the result is the same to the bit whether or not it was interrupted.
    """
    follower = Follower(journal, phase, plan, texts, recipe.accumulation)
    passes = Passes(texts, plan, packing=packing)
    trainer = PackTrainer(model=model, args=arguments(recipe, plan, folder), train_dataset=passes, data_collator=_collate, callbacks=[follower])
    trainer.dtype = dtype
    trainer.remove_callback(PrinterCallback)
    set_seed(recipe.seed)  # measuring the base may have drawn numbers, and a resumed run does not measure it again
    trainer.train(resume_from_checkpoint=None if resume is None else str(resume))
