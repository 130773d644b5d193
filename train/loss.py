"""The loss of packed texts, for every method; and the proof that a model keeps the texts of a pack apart."""

from typing import Any

import torch
from torch import Tensor, nn

from curate.encoding import Encoded, Rendered
from train.pack import Pack, pack, to
from train.virtual import forward, has_virtual


def weighted_loss(model: Any, packed: Pack) -> Tensor:
    """Cross-entropy in nats, times the weights, summed over the supervised tokens of a pack."""
    return (token_losses(model, packed) * packed["weights"]).sum()


def token_losses(model: Any, packed: Pack) -> Tensor:
    """Cross-entropy in nats of each supervised token of a pack; shape (supervised,)."""
    inner = model.module if isinstance(model, nn.parallel.DistributedDataParallel) else model
    if has_virtual(inner):
        output = forward(inner, packed)
    else:
        output = model(input_ids=packed["input_ids"], position_ids=packed["position_ids"], use_cache=False, logits_to_keep=packed["keep"])
    return nn.functional.cross_entropy(output.logits[0].float(), packed["targets"], reduction="none")


@torch.no_grad()
def packs_exactly(model: Any, device: torch.device) -> bool:
    """Whether the model keeps packed texts apart: the losses of a text do not move when the text before it changes."""
    vocabulary = model.config.get_text_config().vocab_size
    generator = torch.Generator().manual_seed(0)
    first, other, second = (_random_text(vocabulary, length, generator) for length in (7, 7, 11))
    training = model.training
    model.eval()
    # Equal shapes, so that the numbers are equal to the bit where nothing leaks; a leak moves them by tenths.
    found = [token_losses(model, to(pack([before, second]), device))[6:] for before in (first, other)]
    model.train(training)
    return bool(torch.allclose(found[0], found[1], atol=1e-3))


def _random_text(vocabulary: int, length: int, generator: torch.Generator) -> Encoded:
    ids: list[int] = torch.randint(vocabulary, (length,), generator=generator).tolist()
    return Encoded(ids, list(ids), [1.0] * length, Rendered("", ()))
