"""Family L: what splits share, their sizes, benchmarks in the training data, and folders that are not as written.

`docs/leaks.md` defines each kind of leak. `curate verify` finds leaks and changed folders with separate code, and
`curate decontaminate` reads the benchmark; L004, a question with contradictory answers in two splits, is retired: such
a pair is an L003.

In the examples of rules about two splits, the first line is in train, the others are in test. Those of L008 are split
into three equal parts, where one example is enough; of L009 and L010, the first line was read and the others are in the
folder.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import Final, NamedTuple

from curate.core.example import Place
from curate.core.finding import Finding, Severity
from curate.core.text import plural, quoted, visible
from curate.lint.rules.rule import rule

APART_HINT: Final = "Move one of the two so that both are in one split. `curate split` keeps such groups together."
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


@split_rule("L002", "near-copy-across-splits", Severity.ERROR, hint=APART_HINT)
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


@split_rule("L003", "question-across-splits", Severity.ERROR, hint=APART_HINT)
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


@split_rule("L005", "continued-across-splits", Severity.ERROR, hint=APART_HINT)
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


@split_rule("L012", "first-turn-across-splits", Severity.ERROR, hint=APART_HINT)
def first_turn_across_splits() -> None:
    """A first user turn is in two splits, whatever follows.

    Branches of one conversation tree begin alike. Only first turns of 8 words or more are compared, by their words.
    Attachments are equal. A first turn that too many examples share is listed by `curate verify` and not reported.
    Bad:
        {"messages": [{"role": "user", "content": "How do I keep a beech hedge green in winter?"}, {"role": "assistant", "content": "Cut it in August."}, {"role": "user", "content": "Why then?"}, {"role": "assistant", "content": "It keeps its leaves."}]}
        {"messages": [{"role": "user", "content": "How do I keep a beech hedge green in winter?"}, {"role": "assistant", "content": "You cannot."}, {"role": "user", "content": "What else is there?"}, {"role": "assistant", "content": "Try yew."}]}
    Good:
        {"messages": [{"role": "user", "content": "How do I keep a beech hedge green in winter?"}, {"role": "assistant", "content": "Cut it in August."}, {"role": "user", "content": "Why then?"}, {"role": "assistant", "content": "It keeps its leaves."}]}
        {"messages": [{"role": "user", "content": "Name a bird."}, {"role": "assistant", "content": "A tit."}]}
    """


@split_rule("L013", "near-question-across-splits", Severity.ERROR, hint=APART_HINT)
def near_question_across_splits() -> None:
    """A question is in two splits, with a typing error, or an article, a greeting, a polite word or a phrase more.

    A phrase stands before the request, such as "Could you please tell me". Without one, only questions of 6 words or
    more are compared. Their words have a Jaccard similarity of 0.8 or more and are equal
    but for small words and the spelling of one word. Questions that differ in a number, a negation or another word are
    different questions.
    Bad:
        {"messages": [{"role": "user", "content": "How do I keep a tall beech hedge green all winter long?"}, {"role": "assistant", "content": "Cut it in August."}]}
        {"messages": [{"role": "user", "content": "How do I keep a tall beech hegde green all winter long?"}, {"role": "assistant", "content": "You cannot."}]}
    Good:
        {"messages": [{"role": "user", "content": "What is the sum of the two whole numbers 12 and 7?"}, {"role": "assistant", "content": "19."}]}
        {"messages": [{"role": "user", "content": "What is the sum of the two whole numbers 12 and 8?"}, {"role": "assistant", "content": "20."}]}
    """


@split_rule("L014", "document-across-splits", Severity.ERROR, hint=APART_HINT)
def document_across_splits() -> None:
    """A document is in two splits: a block of text in a turn of the system, the user or a tool, or under `documents`.

    The model has seen the document in training. Two turns have the same 30 words from the beginning of a line or a
    sentence on, or up to the end of a line; the block of one example can be the answer of the other. A document that too many
    examples share, such as a system prompt, is listed by `curate verify` and not reported.
    Bad:
        {"messages": [{"role": "user", "content": "The beech is a tall tree with smooth grey bark and leaves that turn to copper in autumn, which grows on chalk all over Europe, and whose nuts feed mice and jays.\\n\\nWhat colour is the bark?"}, {"role": "assistant", "content": "Grey."}]}
        {"messages": [{"role": "user", "content": "The beech is a tall tree with smooth grey bark and leaves that turn to copper in autumn, which grows on chalk all over Europe, and whose nuts feed mice and jays.\\n\\nWho eats the nuts?"}, {"role": "assistant", "content": "Mice."}]}
    Good:
        {"messages": [{"role": "user", "content": "What colour is the bark of a beech?"}, {"role": "assistant", "content": "Grey."}]}
        {"messages": [{"role": "user", "content": "Who eats the nuts of the beech?"}, {"role": "assistant", "content": "Mice."}]}
    """


@split_rule("L011", "answer-across-splits", Severity.ERROR, hint=APART_HINT)
def answer_across_splits() -> None:
    """An answer is in two splits, whatever the question.

    The model can recall the answer. The Jaccard similarity of the two answers is at or above `dedup.threshold`. Only
    answers of 20 words or more are compared. Of several answers in a conversation, each is compared, and all together.
    Bad:
        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters the blue part of the light of the sun more than the red part, and so it comes to us from all sides of the sky."}]}
        {"messages": [{"role": "user", "content": "What makes the colour that we see above us by day?"}, {"role": "assistant", "content": "Because air scatters the blue part of the light of the sun more than the red part, and so it comes to us from all sides of the sky."}]}
    Good:
        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters blue light most."}]}
        {"messages": [{"role": "user", "content": "What makes the colour that we see above us by day?"}, {"role": "assistant", "content": "Because air scatters blue light most."}]}
    """


@split_rule("L015", "cut-answer-across-splits", Severity.ERROR, hint=APART_HINT)
def cut_answer_across_splits() -> None:
    """An answer is the beginning or the end of a longer answer in another split.

    The model can recall the answer. All words of an answer of 20 words or more are the first or the last words of a
    longer one, such as of one that was not cut off. Each assistant turn of a conversation is compared, and reasoning of
    20 words or more.
    Bad:
        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters the blue part of the light of the sun more than the red part, and so it comes to us from all sides of the sky. At sunset the way through the air is longer, and only the red part of the light is left."}]}
        {"messages": [{"role": "user", "content": "What makes the colour that we see above us by day?"}, {"role": "assistant", "content": "Because air scatters the blue part of the light of the sun more than the red part, and so it comes to us from"}]}
    Good:
        {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Because air scatters the blue part of the light of the sun more than the red part, and so it comes to us from all sides of the sky. At sunset the way through the air is longer, and only the red part of the light is left."}]}
        {"messages": [{"role": "user", "content": "What makes the colour that we see above us by day?"}, {"role": "assistant", "content": "Because air scatters the blue part of light."}]}
    """


MIN_HELD_OUT: Final = 50
"""Minimum number of examples for a useful held-out split."""
MAX_SHARE_FACTOR: Final = 1.5
"""Factor between actual and requested share beyond which a split is reported."""


class SplitCounts(NamedTuple):
    """The requested and the actual size of a split."""

    name: str
    requested: float
    """Requested share of the examples, 0 to 1; 0 for a split that was not requested."""
    examples: int
    share: float
    """Actual share of the examples."""
    text: float
    """Actual share of the characters."""
    missing: Sequence[tuple[str, int]] = ()
    """Classes without an example in it although there are enough, each with its number of examples."""


@dataclass(frozen=True, slots=True)
class SplitBalance:
    """The splits, and the file for their findings."""

    file: str
    parts: Sequence[SplitCounts]
    holdable: int | None = None
    """Number of examples in groups small enough to be held out; None if unknown."""


@rule(
    "L008",
    "uneven-splits",
    Severity.WARNING,
    scope="division",
    by="`curate split`",
    hint="Add data, or set other shares with --fractions or --counts. Connected examples are never divided.",
)
def uneven_splits(balance: SplitBalance) -> Iterator[str]:
    """A split is empty, too small to measure with, or far from its requested share.

    A score on a few dozen examples changes by whole points with each example. Groups of connected examples stay in one
    split, so large groups make uneven splits. With `--stratify`, classes missing from a held-out split are reported
    too.
    Bad:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "An oak."}]}
    Good:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a bird."}, {"role": "assistant", "content": "A tit."}]}
        {"messages": [{"role": "user", "content": "Name a fish."}, {"role": "assistant", "content": "A carp."}]}
    """
    total = sum(part.examples for part in balance.parts)
    could = (
        f"; {plural(balance.holdable, 'example')} can be held out at most"
        if balance.holdable is not None and balance.holdable < total
        else ""
    )
    for part in balance.parts:
        if not part.requested:
            continue
        if not part.examples:
            yield f"{part.name} is empty: there are too few examples, or one group holds most of them{could}"
            continue
        if part.examples < MIN_HELD_OUT and part.name != "train":
            yield (
                f"{part.name} has {plural(part.examples, 'example')}: each of them is {1 / part.examples:.0%} of a "
                "score"
            )
        if _differs_from_request(part, total):
            yield (
                f"{part.name} has {part.share:.1%} of the examples where {part.requested:.0%} was wanted: groups are too "
                f"large or too few{could}"
            )
        elif (
            part.examples >= MIN_HELD_OUT
            and not part.requested / MAX_SHARE_FACTOR <= part.text <= part.requested * MAX_SHARE_FACTOR
        ):
            yield (
                f"{part.name} has {part.text:.1%} of the text where {part.requested:.0%} was wanted: its examples are "
                "longer or shorter"
            )
        for name, count in part.missing[:3]:
            yield f"{part.name} has none of the {plural(count, 'example')} of {name!r}"
        if len(part.missing) > 3:
            yield f"{part.name} lacks {len(part.missing) - 3:,} other classes too"


def _differs_from_request(part: SplitCounts, total: int) -> bool:
    """Whether a split's share differs from the requested one by more than chance assignment explains."""
    chance = 2 * sqrt(total * part.requested * (1 - part.requested))
    return (
        not part.requested / MAX_SHARE_FACTOR <= part.share <= part.requested * MAX_SHARE_FACTOR
        and abs(part.examples - total * part.requested) > chance
    )


