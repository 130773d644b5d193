"""Work side by side, in order: threads for compiled code, which releases the interpreter's lock, processes for much
Python.

A process has a pipe of its own and ends when the pipe does: when the work is done, was interrupted or was killed. It is
started as a copy of this process, which is at work at once, where this one has no threads whose locks a copy would
hold; else anew, which takes half a second. Nothing in an outcome depends on how many there are, or on how they were
started.
"""

import gc
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from pickle import PicklingError
from queue import SimpleQueue
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from curate.core.errors import CurateError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

Item = TypeVar("Item")
Made = TypeVar("Made")
FEW = 4
"""Items that are made by threads first: as many as can be while processes start, and perhaps all there are."""


def lazy_once(make: Callable[[], Made]) -> Callable[[], Made]:
    """Wrap an expensive `make` so that it runs once; other threads wait for its result."""
    made, lock = cache(make), Lock()

    def ready() -> Made:
        with lock:
            return made()

    return ready


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parallel_map(make: Callable[[Item], Made], items: Iterable[Item], workers: int) -> Iterator[Made]:
    """Apply `make` to each item in threads and yield the results in order; only a few items are processed at a time, to
    bound memory.
    """
    with WorkerPool(workers, processes=False) as pool:
        yield from pool.each(make, items)


class WorkerPool:
    """So many workers; one works here."""

    def __init__(
        self,
        count: int,
        *,
        processes: bool,
        own: Callable[[], object] | None = None,
        anew: Callable[[], object] | None = None,
    ) -> None:
        """`processes`: whether each is one of its own, where there is enough to do.

        `own` gives what `make` takes before each item, in this process and its copies, `anew` the same in a process
        that is started anew.
        """
        self.count = max(1, count)
        self._processes = processes and self.count > 1
        self._own, self._anew = own and cache(own), anew
        self._threads: ThreadPoolExecutor | None = None
        self._started: list[tuple[BaseProcess, Connection]] = []
        self._idle: SimpleQueue[Connection] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            for process, _ in self._started:
                process.terminate()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        for process, pipe in self._started:
            pipe.close()
            process.join()

    def each(self, make: Callable[..., Made], items: Iterable[Any], quick: Callable[[], bool] = bool) -> Iterator[Made]:
        """What `make` makes of each item, in order. Raises what it raises, `CurateError` where a process died.

        As long as it is `quick`, making is compiled code for the most part or soon done, and threads do it, unless
        there are processes by now.
        """
        if self.count == 1 or (self._own and not self._processes):
            yield from map(self._here(make), items)
            return
        waiting: deque[Future[Made]] = deque()
        try:
            for nth, item in enumerate(items):
                if self._processes and not self._started and (self._own or nth >= FEW) and not quick():
                    self._start()
                if self._threads is None:
                    self._threads = ThreadPoolExecutor(self.count)
                waiting.append(self._threads.submit(partial(self._there, make) if self._started else make, item))
                if len(waiting) > self.count + 1:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def _here(self, make: Callable[..., Made]) -> Callable[..., Made]:
        return partial(make, self._own()) if self._own else make

    def _there(self, make: Callable[..., Made], item: object) -> Made:
        """What the next process that is idle makes of an item."""
        pipe = self._idle.get()
        try:
            pipe.send((make, item))
            made = pipe.recv()
        except (EOFError, OSError):
            raise CurateError(
                "a worker process died",
                "the machine may have run out of memory; try fewer files, or `curate check --workers 1`",
            ) from None
        finally:
            self._idle.put(pipe)
        if isinstance(made, BaseException):
            raise made
        return made  # type: ignore[no-any-return]

    def _start(self) -> None:
        from multiprocessing import get_context  # a hundredth of a second that a small file need not pay

        own = None
        if _is_alone() and self._own:  # made once, before it is copied
            with _set("OPENBLAS_NUM_THREADS"):  # else NumPy starts threads
                own = self._own()
        copies = _is_alone()
        context = get_context("fork") if copies else get_context("spawn")
        with _set("POLARS_MAX_THREADS"):  # the processes are the threads
            for _ in range(self.count):
                here, there = context.Pipe()
                inherited = (
                    [here, *(pipe for _, pipe in self._started)] if copies else []
                )  # whose ends a worker would wait for in vain
                process = context.Process(
                    target=_serve,
                    args=(there, inherited, own if copies else None, None if copies else self._anew),
                    daemon=True,
                )
                process.start()
                there.close()
                self._started.append((process, here))
                self._idle.put(here)


def _is_alone() -> bool:
    """Whether this process has no other threads, and can be copied."""
    threads = Path("/proc/self/task")
    return sys.platform == "linux" and threads.is_dir() and len(list(threads.iterdir())) == 1


@contextmanager
def _set(name: str) -> Iterator[None]:
    """A variable of the environment as 1, for what reads it when it is loaded or started meanwhile; as it was
    afterwards.
    """
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _serve(
    pipe: "Connection", inherited: Sequence["Connection"], own: object, anew: Callable[[], object] | None
) -> None:
    """A worker: make what is asked for until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the one that was asked ends the others
    gc.disable()  # what is made has no cycles and is gone before the next
    for other in inherited:
        other.close()
    if anew:
        own = anew()
    while True:
        try:
            make, item = pipe.recv()
        except EOFError:
            return
        try:
            made = make(item) if own is None else make(own, item)
        except Exception as error:  # noqa: BLE001
            made = error
        try:
            try:
                pipe.send(made)
            except (
                TypeError,
                AttributeError,
                PicklingError,
            ):  # else this process would end, and write what it has with the error
                pipe.send(RuntimeError(f"{type(made).__name__} cannot be sent to another process"))
        except (BrokenPipeError, ConnectionResetError):
            return
