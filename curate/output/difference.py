"""Compare two output folders: inputs, settings, versions and models by manifest, and examples by id."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict

from curate.corpus.features import FeatureSpec
from curate.corpus.loading import read_table
from curate.parallel.kernels import kernels_for
from curate.parallel.worker_pool import WorkerPool
from curate.project.manifest import InputFile, Manifest, read_manifest
from curate.similarity.shingles import Shingling


@dataclass(frozen=True, slots=True)
class Change:
    """A changed value."""

    name: str
    before: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Found:
    """An example that only one of the two folders has."""

    example: str
    file: str
    line: int
    split: str


@dataclass(frozen=True, slots=True)
class Switched:
    """An example that is in another split."""

    example: str
    before: str
    now: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class DiffResult:
    """What `curate diff --json` prints."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(use_attribute_docstrings=True)

    before: str
    now: str
    same: bool
    """Whether the two manifests are equal byte for byte."""
    inputs: list[Change]
    """By path: SHA-256 and lines."""
    settings: list[Change]
    """By dotted name."""
    versions: list[Change]
    models: list[Change]
    decisions: list[Change]
    """By example: a person's decision."""
    counts: list[Change]
    """Lines read, kept and removed by reason; examples per split."""
    added: list[Found]
    """Examples only in the second folder."""
    gone: list[Found]
    """Examples only in the first folder."""
    switched: list[Switched]
    """Examples that are in another split."""


def difference(before: Path, now: Path) -> DiffResult:
    """Compare two folders. Raises `InputError` if a manifest is missing or a file cannot be read."""
    (first, first_hash), (second, second_hash) = read_manifest(before), read_manifest(now)
    before_examples, now_examples = _examples(before, first), _examples(now, second)
    return DiffResult(
        str(before),
        str(now),
        first_hash == second_hash,
        list(
            _changed_values(
                _inputs_by_path(first.inputs, first.existing), _inputs_by_path(second.inputs, second.existing)
            )
        ),
        list(_changed_values(_flattened(first.config), _flattened(second.config))),
        list(_changed_values({"curate": first.curate, **first.versions}, {"curate": second.curate, **second.versions})),
        list(_changed_values(first.models, second.models)),
        list(_changed_values(first.decisions, second.decisions)),
        list(_changed_values(_counts_by_name(first), _counts_by_name(second))),
        [example_found for example, example_found in now_examples.items() if example not in before_examples],
        [example_found for example, example_found in before_examples.items() if example not in now_examples],
        [
            Switched(example, before_example.split, now_example.split, now_example.file, now_example.line)
            for example, before_example in before_examples.items()
            if (now_example := now_examples.get(example)) is not None and now_example.split != before_example.split
        ],
    )


def _changed_values(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    """The values that differ, by name; None for one that is only in the other mapping."""
    for name in [*before, *(name for name in now if name not in before)]:
        if before.get(name) != now.get(name):
            yield Change(name, before.get(name), now.get(name))


def _inputs_by_path(*files: list[InputFile]) -> dict[str, Any]:
    """The number of lines and the beginning of the hash of each input, by its path."""
    return {file.path: f"{file.lines:,} lines, {file.sha256[:12]}" for group in files for file in group}


def _flattened(value: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """The values in nested objects by keys joined by dots, which begin with `before`."""
    flat: dict[str, Any] = {}
    for key, item in value.items():
        flat.update(_flattened(item, f"{before}{key}.") if isinstance(item, dict) else {f"{before}{key}": item})
    return flat


def _counts_by_name(manifest: Manifest) -> dict[str, Any]:
    """The counts of a manifest by name; None for one that is not shown."""
    splits = {name: part.examples for name, part in manifest.splits.items()}
    files = {f"files of {name}": len(part.files) for name, part in manifest.splits.items()}
    reasons = {f"removed {code}": count for code, count in manifest.removed.reasons.items()}
    return {
        "read": manifest.read,
        "kept": manifest.kept,
        **reasons,
        **splits,
        **files,
        "groups": manifest.groups,
        "restored": len(manifest.restored) or None,
    }


def _examples(folder: Path, manifest: Manifest) -> dict[str, Found]:
    """The examples of all splits by id, with their first place and split."""
    files = [(name, path) for name, part in manifest.splits.items() for path in part.paths(folder)]
    paths = [path for _, path in files]
    with kernels_for(paths), WorkerPool(1, processes=False) as pool:
        table = read_table(paths, FeatureSpec("conversation", Shingling(), short_texts=False, common=()), pool)
    by_id: dict[str, Found] = {}
    for position, line in enumerate(table.lines.tolist()):
        example, place = table.id(position), table.place(line)
        by_id.setdefault(example, Found(example, place.file, place.line, files[table.source(line)][0]))
    return by_id
