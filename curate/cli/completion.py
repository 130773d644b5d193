"""`curate completion`, and what a shell asks for while a command is typed."""

import sys
from enum import StrEnum
from typing import Annotated, Any, Final

import typer
from typer._completion_classes import completion_init
from typer._completion_shared import get_completion_script
from typer.completion import shell_complete
from typer.core import TyperCommand, TyperGroup

from curate.cli.common_options import as_command
from curate.cli.verbs import SUMMARIES, load_verb, names

COMPLETION_VARIABLE: Final = "_CURATE_COMPLETE"
"""Environment variable with which the script of a shell asks."""


class Shell(StrEnum):
    """A shell with completion."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


def completion(shell: Annotated[Shell, typer.Argument(help="Your shell.", metavar="SHELL")]) -> None:
    """Print a script that completes commands and options.

    Add  eval "$(curate completion bash)"  to ~/.bashrc, the same with zsh to ~/.zshrc; for fish, write the output to
    ~/.config/fish/completions/curate.fish.
    """
    sys.stdout.write(get_completion_script(prog_name="curate", complete_var=COMPLETION_VARIABLE, shell=shell) + "\n")


class _Commands(TyperGroup):
    """All commands; only the one that is completed is loaded."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return names()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        return TyperCommand(cmd_name, help=SUMMARIES.get(cmd_name)) if cmd_name in names() else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ARG002
        verb, *rest = args
        return verb, as_command(verb, load_verb(verb)) if verb in names() else None, rest


def complete(instruction: str) -> int:
    """Print the completions of the words that the shell has in the environment; returns the exit code. `instruction`:
    what click is asked for, such as `bash_complete`.
    """
    completion_init()
    return shell_complete(_Commands(name="curate"), {}, "curate", COMPLETION_VARIABLE, instruction)
