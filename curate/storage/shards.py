"""Outputs of several files, named as the shards of a data set of the Hugging Face Hub: `train-00000-of-00064.jsonl`.

The shards of an output in order have the same bytes as the output in one file.
"""

import re
import shutil
from functools import lru_cache
from pathlib import Path
from typing import Final

from curate.core.errors import InputError
from curate.core.text import visible
from curate.storage.data_path import DataPath
from curate.storage.scratch import scratch, written

MAX_SHARDS: Final = 99_999
"""The most that the five digits of a name can count."""
SHARD: Final = re.compile(
    r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<suffix>(\.[^./]*)?)", re.ASCII | re.DOTALL
)


def shard_names(file: str, count: int) -> list[str]:
    """The names of the shards of a file, in order."""
    stem, suffix = _parts_of(file)
    return [f"{stem}-{number:05}-of-{count:05}{suffix}" for number in range(count)]


def unsharded_name(name: str) -> str:
    """The name, or path, of the output that a file is a shard of; that of the file itself for any other file."""
    match = SHARD.fullmatch(name)
    return f"{match['stem']}{match['suffix']}" if match else name


def shard_pattern(file: str, count: int) -> str:
    """The pattern that matches the names of all shards of a file and no others."""
    stem, suffix = _parts_of(file)
    return f"{stem}-*-of-{count:05}{suffix}"


def shard_bounds(items: int, count: int) -> list[int]:
    """The position of the first item of each shard, and the number of all: shards have equally many, give or take one.
    `count` is limited to the number of items, but at least 1.
    """
    count = max(1, min(count, items))
    return [number * items // count for number in range(count + 1)]


def shards_of(path: Path) -> list[Path]:
    """The existing shards of a file, whatever their count, sorted by name."""
    if not path.parent.is_dir():
        return []
    return sorted(
        other for other in path.parent.iterdir() if other.name != path.name and unsharded_name(other.name) == path.name
    )


def shown_output(output: Path) -> Path:
    """An output as messages name it: the pattern of its shards if it was written as some."""
    match = None if output.exists() else next(map(SHARD.fullmatch, (path.name for path in shards_of(output))), None)
    return output if match is None else output.with_name(shard_pattern(output.name, int(match["count"])))


def split_files(folder: Path, split: str) -> list[Path]:
    """The files of a split in order: `train.jsonl`, or all of its shards; empty if there are none.

    Raises `InputError` if a shard is missing, or if files of two outputs are there, whose lines would be read twice.
    """
    file = folder / f"{split}.jsonl"
    shards = shards_of(file)
    if not shards:
        return [file] if file.is_file() else []
    if file.is_file():
        raise _mixed_error(file, shards[0])
    match = SHARD.fullmatch(shards[0].name)
    assert match is not None
    expected = shard_names(file.name, int(match["count"]))
    names = [path.name for path in shards]
    if names == expected:
        return shards
    for name in names:
        if name not in expected:
            raise _mixed_error(shards[0], folder / name)
    missing = next(name for name in expected if name not in names)
    raise InputError(
        f"{visible(str(folder / missing))}: no such file, although {names[0]} is there",
        "restore the file, or split the data again",
    )


def split_file(folder: Path, split: str) -> Path:
    """The path of a split as one file; shards are joined in a temporary file. The path does not exist if the split does
    not. Raises as `split_files` does, and `OutputError`.
    """
    files = split_files(folder, split)
    if len(files) == 1:
        return files[0]
    if not files:
        return folder / f"{split}.jsonl"
    return _joined(split, tuple((path, *_version(path)) for path in files))


def _version(path: Path) -> tuple[int, int, int]:
    """The inode, size and time of a file."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


@lru_cache(maxsize=64)
def _joined(split: str, states: tuple[tuple[Path, int, int, int], ...]) -> Path:
    """A temporary file with the lines of all shards; a line break is added to a last line that lacks one. `states`: the
    shards, each with its inode, size and time.
    """
    first = states[0][0]
    path = scratch() / f"{split}.jsonl"
    with written(path), path.open("wb") as joined:
        for shard, _, size, _ in states:
            with shard.open("rb") as file:
                shutil.copyfileobj(file, joined)
                file.seek(max(0, size - 1))
                if file.read(1) not in (b"\n", b""):  # other tools may write none
                    joined.write(b"\n")
    return DataPath.of(path, str(first.with_name(shard_pattern(f"{split}.jsonl", len(states)))))


def _parts_of(file: str) -> tuple[str, str]:
    """The name without its suffix, and the suffix with its dot."""
    stem, dot, suffix = file.rpartition(".")
    return (stem, f"{dot}{suffix}") if stem else (file, "")


def _mixed_error(first: Path, second: Path) -> InputError:
    return InputError(
        f"{visible(str(second))}: is from another output than {visible(first.name)}; lines would be read twice",
        "delete the files of one of them; `curate verify` on the folder reports those that its manifest does not list",
    )
