"""`curate doctor`: what is installed, what is missing, and where files are kept. Nothing is downloaded or changed."""

import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from curate import __version__
from curate.conflicts.default_models import EMBEDDINGS, NLI, READERS, at_hand
from curate.core.json_output import Output
from curate.core.lazy import version_of
from curate.models.names import cache_folder
from curate.project.config_files import config_file, shown_path
from curate.project.runs import Project
from curate.storage.places import downloads_folder

DISTRIBUTION: Final = "curate-chat"
DEVELOPER_EXTRAS: Final = ("dev", "all", "offline")
"""Extras that are of no use to a user by themselves."""
REQUIREMENT: Final = re.compile(r"([\w.-]+)(?:\s*>=\s*([\d.]+))?.*?(?:;\s*extra == [\"']([\w-]+)[\"'])?")


@dataclass(frozen=True, slots=True)
class PackageState(Output):
    """A required package."""

    name: str
    installed: str | None
    """Its version; null if it is not installed."""
    needed: str
    """The oldest supported version; empty: any."""

    @property
    def ok(self) -> bool:
        """Whether it is installed and not too old."""
        return self.installed is not None and _numbers(self.installed) >= _numbers(self.needed)


@dataclass(frozen=True, slots=True)
class ExtraState(Output):
    """The base package, or an extra of it."""

    name: str
    """Name of the extra; empty: the base package."""
    ok: bool
    packages: list[PackageState]
    install: str
    """The command that installs what is missing."""


@dataclass(frozen=True, slots=True)
class FolderState(Output):
    """A folder that curate writes to."""

    purpose: str
    path: str
    bytes: int
    """Size of the files in it; 0 without the folder."""


@dataclass(frozen=True, slots=True)
class DoctorResult(Output):
    """What `curate doctor --json` prints."""

    curate: str
    """Version of curate."""
    python: str
    system: str
    gpu: str
    """The GPU with its memory, or why there is none."""
    extras: list[ExtraState]
    """The base package first."""
    embeddings: str
    """The default embedding model on this machine; empty: none."""
    nli: str
    """The default NLI model on this machine; empty: none."""
    reader: str
    """The default model on this machine that reads long answers; empty: none."""
    folders: list[FolderState]
    configuration: str | None
    """The configuration file that applies in the working folder."""

    @property
    def ok(self) -> bool:
        """Whether all required packages are installed."""
        return all(extra.ok for extra in self.extras if not extra.name)


def examine(folder: Path) -> DoctorResult:
    """Look at the installation and at a working folder."""
    config_path = config_file(folder)
    semantic = find_spec("sentence_transformers") is not None
    return DoctorResult(
        curate=__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        gpu=_gpu(),
        extras=list(_extras()),
        embeddings=at_hand(EMBEDDINGS) if semantic else "",
        nli=at_hand(NLI) if semantic else "",
        reader=at_hand(READERS),
        folders=[
            FolderState("converted models", str(cache_folder()), _folder_bytes(cache_folder())),
            FolderState("downloaded data", str(downloads_folder()), _folder_bytes(downloads_folder())),
            FolderState("state of the project", str(Project(folder).state), _folder_bytes(Project(folder).state)),
        ],
        configuration=None if config_path is None else str(shown_path(config_path)),
    )


def _extras() -> Iterator[ExtraState]:
    """The base package and its extras, as the metadata of the installed package has them."""
    needed: dict[str, list[PackageState]] = {"": []}
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:  # the source tree is on the path, but not installed
        lines = []
    for line in lines:
        if match := REQUIREMENT.fullmatch(line):
            name, oldest, extra = match.groups(default="")
            needed.setdefault(extra, []).append(_package_state(name, oldest))
    for extra, packages in needed.items():
        if extra not in DEVELOPER_EXTRAS:
            target = f"'{DISTRIBUTION}[{extra}]'" if extra else DISTRIBUTION
            yield ExtraState(extra, all(package.ok for package in packages), packages, f"pip install -U {target}")


def _package_state(name: str, oldest: str) -> PackageState:
    return PackageState(name, version_of(name) or None, oldest)


def _numbers(text: str) -> tuple[int, ...]:
    """The numbers of a version: 2.10.1+cpu as 2, 10, 1."""
    return tuple(int(part) for part in re.findall(r"\d+", text.partition("+")[0]))


def _gpu() -> str:
    """Name and free memory of the GPU, or why there is none."""
    if find_spec("torch") is None:
        return "not examined: torch is not installed"
    try:
        import torch
    except (ImportError, OSError) as error:  # a library of the driver is missing
        return f"not examined: torch cannot be loaded: {error}"
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        return f"{torch.cuda.get_device_name()}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free"
    if torch.backends.mps.is_available():
        return "Apple GPU (Metal)"
    return f"none that torch {torch.__version__} can use"


def _folder_bytes(folder: Path) -> int:
    """The size of all files in a folder in bytes; 0 if it does not exist."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
