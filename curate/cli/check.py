"""`curate check`."""

import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from curate.cli.adopt import Adopted
from curate.cli.options import Paths, Quiet, codes, end, named_files, processes, progress
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
    select: Annotated[list[str] | None, typer.Option(help="Codes or prefixes of rules to run, with commas between: D,L001.", metavar="CODES")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Codes or prefixes of rules not to run.", metavar="CODES")] = None,
    extend_select: Annotated[list[str] | None, typer.Option(help="Codes or prefixes to run besides the default or selected ones.", metavar="CODES")] = None,
    target: Annotated[Target | None, typer.Option(help=f"Trainer or service that the data is meant for: {', '.join(Target)}.", metavar="TARGET")] = None,
    model: Annotated[str | None, typer.Option(help="Model whose tokenizer and chat template the rules of family K use.")] = None,
    max_length: Annotated[int | None, typer.Option(help="Tokens of the longest example that will be trained on.")] = None,
    output_format: Annotated[OutputFormat, typer.Option(help="How findings are written.")] = OutputFormat.CONCISE,
    output_file: Annotated[Path | None, typer.Option(help="Write the findings to this file, whole or not at all.")] = None,
    group_by: Annotated[GroupBy, typer.Option(help="What `--output-format grouped` puts together.")] = GroupBy.FILE,
    statistics: Annotated[bool, typer.Option("--statistics", help="Only count the findings of each rule.")] = False,
    baseline: Annotated[Path | None, typer.Option(help="Tell only findings that this file does not have.")] = None,
    new_baseline: Annotated[Path | None, typer.Option("--write-baseline", help="Write the findings to a baseline; tell none.")] = None,
    show_all: Annotated[bool, typer.Option("--all", help=f"Show every finding, not only the first {SHOWN} of each rule.")] = False,
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Mend what can be mended without changing the meaning, then check; no line is deleted. - is mended to standard output."),
    ] = False,
    unsafe_fixes: Annotated[
        bool, typer.Option("--unsafe-fixes", help="With --fix, --fix-only or --diff: also fixes that may change the meaning or delete lines.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Let --unsafe-fixes delete lines even when much of a file goes (rule D008).")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what --fix would change, and change nothing; exit status 1 if there is something.")] = False,
    fix_only: Annotated[bool, typer.Option("--fix-only", help="Fix, and report nothing else; exit status 0.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that check a big file; as a rule, one for each core, at most 8.", metavar="N")] = None,
    quiet: Quiet = False,
) -> None:
    """Say what is wrong with a data set, and where.

    Exit status: 0 when there is nothing above info, 1 with errors or warnings or a line that holds no example, 2 when a file cannot be read.
    """
    files = named_files(paths)
    demand_apart(files, (output_file, new_baseline), named=paths)
    demand_apart([baseline] if baseline else [], (output_file,))
    named = {"select": codes(select), "ignore": codes(ignore), "extend_select": codes(extend_select)}
    project = find_config(Path.cwd())
    config = with_options(project.check, **named, target=target, model=model, max_length=max_length)
    _tell_elsewhere(config)
    if fix or unsafe_fixes or diff or fix_only:
        from curate.cli.fix import Fixing, run_fix  # what a hook that only checks need not load

        run_fix(files, config, Fixing(fix, unsafe_fixes, diff, fix_only, yes, project.dedup), quiet=quiet)
    adopted = Adopted.read(baseline, new_baseline)
    with progress("checking", "lines", quiet=quiet, waits=True) as advance:
        report = check_paths(files, config, advance, workers=workers or processes(), conflicts=project.conflicts)
    untold = report.not_understood > len({(found.file, found.line, found.example) for found in report.findings if _says_no_example(found)})
    adopted.settle(report, files)
    limit = None if show_all else SHOWN
    told = reported(report, output_format, files, limit, group_by, statistics=statistics, model=config.model)
    with redirect_stdout(sys.stderr) if fix and STDIN in files else nullcontext():  # standard output has the fixed data
        write_report(told, output_file)
    end(report.not_understood if untold else 0, "and the rules that say so were not asked", found=report.failed)


def _says_no_example(finding: Finding) -> bool:
    """Whether a finding may be about a line that holds no example: one of the families that ask for its form."""
    return finding.severity is not Severity.INFO and finding.line > 0 and finding.code[:1] in ("J", "M", "C")


def _tell_elsewhere(config: CheckConfig) -> None:
    """Say which selected rules are not asked here, and who asks them. Raises `UsageError` where that is all of them: nothing found would look clean."""
    if not (config.select or config.extend_select):
        return
    found = RuleSelection.from_config(config).elsewhere(config)
    said = [f"{prefix}: no rule that `curate check` runs; run by {who}" for prefix, who in found.items()]
    if config.select and set(config.select) <= found.keys() and set(config.extend_select) <= found.keys():
        raise UsageError("; ".join(said), "`curate rule CODE` explains one")
    for note in said:
        sys.stderr.write(f"note: {note}\n")
