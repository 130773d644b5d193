"""Errors that other settings could have avoided; a sweep tells them apart."""

import torch

from curate.core.errors import CurateError, ModelError


class NoMemory(CurateError):
    """Memory ran out, however small the passes were made."""


class NotANumber(ModelError):
    """A loss, a gradient or a weight is not a number any more."""


def ran_out(error: BaseException) -> bool:
    """Whether an exception means that memory ran out."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error)
