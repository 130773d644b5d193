"""What ends a training that could have gone well with other settings; whoever tries several tells them apart."""

import torch

from curate.errors import CurateError, ModelError


class NoMemory(CurateError):
    """Memory ran out, however small the passes were made."""


class NotANumber(ModelError):
    """A loss, a gradient or a weight is not a number any more."""


def ran_out(error: BaseException) -> bool:
    """Whether an exception says that there was no memory."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error)
