"""Distributed training: one process for each GPU (`torchrun`, `accelerate launch`). Rank 0 writes files.

With one process all functions here do nothing. torch is imported only with several: a sweep needs none.
"""

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from curate.core.errors import CurateError

if TYPE_CHECKING:
    import torch

Value = TypeVar("Value")


def rank() -> int:
    """The number of this process, from 0."""
    return int(os.environ.get("RANK", "0"))


def world_size() -> int:
    """How many processes there are."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def local_rank() -> int:
    """The number of this process on its machine, and of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def join_group() -> None:
    """Join the process group: NCCL with GPUs, gloo without."""
    if world_size() > 1:
        import torch
        from accelerate import PartialState  # the Trainer would make the same one later

        if not torch.distributed.is_initialized():
            PartialState(cpu=not torch.cuda.is_available())


def leave_group() -> None:
    """Leave the process group."""
    if world_size() > 1:
        from torch import distributed

        if distributed.is_initialized():
            distributed.destroy_process_group()


def barrier() -> None:
    """Wait for all processes."""
    if world_size() > 1:
        from torch import distributed

        distributed.barrier()


def sum_over_processes(tensor: "torch.Tensor") -> "torch.Tensor":
    """The sum of a tensor over all processes, in place."""
    if world_size() > 1:
        from torch import distributed

        distributed.all_reduce(tensor)
    return tensor


def sum_gradients(parameters: "Iterable[torch.nn.Parameter]") -> None:
    """Sum the gradients over all processes, as one tensor; a missing gradient counts as zeros."""
    if world_size() == 1:
        return
    import torch

    grown = [parameter for parameter in parameters if parameter.requires_grad]
    for parameter in grown:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    gradients = [parameter.grad for parameter in grown if parameter.grad is not None]
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    sum_over_processes(flat)
    for gradient, part in zip(gradients, torch.split(flat, [gradient.numel() for gradient in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


def from_first(make: Callable[[], Value]) -> Value:
    """The value that `make` returns on rank 0, on all ranks; an exception there ends all ranks."""
    if world_size() == 1:
        return make()
    from torch import distributed

    value_and_error: list[Any] = [None, ""]
    failure: Exception | None = None
    if rank() == 0:
        try:
            value_and_error[0] = make()
        except Exception as error:  # noqa: BLE001
            failure, value_and_error[1] = error, f"{error}" or type(error).__name__
    distributed.broadcast_object_list(value_and_error, src=0)
    if failure is not None:
        raise failure
    if value_and_error[1]:
        raise CurateError(f"rank 0 stopped: {value_and_error[1]}")
    value: Value = value_and_error[0]
    return value
