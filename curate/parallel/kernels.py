"""Whether the kernels, which are loops over bytes and hashes, are compiled.

For small data, compilation takes longer than interpretation. Both give the same result.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from pathlib import Path
from typing import Final

from curate.storage.files import packing, real_path, size_of

MAX_INTERPRETED_BYTES: Final = 256 << 10
"""Size of the data up to which kernels are not compiled; see `tests/bench/first_use.py`."""
MAX_WITHOUT_NUMBA_BYTES: Final = 64 << 10
"""Size of the data up to which loading what was compiled before takes longer than interpretation."""
UNPACKED: Final = 8
"""Bytes of data that a byte of a compressed file or a table may hold."""


class Mode(Enum):
    """How kernels run."""

    COMPILED = "compiled"
    COMPILED_BEFORE = "compiled if they were compiled before, else as written"
    AS_WRITTEN = "as written"
    ALWAYS_COMPILED = "compiled, whatever the size of the data"
    NEVER_COMPILED = "as written, whatever the size of the data"


ALWAYS: Final = (Mode.ALWAYS_COMPILED, Mode.NEVER_COMPILED)
_mode: Final = ContextVar("mode", default=Mode.COMPILED)


def is_interpreted(is_compiled: Callable[[], bool]) -> bool:
    """Whether a kernel is interpreted; `is_compiled` returns whether its compiled code is available."""
    mode = _mode.get()
    return mode in (Mode.AS_WRITTEN, Mode.NEVER_COMPILED) or (mode is Mode.COMPILED_BEFORE and not is_compiled())


@contextmanager
def kernels_for(files: Iterable[Path]) -> Iterator[None]:
    """Run the kernels in the block as the size of the files suggests. Raises as `real_path` does."""
    size = _size_of(files)
    mode = Mode.COMPILED if size > MAX_INTERPRETED_BYTES else Mode.COMPILED_BEFORE
    with running_kernels(Mode.AS_WRITTEN if size <= MAX_WITHOUT_NUMBA_BYTES else mode):
        yield


def _size_of(files: Iterable[Path]) -> int:
    """The size in bytes of files, standard input and pipes, estimated for those that are packed."""
    return sum(size_of([path]) * (UNPACKED if packing(path) else 1) for path in map(real_path, files))


@contextmanager
def running_kernels(mode: Mode) -> Iterator[None]:
    """Run the kernels in the block in this mode, unless an outer block sets a mode of `ALWAYS`."""
    token = _mode.set(_mode.get() if _mode.get() in ALWAYS else mode)
    try:
        yield
    finally:
        _mode.reset(token)
