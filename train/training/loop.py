"""The training loop: forward, backward, clip, optimizer step, scheduler step, log, evaluate, save.

One step reads from top to bottom in `train`; `train.batching` packs its texts, `train.model.loss` computes their loss,
`Callback` writes down what happened and decides when to stop, `checkpoint` saves. The loss of a step is the weighted
mean over its supervised tokens, or that of a preference objective over its examples (`preference`, in
`Gradients.weigh`); how its texts are split into micro-batches and over processes does not change it.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf, isfinite, isnan
from pathlib import Path
from time import monotonic
from typing import Any, Final, NamedTuple

import torch
from accelerate import Accelerator
from accelerate.utils import FullyShardedDataParallelPlugin
from peft import PeftModel
from torch import Tensor, nn
from transformers import Trainer, TrainingArguments, get_scheduler, set_seed
from transformers.integrations import get_reporting_integration_callbacks
from transformers.trainer_callback import TrainerControl, TrainerState
from transformers.trainer_pt_utils import get_parameter_names

from curate.core.errors import ConfigError, ModelError
from curate.core.text import excerpt, plural
from train import distributed
from train.batching import Microbatches, Order
from train.errors import NoMemory, NotANumber, is_out_of_memory
from train.journal import LossLog, Phase, TrainingJournal, signals_to
from train.memory.autoconfig import RunEnvironment
from train.memory.hardware import peak_memory
from train.model.base import DTYPES, autocast, device
from train.model.loss import EmbeddingNoise, losses
from train.recipe import Recipe
from train.training.checkpoint import Checkpointer, step_of
from train.training.preference import Preference


@dataclass(slots=True)
class Callback:
    """Logs each step, measures on the validation split, and decides when to stop."""

    journal: TrainingJournal
    loss_log: LossLog
    phase: Phase
    microbatches: Microbatches
    steps: int
    """Of the training."""
    every: int
    """Steps between measurements."""
    patience: int | None
    measure: Callable[[], float] | None
    base_loss: float | None = None
    """The held-out loss before the training; None if it was not measured."""
    pause: int | None = None
    """The step to pause after."""
    paused: float | None = None
    """The loss on the validation split at the pause; None before it."""
    measured: list[tuple[int, float]] = field(default_factory=list)
    interrupted: bool = False
    diverges: bool = False
    """Whether a measurement was far above the loss of the base."""
    began: float = 0.0
    """When the step began."""
    speed: float = 0.0
    """Tokens per second of the last step."""

    def __post_init__(self) -> None:
        self.measured = self.journal.measurements() if self.measure else []

    @property
    def best_step(self) -> int | None:
        """The step of the best measurement so far, the first of equal ones; None without any. NaN is the worst."""
        return (
            min(self.measured, key=lambda measurement: (isnan(measurement[1]), measurement[1], measurement[0]))[0]
            if self.measured
            else None
        )

    @property
    def exhausted(self) -> bool:
        """Whether the last `patience` measurements brought no improvement."""
        best = self.best_step
        if self.patience is None or best is None:
            return False
        return sum(step > best for step, _ in self.measured) >= self.patience

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Ctrl-C, SIGTERM or the end of the terminal ends the training after the current step, with a checkpoint; a
        second one at once.
        """

        def heard(name: str) -> None:
            if self.interrupted:
                raise KeyboardInterrupt
            self.interrupted = True
            self.phase.printer.print(f"{name}: saving after this step; a second one stops at once")

        with signals_to(heard):
            yield

    def out_of_memory(self, max_tokens: int) -> None:
        """Log that a step is tried again with smaller micro-batches."""
        self.journal.write(event="out-of-memory", tokens_per_pass=max_tokens)
        note = f"note: out of memory; from now on {max_tokens:,} tokens in a pass, the same examples in a step"
        self.phase.printer.print(note)

    def recomputing(self) -> None:
        """Log that activation checkpointing is on from now on."""
        self.journal.write(event="activation-checkpointing")
        self.phase.printer.print("note: out of memory with a single text; from now on with activation checkpointing")

    def log(self, step: int, texts: Sequence[int], metrics: Mapping[str, float], text_losses: Tensor) -> None:
        """Log a step: the loss log first, so that neither journal nor checkpoint is ahead of it."""
        self.loss_log.write(step, texts, text_losses.tolist())
        tokens = self.microbatches.tokens(texts)
        self.speed = tokens / max(monotonic() - self.began, 1e-9)
        self.journal.write(
            step=step, max_steps=self.steps, loss=metrics["loss"], learning_rate=metrics["learning_rate"],
            grad_norm=metrics["grad_norm"], tokens=tokens,
            supervised=self.microbatches.supervised(texts), tokens_per_second=round(self.speed, 1),
            memory=peak_memory(),
        )  # fmt: skip

    def evaluate(self, step: int) -> bool:
        """Measure on the validation split if it is due; returns whether it was."""
        if self.measure is None or (step % self.every and step != self.steps):
            return False
        loss = self.measure()
        self.measured.append((step, loss))
        self.journal.write(event="validation", step=step, validation_loss=loss, best=self.best_step == step)
        best = "" if self.best_step == step else f", best after step {self.best_step:,}"
        self.phase.printer.print(f"step {step:,}: validation loss {loss:.4f}{best}")
        self._note_divergence(loss)
        return True

    def _note_divergence(self, loss: float) -> None:
        """Print once that the training diverges, if it does by the loss on the validation split."""
        if self.base_loss is None or self.diverges or loss <= DIVERGED * self.base_loss:
            return
        self.diverges = True
        self.phase.printer.print(
            f"note: the held-out loss of the base was {self.base_loss:.4f}: this training diverges; stop it, and start "
            "over with a lower learning_rate and --fresh"
        )

    def should_stop(self, step: int, loss: float) -> bool:
        """Whether the training ends here: last step, early stopping, pause or interruption."""
        stop = step == self.steps
        if self.exhausted and self.measured[-1][0] == step:
            self.journal.write(event="early-stop", step=step)
            text = f"step {step:,}: {self.patience} measurements without an improvement; stopping early"
            self.phase.printer.print(text)
            stop = True
        if step == self.pause:
            self.record_pause(step)
            stop = True
        self.phase.advance(note=f"loss {loss:.3f}, {self.speed:,.0f} tokens/s")
        if float(
            distributed.sum_over_processes(torch.tensor(float(self.interrupted), device=device()))
        ):  # any of the processes
            self.interrupted = stop = True
        return stop

    def record_pause(self, step: int) -> None:
        """Record the loss at the pause. It affects neither early stopping nor the adapter that is kept."""
        assert self.measure is not None
        self.paused = dict(self.measured).get(step)
        if self.paused is None:
            self.paused = self.measure()
        self.journal.write(event="paused", step=step, validation_loss=self.paused)


