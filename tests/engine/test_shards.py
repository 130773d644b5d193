"""Outputs in several files: in order they are the bytes of one file, all commands read them, and none is left over."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import curate
from curate.cli.main import main
from curate.project.manifest import read_manifest
from curate.project.runs import data_of
from curate.storage.files import MANIFEST
from curate.storage.shards import split_file, split_files
from tests.conftest import Write, chat

NAMES = ("train", "validation", "test")
WORDS = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath")


def talks(count: int) -> list[dict[str, object]]:
    """Conversations that have nothing in common."""
    return [chat(f"{WORDS[n % 8]} {n} {n * 7919}?", f"{WORDS[n // 8 % 8]} {n * 31}.") for n in range(count)]


def split(*words: str) -> int:
    return main(["split", "data.jsonl", "-q", *words])


def files_in(folder: str | Path) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir() if path.suffix in (".jsonl", ".parquet"))


def joined(folder: str | Path, name: str = "*") -> bytes:
    return b"".join(path.read_bytes() for path in sorted(Path(folder).glob(f"{name}-*-of-*.jsonl")))


@pytest.fixture
def broken_off(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Interrupt a command before it renames another file than so many."""

    def after(renames: int) -> None:
        left, rename = [renames], os.replace

        def replace(source: Any, target: Any) -> None:
            if ".curate-new" in str(source):
                left[0] -= 1
                if left[0] < 0:
                    monkeypatch.setattr(os, "replace", rename)
                    raise KeyboardInterrupt
            rename(source, target)

        monkeypatch.setattr(os, "replace", replace)

    return after


@pytest.mark.parametrize("shards", [2, 3, 7, 60])
def test_the_shards_of_a_split_are_one_file_cut_in_order(
    shards: int, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [*talks(50), {"no": "example"}])
    assert split("-o", "one") == split("-o", "many", "--shards", str(shards)) == 1
    one, many = read_manifest(Path("one"))[0], read_manifest(Path("many"))[0]
    for name in NAMES:
        assert joined("many", name) == Path("one", f"{name}.jsonl").read_bytes()
        part = many.splits[name]
        assert (part.sha256, part.examples) == (None, one.splits[name].examples)
        assert len(part.shards) == min(shards, part.examples)
        for shard in part.shards:
            assert Path("many", shard.file).read_bytes().count(b"\n") == shard.examples
        assert max(shard.examples for shard in part.shards) - min(shard.examples for shard in part.shards) <= 1
    assert main(["verify", "many", "-q"]) == 0
    main(["diff", "one", "many"])
    assert "0 examples added, 0 gone, 0 moved to another split" in capsys.readouterr().out
    assert "shards" not in json.loads(Path("one/manifest.json").read_bytes())["splits"]["train"]


@pytest.mark.slow
def test_a_folder_has_the_shards_of_the_last_split_only(write: Write) -> None:
    write("data.jsonl", talks(60))
    for words, expected in (
        (("--shards", "4"), 4), (("--shards", "2"), 2), ((), 0), (("--shards", "3", "--parquet"), 3),
    ):  # fmt: skip
        assert split("-o", "out", *words) == 0
        assert len(split_files(Path("out"), "train")) == (expected or 1)
        assert files_in("out") == sorted(
            ["removed.jsonl", *(f"{name}-{n:05}-of-{expected:05}.jsonl" for name in NAMES for n in range(expected))]
            + ([] if expected else [f"{name}.jsonl" for name in NAMES])
        )
        assert main(["verify", "out", "-q"]) == 0
    tables = sorted(Path("out/parquet").iterdir())
    assert len(tables) == 9
    assert len({str(pl.read_parquet_schema(path)) for path in tables[3:6]}) == 1
    assert split("-o", "out") == 0
    assert not Path("out/parquet").exists()


