"""Results of the functions of `curate.api`, with tables as polars frames, shown as HTML in a notebook."""

import os
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from curate.api import frames
from curate.api.inputs import Inputs, kept_rows, split_rows
from curate.commands.dedup import DedupResult as Deduplicated
from curate.commands.dedup import write_plan
from curate.commands.run.result import RunResult as Ran
from curate.conflicts.conflict import ConflictsResult as Compared
from curate.core.errors import DataError
from curate.core.finding import Severity
from curate.core.hub import upload
from curate.core.manifest import MANIFEST, Manifest, named_files
from curate.core.output_pair import removed_path
from curate.core.paths import require_distinct_paths
from curate.core.text import plural
from curate.lint.runner import CheckResult as Checked
from curate.output.folder import CARD, LOADING
from curate.output.folder import SplitResult as Divided
from curate.verify.proof import Verdict
from curate.verify.proof import VerifyResult as Proved


@dataclass(frozen=True)
class CheckResult:
    """The result of `curate.check`."""

    report: Checked
    """Findings as objects, and counts of what was read."""

    @property
    def ok(self) -> bool:
        """Whether there is no error and no warning."""
        return not self.report.failed

    @cached_property
    def findings(self) -> pl.DataFrame:
        """One row per finding: file, line, code, severity, message, pointer, hint, fixable, example."""
        return frames.findings_frame(self.report.findings)

    @cached_property
    def counts(self) -> pl.DataFrame:
        """One row per rule with findings: code, name, severity, findings; the worst and most frequent first."""
        rules = self.report.rules
        worst = {
            found.code: found.severity for found in sorted(self.report.findings, key=lambda found: -found.severity.rank)
        }
        order = sorted(self.report.codes.items(), key=lambda item: (worst[item[0]].rank, -item[1], item[0]))
        columns = {"code": pl.String, "name": pl.String, "severity": pl.String, "findings": pl.Int64}
        return frames.to_frame(
            ((code, rules[code].name if code in rules else "", worst[code].value, count) for code, count in order),
            columns,
        )

    def __repr__(self) -> str:
        found = ", ".join(plural(self.report.severities[severity], severity.value) for severity in Severity)
        return (
            f"<CheckResult: {plural(self.report.examples, 'example')} in {plural(self.report.lines, 'line')}; {found}>"
        )

    def _repr_html_(self) -> str:
        counts = {
            severity.value if severity is Severity.INFO else f"{severity.value}s": self.report.severities[severity]
            for severity in Severity
        }
        facts = {"lines": self.report.lines, "examples": self.report.examples, **counts}
        shown = {"Rules": self.counts, "Findings": self.findings.select("file", "line", "code", "severity", "message")}
        return frames.notebook_html("Check", facts, shown)


@dataclass(frozen=True)
class DedupResult:
    """The result of `curate.dedup`: kept and removed lines. Only `write` writes files."""

    plan: Deduplicated
    inputs: Inputs
    """What was read."""
    against: Inputs | None = None
    """What it was compared with: `write` demands that it is still the same."""

    @cached_property
    def data(self) -> Any:
        """The kept rows of data in memory, as the kind that was given: list, frame, table, `Dataset` or `DatasetDict`.

        Raises `UsageError` if paths were given: call `write`.
        """
        return kept_rows(self.inputs, self.plan.duplicates, self.plan.dropped)

    @property
    def read(self) -> int:
        """Lines read: kept + removed."""
        return self.plan.read

    @property
    def kept(self) -> int:
        """Number of kept lines."""
        return self.plan.kept

    @property
    def not_understood(self) -> int:
        """Lines without an example in a known format; they are not compared and are kept."""
        return self.plan.not_understood

    @cached_property
    def removed(self) -> pl.DataFrame:
        """One row per removed line; the columns about a kept example are null for lines that were dropped."""
        return frames.removals_frame(sorted([*self.plan.duplicates, *self.plan.dropped], key=lambda gone: gone.place))

    @cached_property
    def apart(self) -> pl.DataFrame:
        """Near-duplicates that differ in a fact; both are kept. Columns as in `removed`."""
        return frames.removals_frame(self.plan.apart)

    @cached_property
    def same_words(self) -> pl.DataFrame:
        """Short examples with the same content words; both are kept. Columns as in `removed`."""
        return frames.removals_frame(self.plan.same_words)

    @cached_property
    def alike(self) -> pl.DataFrame:
        """Paraphrases (D004), if a model was given; both are kept. Columns as in `removed`."""
        return frames.removals_frame(self.plan.alike)

    @property
    def heavy(self) -> list[str]:
        """Findings that require confirmation before `write` (D008)."""
        return [f"{found.code} {found.file}: {found.message}" for found in self.plan.heavy]

    @property
    def notes(self) -> list[str]:
        """Further notes."""
        return self.plan.notes

    def write(self, output: str | os.PathLike[str], *, yes: bool = False, overwrite: bool = False) -> Path:
        """Write kept lines to `output` (kept.jsonl), byte for byte, and removed ones to a file beside it
        (kept.removed.jsonl); returns the output.

        Raises `DataError` if a large share of a file would be removed without `yes`, `InputError` for a file that
        changed since it was read, `UsageError` for an input or, without `overwrite`, an existing file, `OutputError`.
        """
        path = Path(output)
        outputs = (path, removed_path(path, "removed"))
        require_distinct_paths([seen.path for seen in self.plan.seen], outputs, named=self.inputs.names)
        if self.plan.heavy and not yes:
            raise DataError("; ".join(self.heavy), "pass yes=True to write it anyway")
        write_plan(self.plan, path, overwrite=overwrite)
        return path

    def __repr__(self) -> str:
        return f"<DedupResult: {self.read:,} lines read = {self.kept:,} kept + {self.plan.gone:,} removed>"

    def _repr_html_(self) -> str:
        facts = {
            "lines read": self.read,
            "kept": self.kept,
            "removed": self.plan.gone,
            "pairs kept apart": len(self.plan.apart),
        }
        shown = {"Removed": self.removed.drop("example", "kept"), "Kept apart": self.apart.drop("example", "kept")}
        return frames.notebook_html("Deduplication", facts, shown)


