"""Errors that depend on the settings; a sweep attributes them to the trial."""

import torch

from curate.core.errors import CurateError, ModelError


class NoMemory(CurateError):
    """Out of memory, even with the smallest micro-batches."""


class NotANumber(ModelError):
    """A loss, a gradient or a weight is NaN or infinite."""


def ran_out(error: BaseException) -> bool:
    """Whether an exception means out of memory."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error)
