"""Where the configuration of a project is: in its folder, or where `--config` says."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from curate.core.config import Config, load_config

_NAMED: Final[list[Path]] = []
"""The file of `--config`, while a command runs."""


@contextmanager
def configured_by(path: Path | None) -> Iterator[None]:
    """Read the configuration from this file during the block; None: from the project's folder."""
    _NAMED[:] = [] if path is None else [path]
    try:
        yield
    finally:
        _NAMED.clear()


def config_file(folder: Path) -> Path | None:
    """The configuration file of a folder: the named one, else its `curate.toml`, else its `pyproject.toml`."""
    if _NAMED:
        return _NAMED[0]
    return next((path for name in ("curate.toml", "pyproject.toml") if (path := folder / name).is_file()), None)


def find_config(folder: Path) -> Config:
    """The configuration of a folder, or the defaults. Paths in a named file are relative to the folder of that file.

    Raises `UsageError`, `ConfigError`.
    """
    path = config_file(folder)
    if path is None:
        return Config.model_construct()  # values in code need no validator, which takes a tenth of the start-up time
    config = load_config(path)
    if not _NAMED:
        return config
    home = path.parent
    split = config.split.model_copy(update={"existing": tuple(str(home / name) for name in config.split.existing)})
    remote = config.remote
    if remote.grader:
        remote = remote.model_copy(update={"grader": str(home / remote.grader)})
    return config.model_copy(update={"split": split, "remote": remote})
