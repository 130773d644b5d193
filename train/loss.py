"""The loss of packed texts, for every method; and the proofs that a model keeps the texts of a pack apart and that its loss can be had in chunks."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from curate.encoding import Encoded, Rendered
from train.attention import packed_options
from train.head import FUSED, backbone_of, chunked_loss
from train.pack import Pack, pack
from train.virtual import has_virtual, inputs_with_virtual


class Losses(NamedTuple):
    """The loss of a pack, and what it is made of: both come from one forward pass."""

    total: Tensor
    """Cross-entropy in nats, times the weights, summed over the supervised tokens; gradients flow."""
    each: Tensor
    """Cross-entropy of each supervised token, without its weight; shape (supervised,), no gradient."""
    right: Tensor
    """Whether that token is the likeliest one, so that greedy decoding would have said it; shape (supervised,)."""

    def by_text(self, packed: Pack) -> Tensor:
        """For each text of the pack the sum of its losses, its supervised tokens, and how many are right; shape (texts, 3)."""
        owners = packed.text_numbers()[packed.keep]
        found = torch.stack([self.each.float(), torch.ones_like(self.each, dtype=torch.float32), self.right.float()], dim=1)
        return found.new_zeros(len(packed.lengths), 3).index_add_(0, owners, found)


def losses(model: Any, packed: Pack) -> Losses:
    """The loss of a pack, as a whole and token by token."""
    base, inputs, keep = _inputs(model, packed)
    if base in FUSED:
        return Losses(*chunked_loss(base, inputs, keep, packed.targets, packed.weights))
    logits = _logits(model, packed)
    each = nn.functional.cross_entropy(logits, packed.targets, reduction="none")
    right = logits.detach().gather(1, packed.targets[:, None])[:, 0] >= logits.detach().amax(1)
    return Losses((each * packed.weights).sum(), each.detach(), right)


def weighted_loss(model: Any, packed: Pack) -> Tensor:
    """Cross-entropy in nats, times the weights, summed over the supervised tokens of a pack."""
    return losses(model, packed).total


def token_losses(model: Any, packed: Pack) -> Tensor:
    """Cross-entropy in nats of each supervised token of a pack; shape (supervised,)."""
    return nn.functional.cross_entropy(_logits(model, packed), packed.targets, reduction="none")


def _logits(model: Any, packed: Pack) -> Tensor:
    base, inputs, keep = _inputs(model, packed)
    # Not through the base where there is no need: FSDP gathers the weights when the model itself is called.
    logits: Tensor = (base if has_virtual(_inner(model)) else model)(**inputs, logits_to_keep=keep).logits
    return logits[0].float()


def _inner(model: Any) -> Any:
    return model.module if isinstance(model, nn.parallel.DistributedDataParallel) else model


def _inputs(model: Any, packed: Pack) -> tuple[Any, dict[str, Any], Tensor]:
    """The base model, what its forward pass gets, and the positions whose logits are wanted."""
    inner = _inner(model)
    if has_virtual(inner):
        return inputs_with_virtual(inner, packed)
    base = inner.get_base_model() if hasattr(inner, "get_base_model") else inner
    options = packed_options(base, packed.lengths)
    return base, {"input_ids": packed.input_ids, "position_ids": packed.position_ids, "use_cache": False, **options}, packed.keep


@torch.no_grad()
def packs_exactly(model: Any, device: torch.device) -> bool:
    """Whether the model keeps packed texts apart: the losses of a text do not move when the text before it changes."""
    first, other, second = _random_texts(model, 7, 7, 11)
    training = model.training
    model.eval()
    # Equal shapes, so that the numbers are equal to the bit where nothing leaks; a leak moves them by tenths.
    found = [token_losses(model, pack([before, second]).to(device))[6:] for before in (first, other)]
    model.train(training)
    return bool(torch.allclose(found[0], found[1], atol=1e-3))


@torch.no_grad()
def fuse_head(model: Any, device: torch.device) -> bool:
    """Let the loss of a model be had in chunks from now on, where that is the same loss; returns whether it is."""
    packed = pack(_random_texts(model, 7, 11)).to(device)
    base, inputs, keep = _inputs(model, packed)
    if backbone_of(base) is None:
        return False
    training = model.training
    model.eval()
    apart = (token_losses(model, packed) * packed.weights).sum()
    _, inputs, keep = _inputs(model, packed)  # anew: a prefix is a cache, and has grown
    fused, *_ = chunked_loss(base, inputs, keep, packed.targets, packed.weights)
    model.train(training)
    if same := bool(torch.isclose(apart, fused, rtol=1e-3)):
        FUSED.add(base)
    return same


def _random_texts(model: Any, *lengths: int) -> list[Encoded]:
    vocabulary = model.config.get_text_config().vocab_size
    generator = torch.Generator().manual_seed(0)
    texts = [torch.randint(vocabulary, (length,), generator=generator).tolist() for length in lengths]
    return [Encoded(ids, list(ids), [1.0] * len(ids), Rendered("", ())) for ids in texts]
