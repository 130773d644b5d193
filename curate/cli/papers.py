"""`curate papers`."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import AsJson, Quiet, output_option, session, stages
from curate.commands.papers import papers as papers_of
from curate.core.errors import ExitCode
from curate.render.console import print_result
from curate.render.papers import papers_text


def papers(
    folder: Annotated[
        Path,
        typer.Argument(help="Folder that `curate split` or `curate run` wrote.", metavar="DIR", show_default=False),
    ],
    output: Annotated[Path, output_option("Write the papers to this new or empty folder.", "DIR")] = Path("papers"),
    key: Annotated[
        Path | None,
        typer.Option("--sign", help="Sign the statement with this key of SSH, by ssh-keygen.", metavar="KEY"),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the forms and the proof that go with a data set, from its manifest.

    README.md is a card of the Hugging Face Hub, croissant.json metadata in Croissant 1.1, eu-training-summary.md a
    draft of the summary of Article 53(1)(d) of the AI Act, california-ab-2013.md one of AB 2013, bom.cdx.json a bill of
    materials (CycloneDX), statement.json what `curate verify` proved, which others check with `curate verify DIR
    --statement`. What is not known is a marked blank. `[card]` and `[card.sources]` of curate.toml fill it.

    Exit status: 0 on success, 1 if the split fails a check, 2 if there is no manifest or a file cannot be written.
    """
    with stages(quiet=quiet) as shown:
        result = papers_of(folder, output, session(listen=shown.listen), key=key)
    print_result(result, papers_text(result), as_json=as_json)
    raise typer.Exit(ExitCode.CLEAN if result.holds else ExitCode.FINDINGS)
