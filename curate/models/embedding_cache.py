"""Cache of model outputs by content hash, in a file of the project's cache folder that can be deleted at any time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from curate.core import npz_cache
from curate.core.arrays import Arrays, Matrix
from curate.core.errors import OutputError
from curate.core.lazy import np
from curate.core.text import visible

KINDS: Final = {"keys": "|S32", "vectors": "<f4"}


class EmbeddingCache:
    """Keys of 32 hexadecimal digits, each with a float32 vector; all vectors have the same length."""

    def __init__(self, path: Path | None) -> None:
        """The content of `path`; empty if it does not exist or is damaged, or `path` is None (then nothing is
        saved).
        """
        self.path = path
        self._vectors: dict[str, Any] = _load(path)
        self._unsaved = 0

    def __contains__(self, key: str) -> bool:
        return key in self._vectors

    def add(self, keys: Sequence[str], vectors: Any) -> None:
        """Add `vectors`, one row per key; they are saved about every 5,000 rows, so that a killed run can resume."""
        self._vectors.update(zip(keys, np.asarray(vectors, dtype=np.float32), strict=True))
        self._unsaved += len(keys)
        if self._unsaved >= 5_000:
            self.save()

    def get(self, keys: Sequence[str]) -> Matrix:
        """The vectors of `keys`, shape (len(keys), length of a vector)."""
        return np.stack([self._vectors[key] for key in keys]) if keys else np.empty((0, 0), dtype=np.float32)

    def save(self) -> None:
        """Write new vectors. Raises `OutputError`."""
        if self.path is None or not self._unsaved:
            return
        names = sorted(self._vectors)
        if said := npz_cache.save(self.path, {"keys": np.array(names, dtype="S32"), "vectors": self.get(names)}):
            raise OutputError(f"{visible(said)}: cannot be written", "free disk space or check the permissions")
        self._unsaved = 0


def _load(path: Path | None) -> dict[str, Any]:
    """The vectors in a file by key; a damaged cache is only a slower run."""
    return (path and npz_cache.load(path, KINDS, _by_key)) or {}


def _by_key(arrays: Arrays) -> dict[str, Any]:
    return dict(zip((key.decode() for key in arrays["keys"].tolist()), arrays["vectors"], strict=True))
