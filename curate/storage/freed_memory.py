"""Reuse freed memory for models, or return it to the operating system."""

import ctypes
import gc
import os
import sys
from typing import Final

M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
"""Parameters of glibc's mallopt(3)."""


def reuse_freed() -> None:
    """Configure allocators to reuse freed blocks; must be called before torch computes.

    Freed blocks of up to 32 MB, and 64 MB of a thread in all, are kept until `trim_heap`: intermediate results are of
    some MB, and to return each to the system and get the next one zeroed takes a twelfth of a sentence encoder's time.
    oneDNN keeps 64 compiled matrix products instead of 1,024, each of .6 MB and for one size of batch.
    """
    for name in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):  # of oneDNN, and of torch above it
        os.environ.setdefault(name, "64")
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(M_MMAP_THRESHOLD, 32 << 20)
        libc.mallopt(M_TRIM_THRESHOLD, 64 << 20)


def trim_heap() -> None:
    """Return freed blocks to the operating system: glibc keeps blocks of some MB, such as those of models."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


def return_freed() -> None:
    """Collect garbage, such as an unused model, and return its memory to the operating system."""
    gc.collect()
    trim_heap()
