"""The result of `curate apply` for people."""

from collections.abc import Iterator

from curate.core.text import plural, visible
from curate.pipeline.apply import ApplyResult


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