def unbalanced(balance: SplitBalance) -> list[Finding]:
    """The findings about the splits, in order."""
    return [uneven_splits.finding(Place(balance.file, 0), problem) for problem in uneven_splits.function(balance)]


MAX_SHOWN_CHARS = 80
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
    """`run`: consecutive words; `whole`: a turn equals the item; `near`: a turn is similar to it; `meaning`: a turn asks
    for it in other words.
    """
    words: str
    """The longest common run of words; empty for `near` and `meaning`."""
    share: float
    """Share of the item's words in common runs, 0 to 1; for `near`, the Jaccard similarity; for `meaning`, the
    probability."""
    others: int = 0
    """Other items in the same example."""


@rule(
    "L007",
    "benchmark-in-training",
    Severity.WARNING,
    scope="benchmark",
    by="`curate decontaminate`",
    hint="Remove the example with `curate decontaminate -o OUT`, or report no score on that benchmark.",
)
def benchmark_in_training(leaks: Iterable[Leak]) -> Iterator[Finding]:
    """An example contains a question or an answer of a benchmark.

    A model trained on a benchmark recalls it instead of solving it. An item is found by a shared run of 13 words, by a
    short question that is equal word for word, or by a turn that is similar to it; with `--embeddings MODEL` also by a
    turn that asks for it in other words.
    Bad: {"messages": [{"role": "user", "content": "Which gas do plants take up from the air to make sugar in the light of the sun?"}, {"role": "assistant", "content": "Carbon dioxide."}]}
    Good: {"messages": [{"role": "user", "content": "Which gas do people breathe out?"}, {"role": "assistant", "content": "Carbon dioxide."}]}
    """
    for leak in leaks:
        where = f"{visible(str(leak.benchmark))} ({visible(leak.field)})"
        more = f"; and {leak.others:,} other items" if leak.others else ""
        if leak.kind == "near":
            text = f"is similar to {where}, similarity {leak.share:.2f}"
        elif leak.kind == "meaning":
            text = f"asks for {where} in other words, probability {leak.share:.2f}"
        elif leak.kind == "whole":
            text = f"is {where} word for word: {quoted(leak.words, MAX_SHOWN_CHARS)}"
        else:
            text = (
                f"shares {len(leak.words.split())} consecutive words with {where}, {leak.share:.0%} of it is in this "
                f"text: {quoted(leak.words, MAX_SHOWN_CHARS)}"
            )
        yield benchmark_in_training.finding(leak.place, text + more, pointer=leak.pointer, example=leak.example)


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
