"""One tiny model for all tests of the trainer, and a project folder with it."""

from pathlib import Path

import pytest

from curate.cli.main import main
from tests.trainer.tiny import make_model, write_recipe, write_split


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def project(tmp_path: Path, tiny_model: Path) -> Path:
    """A folder with a recipe, a split and the model."""
    (tmp_path / "model").symlink_to(tiny_model)
    write_split(tmp_path / "split")
    write_recipe(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """A project with a run that learnt to repeat words."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "model").symlink_to(tiny_model)
    write_split(folder / "split", train=60, test=20)
    recipe = write_recipe(
        folder,
        max_steps=60,
        batch=8,
        learning_rate=1e-2,
        rank=16,
        dropout=0.0,
        generations=0,
        dtype="float32",
        method="lora",
        save_every=60,
    )
    assert main(["train", str(recipe), "--run-dir", str(folder / "run"), "--quiet"]) == 0
    return folder
