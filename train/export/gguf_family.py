"""Models that GGUF can hold as curate writes it: the Llama family, with the layout that llama.cpp wants of each."""

import math
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor

from curate.errors import MissingExtra, UsageError

FILE: Final = "model.gguf"


class Family(NamedTuple):
    """How llama.cpp names and lays out a family."""

    architecture: str
    permutes: bool
    """Whether rows of queries and keys lie in pairs: llama.cpp turns neighbours, transformers halves of a head."""


FAMILIES: Final = {"llama": Family("LLAMA", True), "mistral": Family("LLAMA", True), "qwen2": Family("QWEN2", False), "qwen3": Family("QWEN3", False)}


def family_of(config: Any) -> Family:
    """The family of a model. Raises `UsageError` where curate cannot write its GGUF."""
    kind = config.model_type
    other = "--to merged, and convert_hf_to_gguf.py of llama.cpp"
    if kind not in FAMILIES:
        raise UsageError(f"a model of the kind {kind} cannot be written as GGUF: there are {', '.join(FAMILIES)}", other)
    rope = rope_of(config)
    if rope.get("rope_type", "default") not in ("default", "llama3"):
        raise UsageError(f"its positions are scaled as {rope['rope_type']}, which cannot be written as GGUF", other)
    if getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True):
        raise UsageError("its attention has a sliding window, which llama.cpp does not read for this family", other)
    return FAMILIES[kind]


def rope_of(config: Any) -> dict[str, Any]:
    """How positions are told to the model."""
    return dict(getattr(config, "rope_parameters", None) or {})


def head_size(config: Any) -> int:
    """Size of one head of attention."""
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def laid_out(name: str, tensor: Tensor, config: Any, family: Family, *, back: bool = False) -> Tensor:
    """A weight, a bias, or the `up` factor of one, as llama.cpp has it, or `back` again: rows of queries and keys in pairs."""
    if not family.permutes or not (".q_proj" in name or ".k_proj" in name):
        return tensor
    heads = config.num_attention_heads if ".q_proj" in name else config.num_key_value_heads
    shape = (heads, tensor.shape[0] // heads // 2, 2) if back else (heads, 2, tensor.shape[0] // heads // 2)
    return tensor.reshape(*shape, *tensor.shape[1:]).swapaxes(1, 2).reshape(tensor.shape)


def names(config: Any, family: Family) -> Any:
    """The map of names of the gguf package: transformers' to llama.cpp's. Raises `MissingExtra`."""
    gguf = package()
    return gguf.get_tensor_name_map(getattr(gguf.MODEL_ARCH, family.architecture), config.num_hidden_layers)


def package() -> Any:
    """The gguf package. Raises `MissingExtra`."""
    try:
        import gguf
    except ImportError:
        raise MissingExtra("writing GGUF", "train", "gguf") from None
    return gguf


def frequency_factors(config: Any) -> Iterator[float]:
    """What Llama 3 divides the frequency of each pair of a head by (transformers' `_compute_llama3_parameters`); nothing for others."""
    rope = rope_of(config)
    if rope.get("rope_type", "default") != "llama3":
        return
    size, factor, low, high = head_size(config), rope["factor"], rope["low_freq_factor"], rope["high_freq_factor"]
    context = rope["original_max_position_embeddings"]
    for frequency in (1.0 / rope["rope_theta"] ** (torch.arange(0, size, 2, dtype=torch.float64) / size)).tolist():
        length = 2 * math.pi / frequency
        if length < context / high:
            yield 1.0
        elif length > context / low:
            yield factor
        else:
            smooth = (context / length - low) / (high - low)
            yield 1 / ((1 - smooth) / factor + smooth)
