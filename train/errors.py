"""Errors that depend on the settings, which a sweep attributes to the trial; and what libraries raise, in our terms."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError

from curate.core.errors import CurateError, ModelError


class NoMemory(CurateError):
    """Out of memory, even with the smallest micro-batches."""


class NotANumber(ModelError):
    """A loss, a gradient or a weight is NaN or infinite."""


OUT_OF_MEMORY: Final = re.compile(
    r"DefaultCPUAllocator|out of memory|CUBLAS_STATUS_ALLOC_FAILED"
    r"|CUBLAS_STATUS_NOT_INITIALIZED when calling .cublasCreate|CUDNN_STATUS_ALLOC_FAILED"
    r"|CUDA_ERROR_OUT_OF_MEMORY|cudaErrorMemoryAllocation|Cannot allocate memory",
    re.IGNORECASE,
)
"""What torch, the driver, cuBLAS and cuDNN write; cuBLAS cannot create its handle when the memory is full."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means out of memory."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or bool(OUT_OF_MEMORY.search(str(error)))


@contextmanager
def memory_errors(hint: str) -> Iterator[None]:
    """Raises `NoMemory` with this hint if memory runs out in the block."""
    try:
        yield
    except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise NoMemory("out of memory", hint) from error


@contextmanager
def write_errors(path: Path | None = None) -> Iterator[None]:
    """Raise the `OSError` that made torch or safetensors fail to write `path` in the block, such as a full
    disk; None: the file is not known.
    """
    try:
        yield
    except (RuntimeError, SafetensorError, OSError) as error:
        cause = error if isinstance(error, OSError) else error.__context__  # of a file that Python has opened
        code = re.search(r"\(os error (\d+)\)", str(error))  # of Rust
        if code is not None:
            cause = OSError(int(code[1]), os.strerror(int(code[1])))
        if not isinstance(cause, OSError):
            raise
        if path is not None and cause.filename is None:
            cause.filename = str(path)
        if cause is error:
            raise
        raise cause from None
