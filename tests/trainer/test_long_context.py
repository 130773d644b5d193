"""Examples that are longer than the context of the base are trained on with YaRN, and the result keeps it."""

import json
import shutil
from pathlib import Path

import pytest

from curate.cli.main import main
from tests.conftest import rows_of
from tests.trainer.tiny import WORDS, write_recipe, write_split

pytestmark = pytest.mark.slow


def long_examples(project: Path) -> Path:
    """A recipe for examples of more than 256 tokens, the context of the tiny model."""
    write_split(project / "split", train=4, test=2)
    for name in ("train", "test"):
        path = project / f"split/{name}.jsonl"
        rows = rows_of(path)
        for row in rows:
            row["messages"][0]["content"] += " ".join(WORDS * 30)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return write_recipe(project, method="lora", max_steps=2, max_length=512, tokens_per_pass=512, generations=1)


def test_yarn_takes_longer_examples_in_training_and_inference(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from train.trained import open_trained

    words = ["train", str(long_examples(project)), "--quiet", "--json"]
    assert main([*words, "--run-dir", str(project / "run")]) == 2
    assert "more than the model's 256" in capsys.readouterr().err
    assert main([*words, "--set", "yarn=2", "--plan"]) == 0
    assert json.loads(capsys.readouterr().out)["splits"][0]["longest"] > 256
    assert main([*words, "--set", "yarn=2", "--run-dir", str(project / "run")]) == 0
    rope = open_trained(str(project / "run")).tuned().config.rope_parameters
    assert (rope["rope_type"], rope["factor"], rope["original_max_position_embeddings"]) == ("yarn", 2, 256)
    export = ["export", str(project / "run"), "--quiet", "-o", str(project / "export"), "--prompts", "2"]
    for form, reason in (("adapter", "does not hold the longer context"), ("gguf", "scaled as yarn")):
        assert main([*export, "--to", form]) == 2
        assert reason in capsys.readouterr().err
    assert main([*export, "--to", "merged"]) == 0
    config = json.loads((project / "export/config.json").read_text())
    assert config["rope_parameters"] == rope
    assert config["max_position_embeddings"] == 512


def test_positions_that_are_scaled_already_are_refused_by_plan_and_training(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = long_examples(project)
    shared = (project / "model").resolve()
    (project / "model").unlink()
    shutil.copytree(shared, project / "model")  # the model of all tests stays as it is
    path = project / "model/config.json"
    config = json.loads(path.read_text())
    config["rope_parameters"] |= {"rope_type": "linear", "factor": 2.0}
    path.write_text(json.dumps(config))
    for more in (["--plan"], []):
        assert main(["train", str(recipe), "--quiet", "--set", "yarn=2", *more]) != 0
        assert "linear positions" in capsys.readouterr().err
