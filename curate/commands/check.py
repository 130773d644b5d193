"""The check of a data set as a function."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from curate.commands.session import Workspace
from curate.core.events import Advance
from curate.core.finding import Finding
from curate.core.verb_options import require_named_model
from curate.lint.project_check import check_project
from curate.lint.runner import CheckResult
from curate.storage.files import display_name


def check(
    work: Workspace,
    progress: Advance | None = None,
    *,
    on_findings: Callable[[list[Finding]], None] | None = None,
    name_of: Callable[[Path], str] = display_name,
) -> CheckResult:
    """Check the data of a project as it is, without the decisions of the review; with `--where`, only findings about
    the lines that it selects are reported.

    `on_findings` gets each finding as soon as it is known; `name_of` gives the names of files in findings. Raises as
    `check_paths` does, and `UsageError` for `--max-length` without a model.
    """
    require_model(work)
    _ = work.decisions  # a note says that they are not applied
    session = work.session
    selected = _selected_places(work) if session.where else None
    report = check_project(
        work.files, work.rules, progress,
        name_of=name_of, workers=session.workers, on_findings=on_findings, executor=session.executor,
        cache=work.chunk_cache,
    )  # fmt: skip
    work.tell_suppressions(report.findings)
    if selected is not None:
        report.findings = [
            finding for finding in report.findings if finding.line in selected.get((finding.file, finding.example), ())
        ]
    return report


def _selected_places(work: Workspace) -> dict[tuple[str, str | None], set[int]]:
    """The lines of each example that `--where` selects, by file and id, and those of all by file and None. An element
    of a document has several, and several elements may share one. Raises as `condition_of` and `read_lines` do.
    """
    from curate.commands.query import condition_of, selected_lines, tell_selected  # loads the scores

    selected, count, read = defaultdict[tuple[str, str | None], set[int]](set), 0, 0
    if (condition := condition_of(work)) is not None:
        for parsed, fits in selected_lines(work, condition):
            read += 1
            if fits:
                count += 1
                first, example = parsed.place.line, parsed.example
                lines = range(first, first + parsed.line.data.count(b"\n") + 1)
                for name in {None, example.id if example else None}:
                    selected[parsed.place.file, name].update(lines)
    tell_selected(work, count, read)
    return selected


def require_model(work: Workspace) -> None:
    """Raise `UsageError` for `--max-length` without a model, whose tokens it counts."""
    require_named_model("model", work.config.check.model, max_length=work.named("check", "max_length"))
