"""One tiny model for all tests of the trainer, and a project folder with it."""

from pathlib import Path

import pytest

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
