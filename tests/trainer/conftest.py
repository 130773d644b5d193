"""One tiny model for all tests of the trainer, and a project folder with it."""

from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final

import pytest

from curate.cli.main import main
from tests.conftest import trust_folder
from tests.trainer.tiny import make_model, write_recipe, write_split


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A model of one layer: what takes time in a tiny training is the number of modules."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("train.memory.memory_profile.MemoryProfile._bytes_with_layers", measured_once())
        # PEFT's page beside each adapter and checkpoint takes a tenth of the time; a training in a process writes it.
        patch.setattr("peft.PeftModel.create_or_update_model_card", lambda *_: None)
        yield make_model(tmp_path_factory.mktemp("model"), layers=1)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that run in the working folder keep nothing there. Their projects share a model outside of them."""
    trust_folder(tmp_path_factory.getbasetemp())
    monkeypatch.setattr("curate.project.runs.Project.cache", tmp_path / "cache")


def measured_once() -> Callable[..., int]:
    """Measures the memory of a step once for equal models and recipes: it takes half of the time of a tiny training."""
    from train.memory.memory_profile import MemoryProfile

    measured, known = MemoryProfile._bytes_with_layers, dict[tuple[object, ...], int]()

    def once(sizes: MemoryProfile, *asked: Any) -> int:
        recipe = sizes.recipe.model_dump_json(exclude=WITHOUT_MEMORY)
        config = str(sizes.config.to_dict() | {"_name_or_path": ""})
        key = (config, recipe, sizes.dtype, sizes.on_cpu, *asked)
        if key not in known:
            known[key] = measured(sizes, *asked)
        return known[key]

    return once


WITHOUT_MEMORY: Final = {
    *(
        "model",
        "data",
        "max_steps",
        "epochs",
        "save_every",
        "evaluate_every",
        "generations",
        "max_new_tokens",
        "probes",
    ),
    *("max_new_tokens", "learning_rate", "seed", "threads"),
}
"""Keys of a recipe that the memory of a step does not depend on."""


@pytest.fixture
def project(tmp_path: Path, tiny_model: Path) -> Path:
    """A folder with a recipe, a split and the model."""
    (tmp_path / "model").symlink_to(tiny_model)
    write_split(tmp_path / "split")
    write_recipe(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """A project with a run that learnt to repeat words, on a model of two layers: an export has to keep both."""
    folder = tmp_path_factory.mktemp("finished")
    make_model(folder / "model")
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


def here(work: Any, _watch: Any) -> int:
    """The training of a sweep in this process: as good as in its own, and sooner."""
    work.result.parent.mkdir(parents=True, exist_ok=True)
    with work.result.open("w") as result, redirect_stdout(result):
        return main(work.words)


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweeps and comparisons train in this process."""
    from train.sweep import compare_methods, sweeper

    for function in (compare_methods.compare, sweeper.sweep):
        assert function.__kwdefaults__ is not None
        monkeypatch.setitem(function.__kwdefaults__, "runner", here)
