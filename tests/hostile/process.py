"""The command as a process of its own: how it ended, what it said, and with how much memory."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from tests.conftest import environment

ROOT: Final = Path(__file__).parent.parent.parent
SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended."""

    code: int
    """Negative: the signal that ended it."""
    out: str
    err: str

    @property
    def told(self) -> str:
        """All that it wrote."""
        return self.out + self.err


def curate(
    *words: str,
    options: Sequence[str] = (),
    memory: int | None = None,
    stdout: IO[bytes] | int = subprocess.PIPE,
    before: Callable[[], None] | None = None,
    **variables: str,
) -> Ended:
    """Run the command in the working folder. `options`: of Python; `memory`: bytes of address space; `before`: called
    in the child before it starts.
    """

    def prepare() -> None:
        if memory is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        if before is not None:
            before()

    ended = subprocess.run(
        [sys.executable, *options, "-m", "curate", *words],
        stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, timeout=SECONDS, check=False,
        preexec_fn=prepare if memory is not None or before is not None else None,
        env=environment(**{"PYTHONPATH": str(ROOT), **variables}),
    )  # fmt: skip
    return Ended(
        ended.returncode,
        (ended.stdout or b"").decode("utf-8", "replace"),
        (ended.stderr or b"").decode("utf-8", "replace"),
    )


def close(number: int) -> Callable[[], None]:
    """What closes a stream of the child before it starts, as `>&-` does."""
    return lambda: os.close(number)
