"""The formats that a check's report can be written in, in one table, and where they are written to."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path

from curate.check import CheckReport
from curate.errors import UsageError
from curate.files import replacing
from curate.report.check_grouped import GroupBy, check_grouped
from curate.report.console import Styled, console


class OutputFormat(StrEnum):
    """How findings are written."""

    CONCISE = "concise"
    """A line a finding."""
    FULL = "full"
    """With the text that each is about."""
    GROUPED = "grouped"
    JSON = "json"
    JSONL = "jsonl"
    GITHUB = "github"
    SARIF = "sarif"
    JUNIT = "junit"
    HTML = "html"


def reported(
    report: CheckReport,
    kind: OutputFormat,
    paths: Sequence[Path],
    limit: int | None,
    by: GroupBy = GroupBy.FILE,
    *,
    statistics: bool = False,
    model: str = "",
) -> Iterator[str] | Iterator[Styled]:
    """The report in a format: pieces of text for programs, lines with colours for people. `statistics` leaves the counts alone; `model` counts
    the tokens of a plot. Raises `UsageError`.
    """
    # Each reporter is imported only when it is wanted: the hook that checks ten lines needs one of them.
    if statistics:
        return _counts(report, kind)
    if kind is OutputFormat.FULL:
        from curate.report.check_full import check_full as lines
    else:
        from curate.report.check_text import check_text as lines
    if kind in (OutputFormat.CONCISE, OutputFormat.FULL):
        return lines(report, limit)
    if kind is OutputFormat.GROUPED:
        return check_grouped(report, limit, by)
    if kind is OutputFormat.GITHUB:
        from curate.report.check_github import check_github

        return check_github(report, limit)
    if kind is OutputFormat.HTML:
        from curate.report.check_html import check_html

        return check_html(report, paths, limit, model)
    return _document(report, kind)


def _document(report: CheckReport, kind: OutputFormat) -> Iterator[str]:
    """All findings, for programs."""
    if kind is OutputFormat.SARIF:
        from curate.report.check_sarif import check_sarif as document
    elif kind is OutputFormat.JUNIT:
        from curate.report.check_junit import check_junit as document
    elif kind is OutputFormat.JSONL:
        from curate.report.check_jsonl import check_jsonl as document
    else:
        from curate.report.check_json import check_json

        return iter((json.dumps(check_json(report)) + "\n",))  # all ASCII: names and keys from the data may hold what a terminal obeys
    return document(report)


def _counts(report: CheckReport, kind: OutputFormat) -> Iterator[str] | Iterator[Styled]:
    """The counts of a report alone. Raises `UsageError` for a format that has none."""
    if kind in (OutputFormat.CONCISE, OutputFormat.FULL, OutputFormat.GROUPED):
        from curate.report.check_statistics import check_statistics

        return check_statistics(report)
    from curate.report.check_json import check_json, summary_json

    if kind is OutputFormat.JSON:
        return iter((json.dumps({**check_json(report), "findings": []}) + "\n",))
    if kind is OutputFormat.JSONL:
        return iter((json.dumps({"summary": summary_json(report)}) + "\n",))
    raise UsageError(f"--statistics and --output-format {kind} do not go together", "counts alone come as concise, json or jsonl")


def write_report(pieces: Iterable[str | Styled], output: Path | None = None) -> None:
    """Write a report to standard output, in colour on a terminal, or to a file, whole or not at all. Raises `OutputError`."""
    if output is not None:
        with replacing(output) as file:
            for piece in pieces:
                file.write((piece if isinstance(piece, str) else f"{piece.plain}\n").encode("utf-8", "backslashreplace"))
        return
    terminal = sys.stdout.isatty()
    out = console() if terminal or os.environ.get("FORCE_COLOR") else None  # what decides about colours costs more than it prints
    for piece in pieces:
        if isinstance(piece, str):
            sys.stdout.write(piece)
        elif out is None:
            sys.stdout.write(f"{piece.plain}\n")
        elif piece.cropped and terminal:
            out.print(piece.text, no_wrap=True, overflow="ellipsis")
        else:
            out.print(piece.text)
