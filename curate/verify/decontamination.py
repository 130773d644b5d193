"""Proof that files hold no run of words of an indexed benchmark, with code of its own.

`curate.storage.benchmark_index` defines the hashes. They are computed here from each text of each line, whatever its
key.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import xxhash

from curate.core.errors import UsageError
from curate.core.json_output import Output
from curate.core.text import visible
from curate.storage.benchmark_index import index_file, index_key, read_index
from curate.storage.files import display_name
from curate.verify.lines import lines_of
from curate.verify.words import UNSEEN, UNSPACED_CHARS

WORD: Final = re.compile(rf"[{UNSPACED_CHARS}]|[^\s{UNSPACED_CHARS}]+")
MASK: Final = (1 << 64) - 1


@dataclass(slots=True)
class LeftItem(Output):
    """A line that holds words of a benchmark."""

    file: str
    line: int
    benchmark: str
    benchmark_line: int
    words: int
    """Length of the run; of a whole question its number of words."""


@dataclass(slots=True)
class DecontaminationProof(Output):
    """What `curate verify --bench --json` prints."""

    lines: int = 0
    items: int = 0
    not_checked: int = 0
    """Items without enough text to search for."""
    unparsable: list[str] = field(default_factory=list)
    """FILE:LINE of lines that are no JSON: not proved."""
    left: list[LeftItem] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every line was read and none holds an item."""
        return not self.left and not self.unparsable and self.lines > 0


class _Runs:
    """The runs of all benchmarks: for each length, the hashes in order, and the item of each."""

    def __init__(self, names: Sequence[str], proof: DecontaminationProof) -> None:
        self.key = index_key()
        self.whole: dict[int, tuple[str, int]] = {}
        self.runs: dict[int, dict[int, tuple[str, int]]] = {}
        for name in names:
            path = index_file(name)
            if not path.exists():
                raise _not_indexed(name)
            about, arrays = read_index(path)
            places = [
                (about["files"][file], line)
                for file, line in zip(arrays["item_file"].tolist(), arrays["item_line"].tolist(), strict=True)
            ]
            items = arrays["part_item"].tolist()
            proof.items += len(places)
            proof.not_checked += len(places) - len(set(items))
            for item, value in zip(items, arrays["part_whole"].tolist(), strict=True):
                if value:
                    self.whole[value] = places[item]
            columns = (arrays[f"run_{column}"].tolist() for column in ("size", "hash", "part"))
            for size, value, part in zip(*columns, strict=True):
                self.runs.setdefault(size, {})[value] = places[items[part]]

    def in_text(self, words: Sequence[str]) -> Iterator[tuple[tuple[str, int], int]]:
        """The items that a text of these words holds, each with the number of equal words."""
        whole = xxhash.xxh3_64_intdigest(" ".join(words).encode("utf-8", "replace"), self.key)
        if whole in self.whole:
            yield self.whole[whole], len(words)
        if len(words) < min(self.runs, default=0):
            return
        hashes = np.array([_fnv_hash(word) for word in words], dtype=np.uint64)
        for size, items in self.runs.items():
            for value in _run_hashes(hashes, size, self.key):
                if value in items:
                    yield items[value], size


def _not_indexed(name: str) -> UsageError:
    """The error for a name without an index, which may be a file to build it from."""
    file = Path(name)
    if not file.exists():
        return UsageError(
            f"{visible(name)}: not an indexed benchmark", f"curate decontaminate --build-index {visible(name)} FILE"
        )
    index = visible(file.name.partition(".")[0])
    return UsageError(
        f"{visible(name)}: a file; verify takes an indexed benchmark",
        f"curate decontaminate --build-index {index} {visible(name)}, then --bench {index}",
    )


@lru_cache(1 << 18)
def _fnv_hash(word: str) -> int:
    value = 0xCBF29CE484222325
    for byte in word.encode("utf-8", "replace"):
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def _run_hashes(words: Any, size: int, key: int) -> list[int]:
    """The hashes of all runs of `size` words."""
    count = len(words) - size + 1
    if count < 1:
        return []
    total = np.zeros(count, dtype=np.uint64)
    for start in range(size):
        total = total * np.uint64(0x9E3779B97F4A7C15) + words[start : start + count]
    total ^= np.uint64(key)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        total = (total ^ (total >> np.uint64(shift))) * np.uint64(factor)
    return [value or 1 for value in (total ^ (total >> np.uint64(31))).tolist()]


def verify_decontamination(paths: Sequence[Path], names: Sequence[str]) -> DecontaminationProof:
    """Search files for the items of indexed benchmarks. Raises `InputError`, and `UsageError` for a name without
    an index.
    """
    proof = DecontaminationProof()
    runs = _Runs(names, proof)
    for path in paths:
        for number, line in lines_of(path):
            proof.lines += 1
            try:
                texts = _words(list(_texts(json.loads(line, object_pairs_hook=_object_values))))
            except (ValueError, RecursionError):
                proof.unparsable.append(f"{display_name(path)}:{number}")
                continue
            longest: dict[tuple[str, int], int] = {}
            for item, words in (hit for text in texts for hit in runs.in_text(text)):
                longest[item] = max(words, longest.get(item, 0))
            proof.left += [LeftItem(display_name(path), number, *item, longest[item]) for item in longest]
    return proof


def _words(texts: Sequence[str]) -> Iterator[list[str]]:
    """The words of each text."""
    plain = [unicodedata.normalize("NFKC", UNSEEN.sub("", text)).replace("\u0130", "i").lower() for text in texts]
    series = pl.Series([text.encode("utf-8", "replace").decode() for text in plain], dtype=pl.String)
    return map(WORD.findall, series.str.replace_all(r"[^\w]+|_+", " ").to_list())


def _object_values(pairs: Sequence[tuple[str, Any]]) -> list[Any]:
    """The values of a JSON object, also those of a repeated key."""
    return [value for _, value in pairs]


def _texts(value: Any) -> Iterator[str]:
    """All strings in a JSON value whose objects are lists of `_object_values`."""
    if isinstance(value, str):
        yield value
    for inner in value if isinstance(value, list) else ():
        yield from _texts(inner)
