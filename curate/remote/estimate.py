"""Estimate of a training at a service: tokens, epochs and cost."""

from array import array
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curate.core.files import display_name
from curate.corpus.stats import Progress, counted, usual_epochs
from curate.read.dataset import FileFacts, demand_read, read_file
from curate.remote.prices import Price
from curate.remote.settings import PREFERENCE, Settings
from curate.remote.tokens import TokenCounter


@dataclass(slots=True)
class Measured:
    """The size of a file as a service counts it."""

    path: str
    bytes: int = 0
    examples: int = 0
    tokens: "array[int]" = field(default_factory=lambda: array("I"))
    """Tokens of each example."""
    formats: Counter[str] = field(default_factory=Counter)
    images: int = 0
    """Examples with images, whose tokens are not counted."""

    @property
    def total(self) -> int:
        """Tokens of one epoch."""
        return sum(self.tokens)

    @property
    def longest(self) -> int:
        """Tokens of the longest example."""
        return max(self.tokens, default=0)


def measure(path: Path, counter: TokenCounter, progress: Progress | None = None) -> Measured:
    """Count the tokens of a file. Raises `InputError` if it cannot be read."""
    facts = FileFacts(display_name(path))
    found = Measured(display_name(path))
    for parsed in counted(read_file(path, facts), progress):
        if parsed.example is not None:
            value: dict[str, Any] = (
                parsed.decoded.value if parsed.example.format == PREFERENCE else parsed.example.value
            )
            found.tokens.append(min(counter.count(value), (1 << 32) - 1))
            found.images += _has_image(value)
    demand_read(facts)
    found.bytes, found.examples, found.formats = facts.size, facts.examples, facts.formats
    return found


def _has_image(value: dict[str, Any]) -> bool:
    turns = value.get("messages")
    contents = [turn.get("content") for turn in turns if isinstance(turn, dict)] if isinstance(turns, list) else []
    return any(
        isinstance(part, dict) and part.get("type") == "image_url"
        for content in contents
        if isinstance(content, list)
        for part in content
    )


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimate of a training."""

    settings: Settings
    training: Measured
    validation: Measured | None
    counter: TokenCounter
    epochs: int
    epochs_named: bool
    """Whether the user set them; else they are the service's default."""
    tokens: int
    """Billed tokens: of all epochs, without what the service truncates."""
    cut: int
    """Examples that the service truncates: they are longer than the model trains on."""
    price: Price | None
    cost: float | None
    """US dollars; None without a known price, and for a price by the hour without hours."""


def estimated(
    settings: Settings,
    training: Measured,
    validation: Measured | None,
    counter: TokenCounter,
    price: Price | None,
    *,
    usual: int | None = None,
    hours: float | None = None,
) -> Estimate:
    """The estimate for counted files; `usual` is the service's default number of epochs."""
    epochs = settings.epochs or usual or usual_epochs(training.examples)
    longest = price.longest if price else None
    billed = training.total if longest is None else sum(min(count, longest) for count in training.tokens)
    cut = 0 if longest is None else sum(count > longest for count in training.tokens)
    tokens = epochs * billed
    cost = None
    if price is not None and price.unit == "million tokens":
        cost = round(tokens / 1e6 * price.dollars, 2)
    elif price is not None and hours is not None:
        cost = round(hours * price.dollars, 2)
    return Estimate(
        settings, training, validation, counter, epochs, settings.epochs is not None, tokens, cut, price, cost
    )
