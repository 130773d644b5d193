"""`curate dedup`."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from curate.cli import options
from curate.cli.options import takes_options
from curate.commands.dedup import DedupResult, write_plan
from curate.commands.dedup import dedup as dedup_data
from curate.core.text import visible
from curate.core.verb_options import Given
from curate.lint.rules.duplicates import require_small_removals
from curate.parallel.cluster import Engine, Executor
from curate.render.console import console, print_json, print_lines
from curate.render.dedup import MAX_SHOWN, dedup_html, dedup_json, dedup_text, summary_text
from curate.storage.output_pair import checked_removed_path


@dataclass(frozen=True)
class DedupOptions(options.CommonOptions):
    """The options of `curate dedup`, in the order of its help."""

    paths: options.Paths
    output: options.Kept = None
    overwrite: options.Overwrite = False
    shards: options.Shards = 1
    given: Given = field(default_factory=dict)
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="Remove only duplicates of examples in this file or folder, which is not changed.", metavar="PATH"
        ),
    ] = None
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Show a word diff of each removed and kept example, and a histogram of similarities."
        ),
    ] = False
    html: options.Html = None
    no_decisions: options.NoDecisions = False
    no_cache: options.NoCache = False
    memory: options.Memory = None
    engine: options.RunOn = Engine.LOCAL
    address: options.Address = None
    yes: options.Heavy = False
    as_json: options.AsJson = False
    show_all: Annotated[bool, typer.Option("--all", help=f"Show every removal, not only {MAX_SHOWN}.")] = False
    quiet: options.Quiet = False


@takes_options
def dedup(args: DedupOptions) -> None:
    """Remove exact and near duplicates; report each removed line, the line kept in its place, and their similarity.

    Exit status: 0 on success, 1 if too much would be removed without --yes or a line holds no example, 2 if a file
    cannot be read or written.
    """
    files = options.named_files(args.paths, args.engine)
    others = options.named_files(args.against, args.engine) if args.against else []
    named_paths = (*args.paths, *(args.against or ()))
    removed = checked_removed_path(
        args.output, "removed", [*files, *others], named_paths, overwrite=args.overwrite, others=[args.html],
        shards=args.shards,
    )  # fmt: skip
    executor = options.executor_of(args.engine, args.address)
    with executor.connected():
        _dedup(args, files, others, removed, executor)


def _dedup(args: DedupOptions, files: list[Path], others: list[Path], removed: Path | None, executor: Executor) -> None:
    """Remove duplicates of files, and print the result. `removed`: the file of removed lines."""
    with args.stages() as shown:
        session = args.session(listen=shown.listen)
        planned = dedup_data(session.open(files, args.given), against=others)
    document = dedup_html(planned, None) if args.show_all else dedup_html(planned)
    options.write_html(document, args.html, [*files, *others])
    if not args.as_json:
        _print_removals(args, planned)
    written = args.output is not None and (not planned.heavy or args.yes or _is_confirmed(args, planned))
    if args.output is not None and written:
        write_plan(planned, args.output, overwrite=args.overwrite, shards=args.shards, executor=executor)
    if args.as_json:
        print_json(dedup_json(planned, explain=args.explain, written=written))
    else:
        print_lines(summary_text(planned, written=written))
        options.print_output_place(args.output, removed, planned.gone, written=written)
    if args.output is not None and not written:
        require_small_removals(planned.heavy, planned.heavy[0].hint)
    options.end(planned.not_understood, options.KEPT_NOTE)


def _print_removals(args: DedupOptions, planned: DedupResult) -> None:
    out, limit = console(), None if args.show_all else MAX_SHOWN
    colour = out.color_system is not None
    print_lines(dedup_text(planned, limit, explain=args.explain, colour=colour, fold=out.is_terminal))
    for note in planned.notes:
        console(stderr=True).print(f"note: {note}")


def _is_confirmed(args: DedupOptions, planned: DedupResult) -> bool:
    """Whether the user at the terminal confirms a large removal; false without a terminal."""
    if args.as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    err = console(stderr=True)
    for finding in planned.heavy:
        err.print(f"{finding.code} {visible(finding.where)}: {visible(finding.message)}")
    return typer.confirm("Remove them?", err=True)
