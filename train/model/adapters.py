"""Adapters: a new one of each method on a base model, saved ones, and the factors of a saved LoRA.

With weights of the adapter in float32 and a computation in 16 bits, PEFT converts the inputs of each layer to float32,
mixed precision converts them back, and the update is scaled and added in passes of its own: on a CPU a fifth of a step.
In `fuse_lora` the scale and the sum are part of the matrix products. Results differ by rounding: the sum is rounded
once.
"""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch
from peft import (
    IA3Config,
    LoraConfig,
    PeftConfig,
    PeftModel,
    PrefixTuningConfig,
    PromptTuningConfig,
    PromptTuningInit,
    get_peft_model,
    load_peft_weights,
    set_peft_model_state_dict,
)
from peft.tuners.cartridge.utils import prompt_embeddings_from_past_key_values
from peft.tuners.lora import LoraLayer
from torch import Tensor

from curate.core.errors import ConfigError
from curate.core.text import excerpt, visible
from curate.models.names import model_errors
from train.errors import write_errors
from train.methods import TARGETED
from train.model.base import autocast, experts_of
from train.model.bottleneck import BottleneckConfig
from train.model.float32_products import product_dtype
from train.recipe import Recipe


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


# Names of linear layers in models of the Llama, Mistral, Qwen, Gemma and Phi-3 families, then of GPT-NeoX and Falcon,
# then of GPT-2, of Phi-2, OPT and GPT-J, and of DeepSeek.
ATTENTION: Final = (
    "q_proj", "k_proj", "v_proj", "o_proj", "qkv_proj",
    "query_key_value", "attention.dense", "self_attention.dense",
    "attn.c_attn", "attn.c_proj",
    "self_attn.dense", "self_attn.out_proj", "attn.out_proj", "attention.out_proj",
    "q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj",
)  # fmt: skip
MLP: Final = (
    "gate_proj", "up_proj", "down_proj", "gate_up_proj",
    "dense_h_to_4h", "dense_4h_to_h",
    "mlp.c_fc", "mlp.c_proj",
    "fc1", "fc2", "fc_in", "fc_out",
)  # fmt: skip
TASK: Final = "CAUSAL_LM"
WEIGHTS: Final = "adapter_model.safetensors"
"""The file of an adapter's weights."""
BEHIND_ATTENTION: Final = ("o_proj", "attention.dense", "self_attention.dense", "attn.c_proj")
BEHIND_MLP: Final = ("down_proj", "dense_4h_to_h", "mlp.c_proj", "fc2", "fc_out")
KEYS_AND_VALUES: Final = ("k_proj", "v_proj", "qkv_proj", "query_key_value", "attn.c_attn")
INSIDE_ATTENTION: Final = re.compile(r"(.*\.)?\w*(attn|attention)\w*\.[\w.]+")
"""Paths of modules that are part of attention."""
Parts = Mapping[str, tuple[str, ...]]
"""By part of a model the names of its layers that get adapters."""
PRESETS: Final[dict[str, Parts]] = {
    "attention": {"attention": ATTENTION}, "attention+mlp": {"attention": ATTENTION, "MLP": MLP},
}  # fmt: skip
PLACES: Final[dict[str, Parts]] = {
    "houlsby": {"attention": BEHIND_ATTENTION, "MLP": BEHIND_MLP}, "pfeiffer": {"MLP": BEHIND_MLP},
}  # fmt: skip
SCALED: Final[dict[str, Parts]] = {
    "attention": {"attention": KEYS_AND_VALUES}, "attention+mlp": {"attention": KEYS_AND_VALUES, "MLP": BEHIND_MLP},
}  # fmt: skip
"""Of IA3: keys, values and the input of the MLP's last layer, as in the paper."""


