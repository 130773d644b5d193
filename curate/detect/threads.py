"""Work side by side, in order. Compiled functions release the interpreter's lock: for them threads are enough, and nothing is copied."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import cache
from threading import Lock
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def once(make: Callable[[], Made]) -> Callable[[], Made]:
    """`make`, which takes a while, made once: threads that ask for it meanwhile wait."""
    made, lock = cache(make), Lock()

    def ready() -> Made:
        with lock:
            return made()

    return ready


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def side_by_side(
    make: Callable[[Item], Made],
    items: Iterable[Item],
    workers: int,
    pool: Callable[[], Executor] | None = None,
) -> Iterator[Made]:
    """What `make` makes of each item, in order, by threads or by what `pool` names; a few items are under way at a time, so that memory stays flat."""
    if pool is None:
        with ThreadPoolExecutor(max(1, workers)) as threads:
            yield from side_by_side(make, items, workers, lambda: threads)
        return
    waiting: deque[Future[Made]] = deque()
    try:
        for item in items:
            waiting.append(pool().submit(make, item))
            if len(waiting) > workers + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
