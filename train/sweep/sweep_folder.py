"""The folder of a sweep. It holds the whole state, so that a killed sweep resumes.

sweep.json      what the sweep is made of        journal.jsonl   what each trial came to, one line each, appended and
flushed to the disk data/           the splits that trials see: there is no test split, so nothing can be decided by it
trials/NN.toml  a trial's recipe                 trials/NN/      its run         trials/NN.log   what it said
report.json     report.html                      best.toml       (when it has ended)
"""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from curate.core.errors import InputError, OutputError, UsageError
from curate.core.example import canonical
from curate.core.files import append_line, remove_leftovers, sha256, write_bytes, write_json
from curate.core.text import visible
from curate.models.names import fingerprint
from train.recipe import Recipe, recipe_text
from train.sweep.halving import Outcome
from train.sweep.space import Space, Trial
from train.sweep.sweep_result import Entry

SEEN: Final = ("train.jsonl", "validation.jsonl", "manifest.json")
"""Files of the split folder that trials see."""
OURS: Final = frozenset(("sweep.json", "journal.jsonl", "data", "trials", "report.json", "report.html", "best.toml"))
OF_A_TRIAL: Final = {"data": "../data", "generations": 0, "probes": 0}
"""What the recipes of all trials have instead of their own: what is not compared need not be computed."""


@dataclass(frozen=True, slots=True)
class SweepFolder:
    """The folder of one sweep."""

    path: Path

    def open(self, recipe: Recipe, space: Space, trials: Sequence[Trial], *, fresh: bool) -> None:
        """Start or resume the sweep. Raises `UsageError` if the folder holds another sweep or other files, and
        `InputError` without data.
        """
        made_of = _made_of(recipe, space, trials)
        file = self.path / "sweep.json"
        if fresh:
            self._clear()
        if file.is_file():
            try:
                there = json.loads(file.read_bytes())
            except ValueError as error:
                raise OutputError(
                    f"{file}: is not what curate wrote", "start over with --fresh, or use another --output"
                ) from error
            if there != made_of:
                differ = ", ".join(sorted(key for key in made_of if there.get(key) != made_of[key]))
                raise UsageError(
                    f"{self.path}: contains another sweep (different: {differ})",
                    "--fresh replaces it; --output DIR keeps both",
                )
            return
        if foreign := sorted({entry.name for entry in self.path.iterdir()} - OURS - {".lock"}):
            raise UsageError(
                f"{self.path}: contains files that are not from a sweep ({', '.join(map(visible, foreign[:3]))})",
                "name another folder with --output",
            )
        _link(Path(recipe.data), self.path / "data")
        for trial in trials:
            if trial.values:
                own = {key: value for key, value in trial.values.items() if key != "evaluate_every" or value}
                write_bytes(self.recipe(trial.number), recipe_text(own | OF_A_TRIAL).encode("utf-8", "surrogatepass"))
        write_json(file, made_of)

    def _clear(self) -> None:
        remove_leftovers(self.path)
        (self.path / "sweep.json").unlink(missing_ok=True)
        for name in OURS:
            entry = self.path / name
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink(missing_ok=True)

    def recipe(self, trial: int) -> Path:
        """The recipe of a trial."""
        return self.path / "trials" / f"{trial:02}.toml"

    def run(self, trial: int) -> Path:
        """The run of a trial."""
        return self.path / "trials" / f"{trial:02}"

    def forget(self, trial: int) -> None:
        """Delete the checkpoints of a trial that does not continue: they may be as large as the model."""
        shutil.rmtree(self.run(trial) / "checkpoints", ignore_errors=True)

    def write(self, entry: Entry) -> None:
        """Append to the journal."""
        append_line(
            self.path / "journal.jsonl", entry.model_dump_json(exclude_defaults=True).encode("utf-8", "surrogatepass")
        )

    def entries(self) -> list[Entry]:
        """The journal. What a kill has torn was not known yet, and is found out again."""
        file = self.path / "journal.jsonl"
        found = []
        for line in file.read_bytes().splitlines() if file.is_file() else ():
            try:
                found.append(Entry.model_validate_json(line))
            except ValueError:
                continue
        return found


def outcomes(entries: Sequence[Entry]) -> list[Outcome]:
    """What is known of the trials, without what was only a part of a piece."""
    whole = [entry for entry in entries if entry.state != "interrupted"]
    return [Outcome(one.trial, one.rung, one.loss, one.final, (one.trainable_parameters, one.steps)) for one in whole]


def _made_of(recipe: Recipe, space: Space, trials: Sequence[Trial]) -> dict[str, Any]:
    """What decides the end of a sweep, by content, wherever data and model lie."""
    data = Path(recipe.data)
    for name in SEEN[:2]:
        if not (data / name).is_file() or not (data / name).stat().st_size:
            raise InputError(
                f"{data / name}: is empty or missing: a sweep trains on train.jsonl and decides by "
                "validation.jsonl, never by test.jsonl",
                "create both with  curate split DATA -o FOLDER --fractions 0.8,0.1,0.1",
            )
    values = recipe.model_dump(mode="json", exclude={"data", "model"})
    return {
        "recipe": hashlib.sha256(canonical(values)).hexdigest(),
        "trials": [trial.changes for trial in trials],
        "halving": space.halving,
        "data": {name: sha256(data / name) for name in SEEN[:2]},
        "base": fingerprint(recipe.model),
    }


def _link(data: Path, view: Path) -> None:
    """Show trials the splits that they may see."""
    view.mkdir(exist_ok=True)
    for name in SEEN:
        if not (data / name).is_file() or (view / name).exists():
            continue
        (view / name).unlink(missing_ok=True)
        try:
            (view / name).symlink_to(data / name)
        except OSError:  # not all systems let everybody link
            shutil.copyfile(data / name, view / name)
