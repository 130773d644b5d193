"""`curate decontaminate`."""

from typing import Annotated

import typer

from curate.cli import options
from curate.commands.decontaminate import decontaminate as decontaminate_data
from curate.commands.decontaminate import write_decontaminated
from curate.core.cluster import Engine
from curate.core.output_pair import checked_removed_path
from curate.render.console import print_result
from curate.render.decontaminate import MAX_SHOWN, decontaminate_text


def decontaminate(
    paths: options.Paths,
    bench: Annotated[
        list[str],
        typer.Option(
            "--bench",
            help="Search for the items of this benchmark: .jsonl, .json, .csv or .tsv, plain, .gz or .zst; repeatable.",
            metavar="FILE",
        ),
    ],
    output: options.Kept = None,
    overwrite: options.Overwrite = False,
    field: Annotated[
        list[str] | None,
        typer.Option(
            help="Search for this field of the benchmark instead of the known ones; repeatable.", metavar="NAME"
        ),
    ] = None,
    as_json: options.AsJson = False,
    show_all: Annotated[bool, typer.Option("--all", help=f"Show every match, not only {MAX_SHOWN}.")] = False,
    engine: options.RunOn = Engine.LOCAL,
    address: options.Address = None,
    quiet: options.Quiet = False,
) -> None:
    """Remove examples that contain items of a benchmark; report the item and the words found.

    Exit status: 0 if nothing was found or every match was removed, 1 if there are matches and no output, or a line
    holds no example, 2 if a file cannot be read or written.
    """
    files, benchmarks = options.named_files(paths), options.named_files(bench)
    removed = checked_removed_path(output, "removed", [*files, *benchmarks], (*paths, *bench), overwrite=overwrite)
    with options.stages(quiet=quiet) as shown:
        session = options.session(
            reads_files="curate decontaminate", engine=engine, address=address, listen=shown.listen
        )
        result = decontaminate_data(session.open_plain(files), benchmarks, fields=field or ())
    if output is not None:
        write_decontaminated(result, output, overwrite=overwrite)
    text = decontaminate_text(result, None if show_all else MAX_SHOWN)
    print_result(result, text, as_json=as_json, exclude_none=True)
    if not as_json:
        options.print_output_place(output, removed, len(result.removed), written=output is not None)
    options.end(result.not_understood, options.KEPT_NOTE, found=bool(result.found) and output is None)
