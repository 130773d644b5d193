"""What models answered: answers and losses, and the file that keeps them, so that nothing is computed twice."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from curate.core.files import append_lines
from curate.core.runs import new_events
from curate.core.signature import is_signed, signature_of

Asked = TypeVar("Asked")


class Answer(NamedTuple):
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


def _is_ours(line: dict[str, Any]) -> bool:
    try:
        return is_signed(line["signature"], line["key"], _text(line["value"]))
    except (KeyError, TypeError, ValueError):
        return False


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


class ResponseCache:
    """A file of JSON Lines: a key, the answer or loss that belongs to it, and a signature: others are asked again."""

    def __init__(self, path: Path) -> None:
        """What `path` holds; lines that a crash has torn or that this user did not sign are left out."""
        self.path = path
        self._values = {line["key"]: line["value"] for line in new_events(path, 0)[1] if _is_ours(line)}

    def get(self, key: str) -> Any:
        """The value of a key, or None."""
        return self._values.get(key)

    def add(self, values: dict[str, Any]) -> None:
        """Keep some values. Raises `OutputError`."""
        self._values.update(values)
        lines = (
            _text({"key": key, "value": value, "signature": signature_of(key, _text(value))})
            for key, value in values.items()
        )
        append_lines(self.path, (line.encode("utf-8", "surrogatepass") for line in lines))

    def complete(
        self,
        asked: Sequence[tuple[str, Asked]],
        compute: Callable[[dict[str, Asked]], Iterable[dict[str, Any]]],
        done: Callable[[int], None],
    ) -> list[Any]:
        """The value of each key. `compute` gets those that are missing; what it yields is kept as it comes.

        `done` is called with numbers of keys.
        """
        missing = {key: one for key, one in asked if self.get(key) is None}
        done(len(asked) - len(missing))
        for values in compute(missing) if missing else ():
            self.add(values)
            done(len(values))
        return [self.get(key) for key, _ in asked]
