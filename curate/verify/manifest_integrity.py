"""Compare an output folder with its manifest: files, hashes, example counts, and the reason for each removed line."""

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate.core.example import where
from curate.core.limits import read_regular
from curate.core.text import plural
from curate.parallel.worker_pool import cores
from curate.project.manifest import Manifest, digest_of, named_files
from curate.read.lines import compact
from curate.storage.files import DATA_SUFFIXES, MANIFEST, sha256
from curate.verify.examples import Examples
from curate.verify.features import line_digest, pairs_of
from curate.verify.proof import MAX_SHOWN, Difference, Point, point_of
from curate.verify.reading import NotUnderstoodError, loads
from curate.verify.words import Hashes

PAPERS: Final = {
    "croissant.json": frozenset(
        """@context @type conformsTo name description creator inLanguage isLiveDataset keywords prov:wasDerivedFrom
        distribution recordSet license url citeAs datePublished version""".split()  # noqa: SIM905
    ),
    "bom.cdx.json": frozenset(
        ["bomFormat", "specVersion", "serialNumber", "version", "metadata", "components", "dependencies"]
    ),
    "statement.json": frozenset(["_type", "subject", "predicateType", "predicate"]),
}
"""Names and keys of the JSON files of `curate papers`, which may be beside the splits."""


def manifest_point(folder: Path, manifest: Manifest, differences: list[Difference]) -> Point:
    """Whether the manifest is unchanged since it was written; what was changed is added to `differences`."""
    texts = []
    if digest_of(manifest) != manifest.digest:
        texts.append("the manifest was edited: its digest does not match its content")
    read, kept, removed = manifest.read, manifest.kept, manifest.removed.lines
    if read != kept + removed:
        texts.append(f"{read:,} lines read do not equal {kept:,} kept + {removed:,} removed")
    existing = sum(file.lines for file in manifest.existing)
    if (total := sum(part.examples for part in manifest.splits.values())) != kept + existing:
        texts.append(f"the splits have {total:,} examples, but {kept + existing:,} were kept")
    texts += [
        f"the files of {name} have {in_files:,} examples, but the split has {part.examples:,}"
        for name, part in manifest.splits.items()
        if part.shards and (in_files := sum(shard.examples for shard in part.shards)) != part.examples
    ]
    if (lines := sum(file.lines for file in manifest.inputs)) != read:
        texts.append(f"the inputs have {lines:,} lines, but {read:,} were read")
    broken = [Difference(folder / MANIFEST, text) for text in texts]
    differences.extend(broken)
    return point_of(
        "manifest",
        broken,
        f"unchanged since curate {manifest.curate} wrote it; its totals are consistent",
        "edited, or its totals are inconsistent",
    )


def files_point(folder: Path, manifest: Manifest, differences: list[Difference]) -> Point:
    """Whether each file exists with the hash in the manifest, and no other data file is in the folder.

    Files that are missing, changed or not listed are added to `differences`.
    """
    expected = named_files(manifest)
    present = {name: folder / name for name in expected if (folder / name).is_file()}
    with ThreadPoolExecutor(cores()) as pool:  # hashing releases the GIL
        hashes = dict(zip(present, pool.map(sha256, present.values()), strict=True))
    broken = [
        Difference(folder / name, "the manifest lists this file, but it is missing")
        for name in expected
        if name not in present
    ]
    broken += [
        Difference(
            folder / name, f"the file was changed: its SHA-256 is {hashes[name][:12]}…, expected {expected[name][:12]}…"
        )
        for name in present
        if hashes[name] != expected[name]
    ]
    broken += [Difference(path, "the manifest does not list this file") for path in _unlisted_files(folder, expected)]
    differences.extend(broken)
    return point_of(
        "files",
        broken,
        f"{plural(len(expected), 'file')} {'matches' if len(expected) == 1 else 'match'} the SHA-256 in the manifest",
        "files are missing, changed or not listed in the manifest",
    )


def _is_paper(path: Path) -> bool:
    """Whether a file is metadata that `curate papers` wrote, by its name and its keys: one object without others."""
    if path.name not in PAPERS:
        return False
    try:
        value = json.loads(read_regular(path))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.keys() <= PAPERS[path.name]


def _unlisted_files(folder: Path, expected: Mapping[str, str]) -> Iterator[Path]:
    """Data files in a folder, hidden ones and papers aside, that are neither in `expected` nor the manifest."""
    for path in sorted(folder.rglob("*")):
        relative_path = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative_path.parts)
        if (
            not hidden
            and path.is_file()
            and path.name.lower().endswith(DATA_SUFFIXES)
            and relative_path.as_posix() not in (*expected, MANIFEST)
            and not (path.parent == folder and _is_paper(path))
        ):
            yield path


