"""One optimiser step's gradients: its texts over as many forward passes as memory allows, on one process or several.

The loss is the mean over all supervised tokens of the step, weighted; how they are spread over passes and processes does not change it.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from math import isfinite
from typing import Any, NamedTuple

import torch
from torch import Tensor

from curate.encoding import Encoded
from curate.errors import ModelError
from curate.text import excerpt, plural
from train import ranks
from train.faults import NoMemory, NotANumber, ran_out
from train.loss import losses
from train.model import autocast, device
from train.neftune import Noise
from train.pack import pack, spread


class OutOfMemory(Exception):
    """A pass did not fit; kept inside the trainer, which tries again with smaller ones."""


class Outcome(NamedTuple):
    """What the passes of a step came to."""

    loss: Tensor
    """The mean loss per token; of several processes, this one's share."""
    texts: Tensor
    """For each text of the step the sum of its token losses in nats, its supervised tokens, and how many of them were the likeliest; shape (texts, 3)."""


class Passes:
    """Spreads steps over forward passes of at most `room` tokens, and runs them."""

    def __init__(self, texts: Sequence[Encoded], names: Callable[[int], str], *, room: int, packing: bool, dtype: torch.dtype, noise: Noise) -> None:
        self.texts, self.names, self.packing, self.dtype, self.noise = texts, names, packing, dtype, noise
        self.room = room
        """Tokens in a forward pass; halved where they do not fit."""
        self.largest = 0
        """Tokens of the largest pass that went through."""

    def of(self, step: Sequence[int]) -> list[list[list[int]]]:
        """For each process its passes, for each pass the positions of its texts in the step: a text may come twice, where an epoch ends in it."""
        return spread([len(self.texts[index].input_ids) for index in step], self.room if self.packing else 1, ranks.world())

    def tokens(self, step: Sequence[int]) -> int:
        """Tokens of a step, on all processes."""
        return sum(len(self.texts[index].input_ids) for index in step)

    def run(self, model: Any, step: Sequence[int], backward: Callable[[Tensor], Any]) -> Outcome:
        """Gradients and losses of a step. `backward` takes the loss of each pass; the sum over passes and processes is the mean loss per token.

        Raises `OutOfMemory`, with no gradient left behind, where a pass does not fit on any of the processes.
        """
        weight = sum(sum(self.texts[index].weights[1:]) for index in step)
        total = torch.zeros((), device=device())
        texts = torch.zeros(len(step), 3, device=device())
        fits = True
        try:
            for positions in self.of(step)[ranks.rank()]:
                indices = [step[at] for at in positions]
                loss, found = self._pass(model, indices or step[:1], weight if indices else float("inf"), backward)
                total += loss
                if positions:
                    texts[positions] = found
        except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
            fits = False
        if ranks.world() > 1:
            fits = not float(ranks.total(torch.tensor(0.0 if fits else 1.0, device=device())))
        if not fits:
            raise OutOfMemory
        return Outcome(total, ranks.total(texts))

    def _pass(self, model: Any, indices: Sequence[int], weight: float, backward: Callable[[Tensor], Any]) -> Outcome:
        packed = pack([self.texts[index] for index in indices]).to(device())
        self.noise.announce(packed)
        with model.no_sync() if hasattr(model, "no_sync") else nullcontext():  # gradients are added up once, after the last pass
            with autocast(self.dtype):
                found = losses(model, packed)
                loss = found.total / weight
            backward(loss)
        self.largest = max(self.largest, packed.tokens)
        return Outcome(loss.detach(), found.by_text(packed))

    def halve(self, step: Sequence[int]) -> int:
        """Smaller passes from now on; returns how many tokens. Raises `NoMemory` where a single text is too long for this memory."""
        longest = max(len(self.texts[index].input_ids) for index in step)
        if not self.packing or self.room <= longest:
            raise NoMemory(
                f"out of memory with a single text of {longest:,} tokens",
                "say  activation_checkpointing = true,  lower max_length or rank, or take a smaller base; `curate plan` says what fits",
            )
        largest = max(self.tokens([step[at] for at in one]) for passes in self.of(step) for one in passes)
        self.room = max(min(self.room, largest) // 2, longest)
        return self.room

    @torch.no_grad()
    def blame(self, model: Any, step: Sequence[int]) -> NotANumber:
        """Why the loss of a step is no number: the texts that make it so, or the weights."""
        if not all(bool(torch.isfinite(parameter).all()) for parameter in model.parameters() if parameter.requires_grad):
            return NotANumber("the trained weights are no numbers any more", "lower learning_rate; the last checkpoint is older than this step")
        guilty = []
        for index in step:
            with autocast(self.dtype):
                loss = float(losses(model, pack([self.texts[index]]).to(device())).total)
            if not isfinite(loss):
                guilty.append(index)
        named = ", ".join(self.names(index) for index in (guilty or step)[:8])
        whose = (
            f"the loss of {plural(len(guilty), 'text')} is not a number" if guilty else f"the gradient of a step of {plural(len(step), 'text')} is not a number"
        )
        return NotANumber(f"{whose}: {excerpt(named, 400)}", 'look at them, try  dtype = "float32"  or a lower learning_rate')


def gradient_norm(parameters: Iterable[torch.nn.Parameter]) -> Tensor:
    """The norm of all gradients together."""
    norms = torch._foreach_norm([parameter.grad for parameter in parameters if parameter.grad is not None])
    return torch.stack(list(norms)).norm() if norms else torch.zeros(())


def must_learn(norm: float) -> None:
    """Raises `ModelError` where no gradient reached anything in the first step: a training that would do nothing."""
    if norm == 0:
        raise ModelError("no gradient reaches what is to be trained", "say  activation_checkpointing = false,  or choose other target_modules")
