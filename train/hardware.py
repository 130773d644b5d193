"""The hardware: memory of the GPU or main memory, in bytes."""

import sys
from pathlib import Path

import psutil
import torch

from train.model import device


def peak_memory() -> int:
    """The most memory that this process has had so far: of the GPU, or of the machine."""
    on = device()
    if on.type == "cuda":
        return int(torch.cuda.max_memory_allocated(on))
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def held_memory() -> int:
    """Main memory of this process."""
    return int(psutil.Process().memory_info().rss)


def free_memory() -> int:
    """Memory that this process may still take: of the GPU, or of the machine and the limits of its container."""
    on = device()
    if on.type == "cuda":
        return int(torch.cuda.mem_get_info(on)[0])
    return min(int(psutil.virtual_memory().available), _limit())


def _limit() -> int:
    """Memory left in the container's limit."""
    group = Path("/sys/fs/cgroup")
    try:
        most = (group / "memory.max").read_text(encoding="ascii").strip()
        now = int((group / "memory.current").read_text(encoding="ascii"))
        return sys.maxsize if most == "max" else max(0, int(most) - now)
    except (OSError, ValueError):
        return sys.maxsize
