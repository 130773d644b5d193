"""`curate rule`."""

import sys
from typing import Annotated

import typer

from curate.errors import UsageError
from curate.report.console import console, table
from curate.rules import RULES
from curate.rules.rule import Rule
from curate.text import visible


def rule(
    code: Annotated[str, typer.Argument(help="The rule's code, e.g. M016.", metavar="[CODE]")] = "",
    show_all: Annotated[bool, typer.Option("--all", help="List all rules.")] = False,
) -> None:
    """Explain a rule, or list all of them."""
    if show_all or not code:
        listing = table("", "Code", "Name", "Severity", "Summary")
        for item in sorted(RULES.values(), key=lambda item: item.code):
            listing.add_row(item.code, item.name, item.severity.value, item.summary)
        console().print(listing)
        return
    found = RULES.get(code.upper())
    if found is None:
        raise UsageError(f"no rule {code!r}", "`curate rule --all` lists them")
    sys.stdout.write(explanation(found))


def explanation(item: Rule) -> str:
    """All that is known about a rule, as plain text."""
    blocks = [f"{label}:\n{''.join(f'    {line}{chr(10)}' for line in _shown(data))}" for label, data in (("Bad", item.bad), ("Good", item.good))]
    return f"{item.code} {item.name} ({item.severity})\n\n{item.summary}\n\n{item.why}\n\nNext: {item.hint}\n\n{chr(10).join(blocks)}"


def _shown(data: bytes) -> list[str]:
    return [visible(line) for line in data.decode("utf-8", "backslashreplace").rstrip("\n").split("\n")]
