"""`curate.run`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from curate.api.frames import conflicts_frame, findings_frame, framed, removed_frame, splits_frame
from curate.config import load_config
from curate.egress import Consent
from curate.errors import UsageError
from curate.events import Listener, silent
from curate.manifest import Manifest
from curate.pipeline import Choice, RunResult
from curate.pipeline import run as run_pipeline
from curate.report.notebook import Titled, notebook_html
from curate.runs import Project


@dataclass(frozen=True)
class Ran:
    """What a whole run came to."""

    folder: Path
    """Where the splits are."""
    result: RunResult

    @property
    def manifest(self) -> Manifest:
        """What went in, was decided and came out, by hash. Raises `UsageError` where the run ended before the splits."""
        return self.result.written

    @cached_property
    def stages(self) -> pl.DataFrame:
        """One line a stage: stage, state (done, unchanged, skipped; in a dry run, would run)."""
        return framed(self.result.stages.items(), {"stage": pl.String, "state": pl.String})

    @cached_property
    def findings(self) -> pl.DataFrame:
        """As those of `curate.check`."""
        return findings_frame(self.result.findings)

    @cached_property
    def conflicts(self) -> pl.DataFrame:
        """As the pairs of `curate.conflicts`."""
        return conflicts_frame(self.result.conflicts)

    @cached_property
    def splits(self) -> pl.DataFrame:
        """As those of `curate.split`."""
        return splits_frame(self.manifest)

    @cached_property
    def removed(self) -> pl.DataFrame:
        """As those of `curate.split`."""
        return removed_frame(self.folder / self.manifest.removed.file)

    @property
    def notes(self) -> list[str]:
        """What a person should know besides."""
        return self.result.notes

    def __repr__(self) -> str:
        return f"<Ran {self.folder}: {', '.join(f'{name} {state}' for name, state in self.result.stages.items())}>"

    def _repr_html_(self) -> str:
        facts: list[tuple[str, object]] = [("findings", len(self.result.findings)), ("conflicts", len(self.result.conflicts))]
        frames = [Titled("Stages", self.stages)]
        if self.result.manifest is not None:
            facts += [("lines read", self.manifest.read), ("kept", self.manifest.kept), ("removed", self.manifest.removed.lines)]
            frames.append(Titled("Splits", self.splits))
        return notebook_html(f"Run into {self.folder}", facts, frames)


def run(
    config: str | os.PathLike[str] = "curate.toml",
    *,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    again: Sequence[str] = (),
    until: str = "",
    dry: bool = False,
    judge_key: str | None = None,
    yes: bool = False,
    listen: Listener = silent,
) -> Ran:
    """All stages from one configuration, or from the folder that has it (its curate.toml, else its pyproject.toml): as `curate run`.

    A stage whose inputs have not changed is not run again. With a judge at an address, questions and answers are sent there: say `yes=True`;
    `judge_key` names the environment variable that has its key. `listen` is told how it goes on. Raises `CurateError`; what was finished stays.
    """
    path = Path(config)
    path = path / "curate.toml" if path.is_dir() else path
    if path.name == "curate.toml" and not path.exists() and path.with_name("pyproject.toml").exists():
        path = path.with_name("pyproject.toml")
    settings = load_config(path)
    if not settings.data:
        raise UsageError(f"{path}: names no data", 'write  data = ["data.jsonl"]')
    project = Project(path.absolute().parent)
    choice = Choice(tuple(only), tuple(skip), tuple(again), until, dry)
    agreed = Consent(yes, how="say yes=True if that may be")
    return Ran(project.folder / settings.output, run_pipeline(project, settings, listen, choice, consent=agreed, judge_key=judge_key))