NO_DECAY = (r"bias", r"layernorm", r"rmsnorm", r"(?:^|\.)norm(?:$|\.)", r"_norm(?:$|\.)")
"""Names of parameters without weight decay, as transformers has them."""
TENSORBOARD: Final = os.environ.get("TENSORBOARD_LOGGING_DIR", "")
"""The person's own folder for TensorBoard; a second training in this process must not take the first one's."""
DIVERGED: Final = 1.25
"""Loss on the validation split over the held-out loss of the base from which a training diverges."""
MAX_SKIPPED: Final = 32
"""Steps in a row without an update in float16: after half of them the scale of the loss, 65,536, is down to 1."""


class OutOfMemory(MemoryError):
    """A micro-batch does not fit into memory; the loop halves micro-batches."""


class StepLoss(NamedTuple):
    """The loss of a step or of a micro-batch."""

    mean: Tensor
    """Its share of the mean loss per token of the step."""
    texts: Tensor
    """For each text the sum of its losses in nats, its supervised tokens, and how many are right; shape (texts, 3)."""


def train(
    model: Any,
    microbatches: Microbatches,
    order: Order,
    recipe: Recipe,
    settings: RunEnvironment,
    folder: Path,
    *,
    callback: Callback,
    resume: Path | None,
    preference: Preference | None = None,
) -> Any:
    """Train `model` and return it. Checkpoints go to `folder`; `resume` is the checkpoint to start from.

    On a CPU the result is equal to the bit whether or not the training was interrupted. The callback may end it early.
    """
    arguments = training_arguments(recipe, settings, len(order), folder)
    sharded = arguments.fsdp_plugin_args is not None
    plugin = FullyShardedDataParallelPlugin(**arguments.fsdp_plugin_args) if sharded else None
    cpu = arguments.device.type == "cpu"
    accelerator = Accelerator(mixed_precision=arguments.mixed_precision, fsdp_plugin=plugin, cpu=cpu)
    noise, optimizer = EmbeddingNoise(model, recipe.neftune), make_optimizer(model, arguments, recipe.lora_plus)
    # Without FSDP the model is not wrapped: gradients are summed over all processes after the last micro-batch.
    model, optimizer = accelerator.prepare(model, optimizer) if sharded else (model, accelerator.prepare(optimizer))
    scheduler = get_scheduler(arguments.lr_scheduler_type, optimizer, arguments.warmup_steps, arguments.max_steps)
    checkpointer = Checkpointer(folder, accelerator, model, optimizer, scheduler, sharded=sharded)
    reporter = Reporter(arguments, model, len(order), callback.phase.printer.print)
    open_ = recipe.how.checkpoints and recipe.activation_checkpointing is None and not settings.activation_checkpointing
    gradients = Gradients(
        model, microbatches, noise, DTYPES[settings.dtype], accelerator, sharded=sharded,
        may_recompute=open_ and not sharded, preference=preference,
    )  # fmt: skip
    # Measuring the base may have drawn numbers, and a resumed run does not measure it again.
    set_seed(recipe.seed + distributed.rank())
    done, skipped = 0 if resume is None else step_of(resume), 0
    if resume is not None:
        checkpointer.load(resume)
    with callback.listening():
        for step, texts in enumerate(order[done:], start=done + 1):
            loss = gradients.accumulate(texts, callback)
            gradients.check(texts, loss.mean, step)
            gradient_norm = accelerator.clip_grad_norm_(model.parameters(), recipe.max_grad_norm or inf)
            optimizer.step()
            rate = scheduler.get_last_lr()[0]
            metrics = {"loss": loss.mean.item(), "grad_norm": float(gradient_norm), "learning_rate": rate}
            skipped = skipped + 1 if accelerator.optimizer_step_was_skipped else 0
            if skipped:  # float16 skips a step whose gradients are too big
                require_a_step(skipped, step - done, last=step == len(order))
            else:
                scheduler.step()
            model.zero_grad()
            callback.log(step, texts, metrics, loss.texts)
            reporter.log(step, metrics | {"tokens_per_second": callback.speed, "memory": float(peak_memory())})
            if measured := callback.evaluate(step):
                reporter.log(step, {"eval_loss": callback.measured[-1][1]})
            if (stop := callback.should_stop(step, metrics["loss"])) or measured or step % recipe.save_every == 0:
                checkpointer.save(step, callback.best_step)
            if stop:
                break
    reporter.end()
    return model


