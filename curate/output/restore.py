"""Restore removed lines from the ledger: to a file, or to the splits in which their related examples are."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from curate.core.config import Config, MixConfig
from curate.core.decision import Decision
from curate.core.errors import InputError, UsageError, require_all_lines
from curate.core.example import where
from curate.core.json_output import NotPrinted, Output
from curate.core.lazy import np
from curate.core.limits import open_regular
from curate.core.removed import Removal, removal_of
from curate.core.text import plural, visible
from curate.corpus.corpus import Table
from curate.corpus.loading import read_table
from curate.output.folder import restore_lines
from curate.parallel.worker_pool import WorkerPool, cores
from curate.project.decision_log import DecisionLog
from curate.project.manifest import (
    SPLIT_NAMES,
    Manifest,
    Restored,
    changed_files,
    digest_of,
    named_files,
    read_manifest,
)
from curate.project.runs import Project
from curate.read.lines import compact
from curate.split.assign import NO_SPLIT, Move
from curate.split.division import Division, divide, split_feature_spec
from curate.storage.files import LEDGER, MANIFEST, display_name, replacing
from curate.storage.output_pair import CountingWriter
from curate.storage.paths import path_inside
from curate.storage.scratch import temporary_folder
from curate.storage.snapshot import mode_of, require_unchanged, rights_of, snapshot
from curate.storage.transaction import READY_FILE, STAGE_FOLDER, recover

PENDING: Final = ".curate-restored.jsonl"
"""In a folder of splits: decisions of a restore that are not in the journal yet."""


class LedgerLine(NamedTuple):
    """A line of the ledger."""

    line: bytes
    """Its text in the ledger, without its line break."""
    removal: Removal


@dataclass(frozen=True, slots=True)
class RestoreResult(Output):
    """What `curate restore --json` prints."""

    restored: list[Removal]
    """The ledger's lines without their text, in the order they were read."""
    left: int
    """Lines that stay in the ledger."""
    refused: list[str]
    """Lines that were to be restored and cannot be in a split: place and reason."""
    output: str | None
    """The file with the restored lines; null if they went into the splits."""
    manifest: Manifest | None
    """Hash of the folder's new manifest; null if it is unchanged."""
    moved: NotPrinted[Sequence[Move]] = ()


def read_entries(ledger: Path) -> list[LedgerLine]:
    """The lines of a ledger. Raises `InputError` for an invalid file."""
    try:
        with open_regular(ledger) as file:
            data = file.read()
    except OSError as error:
        raise InputError.of(ledger, error, f"name a folder with a {LEDGER}, or that file") from error
    entries = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            try:
                entries.append(LedgerLine(line, removal_of(line)))
            except ValueError:
                raise InputError(
                    f"{ledger}:{number}: not the record of a removed line",
                    f"name a {LEDGER} written by `curate dedup`, `split` or `run`",
                ) from None
    return entries


def selected_positions(
    entries: Sequence[LedgerLine], names: Iterable[str], reasons: Iterable[str], *, every: bool
) -> list[int]:
    """Positions of lines selected by id prefix, `file:line`, reason, or all. Raises `UsageError` without a match."""
    selected: set[int] = set(range(len(entries))) if every else set()
    for name in map(display_name, names):
        matching = {position for position, (_, removal) in enumerate(entries) if _is_named(removal, name)}
        if not matching:
            raise UsageError(
                f"{visible(name)}: no removed line has this id or place",
                "name an id, its first digits, or FILE:LINE as in removed.jsonl",
            )
        selected |= matching
    for code in reasons:
        matching = {position for position, (_, removal) in enumerate(entries) if code == removal.reason}
        if not matching:
            removal_reasons = ", ".join(sorted({removal.reason for _, removal in entries}))
            hint = f"use one of: {removal_reasons}" if removal_reasons else "there is no removed line"
            raise UsageError(f"--reason {visible(code)}: no line was removed for it", hint)
        selected |= matching
    return sorted(selected)


def _is_named(removal: Removal, name: str) -> bool:
    """Whether a name means a removed line: its place, or at least six characters of its example's id."""
    return name == where(removal.file, removal.line) or (
        len(name) >= 6 and removal.example is not None and removal.example.startswith(name)
    )


