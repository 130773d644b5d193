"""Find the configuration of a project: at or above the folder of its data, or the file of `--config`."""

import glob
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from curate.core.config import NO_MODEL, Config, load_config
from curate.core.errors import UsageError
from curate.core.text import visible
from curate.core.validation import MAX_TOML_BYTES, load_toml
from curate.project.config_consent import PROJECT, require_agreed
from curate.storage.paths import path_from
from curate.storage.urls import is_url

if TYPE_CHECKING:
    from curate.network.egress import Consent

PATH_KEYS: Final = {
    "check": ("model", "chat_template"),
    "dedup": ("embeddings",),
    "conflicts": ("embeddings", "nli", "reader", "same_question", "judge"),
    "split": ("semantic",),
    "track": ("address",),
}
"""Keys that hold a path or another name; the value is a path if the path exists."""


def config_file(folder: Path, named: Path | None = None) -> Path | None:
    """The configuration file of a folder: the one `named` by --config, else the nearest at or above it, else that of
    the working folder or the nearest above that; None if there is none.

    In one folder, curate.toml takes precedence over pyproject.toml, which counts if it has a table `[tool.curate]`.
    Raises `UsageError`, `ConfigError` for a pyproject.toml that cannot be read.
    """
    if named is not None:
        return named
    above, working = Path(os.path.abspath(folder)), Path.cwd()  # noqa: PTH100 - of a linked folder, where the link is
    places = dict.fromkeys((above, *above.parents, working, *working.parents))
    return next((path for place in places if (path := config_in(place))), None)


def config_in(folder: Path, *, trusted: bool = False) -> Path | None:
    """`curate.toml`, else a `pyproject.toml` with a table `[tool.curate]`, in exactly this folder; None without either.

    Raises as `config_file` does. Without `trusted`, also raises `UsageError` for the file of another user in a folder
    that everybody may write to.
    """
    if os.path.isfile(path := folder / "curate.toml"):  # noqa: PTH113 - of folders that may not be read, too
        if not trusted:
            require_trusted_owner(path)
        return path
    if os.path.isfile(path := folder / "pyproject.toml") and _may_configure(path):  # noqa: PTH113
        if not trusted:
            require_trusted_owner(path)
        tools = load_toml(path).get("tool")
        return path if isinstance(tools, dict) and "curate" in tools else None
    return None


def require_trusted_owner(path: Path) -> None:
    """Raise `UsageError` for a file of another user in a folder that everybody may write to, such as /tmp: it would
    configure all projects below that folder.
    """
    if os.name != "posix":
        return
    info, around = path.stat(), path.parent.stat()
    if around.st_mode & stat.S_IWOTH and info.st_uid not in (os.getuid(), around.st_uid, 0):
        raise UsageError(
            f"{visible(str(path))}: belongs to another user, in a folder that everybody can write to",
            "work in another folder, or name your configuration with --config",
        )


def _may_configure(path: Path) -> bool:
    """Whether a pyproject.toml has to be parsed: few have a table of curate."""
    try:
        with path.open("rb") as file:
            return b"curate" in (start := file.read(MAX_TOML_BYTES + 1)) or len(start) > MAX_TOML_BYTES
    except OSError:
        return True  # parsing reports why it cannot be read


def find_config(
    folder: Path, consent: "Consent | None" = None, named: Path | None = None, /, **used: Mapping[str, Any]
) -> Config:
    """The configuration that applies in a folder (see `config_file`), or the defaults.

    Paths in it are relative to its own folder. `used`: the tables that the command uses, each with the values of its
    options by key (see `curate.project.config_consent`). Raises `UsageError`, also for a setting that needs consent if
    there is none, and `ConfigError`.
    """
    path = config_file(folder, named)
    if path is None:
        return Config.model_construct()  # values in code need no validator, which takes a tenth of the start-up time
    config, home = load_config(path), Path(os.path.abspath(path.parent))  # noqa: PTH100
    require_agreed(config, path, consent, used)
    return config if home == Path.cwd() else _with_paths_from(config, home)


def load_project(path: Path, consent: "Consent", *, trains: bool, tracks: bool = False) -> tuple[Path, Config]:
    """The folder and configuration of a project, given its configuration file or its folder.

    In a folder, curate.toml takes precedence over pyproject.toml. `trains`: whether its recipe may be used; `tracks`:
    its tracker. Raises as `find_config` does, and `UsageError` if the configuration names no data.
    """
    path = path / "curate.toml" if path.is_dir() else path
    if path.name == "curate.toml" and not path.exists() and path.with_name("pyproject.toml").exists():
        path = path.with_name("pyproject.toml")
    config = load_config(path)
    if not config.data:
        raise UsageError(f"{path}: no data files are configured", 'write  data = ["data.jsonl"]')
    project = {} if trains else {"recipe": ""}
    used: dict[str, Mapping[str, Any]] = {
        PROJECT: project,
        **{table: {} for table in ("check", "dedup", "conflicts", "split", "mix")},
    }
    used |= {"track": {}} if tracks else {}
    require_agreed(config, path, consent, used)
    return path.absolute().parent, config


def _with_paths_from(config: Config, home: Path) -> Config:
    """A configuration with the paths that it has in the folder `home`, for the working folder."""
    changes: dict[str, dict[str, Any]] = {}
    for section, keys in PATH_KEYS.items():
        values = {key: getattr(getattr(config, section), key) for key in keys}
        changes[section] = {
            key: _path_from(home, value)
            for key, value in values.items()
            if value not in ("", NO_MODEL) and (home / value).exists()
        }
    changes["split"]["existing"] = tuple(_path_from(home, name) for name in config.split.existing)
    changes["remote"] = {"grader": _path_from(home, config.remote.grader)} if config.remote.grader else {}
    below = {f"{glob.escape(home.as_posix())}/{name}": codes for name, codes in config.check.per_file_ignores.items()}
    if below:
        changes["check"]["per_file_ignores"] = {**config.check.per_file_ignores, **below}
    return config.model_copy(
        update={name: getattr(config, name).model_copy(update=values) for name, values in changes.items() if values}
    )


def _path_from(home: Path, name: str) -> str:
    """The path or pattern `name` of a configuration in `home`, for the working folder; a URL as it is."""
    return name if is_url(name) else str(path_from(shown_path(home), name))


def shown_path(path: Path) -> Path:
    """A path relative to the working folder, with `..` if it is outside of it; absolute on another drive."""
    try:
        return Path(os.path.relpath(path))
    except ValueError:
        return path
