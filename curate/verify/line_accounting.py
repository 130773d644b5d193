"""Line accounting: each input line is kept or removed exactly once, and no other line is present."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xxhash

from curate.core.example import canonical
from curate.core.text import plural
from curate.parallel.worker_pool import WorkerPool
from curate.project.manifest import InputFile, Manifest
from curate.storage.files import path_of, sha256
from curate.verify.declarations import declared_tools, media
from curate.verify.examples import Examples
from curate.verify.features import RequestedFeatures, digests_of, id_of
from curate.verify.lines import LINE_BITS, ByteRange, ChunkLines, chunks_of, lines_of, read_chunk
from curate.verify.manifest_integrity import Ledger, removed_lines
from curate.verify.proof import MAX_SHOWN, Difference, Point, Verdict, point_of
from curate.verify.reading import NotUnderstoodError, loads, read
from curate.verify.words import Hashes, Numbers


class AvailableInputs(NamedTuple):
    """The input files that are available."""

    files: list[Path]
    missing: list[str]
    changed: list[str]


def find_inputs(folder: Path, files: Sequence[InputFile], input_paths: Mapping[str, Path]) -> AvailableInputs:
    """Find the input files of a manifest: at the path in `input_paths` for a name, else at the path in the manifest,
    relative to the working folder or to the output. A changed file is not used.
    """
    inputs = AvailableInputs([], [], [])
    for file in files:
        named_path = input_paths.get(file.path) or path_of(file.path)
        present = [path for path in dict.fromkeys((named_path, folder.parent / named_path)) if path.is_file()]
        path = next((path for path in present if sha256(path) == file.sha256), None)
        if path is not None:
            inputs.files.append(path)
        else:
            (inputs.changed if present else inputs.missing).append(file.path)
    return inputs


class _Lines(NamedTuple):
    """Digests of lines with their places (file and line number, as in `Examples`)."""

    files: Sequence[Path]
    digests: Hashes
    """128-bit digest of each line, as two integers."""
    places: Numbers
    """Ascending."""
    ledger: Ledger | None = None
    """The last file, if it is a ledger of removed lines."""

    def differences(self, chosen: Sequence[int], text: str) -> list[Difference]:
        """Differences to report about some of the lines, given by their positions."""
        places = self.places[np.array(chosen, dtype=np.int64)].tolist()
        lines = ((self.files[place >> LINE_BITS], place & ((1 << LINE_BITS) - 1)) for place in places)
        return [Difference(file, text, line, code="L010") for file, line in lines]

    def values(self, chosen: Sequence[int]) -> Iterator[tuple[int, Any]]:
        """Position and value of some lines, read again; the raw bytes if they are not JSON."""
        places = self.places[np.array(chosen, dtype=np.int64)]
        by_file: dict[int, dict[tuple[int, int], int]] = defaultdict(dict)
        for index, place, first in zip(chosen, places.tolist(), self.places.searchsorted(places).tolist(), strict=True):
            by_file[place >> LINE_BITS][place & ((1 << LINE_BITS) - 1), index - first] = index
        for file, positions in by_file.items():
            is_ledger = self.ledger is not None and file == len(self.files) - 1
            lines = removed_lines(self.ledger) if self.ledger is not None and is_ledger else lines_of(self.files[file])
            for _, elements in groupby(lines, key=itemgetter(0)):  # elements of a document may share a line
                for element_index, (number, data) in enumerate(elements):
                    if (position := positions.get((number, element_index))) is not None:
                        yield position, _value_or_bytes(data)


def accounting_point(
    folder: Path,
    manifest: Manifest,
    ledger: Ledger,
    written: Examples,
    pool: WorkerPool,
    differences: list[Difference],
    input_paths: Mapping[str, Path],
) -> Point:
    """Whether the input lines equal the lines of the splits and the ledger, each with the same count.

    `input_paths` is that of `find_inputs`. The first `MAX_SHOWN` lines without a counterpart are added to
    `differences`.
    """
    inputs = find_inputs(folder, [*manifest.inputs, *manifest.existing], input_paths)
    if inputs.missing or inputs.changed:
        unavailable = [f"missing: {', '.join(inputs.missing[:3])}"] if inputs.missing else []
        unavailable += [f"changed: {', '.join(inputs.changed[:3])}"] if inputs.changed else []
        return Point("nothing lost", Verdict.OPEN, f"the input files cannot be compared ({'; '.join(unavailable)})")
    before = _digest_files(inputs.files, pool)
    left_places = np.array([removed.line for removed in ledger.removed], dtype=np.int64) + (
        len(written.files) << LINE_BITS
    )
    digests = np.concatenate([written.digests, ledger.digests])
    places = np.concatenate([written.line_places, left_places])
    after = _Lines([*written.files, ledger.path], digests, places, ledger)
    lost, added = _unmatched(before, after)
    lost_by_digest = len(lost)
    if lost and added:  # lines in other formats were converted to messages, so their content is compared
        lost, added = _matched_by_value(before, lost, after, added, manifest.decisions)
    broken = before.differences(
        lost, "input line that is neither in a split nor in the removed lines"
    ) + after.differences(added, "not a line of the input files")
    differences.extend(broken[:MAX_SHOWN])
    total, converted = len(before.places), lost_by_digest - len(lost)
    how = "byte for byte" if not converted else f"{total - converted:,} byte for byte and {converted:,} by content"
    text = f"all {plural(total, 'input line')} are in a split or in the removed lines ({how}), and no other line is"
    return point_of("nothing lost", broken, text, f"{plural(len(lost), 'line')} lost, {len(added):,} added")


def _digest_files(paths: Sequence[Path], pool: WorkerPool) -> _Lines:
    """The digests of all lines of some files, with their places."""
    digests, places = [np.empty((0, 2), dtype=np.uint64)], [np.empty(0, dtype=np.int64)]
    for file, path in enumerate(paths):
        before = file << LINE_BITS
        for chunk_digests, numbers, physical in pool.each(_digests, chunks_of(path)):
            digests.append(chunk_digests)
            places.append(numbers + before)
            before += physical
    return _Lines(paths, np.concatenate(digests), np.concatenate(places))


def _digests(_: RequestedFeatures, chunk: ByteRange | ChunkLines) -> tuple[Hashes, Numbers, int]:
    """The digests of the lines of a chunk, their line numbers in it, and the number of its physical lines."""
    lines, physical = read_chunk(chunk)
    return digests_of(lines.lines), np.array(lines.numbers, dtype=np.int64), physical


def _unmatched(before: _Lines, after: _Lines) -> tuple[list[int], list[int]]:
    """Positions of lines that occur more often in `before` than in `after`, and the reverse."""
    count = len(before.places)
    digests = np.concatenate([before.digests, after.digests])
    order = np.lexsort(digests.T)  # of equal lines, those of `before` are first
    digests = digests[order]
    starts = np.flatnonzero(np.append(True, (digests[1:] != digests[:-1]).any(axis=1))[: len(order)])
    sizes = np.diff(np.append(starts, len(order)))
    in_before = np.add.reduceat(order < count, starts, dtype=np.int64)
    rank = np.arange(len(order)) - np.repeat(starts, sizes)
    in_before, in_after = np.repeat(in_before, sizes), np.repeat(sizes - in_before, sizes)
    first = order < count
    lost, added = first & (rank >= in_after), ~first & (rank >= 2 * in_before)
    return np.sort(order[lost]).tolist(), np.sort(order[added] - count).tolist()


def _matched_by_value(
    before: _Lines, lost: list[int], after: _Lines, added: list[int], decisions: Mapping[str, str]
) -> tuple[list[int], list[int]]:
    """Match lines by content, so that those that were converted or edited by a person match; returns the others.

    `lost` and `added` are positions in `before` and `after`, and so are both results. `decisions`: by the id of an
    example; those that are not `edit ID`, with the id after the edit, are ignored.
    """
    edits = {
        example: decision.removeprefix("edit ")
        for example, decision in decisions.items()
        if decision.startswith("edit ")
    }
    by_value: dict[str, list[int]] = defaultdict(list)
    by_id: dict[str, list[int]] = defaultdict(list)
    for index, value in after.values(added):
        by_value[content_key(value)].append(index)
        by_id[_id_or_empty(value)].append(index)
    matched: set[int] = set()
    unmatched: list[tuple[int, Any]] = []
    for index, value in before.values(lost):
        if not _take_first_unmatched(by_value.get(content_key(value), ()), matched):
            unmatched.append((index, value))
    remaining = [
        position
        for position, value in unmatched
        if not _take_first_unmatched(
            (index for target in _targets(value, edits) for index in by_id.get(target, ())), matched
        )
    ]
    return sorted(remaining), [index for index in added if index not in matched]


def _take_first_unmatched(positions: Iterable[int], matched: set[int]) -> bool:
    """Add the first position that is not matched yet to `matched`; false if there is none."""
    match = next((position for position in positions if position not in matched), None)
    if match is not None:
        matched.add(match)
    return match is not None


def _targets(value: Any, edits: Mapping[str, str]) -> Sequence[str]:
    """Ids of the examples that may replace a line by an edit. The id of a line in another format is not known here."""
    example = _id_or_empty(value)
    if example not in edits and not (isinstance(value, dict) and "messages" in value):
        return list(edits.values())
    visited: list[str] = []
    while example in edits and example not in visited:
        visited.append(example)
        example = edits[example]
    return [example] if visited else []


def _value_or_bytes(data: bytes) -> Any:
    try:
        return loads(data)
    except NotUnderstoodError:
        return data


def _id_or_empty(value: Any) -> str:
    return id_of(value) if isinstance(value, dict) else ""


def content_key(value: Any) -> str:
    """Hash of the content of a line in any format: turns, tools, attachments, label."""
    if isinstance(value, bytes):
        return f"bytes {xxhash.xxh3_128_hexdigest(value)}"
    try:
        reading = read(value)
    except NotUnderstoodError:
        return f"value {xxhash.xxh3_128_hexdigest(canonical(value))}"
    sides = [[[turn.role, turn.text, turn.calls] for turn in turns] for turns in (reading.turns, reading.others)]
    line = value if isinstance(value, dict) else {}
    declared = [declared_tools(line), line.get("functions"), line.get("label"), line.get("kto_tag")]
    attached = [item for item in map(media, reading.attached) if item is not None]
    return xxhash.xxh3_128_hexdigest(canonical([sides, attached, declared]))
