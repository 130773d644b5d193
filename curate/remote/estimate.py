"""Estimate of a training at a service: tokens, epochs and cost."""

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from curate.core.files import display_name
from curate.core.json_output import NotPrinted, Output
from curate.corpus.stats import Progress, usual_epochs, with_progress
from curate.read.dataset import FileFacts, read_file, require_read
from curate.remote.endpoint import Place
from curate.remote.prices import Price
from curate.remote.settings import PREFERENCE_FORMAT, Settings
from curate.remote.tokens import TokenCounter


@dataclass(frozen=True, slots=True)
class FileNumbers(Output):
    """A file as the service counts it."""

    path: str
    bytes: int
    examples: int
    tokens: int
    """Tokens of one epoch."""
    longest: int
    """Tokens of the longest example."""
    with_images: int
    """Examples with images, whose tokens are not counted."""
    lengths: NotPrinted[Sequence[int]]
    """Tokens of each example."""
    formats: NotPrinted[Counter[str]]


def measure(path: Path, counter: TokenCounter, progress: Progress | None = None) -> FileNumbers:
    """Count the tokens of a file. Raises `InputError` if it cannot be read."""
    facts, lengths, with_images = FileFacts(display_name(path)), array("I"), 0
    for parsed in with_progress(read_file(path, facts), progress):
        if parsed.example is not None:
            value: dict[str, Any] = (
                parsed.decoded.value if parsed.example.format == PREFERENCE_FORMAT else parsed.example.value
            )
            lengths.append(min(counter.count(value), (1 << 32) - 1))
            with_images += _has_image(value)
    require_read(facts)
    longest = max(lengths, default=0)
    return FileNumbers(
        facts.path, facts.size, facts.examples, sum(lengths), longest, with_images, lengths, facts.formats
    )


def _has_image(value: dict[str, Any]) -> bool:
    """Whether a message of a line has an image."""
    turns = value.get("messages")
    contents = [turn.get("content") for turn in turns if isinstance(turn, dict)] if isinstance(turns, list) else []
    return any(
        isinstance(part, dict) and part.get("type") == "image_url"
        for content in contents
        if isinstance(content, list)
        for part in content
    )


@dataclass(frozen=True, slots=True)
class EstimateResult(Output):
    """What `curate remote estimate --json` prints."""

    target: str
    settings: Settings
    training: FileNumbers
    validation: FileNumbers | None
    tokens_by: str
    """Source of the count: a tokenizer, or bytes divided by four."""
    exact: bool
    """Whether it is the model's own tokenizer."""
    epochs: int
    epochs_named: bool
    """Whether the user set them; else it is the service's usual number."""
    tokens: int
    """Tokens of all epochs: the billed number."""
    cut: int
    """Examples longer than the model trains on; the service truncates them."""
    price: float | None
    """US dollars per unit; null if the price is unknown."""
    unit: Literal["million tokens", "hour"] | None
    price_source: str | None
    """Source and date of the price."""
    cost: float | None
    """US dollars."""
    longest: NotPrinted[int | None]
    """Tokens of an example that the model trains on."""


def estimated(
    place: Place,
    settings: Settings,
    training: FileNumbers,
    validation: FileNumbers | None,
    counter: TokenCounter,
    price: Price | None,
    hours: float | None,
) -> EstimateResult:
    """The estimate for counted files; without given epochs, for the service's default number of them."""
    epochs = settings.epochs or place.service.epochs or usual_epochs(training.examples)
    longest = price.longest if price else None
    billed = training.tokens if longest is None else sum(min(count, longest) for count in training.lengths)
    cut = 0 if longest is None else sum(count > longest for count in training.lengths)
    tokens = epochs * billed
    cost = None
    if price is not None and price.unit == "million tokens":
        cost = round(tokens / 1e6 * price.dollars, 2)
    elif price is not None and hours is not None:
        cost = round(hours * price.dollars, 2)
    return EstimateResult(
        target=place.target.value,
        settings=settings,
        training=training,
        validation=validation,
        tokens_by=counter.name,
        exact=counter.exact,
        epochs=epochs,
        epochs_named=settings.epochs is not None,
        tokens=tokens,
        cut=cut,
        price=price.dollars if price else None,
        unit=price.unit if price else None,
        price_source=price.source if price else None,
        cost=cost,
        longest=longest,
    )
