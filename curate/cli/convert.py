"""`curate convert`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from curate.cli import options
from curate.cli.options import AsJson, NoDecisions, Overwrite, Paths, Quiet, end, named_files, progress
from curate.commands.convert import convert as convert_data
from curate.core.errors import UsageError
from curate.parallel.cluster import Engine
from curate.read.formats import WRITABLE
from curate.render.console import print_result
from curate.render.convert import convert_text
from curate.storage.files import display_name
from curate.storage.output_pair import checked_removed_path
from curate.storage.shards import shown_output

To = StrEnum("To", {name.replace("-", "_").upper(): name for name in WRITABLE})  # type: ignore[misc]  # from the table
MESSAGES: Final = To("messages")
PAIRS: Final = [name for name, form in WRITABLE.items() if form.write_pair]
LABELLED: Final = [name for name, form in WRITABLE.items() if form.label]
CONVERSATIONS: Final = [name for name in WRITABLE if name not in (*PAIRS, *LABELLED)]
HELP: Final = (
    f"Convert to this format: {', '.join(CONVERSATIONS)}; for preference pairs {', '.join(PAIRS)}; for answers with a "
    f"label {', '.join(LABELLED)}."
)


def convert(
    paths: Paths,
    output: Annotated[
        Path,
        options.output_option(
            "Write to this file (out.jsonl), dropped lines and those that cannot be converted beside it "
            "(out.unconverted.jsonl)."
        ),
    ],
    to: Annotated[To, typer.Option("--to", metavar="FORMAT", help=HELP)] = MESSAGES,
    chosen: Annotated[
        bool, typer.Option("--chosen", help="Convert the chosen side of preference pairs and omit the rejected side.")
    ] = False,
    user: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Read each line as a user message with this text, in which {KEY} is the value under a key of the "
            "line, {a.b} that of b in a, and {a.0} the first of a list. For lines in no known form; with --assistant.",
        ),
    ] = None,
    assistant: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The text of the answer, as --user; for example '{summary}'.")
    ] = None,
    system: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The text of a system message before --user, with {KEY} too.")
    ] = None,
    overwrite: Overwrite = False,
    shards: options.Shards = 1,
    no_decisions: NoDecisions = False,
    engine: options.RunOn = Engine.LOCAL,
    address: options.Address = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Convert any known format to messages or another one, as JSON Lines.

    Lines that cannot be converted are written to a second file, with the reason. What is written is read back to make
    sure that it is the same conversation.

    Exit status: 0 if every line was converted, 1 if some were not, 2 if a file cannot be read.
    """
    session = options.session(no_decisions=no_decisions, engine=engine, address=address)
    files = named_files(paths, engine)
    aside = checked_removed_path(output, "unconverted", files, paths, overwrite=overwrite, shards=shards)
    template = {"system": system, "user": user, "assistant": assistant}
    if any(template.values()) and not (user and assistant):
        raise UsageError(
            "--user and --assistant belong together", "for example --user '{question}' --assistant '{reply}'"
        )
    if chosen and to.value not in CONVERSATIONS:
        raise UsageError(f"--chosen omits the rejected side, which --to {to.value} keeps", "leave out --chosen")
    work = session.open_plain(files)
    texts = {role: text for role, text in template.items() if text}
    with progress("converting", "lines", quiet=quiet) as advance:
        report = convert_data(
            work,
            output,
            aside,
            to=to.value,
            chosen=chosen,
            overwrite=overwrite,
            shards=shards,
            progress=advance,
            template=texts,
        )
    print_result(report, convert_text(report, display_name(shown_output(output)), display_name(aside)), as_json=as_json)
    end(report.not_understood, "not converted", found=report.aside > report.reasons["decision"])
