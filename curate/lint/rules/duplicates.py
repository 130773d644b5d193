"""Family D: duplicates that are found without a model while the data is read."""

from collections.abc import Iterator, Sequence

from curate.core.example import Example
from curate.core.finding import PlacedProblems, Problem, Severity
from curate.core.text import visible
from curate.lint.rules.dataset_summary import DatasetSummary
from curate.lint.rules.rule import Scope, profile_rule, rule


@profile_rule(
    "D001", "exact-duplicate", Severity.WARNING, hint="Run `curate dedup` to remove the copy and keep the first."
)
def exact_duplicate(profile: DatasetSummary) -> PlacedProblems:
    """An example is an exact copy of an earlier one.

    The content is equal; the order of keys does not matter. A copy counts twice in training. In a test set it measures
    memorization.
    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for copy, first in profile.copies():
        yield copy, Problem("", f"exact copy of {visible(str(profile.places[first]))}")


@profile_rule(
    "D002",
    "same-but-for-spelling",
    Severity.WARNING,
    hint="Run `curate dedup`. It keeps the example with the fewest findings, then the first.",
)
def same_but_for_spelling(profile: DatasetSummary) -> PlacedProblems:
    """An example duplicates an earlier example after normalizing case, white space and Unicode.

    The model sees the same example again. It counts twice in training. In a test set it measures memorization.
    Bad:
        {"messages": [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "Four."}]}
        {"messages": [{"role": "user", "content": "what is 2+2?"}, {"role": "assistant", "content": "four."}]}
    Good:
        {"messages": [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "Four."}]}
        {"messages": [{"role": "user", "content": "What is 2 + 3?"}, {"role": "assistant", "content": "Five."}]}
    """
    for other, first in profile.respelled():
        where = visible(str(profile.places[first]))
        yield other, Problem("", f"duplicates {where} after normalizing case, white space and Unicode")


@rule(
    "D003",
    "near-duplicate",
    Severity.WARNING,
    scope=Scope.EXAMPLES,
    default=False,
    hint="Run `curate dedup`. It keeps the example with the fewest findings, then the first, and shows both side by "
    "side.",
)
def near_duplicate(examples: Sequence[Example]) -> Iterator[tuple[Example, Problem]]:
    """An example is a near-duplicate of another one.

    The Jaccard similarity of their word shingles is at least 0.8, and they agree in their facts: numbers, negations,
    names, options, images. Near-duplicates count twice in training. In a test set they measure memorization. The rule
    keeps all examples in memory, so it runs only when selected.
    Bad:
        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters the blue part of the light of the sun more than the red part, and so it comes to us from all sides of the sky and not only from where the sun is."}]}
        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters the blue part of the light of the sun more than the red part, and so it comes to us from all sides of the sky and not only from where our sun is."}]}
    Good:
        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters blue light most."}]}
        {"messages": [{"role": "user", "content": "Why is grass green?"}, {"role": "assistant", "content": "Because leaves take up the other colours."}]}
    """
    from curate.core.config import DedupConfig
    from curate.dedup.near_duplicates import find_duplicates_in  # only needed by this rule

    for lost in find_duplicates_in(examples, DedupConfig()).losses:
        if lost.code == "D003":
            kept = examples[lost.kept_place.line - 1].place
            yield examples[lost.place.line - 1], Problem("", f"{lost.similarity:.0%} similar to {visible(str(kept))}")
