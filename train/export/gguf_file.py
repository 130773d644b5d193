"""GGUF files by the gguf package: full weights, one tensor at a time, and LoRA factors for `llama-server --lora`."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from curate.core.errors import ModelError
from curate.models.names import model_errors
from curate.models.template import Template
from train.adapters import LoraWeights
from train.export.gguf_layout import (
    Family,
    add_tokenizer,
    frequency_factors,
    head_size,
    laid_out,
    names,
    package,
    rope_of,
)

KINDS: Final = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
FILE_TYPES: Final = {torch.float32: "ALL_F32", torch.float16: "MOSTLY_F16", torch.bfloat16: "MOSTLY_BF16"}


def write_model(
    source: Path,
    config: Any,
    family: Family,
    template: Template,
    stops: tuple[int, ...],
    dtype: torch.dtype,
    name: str,
    target: Path,
) -> None:
    """Write `target` from the safetensors in `source`. Raises `ModelError` for a tensor unknown to llama.cpp."""
    gguf = package()
    writer = gguf.GGUFWriter(None, gguf.MODEL_ARCH_NAMES[getattr(gguf.MODEL_ARCH, family.architecture)])
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(name)
    writer.add_file_type(getattr(gguf.LlamaFileType, FILE_TYPES[dtype]))
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    _add_shape(writer, config)
    known = names(config, family)
    rows = 0
    for tensor_name, tensor in _tensors(source):
        _add_info(writer, _named(known, tensor_name), tensor.shape, _kind_of(tensor, dtype))
        rows = tensor.shape[0] if tensor_name.endswith("embed_tokens.weight") else rows
    factors = list(frequency_factors(config))
    if factors:
        _add_info(writer, "rope_freqs.weight", (len(factors),), torch.float32)
    add_tokenizer(writer, template.tokenizer, template.source, stops, rows)
    writer.write_header_to_file(target)
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor_name, tensor in _tensors(source):
        laid = laid_out(tensor_name, tensor, config, family)
        writer.write_tensor_data(_array(laid.to(_kind_of(tensor, dtype))))
    if factors:
        writer.write_tensor_data(_array(torch.tensor(factors)))
    writer.close()


def _add_shape(writer: Any, config: Any) -> None:
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_key_length(head_size(config))
    writer.add_value_length(head_size(config))
    writer.add_rope_dimension_count(head_size(config))
    writer.add_rope_freq_base(float(rope_of(config).get("rope_theta", 10_000.0)))
    writer.add_vocab_size(config.vocab_size)


def _tensors(folder: Path) -> Iterator[tuple[str, Tensor]]:
    """All tensors of a folder, in an order that is always the same."""
    from safetensors import safe_open

    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as opened:
            for name in sorted(opened.keys()):
                yield name, opened.get_tensor(name)


def _named(known: Any, name: str) -> str:
    found = known.get_name(name, try_suffixes=(".weight", ".bias"))
    if found is None:
        raise ModelError(
            f"{name}: llama.cpp has no name for this tensor", "--to merged, and convert_hf_to_gguf.py of llama.cpp"
        )
    return str(found)


def _kind_of(tensor: Tensor, dtype: torch.dtype) -> torch.dtype:
    """Norms and biases stay in float32: llama.cpp computes with them as they are."""
    return dtype if tensor.dim() > 1 else torch.float32


def _add_info(writer: Any, name: str, shape: Sequence[int], kind: torch.dtype) -> None:
    # numpy has no bfloat16: a type of the same size.
    plain = np.dtype({torch.float32: np.float32, torch.float16: np.float16, torch.bfloat16: np.uint16}[kind])
    raw = getattr(package().GGMLQuantizationType, KINDS[kind])
    writer.add_tensor_info(name, shape, plain, math.prod(shape) * kind.itemsize, raw_dtype=raw)


def _array(tensor: Tensor) -> Any:
    tensor = tensor.contiguous()
    return tensor.view(torch.uint16).numpy() if tensor.dtype == torch.bfloat16 else tensor.numpy()


def load_model(file: Path, dtype: torch.dtype, config: Any) -> Any:
    """A model from a GGUF file by transformers' reader, in `dtype`."""
    from functools import partial

    from transformers import modeling_gguf_pytorch_utils

    from train.export import merged

    tqdm = modeling_gguf_pytorch_utils.tqdm
    modeling_gguf_pytorch_utils.tqdm = partial(tqdm, disable=True)  # this bar does not obey the setting
    # How positions are scaled lies in a tensor of its own, which transformers does not read.
    scaled = {"config": config} if list(frequency_factors(config)) else {}
    try:
        model = merged.load(file.parent, torch.float32, gguf_file=file.name, **scaled)
    finally:
        modeling_gguf_pytorch_utils.tqdm = tqdm
    return model.to(dtype)


def template_in(file: Path) -> str:
    """The chat template in a GGUF file."""
    with model_errors(str(file), "cannot be read"):
        return str(package().GGUFReader(file).fields["tokenizer.chat_template"].contents())


def tokens_in(file: Path) -> list[str]:
    """The tokens in a GGUF file."""
    with model_errors(str(file), "cannot be read"):
        return list(package().GGUFReader(file).fields["tokenizer.ggml.tokens"].contents())


ADAPTER_FILE: Final = "adapter.gguf"


def write_adapter(factors: LoraWeights, config: Any, family: Family, name: str, target: Path) -> None:
    """Write `target` in float32. llama.cpp scales by alpha / rank: alpha is set so that rsLoRA is right, too."""
    gguf = package()
    writer = gguf.GGUFWriter(target, gguf.MODEL_ARCH_NAMES[getattr(gguf.MODEL_ARCH, family.architecture)])
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_name(name)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, factors.scale * factors.rank)
    known = names(config, family)
    for module, (down, up) in sorted(factors.modules.items()):
        place = known.get_name(f"{module}.weight", try_suffixes=(".weight",))
        assert place is not None, f"{module} has no place in llama.cpp"
        writer.add_tensor(f"{place}.lora_a", down.contiguous().numpy())
        # Rows of outputs lie in the order of the weight that they are added to.
        writer.add_tensor(f"{place}.lora_b", laid_out(module, up, config, family).contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read_adapter(target: Path, config: Any, family: Family, modules: list[str]) -> dict[str, torch.Tensor]:
    """What a file adds to the weight of each module, scaled, as llama.cpp would, in transformers' layout."""
    reader = package().GGUFReader(target)
    alpha = float(reader.fields["adapter.lora.alpha"].contents())
    tensors = {tensor.name: torch.tensor(tensor.data) for tensor in reader.tensors}
    known = names(config, family)
    found = {}
    for module in modules:
        place = known.get_name(f"{module}.weight", try_suffixes=(".weight",))
        down, up = tensors[f"{place}.lora_a"], tensors[f"{place}.lora_b"]
        found[module] = laid_out(module, up @ down * (alpha / down.shape[0]), config, family, back=True)
    return found
