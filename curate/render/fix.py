"""Applied or proposed fixes: a unified diff, and a summary for people."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from curate.core.form_keys import PAIR_SIDES
from curate.core.text import plural, visible
from curate.lint.fixer import FixedFile, FixReport, LineChange

LINE: Final = re.compile(rb"[^\n]*\n|[^\n]+")
CONTEXT_LINES: Final = 3


def unified_diff(name: str, lines: Iterable[LineChange]) -> Iterator[bytes]:
    """The lines of a unified diff with line breaks; empty for an unchanged file. Memory is that of one hunk."""
    ahead: deque[bytes] = deque(maxlen=CONTEXT_LINES)
    hunk: list[bytes] = []
    old = new = old_start = new_start = 1
    trailing = 0
    started = False
    for before, after, _ in lines:
        if before == after:
            if hunk:
                hunk.append(_diff_line(b" ", before))
                trailing += 1
            ahead.append(before)
        else:
            if not hunk:
                if not started:
                    yield f"--- {visible(name)}\n+++ {visible(name)}\n".encode()
                    started = True
                hunk = [_diff_line(b" ", line) for line in ahead]
                old_start, new_start = old - len(ahead), new - len(ahead)
            hunk += [_diff_line(b"-", before), *(_diff_line(b"+", line) for line in _lines_with_breaks(after))]
            trailing = 0
            ahead.clear()
        old, new = old + 1, new + len(_lines_with_breaks(after))
        if hunk and trailing == 2 * CONTEXT_LINES:
            yield from _hunk(hunk[:-CONTEXT_LINES], old_start, new_start)
            hunk = []
    if hunk:
        yield from _hunk(hunk[: len(hunk) - max(trailing - CONTEXT_LINES, 0)], old_start, new_start)


def _lines_with_breaks(data: bytes) -> list[bytes]:
    return LINE.findall(data)


def _diff_line(mark: bytes, line: bytes) -> bytes:
    return mark + line if line.endswith(b"\n") else mark + line + b"\n\\ No newline at end of file\n"


def _hunk(lines: list[bytes], old: int, new: int) -> Iterator[bytes]:
    """A hunk of a diff; `old` and `new`: the numbers of its first line in both files."""
    counts = [sum(not line.startswith(mark) for line in lines) for mark in (b"+", b"-")]
    sides = [f"{start if count else start - 1},{count}" for start, count in zip((old, new), counts, strict=True)]
    yield f"@@ -{sides[0]} +{sides[1]} @@\n".encode()
    yield from lines


def fix_text(report: FixReport, *, done: bool) -> Iterator[str]:
    """The lines of the summary, safe to print: fixes that were applied (`done`) or are proposed, removed lines, and
    findings that are not fixed, with the reason.
    """
    for file in report.files:
        yield from _file_text(file, done=done)
    touched = sum(file.lines > 0 for file in report.files)
    counts = f"{plural(report.findings, 'finding')} in {plural(report.lines, 'line')} of {plural(touched, 'file')}"
    yield f"{'fixed' if done else 'would fix'} {counts}" if touched else "nothing to fix"


def _file_text(file: FixedFile, *, done: bool) -> Iterator[str]:
    """The lines of the summary about a file."""
    name = visible(file.name)
    if file.skipped:
        yield f"{name}: not changed: {'it ' if file.skipped.startswith('is ') else ''}{file.skipped}"
    if file.foreign:
        pairs = all(name_of_format in PAIR_SIDES for name_of_format in file.foreign)  # which messages cannot hold
        yield (
            f"{name}: in lines of the format {', '.join(file.foreign)}, fixes of messages only rename roles"
            f"{'' if pairs else '; convert them with `curate convert`'}"
        )
    for code, numbers in sorted(file.removed.items()):
        yield (
            f"{name}: {'removed' if done else 'would remove'} {plural(len(numbers), 'line')} ({code}): "
            f"{line_ranges(numbers)}"
        )
    if file.ledger:
        ledger = visible(file.ledger)
        yield f"{name}: removed lines are in {ledger}; `curate restore {ledger} --all -o FILE` writes them to a file"
    if file.links:
        yield f"{name}: {plural(file.links, 'hard link')} to this file not changed: fix each, or link it again"
    for line, code, error in file.held:
        yield f"{name}:{line}: {code} not fixed: the fix would cause {error}"


def line_ranges(numbers: Iterable[int]) -> str:
    """Increasing numbers as ranges: `3, 7-9`."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(f"{first:,}" if first == last else f"{first:,}-{last:,}" for first, last in ranges)
