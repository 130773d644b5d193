"""Results of reading a chunk, which are cached: after lines were appended to a file, its earlier chunks are not read
again.

The key of an entry is a hash of the bytes of the chunk, the settings that the result depends on, the code of this
version and the versions of its libraries. Entries are in `.curate/cache/near` (see `curate.core.store`).
"""

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeVar

from curate.core.files import make_private_folder
from curate.core.store import code_id, entry, load, make_room, save
from curate.core.typed_json import decoder, to_json
from curate.read.chunks import Chunk, chunk_bytes

CACHE_FOLDER: Final = "near"
PACKAGES: Final = (
    "conflicts", "core", "corpus", "dedup", "language", "lint", "models", "quality", "read", "similarity",
)  # fmt: skip
"""The packages whose code computes what is cached."""
Made = TypeVar("Made")


def chunk_entry(
    folder: Path, kind: str, suffix: Literal[".npz", ".json"], chunk: Chunk, *settings: Any
) -> tuple[Path, Chunk]:
    """The entry for a result of a chunk, and the chunk with the bytes that the entry is for, even if the file changes
    meanwhile. Raises `InputError`.
    """
    start, data, size = chunk_bytes(chunk)
    data = data if len(data) == size else bytes(memoryview(data)[:size])
    path = entry(folder, kind, suffix, code_id(*PACKAGES), *settings, chunk.start == 0, sha256(data).hexdigest())
    return path, chunk._replace(start=start, data=data)


def tidy(folder: Path) -> None:
    """Delete old entries of a cache folder beyond the size limit. The folder above is made private, and git ignores it,
    because entries contain text of the data.
    """
    with suppress(OSError):
        make_private_folder(folder.parent)
        with (folder.parent / ".gitignore").open("xb") as file:  # neither replaced nor followed if it is a link
            file.write(b"*\n")
    make_room(folder)


class ChunkCache(NamedTuple):
    """Cached results of one kind; small, since it is sent to other processes."""

    folder: Path
    kind: str
    """The beginning of the names of the entries, in lower-case letters."""
    settings: str
    """What the results depend on besides the bytes of a chunk and the name of its file."""

    @classmethod
    def of(cls, cache: Path, kind: str, settings: str) -> "ChunkCache":
        """The results of a kind in the cache folder of a project."""
        return cls(cache / CACHE_FOLDER, kind, settings)

    def result(self, chunk: Chunk, result_type: type[Made], compute: Callable[[Chunk], Made]) -> tuple[Made, Chunk]:
        """The cached result of a chunk, or else what `compute` returns for it, which is cached; and the chunk with its
        bytes. Raises `InputError`.

        An entry that is damaged or cannot be written costs time and changes no result.
        """
        path, read = self._entry(chunk)
        hint: Any = result_type
        result: Made | None = load(path, decoder(hint))
        if result is None:
            result = compute(read)
            save(path, to_json(result))
        return result, read

    def save(self, chunk: Chunk, result: Any) -> None:
        """Cache the result of a chunk. Raises `InputError`."""
        save(self._entry(chunk)[0], to_json(result))

    def _entry(self, chunk: Chunk) -> tuple[Path, Chunk]:
        """The file of a chunk's result, and the chunk with the bytes that were read for its name."""
        return chunk_entry(self.folder, self.kind, ".json", chunk, self.settings, chunk.name)
