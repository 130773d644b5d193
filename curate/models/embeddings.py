"""Embeddings of texts, each computed once, and pairs of similar ones. They select candidates only; other code decides
about them.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from curate.core.arrays import Matrix
from curate.core.example import content_id
from curate.core.lazy import np
from curate.core.text import storable
from curate.models.batches import batches
from curate.models.embedding_cache import EmbeddingCache
from curate.models.model_loading import sentence_encoder
from curate.models.names import fingerprint

ROWS, COLUMNS = 512, 8192
"""Size in bytes of the block of similarities in memory: 16 MB for any number of questions."""


def embed(
    texts: Sequence[str],
    model: str,
    cache: Path | None,
    progress: Callable[[int], None] | None = None,
    *,
    exact: bool = False,
) -> Matrix:
    """Unit vectors of `texts` by a sentence-transformers model (also a static one), one row each, float32.

    The model is loaded only if a text is not cached. `exact`: compute in float32, for decisions by a threshold that
    must be the same on every machine. Raises `ModelError` if the model is not available, `MissingExtra` if
    sentence-transformers is not installed.
    """
    name = content_id([model, fingerprint(model)])[:16] + ("" if exact else "-any")
    store = EmbeddingCache(None if cache is None else cache / f"embeddings-{name}.npz")
    keys = [content_id(text) for text in texts]
    missing = {key: storable(text) for key, text in zip(keys, texts, strict=True) if key not in store}
    if missing:
        encoder = sentence_encoder(model, exact=exact)
        new = sorted(missing)  # in bfloat16 a vector depends a little on its batch, which no order may change
        for batch in batches([missing[key] for key in new], encoder):
            vectors = encoder.encode(
                [missing[new[at]] for at in batch],
                batch_size=len(batch),
                show_progress_bar=False,
                convert_to_numpy=True,
            )
            store.add([new[at] for at in batch], _unit(vectors))
            if progress:
                progress(len(batch))
        store.save()
    return store.get(keys)


def _unit(vectors: Any) -> Matrix:
    """The rows in float32 with length 1: a model that computes in bfloat16 gives lengths from .998 to 1.004."""
    rows = np.asarray(vectors, dtype=np.float32)
    unit: Matrix = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)).astype(np.float32)
    return unit


def neighbours(vectors: Matrix, similarity: float) -> Iterator[tuple[int, int, float]]:
    """All pairs of rows whose cosine similarity is at least `similarity`, smaller position first, by blocks of a matrix
    product.
    """
    for start in range(0, len(vectors), ROWS):
        for left in range(start, len(vectors), COLUMNS):
            block = vectors[start : start + ROWS] @ vectors[left : left + COLUMNS].T
            rows, columns = np.nonzero(block >= similarity)
            found = block[rows, columns]
            ahead = columns + left > rows + start
            yield from zip(
                (rows[ahead] + start).tolist(), (columns[ahead] + left).tolist(), found[ahead].tolist(), strict=True
            )
