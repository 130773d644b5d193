"""`curate merge`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from curate.core.errors import UsageError
from curate.core.text import visible
from train.cli.common import AsJson, OutputFolder, Quiet, print_result, with_trainer
from train.results import Composition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

RUNS: Final[Any] = typer.Argument(help="Finished runs on one base, by folder or name.", metavar="RUN")
DATA: Final[Any] = typer.Option(
    "--data", help="Use this split folder for a run, in their order, if it was moved; repeatable."
)


def merge(
    runs: Annotated[list[str], RUNS],
    folder: OutputFolder,
    *,
    weights: Annotated[
        str | None, typer.Option("--weights", help="Weight each adapter, separated by commas.  [default: 1 each]")
    ] = None,
    data: Annotated[list[Path] | None, DATA] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Measure on this many held-out questions of each run.")
    ] = 100,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Merge LoRA adapters of one base into one adapter: their weighted sum, exactly.

    Each adapter is measured on its own held-out questions, alone and merged, because one can make another worse.
    Adapters whose sum would not be exact (DoRA, trained biases, another base or chat template) are refused, with the
    reason.
    """
    shares = [1.0] * len(runs) if weights is None else [_number(text) for text in weights.split(",")]
    with with_trainer():
        from train.journal import Narrator
        from train.merge_adapters import merge_adapters
        from train.trained import open_trained

    with Narrator(quiet=quiet).showing() as narrator:
        trained = [open_trained(run) for run in runs]
        made = merge_adapters(trained, shares, folder, narrator, data=data or (), limit=limit)
    print_result(made, merge_text(made), as_json=as_json)


def merge_text(made: Composition) -> "Iterator[RenderableType]":
    """The losses of each adapter, alone and merged, for people."""
    from curate.render.console import table

    numbers = ("weight", "rank", "base", "alone", "together", "gain left")
    title = f"{visible(made.folder)}: rank {made.rank}; losses on each one's own held-out questions"
    rows = []
    for one in made.members:
        losses = (f"{loss:.4f}" for loss in (one.base_loss, one.alone_loss, one.composed_loss))
        left = "-" if one.kept is None else f"{one.kept:.0%}"
        rows.append((visible(one.run), f"{one.weight:g}", str(one.rank), *losses, left))
    yield table(title, "adapter", *numbers, numbers=numbers, rows=rows)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--weights {text.strip()}: is not a number", "for example  --weights 1,0.5") from None