def require_a_step(skipped: int, taken: int, *, last: bool) -> None:
    """Raise `NotANumber` where float16 has skipped `MAX_SKIPPED` steps in a row, or all `taken` ones to the last."""
    if skipped >= MAX_SKIPPED or (last and skipped == taken):
        raise NotANumber(
            f"the last {plural(skipped, 'step')} changed nothing: gradients in float16 are infinite at any scale",
            'set  dtype = "float32"  (or "bfloat16" where the device has it)',
        )


@dataclass(slots=True)
class Gradients:
    """The gradients of a step: its texts in as many micro-batches as memory allows, on one process or several."""

    model: Any
    microbatches: Microbatches
    noise: EmbeddingNoise
    dtype: torch.dtype
    accelerator: Accelerator | None = None
    sharded: bool = False
    may_recompute: bool = False
    """Whether activation checkpointing may be switched on where a single text does not fit."""
    preference: Preference | None = None

    def accumulate(self, step: Sequence[int], callback: Callback) -> StepLoss:
        """Compute the gradients of a step and its loss over all processes; halve micro-batches if memory runs out."""
        callback.began = monotonic()
        self.model.train()
        while True:
            drawn = torch.get_rng_state()
            try:
                loss = self.compute(step)
                break
            except OutOfMemory:
                self.model.zero_grad()
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()
                torch.set_rng_state(drawn)
                try:
                    callback.out_of_memory(self.microbatches.halve(step))
                except NoMemory:
                    if not self.may_recompute:
                        raise
                    self.may_recompute = False
                    base = self.model.get_base_model() if isinstance(self.model, PeftModel) else self.model
                    base.activation_checkpointing_enable({"use_reentrant": False})
                    callback.recomputing()
        if not self.sharded:  # FSDP sums them up in the backward passes
            distributed.sum_gradients(self.model.parameters())
        return StepLoss(distributed.sum_over_processes(loss.mean), loss.texts)

    def compute(self, step: Sequence[int]) -> StepLoss:
        """Compute the gradients of the texts numbered in `step`, with the present size of micro-batches.

        Raises `OutOfMemory` on all processes if a micro-batch does not fit on one.
        """
        mean, texts = torch.zeros((), device=device()), torch.zeros(len(step), 3, device=device())
        weight, factors = self.weigh(step, mean)
        with self.together():
            for positions in self.microbatches.micro_batches(step):
                # A process that has nothing left to do takes part with a text that counts nothing.
                part = None if factors is None else [factors[position] for position in positions] or factors[:1]
                loss = self.backward(
                    [step[position] for position in positions] or step[:1], weight if positions else inf, part
                )
                mean += loss.mean if factors is None else 0
                if positions:
                    texts[positions] = loss.texts
        return StepLoss(mean, distributed.sum_over_processes(texts))

    def weigh(self, step: Sequence[int], mean: Tensor) -> tuple[float, list[float] | None]:
        """The divisor of a step's summed loss, and the factor of each text's loss; None for no factors.

        For preferences the loss is computed here, and rank 0 adds it to `mean`.
        """
        if self.preference is None:
            return self.microbatches.weight(step), None
        with self.together():
            likelihoods = self.preference.local_likelihoods(self.model, step, self.microbatches.room)
        weighed = self.preference.weigh(step, distributed.sum_over_processes(likelihoods))
        mean += weighed.loss if distributed.rank() == 0 else 0
        return weighed.weight, weighed.factors

    @contextmanager
    def together(self) -> Iterator[None]:
        """Raises `OutOfMemory` on all processes if the block runs out of memory on one."""
        fits = True
        try:
            yield
        except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            fits = False
        if distributed.world_size() > 1:
            fits = not float(distributed.sum_over_processes(torch.tensor(0.0 if fits else 1.0, device=device())))
        if not fits:
            raise OutOfMemory

    def backward(self, indices: Sequence[int], weight: float, factors: Sequence[float] | None = None) -> StepLoss:
        """Add the gradients of one micro-batch, whose summed loss is divided by `weight`; `factors`: of its texts."""
        packed = self.microbatches.pack(indices)
        packed = (packed if factors is None else packed.times(factors)).to(device())
        self.noise.announce(packed)
        with autocast(self.dtype):
            text_losses = losses(self.model, packed)
            loss = text_losses.total / weight
        # FSDP takes the mean over processes where the sum is meant.
        backward = torch.autograd.backward if self.accelerator is None else self.accelerator.backward
        backward(loss * distributed.world_size() if self.sharded else loss)
        return StepLoss(loss.detach(), text_losses.by_text(packed))

    def check(self, texts: Sequence[int], loss: Tensor, step: int) -> None:
        """Raise `ModelError` if a loss or gradient is not a number, or if the first step learns nothing.

        Gradients in float16 are scaled, and may be too large at first.
        """
        norm = 1.0
        if self.accelerator is None or self.accelerator.scaler is None:
            norms = torch._foreach_norm(
                [parameter.grad for parameter in self.model.parameters() if parameter.grad is not None]
            )
            norm = float(torch.stack(list(norms)).norm()) if norms else 0.0
        if not (isfinite(float(loss)) and isfinite(norm)):
            raise self.nan_diagnosis(texts, step)
        if step == 1 and norm == 0:  # such a training would do nothing
            raise ModelError(
                "no gradient reaches the weights to be trained",
                "set  activation_checkpointing = false,  or choose other target_modules",
            )

    @torch.no_grad()
    def nan_diagnosis(self, texts: Sequence[int], step: int) -> NotANumber:
        """Why the loss of a step is not a number: the texts that cause it, or the weights."""
        precision = "" if self.dtype is torch.float32 else 'set  dtype = "float32"  or '
        remedy = f"{precision}lower learning_rate and start over with --fresh"
        trained = (parameter for parameter in self.model.parameters() if parameter.requires_grad)
        if not all(bool(torch.isfinite(parameter).all()) for parameter in trained):
            return NotANumber(
                f"step {step:,}: the trained weights contain NaN or infinity",
                f"{remedy}; the last checkpoint is from before this step",
            )
        guilty = []
        for index in texts:
            with autocast(self.dtype):
                loss = float(losses(self.model, self.microbatches.pack([index]).to(device())).total)
            if not isfinite(loss):
                guilty.append(index)
        named = ", ".join(self.microbatches.name_of(index) for index in (guilty or texts)[:8])
        what = "the loss of " if guilty else "the gradient of a step of "
        what += plural(len(guilty or texts), "text")
        return NotANumber(f"step {step:,}: {what} is not a number: {excerpt(named, 400)}", f"check them, or {remedy}")


