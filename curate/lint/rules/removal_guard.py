"""Family D, size of a removal: run by `curate dedup` after its decisions and before it writes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from curate.core.example import Place
from curate.core.finding import Finding, Severity
from curate.core.text import plural
from curate.lint.rules.rule import rule


@dataclass(frozen=True, slots=True)
class Removals:
    """The size of a removal, and the limits without confirmation."""

    lines: Mapping[str, int]
    """Number of lines by file."""
    gone: Mapping[str, int]
    """Number of lines to remove, by file."""
    clusters: Mapping[Place, int]
    """Number of lines to remove, by the place of the example that is kept instead."""
    share: float
    """Share of a file above which a removal is heavy, 0 to 1."""
    cluster: float
    """Share of all lines above which one cluster is heavy, 0 to 1."""
    least: int
    """Number of lines up to which no removal is heavy."""


@rule(
    "D008",
    "heavy-removal",
    Severity.ERROR,
    scope="removal",
    by="`curate dedup`",
    hint="Inspect some of them with `curate dedup --explain`. Then pass --yes, or raise --threshold.",
)
def heavy_removal(removals: Removals) -> Iterator[Finding]:
    """Deduplication would remove much of a file, or replace many examples with one.

    So many copies are rare. The usual cause is text that all lines share, or a threshold that is too low. `curate
    dedup` asks above 30% of a file, and where one example and its duplicates exceed 5% of all lines, but not for 100
    lines or fewer. Set the limits with `stop_share`, `stop_cluster` and `stop_least` under `[dedup]`. Nothing has been
    written yet.
    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
    """
    for file, lines in removals.lines.items():
        gone = removals.gone.get(file, 0)
        if gone > removals.least and gone > removals.share * lines:
            yield heavy_removal.finding(
                Place(file, 0),
                f"{gone:,} of {plural(lines, 'line')} would be removed, {gone / lines:.0%}; more than "
                f"{removals.share:.0%} requires confirmation",
            )
    total = sum(removals.lines.values())
    large = [
        (kept, gone)
        for kept, gone in removals.clusters.items()
        if gone > removals.least and gone + 1 > removals.cluster * total
    ]
    for kept, gone in sorted(large, key=lambda item: (-item[1], item[0])):
        said = (
            f"{plural(gone, 'line')} would be removed as duplicates of this one, {(gone + 1) / total:.0%} of all; "
            f"more than {removals.cluster:.0%} requires confirmation"
        )
        yield heavy_removal.finding(kept, said)


def heavy(removals: Removals) -> list[Finding]:
    """The findings about a removal: files first, then clusters by size."""
    return list(heavy_removal.function(removals))
