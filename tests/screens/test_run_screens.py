"""Splits, trainings and what they came to, read from their folders as they are written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

from curate.config import Config
from curate.pipeline import run
from curate.pipeline.followed import Follower, State
from curate.review import Sources
from curate.review.facts import Ended
from curate.runs import Project
from tests.conftest import chat
from tests.screens.conftest import opened, screen_text, settled
from tui.app import CurateApp

Makes = Callable[[], CurateApp]


def write_run(name: str, steps: int, *, report: bool) -> Path:
    folder = Project(Path()).run(name)
    folder.mkdir(parents=True)
    lines: list[dict[str, Any]] = [{"event": "phase", "name": "base evaluation", "done": 4, "total": 8, "seconds": 1.0}]
    lines += [
        {"step": n, "max_steps": 40, "loss": 3 / (n + 1) + 1, "learning_rate": 1e-4, "tokens_per_second": 400.0, "memory": 2**30, "seconds": n * 2.0}
        for n in range(1, steps + 1)
    ]
    lines.append({"event": "validation", "step": steps, "validation_loss": 1.2, "seconds": 99.0})
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"step": torn')
    (folder / "recipe.json").write_text(json.dumps({"model": "offline:SmolLM2-135M-Instruct \x1b[2J", "method": {"name": "lora"}}))
    if report:
        answers = [{"prompt": "Who?", "reference": "Ann.", "base": "I do not know \x1b[31m.", "tuned": "Ann."}]
        (folder / "report.json").write_text(json.dumps({"base_loss": 2.5, "tuned_loss": 1.25, "generations": answers}))
    return folder


def test_a_training_is_followed_line_by_line() -> None:
    folder = write_run("r", 3, report=False)
    follower = Follower(Project(Path()))
    first = follower.look()[0]
    assert (first.state, [step["step"] for step in first.steps], first.validation) == (State.STOPPED, [1, 2, 3], ((3, 1.2),))
    with FileLock(folder / ".lock"):
        with (folder / "metrics.jsonl").open("a") as file:
            file.write('ing"}\n{"step": 4, "max_steps": 40, "loss": 1.0, "seconds": 8.0}\n')
        now = follower.look()[0]
        assert (now.state, now.steps[-1]["step"], now.seconds_left) == (State.RUNNING, 4, 72.0)
    (folder / "metrics.jsonl").write_text('{"step": 1, "max_steps": 40, "loss": 9.0, "seconds": 2.0}\n')
    assert follower.look()[0].steps[0]["loss"] == 9.0


async def test_trainings_are_shown_and_held_beside_each_other(make_app: Makes) -> None:
    write_run("first", 20, report=True)
    write_run("second", 10, report=False)
    app = make_app()
    async with app.run_test(size=(120, 50), notifications=True) as pilot:
        await opened(pilot, "7")
        text = screen_text(app)
        assert "step 10 of 40" in text or "step 20 of 40" in text
        assert "learning rate" in text
        assert "\\x1b[2J" in text
        await opened(pilot, "c")
        assert "first" in screen_text(app)
        assert "second" in screen_text(app)
        await opened(pilot, "x")
        assert "no training is at work" in screen_text(app)
        await opened(pilot, "s")
        assert "no such recipe" in screen_text(app)
        await opened(pilot, "8")
        text = screen_text(app)
        assert "2.5000 before, 1.2500 after" in text
        assert "no evaluation yet" in text
        assert "I do not know \\x1b[31m." in text


async def test_nothing_yet_is_said_with_the_next_step(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        for key, word in (("6", "curate run"), ("7", "curate train"), ("8", "curate evaluate")):
            await opened(pilot, key)
            assert word in screen_text(app)


async def test_splits_are_shown_and_proved() -> None:
    pairs = [(f"What is the {n}th letter of word number {n * 7}?", f"It is the letter {chr(97 + n % 26)} of word {n * 7}.") for n in range(40)]
    Path("data.jsonl").write_text("".join(json.dumps(chat(*pair)) + "\n" for pair in pairs))
    config = Config(data=("data.jsonl",))
    run(Project(Path()), config)
    app = CurateApp(Sources(Project(Path()), config, [Path("data.jsonl")]), lambda _sources, tell, _stopped: tell(Ended()))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, "6")
        assert "40 lines read" in screen_text(app)
        await pilot.press("v")
        await settled(pilot)
        text = screen_text(app)
        assert "✓ L001 copy-across-splits" in text
        assert "✖" not in text
        with Path("out", "test.jsonl").open("ab") as file:
            file.write(Path("out", "train.jsonl").read_bytes())
        await pilot.press("v")
        await settled(pilot)
        assert "✖ L001 copy-across-splits" in screen_text(app)
