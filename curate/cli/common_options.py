"""Options that commands share without naming them: --color for each, --config where a configuration is read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from curate.core.config_files import configured_by

CONFIGURED: Final = (
    "check", "conflicts", "dedup", "remote", "review", "rule", "score", "select", "split", "stats", "suppress",
)  # fmt: skip
"""Commands that read a configuration by themselves; `curate run` takes it as its argument."""


class Color(StrEnum):
    """When output is colored."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


VARIABLES: Final = {Color.ALWAYS: "FORCE_COLOR", Color.NEVER: "NO_COLOR"}
"""The environment variables that have the same effect; libraries and child processes read them."""


def as_command(verb: str, loaded: Any) -> Any:
    """The command of a function or `typer.Typer`, with the options, which each command of a group has."""
    app = loaded
    if not isinstance(loaded, typer.Typer):
        app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        app.command(verb, context_settings={"help_option_names": ["-h", "--help"]})(loaded)
    command: Any = typer.main.get_command(app)
    for leaf in getattr(command, "commands", {"": command}).values():
        options = [option for option in _options() if option.name == "common_color" or verb in CONFIGURED]
        leaf.params.extend(options)
        leaf.callback = _wrapped(leaf.callback)
    return command


def _options() -> list[Any]:
    app = typer.Typer(add_completion=False)
    app.command()(_declared)
    return typer.main.get_command(app).params


def _declared(
    common_config: Annotated[
        Path | None,
        typer.Option("--config", help="Read this configuration instead of the project's.", metavar="FILE"),
    ] = None,
    common_color: Annotated[
        Color, typer.Option("--color", help="Color the output: auto, always or never.", metavar="WHEN")
    ] = Color.AUTO,
) -> None:
    """The options as typer reads them, with names that no command has for a parameter of its own."""


def _wrapped(function: Any) -> Any:
    def run(*, common_color: str = Color.AUTO, common_config: Path | str | None = None, **values: Any) -> Any:
        with _colored(Color(common_color)), configured_by(None if common_config is None else Path(common_config)):
            return function(**values)

    return run


@contextmanager
def _colored(when: Color) -> Iterator[None]:
    if when is Color.AUTO:
        yield
        return
    before = {name: os.environ.pop(name, None) for name in VARIABLES.values()}
    os.environ[VARIABLES[when]] = "1"
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
