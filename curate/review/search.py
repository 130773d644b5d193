"""Full-text search in examples: lines are searched as bytes first and parsed only if they may match."""

from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Final

from curate.core.lazy import np, pl
from curate.corpus.stats import BYTES_A_TOKEN
from curate.read.dataset import ParsedLine
from curate.read.index import LineIndex
from curate.review.query import FLAGS, Query
from curate.review.queue import Queue, Rows

BATCH: Final = 500
"""Entries per batch; other threads run in between."""
EVERY: Final = 0.2
"""Seconds between progress reports."""
NEAR: Final = 4
"""Maximum gap in lines for two lines to be read together."""
ESCAPES: Final = b"\\u00"
"""Escaped ASCII characters; such a line is parsed."""


def search(queue: Queue, rows: Rows, query: Query, lines: LineIndex) -> Iterator[tuple[Rows, float]]:
    """Yields the matching entries so far and the share that was searched; at the end, all of them."""
    found: list[int] = []
    told = monotonic()
    fits = _Fits(queue, query, lines)
    for start in range(0, len(rows), BATCH):
        numbers = rows[start : start + BATCH].tolist()
        if queue.kind == "example" and fits.bytes and not query.without:
            numbers = may_hold(lines, numbers, fits.bytes)
        numbers = [number for number in numbers if fits(number)]
        found.extend(fits.matching(numbers) if query.patterns or query.without_patterns else numbers)
        if monotonic() - told > EVERY:
            told = monotonic()
            yield np.array(found, np.int32), (start + BATCH) / len(rows)
    yield np.array(found, np.int32), 1.0


def may_hold(lines: LineIndex, numbers: Sequence[int], words: Sequence[bytes]) -> list[int]:
    """The lines, in order, whose bytes contain all words or possible escapes; neighbouring lines are read together."""
    parts: list[list[int]] = []
    for number in numbers:
        if not parts or number - parts[-1][-1] > NEAR or lines.where(number)[0] is not lines.where(parts[-1][0])[0]:
            parts.append([])
        parts[-1].append(number)
    return [number for part in parts for number in _may_hold(lines, part, words)]


def _may_hold(lines: LineIndex, numbers: Sequence[int], words: Sequence[bytes]) -> Iterator[int]:
    index, first = lines.where(numbers[0])
    offset = numbers[0] - first
    spans = [index.span(number - offset) for number in numbers]
    start = spans[0][0]
    text = index.read_range(start, spans[-1][1]).lower()
    alone = [word for word in (ESCAPES, *words) if text.find(word) >= 0]
    if ESCAPES not in alone and len(alone) < len(words):
        return
    for number, (begin, end) in zip(numbers, spans, strict=True):
        if (
            all(text.find(word, begin - start, end - start) >= 0 for word in words)
            or text.find(ESCAPES, begin - start, end - start) >= 0
        ):
            yield number


class _Fits:
    def __init__(self, queue: Queue, query: Query, lines: LineIndex) -> None:
        self.queue, self.query, self.lines = queue, query, lines
        plain = all(word.isascii() and word.isprintable() and not set(word) & set('"\\/') for word in query.words)
        self.bytes = [word.encode() for word in query.words] if plain else []

    def __call__(self, number: int) -> bool:
        """Whether an entry and its examples together contain all words and none of the excluded ones."""
        head = self.queue.head(number).casefold()
        words = [word for word in self.query.words if word not in head]
        if any(word in head for word in self.query.without):
            return False
        if not words and not self.query.without and not self.query.lines_read:
            return True
        at = self._lines(number)
        if self.bytes and not self.query.without and not self._may_hold(at, [word.encode() for word in words]):
            return False
        parsed = [self.lines.line(line) for line in at]
        if self.query.lines_read and not any(self._line_fits(one) for one in parsed):
            return False
        text = "\n".join(map(_text, parsed)).casefold()
        return all(word in text for word in words) and not any(word in text for word in self.query.without)

    def matching(self, numbers: Sequence[int]) -> list[int]:
        """The entries that match all regular expressions, in time linear in the length of their texts."""
        texts = pl.Series([self._searched_text(number) for number in numbers], dtype=pl.String)
        mask = pl.Series([True] * len(numbers), dtype=pl.Boolean)
        for pattern in self.query.patterns:
            mask &= texts.str.contains(FLAGS + pattern)
        for pattern in self.query.without_patterns:
            mask &= ~texts.str.contains(FLAGS + pattern)
        return [number for number, fits in zip(numbers, mask.to_list(), strict=True) if fits]

    def _searched_text(self, number: int) -> str:
        texts = [self.queue.head(number), *(_text(self.lines.line(line)) for line in self._lines(number))]
        return "\n".join(texts).encode("utf-8", "replace").decode()  # lone surrogates are no text for polars

    def _lines(self, number: int) -> list[int]:
        if self.queue.kind == "example":
            return [number]
        return [line for place in self.queue.places(number) if (line := self.lines.find(place)) is not None]

    def _line_fits(self, parsed: ParsedLine) -> bool:
        """Whether a line passes the terms about roles, length and fields."""
        query = self.query
        messages = parsed.example.messages if parsed.example else ()
        if query.roles and not any((message.role or "").casefold() in query.roles for message in messages):
            return False
        if query.tokens:
            size = -(-sum(len(message.text.encode("utf-8", "replace")) for message in messages) // BYTES_A_TOKEN)
            if not messages or not any(low <= size <= high for low, high in query.tokens):
                return False
        line = parsed.decoded.value
        return all(isinstance(line, dict) and test.matches(line) for test in query.fields)

    def _may_hold(self, lines: Sequence[int], words: Sequence[bytes]) -> bool:
        left = list(words)
        for line in lines:
            index, at = self.lines.where(line)
            data = index.data(at).lower()
            if ESCAPES in data:
                return True
            left = [word for word in left if word not in data]
            if not left:
                return True
        return False


def _text(parsed: ParsedLine) -> str:
    """The text of a line; if it is not a conversation, all of it."""
    messages = parsed.example.messages if parsed.example else ()
    return "\n".join(message.text for message in messages) if messages else parsed.line.data.decode("utf-8", "replace")
