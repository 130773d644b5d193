"""The files of an output folder against its manifest: all there, none changed, as many examples as it says, and nothing beside them."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from curate.files import DATA_SUFFIXES, sha256
from curate.manifest import NAME, Manifest, digest_of, named_files
from curate.text import plural
from curate.verify.crew import cores
from curate.verify.proof import Difference, Point, judged

SPLIT_SUFFIXES: Final = (*DATA_SUFFIXES, ".parquet", ".arrow", ".csv")
"""Of files that somebody might load as data."""


def manifest_point(folder: Path, manifest: Manifest, found: list[Difference]) -> Point:
    """Whether the manifest is the one that was written."""
    broken = []
    if digest_of(manifest) != manifest.digest:
        broken.append(Difference("manifest", folder / NAME, 0, "the manifest was edited: its own digest does not fit what it says"))
    if manifest.read != manifest.kept + manifest.removed.lines:
        broken.append(Difference("manifest", folder / NAME, 0, f"{manifest.read:,} read are not {manifest.kept:,} kept + {manifest.removed.lines:,} removed"))
    given = sum(file.lines for file in manifest.existing)
    if (total := sum(part.examples for part in manifest.splits.values())) != manifest.kept + given:
        broken.append(Difference("manifest", folder / NAME, 0, f"the splits have {total:,} examples, where {manifest.kept + given:,} were kept"))
    if (lines := sum(file.lines for file in manifest.inputs)) != manifest.read:
        broken.append(Difference("manifest", folder / NAME, 0, f"its inputs have {lines:,} lines, where {manifest.read:,} were read"))
    found.extend(broken)
    return judged("manifest", broken, f"is as it was written by curate {manifest.curate}, and its sums are right", "is not as it was written")


def files_point(folder: Path, manifest: Manifest, found: list[Difference]) -> Point:
    """Whether each file is there and has the hash that the manifest names, and no other data stands beside them."""
    named = named_files(manifest)
    there = {name: folder / name for name in named if (folder / name).is_file()}
    with ThreadPoolExecutor(cores()) as pool:  # hashing holds no lock
        hashes = dict(zip(there, pool.map(sha256, there.values()), strict=True))
    broken = [Difference("manifest", folder / name, 0, "the manifest names this file, and it is not there") for name in named if name not in there]
    broken += [
        Difference("manifest", folder / name, 0, f"is not the file that was written: its SHA-256 is {hashes[name][:12]}…, not {named[name][:12]}…")
        for name in there
        if hashes[name] != named[name]
    ]
    broken += [Difference("manifest", path, 0, "the manifest does not name this file") for path in _strangers(folder, named)]
    found.extend(broken)
    return judged(
        "files", broken, f"{plural(len(named), 'file')} {'has' if len(named) == 1 else 'have'} the hashes that it names", "are not those that it names"
    )


def _strangers(folder: Path, named: Mapping[str, str]) -> Iterator[Path]:
    """Files of data that the manifest says nothing about."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in inside.parts)
        if not hidden and path.is_file() and path.name.lower().endswith(SPLIT_SUFFIXES) and inside.as_posix() not in (*named, NAME):
            yield path


def counts_point(folder: Path, manifest: Manifest, examples: Mapping[str, int], characters: Mapping[str, int], found: list[Difference]) -> Point:
    """Whether the splits have as many examples, and as much text, as the manifest says."""
    broken = []
    for name, part in manifest.splits.items():
        file = folder / part.file
        if name in examples and examples[name] != part.examples:
            broken.append(Difference("manifest", file, 0, f"has {plural(examples[name], 'example')}, where the manifest says {part.examples:,}"))
        elif name in characters and characters[name] != part.characters:
            broken.append(Difference("manifest", file, 0, f"has {characters[name]:,} characters of text, where the manifest says {part.characters:,}"))
    found.extend(broken)
    sizes = ", ".join(f"{name} {count:,}" for name, count in examples.items())
    return judged("counts", broken, f"{sizes}: as many examples, and as much text, as it says", "are not those that it says")
