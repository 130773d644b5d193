"""`curate merge`."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from curate.errors import UsageError
from curate.report.console import print_json
from curate.text import visible
from train.cli.common import with_trainer
from train.results import Composition

RUNS: Final[Any] = typer.Argument(help="Finished runs on one base, by folder or name.", show_default=False)
OUT: Final[Any] = typer.Option("-o", "--output", help="Folder to write.", show_default=False)
DATA: Final[Any] = typer.Option("--data", help="Split folder of a run, in their order, should they have moved; repeatable.", show_default=False)


def merge(
    runs: Annotated[list[str], RUNS],
    folder: Annotated[Path, OUT],
    *,
    weights: Annotated[str | None, typer.Option("--weights", help="One for each, with commas between.  [default: 1 each]", show_default=False)] = None,
    data: Annotated[list[Path] | None, DATA] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Held-out questions of each to measure on.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print the composition as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")] = False,
) -> None:
    """Put LoRA adapters of one base together into one that does the weighted sum of what they do, exactly.

    Each is measured on its own held-out questions alone and in company: what one adds can cost the other. Adapters whose sum would not be exact
    (DoRA, trained biases, another base or chat template) are refused with the reason.
    """
    shares = [1.0] * len(runs) if weights is None else [_number(text) for text in weights.split(",")]
    with with_trainer():
        from train.journal import Narrator
        from train.merge_adapters import merge_adapters
        from train.trained import open_trained

    narrator = Narrator(quiet=quiet)
    with narrator.showing():
        made = merge_adapters([open_trained(run) for run in runs], shares, folder, narrator, data=data or (), limit=limit)
    if as_json:
        print_json(made.model_dump(mode="json"), indent=2)
    else:
        show(made)


def show(made: Composition) -> None:
    """A composition for a person."""
    from rich.text import Text

    from curate.report.console import console, table

    numbers = ("weight", "rank", "base", "alone", "together", "gain left")
    shown = table(f"{visible(made.folder)}: rank {made.rank}; losses on each one's own held-out questions", "adapter", *numbers, numbers=numbers)
    for one in made.members:
        left = "-" if one.kept is None else f"{one.kept:.0%}"
        cells = (f"{one.weight:g}", str(one.rank), f"{one.base_loss:.4f}", f"{one.alone_loss:.4f}", f"{one.composed_loss:.4f}", left)
        shown.add_row(*map(Text, (visible(one.run), *cells)))
    console().print(shown)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--weights {text.strip()}: is not a number", "for example  --weights 1,0.5") from None
