"""The adopting side of `curate check`: suppressions, --baseline and --write-baseline. What a project does not use is
not loaded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import typer

from curate.core.config import SUPPRESSIONS
from curate.core.errors import ExitCode
from curate.core.files import display_name
from curate.core.text import plural, visible
from curate.lint.runner import CheckResult
from curate.report.console import console

if TYPE_CHECKING:
    from curate.lint.baseline import Baseline
    from curate.lint.suppressions import Suppressions


@dataclass(frozen=True, slots=True)
class Adopted:
    """What a project keeps about its findings."""

    suppressions: "Suppressions | None"
    baseline: "Baseline | None"
    path: Path | None
    """Where the baseline was read."""
    new: Path | None
    """Where one is to be written."""

    @classmethod
    def read(cls, baseline: Path | None, new: Path | None) -> Self:
        """Read all of it before anything is checked. Raises `UsageError` and `ConfigError`."""
        suppressions, known = None, None
        if Path(SUPPRESSIONS).exists():
            from curate.lint.suppressions import load_suppressions

            suppressions = load_suppressions(Path())
        if baseline is not None:
            from curate.lint.baseline import load_baseline

            known = load_baseline(baseline)
        return cls(suppressions, known, baseline, new)

    def settle(self, report: CheckResult, files: Sequence[Path]) -> None:
        """Take what is suppressed or known out of a report; ends the command when a new baseline was to be written.
        Raises `OutputError`.
        """
        names = {display_name(path) for path in files}
        if self.suppressions is not None:
            from curate.lint.suppressions import suppress

            suppress(report, self.suppressions, names)
        if self.new is not None:
            from curate.lint.baseline import write_baseline

            count = write_baseline(self.new, report)
            console(stderr=True).print(
                f"{plural(count, 'finding')} written to {visible(str(self.new))}; --baseline reports only new ones"
            )
            raise typer.Exit(ExitCode.CLEAN)
        if self.baseline is not None and self.path is not None:
            from curate.lint.baseline import compare

            compare(report, self.baseline, self.path, names)
