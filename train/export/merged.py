"""The adapter merged into the weights of the 16-bit base: merging into 4-bit weights would round them again."""

from functools import partial
from pathlib import Path
from typing import Any, Final

import torch
from peft import PeftModel
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn
from transformers import AutoModelForCausalLM
from transformers.pytorch_utils import Conv1D
from transformers.utils import logging

from curate.core.errors import ModelError
from curate.models.names import model_errors
from curate.models.template import Template, load_template
from train.export.export_result import DtypeName
from train.model.base import DTYPES, device
from train.model.loss import use_packed_attention
from train.trained import Trained, same_template

LARGEST_SHARD: Final = "2GB"
"""safetensors copies a shard before it is written."""
ROWS_AT_ONCE: Final = 16_384
"""Of a matrix that is converted to float32: an output layer of 128,256 rows would take 2.1 GB."""
MAX_WEIGHT: Final = torch.finfo(torch.float16).max / 4
"""Largest weight in float16, with a margin for the computation."""


def stored_dtype(config: Any) -> torch.dtype:
    """The dtype in which the weights of a model are stored: in 16 bits they are loaded as they are."""
    dtype = getattr(config, "dtype", None)
    return dtype if dtype in (torch.bfloat16, torch.float16) else torch.float32


def in_float32(model: Any) -> Any:
    """Let a model compute in float32 with weights in 16 bits: each matrix is converted while it is used.

    A proof must see the rounding of weights, not that of the computation, which overflows in float16 for models that
    were trained in bfloat16; and all weights in float32 would take twice the memory.
    """
    large = [parameter for parameter in model.parameters() if parameter.dtype in (torch.bfloat16, torch.float16)]
    if any(parameter.dim() > 2 for parameter in large):  # experts are no linear layers
        return model.float()
    for parameter in large:
        if parameter.dim() < 2:
            parameter.data = parameter.data.float()
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            module.register_forward_hook(lambda _module, _inputs, output: output.float())
        elif type(module) is nn.Linear:
            module.forward = partial(_linear, module)  # type: ignore[method-assign]
        elif type(module) is Conv1D:
            module.forward = partial(_conv1d, module)
    return model


def _linear(module: nn.Linear, inputs: Tensor) -> Tensor:
    """The output of a layer in float32, some rows of its weights at a time."""
    given, parts = inputs.float(), torch.split(module.weight, ROWS_AT_ONCE)
    biases = torch.split(module.bias, ROWS_AT_ONCE) if module.bias is not None else [None] * len(parts)
    outputs = [nn.functional.linear(given, part.float(), bias) for part, bias in zip(parts, biases, strict=True)]
    return torch.cat(outputs, dim=-1) if len(outputs) > 1 else outputs[0]


def _conv1d(module: Any, inputs: Tensor) -> Tensor:
    """The output of a `Conv1D` layer of transformers, in float32."""
    output: Tensor = inputs.float() @ module.weight.float() + module.bias
    return output


@torch.no_grad()
def merge(model: Any, dtype_name: DtypeName, shown: str) -> tuple[Any, torch.dtype]:
    """The model with its adapter merged, and the dtype of its weights. One matrix at a time is in float32.

    `shown`: the name of the run in messages. Raises `ModelError` if the adapter contains NaN or infinity, or if weights
    do not fit into the wanted dtype.
    """
    dtype = DTYPES.get(dtype_name, torch.float16)
    highest = max(_largest(parameter) for parameter in model.parameters())
    tuners = [module for module in model.modules() if isinstance(module, BaseTunerLayer)]
    for module in tuners:
        layer = module.get_base_layer()
        layer.weight.data = layer.weight.data.float()
        try:
            module.merge(safe_merge=True)
        except ValueError as error:
            raise ModelError(
                f"{shown}: cannot be merged: {error}",
                "the adapter contains NaN or infinity; train again with a lower learning rate",
            ) from error
        highest = max(highest, _largest(layer.weight))
        if dtype is torch.float16 and highest > MAX_WEIGHT:
            dtype = _fallback_dtype(dtype_name, highest)
        layer.weight.data = layer.weight.data.to(dtype)
    if dtype is torch.float16 and highest > MAX_WEIGHT:
        dtype = _fallback_dtype(dtype_name, highest)
    whole = model.unload() if isinstance(model, PeftModel) else model
    for parameter in whole.parameters():
        parameter.data = parameter.data.to(dtype)
    return whole.to(dtype), dtype


def _largest(weight: Tensor) -> float:
    """The largest magnitude, without a copy of the weight."""
    low, high = torch.aminmax(weight)
    return max(-float(low), float(high))


def _fallback_dtype(dtype_name: DtypeName, highest: float) -> torch.dtype:
    """The dtype if the largest weight, `highest`, exceeds float16. Raises `ModelError` if float16 was named."""
    if dtype_name == "float16":
        raise ModelError(f"a weight of {highest:.3g} does not fit into float16", "use --dtype bfloat16")
    return torch.bfloat16


def write(
    model: Any, dtype: torch.dtype, trained: Trained, template: Template, stops: tuple[int, ...], folder: Path
) -> None:
    """Write weights, configuration, tokenizer and chat template, as transformers, vLLM and Ollama load them."""
    model.config.dtype = dtype
    model.config._name_or_path = trained.recipe.model
    settings = model.generation_config
    settings.eos_token_id = (list(stops) if len(stops) > 1 else stops[0]) if stops else settings.eos_token_id
    if not settings.do_sample:  # settings of sampling that a model brings along would be refused beside it
        settings.temperature = settings.top_p = settings.top_k = None
    logging.disable_progress_bar()
    model.save_pretrained(str(folder), max_shard_size=LARGEST_SHARD)
    # Ollama and older servers look for the template in tokenizer_config.json only.
    template.tokenizer.save_pretrained(str(folder), save_jinja_files=False)


def load(folder: Path, dtype: torch.dtype) -> Any:
    """Load a written model, in `dtype`."""
    logging.disable_progress_bar()
    with model_errors(str(folder), "cannot be loaded"):
        options: Any = {"dtype": dtype, "device_map": {"": device()}, "use_safetensors": True}
        model = AutoModelForCausalLM.from_pretrained(str(folder), trust_remote_code=False, **options)
    use_packed_attention(model)
    return model.requires_grad_(False).eval()


def check_template(folder: Path, template: Template) -> None:
    """Raises `ModelError`, showing both, if the chat template that was written is not this one."""
    same_template(load_template(str(folder)).source, template.hash, template.source, str(folder))
