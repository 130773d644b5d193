"""What happened, as one message per fact; each carries a snapshot that nobody changes."""

from dataclasses import dataclass

from textual.message import Message

from curate.errors import CurateError
from curate.review import Entry, Kind, ReviewSession


@dataclass
class LoadProgressed(Message):
    """Loading has come to another stage."""

    doing: str

    def can_replace(self, message: Message) -> bool:
        """Only the newest stage is worth showing."""
        return isinstance(message, LoadProgressed)


@dataclass
class ReviewOpened(Message):
    """Everything to review is there."""

    session: ReviewSession


@dataclass
class Filtered(Message):
    """A filter has been applied to the entries of one kind."""

    kind: Kind
    text: str
    entries: tuple[Entry, ...]


@dataclass
class Failed(Message):
    """Something could not be done; the error says what to do next."""

    error: CurateError
