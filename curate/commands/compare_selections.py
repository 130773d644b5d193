"""Whether a selection helps: train on it, on random and on the longest examples of the same size, and on all of them.

Each training is a `curate train` in a process of its own; the trainer is not imported. All are measured on the test
split of the recipe, which has no leaks with the training split. Finished trainings are not repeated.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import sqrt
from pathlib import Path
from random import Random
from shutil import copyfile
from statistics import fmean, stdev
from typing import Any, Final

from curate.commands.dedup import write_plan
from curate.commands.run.training import CURATE_COMMAND
from curate.commands.select import (
    Difference,
    Interval,
    SelectionComparison,
    SelectionGoal,
    SelectResult,
    TrainedOn,
    Verdict,
    tokens_of,
)
from curate.core.errors import CurateError, UsageError
from curate.core.events import Listener, StageAdvanced, StageFinished, StageStarted
from curate.core.limits import read_regular
from curate.core.text import plural, visible
from curate.core.validation import load_toml
from curate.read.dataset import ParsedLine, read_dataset
from curate.storage.files import write_bytes
from curate.storage.shards import split_files

SHARED_SPLITS: Final = ("validation", "test")
WITHOUT_ANSWERS: Final = ("generations=0", "probes=0")
"""Settings of a training that leave out answers of both models, which only its own report shows."""
SELECTION, RANDOM, LONGEST, ALL = "selection", "random", "longest", "all"
T_QUANTILES: Final = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""Of Student's t distribution, 97.5%, by the degrees of freedom from 1."""


def splits_of(recipe: Path, files: Sequence[Path]) -> Path:
    """The split folder of a recipe. Raises `UsageError` unless `files` are all files of its training split: the test
    split is free of leaks for that one only.
    """
    data = load_toml(recipe, "recipe", "name a recipe of `curate train`").get("data")
    if not isinstance(data, str):
        raise UsageError(f"{visible(str(recipe))}: names no `data`", "name the folder of a split there")
    folder = recipe.parent / Path(data).expanduser()
    train = split_files(folder, "train") or [folder / "train.jsonl"]
    if [path.resolve() for path in files] != [path.resolve() for path in train]:
        names = " ".join(visible(str(path)) for path in train)
        raise UsageError(
            f"--compare selects from the training split of the recipe, {names}",
            "pass all of its files; `curate split DATA -o FOLDER` makes splits without leaks",
        )
    return folder


def compare_selection(
    result: SelectResult,
    goal: SelectionGoal,
    recipe: Path,
    splits: Path,
    state: Path,
    seeds: int,
    listen: Listener,
    questions: int,
) -> SelectionComparison:
    """Train and compare. `splits`: the folder that `splits_of` returns; `state`: the folder for data and runs;
    `questions`: number of held-out questions whose answers by each trained model are scored.

    Raises `CurateError` if a training fails.
    """
    lines = [line for line in read_dataset(split_files(splits, "train")).lines if line.example is not None]
    place = state / f"{recipe.stem}-{_identity(result, recipe, splits)}"
    selected = place / SELECTION / "train.jsonl"
    selected.parent.mkdir(parents=True, exist_ok=True)
    write_plan(result.plan, selected, overwrite=True)
    _write_train_file(_data_folder(place, ALL, 0), lines)
    longest_first = sorted(lines, key=lambda line: (-len(line.line.data), line.line.number))
    _write_train_file(_data_folder(place, LONGEST, 0), _first_lines(longest_first, goal, result))
    for seed in range(seeds):
        shuffled = Random(seed).sample(lines, len(lines))  # noqa: S311
        _write_train_file(_data_folder(place, RANDOM, seed), _first_lines(shuffled, goal, result))
    listen(StageStarted("train"))
    reports: dict[str, list[Mapping[str, Any]]] = {name: [] for name in (SELECTION, RANDOM, LONGEST, ALL)}
    answers: dict[str, list[Mapping[str, Any]]] = {name: [] for name in reports}
    for finished, (name, seed) in enumerate((name, seed) for seed in range(seeds) for name in reports):
        listen(StageAdvanced("train", finished, seeds * len(reports), f"{name}, seed {seed}"))
        run = place / "runs" / f"{name}-{seed}"
        reports[name].append(_train(recipe, splits, _data_folder(place, name, seed), run, seed))
        if questions:
            answers[name].append(_evaluate_run(run, questions, next(iter(answers[SELECTION]), None)))
    listen(StageFinished("train", False, plural(seeds * len(reports), "training")))
    return comparison_of(place, reports, answers)


def _identity(result: SelectResult, recipe: Path, splits: Path) -> str:
    """A hash of all that the trainings depend on; other trainings get another folder."""
    plan = result.plan
    left_out = sorted(
        [*(str(removal.place) for removal in plan.dropped), *(str(duplicate.place) for duplicate in plan.duplicates)]
    )
    data = [path.read_bytes() for path in (recipe, *split_files(splits, "train"), *_shared_splits(splits))]
    return sha256(b"\0".join([*data, json.dumps(left_out).encode()])).hexdigest()[:12]


def _shared_splits(splits: Path) -> list[Path]:
    return [path for name in SHARED_SPLITS for path in split_files(splits, name)]


