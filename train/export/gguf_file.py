"""GGUF files by the gguf package: full weights, one tensor at a time, and LoRA factors for `llama-server --lora`."""

import math
import mmap
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import which
from typing import Any, Final

import numpy as np
import torch
from accelerate import init_empty_weights
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM

from curate.core.errors import ModelError
from curate.core.text import excerpt
from curate.models.names import model_errors
from curate.models.template import Template
from train.export.gguf_layout import (
    Family,
    add_tokenizer,
    frequency_factors,
    gguf_package,
    head_size,
    laid_out,
    name_map,
    rope_of,
)
from train.model.adapters import LoraWeights
from train.model.base import DTYPES, device
from train.model.loss import use_packed_attention

QUANTISER: Final = "llama-quantize"
TYPES: Final = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "q8_0": "Q8_0"}
"""llama.cpp's names of types; Q8_0: blocks of 32 weights in 8 bits with one scale in 16 bits."""


class _Written(np.ndarray[Any, Any]):
    """An array that the gguf package writes by Python: NumPy does not give the cause of a failure, such as a quota."""

    def tofile(self, fid: Any, sep: str = "", format: str = "") -> None:  # noqa: A002, ARG002
        """Write the bytes of the array. Raises `OSError`."""
        fid.write(np.ascontiguousarray(self).data)


def write_model(
    model: Any,
    config: Any,
    family: Family,
    template: Template,
    stops: tuple[int, ...],
    matrices: str,
    name: str,
    target: Path,
) -> None:
    """Write `target`, one tensor at a time. `matrices`: their type; vectors stay in float32, as llama.cpp computes.

    Raises `ModelError` for a tensor unknown to llama.cpp.
    """
    gguf = gguf_package()
    writer = gguf.GGUFWriter(None, gguf.MODEL_ARCH_NAMES[getattr(gguf.MODEL_ARCH, family.architecture)])
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType["ALL_F32" if matrices == "float32" else f"MOSTLY_{TYPES[matrices]}"])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    _add_shape(writer, config)
    tensor_names, tensors = name_map(config, family), list(_tensors(model))
    rows = model.get_input_embeddings().weight.shape[0]
    for tensor_name, tensor in tensors:
        _add_info(writer, _gguf_name(tensor_names, tensor_name), tensor.shape, matrices)
    factors = frequency_factors(config)
    if factors:
        _add_info(writer, "rope_freqs.weight", (len(factors),), matrices)
    add_tokenizer(writer, template, stops, rows)
    with _closing(writer):
        writer.write_header_to_file(target)
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor_name, tensor in tensors:
            writer.write_tensor_data(_stored_array(laid_out(tensor_name, tensor.cpu(), config, family), matrices))
        if factors:
            writer.write_tensor_data(_stored_array(torch.tensor(factors), matrices))


@contextmanager
def _closing(writer: Any) -> Iterator[None]:
    """Close the file of a writer after the block; an error of the block is raised, not that of closing after it."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            writer.close()
        raise
    writer.close()


def _add_shape(writer: Any, config: Any) -> None:
    """Add the dimensions of a model to the metadata of the file."""
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


def _tensors(model: Any) -> Iterator[tuple[str, Tensor]]:
    """The weights of a model, sorted by name; an output layer that is the embedding is left out."""
    tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    for name, tensor in sorted(model.state_dict().items()):
        if not (tied and name == "lm_head.weight"):
            yield name, tensor


def _gguf_name(tensor_names: Any, name: str) -> str:
    """llama.cpp's name of a tensor. Raises `ModelError` if it has none."""
    gguf_name = tensor_names.get_name(name, try_suffixes=(".weight", ".bias"))
    if gguf_name is None:
        raise ModelError(
            f"{name}: llama.cpp has no name for this tensor", "--to merged, and convert_hf_to_gguf.py of llama.cpp"
        )
    return str(gguf_name)


def _type_of(shape: Sequence[int], matrices: str) -> str:
    """The type in which a tensor is stored if the matrices of the file have type `matrices`: norms and biases in
    float32, rows that are no whole blocks of 32 values in float16.
    """
    if len(shape) < 2:
        return "float32"
    return "float16" if matrices == "q8_0" and shape[-1] % 32 else matrices


def _add_info(writer: Any, name: str, shape: Sequence[int], matrices: str) -> None:
    """Declare name, shape and type of a tensor, whose data is written later."""
    kind = gguf_package().GGMLQuantizationType[TYPES[_type_of(shape, matrices)]]
    size = gguf_package().quants.quant_shape_to_byte_shape(tuple(shape), kind)
    writer.add_tensor_info(name, size, np.dtype(np.uint8), math.prod(size), raw_dtype=kind)


def _stored_array(tensor: Tensor, matrices: str) -> Any:
    """A tensor as a NumPy array of the values or bytes that the file stores, in the type of `_type_of`."""
    kind = _type_of(tensor.shape, matrices)
    if kind == "q8_0":
        q8_0 = gguf_package().GGMLQuantizationType.Q8_0
        return gguf_package().quants.quantize(tensor.float().contiguous().numpy(), q8_0).view(_Written)
    return tensor.to(DTYPES[kind]).contiguous().view(torch.uint8).numpy().view(_Written)


