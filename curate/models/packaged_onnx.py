"""Token classifiers of the BERT family whose package has their weights in 4 bits as ONNX: written as safetensors."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from safetensors.torch import save_file
from transformers import BertConfig

LAYER: Final = re.compile(r"/(bert/.+|classifier)/MatMul_Q4")
"""Name of a product of a linear layer."""


def write(folder: Path, source: Path) -> None:
    """Write the model of an ONNX file, beside whose folder `config.json` and the files of a tokenizer are.

    Raises what `onnx` and NumPy raise for a damaged file or a model of another form.
    """
    texts = source.parent.parent
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copyfile(texts / name, folder / name)
    BertConfig.from_json_file(str(texts / "config.json")).save_pretrained(folder)
    weights = {name: torch.tensor(values) for name, values in _weights(onnx.load(source).graph)}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def _weights(graph: Any) -> Iterator[tuple[str, Any]]:
    """The name and the values in 32 bits of each weight."""
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "MatMulNBits" and (layer := LAYER.fullmatch(node.name)):
            bits, scales = (arrays[name] for name in node.input[1:3])
            levels = np.stack([bits & 15, bits >> 4], axis=-1).reshape(*bits.shape[:2], -1).astype(np.float32) - 8
            size = next(field.i for field in node.attribute if field.name == "K")
            rows = (levels * scales[..., None]).reshape(len(bits), -1)[:, :size]
            yield f"{layer[1].replace('/', '.')}.weight", rows
    for name, values in arrays.items():
        if name.endswith("_quantized"):
            plain = name.removesuffix("_quantized")
            levels = values.astype(np.float32) - arrays[f"{plain}_zero_point"].astype(np.float32)
            yield plain, levels * arrays[f"{plain}_scale"]
        elif name.startswith(("bert.", "classifier.")) and not name.endswith(("_scale", "_zero_point")):
            yield name, values
