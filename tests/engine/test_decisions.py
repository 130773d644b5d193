"""Decisions: on the disk before they count, the last one wins, and a torn line costs nothing but itself."""

from pathlib import Path

from curate.decision import Decision, DecisionLog

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