def load_model(file: Path, dtype: torch.dtype, config: Any, family: Family) -> Any:
    """A model from a GGUF file, read one tensor at a time into `dtype`. Raises `ModelError` if tensors are missing."""
    with model_errors(str(file), "cannot be read"):
        reader = gguf_package().GGUFReader(file)
        model_config = AutoConfig.from_pretrained(str(file.parent), gguf_file=file.name)
    if frequency_factors(config):  # lie in a tensor of their own, which transformers does not read
        model_config = config
    with init_empty_weights(include_buffers=False):
        model = AutoModelForCausalLM.from_config(model_config, dtype=dtype, trust_remote_code=False)
    model.tie_weights()  # each weight on the meta device is one of its own
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    tensor_names = name_map(config, family)
    for name in [name for name, _ in _tensors(model)]:
        if (tensor := tensors.pop(_gguf_name(tensor_names, name), None)) is None:
            raise ModelError(f"{file}: has no tensor for {name}", "export again")
        laid = laid_out(name, _copied_tensor(tensor), config, family, back=True)
        model.load_state_dict({name: laid.to(dtype)}, assign=True, strict=False)
        if hasattr(mmap, "MADV_DONTNEED"):  # pages of the file that are not needed again count as memory
            reader.data._mmap.madvise(mmap.MADV_DONTNEED)
    if unknown := tensors.keys() - {"rope_freqs.weight"}:
        raise ModelError(f"{file}: contains {min(unknown)}, which the model does not have", "export again")
    model.tie_weights()
    model.to(device())
    use_packed_attention(model)
    return model.requires_grad_(False).eval()


def quantise(file: Path, dtype: str) -> None:
    """Replace a GGUF file by one of llama.cpp's own tool in another type. Raises `ModelError` if the tool fails."""
    whole = file.rename(file.with_name(f"whole-{file.name}"))
    command = [which(QUANTISER) or QUANTISER, str(whole), str(file), dtype.upper()]
    done = subprocess.run(command, capture_output=True, check=False)
    whole.unlink()
    if done.returncode or not file.is_file():
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise ModelError(f"{QUANTISER} ended with {done.returncode}: {excerpt(last, 200)}", "use --dtype q8_0")


def _copied_tensor(read: Any) -> Tensor:
    """A copy of a tensor, from its entry in gguf's reader."""
    if read.tensor_type.name == "BF16":
        return torch.from_numpy(read.data.copy().view(np.int16)).view(torch.bfloat16)
    if read.tensor_type.name in ("F32", "F16"):
        return torch.from_numpy(read.data.copy())
    return torch.from_numpy(gguf_package().quants.dequantize(read.data, read.tensor_type))


def template_in(file: Path) -> str:
    """The chat template in a GGUF file."""
    with model_errors(str(file), "cannot be read"):
        return str(gguf_package().GGUFReader(file).fields["tokenizer.chat_template"].contents())


def tokens_in(file: Path) -> list[str]:
    """The tokens in a GGUF file."""
    with model_errors(str(file), "cannot be read"):
        return list(gguf_package().GGUFReader(file).fields["tokenizer.ggml.tokens"].contents())


ADAPTER_FILE: Final = "adapter.gguf"


def write_adapter(factors: LoraWeights, config: Any, family: Family, name: str, target: Path) -> None:
    """Write `target` in float32. llama.cpp scales by alpha / rank: alpha is set so that rsLoRA is right, too."""
    gguf = gguf_package()
    writer = gguf.GGUFWriter(target, gguf.MODEL_ARCH_NAMES[getattr(gguf.MODEL_ARCH, family.architecture)])
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_name(name)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, factors.scale * factors.rank)
    tensor_names = name_map(config, family)
    for module, (down, up) in sorted(factors.modules.items()):
        place = tensor_names.get_name(f"{module}.weight", try_suffixes=(".weight",))
        assert place is not None, f"{module} has no place in llama.cpp"
        writer.add_tensor(f"{place}.lora_a", down.contiguous().numpy().view(_Written))
        # Rows of outputs lie in the order of the weight that they are added to.
        writer.add_tensor(f"{place}.lora_b", laid_out(module, up, config, family).contiguous().numpy().view(_Written))
    with _closing(writer):
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()


def read_adapter(target: Path, config: Any, family: Family, modules: list[str]) -> dict[str, tuple[Tensor, Tensor]]:
    """Per module `down` and the scaled `up` of a file, as llama.cpp would add them, in transformers' layout."""
    reader = gguf_package().GGUFReader(target)
    alpha = float(reader.fields["adapter.lora.alpha"].contents())
    tensors = {tensor.name: torch.tensor(tensor.data) for tensor in reader.tensors}
    tensor_names = name_map(config, family)
    factors = {}
    for module in modules:
        place = tensor_names.get_name(f"{module}.weight", try_suffixes=(".weight",))
        down, up = tensors[f"{place}.lora_a"], tensors[f"{place}.lora_b"]
        factors[module] = down, laid_out(module, up * (alpha / down.shape[0]), config, family, back=True)
    return factors
