"""The command in processes that are forked from one that has loaded the trainer, and so are the processes it starts."""

import inspect
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from curate.cli.main import main
from curate.storage.files import write_bytes
from train.journal import JsonLines

PROCESSES: Final = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["train.training.training", "train.report.training_report", "torch._dynamo", "tests.trainer.forked"]
)
PIPES: Final = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
START: Final[Any] = subprocess.Popen._execute_child  # type: ignore[attr-defined]
HELD: Final = "CURATE_HELD"
"""The variable with the name of the run that is stopped after its first step."""


def started(told: Path, *words: str, hold: str = "", work: Callable[[], object] = main) -> Any:
    """The command in a process that can be killed; it prints to `told`.out and `told`.err. `hold`: see `HELD`; `work`:
    what is run instead of the command.
    """
    environment = {**os.environ, HELD: hold}
    process = PROCESSES.Process(target=_run, args=([*words], told, environment, work))
    process.start()
    return process


def leading(command: Sequence[str], *, cwd: Path, stdout: Any, **_: object) -> Any:
    """The command as `subprocess.Popen` starts it with a session of its own, in a fork. `command` begins with how many
    steps it takes before it stops; 0: all.
    """
    steps, *words = command
    process = PROCESSES.Process(target=_lead, args=(words, int(steps), str(cwd), stdout.name, {**os.environ}))
    process.start()
    process.wait = process.join  # type: ignore[attr-defined]
    return process


def until_held(process: Any, run: Path) -> int:
    """Wait until the training of a run is stopped; returns the number of its process."""
    while process.is_alive():
        if number := held_process(run):
            return number
        time.sleep(0.01)
    raise AssertionError(f"it ended with status {process.exitcode}")


def held_process(run: Path) -> int:
    """The number of the process that trains a run, once it is stopped; else 0."""
    file = run.with_suffix(".held")
    number = int(file.read_text()) if file.exists() else 0
    return number if number and Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "T" else 0


def hold_after(steps: int) -> None:
    """Stop this process after so many steps of its training, once; beside the run lies its number."""
    append = JsonLines.append

    def held(self: JsonLines, line: dict[str, Any]) -> None:
        nonlocal steps
        append(self, line)
        if self.path.name == "metrics.jsonl" and "loss" in line:
            steps -= 1
            if steps == 0:
                write_bytes(self.path.parent.with_suffix(".held"), str(os.getpid()).encode())
                os.kill(os.getpid(), signal.SIGSTOP)

    JsonLines.append = held  # type: ignore[method-assign]


def _run(words: list[str], told: Path, environment: Mapping[str, str], work: Callable[[], object]) -> None:
    os.fsync = os.fstat  # type: ignore[assignment]  # as in tests/conftest.py
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # as in a terminal; tests may run under nohup
    files = [os.open(told.with_suffix(end), os.O_WRONLY | os.O_CREAT | os.O_TRUNC) for end in (".out", ".err")]
    subprocess.Popen._execute_child = _fork  # type: ignore[attr-defined]
    _become([sys.argv[0], *words], (-1, *files), environment)
    sys.exit(work())  # type: ignore[arg-type]


def _lead(words: list[str], steps: int, folder: str, log: str, environment: Mapping[str, str]) -> None:
    os.setsid()
    os.chdir(folder)
    if steps:
        hold_after(steps)
    told = os.open(log, os.O_WRONLY)
    _become(["curate", *words], (os.open(os.devnull, os.O_RDONLY), told, told), environment)
    sys.exit(main())


def _become(words: Sequence[str], streams: Sequence[int], environment: Mapping[str, str]) -> None:
    for number, stream in enumerate(streams):
        if stream >= 0:
            os.dup2(stream, number)
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = [*words]


def _fork(self: Any, *given: Any) -> None:
    """Start a process as `subprocess` does; if it is the command, then as a fork of this one."""
    call = inspect.signature(START).bind(self, *given).arguments
    arguments = [*call["args"]]
    if arguments[0] != sys.executable or "curate" not in arguments:
        START(self, *given)
        return
    self.pid = os.fork()
    if self.pid:
        self._child_created = True
        self._close_pipe_fds(*(call[name] for name in PIPES))
        return
    code = 1
    try:
        if call["start_new_session"]:
            os.setsid()
        words = ["curate", *arguments[arguments.index("curate") + 1 :]]
        _become(words, [call[name] for name in ("p2cread", "c2pwrite", "errwrite")], call["env"] or os.environ.copy())
        os.closerange(3, 1 << 10)  # locks of this process, and the other end of the stdin
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, "w" if n else "r", closefd=False) for n in range(3))
        if (held := os.environ.get(HELD)) and held in [Path(word).name for word in words]:
            hold_after(1)
        code = main()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)
