"""What a recipe leaves to the machine, decided once when a run begins: a resumed run keeps it, whatever has changed around it."""

import platform
from importlib.metadata import version
from typing import Final

import torch
from pydantic import BaseModel, ConfigDict

from train.model import compute_dtype, device
from train.ranks import world
from train.recipe import Recipe

PACKAGES: Final = ("torch", "transformers", "peft", "bitsandbytes", "accelerate")
TOKENS_PER_PASS: Final = {"cpu": 2048, "cuda": 4096}
"""Beyond these a pass gets hardly any faster per token, only bigger."""


class Settings(BaseModel):
    """The run's environment.json."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    python: str
    system: str
    device: str
    """Name of the GPU, or `cpu`."""
    packages: dict[str, str]
    """Versions of what computes."""
    dtype: str
    threads: int
    """CPU threads of each process."""
    ranks: int
    """Processes that train together."""
    optimiser: str
    tokens_per_pass: int
    activation_checkpointing: bool

    def differs(self, now: "Settings") -> bool:
        """Whether a run that began so would end otherwise on the machine of `now`."""
        return any(getattr(self, key) != getattr(now, key) for key in ("packages", "device", "ranks"))


def decide(recipe: Recipe) -> Settings:
    """The settings of a run that begins here and now."""
    on = device()
    return Settings(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        device=torch.cuda.get_device_name(on) if on.type == "cuda" else "cpu",
        packages={name: version(name) for name in PACKAGES},
        dtype=str(compute_dtype(recipe.dtype)).removeprefix("torch."),
        threads=recipe.threads or torch.get_num_threads(),
        ranks=world(),
        optimiser=recipe.optimiser if recipe.optimiser != "auto" else "adamw_torch" if on.type == "cpu" else "paged_adamw_8bit",
        tokens_per_pass=max(recipe.tokens_per_pass or TOKENS_PER_PASS[on.type], 1),
        activation_checkpointing=bool(recipe.activation_checkpointing),
    )
