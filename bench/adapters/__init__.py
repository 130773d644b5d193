"""Adapters: each module has `INSTALL` and `flags(task, paths)`, the lines that its tool flags in the last file.

`flags` returns None for a task that the tool does not offer and raises `ToolStoppedError` where the tool ends early.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.sets import text_of


class ToolStoppedError(Exception):
    """The tool ended without a result, with its last words."""


def run_tool(name: str, *arguments: str | Path, accepted: tuple[int, ...] = (0, 1)) -> str:
    """The standard output of a command installed beside this Python; ToolStoppedError at another exit status."""
    command = [str(Path(sys.executable).parent / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tempfile.gettempdir())
    if done.returncode not in accepted:
        raise ToolStoppedError((done.stderr or done.stdout).strip()[-200:])
    return done.stdout


def read_texts(path: Path) -> list[str]:
    """The text of each line of a readable file."""
    return [text_of(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def joined(paths: list[Path], folder: Path) -> tuple[Path, int]:
    """One file with the lines of all, and the number of lines before the last file's."""
    contents = [path.read_bytes() for path in paths]
    target = folder / "joined.jsonl"
    target.write_bytes(b"".join(contents))
    return target, sum(content.count(b"\n") for content in contents[:-1])


def after(numbers: set[int], offset: int) -> set[int]:
    """The numbers of the lines behind so many lines, counted from there."""
    return {number - offset for number in numbers if number > offset}


def missing_lines(path: Path, kept: Path) -> set[int]:
    """The numbers of the lines of a file that are not in `kept`, which holds the others in the same order."""
    left = kept.read_bytes().splitlines() if kept.exists() else []
    values, position, missing = [_parsed(line) for line in left], 0, set()
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], 1):
        if position < len(values) and values[position] == _parsed(line):
            position += 1
        else:
            missing.add(number)
    if position < len(values):
        raise ToolStoppedError("the kept lines are not lines of the input")
    return missing


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return line


def numbered(path: Path, folder: Path) -> Path:
    """A copy whose objects have their line's number in a key `bench_line`, for tools that change lines."""
    lines = path.read_bytes().split(b"\n")[:-1]
    target = folder / "numbered.jsonl"
    target.write_bytes(
        b"".join(
            (line[:-1] + b', "bench_line": %d}' % number if line.endswith(b"}") else line) + b"\n"
            for number, line in enumerate(lines, 1)
        )
    )
    return target


def changed_lines(source: Path, output: Path, edits: bool = True) -> set[int]:
    """The numbers of the lines of a numbered copy that the output lacks or, with `edits`, has with another text."""
    written = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()] if output.exists() else []
    texts = {row["bench_line"]: text_of(row) for row in written if isinstance(row, dict) and "bench_line" in row}
    flagged = set()
    for number, line in enumerate(source.read_bytes().split(b"\n")[:-1], 1):
        value = _parsed(line)
        if number not in texts or (edits and isinstance(value, dict) and texts[number] != text_of(value)):
            flagged.add(number)
    return flagged
