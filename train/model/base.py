"""Loading the base model: as it is, or in NF4, ready for an adapter."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from transformers import AutoModelForCausalLM, BitsAndBytesConfig
from transformers.utils import logging

from curate.core.errors import ModelError, requiring
from curate.core.text import visible
from curate.models.model_loading import is_bfloat16_fast_on_cpu
from curate.models.names import configuration, model_errors, resolve
from train.distributed import local_rank, world_size
from train.model.float32_products import use_float32_products
from train.model.loss import use_packed_attention
from train.recipe import Recipe, reporting_problem

DTYPES: Final = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}


EXPERT_KEYS: Final = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")


def device() -> torch.device:
    """The device of this process: its GPU, else the CPU."""
    return torch.device("cuda", local_rank()) if torch.cuda.is_available() else torch.device("cpu")


def compute_dtype(name: str) -> torch.dtype:
    """The dtype of a recipe on this device; `auto`: bfloat16 if fast, else float16 on a GPU and float32 on a CPU."""
    if name != "auto":
        return DTYPES[name]
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.bfloat16 if is_bfloat16_fast_on_cpu() else torch.float32


def autocast(dtype: torch.dtype) -> AbstractContextManager[Any]:
    """Mixed precision in `dtype` on this process's device; none for float32."""
    return torch.autocast(device().type, dtype=dtype) if dtype != torch.float32 else nullcontext()


def longest_context(config: Any, most: int) -> int:
    """Tokens of a model's longest text, at most `most`: its positions, multiplied where they are scaled."""
    text = config.get_text_config()
    positions, rope = getattr(text, "max_position_embeddings", None) or most, getattr(text, "rope_parameters", None)
    scaled = (rope or {}).get("factor") or 1  # not of models whose layers differ
    original = (rope or {}).get("original_max_position_embeddings") or positions
    return min(most, max(positions, int(original * scaled)))


def base_config(recipe: Recipe) -> Any:
    """The configuration of a recipe's base, its context extended by YaRN if the recipe says so. Raises `ModelError`
    where the positions of the base are not plain rotary ones.
    """
    config = configuration(recipe.model)
    if recipe.yarn == 1:
        return config
    text = config.get_text_config()
    rope, length = getattr(text, "rope_parameters", None) or {}, getattr(text, "max_position_embeddings", None)
    if rope.get("rope_type") != "default" or not length:
        kind = visible(str(rope.get("rope_type", "other")))
        raise ModelError(f"yarn: {recipe.model} has {kind} positions, YaRN scales plain rotary ones", "leave out  yarn")
    text.rope_parameters = {
        **rope, "rope_type": "yarn", "factor": recipe.yarn, "original_max_position_embeddings": length
    }  # fmt: skip
    text.max_position_embeddings = int(length * recipe.yarn)
    return config


def load_base(recipe: Recipe, dtype: torch.dtype, *, checkpointing: bool = False) -> Any:
    """The frozen base on this process's device, in NF4 if the recipe says so. Raises `ModelError`, `MissingExtra`.

    `checkpointing`: activation checkpointing.
    """
    require(base_problems(recipe, dtype))
    place = resolve(recipe.model)
    logging.disable_progress_bar()  # of loading weights; ours says as much
    options: dict[str, Any] = {} if recipe.yarn == 1 else {"config": base_config(recipe)}
    if recipe.attention != "auto":
        options["attn_implementation"] = "sdpa" if recipe.attention == "varlen" else recipe.attention
    if recipe.quantised:
        options["quantization_config"] = _nf4_options(recipe, dtype)
    if recipe.parallel != "fsdp":  # which puts shares of the model on the devices itself
        options["device_map"] = {"": device()}
    hint = "check the hub id and the connection, or name a folder"
    if Path(place).is_dir():
        hint = "the folder needs config.json and weights as safetensors"
    with model_errors(recipe.model, "cannot be loaded", hint):
        model = AutoModelForCausalLM.from_pretrained(
            place, dtype=dtype, trust_remote_code=False, use_safetensors=True, **options
        )
    model.requires_grad_(False)
    if recipe.quantised:
        _mend_linear4bit(model)
    use_float32_products(model)
    # Norms stay in the model's dtype. They compute in float32 all the same; float32 outputs would be rounded for the
    # next product anyway, but kept for the backward pass, and so would all that follows.
    use_packed_attention(model, varlen=recipe.attention == "varlen")
    model.config.use_cache = True
    if checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
    return model


class RecipeProblem(NamedTuple):
    """Why a recipe cannot be used here, and what to do."""

    reason: str
    hint: str


def require(problems: Sequence[RecipeProblem]) -> None:
    """Raise `ModelError` for the first problem."""
    if problems:
        raise ModelError(*problems[0])


