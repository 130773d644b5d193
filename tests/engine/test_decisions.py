"""Decisions: on the disk before they count, the last one wins, and a torn line costs nothing but itself."""

import errno
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from curate.core.decision import Decision, Verdict, edits_of
from curate.core.errors import InputError, OutputError
from curate.project.decision_log import DecisionLog
from tests.conftest import full_disk

A, B = "a" * 32, "b" * 32


def test_the_last_decision_counts_and_undecided_takes_it_back() -> None:
    log = DecisionLog(Path(".curate/decisions.jsonl"))
    log.add(Decision(example=A, verdict="drop"))
    log.add(Decision(example=B, verdict="drop", why="twice"))
    log.add(Decision(example=A, verdict="keep"))
    log.add(Decision(example=B, verdict="undecided"))
    again = DecisionLog(log.path)
    assert {example: decision.verdict for example, decision in again.verdicts().items()} == {A: "keep"}
    assert len(again.decisions) == 4


def test_a_line_torn_by_a_crash_is_named_left_alone_and_does_not_swallow_the_next() -> None:
    log = DecisionLog(Path("decisions.jsonl"))
    log.add(Decision(example=A, verdict="drop"))
    with log.path.open("ab") as file:
        file.write(b'{"example": "bbbb')
    torn = DecisionLog(log.path)
    assert (torn.unreadable, len(torn.decisions)) == ([2], 1)
    torn.add(Decision(example=B, verdict="keep"))
    again = DecisionLog(log.path)
    assert ([2], {A, B}) == (again.unreadable, set(again.verdicts()))


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit of the size of files")
def test_a_full_disk_leaves_no_part_of_a_line() -> None:
    log = DecisionLog(Path("decisions.jsonl"))
    log.add(Decision(example=A, verdict="drop"))
    before = log.path.read_bytes()
    with full_disk(len(before) + 20), pytest.raises(OutputError):
        log.add(Decision(example=B, verdict="keep"))
    assert (log.path.read_bytes(), set(log.verdicts())) == (before, {A})


def test_a_full_disk_leaves_the_record_that_another_process_has_appended(monkeypatch: pytest.MonkeyPatch) -> None:
    log = DecisionLog(Path("decisions.jsonl"))
    log.add(Decision(example=A, verdict="drop"))
    other = Decision(example=B, verdict="drop", who="bob").line() + b"\n"

    def full(_: int) -> None:
        with log.path.open("ab") as file:
            file.write(other)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError):
        log.add(Decision(example=A, verdict="keep"))
    assert log.path.read_bytes().endswith(other)


def test_the_journal_of_a_reviewer_says_nothing_of_others() -> None:
    for name in ("ann", "bob"):
        DecisionLog(Path(f"decisions-{name}.jsonl")).add(Decision(example=A, verdict="drop", who=name))
    assert DecisionLog(Path("decisions-ann.jsonl")).notes == []
    assert len(DecisionLog(Path("decisions.jsonl")).notes) == 2


def test_a_journal_that_another_program_replaced_is_read_again() -> None:
    log = DecisionLog(Path("decisions.jsonl"))
    log.add(Decision(example=A, verdict="drop"))
    before = log.path.read_bytes()
    log.add(Decision(example=B, verdict="drop"))
    log.path.write_bytes(before)
    log.add(Decision(example="c" * 32, verdict="keep"))
    assert (set(log.verdicts()), log.lost) == ({A, "c" * 32}, 1)
    log.path.unlink()
    log.follow()
    assert (log.verdicts(), log.lost) == ({}, 3)
    log.path.write_bytes(before[:40])
    log.follow()
    assert log.unreadable == [1]
    log.path.write_bytes(before)  # what was being written is complete
    log.follow()
    assert (log.unreadable, set(log.verdicts())) == ([], {A})


@pytest.mark.parametrize(
    "line",
    [
        b'{"example":"%b","verdict":"edit","value":{"n":1e999}}',
        b'{"example":"%b","verdict":"edit","value":' + b'{"a":' * 9_999 + b"1" + b"}" * 9_999 + b"}",
        b"[" * 9_999,
        b'{"format":2,"example":"%b","record":"suppression","verdict":"keep","about":"HARD","place":"a:1"}',
        b'{"format":2,"example":"%b","record":"suppression","verdict":"keep","about":"C003","place":"a:x"}',
    ],
)
def test_a_line_that_is_no_decision_is_named_and_ignored(line: bytes) -> None:
    path = Path("decisions.jsonl")
    path.write_bytes(line.replace(b"%b", A.encode()) + b"\n")
    log = DecisionLog(path)
    assert (log.unreadable, log.verdicts()) == ([1], {})


def test_a_folder_that_cannot_be_written_is_told() -> None:
    log = DecisionLog(Path("file", "decisions.jsonl"))
    log.path.parent.write_bytes(b"")
    with pytest.raises(OutputError, match=r"decisions\.jsonl: cannot be written"):
        log.add(Decision(example=A, verdict="drop"))


def decision(verdict: Verdict, who: str = "ann", **more: Any) -> Decision:
    return Decision(example=A, verdict=verdict, who=who, **more)


def test_what_two_people_decide_apart_is_contested_and_counts_for_nobody() -> None:
    ann, bob = DecisionLog(Path("ann.jsonl")), DecisionLog(Path("bob.jsonl"))
    ann.add(decision("keep", replaces=()))
    bob.add(decision("drop", "bob", replaces=(), why="twice"))
    assert [taken.who for taken in ann.merge(bob.path)] == ["bob"]
    assert (ann.verdicts(), list(ann.contested())) == ({}, [A])
    assert ann.merge(bob.path) == []
    ann.add(decision("drop", replaces=tuple(head.id for head in ann.heads(A))))
    again = DecisionLog(ann.path)
    assert ([again.state_of(A).verdict], again.contested()) == (["drop"], {})  # type: ignore[union-attr]


