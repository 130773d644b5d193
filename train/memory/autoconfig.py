"""Settings with which a training fits into memory; if there are none, the changes to the recipe that help.

They are decided once, when a run starts. A resumed run keeps them.
"""

import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any, Final, NamedTuple

import torch
from pydantic import ValidationError

from curate.core.errors import ConfigError
from curate.core.text import gigabytes
from train.distributed import world_size
from train.memory.hardware import free_memory, held_memory, total_memory
from train.memory.memory_profile import Load, MemoryProfile
from train.methods import AUTO
from train.model.base import compute_dtype, device, experts_of
from train.recipe import Recipe, toml
from train.results import Estimate, StrictModel

BATCH_TOKENS: Final = {True: (2048, 1024, 512), False: (4096, 2048, 1024, 512)}
"""Tokens in a forward pass to try, on a CPU and on a GPU. More is hardly faster per token and takes more memory."""
MEMORY_SHARE: Final = 0.90
BASE_SHARE: Final = 0.25
"""Of the memory that a base may need for `auto` to leave it as it is: 4 bits save little then, and are slower."""


class Fit(NamedTuple):
    """Settings that the recipe leaves open, with the memory they need."""

    tokens_per_pass: int
    activation_checkpointing: bool
    optimiser: str
    estimate: Estimate
    fits: bool


class TextLengths(NamedTuple):
    """Lengths of the training texts."""

    lengths: Sequence[int]
    """Tokens of each."""
    supervised: float
    """Share of supervised tokens."""


def choose_settings(sizes: MemoryProfile, texts: TextLengths, memory: int, *, optimiser: str) -> Fit:
    """The fastest settings that fit into `memory` bytes; if none fit, those that need the least.

    Tried in this order: large passes without activation checkpointing, smaller ones, then the same with checkpointing,
    which is two fifths slower. Settings that the recipe gives are fixed.
    """
    tried: list[Fit] = []
    for room, load, checkpointing in _candidates(sizes, texts):
        estimate = sizes.estimate(load, checkpointing=checkpointing, optimiser=optimiser)
        fit = Fit(room, checkpointing, optimiser, estimate, estimate.high <= memory * MEMORY_SHARE)
        if fit.fits:
            return fit
        tried.append(fit)
    return min(tried, key=lambda fit: fit.estimate.high)


