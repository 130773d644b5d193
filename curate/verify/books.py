"""Kept and removed against what was read: each line of the inputs is in one place, and nothing is there that was not read."""

import base64
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xxhash

from curate.example import canonical
from curate.files import path_of, sha256
from curate.manifest import InputFile, Manifest
from curate.text import plural
from curate.verify.collect import Collected
from curate.verify.crew import Crew
from curate.verify.features import digests_of, id_of
from curate.verify.lines import Lines, Piece, pieces_of, read_piece
from curate.verify.proof import SHOWN, Difference, Point, Verdict, judged
from curate.verify.reading import NotUnderstoodError, loads, read
from curate.verify.words import Hashes, Numbers


class Removed(NamedTuple):
    """A line of the ledger."""

    line: int
    """Where it stands there."""
    example: str | None
    reason: str
    kept: str | None
    """Id of the example that it lost to."""
    lost_to: str
    """Where that stood."""
    data: bytes | None
    """The line that left, on one line."""


class Ledger(NamedTuple):
    """`removed.jsonl`, as far as it could be read."""

    path: Path
    removed: list[Removed]


def read_ledger(path: Path, found: list[Difference]) -> Ledger:
    """The removed lines; what is none of them is a difference."""
    ledger = Ledger(path, [])
    try:
        data = path.read_bytes()
    except OSError:  # told as a missing file
        return ledger
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            try:
                ledger.removed.append(_removed(number, loads(line)))
            except (NotUnderstoodError, ValueError, KeyError, TypeError, AttributeError):
                found.append(Difference("manifest", path, number, "is no line of a ledger"))
    return ledger


def _removed(number: int, value: Any) -> Removed:
    """A line of a ledger. Raises whatever a line that is none raises."""
    text, encoded, kept = value.get("text"), value.get("base64"), value.get("kept")
    data = text.encode("utf-8", "surrogatepass") if text is not None else base64.b64decode(encoded) if encoded is not None else None
    reason = value.get("code") or ("mix" if value["decided_by"] == "mix" else "decision")
    if not isinstance(value["file"], str) or not isinstance(value["line"], int) or not isinstance(value["why"], str) or not isinstance(reason, str):
        raise TypeError("a value of another kind")
    kept_id, lost_to = (str(kept["example"]), f"{kept['file']}:{kept['line']}") if kept else (None, "")
    return Removed(number, value.get("example"), reason, kept_id, lost_to, None if data is None else _on_one_line(data))


def _on_one_line(data: bytes) -> bytes:
    """An element of a document is counted as it is on one line."""
    return b" ".join(line.strip() for line in data.split(b"\n")) if b"\n" in data else data


def ledger_point(manifest: Manifest, ledger: Ledger, found: Collected, differences: list[Difference]) -> Point:
    """Whether each removed line has its reason, the reasons add up, and who it lost to is still there.

    Ids of examples that are not in messages form cannot be told here: where there are any, who a line lost to may be one of these.
    """
    path = ledger.path
    broken = []
    if len(ledger.removed) != manifest.removed.lines:
        broken.append(Difference("manifest", path, 0, f"has {plural(len(ledger.removed), 'line')}, where the manifest says {manifest.removed.lines:,}"))
    reasons = Counter(removed.reason for removed in ledger.removed)
    if dict(reasons) != manifest.removed.reasons:
        broken.append(Difference("manifest", path, 0, f"its reasons are {dict(sorted(reasons.items()))}, where the manifest says {manifest.removed.reasons}"))
    there = found.ids | {removed.example for removed in ledger.removed}
    for removed in ledger.removed:
        if removed.data is None:
            broken.append(Difference("lines", path, removed.line, "has no bytes of the line that left", removed.example))
        if removed.kept is not None and removed.kept not in there and not found.others:
            said = f"lost to the example {removed.kept[:12]}… ({removed.lost_to}), which is nowhere"
            broken.append(Difference("lines", path, removed.line, said, removed.example))
    differences.extend(broken[:SHOWN])
    said = f"{plural(len(ledger.removed), 'line')} left, each with its bytes and its reason"
    return judged("removed", broken, said, "what left is not as it was written down")


@dataclass(slots=True)
class Inputs:
    """The files that were read, as far as they are at hand."""

    files: list[Path] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


