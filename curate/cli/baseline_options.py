"""--baseline, --write-baseline and --add-suppressions of `curate check`."""

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
from curate.render.console import console

if TYPE_CHECKING:
    from curate.lint.baseline import Baseline


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
            from curate.lint.baseline import load_baseline

            loaded = load_baseline(baseline)
        return cls(folder, loaded, baseline, new, reason)

    def apply(self, report: CheckResult, files: Sequence[Path]) -> None:
        """Remove known findings from a report. Ends the command after writing a new baseline or suppressions.

        Raises `OutputError`.
        """
        if self.new is not None:
            from curate.lint.baseline import write_baseline

            count = write_baseline(self.new, report, mode=rights_of(files))
            console(stderr=True).print(
                f"{plural(count, 'finding')} written to {visible(str(self.new))}; --baseline reports only new ones"
            )
            raise typer.Exit(ExitCode.CLEAN)
        if self.baseline is not None and self.path is not None:
            from curate.lint.baseline import compare

            compare(report, self.baseline, self.path, {display_name(path) for path in files})
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
