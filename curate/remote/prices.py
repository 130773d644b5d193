"""What training costs: one dated table. Prices change; `[remote.prices]` and `--price` beat it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from curate.targets import Target

Method = Literal["supervised", "dpo", "reinforcement"]
OPENAI_PRICES: Final = "OpenAI's price list (platform.openai.com/docs/pricing), as of 2025-11"
OPENAI_HOURS: Final = "OpenAI's billing guide for reinforcement fine-tuning (help.openai.com), read 2026-11"
TOGETHER_PRICES: Final = "Together's price list (together.ai/pricing, LoRA), as of 2025-11"
FIREWORKS_PRICES: Final = "Fireworks' price list (fireworks.ai/pricing), read 2026-11"
LONG: Final = 65_536
"""Tokens of an example that OpenAI's newer models train on; the rest is cut off."""


@dataclass(frozen=True, slots=True)
class Price:
    """What training a model costs."""

    target: Target
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


PRICES: Final = (
    Price(Target.OPENAI, "gpt-4.1-nano", 1.5, "million tokens", OPENAI_PRICES, longest=LONG),
    Price(Target.OPENAI, "gpt-4.1-mini", 5, "million tokens", OPENAI_PRICES, longest=LONG),
    Price(Target.OPENAI, "gpt-4.1", 25, "million tokens", OPENAI_PRICES, longest=LONG),
    Price(Target.OPENAI, "gpt-4o-mini", 3, "million tokens", OPENAI_PRICES, ("supervised",), LONG),
    Price(Target.OPENAI, "gpt-4o", 25, "million tokens", OPENAI_PRICES, longest=LONG),
    Price(Target.OPENAI, "gpt-3.5-turbo", 8, "million tokens", OPENAI_PRICES, ("supervised",), 16_385),
    Price(Target.OPENAI, "davinci-002", 6, "million tokens", OPENAI_PRICES, ("supervised",)),
    Price(Target.OPENAI, "babbage-002", 0.4, "million tokens", OPENAI_PRICES, ("supervised",)),
    Price(Target.OPENAI, "o4-mini", 100, "hour", OPENAI_HOURS, ("reinforcement",)),
    Price(Target.TOGETHER, "", 0.48, "million tokens", TOGETHER_PRICES, ("supervised",), billions=16),
    Price(Target.TOGETHER, "", 1.5, "million tokens", TOGETHER_PRICES, ("supervised",), billions=69),
    Price(Target.TOGETHER, "", 2.9, "million tokens", TOGETHER_PRICES, ("supervised",), billions=100),
    Price(Target.TOGETHER, "", 1.2, "million tokens", TOGETHER_PRICES, ("dpo",), billions=16),
    Price(Target.TOGETHER, "", 3.75, "million tokens", TOGETHER_PRICES, ("dpo",), billions=69),
    Price(Target.TOGETHER, "", 7.25, "million tokens", TOGETHER_PRICES, ("dpo",), billions=100),
    Price(Target.FIREWORKS, "", 0.5, "million tokens", FIREWORKS_PRICES, ("supervised",), billions=16),
    Price(Target.FIREWORKS, "", 3, "million tokens", FIREWORKS_PRICES, ("supervised",), billions=80),
)
"""The first that fits counts. Azure's prices differ by region and tier, Mistral's by contract: name them."""
SIZE: Final = re.compile(r"(?:(\d+)x)?(\d+(?:\.\d+)?)b(?![a-z])", re.IGNORECASE)


def price_of(target: Target, model: str, method: Method, own: Mapping[str, float], named: float | None = None) -> Price | None:
    """What training `model` costs: as named on the command line, as the user's own table has it (the longest beginning counts), else by ours.

    None where nobody knows.
    """
    listed = next((price for price in PRICES if _fits(price, target, model, method)), None)
    longest = listed.longest if listed else None
    if named is not None:
        return Price(target, model, named, "million tokens", "--price", longest=longest)
    if keys := [key for key in own if model.startswith(key)]:
        key = max(keys, key=len)
        return Price(target, key, own[key], "million tokens", "[remote.prices]", longest=longest)
    return listed


def _fits(price: Price, target: Target, model: str, method: Method) -> bool:
    if price.target is not target or method not in price.methods or not model.removeprefix("ft:").startswith(price.model):
        return False
    if price.billions is None:
        return True
    size = SIZE.search(model)
    return size is not None and int(size[1] or 1) * float(size[2]) <= price.billions
