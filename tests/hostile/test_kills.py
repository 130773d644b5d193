"""A command killed while it puts its files in place leaves the old state or the new one, journal included.
`CURATE_KILLS=100` kills each command so often.
"""

import json
import os
import random
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from curate.output.restore import finish
from tests.conftest import rows_of
from tests.forks import Forks

KILLS = int(os.environ.get("CURATE_KILLS", "2"))
SLOW_RENAME = """
import os, pathlib, signal, threading, time
kill = threading.Timer(SECONDS, os.kill, (os.getpid(), signal.SIGKILL))
def slowed(step):
    def slow(*args, **keys):
        time.sleep(0.02)
        if not kill.ident:
            kill.start()  # at the first step
        done = step(*args, **keys)
        time.sleep(0.02)
        return done
    return slow
os.replace, os.unlink, os.rmdir = slowed(os.replace), slowed(os.unlink), slowed(os.rmdir)
pathlib.Path.unlink = slowed(pathlib.Path.unlink)
"""
RUN = 'data = ["data.jsonl"]\noutput = "out"\nseed = {seed}\n[conflicts]\nmodels = false\n'


def rows(count: int) -> bytes:
    rng = random.Random(7)
    words = [f"w{n}" for n in range(3000)]
    said = [[" ".join(rng.choices(words, k=12)) for _ in range(2)] for _ in range(count)]
    turns = [[{"role": "user", "content": one}, {"role": "assistant", "content": other}] for one, other in said]
    return b"".join(json.dumps({"messages": both}).encode() + b"\n" for both in [*turns, *turns[:3]])


def state(folder: Path) -> Mapping[str, bytes]:
    """What a folder of splits holds, and the journal beside it, times aside."""
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }
    journal = folder.parent / ".curate/decisions.jsonl"
    decided = rows_of(journal) if journal.exists() else []
    return found | {
        "journal": json.dumps([{key: value for key, value in one.items() if key != "when"} for one in decided]).encode()
    }


def command(verb: str, room: Path, forks: Forks) -> list[str]:
    """What is killed; before it, what it finds is made."""
    (room / "data.jsonl").write_bytes(rows(60))
    if verb == "run":
        (room / "curate.toml").write_text(RUN.format(seed=1))
        first, second = ["run", "--until", "split"], ["run", "--until", "split"]
    elif verb == "split":
        first, second = (
            ["split", "data.jsonl", "-o", "out"],
            ["split", "data.jsonl", "-o", "out", "--seed", "2", "--fresh"],
        )
    else:
        (room / "curate.toml").write_text(RUN.format(seed=1))
        first, second = ["run", "--until", "split"], ["restore", "out", "--all"]
    forks.run(*first, "-q", folder=room).check_returncode()
    if verb == "run":
        (room / "curate.toml").write_text(RUN.format(seed=2))
    return [*second, *(["-q"] if verb != "restore" else [])]


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["run", "split", "restore"])
def test_killed_while_files_take_their_place(verb: str, tmp_path: Path, forks: Forks) -> None:
    ready, killed = tmp_path / "ready", tmp_path / "killed"
    ready.mkdir()
    words = command(verb, ready, forks)
    old = state(ready / "out")
    shutil.copytree(ready, killed)
    forks.run(*words, folder=killed).check_returncode()
    new = state(killed / "out")
    assert old != new
    rng = random.Random(verb)
    for _ in range(KILLS):
        shutil.rmtree(killed)
        shutil.copytree(ready, killed)
        slow = SLOW_RENAME.replace("SECONDS", str(rng.uniform(0, 0.6)))
        assert forks.run(*words, folder=killed, first=slow).returncode in (0, -signal.SIGKILL)
        finish(killed / "out", killed / ".curate/decisions.jsonl")
        assert state(killed / "out") in (old, new)
