"""`curate decontaminate`."""

from typing import Annotated

import typer

from curate.cli.options import STAYS, AsJson, Kept, Overwrite, Paths, Quiet, end, named_files, stages
from curate.core.output_pair import demand_not_existing, removed_path
from curate.core.paths import demand_apart
from curate.core.text import visible
from curate.pipeline.decontaminate import decontaminated, write_decontaminated
from curate.report.console import console, print_json, print_lines
from curate.report.decontaminate import SHOWN, decontaminate_json, decontaminate_text


def decontaminate(
    paths: Paths,
    bench: Annotated[list[str], typer.Option("--bench", help="Benchmark: .jsonl, .json, .csv or .tsv, also as .gz or .zst. May be given more than once.")],
    output: Kept = None,
    overwrite: Overwrite = False,
    field: Annotated[list[str] | None, typer.Option(help="Field of the benchmark to look for, in place of the known names.", metavar="NAME")] = None,
    share: Annotated[float, typer.Option(min=0, max=1, help="Least share of an item's words that has to be found in runs of 13.")] = 0.0,
    as_json: AsJson = False,
    show_all: Annotated[bool, typer.Option("--all", help=f"Show every find, not only {SHOWN}.")] = False,
    quiet: Quiet = False,
) -> None:
    """Remove what a benchmark asks or answers; say which item, and by which words.

    Exit status: 0 when nothing was found or all that was found was removed, 1 when something was found and no output named or a line
    holds no example, 2 when a file cannot be read or written.
    """
    files, benchmarks = named_files(paths), named_files(bench)
    removed = output and removed_path(output, "removed")
    demand_apart([*files, *benchmarks], (output, removed), named=(*paths, *bench))
    if output and removed:
        demand_not_existing(output, removed, overwrite=overwrite)
    with stages(quiet=quiet) as shown:
        result = decontaminated(files, benchmarks, fields=tuple(field or ()), share=share, listen=shown.listen)
    if output is not None:
        write_decontaminated(result, output, overwrite=overwrite)
    if as_json:
        print_json(decontaminate_json(result, written=output is not None))
    else:
        print_lines(decontaminate_text(result, None if show_all else SHOWN))
        if result.removed and removed:
            console(stderr=True).print(f"what went is in {visible(str(removed))}")
    end(result.not_understood, STAYS, found=bool(result.leaks) and output is None)
