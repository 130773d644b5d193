"""Family D: duplicates that are found while the data is read, repetition in other words, and removals that are heavy.

Rules that load all examples run only when selected. D008 is run by the commands that remove lines, before they
write.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from curate.core.errors import DataError
from curate.core.example import Example, Place
from curate.core.finding import Finding, PlacedProblems, Problem, Severity
from curate.core.text import plural, quoted, visible
from curate.lint.rules.example_columns import ExampleColumns
from curate.lint.rules.rule import columns_rule, examples_rule, rule

if TYPE_CHECKING:
    from curate.core.config import DedupConfig

Found = Iterator[tuple[Example, Problem]]


@columns_rule(
    "D001",
    "exact-duplicate",
    Severity.WARNING,
    hint="Run `curate dedup` to remove the copy and keep the first. It keeps lines with an error such as M001 or M003: "
    "`curate check --select D001 --fix --unsafe-fixes` removes copies of these, too.",
)
def exact_duplicate(columns: ExampleColumns) -> PlacedProblems:
    """An example is an exact copy of an earlier one.

    The content is equal; the order of keys does not matter. A copy counts twice in training. In a test set it measures
    memorization.
    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for copy, first in columns.copies():
        yield copy, Problem("", f"exact copy of {visible(str(columns.places[first]))}")


@columns_rule(
    "D002",
    "same-but-for-spelling",
    Severity.WARNING,
    hint="Run `curate dedup`. It keeps the example with the fewest findings, then the first. `--drop D002` also removes "
    "copies whose words are joined or divided otherwise.",
)
def same_but_for_spelling(columns: ExampleColumns) -> PlacedProblems:
    """An example duplicates an earlier example after normalizing case, white space and Unicode.

    The model sees the same example again. It counts twice in training. In a test set it measures memorization. Keys
    that no trainer reads, such as `id` and `source`, are not compared.
    Bad:
        {"messages": [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "Four."}]}
        {"messages": [{"role": "user", "content": "what is 2+2?"}, {"role": "assistant", "content": "four."}]}
    Good:
        {"messages": [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "Four."}]}
        {"messages": [{"role": "user", "content": "What is 2 + 3?"}, {"role": "assistant", "content": "Five."}]}
    """
    for copy, first in columns.respelled():
        where = visible(str(columns.places[first]))
        yield (
            copy,
            Problem("", f"duplicates {where} but for case, white space, Unicode or keys that training does not use"),
        )


@examples_rule(
    "D003",
    "near-duplicate",
    Severity.WARNING,
    hint="Run `curate dedup`. It keeps the example with the fewest findings, then the first, and shows both side by "
    "side.",
)
def near_duplicate(examples: Sequence[Example]) -> Found:
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

    for duplicate in find_duplicates_in(examples, DedupConfig()).duplicates:
        if duplicate.code == "D003":
            kept_place = examples[duplicate.kept_place.line - 1].place
            yield (
                examples[duplicate.place.line - 1],
                Problem("", f"{duplicate.similarity:.0%} similar to {visible(str(kept_place))}"),
            )


@examples_rule(
    "D005", "same-question-same-answer", Severity.INFO, hint="Keep the better wording, unless several are wanted."
)
def same_question_same_answer(examples: Sequence[Example]) -> Found:
    """A question has an answer with the same content words as an earlier answer to it.

    The context is the same. The answers share at least four fifths of their content words, in any order, and agree in
    every fact. Two wordings may be wanted, but ten give one question ten times the weight.
    Bad:
        {"messages": [{"role": "user", "content": "What is the capital of Peru?"}, {"role": "assistant", "content": "The capital of Peru is Lima."}]}
        {"messages": [{"role": "user", "content": "What is the capital of Peru?"}, {"role": "assistant", "content": "In Peru, the capital is Lima."}]}
    Good:
        {"messages": [{"role": "user", "content": "What is the capital of Peru?"}, {"role": "assistant", "content": "The capital of Peru is Lima."}]}
        {"messages": [{"role": "user", "content": "What is the capital of Chile?"}, {"role": "assistant", "content": "Santiago is the capital of Chile."}]}
    """
    from curate.conflicts.repeated import same_answers  # only needed by this family

    for match in same_answers(examples):
        yield (
            match.example,
            Problem("", f"asks and answers the same as {visible(str(match.other.place))} in other words"),
        )