def restore_to(
    output: Path, entries: Sequence[LedgerLine], numbers: Sequence[int], *, mode: int | None
) -> RestoreResult:
    """Write lines of a ledger to a file in the order of `numbers`, their positions in `entries` from 0.

    The ledger keeps them. `mode` is as in `replacing`. Raises `OutputError`.
    """
    with replacing(output, mode=mode, named=True) as file:
        written = CountingWriter(file)
        for number in numbers:
            written.write(compact(entries[number].removal.data) + b"\n")
        require_all_lines(len(numbers), written.lines, 0)
    return RestoreResult(
        [entries[number].removal.without_line for number in numbers], len(entries), [], str(output), None
    )


def finish(folder: Path, journal: Path) -> bool:
    """Complete an interrupted command in a folder, and move the decisions of a restore to the journal.

    Returns True if a command was completed or decisions were moved. Commands that write to the folder call this before
    they read it. Raises `InputError` if `restore` did not write the decisions, and as `recover` and `DecisionLog` do.
    """
    was_pending = (folder / STAGE_FOLDER / READY_FILE).is_file()
    recover(folder)
    path = path_inside(folder, PENDING)
    if not path.is_file():
        return was_pending
    restored = {entry.example for entry in read_manifest(folder)[0].restored}
    pending = DecisionLog(path)
    if pending.unreadable or any(
        decision.verdict != "keep" or decision.example not in restored for decision in pending.decisions
    ):
        raise InputError(
            f"{visible(str(path))}: was not written by `curate restore`",
            "inspect the file and delete it; no file was changed",
        )
    DecisionLog(journal, rights_of([path])).merge(path)
    path.unlink()
    return True


def _keep_decisions(restored: Sequence[LedgerLine], folder: Path, journal: Path) -> list[Decision]:
    """The decisions to record for lines restored into `folder`: to keep them.

    An example about which `journal` has another decision than to drop it has none. The journal is not changed.
    """
    log = DecisionLog(journal)
    verdicts = log.verdicts()
    examples = {removal.example: removal.code for _, removal in restored if removal.example}
    return [
        Decision(
            example=example,
            verdict="keep",
            about=code or "",
            why=f"restored into {folder}",
            replaces=tuple(head.id for head in log.heads(example)),
        )
        for example, code in examples.items()
        if example not in verdicts or verdicts[example].verdict == "drop"
    ]


def _require_intact(folder: Path, manifest: Manifest, entries: Sequence[LedgerLine]) -> None:
    """Raise `InputError` if a folder differs from its manifest, since a new manifest would include the changes."""
    ledger = hashlib.sha256(b"".join(entry.line + b"\n" for entry in entries)).hexdigest()
    broken = changed_files(
        folder, {name: expected for name, expected in named_files(manifest).items() if name != manifest.removed.file}
    )
    if ledger != manifest.removed.sha256:
        broken[manifest.removed.file] = "is not what was written"
    if digest_of(manifest) != manifest.digest:
        broken[MANIFEST] = "was edited"
    for name, why in broken.items():
        raise InputError(
            f"{visible(str(folder / name))}: {why}", "run `curate verify` on the folder; no file was changed"
        )


