"""Logging, validation, early stopping and interruption, called by the training loop at each step."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isnan
from time import monotonic

import torch
from torch import Tensor

from train import distributed
from train.batching import Microbatches
from train.journal import Journal, LossLog, Phase, signals_to
from train.memory.hardware import peak_memory
from train.model.base import device


@dataclass(slots=True)
class Callback:
    """Logs each step, measures on the validation split, and decides when to stop."""

    journal: Journal
    loss_log: LossLog
    phase: Phase
    microbatches: Microbatches
    steps: int
    """Of the training."""
    every: int
    """Steps between measurements."""
    patience: int | None
    measure: Callable[[], float] | None
    pause: int | None = None
    """The step to pause after."""
    paused: float | None = None
    """The loss on the validation split at the pause; None before it."""
    measured: list[tuple[int, float]] = field(default_factory=list)
    interrupted: bool = False
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
        """Ctrl-C or SIGTERM ends the training after the current step, with a checkpoint; a second one at once."""

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
        return True

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
