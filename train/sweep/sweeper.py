"""The trainings of a sweep in their order: the outcomes so far decide the next one, until all is done or the budget
is used up.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from signal import Signals
from threading import Lock
from time import monotonic
from typing import Any, Final

from curate.core.errors import CurateError, ExitCode, InputError, UsageError
from curate.core.text import excerpt, plural, visible
from curate.parallel.cluster import LOCAL, Executor
from curate.parallel.worker_pool import parallel_map
from curate.storage.files import MANIFEST, write_bytes, write_json
from curate.storage.shards import split_files
from train.data.measuring import MAX_EXAMPLES
from train.journal import JournalPrinter, Phase
from train.recipe import Recipe, recipe_text
from train.run_folder import folder_lock
from train.sweep.halving import Halving, RungSegment
from train.sweep.space import Space, Trial, trials_of
from train.sweep.sweep_folder import SweepFolder, inputs_of
from train.sweep.sweep_report import changes_text, standings, sweep_html
from train.sweep.sweep_result import Ended, Outcome, State, Sweep
from train.sweep.trial import Runner, TrialMonitor, TrialRun, last_words, placed_runner, run_process

FAULTS: Final[dict[str, State]] = {
    "NoMemory": "out-of-memory",
    "NotANumber": "not-a-number",
    "ConfigError": "refused",
    "ModelError": "refused",
}
"""Errors of a trial, by class. Any other error ends the sweep and is not held against the trial."""
ATTEMPTS: Final = 3
"""Attempts at a training that is killed, each from its last checkpoint."""
TRIAL_SPLITS: Final = ("train", "validation")
TRIAL_VALUES: Final = {"data": "../data", "generations": 0, "probes": 0}
"""Keys that all trials have in common: what is not compared need not be computed."""
COMPARED_VALUES: Final = {"evaluate_examples": MAX_EXAMPLES}
"""What all trials have in common unless the recipe says otherwise: losses of different examples cannot be compared."""


def sweep(
    recipe: Recipe,
    space: Space,
    folder: SweepFolder,
    printer: JournalPrinter,
    *,
    fresh: bool = False,
    runner: Runner = run_process,
    executor: Executor = LOCAL,
) -> Sweep:
    """Run the sweep and return its report; best.toml in the folder is the recipe of the best trial.

    Called again it resumes, or returns the report of a finished sweep at once. Raises `CurateError`, and
    `KeyboardInterrupt` if it was interrupted: nothing that a trial has done is lost.
    """
    trials = trials_of(recipe, space)
    halving = Halving(tuple(trial.number for trial in trials if not trial.refused), space.halving)
    if not halving.trials:
        raise UsageError.of_lines(
            (f"{changes_text(trial.changes)}: {trial.refused}" for trial in trials),
            "no trial is left: fix the recipe or the values to try",
        )
    if space.random is not None and len(trials) < space.random:
        printer.print(f"note: there are only {plural(len(trials), 'combination')} to draw")
    with folder_lock(folder.path, "sweep", folder.option):
        _require_splits(Path(recipe.data))
        recipes = {
            trial.name: COMPARED_VALUES
            | {key: value for key, value in trial.values.items() if key != "evaluate_every" or value}
            | TRIAL_VALUES
            for trial in trials
            if trial.values
        }
        folder.open(inputs_of(recipe, trials, halving, TRIAL_SPLITS), recipes, fresh=fresh)
        _link(Path(recipe.data), folder.path / "data")
        trainings = Trainings(trials, halving, folder, printer, runner, space.minutes, executor)
        trainings.files = _trial_files(Path(recipe.data))
        with printer.showing():
            try:
                for _ in trainings.run():
                    _write_report(recipe, space, trainings, ended=False)
            except KeyboardInterrupt:
                _write_report(recipe, space, trainings, ended=False)
                printer.print(f"{visible(str(folder.path / 'report.html'))} shows the current state")
                raise
            return _write_report(recipe, space, trainings, ended=True)


def _require_splits(data: Path) -> None:
    for name in TRIAL_SPLITS:
        if not any(path.stat().st_size for path in split_files(data, name)):
            raise InputError(
                f"{data / name}.jsonl: is empty or missing: a sweep trains on train.jsonl and decides by "
                "validation.jsonl, never by test.jsonl",
                "create both with  curate split DATA -o FOLDER --fractions 0.8,0.1,0.1",
            )


def _trial_files(data: Path) -> list[Path]:
    """The files of a folder that trials may see."""
    return [*(path for name in TRIAL_SPLITS for path in split_files(data, name)), data / MANIFEST]


def _link(data: Path, view: Path) -> None:
    """Link the splits that trials may see from the folder `data` into the folder `view`."""
    view.mkdir(exist_ok=True)
    for path in view.iterdir():
        if path.is_symlink() or path.is_file():
            path.unlink()
    for path in _trial_files(data):
        if not path.is_file():
            continue
        try:
            (view / path.name).symlink_to(path)
        except OSError:  # not all systems let everybody link
            shutil.copyfile(path, view / path.name)


def _write_report(recipe: Recipe, space: Space, trainings: "Trainings", *, ended: bool) -> Sweep:
    """Write and return the current report; at the end of the sweep also write the best recipe."""
    folder, trials = trainings.folder, trainings.trials
    left = trainings.halving.next(trainings.known) is not None
    how: Ended = "not-yet" if not ended else "budget" if left else "done"
    report = standings(recipe.model, trials, trainings.halving, trainings.outcomes, space, ended=how)
    if ended and report.best is not None:
        best, trial = folder.path / "best.toml", trials[report.best - 1]
        note = (
            f"Trial {trial.number} of {len(report.trials)} of a sweep: {changes_text(trial.changes)}; loss "
            f"{report.trials[0].loss:.4f} on the validation split."
        )
        write_bytes(best, f"# {visible(note)}\n{recipe_text(trial.values)}".encode("utf-8", "surrogatepass"))
        report = report.model_copy(update={"best_recipe": str(best)})
    write_json(folder.path / "report.json", report.model_dump(mode="json"))
    write_bytes(folder.path / "report.html", "".join(sweep_html(report)).encode("utf-8", "backslashreplace"))
    return report


@dataclass
class Trainings:
    """The trainings of some trials, each a process of its own, with their journal."""

    trials: Sequence[Trial]
    halving: Halving
    folder: SweepFolder
    printer: JournalPrinter
    runner: Runner
    minutes: float | None = None
    executor: Executor = LOCAL
    files: Sequence[Path] = ()
    """Those that all nodes of a cluster have to see."""

    def __post_init__(self) -> None:
        self.outcomes = self.folder.outcomes()
        self._writing = Lock()
        self._error: BaseException | None = None

    @property
    def known(self) -> list[Outcome]:
        """The outcomes so far, without interrupted trainings."""
        return [outcome for outcome in self.outcomes if outcome.state != "interrupted"]

    def run(self) -> Iterator[Outcome]:
        """Train what is left until the budget is used up; yields the journal's line of each training that ended.

        Raises `CurateError` for an error that is not a trial's own, and `KeyboardInterrupt`.
        """
        done = sum(outcome.trial in self.halving.trials for outcome in self.known)
        if done:
            self.printer.print(f"{visible(str(self.folder.path))}: {plural(done, 'training')} done before")
        phase = self.printer.phase("trainings", max(self.halving.pieces, done), done)
        watch = TrialMonitor(partial(self._show_progress, phase), self._deadline())
        with (
            placed_runner(self.runner, self.executor, self.files) as (runner, places),
            watch.listening(self.printer.print),
        ):
            while pieces := self.halving.ready(self.known):
                for outcome in parallel_map(partial(self._train, runner, watch), pieces, places):
                    if outcome is None:
                        return
                    result = f"{outcome.loss:.4f}" if outcome.loss is not None else outcome.state
                    phase.advance(note=f"{self.trials[outcome.trial - 1].title}: {result}")
                    self._delete_checkpoints(outcome)
                    yield outcome

    def _deadline(self) -> float | None:
        """End of the budget, less the time of all trainings in the journal, also of those that were killed; None
        without a budget.
        """
        if self.minutes is None:
            return None
        return monotonic() + self.minutes * 60 - sum(outcome.seconds for outcome in self.outcomes)

    def _train(self, runner: Runner, watch: TrialMonitor, piece: RungSegment) -> Outcome | None:
        """Train one piece and log it; None if the budget ended it. An error ends the other trainings, too."""
        try:
            return self._try_to_train(runner, watch, piece)
        except BaseException as error:  # noqa: BLE001  # raised again
            if self._error is None and isinstance(error, KeyboardInterrupt):
                self.printer.print("the same command continues from here")
            self._error = self._error or error
            watch.asked = watch.asked or 1
            raise self._error from None

    def _try_to_train(self, runner: Runner, watch: TrialMonitor, piece: RungSegment) -> Outcome | None:
        """Train one piece, again if it is killed; None if the budget ended it. Raises `KeyboardInterrupt` if asked to
        stop.
        """
        trial = self.trials[piece.trial - 1]
        work = TrialRun(self.folder.run(trial.name), self.halving.shares[piece.rung])
        for attempt in range(1, ATTEMPTS + 1):
            if watch.asked:
                raise KeyboardInterrupt
            if watch.is_over_budget:
                return None
            began = monotonic()
            code = runner(work, watch)
            seconds = round(monotonic() - began, 1)
            ended = code >= 0 and code != ExitCode.INTERRUPTED
            facts = self._outcome_of(trial, code, work) if ended else {"state": "interrupted"}
            outcome = self._record_outcome(Outcome(trial=piece.trial, rung=piece.rung, seconds=seconds, **facts))
            if watch.asked or (code == ExitCode.INTERRUPTED and not watch.is_over_budget):
                raise KeyboardInterrupt
            if ended or watch.is_over_budget:
                return outcome if ended else None
            self.printer.print(f"note: {trial.title} was killed ({_signal(code)}), attempt {attempt} of {ATTEMPTS}")
        reason = (
            f"killed {ATTEMPTS} times ({_signal(code)}); a system that runs out of memory kills the largest process"
        )
        return self._record_outcome(Outcome(trial=piece.trial, rung=piece.rung, state="failed", reason=reason))

    def _record_outcome(self, outcome: Outcome) -> Outcome:
        """Append an outcome to the journal, and return it."""
        with self._writing:
            self.folder.write(outcome)
            self.outcomes.append(outcome)
        return outcome

    def _outcome_of(self, trial: Trial, code: int, work: TrialRun) -> dict[str, Any]:
        """The fields of `Outcome` for a training that ended by itself: with its losses and steps, or with the reason of
        its failure. `code`: its exit status.

        Raises `CurateError` for an error that each trial would have, such as a full disk.
        """
        if code != ExitCode.CLEAN:
            state, reason = _failed_state(work)
            self.printer.print(
                f"{trial.title} ({visible(changes_text(trial.changes))}): {state}: {excerpt(reason, 300)}"
            )
            return {"state": state, "reason": reason}
        outcome: dict[str, Any] = json.loads(work.result.read_bytes())
        over = "tuned_loss" in outcome
        base, final = (_held_out_loss(outcome, side) if over else None for side in ("base", "tuned"))
        return {
            "state": "finished" if over else "paused",
            "loss": final if outcome["validation_loss"] is None else outcome["validation_loss"],
            "final": final,
            "base": base,
            "examples": outcome.get("held_out_examples", 0),
            "step": outcome["steps" if over else "step"],
            "steps": outcome["steps"],
            "trainable_parameters": outcome["trainable_parameters"],
        }

    def _show_progress(self, phase: Phase, work: TrialRun, event: dict[str, Any]) -> None:
        if self.printer.bars is not None and "loss" in event:
            done = f"step {event['step']:,} of {event['max_steps']:,}"
            trial = next(candidate for candidate in self.trials if candidate.name == work.run.name)
            phase.advance(0, note=f"{trial.title}: {done}, loss {event['loss']:.3f}")

    def _delete_checkpoints(self, last: Outcome) -> None:
        """Delete the checkpoints of finished trials, and after a rung of those that do not continue."""
        if last.is_over:
            self.folder.forget(self.trials[last.trial - 1].name)
        following = self.halving.next(self.known)
        if following is not None and following.rung > last.rung:
            for outcome in self.halving.ranked(last.rung, self.known):
                if outcome.trial not in self.halving.trials_at(following.rung, self.known):
                    self.folder.forget(self.trials[outcome.trial - 1].name)


def _held_out_loss(report: dict[str, Any], side: str) -> float:
    """The held-out loss by which trials are compared: for preferences that of the objective. `side`: base or tuned."""
    preferences = report.get(f"{side}_preferences")
    loss: float = preferences["loss"] if preferences else report[f"{side}_loss"]
    return loss


def _failed_state(work: TrialRun) -> tuple[State, str]:
    """State and reason of a training that an error ended. Raises `CurateError` if the error would end others, too."""
    try:
        failure = json.loads(work.failure.read_bytes())
    except (FileNotFoundError, ValueError):
        return "failed", last_words(work) or "it printed nothing"
    if failure["kind"] not in FAULTS:
        raise CurateError(failure["message"], f"{failure['next']}; then run the same command to continue".lstrip("; "))
    return FAULTS[failure["kind"]], failure["message"] + (f" ({failure['next']})" if failure["next"] else "")


def _signal(code: int) -> str:
    """The name of the signal that ended a process, from its negative exit code."""
    try:
        return Signals(-code).name
    except ValueError:
        return f"signal {-code}"
