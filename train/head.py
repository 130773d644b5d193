"""The output layer and the cross-entropy in one, a few tokens at a time: the logits of a pack are never there all at once.

With a vocabulary of 128,000 the logits of 1,000 trained tokens and what their gradient needs take 2 GB, more than all else that a step
keeps. The gradient of the hidden states is made in the forward pass, chunk by chunk, so nothing is computed twice.
"""

from typing import Any, Final
from weakref import WeakSet

import torch
from torch import Tensor, nn

FUSED: Final["WeakSet[nn.Module]"] = WeakSet()
"""Models whose loss was found to be the same this way; some scale or bend their logits, and are left alone."""
CHUNK: Final = 1 << 27
"""Bytes that the logits of a chunk may take, with their gradient."""
BYTES: Final = 12
"""That a logit takes: in the model's dtype, as float32, and its gradient in the model's dtype, with what is between."""


class ChunkedLoss(torch.autograd.Function):
    """Cross-entropy of `hidden` (tokens, size) through a linear layer (vocabulary, size), in nats.

    Three results: its weighted sum, with a gradient; that of each token; and whether each token is the likeliest one.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Also the gradients, where they are wanted: each chunk's logits are gone before the next one's come."""
        dtype = torch.get_autocast_dtype(hidden.device.type) if torch.is_autocast_enabled(hidden.device.type) else weight.dtype
        head, wanted = weight.to(dtype), ctx.needs_input_grad[0] or ctx.needs_input_grad[1]
        each = torch.empty(len(hidden), device=hidden.device)
        right = torch.empty(len(hidden), dtype=torch.bool, device=hidden.device)
        grad_hidden = torch.empty_like(hidden) if wanted else None
        grad_weight = torch.zeros_like(weight) if ctx.needs_input_grad[1] else None
        size = max(1, CHUNK // (BYTES * weight.shape[0]))
        with torch.autocast(hidden.device.type, enabled=False):
            for start in range(0, len(hidden), size):
                part = slice(start, start + size)
                states = hidden[part].to(dtype)
                logits = nn.functional.linear(states, head, None if bias is None else bias.to(dtype)).float()
                target, highest = logits.gather(1, targets[part, None])[:, 0], logits.amax(1)
                right[part] = target >= highest
                shares = logits.sub_(highest[:, None]).exp_()
                sums = shares.sum(1)
                each[part] = sums.log() + highest - target
                if grad_hidden is not None:
                    logits.div_(sums[:, None])
                    logits[torch.arange(len(logits), device=logits.device), targets[part]] -= 1
                    gradient = logits.mul_(weights[part, None]).to(dtype)
                    grad_hidden[part] = (gradient @ head).to(hidden.dtype)
                    if grad_weight is not None:
                        grad_weight += (gradient.t() @ states).to(weight.dtype)
        ctx.save_for_backward(grad_hidden, grad_weight)
        ctx.mark_non_differentiable(each, right)
        return (each * weights).sum(), each, right

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, ...]:
        """The gradients from the forward pass, scaled."""
        grad = grads[0]
        of_hidden, of_weight = ctx.saved_tensors
        return (
            None if of_hidden is None else of_hidden * grad.to(of_hidden.dtype),
            None if of_weight is None else of_weight * grad.to(of_weight.dtype),
            None,
            None,
            None,
        )


def backbone_of(base: Any) -> nn.Module | None:
    """What of a model makes the hidden states; None where its output layer is no plain linear one."""
    head = base.get_output_embeddings() if hasattr(base, "get_output_embeddings") else None
    backbone = getattr(base, "base_model", None)
    return backbone if type(head) is nn.Linear and isinstance(backbone, nn.Module) and backbone is not base else None


def chunked_loss(base: Any, inputs: dict[str, Any], keep: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Cross-entropy at the positions `keep` of a pack, as `ChunkedLoss` gives it; `inputs` are those of the model's forward pass."""
    backbone, head = backbone_of(base), base.get_output_embeddings()
    assert backbone is not None
    hidden = backbone(**inputs).last_hidden_state[0][keep]
    found: tuple[Tensor, Tensor, Tensor] = ChunkedLoss.apply(  # type: ignore[no-untyped-call]
        hidden, head.weight, head.bias, targets, weights
    )
    return found
