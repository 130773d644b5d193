"""What a benchmark and the data have in common, for people and programs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from curate.apply import Removal
from curate.decontaminate import Decontamination
from curate.finding import Finding
from curate.text import plural, visible

if TYPE_CHECKING:
    from rich.text import Text

SHOWN = 20


class BenchmarkOutput(BaseModel):
    """A benchmark, and how much of it was found."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    file: str
    items: int
    not_looked_for: int
    """Items that are too short to be looked for."""
    found: list[int]
    """Lines of the items that were found. Rephrased ones are never found: no comparison of words does."""


class LeakOutput(BaseModel):
    """An example that holds an item of a benchmark."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    finding: Finding
    benchmark: str
    line: int
    """Of the benchmark."""
    field: str
    """Of the item."""
    kind: str
    """`run`: words in a row; `whole`: a turn that is the item, word for word; `near`: a turn like it."""
    words: str
    """The longest run of words that both have, without case and punctuation."""
    share: float
    """Of the words of the item's text, the share that stands in runs both have; for `near`, the Jaccard similarity of the two."""
    others: int
    """Other items in the same example."""


class DecontaminateOutput(BaseModel):
    """What `curate decontaminate --json` prints."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    read: int
    """Lines read: kept + removed."""
    kept: int
    not_understood: int
    """Lines that hold no example that curate understands; they stay as they are."""
    written: bool
    """Whether what stays and what goes was written."""
    benchmarks: list[BenchmarkOutput]
    found: list[LeakOutput]
    removed: list[Removal]
    """Without their text, which stands in the file of what was removed."""


def decontaminate_json(result: Decontamination, *, written: bool) -> dict[str, Any]:
    """The result as plain values."""
    return DecontaminateOutput(
        read=len(result.kept) + len(result.removed),
        kept=len(result.kept),
        not_understood=result.not_understood,
        written=written,
        benchmarks=[BenchmarkOutput(file=of.file, items=of.items, not_looked_for=of.unsaid, found=list(of.found)) for of in result.benchmarks],
        found=[
            LeakOutput(
                finding=finding,
                benchmark=leak.benchmark.file,
                line=leak.benchmark.line,
                field=leak.field,
                kind=leak.kind,
                words=leak.words,
                share=round(leak.share, 6),
                others=leak.others,
            )
            for leak, finding in zip(result.leaks, result.findings, strict=True)
        ],
        removed=[removal.model_copy(update={"text": None, "base64": None}) for removal in result.removed],
    ).model_dump(mode="json", exclude_none=True)


def decontaminate_text(result: Decontamination, limit: int | None = SHOWN) -> "Iterator[Text]":
    """The result as lines: what shares least first, since this is the one to doubt."""
    from rich.text import Text

    order = sorted(range(len(result.leaks)), key=lambda at: (result.leaks[at].share, result.leaks[at].place))
    for at in order[:limit]:
        finding = result.findings[at]
        yield Text.assemble((visible(f"{finding.file}:{finding.line}"), "bold"), f": {finding.code} ", visible(finding.message))
    if limit is not None and len(order) > limit:
        yield Text(f"… and {len(order) - limit:,} more (--all shows them)")
    for of in result.benchmarks:
        short = f"; {of.unsaid:,} too short to be looked for" if of.unsaid else ""
        yield Text(f"{visible(of.file)}: {len(of.found):,} of {plural(of.items, 'item')} found{short}")
    read = len(result.kept) + len(result.removed)
    yield Text(f"{plural(read, 'line')} read = {len(result.kept):,} kept + {len(result.removed):,} removed", style="bold")
