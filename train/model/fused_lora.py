"""The product of a layer with LoRA without what PEFT's does beside it.

With weights of the adapter in float32 and a computation in 16 bits, PEFT converts the inputs of each layer to float32,
mixed precision converts them back, and the update is scaled and added in passes of its own: on a CPU a fifth of a step.
Here the scale and the sum are part of the matrix products. Results differ by rounding: the sum is rounded once.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor

from train.model.float32_products import product_dtype


class LoraUpdate(torch.autograd.Function):
    """`output + scale * inputs @ down.T @ up.T`, in the dtype of `output` (..., outputs).

    `inputs` have the shape (..., inputs), `down` (rank, inputs), `up` (outputs, rank).
    """

    @staticmethod
    def forward(ctx: Any, output: Tensor, inputs: Tensor, down: Tensor, up: Tensor, scale: float) -> Tensor:
        """The sum; the product with `down` is kept for the gradients."""
        flat, dtype = inputs.reshape(-1, inputs.shape[-1]).to(output.dtype), product_dtype(output.dtype, output.device)
        with torch.autocast(output.device.type, enabled=False):  # which would convert the factors back
            inner = flat.to(dtype) @ down.to(dtype).t()
            total = output.reshape(-1, output.shape[-1]).to(dtype)
            added = torch.addmm(total, inner, up.to(dtype).t(), alpha=scale)
        ctx.save_for_backward(flat, inner, down, up)
        ctx.scale, ctx.like = scale, (inputs.shape, inputs.dtype)
        return added.view(output.shape).to(output.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of all but the scale."""
        flat, inner, down, up = ctx.saved_tensors
        shape, dtype = ctx.like
        grad = grads[0].reshape(-1, grads[0].shape[-1]).to(inner.dtype)
        grad_inner = (grad @ up.to(grad.dtype)).mul_(ctx.scale)
        grad_inputs = grad_inner @ down.to(grad.dtype) if ctx.needs_input_grad[1] else None
        grad_down = (grad_inner.t() @ flat.to(grad.dtype)).to(down.dtype)
        grad_up = (grad.t() @ inner.mul(ctx.scale)).to(up.dtype)
        return grads[0], None if grad_inputs is None else grad_inputs.view(shape).to(dtype), grad_down, grad_up, None


def fuse_lora(model: Any) -> None:
    """Let the plain LoRA layers of a model with adapters compute this way."""
    for module in model.modules():
        if isinstance(module, LoraLayer) and type(module).__name__ in ("Linear", "Linear4bit"):
            module.forward = partial(_forward, module, module.forward)


def _forward(layer: Any, otherwise: Callable[..., Tensor], inputs: Tensor, *more: Any, **named: Any) -> Tensor:
    """The output of a layer with one plain LoRA adapter by `LoraUpdate`; of any other layer by `otherwise`."""
    active = layer.active_adapters
    plain = not (layer.disable_adapters or layer.merged or more or named) and len(active) == 1
    name = active[0] if plain else ""
    if name not in layer.lora_A or name in layer.lora_variant or layer.lora_bias[name]:
        return otherwise(inputs, *more, **named)
    weights = layer.lora_A[name].weight, layer.lora_B[name].weight
    if weights[0].dtype != inputs.dtype and not torch.is_autocast_enabled(inputs.device.type):
        return otherwise(inputs)  # in the precision of the adapter
    output, dropped = layer.base_layer(inputs), layer.lora_dropout[name](inputs)
    updated: Tensor = LoraUpdate.apply(output, dropped, *weights, layer.scaling[name])  # type: ignore[no-untyped-call]
    return updated
