"""`curate check`."""

import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from curate.cli.adopt import Adopted
from curate.cli.options import ChatTemplate, Paths, Quiet, codes, end, named_files, processes, progress, told_decisions
from curate.core.config import CheckConfig, find_config, with_options
from curate.core.errors import UsageError
from curate.core.files import STDIN
from curate.core.finding import Finding, Severity
from curate.core.paths import demand_apart
from curate.core.targets import Target
from curate.lint.rules.rule_selection import RuleSelection
from curate.lint.runner import check_paths
from curate.report.check_formats import OutputFormat, reported, write_report
from curate.report.check_text import SHOWN, GroupBy


def check(
    paths: Paths,
    select: Annotated[
        list[str] | None,
        typer.Option(help="Run only these rules: codes or prefixes, separated by commas (D,L001).", metavar="CODES"),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(help="Skip these rules: codes or prefixes, separated by commas.", metavar="CODES"),
    ] = None,
    extend_select: Annotated[
        list[str] | None,
        typer.Option(help="Run these rules in addition to the default or selected ones.", metavar="CODES"),
    ] = None,
    target: Annotated[
        Target | None,
        typer.Option(help=f"Apply the limits of this trainer or service: {', '.join(Target)}.", metavar="TARGET"),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Use this model's tokenizer and chat template for the K rules.")
    ] = None,
    chat_template: ChatTemplate = None,
    max_length: Annotated[
        int | None, typer.Option(help="Report examples longer than this many tokens (K rules).")
    ] = None,
    output_format: Annotated[OutputFormat, typer.Option(help="Write findings in this format.")] = OutputFormat.CONCISE,
    output_file: Annotated[
        Path | None, typer.Option(help="Write the report to this file instead of standard output.")
    ] = None,
    group_by: Annotated[
        GroupBy, typer.Option(help="Group the findings of `--output-format grouped` by file or by rule.")
    ] = GroupBy.FILE,
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Report only the number of findings of each rule.")
    ] = False,
    baseline: Annotated[Path | None, typer.Option(help="Report only findings that are not in this baseline.")] = None,
    new_baseline: Annotated[
        Path | None, typer.Option("--write-baseline", help="Write a baseline and report nothing.")
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help=f"Show every finding, not only the first {SHOWN} of each rule.")
    ] = False,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="Apply safe fixes, then check. No line is deleted. Standard input is fixed to standard output.",
        ),
    ] = False,
    unsafe_fixes: Annotated[
        bool,
        typer.Option(
            "--unsafe-fixes",
            help="Also apply fixes that may change the meaning or delete lines; with --fix, --fix-only or --diff.",
        ),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            "-y",
            help="Let --unsafe-fixes delete lines even if that removes a large share of a file (rule D008).",
        ),
    ] = False,
    diff: Annotated[
        bool,
        typer.Option(
            "--diff", help="Show what --fix would change without writing it; exit with status 1 if there is a change."
        ),
    ] = False,
    fix_only: Annotated[
        bool, typer.Option("--fix-only", help="Apply fixes, report no findings and exit with status 0.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Check a large file with N processes; if omitted, one per core, at most 8.", metavar="N"
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Check a data set and report each problem with its place.

    Exit status: 0 without errors and warnings, 1 with errors, warnings or lines that hold no example, 2 if a file
    cannot be read.
    """
    files = named_files(paths)
    demand_apart(files, (output_file, new_baseline), named=paths)
    demand_apart([baseline] if baseline else [], (output_file,))
    named = {"select": codes(select), "ignore": codes(ignore), "extend_select": codes(extend_select)}
    project = find_config(Path.cwd())
    named_model = {"model": model, "chat_template": chat_template, "max_length": max_length}
    config = with_options(project.check, **named, **named_model, target=target)
    _tell_elsewhere(config)
    if fix or unsafe_fixes or diff or fix_only:
        from curate.cli.fix import Fixing, run_fix  # not imported by a hook that only checks

        run_fix(files, config, Fixing(fix, unsafe_fixes, diff, fix_only, yes, project.dedup), quiet=quiet)
    told_decisions(files, ignore=True, why="curate check reads the files as they are")
    adopted = Adopted.read(baseline, new_baseline)
    with progress("checking", "lines", quiet=quiet, waits=True) as advance:
        report = check_paths(files, config, advance, workers=workers or processes(), conflicts=project.conflicts)
    untold = report.not_understood > len(
        {(found.file, found.line, found.example) for found in report.findings if _says_no_example(found)}
    )
    adopted.settle(report, files)
    limit = None if show_all else SHOWN
    told = reported(report, output_format, files, limit, group_by, statistics=statistics, model=config.model)
    with redirect_stdout(sys.stderr) if fix and STDIN in files else nullcontext():  # standard output has the fixed data
        write_report(told, output_file)
    end(report.not_understood if untold else 0, "the rules that report them were not selected", found=report.failed)


def _says_no_example(finding: Finding) -> bool:
    """Whether a finding may be about a line without an example: it is of a family that checks the form."""
    return finding.severity is not Severity.INFO and finding.line > 0 and finding.code[:1] in ("J", "M", "C")


def _tell_elsewhere(config: CheckConfig) -> None:
    """Report the selected rules that other commands run. Raises `UsageError` if no rule is left to run here.

    Without the error, a check of no rules would look clean.
    """
    if not (config.select or config.extend_select):
        return
    found = RuleSelection.from_config(config).elsewhere(config)
    said = [f"{prefix}: not run by `curate check`; run by {who}" for prefix, who in found.items()]
    if config.select and set(config.select) <= found.keys() and set(config.extend_select) <= found.keys():
        raise UsageError("; ".join(said), "`curate rule CODE` explains one")
    for note in said:
        sys.stderr.write(f"note: {note}\n")
