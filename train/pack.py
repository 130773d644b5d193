"""Several texts in one forward pass without padding, each blind to the others.

Attention keeps packed texts apart where positions begin again at 0, no attention mask is given and no cache is used;
`packs_exactly` proves it for the model at hand before anything is trained on it.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from curate.encoding import IGNORED, Encoded, Rendered

Pack = dict[str, Tensor]


def pack(texts: Sequence[Encoded]) -> Pack:
    """Texts end to end: `input_ids` and `position_ids` of shape (1, tokens); `keep`, `targets` and `weights` of shape (supervised,).

    `keep` holds the positions whose logits predict a supervised token: only these reach the output layer. The first
    token of a text has nothing before it to be predicted from, so it is never supervised.
    """
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
    return {
        "input_ids": torch.tensor([ids]),
        "position_ids": torch.tensor([positions]),
        "keep": torch.tensor(keep, dtype=torch.long),
        "targets": torch.tensor(targets, dtype=torch.long),
        "weights": torch.tensor(weights),
    }


def weighted_loss(model: Any, packed: Pack) -> Tensor:
    """Cross-entropy in nats, times the weights, summed over the supervised tokens of a pack."""
    return (_losses(model, packed) * packed["weights"]).sum()


def _losses(model: Any, packed: Pack) -> Tensor:
    output = model(input_ids=packed["input_ids"], position_ids=packed["position_ids"], use_cache=False, logits_to_keep=packed["keep"])
    return torch.nn.functional.cross_entropy(output.logits[0].float(), packed["targets"], reduction="none")


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


@torch.no_grad()
def packs_exactly(model: Any, device: torch.device) -> bool:
    """Whether the model keeps packed texts apart: the losses of a text do not move when the text before it changes."""
    vocabulary = model.config.get_text_config().vocab_size
    generator = torch.Generator().manual_seed(0)
    first, other, second = (_random_text(vocabulary, length, generator) for length in (7, 7, 11))
    training = model.training
    model.eval()
    # Equal shapes, so that the numbers are equal to the bit where nothing leaks; a leak moves them by tenths.
    found = [_losses(model, to(pack([before, second]), device))[6:] for before in (first, other)]
    model.train(training)
    return bool(torch.allclose(found[0], found[1], atol=1e-3))


def _random_text(vocabulary: int, length: int, generator: torch.Generator) -> Encoded:
    ids: list[int] = torch.randint(vocabulary, (length,), generator=generator).tolist()
    return Encoded(ids, list(ids), [1.0] * length, Rendered("", ()))


def to(packed: Pack, device: torch.device) -> Pack:
    """The pack on a device."""
    return {name: tensor.to(device) for name, tensor in packed.items()}