def test_a_shard_that_was_changed_moved_or_lost_is_reported(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", talks(30))
    assert split("-o", "out", "--shards", "3") == 0
    first, second = (Path("out") / f"train-0000{n}-of-00003.jsonl" for n in range(2))
    before = first.read_bytes()
    first.write_bytes(before + second.read_bytes())
    assert main(["verify", "out", "-q"]) == 1
    told = capsys.readouterr().out
    assert "train-00000-of-00003.jsonl: L009 has 14 examples; the manifest says 7" in told
    first.unlink()
    assert main(["verify", "out", "-q"]) == 1
    with pytest.raises(Exception, match=r"train-00000-of-00003\.jsonl: no such file, although"):
        split_files(Path("out"), "train")
    first.write_bytes(before)
    Path("out/train-00000-of-00002.jsonl").write_bytes(before)
    with pytest.raises(Exception, match="is from another output than"):
        split_file(Path("out"), "train")
    capsys.readouterr()
    assert split("-o", "out", "--shards", "2", "--fresh") == 2
    assert "train-00000-of-00002.jsonl: exists and was not written by curate" in capsys.readouterr().err


def test_a_sharded_split_grows_is_restored_and_is_read_as_one(write: Write) -> None:
    write("data.jsonl", talks(30))
    assert split("-o", "out", "--shards", "3") == 0
    before = {name: set(joined("out", name).splitlines()) for name in NAMES}
    write("data.jsonl", [*talks(40), chat("A\u0000?", "Yes.")])
    assert split("-o", "out", "--shards", "4") == 0
    assert all(before[name] <= set(joined("out", name).splitlines()) for name in NAMES)
    assert main(["restore", "out", "--all"]) == 0
    parts = read_manifest(Path("out"))[0].splits.values()
    assert all(len(part.shards) == min(4, part.examples) for part in parts)
    assert main(["verify", "out", "-q"]) == 0
    assert split_file(Path("out"), "train").read_bytes() == joined("out", "train")
    Path("run").mkdir()
    Path("run/recipe.json").write_text(json.dumps({"data": "out"}))
    assert data_of(Path("run")) == split_files(Path("out"), "train")
    assert main(["papers", "out", "-o", "papers"]) == 0
    described = json.loads(Path("papers/croissant.json").read_bytes())["distribution"]
    assert [entry["@type"] for entry in described[:5]] == ["cr:FileObject"] * 4 + ["cr:FileSet"]


@pytest.mark.parametrize("verb", ["dedup", "convert"])
def test_other_outputs_are_cut_in_order_and_replace_those_of_another_count(verb: str, write: Write) -> None:
    write("data.jsonl", [*talks(20), *talks(3), {"no": "example"}])

    def run(output: str, *words: str) -> int:
        return main([verb, "data.jsonl", "-o", output, *(("--yes",) if verb == "dedup" else ()), *words, "-q"])

    aside = {"dedup": "removed", "convert": "unconverted"}[verb]
    assert run("one.jsonl") == run("many.jsonl", "--shards", "4") == 1
    assert joined(".", "many") == Path("one.jsonl").read_bytes()
    assert Path(f"many.{aside}.jsonl").read_bytes() == Path(f"one.{aside}.jsonl").read_bytes()
    assert run("many.jsonl") == run("many.jsonl", "--shards", "2") == 2  # they exist
    assert run("many.jsonl", "--shards", "2", "--overwrite") == 1
    assert len(list(Path().glob("many-*"))) == 2
    assert joined(".", "many") == Path("one.jsonl").read_bytes()
    assert run("many.jsonl", "--overwrite") == 1
    assert not list(Path().glob("many-*"))
    assert run("tables.parquet", "--shards", "3") == 1
    tables = [pl.read_parquet(path) for path in sorted(Path().glob("tables-*.parquet"))]
    assert len(tables) == 3
    assert pl.concat(tables).height == Path("one.jsonl").read_bytes().count(b"\n")


@pytest.mark.parametrize("name", ["KEPT.JSONL", "kept", "kept.jsonl2"])
def test_shards_of_any_name_are_replaced(name: str, write: Write) -> None:
    write("data.jsonl", talks(20))
    for count in (3, 2):
        assert main(["dedup", "data.jsonl", "-o", f"out/{name}", "--shards", str(count), "--overwrite", "-q"]) == 0
        shards = sorted(Path("out").glob("*-of-*"))
        assert len(shards) == count
        assert b"".join(path.read_bytes() for path in shards) == Path("data.jsonl").read_bytes()


def test_shards_of_other_tools_need_no_last_line_break(write: Write) -> None:
    write("data.jsonl", talks(9))
    assert main(["convert", "data.jsonl", "-o", "train.jsonl", "--shards", "3", "-q"]) == 0
    for path in Path().glob("train-*"):
        path.write_bytes(path.read_bytes().rstrip(b"\n"))
    Path("train-00001-of-00003.jsonl").write_bytes(b"")
    assert len(split_file(Path(), "train").read_bytes().splitlines()) == 6


def test_shards_that_are_inputs_are_not_deleted(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", talks(20))
    assert main(["dedup", "data.jsonl", "-o", "many.jsonl", "--shards", "2", "-q"]) == 0
    files = [f"many-0000{number}-of-00002.jsonl" for number in range(2)]
    before = joined(".", "many")
    for words in ((), ("--shards", "3")):
        assert main(["dedup", files[0], "-o", "many.jsonl", "--overwrite", *words, "-q"]) == 2
        assert "would replace an input file" in capsys.readouterr().err
        assert main(["dedup", "data.jsonl", "--against", files[1], "-o", "many.jsonl", "--overwrite", *words]) == 2
        with pytest.raises(Exception, match="would replace an input file"):
            curate.dedup(files[0]).write("many.jsonl", overwrite=True, shards=len(words) + 1)
    assert main(["dedup", "many-*.jsonl", "-o", "other.jsonl", "-q"]) == 0
    assert main(["dedup", "other*.jsonl", "-o", "other-x.jsonl", "--shards", "2", "-q"]) == 2
    assert joined(".", "many") == before


@pytest.mark.parametrize("renames", range(5))
def test_an_interrupted_command_is_completed_by_the_same_command(
    renames: int, write: Write, broken_off: Callable[[int], None]
) -> None:
    write("data.jsonl", [*talks(20), *talks(3)])
    words = ["dedup", "data.jsonl", "-o", "many.jsonl", "--shards", "4", "--yes", "-q"]
    broken_off(renames)
    assert main(words) == 130
    assert main(words) == 0
    assert len(list(Path().glob("many-*"))) == 4
    assert joined(".", "many").splitlines() == Path("data.jsonl").read_bytes().splitlines()[:20]
    assert len(Path("many.removed.jsonl").read_bytes().splitlines()) == 3
    assert not Path(".curate-new").exists()


def test_one_file_replaces_the_shards_of_an_interrupted_command(
    write: Write, broken_off: Callable[[int], None]
) -> None:
    write("data.jsonl", talks(20))
    words = ["dedup", "data.jsonl", "-o", "many.jsonl", "-q"]
    broken_off(2)
    assert main([*words, "--shards", "4"]) == 130
    assert main([*words, "--overwrite"]) == 0
    assert main(["split", "data.jsonl", "-o", ".", "-q"]) == 2  # completes an interrupted command, if there is one
    assert Path("many.jsonl").read_bytes() == Path("data.jsonl").read_bytes()
    assert not list(Path().glob("many-*"))
    assert not Path(".curate-new").exists()


@pytest.mark.parametrize("renames", [0, 3, 9])
def test_an_interrupted_split_into_other_shards_counts_no_line_twice(
    renames: int, write: Write, broken_off: Callable[[int], None]
) -> None:
    write("data.jsonl", talks(30))
    assert split("-o", "out", "--shards", "3") == 0
    before = [joined("out", name) for name in NAMES]
    broken_off(renames)
    assert split("-o", "out", "--shards", "2") == 130
    assert split("-o", "out", "--shards", "2") == 0
    assert [joined("out", name) for name in NAMES] == before
    assert main(["verify", "out", "-q"]) == 0


def test_a_split_without_a_hash_is_refused(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", talks(20))
    split("-o", "out")
    manifest = json.loads(Path("out", MANIFEST).read_text())
    del manifest["splits"]["train"]["sha256"]
    Path("out", MANIFEST).write_text(json.dumps(manifest))
    capsys.readouterr()
    assert main(["verify", "out", "-q"]) == 2
    assert "has neither sha256 nor shards" in capsys.readouterr().err
