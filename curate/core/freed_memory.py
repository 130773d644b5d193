"""What is freed: kept for what is computed next, or given back to the system."""

import ctypes
import gc
import os
import sys
from typing import Final

M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
"""Parameters of glibc's mallopt(3)."""


def reuse_freed() -> None:
    """Keep what a model needs again, and no more: call it before torch computes.

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
    """Give back what was freed: glibc keeps blocks of some MB, which is what models and their intermediate results
    are.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


def return_freed() -> None:
    """Free what nothing uses, such as a model, and give it back."""
    gc.collect()
    trim_heap()
