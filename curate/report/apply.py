"""The result of `curate apply`, for people and as JSON."""

from collections.abc import Iterator

from curate.core.text import plural, visible
from curate.pipeline.apply import ApplyResult
from curate.report.part import Part


class ApplyOutput(Part, title="ApplyResult"):
    """The JSON of `curate apply --json`."""

    read: int
    """Non-blank lines, or elements of a document."""
    kept: int
    """Lines written; kept + dropped = read."""
    edited: int
    """Lines written with their new text."""
    labelled: int
    """Lines written with labels or a rating in `metadata`."""
    replaced: int
    """Lines of these whose `metadata` had other labels or another rating."""
    dropped: int
    """Lines in the file of removed lines next to the output."""
    unmatched: int
    """Edits and drops about examples that are not in the files."""
    not_understood: int
    """Lines without an example in a known format, written as they are."""


def apply_text(result: ApplyResult, output: str, removed: str) -> Iterator[str]:
    """The lines of the summary, safe to print."""
    yield (
        f"{plural(result.read, 'line')} read: {result.kept:,} written to {visible(output)}, {result.edited:,} of them "
        f"edited; {result.dropped:,} dropped, written to {visible(removed)}"
    )
    if result.labelled:
        yield f"{plural(result.labelled, 'line')} with labels or a rating, in `metadata`"
    if result.replaced:
        yield f"{plural(result.replaced, 'line')} of these had other labels or another rating there, which are replaced"
    if result.unmatched:
        yield f"{plural(result.unmatched, 'decision')} about examples that are not in these files"
