"""The logs of a training, one JSON object a line, and its progress on stderr.

`metrics.jsonl` is the journal that others follow: a line per step, and lines for other work:

    {"step": 3, "max_steps": 60, "loss": 1.52, "learning_rate": 0.0002, "grad_norm": 0.9, "tokens": 612, "supervised": 201,
     "tokens_per_second": 410.2, "memory": 1203000000, "seconds": 31.2}
    {"event": "validation", "step": 20, "validation_loss": 1.31, "best": true, "seconds": 98.0}
    {"event": "phase", "name": "base evaluation", "done": 40, "total": 110, "seconds": 9.5}

`seconds` count from the start of the process that wrote the line. Other events: resumed, out-of-memory, early-stop,
paused, interrupted, finished.

`losses.jsonl` is the loss log: the loss of each example whenever it was trained on, taken from the very pass that made
the gradients. One line a step,
its lists in the order of the step's texts:

    {"step": 3, "lines": [12, 7], "texts": [11, 6], "loss": [1.52031, 0.88112], "tokens": [41, 9], "right": [25, 8]}

`lines` are those of train.jsonl, `texts` the numbers of the texts that they became, `loss` the mean over a text's
supervised `tokens` in nats, without weights and with the dropout and noise of training; `right` counts the tokens that
greedy decoding would have produced. `train.report.training_dynamics` turns it into `datamap.jsonl`.
"""  # noqa: E501

import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from curate.core.errors import CurateError, OutputError
from curate.core.lazy import Numbers
from curate.core.limits import read_regular
from curate.project.runs import new_events
from curate.render.console import console
from curate.storage.files import FREE_SPACE, write_bytes


class JsonLines:
    """A file to append to. Each line is passed to the system at once, so a kill loses none; `silent` writes nothing."""

    def __init__(self, path: Path, *, silent: bool = False) -> None:
        self.path, self.silent = path, silent

    def append(self, line: dict[str, Any]) -> None:
        """Add one line at the end."""
        if self.silent:
            return
        try:
            with self.path.open("ab") as file:
                file.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
        except OSError as error:
            raise OutputError.of(self.path, error, FREE_SPACE) from error

    def cut(self, step: int) -> None:
        """Drop what was written after `step` steps, which a resumed training repeats, and an incomplete last line."""
        if self.silent or not self.path.exists():
            return
        kept = []
        for line in read_regular(self.path).splitlines(keepends=True):
            if not line.endswith(b"\n") or json.loads(line).get("step", 0) > step:
                break
            kept.append(line)
        write_bytes(self.path, b"".join(kept))

    def lines(self) -> list[dict[str, Any]]:
        """All that was written so far; a torn last line is left out."""
        return new_events(self.path, 0)[1]


class TrainingJournal(JsonLines):
    """The journal, open to be written to."""

    def __init__(self, path: Path, *, silent: bool = False) -> None:
        super().__init__(path, silent=silent)
        self._began = monotonic()

    def write(self, **fact: Any) -> None:
        """Append one line, with the seconds since this process opened the journal."""
        self.append({**fact, "seconds": round(monotonic() - self._began, 2)})

    def measurements(self) -> list[tuple[int, float]]:
        """The measurements on the validation split: the step and the loss, in their order."""
        return [(line["step"], line["validation_loss"]) for line in self.lines() if line.get("event") == "validation"]


class LossLog(JsonLines):
    """The losses, open to be written to. `lines_of` gives for each text its line in train.jsonl, or 0 if it is not
    logged: it is to become less likely.
    """

    def __init__(self, path: Path, lines_of: Sequence[int] | Numbers, *, silent: bool = False) -> None:
        super().__init__(path, silent=silent)
        self.lines_of = lines_of

    def write(self, step: int, texts: Sequence[int], sums_of_texts: Sequence[Sequence[float]]) -> None:
        """Append a step: for each text the sum of its losses, its supervised tokens, and how many were right."""
        logged = [(text, sums) for text, sums in zip(texts, sums_of_texts, strict=True) if self.lines_of[text]]
        texts, sums_of_texts = [text for text, _ in logged], [sums for _, sums in logged]
        self.append(
            {
                "step": step,
                "lines": [int(self.lines_of[text]) for text in texts],
                "texts": list(texts),
                "loss": [round(total / count, 5) if count else 0.0 for total, count, _ in sums_of_texts],
                "tokens": [round(count) for _, count, _ in sums_of_texts],
                "right": [round(right) for *_, right in sums_of_texts],
            }
        )


@contextmanager
def signals_to(heard: Callable[[str], None]) -> Iterator[None]:
    """Call `heard` with the name of the signal at Ctrl-C, at SIGTERM and, unless it is ignored (`nohup`), where the
    terminal is closed, while the block runs.
    """

    def handler(number: int, _frame: Any) -> None:
        heard(signal.Signals(number).name)

    # SIGHUP is not on Windows, SIGBREAK only there.
    known = (getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"))
    before = {
        number: signal.signal(number, handler)
        for number in known
        if number is not None and (number.name != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN)
    }
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


class Phase:
    """A part of the work with a known number of units; `advance` is called as they are done."""

    def __init__(self, printer: "JournalPrinter", name: str, total: int, done: int = 0) -> None:
        self.printer, self.name, self.total, self.done = printer, name, total, done
        self._told = monotonic()
        self._task = printer.bars.add_task(name, total=total, completed=done, note="") if printer.bars else None
        self._report()

    def advance(self, count: int = 1, note: str = "") -> None:
        """`count` more units are done; `note` is shown on the terminal only."""
        self.done += count
        if self.printer.bars and self._task is not None:
            self.printer.bars.update(self._task, completed=self.done, note=note)
        # Whoever follows wants a sign of life, not a line per unit.
        if self.done >= self.total or monotonic() - self._told >= 2:
            self._report(note)

    def _report(self, note: str = "") -> None:
        """Write the progress to the journal if there is one, and to standard error unless quiet or shown as bars."""
        self._told = monotonic()
        if self.printer.journal is not None:
            self.printer.journal.write(event="phase", name=self.name, done=self.done, total=self.total)
        if not self.printer.quiet and self.printer.bars is None:
            text = f"{self.name}: {self.done:,}/{self.total:,}" + (f"  {note}" if note else "")
            print(text, file=sys.stderr, flush=True)  # noqa: T201


class JournalPrinter:
    """Prints lines and progress bars to standard error, and opens phases, one at a time."""

    def __init__(self, *, quiet: bool, journal: TrainingJournal | None = None) -> None:
        self.quiet = quiet
        self.journal = journal
        self.console = console(stderr=True)
        self.bars: Progress | None = None

    @contextmanager
    def showing(self) -> Iterator["JournalPrinter"]:
        """Bars on the terminal while the block runs, where there is a terminal. An error of the block stands alone: the
        bars of unfinished phases are removed.
        """
        if self.quiet or not self.console.is_terminal:
            yield self
            return
        # names and notes are written by the program, but are printed without markup
        name, note = (TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[note]}"))
        columns = (name, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(), note)
        with Progress(*columns, console=self.console) as bars:
            self.bars = bars
            try:
                yield self
            except CurateError:
                for task in bars.tasks:
                    if not task.finished:
                        bars.remove_task(task.id)
                raise
            finally:
                self.bars = None

    def phase(self, name: str, total: int, done: int = 0) -> Phase:
        """Begin a part of the work."""
        return Phase(self, name, total, done)

    def print(self, text: str) -> None:
        """Print a line; `text` must be safe to show."""
        if not self.quiet:
            self.console.print(text, markup=False, highlight=False, soft_wrap=True)
