"""What is written is what was read: a file that changes meanwhile, a kill at any step, and two commands at once lose
and mix nothing.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import curate
import curate.output.folder
from curate.cli.main import main
from curate.core.config import Config
from curate.core.errors import ExitCode, InputError, UsageError
from curate.output.folder import names_of
from curate.project.decision_log import DecisionLog
from curate.project.manifest import read_manifest, verified_hash
from curate.project.runs import Project
from curate.storage.output_pair import CountingWriter, replacing_both
from tests.conftest import Write, chat, environment
from tests.forks import Forks

DATA = Path("data.jsonl")
LINES = [(f"Question {n}?", f"Answer {n}, at some length.") for n in range(30)]


def appended() -> None:
    with DATA.open("ab") as file:
        file.write(b'{"messages": []}\n')


def replaced() -> None:
    """Another file of the same size, at the same time."""
    info = DATA.stat()
    Path("other").write_bytes(DATA.read_bytes().replace(b"Answer 1", b"Answer 7"))
    os.utime("other", ns=(info.st_atime_ns, info.st_mtime_ns))
    Path("other").replace(DATA)


def overwritten() -> None:
    """Other bytes in the same file, of the same size, at the same time."""
    info = DATA.stat()
    with DATA.open("rb+") as file:
        file.seek(5)
        file.write(b"x")
    os.utime(DATA, ns=(info.st_atime_ns, info.st_mtime_ns))


def shortened() -> None:
    with DATA.open("rb+") as file:
        file.truncate(100)


def gone() -> None:
    DATA.unlink()


CHANGES = [appended, replaced, overwritten, shortened, gone]
VERBS: dict[str, list[str]] = {
    "dedup": ["dedup", "data.jsonl", "-o", "made/kept.jsonl", "-q"],
    "convert": ["convert", "data.jsonl", "-o", "made/kept.jsonl", "-q"],
    "decontaminate": ["decontaminate", "data.jsonl", "--bench", "bench.jsonl", "-o", "made/kept.jsonl", "-q"],
    "split": ["split", "data.jsonl", "-o", "made", "-q"],
    "run": ["run", "-q"],
}
LATE_VERBS = ("split", "run")
"""What changes once the splits are written; for all other verbs, once the first line is."""


@pytest.fixture(autouse=True)
def _data(write: Write) -> None:
    write("data.jsonl", [*LINES, LINES[3]])
    write("bench.jsonl", [{"question": "What is it that nobody ever asks about at all in so many words?"}])
    Path("curate.toml").write_text('data = ["data.jsonl"]\noutput = "made"\n')


def files(folder: str = "made") -> dict[str, bytes]:
    return {
        str(path): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file() and path.suffix != ".lock"
    }


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("verb", VERBS)
def test_a_file_that_changes_while_it_is_read_is_told_and_nothing_is_written(
    verb: str, change: Callable[[], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waits = [change]

    def then(real: Any) -> Any:
        def changed(*arguments: Any, **named: Any) -> Any:
            result = real(*arguments, **named)
            if waits:
                waits.pop()()
            return result

        return changed

    monkeypatch.setattr(curate.output.folder, "finish", then(curate.output.folder.finish))
    if verb not in LATE_VERBS:
        monkeypatch.setattr(CountingWriter, "write", then(CountingWriter.write))
    assert main(VERBS[verb]) == 2
    said = capsys.readouterr().err
    assert re.search("data.jsonl: changed (since|while) it was read", said)
    assert "run it again" in said
    assert files() == {}


def test_one_line_more_makes_no_wrong_manifest(monkeypatch: pytest.MonkeyPatch) -> None:
    import curate.commands.split as module

    real = module.read_sources

    def then(*arguments: Any, **named: Any) -> Any:
        table = real(*arguments, **named)
        appended()
        return table

    with monkeypatch.context() as patch:
        patch.setattr(module, "read_sources", then)
        assert main(VERBS["split"]) == 2
    assert main(VERBS["split"]) == 1  # the new line holds no example
    assert main(["verify", "made", "-q"]) == 0


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_planned_is_not_written_from_another_file(change: Callable[[], None]) -> None:
    found = curate.dedup("data.jsonl")
    change()
    with pytest.raises(InputError, match="changed since it was read"):
        found.write("made/kept.jsonl")
    assert files() == {}


def test_who_has_not_changed_is_written(write: Write) -> None:
    found = curate.dedup("data.jsonl")
    found.write("made/kept.jsonl")
    assert sorted(files()) == ["made/kept.jsonl", "made/kept.removed.jsonl"]


# kept + removed = read


@pytest.mark.slow
@pytest.mark.xdist_group("optimised")
@pytest.mark.parametrize("without", [False, True])
@pytest.mark.parametrize("verb", ["dedup", "split", "convert", "decontaminate"])
def test_a_line_that_is_lost_on_the_way_stops_everything_whatever_python_leaves_out(
    verb: str, without: bool, optimised: Forks, forks: Forks
) -> None:
    program = """
