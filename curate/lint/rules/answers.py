"""Families D, Q and X over last answers: exact matches by 64-bit hashes, without a model, for any number of lines."""

from array import array
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

from curate.core.finding import PlacedProblems, Problem, Severity
from curate.core.text import plural, quoted, visible
from curate.corpus.strata import are_labels
from curate.lint.rules.dataset_summary import DatasetSummary
from curate.lint.rules.example_columns import ExampleColumns
from curate.lint.rules.example_summary import (
    CLASSIFIED,
    FRAGMENT,
    LABEL,
    TEXT,
    equal_groups,
)
from curate.lint.rules.rule import columns_rule, profile_rule

MIN_QUESTIONS: Final = 10
"""Number of different questions from which a common answer is suspicious."""
MAX_LOWERCASE_SHARE: Final = 0.1
"""Maximum share of a file's longer answers that begin in lower case for these to be reported."""


@columns_rule(
    "X005",
    "labels-differ",
    Severity.WARNING,
    hint="`curate review` shows both: keep one, both or neither, or correct an answer.",
)
def labels_differ(columns: ExampleColumns) -> PlacedProblems:
    """One input has two different labels.

    Classification data has one right answer, and no model can learn two. The inputs are exactly equal: system prompt,
    turns, tools, images and other attachments. Answers count as labels if a request names classes, or if nine in ten
    answers of the file are one of a few short ones. `curate conflicts` also compares reworded inputs. Of 50 findings in
    tweets, reviews and editorials whose sentiment people rated (VADER), read by hand, 50 were right (100%). In 17,671
    shared chats and 131,548 exchanges of small talk, it reports none.
    Bad:
        {"messages": [{"role": "user", "content": "Classify the sentiment: I love it"}, {"role": "assistant", "content": "positive"}]}
        {"messages": [{"role": "user", "content": "Classify the sentiment: I love it"}, {"role": "assistant", "content": "neutral"}]}
    Good:
        {"messages": [{"role": "user", "content": "Classify the sentiment: I love it"}, {"role": "assistant", "content": "positive"}]}
        {"messages": [{"role": "user", "content": "Classify the sentiment: It is a book"}, {"role": "assistant", "content": "neutral"}]}
    """
    labels = [example for example in columns.of_kind(LABEL) if columns.asked[example]]
    requests = array(columns.asked.typecode, map(columns.asked.__getitem__, labels))
    conflicting = [[labels[index] for index in group] for group in equal_groups(requests)]
    conflicting = [group for group in conflicting if len({columns.answered[example] for example in group}) > 1]
    if not conflicting:
        return
    classified = {file for file, examples in columns.places.by_file().items() if _has_classes(columns, examples)}
    pairs = sorted(pair for group in conflicting for pair in _differing(columns, group, classified))
    answers = columns.answers_at({example for pair in pairs for example in pair})
    for example, first in pairs:
        before = f"has the same input and the label {quoted(answers[first], 40)}"
        text = f"is labelled {quoted(answers[example], 40)}, but {_place_text(columns, first)} {before}"
        yield example, Problem("", text)


def _differing(columns: ExampleColumns, group: list[int], classified: Collection[str]) -> Iterator[tuple[int, int]]:
    """The first example of each further label of one input, each with the first example of its file.

    The first example of a file is paired with the first of all files.
    """
    labelled = [
        example
        for example in group
        if columns.kinds[example] & CLASSIFIED or columns.places.file_of(example) in classified
    ]
    earlier: set[int] = set()
    for in_file in columns.by_file(labelled):
        if earlier and columns.answered[in_file[0]] not in earlier:
            yield in_file[0], labelled[0]
        answers = {columns.answered[in_file[0]]}
        for example in in_file[1:]:
            if columns.answered[example] not in answers:
                answers.add(columns.answered[example])
                yield example, in_file[0]
        earlier |= answers


def _has_classes(columns: ExampleColumns, examples: range) -> bool:
    """Whether the answers of a file are class labels."""
    return are_labels(
        Counter(columns.answered[example] if columns.kinds[example] & LABEL else 0 for example in examples)
    )


