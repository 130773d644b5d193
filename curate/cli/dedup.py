"""`curate dedup`."""

import sys
from typing import Annotated

import typer

from curate.cli import options
from curate.cli.section_options import takes_options
from curate.commands.dedup import DedupResult, write_plan
from curate.commands.dedup import dedup as dedup_data
from curate.core.cluster import Engine
from curate.core.errors import DataError, UsageError
from curate.core.output_pair import checked_removed_path
from curate.core.text import visible
from curate.core.verb_options import NOTHING_GIVEN, Given
from curate.render.check_formats import write_report
from curate.render.console import console, print_json, print_lines
from curate.render.dedup import MAX_SHOWN, dedup_json, dedup_text, summary_text


@takes_options
def dedup(
    paths: options.Paths,
    output: options.Kept = None,
    overwrite: options.Overwrite = False,
    given: Given = NOTHING_GIVEN,
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="Remove only duplicates of examples in this file or folder, which is not changed.", metavar="PATH"
        ),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Show a word diff of each removed and kept example, and a histogram of similarities."
        ),
    ] = False,
    html: options.Html = None,
    rethreshold: Annotated[
        float | None, typer.Option(help="Re-run at a new threshold from the cache of an earlier run.", metavar="NUMBER")
    ] = None,
    no_decisions: options.NoDecisions = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Disable the cache in .curate/cache.")] = False,
    memory: options.Memory = None,
    engine: options.RunOn = Engine.LOCAL,
    address: options.Address = None,
    yes: options.Heavy = False,
    as_json: options.AsJson = False,
    show_all: Annotated[bool, typer.Option("--all", help=f"Show every removal, not only {MAX_SHOWN}.")] = False,
    quiet: options.Quiet = False,
) -> None:
    """Remove exact and near duplicates; report each removed line, the line kept in its place, and their similarity.

    Exit status: 0 on success, 1 if too much would be removed without --yes or a line holds no example, 2 if a file
    cannot be read or written.
    """
    if rethreshold is not None and (given["dedup"]["threshold"] is not None or no_cache):
        raise UsageError("--rethreshold cannot be combined with --threshold or --no-cache", "remove the other option")
    if rethreshold is not None:
        if engine is Engine.RAY:  # workers of a cluster share no cache
            raise UsageError("--rethreshold cannot be combined with --engine ray", "remove one of the options")
        given = {**given, "dedup": {**given["dedup"], "threshold": rethreshold}}
    files = options.named_files(paths)
    others = options.named_files(against) if against else []
    removed = checked_removed_path(
        output, "removed", [*files, *others], (*paths, *(against or ())), overwrite=overwrite, others=[html]
    )
    with options.stages(quiet=quiet) as shown:
        session = options.session(
            yes=yes,
            no_decisions=no_decisions,
            engine=engine,
            address=address,
            memory=memory,
            cached=not (no_cache or engine is Engine.RAY),
            listen=shown.listen,
        )
        planned = dedup_data(session.open(files, given), against=others, cached_only=rethreshold is not None)
    if html is not None:
        from curate.render.dedup_html import MAX_SHOWN as MAX_SHOWN_HTML
        from curate.render.dedup_html import dedup_html

        write_report(dedup_html(planned, None if show_all else MAX_SHOWN_HTML), html, [*files, *others])
    out, err = console(), console(stderr=True)
    if not as_json:
        print_lines(
            dedup_text(
                planned,
                None if show_all else MAX_SHOWN,
                explain=explain,
                colour=out.color_system is not None,
                fold=out.is_terminal,
            )
        )
        for note in planned.notes:
            err.print(f"note: {note}")
    written = output is not None and (not planned.heavy or yes or _is_confirmed(planned, as_json=as_json))
    if output is not None and written:
        write_plan(planned, output, overwrite=overwrite)
    if as_json:
        print_json(dedup_json(planned, explain=explain, written=written))
    else:
        print_lines(summary_text(planned, written=written))
        options.print_output_place(output, removed, planned.gone, written=written)
    if output is not None and not written:
        raise DataError(
            "; ".join(f"{found.code} {found.file}: {found.message}" for found in planned.heavy), planned.heavy[0].hint
        )
    options.end(planned.not_understood, options.KEPT_NOTE)


def _is_confirmed(planned: DedupResult, *, as_json: bool) -> bool:
    """Whether the user at the terminal confirms a large removal; false without a terminal."""
    if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    err = console(stderr=True)
    for found in planned.heavy:
        err.print(f"{found.code} {visible(found.where)}: {visible(found.message)}")
    return typer.confirm("Remove them?", err=True)
