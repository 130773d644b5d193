"""Restored lines, for people and programs."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from rich.text import Text

from curate.core.example import where
from curate.core.text import plural, visible
from curate.output.restore import RestoreResult
from curate.render.console import more_lines
from curate.render.split import moved_text

MAX_SHOWN: Final = 10


def restore_text(result: RestoreResult) -> Iterator[Text]:
    """The result as lines."""
    splits = {(line.file, line.line): line.split for line in result.manifest.restored} if result.manifest else {}
    for removal in result.restored[:MAX_SHOWN]:
        split = splits.get((removal.file, removal.line), "")
        yield Text.assemble(
            (visible(where(removal.file, removal.line)), "bold"),
            f" {removal.code or 'decision'}: {visible(removal.why)}",
            f" → {split}" if split else "",
        )
    yield from more_lines(len(result.restored), MAX_SHOWN, option="--json")
    yield from moved_text(result.moved)
    if result.output is not None:
        yield Text(
            f"{plural(len(result.restored), 'line')} written to {visible(result.output)}; the folder is unchanged",
            style="bold",
        )
        return
    for message in result.refused[:MAX_SHOWN]:
        yield Text(f"{message}: stays removed; write it to a file with -o FILE")
    yield from more_lines(len(result.refused), MAX_SHOWN, option="--json")
    counts = Counter(splits[removal.file, removal.line] for removal in result.restored)
    into = ", ".join(f"{count:,} into {name}" for name, count in sorted(counts.items()))
    yield Text(
        f"{plural(len(result.restored), 'line')} restored ({into}); {plural(result.left, 'line')} still in the "
        "file of removed lines",
        style="bold",
    )
