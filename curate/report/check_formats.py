"""The formats that a check's report can be written in, in one table, and where they are written to."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from curate.check import CheckReport
from curate.files import replacing
from curate.report.check_full import check_full
from curate.report.check_github import check_github
from curate.report.check_grouped import GroupBy, check_grouped
from curate.report.check_html import check_html
from curate.report.check_json import check_json
from curate.report.check_jsonl import check_jsonl
from curate.report.check_junit import check_junit
from curate.report.check_sarif import check_sarif
from curate.report.check_statistics import check_statistics
from curate.report.check_text import check_text
from curate.report.console import console

if TYPE_CHECKING:
    from rich.text import Text


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
    report: CheckReport, kind: OutputFormat, paths: Sequence[Path], limit: int | None, by: GroupBy = GroupBy.FILE, *, statistics: bool = False
) -> "Iterator[str] | Iterator[Text]":
    """The report in a format: pieces of text for programs, lines with colours for people. `statistics` leaves the counts alone."""
    if statistics and kind in (OutputFormat.CONCISE, OutputFormat.FULL, OutputFormat.GROUPED):
        return check_statistics(report)
    if statistics and kind is OutputFormat.JSON:
        return iter((json.dumps({**check_json(report), "findings": []}) + "\n",))
    match kind:
        case OutputFormat.CONCISE:
            return check_text(report, limit)
        case OutputFormat.FULL:
            return check_full(report, limit)
        case OutputFormat.GROUPED:
            return check_grouped(report, limit, by)
        case OutputFormat.JSON:
            return iter((json.dumps(check_json(report)) + "\n",))  # all ASCII: names and keys from the data may hold what a terminal obeys
        case OutputFormat.JSONL:
            return check_jsonl(report)
        case OutputFormat.GITHUB:
            return check_github(report, limit)
        case OutputFormat.SARIF:
            return check_sarif(report)
        case OutputFormat.JUNIT:
            return check_junit(report)
        case OutputFormat.HTML:
            return check_html(report, paths, limit)


def write_report(pieces: "Iterable[str | Text]", output: Path | None = None) -> None:
    """Write a report to standard output, or to a file, whole or not at all. Raises `OutputError`."""
    if output is not None:
        with replacing(output) as file:
            for piece in pieces:
                file.write((piece if isinstance(piece, str) else f"{piece.plain}\n").encode("utf-8", "backslashreplace"))
        return
    out = None
    for piece in pieces:
        if isinstance(piece, str):
            sys.stdout.write(piece)
        else:
            out = out or console()
            out.print(piece)
