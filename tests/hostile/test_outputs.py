"""No output of any option is an input, lies where data is read, or is another output: that is told before anything is
written.
"""

import errno
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import curate
from curate.cli.main import main
from curate.core.errors import ExitCode, UsageError
from tests.conftest import Write
from tests.forks import Forks

CASES: dict[str, tuple[str, ...]] = {
    "a report over the data": ("check", "data.jsonl", "--output-file", "data.jsonl"),
    "a report over the data, by another way": ("check", "data.jsonl", "--output-file", "more/../data.jsonl"),
    "a report over the data, by a link": ("check", "data.jsonl", "--output-file", "link.jsonl"),
    "a report over the data, by a hard link": ("check", "data.jsonl", "--output-file", "hard.jsonl"),
    "a report over what the link is to": ("check", "link.jsonl", "--output-file", "data.jsonl"),
    "a report over a file of a folder": ("check", "more", "--output-file", "more/data.jsonl"),
    "a report among the data": ("check", "more", "--output-format", "json", "--output-file", "more/report.json"),
    "a report over the baseline": (
        "check",
        "data.jsonl",
        "--baseline",
        "baseline.json",
        "--output-file",
        "baseline.json",
    ),
    "a report over a new baseline": (
        "check",
        "data.jsonl",
        "--write-baseline",
        "new.json",
        "--output-file",
        "new.json",
    ),
    "a baseline over the data": ("check", "data.jsonl", "--write-baseline", "data.jsonl"),
    "a baseline among the data": ("check", "more", "--write-baseline", "more/baseline.json"),
    "conflicts over the data": ("conflicts", "data.jsonl", "--html", "data.jsonl"),
    "dedup over the data": ("dedup", "data.jsonl", "-o", "data.jsonl", "--overwrite"),
    "dedup's ledger over the data": ("dedup", "data.jsonl", "kept.removed.jsonl", "-o", "kept.jsonl", "--overwrite"),
    "dedup's report over the data": ("dedup", "data.jsonl", "--html", "data.jsonl"),
    "dedup's report over its output": ("dedup", "data.jsonl", "-o", "kept.jsonl", "--html", "kept.jsonl"),
    "dedup's report over its ledger": (
        "dedup",
        "data.jsonl",
        "-o",
        "kept.jsonl",
        "--html",
        "kept.removed.jsonl",
        "--overwrite",
    ),
    "dedup over what it is held against": (
        "dedup",
        "data.jsonl",
        "--against",
        "more",
        "-o",
        "more/data.jsonl",
        "--overwrite",
    ),
    "dedup among the data": ("dedup", "more", "-o", "more/kept.jsonl"),
    "dedup among what a pattern finds": ("dedup", "more/*.jsonl", "-o", "more/kept.jsonl"),
    "dedup among what a pattern finds at any depth": ("dedup", "**/*.jsonl", "-o", "new/deep/kept.jsonl"),
    "dedup in a folder that a pattern finds": ("dedup", "mor?", "-o", "more/kept.jsonl"),
    "dedup among what a pattern of another path finds": ("dedup", "mine/../more/*.jsonl", "-o", "./more/kept.jsonl"),
    "decontaminate over the benchmark": (
        "decontaminate",
        "data.jsonl",
        "--bench",
        "bench.jsonl",
        "-o",
        "bench.jsonl",
        "--overwrite",
    ),
    "decontaminate among the data": ("decontaminate", "more", "--bench", "bench.jsonl", "-o", "more/kept.jsonl"),
    "convert over the data": ("convert", "data.jsonl", "-o", "data.jsonl", "--overwrite"),
    "convert among the data": ("convert", "more", "-o", "more/deep/kept.jsonl"),
    "split into the folder of the data": ("split", "more/data.jsonl", "-o", "more"),
    "split among the data": ("split", "more", "-o", "more/out"),
    "split among what a pattern finds": ("split", "more/**/*.jsonl", "-o", "more/out"),
    "split among the test set": ("split", "data.jsonl", "--existing", "more", "-o", "more/out"),
    "split over files of a person": ("split", "data.jsonl", "-o", "mine"),
    "restore over a file": ("restore", "kept.removed.jsonl", "--all", "-o", "more/data.jsonl"),
    "a run into its data": ("run", "more.toml"),
    "a recipe over the data": (
        "recipe",
        "init",
        "--for",
        "mine",
        "-o",
        "mine/train.jsonl",
        "--overwrite",
        "--vram",
        "6GB",
    ),
}


