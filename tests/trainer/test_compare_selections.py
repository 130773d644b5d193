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
from curate.pipeline.compare_selections import interval
from tests.trainer.tiny import write_recipe


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
    assert main([*words, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)["comparison"]
    assert [(one["name"], one["examples"]) for one in made["choices"]] == [
        ("selection", 8), ("random", 8), ("longest", 8), ("all", 40),
    ]  # fmt: skip
    assert (made["held_out"], made["held_out_examples"]) == ("test", 6)
    assert all(len(one["losses"]) == 2 for one in made["choices"])
    assert {one["verdict"] for one in made["differences"]} <= {"better", "worse", "open"}
    folder = Path(made["folder"])
    every = set(train.read_bytes().splitlines())
    assert set((folder / "all/train.jsonl").read_bytes().splitlines()) == every
    draws = [(folder / f"random-{seed}/train.jsonl").read_bytes() for seed in range(2)]
    assert draws[0] != draws[1]
    assert all(set(one.splitlines()) < every for one in draws)
    trained = {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/report.json")}
    assert len(trained) == 8
    assert main(words) == 0  # nothing is trained again
    assert "held-out loss" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/report.json")} == trained


def test_only_the_training_split_of_the_recipe_can_be_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = write_recipe(tmp_path)
    other = tmp_path / "other.jsonl"
    other.write_text('{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n')
    assert main(["select", str(other), "--no-models", "--examples", "1", "--compare", str(recipe)]) == 2
    assert "train.jsonl" in capsys.readouterr().err


def test_an_interval_is_that_of_students_t() -> None:
    found = interval([1.0, 2.0, 3.0])
    assert (round(found.mean, 3), round(found.low, 3), round(found.high, 3)) == (2.0, -0.484, 4.484)
