"""Fixing deletes no line unless it is asked to; then what goes is in a ledger beside the file, and much of a file does
not go without a yes.
"""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.core.removed import removal_of
from curate.core.targets import Target
from curate.lint.rules import RULES
from curate.storage.snapshot import require_unchanged
from tests.conftest import Write, line_of
from tests.forks import Forks

Captured = pytest.CaptureFixture[str]
GOOD = line_of(("Hi", "Hello."))
OTHER = line_of(("Who?", "Me."))
HOSTILE = [
    GOOD, OTHER, b"", b" ", b"\t", b"{", b"null", b"[]", b"{}", b'{"text": ""}', b'{"messages": []}', b"\xff\xfe",
    b"\xef\xbb\xbf", b"\0", b"\x0c", b"\x1c",
    "\u2028".encode(), "\u00a0".encode(), GOOD + OTHER, GOOD + b",", b"[" + GOOD + b"]", GOOD + b"\0",
    b'{"messages": [{"role": "user", "content": "\\u0000"}]}',
    b'{"messages": [{"role": "human", "content": " Hi\\u0007 "}, {"role": "gpt", "content": ""}]}', b"{'messages': []}",
    b'{"a": 1, "a": 2}',
    b'{"prompt": "Why?"}', b'{"instruction": "Why?", "output": ""}', b'{"prompt": "a", "chosen": "b", "rejected": "b"}',
    b'{"x": "\\ud800"}',
]  # fmt: skip
Lines = (
    st.sampled_from(HOSTILE)
    | st.sampled_from([rule.bad.removesuffix(b"\n") for rule in RULES.values() if rule.repair])
    | st.binary(max_size=12)
)


def ledger(name: str = "data.removed.jsonl") -> list[bytes]:
    return [removal_of(line).data for line in Path(name).read_bytes().splitlines()]


