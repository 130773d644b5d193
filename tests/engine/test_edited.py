"""Edited lines take the place of what they were made of, in copies; everything else keeps its bytes."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.commands.run import run
from curate.core.config import CheckConfig, load_config
from curate.core.decision import Decision
from curate.output.edited import Splice, decided_id, edited_copies, spliced
from curate.project.decision_log import DecisionLog
from curate.project.runs import Project
from curate.read.dataset import read_dataset
from curate.review.live_lint import LiveLint
from curate.storage.snapshot import require_unchanged
from tests.conftest import Write, chat


@given(
    st.binary(max_size=60),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8), st.binary(max_size=5)), max_size=5),
    st.integers(1, 9),
)
def test_splices_do_not_depend_on_blocks(data: bytes, wanted: list[tuple[int, int, bytes]], size: int) -> None:
    splices, expected, at = [], b"", 0
    for start, length, new in sorted(wanted):
        if at <= start < start + length <= len(data):
            splices.append(Splice(start, start + length, new))
            expected += data[at:start] + new
            at = start + length
    blocks = (data[i : i + size] for i in range(0, len(data), size))
    assert b"".join(spliced(blocks, splices)) == expected + data[at:]


def edits(path: Path, line: int, value: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {decided_id(next(parsed for parsed in read_dataset([path]).lines if parsed.place.line == line)): value}


@pytest.mark.parametrize("packed", [False, True])
def test_only_the_edited_line_changes(write: Write, packed: bool) -> None:
    path = write("data.jsonl", b'{"messages": [] }\n\n{"broken\n  {"messages":[{"role":"user","content":"hi"}]}\r\n')
    if packed:
        path = write("data.jsonl.gz", gzip.compress(path.read_bytes()))
    copies = edited_copies([path], edits(path, 4, chat("a", "b")) | edits(path, 3, {"messages": []}), Path("copies"))
    lines = copies[path].read_bytes().split(b"\n")
    assert lines[:3] == [b'{"messages": [] }', b"", b'{"messages": []}']
    assert (json.loads(lines[3]), lines[3][-1:], lines[4]) == (chat("a", "b"), b"\r", b"")


def test_unchanged_values_of_an_edited_line_keep_their_bytes(write: Write) -> None:
    line = b'[\n {"w":1e5, "n": 1.50,"messages" :[{"role":"user",\n"content":"%b"}], "t":"\\u0041\\/"}]'
    path = write("data.json", line % b"a")
    value = json.loads(line % b"b")[0]
    assert edited_copies([path], edits(path, 2, value), Path("c"))[path].read_bytes() == line % b"b"


def test_a_repair_in_the_review_takes_an_element_of_several_lines(write: Write) -> None:
    value = {"messages": [{"role": "human", "content": "Who?"}, {"role": "gpt", "content": "Me."}]}
    (element,) = read_dataset([write("data.json", json.dumps([value], indent=2).encode())]).lines
    repaired = LiveLint(CheckConfig()).repaired(element, "M007")
    assert repaired
    assert repaired.value == chat("Who?", "Me.")


def test_an_element_of_an_array_is_edited_in_its_place(write: Write) -> None:
    path = write("data.json", b'[{"instruction": "a",\n "output": "b"},\n {"instruction": "c", "output": "d"}]')
    copies = edited_copies([path], edits(path, 1, {"instruction": "A", "output": "B"}), Path("copies"))
    assert json.loads(copies[path].read_bytes()) == [
        {"instruction": "A", "output": "B"},
        {"instruction": "c", "output": "d"},
    ]


def test_an_edit_of_an_edit_is_followed_and_a_ring_ends(write: Write) -> None:
    path = write("data.jsonl", [("one", "1")])
    values = [chat("one", "1"), chat("two", "2"), chat("three", "3")]
    keys = [next(iter(edits(write(f"{n}.jsonl", [value]), 1, value))) for n, value in enumerate(values)]
    chain = {keys[0]: values[1], keys[1]: values[2]}
    assert json.loads(edited_copies([path], chain, Path("c"))[path].read_bytes()) == values[2]
    assert json.loads(edited_copies([path], {**chain, keys[2]: values[0]}, Path("c"))[path].read_bytes()) == values[0]


def test_a_run_takes_edits_in_and_leaves_the_input_alone(write: Write) -> None:
    path = write(
        "data.jsonl",
        [("When did it land?", "In 1969."), ("Who flew?", "Collins."), b'{"messages": [{"role"', ("And then?", "")],
    )
    before = path.read_bytes()
    write("curate.toml", b'data = ["data.jsonl"]\n')
    project, broken = Project(Path()), chat("Is this line mended?", "It is.")
    log = DecisionLog(project.decisions)
    for line, value in ((3, broken), (4, chat("And then?", "They came home."))):
        log.add(Decision(example=next(iter(edits(path, line, value))), verdict="edit", value=value))
    result = run(project, load_config(Path("curate.toml")))
    texts = b"".join(Path("out", f"{name}.jsonl").read_bytes() for name in ("train", "validation", "test"))
    assert (result.written.kept, result.findings, path.read_bytes()) == (4, [], before)
    assert b"It is." in texts
    assert b"They came home." in texts
    assert result.written.inputs[0].path == "data.jsonl"


def test_a_dropped_line_without_an_example_is_removed_for_the_reason_that_the_person_gave(write: Write) -> None:
    path = write("data.jsonl", [chat(f"What is {n} and {n}?", f"It is {2 * n}.") for n in range(8)] + [b'{"broken'])
    key = decided_id(list(read_dataset([path]).lines)[-1])
    DecisionLog(Project(Path()).decisions).add(
        Decision(example=key, verdict="drop", why="cut by the export", who="ann")
    )
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 1
    [entry] = map(json.loads, Path("out/removed.jsonl").read_text().splitlines())
    assert (entry["line"], entry["why"], entry["decided_by"]) == (9, "cut by the export", "ann")


@pytest.mark.parametrize("verb", ["dedup", "split", "convert"])
def test_decisions_about_examples_that_are_not_there_are_counted(
    verb: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [chat(f"What is {n} and {n}?", f"It is {2 * n}.") for n in range(8)]
    path = write("data.jsonl", [*rows, b'{"messages": [{"role"'])
    keys = [decided_id(parsed) for parsed in read_dataset([path]).lines]
    log = DecisionLog(Project(Path()).decisions)
    log.add(*(Decision(example=keys[line], verdict="drop") for line in (1, 8)))
    log.add(*(Decision(example=keys[line], verdict="edit", value=chat("Who?", f"Me, {line}.")) for line in (2, 3)))
    written = [verb, "data.jsonl", "-o", "out" if verb == "split" else "out.jsonl", "-q"]
    assert main(written) < 2
    said = "about examples that are not in these files"
    assert said not in "".join(capsys.readouterr())
    write("data.jsonl", [rows[0], *rows[2:3], *rows[4:]])
    assert main([*written, "--overwrite"] if verb != "split" else [*written, "--fresh"]) < 2
    assert f"3 decisions {said}" in "".join(capsys.readouterr())


def test_what_follows_an_edit_in_a_document_keeps_its_lines(write: Write, tmp_path: Path) -> None:
    elements = [json.dumps(chat(f"{n}?", "yes"), indent=1) for n in range(3)]
    path = write("data.json", ("[\n" + ",\n".join(elements) + "\n]\n").encode())
    lines = [parsed.place.line for parsed in read_dataset([path]).lines]
    copy = edited_copies([path], edits(path, lines[1], chat("new?", "yes")), tmp_path)[path]
    assert [parsed.place.line for parsed in read_dataset([copy]).lines] == lines


def test_another_command_with_edits_meanwhile_changes_nothing(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    fruits = ("apple", "mango")
    for fruit in fruits:
        path = write(f"{fruit}/data.jsonl", [chat(f"What is {fruit} {n}?", f"A {fruit}.") for n in range(3)])
        key, value = next(iter(edits(path, 1, chat(f"What is {fruit} 0?", f"No {fruit}.")).items()))
        edit = Decision(format=2, record="edit", example=key, verdict="edit", value=value, replaces=())
        DecisionLog(Path(".curate/decisions.jsonl")).add(edit)

    def meanwhile(seen: Any) -> None:
        assert main(["conflicts", "mango/data.jsonl", "--no-models", "--quiet"]) == 0
        require_unchanged(seen)

    monkeypatch.setattr("curate.commands.dedup.require_unchanged", meanwhile)
    assert main(["dedup", "apple/data.jsonl", "-o", "kept.jsonl", "--no-cache", "--quiet"]) == 0
    answers = [json.loads(line)["messages"][1]["content"] for line in Path("kept.jsonl").read_text().splitlines()]
    assert answers == ["No apple.", "A apple.", "A apple."]


def test_copies_go_with_their_process_or_with_the_next_one(write: Write) -> None:
    path = write("data.jsonl", [chat("Hi", "Hello.")])
    folder = Path("copies").absolute()
    left = folder / f"curate-tmp-{2**22 + 1}-killed"
    left.mkdir(parents=True)
    (left / "0-data.jsonl").write_bytes(b"x")
    copies = edited_copies([path], edits(path, 1, chat("Hi", "Hello!")), folder)
    assert [copies[path].parent] == list(folder.iterdir())
