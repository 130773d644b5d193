"""Write an output folder: splits, removed lines, data card and, last, the manifest with all hashes.

All files are moved into place together.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate import __version__
from curate.core.config import Config
from curate.core.decision import DecisionState
from curate.core.errors import InputError, require_all_lines
from curate.core.example import Place
from curate.core.finding import Finding
from curate.core.json_output import NotPrinted, Output
from curate.core.lazy import Numbers, np
from curate.core.limits import read_regular
from curate.core.masking import masked
from curate.core.removed import Reason, Removal, counted_as, removed_line
from curate.core.text import excerpt, json_line
from curate.corpus.corpus import LINES_AHEAD, LineReader, LineSource, Table, lines_at
from curate.corpus.strata import FORMAT_NAMES
from curate.dedup.cluster_resolution import DuplicateRemoval
from curate.output.apply import Dropped, duplicate_reason
from curate.output.datacard import card, loading
from curate.output.line_files import LineFile, line_parts, write_files
from curate.output.trainer_configs import TRAINERS, configurations, parquet_of, writes_parquet
from curate.parallel.worker_pool import WorkerPool
from curate.project.manifest import (
    SPLIT_NAMES,
    InputFile,
    Manifest,
    OutputFile,
    RemovedFile,
    Restored,
    Shard,
    SharedInstruction,
    SharedText,
    ShortAnswer,
    changed_files,
    data_settings,
    digest_of,
    manifest_bytes,
    named_files,
    read_manifest,
    versions,
)
from curate.read.formats import AS_READ, example_of
from curate.split.assign import Move
from curate.split.division import Division
from curate.storage.files import LEDGER, MANIFEST, sha256
from curate.storage.output_pair import CountingWriter
from curate.storage.shards import shard_bounds, shard_names, shard_pattern, shards_of
from curate.storage.transaction import ReplaceableFiles, recover, replacing_together

SHARED_TEXT_CHARS: Final = 80
"""Characters of a shared text that the manifest shows."""
CARD: Final = "DATACARD.md"
LOADING: Final = ".huggingface.yaml"


class OutputSettings(NamedTuple):
    """The settings and decisions that an output was made with."""

    config: Config
    decisions: Mapping[str, DecisionState] = {}
    models: Mapping[str, str] = {}
    grown_from: str | None = None
    note: Callable[[str], None] = lambda _: None
    """Is called with each note for the user."""


@dataclass(frozen=True, slots=True)
class SplitResult(Output):
    """What `curate split --json` prints."""

    folder: str
    manifest: Manifest
    not_understood: int
    """Lines without an example in a known format; they are in the ledger of removed lines."""
    warnings: list[Finding]
    """Splits that differ from the requested sizes (L008)."""
    moved: list[Move]
    notes: list[str]
    division: NotPrinted[Division]


def write_output(
    folder: Path,
    table: Table,
    division: Division,
    inputs: Sequence[InputFile],
    given: int,
    settings: OutputSettings,
    *,
    pool: WorkerPool | None = None,
    mode: int | None = None,
    unchanged: Callable[[], None] = lambda: None,
) -> Manifest:
    """Write a folder, completely or not at all; its splits in the tasks of a cluster if the pool is one.

    `inputs`: the files of the table, of which the first `given` are a given test set. `mode` and `unchanged` are as in
    `curate.storage.transaction.replacing_together`. Raises `OutputError`; `UsageError` if another process writes there,
    or a file to be written exists and was not written by curate; nothing is changed then.
    """
    recover(folder)
    before = _written_before(folder)
    replaceable = _replaceable_files(folder, before)
    if replaceable is not None:
        replaceable.check(folder, [*names_of(settings.config), *_shards_in(folder)])
    outdated = _outdated(folder, before, replaceable)
    with replacing_together(folder, outdated, own=replaceable, mode=mode, unchanged=unchanged) as stage:
        return _write_stage(stage, table, division, inputs, given, settings, pool)


def _write_stage(
    stage: Path,
    table: Table,
    division: Division,
    inputs: Sequence[InputFile],
    given: int,
    settings: OutputSettings,
    pool: WorkerPool | None,
) -> Manifest:
    """Write all files of an output folder to the stage, and return the manifest. Raises an error if a line is
    missing.
    """
    splits = _write_splits(stage, table, division, settings.config.shards, pool)
    removed = _write_ledger(stage / LEDGER, table, division.left_out, LineReader())
    read = len(table.starts) - int(table.first[given])
    kept_count = sum(part.examples for part in splits.values()) - int(
        np.count_nonzero(table.lines < table.first[given])
    )
    require_all_lines(read, kept_count, removed.lines)
    manifest = Manifest(
        curate=__version__,
        versions=versions(),
        inputs=list(inputs[given:]),
        existing=list(inputs[:given]),
        config=data_settings(settings.config),
        models=dict(settings.models),
        decisions={example: _verdict_text(decision) for example, decision in sorted(settings.decisions.items())},
        grown_from=settings.grown_from,
        read=read,
        kept=kept_count,
        removed=removed,
        **_exempt(division),
        links=dict(division.links),
        groups=division.groups,
        splits=splits,
        files={},
    )
    return finish(stage, manifest, settings.note)


def _exempt(division: Division) -> dict[str, Any]:
    """The lists in the manifest of instructions, texts and answers that do not count as leaks."""
    return {
        "shared_instructions": [
            SharedInstruction(text=shared.text, examples=shared.examples) for shared in division.shared_instructions
        ],
        "shared_texts": [
            SharedText(
                kind=shared.kind,
                text=excerpt(masked(shared.text), SHARED_TEXT_CHARS),
                examples=shared.examples,
                runs=list(shared.runs),
            )
            for shared in division.shared_texts
        ],
        "short_answers": [
            ShortAnswer(text=masked(short.text), examples=short.examples, questions=short.questions)
            for short in division.short_answers
        ],
        "short_answer_examples": division.short_answer_examples,
    }


def _verdict_text(decision: DecisionState) -> str:
    """A decision as the manifest has it: `drop`, `edit ID` or `keep CODE ...`."""
    if decision.value is not None:
        return f"edit {example_of(decision.value, Place('', 0)).id}"
    if decision.verdict != "undecided":
        return decision.verdict
    return "keep " + ", ".join(" ".join(filter(None, slot[1:])) for slot in sorted(decision.kept))


def restore_lines(
    folder: Path,
    table: Table,
    division: Division,
    manifest: Manifest,
    ledger: Sequence[bytes],
    removals: Sequence[Removal],
    restored: Sequence[Restored],
    *,
    extra_files: Mapping[str, bytes],
    mode: int,
    unchanged: Callable[[], None],
) -> Manifest:
    """Write a folder again with restored lines in its splits. Raises as `write_output` does.

    `ledger`: the lines that stay removed. `extra_files`: files that are replaced together with the others. `mode` and
    `unchanged` are as in `curate.storage.transaction.replacing_together`.
    """
    with replacing_together(folder, list(named_files(manifest)), mode=mode, unchanged=unchanged) as stage:
        for name, content in extra_files.items():
            (stage / name).write_bytes(content)
        shards = max(len(part.files) for part in manifest.splits.values())
        splits = _write_splits(stage, table, division, shards, None)
        data = b"".join(line + b"\n" for line in ledger)
        with (stage / LEDGER).open("wb") as out:
            written = CountingWriter(out)
            written.write(data)
            left = written.lines
        reasons = Counter(removal.reason for removal in removals)
        removed = RemovedFile(
            file=LEDGER, lines=left, sha256=hashlib.sha256(data).hexdigest(), reasons=dict(sorted(reasons.items()))
        )
        kept_count = sum(part.examples for part in splits.values()) - sum(file.lines for file in manifest.existing)
        require_all_lines(manifest.read, kept_count, removed.lines)
        changes = {
            "kept": kept_count,
            "removed": removed,
            "splits": splits,
            "restored": [*manifest.restored, *restored],
            **_exempt(division),
        }
        return finish(
            stage, manifest.model_copy(update={**changes, "links": dict(division.links), "groups": division.groups})
        )


def finish(stage: Path, manifest: Manifest, note: Callable[[str], None] = lambda _: None) -> Manifest:
    """Write the files derived from the splits: optional Parquet and configurations, data card, manifest. `note`: see
    `configurations`.
    """
    files = {}
    settings = manifest.config["split"]
    if writes_parquet(settings.get("trainers", ()), requested=settings["parquet"]):
        from curate.storage.parquet import write_parquet  # only if requested

        for part in manifest.splits.values():
            names = [*map(parquet_of, part.files)]
            write_parquet(part.paths(stage), [stage / name for name in names])
            files.update({name: sha256(stage / name) for name in names})
    configured = configurations(manifest, stage, note)
    for name, text in ((CARD, card(manifest)), (LOADING, loading(manifest)), *configured.items()):
        data = text.encode("utf-8", "surrogatepass")
        (stage / name).write_bytes(data)
        files[name] = hashlib.sha256(data).hexdigest()
    manifest = manifest.model_copy(update={"files": files})
    manifest = manifest.model_copy(update={"digest": digest_of(manifest)})
    (stage / MANIFEST).write_bytes(manifest_bytes(manifest))
    return manifest


def _write_splits(
    stage: Path, table: Table, division: Division, shards: int, pool: WorkerPool | None
) -> dict[str, OutputFile]:
    """Write the examples of each split to files of the stage, `shards` of them if there are as many examples, and
    return its entry in the manifest.
    """
    files, counts = list[LineFile](), list[int]()
    assert table.marks is not None
    formats = [FORMAT_NAMES.index(name) for name in AS_READ]
    for number, name in enumerate(SPLIT_NAMES):
        examples = np.flatnonzero(division.split == number)
        as_read, lines = np.isin(table.marks.formats[examples], formats), table.lines[examples]
        file, bounds = f"{name}.jsonl", shard_bounds(len(examples), shards)
        names = [file] if shards == 1 else shard_names(file, len(bounds) - 1)
        for shard, first, last in zip(names, bounds, bounds[1:], strict=False):
            files.append(LineFile(shard, line_parts(table, lines[first:last], as_read[first:last])))
        counts.append(len(names))
    written, splits = iter(write_files(files, stage, pool)), {}
    for number, (name, count) in enumerate(zip(SPLIT_NAMES, counts, strict=True)):
        shard_files = [Shard(file=file.path.name, examples=file.lines, sha256=file.sha256)
                       for file in islice(written, count)]  # fmt: skip
        examples = np.flatnonzero(division.split == number)
        lines_written = sum(shard.examples for shard in shard_files)
        require_all_lines(len(examples), lines_written, 0)
        file = f"{name}.jsonl"
        splits[name] = OutputFile(
            file=file if shards == 1 else shard_pattern(file, count),
            examples=lines_written,
            characters=int(table.lengths[examples].sum()),
            groups=division.groups_in[number],
            sha256=shard_files[0].sha256 if shards == 1 else None,
            shards=[] if shards == 1 else shard_files,
        )
    return splits


def line_written(table: Table, line: int, reader: LineReader) -> bytes:
    """The bytes of a line with an example, as a split has it."""
    assert table.marks is not None
    ref = table.line_ref(line)
    name = FORMAT_NAMES[table.marks.formats[int(table.lines.searchsorted(line))]]
    return reader.data(ref) if name in AS_READ else json_line(reader.example(ref).value)


def _write_ledger(path: Path, table: Table, left_out: Mapping[int, Reason], reader: LineReader) -> RemovedFile:
    """Write the removed lines with their reasons, and return the entry of the file in the manifest."""
    reasons: Counter[str] = Counter()
    with path.open("wb") as out:
        written = CountingWriter(out, hashed=True)
        for line, reason in sorted(left_out.items()):
            position = int(table.lines.searchsorted(line))
            example = table.id(position) if position < len(table.lines) and table.lines[position] == line else None
            written.write(removed_line(table.place(line), example, reason, reader.data(table.line_ref(line))))
            reasons[counted_as(reason.code, reason.decided_by)] += 1
        lines, digest = written.lines, written.sha256
    return RemovedFile(file=path.name, lines=lines, sha256=digest, reasons=dict(sorted(reasons.items())))


def input_files(table: Table, hashes: Iterable[str]) -> list[InputFile]:
    """The files of a table, for the manifest."""
    assert table.marks is not None
    bounds = table.lines.searchsorted(table.first)
    files = []
    for number, (source, digest) in enumerate(zip(table.sources, hashes, strict=True)):
        formats = np.bincount(table.marks.formats[bounds[number] : bounds[number + 1]], minlength=len(FORMAT_NAMES))
        counts = {name: int(count) for name, count in sorted(zip(FORMAT_NAMES, formats.tolist(), strict=True)) if count}
        lines = int(table.first[number + 1] - table.first[number])
        files.append(
            InputFile(path=source.name, sha256=digest, lines=lines, examples=sum(counts.values()), formats=counts)
        )
    return files


def _replaceable_files(folder: Path, before: Manifest | None) -> ReplaceableFiles | None:
    """The files that may be replaced: those of the earlier manifest `before`, none without one; None (any file) if that
    manifest is damaged or of another version of curate.
    """
    if before is None and _is_ours(folder):
        return None
    hint = "use another folder, or move the file away; no file was changed"
    return ReplaceableFiles(
        {MANIFEST, *named_files(before)} if before else (), "exists and was not written by curate", hint
    )


def _outdated(folder: Path, before: Manifest | None, replaceable: ReplaceableFiles | None) -> set[str]:
    """The files of a folder that are deleted unless they are written again: the splits of its earlier manifest `before`
    (without a readable one, all if any may be replaced), so that no line is there twice, and unchanged files that were
    made from them.
    """
    if before is None:
        return {*_shards_in(folder), *(f"{name}.jsonl" for name in SPLIT_NAMES)} if replaceable is None else set()
    splits = {name for part in before.splits.values() for name in part.files}
    return splits | (before.files.keys() - changed_files(folder, before.files).keys())


def _shards_in(folder: Path) -> list[str]:
    """The names of the files in a folder that are named as shards of a split."""
    return [path.name for split in SPLIT_NAMES for path in shards_of(folder / f"{split}.jsonl")]


def names_of(config: Config) -> list[str]:
    """The names of the files of an output folder with this configuration, without shards."""
    splits = [f"{name}.jsonl" for name in SPLIT_NAMES]
    parquet = writes_parquet(config.split.trainers, requested=config.split.parquet)
    trainer_files = [name for trainer in config.split.trainers for name in TRAINERS[trainer].files]
    return [
        *splits,
        LEDGER,
        MANIFEST,
        CARD,
        LOADING,
        *trainer_files,
        *(map(parquet_of, splits) if parquet else ()),
    ]


def _is_ours(folder: Path) -> bool:
    """Whether a folder has a manifest of curate, of any version."""
    try:
        value = json.loads(read_regular(folder / MANIFEST))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "manifest_version" in value


def _written_before(folder: Path) -> Manifest | None:
    """The earlier manifest of a folder, or None: its files may be replaced; unchanged ones not written again are
    deleted.
    """
    try:
        return read_manifest(folder)[0]
    except InputError:
        return None


def write_removed(
    table: Table,
    names: Collection[str],
    duplicates: Sequence[DuplicateRemoval],
    removed: CountingWriter,
    dropped: Sequence[Dropped] = (),
    pool: WorkerPool | None = None,
) -> Numbers:
    """Write the lines in `duplicates` and `dropped` (in line order) to `removed`, and return the other lines of the
    files with these names. Tasks make the records if the pool is of a cluster.

    Raises `InputError` for a file that cannot be read again, `LineAccountingError` unless each line is in one of both.
    """
    stays = np.zeros(len(table.starts), dtype=np.bool_)
    for number, source in enumerate(table.sources):
        stays[table.first[number] : table.first[number + 1]] = source.name in names
    read = int(stays.sum())
    going: list[DuplicateRemoval | Dropped] = [*duplicates, *dropped]
    lines = lines_at(table, [removed_item.place for removed_item in going])
    order = np.argsort(lines, kind="stable")
    lines = lines[order]
    stays[lines] = False
    spots, items = table.spots(lines), [going[index] for index in order.tolist()]
    tasks = (
        _RemovedLines(spots[first : first + LINES_AHEAD], items[first : first + LINES_AHEAD])
        for first in range(0, len(items), LINES_AHEAD)
    )
    for records in pool.each(_records, tasks) if pool and pool.remote else map(_records, tasks):
        removed.write(records)
    require_all_lines(read, int(stays.sum()), removed.lines)
    return np.flatnonzero(stays)


class _RemovedLines(NamedTuple):
    """Lines that are removed, each with its reason."""

    spots: Sequence[tuple[LineSource, int, int]]
    """File, start and size of each."""
    removals: Sequence[DuplicateRemoval | Dropped]


def _records(lines: _RemovedLines) -> bytes:
    """The records of removed lines, each with a line break. Raises `InputError`."""
    records = []
    for item, data in zip(lines.removals, LineReader().lines(lines.spots), strict=True):
        reason = duplicate_reason(item) if isinstance(item, DuplicateRemoval) else item.reason
        records.append(removed_line(item.place, item.example, reason, data))
    return b"".join(records)
