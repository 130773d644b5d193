"""Count the tokens of an example as a service does: by the model's tokenizer if it is available, else by bytes."""

import importlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from curate.core.errors import UsageError
from curate.core.example import content_text
from curate.core.form_keys import PAIR_SIDES
from curate.core.text import storable
from curate.corpus.stats import BYTES_PER_TOKEN
from curate.models.template import load_template

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
        "bytes", False, lambda value: _token_count(value, lambda text: ceil(len(text.encode()) / BYTES_PER_TOKEN))
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
