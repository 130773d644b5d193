"""`curate recipe`."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from curate.core.errors import ConfigError, UsageError
from curate.core.files import write_bytes
from curate.core.paths import demand_apart
from curate.core.text import visible
from train.cli.common import Vram, memory_of, with_trainer
from train.recipe import load_recipe


class Action(StrEnum):
    """What to do with recipes."""

    INIT = "init"


def recipe(
    action: Annotated[Action, typer.Argument(help="init: write a first recipe.")],  # noqa: ARG001
    *,
    data: Annotated[Path, typer.Option("--for", help="Split folder to train on.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Write to this file; - prints the recipe.")] = Path(
        "recipe.toml"
    ),
    model: Annotated[
        str | None, typer.Option("--model", help="Use this base model.  [default: the largest known one that fits]")
    ] = None,
    vram: Vram = None,
    yes: Annotated[bool, typer.Option("--yes", help="Replace the file if it exists.")] = False,
) -> None:
    """Write a recipe that fits the data and the GPU, with the reason for each key."""
    printed = output == Path("-")
    if not printed and output.exists() and not yes:
        raise UsageError(f"{output}: already exists", "name another file with -o, or replace it with --yes")
    if not printed:
        demand_apart([*data.glob("*.jsonl"), data / "manifest.json"], (output,), named=(data,))
    memory = None if vram is None else memory_of(vram)
    with with_trainer():
        from train.init_recipe import init_recipe
    made = init_recipe(
        data, str(data) if printed or data.is_absolute() else _seen_from(output.parent, data), model, memory
    )
    if not made.fits:
        sys.stderr.write("note: no recipe fits this memory; `curate plan` shows by how much\n")
    if printed:
        sys.stdout.write(made.text())
        return
    write_bytes(output, made.text().encode())
    try:
        load_recipe(output)
    except ConfigError as error:  # a folder's name that TOML or a recipe cannot take
        raise UsageError(f"{output}: {error.message}", "rename the folder") from error
    sys.stderr.write(f"{visible(str(output))} written; next: curate plan {visible(str(output))}\n")


def _seen_from(folder: Path, data: Path) -> str:
    """The path of the data, relative to the folder of the recipe where that is possible."""
    try:
        return data.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return str(data.resolve())
