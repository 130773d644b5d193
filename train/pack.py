"""Several texts in one forward pass without padding.

Attention keeps packed texts apart where positions begin again at 0, no attention mask is given and no cache is used;
`train.loss.packs_exactly` proves it for the model at hand before anything is trained on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from curate.encoding import IGNORED, Encoded


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
    """How much each of them counts."""

    @property
    def tokens(self) -> int:
        """Number of tokens."""
        return self.input_ids.shape[1]

    def to(self, device: torch.device) -> "Pack":
        """The pack on a device."""
        return replace(self, **{field.name: getattr(self, field.name).to(device) for field in fields(self) if field.name != "lengths"})

    def text_numbers(self) -> Tensor:
        """For each token the number of its text, from 0; shape (tokens,)."""
        return torch.cat([self.input_ids.new_full((length,), number) for number, length in enumerate(self.lengths)])


def pack(texts: Sequence[Encoded]) -> Pack:
    """Put texts end to end. The first token of a text has nothing before it to be predicted from, so it is never supervised."""
    ids: list[int] = []
    positions: list[int] = []
    keep: list[int] = []
    targets: list[int] = []
    weights: list[float] = []
    for text in texts:
        start = len(ids)
        ids += text.input_ids
        positions += range(len(text.input_ids))
        for at in range(1, len(text.input_ids)):
            if text.labels[at] != IGNORED:
                keep.append(start + at - 1)
                targets.append(text.labels[at])
                weights.append(text.weights[at])
    return Pack(
        tuple(len(text.input_ids) for text in texts), torch.tensor([ids]), torch.tensor([positions]), torch.tensor(keep, dtype=torch.long),
        torch.tensor(targets, dtype=torch.long), torch.tensor(weights),
    )  # fmt: skip


def groups(texts: Sequence[Encoded], tokens: int) -> list[list[Encoded]]:
    """Texts in their order, as many in a group as stay under `tokens`, at least one."""
    found: list[list[Encoded]] = []
    size = tokens
    for text in texts:
        if size + len(text.input_ids) > tokens:
            found.append([])
            size = 0
        found[-1].append(text)
        size += len(text.input_ids)
    return found


def spread(lengths: Sequence[int], room: int, ranks: int = 1) -> list[list[list[int]]]:
    """Texts of the given lengths over forward passes: for each rank its passes, each a list of indices, all used once.

    A pass holds at most `room` tokens unless a single text has more. The longest go first into the fullest pass that has room (best fit,
    decreasing), then the fullest passes to the rank with the least work. All ranks get the same number of passes, some of them empty:
    what they do together they must do equally often.
    """
    passes: list[list[int]] = []
    sizes: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda index: (-lengths[index], index)):
        fitting = [number for number, size in enumerate(sizes) if size + lengths[index] <= room]
        # With too few passes some ranks would have nothing to do.
        if not fitting or len(passes) < min(ranks, len(lengths)):
            passes.append([index])
            sizes.append(lengths[index])
        else:
            fullest = max(fitting, key=lambda number: (sizes[number], -number))
            passes[fullest].append(index)
            sizes[fullest] += lengths[index]
    found: list[list[list[int]]] = [[] for _ in range(ranks)]
    work = [0] * ranks
    for number in sorted(range(len(passes)), key=lambda number: (-sizes[number], number)):
        least = min(range(ranks), key=lambda rank: (work[rank], rank))
        found[least].append(sorted(passes[number]))
        work[least] += sizes[number]
    most = max(map(len, found))
    return [mine + [[] for _ in range(most - len(mine))] for mine in found]