def training_problems(recipe: Recipe, dtype: torch.dtype, *, here: bool = True) -> list[RecipeProblem]:
    """The reasons to refuse a training before weights are loaded, except memory and data; empty if there are none.

    `here`: on this machine; else only what is refused on every machine. Raises `ModelError` without a model.
    """
    if not here:
        return _weight_problems(recipe)
    on_cpu, fsdp = device().type == "cpu", recipe.parallel == "fsdp"
    start = "torchrun --nproc-per-node N -m curate train RECIPE"
    checks = (
        (fsdp and on_cpu, 'parallel = "fsdp": weights are shared out among GPUs only', 'set  parallel = "ddp"'),
        (fsdp and not on_cpu and world_size() == 1,
         'parallel = "fsdp": there is one process, and it shares out weights among several',
         f'start it with  {start},  or set  parallel = "ddp"'),
        (dtype == torch.float16 and on_cpu,
         'dtype = "float16": is not trained on a CPU, which computes in float16 slowly and without range',
         'set  dtype = "auto"'),
    )  # fmt: skip
    missing = reporting_problem(recipe)
    return [
        *base_problems(recipe, dtype), *([] if missing is None else [RecipeProblem(*missing)]),
        *(RecipeProblem(reason, hint) for refused, reason, hint in checks if refused),
    ]  # fmt: skip


def base_problems(recipe: Recipe, dtype: torch.dtype) -> list[RecipeProblem]:
    """Why the base of a recipe cannot be loaded on this machine as the recipe says. Raises `ModelError` without one."""
    attention = attention_problem(recipe, dtype)
    return [*_weight_problems(recipe), *([attention] if attention is not None else [])]


def attention_problem(recipe: Recipe, dtype: torch.dtype) -> RecipeProblem | None:
    """Why the attention of the recipe cannot be computed on this machine, and what to do; None if it can."""
    if recipe.attention not in ("flash_attention_2", "varlen"):
        return None
    what, instead = f"attention = {recipe.attention!r}", 'set  attention = "auto"'
    if device().type != "cuda":
        return RecipeProblem(f"{what}: needs an NVIDIA GPU", instead)
    if dtype == torch.float32:
        return RecipeProblem(
            f"{what}: computes in 16 bits only", f'set  dtype = "bfloat16", or {instead.removeprefix("set  ")}'
        )
    package = "flash_attn" if recipe.attention == "flash_attention_2" else "torch.nn.attention.varlen"
    if find_spec(package) is None:
        how = "pip install flash-attn" if package == "flash_attn" else "install a newer torch"
        return RecipeProblem(f"{what}: {package} is not installed", f"{how}, or {instead}")
    return None


def _weight_problems(recipe: Recipe) -> list[RecipeProblem]:
    """Why the weights of the base cannot be trained as the recipe says; empty if they can."""
    config = base_config(recipe)
    count, name = experts_of(config), recipe.model
    checks = (
        (getattr(config, "quantization_config", None) is not None,
         f"{name}: its weights are quantised already; a training quantises weights in 16 bits itself",
         "name the base that it was made from"),
        (count > 1 and recipe.quantised,
         f"{name}: has {count} experts in weights that bitsandbytes leaves in 16 bits",
         'set  method = "lora"  (adapters on attention, the experts stay as they are), or name a dense model'),
    )  # fmt: skip
    return [RecipeProblem(reason, hint) for refused, reason, hint in checks if refused]


def experts_of(config: Any) -> int:
    """The number of experts of each layer of a mixture; 0 for a dense model."""
    text = config.get_text_config()
    return max(int(getattr(text, name, None) or 0) for name in EXPERT_KEYS)


def _nf4_options(recipe: Recipe, dtype: torch.dtype) -> BitsAndBytesConfig:
    """Options with which transformers loads a base in NF4. Raises `MissingExtra` without bitsandbytes."""
    with requiring("a base in 4 bits", "train", "bitsandbytes"):
        import bitsandbytes  # noqa: F401
    # The defaults are FP4, computation in float32 and scales that are not quantised.
    options = {"bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": recipe.double_quantisation}
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_compute_dtype=dtype, **options)


def _mend_linear4bit(model: Any) -> None:
    """Keep bitsandbytes from repacking 4-bit weights for inference on CPUs with AVX512-BF16.

    The first evaluation would repack them in place, and training would then run through an operation without gradient:
    all below a repacked layer silently stops learning.
    """
    import bitsandbytes

    for module in model.modules():
        if isinstance(module, bitsandbytes.nn.Linear4bit):
            module.support_avx512bf16_for_cpu = False
