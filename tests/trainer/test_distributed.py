"""Several processes train one model: two on a CPU, over gloo, end where one does."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from tests.conftest import rows_of
from tests.trainer.forked import started
from tests.trainer.tiny import write_recipe
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow


def journal(folder: Path) -> list[dict[str, Any]]:
    return rows_of(folder / "metrics.jsonl")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.xdist_group("forked")
def test_two_processes_train_the_same_adapter_as_one(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.torch import load_file
    from torch.distributed.run import main as torchrun

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    (project / "split/validation.jsonl").write_bytes((project / "split/test.jsonl").read_bytes())
    recipe = write_recipe(
        project,
        dropout=0.0,
        dtype="float32",
        method="lora",
        max_steps=4,
        generations=1,
        evaluate_every=2,
        learning_rate=1e-3,
    )
    assert main(["train", str(recipe), "--run-dir", str(project / "one"), "--quiet"]) == 0
    words = ["--nproc-per-node", "2", "--master-port", str(free_port()), "-m", "curate"]
    words += ["train", str(recipe), "--run-dir", str(project / "two"), "--json"]
    process = started(project / "told", *words, work=torchrun)
    process.join(timeout=PATIENCE_SECONDS)
    assert process.exitcode == 0, (project / "told.err").read_text()
    one, two = (json.loads((project / name / "report.json").read_text()) for name in ("one", "two"))
    assert json.loads((project / "told.out").read_text()) == two  # one report, from one process
    lines = {
        name: [line for line in journal(project / name) if "loss" in line or "validation_loss" in line]
        for name in ("one", "two")
    }
    assert [line["step"] for line in lines["two"]] == [line["step"] for line in lines["one"]] == [1, 2, 2, 3, 4, 4]
    for key in ("loss", "validation_loss", "grad_norm"):
        assert [line.get(key) for line in lines["two"]] == pytest.approx(
            [line.get(key) for line in lines["one"]], rel=1e-3
        )
    seen = [rows_of(project / name / "losses.jsonl") for name in ("one", "two")]
    assert [(line["lines"], line["tokens"]) for line in seen[0]] == [
        (line["lines"], line["tokens"]) for line in seen[1]
    ]
    assert [line["loss"] for line in seen[1]] == [pytest.approx(line["loss"], rel=1e-3) for line in seen[0]]
    assert two["tuned_loss"] == pytest.approx(one["tuned_loss"], rel=1e-4)
    weights = [load_file(project / name / "adapter/adapter_model.safetensors") for name in ("one", "two")]
    assert all((weights[0][key] - weights[1][key]).abs().max() < 1e-4 for key in weights[0])
