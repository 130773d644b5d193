"""Messages about events, one class per event, each with an immutable snapshot."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from textual.message import Message
from textual.worker import Worker

from curate.core.errors import CurateError
from curate.review import Kind, ReviewSession, View


@dataclass
class LinesFound(Message):
    """More lines of the files are indexed."""

    count: int
    complete: bool

    def can_replace(self, message: Message) -> bool:
        """Only the latest count matters."""
        return isinstance(message, LinesFound)


@dataclass
class Narrowed(Message):
    """A filter or sort order was applied to entries of a kind; `view.complete` tells whether it is finished."""

    view: View
    session: ReviewSession
    openings: Any = field(repr=False)
    """How the rows of the list begin."""
    worker: Worker[None] = field(repr=False)
    """The search; cancelled if a later one has replaced it."""


@dataclass
class FilesChanged(Message):
    """Files on disk have changed."""

    names: list[str]


@dataclass
class ResultComputed(Message):
    """A result for a screen was computed."""

    screen: str
    result: Any = field(repr=False)


@dataclass
class Failed(Message):
    """An action failed; the error contains the next step."""

    error: CurateError


@dataclass
class TerminalClosed(Message):
    """The terminal was closed."""


@dataclass
class ScreenChosen(Message):
    """The user chose another screen."""

    screen: str


@dataclass
class FilterChosen(Message):
    """Filter the entries of a kind; `go` also shows their screen."""

    kind: Kind
    text: str
    go: bool = False


@dataclass
class Exported(Message):
    """Lines were written to a file with a name, or to a temporary one for the browser."""

    count: int
    path: Path | None
    file: IO[bytes] | None = field(repr=False)


@dataclass
class DecisionReverted(Message):
    """A decision about an example was undone or redone: the cursor returns to its entry; `go`: whatever is filtered."""

    example: str
    about: str
    go: bool = False
