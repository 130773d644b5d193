"""State of ours that a stranger put into a folder: nothing outside of the folder is touched, and those who only read
write nothing.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from curate.cli.main import main
from curate.core.errors import InputError, UsageError
from curate.project.manifest import digest_of, read_manifest
from curate.storage import store, transaction
from curate.storage.files import MANIFEST, checksum, sha256
from curate.storage.paths import path_inside
from curate.storage.transaction import READY_FILE, STAGE_FOLDER, recover, replacing_together
from tests.conftest import Write, working_in, written_file
from tests.forks import Forks

OUT = Path("place/out")
VICTIM = "what nobody may touch"
READERS: dict[str, list[str]] = {
    "verify": ["verify", "place/out", "-q"],
    "diff": ["diff", "place/out", "place/out"],
    "check": ["check", "place/out", "-q"],
}
WRITERS: dict[str, list[str]] = {
    "split": ["split", "data.jsonl", "-o", "place/out", "-q"],
    "restore": ["restore", "place/out", "--all"],
    "run": ["run", "-q", "--json"],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A split in a folder beside a file that nobody may touch; one line left it."""
    with working_in(tmp_path_factory.mktemp("made")) as place:
        written_file("data.jsonl", [*((f"Question {n}?", f"Answer {n}.") for n in range(30)), ("Question 40?", "")])
        Path("curate.toml").write_text('data = ["data.jsonl"]\noutput = "place/out"\n')
        assert main(["split", "data.jsonl", "-o", str(OUT), "-q"]) == 0
        for path in (Path("place/victim.txt"), Path("victim.txt"), OUT / "notes.txt"):
            path.write_text(VICTIM)
        (OUT / "kept").mkdir()
    return place


