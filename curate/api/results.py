"""The results of the commands with their tables as polars frames, shown as HTML in a notebook.

Each class names the frames of one result and what a notebook shows of it; all other attributes are those of the result.
"""

import os
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import polars as pl

from curate.api.frames import (
    conflicts_frame,
    findings_frame,
    notebook_html,
    removals_frame,
    removed_frame,
    splits_frame,
    to_frame,
)
from curate.api.inputs import Inputs, kept_rows, split_rows
from curate.commands.dedup import DedupResult, write_plan
from curate.commands.run.result import RunResult
from curate.commands.split import push_split
from curate.conflicts.conflict import ConflictsResult
from curate.core.finding import Severity
from curate.core.text import plural
from curate.lint.rules.duplicates import require_small_removals
from curate.lint.runner import CheckResult
from curate.output.folder import SplitResult
from curate.project.manifest import Manifest
from curate.storage.output_pair import removed_path
from curate.storage.paths import require_distinct_paths
from curate.verify.proof import Verdict, VerifyResult

Result = TypeVar("Result")
Facts = Mapping[str, object]
Shown = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, repr=False)
class ResultFrames(Generic[Result]):
    """The result of a command. Attributes that are not listed are those of `result`."""

    result: Result
    """The result as the command gives it: lists of objects in place of frames."""

    def __getattr__(self, name: str) -> Any:
        if name == "result" or name.startswith("__"):  # what copies and pickles ask for before there is a result
            raise AttributeError(name)
        return getattr(self.result, name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name in dir(self.result) if name[0] != "_")})

    def _summary(self) -> str:
        """The result in one line."""
        raise NotImplementedError

    def _notebook(self) -> tuple[str, Facts, Shown]:
        """For the HTML of a notebook: a title, counts by name, and data frames by title."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._summary()}>"

    def _repr_html_(self) -> str:
        return notebook_html(*self._notebook())


class CheckFrames(ResultFrames[CheckResult]):
    """The result of `curate.check`."""

    @property
    def ok(self) -> bool:
        """Whether there is no error and no warning."""
        return not self.result.failed

    @cached_property
    def findings(self) -> pl.DataFrame:
        """One row per finding: file, line, code, severity, message, pointer, hint, fixable, example."""
        return findings_frame(self.result.findings)

    @cached_property
    def counts(self) -> pl.DataFrame:
        """One row per rule with findings: code, name, severity, findings; the worst and most frequent first."""
        rules = self.result.rules
        worst = {
            finding.code: finding.severity
            for finding in sorted(self.result.findings, key=lambda finding: -finding.severity.rank)
        }
        order = sorted(self.result.codes.items(), key=lambda item: (worst[item[0]].rank, -item[1], item[0]))
        columns = {"code": pl.String, "name": pl.String, "severity": pl.String, "findings": pl.Int64}
        return to_frame(
            ((code, rules[code].name if code in rules else "", worst[code].value, count) for code, count in order),
            columns,
        )

    def _summary(self) -> str:
        counts = ", ".join(plural(self.result.severities[severity], severity.value) for severity in Severity)
        return f"{self.result.amount}; {counts}"

    def _notebook(self) -> tuple[str, Facts, Shown]:
        counts = {
            severity.value if severity is Severity.INFO else f"{severity.value}s": self.result.severities[severity]
            for severity in Severity
        }
        facts = {"lines": self.result.lines, "examples": self.result.examples, **counts}
        shown = {"Rules": self.counts, "Findings": self.findings.select("file", "line", "code", "severity", "message")}
        return "Check", facts, shown


@dataclass(frozen=True, repr=False)
class DedupFrames(ResultFrames[DedupResult]):
    """The result of `curate.dedup`: kept and removed lines. Only `write` writes files."""

    inputs: Inputs
    """What was read."""
    against: Inputs | None = None
    """What it was compared with: `write` demands that it is still the same."""

    @cached_property
    def data(self) -> Any:
        """The kept rows of data in memory, as the kind that was given: list, frame, table, `Dataset` or `DatasetDict`.

        Raises `UsageError` if paths were given: call `write`.
        """
        return kept_rows(self.inputs, self.result.duplicates, self.result.dropped)

    @cached_property
    def removed(self) -> pl.DataFrame:
        """One row per removed line; the columns about a kept example are null for lines that were dropped."""
        return removals_frame(
            sorted([*self.result.duplicates, *self.result.dropped], key=lambda removal: removal.place)
        )

    @cached_property
    def apart(self) -> pl.DataFrame:
        """Near-duplicates that differ in a fact; both are kept. Columns as in `removed`."""
        return removals_frame(self.result.apart)

    @cached_property
    def same_words(self) -> pl.DataFrame:
        """Short examples with the same content words; both are kept. Columns as in `removed`."""
        return removals_frame(self.result.same_words)

    @cached_property
    def alike(self) -> pl.DataFrame:
        """Paraphrases (D004), if a model was given; both are kept. Columns as in `removed`."""
        return removals_frame(self.result.alike)

    @property
    def heavy(self) -> list[str]:
        """Findings that require confirmation before `write` (D008)."""
        return [f"{finding.code} {finding.file}: {finding.message}" for finding in self.result.heavy]

    def write(
        self, output: str | os.PathLike[str], *, yes: bool = False, overwrite: bool = False, shards: int = 1
    ) -> Path:
        """Write kept lines to `output` (kept.jsonl) or so many `shards` of it (kept-00000-of-00064.jsonl), byte for
        byte, and removed ones to a file beside it (kept.removed.jsonl); returns `output`.

        Raises `DataError` if a large share of a file would be removed without `yes`, `InputError` for a file that
        changed since it was read, `UsageError` for an input or, without `overwrite`, an existing file, `OutputError`.
        """
        path = Path(output)
        outputs = (path, removed_path(path, "removed"))
        require_distinct_paths([snapshot.path for snapshot in self.result.seen], outputs, named=self.inputs.names)
        if not yes:
            require_small_removals(self.result.heavy, "pass yes=True to write it anyway")
        write_plan(self.result, path, overwrite=overwrite, shards=shards)
        return path

    def _summary(self) -> str:
        return f"{self.result.read:,} lines read = {self.result.kept:,} kept + {self.result.gone:,} removed"

    def _notebook(self) -> tuple[str, Facts, Shown]:
        read, kept, removed = self.result.read, self.result.kept, self.result.gone
        facts = {"lines read": read, "kept": kept, "removed": removed, "pairs kept apart": len(self.result.apart)}
        shown = {"Removed": self.removed.drop("example", "kept"), "Kept apart": self.apart.drop("example", "kept")}
        return "Deduplication", facts, shown


class ConflictsFrames(ResultFrames[ConflictsResult]):
    """The result of `curate.conflicts`: answers to the same question that contradict each other."""

    def __len__(self) -> int:
        return len(self.result.conflicts)

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """One row per conflict, highest confidence first, with answers, contradictory words and places."""
        return conflicts_frame(self.result.conflicts)

    def _summary(self) -> str:
        return f"{len(self):,} in {plural(self.result.compared, 'pair')} of answers compared"

    def _notebook(self) -> tuple[str, Facts, Shown]:
        facts = {"conflicts": len(self), "questions": self.result.questions, "pairs compared": self.result.compared}
        columns = "code confidence question left right left_file left_line right_file right_line"
        return "Conflicts", facts, {"Highest confidence first": self.pairs.select(columns.split())}


@dataclass(frozen=True, repr=False)
class FolderFrames(ResultFrames[Result]):
    """The result of a command that writes a folder with train, validation and test, and its manifest."""

    folder: Path
    """The folder of the splits."""

    @property
    def manifest(self) -> Manifest:
        """The manifest: inputs, decisions and outputs, by hash."""
        manifest: Manifest = self.result.manifest  # type: ignore[attr-defined]  # of both results
        return manifest

    @cached_property
    def splits(self) -> pl.DataFrame:
        """One row per split: split, examples, share, groups, characters, file."""
        return splits_frame(self.manifest)

    @cached_property
    def removed(self) -> pl.DataFrame:
        """One row per removed line: place, code, reason, who decided, the example kept instead, text."""
        return removed_frame(self.folder / self.manifest.removed.file)

    def _counts(self) -> dict[str, object]:
        return {"lines read": self.manifest.read, "kept": self.manifest.kept, "removed": self.manifest.removed.lines}


@dataclass(frozen=True, repr=False)
class SplitFrames(FolderFrames[SplitResult]):
    """The result of `curate.split`: a folder with train, validation and test."""

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
        return push_split(self.folder, self.manifest, repository, private=private, token=token)

    @cached_property
    def moved(self) -> pl.DataFrame:
        """One row per example that was in another split before: file, line, before, now, why, example."""
        columns = dict.fromkeys(("file", "line", "before", "now", "why", "example"), pl.String) | {"line": pl.Int64}
        return to_frame(([getattr(move, name) for name in columns] for move in self.result.moved), columns)

    @property
    def notes(self) -> list[str]:
        """Splits that differ from the requested sizes (L008), and further notes."""
        return [*(f"{finding.code} {finding.message}" for finding in self.result.warnings), *self.result.notes]

    def _summary(self) -> str:
        sizes = ", ".join(f"{name} {part.examples:,}" for name, part in self.manifest.splits.items())
        return (
            f"{self.folder}: {sizes}; {self.manifest.read:,} lines read = {self.manifest.kept:,} kept + "
            f"{self.manifest.removed.lines:,} removed"
        )

    def _notebook(self) -> tuple[str, Facts, Shown]:
        facts = self._counts() | {"groups, none divided": self.manifest.groups}
        shown = {
            "Splits": self.splits,
            "Moved": self.moved,
            "Removed": self.removed.select("file", "line", "code", "why", "decided_by"),
        }
        return f"Splits in {self.folder}", facts, shown


class VerifyFrames(ResultFrames[VerifyResult]):
    """The result of `curate.verify`; `holds` says whether no point is broken."""

    @cached_property
    def points(self) -> pl.DataFrame:
        """One row per point: name, verdict (proved, broken, open), message."""
        points = ((point.name, point.verdict.value, point.message) for point in self.result.points)
        return to_frame(points, dict.fromkeys(("name", "verdict", "message"), pl.String))

    @cached_property
    def not_checked(self) -> pl.DataFrame:
        """One row for each thing that was not compared: name, number of examples, message."""
        columns = {"name": pl.String, "examples": pl.Int64, "message": pl.String}
        return to_frame(map(astuple, self.result.not_checked), columns)

    @cached_property
    def findings(self) -> pl.DataFrame:
        """One row per finding: file, line, code, severity, message, pointer, hint, fixable, example."""
        return findings_frame(self.result.findings)

    def _summary(self) -> str:
        broken = plural(sum(point.verdict is Verdict.BROKEN for point in self.result.points), "point")
        return f"{self.result.folder}: {'holds' if self.result.holds else f'does not hold, {broken} broken'}"

    def _notebook(self) -> tuple[str, Facts, Shown]:
        facts = {"examples": sum(self.result.examples.values()), "breaches": len(self.result.findings)}
        shown = {"Points": self.points, "Breaches": self.findings.select("file", "line", "code", "message")}
        return f"{self.result.folder} {'holds' if self.result.holds else 'does not hold'}", facts, shown


class RunFrames(FolderFrames[RunResult]):
    """The result of `curate.run`."""

    @property
    def manifest(self) -> Manifest:
        """The manifest of the splits. Raises `UsageError` if the run ended before the splits."""
        return self.result.written

    @cached_property
    def stages(self) -> pl.DataFrame:
        """One row per stage: stage, state (done, unchanged, skipped; in a dry run, would run)."""
        return to_frame(self.result.stages.items(), {"stage": pl.String, "state": pl.String})

    @cached_property
    def findings(self) -> pl.DataFrame:
        """One row per finding, as for `curate.check`."""
        return findings_frame(self.result.findings)

    @cached_property
    def conflicts(self) -> pl.DataFrame:
        """One row per conflict, as for `curate.conflicts`."""
        return conflicts_frame(self.result.conflicts)

    def _summary(self) -> str:
        return f"{self.folder}: {', '.join(f'{name} {state}' for name, state in self.result.stages.items())}"

    def _notebook(self) -> tuple[str, Facts, Shown]:
        counts = self._counts() if self.result.manifest is not None else {}
        facts = {"findings": len(self.result.findings), "conflicts": len(self.result.conflicts)} | counts
        shown = {"Stages": self.stages} | ({"Splits": self.splits} if self.result.manifest is not None else {})
        return f"Run into {self.folder}", facts, shown