from curate.storage.output_pair import CountingWriter
write, lost = CountingWriter.write, [True]
def losing(self, data):
    if lost:
        lost.pop()
        data = bytes(data)[:-1].rpartition(b"\\n")[0]  # the last line does not come
        data = data + b"\\n" if data else b""
    return write(self, data)
CountingWriter.write = losing
"""
    done = (optimised if without else forks).run(*VERBS[verb], first=program)
    assert done.returncode == ExitCode.BUG, done.stderr
    assert "LineAccountingError" in done.stderr
    assert files() == {}


# restore


@pytest.fixture
def folder(write: Write) -> Path:
    write("data.jsonl", [*LINES, ("Question 40?", ""), ("Question 41?", "")])
    assert main(VERBS["split"]) == 0
    return Path("made")


def a_line_less(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))


def a_forged_ledger(path: Path) -> None:
    entry = json.loads(path.read_bytes().splitlines()[0])
    entry["text"] = json.dumps(chat("Who may do this?", "Everybody."))
    path.write_text(json.dumps(entry) + "\n")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("train.jsonl", a_line_less),
        ("test.jsonl", Path.unlink),
        ("removed.jsonl", a_forged_ledger),
        ("DATACARD.md", a_line_less),
    ],
)
def test_restore_demands_a_folder_that_is_as_it_was_written(
    name: str, change: Callable[[Path], None], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(folder / name)
    before = files()
    assert main(["restore", "made", "--all"]) == 2
    assert name in capsys.readouterr().err
    assert files() == before


@pytest.mark.slow
def test_a_restore_that_is_killed_at_any_step_leaves_old_or_new_the_journal_included(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed leaves the files as they are just then: they are copied before each step."""
    states = list[Path]()

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **named: Any) -> Any:
            states.append(tmp_path / f"state-{len(states)}")
            shutil.copytree(".", states[-1])
            return real(*arguments, **named)

        return step

    with monkeypatch.context() as patch:
        for name in ("replace", "unlink", "rmdir"):
            patch.setattr(os, name, counted(getattr(os, name)))
        assert main(["restore", "made", "--all"]) == 0
    assert len(states) > 10
    seen = []
    for state in (*states, Path.cwd()):
        monkeypatch.chdir(state)
        assert main(VERBS["split"]) == 0  # any command that writes to the folder ends what was begun
        manifest, _ = read_manifest(folder)
        journal = Project(state).decisions
        decided = {decision.verdict for decision in DecisionLog(journal).verdicts().values()}
        assert verified_hash(folder)
        assert (manifest.kept, manifest.removed.lines, decided) in ((30, 2, set()), (32, 0, {"keep"}))
        assert manifest.kept + manifest.removed.lines == 32
        seen.append(manifest.kept)
        assert not list(folder.glob(".curate-[nr]*"))
    assert {*seen} == {30, 32}
    assert seen == sorted(seen)


@pytest.mark.slow
def test_a_restore_says_that_it_completed_an_interrupted_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replace = os.replace

    def interrupted(old: Path, new: Path) -> None:
        replace(old, new)
        if Path(new).name == "ready.json":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupted)
        patch.setattr(Path, "replace", interrupted)
        patch.setattr("curate.storage.transaction.shutil.rmtree", lambda *_, **__: None)
        assert main(["restore", "made", "--all"]) == 130
    capsys.readouterr()
    assert main(["restore", "made", "--all"]) in (0, 2)
    assert "made: an interrupted command was completed first" in capsys.readouterr().err


# two at once


def test_two_commands_do_not_write_one_output_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    with replacing_both(Path("made/kept.jsonl"), Path("made/kept.removed.jsonl")):
        assert main(VERBS["dedup"]) == 2
        assert "another curate process is writing to this file" in capsys.readouterr().err
    assert main([*VERBS["dedup"], "--overwrite"]) == 0
    assert list(Path("made").glob(".*")) == []


@pytest.mark.slow
def test_of_two_deduplications_at_once_kept_and_removed_belong_together(write: Write) -> None:
    for name in ("one", "two"):
        write(f"{name}.jsonl", [(f"{name} {n % 40}?", f"{name} {n % 40}, which is so.") for n in range(60)])
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "curate", "dedup", f"{name}.jsonl", "-o", "made/kept.jsonl", "-q"],
            env=environment(),
            stderr=subprocess.PIPE,
        )
        for name in ("one", "two")
    ]
    codes = [child.wait() for child in running if child.communicate()]
    assert sorted(codes) == [0, 2]
    name = "one" if codes[0] == 0 else "two"
    read = Path(f"{name}.jsonl").read_bytes().splitlines()
    left = [json.loads(line)["text"].encode() for line in Path("made/kept.removed.jsonl").read_bytes().splitlines()]
    assert sorted(Path("made/kept.jsonl").read_bytes().splitlines() + left) == sorted(read)


