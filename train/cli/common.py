"""What the trainer's verbs share: arguments, recipes, and the trainer itself, which not everybody has installed."""

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import typer

from curate.errors import MissingExtra, UsageError
from train.recipe import Recipe, load_recipe

RECIPE: Final[Any] = typer.Argument(help="Recipe, a TOML file.", show_default=False)
DATA: Final[Any] = typer.Option("--data", help="Split folder, instead of the recipe's.", show_default=False)
RUN: Final[Any] = typer.Argument(help="Folder of a finished run, or its name in .curate/runs.", show_default=False)
CHANGES: Final[Any] = typer.Option("--set", help="KEY=VALUE, instead of the recipe's; repeatable.", show_default=False)
SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(gi?b?|mi?b?)?", re.IGNORECASE)


def recipe_of(path: Path, data: Path | None, changes: Sequence[str] | None) -> Recipe:
    """A recipe with what the command line lays over it."""
    recipe = load_recipe(path, changes or ())
    return recipe if data is None else recipe.model_copy(update={"data": str(data.resolve())})


@contextmanager
def with_trainer() -> Iterator[None]:
    """Import the trainer in the block. Raises `MissingExtra` where something of it is not installed."""
    # Said at import: an optional package of kernels is missing. Results are the same without.
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    try:
        yield
    except ImportError as error:
        raise MissingExtra("training", "train", error.name or "torch") from error


def memory_of(text: str) -> int:
    """Bytes of a size like `6GB`, `6` or `5500MB`: a GPU of 6 GB has 6 x 2^30. Raises `UsageError`."""
    found = SIZE.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"--vram {text}: is not a size", "for example  --vram 6GB")
    unit = (found.group(2) or "g").lower()
    return round(float(found.group(1)) * (2**30 if unit.startswith("g") else 2**20))
