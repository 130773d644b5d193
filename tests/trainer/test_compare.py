"""Methods side by side: each with what is its own, all with what they share."""

import json
from pathlib import Path

import pytest

from curate.cli.main import main
from tests.trainer.tiny import write_recipe
from train.recipe import Recipe
from train.sweep.compare_methods import VARIANTS, variant

RECIPE = Recipe(model="m", data="d", rank=8, dropout=0.1, learning_rate=1e-3, batch=4, max_steps=7)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_keeps_what_its_method_makes_use_of(name: str) -> None:
    values = variant(RECIPE, name)
    made = Recipe.model_validate(values)
    assert (made.batch, made.max_steps, made.model) == (4, 7, "m")
    kin = made.method in ("lora", "qlora")
    assert (made.rank, made.learning_rate) == ((8, 1e-3) if kin else (16, None))
    assert VARIANTS[name].items() <= values.items()


def test_all_but_the_base_of_full_fine_tuning_are_in_4_bits() -> None:
    whole = [name for name in VARIANTS if not Recipe.model_validate(variant(RECIPE, name)).quantised]
    assert whole == ["lora", "full"]


@pytest.mark.slow
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
