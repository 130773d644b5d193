"""Public benchmarks by lm-evaluation-harness, before and after training. It runs in a process of its own, where it is
installed; code of a model is never trusted.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

from curate.core.errors import ModelError, UsageError
from curate.core.example import content_id
from curate.core.files import sha256
from curate.core.scratch import temporary_folder
from curate.core.text import excerpt
from curate.models.names import resolve
from train.evaluation.answering import ResponseCache
from train.evaluation.evaluation_result import Benchmark
from train.journal import Narrator
from train.trained import Trained, Untrained

COMMAND: Final = "lm_eval"
NO_FILTER: Final = "none"


def require_benchmarks(trained: Trained, tasks: Sequence[str]) -> None:
    """Raises `UsageError` where the benchmarks cannot be run."""
    if not tasks:
        return
    if shutil.which(COMMAND) is None:
        raise UsageError("--lm-eval: lm-evaluation-harness is not installed", "pip install lm-eval")
    if trained.recipe.method == "bottleneck":
        raise UsageError("--lm-eval: it cannot load bottleneck adapters, which PEFT does not know", "leave it out")


def benchmarks(
    trained: Trained, tasks: Sequence[str], limit: int, cache: ResponseCache, narrator: Narrator
) -> tuple[Benchmark, ...]:
    """The scores of the base and of the tuned model, at most `limit` examples a task, with the run's chat template.

    `tasks`: names, or YAML files. Raises `ModelError` with the last words of the harness.
    """
    if not tasks:
        return ()
    sides = [False] if isinstance(trained, Untrained) else [False, True]
    found = {tuned: _scores(trained, tasks, limit, cache, narrator, tuned=tuned) for tuned in sides}
    made = []
    for (task, metric), (base, base_error) in found[False].items():
        tuned, tuned_error = found.get(True, {}).get((task, metric), (None, None))
        scores = {"base": base, "base_error": base_error, "tuned": tuned, "tuned_error": tuned_error}
        made.append(Benchmark(task=task, metric=metric, **scores))
    return tuple(made)


Scores = dict[tuple[str, str], tuple[float, float | None]]
"""Value and standard error, by task and metric."""


def _scores(
    trained: Trained, tasks: Sequence[str], limit: int, cache: ResponseCache, narrator: Narrator, *, tuned: bool
) -> Scores:
    weights = trained.report.adapter_sha256 if tuned else None
    asked = [[task, sha256(Path(task)) if Path(task).is_file() else ""] for task in tasks]  # a file may be edited
    key = content_id(["lm-eval", trained.report.base, weights, asked, limit])
    title = f"lm-eval, {'tuned' if tuned else 'base'}"
    phase = narrator.phase(title, 1)
    if (values := cache.get(key)) is None:
        values = _run(_arguments(trained, tuned=tuned), tasks, limit, title)
        cache.add({key: values})
    phase.advance()
    return dict(_read(values))


def _arguments(trained: Trained, *, tuned: bool) -> dict[str, Any]:
    """How the harness loads the model: with the tokenizer and template of the training, never in 4 bits.

    Version 0.4.13 passes `load_in_4bit` on to transformers, which has refused it since version 5.
    """
    recipe, adapter = trained.recipe, trained.folder.adapter
    full = recipe.method == "full"
    found: dict[str, Any] = {"pretrained": str(adapter) if tuned and full else resolve(recipe.model)}
    if not isinstance(trained, Untrained):
        found["tokenizer"] = str(adapter)
    found["dtype"] = str(trained.dtype).removeprefix("torch.")
    if tuned and not full:
        found["peft"] = str(adapter)
    if wrong := [value for value in found.values() if isinstance(value, str) and set(value) & {",", "="}]:
        raise UsageError(f"--lm-eval: it cannot take the path {excerpt(wrong[0])}", "rename the folder: no comma, no =")
    return found


def _run(arguments: dict[str, Any], tasks: Sequence[str], limit: int, title: str) -> dict[str, Any]:
    harness = shutil.which(COMMAND)
    assert harness is not None  # `require_benchmarks` was asked
    with temporary_folder() as room:
        words = {
            "--model": "hf", "--model_args": ",".join(f"{key}={value}" for key, value in arguments.items()),
            "--tasks": ",".join(tasks), "--limit": str(limit), "--output_path": str(room),
        }  # fmt: skip
        command = [harness, *chain.from_iterable(words.items()), "--apply_chat_template"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
        files = sorted(room.rglob("results*.json"))
        if done.returncode or not files:
            last = [line for line in done.stderr.splitlines() if line.strip()][-1:] or ["it wrote no results"]
            raise ModelError(f"{title}: {excerpt(last[0], 300)}", "check the names of the tasks with  lm_eval ls tasks")
        results: dict[str, Any] = json.loads(files[-1].read_text(encoding="utf-8"))["results"]
        return results


def _read(results: dict[str, Any]) -> Iterator[tuple[tuple[str, str], tuple[float, float | None]]]:
    """Metrics are named `acc,none`, with the filter of the answers, their errors `acc_stderr,none`."""
    for task, values in results.items():
        for name, value in values.items():
            metric, _, kind = name.partition(",")
            if not kind or metric.endswith("_stderr") or not isinstance(value, int | float):
                continue
            error = values.get(f"{metric}_stderr,{kind}")
            shown = metric if kind == NO_FILTER else f"{metric}, {kind}"
            yield (task, shown), (float(value), float(error) if isinstance(error, int | float) else None)
