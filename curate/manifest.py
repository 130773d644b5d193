"""The manifest: what went in, what was decided and what came out, by hash. Written last: where it is, everything it names is.

It has no times and no durations: the same data, configuration and decisions give the same manifest, bit for bit.
"""

import hashlib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from curate import __version__
from curate.apply import Applied, write_removed
from curate.config import Config
from curate.decision import Decision
from curate.example import canonical
from curate.files import json_text, remove_leftovers, sha256, write_bytes
from curate.read.dataset import Dataset, ParsedLine
from curate.split import SplitFile, write_splits

NAME = "manifest.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class InputFile(_Part):
    """A file that was read."""

    path: str
    """As the user named it."""
    sha256: str
    lines: int
    """Lines that are not blank, or elements of a document."""
    examples: int
    formats: dict[str, int]
    """Examples of each format."""


class OutputFile(_Part):
    """A split that was written."""

    file: str
    examples: int
    sha256: str


class RemovedFile(_Part):
    """`removed.jsonl`."""

    file: str
    lines: int
    sha256: str
    reasons: dict[str, int]
    """Lines that left for each code; `decision` for those that a person dropped."""


class Manifest(_Part):
    """`manifest.json` of an output folder."""

    manifest_version: int = 1
    curate: str
    """Version of curate that wrote it."""
    inputs: list[InputFile]
    config: dict[str, Any]
    """Seed, and the sections of the configuration that shape the data."""
    models: dict[str, str]
    """Per purpose the fingerprint of the model that was used."""
    decisions: dict[str, str]
    """Per example the verdict of a person that counted."""
    read: int
    """Lines read: kept + removed."""
    kept: int
    removed: RemovedFile
    splits: dict[str, OutputFile]


def shaping(config: Config) -> dict[str, Any]:
    """The part of a configuration that the data depends on."""
    return config.model_dump(mode="json", include={"seed", "errors", "check", "dedup", "conflicts", "split"})


def write_output(
    folder: Path,
    dataset: Dataset,
    applied: Applied,
    parts: dict[str, list[ParsedLine]],
    *,
    config: Config,
    decisions: dict[str, Decision],
    models: dict[str, str],
) -> Manifest:
    """Write splits, removed lines and, last, the manifest. Raises `OutputError`; an older manifest then does not match its files any more.

    An old manifest is taken away first, so that a folder that was half replaced has none.
    """
    remove_leftovers(folder)
    (folder / NAME).unlink(missing_ok=True)
    splits = write_splits(folder, parts)
    removed = folder / "removed.jsonl"
    write_removed(removed, applied.removed)
    manifest = Manifest(
        curate=__version__,
        inputs=_inputs(dataset),
        config=shaping(config),
        models=models,
        decisions={example: decision.verdict for example, decision in sorted(decisions.items())},
        read=len(dataset.lines),
        kept=len(applied.kept),
        removed=RemovedFile(file=removed.name, lines=len(applied.removed), sha256=sha256(removed), reasons=dict(sorted(applied.reasons.items()))),
        splits={split.name: _output(split) for split in splits},
    )
    write_bytes(folder / NAME, json_text(manifest.model_dump(mode="json")).encode())
    return manifest


def _inputs(dataset: Dataset) -> list[InputFile]:
    return [
        InputFile(path=facts.path, sha256=digest, lines=facts.lines, examples=facts.examples, formats=dict(sorted(facts.formats.items())))
        for facts, digest in zip(dataset.files, dataset.hashes, strict=True)
    ]


def _output(split: SplitFile) -> OutputFile:
    return OutputFile(file=split.file, examples=split.examples, sha256=split.sha256)


def intact(folder: Path) -> str | None:
    """The hash of a folder's manifest when every file that it names is there, with the hash it names; else None."""
    try:
        data = (folder / NAME).read_bytes()
        manifest = Manifest.model_validate_json(data)
    except (OSError, ValueError):
        return None
    named = [(manifest.removed.file, manifest.removed.sha256), *((split.file, split.sha256) for split in manifest.splits.values())]
    if any(not (folder / file).is_file() or sha256(folder / file) != digest for file, digest in named):
        return None
    return hashlib.sha256(data).hexdigest()


def key_of(*parts: Any) -> str:
    """A stage's key: the SHA-256 of all that its result depends on."""
    return hashlib.sha256(canonical([__version__, *parts])).hexdigest()
