"""Files as the data of the project of the working folder, as the commands take them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.commands.dedup import DedupResult, dedup
from curate.commands.session import Session, Workspace
from curate.core.config import Config, DedupConfig
from curate.core.decision import DecisionState
from curate.lint.project_check import ProjectRules
from curate.project.runs import Project


@dataclass(frozen=True)
class OpenedFiles(Workspace):
    """Files with another cache than that of their project."""

    cache_folder: Path | None = None

    @property
    def cache(self) -> Path | None:
        return self.cache_folder


def workspace(files: Sequence[Path], config: Config | None = None, cache: Path | None = None) -> Workspace:
    """Files with a configuration; results are kept in `cache` only."""
    return OpenedFiles(Project(Path.cwd()), files, config or Config(), Session(), cache_folder=cache)


def plan(
    files: Sequence[Path],
    config: DedupConfig,
    *,
    cache: Path | None = None,
    rules: ProjectRules | None = None,
    decisions: Mapping[str, DecisionState] | None = None,
    memory: int | None = None,
    **options: Any,
) -> DedupResult:
    """What `dedup` decides about files, by these rules and decisions; without any, by none. `memory` is in bytes."""
    work = OpenedFiles(Project(Path.cwd()), files, Config(), Session(memory=memory), cache_folder=cache)
    vars(work).update(rules=rules or ProjectRules(), decisions=decisions or {})
    return dedup(work, config=config, **options)
