"""Duplicates for people and programs: what went, for what, and how similar the two are."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from curate.apply import Applied, Removal
from curate.detect.cluster import Duplicate
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


class DedupOutput(BaseModel):
    """What `curate dedup --json` prints."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    read: int
    """Lines read: kept + removed."""
    kept: int
    removed: list[Removal]
    apart: list[ApartPair]
    """Near-duplicates that differ in a number or a negation; they stay."""


def dedup_json(applied: Applied, apart: Sequence[Duplicate]) -> dict[str, Any]:
    """The result as plain values."""
    pairs = [
        ApartPair(left=a.example.id, right=a.kept.id, left_place=str(a.example.place), right_place=str(a.kept.place), similarity=round(a.similarity, 6))
        for a in apart
    ]
    read = len(applied.kept) + len(applied.removed)
    return DedupOutput(read=read, kept=len(applied.kept), removed=applied.removed, apart=pairs).model_dump(mode="json", exclude_none=True)


def dedup_text(applied: Applied, duplicates: Sequence[Duplicate], apart: Sequence[Duplicate], limit: int | None = SHOWN) -> "Iterator[Text]":
    """The result as lines: the least similar removals first, since these are the ones to doubt."""
    from rich.text import Text

    doubtful = sorted(duplicates, key=lambda d: (d.similarity, d.example.place.file, d.example.place.line))
    for duplicate in doubtful[:limit]:
        gone, kept = duplicate.example, duplicate.kept
        said = excerpt(" ".join(message.text for message in gone.messages if message.role != "system"), 70)
        yield Text.assemble(
            (visible(str(gone.place)), "bold"), f": {duplicate.code} {duplicate.similarity:.3f} like {visible(str(kept.place))}  ", (said, "dim")
        )
    if limit is not None and len(doubtful) > limit:
        yield Text(f"… and {len(doubtful) - limit:,} more, all in removed.jsonl (--all shows them)")
    if apart:
        yield Text(f"{plural(len(apart), 'pair')} of near-duplicates differ in a number or a negation and stay; `curate review` shows them")
    exact = sum(duplicate.code == "D001" for duplicate in duplicates)
    read = len(applied.kept) + len(applied.removed)
    counts = f"{exact:,} exact, {len(duplicates) - exact:,} near"
    yield Text(f"{plural(read, 'line')} read = {len(applied.kept):,} kept + {len(applied.removed):,} removed ({counts})", style="bold")
