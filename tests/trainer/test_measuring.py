"""How much a training measures by default."""

from typing import Final

import pytest

from train.data.measuring import (
    GENERAL_PROMPTS,
    MAX_EXAMPLES,
    MAX_PROBES,
    MIN_EXAMPLES,
    MIN_PROBES,
    Measuring,
    measuring_of,
)
from train.recipe import Recipe

BASE: Final = {"model": "m", "data": "d"}


def cost(found: Measuring, held_out: int, mean: int, measurements: int) -> int:
    """Tokens of all forward passes that measure."""
    probed = 2 * found.probes + GENERAL_PROMPTS
    return 2 * held_out + measurements * found.examples * mean + 2 * probed * mean


@pytest.mark.parametrize(("method", "passes"), [("full", 3), ("lora", 2)])
@pytest.mark.parametrize("examples", [720, 1_000, 20_000])
def test_measuring_takes_at_most_a_quarter_of_a_run_by_default(examples: int, method: str, passes: int) -> None:
    mean, held_out, measurements = 60, 111 * 60, 3
    measuring = measuring_of(Recipe(**BASE, method=method), examples * mean, held_out, mean, measurements)
    measured, trained = cost(measuring, held_out, mean, measurements), passes * examples * mean
    assert measured <= (measured + trained) / 4
    assert measuring.probes >= MIN_PROBES


def test_a_short_run_measures_the_least_that_says_anything() -> None:
    assert measuring_of(Recipe(**BASE), 480 * 60, 111 * 60, 60, 3) == (MIN_EXAMPLES, MIN_PROBES)


def test_a_long_run_measures_as_much_as_is_of_use() -> None:
    assert measuring_of(Recipe(**BASE), 10**8, 10**4, 60, 10) == (MAX_EXAMPLES, MAX_PROBES)


def test_the_recipe_decides() -> None:
    recipe = Recipe(**BASE, evaluate_examples=3, probes=0)
    assert measuring_of(recipe, 10**8, 10**4, 60, 10) == (3, 0)
