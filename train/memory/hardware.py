"""The hardware: memory of the GPU or main memory, in bytes."""

import re
import sys
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import psutil
import torch

from train.model.base import device

CGROUPS: Final = Path("/sys/fs/cgroup")
CGROUP_FILES: Final = {
    "": ("memory.max", "memory.current", "inactive_file"),
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
"""Of version 2 and of version 1: the files of the limit and of the use, and the key of cached files in memory.stat."""

MAX_BATCH_TOKENS: Final = {"cpu": 1 << 13, "cuda": 1 << 16}
"""Most tokens of a batch, including those to be generated."""
CACHE_SHARE: Final = 0.7
"""Of the free memory that the keys and values of a batch may take; the rest is for activations."""


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
    return min(int(psutil.virtual_memory().available), _control_group_memory())


def total_memory() -> int:
    """All memory: of the GPU, or of the machine and the limits of its container."""
    on = device()
    if on.type == "cuda":
        return int(torch.cuda.get_device_properties(on).total_memory)
    return min(int(psutil.virtual_memory().total), _control_group_memory(used=False))


def _control_group_memory(*, used: bool = True) -> int:
    """Memory that the control groups of this process (Docker, Kubernetes, Slurm; version 1 or 2) leave to it.

    With `used` off, their limit, whatever is in use; `sys.maxsize` without a limit. Files read from disk count as used
    there; those that the kernel drops first (`inactive_file`) are counted as free.
    """
    lowest = sys.maxsize
    groups = Path("/proc/self/cgroup")
    for line in groups.read_text(encoding="utf-8").splitlines() if groups.exists() else ():
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        root = CGROUPS / controllers
        most, now, cached = CGROUP_FILES[controllers]
        # Inside a container the path may be the host's, and the mount shows the container's own group at its top.
        for folder in (root / part for part in (".", *accumulate(path.split("/")[1:], "{}/{}".format))):
            with suppress(OSError, ValueError):  # `max` is no number
                limit = int((folder / most).read_text(encoding="ascii"))
                taken = int((folder / now).read_text(encoding="ascii")) - _statistic(folder / "memory.stat", cached)
                lowest = min(lowest, max(0, limit - taken) if used else limit)
    return lowest


def _statistic(stat: Path, key: str) -> int:
    """A number in the file `memory.stat` of a control group; 0 if it does not have it, as in some sandboxes."""
    with suppress(OSError):
        if match := re.search(rf"^{key} (\d+)$", stat.read_text(encoding="ascii"), re.MULTILINE):
            return int(match[1])
    return 0


def tokens_that_fit(model: Any, dtype: torch.dtype) -> int:
    """Tokens of a batch for whose keys and values there is memory; `MAX_BATCH_TOKENS` at most, and for models without
    attention.
    """
    config = model.config.get_text_config()
    queries = getattr(config, "num_attention_heads", None)
    heads = getattr(config, "num_key_value_heads", None) or queries
    if not isinstance(queries, int) or not isinstance(heads, int):
        return MAX_BATCH_TOKENS[device().type]
    size = getattr(config, "head_dim", None) or config.hidden_size // queries
    per_token = 2 * config.num_hidden_layers * heads * size * dtype.itemsize
    return min(MAX_BATCH_TOKENS[device().type], int(CACHE_SHARE * free_memory() / per_token))