@dataclass(frozen=True)
class ConflictsResult:
    """The result of `curate.conflicts`: answers to the same question that contradict each other."""

    report: Compared
    """Conflicts with all their evidence, and topics, as objects."""

    def __len__(self) -> int:
        return len(self.report.conflicts)

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """One row per conflict, highest confidence first, with answers, contradictory words and places."""
        return frames.conflicts_frame(self.report.conflicts)

    @property
    def notes(self) -> list[str]:
        """Further notes."""
        return list(self.report.notes)

    def __repr__(self) -> str:
        return f"<ConflictsResult: {len(self):,} in {plural(self.report.compared, 'pair')} of answers compared>"

    def _repr_html_(self) -> str:
        facts = {"conflicts": len(self), "questions": self.report.questions, "pairs compared": self.report.compared}
        pairs = self.pairs.select(
            "code", "confidence", "question", "left", "right", "left_file", "left_line", "right_file", "right_line"
        )
        return frames.notebook_html("Conflicts", facts, {"Highest confidence first": pairs})


class _Folder:
    """A folder with train, validation and test, and its manifest."""

    folder: Path

    @property
    def manifest(self) -> Manifest:
        """The manifest: inputs, decisions and outputs, by hash."""
        raise NotImplementedError

    @cached_property
    def splits(self) -> pl.DataFrame:
        """One row per split: split, examples, share, groups, characters, file."""
        return frames.splits_frame(self.manifest)

    @cached_property
    def removed(self) -> pl.DataFrame:
        """One row per removed line: place, code, reason, who decided, the example kept instead, text."""
        return frames.removed_frame(self.folder / self.manifest.removed.file)

    def _counts(self) -> dict[str, object]:
        return {"lines read": self.manifest.read, "kept": self.manifest.kept, "removed": self.manifest.removed.lines}


