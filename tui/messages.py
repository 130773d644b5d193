"""What happened, as one message per fact; each carries a snapshot that nobody changes."""

from dataclasses import dataclass, field
from typing import Any

from textual.message import Message

from curate.core.errors import CurateError
from curate.review import Kind, View
from curate.review.events import ScanEvent


@dataclass
class LinesFound(Message):
    """More lines of the files are known."""

    count: int
    complete: bool

    def can_replace(self, message: Message) -> bool:
        """Only the newest count is worth showing."""
        return isinstance(message, LinesFound)


@dataclass
class FactTold(Message):
    """Checking or comparing found something."""

    fact: ScanEvent


@dataclass
class Narrowed(Message):
    """A filter or an order has been applied to the entries of one kind; `view.complete` tells how far."""

    view: View


@dataclass
class FilesChanged(Message):
    """Files on disk are others by now."""

    names: list[str]


@dataclass
class Measured(Message):
    """Something was computed for a screen."""

    screen: str
    result: Any = field(repr=False)


@dataclass
class Failed(Message):
    """Something could not be done; the error says what to do next."""

    error: CurateError


@dataclass
class TerminalGone(Message):
    """Nobody can see the screen any more, nor press a key."""


@dataclass
class ScreenChosen(Message):
    """A person wants to see another screen."""

    screen: str


@dataclass
class FilterChosen(Message):
    """The entries of a kind are to be filtered and ordered; `go` also shows their screen."""

    kind: Kind
    text: str
    order: str = ""
    go: bool = False


@dataclass
class DecisionReverted(Message):
    """A decision about an example was undone or redone: the cursor returns to its entry."""

    example: str
    about: str
