"""Entries and journals of the store: what is missing, damaged, renamed or of another user is as if it did not exist."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curate.cli.main import main
from curate.storage import store
from tests.conftest import Write

FOLDER = Path("cache")
CONTENTS: dict[str, Any] = {
    ".npz": {"rows": np.arange(6).reshape(2, 3)},
    ".json": {"text": "é\ud800", "rows": [1, None]},
}


def read(path: Path) -> tuple[Any, int]:
    """The content of an entry as JSON, and how many times it was damaged."""
    damaged: list[int] = []
    content = store.load(path, lambda value: value, lambda: damaged.append(1))
    if isinstance(content, dict):
        content = {name: rows.tolist() if path.suffix == ".npz" else rows for name, rows in content.items()}
    return content, len(damaged)


@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_an_entry_is_found_by_what_it_was_made_from(suffix: Any) -> None:
    path = store.entry(FOLDER, "kind", suffix, 1, ["a"])
    assert read(path) == (None, 0)
    assert store.save(path, CONTENTS[suffix]) == ""
    assert read(store.entry(FOLDER, "kind", suffix, 1, ["a"])) == (
        {"rows": [[0, 1, 2], [3, 4, 5]]} if suffix == ".npz" else CONTENTS[suffix],
        0,
    )
    others = [store.entry(FOLDER, "kind", suffix, *parts) for parts in ((1,), (1, "a"), (1, ["b"]))]
    assert [read(other) for other in others] == [(None, 0)] * 3


def renamed(path: Path) -> None:
    other = store.entry(FOLDER, "kind", ".npz" if path.suffix == ".npz" else ".json", "other")
    store.save(other, CONTENTS[path.suffix])
    other.replace(path)


def replaced_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def of_another_user(path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "own_key", lambda: b"other")
        store.save(path, CONTENTS[path.suffix])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b" "),
    "changed": lambda path: path.write_bytes(path.read_bytes()[:-9] + b"x" + path.read_bytes()[-8:]),
    "unsigned": lambda path: path.write_bytes(path.read_bytes()[store.SIGNATURE_BYTES :]),
    "renamed": renamed,
    "of another user": of_another_user,
    "folder": replaced_by_a_folder,
    "pickle": lambda path: path.write_bytes(pickle.dumps({"rows": 1})),
}


@pytest.mark.parametrize("suffix", [".npz", ".json"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_or_foreign_entry_is_not_read(damage: str, suffix: Any) -> None:
    path = store.entry(FOLDER, "kind", suffix, "parts")
    assert store.save(path, CONTENTS[suffix]) == ""
    DAMAGES[damage](path)
    assert read(path) == (None, 1)


def test_objects_are_neither_written_nor_read_as_pickles() -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        store.save(FOLDER / "kind.npz", {"rows": np.array([object()])})
    assert not [*FOLDER.iterdir()]


def test_columns_of_another_file_are_not_taken_for_those_of_this_one(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """A repository may bring a cache that this user wrote, with other names."""
    write("a.jsonl", [("Hi", "Hello."), ("Where?", "There.")])
    write("b.jsonl", [("Hi", "Hello."), ("Hi", "Hello.")])
    near = Path(".curate/cache/near")
    assert main(["dedup", "a.jsonl", "-q"]) == 0
    [first] = near.glob("piece-*")
    content = first.read_bytes()
    first.unlink()
    assert main(["dedup", "b.jsonl", "-q"]) == 0
    [second] = near.glob("piece-*")
    second.write_bytes(content)
    capsys.readouterr()
    assert main(["dedup", "b.jsonl", "-o", "kept.jsonl", "-q", "--yes"]) == 0
    assert "is damaged or was written by another user; it is rebuilt" in capsys.readouterr().err
    assert Path("kept.jsonl").read_bytes().count(b"\n") == 1


def test_a_journal_keeps_each_value_and_reads_only_signed_lines() -> None:
    path = Path("private/judge.jsonl")
    journal = store.ResultJournal(path, mode=0o600)

    def values() -> dict[str, Any]:
        return journal.read(lambda value: value)

    assert values() == {}
    journal.add({})
    assert path.read_bytes() == b""
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    journal.add({"a": [1e-05, "é\ud800"], "b": {"clash": True}})
    journal.add({"c": 3})
    assert values() == {"a": [1e-05, "é\ud800"], "b": {"clash": True}, "c": 3}
    assert journal.read(lambda value: value["clash"]) == {"b": True}
    lines = path.read_bytes().splitlines()
    changed = json.loads(lines[1]) | {"value": {"clash": False}}
    path.write_bytes(b"\n".join([lines[0], json.dumps(changed).encode(), b"[]", b"[" * 9999, b"\xff", lines[2][:-5]]))
    assert values() == {"a": [1e-05, "é\ud800"]}
    journal.add({"c": 4})  # behind a line that a crash truncated
    assert values() == {"a": [1e-05, "é\ud800"], "c": 4}
    path.rename("private/other.jsonl")
    assert store.ResultJournal(Path("private/other.jsonl")).read(str) == {}
