"""A model whose config.json names compiled code of the hub is refused, whatever was imported before."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from curate.core.errors import ModelError
from curate.models.model_loading import causal_model
from tests.trainer.tiny import write_recipe, write_split
from train.journal import JournalPrinter
from train.plan.plan import plan
from train.recipe import load_recipe

REPOSITORY = "kernels-community/flash-attn2"


@pytest.fixture
def asking_model(tiny_model: Path, tmp_path: Path) -> Path:
    """A folder of a model whose configuration names a repository as its attention."""
    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"attn_implementation": REPOSITORY}))
    return folder


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What transformers loads from the hub, as where it was imported while the package of kernels could be."""
    from transformers.integrations import hub_kernels

    asked: list[str] = []

    def get_kernel(repository: str, **_: Any) -> None:
        asked.append(repository)
        raise ValueError("loaded")

    monkeypatch.setattr(hub_kernels, "is_kernels_available", lambda: True)
    monkeypatch.setattr(hub_kernels, "get_kernel_hub", get_kernel, raising=False)
    monkeypatch.delenv("USE_HUB_KERNELS", raising=False)
    return asked


def test_a_model_for_inference_loads_no_code(asking_model: Path, loaded: list[str]) -> None:
    with pytest.raises(ModelError, match="asks for compiled code of the hub") as caught:
        causal_model(str(asking_model), "a test")
    assert "USE_HUB_KERNELS=1" in str(caught.value.hint)
    assert loaded == []


def test_the_variable_allows_it(asking_model: Path, loaded: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USE_HUB_KERNELS", "1")
    with pytest.raises(ModelError):
        causal_model(str(asking_model), "a test")
    assert loaded == [REPOSITORY]


def test_a_plan_loads_no_code(asking_model: Path, loaded: list[str], tmp_path: Path) -> None:
    write_split(tmp_path / "split")
    recipe = load_recipe(write_recipe(tmp_path))
    assert Path(recipe.model).samefile(asking_model)
    with pytest.raises(ModelError, match="asks for compiled code of the hub"):
        plan(recipe, JournalPrinter(quiet=True))
    assert loaded == []


def test_a_plan_refuses_it_without_the_package(asking_model: Path, tmp_path: Path) -> None:
    write_split(tmp_path / "split")
    with pytest.raises(ModelError, match="asks for compiled code of the hub"):
        plan(load_recipe(write_recipe(tmp_path)), JournalPrinter(quiet=True))
