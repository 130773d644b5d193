"""What `curate review` lists of a journal: its history and the results of audits."""

import json
from pathlib import Path

import pytest

from curate.cli.main import main
from curate.commands.review_history import wilson_interval
from curate.core.decision import FORMAT, Decision
from curate.project.decision_log import DecisionLog

JOURNAL = Path(".curate", "decisions.jsonl")


def decided(number: int, verdict: str = "undecided", **fields: object) -> Decision:
    common = {"format": FORMAT, "example": f"{number:032x}", "verdict": verdict, "who": "ann", "replaces": ()}
    return Decision.model_validate({**common, "when": f"2026-01-0{number % 9 + 1}T10:00:00Z", **fields})


def output(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["review", *words]) == 0
    return capsys.readouterr().out


def test_the_history_lists_steps_the_latest_first(capsys: pytest.CaptureFixture[str]) -> None:
    log = DecisionLog(JOURNAL)
    bulk = [decided(1, "keep", step="a", of=2, scope="conflict", about="X1"), decided(2, "drop", step="a", of=2)]
    bulk = [one.model_copy(update={"when": bulk[0].when}) for one in bulk]
    log.add(*bulk)
    log.add(decided(2, step="b", undoes="a", replaces=(bulk[1].id,), who="bob\x1b[2J"))
    log.add(decided(3, record="rating", why="4", step="c"))
    steps = json.loads(output(capsys, "--history", "--json"))["steps"]
    assert [(step["value"], step["count"], step["state"]) for step in steps] == [
        ("rating 4", 1, "in effect"), ("undo: undecided", 1, "in effect"), ("keep, drop", 2, "partly")
    ]  # fmt: skip
    text = output(capsys, "--history")
    assert "\x1b" not in text
    assert text.splitlines()[-1] == "2026-01-02 10:00  ann  2 examples  X1  keep, drop  (partly)"


def test_steps_that_undo_each_other_end(capsys: pytest.CaptureFixture[str]) -> None:
    """Another program may write such a journal."""
    log = DecisionLog(JOURNAL)
    first = decided(1, "keep", step="a", undoes="b")
    log.add(first)
    second = decided(1, "drop", step="b", undoes="a", replaces=(first.id,))
    log.add(second)
    log.add(decided(1, "keep", step="a2", undoes="b", replaces=(second.id,)))
    assert len(json.loads(output(capsys, "--history", "--json"))["steps"]) == 3


def test_the_result_of_an_audit_is_its_error_rate_with_the_interval(capsys: pytest.CaptureFixture[str]) -> None:
    log = DecisionLog(JOURNAL)
    name = "all-30-of-900-seed-0"
    drawn = [decided(number, record="audit", about=name, why="open") for number in range(1, 31)]
    log.add(*drawn)
    assert output(capsys, "--audit-result") == "0 of 30 judged (random sample of 900 examples, seed 0)\n"
    log.add(*(
        decided(number, record="audit", about=name, why="bad" if number < 4 else "good", replaces=(one.id,))
        for number, one in enumerate(drawn[:20], start=1)
    ))  # fmt: skip
    [audit] = json.loads(output(capsys, "--audit-result", "--json"))["audits"]
    assert (audit["sample"], audit["judged"], audit["bad"], audit["error_rate"]) == (30, 20, 3, 0.15)
    assert (audit["low"], audit["high"]) == wilson_interval(3, 20)
    assert "3 bad, error rate 15.0%, 95% interval 5.2% to 36.0%" in output(capsys, "--audit-result")


def test_the_interval_is_that_of_wilson() -> None:
    """Values of `scipy.stats.binomtest(bad, judged).proportion_ci(method="wilson")`."""
    assert wilson_interval(0, 200) == pytest.approx((0.0, 0.0188453), abs=1e-6)
    assert wilson_interval(7, 200) == pytest.approx((0.0170555, 0.0704706), abs=1e-6)
    assert wilson_interval(3, 20) == pytest.approx((0.0523687, 0.3604189), abs=1e-6)


def test_a_journal_of_no_audit_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    DecisionLog(JOURNAL).add(decided(1, "keep"))
    assert "no audit" in output(capsys, "--audit-result")
