"""Loading the base model: as it is, or in NF4, ready for an adapter."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

from curate.errors import MissingExtra, ModelError
from curate.models import resolve
from curate.text import excerpt
from train.recipe import Recipe


def device() -> torch.device:
    """The device of this process: the current GPU, else the CPU."""
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


def compute_dtype(name: str) -> torch.dtype:
    """The dtype that a recipe's `dtype` means on this device: bfloat16 where it is native, for `auto`."""
    if name != "auto":
        return torch.bfloat16 if name == "bfloat16" else torch.float32
    native = torch.cuda.is_bf16_supported() if torch.cuda.is_available() else torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if native else torch.float32


def autocast(dtype: torch.dtype) -> AbstractContextManager[Any]:
    """Matrix products in `dtype`, on this process's device; nothing for float32."""
    return torch.autocast(device().type, dtype=dtype) if dtype != torch.float32 else nullcontext()


def load_base(recipe: Recipe, dtype: torch.dtype) -> Any:
    """The frozen base model on this process's device, in NF4 for QLoRA. Raises `ModelError`, or `MissingExtra`."""
    place = resolve(recipe.model)
    options: dict[str, Any] = {}
    if recipe.method == "qlora":
        options["quantization_config"] = _nf4(dtype)
    try:
        model = AutoModelForCausalLM.from_pretrained(place, dtype=dtype, device_map={"": device()}, trust_remote_code=False, use_safetensors=True, **options)
    except (OSError, ValueError, KeyError) as error:
        hint = "the folder needs config.json and weights as safetensors" if Path(place).is_dir() else "check the hub id and the connection, or name a folder"
        raise ModelError(f"{recipe.model}: cannot be loaded: {excerpt(str(error), 200)}", hint) from error
    model.requires_grad_(False)
    if recipe.method == "qlora":
        _mend_linear4bit(model)
    for name, parameter in model.named_parameters():
        # Norms are few and sensitive; embeddings and head stay as they are, for in float32 they would cost gigabytes.
        if parameter.ndim == 1 and "norm" in name and parameter.is_floating_point():
            parameter.data = parameter.data.float()
    model.config.use_cache = True
    if recipe.activation_checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
    return model


def _nf4(dtype: torch.dtype) -> BitsAndBytesConfig:
    try:
        import bitsandbytes  # noqa: F401  (said here with its extra; transformers would fail later)
    except ImportError:
        raise MissingExtra("QLoRA", "train", "bitsandbytes") from None
    # All said: by default it quantises to FP4, computes in float32 and does not quantise the scales.
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype)


def _mend_linear4bit(model: Any) -> None:
    """Keep bitsandbytes from repacking 4-bit weights for inference on CPUs with AVX512-BF16.

    The first evaluation would repack them in place, and from then on training runs through an operation without
    gradient: all that lies below a repacked layer silently stops learning.
    """
    import bitsandbytes

    for module in model.modules():
        if isinstance(module, bitsandbytes.nn.Linear4bit):
            module.support_avx512bf16_for_cpu = False
