"""Native code that libraries fetch from the Hugging Face Hub when they are imported: not unless the user asks.

transformers 5.25 installs the package `kernels`. With it, bitsandbytes 0.50 downloads compiled code of no fixed
revision and loads it on CPUs with AVX512-BF16; transformers does so for some architectures.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

SWITCH: Final = "USE_HUB_KERNELS"
"""The variable of transformers that allows such code."""
ON: Final = ("1", "ON", "YES", "TRUE")


LOADER: Final = "transformers.integrations.hub_kernels"
"""The module of transformers that loads such code. It does so for any model whose `config.json` names a repository as
`attn_implementation`, even where the variable forbids it.
"""


class HubKernelRefused(ValueError):
    """A model's `config.json` names compiled code of the hub."""


@contextmanager
def without_hub_kernels() -> Iterator[None]:
    """Let no library that is imported or that loads a model in the block load code from the hub, unless
    `USE_HUB_KERNELS` allows it.

    What was imported before keeps its own function that loads such code; it raises `HubKernelRefused` in the block.
    """
    # bitsandbytes warns that it has no such code; it has its own.
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
    if os.environ.setdefault(SWITCH, "NO").upper() in ON:
        yield
        return
    modules = cast(dict[str, Any], sys.modules)
    missing = object()
    loaded = modules.get("kernels", missing)
    loader = modules.get(LOADER)
    get_kernel = getattr(loader, "get_kernel_hub", missing)
    modules["kernels"] = None  # importing it fails, as where it is not installed
    if get_kernel is not missing:
        cast(Any, loader).get_kernel_hub = _refuse
    try:
        yield
    finally:
        if loaded is missing:
            modules.pop("kernels", None)
        else:
            modules["kernels"] = loaded
        if get_kernel is not missing:
            cast(Any, loader).get_kernel_hub = get_kernel


def _refuse(repository: str, *_positional: Any, **_named: Any) -> Any:
    """Raise `HubKernelRefused` for any arguments of `kernels.get_kernel`."""
    raise HubKernelRefused(repository)
