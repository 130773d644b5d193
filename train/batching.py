"""The texts of each step, and their packing into micro-batches without padding.

The seed alone decides the order of the texts. Attention isolates packed texts if positions restart at 0, no attention
mask is given and no cache is used; `train.model.loss.packs_exactly` verifies it for the model at hand.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from math import ceil

import numpy as np
import torch
from torch import Tensor

from curate.core.lazy import Numbers
from curate.models.encoding import IGNORE_INDEX, Encoded
from train import distributed
from train.encoded_texts import EncodedTexts
from train.errors import NoMemory
from train.recipe import Recipe

Order = tuple[tuple[int, ...], ...]
"""For each optimizer step, the indices of its texts."""


def plan_order(owners: Sequence[int] | Numbers, recipe: Recipe) -> Order:
    """The texts of each step, by index: all examples, shuffled anew in each epoch; the last step may be smaller.

    `owners`: for each text the index of its example. A step has `batch` examples with all their texts: of templates
    that change earlier turns, one for each answer.
    """
    firsts = [*np.flatnonzero(np.diff(np.asarray(owners), prepend=-1)).tolist(), len(owners)]
    """The first text of each example, and the number of texts."""
    examples = len(firsts) - 1
    total = max(1, round((recipe.epochs or 1.0) * examples))
    if recipe.max_steps is not None:
        total = recipe.max_steps * recipe.batch
    order: list[int] = []
    for epoch in range(ceil(total / examples)):
        indices = list(range(examples))
        random.Random(f"{recipe.seed}:{epoch}").shuffle(indices)  # noqa: S311
        order += indices
    steps = (order[start : min(start + recipe.batch, total)] for start in range(0, total, recipe.batch))
    return tuple(
        tuple(text for example in step for text in range(firsts[example], firsts[example + 1])) for step in steps
    )


@dataclass(frozen=True, slots=True)
class Pack:
    """Texts end to end, for one forward pass."""

    lengths: tuple[int, ...]
    """Tokens of each text."""
    input_ids: Tensor
    """Shape (1, tokens)."""
    position_ids: Tensor
    """Shape (1, tokens); from 0 in each text."""
    keep: Tensor
    """Positions whose logits predict a supervised token; shape (supervised,). Only these reach the output layer."""
    targets: Tensor
    """The tokens to predict there."""
    weights: Tensor
    """Their loss weights."""

    @property
    def tokens(self) -> int:
        """Number of tokens."""
        return self.input_ids.shape[1]

    @property
    def counts(self) -> list[int]:
        """Supervised tokens of each text."""
        return torch.bincount(self.owners, minlength=len(self.lengths)).tolist()

    @property
    def owners(self) -> Tensor:
        """For each supervised token the number of its text, from 0."""
        return self.text_numbers()[self.keep]

    def sums(self, values: Tensor) -> Tensor:
        """For each text the sum of `values`, which has one entry for each supervised token."""
        return values.new_zeros(len(self.lengths), *values.shape[1:]).index_add_(0, self.owners, values)

    def to(self, device: torch.device) -> "Pack":
        """The pack on a device."""
        tensors = (field.name for field in fields(self) if field.name != "lengths")
        return replace(self, **{name: getattr(self, name).to(device) for name in tensors})

    def times(self, factors: Sequence[float]) -> "Pack":
        """The pack with the weights of each text multiplied by a factor."""
        return replace(self, weights=self.weights * self.weights.new_tensor(factors)[self.owners])

    def text_numbers(self) -> Tensor:
        """For each token the number of its text, from 0; shape (tokens,)."""
        return torch.cat([self.input_ids.new_full((length,), number) for number, length in enumerate(self.lengths)])


def pack(texts: Sequence[Encoded]) -> Pack:
    """Put texts end to end. The first token of a text is never supervised: nothing precedes it."""
    lengths = [len(text.input_ids) for text in texts]
    ends = np.cumsum(lengths)
    ids, labels = (np.concatenate([getattr(text, name) for text in texts]) for name in ("input_ids", "labels"))
    weights = np.concatenate([text.weights for text in texts]).astype(np.float32)
    labels[ends[:-1]] = labels[0] = IGNORE_INDEX
    keep = np.flatnonzero(labels != IGNORE_INDEX)
    arrays = (
        ids[None], np.arange(len(ids))[None] - np.repeat(ends - lengths, lengths)[None],
        keep - 1, labels[keep], weights[keep],
    )  # fmt: skip
    return Pack(tuple(lengths), *map(torch.from_numpy, arrays))


def groups(texts: Iterable[Encoded], tokens: int) -> Iterator[list[Encoded]]:
    """Group texts in their order: at most `tokens` tokens in a group, at least one text."""
    group: list[Encoded] = []
    size = 0
    for text in texts:
        if group and size + len(text.input_ids) > tokens:
            yield group
            group, size = [], 0
        group.append(text)
        size += len(text.input_ids)
    if group:
        yield group


def split_into_microbatches(lengths: Sequence[int], max_tokens: int, ranks: int) -> list[list[list[int]]]:
    """Pack texts of the given lengths: for each rank its micro-batches, each a list of indices.

    A micro-batch holds at most `max_tokens` tokens unless a single text has more. Texts are placed by best fit, the
    longest first; then the fullest micro-batches go to the rank with the least work. All ranks get the same number of
    micro-batches, some of them empty: collective operations must run equally often on each.
    """
    packs: list[list[int]] = []
    sizes: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda index: (-lengths[index], index)):
        fitting = [number for number, size in enumerate(sizes) if size + lengths[index] <= max_tokens]
        # With too few of them some ranks would have nothing to do.
        if not fitting or len(packs) < min(ranks, len(lengths)):
            packs.append([index])
            sizes.append(lengths[index])
        else:
            fullest = max(fitting, key=lambda number: (sizes[number], -number))
            packs[fullest].append(index)
            sizes[fullest] += lengths[index]
    by_rank: list[list[list[int]]] = [[] for _ in range(ranks)]
    work = [0] * ranks
    for number in sorted(range(len(packs)), key=lambda number: (-sizes[number], number)):
        least = min(range(ranks), key=lambda rank: (work[rank], rank))
        by_rank[least].append(sorted(packs[number]))
        work[least] += sizes[number]
    most = max(map(len, by_rank))
    return [mine + [[] for _ in range(most - len(mine))] for mine in by_rank]


@dataclass
class Microbatches:
    """Splits each step into micro-batches that fit into memory."""

    texts: EncodedTexts
    name_of: Callable[[int], str]
    """Where the example of a text is, for messages."""
    max_tokens: int
    """Tokens of one micro-batch; halved if they do not fit into memory."""
    packing: bool
    """Whether a micro-batch may hold several texts."""

    def micro_batches(self, step: Sequence[int]) -> list[list[int]]:
        """The micro-batches of this process, each a list of positions in the step (a step may hold a text twice)."""
        return self._micro_batches_by_rank(step)[distributed.rank()]

    def _micro_batches_by_rank(self, step: Sequence[int]) -> list[list[list[int]]]:
        """For each process its micro-batches, each a list of positions in the step."""
        lengths = self.texts.lengths[list(step)].tolist()
        return split_into_microbatches(lengths, self.room, distributed.world_size())

    def tokens(self, step: Sequence[int]) -> int:
        """Tokens of a step, on all processes."""
        return int(self.texts.lengths[list(step)].sum())

    def supervised(self, step: Sequence[int]) -> int:
        """Supervised tokens of a step."""
        return int(self.texts.supervised[list(step)].sum())

    def weight(self, step: Sequence[int]) -> float:
        """Sum of the loss weights of the supervised tokens, by which the summed loss is divided."""
        return float(sum(self.texts.weights[list(step)].tolist()))

    def pack(self, indices: Sequence[int]) -> Pack:
        """Texts as one micro-batch."""
        return pack([self.texts[index] for index in indices])

    @property
    def room(self) -> int:
        """Most tokens of a pass without gradients; 1 where texts are not packed, so that a pass takes one text."""
        return self.max_tokens if self.packing else 1

    def halve(self, step: Sequence[int]) -> int:
        """Halve the micro-batches; returns their size in tokens. Raises `NoMemory` if a single text is too long."""
        longest = int(self.texts.lengths[list(step)].max())
        if not self.packing or self.max_tokens <= longest:
            raise NoMemory(
                f"out of memory with a single text of {longest:,} tokens",
                "set  activation_checkpointing = true,  lower max_length or rank, or use a smaller base; `curate "
                "train --plan` shows what fits",
            )
        packs = (microbatch for microbatches in self._micro_batches_by_rank(step) for microbatch in microbatches)
        largest = max(self.tokens([step[index] for index in microbatch]) for microbatch in packs)
        self.max_tokens = max(min(self.max_tokens, largest) // 2, longest)
        return self.max_tokens
