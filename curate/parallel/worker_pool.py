"""Parallel work with ordered results: threads for compiled code that releases the GIL, processes for Python code.

A process is connected by a pipe and ends when the pipe closes: when the work is done, interrupted or killed. It is
forked, which is fast, if this process has no other threads whose locks the copy would hold; else it is spawned, which
takes half a second. Results depend on neither the number of workers nor the way they were started.
"""

import gc
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache, partial, wraps
from itertools import chain, islice
from pathlib import Path
from pickle import PicklingError
from queue import SimpleQueue
from threading import Lock, local
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from curate.core.errors import CurateError

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

Item = TypeVar("Item")
Made = TypeVar("Made")
FEW_ITEMS = 4
"""Items that threads process first, while processes start; few items need no process."""


def cached_per_thread(make: Callable[[Item], Made]) -> Callable[[Item], Made]:
    """Wrap a pure `make` so that each thread caches its last result, for objects that are not thread-safe."""
    storage = local()

    @wraps(make)
    def made_of(item: Item) -> Made:
        if getattr(storage, "last", None) is None or storage.last[0] != item:
            storage.last = item, make(item)
        result: Made = storage.last[1]
        return result

    return made_of


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parallel_map(make: Callable[[Item], Made], items: Iterable[Item], workers: int) -> Iterator[Made]:
    """Apply `make` to each item in threads and yield results in order. Few items are in progress, to bound memory."""
    with WorkerPool(workers, processes=False) as pool:
        yield from pool.each(make, items)


