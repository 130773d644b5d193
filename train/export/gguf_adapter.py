"""The factors of a LoRA adapter as GGUF, for `llama-server --lora` beside the GGUF of the base."""

from pathlib import Path
from typing import Any, Final

import torch

from train.export.gguf_family import Family, laid_out, names, package
from train.factors import Factors

FILE: Final = "adapter.gguf"


def write(factors: Factors, config: Any, family: Family, name: str, target: Path) -> None:
    """Write `target` in float32. llama.cpp scales by alpha / rank alone: alpha is told so that this is the scale of the training, rsLoRA's too."""
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


def read(target: Path, config: Any, family: Family, modules: list[str]) -> dict[str, torch.Tensor]:
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
