"""`curate suppress`."""

from typing import Annotated

import typer

from curate.cli.invocation import invocation
from curate.cli.options import Agree, session
from curate.core.config import SUPPRESSIONS, with_options
from curate.core.errors import UsageError
from curate.core.example import parse_where, where
from curate.core.finding import Finding
from curate.core.text import plural, visible
from curate.lint.runner import check_paths
from curate.lint.suppressions import add_suppressions, load_suppressions
from curate.project.config_files import shown_path
from curate.project.runs import project_of
from curate.render.console import console
from curate.storage.data_files import data_files
from curate.storage.files import path_of


def suppress(
    code: Annotated[str, typer.Argument(help="The rule's code, e.g. M016.", metavar="CODE")],
    place: Annotated[
        str, typer.Argument(help="Place of the finding, as `curate check` prints it.", metavar="FILE:LINE")
    ],
    reason: Annotated[str, typer.Option(help="Record this reason for the suppression.")],
    yes: Agree = False,
) -> None:
    """Suppress a finding: record it with a reason and your user name in `curate-suppressions.jsonl`.

    Keep that file under version control.
    """
    if (parsed := parse_where(place)) is None:
        raise UsageError(f"{place!r} is not FILE:LINE", "copy the place from the output of `curate check`")
    if not reason.strip():
        raise UsageError("a suppression needs a reason", "add --reason 'why the finding is accepted'")
    findings = _findings(code.upper(), *parsed, yes=yes)
    folder = project_of([path_of(parsed[0])], invocation().config).folder
    written = add_suppressions(load_suppressions(folder), findings, reason.strip())
    out = console(stderr=True)
    if written:
        out.print(
            f"{code.upper()} suppressed at {visible(place)}: {plural(len(written), 'line')} added to "
            f"{visible(str(shown_path(folder / SUPPRESSIONS)))}"
        )
    else:
        out.print(f"{code.upper()} is already suppressed at {visible(place)}; nothing added")


def _findings(code: str, file: str, line: int, *, yes: bool) -> list[Finding]:
    """The findings of a rule in the example on a line. Raises `UsageError` if there is no finding or no example."""
    files = data_files([file])
    config = with_options(
        session(yes=yes).open(files, check={}).config.check, select=(code,), ignore=(), extend_select=(), severity={}
    )
    findings = [
        finding for finding in check_paths(files, config).findings if (finding.code, finding.line) == (code, line)
    ]
    if not findings:
        raise UsageError(
            f"{where(file, line)}: no finding of {code}", f"`curate check --select {code} {file}` lists its findings"
        )
    if all(finding.example is None for finding in findings):
        raise UsageError(
            f"{where(file, line)}: holds no example; only findings about examples can be suppressed",
            "fix the line, or use --baseline or per_file_ignores",
        )
    return findings
