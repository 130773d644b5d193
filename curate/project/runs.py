"""The state of a project: the `.curate/` folder next to the configuration."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from curate.core.config import SUPPRESSIONS
from curate.core.errors import InputError, UsageError
from curate.core.limits import open_regular, read_regular
from curate.core.text import visible
from curate.core.validation import parsed_json
from curate.project.config_files import config_file, config_in, require_trusted_owner, shown_path
from curate.storage.data_path import name_of
from curate.storage.files import STDIN
from curate.storage.shards import split_files

STATE: Final = ".curate"
JOURNAL: Final = "decisions.jsonl"
"""Name of the journal of decisions of a project."""


@dataclass(frozen=True, slots=True)
class Project:
    """A working folder. Folders are created on the first write."""

    folder: Path

    @property
    def state(self) -> Path:
        """The folder that holds everything below."""
        return self._state_path()

    def _state_path(self, *parts: str) -> Path:
        """A path in the state. Raises `UsageError` if a link leads out of it: a repository may bring one."""
        path = self.folder
        for part in (STATE, *parts):
            path /= part
            if path.is_symlink():
                raise UsageError(
                    f"{visible(str(path))}: is a link, and curate follows none in its own folder",
                    "put a folder in its place, or delete it; --run-dir names a folder elsewhere for a training",
                )
        return path

    @property
    def decisions(self) -> Path:
        """The journal of decisions; the one thing here worth committing to git."""
        return self._state_path() / JOURNAL

    @property
    def journals_above(self) -> list[Path]:
        """The journals in folders above the project, the nearest first: no command applies them to its data."""
        above = (folder / STATE / JOURNAL for folder in _absolute(self.folder).parents)
        return [path for path in above if os.path.isfile(path) and _is_trusted(path.parent)]  # noqa: PTH113

    @property
    def suppressions_above(self) -> list[Path]:
        """The files of suppressions in folders above the project, the nearest first: none is applied to its data."""
        above = (folder / SUPPRESSIONS for folder in _absolute(self.folder).parents)
        return [path for path in above if os.path.isfile(path) and _is_trusted(path)]  # noqa: PTH113

    def journal_of(self, reviewer: str) -> Path:
        """The journal of one of several reviewers; commands apply it once it is merged into `decisions`."""
        return self.state / f"decisions-{reviewer}.jsonl"

    @property
    def cache(self) -> Path:
        """Embeddings by content hash; safe to delete."""
        return self._state_path("cache")

    @property
    def edited(self) -> Path:
        """Copies of data files with edits applied, rebuilt by each run."""
        return self._state_path("edited")

    @property
    def lock(self) -> Path:
        """Lock of the pipeline that runs in this folder."""
        return self.state / "run.lock"

    def stage(self, name: str) -> Path:
        """The result of a pipeline stage, with the key of its inputs."""
        return self._state_path("stages") / f"{name}.json"

    def run(self, name: str) -> Path:
        """The folder of one training."""
        return self._state_path("runs", name) if Path(name).name == name else self._state_path("runs") / name

    def name_of(self, run: Path) -> str:
        """The name by which `run` finds a folder."""
        return run.relative_to(self.state / "runs").as_posix()

    def evaluation(self, name: str) -> Path:
        """Answers of a model that was measured without a training."""
        return self._state_path("evaluations", name)

    @property
    def remote(self) -> Path:
        """Records of uploads and jobs at services."""
        return self._state_path("remote")

    def sweep(self, name: str) -> Path:
        """The folder of one sweep, with its training runs."""
        return self._state_path("sweeps", name)

    @property
    def runs(self) -> list[Path]:
        """The folders of all trainings, latest first; each method of a comparison has its own folder."""
        folders = []
        for folder in _visible_folders(self._state_path("runs")):
            folders += [path for path in _visible_folders(folder) if (path / "metrics.jsonl").exists()] or [folder]
        return sorted(folders, key=_last_change, reverse=True)


def project_of(files: Sequence[Path], config: Path | None = None) -> Project:
    """The project of data files: the nearest folder at or above all of them with a configuration, a journal or
    suppressions; else the nearest at or above the working folder.

    Without any, it is the working folder if the data lies below it, else the folder of the data. Standard input, copies
    of URLs and data in memory belong to the working folder. `config`: the configuration that --config names. Raises
    `UsageError` for files that different configurations apply to.
    """
    working = Path.cwd()
    folders = {_absolute(path.parent) for path in files if path != STDIN and not name_of(path)}
    is_project = partial(_is_project, trusted=config is not None)
    fallback = next(filter(is_project, (working, *working.parents)), None)
    if not folders:
        return Project(fallback or working)
    if config is None:
        _require_one_configuration(folders)
    try:
        above = Path(os.path.commonpath(folders))
    except ValueError:  # on several drives of Windows
        return Project(fallback or working)
    project_folder = next(filter(is_project, (above, *above.parents)), None)
    inside = working in (above, *above.parents) or working.resolve() in (resolved := above.resolve(), *resolved.parents)
    return Project(project_folder or fallback or (working if inside else above))


def _require_one_configuration(folders: Iterable[Path]) -> None:
    """Raise `UsageError` if different configurations apply to folders."""
    by_config = {config_file(folder): folder for folder in sorted(folders, reverse=True)}
    if len(by_config) > 1:
        (first, _), (second, where), *_ = reversed(by_config.items())
        names = [visible(str(shown_path(path))) if path else "no configuration" for path in (first, second)]
        raise UsageError(
            f"{visible(str(shown_path(where)))}: {names[1]} applies here, and {names[0]} to other files",
            "run the command for each project, or name one configuration with --config",
        )


def _is_project(folder: Path, *, trusted: bool) -> bool:
    """Whether a folder has a journal, suppressions or a configuration. Unless `trusted`, raises `UsageError` if one of
    them is a file of another user in a folder that everybody may write to.
    """
    for file, owned in ((folder / SUPPRESSIONS,) * 2, (folder / STATE / JOURNAL, folder / STATE)):
        if os.path.isfile(file):  # noqa: PTH113 - of folders that may not be read, too
            if not trusted:
                require_trusted_owner(owned)
            return True
    return config_in(folder, trusted=trusted) is not None


def _is_trusted(path: Path) -> bool:
    """Whether a file or the state of a project may be read: it is no link, nor that of another user in a folder for
    everybody.
    """
    try:
        require_trusted_owner(path)
    except UsageError:
        return False
    return not path.is_symlink()


def _absolute(path: Path) -> Path:
    """An absolute path without `..`; links stay, so that data behind a link belongs to where the link is."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def _visible_folders(folder: Path) -> list[Path]:
    """The folders in a folder that are not hidden; empty if it does not exist."""
    return (
        [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
        if folder.is_dir()
        else []
    )


def _last_change(path: Path) -> float:
    """When a training last wrote to its folder, in seconds since 1970."""
    journal = path / "metrics.jsonl"
    return (journal if journal.exists() else path).stat().st_mtime


MARKERS: Final = ("identity.json", "export.json", "merge.json")
"""Files that a run, an export and a composed adapter have."""


def find_run(name: str, project: Project) -> Path:
    """The folder of a run: a path, or the name of one in a project. Raises `InputError`."""
    folders = [folder for folder in (Path(name), project.run(name)) if folder.is_dir()]
    for folder in folders:  # a folder of the same name that holds something else is not meant
        if any((folder / marker).is_file() for marker in MARKERS):
            return folder
    if folders:
        return folders[0]
    run_names = visible(", ".join(sorted(path.name for path in project.runs)))
    raise InputError(
        f"{visible(name)}: no such run",
        f"pass the folder of a run, or a run of this project: {run_names}" if run_names else "pass the folder of a run",
    )


def data_of(run: Path) -> list[Path]:
    """The training file of a run, or its shards. Raises `InputError` if its recipe names none, or it is missing."""
    try:
        recipe = parsed_json(read_regular(run / "recipe.json"))
        folder = Path(recipe["data"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            f"{visible(str(run))}: recipe.json does not name the training data", "pass the data files"
        ) from None
    if not (files := split_files(folder, "train")):
        path = visible(str(folder / "train.jsonl"))
        raise InputError(f"{path}: the training data of this run no longer exists", "pass the data files")
    return files


def new_events(path: Path, offset: int) -> tuple[int, list[dict[str, Any]]]:
    """New events of a run's journal after `offset`, and the offset after its last complete line; see `train.journal`.

    A file that became shorter was truncated by a resume and is read from the start.
    """
    try:
        with open_regular(path) as file:
            if path.stat().st_size < offset:
                offset = 0
            file.seek(offset)
            data = file.read()
    except OSError:  # not created yet
        return offset, []
    complete = data[: data.rfind(b"\n") + 1]
    events = []
    for line in complete.splitlines():
        try:
            event = parsed_json(line)
        except ValueError:  # the end of a line truncated by a crash
            continue
        if isinstance(event, dict):
            events.append(event)
    return offset + len(complete), events
