"""Settings with which a training fits into the memory that there is, and what would have to change where none do."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from train.memory import Load, Sizes, loads
from train.plan_report import Estimate
from train.recipe import Recipe

ROOMS: Final = {True: (2048, 1024, 512), False: (4096, 2048, 1024, 512)}
"""Tokens in a forward pass that are worth trying, on a CPU and on a GPU: more gets hardly any faster per token, only bigger."""
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


def fit(sizes: Sizes, texts: Texts, memory: int, *, optimiser: str) -> Fit:
    """The settings that get the most out of `memory` bytes; where nothing fits, those that need the least.

    Big passes without activation checkpointing come first, then smaller ones, then the same with it, which is a third slower. What the recipe says
    is not tried otherwise.
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
    passes = dict(loads(texts.lengths, texts.supervised, recipe.batch, list(dict.fromkeys(max(room, longest) for room in rooms))))
    if not recipe.packing:
        passes = {longest: Load((longest,), max(1, round(longest * texts.supervised)))}
    wanted = (False, True) if recipe.activation_checkpointing is None and recipe.how.checkpoints else (bool(recipe.activation_checkpointing),)
    for checkpointing in wanted:
        for room, load in passes.items():
            yield room, load, checkpointing


def nearest(recipe: Recipe, sizes_of: Callable[[Recipe], Sizes], texts: Texts, memory: int, optimiser: str) -> tuple[dict[str, Any], Fit] | None:
    """The fewest changes to a recipe with which it fits, in the order in which they cost least; None where not even all of them help.

    `max_length` comes last: longer examples would have to be left out.
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
        found = fit(sizes, Texts(kept, texts.supervised), memory, optimiser=chosen)
        if found.fits:
            told = {key: value for key, value in changes.items() if value != getattr(recipe, key)}
            return told | {"tokens_per_pass": found.tokens_per_pass, "activation_checkpointing": found.activation_checkpointing}, found
    return None


def _changed(recipe: Recipe, changes: dict[str, Any]) -> Recipe | None:
    try:
        return Recipe.model_validate({**recipe.model_dump(), **changes})
    except ValidationError:  # what one method bears another does not
        return None
