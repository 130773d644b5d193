"""Family L, the part about an output folder's books: what its manifest says against what is there. `curate verify` finds them with code of its own,
which these rules only document.

In the examples below the first line was read, and the others are what the folder has.
"""

from functools import partial

from curate.finding import Severity
from curate.rules.rule import rule

output_rule = partial(rule, scope="output", by="`curate verify`")


@output_rule("L009", "not-as-the-manifest-says", Severity.ERROR, hint="Take the folder from where it was written, or split the data again.")
def not_as_the_manifest_says() -> None:
    """A file of an output folder is not the one that its manifest names.

    It was edited, cut off, put in another's place or lost since it was written; or the manifest was. What was proved about the folder then is not
    proved about what is there now.

    Bad:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "An oak."}]}
    Good:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
    """


@output_rule("L010", "lost-or-added-line", Severity.ERROR, hint="Split the data again; `curate diff` says what two folders have of each other.")
def lost_or_added_line() -> None:
    """A line that was read is neither in a split nor among those that left, or a line is there that was never read.

    Kept and removed together are what was read, no line more and none less. Where they are not, an example was lost in silence, or something
    is trained on, or measured by, that the data does not have.

    Bad:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a bird."}, {"role": "assistant", "content": "A tit."}]}
    Good:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
    """


RULES = (not_as_the_manifest_says, lost_or_added_line)
