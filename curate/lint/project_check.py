"""The rules of a project, and the check of files with them.

Every command that checks the files of a project calls `check_project`, so that none leaves out the custom rules, the
settings of `[conflicts]` or the suppressions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from curate.core.config import SUPPRESSIONS, CheckConfig, Config, ConflictsConfig
from curate.core.events import Advance
from curate.core.finding import Finding
from curate.lint.runner import CheckResult, check_paths
from curate.parallel.cluster import LOCAL, Executor
from curate.parallel.kernels import kernels_for
from curate.storage.files import display_name

if TYPE_CHECKING:
    from curate.lint.suppressions import Suppressions


@dataclass(frozen=True, slots=True)
class ProjectRules:
    """The settings that determine the findings of a project."""

    check: CheckConfig = field(default_factory=CheckConfig.model_construct)
    conflicts: ConflictsConfig = field(default_factory=ConflictsConfig.model_construct)
    """Runs the search for the rules of family X."""
    suppressions: "Suppressions | None" = None
    """None if there is no file of suppressions."""

    @classmethod
    def of(cls, folder: Path, config: Config) -> Self:
        """The rules of a configuration, with the suppressions of a project's folder. Raises `ConfigError` for an
        invalid suppression.
        """
        suppressions = None
        if (folder / SUPPRESSIONS).exists():
            from curate.lint.suppressions import load_suppressions  # only where a project has some

            suppressions = load_suppressions(folder)
        return cls(config.check, config.conflicts, suppressions)

    def selecting(self, codes: Sequence[str]) -> Self:
        """A copy that selects the rules with these codes or prefixes instead of the configured ones."""
        check = self.check.model_copy(update={"select": tuple(codes), "extend_select": ()})
        return replace(self, check=check)

    @property
    def suppressed(self) -> frozenset[tuple[str, str]]:
        """The code and the example of each suppressed finding."""
        lines = self.suppressions.lines if self.suppressions else ()
        return frozenset((entry.code, entry.example) for _, entry in lines)

    def suppress_in(self, report: CheckResult, names: Sequence[str]) -> None:
        """Remove suppressed findings from the report of the files with these names, and add a finding for each
        suppression of theirs that matches none.
        """
        if self.suppressions is not None:
            from curate.lint.suppressions import suppress

            suppress(report, self.suppressions, names)


def check_project(
    files: Sequence[Path],
    rules: ProjectRules,
    progress: Advance | None = None,
    *,
    name_of: Callable[[Path], str] = display_name,
    workers: int = 1,
    on_findings: Callable[[list[Finding]], None] | None = None,
    executor: Executor = LOCAL,
    cache: Path | None = None,
) -> CheckResult:
    """Check files with the rules of a project; suppressed findings are left out. `on_findings` gets each finding of the
    result as soon as it is known. Parameters and exceptions are those of `check_paths`.
    """
    suppressed = rules.suppressed

    def unsuppressed(findings: list[Finding]) -> None:
        unsuppressed_findings = [finding for finding in findings if (finding.code, finding.example) not in suppressed]
        if unsuppressed_findings and on_findings is not None:
            on_findings(unsuppressed_findings)

    with kernels_for(files):
        report = check_paths(
            files,
            rules.check,
            progress,
            name_of,
            workers,
            None if on_findings is None else unsuppressed,
            rules.conflicts,
            executor,
            cache,
        )
    checked = set(map(id, report.findings))
    rules.suppress_in(report, list(map(name_of, files)))
    if on_findings is not None and (stale := [finding for finding in report.findings if id(finding) not in checked]):
        on_findings(stale)
    return report
