"""The hardware: memory of the GPU or main memory, in bytes."""

import os
import resource
import sys
from pathlib import Path

import torch

from train.model import device


def on_gpu() -> bool:
    """Whether this process has a GPU."""
    return device().type == "cuda"


def peak_memory() -> int:
    """The most memory that this process has had so far: of the GPU, or of the machine."""
    on = device()
    if on.type == "cuda":
        return int(torch.cuda.max_memory_allocated(on))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def held_memory() -> int:
    """What this process holds now, of the machine."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def free_memory() -> int:
    """Memory that this process may still take: of the GPU, or of the machine and the limits that it was given."""
    on = device()
    if on.type == "cuda":
        return int(torch.cuda.mem_get_info(on)[0])
    try:
        with open("/proc/meminfo", encoding="ascii") as file:  # noqa: PTH123
            found = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in file}
        free = found["MemAvailable"]
    except (OSError, KeyError):
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(free, _limit())


def _limit() -> int:
    """What a container may still take."""
    try:
        with (
            Path("/sys/fs/cgroup/memory.max").open(encoding="ascii") as most,
            Path("/sys/fs/cgroup/memory.current").open(encoding="ascii") as now,
        ):
            text = most.read().strip()
            return sys.maxsize if text == "max" else max(0, int(text) - int(now.read()))
    except (OSError, ValueError):
        return sys.maxsize