def add_adapter(model: Any, recipe: Recipe, start: Sequence[int] = ()) -> Any:
    """Add a new adapter with float32 weights. Except for virtual tokens it changes nothing before its first step.

    Virtual tokens are initialized from the tokens `start`, repeated or cut; without any, as in PEFT. For full
    fine-tuning the base itself is returned, trainable, in float32. Raises `ConfigError` if target modules are missing.
    """
    if recipe.method == "full":
        return model.float().requires_grad_(True)
    if not recipe.how.virtual:
        _require_matched(recipe, model)
    config: Any = None
    try:
        config = CONFIGS[recipe.method](recipe, model)
        if recipe.how.keys & TARGETED:
            config.exclude_modules = _pattern_outside_language_model(model)
        with _without_peft_warning():
            tuned = get_peft_model(model, config)
        if getattr(config, "target_parameters", None):
            raise ValueError
    except ValueError as error:
        # PEFT takes the names of layers that are experts in older versions of transformers for parameters.
        experts = getattr(config, "target_parameters", None)
        reason = "target_modules name experts or their router, which stay as they are" if experts else str(error)
        if not experts and (others := _not_linear(recipe, model)):
            reason = f"target_modules: {excerpt(', '.join(others), 200)}: not a layer that can be adapted"
        raise ConfigError(f"{recipe.method}: {reason}", _layers_hint(model)) from error
    if recipe.parallel != "fsdp":  # which gathers the weights of a layer when that layer is called
        fuse_lora(tuned)
    if recipe.how.virtual and start:
        _initialize_virtual_tokens(tuned, recipe, start)
    # What others load is the model that the recipe names, not the folder where this machine keeps it.
    for adapter_config in tuned.peft_config.values():
        adapter_config.base_model_name_or_path, _, revision = recipe.model.partition("@")
        adapter_config.revision = revision or None
        for name, value in vars(adapter_config).items():
            if isinstance(value, set):  # saved in another order by each process
                setattr(adapter_config, name, sorted(value))
    return tuned


@contextmanager
def loading(folder: Path, what: str) -> Iterator[None]:
    """Errors of loading an adapter, as `ModelError`. Only safetensors are loaded: no pickle, nothing from a hub."""
    with model_errors(str(folder), what, "restore it, or train again with --fresh"):
        if not (folder / WEIGHTS).is_file():
            raise FileNotFoundError(f"there is no {WEIGHTS}, and other formats are not loaded")
        yield


def load_adapter(model: Any, folder: Path, name: str = "default") -> Any:
    """The base with the adapter that a run saved in `folder`, frozen. Not for fully fine-tuned models.

    Into a model that has adapters another one is loaded beside them; `set_adapter` chooses the active one.
    """
    with _without_peft_warning(), loading(folder, "its adapter cannot be loaded"):
        if isinstance(model, PeftModel):
            model.load_adapter(str(folder), adapter_name=name)
            return model
        loaded = PeftModel.from_pretrained(model, str(folder), adapter_name=name).eval()
    fuse_lora(loaded)
    return loaded


def load_adapter_weights(model: Any, folder: Path) -> None:
    """Load the trained weights in `folder` into a model from `add_adapter`."""
    if isinstance(model, PeftModel):
        with loading(folder, "its weights cannot be loaded"):
            place = str(next(model.parameters()).device)
            set_peft_model_state_dict(model, load_peft_weights(str(folder), device=place))
        return
    from safetensors.torch import load_model  # takes care of tied weights, which are saved once

    with model_errors(str(folder), "its weights cannot be loaded"):
        load_model(model, str(folder / "model.safetensors"))


def save(model: Any, folder: Path) -> Path:
    """Save the adapter, or a fully fine-tuned model, as safetensors; returns the weights' file. Raises `OSError`."""
    with write_errors(folder):
        if isinstance(model, PeftModel):
            model.save_pretrained(str(folder), save_embedding_layers=False)
            return folder / WEIGHTS
        model.save_pretrained(str(folder), max_shard_size="1000GB")
        return folder / "model.safetensors"


@contextmanager
def adapter_disabled(model: Any) -> Iterator[Any]:
    """The base without its adapter while the block runs. A fully fine-tuned model is returned unchanged."""
    if not isinstance(model, PeftModel):
        yield model
    elif model.active_peft_config.is_prompt_learning:
        yield model.get_base_model()
    else:
        with model.disable_adapter():
            yield model


def parameters(model: Any) -> tuple[int, int]:
    """Numbers of trainable parameters and of all parameters; a 4-bit weight counts as one."""
    if isinstance(model, PeftModel):
        trainable, total = model.get_nb_trainable_parameters()
        return int(trainable), int(total)
    counts = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    return sum(count for count, grows in counts if grows), sum(count for count, _ in counts)


