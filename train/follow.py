"""What goes on beside the steps of a training: it is told, measured, and ended early where it should be."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import torch
from torch import Tensor
from transformers import TrainerCallback

from train import ranks
from train.loss_book import LossBook
from train.machine import peak_memory
from train.metrics import Journal
from train.model import device
from train.order import Order
from train.progress import Phase
from train.step import Passes


class Follower(TrainerCallback):  # type: ignore[misc]
    """Writes each step into the journal, measures on the validation split, and ends a training that gets no better or was interrupted."""

    def __init__(
        self,
        journal: Journal,
        book: LossBook,
        phase: Phase,
        order: Order,
        passes: Passes,
        *,
        every: int,
        patience: int | None,
        measure: Callable[[int], float] | None,
        pause: int | None = None,
    ) -> None:
        self.journal, self.book, self.phase, self.order, self.passes = journal, book, phase, order, passes
        self.texts: Tensor | None = None
        self.every, self.patience, self.measure, self.pause = every, patience, measure, pause
        self.paused: float | None = None
        """The loss on the validation split at the pause; None where there was none yet."""
        self.measured: list[tuple[int, float]] = journal.measurements() if measure else []
        self.interrupted = False
        self.began = monotonic()

    @property
    def best_step(self) -> int | None:
        """The step of the best measurement so far, the earlier one of equal ones; None without any."""
        return min(self.measured, key=lambda one: (one[1], one[0]))[0] if self.measured else None

    @property
    def exhausted(self) -> bool:
        """Whether the last measurements, as many as `patience` says, were no better than one before them."""
        best = self.best_step
        return self.patience is not None and best is not None and sum(step > best for step, _ in self.measured) >= self.patience

    @contextmanager
    def listening(self) -> Iterator[None]:
        """An interruption (Ctrl-C, SIGTERM) ends the training after the step that is under way, with a checkpoint; a second one at once."""

        def heard(number: int, _frame: Any) -> None:
            if self.interrupted:
                raise KeyboardInterrupt
            self.interrupted = True
            self.phase.narrator.say(f"{signal.Signals(number).name}: saving after this step; once more ends at once")

        before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def shrunk(self, room: int) -> None:
        """A step did not fit into memory and is tried again with smaller passes."""
        self.journal.write(event="out-of-memory", tokens_per_pass=room)
        self.phase.narrator.say(f"note: out of memory; from now on {room:,} tokens in a pass, the same examples in a step")

    def saw(self, texts: Tensor) -> None:
        """What the passes of the step under way came to, text by text; see `train.step.Outcome`."""
        self.texts = texts

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """Start the clock of a step."""
        self.began = monotonic()

    def on_log(self, _args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """A step is done."""
        if not logs or "loss" not in logs:
            return
        step = state.global_step
        texts = self.order[step - 1]
        tokens, speed = self.passes.tokens(texts), 1 / max(monotonic() - self.began, 1e-9)
        supervised = sum(self.passes.texts[index].supervised for index in texts)
        if self.texts is not None:  # before the journal and the checkpoint, so that neither has a step that the book lacks
            self.book.write(step, texts, self.texts.tolist())
        self.journal.write(
            step=step, max_steps=state.max_steps, loss=logs["loss"], learning_rate=logs["learning_rate"], grad_norm=logs.get("grad_norm"),
            tokens=tokens, supervised=supervised, tokens_per_second=round(tokens * speed, 1), memory=peak_memory(),
        )  # fmt: skip
        state.log_history.clear()  # the journal has it; in every checkpoint once more it would only grow
        control.should_save |= step == state.max_steps
        if self.measure is not None and (step % self.every == 0 or step == state.max_steps):
            self._measure(step, control)
        if step == self.pause:
            self.rest(step)
            control.should_save = control.should_training_stop = True
        self.phase.advance(note=f"loss {logs['loss']:.3f}, {tokens * speed:,.0f} tokens/s")
        if float(ranks.total(torch.tensor(float(self.interrupted), device=device()))):
            self.interrupted = True
            control.should_save = control.should_training_stop = True

    def rest(self, step: int) -> None:
        """Tell what the training has come to at its pause. What goes on later is as if there had been none: this measurement counts for nothing else."""
        assert self.measure is not None
        self.paused = dict(self.measured).get(step)
        if self.paused is None:
            self.paused = self.measure(step)
        self.journal.write(event="paused", step=step, validation_loss=self.paused)

    def _measure(self, step: int, control: Any) -> None:
        assert self.measure is not None
        loss = self.measure(step)
        self.measured.append((step, loss))
        self.journal.write(event="validation", step=step, validation_loss=loss, best=self.best_step == step)
        self.phase.narrator.say(f"step {step:,}: validation loss {loss:.4f}" + ("" if self.best_step == step else f", best after step {self.best_step:,}"))
        control.should_save = True
        if self.exhausted:
            self.journal.write(event="early-stop", step=step)
            self.phase.narrator.say(f"step {step:,}: {self.patience} measurements without a better one; the training ends here")
            control.should_training_stop = True
