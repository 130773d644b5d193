"""Results as polars frames: one row per finding, removal, pair or split; empty frames have the same columns. Notebooks
show a result as a heading, facts and the first rows of tables, in their own colors, with all text escaped.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from curate.conflicts.conflict import Conflict
from curate.core.finding import Finding
from curate.core.removed import escape_surrogates, removal_of
from curate.core.text import excerpt
from curate.dedup.cluster_resolution import DuplicateRemoval
from curate.output.apply import Dropped
from curate.project.manifest import Manifest
from curate.render.html import safe

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""A file, a folder or a pattern; or several."""
FINDINGS: Final = {
    "file": pl.String, "line": pl.Int64, "code": pl.String, "severity": pl.String, "message": pl.String,
    "pointer": pl.String,
    "hint": pl.String, "fixable": pl.Boolean, "example": pl.String,
}  # fmt: skip
REMOVALS: Final = {
    "file": pl.String, "line": pl.Int64, "code": pl.String, "similarity": pl.Float64, "kept_file": pl.String,
    "kept_line": pl.Int64,
    "example": pl.String, "kept": pl.String,
}  # fmt: skip
CONFLICTS: Final = {
    "code": pl.String, "confidence": pl.Float64, "question": pl.String, "left": pl.String, "right": pl.String,
    "left_words": pl.String,
    "right_words": pl.String, "source": pl.String, "similarity": pl.Float64, "left_file": pl.String,
    "left_line": pl.Int64, "right_file": pl.String,
    "right_line": pl.Int64, "left_example": pl.String, "right_example": pl.String, "id": pl.String,
}  # fmt: skip
SPLITS: Final = {
    "split": pl.String,
    "examples": pl.Int64,
    "share": pl.Float64,
    "groups": pl.Int64,
    "characters": pl.Int64,
    "file": pl.String,
}
REMOVED: Final = {
    "file": pl.String, "line": pl.Int64, "code": pl.String, "why": pl.String, "decided_by": pl.String,
    "kept_file": pl.String, "kept_line": pl.Int64,
    "similarity": pl.Float64, "when": pl.Datetime(time_zone="UTC"), "text": pl.String, "example": pl.String,
}  # fmt: skip
MAX_SHOWN_ROWS: Final = 10
"""Rows of a table that are displayed."""
MAX_CELL_CHARS: Final = 120
"""Characters of a cell that are displayed."""


def names_of(paths: Paths) -> list[str]:
    """Paths as strings, as on the command line."""
    several = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    return [os.fspath(path) for path in several]


def to_frame(lines: Iterable[Sequence[Any]], columns: dict[str, Any]) -> pl.DataFrame:
    """Create a frame with these columns."""
    return pl.DataFrame([_storable_values(line) for line in lines], schema=columns, orient="row")


def _storable_values(values: Sequence[Any]) -> list[Any]:
    """The values of a column, in which halves of surrogate pairs are escaped: polars cannot store them."""
    return [escape_surrogates(value) if isinstance(value, str) and not value.isascii() else value for value in values]


def findings_frame(findings: Iterable[Finding]) -> pl.DataFrame:
    """One row per finding."""
    return to_frame(
        (
            [getattr(finding, name) if name != "severity" else finding.severity.value for name in FINDINGS]
            for finding in findings
        ),
        FINDINGS,
    )


def removals_frame(duplicates: Iterable[DuplicateRemoval | Dropped]) -> pl.DataFrame:
    """One row per removed line, with the kept one if there is one; or one row per pair."""
    return to_frame(map(_removal_row, duplicates), REMOVALS)


def _removal_row(removal: DuplicateRemoval | Dropped) -> list[Any]:
    """The row of a removed line, in the order of the columns; without a kept example for a dropped line."""
    place = [removal.place.file, removal.place.line, removal.code]
    if isinstance(removal, Dropped):
        return [*place, None, None, None, removal.example, None]
    return [*place, removal.similarity, removal.kept_place.file, removal.kept_place.line, removal.example, removal.kept]


def conflicts_frame(conflicts: Iterable[Conflict]) -> pl.DataFrame:
    """One row per conflict, highest confidence first; `left` and `right` are the answers, in the order of the data."""
    return to_frame(map(_conflict_row, conflicts), CONFLICTS)


def _conflict_row(conflict: Conflict) -> list[Any]:
    left, right, evidence = conflict.in_order()
    place, other_place = left.example.place, right.example.place
    words = (evidence[0].left, evidence[0].right, evidence[0].source) if evidence else ("", "", "")
    places = [
        place.file,
        place.line,
        other_place.file,
        other_place.line,
        left.example.id,
        right.example.id,
        conflict.id,
    ]
    texts = [left.request, left.answer, right.answer]
    return [conflict.code, conflict.confidence, *texts, *words, conflict.similarity, *places]


def splits_frame(manifest: Manifest) -> pl.DataFrame:
    """One row per split."""
    total = sum(part.examples for part in manifest.splits.values()) or 1
    return to_frame(
        (
            (name, part.examples, part.examples / total, part.groups, part.characters, part.file)
            for name, part in manifest.splits.items()
        ),
        SPLITS,
    )


def removed_frame(ledger: Path) -> pl.DataFrame:
    """One row per removed line; `text` is null if its bytes are not UTF-8 (`curate restore` has them)."""
    with ledger.open("rb") as file:
        removals = [removal_of(line) for line in file if line.strip()]
    kept = [(removal, removal.kept) for removal in removals]
    lines = (
        (r.file, r.line, r.code, r.why, r.decided_by, k and k.file, k and k.line, r.similarity, r.when, r.text, r.example) for r, k in kept  # noqa: E501
    )  # fmt: skip
    return to_frame(lines, REMOVED)


def notebook_html(title: str, facts: Mapping[str, object], frames: Mapping[str, pl.DataFrame]) -> str:
    """A fragment of HTML without scripts, global styles or external resources. `facts` and `frames` are shown with
    their keys as titles.
    """
    text = " · ".join(f"<b>{safe(_cell(value))}</b> {safe(name)}" for name, value in facts.items())
    parts = [f'<div class="curate"><p><b>{safe(title)}</b></p><p>{text}</p>']
    parts += [piece for name, frame in frames.items() if frame.height for piece in _html_table(name, frame)]
    return "".join(parts) + "</div>"


def _html_table(title: str, frame: pl.DataFrame) -> Iterator[str]:
    """The HTML of the first rows of a frame, and the number of the others."""
    yield f"<p>{safe(title)}</p><table><thead><tr>{''.join(f'<th>{safe(name)}</th>' for name in frame.columns)}</tr></thead><tbody>"  # noqa: E501
    for values in frame.head(MAX_SHOWN_ROWS).iter_rows():
        yield f"<tr>{''.join(f'<td>{safe(_cell(value))}</td>' for value in values)}</tr>"
    yield "</tbody></table>"
    if frame.height > MAX_SHOWN_ROWS:
        yield f"<p>… and {frame.height - MAX_SHOWN_ROWS:,} more</p>"


def _cell(value: Any) -> str:
    """A value in few characters; empty for None."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return excerpt(str(value), MAX_CELL_CHARS)
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
