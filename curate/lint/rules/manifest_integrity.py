"""Family L, manifest and output folder. `curate verify` finds these with separate code; the rules document them.

In the examples below the first line was read, and the others are in the folder.
"""

from functools import partial

from curate.core.finding import Severity
from curate.lint.rules.rule import rule

output_rule = partial(rule, scope="output", by="`curate verify`")


@output_rule(
    "L009",
    "not-as-the-manifest-says",
    Severity.ERROR,
    hint="Copy the folder again from where it was written, or split the data again.",
)
def not_as_the_manifest_says() -> None:
    """A file of an output folder differs from its manifest.

    The file or the manifest was edited, truncated, replaced or lost after it was written. What was proved about the
    folder no longer holds.
    Bad:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "An oak."}]}
    Good:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
    """


@output_rule(
    "L010", "lost-or-added-line", Severity.ERROR, hint="Split the data again. `curate diff` compares two folders."
)
def lost_or_added_line() -> None:
    """An input line is in no split and not among the removed lines, or a line is present that was never read.

    Kept and removed lines together must equal the lines read. Otherwise an example is lost without a record, or a
    foreign example is used for training or evaluation.
    Bad:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a bird."}, {"role": "assistant", "content": "A tit."}]}
    Good:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
    """
