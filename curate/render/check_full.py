"""A check's findings with their text: escaped, with a caret under the place, and without secrets."""

from collections.abc import Iterator
from typing import Final

from curate.core.text import visible
from curate.lint.runner import CheckResult
from curate.render.check_source import AFTER_CHARS, BEFORE_CHARS, SourceRange, source_ranges
from curate.render.check_text import MAX_SHOWN, finding_line, first_ones, report_end
from curate.render.console import COLOURS, Styled

TEXT_CHARS, TAIL_CHARS = 46, 15
"""Characters shown of the reported text, of which the last ones if it is longer; made for 80 columns."""
HIDDEN_NOTE: Final = "(not shown: the line contains a secret or is too long)"


def check_full(report: CheckResult, limit: int | None = MAX_SHOWN) -> Iterator[Styled]:
    """The lines of the report, each finding with the text around its place."""
    shown = first_ones(report, limit)
    for finding, span in zip(shown, source_ranges(shown, report.paths), strict=True):
        yield finding_line(finding, report)
        if span is not None:
            yield from _excerpt(span, COLOURS[finding.severity])
        yield Styled()
    yield from report_end(report, limit)


def _excerpt(span: SourceRange, colour: str) -> Iterator[Styled]:
    """The line of a finding around its range, and a line that underlines the range; a note if the line has a secret."""
    number = f"{span.line:>6} | "
    margin = " " * (len(number) - 2) + "| "
    if span.secret:
        yield Styled((number, "dim"), HIDDEN_NOTE, cropped=True)
        return
    before, inside, after = shown_parts(span)
    yield Styled((number, "dim"), before, (inside, colour), after, cropped=True)
    yield Styled((margin, "dim"), " " * _width(before), ("^" * max(1, _width(inside)), colour), cropped=True)


def _width(text: str) -> int:
    """The number of terminal columns of a text."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def shown_parts(span: SourceRange, *, keep_newlines: bool = False) -> tuple[str, str, str]:
    """The text before, in and after a place, escaped, and cut between words; on one line, unless `keep_newlines`."""

    def shown(text: str) -> str:
        return visible(text, keep_newlines=keep_newlines)

    before, after = span.before, span.after
    if len(before) > BEFORE_CHARS:
        word = before[-BEFORE_CHARS - 1 :].partition(" ")[2]
        before = "…" + (word if len(word) > BEFORE_CHARS // 2 else before[-BEFORE_CHARS:])
    if len(after) > AFTER_CHARS:
        word = after[: AFTER_CHARS + 1].rpartition(" ")[0]
        after = (word if len(word) > AFTER_CHARS // 2 else after[:AFTER_CHARS]) + "…"
    inside = shown(span.text)
    if span.tail or len(span.text) > TEXT_CHARS:
        inside = f"{shown(span.text[: TEXT_CHARS - TAIL_CHARS - 1])}…{shown((span.tail or span.text)[-TAIL_CHARS:])}"
    return shown(before), inside, shown(after)
