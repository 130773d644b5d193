"""`curate.check`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from curate.api.frames import Paths, files_of, findings_frame, framed
from curate.check import CheckReport, check_paths
from curate.config import chosen, find_config
from curate.files import display_name
from curate.finding import Severity
from curate.report.notebook import Titled, notebook_html
from curate.suppressions import load_suppressions, suppress
from curate.text import plural


@dataclass(frozen=True)
class Checked:
    """What a check found."""

    report: CheckReport
    """Findings as objects, and how much was read."""

    @property
    def ok(self) -> bool:
        """Whether there is no error and no warning."""
        return not self.report.failed

    @cached_property
    def findings(self) -> pl.DataFrame:
        """One line a finding: file, line, code, severity, message, pointer, hint, fixable, example."""
        return findings_frame(self.report.findings)

    @cached_property
    def counts(self) -> pl.DataFrame:
        """One line a rule that fired: code, name, severity, findings; the worst and most frequent first."""
        rules = self.report.rules
        worst = {found.code: found.severity for found in sorted(self.report.findings, key=lambda found: -found.severity.rank)}
        order = sorted(self.report.codes.items(), key=lambda item: (worst[item[0]].rank, -item[1], item[0]))
        columns = {"code": pl.String, "name": pl.String, "severity": pl.String, "findings": pl.Int64}
        return framed(((code, rules[code].name if code in rules else "", worst[code].value, count) for code, count in order), columns)

    def __repr__(self) -> str:
        found = ", ".join(plural(self.report.severities[severity], severity.value) for severity in Severity)
        return f"<Checked: {plural(self.report.examples, 'example')} in {plural(self.report.lines, 'line')}; {found}>"

    def _repr_html_(self) -> str:
        facts: list[tuple[str, object]] = [("lines", self.report.lines), ("examples", self.report.examples)]
        facts += [(severity.value if severity is Severity.INFO else f"{severity.value}s", self.report.severities[severity]) for severity in Severity]
        told = self.findings.select("file", "line", "code", "severity", "message")
        return notebook_html("Check", facts, [Titled("Rules", self.counts), Titled("Findings", told)])


def check(
    paths: Paths,
    *,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    extend_select: Sequence[str] | None = None,
    target: str | None = None,
    model: str | None = None,
    max_length: int | None = None,
    workers: int = 1,
) -> Checked:
    """Say what is wrong with a data set, and where: as `curate check`, options laid over the working folder's configuration.

    Findings that a person suppressed are not told. Raises `InputError` for a file that cannot be read, `ConfigError`, `UsageError`.
    """
    files = files_of(paths)
    whole = find_config(Path.cwd())
    config = chosen(whole.check, select=select, ignore=ignore, extend_select=extend_select, target=target, model=model, max_length=max_length)
    report = check_paths(files, config, workers=workers, conflicts=whole.conflicts)
    suppress(report, load_suppressions(Path.cwd()), list(map(display_name, files)))
    return Checked(report)