def find_inputs(folder: Path, files: Sequence[InputFile]) -> Inputs:
    """The files of a manifest: looked up from here, and from beside the folder; those with other bytes are as good as missing."""
    inputs = Inputs()
    for file in files:
        there = [path for path in dict.fromkeys((path_of(file.path), folder.parent / path_of(file.path))) if path.is_file()]
        path = next((path for path in there if sha256(path) == file.sha256), None)
        if path is not None:
            inputs.files.append(path)
        else:
            (inputs.changed if there else inputs.missing).append(file.path)
    return inputs


def books_point(folder: Path, manifest: Manifest, ledger: Ledger, written: Collected, crew: Crew, found: list[Difference]) -> Point:
    """Whether the lines of the inputs are those of the splits and the ledger, each as often."""
    inputs = find_inputs(folder, [*manifest.inputs, *manifest.existing])
    if inputs.missing or inputs.changed:
        gone = [f"not at hand: {', '.join(inputs.missing[:3])}"] if inputs.missing else []
        gone += [f"changed since: {', '.join(inputs.changed[:3])}"] if inputs.changed else []
        return Point("nothing lost", Verdict.OPEN, f"the files that were read cannot be compared ({'; '.join(gone)})")
    read_hashes, read_places = _digests(inputs.files, crew)
    left = [removed.data or b"" for removed in ledger.removed]
    left_places = np.array([(len(written.files), removed.line) for removed in ledger.removed], dtype=np.int64).reshape(-1, 2)
    hashes, places = np.concatenate([written.digests, digests_of(left)]), np.concatenate([written.places, left_places])
    lost, added = unmatched(read_hashes, hashes)
    before, outputs = len(lost), [*written.files, ledger.path]
    if len(lost) and len(added):  # lines in other formats were written as messages; what they say is compared
        matching = _Matching(manifest.decisions, {removed.line: removed.data or b"" for removed in ledger.removed}, ledger.path)
        lost, added = matching.left((inputs.files, read_places, lost), (outputs, places, added))
    broken = [
        Difference("lines", inputs.files[file], line, "was read, and is neither in a split nor among what left") for file, line in read_places[lost].tolist()
    ]
    broken += [Difference("lines", outputs[file], line, "was never read") for file, line in places[added].tolist()]
    found.extend(broken[:SHOWN])
    total, converted = len(read_hashes), before - len(lost)
    how = "byte for byte" if not converted else f"{total - converted:,} byte for byte and {converted:,} by what they say"
    said = f"each of the {plural(total, 'line')} that were read is in a split or among what left, {how}; nothing else is there"
    return judged("nothing lost", broken, said, f"{plural(len(lost), 'line')} lost, {len(added):,} added")


def _digests(paths: Sequence[Path], crew: Crew) -> tuple[Hashes, Numbers]:
    """The lines of files as digests, and the file and the line of each."""
    hashes, places = [np.empty((0, 2), dtype=np.uint64)], [np.empty((0, 2), dtype=np.int64)]
    for file, path in enumerate(paths):
        before = 0
        for found, numbers, physical in crew.each(_digested, pieces_of(path)):
            hashes.append(found)
            places.append(np.stack([np.full(len(numbers), file), numbers + before], axis=1))
            before += physical
    return np.concatenate(hashes), np.concatenate(places)


def _digested(piece: Piece | Lines) -> tuple[Hashes, Numbers, int]:
    lines, physical = read_piece(piece)
    return digests_of(lines.lines), np.array(lines.numbers, dtype=np.int64), physical


def unmatched(left: Hashes, right: Hashes) -> tuple[Numbers, Numbers]:
    """Numbers of the lines that stand on one side only, each line counting as often as it stands there: on the left, on the right."""
    count = len(left)
    every = np.concatenate([left, right])
    order = np.lexsort((every[:, 1], every[:, 0]))  # stable: of equal lines those on the left come first
    starts = np.ones(len(order), dtype=np.bool_)
    starts[1:] = (every[order][1:] != every[order][:-1]).any(axis=1)
    runs = np.cumsum(starts) - 1
    on_left = order < count
    size = int(runs[-1]) + 1 if len(runs) else 0
    lefts, rights = np.bincount(runs[on_left], minlength=size), np.bincount(runs[~on_left], minlength=size)
    nth = np.arange(len(order)) - np.flatnonzero(starts)[runs]  # position in its run
    both = np.minimum(lefts, rights)[runs]
    alone = np.where(on_left, nth >= both, nth - lefts[runs] >= both)
    return np.sort(order[alone & on_left]), np.sort(order[alone & ~on_left]) - count


