"""`curate check`."""

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import typer

from curate.cli import options
from curate.cli.check_options import CheckOptions
from curate.cli.options import takes_options
from curate.commands.check import check as check_data
from curate.commands.check import require_model
from curate.commands.session import Workspace
from curate.commands.track import check_record, require_tracker, track, used_tables
from curate.core.config import SUPPRESSIONS, CheckConfig
from curate.core.errors import ExitCode, UsageError
from curate.core.finding import Finding, Severity
from curate.core.text import plural, visible
from curate.lint.rules.rule_selection import RuleSelection
from curate.lint.runner import CheckResult
from curate.project.config_files import config_file, shown_path
from curate.render.check_formats import OutputFormat, formatted_report, write_report
from curate.render.check_text import MAX_SHOWN, GroupBy
from curate.render.console import console, print_json
from curate.storage.data_path import DataPath
from curate.storage.files import STDIN, display_name
from curate.storage.paths import require_distinct_paths
from curate.storage.snapshot import rights_of

if TYPE_CHECKING:
    from curate.lint.suppressions import Baseline


@dataclass(frozen=True, slots=True)
class BaselineOptions:
    """The baseline of a project, and the files to write after the check."""

    folder: Path
    """The project's folder."""
    baseline: "Baseline | None"
    path: Path | None
    """The baseline that was read."""
    new: Path | None
    """The baseline to write."""
    reason: str
    """The reason to suppress all findings for; empty: none is suppressed."""

    @classmethod
    def read(cls, folder: Path, baseline: Path | None, new: Path | None, reason: str = "") -> Self:
        """Read the baseline, before the check. Raises `UsageError`, `ConfigError`."""
        loaded = None
        if baseline is not None:
            from curate.lint.suppressions import load_baseline

            loaded = load_baseline(baseline)
        return cls(folder, loaded, baseline, new, reason)

    def apply(self, report: CheckResult, files: Sequence[Path]) -> None:
        """Remove findings of the baseline from a report, or write a new baseline or suppressions, which ends the
        command.

        `files`: the checked files. Raises `OutputError`, and `typer.Exit` where it ends the command.
        """
        if self.new is not None:
            from curate.lint.suppressions import write_baseline

            count = write_baseline(self.new, report, mode=rights_of(files))
            console(stderr=True).print(
                f"{plural(count, 'finding')} written to {visible(str(self.new))}; --baseline reports only new ones"
            )
            raise typer.Exit(ExitCode.CLEAN)
        if self.baseline is not None and self.path is not None:
            from curate.lint.suppressions import subtract_baseline

            subtract_baseline(report, self.baseline, self.path, {display_name(path) for path in files})
        if self.reason:
            self._suppress(report)

    def _suppress(self, report: CheckResult) -> None:
        """Suppress all findings about examples, and name how many are left."""
        from curate.lint.suppressions import add_suppressions, load_suppressions

        failing = [finding for finding in report.findings if finding.severity is not Severity.INFO]
        written = add_suppressions(load_suppressions(self.folder), failing, self.reason)
        remaining = sum(finding.example is None for finding in failing)
        text = f"{plural(len(written), 'suppression')} added to {SUPPRESSIONS}"
        if remaining:
            text += (
                f"; {plural(remaining, 'finding')} about no example cannot be suppressed: fix them, or use --baseline"
            )
        console(stderr=True).print(text)
        raise typer.Exit(ExitCode.FINDINGS if remaining else ExitCode.CLEAN)


@takes_options
def check(args: CheckOptions) -> None:
    """Check a data set and report each problem with its place.

    Exit status: 0 without errors and warnings, 1 with errors, warnings or lines that hold no example, 2 if a file
    cannot be read.
    """
    if args.watching:
        from curate.cli.watch import watch  # not imported by a hook that only checks

        if args.fixes or args.new_baseline or args.new_suppressions:
            raise UsageError("--watch only reports", "leave out options that fix, compare or write a baseline")
        watch(args.paths, args.baseline, partial(_check, args))
    _check(args)


def _check(args: CheckOptions) -> None:
    """Check once, and end the command."""
    _require_combination(args)
    work = _open(args)
    config = work.config.check
    if args.show_files or args.show_settings:
        _show(args, work)
        return
    _print_rules_elsewhere(config)
    work = replace(work, files=_with_stdin_name(args.stdin_filename, work.files))
    fixed = False
    if args.fixes:
        from curate.cli.fix import run_fix  # not imported by a hook that only checks

        fixed = run_fix(args, work)
    recorded = BaselineOptions.read(work.project.folder, args.baseline, args.new_baseline, args.reason.strip())
    with options.progress("checking", "lines", quiet=args.quiet, waits=True) as advance:
        report = check_data(work, advance)
    unreported = not args.where and report.not_understood > _lines_reported(report.findings)
    recorded.apply(report, work.files)
    options.print_notes(report.limits)
    _write(args, work, report)
    track(work.config.track, lambda: check_record(report, work.files))
    options.end(
        report.not_understood if unreported else 0,
        "the rules that report them were not selected",
        found=report.failed or (fixed and args.exit_non_zero_on_fix),
        always=args.exit_zero,
    )


