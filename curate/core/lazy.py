"""Libraries that are imported on first use: each takes 50 ms or more, and small files do not need them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
else:

    class _Lazy:
        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, attribute: str) -> Any:
            value = getattr(import_module(self._name), attribute)
            setattr(self, attribute, value)
            return value

    np, pl = _Lazy("numpy"), _Lazy("polars")

__all__ = ["np", "pl"]