def restore_into(
    folder: Path,
    entries: Sequence[LedgerLine],
    numbers: Sequence[int],
    project: Project,
    unread: Callable[[bytes], str],
    *,
    refused: Sequence[str] | None,
) -> RestoreResult:
    """Restore lines into the splits of a folder, each to the split of its related examples; the journal keeps them.

    The decisions are written to the folder together with its files, and then to the journal; after an interruption the
    next command that writes to the folder completes this (`finish`). Lines without an example, those for which `unread`
    gives a reason why the proof cannot compare them, and those related to a given test set stay removed and are added
    to `refused`; if that is None, or no other line is named, they raise `UsageError`. Raises `InputError` for a folder
    that differs from its manifest. Nothing is changed then. `numbers`: positions in `entries` from 0.
    """
    manifest, _ = read_manifest(folder)
    snapshots = [snapshot(folder / name) for name in (MANIFEST, *named_files(manifest)) if (folder / name).is_file()]
    _require_intact(folder, manifest, entries)
    broken = {number: why for number in numbers if (why := _not_comparable(entries[number].removal, unread))}
    numbers, refused = _without(broken, entries, numbers, refused)
    chosen = [entries[number] for number in numbers]
    has_test_set = bool(manifest.existing)
    config = Config.model_validate(manifest.config).model_copy(
        update={"mix": MixConfig()}
    )  # restored lines are exempt from the budget
    order = ["test", "train", "validation"] if has_test_set else list(SPLIT_NAMES)
    with ExitStack() as stack:
        pool = stack.enter_context(WorkerPool(cores(), processes=False))
        room = stack.enter_context(temporary_folder())
        lines = room / "restored.jsonl"
        lines.write_bytes(b"".join(compact(removal.data) + b"\n" for _, removal in chosen))
        spec = split_feature_spec(config)._replace(common=tuple(shared.text for shared in manifest.shared_instructions))
        files = [(path, SPLIT_NAMES.index(name)) for name in order for path in manifest.splits[name].paths(folder)]
        table = read_table([*(path for path, _ in files), lines], spec, pool)
        parts = np.array([*(split for _, split in files), NO_SPLIT], dtype=np.int64)  # restored lines are last
        before = parts[np.searchsorted(table.first, table.lines, side="right") - 1]
        given = len(manifest.splits["test"].files) if has_test_set else 0
        division = divide(table, {}, config, pool, given=given, before=before, cache=project.cache)
        if division.left_out:
            first = int(table.first[-2])
            leaks = {
                numbers[line - first]: f"would leak: it {reason.why}" for line, reason in division.left_out.items()
            }
            numbers, refused = _without(leaks, entries, numbers, refused)
            return restore_into(folder, entries, numbers, project, unread, refused=refused)
        restored = [_restored_record(entry.removal, table, division, number) for number, entry in enumerate(chosen)]
        stays = [entry for number, entry in enumerate(entries) if number not in set(numbers)]
        pending = b"".join(decision.line() + b"\n" for decision in _keep_decisions(chosen, folder, project.decisions))
        manifest = restore_lines(
            folder, table, division, manifest, [entry.line for entry in stays], [entry.removal for entry in stays],
            restored,
            extra_files={PENDING: pending} if pending else {}, mode=mode_of(snapshots),
            unchanged=partial(require_unchanged, snapshots),
        )  # fmt: skip
        finish(folder, project.decisions)
    return RestoreResult(
        [entry.removal.without_line for entry in chosen], len(stays), [*(refused or ())], None, manifest, division.moved
    )


def _not_comparable(removal: Removal, unread: Callable[[bytes], str]) -> str:
    """Why a removed line cannot be compared with others, as the end of a message; empty if it can. `unread`: see
    `restore_into`.
    """
    why = unread(compact(removal.data))
    text = "holds no example that can be compared"
    return f"{text}: {why}" if why else text if removal.example is None else ""


def _without(
    wrong: Mapping[int, str], entries: Sequence[LedgerLine], numbers: Sequence[int], refused: Sequence[str] | None
) -> tuple[Sequence[int], Sequence[str] | None]:
    """The numbers of lines that can be restored, and `refused` with messages about the wrong ones. Raises as
    `restore_into` does.

    `wrong`: the reason by number, a position in `entries`; `refused`: None if a wrong line raises.
    """
    removals = [entries[number].removal for number in sorted(wrong)]
    messages = [
        f"{visible(where(removal.file, removal.line))}: {visible(wrong[number])}"
        for number, removal in zip(sorted(wrong), removals, strict=True)
    ]
    remaining = [number for number in numbers if number not in wrong]
    if messages and (refused is None or not remaining):
        raise UsageError(
            f"{messages[0]}, so it cannot be restored into a split ({plural(len(messages), 'such line')})",
            "write it to a file with -o FILE",
        )
    return remaining, None if refused is None else [*refused, *messages]


def _restored_record(removal: Removal, table: Table, division: Division, index: int) -> Restored:
    """The entry in the manifest for a restored line; `index`: its position among the lines that were added to the
    table.
    """
    line = int(table.first[-2]) + index
    split = SPLIT_NAMES[int(division.split[int(table.lines.searchsorted(line))])]
    return Restored(file=removal.file, line=removal.line, example=removal.example or "", split=split, code=removal.code)
