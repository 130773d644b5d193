"""`curate restore` and `curate diff`: what left comes back byte for byte, on the right side; what changed is told."""

import json
from collections import Counter
from datetime import UTC, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import validate

from curate.cli.main import main
from curate.core.decision import Decision
from curate.core.example import Place, content_id
from curate.core.removed import KeptExample, Reason, removal_of, removed_line
from curate.output.restore import PENDING
from curate.project.decision_log import DecisionLog
from curate.project.manifest import read_manifest
from curate.project.runs import Project
from curate.verify import verify_folder
from curate.verify.proof import Verdict
from tests.conftest import Write, chat, of_hundred, schema_of
from tests.strategies import conversations, written

OUT = Path("out")
Verdicts = Literal["keep", "drop"]


def parts() -> Counter[bytes]:
    return Counter(
        line for name in ("train", "validation", "test") for line in (OUT / f"{name}.jsonl").read_bytes().splitlines()
    )


def told(name: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    validate(found, schema_of(name))
    return found


@pytest.fixture
def folder(write: Write) -> Path:
    """A split from which five lines left: three for an error, one dropped by a person, one broken."""
    lines = [
        *(chat(f"Question {n}?", f"Answer {n}.") for n in range(40)),
        *(chat(f"Question {n}?", "") for n in (3, 50, 51)),
    ]
    write("data.jsonl", [*lines, b'{"messages": ['])
    DecisionLog(Project(Path.cwd()).decisions).add(Decision(example=content_id(lines[7]), verdict="drop", who="ann"))
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 1  # a line holds no example
    return OUT


sound = written(conversations()).map(lambda pair: pair[1].replace("\n", " ").encode())
faulty = sound.map(lambda line: line.replace(b"assistant", b"asistant"))
BROKEN = [b"{broken", b"caf\xe9", b'"\xff"', b"[1]", b"\x00\x01", b'{"messages": 1}\t', b'{"a": "\xe2\x80\xa8"}']
broken = st.sampled_from(BROKEN)


text = st.text()  # without surrogates, which no record has
reasons = st.builds(
    Reason,
    code=st.none() | text,
    why=text,
    decided_by=text,
    when=st.none() | st.datetimes(timezones=st.just(UTC) | st.just(timezone(timedelta(hours=-3, minutes=-30)))),
    kept=st.none() | st.builds(KeptExample, example=text, file=text, line=st.integers(0, 1 << 40)),
    similarity=st.none() | st.floats(0, 1),
)


@given(
    place=st.builds(Place, file=text, line=st.integers(0, 1 << 40), nth=st.just(0)),
    example=st.none() | text,
    reason=reasons,
    data=sound | broken | st.binary() | text.map(str.encode),
)
def test_a_record_is_what_its_model_writes(place: Place, example: str | None, reason: Reason, data: bytes) -> None:
    record = removed_line(place, example, reason, data)
    removal = removal_of(record)
    assert (Place(removal.file, removal.line), removal.example, removal.data) == (place, example, data)
    assert all(getattr(removal, name) == value for name, value in reason._asdict().items())
    assert removal.model_dump_json(exclude_none=True).encode() + b"\n" == record


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=of_hundred(25))
@given(lines=st.lists(sound | faulty | broken, min_size=1, max_size=12), ending=st.sampled_from([b"\n", b"\r\n"]))
def test_a_round_trip_is_byte_exact(lines: list[bytes], ending: bytes, write: Write) -> None:
    read = Counter(line for line in lines if line.strip())
    write("data.jsonl", ending.join(lines))
    for path in sorted((OUT, *OUT.rglob("*")), reverse=True) if OUT.exists() else ():
        path.rmdir() if path.is_dir() else path.unlink()
    Project(Path.cwd()).decisions.unlink(missing_ok=True)
    if main(["split", "data.jsonl", "-o", "out", "-q"]) == 2:
        return  # nothing is left to split
    kept = parts()
    if kept != read:
        assert main(["restore", "out", "--all", "-o", "back/lines.jsonl", "--overwrite"]) == 0
        assert kept + Counter(Path("back/lines.jsonl").read_bytes().split(b"\n")[:-1]) == read
        removed = read - kept
        left = Counter({line: count for line, count in removed.items() if line in BROKEN or b"asistant" in line})
        assert main(["restore", "out", "--all"]) == (2 if left == removed else 1 if left else 0)
        assert parts() + left == read  # what cannot be compared stays removed
        points = {point.name: point.verdict for point in verify_folder(OUT).points}
        assert [points[name] for name in ("manifest", "files", "removed", "nothing lost")] == [Verdict.PROVED] * 4