def counts_point(
    folder: Path, manifest: Manifest, read: Examples, names: Sequence[str], differences: list[Difference]
) -> Point:
    """Whether the splits `names` and their files have the number of examples and characters in the manifest; other
    numbers are added to `differences`.
    """
    broken = []
    examples, in_files = read.sizes(names), read.file_sizes()
    characters = dict(zip(names, read.characters, strict=True))
    for name, part in manifest.splits.items():
        file = folder / next(iter(part.files))
        if name in examples and examples[name] != part.examples:
            text = f"has {plural(examples[name], 'example')}; the manifest says {part.examples:,}"
            broken.append(Difference(file, text if not part.shards else f"the split {name} {text}"))
        elif name in characters and characters[name] != part.characters:
            text = f"has {characters[name]:,} characters of text; the manifest says {part.characters:,}"
            broken.append(Difference(file, text if not part.shards else f"the split {name} {text}"))
        for shard in part.shards:
            count = in_files.get(folder / shard.file, shard.examples)
            if count != shard.examples:
                text = f"has {plural(count, 'example')}; the manifest says {shard.examples:,}"
                broken.append(Difference(folder / shard.file, text))
    differences.extend(broken)
    sizes = ", ".join(f"{name} {count:,}" for name, count in examples.items())
    return point_of("counts", broken, f"{sizes}, as in the manifest", "examples or characters differ from the manifest")


class Removed(NamedTuple):
    """A line of the ledger of removed lines."""

    line: int
    """Its line number in the ledger."""
    example: str | None
    reason: str
    kept: str | None
    """Id of the example that was kept in its place."""
    lost_to: str
    """Place of that example."""
    digest: bytes | None
    """128-bit digest of the removed line, on one line; None if its bytes are missing."""


class Ledger(NamedTuple):
    """`removed.jsonl`, as far as it is readable."""

    path: Path
    removed: list[Removed]

    @property
    def digests(self) -> Hashes:
        """The digests of the removed lines."""
        none = line_digest(b"")
        return pairs_of([none if removed.digest is None else removed.digest for removed in self.removed])


def read_ledger(path: Path, differences: list[Difference]) -> Ledger:
    """Read the ledger; invalid lines are added to `differences`."""
    ledger = Ledger(path, [])
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    if line.strip():
                        ledger.removed.append(_removed(number, loads(line)))
                except (NotUnderstoodError, ValueError, KeyError, TypeError, AttributeError):
                    differences.append(Difference(path, "not the record of a removed line", number))
    except OSError:  # reported as a missing file
        pass
    return ledger


def _removed(number: int, value: Any) -> Removed:
    """Parse a line of the ledger. Raises any exception if it is invalid."""
    kept, data = value.get("kept"), _removed_line(value)
    reason = value.get("code") or (value["decided_by"] if value["decided_by"] in ("mix", "where") else "decision")
    if (
        not isinstance(value["file"], str)
        or not isinstance(value["line"], int)
        or not isinstance(value["why"], str)
        or not isinstance(reason, str)
    ):
        raise TypeError("a value of another kind")
    kept_id, lost_to = (str(kept["example"]), where(kept["file"], kept["line"])) if kept else (None, "")
    return Removed(number, value.get("example"), reason, kept_id, lost_to, None if data is None else line_digest(data))


def _removed_line(value: Any) -> bytes | None:
    """The removed line of a record, on one line; None if it is missing."""
    if (text := value.get("text")) is not None:
        return compact(text.encode("utf-8", "surrogatepass"))
    encoded = value.get("base64")
    return None if encoded is None else compact(base64.b64decode(encoded))


def removed_lines(ledger: Ledger) -> Iterator[tuple[int, bytes]]:
    """The removed lines, read again, with the numbers of their records."""
    numbers = iter([removed.line for removed in ledger.removed])
    next_number = next(numbers, None)
    with ledger.path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if number == next_number:
                yield number, _removed_line(loads(line)) or b""
                next_number = next(numbers, None)


def ledger_point(manifest: Manifest, ledger: Ledger, examples: Examples, differences: list[Difference]) -> Point:
    """Whether each removed line has a reason, the counts per reason match, and each kept example still exists.

    Ids of examples in other formats are unknown here: if there are such examples, a missing kept example may be one of
    them. The first `MAX_SHOWN` contradictions are added to `differences`.
    """
    path = ledger.path
    broken = []
    if len(ledger.removed) != manifest.removed.lines:
        text = f"has {plural(len(ledger.removed), 'line')}; the manifest says {manifest.removed.lines:,}"
        broken.append(Difference(path, text))
    reasons = Counter(removed.reason for removed in ledger.removed)
    if dict(reasons) != manifest.removed.reasons:
        text = f"its reasons are {dict(sorted(reasons.items()))}; the manifest says {manifest.removed.reasons}"
        broken.append(Difference(path, text))
    known_ids = examples.counts.ids | {removed.example for removed in ledger.removed}
    for removed in ledger.removed:
        if removed.digest is None:
            text = "the bytes of the removed line are missing"
            broken.append(Difference(path, text, removed.line, removed.example, "L010"))
        if removed.kept is not None and removed.kept not in known_ids and not examples.counts.others:
            text = f"the example kept in its place is missing: {removed.kept[:12]}… ({removed.lost_to})"
            broken.append(Difference(path, text, removed.line, removed.example, "L010"))
    differences.extend(broken[:MAX_SHOWN])
    text = f"{plural(len(ledger.removed), 'line')} removed, each recorded with its bytes and reason"
    return point_of("removed", broken, text, "records of removed lines are missing or inconsistent")
