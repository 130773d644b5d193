"""What models answered: answers and losses, and the file that keeps them, so that nothing is computed twice."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from curate.storage.store import ResultJournal

Asked = TypeVar("Asked")


class ModelAnswer(NamedTuple):
    """What a model answered."""

    text: str
    raw: str
    """With its control tokens: some templates mark tool calls by them."""
    ended: bool
    """Whether the answer ended before the limit."""


class Loss(NamedTuple):
    """The loss of a model on an answer of the data."""

    total: float
    """Sum of the cross-entropy over its tokens, in nats."""
    tokens: int


class ResponseCache:
    """Answers and losses by key, kept in a file (`curate.storage.store.ResultJournal`)."""

    def __init__(self, path: Path) -> None:
        """Read the entries of the file `path`. Raises `InputError`."""
        self._journal = ResultJournal(path)
        self._values = self._journal.read(lambda value: value)

    def get(self, key: str) -> Any:
        """The value of a key, or None."""
        return self._values.get(key)

    def add(self, values: dict[str, Any]) -> None:
        """Keep some values. Raises `OutputError`."""
        self._values.update(values)
        self._journal.add(values)

    def complete(
        self,
        questions: Sequence[tuple[str, Asked]],
        compute: Callable[[dict[str, Asked]], Iterable[dict[str, Any]]],
        done: Callable[[int], None],
    ) -> list[Any]:
        """The value of each question, in their order.

        `questions`: each key with its question. `compute` gets the missing questions by key; the values that it yields,
        by key, are written to the file at once. `done` is called with the number of values since its last call.
        """
        missing = {key: question for key, question in questions if self.get(key) is None}
        done(len(questions) - len(missing))
        for values in compute(missing) if missing else ():
            self.add(values)
            done(len(values))
        return [self.get(key) for key, _ in questions]