def test_lines_come_back_by_id_by_place_and_by_reason(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = [content_id(chat(f"Question {n}?", "")) for n in (50, 51)]
    capsys.readouterr()
    assert main(["restore", "out", ids[0][:8], "--json"]) == 0
    result = told("restore", capsys)
    assert ([one["line"] for one in result["restored"]], result["left"]) == ([42], 4)
    assert main(["restore", "out", "data.jsonl:43"]) == 0
    assert main(["restore", "out", "--reason", "C003", "--reason", "decision", "--json"]) == 0
    manifest, _ = read_manifest(folder)
    assert (manifest.kept, manifest.removed.lines, manifest.removed.reasons, len(manifest.restored)) == (
        43,
        1,
        {"J010": 1},
        4,
    )
    assert main(["verify", "out", "-q"]) == 0
    capsys.readouterr()
    assert main(["restore", "out", "--reason", "C003"]) == 2
    assert "next: use one of: J010" in capsys.readouterr().err
    Path("clean.jsonl").write_text("".join(json.dumps(chat(f"Question {n}?", f"Answer {n}.")) + "\n" for n in range(9)))
    assert main(["split", "clean.jsonl", "-o", "clean", "-q"]) == 0
    assert main(["restore", "clean", "--reason", "C003"]) == 2
    assert "next: there is no removed line" in capsys.readouterr().err


def test_what_comes_back_joins_what_it_is_connected_with(folder: Path) -> None:
    before = {
        line: name
        for name in ("train", "validation", "test")
        for line in (OUT / f"{name}.jsonl").read_bytes().splitlines()
    }
    assert main(["restore", "out", "data.jsonl:41"]) == 0
    [entry] = read_manifest(folder)[0].restored
    answered = json.dumps(chat("Question 3?", "Answer 3.")).encode()
    assert (entry.split, entry.code) == (before[answered], "C003")


def test_the_next_split_keeps_what_was_restored(folder: Path) -> None:
    assert main(["restore", "out", "--reason", "C003", "--reason", "decision"]) == 0
    first = parts()
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 1  # a line holds no example
    assert (first, read_manifest(folder)[0].removed.reasons) == (parts(), {"J010": 1})


def test_a_restored_line_keeps_the_edit_that_a_person_made_of_it(folder: Path) -> None:
    empty, edited = chat("Question 50?", ""), chat("Question 50?", "Answer 50.")
    journal = DecisionLog(Project(Path.cwd()).decisions)
    journal.add(Decision(example=content_id(empty), record="edit", verdict="edit", value=edited, who="ann"))
    assert main(["restore", "out", "data.jsonl:42"]) == 0
    state = DecisionLog(Project(Path.cwd()).decisions).verdicts()[content_id(empty)]
    assert (state.verdict, state.value) == ("edit", edited)


def test_a_restored_line_is_kept_from_the_decision_that_dropped_it(folder: Path) -> None:
    dropped = content_id(chat("Question 7?", "Answer 7."))
    assert main(["restore", "out", "--reason", "decision"]) == 0
    log = DecisionLog(Project(Path.cwd()).decisions)
    first, last = log.decisions
    assert (last.example, last.verdict, last.replaces) == (dropped, "keep", (first.id,))
    assert (last.about, last.why) == ("", "restored into out")
    assert main(["restore", "out", "--reason", "C003"]) == 0
    kept = DecisionLog(log.path).decisions[2:]
    assert {(decision.about, decision.why) for decision in kept} == {("C003", "restored into out")}
    assert not (folder / PENDING).exists()


@pytest.mark.parametrize("verdict", ["keep", "drop"])
def test_decisions_that_no_restore_wrote_are_not_moved_to_the_journal(
    verdict: Verdicts, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["restore", "out", "--reason", "decision"]) == 0
    journal = Project(Path.cwd()).decisions
    before, dropped = journal.read_bytes(), content_id(chat("Question 7?", "Answer 7."))
    planted = dropped if verdict == "drop" else content_id(chat("Question 8?", "Answer 8."))
    DecisionLog(folder / PENDING).add(Decision(example=planted, verdict=verdict))
    assert main(["restore", "out", "--reason", "C003"]) == 2
    assert "was not written by `curate restore`" in capsys.readouterr().err
    assert (journal.read_bytes(), (folder / PENDING).exists()) == (before, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no lines selected to restore"),
        (("abcdef12",), "no removed line has this id or place"),
        (("--reason", "D003"), "use one of: C003, J010, decision"),
        (("data.jsonl:44", "--all"), "data.jsonl:44: holds no example"),
        (("--reason", "J010"), "data.jsonl:44: holds no example"),
        (("--all", "-o", "out/train.jsonl"), "is in the folder of the split"),
    ],
)
def test_what_cannot_come_back_is_said_and_nothing_changes(
    words: tuple[str, ...], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert main(["restore", "out", *words]) == 2
    assert said in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("train.jsonl", b"Answer", b"Result", "train.jsonl: "),
        ("removed.jsonl", b"Question", b"Request", "removed.jsonl: is not what was written"),
        ("manifest.json", b'"C003"', b'"C004"', "manifest.json: was edited"),
    ],
)
def test_nothing_comes_back_into_a_folder_that_was_changed(
    name: str, old: bytes, new: bytes, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written_bytes = (folder / name).read_bytes()
    assert old in written_bytes
    (folder / name).write_bytes(written_bytes.replace(old, new, 1))
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert main(["restore", "out", "--reason", "decision"]) == 2
    assert said in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in folder.iterdir()}


