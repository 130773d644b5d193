"""`curate doctor`."""

from collections.abc import Iterator
from pathlib import Path

import typer

from curate.cli.options import AsJson
from curate.commands.doctor import DoctorResult, ExtraState, examine
from curate.conflicts.default_models import JUDGING, READING, SEMANTIC
from curate.core.errors import ExitCode
from curate.core.text import visible
from curate.render.console import print_result


def doctor(*, as_json: AsJson = False) -> None:
    """Show versions, packages, models, the GPU and folders, and the commands that install what is missing.

    Downloads and changes nothing.

    Exit status: 0, 1 if a required package is missing or too old; extras may be missing.
    """
    result = examine(Path.cwd())
    print_result(result, doctor_text(result), as_json=as_json, indent=2)
    raise typer.Exit(ExitCode.CLEAN if result.ok else ExitCode.FINDINGS)


def doctor_text(result: DoctorResult) -> Iterator[str]:
    """The lines of the report, safe to print."""
    yield f"curate {result.curate}, Python {result.python}, {result.system}"
    yield _row("GPU", visible(result.gpu))
    yield ""
    for extra in result.extras:
        yield from _extra(extra)
    yield ""
    yield _row("embedding model", result.embeddings or f"none; {SEMANTIC}")
    yield _row("NLI model", result.nli or f"none on this machine; {JUDGING}")
    yield _row("answer reader", result.reader or f"none; {READING}")
    yield ""
    for folder in result.folders:
        yield _row(folder.purpose, f"{visible(folder.path)}  {folder.bytes / 1e6:,.1f} MB")
    yield _row("configuration", visible(result.configuration or "none in this folder: the defaults apply"))


def _row(name: str, value: str) -> str:
    return f"{name:<20}  {value}"


def _extra(extra: ExtraState) -> Iterator[str]:
    """The lines of an extra: ok, or which packages are missing or too old and how to install them."""
    name = f"extra {extra.name}" if extra.name else "required packages"
    if extra.ok:
        yield _row(name, "ok")
        return
    wrong = [
        f"{package.name} is {package.installed}, needs {package.needed}"
        if package.installed
        else f"{package.name} is missing"
        for package in extra.packages
        if not package.ok
    ]
    yield visible(_row(name, "; ".join(wrong)))
    yield visible(_row("", extra.install))
