"""The manifest: inputs, decisions and outputs, by hash. Written last, so its existence means the output is complete.

It contains no times: the same data, configuration and decisions give the same manifest, bit for bit.
"""

import hashlib
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from curate import __version__
from curate.core.config import Config
from curate.core.errors import InputError
from curate.core.example import canonical
from curate.core.lazy import version_of
from curate.core.masking import plain_without_keys
from curate.storage.files import MANIFEST, json_text, sha256
from curate.storage.paths import path_inside
from curate.storage.transaction import require_finished

SPLIT_NAMES: Final = ("train", "validation", "test")
RESULT_PACKAGES: Final = ("datasketch", "numba", "numpy", "orjson", "polars", "pydantic", "xxhash")
"""Packages whose version can change the output."""


class _ManifestModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class InputFile(_ManifestModel):
    """A file that was read."""

    path: str
    """As given by the user."""
    sha256: str
    lines: int
    """Non-blank lines, or elements of a document."""
    examples: int
    formats: dict[str, int]
    """Number of examples by format."""


class Shard(_ManifestModel):
    """One of several files of a split."""

    file: str
    examples: int
    sha256: str


class OutputFile(_ManifestModel):
    """A split that was written."""

    file: str
    """Its file; for shards, the pattern of their names."""
    examples: int
    characters: int
    """Characters of all texts, for the share of the training data."""
    groups: int
    """Number of groups of related examples; in a given test set, each example is a group."""
    sha256: str | None = None
    """Of its file; None for shards, each of which has its own. Earlier versions wrote that of the lines of all shards
    in order.
    """
    shards: list[Shard] = []
    """Its files in order if there are several; their lines, one file after the other, are those of a single file."""

    @model_validator(mode="after")
    def _has_hashes(self) -> Self:
        """Raise `ValueError` for a single file without a hash."""
        if not self.shards and self.sha256 is None:
            raise ValueError("has neither sha256 nor shards")
        return self

    @property
    def files(self) -> dict[str, str]:
        """The names of its files in order, each with its SHA-256."""
        return {shard.file: shard.sha256 for shard in self.shards} or {self.file: self.sha256 or ""}

    def paths(self, folder: Path) -> list[Path]:
        """Its files in a folder, in order."""
        return [folder / name for name in self.files]

    @model_serializer(mode="wrap")
    def _without_empty(self, serialized: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The values without empty shards and hashes, as earlier versions wrote them: the digest is the same."""
        values: dict[str, Any] = serialized(self)
        if not self.shards:
            values.pop("shards", None)
        if self.sha256 is None:
            values.pop("sha256", None)
        return values


class RemovedFile(_ManifestModel):
    """`removed.jsonl`."""

    file: str
    lines: int
    sha256: str
    reasons: dict[str, int]
    """Number of removed lines by code; `decision` if a person dropped them, `mix` if they exceed the budget."""


class Restored(_ManifestModel):
    """A removed line that was restored."""

    file: str
    line: int
    example: str
    split: str
    code: str | None
    """The code of its removal."""


class SharedInstruction(_ManifestModel):
    """A passage of user turns that many examples share; it is left out when whole texts are compared."""

    text: str
    examples: int
    """Number of written examples that contain it."""


class SharedText(_ManifestModel):
    """A first question or a document that links nothing, because a group would be too large to be held out."""

    kind: Literal["first question", "document"]
    text: str
    """The beginning of the text."""
    examples: int
    """Number of written examples that contain it."""
    runs: list[str]
    """BLAKE2b hashes, of 8 bytes, of the words of a first question, or of the runs of 30 words of a document."""


class ShortAnswer(_ManifestModel):
    """An answer of fewer than 20 words that different questions share; such answers are not compared by themselves."""

    text: str
    examples: int
    """Number of written examples that contain it."""
    questions: int
    """Number of different questions among them."""


class Manifest(_ManifestModel):
    """`manifest.json` of an output folder."""

    manifest_version: Literal[3] = 3
    curate: str
    """The version of curate that wrote it."""
    versions: dict[str, str]
    """Versions of Python and of the packages that can change the output."""
    inputs: list[InputFile]
    existing: list[InputFile] = []
    """Files of a given test set; their lines are not counted as read."""
    config: dict[str, Any]
    """Seed, and the sections of the configuration that affect the data."""
    models: dict[str, str]
    """The fingerprint of each model by purpose."""
    decisions: dict[str, str]
    """The verdict in effect by example; for an edit, with the id of the new example."""
    grown_from: str | None = None
    """SHA-256 of the manifest whose splits were continued; null if all examples were split anew."""
    read: int
    """Lines read: kept + removed."""
    kept: int
    removed: RemovedFile
    restored: list[Restored] = []
    shared_instructions: list[SharedInstruction] = []
    """Passages that are left out when whole texts are compared."""
    shared_texts: list[SharedText] = []
    """First questions and documents that several splits have."""
    short_answers: list[ShortAnswer] = []
    """The most frequent of the short answers that different questions share."""
    short_answer_examples: int = 0
    """Number of written examples with a short answer that different questions share, including those not listed."""
    links: dict[str, int]
    """Number of links of each kind that connect examples to groups."""
    groups: int
    splits: dict[str, OutputFile]
    files: dict[str, str]
    """SHA-256 of all other written files, by name."""
    digest: str = ""
    """SHA-256 of all other keys as canonical JSON."""


def data_settings(config: Config) -> dict[str, Any]:
    """The part of a configuration that affects the data."""
    values = config.model_dump(
        mode="json", include={"seed", "errors", "check", "dedup", "conflicts", "split", "mix", "card"}
    )
    return {name: plain_without_keys(value) for name, value in values.items()}


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change the output; looked up once."""
    python = ".".join(map(str, sys.version_info[:3]))
    return {"python": python} | {package: version_of(package) for package in RESULT_PACKAGES}


def digest_of(manifest: Manifest) -> str:
    """Compute `Manifest.digest`."""
    return hashlib.sha256(canonical(manifest.model_dump(mode="json", exclude={"digest"}))).hexdigest()


def manifest_bytes(manifest: Manifest) -> bytes:
    """Serialise the manifest."""
    return json_text(manifest.model_dump(mode="json")).encode("utf-8", "surrogatepass")


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """Read the manifest of a folder; returns it with the SHA-256 of its bytes. Writes nothing.

    Raises `InputError` if it is missing, lists a path outside of the folder, or an interrupted command has to be
    completed first (`curate.storage.transaction.recover`).
    """
    require_finished(folder)
    path = path_inside(folder, MANIFEST)
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path}: no such file", "pass a folder written by `curate split` or `curate run`") from None
    except OSError as error:
        raise InputError.of(path, error, "check its permissions") from error
    try:
        manifest = Manifest.model_validate_json(data)
        _require_settings(manifest)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        text = (
            f"{path}: not a manifest of this version of curate "
            f"({where + ': ' if where else ''}{error.errors()[0]['msg']})"
        )
        raise InputError(text, f"curate {__version__} writes manifest version 3: split the data again") from None
    for name in named_files(manifest):
        path_inside(folder, name)
    return manifest, hashlib.sha256(data).hexdigest()