# ledgers


def test_each_output_has_a_ledger_of_its_own() -> None:
    for name in ("a", "b"):
        assert main(["dedup", "data.jsonl", "-o", f"made/{name}.jsonl", "-q"]) == 0
    assert sorted(files()) == ["made/a.jsonl", "made/a.removed.jsonl", "made/b.jsonl", "made/b.removed.jsonl"]
    assert main(["restore", "made/a.removed.jsonl", "--all", "-o", "back.jsonl"]) == 0
    assert Path("back.jsonl").read_bytes() == DATA.read_bytes().splitlines(keepends=True)[-1]


@pytest.mark.parametrize("verb", ["dedup", "convert", "decontaminate"])
@pytest.mark.parametrize("there", ["kept.jsonl", "kept.removed.jsonl", "kept.unconverted.jsonl"])
def test_what_is_there_is_replaced_on_a_word_only(verb: str, there: str, capsys: pytest.CaptureFixture[str]) -> None:
    if there == ("kept.removed.jsonl" if verb == "convert" else "kept.unconverted.jsonl"):
        pytest.skip("is not written")
    Path("made").mkdir()
    Path("made", there).write_text("of a person\n")
    assert main(VERBS[verb]) == 2
    assert "already exists" in capsys.readouterr().err
    assert files() == {f"made/{there}": b"of a person\n"}
    assert main([*VERBS[verb], "--overwrite"]) == 0
    assert b"of a person" not in b"".join(files().values())


def test_the_library_asks_for_a_word_too() -> None:
    curate.dedup("data.jsonl").write("made/kept.jsonl")
    before = files()
    with pytest.raises(UsageError, match="already exists"):
        curate.dedup("data.jsonl").write("made/kept.jsonl")
    assert files() == before
    curate.dedup("data.jsonl").write("made/kept.jsonl", overwrite=True)
    assert files() == before


ALL_OUTPUTS = ["--parquet", "--trainer", "axolotl", "--trainer", "llamafactory", "--trainer", "trl", "-q"]


def test_a_split_knows_the_names_of_all_that_it_writes() -> None:
    assert main(["split", "data.jsonl", "-o", "out", *ALL_OUTPUTS]) == 0
    config = Config.model_validate(read_manifest(Path("out"))[0].config)
    assert sorted(files("out")) == sorted(f"out/{name}" for name in names_of(config))


@pytest.mark.parametrize(
    "there",
    ["train.jsonl", "manifest.json", ".huggingface.yaml", "dataset_info.json", "trl.yaml", "parquet/test.parquet"],
)
@pytest.mark.parametrize(
    "manifest",
    ["", "{}", '{"name": "of another program"}'],
    ids=["alone", "beside an empty manifest", "beside another manifest"],
)
def test_a_split_replaces_no_file_of_somebody_else(
    there: str, manifest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("out/parquet").mkdir(parents=True)
    if manifest:
        Path("out/manifest.json").write_text(manifest)
    if not manifest or there != "manifest.json":
        Path("out", there).write_text("of a person\n")
    before = files("out")
    assert main(["split", "data.jsonl", "-o", "out", *ALL_OUTPUTS]) == 2
    assert "exists and was not written by curate" in capsys.readouterr().err
    assert files("out") == before


def test_a_file_that_a_split_did_not_write_stays_when_it_is_written_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 0
    Path("out/trl.yaml").write_text("of a person\n")
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 0
    before = files("out")
    assert main(["split", "data.jsonl", "-o", "out", "-q", "--trainer", "trl"]) == 2
    assert "out/trl.yaml: exists" in capsys.readouterr().err
    assert files("out") == before


@pytest.mark.parametrize("how", [[], ["--fresh"]])
def test_a_split_says_which_files_it_wrote_anew_although_somebody_had_changed_them(
    how: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 0
    train = Path("out/train.jsonl").read_bytes()
    Path("out/train.jsonl").write_text("of a person\n")
    Path("out/test.jsonl").unlink()
    capsys.readouterr()
    assert main(["split", "data.jsonl", "-o", "out", "-q", "--json", *how]) == 0
    notes = json.loads(capsys.readouterr().out)["notes"]
    assert (
        "out: train.jsonl differs from its hash in the manifest, test.jsonl is not there; all examples are split anew"
        in notes
    )
    assert Path("out/train.jsonl").read_bytes() == train