@pytest.fixture
def folder(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it in the working folder. Nobody waits for another process."""
    monkeypatch.setattr(transaction, "READER_SECONDS", 0.0)
    shutil.copytree(made, ".", dirs_exist_ok=True)
    return OUT


def snapshot() -> dict[str, Any]:
    """All files and links from here on, but the folders of caches and locks."""
    found = {}
    for path in sorted(Path().rglob("*")):
        if path.suffix != ".lock" and not path.is_relative_to(".curate"):
            found[str(path)] = (
                str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            )
    return found


def plant(ready: Any, files: dict[str, str] | None = None, **links: str) -> None:
    """A stage that says that it is complete; `links` leads from names in the folder to the folder above."""
    (OUT / STAGE_FOLDER).mkdir()
    for name in links.values():
        (OUT / name).symlink_to(Path("place").absolute())
    for name, text in (files or {}).items():
        path = OUT / STAGE_FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (OUT / STAGE_FOLDER / READY_FILE).write_text(ready if isinstance(ready, str) else json.dumps(ready))


def linked_list() -> None:
    (OUT / STAGE_FOLDER).mkdir()
    (OUT / STAGE_FOLDER / READY_FILE).symlink_to(Path("curate.toml").absolute())


def waiting_list() -> None:
    (OUT / STAGE_FOLDER).mkdir()
    os.mkfifo(OUT / STAGE_FOLDER / READY_FILE)


def absolute(name: str) -> str:
    return str(Path(name).absolute())


PLANTS: dict[str, Callable[[], object]] = {
    "deletes beside it": lambda: plant({"new": [], "gone": ["../victim.txt"]}),
    "deletes beside it, in today's form": lambda: plant(
        {"new": [], "gone": ["../victim.txt"], "old": {"../victim.txt": checksum(Path("place/victim.txt"))}}
    ),
    "deletes by an absolute path": lambda: plant({"new": [], "gone": [absolute("victim.txt")], "old": {}}),
    "writes beside it": lambda: plant({"new": ["../victim.txt"], "gone": [], "old": {}}, {"x": "pwned"}),
    "goes around": lambda: plant({"new": ["kept/../../victim.txt"], "gone": [], "old": {}}),
    "deletes a file of the user's": lambda: plant({"new": [], "gone": ["notes.txt"], "old": {}}),
    "replaces a file of the user's": lambda: plant(
        {"new": ["notes.txt"], "gone": [], "old": {"notes.txt": "0" * 32}}, {"notes.txt": "pwned"}
    ),
    "writes a hook": lambda: plant(
        {"new": [".git/hooks/pre-commit"], "gone": [], "old": {}}, {".git/hooks/pre-commit": "pwned"}
    ),
    "has a NUL": lambda: plant({"new": ["a\0b"], "gone": [], "old": {}}),
    "has half a character": lambda: plant('{"new": ["\\ud800"], "gone": [], "old": {}}'),
    "has a drive": lambda: plant({"new": ["C:victim.txt", "..\\victim.txt"], "gone": [], "old": {}}),
    "is very long": lambda: plant({"new": ["a" * 5000], "gone": [], "old": {}}),
    "is no list": lambda: plant({"new": "victim.txt", "gone": 3, "old": []}),
    "is no JSON": lambda: plant("{"),
    "is a number": lambda: plant("7"),
    "is deep": lambda: plant("[" * 100_000),
    "is a link elsewhere": lambda: (OUT / STAGE_FOLDER).symlink_to(Path("place").absolute()),
    "is a file": lambda: (OUT / STAGE_FOLDER).write_text("x"),
    "holds a link": lambda: plant({"new": ["inner/victim.txt"], "gone": [], "old": {}}, link=f"{STAGE_FOLDER}/inner"),
    "goes through a link": lambda: plant(
        {"new": ["away/victim.txt"], "gone": [], "old": {}}, {"away/victim.txt": "pwned"}, link="away"
    ),
    "has a list that is a link": linked_list,
    "has a list that is a pipe": waiting_list,
}


@pytest.mark.slow
@pytest.mark.parametrize("planted", PLANTS)
def test_who_only_reads_writes_nothing_and_who_writes_refuses_whatever_is_planted(
    planted: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    PLANTS[planted]()
    before = snapshot()
    for verb, words in READERS.items():
        assert main(words) in (0, 1, 2), verb
        assert snapshot() == before, verb
    for verb, words in WRITERS.items():
        capsys.readouterr()
        assert main(words) == 2, verb
        assert "next: " in capsys.readouterr().err, verb
        assert snapshot() == before, verb


@pytest.mark.slow
@pytest.mark.parametrize("verb", READERS)
def test_a_complete_stage_of_ours_is_told_by_who_reads_and_ended_by_who_writes(
    verb: str, folder: Path, forks: Forks, capsys: pytest.CaptureFixture[str]
) -> None:
    program = """
import os
replace = os.replace
def killed(old, new): os._exit(9) if os.path.basename(new) != "ready.json" else replace(old, new)
os.replace = killed
"""
    words = ("split", "data.jsonl", "-o", "place/out", "-q", "--seed", "5", "--fresh")
    assert forks.run(*words, first=program).returncode == 9
    assert (folder / STAGE_FOLDER / READY_FILE).is_file()
    before = snapshot()
    code = main(READERS[verb])
    assert snapshot() == before
    if verb != "check":  # which reads whatever files there are
        assert code == 2
        assert "was interrupted" in capsys.readouterr().err
    recover(folder)
    assert main(["verify", str(folder), "-q"]) == 0
    assert read_manifest(folder)[0].config["seed"] == 5


def forged(change: Callable[[dict[str, Any]], None]) -> None:
    """A manifest with another value, and with the digest that fits it."""
    value = json.loads((OUT / MANIFEST).read_bytes())
    change(value)
    (OUT / MANIFEST).write_text(json.dumps(value))
    manifest = type(read_manifest_unchecked()).model_validate(value)
    value["digest"] = digest_of(manifest)
    (OUT / MANIFEST).write_text(json.dumps(value))


def read_manifest_unchecked() -> Any:
    from curate.project.manifest import Manifest

    return Manifest.model_validate_json((OUT / MANIFEST).read_bytes())


def a_file(value: dict[str, Any]) -> None:
    value["files"]["../victim.txt"] = "0" * 64


def a_split(value: dict[str, Any]) -> None:
    value["splits"]["train"]["file"] = "../victim.txt"


def a_ledger(value: dict[str, Any]) -> None:
    value["removed"]["file"] = absolute("victim.txt")


def a_hidden_one(value: dict[str, Any]) -> None:
    value["files"][".git/config"] = "0" * 64


@pytest.mark.slow
@pytest.mark.parametrize("change", [a_file, a_split, a_ledger, a_hidden_one])
def test_a_manifest_that_names_what_is_outside_is_refused(
    change: Callable[[dict[str, Any]], None], folder: Path
) -> None:
    forged(change)
    before = snapshot()
    for verb in ("verify", "diff", "restore"):
        assert main((READERS | WRITERS)[verb]) == 2, verb
        assert snapshot() == before, verb


@pytest.mark.slow
@pytest.mark.parametrize("change", [a_file, a_split, a_ledger, a_hidden_one])
@pytest.mark.parametrize("verb", ["split", "run"])
def test_a_folder_is_written_anew_and_nothing_else_goes(
    verb: str, change: Callable[[dict[str, Any]], None], folder: Path
) -> None:
    forged(change)
    assert main(WRITERS[verb]) == 0
    assert [Path(name).read_text() for name in ("victim.txt", "place/victim.txt", "place/out/notes.txt")] == [
        VICTIM
    ] * 3
    assert main(["verify", str(folder), "-q"]) == 0


def test_what_a_manifest_names_goes_only_where_it_is_what_was_written(folder: Path) -> None:
    forged(lambda value: value["files"].update({"notes.txt": "0" * 64}))
    assert main(WRITERS["split"]) == 0
    assert (folder / "notes.txt").read_text() == VICTIM


def test_a_link_in_the_place_of_a_split_is_not_followed(folder: Path) -> None:
    train = (folder / "train.jsonl").read_bytes()
    Path("elsewhere.jsonl").write_bytes(train)
    (folder / "train.jsonl").unlink()
    (folder / "train.jsonl").symlink_to(Path("elsewhere.jsonl").absolute())
    for words in (READERS["verify"], READERS["diff"], WRITERS["restore"]):
        assert main(words) == 2
    assert Path("elsewhere.jsonl").read_bytes() == train


@pytest.mark.parametrize(
    ("words", "ledger"),
    [
        (["dedup", "data.jsonl", "-o", "kept.jsonl", "--yes"], "kept.removed.jsonl"),
        (["check", "data.jsonl", "--fix", "--unsafe-fixes", "--yes"], "data.removed.jsonl"),
    ],
)
def test_a_ledger_that_is_a_link_to_a_device_loses_no_line(words: list[str], ledger: str, write: Write) -> None:
    write("data.jsonl", [("Is it open?", "Yes, until six."), ("Is it open?", "Yes, until six.")])
    Path(ledger).symlink_to(os.devnull)
    assert main([*words, "-q"]) in (0, 2)
    lines = {
        word: Path(word).read_bytes().splitlines()
        for word in ("data.jsonl", "kept.jsonl", ledger)
        if Path(word).is_file()
    }
    assert sum(map(len, lines.values())) - 2 * ("kept.jsonl" in lines) == 2
    Path("kept.jsonl").unlink(missing_ok=True)
    Path("kept.jsonl").symlink_to(os.devnull)
    assert main(["dedup", "data.jsonl", "-o", "kept.jsonl", "--yes", "-q"]) == 2


def test_results_of_stages_replace_no_file_behind_a_link(write: Write) -> None:
    write("data.jsonl", [("Is it open?", "Yes.")])
    Path("curate.toml").write_text('data = ["data.jsonl"]\n')
    Path("elsewhere").mkdir()
    Path("elsewhere/check.json").write_text(VICTIM)
    Path(".curate").mkdir()
    Path(".curate/stages").symlink_to(Path("elsewhere").absolute())
    assert main(["run", "-q"]) == 2
    assert Path("elsewhere/check.json").read_text() == VICTIM


@pytest.mark.parametrize("name", ["curate.toml", "curate-suppressions.jsonl", ".curate/decisions.jsonl"])
def test_what_another_user_put_into_a_folder_of_all_does_not_count(
    name: str, write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("shared/mine").mkdir(parents=True)
    Path("shared", name).parent.mkdir(exist_ok=True)
    Path("shared", name).write_text("")
    write("shared/mine/data.jsonl", [("Is it open?", "Yes.")])
    words = ["check", "shared/mine/data.jsonl", "-q"]
    others = Path("shared", name.partition("/")[0]).absolute()
    real = Path.stat

    def stat(self: Path, **how: bool) -> os.stat_result:
        found = real(self, **how)
        return os.stat_result([*found[:4], 4711, *found[5:]]) if self.absolute() == others else found

    monkeypatch.setattr(Path, "stat", stat)
    assert main(words) == 0
    Path("shared").chmod(0o1777)
    assert main(words) == 2
    assert "belongs to another user" in capsys.readouterr().err
    Path("own.toml").write_text("")
    assert main([*words, "--config", "own.toml"]) == 0


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (".curate", ["check", "data.jsonl"]),
        (".curate", ["run", "--until", "split"]),
        (".curate/stages", ["run", "--until", "split"]),
        (".curate/remote", ["remote", "watch"]),
        (".curate/runs", ["evaluate", "a"]),
        (".curate/runs/a", ["evaluate", "a"]),
    ],
)
def test_state_behind_a_link_is_neither_read_nor_written(
    link: str, words: list[str], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [("Is it open?", "Yes.")])
    Path("curate.toml").write_text('data = ["data.jsonl"]\n[conflicts]\nmodels = false\n')
    Path("elsewhere").mkdir()
    Path(link).parent.mkdir(parents=True, exist_ok=True)
    Path(link).symlink_to(Path("elsewhere").absolute())
    assert main([*words, "-q"]) == 2
    assert f"{link}: is a link" in capsys.readouterr().err.replace("\n", "")
    assert list(Path("elsewhere").iterdir()) == []


@pytest.mark.parametrize("name", [".curate/decisions.jsonl", "curate-suppressions.jsonl"])
@pytest.mark.parametrize("verb", ["check", "conflicts"])
def test_a_pipe_is_no_file_of_the_project(verb: str, name: str, write: Write) -> None:
    write("data.jsonl", [("Is it open?", "Yes.")])
    Path(name).parent.mkdir(exist_ok=True)
    os.mkfifo(name)
    # which would wait for somebody who writes to it
    assert main([verb, "data.jsonl", "-q"]) == (2 if verb == "check" or "decisions" in name else 0)


@pytest.mark.parametrize("name", ["manifest.json", "removed.jsonl", "train.jsonl"])
def test_a_pipe_is_no_file_of_a_split(name: str, folder: Path) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    assert main(READERS["verify"]) == main(READERS["diff"]) == main(WRITERS["restore"]) == 2


def test_a_decision_that_is_nested_deeply_is_a_line_that_cannot_be_read(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [("Is it open?", "Yes.")])
    Path(".curate").mkdir()
    Path(".curate/decisions.jsonl").write_text("[" * 100_000 + "\n")
    assert main(["check", "data.jsonl", "-q"]) == 0
    assert "line 1 is not a valid decision" in capsys.readouterr().err


def test_a_drop_in_place_of_the_decision_of_a_restore_does_not_reach_the_journal(folder: Path) -> None:
    example = json.loads((folder / "removed.jsonl").read_bytes())["example"]
    assert main(WRITERS["restore"]) == 0
    journal = Path(".curate/decisions.jsonl").read_bytes()
    (folder / ".curate-restored.jsonl").write_text(json.dumps({"example": example, "verdict": "drop"}) + "\n")
    assert main(WRITERS["split"]) == 2
    assert Path(".curate/decisions.jsonl").read_bytes() == journal


def test_decisions_that_nobody_made_do_not_reach_the_journal(folder: Path) -> None:
    example = json.loads((folder / "removed.jsonl").read_bytes())["example"]
    (folder / ".curate-restored.jsonl").write_text(
        json.dumps({"example": example, "verdict": "keep", "who": "eve", "when": "2026-01-01T00:00:00Z"}) + "\n"
    )
    for words in WRITERS.values():
        assert main(words) == 2
    assert not Path(".curate/decisions.jsonl").exists()


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/../b",
        "/etc/passwd",
        "a//b",
        "./a",
        "a/",
        "C:a",
        "C:\\a",
        "a\\b",
        "a\0",
        "\ud800",
        ".env",
        "a/.git/x",
        "a" * 256,
    ],
)
def test_only_plain_names_are_names(name: str) -> None:
    with pytest.raises(InputError):
        path_inside(Path("folder"), name)


@pytest.mark.parametrize(
    "name", ["a", "train.jsonl", "parquet/train.parquet", "été/文.json", ".huggingface.yaml", "a..b", "a b"]
)
def test_plain_names_are_names(name: str) -> None:
    assert path_inside(Path("folder"), name) == Path("folder") / name


def test_an_export_names_only_files_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = pytest.importorskip("train.export.export_folder")
    Path("export").mkdir()
    for path in (Path("victim.txt"), Path("export/notes.txt")):
        path.write_text(VICTIM)
    Path("export/export.json").write_text("{}")
    named = [SimpleNamespace(name="../victim.txt", size=len(VICTIM), sha256=sha256(Path("victim.txt")))]
    monkeypatch.setattr(folder, "validated", lambda *_: SimpleNamespace(files=named))
    with pytest.raises(UsageError), folder.writing(Path("export")):
        pass
    named[:] = [SimpleNamespace(name="notes.txt", size=len(VICTIM), sha256="0" * 64)]
    with pytest.raises(UsageError), folder.writing(Path("export")):
        pass
    assert [path.read_text() for path in (Path("victim.txt"), Path("export/notes.txt"))] == [VICTIM] * 2


def test_an_export_replaces_no_file_that_came_while_it_was_made() -> None:
    folder = pytest.importorskip("train.export.export_folder")

    def export() -> None:
        with folder.writing(Path("export")) as stage:
            (stage / "notes.txt").write_text("ours")
            Path("export/notes.txt").write_text(VICTIM)

    with pytest.raises(UsageError, match="notes"):
        export()
    assert Path("export/notes.txt").read_text() == VICTIM


def test_an_export_that_was_killed_can_be_made_again() -> None:
    folder = pytest.importorskip("train.export.export_folder")
    (Path("export") / STAGE_FOLDER).mkdir(parents=True)
    (Path("export") / STAGE_FOLDER / "model.safetensors").write_text("half")
    with folder.writing(Path("export")) as stage:
        (stage / "model.safetensors").write_text("whole")
        with pytest.raises(UsageError, match="another curate process"), folder.writing(Path("export")):
            pass
    assert Path("export/model.safetensors").read_text() == "whole"


def test_a_lock_that_is_a_link_is_not_written_through(folder: Path) -> None:
    for name in (".curate.lock",):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(Path("victim.txt").absolute())
    assert main(WRITERS["split"]) == 2
    assert Path("victim.txt").read_text() == VICTIM


def test_a_stage_that_was_never_complete_is_cleared_without_following_links(folder: Path) -> None:
    (folder / STAGE_FOLDER).mkdir()
    (folder / STAGE_FOLDER / "away").symlink_to(Path("place").absolute())
    assert main(WRITERS["split"]) == 0
    assert Path("place/victim.txt").read_text() == VICTIM
    assert not os.path.lexists(folder / STAGE_FOLDER)


def test_a_file_that_was_changed_after_the_kill_is_not_replaced(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "a").write_text("old")
    replace = os.replace

    def killed(old: Path, new: Path) -> None:
        if Path(new).name != READY_FILE:
            raise KeyboardInterrupt
        replace(old, new)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt), replacing_together(folder) as stage:
            (stage / "a").write_text("new")
    (folder / "a").write_text("of a person")
    with pytest.raises(InputError, match="neither the old nor the new content"):
        recover(folder)
    assert (folder / "a").read_text() == "of a person"
    (folder / "a").write_text("old")
    recover(folder)
    assert (folder / "a").read_text() == "new"


@pytest.mark.parametrize("link", ["", "cache", "cache/near"])
def test_a_cache_that_is_a_link_changes_nothing_elsewhere(
    link: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MAX_FOLDER_BYTES", 0)
    monkeypatch.setattr(store, "MAX_DISK_SHARE", 0)
    write("data.jsonl", [("Hi", "Hello."), ("Hi", "Hello.")])
    near = Path("victim", Path("cache/near").relative_to(link)) if link else Path("victim/cache/near")
    near.mkdir(parents=True)
    near.chmod(0o755)
    for name in ("arrays.npz", "piece-of-work.npz"):
        (near / name).write_text(VICTIM)
    place = Path(".curate", link)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(Path("victim").absolute())
    before = sorted(Path("victim").rglob("*"))
    assert main(["dedup", "data.jsonl", "-q"]) == (0 if link == "cache/near" else 2)
    assert sorted(Path("victim").rglob("*")) == before
    assert (near / "arrays.npz").read_text() == (near / "piece-of-work.npz").read_text() == VICTIM
    assert near.stat().st_mode & 0o777 == 0o755
