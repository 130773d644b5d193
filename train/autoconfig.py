"""Settings with which a training fits into memory; if there are none, the changes to the recipe that help.

They are decided once, when a run starts. A resumed run keeps them.
"""

import platform
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from typing import Any, Final, NamedTuple

import torch
from pydantic import BaseModel, ConfigDict, ValidationError

from curate.core.errors import ConfigError
from train.distributed import world
from train.hardware import free_memory, held_memory
from train.memory_profile import Load, Sizes, loads
from train.model import compute_dtype, device
from train.recipe import Recipe, toml
from train.results import Estimate

ROOMS: Final = {True: (2048, 1024, 512), False: (4096, 2048, 1024, 512)}
"""Tokens in a forward pass to try, on a CPU and on a GPU. More is hardly faster per token and takes more memory."""
MARGIN: Final = 0.97
"""Share of the free memory that may be used."""


class Fit(NamedTuple):
    """Settings that the recipe leaves open, and what a training with them needs."""

    tokens_per_pass: int
    activation_checkpointing: bool
    optimiser: str
    estimate: Estimate
    fits: bool


class Texts(NamedTuple):
    """What the texts to be trained on are like."""

    lengths: Sequence[int]
    """Tokens of each."""
    supervised: float
    """Share of tokens that are trained on."""


def choose_settings(sizes: Sizes, texts: Texts, memory: int, *, optimiser: str) -> Fit:
    """The fastest settings that fit into `memory` bytes; if none fit, those that need the least.

    Tried in this order: large passes without activation checkpointing, smaller ones, then the same with checkpointing,
    which is a third slower. Settings that the recipe gives are fixed.
    """
    tried: list[Fit] = []
    for room, load, checkpointing in _candidates(sizes, texts):
        estimate = sizes.estimate(load, checkpointing=checkpointing, optimiser=optimiser)
        found = Fit(room, checkpointing, optimiser, estimate, estimate.high <= memory * MARGIN)
        if found.fits:
            return found
        tried.append(found)
    return min(tried, key=lambda one: one.estimate.high)


def _candidates(sizes: Sizes, texts: Texts) -> Iterator[tuple[int, Load, bool]]:
    recipe = sizes.recipe
    longest = max(texts.lengths)
    rooms = (recipe.tokens_per_pass,) if recipe.tokens_per_pass else ROOMS[sizes.on_cpu]
    passes = dict(
        loads(texts.lengths, texts.supervised, recipe.batch, list(dict.fromkeys(max(room, longest) for room in rooms)))
    )
    if not recipe.packing:
        passes = {longest: Load((longest,), max(1, round(longest * texts.supervised)))}
    wanted = (
        (False, True)
        if recipe.activation_checkpointing is None and recipe.how.checkpoints
        else (bool(recipe.activation_checkpointing),)
    )
    for checkpointing in wanted:
        for room, load in passes.items():
            yield room, load, checkpointing


def nearest(
    recipe: Recipe, sizes_of: Callable[[Recipe], Sizes], texts: Texts, memory: int, optimiser: str
) -> tuple[dict[str, Any], Fit] | None:
    """The cheapest changes with which a recipe fits; None if not even all of them help.

    `max_length` comes last, because longer examples would be left out.
    """
    longest = max(texts.lengths)
    small = "paged_adamw_8bit" if optimiser.startswith("paged") else "adamw_8bit"
    steps: list[dict[str, Any]] = [
        {"tokens_per_pass": None, "activation_checkpointing": None},
        {"optimiser": small},
        {"method": "qlora", "quantisation": "auto"} if recipe.method in ("lora", "full") else {"quantisation": "nf4"},
        {"rank": 8} if recipe.method in ("lora", "qlora", "full") and recipe.rank > 8 else {},
        *({"max_length": length} for length in (1024, 512, 256) if length < longest),
    ]
    changes: dict[str, Any] = {}
    for step in steps:
        changes |= step
        changed = _changed(recipe, changes)
        if changed is None:
            continue
        limit = changed.max_length
        kept = [length for length in texts.lengths if length <= limit]
        if not kept:
            continue
        sizes, chosen = sizes_of(changed), str(changes.get("optimiser", optimiser))
        if sizes.without_steps(chosen) > memory * MARGIN:
            continue
        found = choose_settings(sizes, Texts(kept, texts.supervised), memory, optimiser=chosen)
        if found.fits:
            told = {key: value for key, value in changes.items() if value != getattr(recipe, key)}
            return told | {
                "tokens_per_pass": found.tokens_per_pass,
                "activation_checkpointing": found.activation_checkpointing,
            }, found
    return None


def _changed(recipe: Recipe, changes: dict[str, Any]) -> Recipe | None:
    try:
        return Recipe.model_validate({**recipe.model_dump(), **changes})
    except ValidationError:  # what one method bears another does not
        return None


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
    """The settings of a run that starts here and now. Raises `ConfigError` with the nearest ones if they do not fit."""
    on = device()
    on_cpu = on.type == "cpu"
    dtype = compute_dtype(recipe.dtype)
    sizes = Sizes(recipe, dtype, on_cpu=on_cpu)
    memory = available()
    optimiser = optimiser_of(recipe)
    found = choose_settings(sizes, texts, memory, optimiser=optimiser)
    if not found.fits:
        other = nearest(recipe, lambda changed: Sizes(changed, dtype, on_cpu=on_cpu), texts, memory, optimiser)
        raise ConfigError(
            f"this training needs {gigabytes(found.estimate.high)} of memory, and there are {gigabytes(memory)}",
            advice(other),
        )
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
    return (
        recipe.optimiser
        if recipe.optimiser != "auto"
        else "adamw_torch"
        if device().type == "cpu"
        else "paged_adamw_8bit"
    )


def available() -> int:
    """Bytes that a training may need in all: on a CPU, what this process holds already counts as its own."""
    return free_memory() + (held_memory() if device().type == "cpu" else 0)


def advice(nearest: tuple[dict[str, Any], Fit] | None) -> str:
    """The changes to a recipe with which it fits, as lines of it."""
    if nearest is None:
        return "choose a smaller base: even its shortest examples in 4 bits do not fit"
    changes, found = nearest
    lines = "  ".join(f"{key} = {toml(value)}" for key, value in changes.items())
    return f"it fits with  {lines}  ({gigabytes(found.estimate.high)})"


def gigabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