def _data_folder(place: Path, name: str, seed: int) -> Path:
    """The folder of the training data for a choice of examples; only random choices have one for each seed."""
    return place / (f"{name}-{seed}" if name == RANDOM else name)


def _write_train_file(data: Path, lines: Sequence[ParsedLine]) -> None:
    write_bytes(data / "train.jsonl", b"".join(line.line.data + b"\n" for line in lines))


def _first_lines(lines: Sequence[ParsedLine], goal: SelectionGoal, result: SelectResult) -> list[ParsedLine]:
    """The first lines, as many as the selection has or its budget of tokens allows."""
    if goal.tokens is None:
        return list(lines[: result.selected])
    selected, spent = list[ParsedLine](), 0
    for line in lines:
        size = tokens_of(line.example) if line.example else 0
        if spent + size <= goal.tokens:
            selected.append(line)
            spent += size
    return selected


def _train(recipe: Path, splits: Path, data: Path, run: Path, seed: int) -> Mapping[str, Any]:
    """The report of a training, which is resumed, or only read if it is finished."""
    if (run / "report.json").is_file():
        report: Mapping[str, Any] = json.loads(read_regular(run / "report.json"))
        return report
    for shared in _shared_splits(splits):
        copyfile(shared, data / shared.name)
    run.parent.mkdir(parents=True, exist_ok=True)
    changes = [f"seed={seed}", *WITHOUT_ANSWERS]
    options = ["--data", data, "--run-dir", run, "--resume", "--yes", "--quiet", "--json"]
    return _run_curate(
        "training", run, "train", recipe, *options, *(word for key in changes for word in ("--set", key))
    )


def _evaluate_run(run: Path, questions: int, first: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The report of an evaluation of the trained model, without the base model; it has the task and the metric of the
    `first` evaluation, or chooses them if that is None.
    """
    options = ["--systems", "tuned", "--limit", str(questions), "--quiet", "--json"]
    if first:
        options += ["--task", first["task"], "--metric", first["metric"]]
    return _run_curate("evaluation", run, "evaluate", run, *options)


def _run_curate(task: str, run: Path, *words: object) -> Mapping[str, Any]:
    """Run a command of curate and return its JSON report. Raises `CurateError` if it fails; `task` names it in the
    message.
    """
    completed = subprocess.run([*CURATE_COMMAND, *map(str, words)], capture_output=True, check=False)
    if completed.returncode:
        text = visible(completed.stderr.decode("utf-8", "replace").strip()[-2_000:]).strip()
        raise CurateError(f"{visible(run.name)}: the {task} failed: {text}", "the same command continues from here")
    report: Mapping[str, Any] = json.loads(completed.stdout)
    return report


def comparison_of(
    place: Path,
    reports: Mapping[str, Sequence[Mapping[str, Any]]],
    answers: Mapping[str, Sequence[Mapping[str, Any]]],
) -> SelectionComparison:
    """The comparison of the reports of trainings and evaluations, which are given by choice of examples and then by
    seed; `place`: their folder.
    """
    losses = {name: [float(report["tuned_loss"]) for report in name_reports] for name, name_reports in reports.items()}
    first, first_evaluation = reports[SELECTION][0], next(iter(answers[SELECTION]), None)
    scores = {
        name: [
            float(evaluation["results"][0]["scores"][first_evaluation["metric"]]["value"])
            for evaluation in name_reports
        ]
        if first_evaluation
        else []
        for name, name_reports in answers.items()
    }
    choices = [
        TrainedOn(
            name,
            name_reports[0]["train_examples"],
            name_reports[0]["steps"],
            losses[name],
            interval(losses[name]),
            scores[name],
            interval(scores[name]) if first_evaluation else None,
        )
        for name, name_reports in reports.items()
    ]
    differences = []
    for name in (RANDOM, LONGEST, ALL):
        loss = _mean_difference(losses[SELECTION], losses[name])
        score = _mean_difference(scores[SELECTION], scores[name]) if first_evaluation else None
        lower, higher = _interval_sign(loss), _interval_sign(score) if score else None
        verdict: dict[int, Verdict] = {-1: "better", 0: "open", 1: "worse"}
        differences.append(Difference(name, loss, verdict[lower], score, None if higher is None else verdict[-higher]))
    return SelectionComparison(
        folder=str(place),
        seeds=len(losses[SELECTION]),
        held_out=first["held_out"],
        held_out_examples=first["held_out_examples"],
        base_loss=first["base_loss"],
        metric=first_evaluation["metric"] if first_evaluation else None,
        questions=first_evaluation["questions"] if first_evaluation else 0,
        choices=choices,
        differences=differences,
    )


def _mean_difference(values: Sequence[float], others: Sequence[float]) -> Interval:
    return interval([value - other_value for value, other_value in zip(values, others, strict=True)])


def _interval_sign(difference: Interval) -> int:
    """-1 or 1 if the whole interval is below or above 0, else 0."""
    return (difference.low > 0) - (difference.high < 0)


def interval(values: Sequence[float]) -> Interval:
    """The mean of at least two values with its 95% confidence interval."""
    mean = fmean(values)
    half = T_QUANTILES[min(len(values) - 1, len(T_QUANTILES)) - 1] * stdev(values) / sqrt(len(values))
    return Interval(mean, mean - half, mean + half)
