"""Load the models that compare texts: sentence encoders and NLI cross-encoders, without log output of their
libraries.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from curate.core.errors import MissingExtra
from curate.models.names import model_errors, resolve

LATIN: Final = "\u024f"
"""The last letter of the Latin blocks of Unicode."""
SPELLED: Final = 0.8
"""Tokens a letter from which a tokenizer spells a text: English models need 1.0 or more in other scripts, multilingual
ones 0.7 or less.
"""

SAMPLE: Final = 200
"""Characters of a text that are looked at."""


def sentence_encoder(model: str) -> Any:
    """A `SentenceTransformer`. Raises `ModelError` if the model is not available, `MissingExtra` without
    sentence-transformers.
    """
    return _load("SentenceTransformer", model, "comparing questions by meaning")


def cross_encoder(model: str) -> Any:
    """A `CrossEncoder`. Raises as `sentence_encoder` does."""
    return _load("CrossEncoder", model, "judging answers by an NLI model")


def causal_model(name: str, purpose: str, **tokenizing: Any) -> tuple[Any, Any]:
    """A causal language model and its tokenizer, for inference: from safetensors, without code of its own.

    `tokenizing`: options of the tokenizer. Raises as `sentence_encoder` does.
    """
    place = resolve(name)
    try:
        from transformers import AutoModelForCausalLM, AutoTokenizer  # seconds, and torch
    except ImportError as error:
        raise MissingExtra(purpose, "semantic", error.name or "transformers") from None
    with (
        quiet_loading(),
        model_errors(name, "cannot be loaded", "name a causal language model: a folder, a hub id or offline:NAME"),
    ):
        tokenizer = AutoTokenizer.from_pretrained(place, trust_remote_code=False, **tokenizing)
        model = AutoModelForCausalLM.from_pretrained(place, trust_remote_code=False, use_safetensors=True, dtype="auto")
    return model.eval(), tokenizer


def unreadable(texts: Sequence[str], model: str) -> list[bool]:
    """Whether each text is in a script that the model does not know: its tokenizer spells it letter by letter, or has
    no token for the letters. An English model takes any two short texts in Chinese for the same.

    A model without a tokenizer of that kind is taken to read everything. Raises `ModelError` where it is not at hand.
    """
    doubtful = [not text.isascii() and _mostly_beyond_latin(text) for text in texts]
    if not any(doubtful):
        return doubtful
    place = resolve(model)
    with quiet_loading():
        try:
            from transformers import PreTrainedTokenizerFast  # AutoTokenizer imports torch: two seconds

            tokenizer = PreTrainedTokenizerFast.from_pretrained(place, trust_remote_code=False)
        except (ImportError, OSError, ValueError):
            return [False] * len(texts)
    return [
        doubt and _is_spelled(text[:SAMPLE], tokenizer.tokenize(text[:SAMPLE], verbose=False), str(tokenizer.unk_token))
        for doubt, text in zip(doubtful, texts, strict=True)
    ]


def _mostly_beyond_latin(text: str) -> bool:
    letters = [char > LATIN for char in text if char.isalpha()]
    return 2 * sum(letters) > len(letters)


def _is_spelled(text: str, tokens: Sequence[str], unknown: str) -> bool:
    letters = sum(map(str.isalpha, text))
    return len(tokens) >= SPELLED * letters or 2 * tokens.count(unknown) > len(tokens)


def _load(kind: str, model: str, purpose: str) -> Any:
    place = resolve(model)
    with quiet_loading():
        try:
            import sentence_transformers  # seconds, and torch: only when something has to be compared
        except ImportError as error:
            raise MissingExtra(purpose, "semantic", error.name or "sentence-transformers") from None
        hint = (
            "check the name and the connection, or pass a folder; `offline:all-MiniLM-L6-v2` is available as a package"
        )
        with model_errors(model, "cannot be loaded", hint):
            return getattr(sentence_transformers, kind)(place, trust_remote_code=False)


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Disable the libraries' progress bars and the notices on optional kernels of bitsandbytes."""
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
    try:
        from transformers.utils import logging as library
    except ImportError:  # said by the caller, with the extra to install
        yield
        return
    shown = library.is_progress_bar_enabled()
    library.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            library.enable_progress_bar()
