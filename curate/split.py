"""Train, validation and test, so that nothing that is connected stands on two sides.

Examples are connected when they are near-duplicates, ask the same question in the same context, or have equal content. Whole
groups go to one split, by a hash of the seed and the group: the same data gives the same splits in any order of lines.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from curate.config import SplitConfig
from curate.detect.question import question_of
from curate.example import Example, content_id
from curate.files import replacing, sha256
from curate.read.dataset import ParsedLine

NAMES: Final = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class SplitFile:
    """A split that was written."""

    name: str
    file: str
    examples: int
    sha256: str


def groups(examples: Sequence[Example], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Per example id the id of its group: the smallest id in it. `pairs` are ids of near-duplicates."""
    parent = {example.id: example.id for example in examples}

    def root(node: str) -> str:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def join(left: str, right: str) -> None:
        a, b = sorted((root(left), root(right)))
        parent[b] = a

    first: dict[str, str] = {}
    for example in examples:
        if question := question_of(example):
            join(first.setdefault(content_id(question.context), example.id), example.id)
    for left, right in pairs:
        if left in parent and right in parent:
            join(left, right)
    return {node: root(node) for node in parent}


def assign(group: str, config: SplitConfig, seed: int) -> str:
    """The split of a group: where the hash of seed and group falls among the fractions."""
    digest = hashlib.blake2b(f"{seed}:{group}".encode(), digest_size=8).digest()
    position = int.from_bytes(digest) / 2**64
    train, validation, _ = config.fractions
    return "train" if position < train else "validation" if position < train + validation else "test"


def divide(lines: Sequence[ParsedLine], pairs: Iterable[tuple[str, str]], config: SplitConfig, seed: int) -> dict[str, list[ParsedLine]]:
    """Lines that hold an example, by split; sum of the parts is the whole, and no group spans two of them."""
    examples = [line.example for line in lines if line.example is not None]
    member = groups(examples, pairs)
    parts: dict[str, list[ParsedLine]] = {name: [] for name in NAMES}
    for line in lines:
        if line.example is not None:
            parts[assign(member[line.example.id], config, seed)].append(line)
    assert sum(map(len, parts.values())) == len(examples), "an example is in no split"
    return parts


def empty_splits(parts: dict[str, list[ParsedLine]], config: SplitConfig) -> list[str]:
    """Names of splits that should have examples and have none: the data set is too small, or one group is too large."""
    return [name for name, share in zip(NAMES, config.fractions, strict=True) if share and not parts[name]]


def written(line: ParsedLine) -> bytes:
    """A line of a split, without its line break: the bytes as read where they are messages, else the conversation in messages form."""
    example = line.example
    if example is None:
        raise ValueError("a line without an example has no place in a split")
    if example.format == "messages":
        return line.jsonl
    text = json.dumps(example.value, ensure_ascii=False)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate, kept on a person's word: it can only be written as an escape
        return json.dumps(example.value).encode("ascii")


def write_splits(folder: Path, parts: dict[str, list[ParsedLine]]) -> list[SplitFile]:
    """Write one JSON Lines file a split, each atomically. Raises `OutputError`."""
    files = []
    for name, lines in parts.items():
        path = folder / f"{name}.jsonl"
        with replacing(path) as file:
            for line in lines:
                file.write(written(line) + b"\n")
        files.append(SplitFile(name, path.name, len(lines), sha256(path)))
    return files
