"""Overlap between a benchmark and the data, for people and programs."""

from collections.abc import Iterator

from rich.text import Text

from curate.commands.decontaminate import DecontaminateResult, IndexResult
from curate.core.text import plural, visible
from curate.render.console import more_lines
from curate.render.verify import search_verdict, unsearched_text
from curate.verify.decontamination import DecontaminationProof

MAX_SHOWN = 20


def decontaminate_text(result: DecontaminateResult, limit: int | None) -> Iterator[Text]:
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


def index_text(result: IndexResult) -> Iterator[Text]:
    """What was indexed."""
    short = f"; {result.not_looked_for:,} without enough text to search for" if result.not_looked_for else ""
    rephrased = "also finds rephrased items" if result.embeddings else "finds equal and similar text only"
    yield Text(f"{visible(result.name)}: {plural(result.items, 'item')} indexed{short}; {rephrased}")
    yield Text(visible(result.index))


def decontamination_text(proof: DecontaminationProof, limit: int | None) -> Iterator[str | Text]:
    """The lines of a proof, safe to print; `limit`: how many lines are shown, None for all."""
    shown = len(proof.left) if limit is None else limit
    for left in proof.left[:shown]:
        item = f"{visible(left.benchmark)}:{left.benchmark_line}"
        yield f"{visible(left.file)}:{left.line}: holds {left.words} consecutive words of {item}"
    yield from more_lines(len(proof.left), shown)
    yield from unsearched_text(proof.unparsable[:shown])
    verdict = search_verdict(len(proof.left) + len(proof.unparsable))
    unchecked = f" ({proof.not_checked:,} without enough text)" if proof.not_checked else ""
    yield f"{plural(proof.items, 'item')}{unchecked} searched for in {plural(proof.lines, 'line')}: {verdict}"
    yield "not checked: similar texts without a common run of words, and rephrased items"
