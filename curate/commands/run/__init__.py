"""The full pipeline: check, dedup, conflicts, split, train.

A stage is run again only if its inputs changed. Each stage keeps its result under a key, the hash of all its inputs. If
a run is killed at any point, the next one resumes after the last completed stage and ends with the same manifest.
"""

from collections.abc import Callable, Collection
from dataclasses import replace

from filelock import FileLock, Timeout

from curate.commands.run import store
from curate.commands.run.result import RunResult, StageSelection
from curate.commands.run.run_data import RunData
from curate.commands.run.stages import ALL_STAGES, Stage
from curate.commands.session import Session
from curate.conflicts.calibration import state_of
from curate.conflicts.conflict import Conflict
from curate.core.config import Config
from curate.core.errors import OutputError, UsageError
from curate.core.events import RunPlanned, StageFinished, StageStarted
from curate.core.example import Example
from curate.output.restore import finish
from curate.parallel.kernels import kernels_for
from curate.project.runs import Project
from curate.storage.files import remove_leftovers
from curate.storage.urls import is_url


def run(
    project: Project,
    config: Config,
    session: Session | None = None,
    choice: StageSelection | None = None,
    *,
    judge_key: str | None = None,
) -> RunResult:
    """Run all wanted stages that are not up to date.

    Raises `CurateError` if a stage fails; the results of completed stages are kept. `judge_key`: the environment
    variable that the user named for the key of a judge at an address. A project's folder is locked during a run.
    """
    data = RunData(project, config, session or Session(), choice or StageSelection(), judge_key)
    if data.choice.dry:
        return _run_with_kernels(data)
    try:
        project.state.mkdir(parents=True, exist_ok=True)
        alone = FileLock(project.lock).acquire(timeout=0)
    except Timeout:
        raise UsageError(
            f"another `curate run` is running in {project.folder}", "wait for it to end, or stop it"
        ) from None
    except OSError as error:
        raise OutputError.of(project.state, error, "check the permissions and the disk; no file was changed") from error
    with alone:
        remove_leftovers(project.state / "stages")
        if is_url(config.output):  # a configuration in a repository may come from a stranger
            raise UsageError("the output of a configuration is a folder on this machine", "copy it when it is done")
        finish(project.folder / config.output, project.decisions)
        return _run_with_kernels(data)


def _run_with_kernels(data: RunData) -> RunResult:
    """Check the inputs, prepare the compiled code for them, and run the stages."""
    data.require_ready()
    with kernels_for(data.sources.every):
        return _run_stages(data)


def _run_stages(data: RunData) -> RunResult:
    """The result of all stages in order; in a dry run, stages after the first one that would run are not computed."""
    stages = {name: stage for name, stage in ALL_STAGES.items() if name != "train" or data.config.recipe}
    data.session.listen(RunPlanned(tuple(name for name in stages if data.choice.wants(name))))
    run_result = RunResult(notes=data.notes)
    results_known = True
    for name, stage in stages.items():
        if not data.choice.wants(name):
            run_result.stages[name] = "skipped"
        elif results_known and (result := _result_of(name, stage, data, run_result)) is not None:
            run_result = stage.take(data, run_result, result)
        else:  # in a dry run, later stages have no input
            results_known, run_result.stages[name] = False, "would run"
    undecided = sum(state_of(conflict, data.verdicts) == "open" for conflict in run_result.conflicts)
    return replace(run_result, undecided=undecided)


def _result_of(name: str, stage: Stage, data: RunData, run_result: RunResult) -> store.Result | None:
    """A stage's result, stored or new; None if a dry run would compute it. A stored one is used if its key is equal."""
    path, key = data.project.stage(name), stage.key(data, run_result)
    result = store.load(path, key) if name not in data.choice.again else None
    reused = result is not None and stage.holds(data, result)
    if not reused and data.choice.dry:
        return None
    data.session.listen(StageStarted(name))
    if result is None or not reused:
        result = stage.work(data, run_result)
        store.save(path, key, result)
    run_result.stages[name] = "unchanged" if reused else "done"
    data.session.listen(StageFinished(name, reused, stage.summary(data, result)))
    return result


def load_conflicts(project: Project, read: Callable[[Collection[str]], list[Example]]) -> list[Conflict] | None:
    """The conflicts of the last run whose examples `read` finds by id; None if there was no run."""
    result = store.load(project.stage("conflicts"), None)
    return None if result is None else store.conflicts_of(result, read(store.conflict_ids(result))).conflicts


__all__ = ["RunResult", "StageSelection", "load_conflicts", "run"]
