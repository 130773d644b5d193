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


@contextmanager
def without_hub_kernels() -> Iterator[None]:
    """Let no library that is imported in the block load code from the hub, unless `USE_HUB_KERNELS` allows it."""
    # bitsandbytes warns that it has no such code; it has its own.
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
    if os.environ.setdefault(SWITCH, "NO").upper() in ON:
        yield
        return
    modules = cast(dict[str, Any], sys.modules)
    missing = object()
    loaded = modules.get("kernels", missing)
    modules["kernels"] = None  # importing it fails, as where it is not installed
    try:
        yield
    finally:
        if loaded is missing:
            del modules["kernels"]
        else:
            modules["kernels"] = loaded
