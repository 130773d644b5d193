"""`curate template`."""

from typing import Annotated

import typer

from curate.cli import options
from curate.commands.template import compare_templates, named_templates
from curate.render.console import print_result
from curate.render.template import MAX_SHOWN, diff_text, list_text

template = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Show the chat templates that have a name, and what two of them make of data.

    No model is loaded: the text and the loss mask do not depend on weights.
    """,
)


@template.command("list")
def show_list(as_json: options.AsJson = False) -> None:
    """List the chat templates that have a name.

    Each with its model, its license, and source and date of the copy.
    """
    entries = named_templates()
    print_result(entries, list_text(entries), as_json=as_json)


@template.command()
def diff(
    before: Annotated[str, typer.Argument(help="Name of a chat template, or a Jinja file.", metavar="TEMPLATE")],
    now: Annotated[str, typer.Argument(help="Name of another chat template, or a Jinja file.", metavar="TEMPLATE")],
    paths: options.Paths,
    model: Annotated[
        str,
        typer.Option(help="Use the tokenizer of this model; if omitted, only the marks of the templates are tokens."),
    ] = "",
    show: Annotated[
        int, typer.Option(min=0, help="Print the texts of the first N examples that differ, with the loss mask.")
    ] = 0,
    show_all: Annotated[
        bool, typer.Option("--all", help=f"Show every example that differs, not only {MAX_SHOWN}.")
    ] = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Compare what two chat templates make of the same data.

    The data is rendered as training would do. Reports the messages that are not rendered, the reasoning that is
    stripped and what lies in the loss.

    Exit status: 0 if both treat all examples alike, 1 if they differ or a line holds no example, 2 if a file or a
    template cannot be read.
    """
    files = options.named_files(paths)
    with options.progress("rendering", "lines", quiet=quiet) as advance:
        comparison = compare_templates(files, before, now, model, show, advance)
    print_result(comparison, diff_text(comparison, None if show_all else MAX_SHOWN, show), as_json=as_json)
    options.end(comparison.not_understood, "not rendered", found=bool(comparison.differing))
