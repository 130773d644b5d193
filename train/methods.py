"""Methods: what is trained on top of the frozen base."""

import warnings
from typing import Any, Final

from peft import LoraConfig, PeftModel, get_peft_model

from curate.errors import ConfigError
from train.recipe import Recipe

# Names of linear layers in models of the Llama, Mistral, Qwen, Gemma and Phi families.
PRESETS: Final = {
    "attention": ("q_proj", "k_proj", "v_proj", "o_proj", "qkv_proj"),
    "attention+mlp": ("q_proj", "k_proj", "v_proj", "o_proj", "qkv_proj", "gate_proj", "up_proj", "down_proj", "gate_up_proj"),
}


def attach(model: Any, recipe: Recipe) -> PeftModel:
    """The base with a fresh adapter, which changes nothing before its first step. Adapter weights are float32.

    Raises `ConfigError` where the recipe's target modules are not in the model.
    """
    targets: str | list[str]
    if isinstance(recipe.target_modules, str):
        targets = list(PRESETS[recipe.target_modules]) if recipe.target_modules in PRESETS else recipe.target_modules
    else:
        targets = list(recipe.target_modules)
    # Some loaders of adapters read alpha as an integer.
    alpha = int(recipe.alpha) if recipe.alpha.is_integer() else recipe.alpha
    config = LoraConfig(r=recipe.rank, lora_alpha=alpha, lora_dropout=recipe.dropout, target_modules=targets, task_type="CAUSAL_LM")
    try:
        with warnings.catch_warnings():
            # PEFT asks transformers by a name that transformers means to drop.
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
            tuned = get_peft_model(model, config)
    except ValueError as error:
        names = sorted({name.rsplit(".", 1)[-1] for name, module in model.named_modules() if type(module).__name__ in ("Linear", "Linear4bit")})
        raise ConfigError(f"target_modules: {error}", f"the linear layers of this model are {', '.join(names)}") from error
    # What others load is the model that the recipe names, not the folder where this machine keeps it.
    for one in tuned.peft_config.values():
        one.base_model_name_or_path = recipe.model
    return tuned


def parameters(model: Any) -> tuple[int, int]:
    """Numbers of trainable parameters and of all of them; one in 4 bits counts as one."""
    trainable, total = model.get_nb_trainable_parameters()
    return int(trainable), int(total)
