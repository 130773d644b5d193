"""Kept and removed against what was read: each line of the inputs is in one place, and nothing is there that was not read."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from curate.apply import Removal, removal_of
from curate.detect.crew import Crew
from curate.example import line_id
from curate.files import display_name, path_of, sha256
from curate.manifest import REMOVED, InputFile, Manifest
from curate.read.dataset import FileFacts, read_file
from curate.read.document import compact
from curate.rules.books import Difference
from curate.text import plural
from curate.verify.digests import Digests, digested, digests_of, joined, unmatched
from curate.verify.proof import Point, Verdict, judged

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.int64]]

SHOWN: Final = 100
"""Lines of one kind that become findings."""


class Ledger(NamedTuple):
    """`removed.jsonl`, as far as it could be read."""

    removals: list[Removal]
    lines: list[int]
    """Where each stands in the file."""


def read_ledger(path: Path, found: list[Difference]) -> Ledger:
    """The removed lines; what is none of them is a difference."""
    ledger = Ledger([], [])
    try:
        data = path.read_bytes()
    except OSError:  # told as a missing file
        return ledger
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            ledger.removals.append(removal_of(line))
            ledger.lines.append(number)
        except ValueError:
            found.append(Difference("manifest", display_name(path), number, "is no line of a ledger"))
    return ledger


def ledger_point(folder: Path, manifest: Manifest, ledger: Ledger, kept: frozenset[str], found: list[Difference]) -> Point:
    """Whether each removed line has its reason, the reasons add up, and who it lost to is still there. `kept`: ids of the examples in the splits."""
    path = str(folder / manifest.removed.file)
    broken = []
    if len(ledger.removals) != manifest.removed.lines:
        broken.append(Difference("manifest", path, 0, f"has {plural(len(ledger.removals), 'line')}, where the manifest says {manifest.removed.lines:,}"))
    reasons = Counter(removal.code or ("mix" if removal.decided_by == "mix" else "decision") for removal in ledger.removals)
    if dict(reasons) != manifest.removed.reasons:
        broken.append(Difference("manifest", path, 0, f"its reasons are {dict(sorted(reasons.items()))}, where the manifest says {manifest.removed.reasons}"))
    gone = {removal.example for removal in ledger.removals}
    for line, removal in zip(ledger.lines, ledger.removals, strict=True):
        if removal.text is None and removal.base64 is None:
            broken.append(Difference("lines", path, line, "has no bytes of the line that left", removal.example))
        if removal.kept is not None and removal.kept.example not in kept and removal.kept.example not in gone:
            said = f"lost to the example {removal.kept.example[:12]}… ({removal.kept.file}:{removal.kept.line}), which is nowhere"
            broken.append(Difference("lines", path, line, said, removal.example))
    found.extend(broken[:SHOWN])
    said = f"{plural(len(ledger.removals), 'line')} left, each with its bytes and its reason"
    return judged("removed", broken, said, "what left is not as it was written down")


@dataclass(slots=True)
class Inputs:
    """The files that were read, as far as they are at hand."""

    files: list[tuple[InputFile, Path]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


def find_inputs(folder: Path, files: Sequence[InputFile]) -> Inputs:
    """The files of a manifest: looked up from here, and from beside the folder; those with other bytes are as good as missing."""
    inputs = Inputs()
    for file in files:
        there = [path for path in dict.fromkeys((path_of(file.path), folder.parent / path_of(file.path))) if path.is_file()]
        path = next((path for path in there if sha256(path) == file.sha256), None)
        if path is not None:
            inputs.files.append((file, path))
        else:
            (inputs.changed if there else inputs.missing).append(file.path)
    return inputs


def books_point(folder: Path, manifest: Manifest, ledger: Ledger, crew: Crew, found: list[Difference]) -> Point:
    """Whether the lines of the inputs are those of the splits and the ledger, each as often."""
    inputs = find_inputs(folder, [*manifest.inputs, *manifest.existing])
    if inputs.missing or inputs.changed:
        gone = [f"not at hand: {', '.join(inputs.missing[:3])}"] if inputs.missing else []
        gone += [f"changed since: {', '.join(inputs.changed[:3])}"] if inputs.changed else []
        return Point("nothing lost", Verdict.OPEN, f"the files that were read cannot be compared ({'; '.join(gone)})")
    paths = [folder / part.file for part in manifest.splits.values() if (folder / part.file).is_file()]
    read = digests_of([path for _, path in inputs.files], crew)
    written = digests_of(paths, crew)
    left = digested((len(paths), line, 0, compact(removal.data)) for line, removal in zip(ledger.lines, ledger.removals, strict=True))
    names = [*paths, folder / manifest.removed.file]
    lost, added = unmatched(read, (every := joined([written, left])))
    converted = 0
    if len(lost) and len(added):  # lines in other formats were written as messages; what they say is compared
        before = len(lost)
        lost, added = _by_content(read, lost, [path for _, path in inputs.files], every, added, names, manifest.decisions)
        converted = before - len(lost)
    broken = [
        Difference("lines", inputs.files[file][0].path, int(line), "was read, and is neither in a split nor among what left")
        for file, line, _ in read.places[lost].tolist()
    ]
    broken += [Difference("lines", str(names[file]), int(line), "was never read") for file, line, _ in every.places[added].tolist()]
    found.extend(broken[:SHOWN])
    how = "byte for byte" if not converted else f"{len(read.hashes) - converted:,} byte for byte and {converted:,} by what they say"
    said = f"each of the {plural(len(read.hashes), 'line')} that were read is in a split or among what left, {how}; nothing else is there"
    return judged("nothing lost", broken, said, f"{plural(len(lost), 'line')} lost, {len(added):,} added")


def _by_content(
    read: Digests, lost: "Numbers", inputs: Sequence[Path], every: Digests, added: "Numbers", outputs: Sequence[Path], decisions: Mapping[str, str]
) -> tuple["Numbers", "Numbers"]:
    """Of lines whose bytes have no counterpart, those whose content has none either: the numbers that are left on both sides."""
    import numpy as np

    wanted: dict[str, list[int]] = defaultdict(list)
    for number, example in zip(added.tolist(), _ids(every.chosen(added), outputs), strict=True):
        wanted[example].append(number)
    left = []
    for number, example in zip(lost.tolist(), _ids(read.chosen(lost), inputs), strict=True):
        match = wanted.get(example) or wanted.get(_edited(example, decisions))
        if match:
            match.pop(0)
        else:
            left.append(number)
    return np.array(left, dtype=np.int64), np.array(sorted(number for numbers in wanted.values() for number in numbers), dtype=np.int64)


def _edited(example: str, decisions: Mapping[str, str]) -> str:
    """The example that took the place of one by the hand of a person; an edit of an edit is followed."""
    met = set()
    while (decision := decisions.get(example, "")).startswith("edit ") and example not in met:
        met.add(example)
        example = decision.removeprefix("edit ")
    return example


def _ids(lines: Digests, paths: Sequence[Path]) -> Iterator[str]:
    """The id of the example on each line, read again; of a line without one, the hash of its bytes."""
    found: dict[tuple[int, int, int], str] = {}
    wanted = {tuple(place) for place in lines.places.tolist()}
    for file, path in enumerate(paths):
        numbers = {(line, nth) for number, line, nth in wanted if number == file}
        if not numbers:
            continue
        if path.name == REMOVED:  # its lines hold those of other files
            ledger = read_ledger(path, [])
            for number, removal in zip(ledger.lines, ledger.removals, strict=True):
                found[file, number, 0] = removal.example or line_id(removal.data)
            continue
        for parsed in read_file(path, FileFacts(display_name(path))):
            if (parsed.line.number, parsed.line.nth) in numbers:
                found[file, parsed.line.number, parsed.line.nth] = line_id(parsed.line.data) if parsed.example is None else parsed.example.id
    yield from (found[tuple(place)] for place in lines.places.tolist())