NO_REPORT: Final = ("diff", "fix_only", "new_baseline", "new_suppressions", "show_files", "show_settings")
"""Options with which no report is written."""


def _require_combination(args: CheckOptions) -> None:
    """Raise `UsageError` for options that another one leaves without use."""
    if args.group_by is not None and (args.statistics or args.output_format is not OutputFormat.GROUPED):
        raise UsageError(
            "--group-by has no effect without --output-format grouped", "add that option, or leave --group-by out"
        )
    if args.where and (args.fixes or args.new_baseline or args.new_suppressions):
        raise UsageError("--where only reports", "leave out options that fix, or that record findings")
    if args.new_suppressions and not args.reason.strip():
        raise UsageError("--add-suppressions requires --reason", "say why the findings are accepted")
    options.check_combination(
        needs={"reason": "new_suppressions", "unsafe_fixes": ("fix", "fix_only", "diff")},
        apart=[
            ("diff", "fix", "fix_only", "new_baseline", "new_suppressions"),
            ("fix_only", "new_baseline", "new_suppressions"),
            ("new_baseline", "baseline", "new_suppressions"),
            ("output_file", *NO_REPORT),
            ("as_json", "output_format", *NO_REPORT),
        ],
    )


def _open(args: CheckOptions) -> Workspace:
    """The data and its project; with unsafe fixes, also the limits of what may be deleted. Raises `UsageError`."""
    files = options.named_files(args.paths, args.engine)
    require_distinct_paths(files, (args.output_file, args.new_baseline), named=args.paths)
    require_distinct_paths([args.baseline] if args.baseline else [], (args.output_file,))
    used: dict[str, dict[str, object]] = {"dedup": {}} if args.unsafe_fixes else {}
    work = args.session().open(files, args.given, **used, **used_tables())
    require_model(work)
    require_tracker(work.config.track)
    return work


def _write(args: CheckOptions, work: Workspace, report: CheckResult) -> None:
    """Write the report; to standard error if standard output has the fixed data."""
    limit = None if args.show_all else MAX_SHOWN
    text = formatted_report(
        report, args.written_format, work.files, limit, args.group_by or GroupBy.FILE,
        statistics=args.statistics, model=work.config.check.model,
    )  # fmt: skip
    with redirect_stdout(sys.stderr) if args.fix and STDIN in work.files else nullcontext():
        write_report(text, args.output_file, work.files)


def _with_stdin_name(name: str | None, files: Sequence[Path]) -> list[Path]:
    """The files, with `name` for standard input; None: no name is given. Raises `UsageError` if standard input is not
    read, if `name` ends without a file name, and if another file has it.
    """
    if name is not None and STDIN not in files:
        raise UsageError("--stdin-filename has no effect without standard input", "pass - as the path")
    if name is not None and not Path(name).name:
        raise UsageError("--stdin-filename: is not the name of a file", "name it as an editor does, e.g. data.jsonl")
    if name is not None and any(display_name(Path(name)) == display_name(file) for file in files):
        raise UsageError(f"{name}: is also a file that is read", "pass the file or standard input, not both")
    return [DataPath.of(STDIN, str(Path(name))) if name is not None and file == STDIN else file for file in files]


def _show(args: CheckOptions, work: Workspace) -> None:
    """Print the files that a check would read, or the settings in effect with the file that they come from."""
    for file in work.files if args.show_files else ():
        sys.stdout.write(f"{visible(display_name(file))}\n")
    if args.show_settings:
        path = config_file(work.project.folder, work.session.configuration)
        shown = path and display_name(shown_path(path))
        print_json({"configuration": shown, "check": work.config.check.model_dump(mode="json")}, indent=2)


NOT_READ: Final = ("J001", "J002", "J010", "J012")
"""Rules of which one reports a line, or an element of an array, that is no object."""


def _lines_reported(findings: Sequence[Finding]) -> int:
    """The number of lines that findings may report to be without an example.

    Elements of an array may share a line, and each has one finding of a rule for what is no example.
    """
    counts: dict[tuple[str, int, str | None], Counter[str]] = {}
    for finding in findings:
        if _says_no_example(finding):
            counts.setdefault((finding.file, finding.line, finding.example), Counter())[finding.code] += 1
    return sum(max(1, sum(codes[code] for code in NOT_READ), codes["M001"]) for codes in counts.values())


def _says_no_example(finding: Finding) -> bool:
    """Whether a finding may be about a line without an example: it is of a family that checks the form."""
    return finding.severity is not Severity.INFO and finding.line > 0 and finding.code[:1] in ("J", "M", "C")


def _print_rules_elsewhere(config: CheckConfig) -> None:
    """Print which selected rules are run by other commands. Raises `UsageError` if no other rule is selected: a check
    of no rules would look clean.
    """
    if not (config.select or config.extend_select):
        return
    commands = RuleSelection.from_config(config).elsewhere(config)
    notes = [f"{prefix}: not run by `curate check`; run by {command}" for prefix, command in commands.items()]
    if config.select and set(config.select) <= commands.keys() and set(config.extend_select) <= commands.keys():
        raise UsageError("; ".join(notes), "`curate rule CODE` explains one")
    for note in notes:
        sys.stderr.write(f"note: {note}\n")
