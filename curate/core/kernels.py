"""Whether the kernels, which are loops over bytes and hashes, are compiled.

For small data, compilation takes longer than interpretation. Both give the same result.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from pathlib import Path
from typing import Final

from curate.core.files import packing, real_path, size_of

MAX_INTERPRETED_BYTES: Final = 256 << 10
"""Size of the data up to which kernels are not compiled; see `tests/bench/first_use.py`."""
UNPACKED: Final = 8
"""Bytes of data that a byte of a compressed file or a table may hold."""


class Mode(Enum):
    """How kernels run."""

    COMPILED = "compiled"
    AS_WRITTEN = "as written, except for those that were compiled before"
    ALWAYS_COMPILED = "compiled, whatever the size of the data"
    NEVER_COMPILED = "as written, whatever the size of the data"


ALWAYS: Final = (Mode.ALWAYS_COMPILED, Mode.NEVER_COMPILED)
_mode: Final = ContextVar("mode", default=Mode.COMPILED)


def is_interpreted(is_compiled: Callable[[], bool]) -> bool:
    """Whether a kernel is interpreted; `is_compiled` returns whether its compiled code is available."""
    mode = _mode.get()
    return mode is Mode.NEVER_COMPILED or (mode is Mode.AS_WRITTEN and not is_compiled())


@contextmanager
def kernels_for(files: Iterable[Path]) -> Iterator[None]:
    """Interpret the kernels in the block if the files are small, else compile them. Raises as `real_path` does."""
    with running_kernels(Mode.AS_WRITTEN if _are_small(files) else Mode.COMPILED):
        yield


def _are_small(files: Iterable[Path]) -> bool:
    """Whether files, standard input and pipes hold little data."""
    copies = [real_path(path) for path in files]
    if size_of(copies) > MAX_INTERPRETED_BYTES:
        return False
    return sum(size_of([path]) * (UNPACKED if packing(path) else 1) for path in copies) <= MAX_INTERPRETED_BYTES


@contextmanager
def running_kernels(mode: Mode) -> Iterator[None]:
    """Run the kernels in the block in this mode, unless an outer block sets a mode of `ALWAYS`."""
    token = _mode.set(_mode.get() if _mode.get() in ALWAYS else mode)
    try:
        yield
    finally:
        _mode.reset(token)
