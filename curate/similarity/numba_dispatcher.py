"""How numba compiles a function. Import it inside functions, because importing numba takes time."""

from collections.abc import Callable
from typing import Any, Final

from curate.core.errors import requiring

with requiring("comparing examples", "dedup", "numba"):  # also if the installed one rejects this numpy
    from numba import njit
    from numba.core.registry import CPUDispatcher
    from numba.core.types import unliteral

_OPTIONS: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
"""No function is passed to C, so that no second entry point has to be compiled."""
_compiler: Any = njit  # numba's annotations lack some of these
_without_constant: Any = unliteral  # not annotated by numba


class _OneVersion(CPUDispatcher):
    """A compiled function with one version for any value of a type; numba compiles one per constant."""

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """As that of numba, for a call whose constants have the types of their values."""
        literals = {name: _without_constant(kind) for name, kind in kws.items()}
        return super().get_call_template([_without_constant(kind) for kind in args], literals)


def dispatcher_of(function: Callable[..., Any]) -> Any:
    """The function of numba that compiles `function` at its first call; cached on disk if a folder is writable."""
    options = {**_OPTIONS, "no_cpython_wrapper": function.__name__.startswith("_")}  # only called by compiled functions
    try:
        dispatcher = _compiler(cache=True, **options)(function)
    except RuntimeError:  # there is no writable folder for the cache
        dispatcher = _compiler(**options)(function)
    if isinstance(dispatcher, CPUDispatcher):  # not with NUMBA_DISABLE_JIT=1
        dispatcher.__class__ = _OneVersion
    return dispatcher
