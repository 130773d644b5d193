"""Load the models that compare texts: sentence encoders and NLI cross-encoders, without log output of their
libraries.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from curate.core.errors import MissingExtra
from curate.models.names import model_errors, resolve


def sentence_encoder(model: str) -> Any:
    """A `SentenceTransformer`. Raises `ModelError` if the model is not available, `MissingExtra` without
    sentence-transformers.
    """
    return _load("SentenceTransformer", model, "comparing questions by meaning")


def cross_encoder(model: str) -> Any:
    """A `CrossEncoder`. Raises as `sentence_encoder` does."""
    return _load("CrossEncoder", model, "judging answers by an NLI model")


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
