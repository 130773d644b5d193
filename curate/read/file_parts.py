"""Read a file in parts: its chunks, which worker processes share, or else groups of lines that are read one by one."""

from collections.abc import Callable, Iterator, Sequence, Set
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from curate.core.example import TRAINED_KEYS
from curate.parallel.worker_pool import WorkerPool
from curate.read.chunk_cache import Checkpoint
from curate.read.chunks import CHUNK_BYTES, Batch, chunks_of
from curate.read.dataset import FileFacts, read_file
from curate.read.formats import OTHER_FORMAT_KEYS
from curate.storage.files import size_of

GROUP_LINES: Final = 1024
"""Number of lines, or elements of a document, that are read together if a file has no chunks."""
MIN_PARALLEL_BYTES = 16 << 20
"""Size in bytes from which several processes are faster: starting one takes some tenths of a second."""
MIN_LARGE_CHUNKS: Final = 8
"""Number of chunks of a file from which larger ones leave work for all processes."""


class _Part(Protocol):
    """What is made of some lines of a file, with their facts and their number, blank ones included."""

    @property
    def facts(self) -> FileFacts: ...
    @property
    def lines(self) -> int: ...


Part = TypeVar("Part", bound=_Part)


def is_parallel(paths: Sequence[Path]) -> bool:
    """Whether several processes read these files faster than one."""
    return size_of(paths) >= MIN_PARALLEL_BYTES


def uncached_chunk_bytes(path: Path) -> int:
    """The size of chunks whose results are not cached: larger in a large file, since each chunk compiles patterns."""
    return CHUNK_BYTES * (2 if size_of([path]) >= MIN_LARGE_CHUNKS * CHUNK_BYTES else 1)


def conversation_keys() -> Set[str]:
    """Keys beside messages by which a line is read as an object and not as columns (see `read_chunk`)."""
    return OTHER_FORMAT_KEYS | {*TRAINED_KEYS}


def file_parts(
    path: Path,
    facts: FileFacts,
    pool: WorkerPool,
    of_chunk: Callable[..., Part],
    of_batch: Callable[[Batch, FileFacts, int], Part],
    copy: Callable[[], Path],
    chunk_bytes: int | None = None,
    checkpoint: Checkpoint | None = None,
    *,
    cached: bool = False,
) -> Iterator[tuple[Part, int]]:
    """The parts of a file in order, whose facts are added to `facts`, each with the number of lines that its places do
    not count. Raises `InputError`.

    `of_chunk` makes one of a chunk, in a worker, with facts of its own; `of_batch` makes one of a batch, the facts of
    the file and a number of lines. `copy`, `cached`: see `chunks_of`. `chunk_bytes`: None for `CHUNK_BYTES`.
    `checkpoint` keeps the parts of chunks.
    """
    chunks: Iterator[Any] | None = chunks_of(path, facts.path, chunk_bytes or CHUNK_BYTES, copy, cached=cached)
    if chunks is not None:
        before = 0
        for part in checkpoint.each(pool, of_chunk, chunks) if checkpoint else pool.each(of_chunk, chunks):
            facts.add(part.facts, before)
            yield part, before
            before += part.lines
        return
    lines = read_file(path, facts)
    while group := list(islice(lines, GROUP_LINES)):
        yield of_batch(Batch.of_lines(group), facts, len(group)), 0