Side = tuple[Sequence[Path], Numbers, Numbers]
"""Files; of all lines the file and the line there; the numbers of those that are meant."""


class _Matching:
    """Lines whose bytes have no counterpart, matched by what they say: those of other formats were written as messages, some were edited by a person."""

    def __init__(self, decisions: Mapping[str, str], ledger: Mapping[int, bytes], path: Path) -> None:
        self.edits = {example: said.removeprefix("edit ") for example, said in decisions.items() if said.startswith("edit ")}
        self.ledger, self.path = ledger, path

    def left(self, lost: Side, added: Side) -> tuple[Numbers, Numbers]:
        """The numbers that are left on both sides."""
        wanted: dict[str, list[int]] = defaultdict(list)
        made: dict[str, list[int]] = defaultdict(list)
        for number, value in self._values(added):
            wanted[said_by(value)].append(number)
            made[_id(value)].append(number)
        gone: set[int] = set()
        left: list[tuple[int, Any]] = []
        edited: list[tuple[int, Any]] = []
        for number, value in self._values(lost):
            match = next((at for at in wanted.get(said_by(value), ()) if at not in gone), None)
            if match is None:
                (edited if self.edits else left).append((number, value))
            else:
                gone.add(match)
        for number, value in edited:
            targets = self._targets(value)
            match = next((at for target in targets for at in made.get(target, ()) if at not in gone), None)
            if match is None:
                left.append((number, value))
            else:
                gone.add(match)
        rest = [number for numbers in wanted.values() for number in numbers if number not in gone]
        return np.array(sorted(number for number, _ in left), dtype=np.int64), np.array(sorted(rest), dtype=np.int64)

    def _targets(self, value: Any) -> Sequence[str]:
        """Ids of the examples that may have taken the place of one; the id of one in another form is not known here."""
        example = _id(value)
        if example not in self.edits and not (isinstance(value, dict) and "messages" in value):
            return list(self.edits.values())
        met: list[str] = []
        while example in self.edits and example not in met:
            met.append(example)
            example = self.edits[example]
        return [example] if met else []

    def _values(self, side: Side) -> Iterator[tuple[int, Any]]:
        """Number and value of each line that is meant, read again; the bytes of one that is no JSON."""
        files, places, numbers = side
        at = {tuple(place): number for number, place in zip(numbers.tolist(), places[numbers].tolist(), strict=True)}
        for file, path in enumerate(files):
            lines = {line for other, line in at if other == file}
            if lines:
                yield from ((at[file, line], _value(data)) for line, data in self._lines(path) if line in lines)

    def _lines(self, path: Path) -> Iterator[tuple[int, bytes]]:
        if path == self.path:  # its lines hold those of other files
            yield from self.ledger.items()
            return
        before = 0
        for piece in pieces_of(path):
            lines, physical = read_piece(piece)
            yield from ((number + before, line) for number, line in zip(lines.numbers, lines.lines, strict=True))
            before += physical


def _value(data: bytes) -> Any:
    try:
        return loads(data)
    except NotUnderstoodError:
        return data


def _id(value: Any) -> str:
    return id_of(value) if isinstance(value, dict) else ""


def said_by(value: Any) -> str:
    """What a line says, in any form: turns, tools, attachments, label."""
    if isinstance(value, bytes):
        return f"bytes {xxhash.xxh3_128_hexdigest(value)}"
    try:
        reading = read(value)
    except NotUnderstoodError:
        return f"value {xxhash.xxh3_128_hexdigest(canonical(value))}"
    sides = [[[turn.role, turn.text, turn.calls] for turn in turns] for turns in (reading.turns, reading.others)]
    beside = [value.get(key) for key in ("tools", "functions", "label")]
    return xxhash.xxh3_128_hexdigest(canonical([sides, reading.attached, beside]))
