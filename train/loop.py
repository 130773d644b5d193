"""The training itself: transformers' Trainer, with our order, our passes, our loss, our checkpoints and nothing on the screen."""

import os
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset
from transformers import Trainer, TrainingArguments, set_seed
from transformers.trainer_callback import PrinterCallback

from train import checkpoint, ranks
from train.attach import put_back, save
from train.follow import Follower
from train.model import device
from train.order import Order
from train.recipe import Recipe
from train.settings import Settings
from train.step import OutOfMemory, Passes, gradient_norm, must_learn


class Steps(Dataset[tuple[int, ...]]):
    """The steps of a training in order: for each the indices of its texts. One comes whole to every process."""

    def __init__(self, order: Order) -> None:
        self.order = order

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, index: int) -> tuple[int, ...]:
        return self.order[index]


def _only(steps: list[tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    (step,) = steps
    return {"texts": step}


class StepTrainer(Trainer):  # type: ignore[misc]
    """A step's gradients come from `Passes`; the optimiser, the schedule, the checkpoints and who is told are transformers'."""

    passes: Passes
    follower: Follower

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Steps in their order, the same on every process; resuming skips what is done."""
        return DataLoader(self.train_dataset, batch_size=1, shuffle=False, collate_fn=_only)

    def _get_num_items_in_batch(self, *_: Any) -> None:
        return None  # the loss is scaled in the step

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:  # noqa: ARG002  (Trainer's signature)
        """The gradients of one step and its loss, told as Trainer wants it: the mean over processes."""
        step = inputs["texts"]
        model.train()
        while True:
            drawn = torch.get_rng_state()
            try:
                loss, texts = self.passes.run(model, step, self._backward)
                break
            except OutOfMemory:
                model.zero_grad()
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()
                torch.set_rng_state(drawn)
                self.follower.shrunk(self.passes.halve(step))
        if not self.is_fsdp_enabled:  # which has added them up in the backward passes
            ranks.total_gradients(model.parameters())
        self._check(model, step, ranks.total(loss.clone()))
        self.follower.saw(texts)
        return loss * ranks.world()

    def _backward(self, loss: torch.Tensor) -> None:
        # FSDP takes the mean over processes where the sum is meant.
        self.accelerator.backward(loss * ranks.world() if self.is_fsdp_enabled else loss)

    def _check(self, model: Any, step: Sequence[int], loss: torch.Tensor) -> None:
        """Stop before the optimiser learns from nonsense. Gradients in float16 are scaled, and may be too big at first."""
        norm = 1.0 if self.args.fp16 else float(gradient_norm(model.parameters()))
        if not (isfinite(float(loss)) and isfinite(norm)):
            raise self.passes.blame(model, step)
        if self.state.global_step == 0:
            must_learn(norm)

    def floating_point_ops(self, inputs: Any) -> int:  # noqa: ARG002  (an estimate for other models' inputs; nobody reads it)
        """Not counted."""
        return 0

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        # What was trained only: tokenizer and arguments are the run's, and the arguments would be a pickle.
        if state_dict is not None:
            self.model.save_pretrained(output_dir, state_dict=state_dict, save_embedding_layers=False)
        else:
            save(self.model, Path(str(output_dir)))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        if self.is_fsdp_enabled:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
        else:
            put_back(self.model, Path(resume_from_checkpoint))

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        ranks.wait()  # each process has written the state of its random numbers
        if ranks.rank() == 0:
            checkpoint.seal(Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}", self.follower.best_step)


def arguments(recipe: Recipe, settings: Settings, steps: int, folder: Path) -> TrainingArguments:
    """The recipe in the words of transformers."""
    # TensorBoard's own folder would lie among the checkpoints.
    os.environ.setdefault("TENSORBOARD_LOGGING_DIR", str(folder.parent / "tensorboard"))
    return TrainingArguments(
        output_dir=str(folder), max_steps=steps, per_device_train_batch_size=1, gradient_accumulation_steps=1,
        learning_rate=recipe.peak_rate, lr_scheduler_type=recipe.schedule, warmup_steps=round(recipe.warmup * steps),
        optim=settings.optimiser, weight_decay=recipe.weight_decay, max_grad_norm=recipe.max_grad_norm, seed=recipe.seed, data_seed=recipe.seed,
        fp16=settings.dtype == "float16", logging_steps=1, logging_nan_inf_filter=False, save_strategy="steps", save_steps=recipe.save_every,
        report_to=list(recipe.report_to) or "none", run_name=folder.parent.name, use_cpu=device().type == "cpu", disable_tqdm=True,
        remove_unused_columns=False, dataloader_pin_memory=False, ddp_find_unused_parameters=False, **_sharding(recipe),
    )  # fmt: skip


def _sharding(recipe: Recipe) -> dict[str, Any]:
    """FSDP2 for a base that no GPU holds alone; the adapter is saved whole."""
    if recipe.parallel != "fsdp" or ranks.world() == 1:
        return {}
    config = {"version": 2, "reshard_after_forward": True, "state_dict_type": "FULL_STATE_DICT", "auto_wrap_policy": "TRANSFORMER_BASED_WRAP"}
    return {"fsdp": True, "fsdp_config": config | ({"activation_checkpointing": True} if recipe.activation_checkpointing else {})}


def run(model: Any, passes: Passes, order: Order, recipe: Recipe, settings: Settings, folder: Path, *, follower: Follower, resume: Path | None) -> None:
    """Train `model` in place, with checkpoints in `folder`; from the checkpoint `resume` on, where given.

    On a CPU the result is the same to the bit whether or not it was interrupted. Returns early where the follower was told to stop.
    """
    trainer = StepTrainer(
        model=model, args=arguments(recipe, settings, len(order), folder), train_dataset=Steps(order), data_collator=_only, callbacks=[follower]
    )
    trainer.passes, trainer.follower = passes, follower
    trainer.remove_callback(PrinterCallback)
    set_seed(recipe.seed + ranks.rank())  # measuring the base may have drawn numbers, and a resumed run does not measure it again
    with follower.listening():
        trainer.train(resume_from_checkpoint=None if resume is None else str(resume))
