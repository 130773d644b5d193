"""Batches of texts of about equal length for a model that compares them: a batch is padded to its longest text."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

TOKENS: Final = 4096
"""Number of tokens in a batch, padding included: on a CPU, larger batches are slower."""
COUNTED: Final = 1024
"""Texts that are cut into tokens at a time."""


def batches(texts: Sequence[str] | Sequence[tuple[str, str]], model: Any) -> Iterator[list[int]]:
    """Positions of texts, or of pairs of texts, in batches, short ones first.

    `model`: a `SentenceTransformer` or a `CrossEncoder`.
    """
    batch: list[int] = []
    for length, at in sorted((length, at) for at, length in enumerate(_lengths(texts, model))):
        if batch and (len(batch) + 1) * length > TOKENS:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


def _lengths(texts: Sequence[Any], model: Any) -> Iterator[int]:
    """The number of tokens of each text that the model reads; an estimate for a static model, which does not pad."""
    if not callable(model.tokenizer):
        yield from (1 + len(text) // 4 for text in texts)
        return
    for start in range(0, len(texts), COUNTED):
        part = list(texts[start : start + COUNTED])
        both = tuple(map(list, zip(*part, strict=True))) if isinstance(part[0], tuple) else (part,)
        cut = model.tokenizer(*both, truncation=True, max_length=_most(model), verbose=False)
        yield from map(len, cut["input_ids"])


def _most(model: Any) -> int | None:
    return getattr(model, "max_seq_length", None) or getattr(model, "max_length", None)
