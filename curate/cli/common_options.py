"""Options that commands share without naming them: --color for each, --config where a configuration is read, --exclude
and --respect-gitignore where folders of data are.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from curate.cli.invocation import invocation
from curate.core.errors import UsageError
from curate.core.text import visible
from curate.storage.data_files import EMPTY_PATH, LeftOut
from curate.storage.urls import is_url, safe_url

CONFIGURED: Final = (
    "check", "conflicts", "dedup", "remote", "review", "rule", "score", "select", "split", "stats", "suppress",
    "verify",
)  # fmt: skip
"""Commands that read a configuration by themselves; `curate run` takes it as its argument."""
DATA_METAVAR: Final = "PATH"
"""What commands call an argument for folders of data (`curate.cli.options.Paths`)."""


class Color(StrEnum):
    """When output is colored."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


VALUES: Final = {
    "<int>": "N", "<int range>": "N", "<float>": "NUMBER", "<float range>": "NUMBER", "<path>": "PATH", "<dir>": "PATH",
    "<list[Path]>": "PATH", "<str>": "TEXT", "<list[str]>": "TEXT",
}  # fmt: skip
"""What help texts call a value, by typer's name of its type."""
MODEL_OPTIONS: Final = (
    "embeddings", "judge", "judge_model", "model", "nli", "reader", "same_question", "tokenizer", "tuned",
)  # fmt: skip
COLOR_VARIABLES: Final = {Color.ALWAYS: "FORCE_COLOR", Color.NEVER: "NO_COLOR"}
"""The environment variables that have the same effect; libraries and child processes read them."""


@cache
def as_command(verb: str, loaded: Any) -> Any:
    """The click command of a function or a `typer.Typer`, with the common options; in a group, each command has them.
    `verb`: its name.
    """
    app = loaded
    if not isinstance(loaded, typer.Typer):
        app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        app.command(verb, context_settings={"help_option_names": ["-h", "--help"]})(loaded)
    command: Any = typer.main.get_command(app)
    for leaf in getattr(command, "commands", {"": command}).values():
        reads = any(item.metavar == DATA_METAVAR for item in leaf.params if item.param_type_name == "argument")
        applies = {"common_config": verb in CONFIGURED, "common_exclude": reads, "common_gitignore": reads}
        leaf.params.extend(option for option in _common_options() if applies.get(option.name, True))
        leaf.callback = _with_common_options(leaf.callback)
        for item in leaf.params:
            _name_value(item)
        settings = leaf.context_settings
        helps = [leaf.get_help_option(typer.Context(leaf, **settings))] if "help_option_names" in settings else []
        for item in (*leaf.params, *helps):
            item.process_value = _without_validator(item, item.process_value)
    return command


def _without_validator(item: Any, process: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The function `process` of an option or argument, which takes texts, the default and an option that is not given
    as they are: typer would build a pydantic validator for each. An empty path, which would be the current folder, is
    refused.
    """
    takes_path = item.type_descriptor.is_path or item.type_descriptor.annotation == list[Path]
    takes_text = item.type_descriptor.annotation in (str, list[str]) and not takes_path

    def processed(context: Any, value: Any) -> Any:
        if value is None and not item.required:
            value = () if item.multiple or item.nargs == -1 else None
            return value if item.callback is None else item.callback(context, item, value)
        if takes_path and "" in (value if isinstance(value, list | tuple) else (value,)):
            message, hint = EMPTY_PATH
            raise UsageError(message if item.param_type_name == "argument" else f"{item.opts[-1]}: {message}", hint)
        if item.callback is None and not item.required and value is item.default:
            return value
        if item.callback is None and takes_text and value:
            return value if isinstance(value, str) else list(value)
        return process(context, value)

    return processed


def _name_value(item: Any) -> None:
    """Set the metavar of an option as other programs do: `N`, not `<int range>`. An argument keeps its name."""
    if item.type_descriptor.is_choice or (shown := VALUES.get(item.display_type(None))) is None:
        return
    if item.param_type_name == "argument":
        item.display_type_rich = lambda **_: ""
    elif item.metavar is None:
        item.metavar = "MODEL" if item.name in MODEL_OPTIONS else shown


def _common_options() -> list[Any]:
    app = typer.Typer(add_completion=False)
    app.command()(_declared)
    return typer.main.get_command(app).params


def _declared(
    common_config: Annotated[
        Path | None,
        typer.Option("--config", help="Read this configuration instead of the project's.", metavar="FILE"),
    ] = None,
    common_exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            help="Leave out files of folders that match this .gitignore pattern; repeatable.",
            metavar="GLOB",
        ),
    ] = None,
    common_gitignore: Annotated[
        bool, typer.Option("--respect-gitignore", help="Leave out files of folders that .gitignore files name.")
    ] = False,
    common_color: Annotated[
        Color, typer.Option("--color", help="Color the output: auto, always or never.", metavar="WHEN")
    ] = Color.AUTO,
) -> None:
    """The options as typer reads them, with names that no command has for a parameter of its own."""


def _with_common_options(function: Any) -> Any:
    """A command that applies the common options, then calls `function` with the other ones."""

    def run(
        *,
        common_color: str = Color.AUTO,
        common_config: Path | str | None = None,
        common_exclude: Sequence[str] | None = None,
        common_gitignore: bool = False,
        **values: Any,
    ) -> Any:
        _require_paths(values)
        current = invocation()
        current.config = None if common_config is None else Path(common_config)
        current.left_out = _left_out(common_exclude or (), common_gitignore)
        with _colored(Color(common_color)):
            return function(**{name: _with_names(value, current.urls) for name, value in values.items()})

    return run


def _require_paths(values: Mapping[str, Any]) -> None:
    """Raise `UsageError` for a URL where a path of this machine is meant: a path of its text would be written to; and
    for an HTML report with another kind of name: reports replace files, but not data.
    """
    for name, value in values.items():
        text = str(value).replace(":/", "://", 1) if isinstance(value, Path) else ""  # a path keeps one of two slashes
        if is_url(text):
            raise UsageError(f"{visible(safe_url(text))}: no URL can be used here", "pass a path on this machine")
        if name == "html" and value and value.suffix.lower() not in (".html", ".htm"):
            raise UsageError(f"--html {visible(str(value))}: not the name of an HTML file", "end it in .html")


def _with_names(value: Any, urls: Mapping[Path, Path]) -> Any:
    """A value in which paths with a URL are paths that are displayed as the URL; lists are converted item by item."""
    if isinstance(value, list):
        return [_with_names(item, urls) for item in value]
    return urls.get(value, value) if isinstance(value, Path) else value


def _left_out(patterns: Sequence[str], gitignore: bool) -> LeftOut | None:
    """The function that returns why a path is excluded; None if no option excludes a path."""
    if not (patterns or gitignore):
        return None
    from curate.core.exclusion import Exclusion  # not imported by a hook that only checks

    return Exclusion(patterns, gitignore).reason_left_out


@contextmanager
def _colored(when: Color) -> Iterator[None]:
    """Set the environment variables of a `--color` value during the block; `auto` leaves them unchanged."""
    if when is Color.AUTO:
        yield
        return
    before = {name: os.environ.pop(name, None) for name in COLOR_VARIABLES.values()}
    os.environ[COLOR_VARIABLES[when]] = "1"
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