class Reporter:
    """Sends metrics to the services in `report_to`, as transformers does. One that fails in the training gets no more.

    `say` gets a message about it. Raises `ConfigError` for one that fails at the start.
    """

    def __init__(self, arguments: TrainingArguments, model: Any, steps: int, say: Callable[[str], None]) -> None:
        self.services = [integration() for integration in get_reporting_integration_callbacks(arguments.report_to)]
        self.say = say
        self.model, self.arguments, self.state = model, arguments, TrainerState(max_steps=steps)
        self.state.is_local_process_zero = self.state.is_world_process_zero = distributed.rank() == 0
        self._notify_services("on_train_begin")

    def _notify_services(self, event: str, **facts: Any) -> None:
        for service in [*self.services]:
            try:
                getattr(service, event)(self.arguments, self.state, TrainerControl(), model=self.model, **facts)
            except Exception as error:  # what they raise is theirs, and no reason to end a training
                name = type(service).__name__.removesuffix("Callback")
                reason = f"{name}: {excerpt(str(error) or type(error).__name__, 300)}"
                if event == "on_train_begin":
                    raise ConfigError(f"report_to: {reason}", "fix it, or leave it out of report_to") from error
                self.services.remove(service)
                self.say(f"note: report_to: {reason}; it gets no more metrics of this training")

    def log(self, step: int, metrics: dict[str, float]) -> None:
        """Send the metrics of a step."""
        self.state.global_step, self.state.epoch = step, step / self.state.max_steps
        self._notify_services("on_log", logs={**metrics, "epoch": self.state.epoch})

    def end(self) -> None:
        """Tell the services that the training has ended."""
        self._notify_services("on_train_end")


