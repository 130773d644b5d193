"""Results of reading a chunk, which are cached: after lines were appended to a file, its earlier chunks are not read
again.

The key of an entry is a hash of the bytes of the chunk, the settings that the result depends on, the code of this
version and the versions of its libraries. Entries are in `.curate/cache/near` (see `curate.storage.store`).
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeVar

from curate.core.typed_json import decoder, to_json
from curate.parallel.worker_pool import WorkerPool
from curate.read.chunks import Chunk, chunk_bytes, parts_of_chunk
from curate.storage.files import make_private_folder
from curate.storage.object_path import ObjectPath
from curate.storage.scratch import is_scratch
from curate.storage.store import code_id, entry, load, make_room, save

CACHE_FOLDER: Final = "near"
PACKAGES: Final = (
    "conflicts", "core", "corpus", "dedup", "language", "lint", "models", "quality", "read", "similarity",
    "split",
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
    digest = chunk.sha256 or sha256(data).hexdigest()
    path = entry(folder, kind, suffix, code_id(*PACKAGES), *settings, chunk.start == 0, digest)
    return path, chunk._replace(start=start, data=data, sha256=digest)


def tidy(folder: Path, since: float = inf) -> int:
    """Delete old entries of a cache folder as `make_room` does, and make the folder private. Returns the same."""
    _make_private(folder)
    return make_room(folder, since)


def _make_private(folder: Path) -> None:
    """Make the folder above a cache folder private; git ignores it, because entries contain text of the data."""
    with suppress(OSError):
        make_private_folder(folder.parent)
        with (folder.parent / ".gitignore").open("xb") as file:  # neither replaced nor followed if it is a link
            file.write(b"*\n")


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

    def result(
        self,
        chunk: Chunk,
        result_type: type[Made],
        compute: Callable[[Chunk], Made],
        join: Callable[[Sequence[Made]], Made] | None = None,
    ) -> tuple[Made, Chunk]:
        """The cached result of a chunk, or else what `compute` returns for it, which is cached; and the chunk with its
        bytes. With `join`, which makes the result of a chunk of those of its parts, parts that are cached are not
        computed. Raises `InputError`.

        An entry that is damaged or cannot be written costs time and changes no result.
        """
        path, read = self._entry(chunk)
        hint: Any = result_type
        result: Made | None = load(path, decoder(hint))
        if result is None:
            if join and read.part_bytes and self._entry(next(parts_of_chunk(read)))[0].is_file():
                result = join([self.result(part, result_type, compute)[0] for part in parts_of_chunk(read)])
            else:
                result = compute(read)
            save(path, to_json(result))
        return result, read

    def save(self, chunk: Chunk, result: Any) -> None:
        """Cache the result of a chunk. Raises `InputError`."""
        save(self._entry(chunk)[0], to_json(result))

    def _entry(self, chunk: Chunk) -> tuple[Path, Chunk]:
        """The file of a chunk's result, and the chunk with the bytes that were read for its name."""
        return chunk_entry(self.folder, self.kind, ".json", chunk, self.settings, chunk.name)


class Checkpoint(NamedTuple):
    """Results of tasks of a cluster, kept by the process that waits for them: a run after one that was killed computes
    the others only. Nodes share no folder, and a task reads a chunk to know its bytes, so that a chunk is known by its
    place in one version of its file.
    """

    folder: Path
    kind: str
    """The beginning of the names of the entries, in lower-case letters."""
    suffix: Literal[".npz", ".json"]
    settings: str
    """What the results depend on besides the chunk."""
    pack: Callable[[Any, Chunk], Any]
    """Gives a result as arrays (`.npz`) or as a value of JSON; None if it is not kept."""
    unpack: Callable[[Any, Chunk], Any]
    """The reverse of `pack`. Raises `ValueError`, `TypeError` or `LookupError` for anything else."""

    def each(
        self,
        pool: WorkerPool,
        make: Callable[..., Made],
        items: Iterable[Any],
        chunk_of: Callable[[Any], Chunk] = lambda chunk: chunk,
    ) -> Iterator[Made]:
        """As `WorkerPool.each`; `chunk_of` gives the chunk of an item. An entry that is damaged or cannot be written
        costs time and changes no result.
        """
        _make_private(self.folder)
        waiting = deque[tuple[Any, Path | None, bool]]()
        """Items in order, each with its entry and whether that exists."""

        def missing() -> Iterator[Any]:
            for item in items:
                path = self._entry(chunk_of(item))
                waiting.append((item, path, path is not None and path.is_file()))
                if not waiting[-1][-1]:
                    yield item

        def kept() -> Iterator[Made]:
            while waiting and waiting[0][-1]:
                item, path, _ = waiting.popleft()
                result: Made | None = load(path, partial(self._unpacked, chunk_of(item))) if path else None
                if result is None:
                    [result] = pool.each(make, [item])
                    self._keep(path, result, chunk_of(item))
                yield result

        for result in pool.each(make, missing()):
            yield from kept()
            item, path, _ = waiting.popleft()
            self._keep(path, result, chunk_of(item))
            yield result
        yield from kept()

    def _keep(self, path: Path | None, result: Any, chunk: Chunk) -> None:
        if path is not None and (packed := self.pack(result, chunk)) is not None:
            save(path, packed)

    def _unpacked(self, chunk: Chunk, packed: Any) -> Any:
        """The result of a chunk from what its entry holds."""
        return self.unpack(packed, chunk)

    def _entry(self, chunk: Chunk) -> Path | None:
        """The file of a chunk's result; None for a chunk whose file does not outlive the run or cannot be read."""
        if chunk.data is not None or is_scratch(chunk.path):
            return None
        if isinstance(chunk.path, ObjectPath):
            version: tuple[Any, ...] = chunk.path.stored
        else:
            try:
                status = chunk.path.stat()
            except OSError:
                return None
            version = (str(chunk.path.resolve()), status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        place = (chunk.name, *version, chunk.start, chunk.end)
        return entry(self.folder, self.kind, self.suffix, code_id(*PACKAGES), self.settings, *place)
