"""Embeddings of texts, each computed once, pairs of similar texts, and the cache of model outputs by content hash.

They select candidates only; other code decides about them.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from curate.core.events import Advance
from curate.core.example import content_id
from curate.core.lazy import Arrays, Matrix, np
from curate.core.text import storable, visible
from curate.models.model_batches import ModelLoader, each_batch
from curate.models.model_loading import sentence_encoder
from curate.models.names import fingerprint
from curate.storage.files import remove_orphans
from curate.storage.store import load, require_types, save

_LOG: Final = logging.getLogger(__name__)
CACHED_ARRAYS: Final = {"keys": "S32", "vectors": "f4"}


class EmbeddingCache:
    """Keys of 32 hexadecimal digits, each with a float32 vector; all vectors have the same length."""

    def __init__(self, path: Path | None) -> None:
        """The content of `path`; empty if it does not exist or is damaged, or `path` is None (then nothing is
        saved).
        """
        self.path = path
        self._vectors: dict[str, Any] = (path and load(path, _by_key)) or {}
        self._unsaved = 0

    def __contains__(self, key: str) -> bool:
        return key in self._vectors

    def add(self, keys: Sequence[str], vectors: Any) -> None:
        """Add `vectors`, one row per key. They are saved once at least 5,000 vectors, and a fifth of all, are unsaved.

        A killed run can then resume, and the file is not rewritten for few of its rows.
        """
        self._vectors.update(zip(keys, np.asarray(vectors, dtype=np.float32), strict=True))
        self._unsaved += len(keys)
        if self._unsaved >= max(5_000, len(self._vectors) // 5):
            self.save()

    def get(self, keys: Sequence[str]) -> Matrix:
        """The vectors of `keys`, shape (len(keys), length of a vector)."""
        return np.stack([self._vectors[key] for key in keys]) if keys else np.empty((0, 0), dtype=np.float32)

    def save(self) -> None:
        """Write new vectors. If that fails, as in a read-only folder, the reason is logged and none are saved later."""
        if self.path is None or not self._unsaved:
            return
        remove_orphans(self.path.parent)
        names = sorted(self._vectors)
        if unwritable := save(self.path, {"keys": np.array(names, dtype="S32"), "vectors": self.get(names)}):
            _LOG.info("the cache was not written: %s", visible(unwritable))
            self.path = None
        self._unsaved = 0


def _by_key(arrays: Arrays) -> dict[str, Any]:
    """The vectors of a cache file by key. Raises `ValueError` or `KeyError` for arrays of other types."""
    require_types(arrays, CACHED_ARRAYS)
    return dict(zip((key.decode() for key in arrays["keys"].tolist()), arrays["vectors"], strict=True))


BLOCK_ROWS, BLOCK_COLUMNS = 512, 8192
"""Size in bytes of the block of similarities in memory: 16 MB for any number of questions."""


def embed(
    texts: Sequence[str],
    model: str,
    cache: Path | None,
    progress: Advance | None = None,
    *,
    exact: bool = False,
    kind: str = "embeddings",
) -> Matrix:
    """Unit vectors of `texts` by a sentence-transformers model (also a static one), one row each, float32.

    The model is loaded only if a text is not cached. `exact`: compute in float32, for decisions by a threshold that
    must be the same on every machine. `kind`: the beginning of the cache file's name. Raises `ModelError` if the model
    is not available, `MissingExtra` if sentence-transformers is not installed.
    """
    name = content_id([model, fingerprint(model)])[:16] + ("" if exact else "-any")
    store = EmbeddingCache(None if cache is None else cache / f"{kind}-{name}.npz")
    keys = [content_id(text) for text in texts]
    missing = {key: storable(text) for key, text in zip(keys, texts, strict=True) if key not in store}
    if missing:
        loader = ModelLoader(sentence_encoder, model, exact)
        new = sorted(missing)  # in bfloat16 a vector depends a little on its batch, which no order may change
        for batch, vectors in each_batch(_encoded, [missing[key] for key in new], loader, loader()):
            store.add([new[index] for index in batch], _unit_rows(vectors))
            if progress:
                progress(len(batch))
        store.save()
    return store.get(keys)


def _encoded(encoder: Any, texts: list[str]) -> Any:
    """The vectors of texts, computed as one batch."""
    return encoder.encode(texts, batch_size=len(texts), show_progress_bar=False)


def _unit_rows(vectors: Any) -> Matrix:
    """The rows in float32 with length 1: a model in bfloat16 returns rows with lengths from .998 to 1.004."""
    rows = np.asarray(vectors, dtype=np.float32)
    unit: Matrix = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)).astype(np.float32)
    return unit


def neighbours(vectors: Matrix, similarity: float) -> Iterator[tuple[int, int, float]]:
    """All pairs of rows whose cosine similarity is at least `similarity`, smaller position first, by blocks of a matrix
    product.
    """
    for start in range(0, len(vectors), BLOCK_ROWS):
        for left in range(start, len(vectors), BLOCK_COLUMNS):
            block = vectors[start : start + BLOCK_ROWS] @ vectors[left : left + BLOCK_COLUMNS].T
            rows, columns = np.nonzero(block >= similarity)
            cosines = block[rows, columns]
            ahead = columns + left > rows + start
            yield from zip(
                (rows[ahead] + start).tolist(), (columns[ahead] + left).tolist(), cosines[ahead].tolist(), strict=True
            )
