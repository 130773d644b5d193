"""`curate select --compare`: a selection beside random, longest and all examples, each trained on."""

import json
import subprocess
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from curate.cli.main import main
from curate.commands.compare_selections import comparison_of, interval
from curate.render.select import verdict
from tests.trainer.tiny import write_recipe, write_split


def in_this_process(command: Sequence[str], **_: object) -> CompletedProcess[bytes]:
    """Run the command of `python -m curate` here: loading the trainer once is enough."""
    output = StringIO()
    with redirect_stdout(output):
        code = main(list(command[command.index("curate") + 1 :]))
    return CompletedProcess(command, code, output.getvalue().encode(), b"")


@pytest.mark.slow
def test_a_selection_is_trained_on_beside_others_of_its_size(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", in_this_process)
    recipe = write_recipe(project, generations=0, max_steps=1)
    train = project / "split/train.jsonl"
    words = ["select", str(train), "--no-models", "--examples", "8", "--compare", str(recipe), "--seeds", "2", "-q"]
    words += ["--questions", "3"]
    assert main([*words, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)["comparison"]
    assert [(one["name"], one["examples"]) for one in made["choices"]] == [
        ("selection", 8), ("random", 8), ("longest", 8), ("all", 40),
    ]  # fmt: skip
    assert (made["held_out"], made["held_out_examples"]) == ("test", 6)
    assert all(len(one["losses"]) == 2 for one in made["choices"])
    assert {one["verdict"] for one in made["differences"]} <= {"better", "worse", "open"}
    assert made["questions"] == 3
    assert all(len(one["scores"]) == 2 for one in made["choices"])
    for one, other in zip(made["differences"], made["choices"][1:], strict=True):
        lost = [a - b for a, b in zip(made["choices"][0]["scores"], other["scores"], strict=True)]
        assert one["score"]["mean"] == pytest.approx(sum(lost) / 2)
        assert one["score_verdict"] in ("better", "worse", "open")
    folder = Path(made["folder"])
    every = set(train.read_bytes().splitlines())
    assert set((folder / "all/train.jsonl").read_bytes().splitlines()) == every
    draws = [(folder / f"random-{seed}/train.jsonl").read_bytes() for seed in range(2)]
    assert draws[0] != draws[1]
    assert all(set(one.splitlines()) < every for one in draws)
    trained = {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/report.json")}
    assert len(trained) == 8
    assert main(words) == 0  # nothing is trained again
    shown = capsys.readouterr().out
    assert "held-out loss" in shown
    assert made["metric"] in shown
    assert {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/report.json")} == trained


def test_only_the_training_split_of_the_recipe_can_be_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = write_recipe(tmp_path)
    other = tmp_path / "other.jsonl"
    other.write_text('{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n')
    assert main(["select", str(other), "--no-models", "--examples", "1", "--compare", str(recipe)]) == 2
    assert "train.jsonl" in capsys.readouterr().err
    assert main(["select", str(other), "--no-models", "--examples", "1", "--questions", "3"]) == 2
    assert "has no effect without --compare" in capsys.readouterr().err


def test_an_interrupted_comparison_says_how_it_continues(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", interrupted)
    train = write_split(tmp_path / "split", train=6, test=2) / "train.jsonl"
    words = ["select", str(train), "--no-models", "--examples", "2", "--compare", str(write_recipe(tmp_path)), "-q"]
    assert main(words) == 130
    assert "the same command continues with the others" in capsys.readouterr().err


def test_a_higher_score_is_better_and_a_higher_loss_is_worse() -> None:
    reports = {name: [{"tuned_loss": loss, "train_examples": 1, "steps": 1, "held_out": "test", "held_out_examples": 1,
                       "base_loss": 3.0} for loss in (start, start + 0.1)]
               for name, start in (("selection", 2.0), ("random", 1.0), ("longest", 2.5), ("all", 2.0))}  # fmt: skip
    answers = {name: [{"metric": "accuracy", "questions": 9, "results": [{"scores": {"accuracy": {"value": value}}}]}
                      for value in (start, start + 0.1)]
               for name, start in (("selection", 0.5), ("random", 0.1), ("longest", 0.8), ("all", 0.5))}  # fmt: skip
    made = comparison_of(Path("x"), reports, answers)
    assert [(one.against, one.verdict, one.score_verdict) for one in made.differences] == [
        ("random", "worse", "better"), ("longest", "better", "worse"), ("all", "open", "open"),
    ]  # fmt: skip
    assert "higher by 0.4" in verdict(
        "random", "accuracy", made.differences[0].score or made.differences[0].loss, "better"
    )


def test_an_interval_is_that_of_students_t() -> None:
    found = interval([1.0, 2.0, 3.0])
    assert (round(found.mean, 3), round(found.low, 3), round(found.high, 3)) == (2.0, -0.484, 4.484)