@columns_rule(
    "D006",
    "one-answer-for-many",
    Severity.WARNING,
    hint="Check the questions. An answer that fits all of them says little about each.",
)
def one_answer_for_many(columns: ExampleColumns) -> PlacedProblems:
    """Ten or more different questions have the same answer.

    Causes are a fallback answer of the source system, an unfilled template or a scraped footer. The answers are exactly
    equal. Answers of up to 40 characters may be class names and do not count; F003 covers refusals. Questions of several
    files count together if no file has ten.
    Bad:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "Thank you for your question, we will come back to you."}]}
        {"messages": [{"role": "user", "content": "Name a bird."}, {"role": "assistant", "content": "Thank you for your question, we will come back to you."}]}
        {"messages": [{"role": "user", "content": "Name a fish."}, {"role": "assistant", "content": "Thank you for your question, we will come back to you."}]}
        {"messages": [{"role": "user", "content": "Name a city."}, {"role": "assistant", "content": "Thank you for your question, we will come back to you."}]}
        {"messages": [{"role": "user", "content": "Name a poet."}, {"role": "assistant", "content": "Thank you for your question, we will come back to you."}]}
        {"messages": [{"role": "user", "content": "Name a king."}, {"role": "assistant", "content": "Thank you for your question, we will come back to you."}]}
        {"messages": [{"role": "user", "content": "Name a lake."}, {"role": "assistant", "content": "Thank you for your question, we will come back to you."}]}
        {"messages": [{"role": "user", "content": "Name a star."}, {"role": "assistant", "content": "Thank you for your question, we will come back to you."}]}
        {"messages": [{"role": "user", "content": "Name a herb."}, {"role": "assistant", "content": "Thank you for your question, we will come back to you."}]}
        {"messages": [{"role": "user", "content": "Name a game."}, {"role": "assistant", "content": "Thank you for your question, we will come back to you."}]}
    Good:
        {"messages": [{"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
        {"messages": [{"role": "user", "content": "Name a bird."}, {"role": "assistant", "content": "A tit."}]}
    """
    sizes = {file: len(examples) for file, examples in columns.places.by_file().items()}
    problems: list[tuple[int, str]] = []
    for group in equal_groups(columns.answered):
        if len(group) < MIN_QUESTIONS or not columns.kinds[group[0]] & TEXT:
            continue
        files = columns.by_file(group)
        repeated = [
            (in_file, questions) for in_file in files if (questions := _questions(columns, in_file)) >= MIN_QUESTIONS
        ]
        for in_file, questions in repeated:
            share = len(in_file) / sizes[columns.places.file_of(in_file[0])]
            where = f"in {plural(len(in_file), 'example')}, {share:.1%} of the file"
            problems.append((in_file[0], f"the same answer to {questions:,} different questions, {where}"))
        if not repeated and (questions := _questions(columns, group)) >= MIN_QUESTIONS:
            where = f"in {len(group):,} examples of {len(files):,} files, such as {_place_text(columns, files[1][0])}"
            problems.append((group[0], f"the same answer to {questions:,} different questions, {where}"))
    for example, message in sorted(problems):
        yield example, Problem("", message)


def _questions(columns: ExampleColumns, examples: list[int]) -> int:
    """The number of different requests of some examples."""
    return len({columns.asked[example] for example in examples})


def _place_text(columns: ExampleColumns, example: int) -> str:
    return visible(str(columns.places[example]))


@profile_rule(
    "Q024",
    "begins-mid-sentence",
    Severity.INFO,
    hint="Compare the answer with its question. The beginning was cut off, or is part of the question.",
)
def begins_mid_sentence(summary: DatasetSummary) -> PlacedProblems:
    """An answer begins in the middle of a sentence, unlike the other answers of the file.

    A text was cut by length, or the question took the first words. The rule reports prose that begins in lower case or
    with closing punctuation, as an answer to a complete question. It skips code, lists, lower case throughout and
    requests to continue something, and reports nothing if more than a tenth of the file's longer answers begin this way. Precision 100%,
    recall 19% on faults planted into 16 real files: `curate score` finds more by the signal `beginning`.
    Bad:
        {"messages": [{"role": "user", "content": "What is rain?"}, {"role": "assistant", "content": "and falls when the drops have grown too heavy for the air to carry them."}]}
        {"messages": [{"role": "user", "content": "What is snow?"}, {"role": "assistant", "content": "Water that falls as small crystals of ice, where the air is cold enough."}]}
        {"messages": [{"role": "user", "content": "What is hail?"}, {"role": "assistant", "content": "Balls of ice that grow in the strong winds of a thunderstorm."}]}
        {"messages": [{"role": "user", "content": "What is fog?"}, {"role": "assistant", "content": "A cloud that lies on the ground, and that one can walk through."}]}
        {"messages": [{"role": "user", "content": "What is dew?"}, {"role": "assistant", "content": "Water from the air that settles on cold grass in the night."}]}
        {"messages": [{"role": "user", "content": "What is frost?"}, {"role": "assistant", "content": "Ice from the air that settles on cold grass in the night."}]}
        {"messages": [{"role": "user", "content": "What is sleet?"}, {"role": "assistant", "content": "Rain and snow that fall together, where it is neither warm nor cold."}]}
        {"messages": [{"role": "user", "content": "What is wind?"}, {"role": "assistant", "content": "Air that moves from where much of it is to where there is less."}]}
        {"messages": [{"role": "user", "content": "What is thunder?"}, {"role": "assistant", "content": "The noise of air that a stroke of lightning has heated."}]}
        {"messages": [{"role": "user", "content": "What is a storm?"}, {"role": "assistant", "content": "Wind that is strong enough to break branches and lift roofs."}]}
    Good: {"messages": [{"role": "user", "content": "What is rain?"}, {"role": "assistant", "content": "Water that falls when the drops have grown too heavy for the air to carry them."}]}
    """
    begun = summary.columns.of_kind(FRAGMENT)
    if begun and len(begun) <= MAX_LOWERCASE_SHARE * len(summary.columns.of_kind(TEXT)):
        for example in begun:
            yield example, Problem("", "the last answer begins in the middle of a sentence")
