"""Two conversations side by side: messages aligned, identical ones drawn once, differing words underlined."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby, zip_longest
from typing import Final, NamedTuple

from textual.content import Content

from curate.core.example import Message, canonical
from tui.conversation import MAX_CONVERSATION_CHARS, MAX_MESSAGE_CHARS, NOTE_STYLE, ConversationView, heading, literal
from tui.diff import CONFLICT_STYLE, DIFFERENCE_STYLE, Marks, word_marks
from tui.render.signs import MUTED

MAX_FOLDED_CHARS: Final = 400
"""Number of characters drawn of an identical message that is folded."""
MAX_UNFOLDED_RUN: Final = 3
"""Number of identical messages in a row of which all are drawn."""
MIN_OTHER_CHARS, MAX_MARKED_SHARE = 200, 0.7
"""Two texts of which more differs than this share, and which are as long, are shown without marks."""
SEPARATOR: Final = " │ "
NO_MESSAGE: Final = "(no message here)"


class ComparisonRow(NamedTuple):
    """What stands side by side; `right` None: once, over the full width."""

    left: Content
    right: Content | None = None
    differs: bool = False
    """Whether the whole row is a difference, not only the marked words."""


def compare(
    left: Sequence[Message],
    right: Sequence[Message],
    read: ConversationView,
    *,
    folded: str = "f",
    last: tuple[Marks, Marks] | None = None,
) -> Iterator[ComparisonRow]:
    """The rows of two conversations.

    `folded`: the key that unfolds identical messages, empty if they are. `last`: marks of the last messages, instead of
    the words that differ.
    """
    keys = [[canonical(message.value) for message in messages] for messages in (left, right)]
    room = MAX_CONVERSATION_CHARS
    for tag, a, b, c, d in SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_opcodes():
        if room <= 0:
            yield ComparisonRow(Content.styled("… more messages; $EDITOR opens all of them", NOTE_STYLE))
            return
        if tag == "equal":
            yield from _unchanged_rows(left[a:b], read, folded)
            room -= (MAX_FOLDED_CHARS if folded else MAX_MESSAGE_CHARS) * (b - a)
            continue
        for own, other in zip_longest(left[a:b], right[c:d]):
            ends = own is not None and other is not None and own is left[-1] and other is right[-1]
            yield _comparison_row(own, other, read, last if ends else None)
            room -= sum(min(len(message.text), MAX_MESSAGE_CHARS) for message in (own, other) if message)


def _comparison_row(
    own: Message | None, other: Message | None, read: ConversationView, marks: tuple[Marks, Marks] | None
) -> ComparisonRow:
    """Two messages side by side, or one beside a placeholder; without `marks` the words that differ are marked."""
    texts = [read.text(message.text) if message else "" for message in (own, other)]
    words = marks or word_marks(*texts)
    if not marks and all(map(_is_other_text, texts, words)):
        words = ((), ())
    sides = [
        read.turn(message, shown, folded=False) if message else Content.styled(NO_MESSAGE, NOTE_STYLE)
        for message, shown in zip((own, other), words, strict=True)
    ]
    return ComparisonRow(sides[0], sides[1], differs=own is None or other is None or not any(words))


def _is_other_text(text: str, marks: Marks) -> bool:
    """Whether nearly all of a text is marked, so that the marks tell nothing."""
    marked = sum(mark.end - mark.start for mark in marks)
    return len(text) >= MIN_OTHER_CHARS and marked > MAX_MARKED_SHARE * len(text)


def _unchanged_rows(messages: Sequence[Message], read: ConversationView, folded: str) -> Iterator[ComparisonRow]:
    """Rows of messages that both sides have, drawn once; a long run is folded if `folded` names a key."""
    if not folded:
        yield from (ComparisonRow(read.turn(message)) for message in messages)
        return
    shown = messages if len(messages) <= MAX_UNFOLDED_RUN else [messages[0], messages[-1]]
    for message in shown:
        text = read.text(message.text)
        same = Content.assemble(heading(message), ("  = same in both", NOTE_STYLE))
        more = Content.styled(f" … {len(text) - MAX_FOLDED_CHARS:,} more characters; {folded} shows them", NOTE_STYLE)
        plain = (
            len(text) <= MAX_FOLDED_CHARS
            and set(message.value) <= {"role", "content"}
            and isinstance(message.content, str)
        )
        body = literal(text) if plain else Content.assemble(literal(text[:MAX_FOLDED_CHARS].rstrip()), more)
        if (
            not plain and len(text) <= MAX_FOLDED_CHARS
        ):  # content that is no text, or calls: short enough, drawn as usual
            body = Content("\n").join(read.turn(message).split("\n")[1:])
        yield ComparisonRow(Content("\n").join([same, body]))
        if len(shown) < len(messages) and message is shown[0]:
            yield ComparisonRow(
                Content.styled(f"… {len(messages) - 2:,} more messages are the same; {folded} shows them", NOTE_STYLE)
            )


def two_columns(rows: Sequence[ComparisonRow], width: int) -> tuple[Content, list[int]]:
    """The rows in two columns that fill `width` cells, and the lines in which a difference begins."""
    each = max(1, (width - len(SEPARATOR)) // 2)
    between = Content.styled(SEPARATOR, MUTED)
    drawn: list[Content] = []
    differences: list[int] = []
    for row in rows:
        if row.right is None:
            drawn += [*row.left.wrap(width), Content("")]
            continue
        columns = [text.wrap(each) for text in (row.left, row.right)]
        lines = list(zip_longest(*columns, fillvalue=Content("")))
        differences += _run_starts([row.differs or any(map(_has_highlight, pair)) for pair in lines], len(drawn))
        drawn += [Content("").join([left.pad_right(max(0, each - left.cell_length)), between, right])
                  for left, right in lines]  # fmt: skip
        if row is not rows[0]:  # the names, which stand directly above
            drawn.append(Content.styled(" " * (each + 1) + "│", MUTED))
    return Content("\n").join(drawn[:-1] if len(rows) > 1 else drawn), differences


def stacked(rows: Sequence[ComparisonRow], width: int) -> tuple[Content, list[int]]:
    """The rows below each other, all of the left side first; and the lines in which a difference begins."""
    drawn: list[Content] = []
    differences: list[int] = []
    for full, group in groupby(rows, key=lambda row: row.right is None):
        sides = list(group)
        columns = [[row.left for row in sides]] + ([] if full else [[row.right or Content("") for row in sides]])
        for texts in columns:
            for row, text in zip(sides, texts, strict=True):
                lines = text.wrap(width)
                marked = [not full and (row.differs or _has_highlight(line)) for line in lines]
                differences += _run_starts(marked, len(drawn))
                drawn += [*lines, Content("")]
    return Content("\n").join(drawn[:-1]), differences


def _run_starts(marked: Sequence[bool], first: int) -> list[int]:
    """The lines in which a run of marked lines begins. `first`: the number of the first line."""
    return [first + index for index, is_marked in enumerate(marked) if is_marked and not (index and marked[index - 1])]


def _has_highlight(line: Content) -> bool:
    return any(span.style in (DIFFERENCE_STYLE, CONFLICT_STYLE) for span in line.spans)
