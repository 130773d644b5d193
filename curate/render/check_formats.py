"""The output formats of `curate check`, and where they are written."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any, Final

from curate.core.errors import UsageError
from curate.lint.runner import CheckResult
from curate.render.check_text import GroupBy
from curate.render.console import Styled, console
from curate.storage.files import replacing
from curate.storage.snapshot import rights_of


class OutputFormat(StrEnum):
    """How findings are written."""

    CONCISE = "concise"
    """One line per finding."""
    FULL = "full"
    """With the text of each finding."""
    GROUPED = "grouped"
    JSON = "json"
    JSONL = "jsonl"
    GITHUB = "github"
    SARIF = "sarif"
    JUNIT = "junit"
    GITLAB = "gitlab"
    """GitLab's code quality report."""
    HTML = "html"


FORMAT_HELP: Final = f"Write findings in this format: {', '.join(OutputFormat)}."
REPORTERS: Final = {
    OutputFormat.CONCISE: "check_text",
    OutputFormat.FULL: "check_html:check_full",
    OutputFormat.GROUPED: "check_text:check_grouped",
    OutputFormat.JSON: "check_json",
    OutputFormat.JSONL: "check_json:check_jsonl",
    OutputFormat.GITHUB: "check_ci:check_github",
    OutputFormat.SARIF: "check_ci:check_sarif",
    OutputFormat.JUNIT: "check_ci:check_junit",
    OutputFormat.GITLAB: "check_ci:check_gitlab",
    OutputFormat.HTML: "check_html",
}
"""The reporter of each format: `module:function`, or one name for both.

Imported on demand: a pre-commit hook that checks ten lines needs one of them. It is passed the report and those of
`limit`, `by`, `paths`, `model` and `counts` that are its parameters; without `limit` it writes all findings.
"""
STYLED_FORMATS: Final = (OutputFormat.CONCISE, OutputFormat.FULL, OutputFormat.GROUPED)
"""Formats for people, written as styled lines; the others are pieces of text."""


def formatted_report(
    report: CheckResult,
    kind: OutputFormat,
    paths: Sequence[Path],
    limit: int | None,
    by: GroupBy = GroupBy.FILE,
    *,
    statistics: bool = False,
    model: str = "",
) -> Iterator[str] | Iterator[Styled]:
    """The report in a format: pieces of text for programs, styled lines for people.

    `statistics`: only the counts; `model` counts the tokens of a plot. Raises `UsageError` for a format without counts.
    """
    target = "check_text:check_statistics" if statistics and kind in STYLED_FORMATS else REPORTERS[kind]
    module, _, function = target.partition(":")
    write: Callable[..., Iterator[str] | Iterator[Styled]] = getattr(
        import_module(f"curate.render.{module}"), function or module
    )
    takes = signature(write).parameters
    if statistics and kind not in STYLED_FORMATS and "counts" not in takes:
        raise UsageError(f"--statistics is not available with --output-format {kind}", "use concise, json or jsonl")
    options: dict[str, Any] = {"limit": limit, "by": by, "paths": paths, "model": model}
    if statistics:
        options = {"counts": True}
    return write(report, **{name: value for name, value in options.items() if name in takes})


def write_report(pieces: Iterable[str | Styled], output: Path | None = None, about: Iterable[Path] = ()) -> None:
    """Write a report to standard output, in color on a terminal, or atomically to a file. Raises `OutputError`.

    `about`: the files of the report; whoever may not read them may not read it.
    """
    if output is not None:
        with replacing(output, mode=rights_of(about), named=True) as file:
            for piece in pieces:
                file.write(
                    (piece if isinstance(piece, str) else f"{piece.plain}\n").encode("utf-8", "backslashreplace")
                )
        return
    terminal = sys.stdout.isatty()
    # detecting colors takes longer than this prints
    out = console() if terminal or os.environ.get("FORCE_COLOR") else None
    for piece in pieces:
        if isinstance(piece, str):
            sys.stdout.write(piece)
        elif out is None:
            sys.stdout.write(f"{piece.plain}\n")
        elif piece.cropped and terminal:
            out.print(piece.text, no_wrap=True, overflow="ellipsis")
        else:
            out.print(piece.text)
