"""How much a training measures by default."""

from typing import Final

import pytest

from train.data.measuring import GENERAL_PROMPTS, MAX_EXAMPLES, MAX_PROBES, MIN_PROBES, Measuring, measuring_of
from train.recipe import Recipe

BASE: Final = {"model": "m", "data": "d"}


def cost(found: Measuring, held_out: int, mean: int, measurements: int) -> int:
    """Tokens of all forward passes that measure."""
    probed = 2 * found.probes + GENERAL_PROMPTS
    return 2 * held_out + measurements * found.examples * mean + 2 * probed * mean


@pytest.mark.parametrize("examples", [480, 1_000, 20_000])
def test_measuring_takes_at_most_a_quarter_of_a_run_by_default(examples: int) -> None:
    mean, held_out, measurements = 60, 111 * 60, 3
    found = measuring_of(Recipe(**BASE), examples * mean, held_out, mean, measurements)
    measured, trained = cost(found, held_out, mean, measurements), 3 * examples * mean
    assert measured <= (measured + trained) / 4
    assert found.probes >= MIN_PROBES


def test_a_long_run_measures_as_much_as_is_of_use() -> None:
    assert measuring_of(Recipe(**BASE), 10**8, 10**4, 60, 10) == (MAX_EXAMPLES, MAX_PROBES)


def test_the_recipe_decides() -> None:
    recipe = Recipe(**BASE, evaluate_examples=3, probes=0)
    assert measuring_of(recipe, 10**8, 10**4, 60, 10) == (3, 0)
