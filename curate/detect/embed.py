"""Embeddings of texts, each computed once: a cache by content hash lies in the project folder and can be deleted at any time."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.detect.encoder import sentence_encoder
from curate.example import content_id
from curate.files import write_bytes
from curate.models import fingerprint

if TYPE_CHECKING:
    import numpy as np

    Matrix = np.ndarray[Any, np.dtype[np.float32]]

BATCH = 64
BLOCK = 2048
"""Questions compared at a time: the block of similarities takes BLOCK * questions * 4 bytes."""


def embed(texts: Sequence[str], model: str, cache: Path | None, progress: Callable[[int], None] | None = None) -> "Matrix":
    """Unit vectors of `texts` by a sentence-transformers model, one row each, float32.

    Raises `ModelError` when the model is not at hand, `MissingExtra` when sentence-transformers is not installed.
    """
    import numpy as np

    store = None if cache is None else cache / f"embeddings-{content_id([model, fingerprint(model)])[:16]}.npz"
    known = _load(store)
    keys = [content_id(text) for text in texts]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if missing:
        encoder = sentence_encoder(model)
        waiting = sorted(missing.items(), key=lambda item: (len(item[1]), item[0]))
        for start in range(0, len(waiting), BATCH):
            batch = waiting[start : start + BATCH]
            vectors = encoder.encode([text for _, text in batch], batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True)
            known.update((key, np.asarray(vector, dtype=np.float32)) for (key, _), vector in zip(batch, vectors, strict=True))
            if progress:
                progress(len(batch))
        if store is not None:
            buffer = io.BytesIO()
            names = sorted(known)
            np.savez(buffer, keys=np.array(names), vectors=np.stack([known[name] for name in names]))
            write_bytes(store, buffer.getvalue())
    return np.stack([known[key] for key in keys]) if keys else np.empty((0, 0), dtype=np.float32)


def _load(store: Path | None) -> dict[str, Any]:
    import numpy as np

    if store is None or not store.exists():
        return {}
    try:
        with np.load(store, allow_pickle=False) as saved:
            return dict(zip(saved["keys"].tolist(), saved["vectors"], strict=True))
    except (OSError, ValueError, KeyError):  # a damaged cache is only a slower run
        return {}


def neighbours(vectors: "Matrix", similarity: float) -> list[tuple[int, int, float]]:
    """All pairs of rows whose cosine similarity is at least `similarity`, smaller position first, by blocks of a matrix product."""
    import numpy as np

    found: list[tuple[int, int, float]] = []
    for start in range(0, len(vectors), BLOCK):
        block = vectors[start : start + BLOCK] @ vectors[start:].T
        rows, columns = np.nonzero(block >= similarity)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            if column > row:
                found.append((start + row, start + column, float(block[row, column])))
    return found
