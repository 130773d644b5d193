"""Give back to the system what was freed."""

import ctypes
import gc
import sys


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
