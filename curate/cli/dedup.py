"""`curate dedup`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import PATHS
from curate.config import chosen, find_config
from curate.decision import DecisionLog
from curate.dedup import Plan, demand_apart, plan, write_plan
from curate.errors import DataError, UsageError
from curate.files import data_files, replacing
from curate.report.console import console, print_json
from curate.report.duplicates import SHOWN, alike_text, clusters_text, dedup_json, dedup_text, histogram_text, summary_text
from curate.report.progress import StageProgress
from curate.runs import Project
from curate.text import plural, visible

KEEP = "Which one stays: first, last, longest, most-turns, best-signal (fewest findings), newest:FIELD, highest:FIELD, lowest:FIELD, manual (as in review)."


def dedup(
    paths: Annotated[list[str], typer.Argument(help=PATHS, metavar="PATH")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File for what is kept; what goes is written to removed.jsonl beside it. Without it no data is written."),
    ] = None,
    threshold: Annotated[float | None, typer.Option(help="Jaccard similarity from which two examples are duplicates.")] = None,
    on: Annotated[str | None, typer.Option(help="What is compared: conversation, prompt, response or last-turn.")] = None,
    keep: Annotated[str | None, typer.Option(help=KEEP, metavar="POLICY")] = None,
    ignore_facts: Annotated[bool | None, typer.Option("--ignore-facts", help="Remove near-duplicates that differ in a number or negation too.")] = None,
    embeddings: Annotated[
        str | None, typer.Option(help="Sentence-transformers model: tell what says the same in other words (D004); it stays.", metavar="MODEL")
    ] = None,
    beginnings: Annotated[bool | None, typer.Option("--beginnings", help="Remove conversations that another one begins with, too.")] = None,
    against: Annotated[list[str] | None, typer.Option(help="Remove only duplicates of examples in this file or folder, which stays as it is.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show how each removed example differs from the one kept, and all similarities.")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="Write the explanations to this HTML file.")] = None,
    rethreshold: Annotated[
        float | None, typer.Option(help="Another threshold for the files of an earlier run, from what is remembered of it alone.", metavar="FLOAT")
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Neither use nor keep what is remembered in .curate/cache.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write even when much of a file goes (rule D008).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    show_all: Annotated[bool, typer.Option("--all", help=f"Show every removal, not only {SHOWN}.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Remove exact and near duplicates; say what went, for what, and how similar the two are.

    Exit status: 0 when all went well, 1 when too much would go and nobody said yes, 2 when a file cannot be read or written.
    """
    project = Project(Path.cwd())
    configured = find_config(project.folder)
    if rethreshold is not None and (threshold is not None or no_cache):
        raise UsageError("--rethreshold is a threshold, and needs the cache", "leave out --threshold and --no-cache")
    config = chosen(
        configured.dedup,
        threshold=threshold if rethreshold is None else rethreshold,
        on=on,
        keep=keep,
        ignore_facts=ignore_facts,
        beginnings=beginnings,
        embeddings=embeddings,
    )
    files = data_files(paths)
    others = [path for path in data_files(against) if path not in files] if against else []
    if against and not others:
        raise UsageError("--against names the files that are deduplicated", "name other files there")
    demand_apart([*files, *others], output, html)
    with StageProgress(quiet=quiet or not sys.stderr.isatty()) as shown:
        decisions = DecisionLog(project.decisions).verdicts()
        planned = plan(
            files,
            config,
            against=others,
            decisions=decisions,
            check=configured.check,
            cache=None if no_cache else project.cache,
            remembered_only=rethreshold is not None,
            listen=shown.listen,
        )
    if html is not None:
        _write_html(html, planned, show_all=show_all)
    if not as_json:
        _tell(planned, None if show_all else SHOWN, explain=explain)
    written = output is not None and (not planned.heavy or yes or _agreed(planned, as_json=as_json))
    if output is not None and written:
        write_plan(planned, output, output.with_name("removed.jsonl"))
    if as_json:
        print_json(dedup_json(planned, explain=explain, written=written))
    else:
        for text in summary_text(planned, written=written):
            console().print(text)
    if output is not None and not written:
        raise DataError("; ".join(f"{found.code} {found.file}: {found.message}" for found in planned.heavy), planned.heavy[0].hint)


def _tell(planned: Plan, limit: int | None, *, explain: bool) -> None:
    out = console()
    if explain:
        from curate.report.duplicates_explained import explained_text

        for renderable in explained_text(planned, limit, colour=out.color_system is not None, fold=out.is_terminal):
            out.print(renderable)
        for text in (*clusters_text(planned), *histogram_text(planned)):
            out.print(text)
    else:
        for text in dedup_text(planned, limit):
            out.print(text)
    for text in alike_text(planned, limit):
        out.print(text)
    err = console(stderr=True)
    if planned.unreadable:
        err.print(f"{plural(planned.unreadable, 'line')} without an example stay as they are; `curate check` says what is wrong with them")
    for note in planned.notes:
        err.print(f"note: {note}")


def _write_html(path: Path, planned: Plan, *, show_all: bool) -> None:
    from curate.report.duplicates_html import SHOWN as SHOWN_THERE
    from curate.report.duplicates_html import dedup_html

    with replacing(path) as file:
        for piece in dedup_html(planned, None if show_all else SHOWN_THERE):
            file.write(piece.encode())


def _agreed(planned: Plan, *, as_json: bool) -> bool:
    """Whether a person at the terminal says yes to a removal that is heavy; nobody is asked where nobody can answer."""
    if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    err = console(stderr=True)
    for found in planned.heavy:
        err.print(f"{found.code} {visible(f'{found.file}:{found.line}' if found.line else found.file)}: {visible(found.message)}")
    return typer.confirm("Remove them?", err=True)
