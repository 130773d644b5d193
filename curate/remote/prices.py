"""Training prices from dated tables of the services; `[remote.prices]` and `--price` override them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Method = Literal["supervised", "dpo", "reinforcement"]


@dataclass(frozen=True, slots=True)
class Price:
    """The price of training a model."""

    model: str
    """Beginning of the model's name."""
    dollars: float
    """US dollars."""
    unit: Literal["million tokens", "hour"]
    source: str
    """Source and date of the number."""
    methods: tuple[Method, ...] = ("supervised", "dpo")
    longest: int | None = None
    """Maximum number of tokens of an example; the service truncates longer ones."""
    billions: float | None = None
    """Maximum size of the model, in billions of weights; None: any."""


MODEL_SIZE: Final = re.compile(r"(?:(\d+)x)?(\d+(?:\.\d+)?)b(?![a-z])", re.IGNORECASE)


def price_of(
    prices: Sequence[Price], model: str, method: Method, own_prices: Mapping[str, float], named: float | None = None
) -> Price | None:
    """The price of training `model`, None if unknown: the one given on the command line (`named`), else from the user's
    own table (the longest beginning of the name counts), else from the service's `prices`.
    """
    listed = next((price for price in prices if _covers(price, model, method)), None)
    longest = listed.longest if listed else None
    if named is not None:
        return Price(model, named, "million tokens", "--price", longest=longest)
    if keys := [key for key in own_prices if model.startswith(key)]:
        key = max(keys, key=len)
        return Price(key, own_prices[key], "million tokens", "[remote.prices]", longest=longest)
    return listed


def _covers(price: Price, model: str, method: Method) -> bool:
    """Whether a price is for a model of this name and size, trained by this method."""
    if method not in price.methods or not model.removeprefix("ft:").startswith(price.model):
        return False
    if price.billions is None:
        return True
    size = MODEL_SIZE.search(model)
    return size is not None and int(size[1] or 1) * float(size[2]) <= price.billions
