"""The lines of a data set that an expression selects, for `curate query` and for `--where`.

Beside the line, an expression reads the journal of the project and quality signals.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from curate.commands.score import score_exchanges
from curate.commands.session import Workspace
from curate.core.errors import InputError, UsageError
from curate.core.expression import SCORE, Node, check_signals, condition_tree, fields_of
from curate.core.json_output import ClearText, Output
from curate.core.masking import masked
from curate.core.removed import WHERE, Reason
from curate.core.text import excerpt, plural, visible
from curate.corpus.corpus import LineReader, Table
from curate.output.apply import Dropped
from curate.parallel.worker_pool import cores
from curate.project.decision_log import DecisionLog
from curate.quality.exchange import read_exchanges
from curate.quality.scoring import TEXT_SIGNALS, Models
from curate.quality.signals import BY_NAME
from curate.read.condition import ReviewFacts, line_text, matches
from curate.read.dataset import ParsedLine, read_lines
from curate.storage.scratch import TempStore, written

BLOCK_LINES: Final = 2_000


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression with what it compares beside lines."""

    text: str
    node: Node
    facts: ReviewFacts

    def selected(self, lines: Sequence[ParsedLine]) -> list[bool]:
        """For each line, whether the expression selects it."""
        return matches(self.node, lines, self.facts)

    def excluded(self, table: Table, first: int = 0) -> dict[int, Dropped]:
        """The lines of a table that hold an example and are not selected, by line number; lines before number `first`
        are left out.
        """
        reader, excluded = LineReader(), dict[int, Dropped]()
        reason = Reason(None, f"does not match --where {self.text}", WHERE)
        lines = table.lines[table.lines >= first]
        for start in range(0, len(lines), BLOCK_LINES):
            block = lines[start : start + BLOCK_LINES].tolist()
            fits = self.selected([reader.line(table.line_ref(line)) for line in block])
            for line in (line for line, fit in zip(block, fits, strict=True) if not fit):
                example = table.id(int(table.lines.searchsorted(line)))
                excluded[line] = Dropped(table.place(line), example, reason)
        return excluded


MAX_CHARS: Final = 100


@dataclass(frozen=True, slots=True)
class SelectedLine(Output):
    """A line that the expression selects."""

    file: str
    line: int
    example: str | None
    """Id of the example; null for a line without one."""
    text: ClearText
    """The beginning of its question; of a line without an example, of the line. Secrets are masked."""


@dataclass(frozen=True, slots=True)
class QueryResult(Output):
    """What `curate query --json` prints."""

    expression: str
    read: int
    """Lines read."""
    selected: list[SelectedLine]
    not_understood: int
    """Lines without an example in a known format; only `file`, `line`, `text` and keys of the line are compared."""


def query(work: Workspace) -> QueryResult:
    """The lines of the data that the expression of the session selects. Raises as `condition_of` and `read_lines` do,
    and `ExpressionError` without an expression.
    """
    condition_tree(work.session.where)
    condition = condition_of(work)
    assert condition is not None, "an empty expression is refused"
    selected, read, understood = list[SelectedLine](), 0, 0
    for parsed, fits in selected_lines(work, condition):
        example = parsed.example if parsed.example is not None and parsed.example.understood else None
        read, understood = read + 1, understood + (example is not None)
        if fits:
            text = excerpt(masked(example.question if example else line_text(parsed)), MAX_CHARS)
            selected.append(SelectedLine(parsed.place.file, parsed.place.line, example.id if example else None, text))
    return QueryResult(condition.text, read, selected, read - understood)


def condition_of(work: Workspace) -> Condition | None:
    """The condition of `--where`; None without one. Raises `ExpressionError`, and `UsageError` for a quality signal
    that needs a model.
    """
    text = work.session.where
    if not text:
        return None
    node = condition_tree(text)
    check_signals(text, node, tuple(BY_NAME))
    signals = [name.removeprefix(SCORE) for name in sorted(fields_of(node)) if name.startswith(SCORE)]
    if modelled := next((name for name in signals if name not in TEXT_SIGNALS), None):
        raise UsageError(
            f"{SCORE}{modelled}: needs a model", "filter by it in `curate review --scores`, with `curate score -o`"
        )
    scores = {}
    if signals:
        exchanges = read_exchanges(work.files, cores()).exchanges
        columns, _ = score_exchanges(exchanges, Models(), cache=work.cache)
        ids = [exchange.id for exchange in exchanges]
        scores = {name: dict(zip(ids, columns[name].tolist(), strict=True)) for name in signals if name in columns}
    return Condition(text, node, ReviewFacts(DecisionLog(work.project.decisions), scores))


def selected_lines(work: Workspace, condition: Condition) -> Iterator[tuple[ParsedLine, bool]]:
    """The lines of the data that are not blank, each with whether it is selected. Raises as `read_lines` does."""
    lines = read_lines(work.files)
    while block := list(islice(lines, BLOCK_LINES)):
        yield from zip(block, condition.selected(block), strict=True)


def selected_copy(work: Workspace, copies: TempStore) -> Workspace:
    """The workspace with a file of the selected lines in place of its data; a note has their number. Raises as
    `condition_of` and `read_lines` do, and `InputError` if no line is selected.
    """
    condition = condition_of(work)
    if condition is None:
        return work
    path, selected, read = copies.path(0).with_suffix(".jsonl"), 0, 0
    with written(path), path.open("wb") as file:
        for parsed, fits in selected_lines(work, condition):
            read, selected = read + 1, selected + fits
            file.write(parsed.jsonl + b"\n" if fits else b"")
    tell_selected(work, selected, read)
    return replace(work, files=[path])


def tell_selected(work: Workspace, selected: int, read: int) -> None:
    """Show a note about the number of lines that are selected. Raises `InputError` if there is none."""
    text = f"{selected:,} of {plural(read, 'line')} match --where {visible(work.session.where)}"
    if read and not selected:
        raise InputError(text, "`curate query EXPR PATH` shows what an expression selects")
    work.session.note(text)
