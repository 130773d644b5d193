"""A command that writes kept and removed lines, killed before any rename or deletion: the same command completes it,
and replaces no file of a person.
"""

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock, Timeout

from curate.cli.main import main
from curate.storage import transaction
from curate.storage.output_pair import replacing_both
from tests.conftest import Write, rows_of
from tests.forks import Forks

KILL = """
import os, signal, sys
left = [NUMBER]
def kill(event, arguments):
    if event in ("os.rename", "os.remove") and "made" in str(arguments[0]):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(kill)
"""
MAX_CHANGES = 40
COMMANDS = {
    "dedup": ["dedup", "data.jsonl", "-o", "made/kept.jsonl", "-q"],
    "dedup overwrite": ["dedup", "data.jsonl", "-o", "made/kept.jsonl", "-q", "--overwrite"],
    "convert": ["convert", "data.jsonl", "-o", "made/kept.jsonl", "-q"],
    "apply": ["apply", "data.jsonl", "-o", "made/kept.jsonl", "-q"],
}


@pytest.fixture(autouse=True)
def _data(write: Write) -> None:
    rows = [(f"What is thing {n}?", f"It is the number {n}.") for n in range(8)]
    write("data.jsonl", [*rows, rows[3]])
    Path("made").mkdir()


def made() -> dict[str, bytes]:
    """All files but the locks."""
    return {path.name: path.read_bytes() for path in Path("made").iterdir() if path.suffix != ".lock"}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_the_same_command_completes_what_was_killed(name: str, forks: Forks) -> None:
    words = COMMANDS[name]
    if "--overwrite" in words:
        forks.run(*words, "--on", "prompt", "--threshold", "0.1").check_returncode()
    shutil.copytree("made", "before")
    forks.run(*words).check_returncode()
    whole = made()
    for number in range(1, MAX_CHANGES):
        shutil.rmtree("made")
        shutil.copytree("before", "made")
        ended = forks.run(*words, first=KILL.replace("NUMBER", str(number)))
        if ended.returncode == 0:
            break
        assert ended.returncode == -signal.SIGKILL
        if made() == whole:  # no mark: the command had only to release its lock
            continue
        again = forks.run(*words)
        assert (again.returncode, made()) == (0, whole), (number, again.stderr)
    assert 5 <= number < MAX_CHANGES - 1
    assert made() == whole


@pytest.mark.parametrize("more_before", [True, False])
def test_each_line_is_in_one_of_the_files_at_each_step_of_an_overwrite(
    more_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, states, replace = COMMANDS["dedup overwrite"], list[set[bytes]](), os.replace
    many = [*few, "--ignore-facts", "--on", "prompt", "--threshold", "0.1", "--yes"]
    first, second = (many, few) if more_before else (few, many)
    assert main(first) == 0

    def replaced(*arguments: Any, **named: Any) -> None:
        replace(*arguments, **named)
        removed = [row["text"].encode() for row in rows_of("made/kept.removed.jsonl")]
        states.append({*Path("made/kept.jsonl").read_bytes().splitlines(), *removed})

    monkeypatch.setattr(os, "replace", replaced)
    assert main(second) == 0
    assert len(states) > 1
    assert all(state == {*Path("data.jsonl").read_bytes().splitlines()} for state in states)


@pytest.mark.slow
@pytest.mark.parametrize("there", ["kept.jsonl", "kept.removed.jsonl"])
def test_a_file_of_a_person_is_not_taken_for_that_of_a_killed_process(there: str, forks: Forks) -> None:
    words = COMMANDS["dedup"]
    assert forks.run(*words, first=KILL.replace("NUMBER", "2")).returncode == -signal.SIGKILL
    Path("made", there).write_text("of a person\n")
    for _ in range(2):
        ended = forks.run(*words)
        assert ended.returncode == 2
        assert "already exists" in ended.stderr
        assert Path("made", there).read_text() == "of a person\n"


def test_the_mark_of_a_stranger_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("precious").write_text("of a person\n")
    Path("made/.kept.removed.jsonl.unfinished").symlink_to(Path("precious").absolute())
    Path("made/kept.jsonl").write_text("of a person\n")
    assert main(COMMANDS["dedup"]) == 2
    assert "already exists" in capsys.readouterr().err
    assert Path("precious").read_text() == Path("made/kept.jsonl").read_text() == "of a person\n"
    Path("made/kept.jsonl").unlink()
    assert main(COMMANDS["dedup"]) == 0
    assert Path("precious").read_text() == "of a person\n"
    assert sorted(made()) == ["kept.jsonl", "kept.removed.jsonl"]


def test_a_lock_that_was_deleted_meanwhile_is_acquired_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(FileLock):
        """As if the holder deleted the file after this process opened it, and before it was locked."""

        def acquire(self, *arguments: Any, **named: Any) -> Any:
            acquired = super().acquire(*arguments, **named)
            if not late:
                late.append(Path(self.lock_file))
                late[0].unlink()
            return acquired

    late: list[Path] = []
    monkeypatch.setattr(transaction, "FileLock", Late)
    with replacing_both(Path("made/kept.jsonl"), Path("made/kept.removed.jsonl")), pytest.raises(Timeout):
        FileLock(late[0], timeout=0).acquire()
    assert not late[0].exists()
