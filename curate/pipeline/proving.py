"""A written split looked through again, for who wants to see that nothing leaks: hashes against the manifest, then all files against each other."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from curate.config import DedupConfig
from curate.detect.across import across
from curate.manifest import intact, read_manifest
from curate.rules import RULES
from curate.rules.splits import leaked_across
from curate.text import plural


class Point(NamedTuple):
    """Something that was to be proved."""

    holds: bool
    name: str
    said: str


def prove(folder: Path) -> list[Point]:
    """Point by point what holds of an output folder. Raises `InputError` where there is no manifest."""
    manifest, _ = read_manifest(folder)
    whole = intact(folder) is not None
    points = [Point(whole, "files", "every file is the one that the manifest names" if whole else "a file is not the one that the manifest names")]
    kept = sum(part.examples for part in manifest.splits.values())
    points.append(
        Point(
            manifest.kept + manifest.removed.lines == manifest.read,
            "books",
            f"{manifest.kept:,} kept + {manifest.removed.lines:,} removed = {manifest.read:,} read",
        )
    )
    parts = {name: [folder / part.file] for name, part in manifest.splits.items() if (folder / part.file).is_file() and part.examples}
    findings = leaked_across(across(parts, DedupConfig.model_validate(manifest.config["dedup"])))
    counts = Counter(finding.code for finding in findings)
    for code in ("L001", "L002", "L003", "L004", "L005"):
        found = counts[code]
        points.append(Point(not found, f"{code} {RULES[code].name}", f"{plural(found, 'leak')}" if found else f"none among {plural(kept, 'example')}"))
    return points
