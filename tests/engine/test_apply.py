"""One truth: what is decided in the review is what every command does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import curate
from curate.cli.main import main
from curate.core.decision import Decision
from curate.core.errors import InputError
from curate.core.example import content_id
from curate.project.decision_log import DecisionLog
from curate.review import Choice, Edit, ReviewStatus
from curate.review.bulk import label, rate, verdicts_for
from curate.storage.files import lines_after
from tests.conftest import chat, rows_of, written_file
from tests.scripted_review import decide, expected, new_session

FILES = [Path("a.jsonl"), Path("b.jsonl"), Path("c.jsonl")]
COUNT = 75


def write_files() -> None:
    """Three files with duplicates, contradictions, defects, and lines that cannot be read or have no known form."""
    for part, path in enumerate(FILES):
        lines: list[bytes] = []
        for n in range(part * 25, part * 25 + 25):
            question = f"Explain to a child of {n % 9 + 4} how number {n} of the river and the engine belong together."
            answer = (
                f"The river stands for patience and the engine for luck; in chapter {n} both are lost, and only who "
                f"shares number {n} finds the other again."
            )
            lines.append(json.dumps(chat(question, answer)).encode())
            if n % 5 == 0:
                lines.append(json.dumps(chat(question, answer.replace("only who", "indeed only who"))).encode())
            if n % 5 == 1:
                for year in (1500 + n, 1700 + n):
                    asked = f"In which year was the mill of village {n} built?"
                    lines.append(json.dumps(chat(asked, f"It was built in {year}.")).encode())
            if n % 8 == 2:
                lines.append(json.dumps(chat(f"What is {n}?", "")).encode())
            if n % 16 == 3:
                lines.append(b'{"messages": [' + str(n).encode())
            if n % 16 == 5:
                lines.append(b'{"chapter": %d}' % n)
        path.write_bytes(b"".join(line + b"\n" for line in lines))


def outcome(*command: str) -> int:
    return main([*command, "--quiet"])


def splits(folder: Path) -> dict[str, list[str]]:
    return {
        name: sorted((folder / f"{name}.jsonl").read_text().splitlines()) for name in ("train", "validation", "test")
    }


def by_hand(ledger: Path) -> list[tuple[str, int]]:
    return [(line["file"], line["line"]) for line in rows_of(ledger) if "code" not in line]


@pytest.mark.slow
def test_every_command_does_what_was_decided() -> None:
    write_files()
    drops, edits = decide(new_session(FILES), COUNT)
    want = expected(FILES, drops, edits)
    assert min(len(drops), len(edits), len(want.dropped)) > 5
    names = list(map(str, FILES))
    clean = Path("clean.jsonl")
    assert outcome("apply", *names, "-o", "clean.jsonl") == 1  # lines that cannot be read are left
    assert clean.read_bytes().splitlines() == want.kept
    assert by_hand(Path("clean.removed.jsonl")) == want.dropped
    Path("curate.toml").write_text('data = ["a.jsonl", "b.jsonl", "c.jsonl"]\noutput = "run-out"\n')
    outcome("run", "--skip", "dedup,conflicts", "--yes")
    outcome("split", *names, "-o", "split-out", "--yes")
    outcome("convert", *names, "-o", "converted.jsonl")
    outcome("dedup", *names, "-o", "kept.jsonl", "--yes", "--keep", "first")
    Path("curate.toml").unlink()
    kinds = {line.get("record") for line in rows_of(Path(".curate", "decisions.jsonl"))}
    assert kinds == {None, "edit", "note", "suppression"}
    outcome("split", "clean.jsonl", "-o", "split-clean", "--yes")
    outcome("convert", "clean.jsonl", "-o", "converted-clean.jsonl")
    assert splits(Path("split-out")) == splits(Path("split-clean")) == splits(Path("run-out"))
    assert Path("converted.jsonl").read_bytes() == Path("converted-clean.jsonl").read_bytes()
    for ledger in (
        "split-out/removed.jsonl",
        "run-out/removed.jsonl",
        "kept.removed.jsonl",
        "converted.unconverted.jsonl",
    ):
        assert by_hand(Path(ledger)) == want.dropped, ledger
    dedup = Path("kept.jsonl").read_bytes().splitlines()
    gone = [line["text"].encode() for line in rows_of("kept.removed.jsonl") if "code" in line]
    assert sorted(dedup + gone) == sorted(want.kept)


@pytest.mark.slow
def test_decisions_are_found_from_the_data_upwards_and_their_path_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files()
    Path("data").mkdir()
    for path in FILES:
        path.rename(Path("data") / path)
    session = new_session([Path("data/a.jsonl")])
    session.decide({session.examples.entry(0).ids[0]: "drop"})
    here = Path.cwd()
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    outcome("apply", "../data/a.jsonl", "-o", "clean.jsonl")
    journal = here / ".curate" / "decisions.jsonl"
    assert f"note: 0 edits, 1 drop in {journal}, applied to unchanged examples" in capsys.readouterr().err
    outcome("dedup", "../data/a.jsonl", "--no-decisions")
    assert "note: 0 edits, 1 drop ignored (--no-decisions)" in capsys.readouterr().err
    outcome("check", "../data/a.jsonl")
    assert "1 drop ignored (curate check reads the files as they are)" in capsys.readouterr().err
    assert len(Path("clean.removed.jsonl").read_text().splitlines()) == 1


@pytest.mark.slow
def test_a_decided_conflict_is_shown_with_its_state(capsys: pytest.CaptureFixture[str]) -> None:
    write_files()
    session = new_session(FILES)
    for number, choice in ((0, "left"), (1, "both")):
        from curate.review.bulk import verdicts_for

        entry = session.conflicts.entry(number)
        session.decide(verdicts_for(session, entry, choice), target=entry.target)  # type: ignore[arg-type]
    capsys.readouterr()
    main(["conflicts", *map(str, FILES), "--json", "--no-models", "--quiet"])
    found = {said["id"]: said["state"] for said in json.loads(capsys.readouterr().out)["conflicts"]}
    assert [found[session.conflicts.entry(number).about] for number in range(3)] == ["dropped", "kept", "open"]
    Path("curate.toml").write_text('data = ["a.jsonl", "b.jsonl", "c.jsonl"]\n')
    main(["run", "--quiet", "--yes"])
    from curate.commands.run import load_conflicts
    from curate.review import sources_of
    from curate.review.events import ConflictsFound
    from curate.review.scan import scan

    told: list[Any] = []
    scan(sources_of([Path()]), load_conflicts, told.append)
    shown = next(fact for fact in told if isinstance(fact, ConflictsFound))
    assert session.conflicts.entry(0).about in {conflict.id for conflict in shown.conflicts}


def test_an_edit_that_is_equal_to_a_dropped_example_is_dropped_by_every_command() -> None:
    lines = [chat(f"Which river flows through town {n}?", f"The river {n * 37} flows through it.") for n in range(40)]
    Path("a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    session = new_session([Path("a.jsonl")])
    ids = [session.examples.entry(number).ids[0] for number in range(3)]
    session.decide({ids[1]: "drop"})
    session.decide({ids[0]: Edit(lines[1]), ids[2]: Edit(lines[3])})
    outcome("apply", "a.jsonl", "-o", "clean.jsonl")
    outcome("dedup", "a.jsonl", "-o", "kept.jsonl", "--yes")
    outcome("split", "a.jsonl", "-o", "out", "--yes")
    outcome("convert", "a.jsonl", "-o", "converted.jsonl")
    for ledger in ("clean.removed.jsonl", "kept.removed.jsonl", "out/removed.jsonl", "converted.unconverted.jsonl"):
        assert by_hand(Path(ledger)) == [("a.jsonl", 1), ("a.jsonl", 2)], ledger
    dropped = json.dumps(lines[1])
    for path in ("clean.jsonl", "kept.jsonl", "converted.jsonl", "out/train.jsonl", "out/test.jsonl"):
        assert dropped not in Path(path).read_text()


@pytest.mark.slow
def test_select_ignores_decisions_if_asked(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [chat(f"Which river flows through town {n}?", f"The river {n * 37} flows through it.") for n in range(8)]
    Path("a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    session = new_session([Path("a.jsonl")])
    session.decide({session.examples.entry(0).ids[0]: "drop"})
    main(["select", "a.jsonl", "--examples", "8", "--no-models", "--quiet", "-o", "with.jsonl"])
    main(["select", "a.jsonl", "--examples", "8", "--no-models", "--no-decisions", "-o", "without.jsonl"])
    assert "1 drop ignored (--no-decisions)" in capsys.readouterr().err
    kept = [json.dumps(lines[0]) in Path(name).read_text() for name in ("with.jsonl", "without.jsonl")]
    assert kept == [False, True]


def test_labels_and_ratings_are_written_as_metadata_and_filter_a_split(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [chat(f"Which river flows through town {n}?", f"The river {n * 37} flows through it.") for n in range(40)]
    lines[3]["metadata"] = {"source": "web", "rating": 1}
    lines[4]["weight"] = 1.5
    Path("a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines).replace("1.5", "15e-1"))
    session = new_session([Path("a.jsonl")])
    ids = [session.examples.entry(number).ids[0] for number in range(5)]
    rate(session, ids[:2], "2")
    rate(session, [ids[3]], "5")
    rate(session, [session.examples.entry(6).ids[0]], "3")
    label(session, [ids[3], ids[4]], "off-topic")
    label(session, [ids[3]], "great")
    session.decide({ids[1]: Edit(chat("Which river flows through town 1?", "The river 38."))})
    assert outcome("apply", "a.jsonl", "-o", "clean.jsonl") == 0
    said = capsys.readouterr().out
    assert "5 lines with labels or a rating" in said
    assert "1 line of these had other labels or another rating there, which are replaced" in said
    assert Path("clean.jsonl").read_text().count('"weight": 15e-1, "metadata"') == 1
    found = [line.get("metadata") for line in rows_of("clean.jsonl")]
    assert found[:6] == [{"rating": 2}, {"rating": 2}, None,
                         {"source": "web", "labels": ["great", "off-topic"], "rating": 5}, {"labels": ["off-topic"]},
                         None]  # fmt: skip
    outcome("split", "a.jsonl", "-o", "out", "--min-rating", "3", "--without-label", "off-topic", "--yes")
    gone = {(line["line"], line["why"]) for line in rows_of("out/removed.jsonl")}
    assert gone == {(1, "rated 2 of 5 in review"), (2, "rated 2 of 5 in review"), (4, "labelled off-topic in review"),
                    (5, "labelled off-topic in review")}  # fmt: skip
    assert outcome("split", "a.jsonl", "-o", "out2", "--min-rating", "3", "--no-decisions") == 2
    Path("b.jsonl").write_text(json.dumps({**lines[0], "metadata": "web"}) + "\n")
    other = new_session([Path("b.jsonl")])
    rate(other, [other.examples.entry(0).ids[0]], "3")
    assert outcome("apply", "b.jsonl", "-o", "clean-b.jsonl") == 1
    assert "b.jsonl:1: labels and ratings are written to `metadata`" in capsys.readouterr().err
    assert not Path("clean-b.jsonl").exists()


def test_a_rating_changes_nothing_else_of_a_line_with_a_defect() -> None:
    line = (
        b'{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"","content":"B"}],"n":1,"n":1e5}'
    )
    Path("a.jsonl").write_bytes(line + b"\n")
    session = new_session([Path("a.jsonl")])
    rate(session, [session.examples.entry(0).ids[0]], "4")
    assert outcome("apply", "a.jsonl", "-o", "clean.jsonl") == 0
    assert Path("clean.jsonl").read_bytes() == line[:-1] + b',"metadata":{"rating":4}}\n'


@pytest.mark.parametrize(("pointer", "removed"), [("/messages/1/content", []), ("/messages/3/content", [1])])
def test_a_line_stays_for_the_finding_that_was_accepted_alone(pointer: str, removed: list[int]) -> None:
    empty = chat("Which river flows through the town?", "")
    written_file("a.jsonl", [empty, *(chat(f"Question {n}?", f"Answer {n}.") for n in range(9))])
    DecisionLog(Path(".curate/decisions.jsonl")).add(
        Decision(example=content_id(empty), verdict="keep", format=2, scope="finding", about="C003", pointer=pointer)
    )
    outcome("split", "a.jsonl", "-o", "out", "--yes")
    assert [entry["line"] for entry in rows_of("out/removed.jsonl")] == removed


def test_an_element_with_an_error_is_removed_from_a_document_of_many_lines() -> None:
    values = [
        chat("Which river flows through the town?", ""),
        *(chat(f"Question {n}?", f"It is {n}.") for n in range(9)),
    ]
    Path("a.json").write_text(json.dumps(values, indent=1))
    outcome("split", "a.json", "-o", "out", "--yes")
    assert [entry["code"] for entry in rows_of("out/removed.jsonl")] == ["C003"]


def decided_in_the_folder_above() -> Path:
    """Data in a folder with a configuration, below a journal that drops the second of three examples."""
    rows = [chat(f"What is the name of road {number}?", f"It is road {number}.") for number in (1, 2, 3)]
    Path("sub").mkdir()
    path = written_file("sub/data.jsonl", rows)
    DecisionLog(Path(".curate/decisions.jsonl")).add(Decision(example=content_id(rows[1]), verdict="drop"))
    Path("sub/curate.toml").write_text('data = ["data.jsonl"]\n')
    return path


NOT_APPLIED = "1 decision about these files in .curate/decisions.jsonl is not applied, since sub is a project"


@pytest.mark.parametrize(
    "command",
    [
        ("apply", "sub/data.jsonl", "-o", "kept.jsonl"),
        ("dedup", "sub/data.jsonl", "-o", "kept.jsonl"),
        ("split", "sub/data.jsonl", "-o", "parts"),
        ("run", "sub", "--skip", "conflicts"),
        ("review", "sub", "--export", "records.json", "--to", "argilla"),
    ],
)
def test_decisions_above_the_project_of_the_files_are_reported(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    decided_in_the_folder_above()
    main(list(command))
    printed = " ".join("".join(capsys.readouterr()).split())
    assert printed.count(NOT_APPLIED) == 1
    assert "`curate review PATH --merge .curate/decisions.jsonl`" in printed
    DecisionLog(Path("sub/.curate/decisions.jsonl")).merge(Path(".curate/decisions.jsonl"))
    main([*command, *(["--overwrite"] if command[0] in ("apply", "dedup", "split") else [])])
    assert NOT_APPLIED not in " ".join("".join(capsys.readouterr()).split())


def test_python_warns_of_decisions_above_the_project_of_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    path = decided_in_the_folder_above()
    with pytest.warns(UserWarning, match=NOT_APPLIED):
        curate.dedup(path)
    monkeypatch.setattr("curate.commands.session.MAX_COUNTED_BYTES", 10)
    with pytest.warns(UserWarning, match="1 decision in"):  # all of the journal, as large files are not read for it
        curate.dedup(path)


@pytest.mark.parametrize("command", ["apply", "dedup"])
def test_a_journal_above_the_project_that_cannot_be_read_is_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    decided_in_the_folder_above()
    journal = Path(".curate/decisions.jsonl")
    decided, read = journal.read_bytes(), lines_after
    journal.write_bytes(decided + b"{broken\n")
    main([command, "sub/data.jsonl", "-o", "kept.jsonl"])
    printed = " ".join("".join(capsys.readouterr()).split())
    assert ".curate/decisions.jsonl: line 2 is not a valid decision, and may be one about these files" in printed
    assert NOT_APPLIED in printed

    def refused(path: Path, offset: int) -> Iterator[bytes]:
        if path.absolute() == journal.absolute():
            raise InputError("decisions.jsonl: permission denied")
        return read(path, offset)

    monkeypatch.setattr("curate.project.decision_log.lines_after", refused)
    main([command, "sub/data.jsonl", "-o", "kept.jsonl", "--overwrite"])
    printed = " ".join("".join(capsys.readouterr()).split())
    assert "decisions in .curate/decisions.jsonl are not applied: decisions.jsonl: permission denied" in printed


@pytest.mark.parametrize(
    "command",
    [
        ("check", "sub/data.jsonl"),
        ("split", "sub/data.jsonl", "-o", "parts"),
        ("run", "sub/curate.toml", "--until", "check"),
    ],
)
def test_suppressions_above_the_project_of_the_files_are_reported(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    Path("sub").mkdir()
    rows = [*(chat(f"What is {n}?", f"It is {n}.") for n in range(20)), chat("Which day is it?", "")]
    written_file("sub/data.jsonl", rows)
    assert main(["suppress", "C003", "sub/data.jsonl:21", "--reason", "meant so"]) == 0
    Path("sub/curate.toml").write_text('data = ["data.jsonl"]\n')
    reported = "1 suppression in curate-suppressions.jsonl is not applied, since sub is a project of its own"
    main(list(command))
    printed = " ".join("".join(capsys.readouterr()).split())
    assert printed.count(reported) == 1
    assert "copy the lines about its files to sub/curate-suppressions.jsonl" in printed
    Path("sub/curate-suppressions.jsonl").write_bytes(Path("curate-suppressions.jsonl").read_bytes())
    main(list(command))
    assert reported not in " ".join("".join(capsys.readouterr()).split())
    Path("sub/curate-suppressions.jsonl").unlink()
    Path("curate-suppressions.jsonl").write_text("{broken\n")
    main(list(command))
    printed = " ".join("".join(capsys.readouterr()).split())
    assert "suppressions in curate-suppressions.jsonl are not applied: " in printed


def test_decisions_about_other_files_above_a_project_are_not_reported(capsys: pytest.CaptureFixture[str]) -> None:
    decided_in_the_folder_above()
    written_file("sub/data.jsonl", [chat("Which day is it?", "Friday."), chat("Which month is it?", "May.")])
    main(["apply", "sub/data.jsonl", "-o", "kept.jsonl"])
    assert "not applied" not in "".join(capsys.readouterr())


def test_the_review_is_told_of_decisions_above_its_project() -> None:
    path = decided_in_the_folder_above()
    assert [NOT_APPLIED in note for note in new_session([path]).notes][:1] == [True]


def test_lines_that_do_not_count_as_examples_are_decided_in_the_list_of_examples() -> None:
    """Their status there is that of the decision, wherever it was made, and apply follows it."""
    rows = [chat("What is one?", "It is 1."), {"messages": []}, {"instruction": "", "output": ""}, {"chapter": 5}]
    path = written_file("data.jsonl", b"".join(json.dumps(row).encode() + b"\n" for row in rows) + b'{"messages": [3\n')
    session = new_session([path])
    statuses = session.examples.statuses.values
    assert [ReviewStatus(status).name for status in statuses] == [*["UNDECIDED"] * 4, "FIX"]
    assert [sorted(session.examples.entry(row).choices) for row in range(5)] == [*[["drop", "keep"]] * 4, ["drop"]]
    findings = {session.findings.entry(row).place.line: session.findings.entry(row) for row in range(5)}
    session.decide({findings[5].ids[0]: "drop"}, target=findings[5].target)
    session.decide({findings[2].ids[0]: "drop"}, target=findings[2].target)
    session.decide({session.examples.entry(2).ids[0]: "drop"}, target=session.examples.entry(2).target)
    session.grow()
    expected = ["UNDECIDED", "DROP", "DROP", "UNDECIDED", "DROP"]
    assert [ReviewStatus(status).name for status in session.examples.statuses.values] == expected
    assert [ReviewStatus(status).name for status in new_session([path]).examples.statuses.values] == expected
    assert outcome("apply", "data.jsonl", "-o", "kept.jsonl") == 1  # line 4 holds no example
    assert rows_of("kept.jsonl") == [rows[0], rows[3]]


@pytest.mark.parametrize(("choice", "status"), [("left", "DROP"), ("right", "KEEP"), ("both", "KEEP")])
def test_a_decided_conflict_closes_the_finding_about_its_examples(choice: Choice, status: str) -> None:
    question = "Is there night skiing at the north lift?"
    path = written_file(
        "data.jsonl", [chat(question, "No, the lifts close at dusk."), chat(question, "Yes, on Fridays.")]
    )
    session = new_session([path])
    finding, conflict = session.findings.entry(0), session.conflicts.entry(0)
    assert (finding.code, session.status(finding)) == ("X008", ReviewStatus.UNDECIDED)
    session.decide(verdicts_for(session, conflict, choice, 0), target=conflict.target)
    assert ReviewStatus(session.findings.statuses.values[0]).name == status
    assert new_session([path]).status(finding).name == status
    outcome("dedup", "data.jsonl", "-o", "kept.jsonl", "--drop", "X008")
    assert len(rows_of("kept.jsonl")) == (2 if choice == "both" else 1)
    session.undo()
    assert session.status(finding) is ReviewStatus.UNDECIDED
