"""`curate export --merge`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from curate.core.errors import UsageError
from curate.core.text import visible
from train.cli.common import print_result, with_trainer
from train.results import Composition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType


def merge_runs(
    runs: Sequence[str],
    folder: Path,
    *,
    weights: str | None,
    data: Sequence[Path],
    limit: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Merge the adapters of runs into one in a folder, and print their losses, alone and merged."""
    if len(data) > len(runs):
        raise UsageError(f"--data: {len(data)} split folders for {len(runs)} runs", "give at most one for each run")
    shares = [1.0] * len(runs) if weights is None else [_number(text) for text in weights.split(",")]
    with with_trainer():
        from train.journal import JournalPrinter
        from train.merge_adapters import merge_adapters
        from train.trained import open_trained

    with JournalPrinter(quiet=quiet).showing() as printer:
        trained = [open_trained(run) for run in runs]
        made = merge_adapters(trained, shares, folder, printer, data=data, limit=limit)
    print_result(made, merge_text(made), as_json=as_json)


def merge_text(made: Composition) -> "Iterator[RenderableType]":
    """The losses of each adapter, alone and merged, for people."""
    from curate.render.console import table

    numbers = ("weight", "rank", "base", "alone", "together", "gain left")
    title = f"{visible(made.folder)}: rank {made.rank}; losses on each one's own held-out questions"
    rows = []
    for member in made.members:
        losses = (f"{loss:.4f}" for loss in (member.base_loss, member.alone_loss, member.composed_loss))
        left = "-" if member.kept is None else f"{member.kept:.0%}"
        rows.append((visible(member.run), f"{member.weight:g}", str(member.rank), *losses, left))
    yield table(title, "adapter", *numbers, numbers=numbers, rows=rows)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--weights {text.strip()}: is not a number", "for example  --weights 1,0.5") from None
