"""Files on the way: nobody can put one in our way, nobody else can read them, and none is left for good."""

import errno
import gzip
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curate.cli.main import main
from curate.core.config import DedupConfig
from curate.core.decision import Decision
from curate.core.errors import OutputError
from curate.project.decision_log import DecisionLog
from curate.storage import store
from curate.storage.files import TEMPORARY_SUFFIX, replacing
from curate.storage.scratch import PREFIX, scratch, sweep
from curate.storage.snapshot import rights_of
from curate.storage.store import own_key
from tests.conftest import Write, environment
from tests.forks import Forks
from tests.workspaces import plan

VICTIM = "what nobody may touch"
NEAR = Path(".curate/cache/near")


def lines(count: int = 20) -> list[tuple[str, str]]:
    return [
        *((f"Question {n}?", f"Answer {n}, at some length.") for n in range(count)),
        ("Question 3?", "Answer 3, at some length."),
    ]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_link_in_the_place_of_a_temporary_file_is_not_written_through(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("victim.txt").write_text(VICTIM)
    Path(f".out.jsonl.{os.getpid()}{TEMPORARY_SUFFIX}").symlink_to("victim.txt")
    with replacing(Path("out.jsonl")) as file:
        file.write(b"new")
    assert (Path("out.jsonl").read_text(), Path("victim.txt").read_text()) == ("new", VICTIM)
    monkeypatch.setattr(os, "urandom", bytes)  # even where the name is known
    Path(f".out.jsonl.{bytes(8).hex()}.{os.getpid()}{TEMPORARY_SUFFIX}").symlink_to("victim.txt")
    with pytest.raises(OutputError), replacing(Path("out.jsonl")) as file:
        file.write(b"newer")
    assert Path("victim.txt").read_text() == VICTIM


def test_a_journal_that_is_a_link_is_not_written_through(write: Write) -> None:
    write("data.jsonl", [("Hi", "")])
    Path("victim.txt").write_text(VICTIM)
    Path(".curate").mkdir()
    for name in (".curate/suppressions.jsonl", "suppressions.jsonl", ".curate/decisions.jsonl"):
        Path(name).symlink_to(Path("victim.txt").absolute())
    main(["suppress", "C003", "data.jsonl:1", "--reason", "so"])
    assert Path("victim.txt").read_text() == VICTIM


@pytest.mark.slow
@pytest.mark.parametrize("rights", [0o600, 0o640, 0o644])
def test_who_may_not_read_the_input_may_not_read_what_is_made_of_it(rights: int, write: Write) -> None:
    os.umask(0o022)
    write("data.jsonl", [*lines(), ("Question 40?", "")]).chmod(rights)
    write("bench.jsonl", [{"question": "What is it that nobody ever asks about at all in so many words?"}])
    assert main(["dedup", "data.jsonl", "-o", "kept.jsonl", "-q"]) == 0
    assert main(["convert", "data.jsonl", "-o", "made.jsonl", "-q"]) == 0
    assert main(["decontaminate", "data.jsonl", "--bench", "bench.jsonl", "-o", "clean.jsonl", "-q"]) == 0
    assert main(["split", "data.jsonl", "-o", "out", "-q", "--parquet"]) == 0
    assert main(["restore", "out", "--all"]) == 0
    assert main(["restore", "kept.removed.jsonl", "--all", "-o", "back.jsonl"]) == 0
    assert main(["check", "data.jsonl", "--output-file", "report.html", "--output-format", "html", "-q"]) == 1
    assert main(["check", "data.jsonl", "--write-baseline", "baseline.json", "-q"]) == 0
    assert main(["dedup", "data.jsonl", "--html", "dedup.html", "-q"]) == 0
    assert main(["conflicts", "data.jsonl", "--html", "conflicts.html", "--no-models", "-q"]) == 0
    assert main(["score", "data.jsonl", "-o", "scores.parquet", "-q"]) == 0
    made = [
        *Path().glob("*.jsonl"),
        *Path().glob("*.html"),
        Path("baseline.json"),
        Path("scores.parquet"),
        Path(".curate/decisions.jsonl"),
        *(path for path in Path("out").rglob("*") if path.suffix != ".lock" and path.is_file()),
    ]
    made = [path for path in made if path.name != "bench.jsonl"]
    assert len(made) > 19
    assert {path.name: oct(mode(path)) for path in made} == {path.name: oct(rights) for path in made}
    Path("data.jsonl").chmod(0o600)
    DecisionLog(Path(".curate/decisions.jsonl"), rights_of([Path("data.jsonl")])).add(
        Decision(example="0" * 32, verdict="drop")
    )
    assert mode(Path(".curate/decisions.jsonl")) == 0o600


def test_the_journal_that_a_restore_makes_has_the_rights_of_the_data(write: Write) -> None:
    write("data.jsonl", [*((f"Question {n}?", f"Answer {n}.") for n in range(8)), ("And this?", "")])
    Path("data.jsonl").chmod(0o600)
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 0
    assert main(["restore", "out", "--all"]) == 0
    assert mode(Path(".curate/decisions.jsonl")) == 0o600


def test_a_replaced_file_gets_no_rights_that_it_did_not_have(write: Write) -> None:
    os.umask(0o022)
    write("data.jsonl", lines()).chmod(0o644)
    assert main(["dedup", "data.jsonl", "-o", "kept.jsonl", "-q"]) == 0
    Path("kept.jsonl").chmod(0o600)
    assert main(["dedup", "data.jsonl", "-o", "kept.jsonl", "--overwrite", "-q"]) == 0
    assert oct(mode(Path("kept.jsonl"))) == oct(0o600)


def test_a_cache_is_for_its_owner_alone(write: Write) -> None:
    write("data.jsonl", lines())
    assert main(["dedup", "data.jsonl", "-q"]) == 0
    assert {mode(path) for path in (NEAR, NEAR.parent)} == {0o700}
    assert {mode(path) for path in NEAR.iterdir()} == {0o600}
    Path("curate.toml").write_text('data = ["data.jsonl"]\noutput = "out"\n')
    assert main(["run", "-q"]) == 0
    assert {mode(path) for path in Path(".curate/stages").glob("*.json")} == {0o600}


def test_a_cache_of_another_user_does_not_stop_a_command(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("data.jsonl", lines())
    assert main(["dedup", "data.jsonl", "-q"]) == 0
    stat_of = os.stat

    def refusing(path: str | Path, *args: Any, **options: Any) -> os.stat_result:  # as in a folder of mode 0700
        if NEAR.parent.name in Path(path).parent.parts:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return stat_of(path, *args, **options)

    monkeypatch.setattr(os, "stat", refusing)
    assert main(["dedup", "data.jsonl", "-o", "kept.jsonl", "-q"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["starts", "sizes", "ids", "sets.hashes", "band_keys"])
@pytest.mark.parametrize("signed", [False, True])
def test_a_cache_that_somebody_else_made_is_not_believed(
    name: str, signed: bool, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write("data.jsonl", lines())
    expected = plan([data], DedupConfig()).duplicates
    assert main(["dedup", "data.jsonl", "-q"]) == 0
    [path] = NEAR.glob("piece-*")
    arrays = store.load(path, dict)
    assert arrays is not None
    arrays[name] = arrays[name].copy()
    arrays[name].flat[:5] = arrays[name].flat[5:10]
    if signed:  # as somebody signs it who has not our key
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "own_key", lambda: b"")
            assert store.save(path, arrays) == ""
    else:
        np.savez(path, allow_pickle=False, **arrays)
    capsys.readouterr()
    assert main(["dedup", "data.jsonl", "-o", "kept.jsonl", "-q"]) == 0
    assert "is damaged or was written by another user; it is rebuilt" in capsys.readouterr().err
    kept, gone = Path("kept.jsonl").read_bytes().splitlines(), Path("kept.removed.jsonl").read_bytes().splitlines()
    assert (len(kept), [json.loads(line)["line"] for line in gone]) == (20, [loss.place.line for loss in expected])
    assert set(kept) == set(data.read_bytes().splitlines())


@pytest.mark.skipif(os.name != "posix", reason="tells by numbers of processes")
def test_what_a_killed_process_left_goes_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    room = tmp_path / "tmp"
    room.mkdir()
    program = (
        "import sys, time\nfrom curate.storage.scratch import scratch\n(scratch() / "
        "'data').write_text('x')\nprint(flush=True)\ntime.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program], env=environment(TMPDIR=str(room)), stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    [left] = room.iterdir()
    assert (left.name.startswith(PREFIX), mode(left)) == (True, 0o700)
    monkeypatch.setenv("TMPDIR", str(room))
    sweep()
    assert left.exists()  # its process lives
    os.utime(left, (0, 0))
    sweep()
    assert left.exists()  # however old it is: somebody holds it
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    (room / "of-others").mkdir()
    (room / f"{PREFIX}x").mkdir()
    (room / f"{PREFIX}{child.pid}-link").symlink_to(tmp_path)
    write("data.jsonl", lines())
    assert main(["check", "data.jsonl", "-q"]) in (0, 1)
    assert sorted(path.name for path in room.iterdir()) == sorted(
        [f"{PREFIX}{child.pid}-link", f"{PREFIX}x", "of-others"]
    )
    assert tmp_path.exists()
    cached = Path(f".curate/cache/.quality-0.npz.00.{child.pid}{TEMPORARY_SUFFIX}")
    cached.parent.mkdir(parents=True)
    cached.touch()
    assert main(["score", "data.jsonl", "-q", "--no-models"]) == 0
    assert not cached.exists()


@pytest.mark.slow
def test_what_a_killed_proof_left_goes_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write, forks: Forks
) -> None:
    write("data.jsonl", lines())
    forks.run("split", "data.jsonl", "-o", "out", "-q").check_returncode()
    room = tmp_path / "tmp"
    room.mkdir()
    monkeypatch.setenv("TMPDIR", str(room))
    kill = "import os, sys; sys.addaudithook(lambda event, _: os.kill(os.getpid(), 9) if event == 'os.rmdir' else None)"
    assert forks.run("verify", "out", first=kill).returncode == -signal.SIGKILL
    assert len([*room.iterdir()]) == 1
    forks.run("verify", "out").check_returncode()
    assert not [*room.iterdir()]


@pytest.mark.skipif(os.name != "posix", reason="tells by numbers of processes")
def test_an_old_folder_of_a_number_that_is_taken_again_goes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    old, young = tmp_path / f"{PREFIX}{os.getpid()}-old", tmp_path / f"{PREFIX}{os.getpid()}-young"
    for folder in (old, young):
        folder.mkdir()
    os.utime(old, (time.time() - 200_000,) * 2)
    sweep()
    assert (old.exists(), young.exists()) == (False, True)


def test_a_folder_of_copies_is_for_its_owner_alone() -> None:
    folder = scratch()
    assert mode(folder) == 0o700
    shutil.rmtree(folder)


@pytest.mark.slow
def test_a_packed_input_leaves_nothing_in_the_temporary_folder(tmp_path: Path, write: Write) -> None:
    room = tmp_path / "tmp"
    room.mkdir()
    data = write("data.jsonl", lines())
    Path("data.jsonl.gz").write_bytes(gzip.compress(data.read_bytes()))
    done = subprocess.run(
        [sys.executable, "-m", "curate", "dedup", "data.jsonl.gz", "-o", "kept.jsonl"],
        env=environment(TMPDIR=str(room)),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, list(room.iterdir())) == (0, [])


def test_a_user_without_a_home_has_a_cache_all_the_same(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [("Hi", "Hello."), ("Hi", "Hello.")])

    def unknown(number: int) -> None:
        raise KeyError(number)

    for name in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    own_key.cache_clear()
    try:
        assert main(["dedup", "data.jsonl", "-o", "kept.jsonl", "--quiet", "--yes"]) == 0
    finally:
        own_key.cache_clear()
    assert Path("kept.jsonl").read_bytes().count(b"\n") == 1
    assert main(["stats", "http://127.0.0.1:9/data.jsonl"]) == 2
    assert "set HOME" in capsys.readouterr().err
    assert not Path("~").exists()


@pytest.mark.parametrize(
    ("command", "output"),
    [
        (("dedup", "data.jsonl", "-o", "kept.jsonl", "-y"), "kept.jsonl"),
        (("convert", "data.jsonl", "--to", "prompt-completion", "-o", "out.jsonl"), "out.jsonl"),
        (("split", "data.jsonl", "-o", "parts"), "parts/train.jsonl"),
        (("split", "data.jsonl", "-o", "parts"), "parts/manifest.json"),
        (("check", "data.jsonl", "--fix"), "data.jsonl"),
    ],
)
def test_a_file_is_on_the_disk_before_a_command_ends(
    write: Write, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], output: str
) -> None:
    path = write("data.jsonl", [(f"Question {n} of {7 * n}?", f"Answer {13 * n}.") for n in range(30)])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())  # which --fix takes away
    synced, fsync = set[int](), os.fsync

    def noting(file: int) -> None:
        synced.add(os.fstat(file).st_ino)
        fsync(file)

    monkeypatch.setattr(os, "fsync", noting)
    assert main([*command, "-q"]) == 0
    written = Path(output)
    assert {written.stat().st_ino, written.absolute().parent.stat().st_ino} <= synced


def test_what_is_cached_is_signed_with_a_key_that_only_its_user_can_read(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("data.jsonl", [("Hi", "Hello."), ("Hi", "Hello.")])
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    own_key.cache_clear()
    try:
        assert main(["dedup", "data.jsonl", "-o", "kept.jsonl", "--quiet", "--yes"]) == 0
    finally:
        own_key.cache_clear()
    key = tmp_path / "state/curate/cache.key"
    assert (len(key.read_bytes()), mode(key), mode(key.parent)) == (32, 0o600, 0o700)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit of the size of a file")
def test_a_disk_that_is_full_before_the_end_of_a_packed_file_loses_no_line(write: Write, forks: Forks) -> None:
    data = write("data.jsonl", [(f"Question {n} of {7 * n}?", f"Answer {13 * n}.") for n in range(300)]).read_bytes()
    Path("data.jsonl.gz").write_bytes(gzip.compress(data))
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({len(data) - 3000},) * 2)"
    ended = forks.run("split", "data.jsonl.gz", "-o", "out", "--quiet", first=limit)
    assert ended.returncode == 2
    assert "set TMPDIR to another disk" in ended.stderr
    assert not Path("out/train.jsonl").exists()
