"""Suppressions, --baseline and --write-baseline of `curate check`, imported only if a project uses them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import typer

from curate.core.config import SUPPRESSIONS
from curate.core.errors import ExitCode
from curate.core.files import display_name
from curate.core.finding import Severity
from curate.core.snapshot import rights_of
from curate.core.text import plural, visible
from curate.lint.runner import CheckResult
from curate.report.console import console

if TYPE_CHECKING:
    from curate.lint.baseline import Baseline
    from curate.lint.suppressions import Suppressions


@dataclass(frozen=True, slots=True)
class BaselineOptions:
    """The suppressions and the baseline of a project."""

    suppressions: "Suppressions | None"
    baseline: "Baseline | None"
    path: Path | None
    """The baseline that was read."""
    new: Path | None
    """The baseline to write."""
    reason: str
    """The reason to suppress all findings for; empty: none is suppressed."""

    @classmethod
    def read(cls, folder: Path, baseline: Path | None, new: Path | None, reason: str = "") -> Self:
        """Read both, the suppressions of a project's folder, before the check. Raises `UsageError`, `ConfigError`."""
        suppressions, known = None, None
        if reason or (folder / SUPPRESSIONS).exists():
            from curate.lint.suppressions import load_suppressions

            suppressions = load_suppressions(folder)
        if baseline is not None:
            from curate.lint.baseline import load_baseline

            known = load_baseline(baseline)
        return cls(suppressions, known, baseline, new, reason)

    def apply(self, report: CheckResult, files: Sequence[Path]) -> None:
        """Remove suppressed and known findings from a report. Ends the command after writing a new baseline
        or suppressions.

        Raises `OutputError`.
        """
        names = {display_name(path) for path in files}
        if self.suppressions is not None:
            from curate.lint.suppressions import suppress

            suppress(report, self.suppressions, names)
        if self.new is not None:
            from curate.lint.baseline import write_baseline

            count = write_baseline(self.new, report, mode=rights_of(files))
            console(stderr=True).print(
                f"{plural(count, 'finding')} written to {visible(str(self.new))}; --baseline reports only new ones"
            )
            raise typer.Exit(ExitCode.CLEAN)
        if self.baseline is not None and self.path is not None:
            from curate.lint.baseline import compare

            compare(report, self.baseline, self.path, names)
        if self.suppressions is not None and self.reason:
            self._suppress(self.suppressions, report)

    def _suppress(self, suppressions: "Suppressions", report: CheckResult) -> None:
        """Suppress all findings about examples, and name how many are left."""
        from curate.lint.suppressions import add_suppressions

        failing = [finding for finding in report.findings if finding.severity is not Severity.INFO]
        written = add_suppressions(suppressions, failing, self.reason)
        left = sum(finding.example is None for finding in failing)
        text = f"{plural(len(written), 'suppression')} added to {SUPPRESSIONS}"
        if left:
            text += f"; {plural(left, 'finding')} about no example cannot be suppressed: fix them, or use --baseline"
        console(stderr=True).print(text)
        raise typer.Exit(ExitCode.FINDINGS if left else ExitCode.CLEAN)
