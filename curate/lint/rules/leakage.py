"""Family L, benchmarks in the training data. Run by `curate decontaminate`, which reads the benchmark."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from curate.core.example import Place
from curate.core.finding import Finding, Severity
from curate.core.text import excerpt, visible
from curate.lint.rules.rule import rule

SHOWN = 80
"""Maximum number of characters of the common words in a message."""


class Leak(NamedTuple):
    """A benchmark item found in an example."""

    place: Place
    example: str
    """Id of the example."""
    pointer: str
    """Pointer to the content of the turn."""
    benchmark: Place
    field: str
    """The field of the item with the matching text."""
    kind: str
    """`run`: consecutive words; `whole`: a turn equals the item; `near`: a turn is similar to it."""
    words: str
    """The longest common run of words; empty for `near`."""
    share: float
    """Share of the item's words in common runs, 0 to 1; for `near`, the Jaccard similarity."""
    others: int = 0
    """Other items in the same example."""


@rule(
    "L007",
    "benchmark-in-training",
    Severity.WARNING,
    scope="benchmark",
    by="`curate decontaminate`",
    hint="Remove the example with `curate decontaminate -o OUT`, or do not report that benchmark.",
)
def benchmark_in_training(leaks: Iterable[Leak]) -> Iterator[Finding]:
    """An example contains a question or an answer of a benchmark.

    A model trained on a benchmark recalls it instead of solving it. Proof is a shared run of 13 words, a short question
    that matches word for word, or a turn similar to an item. Rephrased items are not found, since the comparison uses
    words.
    Bad: {"messages": [{"role": "user", "content": "Which gas do plants take up from the air to make sugar in the light of the sun?"}, {"role": "assistant", "content": "Carbon dioxide."}]}
    Good: {"messages": [{"role": "user", "content": "Which gas do people breathe out?"}, {"role": "assistant", "content": "Carbon dioxide."}]}
    """
    for leak in leaks:
        where = f"{visible(str(leak.benchmark))} ({visible(leak.field)})"
        more = f"; and {leak.others:,} other items" if leak.others else ""
        if leak.kind == "near":
            said = f"is similar to {where}, similarity {leak.share:.2f}"
        elif leak.kind == "whole":
            said = f"is {where} word for word: {excerpt(leak.words, SHOWN)!r}"
        else:
            said = (
                f"shares {len(leak.words.split())} consecutive words with {where}, {leak.share:.0%} of it is in this "
                f"text: {excerpt(leak.words, SHOWN)!r}"
            )
        yield benchmark_in_training.finding(leak.place, said + more, pointer=leak.pointer, example=leak.example)
