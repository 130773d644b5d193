"""The folder of a sweep. It holds the whole state, so that a killed sweep resumes.

sweep.json      inputs of the sweep              journal.jsonl   the outcome of each training, flushed line by line
data/           the splits that trials see: there is no test split, so it can decide nothing
trials/NN.toml  a trial's recipe                 trials/NN/      its run         trials/NN.log   its messages
report.json     report.html                      best.toml       (when it has ended)
"""

import datetime
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from curate.core.errors import UsageError
from curate.core.validation import validated
from curate.models.names import fingerprint
from curate.project.runs import new_events
from curate.storage.files import append_lines, write_bytes, write_json
from train.data.split_files import SplitFiles
from train.recipe import Recipe, recipe_text
from train.run_folder import clear_folder, read_json, recipe_hash, require_written_by_curate
from train.sweep.halving import Halving
from train.sweep.space import Trial
from train.sweep.sweep_result import Outcome

OWN_FILES: Final = frozenset(
    ("sweep.json", "journal.jsonl", "data", "trials", "report.json", "report.html", "best.toml")
)


@dataclass(frozen=True, slots=True)
class SweepFolder:
    """The folder of one sweep."""

    path: Path
    option: str = "--output"
    """The option that names it."""
    trials: str = "trials"
    """The folder in it that holds the runs; those of compared methods lie beside each other in the folder itself."""
    ours: frozenset[str] = OWN_FILES
    """Names of its files."""

    def open(self, inputs: dict[str, Any], recipes: Mapping[str, dict[str, Any]], *, fresh: bool) -> None:
        """Start or resume a sweep; `recipes` by the names of the trials.

        Raises `UsageError` if the folder holds another sweep or other files.
        """
        file = self.path / "sweep.json"
        if fresh:
            clear_folder(self.path, "sweep.json", self.ours, "sweep", self.option)
        if (present := read_json(file, self.option)) is not None:
            if present != inputs:
                differ = ", ".join(sorted(key for key in inputs if present.get(key) != inputs[key]))
                raise UsageError(
                    f"{self.path}: contains another sweep (different: {differ})",
                    f"replace it with --fresh, or keep both with {self.option} DIR",
                )
            return
        require_written_by_curate(self.path, self.ours, "sweep", self.option)
        today = str(datetime.datetime.now().astimezone().date())
        for name, values in recipes.items():  # the same date in the prompts of all trials, also of one that resumes
            text = recipe_text({**values, "date": values.get("date", today)})
            write_bytes(self.run(name).with_suffix(".toml"), text.encode("utf-8", "surrogatepass"))
        write_json(file, inputs)

    def run(self, trial: str) -> Path:
        """The folder of a trial's run, by the name of the trial."""
        return self.path / self.trials / trial

    def forget(self, trial: str) -> None:
        """Delete the checkpoints of a trial that does not continue: they may be as large as the model."""
        shutil.rmtree(self.run(trial) / "checkpoints", ignore_errors=True)

    def write(self, outcome: Outcome) -> None:
        """Append an outcome to the journal."""
        line = outcome.model_dump_json(exclude_defaults=True).encode("utf-8", "surrogatepass")
        append_lines(self.path / "journal.jsonl", [line])

    def outcomes(self) -> list[Outcome]:
        """The outcomes in the journal. A line that a kill has torn is left out: that training is repeated."""
        journal = self.path / "journal.jsonl"
        return [validated(Outcome, line, str(journal)) for line in new_events(journal, 0)[1]]


def inputs_of(recipe: Recipe, trials: Sequence[Trial], halving: Halving, splits: Sequence[str]) -> dict[str, Any]:
    """What decides the outcome of a sweep, by content, wherever data and model lie."""
    files = {f"{name}.jsonl": SplitFiles.of(Path(recipe.data), name) for name in splits}
    return {
        "recipe": recipe_hash(recipe),
        "trials": [trial.changes for trial in trials],
        "halving": halving.factor,
        "data": {name: split.sha256() for name, split in files.items() if split.files},
        "base": fingerprint(recipe.model),
    }
