"""Where transformers reports metrics besides the run's folder: told before the training where the package for it is not installed."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Final

from curate.errors import ConfigError
from train.recipe import Recipe

PACKAGES: Final[Mapping[str, Sequence[str]]] = {"tensorboard": ("tensorboard", "tensorboardX")}
"""What a place is reported to with, where it is not the package of its name."""


def missing(recipe: Recipe) -> tuple[str, ...]:
    """The places named in the recipe that nothing here can report to."""
    return tuple(place for place in recipe.report_to if not any(find_spec(name) for name in PACKAGES.get(place, (place,))))


def must_report(recipe: Recipe) -> None:
    """Raises `ConfigError` where there are some: transformers would say so once the model is loaded and its base is measured."""
    if places := missing(recipe):
        raise ConfigError(reason(places), advice(places))


def reason(places: Sequence[str]) -> str:
    """Why the training cannot begin."""
    return f"report_to: {', '.join(places)} {'is' if len(places) == 1 else 'are'} not installed"


def advice(places: Sequence[str]) -> str:
    """What to do about it."""
    return f"pip install {' '.join(places)}, or leave {'it' if len(places) == 1 else 'them'} out of report_to"
