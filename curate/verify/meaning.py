"""Questions of one meaning, by an embedding model: the one thing for which the verifier uses what the writer uses too."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from curate.verify.words import Numbers

BLOCK: Final = 256
"""Questions that are held against all of earlier splits at a time."""


def nearest(texts: Sequence[str], splits: Numbers, model: str, close: float, cache: Path | None) -> tuple[Numbers, np.ndarray[Any, np.dtype[np.float64]]]:
    """Of each text the nearest one of an earlier split, and their cosine similarity; -1 where that is below `close`. Raises `ModelError`, `MissingExtra`."""
    from curate.detect.embed import embed  # loads what a proof without a model does not need

    vectors = embed(list(texts), model, cache)
    other, similarity = np.full(len(texts), -1, dtype=np.int64), np.zeros(len(texts))
    for split in range(1, int(splits.max(initial=0)) + 1):
        before, own = np.flatnonzero(splits < split), np.flatnonzero(splits == split)
        for start in range(0, len(own) if len(before) else 0, BLOCK):
            at = own[start : start + BLOCK]
            alike = vectors[at] @ vectors[before].T
            best = alike.argmax(axis=1)
            cosine = np.minimum(alike[np.arange(len(at)), best], 1)
            near = cosine >= close
            other[at[near]], similarity[at[near]] = before[best[near]], cosine[near]
    return other, similarity
