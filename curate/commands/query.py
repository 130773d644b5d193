"""The lines of a data set that an expression selects."""

from dataclasses import dataclass
from typing import Final

from curate.commands.condition import condition_of, selected_lines
from curate.commands.session import Workspace
from curate.core.expression import condition_tree
from curate.core.json_output import ClearText, Output
from curate.core.masking import masked
from curate.core.text import excerpt
from curate.read.condition import line_text

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
