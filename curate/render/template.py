"""Chat templates for people: their list, and what two of them make of the same examples."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.text import Text

from curate.commands.template import RenderedExample, TemplateDiffResult, TemplateEntry, TemplatePair
from curate.core.example import where
from curate.core.masking import masked
from curate.core.text import plural, visible
from curate.models.encoding import Rendered
from curate.render.console import more_lines

MAX_SHOWN: Final = 10
ROWS: Final = {
    "rendered": "examples rendered",
    "refused": "examples refused",
    "texts": "texts to train on",
    "dropped": "messages not rendered",
    "stripped": "answers without their reasoning",
    "trained": "answers in the loss",
    "reasoned": "answers with reasoning in the loss",
    "characters": "characters rendered",
    "trained_characters": "characters in the loss",
}


def list_text(entries: Sequence[TemplateEntry]) -> Iterator[str]:
    """The names of the templates, with their models and licenses."""
    wide = max(len(entry.name) for entry in entries)
    models = max(len(entry.model) for entry in entries)
    for entry in entries:
        copied = f", {entry.copied}" if entry.copied else ""
        yield f"{entry.name:<{wide}}  {entry.model:<{models}}  {entry.license} ({entry.source}{copied})"


def diff_text(found: TemplateDiffResult, limit: int | None, shown: int | None) -> Iterator[str | Text]:
    """The sums side by side, the examples that differ, and with `shown` the texts of the first ones of these."""
    names = [visible(side.name) for side in (found.before, found.now)]
    wide = [max(len(name), 12) for name in names]
    yield Text(f"{'':<36}{names[0]:>{wide[0]}}  {names[1]:>{wide[1]}}", style="bold")
    for key, label in ROWS.items():
        left, right = (f"{getattr(side, key):,}" for side in (found.before, found.now))
        yield f"{label:<36}{left:>{wide[0]}}  {right:>{wide[1]}}"
    for pair in found.differing[:limit]:
        yield f"{visible(where(pair.file, pair.line))}: {_difference(pair, names)}"
    yield from more_lines(len(found.differing), limit, " examples that differ")
    for pair in found.differing[: shown or 0]:
        for name, one in zip(names, (pair.before, pair.now), strict=True):
            yield Text(f"\n{visible(where(pair.file, pair.line))} by {name}", style="bold")
            yield from _texts(one)
    if shown:
        yield "\nlines that begin with + are in the loss"
    yield Text(f"{plural(len(found.differing), 'example')} of {found.read:,} treated differently", style="bold")


def _difference(pair: TemplatePair, names: Sequence[str]) -> str:
    told = []
    for name, one, other in zip(names, (pair.before, pair.now), (pair.now, pair.before), strict=True):
        if one.refused:
            told.append(f"{name} refuses it ({visible(one.refused)})")
            continue
        if other.refused:  # there is nothing to compare with
            continue
        parts = [
            _only("does not render message", one.dropped, other.dropped),
            _only("strips the reasoning of message", one.stripped, other.stripped),
            _only("has the reasoning in the loss of message", one.reasoned, other.reasoned),
            _only("trains message", one.trained, other.trained),
        ]
        if one.texts != other.texts:
            parts.append(f"makes {plural(one.texts, 'text')}")
        if any(parts):
            told.append(f"{name} {', '.join(filter(None, parts))}")
    return "; ".join(told)


def _only(what: str, ours: Sequence[int], theirs: Sequence[int]) -> str:
    numbers = [number for number in ours if number not in theirs]
    return f"{what} {', '.join(map(str, numbers))}" if numbers else ""


def _texts(one: RenderedExample) -> Iterator[str]:
    if one.refused:
        yield f"refused: {visible(one.refused)}"
    for text in one.rendered:
        for trained, piece in _pieces(text):
            yield from (f"{'+' if trained else ' '} {visible(line)}" for line in masked(piece).split("\n"))


def _pieces(text: Rendered) -> Iterator[tuple[bool, str]]:
    """The pieces of a text in turn, and whether they are in the loss."""
    at = 0
    for span in text.spans:
        yield False, text.text[at : span.start]
        yield True, text.text[span.start : span.end]
        at = span.end
    if at < len(text.text):
        yield False, text.text[at:]
