"""What `check`, `stats`, `dedup`, `conflicts` and `verify` say of the same data: a report for one reader."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from curate.commands.check import check
from curate.commands.conflicts import conflicts
from curate.commands.session import Workspace
from curate.commands.stats import stats
from curate.commands.verify import verify
from curate.conflicts.conflict import ConflictsResult
from curate.core.errors import InputError, MissingExtra
from curate.core.events import StageFinished, StageStarted, advancing
from curate.core.text import plural
from curate.corpus.stats import Stats
from curate.lint.runner import CheckResult
from curate.read.dataset import require_examples
from curate.storage.files import MANIFEST
from curate.verify.proof import VerifyResult

if TYPE_CHECKING:
    from curate.commands.dedup import DedupResult


@dataclass(frozen=True)
class ReportResult:
    """What the commands found."""

    checked: CheckResult
    statistics: Stats
    duplicates: "DedupResult | None"
    """None if `missing` names the extra that it needs."""
    conflicts: ConflictsResult
    proofs: Sequence[VerifyResult]
    """Of each named folder that holds splits, in the order of the folders."""
    missing: MissingExtra | None
    not_verified: Sequence[str]
    """Why folders that have a manifest were not verified."""

    @property
    def leaks(self) -> int:
        """Number of folders with splits that fail a check."""
        return sum(not proof.holds for proof in self.proofs)

    def next_steps(self) -> Iterator[tuple[str, str]]:
        """What to do next: a reason, and the command without its paths. Empty if nothing is to be done."""
        if self.leaks:
            yield "a split leaks, or has changed since it was written: split again", "split"
        fixable = sum(map(self.checked.is_safe, self.checked.findings))
        if fixable:
            yield f"{plural(fixable, 'finding')} can be fixed without a decision", "check --fix"
        if self.duplicates is not None and self.duplicates.gone:
            yield f"{plural(self.duplicates.gone, 'duplicate')} can be removed", "dedup"
        if self.checked.failed:
            yield "errors and warnings need a decision", "review"
        if self.conflicts.conflicts:
            yield f"{plural(len(self.conflicts.conflicts), 'contradiction')} to confirm or reject", "review"
        if self.missing is not None:
            yield f"duplicates were not searched for: {self.missing}", self.missing.hint


def report(work: Workspace, folders: Sequence[Path]) -> ReportResult:
    """Run the commands on the data of a project, and verify those of `folders` that hold splits.

    The decisions of the review are applied as each command applies them. Nothing is written. Raises as the commands do,
    `InputError` also if no line holds an example.
    """
    listen = work.session.listen
    listen(StageStarted("check"))
    checked = check(work, advancing(listen, "check"))
    listen(StageFinished("check", False, plural(len(checked.findings), "finding")))
    listen(StageStarted("count"))
    statistics = stats(work, advancing(listen, "count"))
    listen(StageFinished("count", False, plural(statistics.examples, "example")))
    require_examples(statistics.lines, statistics.lines - statistics.not_understood)
    duplicates, missing = _duplicates(work)
    listen(StageStarted("conflicts"))
    contradictions = conflicts(work, progress=advancing(listen, "conflicts", text="texts"))
    listen(StageFinished("conflicts", False, plural(len(contradictions.conflicts), "conflict")))
    proofs, not_verified = [], []
    for folder in folders:
        try:
            proofs.append(verify(folder, work.session))
        except InputError as error:
            if (folder / MANIFEST).exists():  # else it holds no splits
                not_verified.append(f"not verified: {error}")
    return ReportResult(checked, statistics, duplicates, contradictions, proofs, missing, not_verified)


def _duplicates(work: Workspace) -> "tuple[DedupResult | None, MissingExtra | None]":
    """The duplicates, or the error that names the extra which their search needs; the other one is None."""
    try:
        from curate.commands.dedup import dedup  # needs an extra

        return dedup(work), None
    except MissingExtra as error:
        return None, error
