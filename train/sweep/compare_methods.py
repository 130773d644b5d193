"""Methods side by side: the same base, data, steps and seed, each in a process of its own, so that its memory is its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from curate.errors import ExitCode, LogError, UsageError
from curate.files import write_bytes, write_json
from train.autoconfig import gigabytes
from train.journal import Journal, Narrator
from train.recipe import Recipe, changed, recipe_text
from train.run_folder import RunFolder, identify
from train.sweep.sweep_result import Compared, Comparison

VARIANTS: Final[dict[str, dict[str, Any]]] = {
    "lora": {"method": "lora"},
    "qlora": {"method": "qlora"},
    "rslora": {"method": "qlora", "rslora": True},
    "dora": {"method": "qlora", "dora": True},
    "ia3": {"method": "ia3"},
    "prefix-tuning": {"method": "prefix-tuning"},
    "prompt-tuning": {"method": "prompt-tuning"},
    "houlsby": {"method": "bottleneck", "places": "houlsby"},
    "pfeiffer": {"method": "bottleneck", "places": "pfeiffer"},
    "full": {"method": "full"},
}
"""By the name that is given to `--methods`."""


def compare(recipe: Recipe, folder: Path, names: Sequence[str], narrator: Narrator) -> Comparison:
    """Train by each of the methods; those that were trained before are not trained again. What came out lies in compare.json and compare.md.

    Each method learns at its own default rate, but for the recipe's own and its kin. Raises `UsageError` for a name that is none, `CurateError`
    with what a training said that failed.
    """
    if unknown := [name for name in names if name not in VARIANTS]:
        raise UsageError(f"no such method: {', '.join(unknown)}", f"there are {', '.join(VARIANTS)}")
    phase = narrator.phase("methods", len(names))
    reports: dict[str, dict[str, Any]] = {}
    compared = []
    for name in names:
        run = RunFolder(folder / name)
        reports[name] = _train(variant(recipe, name), folder / f"{name}.toml", run)
        compared.append(_compared(name, reports[name], run))
        phase.advance(note=f"{name}: {compared[-1].tuned_loss:.4f}")
    first = next(iter(reports.values()))
    made = Comparison(
        model=recipe.model, steps=first["steps"], train_examples=first["train_examples"], held_out_examples=first["held_out_examples"], methods=tuple(compared)
    )
    write_json(folder / "compare.json", made.model_dump(mode="json"))
    write_bytes(folder / "compare.md", markdown(made).encode())
    return made


def variant(recipe: Recipe, name: str) -> dict[str, Any]:
    """The values of the recipe for one of the methods."""
    return changed(recipe, VARIANTS[name], without=("rslora", "dora", "quantisation"))


def _train(values: dict[str, Any], file: Path, run: RunFolder) -> dict[str, Any]:
    finished: dict[str, Any] | None = run.read("report.json")
    if finished is not None and run.key == identify(Recipe.model_validate(values))["key"]:
        return finished
    write_bytes(file, recipe_text(values).encode())
    # -P: nothing in the working folder can take the place of a module
    command = [sys.executable, "-P", "-m", "curate", "train", str(file), "--run-dir", str(run.path), "--resume", "--quiet", "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, "CURATE_FOLLOW_STDIN": "0"})
    if done.returncode == ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if done.returncode != ExitCode.CLEAN:
        said = done.stderr.strip().splitlines()[-4:]
        raise LogError(f"{run.path.name}: its training failed:\n" + "\n".join(said), "the methods before it are kept; the same command goes on from there")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _compared(name: str, report: dict[str, Any], run: RunFolder) -> Compared:
    lines = Journal(run.metrics).lines()
    finished = next(line for line in reversed(lines) if line.get("event") == "finished")
    steps = [line for line in lines if "loss" in line]
    return Compared(
        name=name,
        learning_rate=report["learning_rate"],
        trainable_parameters=report["trainable_parameters"],
        share=report["trainable_parameters"] / report["total_parameters"],
        memory=finished["memory"],
        seconds=round(sum(line["tokens"] / line["tokens_per_second"] for line in steps), 1),
        cpu_seconds=finished["cpu_seconds"],
        size=sum(file.stat().st_size for file in run.adapter.glob("*.safetensors")),
        base_loss=report["base_loss"],
        tuned_loss=report["tuned_loss"],
        merges=Recipe.model_validate({"model": "m", "data": "d", **VARIANTS[name]}).how.merges,
    )


COLUMNS: Final = ("method", "learning rate", "trainable", "share", "memory", "time", "CPU time", "saved", "held-out loss", "merges")


def cells(one: Compared) -> tuple[str, ...]:
    """A row of the table, in the order of the columns."""
    return (
        one.name, f"{one.learning_rate:g}", f"{one.trainable_parameters:,}", f"{one.share:.2%}", gigabytes(one.memory), f"{one.seconds:.0f} s",
        f"{one.cpu_seconds:.0f} s", gigabytes(one.size), f"{one.base_loss:.4f} -> {one.tuned_loss:.4f}", "yes" if one.merges else "no",
    )  # fmt: skip


def markdown(made: Comparison) -> str:
    """The table for a README."""
    rows = [COLUMNS, tuple("---" for _ in COLUMNS), *map(cells, made.methods)]
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)