def held() -> dict[str, Any]:
    return {
        str(path): path.read_bytes()
        for path in Path().rglob("*")
        if path.is_file() and not str(path).startswith(".curate")
    }


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_no_output_is_an_input(case: str, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("data.jsonl", "more/data.jsonl", "mine/train.jsonl"):
        write(name, [(f"Question {n}?", f"Answer {n}.") for n in range(20)])
    write("bench.jsonl", [{"question": "What is it that nobody ever asks about at all in so many words?"}])
    Path("link.jsonl").symlink_to("data.jsonl")
    os.link("data.jsonl", "hard.jsonl")
    write("more.toml", b'data = ["more"]\noutput = "more/out"\n')
    main(["check", "data.jsonl", "--write-baseline", "baseline.json"])
    write("twice.jsonl", [("Hi", "Hello."), ("Hi", "Hello.")])
    assert main(["dedup", "twice.jsonl", "-o", "kept.jsonl", "-q", "--yes"]) == 0
    if "ledger" not in case:
        Path("kept.jsonl").unlink()
    capsys.readouterr()
    before = held()
    assert main([*CASES[case]]) == 2
    assert "next: " in capsys.readouterr().err
    assert held() == before


def test_the_library_refuses_as_the_command_does(write: Write) -> None:
    data = write("more/data.jsonl", [(f"Question {n}?", f"Answer {n}.") for n in range(20)])
    with pytest.raises(UsageError, match="the output is inside an input folder"):
        curate.split("more", "more/out")
    for data_of in ("more", "mor*"):  # hidden folders are not read, hidden files are
        with pytest.raises(UsageError, match="the next run would read it"):
            curate.dedup(data_of).write("more/.kept.jsonl")
        curate.dedup(data_of).write("more/.hidden/kept.jsonl", overwrite=True)
    shutil.rmtree("more/.hidden")
    with pytest.raises(UsageError, match="the output would replace an input file"):
        curate.dedup("more").write(data, overwrite=True)
    assert sorted(path.name for path in Path("more").iterdir()) == ["data.jsonl"]


def test_what_lies_beside_the_data_is_written(write: Write) -> None:
    write("data.jsonl", [(f"Question {n}?", f"Answer {n}.") for n in range(20)])
    assert main(["check", "data.jsonl", "--output-file", "report.json", "--output-format", "json"]) in (0, 1)
    assert main(["check", ".", "--output-file", "report.html", "--output-format", "html"]) in (0, 1)
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 0
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 0
    for pattern in ("d*.jsonl", "[d]ata.jsonl", "**/data.jsonl"):
        assert main(["dedup", pattern, "-o", "kept.jsonl", "--overwrite", "-q"]) == 0
    assert main(["dedup", "*.jsonl", "-o", "new/kept.jsonl", "-q"]) == 0


WRITING: dict[str, list[str]] = {
    "dedup": ["dedup", "data.jsonl", "-o", "kept"],
    "convert": ["convert", "data.jsonl", "-o", "kept"],
    "restore": ["restore", "old.removed.jsonl", "--all", "-o", "kept"],
}


@pytest.mark.parametrize("verb", WRITING)
@pytest.mark.parametrize("there", ["a folder", "a broken link", "a link to itself"])
def test_what_is_no_file_is_not_written_to(
    there: str, verb: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [("Hi", "Hello."), ("Hi", "Hello.")])
    assert main(["dedup", "data.jsonl", "-o", "old.jsonl", "-q", "--yes"]) == 0
    if there == "a folder":
        Path("kept").mkdir()
    else:
        Path("kept").symlink_to("kept" if there == "a link to itself" else "unmounted/kept")
    before = held()
    assert main(WRITING[verb]) == 2
    assert "next: " in capsys.readouterr().err
    assert held() == before
    assert Path("kept").is_symlink() or not list(Path("kept").iterdir())


@pytest.mark.slow
def test_standard_output_is_written_to_and_not_replaced(write: Write, forks: Forks) -> None:
    write("data.jsonl", [("Hi", "Hello."), ("Hi", "Hello.")])
    Path("link").symlink_to("/proc/self/fd/1")  # as /dev/stdout, which root can replace
    ended = forks.run("check", "data.jsonl", "--output-file", "link", first="import os; os.write(1, b'before\\n')")
    assert ended.returncode == 1
    assert ended.stdout.startswith("before\ndata.jsonl:2: D001")
    assert str(Path("link").readlink()) == "/proc/self/fd/1"


def test_no_removed_line_goes_to_the_devices(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", [("Hi", "Hello."), ("Hi", "Hello.")])
    assert main(["dedup", "data.jsonl", "-o", "/dev/null", "--yes"]) == 2
    assert "null.removed.jsonl would be written to /dev" in capsys.readouterr().err
    assert not Path("/dev/null.removed.jsonl").exists()


STRANGE = os.fsdecode(b"caf\xe9.jsonl")
NAMED: dict[str, list[str]] = {
    "check": ["check", STRANGE, "-q", "--output-format", "json"],
    "dedup": ["dedup", STRANGE, "-o", "kept.jsonl", "-q"],
    "convert": ["convert", STRANGE, "-o", "kept.jsonl", "-q"],
    "decontaminate": ["decontaminate", STRANGE, "--bench", "bench.jsonl", "-o", "kept.jsonl", "-q"],
    "conflicts": ["conflicts", STRANGE, "-q", "--json"],
    "stats": ["stats", STRANGE, "--json"],
    "split": ["split", STRANGE, "-o", "out", "-q"],
    "split into such a folder": ["split", STRANGE, "-o", os.fsdecode(b"out\xe9"), "-q"],
    "suppress": ["suppress", "C003", f"{STRANGE}:21", "--reason", "so"],
    "suppress by the name that is told": ["suppress", "C003", "caf\\xe9.jsonl:21", "--reason", "so"],
    "run": ["run", "-q"],
}


@pytest.fixture
def strange(write: Write) -> Path:
    """Data under a name that is no UTF-8: a copy, an example without an answer and a broken line are in it."""
    try:
        path = write(
            STRANGE,
            [
                *((f"Question {n}?", f"Answer {n}.") for n in range(20)),
                ("Question 40?", ""),
                ("Question 3?", "Answer 3."),
                b"{broken",
            ],
        )
    except OSError:
        pytest.skip("no such names here")
    write("bench.jsonl", [{"question": "What is it that nobody ever asks about at all in so many words?"}])
    Path("curate.toml").write_text('data = ["."]\noutput = ".out"\n')
    return path


@pytest.mark.parametrize("case", NAMED)
def test_a_name_that_is_no_utf8_is_one_like_any_other(
    case: str, strange: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(NAMED[case]) in (0, 1)
    for path in [path for path in Path().rglob("*") if path.suffix in (".jsonl", ".json") and path.is_file()]:
        path.read_bytes().decode("utf-8")


def test_a_split_of_such_a_file_is_proved_and_gives_its_lines_back(
    strange: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(NAMED["split"]) == 1  # a line holds no example
    assert main(["verify", "out", "-q", "--json"]) == 0
    assert main(["restore", "out", f"{STRANGE}:21"]) == 0
    assert main(["verify", "out", "-q", "--json"]) == 0
    assert "not at hand" not in capsys.readouterr().out


def test_what_is_wrong_with_a_folder_of_such_a_name_is_told_by_one_name(
    strange: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(os.fsdecode(b"out\xe9"))
    assert main(NAMED["split into such a folder"]) == 1
    with (folder / "test.jsonl").open("ab") as file:
        file.write((folder / "train.jsonl").read_bytes())
    (folder / "removed.jsonl").write_bytes(b"{}\n")
    capsys.readouterr()
    assert main(["verify", str(folder), "-q", "--json"]) == 1
    said = capsys.readouterr().out
    assert "\\udc" not in said
    told = json.loads(said)
    assert {finding["code"] for finding in told["findings"]} >= {"L001", "L009", "L010"}
    assert (
        {finding["file"].partition("/")[0] for finding in told["findings"] if finding["file"] != "caf\\xe9.jsonl"}
        == {told["folder"]}
        == {"out\\xe9"}
    )


def test_a_baseline_of_such_a_file_is_read_again(strange: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", STRANGE, "--write-baseline", "baseline.json"]) == 0
    assert main(["check", STRANGE, "--baseline", "baseline.json"]) == 0
    assert main(["check", STRANGE, "--output-format", "full"]) == 1
    assert "{broken" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are looked up there")
def test_files_are_flushed_and_replaced_in_ways_that_windows_allows(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It flushes only what is open for writing, and renames no open file and onto none."""
    import fcntl

    flush = os.fsync

    def fsync(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        if path.is_file() and fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "read-only", str(path))
        flush(handle)

    def closed_only(move: Callable[..., None]) -> Callable[..., None]:
        def moved(old: Any, new: Any, **more: Any) -> None:
            for handle in Path("/proc/self/fd").iterdir():
                with suppress(OSError):
                    held = str(handle.readlink())
                    assert held not in [str(Path(path).absolute()) for path in (old, new)], f"{held} is open"
            move(old, new, **more)

        return moved

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", closed_only(os.replace))
    monkeypatch.setattr(os, "rename", closed_only(os.rename))
    write("data.jsonl", [("Hi", "Hello."), ("Hi", "Hello."), {"messages": [{"role": "human", "content": "Hi"}]}])
    write("other.jsonl", [(f"What is {n} times {n}?", f"It is {n * n}.") for n in range(12)])
    for command in (
        "check data.jsonl --fix",
        "check data.jsonl --fix --unsafe-fixes --yes",
        "dedup data.jsonl -o kept.jsonl --yes",
        "dedup data.jsonl -o kept.jsonl --yes --overwrite",
        "dedup data.jsonl -o table.parquet --yes",
        "convert other.jsonl --to alpaca -o other.parquet",
        "split other.jsonl -o out --parquet",
        "split other.jsonl data.jsonl -o out --parquet",
        "restore out --all",
    ):
        assert main(command.split()) in (ExitCode.CLEAN, ExitCode.FINDINGS), capsys.readouterr().err