@examples_rule(
    "D007",
    "beginning-of-another",
    Severity.WARNING,
    hint="Run `curate dedup --beginnings` to keep only the longest conversation.",
)
def beginning_of_another(examples: Sequence[Example]) -> Found:
    """A conversation is the beginning of another one.

    Exports that write the conversation after each turn leave every prefix. Where all answers are trained on, the first
    answer counts once in each prefix. Turns and tools must be exactly equal.
    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
    Good:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello there."}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
    """
    from curate.conflicts.repeated import prefix_duplicates

    for match in prefix_duplicates(examples):
        yield match.example, Problem("", f"is the beginning of {visible(str(match.other.place))}")


@examples_rule(
    "D009",
    "same-phrase",
    Severity.INFO,
    hint="Remove the phrase where it carries no meaning. Otherwise the model will always say it.",
)
def same_phrase(examples: Sequence[Example]) -> Found:
    """More than 30% of the answers of a file begin or end with the same four words.

    The model learns phrases such as "Sure! Here is a" or "let me know if you" first and always uses them. The rule
    counts different answers of nine words or more and needs at least ten of them.
    Bad:
        {"messages": [{"role": "user", "content": "1"}, {"role": "assistant", "content": "Sure! Here is a word for the number one: uno."}]}
        {"messages": [{"role": "user", "content": "2"}, {"role": "assistant", "content": "Sure! Here is a word for the number two: due."}]}
        {"messages": [{"role": "user", "content": "3"}, {"role": "assistant", "content": "Sure! Here is a word for the number three: tre."}]}
        {"messages": [{"role": "user", "content": "4"}, {"role": "assistant", "content": "Sure! Here is a word for the number four: quattro."}]}
        {"messages": [{"role": "user", "content": "5"}, {"role": "assistant", "content": "The word for the number five is cinque, I think."}]}
        {"messages": [{"role": "user", "content": "6"}, {"role": "assistant", "content": "In Italian they would say sei for the number six."}]}
        {"messages": [{"role": "user", "content": "7"}, {"role": "assistant", "content": "Seven is sette, with two of the letter t."}]}
        {"messages": [{"role": "user", "content": "8"}, {"role": "assistant", "content": "They say otto, which is a name in German too."}]}
        {"messages": [{"role": "user", "content": "9"}, {"role": "assistant", "content": "Nove is what they say, and it means new as well."}]}
        {"messages": [{"role": "user", "content": "10"}, {"role": "assistant", "content": "Ten is dieci, a word of five letters in all."}]}
    Good:
        {"messages": [{"role": "user", "content": "1"}, {"role": "assistant", "content": "Sure! Here is a word for the number one: uno."}]}
        {"messages": [{"role": "user", "content": "2"}, {"role": "assistant", "content": "Sure! Here is a word for the number two: due."}]}
    """
    from curate.conflicts.repeated import repeated_phrases

    for _, in_file in groupby(examples, key=lambda example: example.place.file):
        for phrase in repeated_phrases(list(in_file)):
            where, words = "begin" if phrase.begins else "end", quoted(phrase.words)
            yield phrase.first, Problem("", f"{phrase.share:.0%} of the answers {where} with {words}")


