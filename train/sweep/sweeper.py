"""A sweep in its order: what is known decides what comes next, until nothing is left or the budget is used up."""

import json
from signal import Signals
from time import monotonic
from typing import Any, Final

from curate.core.errors import CurateError, ExitCode, UsageError
from curate.core.files import write_bytes, write_json
from curate.core.text import excerpt, plural, visible
from train.journal import Narrator, Phase
from train.recipe import Recipe, recipe_text
from train.run_folder import folder_lock
from train.sweep.halving import Halving, Outcome, RungSegment
from train.sweep.space import Space, Trial, trials_of
from train.sweep.sweep_folder import SweepFolder, outcomes
from train.sweep.sweep_report import described, standings, sweep_html
from train.sweep.sweep_result import Ended, Entry, State, Sweep
from train.sweep.trial import Runner, Watch, Work, last_words, run_process

FAULTS: Final[dict[str, State]] = {
    "NoMemory": "out-of-memory",
    "NotANumber": "not-a-number",
    "ConfigError": "refused",
    "ModelError": "refused",
}
"""Errors that are the trial's own, by their class: another trial may go well. All others end the sweep, and nothing is
held against the trial.
"""
ATTEMPTS: Final = 3
"""A training that something killed is begun again from its checkpoint, so often in all."""


def sweep(
    recipe: Recipe,
    space: Space,
    folder: SweepFolder,
    narrator: Narrator,
    *,
    fresh: bool = False,
    runner: Runner = run_process,
) -> Sweep:
    """Run the sweep and return its report; best.toml in the folder is the recipe of the best trial.

    Called again it resumes, or returns the report of a finished sweep at once. Raises `CurateError`, and
    `KeyboardInterrupt` where it was interrupted: nothing that a trial has done is lost.
    """
    trials = trials_of(recipe, space)
    able = tuple(trial.number for trial in trials if not trial.refused)
    if not able:
        raise UsageError(
            "\n".join(f"{described(trial.changes)}: {trial.refused}" for trial in trials),
            "no trial is left: fix the recipe or the values to try",
        )
    if space.random is not None and len(trials) < space.random:
        narrator.say(f"note: there are only {plural(len(trials), 'combination')} to draw")
    with folder_lock(folder.path, "sweep", "--output"):
        folder.open(recipe, space, trials, fresh=fresh)
        with narrator.showing():
            return Sweeping(recipe, space, trials, Halving(able, space.halving), folder, narrator, runner).run()