def test_a_decision_taken_in_sight_of_another_is_a_change_of_mind_in_any_order_of_lines() -> None:
    log = DecisionLog(Path("d.jsonl"))
    first = decision("keep", replaces=())
    log.add(first)
    log.add(decision("drop", "bob", replaces=(first.id,)))
    turned = Path("turned.jsonl")
    turned.write_bytes(b"".join(reversed(log.path.read_bytes().splitlines(keepends=True))))
    assert [found.state_of(A).verdict for found in (log, DecisionLog(turned))] == ["drop", "drop"]  # type: ignore[union-attr]


@pytest.mark.parametrize("last", ["keep", "drop", "neither"])
def test_a_keep_of_a_finding_and_a_drop_are_contested_only_if_neither_saw_the_other(last: str) -> None:
    log = DecisionLog(Path("d.jsonl"))
    about: dict[str, Any] = {"format": 2, "scope": "finding", "about": "C003", "replaces": ()}
    first = decision("drop" if last == "keep" else "keep", **about)
    seen = () if last == "neither" else (first.id,)
    log.add(first, decision("keep" if last == "keep" else "drop", "bob", seen=seen, **about))
    assert bool(log.contested()) is (last == "neither")


def test_a_dropped_example_is_not_edited() -> None:
    log = DecisionLog(Path("d.jsonl"))
    log.add(decision("edit", record="edit", value={"messages": []}, format=2))
    assert edits_of(log.verdicts()) == {A: {"messages": []}}
    log.add(decision("drop", format=2))
    assert edits_of(log.verdicts()) == {}


def test_a_keep_of_a_duplicate_is_none_of_a_conflict_and_the_last_reason_is_shown() -> None:
    log = DecisionLog(Path("d.jsonl"))
    times = ("2026-01-02T00:00:00", "2026-01-01T00:00:00Z")  # without a time zone: UTC
    for scope, why, when in zip(("conflict", "finding"), ("second", "first"), times, strict=True):
        log.add(Decision.model_validate({"example": A, "verdict": "keep", "format": 2, "scope": scope, "about": "C003",
                                         "why": why, "when": when, "replaces": ()}))  # fmt: skip
    state = log.state_of(A)
    assert state is not None
    assert (state.why, state.stays) == ("second", False)
    log.add(decision("keep", format=2, scope="duplicate", about="D003"))
    assert log.state_of(A).stays  # type: ignore[union-attr]


def test_two_journals_merged_in_either_order_say_the_same() -> None:
    ann, bob = DecisionLog(Path("ann.jsonl")), DecisionLog(Path("bob.jsonl"))
    ann.add(decision("keep", format=2, scope="finding", about="M016", why="short", replaces=()))
    bob.add(decision("keep", "bob", format=2, scope="finding", about="C003", why="meant", replaces=()))
    for log, who, note in ((ann, "ann", ""), (bob, "bob", "seen")):
        both: dict[str, Any] = {"example": B, "format": 2, "who": who, "replaces": ()}
        log.add(
            Decision(verdict="drop", why=f"{who}'s", **both),
            Decision(record="note", verdict="undecided", why=note, **both),
        )
    one, other = DecisionLog(Path("one.jsonl")), DecisionLog(Path("other.jsonl"))
    for log, journals in ((one, (ann, bob)), (other, (bob, ann))):
        for journal in journals:
            log.merge(journal.path)
    assert one.verdicts() == other.verdicts()
    assert [log.note(B) for log in (one, other)] == ["seen", "seen"]


def test_a_rating_that_is_none_counts_for_nothing() -> None:
    log = DecisionLog(Path("d.jsonl"))
    log.add(decision("undecided", record="rating", why="9", format=2))
    assert (log.rating(A), log.verdicts()) == (None, {})


def test_two_who_agree_are_not_at_odds() -> None:
    log = DecisionLog(Path("d.jsonl"))
    log.add(decision("drop", replaces=()), decision("drop", "bob", replaces=()))
    assert (log.contested(), log.state_of(A) is not None) == ({}, True)


def test_what_another_process_wrote_is_known_before_the_next_decision() -> None:
    one, other = DecisionLog(Path("d.jsonl")), DecisionLog(Path("d.jsonl"))
    one.add(decision("drop"))
    other.add(Decision(example=B, verdict="keep"))
    assert set(other.verdicts()) == {A, B}


def test_a_journal_with_a_broken_line_is_not_merged() -> None:
    Path("other.jsonl").write_text('{"example": "x"}\n')
    with pytest.raises(InputError, match="line 1 is not a valid decision"):
        DecisionLog(Path("d.jsonl")).merge(Path("other.jsonl"))
    with pytest.raises(InputError, match="no such journal"):
        DecisionLog(Path("d.jsonl")).merge(Path("nowhere.jsonl"))


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.lists(st.text())), st.text(max_size=20))
def test_an_edit_comes_back_as_it_was_written(value: dict[str, Any], why: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = DecisionLog(Path(folder, "d.jsonl"))
        log.add(decision("edit", value={"x\ud800": "\udc00", **value}, why=why))
        again = DecisionLog(log.path)
    assert (again.decisions[0].value, again.decisions[0].why) == ({"x\ud800": "\udc00", **value}, why)
    assert again.decisions[0].id == log.decisions[0].id


def test_an_edit_without_a_value_is_none() -> None:
    with pytest.raises(ValidationError, match="an edit has a value"):
        decision("edit")
