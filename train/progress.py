"""Telling a person how far a training is: bars on a terminal, plain lines elsewhere, always on stderr; and the journal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from curate.report.console import console
from train.metrics import Journal


class Phase:
    """A part of the work with a known number of units; `advance` is called as they are done."""

    def __init__(self, narrator: "Narrator", name: str, total: int, done: int = 0) -> None:
        self.narrator, self.name, self.total, self.done = narrator, name, total, done
        self._told = monotonic()
        self._task = narrator.bars.add_task(name, total=total, completed=done, note="") if narrator.bars else None
        self._tell()

    def advance(self, count: int = 1, note: str = "") -> None:
        """`count` more units are done; `note` says how it goes, on the screen only."""
        self.done += count
        if self.narrator.bars and self._task is not None:
            self.narrator.bars.update(self._task, completed=self.done, note=note)
        # Whoever follows wants a sign of life, not a line per unit.
        if self.done >= self.total or monotonic() - self._told >= 2:
            self._tell(note)

    def _tell(self, note: str = "") -> None:
        self._told = monotonic()
        if self.narrator.journal is not None:
            self.narrator.journal.write(event="phase", name=self.name, done=self.done, total=self.total)
        if not self.narrator.quiet and self.narrator.bars is None:
            print(f"{self.name}: {self.done:,}/{self.total:,}" + (f"  {note}" if note else ""), file=sys.stderr, flush=True)  # noqa: T201


class Narrator:
    """Opens phases; one at a time."""

    def __init__(self, *, quiet: bool, journal: Journal | None = None) -> None:
        self.quiet = quiet
        self.journal = journal
        self.console = console(stderr=True)
        self.bars: Progress | None = None

    @contextmanager
    def showing(self) -> Iterator["Narrator"]:
        """Bars on the terminal while the block runs, where there is a terminal."""
        if self.quiet or not self.console.is_terminal:
            yield self
            return
        # Names and notes are ours; markup stays off all the same.
        text = TextColumn("{task.description}", markup=False), TextColumn("{task.fields[note]}", markup=False)
        with Progress(text[0], BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(), text[1], console=self.console) as bars:
            self.bars = bars
            try:
                yield self
            finally:
                self.bars = None

    def phase(self, name: str, total: int, done: int = 0) -> Phase:
        """Begin a part of the work."""
        return Phase(self, name, total, done)

    def say(self, text: str) -> None:
        """One line for the person; `text` is ours or has been made safe to show."""
        if not self.quiet:
            self.console.print(text, markup=False, highlight=False, soft_wrap=True)
