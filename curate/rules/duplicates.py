"""Family D: duplicates that can be told without a model, while the data streams by."""

from collections.abc import Iterator, Sequence

from curate.example import Example, Place
from curate.finding import Problem, Severity
from curate.rules.dataset_summary import DatasetSummary
from curate.rules.rule import Scope, profile_rule, rule
from curate.text import visible

Placed = Iterator[tuple[Place | int, Problem]]


@profile_rule("D001", "exact-duplicate", Severity.WARNING, hint="`curate dedup` removes it and keeps the first one.")
def exact_duplicate(profile: DatasetSummary) -> Placed:
    """An example is an exact copy of an earlier one.

    Equal content, whatever the order of keys: a copy weighs double in training, and in a test set it measures
    memory.

    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for copy, first in profile.copies():
        yield copy, Problem("", f"exact copy of {visible(str(profile.places[first]))}")


@profile_rule("D002", "same-but-for-spelling", Severity.WARNING, hint="`curate dedup` keeps the one with the fewest findings, then the first.")
def same_but_for_spelling(profile: DatasetSummary) -> Placed:
    """An example is an earlier one in another case, spacing or form of characters.

    To the model it is the same example again: it weighs double in training, and in a test set it measures memory.

    Bad:
        {"messages": [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "Four."}]}
        {"messages": [{"role": "user", "content": "what is 2+2?"}, {"role": "assistant", "content": "four."}]}
    Good:
        {"messages": [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "Four."}]}
        {"messages": [{"role": "user", "content": "What is 2 + 3?"}, {"role": "assistant", "content": "Five."}]}
    """
    for other, first in profile.respelled():
        yield other, Problem("", f"says the same as {visible(str(profile.places[first]))}, in another case, spacing or form of characters")


@rule(
    "D003",
    "near-duplicate",
    Severity.WARNING,
    scope=Scope.EXAMPLES,
    default=False,
    hint="`curate dedup` keeps the one with the fewest findings, then the first; it shows the two side by side.",
)
def near_duplicate(examples: Sequence[Example]) -> Iterator[tuple[Example, Problem]]:
    """An example is nearly the same as another one.

    Their shingles, runs of words, agree to four fifths and more, and they agree in their facts: numbers, negations, names, options, images. Such copies weigh double
    in training, and in a test set they measure memory. Keeps all examples in memory, and so runs only when it is selected.

    Bad:
        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters the blue part of the light of the sun more than the red part, and so it comes to us from all sides of the sky and not only from where the sun is."}]}
        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters the blue part of the light of the sun more than the red part, and so it comes to us from all sides of the sky and not only from where our sun is."}]}
    Good:
        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters blue light most."}]}
        {"messages": [{"role": "user", "content": "Why is grass green?"}, {"role": "assistant", "content": "Because leaves take up the other colours."}]}
    """
    from curate.config import DedupConfig
    from curate.detect.sift import sift_examples  # what only this rule needs

    for lost in sift_examples(examples, DedupConfig()).losses:
        if lost.code == "D003":
            kept = examples[lost.kept_place.line - 1].place
            yield examples[lost.place.line - 1], Problem("", f"{lost.similarity:.0%} the same as {visible(str(kept))}")


RULES = (exact_duplicate, same_but_for_spelling, near_duplicate)
