"""The factors of a LoRA adapter with their scale, and why those of some adapters are not all that was trained."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from peft import LoraConfig, PeftConfig, load_peft_weights
from torch import Tensor

from curate.core.text import visible
from curate.models.names import model_errors
from train.adapters import loading

PREFIX: Final = "base_model.model."


@dataclass(frozen=True, slots=True)
class LoraWeights:
    """What is added to the weights of some modules: scale times `up` times `down`."""

    scale: float
    modules: dict[str, tuple[Tensor, Tensor]]
    """Per module of the base `down` (rank, inputs) and `up` (outputs, rank), in float32 on the CPU."""
    config: LoraConfig

    @property
    def rank(self) -> int:
        """The same for all modules."""
        return int(self.config.r)


def obstacle(folder: Path) -> str | None:
    """Why an adapter is more than factors beside an unchanged base; None where it is not."""
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
    if (
        config.modules_to_save
        or config.rank_pattern
        or config.alpha_pattern
        or getattr(config, "trainable_token_indices", None)
    ):
        return "modules_to_save, trained tokens or rank patterns were used"
    return None


def lora_weights(folder: Path) -> LoraWeights:
    """The factors of an adapter without an `obstacle`."""
    assert obstacle(folder) is None
    with loading(folder, "its adapter cannot be read"):
        config = LoraConfig.from_pretrained(str(folder))
        weights = load_peft_weights(str(folder), device="cpu")
    found: dict[str, tuple[Tensor, Tensor]] = {}
    for name in weights:
        if name.endswith(".lora_A.weight"):
            module = name.removesuffix(".lora_A.weight")
            found[module.removeprefix(PREFIX)] = (weights[name].float(), weights[f"{module}.lora_B.weight"].float())
    assert 2 * len(found) == len(weights), "an adapter holds more than its factors"
    return LoraWeights(config.lora_alpha / (config.r**0.5 if config.use_rslora else config.r), found, config)