@contextmanager
def _without_peft_warning() -> Iterator[None]:
    """Hide a warning: PEFT uses a name that transformers has deprecated."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        yield


def _initialize_virtual_tokens(model: Any, recipe: Recipe, start: Sequence[int]) -> None:
    """Initialize virtual tokens from the tokens `start`: from random numbers they hardly learn.

    PEFT's comparison of methods: prefix tuning 0.19 from random numbers, 0.42 from a text; prompt tuning 0.06 and 0.34.
    """
    count = recipe.virtual_tokens
    chosen = torch.tensor([[start[i % len(start)] for i in range(count)]], device=next(model.parameters()).device)
    base, encoder = model.get_base_model(), model.prompt_encoder["default"]
    with torch.no_grad():
        if recipe.method == "prompt-tuning":
            encoder.embedding.weight.copy_(base.get_input_embeddings()(chosen)[0])
        else:
            with autocast(base.get_input_embeddings().weight.dtype):
                output = base(input_ids=chosen, use_cache=True)
            cache = output.cache if hasattr(output, "cache") else output.past_key_values  # older than transformers 5.24
            prefix = prompt_embeddings_from_past_key_values(cache, num_virtual_tokens=count)
            encoder.load_prompt_embeddings(prefix.float())


def _modules_by_part(recipe: Recipe) -> Parts:
    """By part of a layer, such as attention, the names of the modules that get adapters; empty if the recipe names the
    modules, or wants all linear ones.
    """
    targets = recipe.target_modules
    if recipe.method == "bottleneck":
        return PLACES[recipe.places]
    if recipe.method == "ia3" and targets == "all-linear":
        return SCALED["attention+mlp"]
    return (SCALED if recipe.method == "ia3" else PRESETS).get(targets, {}) if isinstance(targets, str) else {}


def _targets(recipe: Recipe, model: Any) -> str | list[str]:
    """The modules that get adapters as PEFT takes them: a list of names, `all-linear` or a regular expression.

    `all-linear` means attention in a mixture of experts: PEFT would train router and experts, too.
    """
    if parts := _modules_by_part(recipe):
        return [name for names in parts.values() for name in names]
    if recipe.target_modules == "all-linear" and experts_of(model.config):
        inside = (path for path in _linear(model) if INSIDE_ATTENTION.fullmatch(path))
        return sorted({".".join(path.split(".")[-2:]) for path in inside})
    return recipe.target_modules if isinstance(recipe.target_modules, str) else list(recipe.target_modules)


def _pattern_outside_language_model(model: Any) -> str | None:
    """A regular expression for modules outside of the language model; None without any. Text alone never trains a
    vision tower.
    """
    decoder, head = model.get_decoder(), model.get_output_embeddings()
    inside = next((path for path, module in model.named_modules() if module is decoder), "")
    depth = inside.count(".") + 1
    others = {
        ".".join(path.split(".")[:depth])
        for path, module in model.named_modules()
        if path and module is not head and not f"{inside}.".startswith(f"{path}.") and not path.startswith(f"{inside}.")
    }
    return rf"({'|'.join(map(re.escape, sorted(others)))})(\..*)?" if inside and others else None


def _require_matched(recipe: Recipe, model: Any) -> None:
    """Raise `ConfigError` for layers that the model does not have, or whose names are in no preset: PEFT would ignore
    them and train the others.
    """
    targets, paths, missing = recipe.target_modules, [path for path, _ in model.named_modules()], list[str]()
    if parts := _modules_by_part(recipe):
        missing = [f"of a known name in its {part}" for part, names in parts.items() if not _matching(paths, names)]
    elif isinstance(targets, str):
        missing = [] if targets == "all-linear" or any(re.fullmatch(targets, path) for path in paths) else [targets]
    else:
        missing = [name for name in targets if not _matching(paths, [name])]
    if missing:
        raise ConfigError(f"target_modules: the model has no module {', '.join(missing)}", _layers_hint(model))
    if parts in PRESETS.values():
        outside = re.compile(_pattern_outside_language_model(model) or "(?!)")
        inside = [path for path in _linear(model) if INSIDE_ATTENTION.fullmatch(path) and not outside.fullmatch(path)]
        if unknown := {path.rpartition(".")[2] for path in set(inside) - _matching(inside, ATTENTION)}:
            raise ConfigError(
                f"target_modules = {targets!r} does not know the layers {', '.join(sorted(unknown))} of this model",
                _layers_hint(model),
            )


def _matching(paths: Iterable[str], names: Iterable[str]) -> set[str]:
    """The paths that end with one of the names."""
    endings = tuple(f".{name}" for name in names)
    return {path for path in paths if f".{path}".endswith(endings)}


def _linear(model: Any) -> list[str]:
    """Paths of the linear layers."""
    return [
        path for path, module in model.named_modules() if type(module).__name__ in ("Linear", "Linear4bit", "Conv1D")
    ]


def _not_linear(recipe: Recipe, model: Any) -> list[str]:
    """Paths of the modules that `target_modules` names and that are not linear layers."""
    targets, linear = recipe.target_modules, {*_linear(model)}
    paths = [path for path, _ in model.named_modules() if path not in linear]
    if isinstance(targets, str):
        return [path for path in paths if re.fullmatch(targets, path)]
    return sorted(_matching(paths, targets))


def _layers_hint(model: Any) -> str:
    """A hint that lists the names of the model's linear layers."""
    names = {path.removesuffix(".base_layer").rpartition(".")[2] for path in _linear(model) if ".lora_" not in path}
    return f"the linear layers of this model are {', '.join(sorted(names))}; name some of them in target_modules"


