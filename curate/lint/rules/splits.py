"""Family L across splits: content that a split shares with another one. `docs/leaks.md` defines each kind.

`curate verify` counts them with separate code, which these rules only document. L004, a question with contradictory
answers in two splits, is retired: such a pair is an L003.

In the examples below the first line is in train, the others are in test.
"""

from functools import partial
from typing import Final

from curate.core.finding import Severity
from curate.lint.rules.rule import rule

APART: Final = "Move one of the two so that both are in one split. `curate split` keeps such groups together."
split_rule: Final = partial(rule, scope="splits", by="`curate verify`")


@split_rule("L001", "copy-across-splits", Severity.ERROR, hint="Remove one of the two with `curate dedup --against`.")
def copy_across_splits() -> None:
    """An example is in two splits.

    The score then measures memorization and says nothing about new inputs.
    Bad:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
    Good:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a bird."}, {"role": "assistant", "content": "A tit."}]}
    """


@split_rule("L002", "near-copy-across-splits", Severity.ERROR, hint=APART)
def near_copy_across_splits() -> None:
    """An example is a near-duplicate of one in another split.

    The Jaccard similarity of the full texts is at or above `dedup.threshold`, over shingles of 3 words of user,
    assistant and tool turns, without system prompts. Their attachments are equal.
    Bad:
        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters the blue part of the light of the sun more than the red part, and so it comes to us from all sides of the sky."}]}
        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters the blue part of the light of the sun more than the red part, and so it comes to us from all sides of the heavens."}]}
    Good:
        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters blue light most."}]}
        {"messages": [{"role": "user", "content": "Why is grass green?"}, {"role": "assistant", "content": "Because leaves take up the other colours."}]}
    """


@split_rule("L003", "question-across-splits", Severity.ERROR, hint=APART)
def question_across_splits() -> None:
    """A question is in two splits.

    The model has seen the question with an answer, whatever that answer is. The rule compares the words of all user
    turns and the attachments, and ignores system prompts and tools.
    Bad:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a  tree."}, {"role": "assistant", "content": "An oak grows tall and old in most of Europe."}]}
    Good:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a bird."}, {"role": "assistant", "content": "A tit."}]}
    """


@split_rule("L005", "continued-across-splits", Severity.ERROR, hint=APART)
def continued_across_splits() -> None:
    """A conversation is the beginning of one in another split, or comes from the same source.

    All turns of the shorter one, which ends with an answer, are the first turns of the longer one, compared by role and
    words. Sources are compared by the key that names them (`--group-by`): a person, a document, a ticket.
    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a bird."}, {"role": "assistant", "content": "A tit."}]}
    """


@split_rule(
    "L006",
    "neighbour-across-splits",
    Severity.WARNING,
    hint="Compare the two. If they ask the same thing, keep them in one split.",
)
def neighbour_across_splits() -> None:
    """A question is close to one in another split by its embedding.

    Two such questions often ask the same in other words. Embeddings only suggest pairs: compare the two. Reported only
    if a model is named.
    Bad:
        {"messages": [{"role": "user", "content": "How do I reset my password?"}, {"role": "assistant", "content": "Click on the link below the form."}]}
        {"messages": [{"role": "user", "content": "How can I reset my password?"}, {"role": "assistant", "content": "There is a button for it on the page."}]}
    Good:
        {"messages": [{"role": "user", "content": "How do I reset my password?"}, {"role": "assistant", "content": "Click on the link below the form."}]}
        {"messages": [{"role": "user", "content": "What is the tallest tree?"}, {"role": "assistant", "content": "A redwood."}]}
    """


@split_rule("L011", "answer-across-splits", Severity.ERROR, hint=APART)
def answer_across_splits() -> None:
    """An answer is in two splits, whatever the question.

    The model can recall the answer. The Jaccard similarity of the two answers is at or above `dedup.threshold`. Only
    answers of 20 words or more are compared.
    Bad:
        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters the blue part of the light of the sun more than the red part, and so it comes to us from all sides of the sky."}]}
        {"messages": [{"role": "user", "content": "What makes the colour that we see above us by day?"}, {"role": "assistant", "content": "Because air scatters the blue part of the light of the sun more than the red part, and so it comes to us from all sides of the sky."}]}
    Good:
        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters blue light most."}]}
        {"messages": [{"role": "user", "content": "What makes the colour that we see above us by day?"}, {"role": "assistant", "content": "Because air scatters blue light most."}]}
    """
