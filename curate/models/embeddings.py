"""Embeddings of texts, each computed once, and pairs of similar ones. They select candidates only; other code decides
about them.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.core.example import content_id
from curate.core.text import storable
from curate.models.embedding_cache import EmbeddingCache
from curate.models.model_loading import sentence_encoder
from curate.models.names import fingerprint

if TYPE_CHECKING:
    import numpy as np

    Matrix = np.ndarray[Any, np.dtype[np.float32]]

BATCH = 64
"""Texts between two reports of progress."""
AT_ONCE = 16
"""Texts that the model gets at a time: on a CPU, more of them cost more, for padding and for memory. Not so of texts up
to `SHORT` characters: of them it gets a whole batch.
"""
SHORT = 50
ROWS, COLUMNS = 512, 8192
"""Of the block of similarities that is held at a time: 16 MB, however many questions there are."""


def embed(
    texts: Sequence[str], model: str, cache: Path | None, progress: Callable[[int], None] | None = None
) -> "Matrix":
    """Unit vectors of `texts` by a sentence-transformers model, static ones too, one row each, float32.

    The model is loaded only when a text is new. Raises `ModelError` when it is not at hand, `MissingExtra` when
    sentence-transformers is not installed.
    """
    store = EmbeddingCache(
        None if cache is None else cache / f"embeddings-{content_id([model, fingerprint(model)])[:16]}.npz"
    )
    keys = [content_id(text) for text in texts]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in store}
    if missing:
        encoder = sentence_encoder(model)
        waiting = sorted(missing.items(), key=lambda item: (len(item[1]), item[0]))
        for start in range(0, len(waiting), BATCH):
            batch = waiting[start : start + BATCH]
            vectors = encoder.encode(
                [storable(text) for _, text in batch],
                batch_size=BATCH if len(batch[-1][1]) <= SHORT else AT_ONCE,
                normalize_embeddings=True,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
            store.add([key for key, _ in batch], vectors)
            if progress:
                progress(len(batch))
        store.save()
    return store.get(keys)


def neighbours(vectors: "Matrix", similarity: float) -> Iterator[tuple[int, int, float]]:
    """All pairs of rows whose cosine similarity is at least `similarity`, smaller position first, by blocks of a matrix
    product.
    """
    import numpy as np

    for start in range(0, len(vectors), ROWS):
        for left in range(start, len(vectors), COLUMNS):
            block = vectors[start : start + ROWS] @ vectors[left : left + COLUMNS].T
            rows, columns = np.nonzero(block >= similarity)
            found = block[rows, columns]
            ahead = columns + left > rows + start
            yield from zip(
                (rows[ahead] + start).tolist(), (columns[ahead] + left).tolist(), found[ahead].tolist(), strict=True
            )
