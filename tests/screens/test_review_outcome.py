"""What was decided is what `curate run` does, whatever happened to the process that took the decisions."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from curate.commands.run import run
from curate.core.config import load_config
from curate.project.decision_log import DecisionLog
from curate.project.runs import Project
from curate.read.index import LineIndex
from curate.review import Edit, ReviewSession, sources_of
from curate.review.bulk import verdicts_for
from curate.review.scan import scan
from tests.conftest import chat
from tests.screens.outcome import differences

MOMENTS = int(os.environ.get("CURATE_KILLS", "3"))
"""Random moments at which the process is killed; 100 were tried by hand: CURATE_KILLS=100."""
DECIDER = """
import sys
from curate.project.decision_log import DecisionLog
from curate.read.index import LineIndex
from curate.review import ReviewSession
from pathlib import Path
session = ReviewSession(LineIndex([]), DecisionLog(Path("decisions.jsonl")))
number = int(sys.argv[1])
while True:
    number += 1
    if number % 7 == 0:
        session.undo()
    else:
        session.decide({f"{number:032x}": "keep", f"{number + 1:032x}": "drop"})
    print(number, len(session.log.decisions), flush=True)
"""


@pytest.mark.slow
def test_no_decision_is_lost_whenever_the_process_is_killed() -> None:
    at = random.Random(0)
    known = 0
    for moment in range(MOMENTS):
        child = subprocess.Popen(
            [sys.executable, "-c", DECIDER, str(moment * 100_000)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        told = [child.stdout.readline() for _ in range(1 + at.randrange(99))]
        assert told[-1]
        child.send_signal(signal.SIGKILL)
        told += child.stdout.read().splitlines(keepends=True)
        child.wait()
        child.stdout.close()
        said = int(
            [line for line in told if line.endswith("\n")][-1].split()[1]
        )  # the last one that the process was told is on the disk
        log = DecisionLog(Path("decisions.jsonl"))
        assert len(log.decisions) >= said > known
        assert len(log.unreadable) <= moment + 1
        known = len(log.decisions)
        parts = Counter(decision.step for decision in log.decisions)
        assert all(parts[decision.step] == decision.of for decision in log.decisions)  # no half step is in effect


def planted(count: int) -> list[dict[str, object]]:
    """Instructions as people write them, with near-duplicates and clashing answers planted among them."""
    rng = random.Random(7)
    things = "river mountain engine garden letter window harbour castle mirror lantern saddle kettle anchor bridge orchard".split()  # noqa: E501, SIM905
    lines = []
    for n in range(count):
        one, other = rng.choice(things), rng.choice(things)
        question = (
            f"Explain to a child of {n % 9 + 4} how the {one} number {n} and the {other} belong together in the old "
            "story."
        )
        answer = (
            f"The {one} stands for patience and the {other} for luck; in chapter {n} both are lost, and only who "
            f"shares a {one} finds the {other} again."
        )
        lines.append(chat(question, answer))
        if n % 4 == 0:
            lines.append(chat(question, answer.replace("stands for patience", "stands for calm patience")))
        if n % 4 == 1:
            lines.append(chat(f"In which year was the {one} of village {n} built?", f"It was built in {1500 + n}."))
            lines.append(chat(f"In which year was the {one} of village {n} built?", f"It was built in {1700 + n}."))
    return lines


@pytest.mark.slow
def test_two_hundred_decisions_at_full_speed_are_what_comes_out() -> None:
    Path("data.jsonl").write_text("".join(json.dumps(line) + "\n" for line in planted(260)))
    Path("curate.toml").write_text('data = ["data.jsonl"]\n')
    sources = sources_of([Path()])
    lines = LineIndex(sources.files)
    list(lines.build())
    session = ReviewSession(lines, DecisionLog(Path(".curate", "decisions.jsonl")))
    session.grow()
    scan(sources, None, session.take)
    rng = random.Random(1)
    count = 0
    for queue in (session.clusters, session.conflicts):
        for number in range(len(queue)):
            entry = queue.entry(number)
            words = verdicts_for(session, entry, rng.choice(("left", "right", "both", "neither")))
            session.decide(words, entry.about)
            count += 1
    for number in range(200 - count):
        entry = session.examples.entry(number)
        parsed = session.line(entry.place)
        assert parsed is not None
        if number % 10 == 0:
            session.decide(
                {entry.ids[0]: Edit(chat(f"What is edit {number} about?", f"About thing {number} and nothing else."))}
            )
        else:
            session.decide({entry.ids[0]: "drop" if number % 2 else "keep"})
        if number % 25 == 24:
            session.undo()
            session.redo()
        count += 1
    assert count >= 200
    run(Project(Path()), load_config(Path("curate.toml")))
    assert differences(session, Path("out")) == []
