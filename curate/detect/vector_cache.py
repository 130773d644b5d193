"""What models said about texts, by content hash, in a file of the project's cache folder that can be deleted at any time."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.files import write_bytes

if TYPE_CHECKING:
    import numpy as np

    Matrix = np.ndarray[Any, np.dtype[np.float32]]


class VectorCache:
    """Keys of 32 hexadecimal digits, each with a vector of one length, float32."""

    def __init__(self, path: Path | None) -> None:
        """What `path` holds; nothing when there is none yet, when it is damaged, or when `path` is None (then nothing is saved either)."""
        self.path = path
        self._vectors: dict[str, Any] = _load(path)
        self._unsaved = 0

    def __contains__(self, key: str) -> bool:
        return key in self._vectors

    def add(self, keys: Sequence[str], vectors: Any) -> None:
        """Remember `vectors`, one row for each key; about every 5,000 are saved, so that a killed run does not start anew."""
        import numpy as np

        self._vectors.update(zip(keys, np.asarray(vectors, dtype=np.float32), strict=True))
        self._unsaved += len(keys)
        if self._unsaved >= 5_000:
            self.save()

    def get(self, keys: Sequence[str]) -> "Matrix":
        """The vectors of `keys`, shape (len(keys), length of a vector)."""
        import numpy as np

        return np.stack([self._vectors[key] for key in keys]) if keys else np.empty((0, 0), dtype=np.float32)

    def save(self) -> None:
        """Write what is new. Raises `OutputError`."""
        import numpy as np

        if self.path is None or not self._unsaved:
            return
        names = sorted(self._vectors)
        buffer = io.BytesIO()
        np.savez(buffer, keys=np.array(names, dtype="S32"), vectors=self.get(names))
        write_bytes(self.path, buffer.getvalue())
        self._unsaved = 0


def _load(path: Path | None) -> dict[str, Any]:
    import numpy as np

    if path is None or not path.exists():
        return {}
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
            return dict(zip((key.decode() for key in saved["keys"].tolist()), saved["vectors"], strict=True))
    except Exception:  # noqa: BLE001  (whatever a damaged archive raises, a damaged cache is only a slower run)
        return {}
