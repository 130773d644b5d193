"""Overlap between a benchmark and the data, for people and programs."""

from collections.abc import Iterator

from rich.text import Text

from curate.commands.decontaminate import DecontaminateResult
from curate.core.text import plural, visible
from curate.render.console import more_lines

MAX_SHOWN = 20


def decontaminate_text(result: DecontaminateResult, limit: int | None = MAX_SHOWN) -> Iterator[Text]:
    """The result as lines, lowest overlap first, since these are the least certain."""
    for item in sorted(result.found, key=lambda item: (item.share, item.finding.file, item.finding.line))[:limit]:
        finding = item.finding
        yield Text.assemble((visible(finding.where), "bold"), f": {finding.code} ", visible(finding.message))
    yield from more_lines(len(result.found), limit)
    for benchmark in result.benchmarks:
        too_short = (
            f"; {benchmark.not_looked_for:,} without enough text to search for" if benchmark.not_looked_for else ""
        )
        yield Text(
            f"{visible(benchmark.file)}: {len(benchmark.found):,} of {plural(benchmark.items, 'item')} found{too_short}"
        )
    yield Text(
        f"{plural(result.read, 'line')} read = {result.kept:,} kept + {len(result.removed):,} removed"
        f"{'' if result.written else '; nothing written'}",
        style="bold",
    )
