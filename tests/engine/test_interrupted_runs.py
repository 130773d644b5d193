"""A run that is disturbed (killed, out of disk, locked out, doubled) ends in a clear message, and what was there before
is there after.
"""

import errno
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import curate.storage.transaction
from curate.cli.main import ended, main
from curate.core.errors import OutputError, UsageError
from curate.storage.transaction import READY_FILE, STAGE_FOLDER, ReplaceableFiles, recover, replacing_together
from tests.conftest import Write, environment, line_of, of_hundred, trust_folder
from tests.forks import Forks
from tests.waiting import PATIENCE_SECONDS, until

RUN = [sys.executable, "-m", "curate", "run", "--quiet"]
OUT = Path("out")
# What a user's namespace of mounts is entered with: a disk of any size, or one that cannot be written, without being
# root.
APART = ["unshare", "--user", "--map-root-user", "--mount"]
DISK = """
import json, os, subprocess, sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from curate.cli.main import main

def held():
    return {path.name: path.read_text() for path in sorted(Path("out").rglob("*")) if path.is_file() and path.suffix != ".lock"}

def ran(*words):
    with redirect_stderr(StringIO()) as told, redirect_stdout(StringIO()):
        return int(main([*words, "--quiet"])), told.getvalue()

subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", "."], check=True)
os.chdir(os.getcwd())  # into what was mounted
Path("curate.toml").write_text(f"data = {json.dumps([sys.argv[1]])}\\n[conflicts]\\nmodels = false\\n")
seen = [ran("run")]
before, manifest = held(), Path("out/manifest.json").read_bytes()
with open(sys.argv[1], "a") as file:
    file.write(Path(sys.argv[2]).read_text())
for free in json.loads(sys.argv[3]):
    if free is None:
        subprocess.run(["mount", "-o", "remount,ro", "."], check=True)
    else:
        room = os.statvfs(".")
        Path("filler").write_bytes(b"x" * max(0, room.f_bavail * room.f_frsize - free))
    for words in (["run"], ["split", sys.argv[1], "-o", "out"]):
        seen.append((*ran(*words), held() == before, [path.name for path in Path("out").iterdir() if path.name.startswith(".curate-new")]))
    if free is None:
        subprocess.run(["mount", "-o", "remount,rw", "."], check=True)
    else:
        Path("filler").unlink()
seen += [ran("run"), ran("verify", "out"), Path("out/manifest.json").read_bytes() != manifest]
print(json.dumps(seen))
"""  # noqa: E501


def lines(first: int, last: int) -> bytes:
    return b"".join(
        line_of((f"What of number {n}?", f"It is {n * 7} and then {n * 13}. " * 5)) + b"\n" for n in range(first, last)
    )


@pytest.fixture
def project(write: Write) -> dict[str, bytes]:
    """A folder whose run is finished, and what that wrote; the data has grown since."""
    write("data.jsonl", lines(0, 60))
    Path("curate.toml").write_text('data = ["data.jsonl"]\n[conflicts]\nmodels = false\n')
    assert main(["run", "--quiet", "--json"]) == 0
    before = held()
    write("data.jsonl", lines(0, 90))
    return before


