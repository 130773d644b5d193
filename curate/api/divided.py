"""`curate.split`."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from curate.api.frames import Paths, framed, names_of, removed_frame, splits_frame
from curate.config import chosen, find_config
from curate.decision import DecisionLog
from curate.manifest import Manifest
from curate.output import SplitResult
from curate.pipeline.splitting import sources_of, split_files
from curate.report.notebook import Titled, notebook_html
from curate.restore import finish
from curate.runs import Project


@dataclass(frozen=True)
class Divided:
    """A folder with train, validation and test, and what is known of it."""

    folder: Path
    result: SplitResult

    @property
    def manifest(self) -> Manifest:
        """What went in, was decided and came out, by hash."""
        return self.result.manifest

    @property
    def not_understood(self) -> int:
        """Lines that hold no example that curate understands; they left."""
        return self.result.not_understood

    @cached_property
    def splits(self) -> pl.DataFrame:
        """One line a split: split, examples, share, groups, characters, file."""
        return splits_frame(self.manifest)

    @cached_property
    def removed(self) -> pl.DataFrame:
        """One line a line that left: file, line, code, why, decided_by, what it lost to, similarity, when, text, example."""
        return removed_frame(self.folder / self.manifest.removed.file)

    @cached_property
    def moved(self) -> pl.DataFrame:
        """One line an example that was in another split before: file, line, before, now, why, example."""
        columns = dict.fromkeys(("file", "line", "before", "now", "why", "example"), pl.String) | {"line": pl.Int64}
        moves = self.result.division.moved
        return framed(((move.place.file, move.place.line, move.before, move.now, move.why, move.example) for move in moves), columns)

    @property
    def notes(self) -> list[str]:
        """What a person should know: where the splits are not what was wanted (L008), and the rest."""
        return [*(f"{found.code} {found.message}" for found in self.result.warnings), *self.result.notes]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {part.examples:,}" for name, part in self.manifest.splits.items())
        return f"<Divided {self.folder}: {sizes}; {self.manifest.read:,} lines read = {self.manifest.kept:,} kept + {self.manifest.removed.lines:,} removed>"

    def _repr_html_(self) -> str:
        manifest = self.manifest
        facts = [("lines read", manifest.read), ("kept", manifest.kept), ("removed", manifest.removed.lines), ("groups, none divided", manifest.groups)]
        left = self.removed.select("file", "line", "code", "why", "decided_by")
        return notebook_html(f"Splits in {self.folder}", facts, [Titled("Splits", self.splits), Titled("Moved", self.moved), Titled("Removed", left)])


def split(
    paths: Paths,
    output: str | os.PathLike[str],
    *,
    fractions: Sequence[float] | None = None,
    counts: Sequence[int] | None = None,
    group_by: Sequence[str] | None = None,
    stratify: Sequence[str] | None = None,
    existing: Sequence[str] | None = None,
    semantic: str | None = None,
    threshold: float | None = None,
    weights: Mapping[str, float] | None = None,
    examples: int | None = None,
    tokens: int | None = None,
    seed: int | None = None,
    grow: bool | None = None,
    parquet: bool | None = None,
    trainers: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
    yes: bool = False,
) -> Divided:
    """Write train, validation and test so that nothing leaks: as `curate split`, options laid over the working folder's configuration.

    Raises `InputError` for a file that cannot be read or where nothing is left, `ConfigError`, `UsageError`, `OutputError`, `DataError` where
    `drop` would take much of a file and `yes` was not said; nothing is changed then.
    """
    project = Project(Path.cwd())
    whole = find_config(project.folder)
    options: dict[str, Any] = {"fractions": fractions, "counts": counts, "group_by": group_by, "stratify": stratify, "existing": existing}
    section = chosen(whole.split, **options, semantic=semantic, grow=grow, parquet=parquet, trainers=trainers)
    dedup = chosen(whole.dedup, threshold=threshold)
    mix = chosen(whole.mix, weights=weights, examples=examples, tokens=tokens)
    options = {"split": section, "dedup": dedup, "mix": mix, "check": chosen(whole.check, drop=drop), "seed": whole.seed if seed is None else seed}
    config = whole.model_copy(update=options)
    folder = Path(output)
    finish(folder, project.decisions)
    decisions = DecisionLog(project.decisions).verdicts()
    sources = sources_of(project, names_of(paths), section.existing, folder, decisions)
    return Divided(folder, split_files(sources, folder, config, decisions=decisions, cache=project.cache, yes=yes))