@given(
    lines=st.lists(Lines, max_size=8),
    ending=st.sampled_from([b"\n", b"\r\n"]),
    last=st.booleans(),
    target=st.sampled_from([None, *Target]),
)
def test_a_safe_fix_keeps_the_number_of_lines(
    lines: list[bytes], ending: bytes, last: bool, target: Target | None
) -> None:
    content = ending.join(lines) + (ending if last else b"")
    path = Path("data.jsonl")
    path.write_bytes(content)
    assert main(
        ["check", "data.jsonl", "--fix", "--quiet", "--select", "ALL", *(["--target", target] if target else [])]
    ) in (0, 1, 2)
    fixed = path.read_bytes()
    assert fixed.count(b"\n") == content.count(b"\n")
    count = [
        [bool(line.strip()) for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n")] for data in (content, fixed)
    ]
    assert count[0] == count[1]
    assert list(Path().glob("*removed*")) == []


def test_copies_and_blank_lines_stay_and_are_still_told(write: Write, capsys: Captured) -> None:
    path = write("data.jsonl", [GOOD, b"", GOOD, b" ", GOOD])
    before = path.read_bytes()
    assert main(["check", "data.jsonl", "--fix"]) == 1
    said = capsys.readouterr()
    assert path.read_bytes() == before
    assert "D001" in said.out
    assert "[*]" not in said.out
    assert "J008" in said.out
    assert main(["check", "data.jsonl", "--fix-only"]) == 0
    assert main(["check", "data.jsonl", "--diff"]) == 0
    assert path.read_bytes() == before
    assert list(Path().iterdir()) == [path]


def test_what_unsafe_fixes_delete_is_in_a_ledger_that_restore_reads(write: Write, capsys: Captured) -> None:
    copy = GOOD.replace(b": ", b":")
    path = write("data.jsonl", [GOOD, copy, b"  ", OTHER, line_of(("Why?", ""))])
    assert main(["check", "data.jsonl", "--fix-only", "--unsafe-fixes"]) == 0
    said = capsys.readouterr().err
    assert path.read_bytes() == GOOD + b"\n" + OTHER + b"\n"
    assert "data.removed.jsonl" in said
    assert ledger() == [copy, b"  ", line_of(("Why?", ""))]
    first = json.loads(Path("data.removed.jsonl").read_text().splitlines()[0])
    assert {name: first[name] for name in ("file", "line", "code", "decided_by")} == {
        "file": "data.jsonl",
        "line": 2,
        "code": "D001",
        "decided_by": "detector",
    }
    assert (first["kept"]["file"], first["kept"]["line"]) == ("data.jsonl", 1)
    assert main(["restore", "data.removed.jsonl", "--reason", "D001", "-o", "back/lines.jsonl"]) == 0
    assert Path("back/lines.jsonl").read_bytes() == copy + b"\n"


def test_a_ledger_grows_and_nothing_that_is_none_is_written_over(write: Write, capsys: Captured) -> None:
    path = write("data.jsonl", [GOOD, GOOD])
    assert main(["check", "data.jsonl", "--fix-only", "--unsafe-fixes"]) == 0
    record = Path("data.removed.jsonl")
    record.write_bytes(record.read_bytes().removesuffix(b"\n"))
    write("data.jsonl", [OTHER, OTHER])
    assert main(["check", "data.jsonl", "--fix-only", "--unsafe-fixes"]) == 0
    assert ledger() == [GOOD, OTHER]
    data = write("data.removed.jsonl", [GOOD])
    write("data.jsonl", [OTHER, OTHER])
    assert main(["check", "data.jsonl", "--fix-only", "--unsafe-fixes"]) == 2
    assert "rename it" in capsys.readouterr().err
    assert (path.read_bytes(), data.read_bytes()) == (OTHER + b"\n" + OTHER + b"\n", GOOD + b"\n")


def test_a_line_that_was_cut_into_several_leaves_what_went_of_it(write: Write) -> None:
    path = write("data.jsonl", [GOOD + OTHER, OTHER + OTHER, GOOD + OTHER + line_of(("What?", "That."))])
    assert main(["check", "data.jsonl", "--fix-only", "--unsafe-fixes"]) == 0
    assert path.read_bytes() == b"".join(line + b"\n" for line in (GOOD, OTHER, line_of(("What?", "That."))))
    assert ledger() == [OTHER + OTHER, GOOD, OTHER]


@pytest.mark.slow
@given(
    lines=st.lists(st.sampled_from([GOOD, OTHER, b"", b" ", b"{", GOOD + OTHER, line_of(("Why?", ""))]), max_size=12)
)
def test_every_example_is_in_the_file_or_in_the_ledger(lines: list[bytes]) -> None:
    path = Path("data.jsonl")
    Path("data.removed.jsonl").unlink(missing_ok=True)
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    main(["check", "data.jsonl", "--fix-only", "--unsafe-fixes", "--quiet"])
    kept = path.read_bytes()
    gone = b"".join(ledger()) if Path("data.removed.jsonl").exists() else b""
    whole = b"".join(lines)
    for piece in (GOOD, OTHER, line_of(("Why?", ""))):
        assert kept.count(piece) + gone.count(piece) == whole.count(piece)


def test_much_of_a_file_does_not_go_without_a_yes(write: Write, capsys: Captured) -> None:
    unique = [line_of((f"How much is {at} and 1?", f"{at + 1}.")) for at in range(100)]
    path = write("data.jsonl", [*unique, *[unique[at % 50] for at in range(120)]])
    before = path.read_bytes()
    assert main(["check", "data.jsonl", "--fix-only", "--unsafe-fixes"]) == 1
    said = capsys.readouterr().err
    assert "D008" in said
    assert "120 of 220 lines" in said
    assert "--yes" in said
    assert path.read_bytes() == before
    assert list(Path().iterdir()) == [path]
    assert main(["check", "data.jsonl", "--fix-only", "--unsafe-fixes", "--yes"]) == 0
    assert (path.read_bytes().count(b"\n"), len(ledger())) == (100, 120)


def test_many_copies_of_one_do_not_go_without_a_yes(write: Write, capsys: Captured) -> None:
    unique = [line_of((f"How much is {at} and 1?", f"{at + 1}.")) for at in range(1000)]
    path = write("data.jsonl", [*unique, *[GOOD] * 111])
    assert main(["check", "data.jsonl", "--fix-only", "--unsafe-fixes"]) == 1
    assert "D008" in capsys.readouterr().err
    assert path.read_bytes().count(b"\n") == 1111


def test_standard_input_loses_no_line_either(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    data = GOOD + b"\n\n" + GOOD + b"\n"
    for options, kept in (([], data), (["--unsafe-fixes"], GOOD + b"\n")):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert main(["check", "--quiet", "--fix-only", *options, "-"]) == 0
        out, err = capfdbinary.readouterr()
        assert out == kept
    assert b"stdin.removed.jsonl" in err
    assert ledger("stdin.removed.jsonl") == [b"", GOOD]


def test_a_full_disk_for_the_ledger_leaves_the_file_as_it_was(write: Write) -> None:
    path = write("data.jsonl", [GOOD, GOOD])
    Path("data.removed.jsonl").mkdir()
    assert main(["check", "data.jsonl", "--fix-only", "--unsafe-fixes"]) == 2
    assert path.read_bytes() == GOOD + b"\n" + GOOD + b"\n"


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_a_file_with_two_names_is_no_duplicate_of_itself(
    link: Callable[[Path, Path], None], write: Write, capsys: Captured
) -> None:
    alias = line_of({"messages": [{"role": "human", "content": "Who?"}, {"role": "gpt", "content": "Me."}]})
    path = write("data.jsonl", [GOOD, alias])
    link(Path("again.jsonl"), path)
    assert main(["check", "again.jsonl", "data.jsonl", "--fix-only", "--unsafe-fixes", "--yes"]) == 0
    assert "data.jsonl: not read again, it is the same file as again.jsonl" in capsys.readouterr().err
    assert Path("again.jsonl").read_bytes() == GOOD + b"\n" + OTHER + b"\n"
    assert path.read_bytes().startswith(GOOD + b"\n")
    assert not list(Path().glob("*.removed.jsonl"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit of the size of a file")
def test_a_disk_that_is_full_at_the_end_of_the_file_leaves_no_ledger(write: Write, forks: Forks) -> None:
    lines = [line_of((f"How much is {at} and 1?", f"{at + 1}.")) for at in range(30)]
    path = write("data.jsonl", [*lines, lines[0]])
    before = path.read_bytes()
    limit = len(before) - len(lines[0]) - 2  # a byte too little for the rest
    full = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit},) * 2)"
    ended = forks.run("check", "data.jsonl", "--fix-only", "--unsafe-fixes", "--yes", first=full)
    assert ended.returncode == 2
    assert "nothing was changed" in ended.stderr
    assert path.read_bytes() == before
    assert not Path("data.removed.jsonl").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no rights and signals of this kind")
def test_a_kill_between_the_ledger_and_the_file_records_no_line_twice(write: Write, forks: Forks) -> None:
    path = write("data.jsonl", [GOOD, GOOD, OTHER])
    path.chmod(0o600)
    second = "name == 'os.rename' and (seen.append(1), len(seen) == 2 and os.kill(os.getpid(), 9))"
    kill = f"import os, sys; seen = []; sys.addaudithook(lambda name, _: {second})"
    fixing = ("check", "data.jsonl", "--fix-only", "--unsafe-fixes", "--quiet")
    assert forks.run(*fixing, first=kill).returncode == -9
    assert (ledger(), path.read_bytes()) == ([GOOD], GOOD + b"\n" + GOOD + b"\n" + OTHER + b"\n")
    assert forks.run(*fixing).returncode == 0
    assert (ledger(), path.read_bytes()) == ([GOOD], GOOD + b"\n" + OTHER + b"\n")
    assert Path("data.removed.jsonl").stat().st_mode & 0o777 == 0o600
    path.write_bytes(GOOD + b"\n" + GOOD + b"\n" + OTHER + b"\n")  # the same copy again: another removal
    assert forks.run(*fixing).returncode == 0
    assert ledger() == [GOOD, GOOD]


def test_two_fixes_at_once_lose_no_line_of_their_ledger(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, write: Write
) -> None:
    for name in ("data.jsonl", "data.ndjson"):
        write(name, [GOOD, OTHER, GOOD])
    words = ["--select", "D001", "--fix", "--unsafe-fixes", "--yes", "--quiet"]

    def meanwhile(snapshots: Any) -> None:
        monkeypatch.setattr("curate.lint.fixer.require_unchanged", require_unchanged)
        assert main(["check", "data.ndjson", *words]) == 2
        require_unchanged(snapshots)

    monkeypatch.setattr("curate.lint.fixer.require_unchanged", meanwhile)
    assert main(["check", "data.jsonl", *words]) == 0
    assert "another curate process is writing" in capsys.readouterr().err
    assert main(["check", "data.ndjson", *words]) == 0
    assert ledger() == [GOOD, GOOD]
