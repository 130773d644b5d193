"""What a recipe leaves to the machine, decided once when a run begins: a resumed run keeps it, whatever has changed around it."""

import platform
from importlib.metadata import version
from typing import Any, Final

import torch
from pydantic import BaseModel, ConfigDict

from curate.errors import ConfigError
from train.fit import Fit, Texts, fit, nearest
from train.machine import free_memory, held_memory
from train.memory import Sizes
from train.model import compute_dtype, device
from train.plan_report import Estimate
from train.ranks import world
from train.recipe import Recipe, toml

PACKAGES: Final = ("torch", "transformers", "peft", "bitsandbytes", "accelerate")


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
    estimate: Estimate
    """Memory that was expected of it."""

    def differs(self, now: "Settings") -> bool:
        """Whether a run that began so would end otherwise on the machine of `now`."""
        return any(getattr(self, key) != getattr(now, key) for key in ("packages", "device", "ranks"))


def decide(recipe: Recipe, texts: Texts) -> Settings:
    """The settings of a run that begins here and now. Raises `ConfigError` with the nearest ones that fit where those of the recipe do not."""
    on = device()
    on_cpu = on.type == "cpu"
    dtype = compute_dtype(recipe.dtype)
    sizes = Sizes(recipe, dtype, on_cpu=on_cpu)
    memory = available()
    optimiser = optimiser_of(recipe)
    found = fit(sizes, texts, memory, optimiser=optimiser)
    if not found.fits:
        other = nearest(recipe, lambda changed: Sizes(changed, dtype, on_cpu=on_cpu), texts, memory, optimiser)
        raise ConfigError(f"this training needs {gigabytes(found.estimate.high)} of memory, and there are {gigabytes(memory)}", advice(other))
    return Settings(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        device="cpu" if on_cpu else torch.cuda.get_device_name(on),
        packages={name: version(name) for name in PACKAGES},
        dtype=str(dtype).removeprefix("torch."),
        threads=recipe.threads or torch.get_num_threads(),
        ranks=world(),
        optimiser=optimiser,
        tokens_per_pass=found.tokens_per_pass,
        activation_checkpointing=found.activation_checkpointing,
        estimate=found.estimate,
    )


def optimiser_of(recipe: Recipe) -> str:
    """What `auto` means on this device."""
    return recipe.optimiser if recipe.optimiser != "auto" else "adamw_torch" if device().type == "cpu" else "paged_adamw_8bit"


def available() -> int:
    """Bytes that a training may need in all: on a CPU, what this process holds already counts as its own."""
    return free_memory() + (held_memory() if device().type == "cpu" else 0)


def advice(nearest: tuple[dict[str, Any], Fit] | None) -> str:
    """The changes to a recipe with which it fits, as lines of it."""
    if nearest is None:
        return "take a smaller base: not even its shortest examples in 4 bits would fit"
    changes, found = nearest
    lines = "  ".join(f"{key} = {toml(value)}" for key, value in changes.items())
    return f"it fits with  {lines}  ({gigabytes(found.estimate.high)})"


def gigabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