def held() -> dict[str, bytes]:
    return {
        path.relative_to(OUT).as_posix(): path.read_bytes()
        for path in OUT.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def apart(*arguments: str) -> list[Any]:
    """What a program says that runs on a disk of 3 MB of its own."""
    if shutil.which(APART[0]) is None or subprocess.run([*APART, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no disk of one's own can be had here")
    Path("disk").mkdir()
    done = subprocess.run(
        [*APART, sys.executable, "-c", DISK, *arguments],
        cwd="disk",
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_a_disk_that_is_full_or_cannot_be_written_leaves_the_old_state(write: Write) -> None:
    data, more = write("data.jsonl", lines(0, 60)).absolute(), write("more.jsonl", lines(60, 500)).absolute()
    trust_folder()
    first, *disturbed, again, proved, changed = apart(str(data), str(more), json.dumps([0, 60_000, None]))
    assert first[0] == 0
    for code, told, same, left in disturbed:
        assert code == 2, told
        assert "cannot be written" in told
        assert "next: " in told
        assert (same, left) == (True, []), told
    assert (again[0], proved, changed) == (0, [0, ""], True)


@pytest.mark.slow
def test_a_run_that_is_killed_while_it_writes_leaves_the_old_state_or_the_new_one(project: dict[str, bytes]) -> None:
    child = subprocess.Popen(RUN, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: (OUT / STAGE_FOLDER).exists() or child.poll() is not None)
    child.send_signal(signal.SIGKILL)
    child.wait()
    left, ready = have(OUT / STAGE_FOLDER), (OUT / STAGE_FOLDER / READY_FILE).exists()
    assert main(["verify", "out", "--quiet"]) == (
        2 if ready else 0
    )  # who reads does not end what another command began
    assert have(OUT / STAGE_FOLDER) == left
    recover(OUT)
    now = held()
    assert now == project or json.loads(now["manifest.json"])["read"] == 90
    assert main(["verify", "out", "--quiet"]) == 0
    assert main(["run", "--quiet", "--json"]) == 0
    assert json.loads((OUT / "manifest.json").read_bytes())["read"] == 90
    assert not (OUT / STAGE_FOLDER).exists()


@pytest.mark.slow
def test_a_second_run_on_the_same_folder_is_refused_and_the_first_one_ends_well(
    project: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    first = subprocess.Popen(RUN, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    until(lambda: locked(Path(".curate/run.lock")) or first.poll() is not None)
    first.send_signal(signal.SIGSTOP)
    try:
        assert main(["run", "--quiet"]) == 2
        assert f"another `curate run` is running in {Path.cwd()}" in capsys.readouterr().err
        assert held() == project
    finally:
        first.send_signal(signal.SIGCONT)
    _, told = first.communicate(timeout=PATIENCE_SECONDS)
    assert (first.returncode, told) == (0, "")
    assert main(["verify", "out", "--quiet"]) == 0


def locked(path: Path) -> bool:
    """Whether somebody holds a lock. It is only looked: to try to get it would be in the way of whoever wants it just
    then.
    """
    try:
        held = Path("/proc/locks").read_text()
    except OSError:
        pytest.skip("needs /proc")
    return path.exists() and f":{path.stat().st_ino} " in held


def test_two_commands_never_write_to_one_folder_at_a_time(
    project: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    with curate.storage.transaction.locked(OUT):
        assert main(["split", "data.jsonl", "-o", "out", "--quiet"]) == 2
        assert main(["restore", "out", "--all"]) in (0, 2)
    assert "another curate process is writing to this folder" in capsys.readouterr().err
    assert held() == project


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no signals of this kind")
@pytest.mark.parametrize("words", [("dedup", "data.jsonl", "-o", "kept.jsonl"), ("split", "data.jsonl", "-o", "new")])
def test_a_command_that_is_asked_to_end_deletes_its_temporary_files(
    words: tuple[str, ...], write: Write, forks: Forks
) -> None:
    write("data.jsonl", lines(0, 12))
    at = "name == 'os.rename' and '.curate/' not in str(place[0])"
    stop = f"import os, sys; sys.addaudithook(lambda name, place: {at} and os.kill(os.getpid(), 15))"
    ended = forks.run(*words, "--quiet", first=stop)
    assert (ended.returncode, "interrupted" in ended.stderr) == (130, True)
    visible = {path.name for path in Path().rglob("*") if ".curate/" not in str(path)}
    assert visible <= {"data.jsonl", ".curate", "new"}


def test_an_interruption_of_compiled_code_is_an_interruption(capsys: pytest.CaptureFixture[str]) -> None:
    error = SystemError("CPUDispatcher returned a result with an exception set")
    error.__cause__ = KeyboardInterrupt()
    assert ended(error) == 130
    assert "interrupted" in capsys.readouterr().err


def test_a_reader_that_closes_the_pipe_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, _: str, /) -> int:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(sys, "stdout", Closed())
    monkeypatch.setattr(sys, "stderr", io.StringIO())  # typer replaces both
    assert main(["rule", "C003"]) == 141


NAMES = st.sampled_from(["a", "b", "c", "inner/d", "inner/e"])
FILES = st.dictionaries(NAMES, st.binary(max_size=20), max_size=5)


@settings(max_examples=of_hundred(80))  # each waits for the disk
@given(FILES, FILES, st.sets(NAMES), st.integers(0, 8))
def test_a_crash_at_any_rename_leaves_the_old_files_or_the_new_ones(
    old: dict[str, bytes], new: dict[str, bytes], gone: set[str], crash: int
) -> None:
    with fresh_folder() as folder:
        put(folder, old)
        after = {name: data for name, data in old.items() if name not in gone} | new
        renames = os.replace
        calls = 0

        def replace(source: Path, target: Path) -> None:
            nonlocal calls
            calls += 1
            if calls > crash:
                raise KeyboardInterrupt
            renames(source, target)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "replace", replace)
            try:
                with replacing_together(folder, gone) as stage:
                    put(stage, new)
            except KeyboardInterrupt:
                settled = False
            else:
                settled = True
        listed = (folder / STAGE_FOLDER / READY_FILE).exists()
        recover(folder)
        assert have(folder) == (after if listed or settled else old)
        assert not (folder / STAGE_FOLDER).exists()


@settings(max_examples=of_hundred(40))
@given(FILES, FILES)
def test_a_block_that_fails_changes_nothing(old: dict[str, bytes], new: dict[str, bytes]) -> None:
    with fresh_folder() as folder:
        put(folder, old)
        for failure in (OSError(28, "No space left on device"), UsageError("no", "so"), KeyboardInterrupt()):
            with pytest.raises((OutputError, UsageError, KeyboardInterrupt)):
                fail(folder, old, new, failure)
            assert have(folder) == old


def test_a_file_of_somebody_else_that_appears_meanwhile_stays() -> None:
    def write(folder: Path) -> None:
        with replacing_together(folder, own=ReplaceableFiles(["a"], "is not ours", "move it")) as stage:
            put(stage, {"a": b"2", "b": b"2"})
            put(folder, {"b": b"1"})

    with fresh_folder() as folder:
        put(folder, {"a": b"1"})
        with pytest.raises(UsageError, match="folder/b: is not ours"):
            write(folder)
        assert have(folder) == {"a": b"1", "b": b"1"}


def fail(folder: Path, gone: dict[str, bytes], new: dict[str, bytes], failure: BaseException) -> None:
    with replacing_together(folder, gone) as stage:
        put(stage, new)
        raise failure


@contextmanager
def fresh_folder() -> Iterator[Path]:
    folder = Path("folder")
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def put(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)


def have(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".curate"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
