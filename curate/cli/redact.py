"""`curate redact`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import AsJson, Overwrite, Paths, Quiet, end, named_files, output_option, progress, session
from curate.commands.redact import redact as redact_data
from curate.core.errors import UsageError
from curate.redact.pseudonyms import Style
from curate.render.console import print_result
from curate.render.redact import redact_text
from curate.storage.files import display_name
from curate.storage.output_pair import checked_removed_path


def redact(
    paths: Paths,
    output: Annotated[
        Path,
        output_option(
            "Write to this file (out.jsonl), lines that cannot be redacted beside it (out.unredacted.jsonl)."
        ),
    ],
    style: Annotated[
        Style,
        typer.Option(help="Write invented values of the same form (pseudonym), or labels such as [EMAIL_1] (label)."),
    ] = Style.PSEUDONYM,
    names: Annotated[bool, typer.Option(help="Also replace names of persons behind salutations and titles.")] = True,
    entities: Annotated[
        str,
        typer.Option(
            help="Also replace names of persons and organisations that this token classification model finds.",
            metavar="MODEL",
        ),
    ] = "",
    keep_mapping: Annotated[
        Path | None,
        typer.Option(
            help="Keep values and replacements in this file, readable by you alone, and use those of earlier runs.",
            metavar="FILE",
        ),
    ] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Replace private values: e-mail addresses, numbers, keys, names of users, persons and organisations.

    The same value has the same replacement in all turns, rows and files. Lines that cannot be parsed or redacted safely
    are written to a second file. `curate verify OUT --redacted-from DATA` searches for e-mail addresses, numbers and
    keys of the originals; with `--mapping FILE`, for all that was replaced.

    Exit status: 0 if every line was written, 1 if some were not, 2 if a file cannot be read.
    """
    files = named_files(paths)
    others = (keep_mapping,)
    aside = checked_removed_path(output, "unredacted", files, paths, overwrite=overwrite, others=others)
    work = session(reads_files="curate redact").open_plain(files)
    if entities and not names:
        raise UsageError("--entities cannot be combined with --no-names", "leave one of them out")
    reading = partial(progress, "reading names", "texts", quiet=quiet)
    with progress("redacting", "lines", quiet=quiet, waits=bool(entities)) as advance:
        report = redact_data(
            work, output, aside, style=style, names=names, entities=entities, mapping=keep_mapping, overwrite=overwrite,
            reading=reading, progress=advance,
        )  # fmt: skip
    text = redact_text(
        report, display_name(output), display_name(aside), names=names,
        paths=["DATA" if path == "-" else path for path in paths], mapping=str(keep_mapping or ""),
    )  # fmt: skip
    print_result(report, text, as_json=as_json)
    end(0, "not redacted", found=report.aside > 0)
