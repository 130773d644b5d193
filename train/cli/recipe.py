"""`curate recipe`."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Annotated, Any, Literal

import typer

from curate.cli.options import ChatTemplate, memory_of, takes_options
from curate.core.errors import ConfigError, ExitCode, UsageError
from curate.core.text import visible
from curate.render.console import console
from curate.storage.files import write_bytes
from curate.storage.paths import require_distinct_paths
from train.cli.common import with_trainer
from train.recipe import ALIASES, Recipe, load_recipe, toml

Action = Literal["init", "import", "keys"]


@dataclass(frozen=True)
class RecipeOptions:
    """The options of `curate recipe`, in the order of its help."""

    action: Annotated[
        Action,
        typer.Argument(
            help="init writes a first recipe; import converts FILE; keys lists every key.", metavar="ACTION"
        ),
    ]
    file: Annotated[
        Path | None,
        typer.Argument(
            help="With import: arguments of transformers, TRL, PEFT or Unsloth in a Python file, or a configuration of "
            "Axolotl, LLaMA-Factory, TRL or transformers in YAML, JSON or TOML. A script is read, never executed.",
            metavar="[FILE]",
        ),
    ] = None
    data: Annotated[Path | None, typer.Option("--for", help="Write a recipe for the data of this split folder.")] = None
    output: Annotated[Path, typer.Option("--output", "-o", help="Write to this file; - prints the recipe.")] = Path(
        "recipe.toml"
    )
    model: Annotated[
        str | None,
        typer.Option(
            "--model", help="Use this base model.  [default: the largest known one that fits]", metavar="MODEL"
        ),
    ] = None
    chat_template: ChatTemplate = None
    vram: Annotated[
        str | None,
        typer.Option(
            "--vram", help="Plan for a GPU with this much memory, e.g. 6GB, not for this machine.", metavar="SIZE"
        ),
    ] = None
    processes: Annotated[
        int, typer.Option("--processes", min=1, help="With import: processes (GPUs) that FILE was used with.")
    ] = 1
    all_keys: Annotated[bool, typer.Option("--all", help="Write all other keys as comments, with defaults.")] = False
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False

    @property
    def printed(self) -> bool:
        """Whether the recipe goes to standard output."""
        return self.output == Path("-")

    def require_new(self, path: Path) -> None:
        """Raise `UsageError` if a file that would be written exists."""
        if path.exists() and not self.overwrite:
            raise UsageError(f"{path}: already exists", "choose another file with -o, or pass --overwrite")

    def named(self, data: Path) -> str:
        """The path of the split folder as the recipe writes it."""
        return str(data) if self.printed or data.is_absolute() else _path_from(self.output.parent, data)


@takes_options
def recipe(args: RecipeOptions) -> int:
    """Write a recipe that fits the data and the GPU or has the meaning of another trainer's file, or list all keys.

    import prints what became of each key, also of defaults that differ from those of a recipe. It writes nothing if a
    key is refused. Exit status 1 if the recipe of init does not fit the memory.
    """
    if args.action == "keys":
        sys.stdout.write("\n\n".join(keys()) + "\n")
        return ExitCode.CLEAN
    if (args.file is None) == (args.action == "import"):
        problem = "no file is named" if args.file is None else "takes no file"
        raise UsageError(f"{args.action}: {problem}", "curate recipe import FILE")
    if args.file is not None:
        _import(args, args.file)
        return ExitCode.CLEAN
    if args.data is None:
        raise UsageError("no split folder is named", "name the split folder to train on: --for DATA")
    return _init(args, args.data)


def _init(args: RecipeOptions, data: Path) -> int:
    """Write a first recipe for the data of a split folder; returns exit status 1 if it does not fit the memory."""
    if not args.printed:
        args.require_new(args.output)
        require_distinct_paths([*data.glob("*.jsonl"), data / "manifest.json"], (args.output,), named=(data,))
    memory = None if args.vram is None else memory_of(args.vram, "--vram")
    with with_trainer():
        from train.plan.init_recipe import init_recipe
    template = args.chat_template or ""
    is_file = bool(template) and not args.printed and Path(template).is_file()
    template_name = _path_from(args.output.parent, Path(template)) if is_file else template
    made = init_recipe(data, args.named(data), args.model, memory, template, template_name)
    sys.stderr.writelines(f"note: {note}\n" for note in made.notes)
    text = made.text()
    if args.all_keys:
        written = {key for key, *_ in made.lines}
        text += "\n" + "\n\n".join(commented_key(name) for name in Recipe.model_fields if name not in written) + "\n"
    if args.printed:
        sys.stdout.write(text)
        return ExitCode.CLEAN if made.fits else ExitCode.FINDINGS
    try:
        _write(args, text)
    except ConfigError as error:  # a folder's name that TOML or a recipe cannot take
        raise UsageError(f"{args.output}: {error.message}", "rename the folder") from error
    return ExitCode.CLEAN if made.fits else ExitCode.FINDINGS


def _import(args: RecipeOptions, file: Path) -> None:
    """Convert a file to a recipe, with a table of what became of each key on standard error."""
    from curate.render.console import table
    from train.recipe_import.convert import import_recipe

    template = Path() if args.printed else args.output.with_suffix(".jinja")
    if not args.printed:
        args.require_new(args.output)
        require_distinct_paths([file], (args.output,))
    name = "split" if args.data is None else args.named(args.data)
    with with_trainer() if args.data is not None else nullcontext():
        made = import_recipe(
            file, args.data, name, model=args.model, processes=args.processes, template_file=template.name
        )
    rows = [(row.state, row.key, row.becomes, row.note) for row in made.rows]
    console(stderr=True).print(table("", "", f"{visible(str(file))} ({made.tool})", "recipe", "meaning", rows=rows))
    if made.refused:
        refusals = (visible(f"{file}: {row.key}: {row.note}") for row in made.refused)
        raise ConfigError("\n".join(refusals), "change these keys; no recipe was written")
    if args.printed:
        sys.stdout.write(made.text())
        return
    if made.template:
        args.require_new(template)
        write_bytes(template, made.template.encode(), named=True)
    _write(args, made.text())


def _write(args: RecipeOptions, text: str) -> None:
    """Write the recipe, and read it again. Raises `ConfigError` for one that cannot be read."""
    write_bytes(args.output, text.encode(), named=True)
    load_recipe(args.output)
    named = visible(shlex.quote(str(args.output)))
    sys.stderr.write(f"{visible(str(args.output))} written; next: curate train --plan {named}\n")


def keys() -> Iterator[str]:
    """Each key of a recipe with its default, its values, other names for it, and its description."""
    width = min(100, console().width)
    others: dict[str, list[str]] = {}
    for other, own in ALIASES.items():
        others.setdefault(own, []).append(other)
    for name, schema in Recipe.model_json_schema()["properties"].items():
        default = f"{name} = {toml(schema['default'])}" if schema.get("default") is not None else name
        values = " | ".join(_values(schema))
        also = f"  (also {', '.join(others[name])})" if name in others else ""
        yield f"{default}\n    {values}{also}\n" + fill(
            " ".join(schema["description"].split()), width, initial_indent="    ", subsequent_indent="    "
        )


def commented_key(name: str) -> str:
    """A key as a comment of a recipe: its description, and a line with its default to take the `#` off."""
    field = Recipe.model_fields[name]
    default = toml(list(field.default) if isinstance(field.default, tuple) else field.default)
    line = f"# {name} =  (none by default)" if field.default is None else f"# {name} = {default}"
    text = " ".join(str(field.description).split())
    return fill(text, 100, initial_indent="# ", subsequent_indent="# ") + "\n" + line


def _values(schema: dict[str, Any]) -> list[str]:
    """The types of a key, or the values that it takes."""
    if "enum" in schema:
        return [toml(value) for value in schema["enum"]]
    if "anyOf" in schema:
        return [
            text
            for alternative in schema["anyOf"]
            if alternative.get("type") != "null"
            for text in _values(alternative)
        ]
    kind = {"array": "list", "number": "number", "integer": "whole number", "boolean": "true | false"}
    return [kind.get(schema.get("type", ""), "text")]


def _path_from(folder: Path, data: Path) -> str:
    """The path of `data` relative to `folder` if it is inside it, else its absolute path."""
    try:
        return data.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return str(data.resolve())
