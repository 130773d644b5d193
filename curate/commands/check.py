"""The check of a data set as a function."""

from collections.abc import Callable
from pathlib import Path

from curate.commands.session import Workspace
from curate.core.config import require_named_model
from curate.core.files import display_name
from curate.core.finding import Finding
from curate.lint.project_check import check_project
from curate.lint.runner import CheckResult, Progress


def check(
    work: Workspace,
    progress: Progress | None = None,
    *,
    found: Callable[[list[Finding]], None] | None = None,
    name_of: Callable[[Path], str] = display_name,
) -> CheckResult:
    """Check the data of a project as it is, without the decisions of the review. `found` gets each finding as soon as
    it is known; `name_of` gives the names of files in findings. Raises as `check_paths` does, and `UsageError` for
    options of a model without one.
    """
    require_model(work)
    _ = work.decisions  # a note says that they are not applied
    session = work.session
    return check_project(
        work.files, work.rules, progress,
        name_of=name_of, workers=session.workers, found=found, executor=session.executor,
    )  # fmt: skip


def require_model(work: Workspace) -> None:
    """Raise `UsageError` for options of a model without one."""
    require_named_model("model", work.config.check.model, max_length=work.named("check", "max_length"))
