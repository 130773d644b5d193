"""Duplicates for people and programs: what went, for what, and how similar the two are."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from curate.dedup import Plan
from curate.detect.loss import Loss
from curate.text import excerpt, plural, visible

if TYPE_CHECKING:
    from rich.text import Text

SHOWN = 20


class ApartPair(BaseModel):
    """Two near-duplicates that differ in a fact; both are kept."""

    left: str
    right: str
    left_place: str
    right_place: str
    similarity: float


class RemovedLine(BaseModel):
    """A line that went; its text stands in `removed.jsonl`."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    example: str
    """Id of the example."""
    place: str
    """FILE:LINE."""
    code: str
    """D001: the same content; D003: nearly the same."""
    kept: str
    """Id of the example that stayed in its place."""
    kept_place: str
    similarity: float
    """True Jaccard similarity to the one that stayed."""


class DedupOutput(BaseModel):
    """What `curate dedup --json` prints."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    read: int
    """Lines read: kept + removed."""
    kept: int
    removed: list[RemovedLine]
    apart: list[ApartPair]
    """Near-duplicates that differ in a number or a negation; they stay."""


def dedup_json(plan: Plan) -> dict[str, Any]:
    """The result as plain values."""
    pairs = [
        ApartPair(left=a.example, right=a.kept, left_place=str(a.place), right_place=str(a.kept_place), similarity=round(a.similarity, 6)) for a in plan.apart
    ]
    gone = [
        RemovedLine(
            example=lost.example, place=str(lost.place), code=lost.code, kept=lost.kept, kept_place=str(lost.kept_place), similarity=round(lost.similarity, 6)
        )
        for lost in plan.losses
    ]
    return DedupOutput(read=plan.read, kept=plan.read - len(gone), removed=gone, apart=pairs).model_dump(mode="json")


def dedup_text(plan: Plan, limit: int | None = SHOWN) -> "Iterator[Text]":
    """The result as lines: the least similar removals first, since these are the ones to doubt."""
    from rich.text import Text

    doubtful = sorted(plan.losses, key=lambda lost: (lost.similarity, lost.place))
    shown = doubtful[:limit]
    examples = plan.examples({lost.place for lost in shown})
    for lost in shown:
        yield _line(lost, " ".join(message.text for message in examples[lost.place].messages if message.role != "system"))
    if limit is not None and len(doubtful) > limit:
        yield Text(f"… and {len(doubtful) - limit:,} more, all in removed.jsonl (--all shows them)")
    if plan.apart:
        yield Text(f"{plural(len(plan.apart), 'pair')} of near-duplicates differ in a number or a negation and stay; `curate review` shows them")
    exact = sum(lost.code == "D001" for lost in plan.losses)
    counts = f"{exact:,} exact, {len(plan.losses) - exact:,} near"
    kept = plan.read - len(plan.losses)
    yield Text(f"{plural(plan.read, 'line')} read = {kept:,} kept + {len(plan.losses):,} removed ({counts})", style="bold")


def _line(lost: Loss, said: str) -> "Text":
    from rich.text import Text

    return Text.assemble(
        (visible(str(lost.place)), "bold"), f": {lost.code} {lost.similarity:.3f} like {visible(str(lost.kept_place))}  ", (excerpt(said, 70), "dim")
    )
