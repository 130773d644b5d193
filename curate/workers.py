"""Processes that check pieces of files side by side, and give back what they found in the order of the pieces.

Each worker has a pipe of its own and reads its pieces from the disk itself. It ends when the pipe does: when the check is done, was
interrupted or was killed. Nothing in the outcome depends on how many there are, or on how they were started: as a copy of this process,
which is at work at once, where it has no threads whose locks a copy would hold; else anew.
"""

import gc
import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from curate.checker import Checker, Part
from curate.config import CheckConfig
from curate.errors import CurateError
from curate.read.pieces import Piece, ids_at

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

AHEAD = 2
"""Pieces that each worker is given before its first is back."""
THREADS = "POLARS_MAX_THREADS"


class Lookup(NamedTuple):
    """Lines of a piece of which the ids are wanted, counted from 1 and in order."""

    piece: Piece
    numbers: tuple[int, ...]


class Workers:
    """As many processes as wanted; with one, the work is done here."""

    def __init__(self, checker: Checker, config: CheckConfig, count: int, *, hurry: bool = False) -> None:
        """With `hurry`, lines are scanned first (see `Checker.hurry`)."""
        self._checker, self._config, self._count, self._hurry = checker, config, count, hurry
        self._started: list[tuple[BaseProcess, Connection]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process, pipe in self._started:
            pipe.close()
            if kind is not None:
                process.terminate()
            process.join()

    def _start(self) -> None:
        from multiprocessing import get_context  # a hundredth of a second that a small file need not pay

        copies = _is_alone()
        if copies and self._hurry:  # loaded once, before it is copied
            with _set("OPENBLAS_NUM_THREADS"):  # else NumPy starts threads
                self._checker.hurry()
            copies = _is_alone()
        context = get_context("fork") if copies else get_context("spawn")
        with _set(THREADS):  # the processes are the threads
            for _ in range(self._count):
                here, there = context.Pipe()
                if copies:
                    inherited = [here, *(pipe for _, pipe in self._started)]  # whose ends a worker would wait for in vain
                    process = context.Process(target=_serve, args=(there, self._checker, inherited), daemon=True)
                else:
                    process = context.Process(target=_serve_anew, args=(there, self._config, self._hurry), daemon=True)
                process.start()
                there.close()
                self._started.append((process, here))

    def parts(self, pieces: Iterable[Piece]) -> Iterator[Part]:
        """What each piece gives, in order. Raises what a worker raised, `CurateError` where one died."""
        if self._count <= 1 and self._hurry and self._checker.scan is None:
            self._checker.hurry()
        if self._count > 1 and not self._started:
            self._start()
        yield from self._answers(pieces)

    def ids(self, lookups: Iterable[Lookup]) -> Iterator[dict[int, str]]:
        """The ids of the examples that are asked for, by their lines. Raises as `parts` does."""
        yield from self._answers(lookups)

    def _answers(self, tasks: Iterable[Piece | Lookup]) -> Iterator[Any]:
        if not self._started:
            yield from (_done(self._checker, task) for task in tasks)
            return
        waiting: deque[Connection] = deque()
        for nth, task in enumerate(tasks):
            ahead = 1 if isinstance(task, Piece) and task.data else AHEAD  # bytes fill a pipe: nobody reads while both ends write
            while len(waiting) >= self._count * ahead:
                yield _received(waiting.popleft())
            pipe = self._started[nth % self._count][1]
            pipe.send(task)
            waiting.append(pipe)
        while waiting:
            yield _received(waiting.popleft())


def _is_alone() -> bool:
    """Whether this process has no other threads, and can be copied."""
    threads = Path("/proc/self/task")
    return sys.platform == "linux" and threads.is_dir() and len(list(threads.iterdir())) == 1


@contextmanager
def _set(name: str) -> Iterator[None]:
    """A variable of the environment as 1, for what reads it when it is loaded or started meanwhile; as it was afterwards."""
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _done(checker: Checker, task: Piece | Lookup) -> Part | dict[int, str]:
    if isinstance(task, Piece):
        return checker.part(task)
    return ids_at(task.piece, task.numbers, checker.scan.room if checker.scan is not None else None)


def _received(pipe: "Connection") -> Any:
    try:
        found = pipe.recv()
    except EOFError:
        raise CurateError("a process that checks died", "perhaps memory ran out; try again with --workers 1") from None
    if isinstance(found, BaseException):
        raise found
    return found


def _serve_anew(pipe: "Connection", config: CheckConfig, hurry: bool) -> None:
    """A worker that was started anew."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    checker = Checker(config)
    if hurry:
        checker.hurry()
    _serve(pipe, checker)


def _serve(pipe: "Connection", checker: Checker, inherited: Sequence["Connection"] = ()) -> None:
    """A worker: check pieces until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the one that was asked ends the others
    gc.disable()  # what a piece is made into has no cycles and is gone before the next
    for other in inherited:
        other.close()
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        try:
            answer: Part | dict[int, str] | BaseException = _done(checker, task)
        except Exception as error:  # noqa: BLE001  (raised again where somebody waits for it)
            answer = error
        try:
            pipe.send(answer)
        except (BrokenPipeError, ConnectionResetError):
            return
