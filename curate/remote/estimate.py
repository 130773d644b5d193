"""Estimate of a training at a service: tokens, epochs and cost.

Tokens are counted as the service does: by the model's tokenizer if it is available, else by bytes.
"""

import importlib
import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from curate.core.errors import UsageError
from curate.core.events import Advance
from curate.core.example import content_text
from curate.core.form_keys import PAIR_SIDES
from curate.core.json_output import NotPrinted, Output
from curate.core.text import estimated_tokens, storable
from curate.corpus.stats import usual_epochs, with_progress
from curate.models.template import load_template
from curate.read.dataset import FileFacts, read_file, require_read
from curate.remote.endpoint import ServiceAddress
from curate.remote.settings import PREFERENCE_FORMAT, Price, Settings
from curate.storage.files import display_name

CL100K_MODELS: Final = ("gpt-3.5", "davinci-002", "babbage-002")
O200K_MODELS: Final = ("gpt-4o", "gpt-4.1", "gpt-5", "o1", "o3", "o4")
PER_MESSAGE, PER_NAME, PER_EXAMPLE = 3, 1, 3
"""Tokens that OpenAI adds, according to its cookbook."""
MESSAGE_KEYS: Final = ("messages", *PAIR_SIDES["openai-preference"])
Count = Callable[[dict[str, Any]], int]


@dataclass(frozen=True, slots=True)
class TokenCounter:
    """Counts the tokens of a line's object."""

    name: str
    """The tokenizer; `bytes` for an estimate."""
    exact: bool
    """Whether it is the model's own tokenizer; the service may still add a few tokens of structure."""
    count: Count


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


def measure(path: Path, counter: TokenCounter, progress: Advance | None = None) -> FileNumbers:
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
    place: ServiceAddress,
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


def counter_of(model: str, tokenizer: str = "", chat_template: str = "") -> TokenCounter:
    """The most exact counter that is available for a model of a service.

    `tokenizer`: a model (hub id, folder, `offline:NAME`) whose tokenizer and chat template count; `chat_template`
    replaces its template. If it is empty, tiktoken or bpe-openai counts for OpenAI's models if it is installed; for
    others, bytes are counted. Raises `ModelError` if `tokenizer` cannot be loaded, `UsageError` for a chat template
    without it.
    """
    if chat_template and not tokenizer:
        raise UsageError(
            "--chat-template has no effect without --tokenizer", "name the model whose tokenizer counts the tokens"
        )
    if tokenizer:
        template = load_template(tokenizer, chat_template)
        return TokenCounter(
            tokenizer,
            True,
            lambda value: template.encode(value).length or _token_count(value, lambda text: len(template.ids(text))),
        )
    name = model.removeprefix("ft:")
    encoding = (
        "cl100k_base" if name.startswith(CL100K_MODELS) else "o200k_base" if name.startswith(O200K_MODELS) else ""
    )
    for package in ("tiktoken", "bpe_openai") if encoding else ():
        if (encode := _encoder(package, encoding)) is not None:
            return TokenCounter(
                f"{package} ({encoding})", True, lambda value: _token_count(value, lambda text: len(encode(text)))
            )
    return TokenCounter(
        "bytes", False, lambda value: _token_count(value, lambda text: estimated_tokens(len(text.encode())))
    )


def _encoder(package: str, encoding: str) -> Callable[[str], list[int]] | None:
    """The function that splits text into tokens; None if the package is not installed or its vocabulary cannot be
    loaded.
    """
    try:
        encode: Callable[[str], list[int]] = importlib.import_module(package).get_encoding(encoding).encode_ordinary
    except Exception:  # noqa: BLE001  # not installed, or its vocabulary cannot be downloaded
        return None
    return encode


def _token_count(value: dict[str, Any], size: Callable[[str], int]) -> int:
    """The number of tokens of an example; `size` counts those of a text."""
    total = PER_EXAMPLE
    for key in ("tools", "functions"):
        if value.get(key):
            total += size(storable(json.dumps(value[key], ensure_ascii=False)))
    for message in _all_messages(value):
        total += PER_MESSAGE + size(storable(content_text(message.get("content"))))
        total += PER_NAME + size(storable(message["name"])) if isinstance(message.get("name"), str) else 0
        for key in ("tool_calls", "function_call"):
            if message.get(key):
                total += size(storable(json.dumps(message[key], ensure_ascii=False)))
    return total


def _all_messages(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All messages of a line, including both answers of a preference pair."""
    input_ = value.get("input")
    for source in (value, input_ if isinstance(input_, dict) else {}):
        for key in MESSAGE_KEYS:
            turns = source.get(key)
            yield from (turn for turn in turns if isinstance(turn, dict)) if isinstance(turns, list) else ()
