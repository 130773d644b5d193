"""The inputs of a review, and which reviewer gets an example.

The hash of the content assigns an example: shares are disjoint, and stay when the file grows.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from curate.core.config import Config
from curate.core.config_files import config_file, config_in, find_config
from curate.core.data_files import LeftOut, data_files
from curate.core.egress import Consent
from curate.core.errors import UsageError
from curate.core.finding import Finding
from curate.core.lazy import Flags, Ids, np
from curate.core.runs import Project, project_of
from curate.core.text import visible
from curate.core.urls import is_url
from curate.review.entry import Cluster, MultiConflict, PairConflict, sides_of

SHARE_TEXT: Final = re.compile(r"([1-9]\d{0,3})/([1-9]\d{0,3})", re.ASCII)
OVERLAP_RESOLUTION: Final = 1 << 32
"""Resolution of the overlap."""


@dataclass(frozen=True, slots=True)
class Share:
    """Share `part` of `of`; besides, everybody gets the same examples, `overlap` of all (0 to 1).

    The id of an example is a hash of its content: its first 64 bits choose the share, the others the overlap.
    """

    part: int
    of: int
    overlap: float = 0.0

    def contains_ids(self, ids: Ids) -> Flags:
        """Which ids, given as two integers each, are in the share."""
        in_part = ids[:, 0] % np.uint64(self.of) == self.part - 1
        common = ids[:, 1] % np.uint64(OVERLAP_RESOLUTION) < self.overlap * OVERLAP_RESOLUTION
        shared: Flags = in_part | common
        return shared

    def contains(self, example: str) -> bool:
        """Whether an example is in the share."""
        return bool(self.contains_ids(np.array([[int(example[:16], 16), int(example[16:], 16)]], np.uint64))[0])

    def has_finding(self, finding: Finding) -> bool:
        """Whether a finding is in the share. Without an example, its line decides; without a line, all get it."""
        if finding.example is not None:
            return self.contains(finding.example)
        return not finding.line or finding.line % self.of == self.part - 1

    def has_subject(self, subject: Cluster | PairConflict | MultiConflict) -> bool:
        """Whether a cluster or conflict is in the share: its example with the least id decides."""
        return self.contains(min(side.id for side in sides_of(subject)))


REVIEWER_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}", re.ASCII)
REVIEWER_NAMES: Final = "1 to 40 letters (A to Z), digits, '_', '.' and '-', beginning with a letter or digit"


def valid_reviewer(name: str) -> bool:
    """Whether a name can be used."""
    return REVIEWER_NAME.fullmatch(name) is not None


class Sources(NamedTuple):
    """The project that stores the decisions, its configuration, and the data files."""

    project: Project
    config: Config
    files: list[Path]
    reviewer: str = ""
    """The name of one of several reviewers, who has a journal of their own; empty: the project's journal."""

    share: Share | None = None
    """The reviewer's share of the examples; None: all."""

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
) -> Sources:
    """The sources for `paths`: a single folder is a project with data in its configuration, else data files.

    Data files belong to their project (see `project_of`), without one to the named folder. `consent`: to the settings
    of its configuration, which is `config` if --config names one; `left_out` is as in `data_files`. Raises
    `UsageError`, `InputError` or `ConfigError` before reading data.
    """
    if reviewer and not valid_reviewer(reviewer):
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
    return Sources(
        Project(Path()) if found_project.folder == Path.cwd() else found_project, project_config, files, reviewer, share
    )


def share_of(text: str, overlap: float = 0.0) -> Share:
    """The share that a text such as `2/3` names; `overlap`: the part of the entries, 0 to 1, that every reviewer gets.

    Raises `UsageError` for another text.
    """
    match = SHARE_TEXT.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise UsageError(f"--assign {visible(text)}: not a share", "pass for example 1/3, 2/3 and 3/3")
    return Share(int(match[1]), int(match[2]), overlap)
