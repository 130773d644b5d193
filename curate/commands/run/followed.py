"""The state of trainings, read from their folders: progress, metrics and results.

Trainings that are started here continue after this process ends. Whether one runs is read from the lock of its folder,
which the system releases when the process ends for any reason.
"""

import os
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from curate.commands.run.training import CURATE_COMMAND, OWN_GROUP, STOP_SIGNAL
from curate.core.errors import UsageError
from curate.core.limits import read_regular
from curate.core.validation import load_toml, parsed_json
from curate.network.egress import Consent
from curate.project.config_consent import require_recipe_agreed
from curate.project.runs import Project, new_events
from curate.storage.files import nofollow_opener, write_bytes

UNBOUNDED_METRICS: Final = frozenset(("perplexity",))
"""Metrics that are not shares from 0 to 1."""


class _FileModel(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)


class Score(_FileModel):
    """A score with its 95% interval."""

    value: float
    low: float
    high: float


class SystemResult(_FileModel):
    """The base or the tuned model, with or without examples in its prompt."""

    name: str
    title: str
    tuned: bool
    scores: dict[str, Score]
    """By the metric's name."""


class Conclusion(_FileModel):
    """Whether training helped."""

    outcome: str
    """helped, no-gain, worse or not-compared."""
    use: str
    """The system to use."""
    sentence: str


class QuestionAnswers(_FileModel):
    """A question with all answers to it."""

    file: str
    line: int
    request: str
    expected: str
    answers: dict[str, str]
    """By system."""


class EvaluationOutcome(_FileModel):
    """The result of an evaluation."""

    split: str
    questions: int
    available: int
    """Number of questions in the split."""
    task: str
    metric: str
    """The metric that decides."""
    titles: dict[str, str] = {}
    """What each metric is called, by its name; empty in files of versions without titles."""
    results: tuple[SystemResult, ...]
    verdict: Conclusion
    outputs: tuple[QuestionAnswers, ...]
    notes: tuple[str, ...]


class TrainingState(StrEnum):
    """The state of a training."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    """It has no report and is not running: it can be resumed from its last checkpoint."""


@dataclass(frozen=True, slots=True)
class Followed:
    """The current state of a training; immutable."""

    path: Path
    name: str = ""
    """Name of its folder; for one of several compared methods, with the folder of the comparison."""
    state: TrainingState = TrainingState.STOPPED
    recipe: dict[str, Any] = field(default_factory=dict)
    steps: tuple[dict[str, Any], ...] = ()
    """Steps: step, max_steps, loss, learning_rate, tokens_per_second and memory, as the trainer writes them."""
    validation: tuple[tuple[int, float], ...] = ()
    """Steps with the loss on the validation split."""
    phase: dict[str, Any] = field(default_factory=dict)
    """The last report of progress of other work than steps: name, done, total."""
    events: tuple[str, ...] = ()
    """Other events, in order: resumed, out-of-memory, interrupted, ..."""
    report: dict[str, Any] | None = None
    evaluation: EvaluationOutcome | None = None
    """What `curate evaluate` wrote to the folder; None without an evaluation."""
    unread: str = ""
    """Why the evaluation could not be read."""
    output: str = ""
    """The end of the training's output, if it was started here."""

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds until the last step, at the speed of recent steps; None if unknown."""
        recent = self.steps[-20:]
        if self.state is not TrainingState.RUNNING or len(recent) < 2 or not recent[-1].get("max_steps"):
            return None
        duration = float(recent[-1].get("seconds", 0)) - float(recent[0].get("seconds", 0))
        pace = duration / (len(recent) - 1)
        return pace * (int(recent[-1]["max_steps"]) - int(recent[-1]["step"])) if duration > 0 else None


class Follower:
    """Reads new events and results from the folders of a project's trainings."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._known: dict[Path, tuple[int, Followed]] = {}
        self._outcomes: dict[Path, tuple[tuple[int, int] | None, EvaluationOutcome | None, str]] = {}

    def read_runs(self) -> list[Followed]:
        """The current state of all trainings, latest first."""
        return [self._read_run(path) for path in self.project.runs]

    def _read_run(self, path: Path) -> Followed:
        """The state of a training, updated by the events since the last call."""
        new = Followed(path, self.project.name_of(path))
        offset, before = self._known.get(path, (0, new))
        end, events = new_events(path / "metrics.jsonl", offset)
        if end < offset:  # a resume cut it back
            before = new
        steps = {
            int(step["step"]): step
            for step in (*before.steps, *(event for event in events if "loss" in event and "step" in event))
        }
        measured = (event for event in events if event.get("event") == "validation")
        validation = dict(before.validation)
        validation |= {int(event["step"]): float(event["validation_loss"]) for event in measured}
        phases = [event for event in events if event.get("event") == "phase"]
        report = _json_object_in(path / "report.json")
        evaluation, unread = self._outcome(path / "evaluation.json")
        updated = replace(
            before,
            state=TrainingState.FINISHED
            if report is not None
            else TrainingState.RUNNING
            if runs(path)
            else TrainingState.STOPPED,
            recipe=before.recipe or _json_object_in(path / "recipe.json") or {},
            steps=tuple(steps[number] for number in sorted(steps)),
            validation=tuple(sorted(validation.items())),
            phase=phases[-1] if phases else before.phase,
            events=(
                *before.events,
                *(str(event["event"]) for event in events if event.get("event") not in (None, "phase", "validation")),
            ),
            report=report,
            evaluation=evaluation,
            unread=unread,
            output=_log_tail(path),
        )
        self._known[path] = (end, updated)
        return updated

    def _outcome(self, path: Path) -> tuple[EvaluationOutcome | None, str]:
        """The result of an evaluation, or why it cannot be read; None and an empty text if there is none yet.

        The large file is read again only if it changed.
        """
        stamp = None
        with suppress(OSError):  # not there yet
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
        cached = self._outcomes.get(path)
        if cached is None or cached[0] != stamp:
            try:
                cached = (stamp, read_outcome(path), "")
            except ValueError as error:
                cached = (stamp, None, str(error))
            self._outcomes[path] = cached
        return cached[1], cached[2]


