"""Overlap between a benchmark and the data, for people and programs."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from curate.core.finding import Finding
from curate.core.json_output import Part, Rounded, plain
from curate.core.removed import Removal
from curate.core.text import plural, visible
from curate.pipeline.decontaminate import Benchmark, DecontaminateResult
from curate.report.console import more_lines

SHOWN = 20


class LeakOutput(Part):
    """An example that contains an item of a benchmark."""

    finding: Finding
    benchmark: str
    line: int
    """Line in the benchmark."""
    field: str
    """Field of the item."""
    kind: str
    """`run`: consecutive words; `whole`: a turn equals the item; `near`: a turn is similar to it."""
    words: str
    """The longest common run of words, without case and punctuation."""
    share: Rounded
    """The share of the item's words in common runs; for `near`, the Jaccard similarity."""
    others: int
    """Other items in the same example."""


class DecontaminateOutput(Part, title="DecontaminateResult"):
    """What `curate decontaminate --json` prints."""

    read: int
    """Lines read: kept + removed."""
    kept: int
    not_understood: int
    """Lines without an example in a known format; they are kept."""
    written: bool
    """Whether kept and removed lines were written."""
    benchmarks: list[Benchmark]
    found: list[LeakOutput]
    removed: list[Removal]
    """Without their text, which is in the file of removed lines."""


def decontaminate_json(result: DecontaminateResult, *, written: bool) -> dict[str, Any]:
    """The result as plain values."""
    found = [
        leak._asdict() | {"finding": finding, "benchmark": leak.benchmark.file, "line": leak.benchmark.line}
        for leak, finding in zip(result.leaks, result.findings, strict=True)
    ]
    removed = [removal.without_line for removal in result.removed]
    return plain(
        DecontaminateOutput,
        result,
        kept=len(result.kept),
        written=written,
        found=found,
        removed=removed,
        exclude_none=True,
    )


def decontaminate_text(
    result: DecontaminateResult, limit: int | None = SHOWN, *, written: bool = True
) -> Iterator[Text]:
    """The result as lines, lowest overlap first, since these are the least certain."""
    order = sorted(range(len(result.leaks)), key=lambda nth: (result.leaks[nth].share, result.leaks[nth].place))
    for nth in order[:limit]:
        finding = result.findings[nth]
        yield Text.assemble((visible(finding.where), "bold"), f": {finding.code} ", visible(finding.message))
    yield from more_lines(len(order), limit)
    for of in result.benchmarks:
        short = f"; {of.not_looked_for:,} without enough text to search for" if of.not_looked_for else ""
        yield Text(f"{visible(of.file)}: {len(of.found):,} of {plural(of.items, 'item')} found{short}")
    yield Text(
        f"{plural(result.read, 'line')} read = {len(result.kept):,} kept + {len(result.removed):,} removed"
        f"{'' if written else '; nothing written'}",
        style="bold",
    )
