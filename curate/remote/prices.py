"""What training costs, by the dated tables of the services. Prices change; `[remote.prices]` and `--price` beat
them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Method = Literal["supervised", "dpo", "reinforcement"]


@dataclass(frozen=True, slots=True)
class Price:
    """What training a model costs."""

    model: str
    """Its name begins so."""
    dollars: float
    """US dollars."""
    unit: Literal["million tokens", "hour"]
    source: str
    """Where the number comes from, and of when it is."""
    methods: tuple[Method, ...] = ("supervised", "dpo")
    longest: int | None = None
    """Tokens of an example that are trained on."""
    billions: float | None = None
    """Most billions of weights that it counts for; None where the name alone decides."""


SIZE: Final = re.compile(r"(?:(\d+)x)?(\d+(?:\.\d+)?)b(?![a-z])", re.IGNORECASE)


def price_of(
    prices: Sequence[Price], model: str, method: Method, own: Mapping[str, float], named: float | None = None
) -> Price | None:
    """What training `model` costs: as named on the command line, else as the user's own table has it (the longest
    beginning counts), else as the service's `prices` have it.

    None where nobody knows.
    """
    listed = next((price for price in prices if _fits(price, model, method)), None)
    longest = listed.longest if listed else None
    if named is not None:
        return Price(model, named, "million tokens", "--price", longest=longest)
    if keys := [key for key in own if model.startswith(key)]:
        key = max(keys, key=len)
        return Price(key, own[key], "million tokens", "[remote.prices]", longest=longest)
    return listed


def _fits(price: Price, model: str, method: Method) -> bool:
    if method not in price.methods or not model.removeprefix("ft:").startswith(price.model):
        return False
    if price.billions is None:
        return True
    size = SIZE.search(model)
    return size is not None and int(size[1] or 1) * float(size[2]) <= price.billions
