"""The inputs of a review."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from curate.core.config import Config
from curate.core.errors import UsageError
from curate.core.text import visible
from curate.network.egress import Consent
from curate.project.config_files import config_file, config_in, find_config
from curate.project.runs import Project, project_of
from curate.review.assignment import Share
from curate.storage.data_files import LeftOut, data_files
from curate.storage.urls import is_url

REVIEWER_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}", re.ASCII)
REVIEWER_NAMES: Final = "1 to 40 letters (A to Z), digits, '_', '.' and '-', beginning with a letter or digit"


def is_valid_reviewer(name: str) -> bool:
    """Whether a name can be used."""
    return REVIEWER_NAME.fullmatch(name) is not None


class ReviewSources(NamedTuple):
    """The project that stores the decisions, its configuration, and the data files."""

    project: Project
    config: Config
    files: list[Path]
    reviewer: str = ""
    """The name of one of several reviewers, who has a journal of their own; empty: the project's journal."""

    share: Share | None = None
    """The reviewer's share of the examples; None: all."""
    agreed: bool = False
    """Whether the user consents to settings of the project's files that reach outside of it."""

    @property
    def journal(self) -> Path:
        """The journal that decisions are written to."""
        return self.project.journal_of(self.reviewer) if self.reviewer else self.project.decisions


def sources_of(
    paths: Sequence[Path],
    reviewer: str = "",
    share: Share | None = None,
    consent: Consent | None = None,
    *,
    config: Path | None = None,
    left_out: LeftOut | None = None,
) -> ReviewSources:
    """The sources for `paths`: a single folder is a project with data in its configuration, else data files.

    Data files belong to their project (see `project_of`), without one to the named folder. `consent`: to the settings
    of its configuration, which is `config` if --config names one; `left_out` is as in `data_files`. Raises
    `UsageError`, `InputError` or `ConfigError` before reading data.
    """
    if reviewer and not is_valid_reviewer(reviewer):
        raise UsageError(f"--reviewer {visible(reviewer)}: not a valid name", f"use {REVIEWER_NAMES}")
    single = len(paths) == 1 and paths[0].is_dir()
    folder = paths[0] if single else Path()
    has_config = single and (config_in(folder, trusted=config is not None) or config) is not None
    data = find_config(folder, consent, config, project={"output": "", "recipe": ""}).data if has_config else ()
    files = data_files([name if is_url(name) else folder / name for name in data] if data else paths, left_out=left_out)
    found_project = project_of(files, config)
    if data or (single and not found_project.decisions.is_file() and config_file(found_project.folder, config) is None):
        found_project = Project(folder)
    project = {"data": (), "recipe": ""}
    project_config = find_config(
        found_project.folder, consent, config, project=project, check={}, dedup={}, conflicts={}
    )
    shown = Project(Path()) if found_project.folder == Path.cwd() else found_project
    return ReviewSources(shown, project_config, files, reviewer, share, agreed=consent is not None and consent.yes)
