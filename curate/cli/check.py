"""`curate check`."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from curate.cli import options
from curate.cli.baseline_options import BaselineOptions
from curate.cli.section_options import takes_options
from curate.commands.check import check as check_data
from curate.commands.check import require_model
from curate.core.cluster import Engine
from curate.core.config import CheckConfig
from curate.core.config_files import config_file, shown_path
from curate.core.data_path import DataPath
from curate.core.errors import UsageError
from curate.core.files import STDIN, display_name
from curate.core.finding import Finding, Severity
from curate.core.paths import require_distinct_paths
from curate.core.text import visible
from curate.core.verb_options import NOTHING_GIVEN, Given
from curate.lint.rules.rule_selection import RuleSelection
from curate.render.check_formats import FORMAT_HELP, OutputFormat, formatted_report, write_report
from curate.render.check_text import MAX_SHOWN, GroupBy
from curate.render.console import print_json


@takes_options
def check(
    paths: options.Paths,
    given: Given = NOTHING_GIVEN,
    output_format: Annotated[OutputFormat, typer.Option(help=FORMAT_HELP, metavar="FORMAT")] = OutputFormat.CONCISE,
    output_file: Annotated[
        Path | None, typer.Option(help="Write the report to this file instead of standard output.")
    ] = None,
    group_by: Annotated[
        GroupBy | None,
        typer.Option(help="Group the findings of `--output-format grouped` by file or by rule; if omitted, by file."),
    ] = None,
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Report only the number of findings of each rule.")
    ] = False,
    baseline: Annotated[Path | None, typer.Option(help="Report only findings that are not in this baseline.")] = None,
    new_baseline: Annotated[
        Path | None, typer.Option("--write-baseline", help="Write a baseline and report nothing.")
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help=f"Show every finding, not only the first {MAX_SHOWN} of each rule.")
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
            help="Let --unsafe-fixes delete lines even if that removes a large share of a file (rule D008). "
            f"{options.AGREE_HELP}.",
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
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit with status 0 even with findings.")] = False,
    exit_non_zero_on_fix: Annotated[
        bool, typer.Option("--exit-non-zero-on-fix", help="Exit with status 1 if a fix was applied.")
    ] = False,
    new_suppressions: Annotated[
        bool,
        typer.Option("--add-suppressions", help="Suppress all errors and warnings about examples; requires --reason."),
    ] = False,
    reason: Annotated[str, typer.Option(help="Record this reason for --add-suppressions.")] = "",
    show_files: Annotated[bool, typer.Option("--show-files", help="List the files that would be read.")] = False,
    show_settings: Annotated[
        bool, typer.Option("--show-settings", help="Print the settings in effect as JSON.")
    ] = False,
    stdin_filename: Annotated[
        str | None, typer.Option(help="Name standard input like this in findings.", metavar="NAME")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Check a large file with N processes; if omitted, one per core, at most 8.", metavar="N"
        ),
    ] = None,
    engine: options.RunOn = Engine.LOCAL,
    address: options.Address = None,
    watching: Annotated[
        bool, typer.Option("--watch", help="Check again whenever a file changes, until Ctrl-C.")
    ] = False,
    quiet: options.Quiet = False,
) -> None:
    """Check a data set and report each problem with its place.

    Exit status: 0 without errors and warnings, 1 with errors, warnings or lines that hold no example, 2 if a file
    cannot be read.
    """
    passed = dict(locals())
    if watching:
        from curate.cli.watch import watch  # not imported by a hook that only checks

        if fix or unsafe_fixes or diff or fix_only or new_baseline or new_suppressions:
            raise UsageError("--watch only reports", "leave out options that fix, compare or write a baseline")
        watch(paths, baseline, partial(check, **{**passed, "watching": False}))
    if group_by is not None and (statistics or output_format is not OutputFormat.GROUPED):
        raise UsageError(
            "--group-by has no effect without --output-format grouped", "add that option, or leave --group-by out"
        )
    _require_report(output_file, passed)
    files = options.named_files(paths)
    require_distinct_paths(files, (output_file, new_baseline), named=paths)
    require_distinct_paths([baseline] if baseline else [], (output_file,))
    if new_suppressions and not reason.strip():
        raise UsageError("--add-suppressions requires --reason", "say why the findings are accepted")
    if reason.strip() and not new_suppressions:
        raise UsageError("--reason has no effect without --add-suppressions", "add that option, or leave --reason out")
    if new_suppressions and new_baseline:
        raise UsageError("--add-suppressions cannot be combined with --write-baseline", "leave one of them out")
    session = options.session(yes=yes, reads_files="curate check", engine=engine, address=address)
    if workers is not None:
        session = replace(session, workers=workers)
    # with unsafe fixes, also the limits of what may be deleted
    work = session.open(files, given, **({"dedup": {}} if unsafe_fixes else {}))
    require_model(work)
    config = work.config.check
    if show_files or show_settings:
        path = config_file(work.project.folder, session.configuration)
        _show(files if show_files else (), path, config if show_settings else None)
        return
    _print_rules_elsewhere(config)
    files = _with_stdin_name(stdin_filename, files)
    work = replace(work, files=files)
    fixed = False
    if fix or unsafe_fixes or diff or fix_only:
        from curate.cli.fix import Fixing, run_fix  # not imported by a hook that only checks

        asked = Fixing(fix, unsafe_fixes, diff, fix_only, yes, exit_non_zero_on_fix, work.config.dedup)
        fixed = run_fix(files, work.rules, asked, quiet=quiet) and exit_non_zero_on_fix
    baseline_options = BaselineOptions.read(work.project.folder, baseline, new_baseline, reason.strip())
    with options.progress("checking", "lines", quiet=quiet, waits=True) as advance:
        report = check_data(work, advance)
    untold = report.not_understood > _lines_reported(report.findings)
    baseline_options.apply(report, files)
    options.print_notes(report.limits)
    limit = None if show_all else MAX_SHOWN
    by = group_by or GroupBy.FILE
    report_text = formatted_report(report, output_format, files, limit, by, statistics=statistics, model=config.model)
    data_there = fix and STDIN in files  # standard output has the fixed data
    with redirect_stdout(sys.stderr) if data_there else nullcontext():
        write_report(report_text, output_file, files)
    options.end(
        report.not_understood if untold else 0,
        "the rules that report them were not selected",
        found=report.failed or fixed,
        always=exit_zero,
    )


def _require_report(output: Path | None, given: Mapping[str, object]) -> None:
    """Raise `UsageError` for a report file or a baseline that another option leaves without use."""
    if given["baseline"] and given["new_baseline"]:
        raise UsageError(
            "--write-baseline cannot be combined with --baseline", "leave out --baseline: all findings are written"
        )
    if (given["diff"] or given["fix_only"]) and (given["new_baseline"] or given["new_suppressions"]):
        raise UsageError("--diff and --fix-only record no findings", "leave one of the options out")
    silent = {"diff": "--diff", "fix_only": "--fix-only", "new_baseline": "--write-baseline",
              "new_suppressions": "--add-suppressions", "show_files": "--show-files",
              "show_settings": "--show-settings"}  # fmt: skip
    if output is not None and (name := next((name for name in silent if given[name]), None)):
        raise UsageError(f"--output-file: {silent[name]} writes no report", "leave one of them out")


def _with_stdin_name(name: str | None, files: Sequence[Path]) -> list[Path]:
    """The files, standard input with its name. Raises `UsageError` if it is not read, for no name, and if another file
    has it.
    """
    if name is not None and STDIN not in files:
        raise UsageError("--stdin-filename has no effect without standard input", "pass - as the path")
    if name is not None and not Path(name).name:
        raise UsageError("--stdin-filename: is not the name of a file", "name it as an editor does, e.g. data.jsonl")
    if name is not None and any(display_name(Path(name)) == display_name(file) for file in files):
        raise UsageError(f"{name}: is also a file that is read", "pass the file or standard input, not both")
    return [DataPath.of(STDIN, str(Path(name))) if name is not None and file == STDIN else file for file in files]


def _show(files: Sequence[Path], path: Path | None, config: CheckConfig | None) -> None:
    """Print what a check would read, and the settings in effect with the file that they come from."""
    for file in files:
        sys.stdout.write(f"{visible(display_name(file))}\n")
    if config is not None:
        shown = path and display_name(shown_path(path))
        print_json({"configuration": shown, "check": config.model_dump(mode="json")}, indent=2)


NOT_READ: Final = ("J001", "J002", "J010", "J012")
"""Rules of which one reports a line, or an element of an array, that is no object."""


def _lines_reported(findings: Sequence[Finding]) -> int:
    """The number of lines that findings may report to be without an example.

    Elements of an array may share a line, and each has one finding of a rule for what is no example.
    """
    counts: dict[tuple[str, int, str | None], Counter[str]] = {}
    for found in findings:
        if _says_no_example(found):
            counts.setdefault((found.file, found.line, found.example), Counter())[found.code] += 1
    return sum(max(1, sum(codes[code] for code in NOT_READ), codes["M001"]) for codes in counts.values())


def _says_no_example(finding: Finding) -> bool:
    """Whether a finding may be about a line without an example: it is of a family that checks the form."""
    return finding.severity is not Severity.INFO and finding.line > 0 and finding.code[:1] in ("J", "M", "C")


def _print_rules_elsewhere(config: CheckConfig) -> None:
    """Report the selected rules that other commands run. Raises `UsageError` if no rule is left to run here.

    Without the error, a check of no rules would look clean.
    """
    if not (config.select or config.extend_select):
        return
    found = RuleSelection.from_config(config).elsewhere(config)
    notes = [f"{prefix}: not run by `curate check`; run by {who}" for prefix, who in found.items()]
    if config.select and set(config.select) <= found.keys() and set(config.extend_select) <= found.keys():
        raise UsageError("; ".join(notes), "`curate rule CODE` explains one")
    for note in notes:
        sys.stderr.write(f"note: {note}\n")
