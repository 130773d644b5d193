"""A manifest for a person: sizes of the splits, and what was left out and why."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from curate.manifest import Manifest
from curate.text import plural, visible

if TYPE_CHECKING:
    from rich.text import Text


def manifest_text(manifest: Manifest, folder: Path, empty: Sequence[str]) -> "Iterator[Text]":
    """The lines of the report; `empty` names splits that should have examples and have none."""
    from rich.text import Text

    for name, part in manifest.splits.items():
        share = part.examples / manifest.kept if manifest.kept else 0.0
        yield Text(f"{name:<10} {part.examples:>9,}  {share:6.1%}  {visible(str(folder / part.file))}")
    for name in empty:
        yield Text(f"{name} is empty: too few examples, or one group holds most of them", style="yellow")
    for code, count in manifest.removed.reasons.items():
        yield Text(f"removed    {count:>9,}  {code}")
    removed = f"{manifest.removed.lines:,} removed"
    yield Text(f"{plural(manifest.read, 'line')} read = {manifest.kept:,} kept + {removed}; see {visible(str(folder / manifest.removed.file))}", style="bold")
