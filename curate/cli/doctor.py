"""`curate doctor`."""

from pathlib import Path

import typer

from curate.cli.options import AsJson
from curate.commands.doctor import examine
from curate.core.errors import ExitCode
from curate.render.console import print_result
from curate.render.doctor import doctor_text


def doctor(*, as_json: AsJson = False) -> None:
    """Show versions, packages, models, the GPU and folders, and the commands that install what is missing.

    Downloads and changes nothing.

    Exit status: 0, 1 if a required package is missing or too old; extras may be missing.
    """
    result = examine(Path.cwd())
    print_result(result, doctor_text(result), as_json=as_json, indent=2)
    raise typer.Exit(ExitCode.CLEAN if result.ok else ExitCode.FINDINGS)