@dataclass(frozen=True)
class SplitResult(_Folder):
    """The result of `curate.split`: a folder with train, validation and test."""

    folder: Path
    result: Divided
    inputs: Inputs
    """What was read."""

    @cached_property
    def data(self) -> Any:
        """The splits of data in memory by name, each as the kind that was given; a `DatasetDict` for a `Dataset`.

        Raises `UsageError` if paths were given, or an example was edited: read the files of `folder`.
        """
        return split_rows(self.inputs, self.folder, self.manifest)

    def push_to_hub(self, repository: str, *, private: bool = True, token: str | None = None) -> str:
        """Upload the splits with the data card and the manifest to a data set of the Hugging Face Hub, in one commit.

        The removed lines stay here: they may have been removed because they are private. Returns the commit's address.
        Raises `MissingExtra`, `UsageError`, `OutputError`.
        """
        names = sorted({MANIFEST, *named_files(self.manifest)} - {self.manifest.removed.file, CARD, LOADING})
        card = (self.folder / CARD).read_text(encoding="utf-8").replace("PATH/OF/THIS/FOLDER", repository)
        files: dict[str, Path | bytes] = {name: self.folder / name for name in names}
        files["README.md"] = card.encode()
        return upload(repository, files, "dataset", "Add splits written by curate", private=private, token=token)

    @property
    def manifest(self) -> Manifest:
        """The manifest: inputs, decisions and outputs, by hash."""
        return self.result.manifest

    @property
    def not_understood(self) -> int:
        """Lines without an example in a known format; they were removed."""
        return self.result.not_understood

    @cached_property
    def moved(self) -> pl.DataFrame:
        """One row per example that was in another split before: file, line, before, now, why, example."""
        columns = dict.fromkeys(("file", "line", "before", "now", "why", "example"), pl.String) | {"line": pl.Int64}
        moves = self.result.moved
        return frames.to_frame(
            ((move.file, move.line, move.before, move.now, move.why, move.example) for move in moves),
            columns,
        )

    @property
    def notes(self) -> list[str]:
        """Splits that differ from the requested sizes (L008), and further notes."""
        return [*(f"{found.code} {found.message}" for found in self.result.warnings), *self.result.notes]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {part.examples:,}" for name, part in self.manifest.splits.items())
        return (
            f"<SplitResult {self.folder}: {sizes}; {self.manifest.read:,} lines read = {self.manifest.kept:,} kept + "
            f"{self.manifest.removed.lines:,} removed>"
        )

    def _repr_html_(self) -> str:
        facts = self._counts() | {"groups, none divided": self.manifest.groups}
        shown = {
            "Splits": self.splits,
            "Moved": self.moved,
            "Removed": self.removed.select("file", "line", "code", "why", "decided_by"),
        }
        return frames.notebook_html(f"Splits in {self.folder}", facts, shown)


@dataclass(frozen=True)
class VerifyResult:
    """The result of `curate.verify`."""

    proof: Proved

    @property
    def holds(self) -> bool:
        """Whether no point is broken."""
        return self.proof.holds

    @cached_property
    def points(self) -> pl.DataFrame:
        """One row per point: name, verdict (proved, broken, open), message."""
        points = ((point.name, point.verdict.value, point.message) for point in self.proof.points)
        return frames.to_frame(points, dict.fromkeys(("name", "verdict", "message"), pl.String))

    @cached_property
    def not_checked(self) -> pl.DataFrame:
        """One row for each thing that was not compared: name, number of examples, message."""
        return frames.to_frame(
            map(astuple, self.proof.not_checked), {"name": pl.String, "examples": pl.Int64, "message": pl.String}
        )

    @cached_property
    def findings(self) -> pl.DataFrame:
        """One row per finding: file, line, code, severity, message, pointer, hint, fixable, example."""
        return frames.findings_frame(self.proof.findings)

    def __repr__(self) -> str:
        broken = plural(sum(point.verdict is Verdict.BROKEN for point in self.proof.points), "point")
        return f"<VerifyResult {self.proof.folder}: {'holds' if self.holds else f'does not hold, {broken} broken'}>"

    def _repr_html_(self) -> str:
        facts = {"examples": sum(self.proof.examples.values()), "breaches": len(self.proof.findings)}
        shown = {"Points": self.points, "Breaches": self.findings.select("file", "line", "code", "message")}
        return frames.notebook_html(f"{self.proof.folder} {'holds' if self.holds else 'does not hold'}", facts, shown)


@dataclass(frozen=True)
class RunResult(_Folder):
    """The result of `curate.run`."""

    folder: Path
    """Folder of the splits."""
    result: Ran

    @property
    def manifest(self) -> Manifest:
        """The manifest of the splits. Raises `UsageError` if the run ended before the splits."""
        return self.result.written

    @cached_property
    def stages(self) -> pl.DataFrame:
        """One row per stage: stage, state (done, unchanged, skipped; in a dry run, would run)."""
        return frames.to_frame(self.result.stages.items(), {"stage": pl.String, "state": pl.String})

    @cached_property
    def findings(self) -> pl.DataFrame:
        """One row per finding, as for `curate.check`."""
        return frames.findings_frame(self.result.findings)

    @cached_property
    def conflicts(self) -> pl.DataFrame:
        """One row per conflict, as for `curate.conflicts`."""
        return frames.conflicts_frame(self.result.conflicts)

    @property
    def notes(self) -> list[str]:
        """Further notes."""
        return self.result.notes

    def __repr__(self) -> str:
        return (
            f"<RunResult {self.folder}: {', '.join(f'{name} {state}' for name, state in self.result.stages.items())}>"
        )

    def _repr_html_(self) -> str:
        counts = self._counts() if self.result.manifest is not None else {}
        facts = {"findings": len(self.result.findings), "conflicts": len(self.result.conflicts)} | counts
        shown = {"Stages": self.stages} | ({"Splits": self.splits} if self.result.manifest is not None else {})
        return frames.notebook_html(f"Run into {self.folder}", facts, shown)
