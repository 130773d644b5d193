"""Which texts are trained on in which step, for the whole training, decided by the seed alone: a resumed training follows the same order."""

import random
from math import ceil

from train.recipe import Recipe

Order = tuple[tuple[int, ...], ...]
"""For each optimiser step, the indices of its texts."""


def plan_order(texts: int, recipe: Recipe) -> Order:
    """All texts in a new order in each epoch; the last step has what is left."""
    total = recipe.max_steps * recipe.batch if recipe.max_steps is not None else max(1, round((recipe.epochs or 1.0) * texts))
    order: list[int] = []
    for epoch in range(ceil(total / texts)):
        indices = list(range(texts))
        random.Random(f"{recipe.seed}:{epoch}").shuffle(indices)  # noqa: S311  (an order, not a secret)
        order += indices
    return tuple(tuple(order[start : min(start + recipe.batch, total)]) for start in range(0, total, recipe.batch))
