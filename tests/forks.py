"""The command in processes that are forked from one that has loaded it: each ends as a process does, its streams and
signals included, without the second or two that its imports take, and without freeing all objects at the end.
"""

import atexit
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Self

from curate.commands.run.training import CURATE_COMMAND

ROOT: Final = Path(__file__).parent.parent
LOADED: Final = (
    *("curate.cli.check", "curate.cli.dedup", "curate.cli.main", "curate.cli.restore", "curate.cli.run"),
    *("curate.cli.split", "curate.cli.verbs", "curate.cli.verify", "curate.lint.runner", "curate.conflicts"),
    *("curate.similarity.word_kernels", "curate.commands.convert", "curate.commands.decontaminate"),
    *(
        "curate.commands.split",
        "curate.render.masked_console",
        "curate.similarity.cross_split_jaccard_join_kernels",
    ),
    *("curate.similarity.join", "curate.similarity.kernels", "curate.verify.proof", "datasketch", "platformdirs.unix"),
)
"""What is loaded before a fork: nothing that starts threads of its own."""
STREAMS: Final = ("stdin", "stdout", "stderr")
SECONDS: Final = 300
"""How long a call may take."""
KILL_AT: Final = """
import os, sys
calls = []
def count(name, _):
    if name in ("open", "os.rename", "os.remove"):
        calls.append(name)
        if len(calls) == {}:
            os.kill(os.getpid(), 9)
sys.addaudithook(count)
"""
"""What a process runs first that is killed as it opens, renames or removes a file for the nth time."""


class Forks:
    """Runs the command, one call at a time."""

    def __init__(self, *options: str) -> None:
        """Starts the process that forks; `options` are Python's."""
        self._server = subprocess.Popen(
            [sys.executable, *options, "-m", "tests.forks"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()

    def run(
        self, *words: str, folder: Path | str = "", stream: int = -1, full: bool = False, first: str = "",
        environment: Mapping[str, str] = os.environ,
    ) -> "subprocess.CompletedProcess[str]":  # fmt: skip
        """Run the command in a folder; `first`: code that runs before it. `stream` is closed, or a full device."""
        place = Path(folder).absolute()
        call = {"words": words, "folder": str(place), "stream": stream, "full": full, "first": first}
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.write(json.dumps({**call, "environment": dict(environment)}) + "\n")
        self._server.stdin.flush()
        code = int(self._server.stdout.readline())
        out, err = ((place / f".{name}").read_text(errors="replace") for name in STREAMS[1:])
        for name in STREAMS:
            (place / f".{name}").unlink()
        return subprocess.CompletedProcess(words, code, out, err)


class ToolForks:
    """Runs the tools for agents in forks, in place of `anyio.run_process`."""

    def __init__(self, forks: Forks) -> None:
        self._forks = forks

    async def run_process(
        self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], **_: object
    ) -> "subprocess.CompletedProcess[bytes]":
        words = command[len(CURATE_COMMAND) :]
        ended = self._forks.run(*words, folder=cwd, environment=env)
        return subprocess.CompletedProcess(command, ended.returncode, ended.stdout.encode(), ended.stderr.encode())


def serve() -> None:
    """Fork for each call that standard input names, one after another, and print how it ended."""
    from curate.core.config import Section
    from curate.similarity.numba_utils import U64, mixed

    for module in LOADED:
        import_module(module)
    for section in Section.__subclasses__():
        section.model_rebuild()  # else it is built where it is first used
    mixed(U64(0))  # the rest of numba is loaded by a first call
    os.fsync = os.fstat  # type: ignore[assignment]  # as in tests/conftest.py
    for line in sys.stdin:
        child = os.fork()
        if not child:
            return _become(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201
    return None


def _become(
    words: list[str], folder: str, stream: int, full: bool, first: str, environment: dict[str, str], **_: Any
) -> None:
    """Be the command."""
    signal.alarm(SECONDS)
    sys.dont_write_bytecode = True  # under a limit of file sizes, Python 3.11 would keep the first part of a file
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, name in enumerate(STREAMS):
        broken, kept = number == stream, Path(f".{name}")
        kept.touch()
        opened = os.open("/dev/full" if broken and full else kept, os.O_RDWR)
        os.dup2(opened, number)
        os.close(opened)
        if broken and not full:
            os.close(number)
            setattr(sys, name, None)  # as in an interpreter that starts without it
        else:
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))
    sys.argv = ["curate", *words]
    exec(first, {})
    try:
        runpy.run_module("curate", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        _end(ended.code)


def _end(code: Any) -> None:
    """End as the interpreter does, except that nothing is freed: that copies the pages of all that was loaded."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        code = 120
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    serve()