class WorkerPool:
    """A pool of workers; a single worker runs in this process."""

    remote = False
    """Whether workers may share nothing but files with this process."""
    checkpoints: Path | None = None
    """The folder of a project in which this process keeps results of chunks until the next run."""

    def __init__(
        self,
        count: int,
        *,
        processes: bool,
        own: Callable[[], object] | None = None,
        make_state: Callable[[], object] | None = None,
    ) -> None:
        """`processes`: whether to use processes if there is enough work.

        `own` returns the first argument of each call, before the item, in this process and its forks; `make_state` does
        so in a spawned process. None: the item is the only argument.
        """
        self.count = max(1, count)
        self._processes = processes and self.count > 1
        self._own, self._make_state = own and cache(own), make_state
        self._threads: ThreadPoolExecutor | None = None
        self._started: list[tuple[BaseProcess, Connection]] = []
        self._idle: SimpleQueue[Connection | None] = SimpleQueue()  # None: a process died, and no other may be left

    def __enter__(self) -> Self:
        if self._processes and self._own:  # before reading a table starts threads, with which it cannot be forked
            self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        if kind is not None:
            for process, _ in self._started:
                process.terminate()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        for process, pipe in self._started:
            pipe.close()
            process.join()

    def each(self, make: Callable[..., Made], items: Iterable[Any], quick: Callable[[], bool] = bool) -> Iterator[Made]:
        """Apply `make` to each item and yield results in order. Raises the errors of `make`, and `CurateError` if a
        process died.

        A single item needs no thread. `quick`: returns True while `make` is mostly compiled or short code, which then
        runs in threads, unless processes are already running; by default it is not.
        """
        if self.count == 1 or (self._own and not self._processes):
            yield from map(partial(make, self._own()) if self._own else make, items)
            return
        iterator = iter(items)
        ahead = list(islice(iterator, 2))
        if len(ahead) < 2 and not self._started:
            yield from map(make, ahead)
            return
        from concurrent.futures import ThreadPoolExecutor

        waiting: deque[Future[Made]] = deque()
        try:
            for number, item in enumerate(chain(ahead, iterator)):
                if self._processes and not self._started and number >= FEW_ITEMS and not quick():
                    self._start()
                if self._threads is None:
                    self._threads = ThreadPoolExecutor(self.count)
                work = partial(self._make_in_worker, make) if self._started else make
                waiting.append(self._threads.submit(copy_context().run, work, item))
                if len(waiting) > self.count + 1:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def each_compiled(self, make: Callable[[Any], Made], items: Iterable[Any]) -> Iterator[Made]:
        """As `each`, for compiled code that releases the GIL: in threads, to which nothing is copied."""
        return parallel_map(make, items, self.count)

    @property
    def running(self) -> bool:
        """Whether there are workers beside this process, so that little work is worth sending."""
        return bool(self._started)

    def begin(self, make: Callable[[Item], Made], item: Item) -> "Future[Made]":
        """Apply `make` to one item in a worker process, even with a single worker, while this process continues.

        The result raises as `each` does.
        """
        from concurrent.futures import ThreadPoolExecutor

        self._start()
        self._threads = ThreadPoolExecutor(self.count)
        return self._threads.submit(self._make_in_worker, make, item)

    def fork(self, load: Callable[[], object]) -> None:
        """Call `load` and start the processes as copies of this one, which share what it imported and compiled.

        Nothing happens if processes are not used or have started, or if this process has other threads; `each` starts
        them then. NumPy uses a single thread for matrices afterwards.
        """
        if not self._processes or self._started or not _is_alone():
            return
        with _environment_set("OPENBLAS_NUM_THREADS"):
            load()
        if _is_alone():
            self._start()

    def _make_in_worker(self, make: Callable[..., Made], item: object) -> Made:
        """Send an item to an idle process, wait, and return the result of `make`. Raises as `each` does."""
        pipe = self._idle.get()
        try:
            if pipe is None:
                raise EOFError
            pipe.send((make, item))
            result = pipe.recv()
        except (EOFError, OSError):
            self._idle.put(None)
            raise CurateError(
                "a worker process died",
                "the machine may have run out of memory; close other programs, or pass fewer files at a time",
            ) from None
        self._idle.put(pipe)
        if isinstance(result, BaseException):
            raise result
        return result  # type: ignore[no-any-return]

    def _start(self) -> None:
        """Start the processes, each with a pipe to it."""
        from multiprocessing import get_context  # takes 0.01 s that a small file does not need

        state = None
        if _is_alone() and self._own:  # created once, before the fork
            with _environment_set("OPENBLAS_NUM_THREADS"):  # prevents NumPy from starting threads
                state = self._own()
        copies = _is_alone()
        context = get_context("fork") if copies else get_context("spawn")
        with _environment_set("POLARS_MAX_THREADS"):  # threads only wait for the processes
            for _ in range(self.count):
                parent_end, worker_end = context.Pipe()
                inherited = (
                    [parent_end, *(pipe for _, pipe in self._started)] if copies else []
                )  # pipe ends that would keep a worker waiting forever
                process = context.Process(
                    target=_serve,
                    args=(worker_end, inherited, state if copies else None, None if copies else self._make_state),
                    daemon=True,
                )
                process.start()
                worker_end.close()
                self._started.append((process, parent_end))
                self._idle.put(parent_end)


def _is_alone() -> bool:
    """Whether this process has no other threads, and can be copied."""
    threads = Path("/proc/self/task")
    return sys.platform == "linux" and threads.is_dir() and len(list(threads.iterdir())) == 1


_ENVIRONMENT: Final = Lock()
"""Held while a variable is set: two threads that set and restore one at once would leave it set."""


@contextmanager
def _environment_set(name: str) -> Iterator[None]:
    """Set an environment variable to 1 during the block, for libraries and processes that read it when they start."""
    with _ENVIRONMENT:
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
    pipe: "Connection", inherited: Sequence["Connection"], state: object, make_state: Callable[[], object] | None
) -> None:
    """The worker process: apply `make` to items until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the parent ends the workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.disable()  # results have no cycles and are freed before the next item
    for other in inherited:
        other.close()
    if make_state:
        state = make_state()
    while True:
        try:
            make, item = pipe.recv()
        except EOFError:
            return
        try:
            result = make(item) if state is None else make(state, item)
        except Exception as error:  # noqa: BLE001
            result = error
        try:
            try:
                pipe.send(result)
            except (
                TypeError,
                AttributeError,
                PicklingError,
            ):  # otherwise the process would end and print the error with its data
                pipe.send(RuntimeError(f"{type(result).__name__} cannot be sent to another process"))
        except (BrokenPipeError, ConnectionResetError):
            return
