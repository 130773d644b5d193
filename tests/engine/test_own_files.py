"""A walk through a folder leaves out what this program wrote from the other files of it, says so, and nothing else."""

import json
from pathlib import Path

import pytest

from curate.cli.main import main
from curate.storage.data_files import data_files
from tests.conftest import Write, chat

Captured = pytest.CaptureFixture[str]
QUESTIONS = [
    "What is rain?", "Name a tree.", "Where is Lima?", "Who wrote Faust?", "How tall is Everest?",
    "Why is grass green?", "What is fog made of?", "Name a composer.", "List three metals.", "How do bees fly?",
    "What does DNA do?", "Which river is longest?",
]  # fmt: skip
DATA = [chat(question, f"An answer of its own to the question {question.lower()}") for question in QUESTIONS]


def names(*paths: str) -> list[str]:
    return [path.as_posix() for path in data_files(paths, lambda _: None)]


def made(write: Write, lines: list[object]) -> None:
    """A folder with data, and what the commands make of it."""
    write("d/data.jsonl", lines)
    for command in (
        ["dedup", "d/data.jsonl", "-o", "d/clean.jsonl"],
        ["split", "d/clean.jsonl", "-o", "d/out"],
        ["convert", "d/data.jsonl", "--to", "sharegpt", "-o", "d/shared.jsonl"],
        ["check", "d/data.jsonl", "--write-baseline", "d/base.json"],
        ["check", "d/data.jsonl", "--add-suppressions", "--reason", "known"],
    ):
        assert main([*command, "-q"]) in (0, 1), command


@pytest.mark.slow
@pytest.mark.parametrize("lines", [[*DATA, DATA[0], chat("", "An empty question.")], [*DATA, chat("Short?", "")]])
def test_a_folder_is_read_without_what_was_made_from_it(write: Write, capsys: Captured, lines: list[object]) -> None:
    made(write, lines)
    capsys.readouterr()
    Path("curate-suppressions.jsonl").rename("d/curate-suppressions.jsonl")
    for verb in ("check", "stats", "dedup"):
        main([verb, "d"])
        told = capsys.readouterr().err
        for name in ("clean.jsonl", "shared.jsonl", "base.json", "curate-suppressions.jsonl", "out/test.jsonl"):
            assert f"d/{name}" in told.partition("written by curate: ")[2].partition("\n")[0], verb
    assert names("d") == ["d/data.jsonl"]


@pytest.mark.slow
def test_what_is_named_itself_is_read(write: Write, capsys: Captured) -> None:
    made(write, [*DATA])
    assert names("d/clean.jsonl", "d/shared.jsonl") == ["d/clean.jsonl", "d/shared.jsonl"]
    assert names("d/out") == ["d/out/test.jsonl", "d/out/train.jsonl", "d/out/validation.jsonl"]
    assert main(["verify", "d/out"]) == 0
    assert "12 examples" in capsys.readouterr().out


def test_what_was_made_from_files_elsewhere_is_data(write: Write) -> None:
    write("elsewhere/raw.jsonl", [*DATA, DATA[0]])
    write("d/more.jsonl", [chat("Is this another file?", "Yes, with one line of its own.")])
    assert main(["dedup", "elsewhere/raw.jsonl", "-o", "d/clean.jsonl", "-q"]) == 0
    assert main(["split", "elsewhere/raw.jsonl", "-o", "d/out", "-q"]) == 0
    splits = [f"d/out/{name}.jsonl" for name in ("test", "train", "validation")]
    assert names("d") == ["d/clean.jsonl", "d/more.jsonl", *splits]


def test_a_name_decides_nothing(write: Write) -> None:
    """A person's files with the names of records, and beside such files."""
    line = [chat("Is it mine?", "Yes, it is.")]
    own = ("d/a.jsonl", "d/a.removed.jsonl", "d/curate-suppressions.jsonl", "d/out/train.jsonl", "d/removed.jsonl")
    for number, name in enumerate(own):
        write(name, [*line, chat("Which one?", f"Number {number}.")])
    Path("d/out/manifest.json").write_text(json.dumps({"name": "an extension", "manifest_version": 3}))
    write("d/b.jsonl", [chat("And this?", "Also.")])
    Path("d/b.removed.jsonl").write_bytes(b"")
    assert names("d") == sorted([*own, "d/b.jsonl"])


def test_a_folder_of_outputs_alone_is_read(write: Write) -> None:
    write("raw.jsonl", [*DATA, DATA[0]])
    assert main(["dedup", "raw.jsonl", "-o", "d/clean.jsonl", "-q"]) == 0
    assert names("d") == ["d/clean.jsonl"]