def _candidates(sizes: MemoryProfile, texts: TextLengths) -> Iterator[tuple[int, Load, bool]]:
    """Settings to try, the fastest first: tokens of a pass, the largest pass, and whether checkpointing is on.

    The largest pass has the longest text, and texts of median length while they fit.
    """
    recipe, ordered = sizes.recipe, sorted(texts.lengths)
    middle, longest = ordered[len(ordered) // 2], ordered[-1]
    others = recipe.batch * (1 + recipe.goal.compares) - 1
    rooms: tuple[int, ...] = (recipe.tokens_per_pass,) if recipe.tokens_per_pass else BATCH_TOKENS[sizes.on_cpu]
    if not recipe.packing:
        rooms = (longest,)
    open_ = recipe.activation_checkpointing is None and recipe.how.checkpoints
    for checkpointing in (False, True) if open_ else (bool(recipe.activation_checkpointing),):
        for room in dict.fromkeys(max(room, longest) for room in rooms):
            lengths = (longest, *[middle] * min(others, (room - longest) // middle))
            yield room, Load(lengths, max(1, round(sum(lengths) * texts.supervised))), checkpointing


def cheapest_fit(
    sizes: MemoryProfile, texts: TextLengths, memory: int, optimiser: str
) -> tuple[dict[str, Any], Fit] | None:
    """The cheapest changes with which a recipe fits; None if not even all of them help.

    `max_length` comes last, because longer examples would be left out.
    """
    recipe = sizes.recipe
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
        try:
            changed = Recipe.model_validate({**recipe.model_dump(), **changes, **step})
        except ValidationError:  # another method may not allow it
            continue
        changes |= step
        kept = [length for length in texts.lengths if length <= changed.max_length]
        if not kept:
            continue
        smaller = MemoryProfile(changed, sizes.dtype, on_cpu=sizes.on_cpu)
        chosen = str(changes.get("optimiser", optimiser))
        if smaller.without_steps(chosen) > memory * MEMORY_SHARE:
            continue
        fit = choose_settings(smaller, TextLengths(kept, texts.supervised), memory, optimiser=chosen)
        if fit.fits:
            choices = {key: value for key, value in changes.items() if value != getattr(recipe, key)}
            return choices | {
                "tokens_per_pass": fit.tokens_per_pass,
                "activation_checkpointing": fit.activation_checkpointing,
            }, fit
    return None


PACKAGES: Final = ("torch", "transformers", "peft", "bitsandbytes", "accelerate")


class RunEnvironment(StrictModel):
    """The run's environment.json."""

    python: str
    system: str
    device: str
    """Name of the GPU, or `cpu`."""
    packages: dict[str, str]
    """Versions."""
    dtype: str
    threads: int
    """CPU threads of each process."""
    ranks: int
    """Processes that train together."""
    optimiser: str
    tokens_per_pass: int
    activation_checkpointing: bool
    estimate: Estimate
    """Expected memory."""

    def differs(self, now: "RunEnvironment") -> bool:
        """Whether a run with these settings would give another result with those of `now`."""
        return any(getattr(self, key) != getattr(now, key) for key in ("packages", "device", "ranks"))


def sizes_of(recipe: Recipe, dtype: torch.dtype, memory: int, *, on_cpu: bool, config: Any = None) -> MemoryProfile:
    """Memory estimates for a recipe, which is `sizes.recipe`: with the method that `auto` means in `memory` bytes."""
    if recipe.method != AUTO:
        return MemoryProfile(recipe, dtype, on_cpu=on_cpu, config=config)
    whole, packed = (recipe.model_copy(update={"method": method}) for method in ("lora", "qlora"))
    sizes = MemoryProfile(whole, dtype, on_cpu=on_cpu, config=config)
    if sizes.weights < memory * BASE_SHARE or experts_of(sizes.config):
        return sizes
    return MemoryProfile(packed, dtype, on_cpu=on_cpu, config=sizes.config)


def with_method(recipe: Recipe) -> Recipe:
    """The recipe with the method that `auto` means on this machine. The memory in use does not matter."""
    if recipe.method != AUTO:
        return recipe
    dtype, on_cpu = compute_dtype(recipe.dtype), device().type == "cpu"
    return sizes_of(recipe, dtype, total_memory(), on_cpu=on_cpu).recipe


def decide(recipe: Recipe, texts: TextLengths) -> RunEnvironment:
    """The settings of a run that starts here and now. Raises `ConfigError` with the nearest ones if they do not fit."""
    on, memory, optimiser = device(), available(), optimiser_of(recipe)
    sizes = MemoryProfile(recipe, compute_dtype(recipe.dtype), on_cpu=on.type == "cpu")
    fit = choose_settings(sizes, texts, memory, optimiser=optimiser)
    if not fit.fits:
        needs, next_step = shortage(fit, sizes, texts, memory)
        raise ConfigError(f"this training {needs}", next_step)
    return RunEnvironment(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        device="cpu" if sizes.on_cpu else torch.cuda.get_device_name(on),
        packages={name: version(name) for name in PACKAGES},
        dtype=str(sizes.dtype).removeprefix("torch."),
        threads=recipe.threads or torch.get_num_threads(),
        ranks=world_size(),
        **{key: value for key, value in fit._asdict().items() if key != "fits"},
    )


def optimiser_of(recipe: Recipe) -> str:
    """The optimizer; `auto` depends on the device."""
    if recipe.optimiser != "auto":
        return recipe.optimiser
    return "adamw_torch" if device().type == "cpu" else "paged_adamw_8bit"


def available() -> int:
    """Bytes that a training may use, on a CPU including what this process holds already."""
    return free_memory() + (held_memory() if device().type == "cpu" else 0)


def shortage(tried: Fit, sizes: MemoryProfile, texts: TextLengths, memory: int) -> tuple[str, str]:
    """A message how much memory is missing, and a hint with the changes to the recipe with which it fits."""
    needs = f"needs {gigabytes(tried.estimate.high)} of memory, and there are {gigabytes(memory)}"
    other = cheapest_fit(sizes, texts, memory, tried.optimiser)
    if other is None:
        return needs, "choose a smaller base: even its shortest examples in 4 bits do not fit"
    changes, fit = other
    lines = "  ".join(f"{key} = {toml(value)}" for key, value in changes.items())
    return needs, f"it fits with  {lines}  ({gigabytes(fit.estimate.high)})"
