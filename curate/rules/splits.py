"""Family L across splits: what one file has of another that a model is measured by. `docs/leaks.md` defines each; `curate verify` counts them by code of its own,
which these rules only document. L004, a question whose answers clash in two splits, is retired: such a pair is an L003.

In the examples below the first line is in train, the others are in test.
"""

from functools import partial
from typing import Final

from curate.finding import Severity
from curate.rules.rule import rule

APART: Final = "Move it, or the other one, so that both are in one split; `curate split` keeps such groups together."
split_rule: Final = partial(rule, scope="splits", by="`curate verify`")


@split_rule("L001", "copy-across-splits", Severity.ERROR, hint="Remove one of the two: `curate dedup --against` does it.")
def copy_across_splits() -> None:
    """An example stands in two splits.

    The model is measured by what it learned by heart, and the measure says nothing about what it does with anything new.

    Bad:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
    Good:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a bird."}, {"role": "assistant", "content": "A tit."}]}
    """


@split_rule("L002", "near-copy-across-splits", Severity.ERROR, hint=APART)
def near_copy_across_splits() -> None:
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


@split_rule("L003", "question-across-splits", Severity.ERROR, hint=APART)
def question_across_splits() -> None:
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


@split_rule("L005", "continued-across-splits", Severity.ERROR, hint=APART)
def continued_across_splits() -> None:
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


@split_rule("L006", "neighbour-across-splits", Severity.WARNING, hint="Read the two: where they ask the same thing, keep them in one split.")
def neighbour_across_splits() -> None:
    """A question is near one of another split by its embedding.

    The same question in other words, as often as not: embeddings nominate, they decide nothing. Told only where a model is named.

    Bad:
        {"messages": [{"role": "user", "content": "How do I reset my password?"}, {"role": "assistant", "content": "Click on the link below the form."}]}
        {"messages": [{"role": "user", "content": "How can I reset my password?"}, {"role": "assistant", "content": "There is a button for it on the page."}]}
    Good:
        {"messages": [{"role": "user", "content": "How do I reset my password?"}, {"role": "assistant", "content": "Click on the link below the form."}]}
        {"messages": [{"role": "user", "content": "What is the tallest tree?"}, {"role": "assistant", "content": "A redwood."}]}
    """


@split_rule("L011", "answer-across-splits", Severity.ERROR, hint=APART)
def answer_across_splits() -> None:
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


RULES = (copy_across_splits, near_copy_across_splits, question_across_splits, continued_across_splits, neighbour_across_splits, answer_across_splits)
