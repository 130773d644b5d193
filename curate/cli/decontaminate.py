"""`curate decontaminate`."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli import options
from curate.commands.decontaminate import benchmark_paths, write_decontaminated
from curate.commands.decontaminate import build_index as make_index
from curate.commands.decontaminate import decontaminate as decontaminate_data
from curate.core.errors import UsageError
from curate.parallel.cluster import Engine
from curate.render.console import print_result
from curate.render.decontaminate import MAX_SHOWN, decontaminate_text, index_text
from curate.storage.benchmark_index import INDEX_SUFFIX
from curate.storage.output_pair import checked_removed_path


def decontaminate(
    paths: options.Paths,
    bench: Annotated[
        list[str] | None,
        typer.Option(
            "--bench",
            help="Search for the items of this benchmark: a file, or the name of an indexed benchmark (several with "
            "commas); repeatable. Reads .jsonl, .json, .csv, .tsv and .parquet.",
            metavar="FILE|NAME",
        ),
    ] = None,
    embeddings: Annotated[
        str,
        typer.Option(
            help="Also search for rephrased and translated items with this embedding model, for translations a "
            "multilingual one.",
            metavar="MODEL",
        ),
    ] = "",
    build_index: Annotated[
        str,
        typer.Option(
            help="Instead, index the benchmark in PATH under this name for --bench: keyed hashes, no text.",
            metavar="NAME",
        ),
    ] = "",
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
    no_cache: options.NoCache = False,
    quiet: options.Quiet = False,
) -> None:
    """Remove examples that contain items of a benchmark; report the item and the words found.

    Exit status: 0 if nothing was found or every match was removed, 1 if there are matches and no output, or a line
    holds no example, 2 if a file cannot be read or written.
    """
    if build_index:
        if bench or output:
            raise UsageError("--build-index cannot be combined with --bench and --output", "leave them out")
        files = options.named_files(paths)
        built = make_index(build_index, files, fields=field or (), embeddings=embeddings, overwrite=overwrite)
        print_result(built, index_text(built), as_json=as_json)
        return
    if not bench:
        raise UsageError("no benchmark is given", "add --bench FILE or --bench NAME")
    bench = benchmark_paths(bench)
    files = options.named_files(paths, engine)
    benchmarks = _benchmark_files(bench)
    removed = checked_removed_path(output, "removed", [*files, *benchmarks], (*paths, *bench), overwrite=overwrite)
    with options.stages(quiet=quiet) as shown:
        session = options.session(
            reads_files="curate decontaminate",
            engine=engine,
            address=address,
            cached=not no_cache,
            listen=shown.listen,
        )
        result = decontaminate_data(session.open_plain(files), benchmarks, fields=field or (), embeddings=embeddings)
    if output is not None:
        write_decontaminated(result, output, overwrite=overwrite)
    text = decontaminate_text(result, None if show_all else MAX_SHOWN)
    print_result(result, text, as_json=as_json, exclude_none=True)
    if not as_json:
        options.print_output_place(output, removed, len(result.removed), written=output is not None)
    options.end(result.not_understood, options.KEPT_NOTE, found=bool(result.found) and output is None)


def _benchmark_files(names: list[str]) -> list[Path]:
    """The indexes and the files of benchmarks, each once; an index is no data file."""
    indexes = [name for name in names if name.endswith(INDEX_SUFFIX)]
    files = [name for name in names if not name.endswith(INDEX_SUFFIX)]
    return [*map(Path, indexes), *(options.named_files(files) if files else ())]
