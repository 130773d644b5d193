"""The decorator that compiles loops, and helpers that these share.

On little data, the interpreter runs the functions (see `curate.parallel.kernels`), and numba is not imported. Compiled
functions create no array: the caller makes results and buffers, because each array that numba creates, copies or sums
takes .1 to .5 s to compile, as does each assignment of a slice to a slice.
"""

import sys
from collections.abc import Callable
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError  # raised by numba when it reads its cache files
from types import FunctionType
from typing import Any

import numpy as np

from curate.core.errors import requiring
from curate.parallel.kernels import is_interpreted

with requiring("comparing examples", "dedup", "numba"):
    if find_spec("numba") is None:
        raise ModuleNotFoundError("No module named 'numba'", name="numba")

U64 = np.uint64
ZERO: Any = np.int64(0)
"""The count 0 in the type that numba gives counts."""


class Kernel:
    """A function that numba compiles, except if the interpreter runs it because there is little data."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.py_func: Any = function
        self.interpreted: Any = function
        """What the interpreter runs: `function`, or one that does the same with arrays (see `interpreted_as`)."""

    def __call__(self, *arguments: Any) -> Any:
        """What the function returns."""
        if not self.is_interpreted:
            return self._run_compiled(arguments)
        with np.errstate(over="ignore"):  # sums and products of hashes are modulo 2 ** 64, or 2 ** 32
            return self.as_written(*arguments)

    def _run_compiled(self, arguments: tuple[Any, ...]) -> Any:
        try:
            return self.dispatcher(*arguments)
        except (AttributeError, ImportError, EOFError, UnpicklingError):
            if self.dispatcher.signatures:
                raise
            # the code on disk is of a version with other class names, or is truncated
            _delete_compiled()
            return self.dispatcher(*arguments)

    @cached_property
    def dispatcher(self) -> Any:
        """The function of numba that compiles this one at its first call; with NUMBA_DISABLE_JIT, this one. Raises
        `MissingExtra`.
        """
        from curate.similarity.numba_dispatcher import dispatcher_of  # takes half a second

        return dispatcher_of(self.py_func)

    @property
    def _numba_type_(self) -> Any:
        """The type by which compiled functions call this one; numba looks for this name."""
        return self.dispatcher._numba_type_

    @property
    def is_interpreted(self) -> bool:
        """Whether the interpreter runs the function: also where NUMBA_DISABLE_JIT is set."""
        return is_interpreted(self._is_compiled) or isinstance(self.dispatcher, FunctionType)

    def _is_compiled(self) -> bool:
        """Whether the function was compiled, by this process or by one that wrote the code to disk."""
        return not isinstance(self.dispatcher, FunctionType) and (bool(self.dispatcher.signatures) or self._is_on_disk)

    @cached_property
    def _is_on_disk(self) -> bool:
        folder = self.dispatcher.stats.cache_path
        if folder is None:
            return False
        written = Path(self.py_func.__code__.co_filename).stat().st_mtime
        return any(index.stat().st_mtime >= written for index in Path(folder).glob(f"*.{self.py_func.__name__}-*.nbi"))

    @cached_property
    def as_written(self) -> Callable[..., Any]:
        """The function for the interpreter, which calls no compiled function."""
        return _as_written(self.interpreted, {})


def _delete_compiled() -> None:
    """Delete the code of kernels that is on disk."""
    modules = [module for name, module in sys.modules.items() if name.startswith("curate.")]
    kernels = [value for module in modules for value in vars(module).values() if isinstance(value, Kernel)]
    for folder in {kernel.dispatcher.stats.cache_path for kernel in kernels}:
        for index in Path(folder).glob("*.nbi") if folder is not None else ():
            index.unlink(missing_ok=True)


def _as_written(function: Any, names_by_module: dict[str, dict[str, Any]]) -> Callable[..., Any]:
    """A function whose global names are those of its module, with interpreted functions in place of compiled ones;
    `names_by_module` has the names by module.
    """
    if function.__module__ not in names_by_module:
        names = names_by_module[function.__module__] = dict(function.__globals__)
        for name, value in function.__globals__.items():
            if isinstance(value, Kernel):
                names[name] = _as_written(value.interpreted, names_by_module)
    return FunctionType(
        function.__code__, names_by_module[function.__module__], function.__name__, function.__defaults__
    )


def compiled(function: Callable[..., Any]) -> Any:
    """`function`, compiled at its first call; cached on disk if a folder is writable, else compiled again in each
    process.
    """
    return Kernel(function)


def interpreted_as(kernel: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make the decorated function what the interpreter runs in place of a kernel: the same result, without a loop."""

    def replaced(function: Callable[..., Any]) -> Callable[..., Any]:
        kernel.interpreted = function
        return function

    return replaced


@compiled
def mixed(value: Any) -> Any:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): each bit depends on every bit of `value`."""
    value = (value ^ (value >> U64(30))) * U64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> U64(27))) * U64(0x94D049BB133111EB)
    return value ^ (value >> U64(31))


@compiled
def decoded(buffer: Any, position: int) -> Any:
    """Code point and length in bytes of the character at `position` of well-formed UTF-8."""
    lead = np.int64(buffer[position])
    if lead < 0xE0:
        return ((lead & 0x1F) << 6) | np.int64(buffer[position + 1] & 0x3F), 2
    if lead < 0xF0:
        return ((lead & 0x0F) << 12) | (np.int64(buffer[position + 1] & 0x3F) << 6) | np.int64(
            buffer[position + 2] & 0x3F
        ), 3
    high = ((lead & 0x07) << 18) | (np.int64(buffer[position + 1] & 0x3F) << 12)
    return high | (np.int64(buffer[position + 2] & 0x3F) << 6) | np.int64(buffer[position + 3] & 0x3F), 4


@compiled
def sort_few(values: Any, count: int) -> None:
    """Sort the first `count` values in place: Shell's sort with the gaps of Knuth, 1, 4, 13, ..."""
    gap = 1
    while gap < count // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, count):
            value, position = values[i], i
            while position >= gap and values[position - gap] > value:
                values[position] = values[position - gap]
                position -= gap
            values[position] = value
        gap //= 3
