"""Products in bfloat16 on a processor without instructions for it.

With AVX2 torch computes them at an eighth of the speed of float32, and those of gradients at a fortieth (9.8, 2.3 and
85 GFLOPS, `tests/bench/trainer_speed.py --dtype bfloat16`). Here both factors are converted to float32 and the product
is rounded once, as processors with these instructions do. In memory weights stay in bfloat16 or in 4 bits.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, Final

import torch
from torch import Tensor, nn

MAX_ROWS: Final = 8192
"""Rows of a weight that are in float32 at once: an output layer has 150,000."""


@cache
def _lacks_instructions() -> bool:
    """Whether the processor lacks instructions for bfloat16."""
    available = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return not (available and torch.ops.mkldnn._is_mkldnn_bf16_supported())


def product_dtype(dtype: torch.dtype, device: torch.device) -> torch.dtype:
    """The dtype to compute products of a dtype in: float32 for bfloat16 on such a processor, else the same."""
    slow = dtype == torch.bfloat16 and device.type == "cpu" and _lacks_instructions()
    return torch.float32 if slow else dtype


def product(inputs: Tensor, weight: Tensor) -> Tensor:
    """`inputs @ weight.T`, in the dtype that products are computed in."""
    dtype = product_dtype(weight.dtype, weight.device)
    if dtype == weight.dtype:
        return inputs @ weight.t()
    return torch.cat([inputs.to(dtype) @ rows.to(dtype).t() for rows in torch.split(weight, MAX_ROWS)], dim=-1)


def gradient_product(grad: Tensor, weight: Tensor) -> Tensor:
    """`grad @ weight`, in the dtype that products are computed in."""
    dtype = product_dtype(weight.dtype, weight.device)
    if dtype == weight.dtype:
        return grad @ weight
    total = grad.new_zeros(*grad.shape[:-1], weight.shape[1], dtype=dtype)
    for columns, rows in zip(torch.split(grad, MAX_ROWS, dim=-1), torch.split(weight, MAX_ROWS), strict=True):
        total += columns.to(dtype) @ rows.to(dtype)
    return total


class FrozenLinear(torch.autograd.Function):
    """The output of a linear layer with a frozen weight, in bfloat16."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, layer: nn.Linear) -> Tensor:
        """`inputs` of shape (..., inputs of the layer)."""
        ctx.layer, ctx.dtype = layer, inputs.dtype
        with torch.autocast("cpu", enabled=False):
            output = product(inputs, _weight(layer))
            return (output if layer.bias is None else output + layer.bias).to(torch.bfloat16)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        """The gradient of the inputs."""
        return gradient_product(grads[0], _weight(ctx.layer)).to(ctx.dtype), None


def _weight(layer: nn.Linear) -> Tensor:
    """The weight of a layer, unpacked if it is in 4 bits."""
    if (state := getattr(layer.weight, "quant_state", None)) is None:
        return layer.weight
    from bitsandbytes.functional import dequantize_4bit

    unpacked: Tensor = dequantize_4bit(layer.weight.data, state)
    return unpacked


def use_float32_products(model: nn.Module) -> None:
    """Let the frozen linear layers of a model compute this way where bfloat16 is slow."""
    for module in model.modules():
        if isinstance(module, nn.Linear) and product_dtype(torch.bfloat16, module.weight.device) == torch.float32:
            module.forward = partial(_forward, module, module.forward)  # type: ignore[method-assign]


def _forward(layer: nn.Linear, otherwise: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    """The output of a frozen bfloat16 layer by `FrozenLinear`; of any other layer by `otherwise`."""
    state = getattr(layer.weight, "quant_state", None)
    in_bfloat16 = (layer.weight.dtype if state is None else state.dtype) == torch.bfloat16
    if layer.weight.requires_grad or not in_bfloat16:  # it was converted since
        return otherwise(inputs)
    output: Tensor = FrozenLinear.apply(inputs, layer)  # type: ignore[no-untyped-call]
    return output
