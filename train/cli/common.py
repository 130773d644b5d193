"""Options, recipes and printing that the trainer's commands share; the import of the trainer, an optional extra."""

import gc
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from pydantic import BaseModel

from curate.cli.options import agreement, output_option
from curate.core.errors import MissingExtra
from curate.models.hub_kernels import without_hub_kernels
from curate.project.config_consent import require_recipe_agreed
from curate.project.runs import Project, find_run
from train.recipe import Recipe, file_values, load_recipe

if TYPE_CHECKING:
    from rich.console import RenderableType

RecipeFile = Annotated[Path, typer.Argument(help="Recipe, a TOML file.", metavar="RECIPE")]
DataFolder = Annotated[Path | None, typer.Option("--data", help="Use this split folder instead of the recipe's.")]
MovedData = Annotated[
    Path | None, typer.Option("--data", help="Use this split folder, if it was moved since the training.")
]
Changes = Annotated[
    list[str] | None, typer.Option("--set", help="Set a key of the recipe; repeatable.", metavar="KEY=VALUE")
]
OutputFolder = Annotated[Path, output_option("Write to this folder.")]
BaseUrl = Annotated[
    str | None,
    typer.Option("--base-url", help="Ask models at this address of an OpenAI-compatible server.", metavar="URL"),
]
Key = Annotated[
    str | None,
    typer.Option("--key", help="Read the API key of the server from this environment variable.", metavar="VARIABLE"),
]
PRICE_HELP: Final = "Estimate the cost at these prices in US dollars for 1,000,000 tokens in and out."
Price = Annotated[str | None, typer.Option("--price", help=PRICE_HELP, metavar="IN,OUT")]
Reach = Annotated[
    bool,
    typer.Option("--yes", "-y", help="Allow models, files and trackers that a recipe of another folder names."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no notes.")]


def recipe_of(path: Path, data: Path | None, changes: Sequence[str] | None, *, yes: bool) -> Recipe:
    """The recipe in a file, with the values that the command line sets. `yes`: consent to what it reaches.

    Raises `UsageError` for a recipe of another folder that reaches outside of it, without consent.
    """
    require_recipe_agreed(path, file_values(path, changes or (), without_data=data is not None), agreement(yes=yes))
    recipe = load_recipe(path, changes or (), lambda note: print(f"note: {note}", file=sys.stderr))  # noqa: T201
    return recipe if data is None else recipe.model_copy(update={"data": str(data.resolve())})


def require_runs(*names: str) -> None:
    """Raise `InputError` for a run that does not exist, before PyTorch is loaded."""
    project = Project(Path.cwd())
    for name in names:
        find_run(name, project)


@contextmanager
def with_trainer() -> Iterator[None]:
    """Import the trainer in the block. Raises `MissingExtra` where a package of it is not installed."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    # Micro-batches differ in length: without it, a GPU's memory is split into pieces that fit none.
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    is_loaded = "torch" in sys.modules
    gc.disable()  # imports create many objects and hardly any garbage
    try:
        if find_spec("torch") is None:  # a sweep leaves importing it to its trainings
            raise ImportError(name="torch")
        with without_hub_kernels():
            yield
    except ImportError as error:
        raise MissingExtra("the trainer", "train", error.name or "torch") from error
    finally:
        if not is_loaded:
            gc.freeze()  # a full collection among them takes 0.5 s
        gc.enable()


def print_result(result: BaseModel, lines: "Iterable[RenderableType]", *, as_json: bool) -> None:
    """Print a result as indented JSON, or its lines for people."""
    from curate.render import console

    console.print_result(result, lines, as_json=as_json, indent=2)
