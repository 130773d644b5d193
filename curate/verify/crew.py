"""Work that is done side by side: by processes where there is much of it, else here."""

import gc
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from types import TracebackType
from typing import Final, Self, TypeVar

from curate.errors import CurateError

MUCH: Final = 32 << 20
"""Bytes from which processes are started; that takes half a second."""
Task = TypeVar("Task")
Made = TypeVar("Made")


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Crew:
    """Processes, as many as there are cores; none where there is little to do. What is made does not depend on how many there are."""

    def __init__(self, size: int) -> None:
        """size: bytes that there are to read."""
        self._count = cores() if size >= MUCH else 1
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self._count > 1:
            self._pool = ProcessPoolExecutor(self._count, mp_context=get_context("spawn"), initializer=_begin)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def each(self, make: Callable[[Task], Made], tasks: Iterable[Task]) -> Iterator[Made]:
        """What `make` makes of each task, in order. Raises what it raises, `CurateError` where a process died."""
        if self._pool is None:
            yield from map(make, tasks)
            return
        waiting: deque[Future[Made]] = deque()
        try:
            for task in tasks:
                waiting.append(self._pool.submit(make, task))
                if len(waiting) > self._count + 2:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise CurateError("a process that compares died", "perhaps memory ran out; free some, and try again") from None
        finally:
            for future in waiting:
                future.cancel()


def _begin() -> None:
    """In a worker: Ctrl-C reaches all, and the one that was asked ends the others; what is made has no cycles."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
