"""`curate.dedup`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from curate.api.frames import Paths, files_of, losses_frame
from curate.config import chosen, find_config
from curate.decision import DecisionLog
from curate.dedup import Plan, plan, write_plan
from curate.errors import DataError
from curate.outputs import beside
from curate.paths import demand_apart
from curate.report.notebook import Titled, notebook_html
from curate.runs import Project


@dataclass(frozen=True)
class Deduplicated:
    """What stays and what goes; nothing is written before `write`."""

    plan: Plan

    @property
    def read(self) -> int:
        """Lines read: kept + removed."""
        return self.plan.read

    @property
    def kept(self) -> int:
        """Lines that stay."""
        return self.plan.kept

    @property
    def not_understood(self) -> int:
        """Lines that hold no example that curate understands; they are compared with nothing and stay."""
        return self.plan.not_understood

    @cached_property
    def removed(self) -> pl.DataFrame:
        """One line a line that goes: file, line, code, similarity, kept_file, kept_line, example, kept; the last ones null where it was dropped."""
        return losses_frame(sorted([*self.plan.losses, *self.plan.dropped], key=lambda gone: gone.place))

    @cached_property
    def apart(self) -> pl.DataFrame:
        """Near-duplicates that differ in a fact, so that both stay; columns as those of `removed`."""
        return losses_frame(self.plan.apart)

    @cached_property
    def same_words(self) -> pl.DataFrame:
        """Short examples of the same words of meaning that are less similar than the threshold: both stay; columns as those of `removed`."""
        return losses_frame(self.plan.same_words)

    @cached_property
    def alike(self) -> pl.DataFrame:
        """Where a model was named, what says the same in other words (D004): both stay; columns as those of `removed`."""
        return losses_frame(self.plan.alike)

    @property
    def heavy(self) -> list[str]:
        """What needs a yes before it is written (D008)."""
        return [f"{found.code} {found.file}: {found.message}" for found in self.plan.heavy]

    @property
    def notes(self) -> list[str]:
        """What a person should know besides."""
        return self.plan.notes

    def write(self, output: str | os.PathLike[str], *, yes: bool = False, overwrite: bool = False) -> Path:
        """Write what stays to `output` (kept.jsonl), byte for byte, and what goes to a file beside it (kept.removed.jsonl); returns the output.

        Raises `DataError` where much of a file would go and `yes` was not said, `InputError` where a file is not what was read any more,
        `UsageError` for a file that is read, and for one that is there unless `overwrite` was said, `OutputError`.
        """
        path = Path(output)
        demand_apart([seen.path for seen in self.plan.seen], (path, beside(path, "removed")))
        if self.plan.heavy and not yes:
            raise DataError("; ".join(self.heavy), "say yes=True if that is meant")
        write_plan(self.plan, path, overwrite=overwrite)
        return path

    def __repr__(self) -> str:
        return f"<Deduplicated: {self.read:,} lines read = {self.kept:,} kept + {self.plan.gone:,} removed>"

    def _repr_html_(self) -> str:
        facts = [("lines read", self.read), ("kept", self.kept), ("removed", self.plan.gone), ("pairs kept apart", len(self.plan.apart))]
        ids = ("example", "kept")
        return notebook_html("Deduplication", facts, [Titled("Removed", self.removed.drop(ids)), Titled("Kept apart", self.apart.drop(ids))])


def dedup(
    paths: Paths,
    *,
    threshold: float | None = None,
    on: str | None = None,
    keep: str | None = None,
    ignore_facts: bool | None = None,
    same_words: bool | None = None,
    beginnings: bool | None = None,
    embeddings: str | None = None,
    against: Paths | None = None,
    drop: Sequence[str] | None = None,
) -> Deduplicated:
    """Find exact and near duplicates: as `curate dedup`, options laid over the working folder's configuration. `write` writes the result.

    Raises `InputError` for a file that cannot be read, `ConfigError`, `UsageError`, `ModelError`.
    """
    project = Project(Path.cwd())
    whole = find_config(project.folder)
    options = {
        "threshold": threshold,
        "on": on,
        "keep": keep,
        "ignore_facts": ignore_facts,
        "same_words": same_words,
        "beginnings": beginnings,
        "embeddings": embeddings,
    }
    files = files_of(paths)
    others = [path for path in files_of(against) if path not in files] if against is not None else []
    decisions = DecisionLog(project.decisions).verdicts()
    return Deduplicated(
        plan(files, chosen(whole.dedup, **options), against=others, decisions=decisions, check=chosen(whole.check, drop=drop), cache=project.cache)
    )
