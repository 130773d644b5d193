"""The review without a screen: what is asked, what is decided, and that it is on the disk."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from curate.decision import Decision, DecisionLog
from curate.errors import OutputError
from curate.example import Example, Place
from curate.finding import Finding, Severity
from curate.review import Progress, ReviewSession, Standing, open_review, sources_of

Opens = Callable[[], ReviewSession]


def verdicts(session: ReviewSession) -> list[tuple[str, str]]:
    """Example and verdict of each line of the journal on the disk."""
    path = session.log.path
    return [(value["example"], value["verdict"]) for value in map(json.loads, path.read_text().splitlines())] if path.exists() else []


def at(session: ReviewSession, code: str) -> int:
    return next(entry.number for entry in session.entries if entry.code == code)


def test_errors_come_first_and_surest_conflicts(session: ReviewSession) -> None:
    assert [entry.code for entry in session.of_kind("finding")] == ["C003", "J001", "M006", "D001", "M016"]
    assert [entry.pair for entry in session.of_kind("cluster")] == [True, False]


def test_a_decision_is_on_the_disk_before_the_call_returns(session: ReviewSession) -> None:
    entry = session.entries[at(session, "C003")]
    session.choose(entry, "drop", why="empty")
    assert [(entry.examples[0].id, "drop")] == verdicts(session)
    assert (session.standing(entry), session.log.decisions[0].about) == (Standing.DROP, "C003")


def test_a_verdict_counts_for_every_entry_about_the_example(session: ReviewSession) -> None:
    session.choose(session.entries[at(session, "C003")], "drop")
    assert session.standing(session.entries[at(session, "M016")]) == Standing.DROP
    assert Progress(2, 3) == session.progress("finding")


def test_decisions_survive_a_restart(session: ReviewSession, open_session: Opens) -> None:
    session.choose(session.of_kind("conflict")[0], "left")
    again = open_session()
    assert [again.verdict(example) for example in again.of_kind("conflict")[0].examples] == ["keep", "drop"]
    assert session.progress() == again.progress()


def test_keeping_a_side_of_a_conflict_drops_the_other_in_one_step(session: ReviewSession) -> None:
    entry = session.of_kind("conflict")[0]
    session.choose(entry, "right")
    assert [session.verdict(example) for example in entry.examples] == ["drop", "keep"]
    session.undo()
    assert [session.verdict(example) for example in entry.examples] == ["undecided", "undecided"]
    assert len(verdicts(session)) == 4


def test_a_conflict_is_over_when_one_side_is_gone(session: ReviewSession) -> None:
    entry = session.of_kind("conflict")[0]
    session.decide(entry.examples[0].id, "keep")
    assert session.standing(entry) == Standing.PARTLY
    session.decide(entry.examples[1].id, "drop")
    assert session.standing(entry) == Standing.MIXED


def test_to_keep_a_duplicate_keeps_its_keeper(session: ReviewSession) -> None:
    """Were only the duplicate pinned, its keeper would leave for it."""
    entry = session.of_kind("cluster")[1]
    session.choose(entry, "keep", 0)
    assert session.verdict(entry.subject.kept) == "keep"  # type: ignore[union-attr]


def test_exact_copies_cannot_be_decided_about(session: ReviewSession) -> None:
    """A verdict is about content: dropping a copy would drop the one that stays."""
    entry = session.of_kind("cluster")[1]
    assert sorted(example.place.line for example in entry.examples) == [4, 5]
    copy = session.entries[at(session, "D001")]
    session.choose(copy, "drop")
    assert (frozenset(), Standing.NOTHING, []) == (copy.choices, session.standing(copy), verdicts(session))


def test_undo_brings_the_earlier_verdict_back(session: ReviewSession) -> None:
    entry = session.entries[at(session, "C003")]
    session.choose(entry, "keep")
    session.choose(entry, "drop")
    assert entry is session.undo().entry  # type: ignore[union-attr]
    assert session.standing(entry) == Standing.KEEP
    session.undo()
    assert (session.standing(entry), session.undo()) == (Standing.UNDECIDED, None)


def test_next_undecided_goes_round(session: ReviewSession) -> None:
    entries = session.of_kind("finding")
    assert session.next_undecided(entries) == 0
    session.choose(entries[0], "keep")
    assert session.next_undecided(entries, 0) == 2
    session.choose(entries[2], "keep")
    assert session.next_undecided(entries, 2) is None


@pytest.mark.parametrize(
    ("text", "codes"),
    [("robot", ["M006"]), ("ROLE m006", ["M006"]), ("is:nothing", ["J001", "D001"]), ("nowhere", []), ("is:undecided there", ["C003", "M016"])],
)
def test_filter(session: ReviewSession, text: str, codes: list[str]) -> None:
    assert codes == [entry.code for entry in session.matching("finding", text)]


def test_a_decision_that_cannot_be_written_does_not_count(session: ReviewSession, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = session.of_kind("conflict")[0]
    added = session.log.add

    def full_after_one(decision: Decision) -> None:
        if session.log.decisions:
            raise OutputError("decisions.jsonl: cannot be written: no space left", "free some space")
        added(decision)

    monkeypatch.setattr(session.log, "add", full_after_one)
    with pytest.raises(OutputError):
        session.choose(entry, "left")
    assert [session.verdict(example) for example in entry.examples] == ["keep", "undecided"]
    monkeypatch.setattr(session.log, "add", added)
    session.undo()
    assert session.standing(entry) == Standing.UNDECIDED


@pytest.mark.slow
def test_a_hundred_thousand_findings(tmp_path: Path) -> None:
    value = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}
    examples = [Example(Place("big.jsonl", line), {**value, "n": line}, "messages") for line in range(1, 100_001)]
    findings = [Finding("C001", Severity.WARNING, "big.jsonl", item.place.line, "", "m", "", False, item.id) for item in examples]
    session = ReviewSession(examples, findings, (), (), DecisionLog(tmp_path / "decisions.jsonl"))
    session.choose(session.entries[99_999], "drop")
    assert (Progress(1, 100_000), 0) == (session.progress(), session.next_undecided(session.entries, 99_998))


def test_open_a_file_and_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"role": "user", "content": "When did it land?"}
    lines = [{"messages": [asked, {"role": "assistant", "content": f"It landed in {year}."}]} for year in (1969, 1968)]
    lines.append({"messages": [asked]})
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + "{broken\n")
    folder = tmp_path / "elsewhere"
    (folder / "curate.toml").write_text('data = ["../data.jsonl"]\n')
    *said, project = open_review(sources_of([folder]))
    assert isinstance(project, ReviewSession)
    assert "checking 1 file" in said
    assert {"J001", "M011"} & {entry.code for entry in project.of_kind("finding")}
    assert len(project.of_kind("conflict")) == 1
    assert list(project.broken.values()) == ["{broken"]
    project.choose(project.of_kind("conflict")[0], "left")

    assert (folder / ".curate" / "decisions.jsonl").exists()
    monkeypatch.chdir(folder)
    *_, by_file = open_review(sources_of([Path("../data.jsonl")]), lambda _project, _examples: [])
    assert isinstance(by_file, ReviewSession)
    assert (len(by_file.of_kind("conflict")), len(by_file.log.decisions)) == (0, 2)
