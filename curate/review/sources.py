"""The inputs of a review."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from curate.core.config import Config, find_config
from curate.core.files import data_files
from curate.core.runs import Project


class Sources(NamedTuple):
    """The project that stores the decisions, its configuration, and the data files."""

    project: Project
    config: Config
    files: list[Path]


def sources_of(paths: Sequence[Path]) -> Sources:
    """The sources for `paths`: a single folder is a project with data in its configuration, else data files.

    Data files belong to the project of the working folder. Raises `UsageError`, `InputError` or `ConfigError` before
    reading data.
    """
    folder = paths[0] if len(paths) == 1 and paths[0].is_dir() else Path()
    config = find_config(folder)
    named = [folder / name for name in config.data] if folder in paths and config.data else paths
    return Sources(Project(folder), config, data_files(named))
