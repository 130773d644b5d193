"""Family L across splits: what one file has of another that a model is measured by. `docs/leaks.md` defines each; `curate verify` counts them by itself.

In the examples below the first line is in train, the others are in test.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from curate.finding import Finding, Problem, Severity
from curate.rules.rule import Scope, rule
from curate.text import excerpt, visible

if TYPE_CHECKING:
    from curate.detect.across import SplitLeak

Told = Iterator[tuple["SplitLeak", Problem]]
APART: Final = "Move it, or the other one, so that both are in one split; `curate split` keeps such groups together."


def _of(leaks: "Iterable[SplitLeak]", code: str) -> "Iterator[tuple[SplitLeak, str]]":
    """The leaks of one code, each with where the other example stands."""
    for leak in leaks:
        if leak.code == code:
            yield leak, f"{visible(str(leak.other_place))} ({visible(leak.other_split)})"


@rule("L001", "copy-across-splits", severity=Severity.ERROR, scope=Scope.SPLITS, hint="Remove one of the two: `curate dedup --against` does it.")
def copy_across_splits(leaks: "Iterable[SplitLeak]") -> Told:
    """An example stands in two splits.

    The model is measured by what it learned by heart, and the measure says nothing about what it does with anything new.

    Bad:

        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}

    Good:

        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a bird."}, {"role": "assistant", "content": "A tit."}]}
    """
    for leak, where in _of(leaks, "L001"):
        yield leak, Problem("", f"is {where} once more")


@rule("L002", "near-copy-across-splits", severity=Severity.ERROR, scope=Scope.SPLITS, hint=APART)
def near_copy_across_splits(leaks: "Iterable[SplitLeak]") -> Told:
    """An example is nearly the same as one of another split.

    The Jaccard similarity of their whole texts is at or above `dedup.threshold`: shingles of 3 words of user, assistant and tool turns, system
    prompts left out. Their attachments are equal.

    Bad:

        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters the blue part of the light of the sun more than the red part, and so it comes to us from all sides of the sky."}]}
        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters the blue part of the light of the sun more than the red part, and so it comes to us from all sides of the heavens."}]}

    Good:

        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters blue light most."}]}
        {"messages": [{"role": "user", "content": "Why is grass green?"}, {"role": "assistant", "content": "Because leaves take up the other colours."}]}
    """
    for leak, where in _of(leaks, "L002"):
        yield leak, Problem("", f"is {leak.similarity:.0%} the same as {where}{', but for a fact' if leak.differs else ''}")


@rule("L003", "question-across-splits", severity=Severity.ERROR, scope=Scope.SPLITS, hint=APART)
def question_across_splits(leaks: "Iterable[SplitLeak]") -> Told:
    """A question of one split is asked in another one too.

    Whatever it answers, the model has seen the question with an answer. The words of all user turns are compared, and attachments; system
    prompts and tools do not count.

    Bad:

        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a  tree."}, {"role": "assistant", "content": "An oak grows tall and old in most of Europe."}]}

    Good:

        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a bird."}, {"role": "assistant", "content": "A tit."}]}
    """
    for leak, where in _of(leaks, "L003"):
        yield leak, Problem("", f"asks what {where} asks")


@rule("L004", "answers-clash-across-splits", severity=Severity.WARNING, scope=Scope.SPLITS, hint="Decide which answer is right, and drop the other example.")
def answers_clash_across_splits(leaks: "Iterable[SplitLeak]") -> Told:
    """A question has one answer in a split, and one that clashes with it in another.

    What the model was taught is then counted as a mistake. Told of a test set that `curate split` is given; `curate verify` tells such a pair as L003.
    Answers are judged by rules for numbers, dates, yes and no, names and refusals.

    Bad:

        {"messages": [{"role": "user", "content": "Is it safe?"}, {"role": "assistant", "content": "Yes, it is."}]}
        {"messages": [{"role": "user", "content": "Is it safe?"}, {"role": "assistant", "content": "No, it is not."}]}

    Good:

        {"messages": [{"role": "user", "content": "Is it safe?"}, {"role": "assistant", "content": "Yes, it is."}]}
        {"messages": [{"role": "user", "content": "Is it safe?"}, {"role": "assistant", "content": "Yes, as long as it is dry."}]}
    """
    for leak, where in _of(leaks, "L004"):
        yield leak, Problem("", f"asks what {where} asks, and the answers clash: {excerpt(leak.why, 120)}")


@rule("L005", "continued-across-splits", severity=Severity.ERROR, scope=Scope.SPLITS, hint=APART)
def continued_across_splits(leaks: "Iterable[SplitLeak]") -> Told:
    """A conversation begins one of another split, or comes from the same source.

    All turns of the shorter one, which ends on an answer, are the first turns of the longer one, compared by role and words. Sources are compared
    where a key of the line is named that says where it comes from: a person, a document, a ticket (`--group-by`).

    Bad:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}

    Good:

        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a bird."}, {"role": "assistant", "content": "A tit."}]}
    """
    said = {"begins": "is the beginning of", "goes on": "goes on from", "source": "comes from the same source as"}
    for leak, where in _of(leaks, "L005"):
        yield leak, Problem("", f"{said[leak.why]} {where}")


@rule(
    "L006",
    "neighbour-across-splits",
    severity=Severity.WARNING,
    scope=Scope.SPLITS,
    hint="Read the two: where they ask the same thing, keep them in one split.",
)
def neighbour_across_splits(leaks: "Iterable[SplitLeak]") -> Told:
    """A question is near one of another split by its embedding.

    The same question in other words, as often as not: embeddings nominate, they decide nothing. Told only where a model is named.

    Bad:

        {"messages": [{"role": "user", "content": "How do I reset my password?"}, {"role": "assistant", "content": "Click on the link below the form."}]}
        {"messages": [{"role": "user", "content": "How can I reset my password?"}, {"role": "assistant", "content": "There is a button for it on the page."}]}

    Good:

        {"messages": [{"role": "user", "content": "How do I reset my password?"}, {"role": "assistant", "content": "Click on the link below the form."}]}
        {"messages": [{"role": "user", "content": "What is the tallest tree?"}, {"role": "assistant", "content": "A redwood."}]}
    """
    for leak, where in _of(leaks, "L006"):
        yield leak, Problem("", f"asks nearly what {where} asks, cosine similarity {leak.similarity:.2f}")


@rule("L011", "answer-across-splits", severity=Severity.ERROR, scope=Scope.SPLITS, hint=APART)
def answer_across_splits(leaks: "Iterable[SplitLeak]") -> Told:
    """An answer of one split is given in another one too, whatever the question.

    The model can give it from memory. The Jaccard similarity of the two answers is at or above `dedup.threshold`; only answers of 20 words or more
    are compared.

    Bad:

        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters the blue part of the light of the sun more than the red part, and so it comes to us from all sides of the sky."}]}
        {"messages": [{"role": "user", "content": "What makes the colour that we see above us by day?"}, {"role": "assistant", "content": "Because air scatters the blue part of the light of the sun more than the red part, and so it comes to us from all sides of the sky."}]}

    Good:

        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters blue light most."}]}
        {"messages": [{"role": "user", "content": "What makes the colour that we see above us by day?"}, {"role": "assistant", "content": "Because air scatters blue light most."}]}
    """
    for leak, where in _of(leaks, "L011"):
        yield leak, Problem("", f"answers {leak.similarity:.0%} the same as {where}")


RULES = (
    copy_across_splits,
    near_copy_across_splits,
    question_across_splits,
    answers_clash_across_splits,
    continued_across_splits,
    neighbour_across_splits,
    answer_across_splits,
)


def leaked_across(leaks: "Iterable[SplitLeak]") -> list[Finding]:
    """The findings about leaks, in their order."""
    every = list(leaks)
    order = {id(leak): at for at, leak in enumerate(every)}
    found = [(order[id(leak)], of, leak, said) for of in RULES for leak, said in of.function(every)]
    return [
        Finding(of.code, of.severity, leak.place.file, leak.place.line, said.pointer, said.message, of.hint, False, leak.example)
        for _, of, leak, said in sorted(found, key=lambda item: item[0])
    ]
