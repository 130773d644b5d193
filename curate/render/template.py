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
    width = max(len(entry.name) for entry in entries)
    models = max(len(entry.model) for entry in entries)
    for entry in entries:
        copied = f", {entry.copied}" if entry.copied else ""
        yield f"{entry.name:<{width}}  {entry.model:<{models}}  {entry.license} ({entry.source}{copied})"


def diff_text(result: TemplateDiffResult, limit: int | None, shown: int | None) -> Iterator[str | Text]:
    """The sums side by side, the examples that differ, and with `shown` the texts of the first ones of these."""
    names = [visible(side.name) for side in (result.before, result.now)]
    widths = [max(len(name), 12) for name in names]
    yield Text(f"{'':<36}{names[0]:>{widths[0]}}  {names[1]:>{widths[1]}}", style="bold")
    for key, label in ROWS.items():
        left, right = (f"{getattr(side, key):,}" for side in (result.before, result.now))
        yield f"{label:<36}{left:>{widths[0]}}  {right:>{widths[1]}}"
    for pair in result.differing[:limit]:
        yield f"{visible(where(pair.file, pair.line))}: {_difference(pair, names)}"
    yield from more_lines(len(result.differing), limit, " examples that differ")
    for pair in result.differing[: shown or 0]:
        for name, rendered in zip(names, (pair.before, pair.now), strict=True):
            yield Text(f"\n{visible(where(pair.file, pair.line))} by {name}", style="bold")
            yield from _texts(rendered)
    if shown:
        yield "\nlines that begin with + are in the loss"
    yield Text(f"{plural(len(result.differing), 'example')} of {result.read:,} treated differently", style="bold")


def _difference(pair: TemplatePair, names: Sequence[str]) -> str:
    """What each template does to an example that the other does not, in words; `names`: those of the templates."""
    differences = []
    for name, rendered, opposite in zip(names, (pair.before, pair.now), (pair.now, pair.before), strict=True):
        if rendered.refused:
            differences.append(f"{name} refuses it ({visible(rendered.refused)})")
            continue
        if opposite.refused:  # there is nothing to compare with
            continue
        parts = [
            _only("does not render message", rendered.dropped, opposite.dropped),
            _only("strips the reasoning of message", rendered.stripped, opposite.stripped),
            _only("has the reasoning in the loss of message", rendered.reasoned, opposite.reasoned),
            _only("trains message", rendered.trained, opposite.trained),
        ]
        if rendered.texts != opposite.texts:
            parts.append(f"makes {plural(rendered.texts, 'text')}")
        if any(parts):
            differences.append(f"{name} {', '.join(filter(None, parts))}")
    return "; ".join(differences)


def _only(description: str, positions: Sequence[int], other_positions: Sequence[int]) -> str:
    """A phrase about the messages in `positions` alone; empty if there are none."""
    numbers = [number for number in positions if number not in other_positions]
    return f"{description} {', '.join(map(str, numbers))}" if numbers else ""


def _texts(example: RenderedExample) -> Iterator[str]:
    """The rendered texts, a line each; lines in the loss begin with `+`."""
    if example.refused:
        yield f"refused: {visible(example.refused)}"
    for text in example.rendered:
        for trained, piece in _pieces(text):
            yield from (f"{'+' if trained else ' '} {visible(line)}" for line in masked(piece).split("\n"))


def _pieces(text: Rendered) -> Iterator[tuple[bool, str]]:
    """The pieces of a text in turn, and whether they are in the loss."""
    start = 0
    for span in text.spans:
        yield False, text.text[start : span.start]
        yield True, text.text[span.start : span.end]
        start = span.end
    if start < len(text.text):
        yield False, text.text[start:]
