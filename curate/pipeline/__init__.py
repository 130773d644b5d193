"""All of it in one run: check, dedup, conflicts, split, train. A stage is not run again while what it was made from has not changed.

Each stage keeps its result under a key, the hash of everything that it depends on. Killed at any point, the next run goes on
behind the last stage that was finished and ends with the same manifest.
"""

from collections.abc import Callable, Collection

from filelock import FileLock, Timeout

from curate.config import Config
from curate.detect.conflict import Conflict
from curate.egress import NOBODY, Consent
from curate.errors import OutputError, UsageError
from curate.events import Listener, silent
from curate.example import Example
from curate.files import remove_leftovers
from curate.pipeline import store
from curate.pipeline.choice import Choice
from curate.pipeline.stages import Pipeline, RunResult
from curate.restore import finish
from curate.runs import Project


def run(
    project: Project, config: Config, listen: Listener = silent, choice: Choice | None = None, *, consent: Consent = NOBODY, judge_key: str | None = None
) -> RunResult:
    """Run all stages that are wanted and not up to date. Raises `CurateError` when one cannot be; what was finished before it stays.

    `consent` is asked before texts are sent to a judge at an address; `judge_key`: the environment variable that the user named for its key.
    Only one run at a time works in a project's folder.
    """
    wanted = choice or Choice()
    if wanted.dry:
        return Pipeline(project, config, listen, wanted, consent, judge_key).run()
    try:
        project.state.mkdir(parents=True, exist_ok=True)
        alone = FileLock(project.lock).acquire(timeout=0)
    except Timeout:
        raise UsageError(f"another `curate run` works in {project.folder}", "wait for it, or stop it") from None
    except OSError as error:
        raise OutputError(
            f"{project.state}: cannot be written: {error.strerror or error}", "check the permissions and the disk; nothing was changed"
        ) from error
    with alone:
        remove_leftovers(project.state / "stages")
        finish(project.folder / config.output, project.decisions)
        return Pipeline(project, config, listen, wanted, consent, judge_key).run()


def load_conflicts(project: Project, read: Callable[[Collection[str]], list[Example]]) -> list[Conflict] | None:
    """The conflicts that the last run found, as far as `read` gives examples for the ids that it is asked for; None when there was no run."""
    result = store.load(project.stage("conflicts"), None)
    return None if result is None else store.conflicts_of(result, read(store.conflict_ids(result))).conflicts


__all__ = ["Choice", "RunResult", "load_conflicts", "run"]