class Sweeping:
    """A running sweep."""

    def __init__(
        self,
        recipe: Recipe,
        space: Space,
        trials: tuple[Trial, ...],
        halving: Halving,
        folder: SweepFolder,
        narrator: Narrator,
        runner: Runner,
    ) -> None:
        self.recipe, self.space, self.folder, self.narrator, self.runner = recipe, space, folder, narrator, runner
        self.trials, self.halving = trials, halving
        self.entries = folder.entries()

    @property
    def known(self) -> list[Outcome]:
        """The outcomes so far."""
        return outcomes(self.entries)

    def run(self) -> Sweep:
        """All that is left of it."""
        done = sum(entry.state != "interrupted" for entry in self.entries)
        if done:
            self.narrator.say(f"{visible(str(self.folder.path))}: {plural(done, 'training')} done before")
        phase = self.narrator.phase("trainings", max(self.halving.pieces, done), done)
        while (piece := self.halving.next(self.known)) is not None:
            watch = Watch(lambda event: self._moved(phase, piece, event), self._deadline())
            if watch.late or not self._train(piece, watch):
                break
            last = self.entries[-1]
            phase.advance(note=f"trial {piece.trial}: " + (f"{last.loss:.4f}" if last.loss is not None else last.state))
            self._tidy(piece)
            self._write(ended=False)
        return self._write(ended=True)

    def _deadline(self) -> float | None:
        """When the budget is used up, less what was worked before; what a kill has cut off is not counted."""
        if self.space.minutes is None:
            return None
        return monotonic() + self.space.minutes * 60 - sum(entry.seconds for entry in self.entries)

    def _train(self, piece: RungSegment, watch: Watch) -> bool:
        """A piece of a training, into the journal; False where the budget ended it."""
        for attempt in range(1, ATTEMPTS + 1):
            began, work = monotonic(), self._work(piece)
            with watch.listening(self.narrator.say):
                code = self.runner(work, watch)
            seconds = round(monotonic() - began, 1)
            ended = code >= 0 and code != ExitCode.INTERRUPTED
            self._note(
                self._entry(piece, code, work, seconds)
                if ended
                else Entry(trial=piece.trial, rung=piece.rung, state="interrupted", seconds=seconds)
            )
            if watch.asked or (code == ExitCode.INTERRUPTED and not watch.late):
                self._write(ended=False)
                self.narrator.say(
                    f"the same command continues from here; {visible(str(self.folder.path / 'report.html'))} "
                    "shows the current state"
                )
                raise KeyboardInterrupt
            if ended or watch.late:
                return ended
            self.narrator.say(
                f"note: trial {piece.trial} was killed ({_signal(code)}), attempt {attempt} of {ATTEMPTS}"
            )
        reason = (
            f"killed {ATTEMPTS} times ({_signal(code)}); a system that runs out of memory kills the largest process"
        )
        self._note(Entry(trial=piece.trial, rung=piece.rung, state="failed", reason=reason))
        return True

    def _work(self, piece: RungSegment) -> Work:
        run = self.folder.run(piece.trial)
        return Work(
            self.folder.recipe(piece.trial),
            run,
            self.halving.shares[piece.rung],
            run.with_suffix(".json"),
            run.with_suffix(".failure.json"),
        )

    def _note(self, entry: Entry) -> None:
        self.folder.write(entry)
        self.entries.append(entry)

    def _entry(self, piece: RungSegment, code: int, work: Work, seconds: float) -> Entry:
        """The journal entry of a training that ended by itself. Raises `CurateError` if the failure has nothing to do
        with the trial.
        """
        if code != ExitCode.CLEAN:
            state, reason = _fault(work)
            self.narrator.say(
                f"trial {piece.trial} ({visible(described(self._trial(piece).changes))}): {state}: "
                f"{excerpt(reason, 300)}"
            )
            return Entry(trial=piece.trial, rung=piece.rung, state=state, seconds=seconds, reason=reason)
        told: dict[str, Any] = json.loads(work.result.read_bytes())
        over = "tuned_loss" in told
        final = told.get("tuned_loss")
        return Entry(
            trial=piece.trial, rung=piece.rung, state="finished" if over else "paused", seconds=seconds,
            loss=final if told["validation_loss"] is None else told["validation_loss"], final=final,
            base=told.get("base_loss"),
            examples=told.get("held_out_examples", 0), step=told["steps" if over else "step"], steps=told["steps"],
            trainable_parameters=told["trainable_parameters"],
        )  # fmt: skip

    def _trial(self, piece: RungSegment) -> Trial:
        return self.trials[piece.trial - 1]

    def _moved(self, phase: Phase, piece: RungSegment, event: dict[str, Any]) -> None:
        """A training got on: to be seen on a terminal, where a line is not one more each time."""
        if self.narrator.bars is not None and "loss" in event:
            phase.advance(
                0,
                note=f"trial {piece.trial}: step {event['step']:,} of {event['max_steps']:,}, loss {event['loss']:.3f}",
            )

    def _tidy(self, piece: RungSegment) -> None:
        """Delete checkpoints that are no longer needed: of finished trials, and of those that do not continue after a
        rung.
        """
        if self.known[-1].over:
            self.folder.forget(piece.trial)
        following = self.halving.next(self.known)
        if following is not None and following.rung > piece.rung:
            for outcome in self.halving.ranked(piece.rung, self.known):
                if outcome.trial not in self.halving.on(following.rung, self.known):
                    self.folder.forget(outcome.trial)

    def _write(self, *, ended: bool) -> Sweep:
        """Write the current report, and at the end the best recipe."""
        left = self.halving.next(self.known) is not None
        how: Ended = "not-yet" if not ended else "budget" if left else "done"
        report = standings(self.recipe.model, self.trials, self.halving, self.entries, self.space, ended=how)
        if ended and report.best is not None:
            best = self.folder.path / "best.toml"
            write_bytes(best, self._best(report, self.trials[report.best - 1]).encode("utf-8", "surrogatepass"))
            report = report.model_copy(update={"best_recipe": str(best)})
        write_json(self.folder.path / "report.json", report.model_dump(mode="json"))
        write_bytes(self.folder.path / "report.html", sweep_html(report).encode("utf-8", "backslashreplace"))
        return report

    def _best(self, report: Sweep, trial: Trial) -> str:
        told = (
            f"Trial {trial.number} of {len(report.trials)} of a sweep: {described(trial.changes)}; loss "
            f"{report.trials[0].loss:.4f} on the validation split."
        )
        return f"# {visible(told)}\n" + recipe_text(trial.values)


def _fault(work: Work) -> tuple[State, str]:
    """Why a training ended with an error. Raises `CurateError` where another trial would fare no better."""
    try:
        told = json.loads(work.failure.read_bytes())
    except (FileNotFoundError, ValueError):
        return "failed", last_words(work) or "it printed nothing"
    if told["kind"] not in FAULTS:
        raise CurateError(told["message"], f"{told['next']}; then run the same command to continue".lstrip("; "))
    return FAULTS[told["kind"]], told["message"] + (f" ({told['next']})" if told["next"] else "")


def _signal(code: int) -> str:
    try:
        return Signals(-code).name
    except ValueError:
        return f"signal {-code}"
