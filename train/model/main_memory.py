"""Pages of mapped files of weights that are given back to the system."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Final

PAGEOUT: Final = 21
"""MADV_PAGEOUT of Linux 5.4. MADV_DONTNEED would undo what was written to the pages."""
RELEASE_SECONDS: Final = 0.5


def release_pages() -> None:
    """Give back unchanged pages of mapped files of weights; what is used again is read again. On Linux only."""
    maps = Path("/proc/self/maps")
    if not maps.is_file():
        return
    advise = ctypes.CDLL(None).madvise
    for line in maps.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.endswith(".safetensors") or "/blobs/" in line:  # of a folder, or of the hub's cache
            start, end = (int(number, 16) for number in line.split(" ", 1)[0].split("-"))
            advise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), PAGEOUT)


@contextmanager
def releasing_pages() -> Iterator[None]:
    """Release pages again and again: while weights are quantised, the whole base would stay in memory beside them."""
    done = Event()

    def release() -> None:
        while not done.wait(RELEASE_SECONDS):
            release_pages()

    thread = Thread(target=release, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
