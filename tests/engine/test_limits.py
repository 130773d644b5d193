"""What is too big, too deep, broken off or taken away: told in bounded time and memory, and never with a half-written
file.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from curate.cli.main import main
from curate.core.masking import MAX_LINE_CHARS, holds_secret
from curate.storage.files import TEMPORARY_SUFFIX, replacing, write_bytes
from tests.conftest import environment, line_of
from tests.forks import Forks
from tests.waiting import PATIENCE_SECONDS, until

GOOD = line_of(("Hi", "Hello."))
COMMAND = [sys.executable, "-m", "curate", "check", "data.jsonl", "--quiet"]
# What is written takes the place of the file at once: it is held there for as long as it takes to stop it.
# What starts in the background of a shell ignores Ctrl-C, and so does all that it starts.
HELD = f"""
import os, signal, sys, time
from curate.cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)
os.replace = lambda *_: time.sleep(60)
sys.exit(main({[*COMMAND[3:], "--fix-only"]!r}))
"""
SIZE = 17_000_000
"""Bytes of a line in a file that is large enough for several processes."""
# Started from a small process: the peak of a child counts from that of the process it was forked from.
MEASURED = (
    "import os, subprocess, sys; process = subprocess.Popen(sys.argv[1:]); print(os.wait4(process.pid, "
    "0)[2].ru_maxrss, file=sys.stderr)"
)


@pytest.mark.slow
def test_a_line_too_long_to_be_searched_for_secrets_shows_none_of_its_text() -> None:
    assert not holds_secret("a" * MAX_LINE_CHARS)
    assert holds_secret("a" * (MAX_LINE_CHARS + 1))


def test_a_pipe_that_the_user_names_is_written_to_and_not_replaced() -> None:
    pipe, read = Path("pipe"), []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_bytes(pipe, b"data", named=True)
    reader.join(PATIENCE_SECONDS)
    assert (read, pipe.is_fifo(), list(Path().iterdir())) == ([b"data"], True, [pipe])


def test_what_a_killed_process_left_goes_and_what_a_living_one_writes_stays() -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    orphan, other, living, reused = (
        Path(f".{name}.{process}{TEMPORARY_SUFFIX}")
        for name, process in (("a", dead.pid), ("b", dead.pid), ("a", os.getppid()), ("a.x", 1))
    )
    for path in (orphan, other, living, reused):
        path.write_bytes(b"half")
    os.utime(reused, (0, 0))  # in a container, each process has the number 1
    folder = Path(f".a.x.{dead.pid}{TEMPORARY_SUFFIX}")
    folder.mkdir()
    with replacing(Path("a.x")) as file:
        held = Path(f".a.y.{dead.pid}{TEMPORARY_SUFFIX}")  # of a process that another container does not see
        Path(file.name).rename(held)
        write_bytes(Path("a"), b"whole")
        assert sorted(Path().iterdir()) == sorted([Path("a"), other, living, folder, held])
        held.rename(file.name)


def aliases(count: int) -> bytes:
    """Lines that all can be mended."""
    value = {"messages": [{"role": "human", "content": "Who?"}, {"role": "gpt", "content": "Me."}]}
    return b"".join(json.dumps({**value, "id": number}).encode() + b"\n" for number in range(count))


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_fix_that_is_stopped_leaves_the_file_as_it_was(how: signal.Signals) -> None:
    path, content = Path("data.jsonl"), aliases(100)
    path.write_bytes(content)
    process = subprocess.Popen(
        [sys.executable, "-c", HELD], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    until(lambda: list(Path().glob(f".*{TEMPORARY_SUFFIX}")) or process.poll() is not None)
    process.send_signal(how)
    out, told = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out, path.read_bytes() == content) == (130 if how is signal.SIGINT else -how, b"", True)
    assert b"Traceback" not in told
    assert how is signal.SIGKILL or list(Path().iterdir()) == [path]
    assert main(["check", "data.jsonl", "--fix-only", "--quiet"]) == 0
    assert list(Path().iterdir()) == [path]
    assert b"human" not in path.read_bytes()


@pytest.mark.slow
def test_a_disk_with_too_little_space_leaves_the_file_as_it_was(forks: Forks) -> None:
    path, content = Path("data.jsonl"), aliases(2_000)
    path.write_bytes(content)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000,) * 2)"
    for options in (["--fix-only"], ["--all", "--output-file", "report.txt"]):
        done = forks.run(*COMMAND[3:], *options, first=limit)
        assert done.returncode == 2
        assert "cannot be written" in done.stderr
        assert (path.read_bytes() == content, list(Path().iterdir())) == (True, [path])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("middle", "times", "codes"),
    [
        (
            [b'{"messages": [' + b"x" * SIZE, b"[" * (SIZE // 2) + b"]" * (SIZE // 2), b"\0" * SIZE],
            10,
            ["J001", "J017", "J010"],
        ),
        ([line_of(("word " * (SIZE // 5), "Hello."))], 20, []),
    ],
    ids=["broken, deep, NUL", "sound"],
)
def test_a_line_of_17_mb_is_read_in_bounded_memory_and_disturbs_no_other(
    middle: list[bytes], times: int, codes: list[str]
) -> None:
    Path("data.jsonl").write_bytes(b"".join(line + b"\n" for line in [GOOD, *middle, line_of(("Bye", "Goodbye."))]))
    out = Path("out.json")
    with out.open("wb") as file:
        command = [sys.executable, "-c", MEASURED, *COMMAND, "--output-format", "json"]
        process = subprocess.run(command, env=environment(), stdout=file, stderr=subprocess.PIPE, check=True)
    found = json.loads(out.read_bytes())
    assert {(finding["code"], finding["line"]) for finding in found["findings"]} == {
        (code, line) for line, code in enumerate(codes, 2)
    }
    assert int(process.stderr.split()[-1]) << 10 < 130_000_000 + times * SIZE
