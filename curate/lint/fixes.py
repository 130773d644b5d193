"""Apply the repairs of the selected rules to files in place, atomically; all other bytes are unchanged.

A line is checked, repaired once and checked again, until no repair changes it. A repair that causes a new error is
reverted. Safe repairs never delete a line. Repairs that do need `unsafe`; deleted lines are appended to a ledger next
to the file, as `curate dedup` writes it, before the file is replaced.
"""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

from curate.core.config import CheckConfig, DedupConfig
from curate.core.errors import OutputError
from curate.core.example import Place
from curate.core.files import LEDGER, STDIN, display_name, real_path, replacing
from curate.core.removed import Removal, removal_of, removed_line
from curate.core.snapshot import Snapshot, require_unchanged, state_of
from curate.lint.fixer import FixedFile, Fixer, FixReport, LineChange
from curate.lint.rules.duplicates import Removals, heavy, require_small_removals

Progress = Callable[[int], None]


def fix_paths(
    paths: Sequence[Path],
    config: CheckConfig,
    *,
    unsafe: bool = False,
    suppressed: Collection[tuple[str, str]] = (),
    limits: DedupConfig | None = None,
    report: FixReport | None = None,
    progress: Progress | None = None,
) -> FixReport:
    """Fix files in place; `report` gets each file when it is done, so it is correct even if a later file fails.

    `suppressed`: codes and ids of examples that are not fixed; `limits`: how much of a file may be deleted (D008), None
    for no limit. Raises `OutputError` if a file cannot be written or changed while it was read, and `DataError` if too
    much would be deleted; that file is unchanged.
    """
    fixer, report = Fixer(config, unsafe=unsafe, suppressed=suppressed), report or FixReport()
    for path in paths:
        fixed = FixedFile(display_name(path))
        _rewrite(path, fixer.lines(path, fixed, progress), fixed, limits)
        report.files.append(fixed)
    return report


def _rewrite(path: Path, lines: Iterable[LineChange], fixed: FixedFile, limits: DedupConfig | None) -> None:
    """Replace a file if a line has changed, and write removed lines to its ledger. Permissions and links are kept.

    Raises `OutputError` and `DataError` as `fix_paths` does; the file is then unchanged.
    """
    import xxhash

    source = real_path(path).resolve()
    state, digest, size, read = state_of(source), xxhash.xxh3_128(), 0, 0
    removals: list[Removal] = []
    with ExitStack() as stack:
        out: IO[bytes] | None = None
        for before, after, deleted in lines:
            read += not before.isspace()
            removals += deleted
            digest.update(before)
            if out is None and after != before:
                if not os.access(source, os.W_OK):
                    raise OutputError(f"{path}: is read-only", "check its permissions; nothing was changed")
                fixed.links = source.stat().st_nlink - 1
                out = stack.enter_context(replacing(source))
                _copy_start(source, out, size)
            if out is not None:
                out.write(after)
            size += len(before)
        if out is not None:
            _copy_owner(source, out)
            shutil.copymode(source, out.name)
            if limits is not None:
                _require_small_removal(fixed.name, read, removals, limits)
            if removals:  # entered last, so renamed first: if killed, a line is in at least one of the two files
                ledger = path.with_name(f"{'stdin' if path == STDIN else path.stem}.{LEDGER}")
                fixed.ledger = str(_append(ledger, removals, stack, source))
            out.flush()  # detects a full disk before the first rename
            os.fsync(out.fileno())  # before the check, since it may take seconds, and lines may be appended meanwhile
            require_unchanged([Snapshot(source, state, digest.hexdigest())])


def _append(ledger: Path, removals: Iterable[Removal], stack: ExitStack, source: Path) -> Path:
    """Append to a ledger by rewriting it. Raises `OutputError` if a file with that name is not a ledger.

    A run that was killed between its two renames has recorded these lines already: they end the ledger then, which is
    newer than `source`.
    """
    lines = b"".join(map(removed_line, removals))
    out = stack.enter_context(replacing(ledger, mode=source.stat().st_mode))
    _copy_owner(source, out)
    if ledger.is_file():
        with ledger.open("rb") as existing:
            for line in existing:
                try:
                    removal_of(line)
                except ValueError:
                    raise OutputError(
                        f"{ledger}: contains something other than removed lines", "rename it; nothing was changed"
                    ) from None
                out.write(line if line.endswith(b"\n") else line + b"\n")
            if existing.tell() >= len(lines) and ledger.stat().st_mtime_ns > source.stat().st_mtime_ns:
                existing.seek(-len(lines), os.SEEK_END)
                lines = b"" if existing.read() == lines else lines
    out.write(lines)
    out.flush()  # detects a full disk before the first rename
    return ledger


def _copy_owner(source: Path, out: IO[bytes]) -> None:
    """Give a new file the owner of the file that it is made from, as only root can."""
    with suppress(OSError, AttributeError):  # Windows has no owners
        os.chown(out.fileno(), source.stat().st_uid, source.stat().st_gid)


def _require_small_removal(name: str, read: int, removals: Sequence[Removal], limits: DedupConfig) -> None:
    """Raise `DataError` if too much of a file would be removed (D008). Blank lines do not count."""
    lines = [removal for removal in removals if removal.data.strip()]
    clusters = Counter(Place(removal.kept.file, removal.kept.line) for removal in lines if removal.kept)
    findings = heavy(Removals({name: read}, {name: len(lines)}, clusters, limits))
    require_small_removals(findings, "inspect them with --diff, then pass --yes; the file is unchanged")


def _copy_start(source: Path, out: IO[bytes], size: int) -> None:
    """Copy the first `size` bytes of a file."""
    with source.open("rb") as file:
        while size > 0 and (block := file.read(min(size, 1 << 20))):
            out.write(block)
            size -= len(block)
