"""curate: check, deduplicate, review and split chat data for fine-tuning, and train on it.

The verbs of the command are functions here too: `curate.check`, `curate.dedup`, `curate.conflicts`, `curate.split`,
`curate.verify`, `curate.run`.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curate.api import check, conflicts, dedup, run, split, verify

__version__ = "0.2.0.dev0"
__all__ = ["check", "conflicts", "dedup", "run", "split", "verify"]


class _Package(ModuleType):
    """Some functions have the name of the module that does their work; the import system must not put that module in
    their place.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


if not TYPE_CHECKING:  # a checker of types shall know these names alone

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module  # what the functions need is loaded by the first of them

        function = globals()[name] = getattr(import_module("curate.api"), name)
        return function


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


sys.modules[__name__].__class__ = _Package
