"""The options of `curate check`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from curate.cli import options
from curate.core.verb_options import Given
from curate.parallel.cluster import Engine
from curate.render.check_formats import FORMAT_HELP, OutputFormat
from curate.render.check_text import MAX_SHOWN, GroupBy


@dataclass(frozen=True)
class CheckOptions(options.CommonOptions):
    """The options of `curate check`, in the order of its help."""

    reads_files = "curate check"
    paths: options.Paths
    where: options.Where = ""
    given: Given = field(default_factory=dict)
    output_format: Annotated[OutputFormat, typer.Option(help=FORMAT_HELP, metavar="FORMAT")] = OutputFormat.CONCISE
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, as --output-format json does.")] = False
    output_file: Annotated[
        Path | None, typer.Option(help="Write the report to this file instead of standard output.")
    ] = None
    group_by: Annotated[
        GroupBy | None,
        typer.Option(help="Group the findings of `--output-format grouped` by file or by rule; if omitted, by file."),
    ] = None
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Report only the number of findings of each rule.")
    ] = False
    baseline: Annotated[Path | None, typer.Option(help="Report only findings that are not in this baseline.")] = None
    new_baseline: Annotated[
        Path | None, typer.Option("--write-baseline", help="Write a baseline and report nothing.")
    ] = None
    show_all: Annotated[
        bool, typer.Option("--all", help=f"Show every finding, not only the first {MAX_SHOWN} of each rule.")
    ] = False
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="Apply safe fixes, then check. No line is deleted. Standard input is fixed to standard output.",
        ),
    ] = False
    unsafe_fixes: Annotated[
        bool,
        typer.Option(
            "--unsafe-fixes",
            help="Also apply fixes that may change the meaning or delete lines; with --fix, --fix-only or --diff.",
        ),
    ] = False
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            "-y",
            help="Let --unsafe-fixes delete lines even if that removes a large share of a file (rule D008). "
            f"{options.AGREE_HELP}.",
        ),
    ] = False
    diff: Annotated[
        bool,
        typer.Option(
            "--diff", help="Show what --fix would change without writing it; exit with status 1 if there is a change."
        ),
    ] = False
    fix_only: Annotated[
        bool, typer.Option("--fix-only", help="Apply fixes, report no findings and exit with status 0.")
    ] = False
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit with status 0 even with findings.")] = False
    exit_non_zero_on_fix: Annotated[
        bool, typer.Option("--exit-non-zero-on-fix", help="Exit with status 1 if a fix was applied.")
    ] = False
    new_suppressions: Annotated[
        bool,
        typer.Option("--add-suppressions", help="Suppress all errors and warnings about examples; requires --reason."),
    ] = False
    reason: Annotated[str, typer.Option(help="Record this reason for --add-suppressions.")] = ""
    show_files: Annotated[bool, typer.Option("--show-files", help="List the files that would be read.")] = False
    show_settings: Annotated[bool, typer.Option("--show-settings", help="Print the settings in effect as JSON.")] = (
        False
    )
    stdin_filename: Annotated[
        str | None, typer.Option(help="Name standard input like this in findings.", metavar="NAME")
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Check a large file with N processes; if omitted, one per core, at most 8.", metavar="N"
        ),
    ] = None
    no_cache: options.NoCache = False
    engine: options.RunOn = Engine.LOCAL
    address: options.Address = None
    watching: Annotated[bool, typer.Option("--watch", help="Check again whenever a file changes, until Ctrl-C.")] = (
        False
    )
    quiet: options.Quiet = False

    @property
    def written_format(self) -> OutputFormat:
        """The format of the report."""
        return OutputFormat.JSON if self.as_json else self.output_format

    @property
    def fixes(self) -> bool:
        """Whether something is fixed, or shown as it would be."""
        return self.fix or self.unsafe_fixes or self.diff or self.fix_only