def make_optimizer(model: Any, arguments: TrainingArguments, lora_plus: float = 1.0) -> Any:
    """The optimizer that the arguments name; norms and biases have no weight decay. `lora_plus`: the learning rate of
    the matrices B of LoRA over that of all others.
    """
    kind, options = Trainer.get_optimizer_cls_and_kwargs(arguments, model)
    decaying = set(get_parameter_names(model, [nn.LayerNorm], list(NO_DECAY)))
    trained = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    groups = []
    for ratio in dict.fromkeys((1.0, lora_plus)):
        of_rate = [pair for pair in trained if lora_plus == 1 or (".lora_B." in pair[0]) is (ratio != 1)]
        for decay, decays in ((arguments.weight_decay, True), (0.0, False)):
            parameters = [parameter for name, parameter in of_rate if (name in decaying) is decays]
            groups.append({"params": parameters, "weight_decay": decay, "lr": options["lr"] * ratio})
    if options.get("optim_bits") == 8:
        from bitsandbytes.optim import GlobalOptimManager

        for module in model.modules():  # as bitsandbytes advises: embeddings want 32 bits
            if isinstance(module, nn.Embedding):
                GlobalOptimManager.get_instance().register_module_override(module, "weight", {"optim_bits": 32})
    return kind(groups, **options)


def training_arguments(recipe: Recipe, settings: RunEnvironment, steps: int, folder: Path) -> TrainingArguments:
    """The recipe in the terms of transformers."""
    # Of transformers' schedules "constant" ignores the warm-up.
    schedule = "constant_with_warmup" if recipe.schedule == "constant" else recipe.schedule
    # FSDP2 for a base that no GPU holds alone; the adapter is saved whole.
    sharding: dict[str, Any] = {"version": 2, "reshard_after_forward": True, "state_dict_type": "FULL_STATE_DICT"}
    sharding["auto_wrap_policy"] = "TRANSFORMER_BASED_WRAP"
    if recipe.activation_checkpointing:
        sharding["activation_checkpointing"] = True
    # TensorBoard's own folder would be among the checkpoints.
    os.environ["TENSORBOARD_LOGGING_DIR"] = TENSORBOARD or str(folder.parent / "tensorboard")
    return TrainingArguments(
        output_dir=str(folder), max_steps=steps, learning_rate=recipe.peak_rate, lr_scheduler_type=schedule,
        warmup_steps=recipe.warmup_steps(steps),
        optim=settings.optimiser, weight_decay=recipe.weight_decay, max_grad_norm=recipe.max_grad_norm,
        seed=recipe.seed, data_seed=recipe.seed,
        fp16=settings.dtype == "float16", report_to=list(recipe.report_to) or "none", run_name=folder.parent.name,
        use_cpu=device().type == "cpu",
        **({"fsdp": True, "fsdp_config": sharding}
           if recipe.parallel == "fsdp" and distributed.world_size() > 1 else {}),
    )  # fmt: skip