@rule(
    "D004",
    "same-in-other-words",
    Severity.INFO,
    scope="meaning",
    by="`curate dedup --embeddings MODEL`",
    hint="Compare the two. Keep the better one, unless both wordings are wanted.",
)
def same_in_other_words() -> None:
    """An example asks and answers the same as another one in different words.

    The questions are the same with a probability of at least .5, by the questions and, if they are long, the answers.
    The answers are near each other, and no rule finds that they contradict each other. Different wordings are often
    wanted, but ten wordings of one question weigh as much as ten questions. Reported by `curate dedup --embeddings
    MODEL`. With all-MiniLM-L6-v2, 79% of 240 rewordings with answers of 30 to 150 words in eight languages are
    reported (82% in English, 44% in German), 3% of 240 neighbouring questions, and 45% of 240 pairs whose answers
    contradict each other in other words. Chinese and Japanese, which that model does not know, are compared
    by pairs of adjacent characters, if both answers are long (24 of 30).
    Of 57 pairs in 3,300 instructions of real files, read by hand, 35 were right (61%).
    Bad:
        {"messages": [{"role": "user", "content": "What is the chemical symbol for gold?"}, {"role": "assistant", "content": "The chemical symbol for gold is Au."}]}
        {"messages": [{"role": "user", "content": "What is the symbol for the chemical element gold?"}, {"role": "assistant", "content": "The symbol for the chemical element gold is Au."}]}
    Good:
        {"messages": [{"role": "user", "content": "What is the chemical symbol for gold?"}, {"role": "assistant", "content": "The chemical symbol for gold is Au."}]}
        {"messages": [{"role": "user", "content": "What is the chemical symbol for silver?"}, {"role": "assistant", "content": "The chemical symbol for silver is Ag."}]}
    """


@dataclass(frozen=True, slots=True)
class Removals:
    """The size of a removal, and the limits without confirmation."""

    lines: Mapping[str, int]
    """Number of lines by file."""
    removed: Mapping[str, int]
    """Number of lines to remove, by file."""
    clusters: Mapping[Place, int]
    """Number of lines to remove, by the place of the example that is kept instead."""
    limits: "DedupConfig"


@rule(
    "D008",
    "heavy-removal",
    Severity.ERROR,
    scope="removal",
    by="`curate dedup`",
    hint="Inspect some of them with `curate dedup --explain`. Then pass --yes. A higher --threshold keeps more "
    "near-duplicates; exact copies are removed at any.",
)
def heavy_removal(removals: Removals) -> Iterator[Finding]:
    """Deduplication would remove much of a file, or replace many examples with one.

    So many copies are rare. The usual cause is text that all lines share, or a threshold that is too low. `curate
    dedup` and `curate run` ask above 30% of a file, and where one example and its duplicates exceed 5% of all lines,
    but not for 100 lines or fewer. Set the limits with `stop_share`, `stop_cluster` and `stop_least` under `[dedup]`. Nothing has been
    written yet.
    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
    """
    limits = removals.limits
    for file, lines in removals.lines.items():
        removed = removals.removed.get(file, 0)
        if removed > limits.stop_least and removed > limits.stop_share * lines:
            yield heavy_removal.finding(
                Place(file, 0),
                f"{removed:,} of {plural(lines, 'line')} would be removed, {removed / lines:.0%}; more than "
                f"{limits.stop_share:.0%} requires confirmation",
            )
    total = sum(removals.lines.values())
    large = [
        (kept_place, removed)
        for kept_place, removed in removals.clusters.items()
        if removed > limits.stop_least and removed + 1 > limits.stop_cluster * total
    ]
    for kept_place, removed in sorted(large, key=lambda item: (-item[1], item[0])):
        text = (
            f"{plural(removed, 'line')} would be removed as duplicates of this one, {(removed + 1) / total:.0%} of all; "
            f"more than {limits.stop_cluster:.0%} requires confirmation"
        )
        yield heavy_removal.finding(kept_place, text)


def heavy(removals: Removals) -> list[Finding]:
    """The findings about a removal: files first, then clusters by size."""
    return list(heavy_removal.function(removals))


def require_small_removals(large_removals: Sequence[Finding], hint: str) -> None:
    """Raise `DataError` with the `hint` if there is a finding about a removal that nobody confirmed."""
    if large_removals:
        text = "; ".join(f"{finding.code} {finding.file}: {finding.message}" for finding in large_removals)
        raise DataError(text, hint)