def _lora(recipe: Recipe, model: Any) -> LoraConfig:
    # Some loaders of adapters read alpha as an integer.
    alpha = int(recipe.alpha) if recipe.alpha.is_integer() else recipe.alpha
    start = True if recipe.initialisation == "default" else recipe.initialisation
    return LoraConfig(
        r=recipe.rank, lora_alpha=alpha, lora_dropout=recipe.dropout, target_modules=_targets(recipe, model),
        task_type=TASK,
        use_rslora=recipe.rslora, use_dora=recipe.dora, init_lora_weights=start,
    )  # fmt: skip


def _ia3(recipe: Recipe, model: Any) -> IA3Config:
    """Layers of the MLP are scaled at their input, others at their output."""
    targets, paths = _targets(recipe, model), [path for path, _ in model.named_modules()]
    if isinstance(targets, str):
        return IA3Config(target_modules=targets, feedforward_modules=list(MLP), task_type=TASK)
    present = [name for name in targets if _matching(paths, [name])]
    inner = [name for name in present if name in MLP]
    return IA3Config(target_modules=present, feedforward_modules=inner, task_type=TASK)


def _bottleneck(recipe: Recipe, model: Any) -> BottleneckConfig:
    """Adapters after the layers of `target_modules`, as wide inside as the recipe says."""
    return BottleneckConfig(
        target_modules=_targets(recipe, model), bottleneck=recipe.bottleneck,
        hidden_size=model.config.get_text_config().hidden_size,
        task_type=TASK,
    )  # fmt: skip


CONFIGS: Final[dict[str, Callable[[Recipe, Any], PeftConfig]]] = {
    "lora": _lora,
    "qlora": _lora,
    "ia3": _ia3,
    "prefix-tuning": lambda recipe, _: PrefixTuningConfig(num_virtual_tokens=recipe.virtual_tokens, task_type=TASK),
    "prompt-tuning": lambda recipe, _: PromptTuningConfig(  # from random numbers it hardly learns
        num_virtual_tokens=recipe.virtual_tokens, prompt_tuning_init=PromptTuningInit.SAMPLE_VOCAB, task_type=TASK
    ),
    "bottleneck": _bottleneck,
}


PREFIX: Final = "base_model.model."


@dataclass(frozen=True, slots=True)
class LoraWeights:
    """The update of a LoRA adapter: scale times `up` times `down`, per module."""

    scale: float
    modules: dict[str, tuple[Tensor, Tensor]]
    """Per module of the base `down` (rank, inputs) and `up` (outputs, rank), in float32 on the CPU."""
    config: LoraConfig

    @property
    def rank(self) -> int:
        """The rank of the update, which is the same for all modules."""
        return int(self.config.r)


def obstacle(folder: Path) -> str | None:
    """Why an adapter cannot be written as low-rank factors of an unchanged base; None if it can."""
    with model_errors(str(folder), "its adapter cannot be read"):
        config: Any = PeftConfig.from_pretrained(str(folder))
    if not isinstance(config, LoraConfig):
        return f"{visible(str(config.peft_type).rpartition('.')[2])} has no low-rank factors"
    if config.use_dora:
        return "DoRA scales base and update together, so the update does not exist by itself"
    if config.bias != "none" or getattr(config, "lora_bias", False):
        return "biases were trained too"
    if config.init_lora_weights not in (True, "gaussian", "orthogonal"):
        return f"initialisation {visible(str(config.init_lora_weights))!r} changed the base at the start"
    more = ("modules_to_save", "rank_pattern", "alpha_pattern", "trainable_token_indices")
    if any(getattr(config, key, None) for key in more):
        return "modules_to_save, trained tokens or rank patterns were used"
    return None


def lora_weights(folder: Path) -> LoraWeights:
    """The factors of an adapter; there must be no `obstacle`."""
    assert obstacle(folder) is None
    with loading(folder, "its adapter cannot be read"):
        config = LoraConfig.from_pretrained(str(folder))
        weights = load_peft_weights(str(folder), device="cpu")
    factors: dict[str, tuple[Tensor, Tensor]] = {}
    for name in weights:
        if name.endswith(".lora_A.weight"):
            module = name.removesuffix(".lora_A.weight")
            factors[module.removeprefix(PREFIX)] = (weights[name].float(), weights[f"{module}.lora_B.weight"].float())
    assert 2 * len(factors) == len(weights), "an adapter holds more than its factors"
    return LoraWeights(config.lora_alpha / (config.r**0.5 if config.use_rslora else config.r), factors, config)


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
