"""Exclude files of a folder by patterns of the command line and by .gitignore files.

Patterns have the syntax of .gitignore and are matched by `pathspec`. A file that is passed by name is always read.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from curate.core.errors import UsageError
from curate.core.text import visible


@dataclass
class Exclusion:
    """Patterns, and whether .gitignore files apply. Raises `UsageError` for an invalid pattern."""

    patterns: Sequence[str] = ()
    gitignore: bool = False
    _specs: dict[Path, GitIgnoreSpec] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        patterns = []
        for line in self.patterns:
            if (pattern := _pattern(line)) is None:
                raise UsageError(f"--exclude {visible(line)}: not a pattern", "write it as in .gitignore: data/*.jsonl")
            patterns.append(pattern)
        self._excluded = GitIgnoreSpec(patterns)

    def reason_left_out(self, path: Path, folder: Path) -> str:
        """Why a file below a folder is left out; empty if it is read."""
        if self._excluded.match_file(path.relative_to(folder).as_posix()):
            return "excluded by --exclude"
        return "ignored by .gitignore" if self.gitignore and self._ignored(path.absolute()) else ""

    def _ignored(self, path: Path) -> bool:
        """Whether the nearest .gitignore with a matching pattern ignores a file."""
        for folder in _up_to_repository(path):
            include = self._spec(folder).check_file(path.relative_to(folder).as_posix()).include
            if include is not None:
                return include
        return False

    def _spec(self, folder: Path) -> GitIgnoreSpec:
        """The patterns in the `.gitignore` of a folder; none without the file."""
        if folder not in self._specs:
            file = folder / ".gitignore"
            text = file.read_text(encoding="utf-8-sig", errors="replace") if file.is_file() else ""
            self._specs[folder] = GitIgnoreSpec(filter(None, map(_pattern, text.split("\n"))))
        return self._specs[folder]


def _pattern(line: str) -> GitIgnoreSpecPattern | None:
    """A line as a pattern; None for one that git ignores nothing for (`!`, a backslash at the end)."""
    try:
        return GitIgnoreSpecPattern(line)
    except (ValueError, re.error):
        return None


def _up_to_repository(path: Path) -> Iterator[Path]:
    """The folders above a file, up to the root of its repository; none outside of one."""
    above = list(path.parents)
    root = next((number for number, folder in enumerate(above) if (folder / ".git").exists()), -1)
    yield from above[: root + 1]
