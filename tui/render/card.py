"""The parts of a card beside its conversation: a preference pair, a label, images, other keys, and the raw line."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from textual.content import Content

from curate.core.example import MEDIA_KEYS, Example, Message, Place
from curate.core.form_keys import LABEL_KEYS
from curate.core.text import excerpt, plural
from curate.read.forms.form import PreferencePair, UnwritableError
from curate.read.preference_conversion import label_of, pair_in
from curate.review import PlacedExample, ReviewSession
from curate.review.turn_parts import media_in
from tui.conversation import NOTE_STYLE, ConversationView, as_json, literal, shortened
from tui.render.compare import MAX_UNFOLDED_RUN, ComparisonRow, compare

LABELS: Final = {
    True: ("+ wanted answer", "bold $text-success"),
    False: ("- unwanted answer", "bold $text-error"),
}
MAX_VALUE_CHARS: Final = 80
"""Maximum number of characters of the value of a key while it is folded."""
MAX_KEYS: Final = 12
"""Maximum number of other keys while they are folded."""


def pair_of(example: Example | None) -> PreferencePair | None:
    """The pair of an example; None if it has none, or if it is not clear which message belongs to which side."""
    try:
        return pair_in(example) if example is not None else None
    except UnwritableError:
        return None


def label_sign(example: Example) -> Content | None:
    """The label of a labelled answer as a sign; None without one."""
    label = label_of(example)
    return None if label is None else Content.assemble(LABELS[label])


def strip(example: Example, read: ConversationView, pair: PreferencePair | None = None) -> Content | None:
    """Label, images and all keys of an example that are not drawn elsewhere; None if there are none."""
    keys = pair.rest if pair is not None else example.value
    parts = [label_sign(example)]
    hidden = {"messages", "tools"} | (set(LABEL_KEYS) if parts[0] is not None else set())
    others = {key: value for key, value in keys.items() if key not in hidden and value is not None}
    for key in MEDIA_KEYS:
        if others.get(key) and (media := media_in(others[key], read.folder)):
            del others[key]
            parts.append(read.media(media))
    parts.append(_keys_text(others, read))
    return Content("\n").join([part for part in parts if part is not None]) if any(parts) else None


def _keys_text(keys: Mapping[str, Any], read: ConversationView) -> Content | None:
    """Keys with their values: shortened and side by side while they are folded, else a line each."""
    if not keys:
        return None
    shown = [
        Content.assemble(literal(f"{excerpt(key, 40)}: ", style=NOTE_STYLE), _value_text(value, read))
        for key, value in list(keys.items())[: MAX_KEYS if read.folded else None]
    ]
    if len(shown) < len(keys):
        note = f"{plural(len(keys) - len(shown), 'more key')}; {read.key} shows them"
        shown.append(Content.styled(note, NOTE_STYLE))
    return Content(" · " if read.folded else "\n").join(shown)


def _value_text(value: Any, read: ConversationView) -> Content:
    """The value of a key, shortened to one line while keys are folded."""
    text = read.text(value if isinstance(value, str) else as_json(value))
    return literal(excerpt(text, MAX_VALUE_CHARS)) if read.folded else shortened(text)


def pair_rows(
    example: Example, pair: PreferencePair, read: ConversationView, finding: str = "", fold_key: str = ""
) -> Iterator[ComparisonRow]:
    """The prompt over the full width, then the chosen answer beside the rejected one.

    `finding`: the JSON pointer of a finding, whose message is marked; empty for none. `fold_key`: the key that unfolds
    a long prompt and identical messages; empty if they are unfolded.
    """
    prompt_turns = len(pair.prompt)
    pointers = [message.pointer for message in example.messages[:prompt_turns]]
    pointed = next((n for n, given in enumerate(pointers) if given and f"{finding}/".startswith(f"{given}/")), None)
    first = prompt_turns - 1 if fold_key and pointed is None and prompt_turns > MAX_UNFOLDED_RUN else 0
    if first:
        yield ComparisonRow(Content.styled(f"… {first:,} earlier messages; {fold_key} shows them", NOTE_STYLE))
    for index, message in enumerate(_messages(pair.prompt)[first:], first):
        yield ComparisonRow(read.turn(message, pointed=index == pointed))
    chosen, rejected = _messages(pair.chosen, prompt_turns), _messages(pair.rejected, prompt_turns)
    yield ComparisonRow(_answer_heading("A chosen", chosen), _answer_heading("B rejected", rejected))
    yield from compare(chosen, rejected, read, folded=fold_key)


def _messages(turns: Sequence[Mapping[str, Any]], first: int = 0) -> list[Message]:
    """The turns of a prompt or an answer as messages; `first`: the number of the first one."""
    return [Message(first + index, turn.get("role"), dict(turn), "", "") for index, turn in enumerate(turns)]


def _answer_heading(name: str, messages: Sequence[Message]) -> Content:
    """The line above an answer: its name and its length."""
    size = sum(len(message.text) for message in messages)
    return Content.assemble((f" {name} ", "bold reverse"), (f" {plural(size, 'character')}", NOTE_STYLE))


def raw_rows(session: ReviewSession, sides: Sequence[PlacedExample], read: ConversationView) -> list[ComparisonRow]:
    """The lines as they are in the files, escaped and with secrets masked."""
    texts = []
    for side in sides:
        parsed = session.line(side.place)
        text = parsed.line.data.decode("utf-8", "replace") if parsed is not None else "(no longer there)"
        head = literal(f"{side.place}, {plural(len(text), 'character')}", style=NOTE_STYLE)
        texts.append(Content.assemble(head, "\n", shortened(read.text(text))))
    return [ComparisonRow(texts[0], texts[1] if len(texts) > 1 else None)]


def data_folder(session: ReviewSession, places: Iterable[Place]) -> Path | None:
    """The folder of the files of some places; None if they are in several."""
    files = {place.file for place in places}
    folders = {index.path.parent for index in session.lines.indexes if index.name in files}
    return folders.pop() if len(folders) == 1 else None
