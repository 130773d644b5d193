"""Family L, the part about an output folder's books: what its manifest says against what is there. `curate verify` finds them with code of its own.

In the examples below the first line was read, and the others are what the folder has.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from curate.finding import Problem, Severity
from curate.rules.rule import Scope, rule
from curate.text import visible


class Difference(NamedTuple):
    """Something that is not as the manifest says."""

    kind: Literal["manifest", "lines"]
    """Whether it is about what the manifest says of a file, or about what became of a line."""
    file: str
    line: int
    """0 for a whole file."""
    said: str
    """One sentence."""
    example: str | None = None


Told = Iterator[tuple[Difference, Problem]]


@rule(
    "L009",
    "not-as-the-manifest-says",
    severity=Severity.ERROR,
    scope=Scope.OUTPUT,
    hint="Take the folder from where it was written, or split the data again.",
)
def not_as_the_manifest_says(differences: Iterable[Difference]) -> Told:
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
    for difference in differences:
        if difference.kind == "manifest":
            yield difference, Problem("", visible(difference.said))


@rule(
    "L010",
    "lost-or-added-line",
    severity=Severity.ERROR,
    scope=Scope.OUTPUT,
    hint="Split the data again; `curate diff` says what two folders have of each other.",
)
def lost_or_added_line(differences: Iterable[Difference]) -> Told:
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
    for difference in differences:
        if difference.kind == "lines":
            yield difference, Problem("", visible(difference.said))


RULES = (not_as_the_manifest_says, lost_or_added_line)
