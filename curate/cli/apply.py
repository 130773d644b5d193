"""`curate apply`."""

from pathlib import Path
from typing import Annotated

from curate.cli.options import (
    AsJson,
    Overwrite,
    Paths,
    Quiet,
    end,
    named_files,
    output_option,
    print_notes,
    progress,
    session,
)
from curate.commands.apply import apply as apply_data
from curate.render.console import print_result
from curate.render.convert import apply_text
from curate.storage.files import display_name
from curate.storage.output_pair import checked_removed_path
from curate.storage.paths import from_here


def apply(
    paths: Paths,
    output: Annotated[
        Path,
        output_option(
            "Write the cleaned lines to this file (clean.jsonl), dropped ones beside it (clean.removed.jsonl)."
        ),
    ],
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Apply the decisions of the review: write the files with edits, without dropped lines.

    Nothing else is removed: `curate dedup` removes duplicates, `curate split` lines with errors, and both apply the
    decisions, too. The journal is .curate/decisions.jsonl in the folder of the data or above it, else in the working
    folder.

    Exit status: 0, 1 if a line that is kept holds no example, 2 if a file cannot be read or written.
    """
    files = named_files(paths)
    removed = checked_removed_path(output, "removed", files, paths, overwrite=overwrite)
    work = session().open_plain(files)
    if not work.decisions:
        journal = display_name(from_here(work.project.decisions))
        print_notes([f"no decisions in {journal}; `curate review PATH` makes them"])
    with progress("applying", "lines", quiet=quiet) as advance:
        result = apply_data(work, output, overwrite=overwrite, progress=advance)
    print_result(result, apply_text(result, str(output), str(removed)), as_json=as_json)
    end(result.not_understood, "kept")
