"""Who does the work that can be done side by side: processes for much of it, threads for little.

Reading lines and comparing facts is Python, which threads cannot do at the same time; to start processes takes half a second.
"""

import gc
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from types import TracebackType
from typing import Self, TypeVar

from curate.detect.threads import side_by_side
from curate.errors import CurateError

Item = TypeVar("Item")
Made = TypeVar("Made")
THREADS = "POLARS_MAX_THREADS"
FEW = 4
"""Items that are made by threads first: as many as can be while processes start, and perhaps all there are."""


class Crew:
    """So many workers. Nothing in what they make depends on how many there are."""

    def __init__(self, count: int, *, processes: bool) -> None:
        """`processes`: whether each is one of its own, where there is enough to do."""
        self.count = count
        self._processes = processes and count > 1
        self._threads: Executor | None = None
        self._pool: Executor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for pool in (self._threads, self._pool):
            if pool is not None:
                pool.shutdown(wait=True, cancel_futures=True)

    def each(self, make: Callable[[Item], Made], items: Iterable[Item], quick: Callable[[], bool] = bool) -> Iterator[Made]:
        """What `make` makes of each item, in order. Raises what it raises, `CurateError` where a process died.

        As long as it is `quick`, making is compiled code for the most part or soon done, and threads do it, unless there are processes by now.
        """
        made = 0

        def pool() -> Executor:
            nonlocal made
            made += 1
            return self._started() if self._pool or (self._processes and made > FEW and not quick()) else self._near()

        try:
            yield from side_by_side(make, items, self.count, pool)
        except BrokenProcessPool:
            raise CurateError("a process that compares died", "perhaps memory ran out; try again with fewer files") from None

    def _near(self) -> Executor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self.count)
        return self._threads

    def _started(self) -> Executor:
        if self._pool is None:
            os.environ.setdefault(THREADS, "1")  # the processes are the threads
            context = get_context("spawn")  # a copy of this process would hold the locks of its threads
            self._pool = ProcessPoolExecutor(self.count, mp_context=context, initializer=_begin)
        return self._pool


def _begin() -> None:
    """In a worker: Ctrl-C reaches all, and the one that was asked ends the others; what is made has no cycles."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