def _require_settings(manifest: Manifest) -> None:
    """Raise `ValidationError` if the configuration in a manifest is invalid or lacks a key, since readers rely on it.

    `conflicts` and `card` are not checked because nothing relies on their keys: folders of versions with other keys
    there can still be verified and restored.
    """
    settings = data_settings(Config.model_validate(manifest.config))
    del settings["conflicts"], settings["card"]
    for section, values in settings.items():
        section_values = manifest.config.get(section)
        missing = (
            [section]
            if section_values is None
            else [f"{section}.{key}" for key in values if key not in section_values]
            if isinstance(values, dict)
            else []
        )
        if missing:
            raise ValidationError.from_exception_data(
                "Manifest", [{"type": "missing", "loc": tuple(missing[0].split(".")), "input": None}]
            )


def named_files(manifest: Manifest) -> dict[str, str]:
    """The files that a manifest lists, with the expected SHA-256 of each."""
    return {
        manifest.removed.file: manifest.removed.sha256,
        **{name: digest for part in manifest.splits.values() for name, digest in part.files.items()},
        **manifest.files,
    }


def verified_hash(folder: Path) -> str | None:
    """The hash of a folder's manifest if every listed file exists with its hash; else None."""
    try:
        manifest, digest = read_manifest(folder)
    except InputError:
        return None
    return None if changed_files(folder, named_files(manifest)) else digest


def changed_files(folder: Path, named: Mapping[str, str]) -> dict[str, str]:
    """Files whose SHA-256 differs from the expected one, each with the reason."""
    changes = {}
    for name, expected in named.items():
        if not (folder / name).is_file():
            changes[name] = "is not there"
        elif sha256(folder / name) != expected:
            changes[name] = "differs from its hash in the manifest"
    return changes


def stage_key(*parts: Any) -> str:
    """Cache key of a stage: the SHA-256 of everything that its result depends on."""
    return hashlib.sha256(canonical([__version__, *parts])).hexdigest()
