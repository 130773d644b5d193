"""Whether `curate run` does exactly what was decided: a real file with planted duplicates and conflicts, decided by
keys at full speed in a terminal.

    python -m tests.bench.review_outcome FILE        # any format that curate reads

Every sixth long answer gets a near-duplicate with one word changed, every tenth example is followed by two years for
the same bridge. Two hundred keys and more are sent to the review at once: keep A, keep B, both, neither, a whole
cluster, undo, redo. The journal is then held against the splits.
"""

import argparse
import json
import os
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from curate.commands.run import run
from curate.core.config import load_config
from curate.project.decision_log import DecisionLog
from curate.project.runs import Project
from curate.read.index import LineIndex
from curate.review import ReviewSession, sources_of
from tests.bench.review_speed import Terminal
from tests.conftest import chat
from tests.screens.outcome import differences

DUPLICATES, CONFLICTS = "aaaybdABYuU", "aabbyduU"
"""Keys that are drawn from on each screen, as often as they stand here."""
LISTED = re.compile(rb"[1-9][\d,]*/[1-9][\d,]*")
"""A position in a list that is not empty."""
KEYS = 220
"""On each screen."""


def planted(path: Path, rng: random.Random) -> Iterator[dict[str, object]]:
    """The examples of a file, with duplicates and conflicts among them."""
    lines = LineIndex([path])
    list(lines.build())
    for number in range(len(lines)):
        example = lines.line(number).example
        if example is None or not example.messages:
            continue
        turns: list[dict[str, object]] = [
            {"role": message.role, "content": message.text} for message in example.messages
        ]
        yield {"messages": turns}
        words = str(turns[-1]["content"]).split(" ")
        if number % 6 == 0 and len(words) > 40:
            words[rng.randrange(len(words))] = "indeed"
            yield {"messages": [*turns[:-1], {**turns[-1], "content": " ".join(words)}]}
        if number % 10 == 0:
            for year in (1800 + number % 90, 1901 + number % 90):
                yield chat(f"In which year was bridge number {number} opened?", f"It was opened in {year}.")


def decide(folder: Path, rng: random.Random) -> float:
    """Send the keys; returns the seconds until the review was left."""
    terminal = Terminal(Path(), folder)
    terminal.until(lambda seen: seen.count("✓ done".encode()) >= 3)
    began = time.monotonic()
    for screen, keys in (("4", DUPLICATES), ("5", CONFLICTS)):
        terminal.press(screen)
        terminal.until(lambda seen: bool(LISTED.search(seen)))
        for _ in range(KEYS):
            os.write(terminal.ours, rng.choice(keys).encode())
    time.sleep(20)  # keys are handled one after another
    terminal.press("\x1b")  # the end of a list is a dialog
    time.sleep(1)
    terminal.press("q")
    try:
        terminal.until(lambda _: terminal.process.poll() is not None)
    except OSError:  # the other end was closed
        terminal.process.wait(60)
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    file, rng = options.file.resolve(), random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        lines = list(planted(file, rng))
        Path("data.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        Path("curate.toml").write_text('data = ["data.jsonl"]\n')
        seconds = decide(Path(), rng)
        session = ReviewSession(LineIndex(sources_of([Path()]).files), DecisionLog(Project(Path()).decisions))
        list(session.lines.build())
        session.grow()
        decisions = session.log.decisions
        steps = len({decision.step for decision in decisions})
        print(
            f"{len(lines):,} examples; {len(decisions):,} decisions in {steps:,} steps, {2 * KEYS} keys in "
            f"{seconds:.1f} s"
        )
        manifest = run(Project(Path()), load_config(Path("curate.toml"))).manifest
        print(f"standing: {dict(Counter(one.verdict for one in session.log.verdicts().values()))}")
        assert manifest is not None
        print(f"{manifest.read:,} lines read, {manifest.kept:,} kept, {manifest.removed.lines:,} removed")
        wrong = differences(session, Path("out"))
        print("\n".join(wrong[:20]) if wrong else "the splits follow every decision")
        raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
