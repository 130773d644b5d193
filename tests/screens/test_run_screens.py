"""Splits, trainings and what they came to, read from their folders as they are written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from curate.commands.run import run
from curate.commands.run.followed import UNBOUNDED_METRICS, Follower, TrainingState
from curate.core.config import Config
from curate.core.errors import CurateError
from curate.project.runs import Project
from curate.review import ReviewSources
from curate.review.events import Ended
from curate.review.overview import composition_of
from curate.verify.proof import Point, VerifyResult
from curate.verify.proof import Verdict as Proved
from tests.conftest import chat
from tests.screens.conftest import opened, screen_text, settled, shown
from train.evaluation.evaluation_result import Evaluation, Output, Result, Score, Verdict
from train.scores import METRICS
from tui.app import CurateApp
from tui.render.runs import evaluation, run_detail
from tui.render.splits import verification
from tui.screens.ask import ConfirmScreen
from tui.screens.splits import prove

Makes = Callable[[], CurateApp]


def write_run(name: str, steps: int, *, report: bool) -> Path:
    folder = Project(Path()).run(name)
    folder.mkdir(parents=True)
    lines: list[dict[str, Any]] = [{"event": "phase", "name": "base evaluation", "done": 4, "total": 8, "seconds": 1.0}]
    lines += [
        {
            "step": n,
            "max_steps": 40,
            "loss": 3 / (n + 1) + 1,
            "learning_rate": 1e-4,
            "tokens_per_second": 400.0,
            "memory": 2**30,
            "seconds": n * 2.0,
        }
        for n in range(1, steps + 1)
    ]
    lines.append({"event": "validation", "step": steps, "validation_loss": 1.2, "seconds": 99.0})
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"step": torn')
    (folder / "recipe.json").write_text(
        json.dumps({"model": "offline:SmolLM2-135M-Instruct \x1b[2J", "method": {"name": "lora"}})
    )
    if report:
        answers = [{"prompt": "Who?", "reference": "Ann.", "base": "I do not know \x1b[31m.", "tuned": "Ann."}]
        (folder / "report.json").write_text(json.dumps({"base_loss": 2.5, "tuned_loss": 1.25, "generations": answers}))
    return folder


def write_evaluation(folder: Path) -> None:
    """As the trainer writes it: by its own type."""
    ways = (("zero-shot", "base, zero-shot", 0.42), ("few-shot", "base, few-shot", 0.61), ("tuned", "tuned", 0.72))
    results = [
        Result(name=name, title=title, tuned=name == "tuned", shots=0, fewer_shots=0, cut=0, scores={
            "token_f1": Score(value=value, low=value - 0.06, high=value + 0.05),
            "perplexity": Score(value=12.5, low=11.0, high=14.0)})
        for name, title, value in ways
    ]  # fmt: skip
    said = "tuned beats base, few-shot by 11.0 ± 5.5 token F1 (p = 0.003)"
    output = Output(
        file="out/test.jsonl",
        line=7,
        example="0" * 64,
        request="Who \x1b[2J?",
        expected="Ann.",
        answers={name: f"Answer of {name}." for name, *_ in ways},
    )
    written = Evaluation(
        key="k", model="m", adapter_sha256="0", template="0", split="test", split_sha256="0", examples=40, questions=40,
        available=110, task="short",
        task_from="most answers are short", metric="token_f1",
        titles={name: METRICS[name].title for name in ("token_f1", "perplexity")}, max_new_tokens=32, embeddings=None,
        results=tuple(results), comparisons=(),
        verdict=Verdict(outcome="helped", use="tuned", sentence=said), classes=(), outputs=(output,), not_asked=(),
        notes=("one note",),
    )  # fmt: skip
    (folder / "evaluation.json").write_text(written.model_dump_json())


def write_splits() -> Config:
    """Forty examples, divided; two more say what another says, and one has no answer."""
    pairs = [
        (f"What is the {n}th letter of word number {n * 7}?", f"It is the letter {chr(97 + n % 26)} of word {n * 7}.")
        for n in range(40)
    ]
    Path("letters.jsonl").write_text(
        "".join(json.dumps(chat(*pair)) + "\n" for pair in [*pairs, *pairs[:2], ("Which one?", "")])
    )
    config = Config(data=("letters.jsonl",))
    run(Project(Path()), config)
    return config


def test_a_training_is_followed_line_by_line() -> None:
    folder = write_run("r", 3, report=False)
    follower = Follower(Project(Path()))
    first = follower.read_runs()[0]
    assert (first.state, [step["step"] for step in first.steps], first.validation) == (
        TrainingState.STOPPED,
        [1, 2, 3],
        ((3, 1.2),),
    )
    with FileLock(folder / ".lock"):
        with (folder / "metrics.jsonl").open("a") as file:
            file.write('ing"}\n{"step": 4, "max_steps": 40, "loss": 1.0, "seconds": 8.0}\n')
        now = follower.read_runs()[0]
        assert (now.state, now.steps[-1]["step"], now.seconds_left) == (TrainingState.RUNNING, 4, 72.0)
    (folder / "metrics.jsonl").write_text('{"step": 1, "max_steps": 40, "loss": 9.0, "seconds": 2.0}\n')
    assert follower.read_runs()[0].steps[0]["loss"] == 9.0


@pytest.mark.slow
async def test_trainings_are_shown_and_held_beside_each_other(make_app: Makes) -> None:
    write_run("first", 20, report=True)
    write_run("second", 10, report=False)
    app = make_app()
    async with app.run_test(size=(120, 50), notifications=True) as pilot:
        await opened(pilot, "7")
        await shown(pilot, "0 of 40")
        text = screen_text(app)
        assert "step 10 of 40" in text or "step 20 of 40" in text
        assert "learning rate" in text
        assert "\\x1b[2J" in text
        await opened(pilot, "c")
        assert "first" in screen_text(app)
        assert "second" in screen_text(app)
        await opened(pilot, "x")
        assert not isinstance(app.screen, ConfirmScreen)  # none is running
        app.screen.action_stop()  # type: ignore[attr-defined]  # as one that ended meanwhile
        await settled(pilot)
        await opened(pilot, "y")
        assert "no training is running" in screen_text(app)
        await opened(pilot, "s")
        await opened(pilot, "y")
        assert "no such recipe" in screen_text(app)
        await opened(pilot, "8")
        text = screen_text(app)
        assert "2.5000 before, 1.2500 after" in text
        assert "no evaluation yet" in text
        assert "I do not know \\x1b[31m." in text
        write_evaluation(Project(Path()).run("first"))
        app.screen.read_runs()  # type: ignore[attr-defined]
        await settled(pilot)
        text = screen_text(app)
        assert "✓ training helped: tuned beats base, few-shot by 11.0 ± 5.5 token F1 (p = 0.003)" in text
        assert "★ tuned" in text
        assert "token_f1" not in text  # the title of the metric, as in the verdict
        assert "72.0 [66.0, 77.0]  12.50 [11.00, 14.00]" in text
        assert "Who \\x1b[2J?" in text
        assert "Answer of zero-shot." in text


@pytest.mark.slow
async def test_nothing_yet_is_said_with_the_next_step(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        for key, word in (("6", "curate run"), ("7", "curate train"), ("8", "curate evaluate")):
            await opened(pilot, key)
            assert word in screen_text(app)


@pytest.mark.slow
async def test_splits_are_shown_and_proved() -> None:
    config = write_splits()
    app = CurateApp(
        ReviewSources(Project(Path()), config, [Path("letters.jsonl")]), lambda _sources, tell, _stopped: tell(Ended())
    )
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, "6")
        text = screen_text(app)
        assert "43 lines read" in text
        assert "median tokens" in text
        with Path("out", "test.jsonl").open("ab") as file:
            file.write(Path("out", "train.jsonl").read_bytes())
        await opened(pilot, "v")
        text = screen_text(app)
        assert "✖ failed" in text
        assert "✖ L001" in text
        assert "✓ L005" in text
        await pilot.resize_terminal(60, 100)
        await settled(pilot)
        tabs, *page = screen_text(app).splitlines()
        assert tabs.rstrip().endswith("8Eval")
        assert any(line.split() == ["made", "of", "train", "validation", "test"] for line in page)


def test_a_proof_that_holds_says_so() -> None:
    points = [
        Point("files", Proved.PROVED, "as they were"),
        Point("L006", Proved.OPEN, "no model"),
    ]
    found = VerifyResult("out", "0", True, False, {"train": 1}, points, [], [])
    assert "✓ verified; 1 point left open" in verification(found, 80, "v", started=False).plain


@pytest.mark.slow
def test_a_folder_that_cannot_be_proved_is_told(tmp_path: Path) -> None:
    with pytest.raises(CurateError, match="could not be verified"):
        prove(tmp_path / "nowhere")


def test_what_splits_are_made_of_is_held_beside_each_other(tmp_path: Path) -> None:
    """A share that differs by chance is none that is told."""
    short, long = (
        chat("Who?", "Ann."),
        {"messages": [*chat("Who?", "Ann.")["messages"], *chat("And then?", "Bob.")["messages"]]},  # type: ignore[misc]
    )
    for name, examples in (
        ("train", [short] * 90 + [long] * 10),
        ("validation", [short] * 18 + [long] * 3),
        ("test", [short] * 10 + [long] * 20),
    ):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(example) + "\n" for example in examples))
    found = composition_of({name: [tmp_path / f"{name}.jsonl"] for name in ("train", "validation", "test")})
    (trait,) = found.traits
    assert (trait.name, [round(share, 2) for share in trait.shares], trait.apart) == (
        "more than 3 messages",
        [0.1, 0.14, 0.67],
        (False, False, True),
    )


def test_metrics_that_are_no_shares_are_known() -> None:
    assert {metric.name for metric in METRICS.values() if not metric.percent} == UNBOUNDED_METRICS


def test_an_answer_without_a_character_is_named() -> None:
    folder = write_run("r", 2, report=True)
    report = json.loads((folder / "report.json").read_text())
    report["generations"][0]["tuned"] = ""
    (folder / "report.json").write_text(json.dumps(report))
    (run,) = Follower(Project(Path())).read_runs()
    pages = run_detail([run], 0, 100, 40), evaluation([run], 0, 0, 100)
    assert ["(empty)" in page.plain for page in pages] == [True, True]


def test_methods_that_were_compared_are_trainings_of_their_own() -> None:
    write_run("recipe-compared/lora", 2, report=False)
    write_run("recipe-compared/ia3", 2, report=False)
    write_run("recipe", 2, report=False)
    assert {run.name for run in Follower(Project(Path())).read_runs()} == {
        "recipe",
        "recipe-compared/lora",
        "recipe-compared/ia3",
    }


def test_an_evaluation_of_another_form_is_told_not_shown() -> None:
    folder = write_run("r", 2, report=True)
    (folder / "evaluation.json").write_text('{"split": "test"}')
    (run,) = Follower(Project(Path())).read_runs()
    assert (run.evaluation, run.unread) == (None, "questions: Field required")


@pytest.mark.slow
async def test_a_training_without_recipe_is_not_asked_about(make_app: Makes) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await opened(pilot, "7", "s")
        assert not isinstance(app.screen, ConfirmScreen)
        assert "no such recipe" in screen_text(app)
