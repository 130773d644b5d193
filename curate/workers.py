"""Processes that check pieces of files side by side, and give back what they found in the order of the pieces.

Each worker has a pipe of its own and reads its pieces from the disk itself. It ends when the pipe does: when the check is done, was
interrupted or was killed. Nothing in the outcome depends on how many there are.
"""

import gc
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from curate.checker import Checker, Part
from curate.config import CheckConfig
from curate.errors import CurateError
from curate.read.pieces import Piece

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

AHEAD = 2
"""Pieces that each worker is given before its first is back."""
THREADS = "POLARS_MAX_THREADS"


class Workers:
    """As many processes as wanted; with one, the work is done here."""

    def __init__(self, checker: Checker, config: CheckConfig, count: int, *, quick: bool = False) -> None:
        """`quick` has the processes scan the lines first (see `Checker`)."""
        self._checker, self._config, self._count, self._quick = checker, config, count, quick
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

        context = get_context("spawn")  # a copy of this process would hold the locks of its threads
        before = os.environ.get(THREADS)
        os.environ[THREADS] = "1"  # the processes are the threads
        try:
            for _ in range(self._count):
                here, there = context.Pipe()
                process = context.Process(target=_serve, args=(there, self._config, self._quick), daemon=True)
                process.start()
                there.close()
                self._started.append((process, here))
        finally:
            if before is None:
                del os.environ[THREADS]
            else:
                os.environ[THREADS] = before

    def parts(self, pieces: Iterable[Piece]) -> Iterator[Part]:
        """What each piece gives, in order. Raises what a worker raised, `CurateError` where one died."""
        if self._count <= 1:
            for piece in pieces:
                yield self._checker.part(piece)
            return
        if not self._started:
            self._start()
        waiting: deque[Connection] = deque()
        for nth, piece in enumerate(pieces):
            while len(waiting) >= self._count * (1 if piece.data else AHEAD):  # bytes fill a pipe: nobody reads while both ends write
                yield _received(waiting.popleft())
            pipe = self._started[nth % self._count][1]
            pipe.send(piece)
            waiting.append(pipe)
        while waiting:
            yield _received(waiting.popleft())


def _received(pipe: "Connection") -> Part:
    try:
        found = pipe.recv()
    except EOFError:
        raise CurateError("a process that checks died", "perhaps memory ran out; try again with --workers 1") from None
    if isinstance(found, BaseException):
        raise found
    part: Part = found
    return part


def _serve(pipe: "Connection", config: CheckConfig, quick: bool) -> None:
    """A worker: check pieces until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the one that was asked ends the others
    gc.disable()  # what a piece is made into has no cycles and is gone before the next
    checker = Checker(config, quick=quick)
    while True:
        try:
            piece = pipe.recv()
        except EOFError:
            return
        try:
            answer: Part | BaseException = checker.part(piece)
        except Exception as error:  # noqa: BLE001  (raised again where somebody waits for it)
            answer = error
        try:
            pipe.send(answer)
        except (BrokenPipeError, ConnectionResetError):
            return