def _json_object_in(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file; None if it cannot be read, is not valid or holds another value."""
    try:
        value = parsed_json(read_regular(path))
    except (OSError, ValueError):  # not there yet
        return None
    return value if isinstance(value, dict) else None


def _log_tail(path: Path) -> str:
    """The end of the log of a training; empty if it cannot be read."""
    try:
        return path.with_name(f"{path.name}.log").read_text(encoding="utf-8", errors="replace")[-2000:].strip()
    except OSError:
        return ""


def runs(path: Path) -> bool:
    """Whether a training is running in a folder."""
    lock = path / ".lock"
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except (Timeout, OSError):
        return True


def require_recipe(recipe: Path, *, yes: bool = False) -> None:
    """Raise `UsageError` without the file of a recipe, or without consent (`yes`) to what it reaches.

    The training runs in the project's folder, where a recipe is the user's own. Whose it is depends on the folder in
    which this process was started.
    """
    values = load_toml(recipe, "recipe", "write one with `curate recipe init`, and set `recipe` in curate.toml")
    require_recipe_agreed(recipe, values, Consent(yes, how="open the review with --yes"))


def start(project: Project, recipe: Path, *, yes: bool = False) -> Path:
    """Start or resume a training in a process that outlives this one; returns its folder.

    `yes`: consent to what the recipe reaches. Raises `UsageError`, `ConfigError`.
    """
    require_recipe(recipe, yes=yes)
    run = project.run(recipe.stem)
    if runs(run):
        raise UsageError(f"{run}: a training is running there", "stop it, or wait for it to end")
    run.parent.mkdir(parents=True, exist_ok=True)
    command = [*CURATE_COMMAND, "train", str(recipe.absolute()), "--run-dir", str(run.absolute()), "--resume"]
    command += ["--yes"] if yes else []
    with open(run.with_name(f"{run.name}.log"), "wb", opener=nofollow_opener) as log:
        child = subprocess.Popen(
            command,
            cwd=project.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            creationflags=OWN_GROUP,
        )
    write_bytes(run.with_name(f"{run.name}.pid"), str(child.pid).encode())  # replaces a link, and follows none
    # one that ended would be kept by the system until somebody asked
    threading.Thread(target=child.wait, name="curate-reap", daemon=True).start()
    return run


def stop(run: Path) -> None:
    """Ask a training that was started here to save and end. Raises `UsageError` if that is not possible."""
    if not runs(run):
        raise UsageError(f"{run}: no training is running there", "start it")
    try:
        process = int(run.with_name(f"{run.name}.pid").read_text())
        if not _is_trainer(process, run):  # the number of one that ended long ago may be another process's by now
            raise ValueError(process)
        os.kill(process, STOP_SIGNAL)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{run}: was started elsewhere or by another user", "press Ctrl-C where it was started"
        ) from error


def _is_trainer(process: int, run: Path) -> bool:
    """Whether a process is the training of a run; true on a system without /proc, where this is unknown."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:  # not every system tells, and a process that ended cannot be asked
        return not Path("/proc/self").exists()
    return os.fsencode(run.absolute()) in words


def read_outcome(path: Path) -> EvaluationOutcome | None:
    """The content of an `evaluation.json`; None if there is none. Raises `ValueError` for a file of another form."""
    try:
        data = read_regular(path)
    except OSError:  # not there yet
        return None
    try:
        return EvaluationOutcome.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
