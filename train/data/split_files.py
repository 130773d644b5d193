"""The files of a split: one, or its shards, which are read where they lie, as if they were one."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from curate.core.errors import InputError
from curate.core.example import Example, where
from curate.core.text import plural, visible
from curate.read.dataset import read_lines
from curate.storage.files import display_name, real_path
from curate.storage.shards import shard_pattern, split_files
from curate.storage.snapshot import FileState, state_of

BLOCK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class SplitFiles:
    """The files of a split in order. Lines are counted over all of them, so that they are those of one file."""

    shown: Path
    """The file, or the pattern of its shards, for messages."""
    files: tuple[Path, ...]
    """Empty if there is no such split."""

    @classmethod
    def of(cls, folder: Path, split: str) -> Self:
        """The files of a split. Raises `InputError` if a shard is missing."""
        files, name = tuple(split_files(folder, split)), f"{split}.jsonl"
        return cls(
            files[0] if len(files) == 1 else folder / (shard_pattern(name, len(files)) if files else name), files
        )

    def required(self, hint: str) -> Self:
        """The files themselves. Raises `InputError` with the hint if there is no such split."""
        if not self.files:
            raise InputError(f"{visible(str(self.shown))}: no such file", hint)
        return self

    def sha256(self) -> str:
        """The SHA-256 of the bytes of all files; of shards, a last line that ends without a line break gets one."""
        digest = hashlib.sha256()
        for file in self.files:
            last = b"\n"
            for block in _blocks(file):
                digest.update(block)
                last = block[-1:]
            if len(self.files) > 1 and last != b"\n":
                digest.update(b"\n")
        return digest.hexdigest()

    def states(self) -> tuple[FileState, ...]:
        """The current states of the files. Raises `InputError`."""
        return tuple(map(state_of, self.files))

    def lines_before(self) -> list[int]:
        """For each file the number of lines in those before it."""
        before = [0]
        for file in self.files[:-1]:
            lines, last = 0, b"\n"
            for block in _blocks(file):
                lines, last = lines + block.count(b"\n"), block[-1:]
            before.append(before[-1] + lines + (last != b"\n"))
        return before

    def place(self, line: int) -> str:
        """File and line of a line, by its number in all files."""
        if len(self.files) == 1:
            return where(display_name(self.files[0]), line)
        for file, before in reversed(list(zip(self.files, self.lines_before(), strict=True))):
            if line > before:
                return where(display_name(file), line - before)
        return where(display_name(self.shown), line)

    def examples(self) -> Iterator[Example]:
        """The examples, one at a time. Raises `InputError`, at the end, if a line holds none."""
        broken: list[str] = []
        is_single, name = len(self.files) == 1, display_name(self.shown)
        for file, before in zip(self.files, [0] if is_single else self.lines_before(), strict=True):
            for parsed in read_lines([file]):
                if parsed.example is None:
                    broken.append(str(parsed.place))
                elif not broken:
                    place = parsed.place._replace(file=name, line=before + parsed.place.line)
                    yield parsed.example if is_single else replace(parsed.example, place=place)
        if broken:
            raise InputError(
                f"{broken[0]}: no example in this line ({plural(len(broken), 'such line')} in the split)",
                f"curate check {display_name(self.shown)}",
            )


def _blocks(file: Path) -> Iterator[bytes]:
    """The bytes of a file in blocks. Raises `InputError`."""
    try:
        with real_path(file).open("rb") as opened:
            while block := opened.read(BLOCK_BYTES):
                yield block
    except OSError as error:
        raise InputError.of(visible(display_name(file)), error) from error