def test_a_line_that_cannot_be_compared_cannot_come_back_into_a_split_and_a_list_of_turns_can(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    twice = json.dumps(chat("Who?", "He.")).replace("{", '{"id": 1, "id": 2, ', 1)
    turns = json.dumps(chat("Where?", "")["messages"])
    told_by = json.dumps(chat("When?", "Then.")).replace("user", "narrator")
    others = [line.encode() for line in (twice, turns, told_by)]
    write("data.jsonl", [*((f"Question {n}?", f"Answer {n}.") for n in range(20)), *others])
    assert main(["split", "data.jsonl", "-o", "out", "-q"]) == 0
    assert main(["restore", "out", "data.jsonl:21"]) == 2
    assert "data.jsonl:21: holds no example that can be compared" in capsys.readouterr().err
    assert main(["restore", "out", "--all"]) == 1
    out = capsys.readouterr().out
    for line, why in ((21, "the key 'id' occurs twice in one object"), (23, "a message has an unknown role")):
        assert f"data.jsonl:{line}: holds no example that can be compared: {why}: stays removed" in out
    assert (parts()[twice.encode()], parts().total()) == (0, 21)
    assert main(["verify", "out", "-q"]) == 0


def test_what_leaks_into_a_given_test_set_cannot_come_back(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", [(f"Question {n}?", f"Answer {n}.") for n in range(20)])
    write("kept.jsonl", [("Question 7?", "Another answer.")])
    assert main(["split", "data.jsonl", "--existing", "kept.jsonl", "-o", "out", "-q"]) == 0
    assert main(["restore", "out", "--all"]) == 2
    assert "data.jsonl:8: would leak: it has the same question as" in capsys.readouterr().err
    write("data.jsonl", [*((f"Question {n}?", f"Answer {n}.") for n in range(20)), ("Why 20?", "")])
    assert main(["split", "data.jsonl", "--existing", "kept.jsonl", "-o", "out", "-q"]) == 0
    capsys.readouterr()
    assert main(["restore", "out", "--all", "--json"]) == 1
    result = told("restore", capsys)
    assert ([one["line"] for one in result["restored"]], result["left"], len(result["refused"])) == ([21], 1, 1)
    assert main(["verify", "out", "-q"]) == 0
    assert main(["restore", "out", "--all", "-o", "back.jsonl"]) == 0


def test_the_ledger_of_a_deduplication_gives_its_lines_back(write: Write) -> None:
    data = write("data.jsonl", [("Hi", "Hello."), ("Hi", "Hello."), ("Bye", "Bye.")]).read_bytes().splitlines()
    assert main(["dedup", "data.jsonl", "-o", "made/kept.jsonl", "-q"]) == 0
    assert main(["restore", "made/kept.removed.jsonl", "--all", "-o", "back.jsonl"]) == 0
    assert Path("back.jsonl").read_bytes().splitlines() == [data[1]]
    assert main(["restore", "made", "--all"]) == 2


def test_a_difference_names_inputs_settings_and_each_example(
    folder: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["split", "data.jsonl", "-o", "same", "-q"]) == 1
    capsys.readouterr()
    assert main(["diff", "out", "same"]) == 0
    assert "are the same" in capsys.readouterr().out
    write("data.jsonl", [*((f"Question {n}?", f"Answer {n}.") for n in range(1, 41))])
    assert main(["split", "data.jsonl", "-o", "other", "--seed", "3", "-q"]) == 0
    capsys.readouterr()
    assert main(["diff", "out", "other", "--json"]) == 1
    found = told("diff", capsys)
    assert [change["name"] for change in found["inputs"]] == ["data.jsonl"]
    assert [(change["name"], change["before"], change["now"]) for change in found["settings"]] == [("seed", 0, 3)]
    assert ([one["example"] for one in found["added"]], [one["example"] for one in found["gone"]]) == (
        [content_id(chat("Question 40?", "Answer 40."))],
        [content_id(chat("Question 0?", "Answer 0."))],
    )
    assert found["switched"]
    assert main(["diff", "out", "other"]) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("1 example added, 1 gone, ")
    assert main(["diff", "out", "nowhere"]) == 2
