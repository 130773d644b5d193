"""Methods side by side: each with what is its own, all with what they share."""

import json
from pathlib import Path

import pytest

from curate.cli.main import main
from curate.core.errors import CurateError
from tests.trainer.tiny import write_recipe, write_split
from train.journal import JournalPrinter
from train.recipe import Recipe, load_recipe
from train.sweep.compare_methods import VARIANTS, compare, variants
from train.sweep.trial import TrialMonitor, TrialRun

RECIPE = Recipe(model="m", data="d", rank=8, dropout=0.1, learning_rate=1e-3, batch=4, max_steps=7)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_keeps_what_its_method_makes_use_of(name: str) -> None:
    values = next(one.values for one in variants(RECIPE) if one.name == name)
    made = Recipe.model_validate(values)
    assert (made.batch, made.max_steps, made.model) == (4, 7, "m")
    kin = made.method in ("lora", "qlora")
    assert (made.rank, made.learning_rate) == ((8, 1e-3) if kin else (16, None))
    assert VARIANTS[name].items() <= values.items()


def test_all_but_the_base_of_full_fine_tuning_are_in_4_bits() -> None:
    whole = [one.name for one in variants(RECIPE) if not Recipe.model_validate(one.values).quantised]
    assert whole == ["lora", "full"]


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_the_table_is_made_from_runs_that_are_not_run_twice(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_recipe(project, generations=0, max_steps=3)
    words = [
        "train",
        str(project / "recipe.toml"),
        "--compare",
        "--methods",
        "qlora,ia3",
        "--run-dir",
        str(project / "compared"),
        "--json",
        "--quiet",
    ]
    assert main(words) == 0
    made = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in made["methods"]] == ["qlora", "ia3"]
    assert all(one["memory"] > 0 and one["cpu_seconds"] > 0 and one["size"] > 0 for one in made["methods"])
    table = (project / "compared/compare.md").read_text().splitlines()
    assert table[0].startswith("| method | learning rate | trainable |")
    assert [line.split(" | ")[0] for line in table[2:]] == ["| qlora", "| ia3"]
    made_at = (project / "compared/qlora/report.json").stat().st_mtime_ns
    assert (
        main(
            [
                "train",
                str(project / "recipe.toml"),
                "--compare",
                "--methods",
                "qlora",
                "--run-dir",
                str(project / "compared"),
                "--quiet",
            ]
        )
        == 0
    )
    assert (project / "compared/qlora/report.json").stat().st_mtime_ns == made_at


def test_an_unknown_method_is_told_the_known_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = write_recipe(tmp_path)
    assert main(["train", str(recipe), "--compare", "--methods", "adalora"]) == 2
    assert "there are lora, qlora" in capsys.readouterr().err
    assert main(["train", str(recipe), "--methods", "ia3"]) == 2


def test_a_method_that_fails_does_not_keep_the_others_from_training(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/config.json").write_text("{}")
    write_split(tmp_path / "split")
    recipe = load_recipe(write_recipe(tmp_path))
    done = []

    def run(work: TrialRun, watch: TrialMonitor) -> int:
        done.append(work.run.name)
        if work.run.name == "lora":
            work.failure.write_text(json.dumps({"kind": "NoMemory", "message": "too big", "next": ""}))
            return 2
        facts = {
            "steps": 3, "train_examples": 40, "held_out_examples": 6, "learning_rate": 1e-3, "base_loss": 2.0,
            "tuned_loss": 1.0, "validation_loss": None, "trainable_parameters": 1, "total_parameters": 10,
        }  # fmt: skip
        work.run.mkdir()
        for file in (work.result, work.run / "report.json"):
            file.write_text(json.dumps(facts))
        (work.run / "metrics.jsonl").write_text('{"event": "finished", "memory": 1, "cpu_seconds": 1.0}\n')
        return 0

    for _ in range(2):
        with pytest.raises(CurateError, match="lora: out-of-memory: too big"):
            compare(recipe, tmp_path / "compared", ["lora", "ia3"], JournalPrinter(quiet=True), runner=run)
    made = compare(recipe, tmp_path / "compared", ["ia3"], JournalPrinter(quiet=True), runner=run)
    assert ([one.name for one in made.methods], done) == (["ia3"], ["lora", "ia3"])
