"""Families D, Q and X over last answers: exact matches by 64-bit hashes, without a model, for any number of lines."""

from array import array
from bisect import bisect_left
from collections import Counter
from typing import Final

import xxhash

from curate.core.finding import PlacedProblems, Problem, Severity
from curate.core.text import excerpt, plural, visible
from curate.corpus.strata import are_labels, normalized_label
from curate.lint.rules.dataset_summary import DatasetSummary
from curate.lint.rules.example_summary import (
    CLASSIFIED,
    FRAGMENT,
    FRAGMENT_START_CHARS,
    LABEL,
    MAX_LABEL_CHARS,
    TEXT,
    equal_groups,
)
from curate.lint.rules.prefilter import StartsWith
from curate.lint.rules.rule import profile_rule

MIN_QUESTIONS: Final = 10
"""Number of different questions from which a common answer is suspicious."""
MAX_LOWERCASE_SHARE: Final = 0.1
"""Maximum share of a file's longer answers that begin in lower case for these to be reported."""


@profile_rule(
    "X005",
    "labels-differ",
    Severity.WARNING,
    hint="`curate review` shows both: keep one, both or neither, or correct an answer.",
)
def labels_differ(known: DatasetSummary) -> PlacedProblems:
    """One input has two different labels.

    Classification data has one right answer, and no model can learn two. The inputs are exactly equal: system prompt,
    turns, tools, images and other attachments. Answers count as labels if a request names classes, or if nine in ten
    answers of the file are one of a few short ones. `curate conflicts` also compares reworded inputs.
    Bad:
        {"messages": [{"role": "user", "content": "Classify the sentiment: I love it"}, {"role": "assistant", "content": "positive"}]}
        {"messages": [{"role": "user", "content": "Classify the sentiment: I love it"}, {"role": "assistant", "content": "neutral"}]}
    Good:
        {"messages": [{"role": "user", "content": "Classify the sentiment: I love it"}, {"role": "assistant", "content": "positive"}]}
        {"messages": [{"role": "user", "content": "Classify the sentiment: It is a book"}, {"role": "assistant", "content": "neutral"}]}
    """
    labels = [at for at in known.of_kind(LABEL) if known.asked[at]]
    several = [
        [labels[nth] for nth in group]
        for group in equal_groups(array(known.asked.typecode, map(known.asked.__getitem__, labels)))
    ]
    several = [group for group in several if len({known.answered[at] for at in group}) > 1]
    if not several:
        return
    texts = {xxhash.xxh64_intdigest(label.encode("utf-8", "surrogatepass")): label for label in known.labels}
    classes = [examples for file, examples in known.places.by_file().items() if _has_classes(known, examples, texts)]
    found = []
    for group in several:
        labelled = [
            at
            for at in group
            if known.answered[at] in texts
            and (known.kinds[at] & CLASSIFIED or any(at in examples for examples in classes))
        ]
        reported: dict[str, int] = {}
        for at in labelled:
            label = texts[known.answered[at]]
            if normalized_label(label) not in reported:
                if reported:
                    first = labelled[0]
                    before = excerpt(texts[known.answered[first]], 40)
                    where = f"{visible(str(known.places[first]))} has the same input and the label {before!r}"
                    found.append((at, f"is labelled {excerpt(label, 40)!r}, but {where}"))
                reported[normalized_label(label)] = at
    for at, message in sorted(found):
        yield at, Problem("", message)


def _has_classes(known: DatasetSummary, examples: range, texts: dict[int, str]) -> bool:
    """Whether the answers of a file are class labels."""
    given = Counter(known.answered[at] if known.kinds[at] & LABEL else 0 for at in examples)
    counts: Counter[str] = Counter()
    for digest, count in given.items():
        counts[normalized_label(texts[digest]) if digest in texts else ""] += count
    return are_labels(counts)


@profile_rule(
    "D006",
    "one-answer-for-many",
    Severity.WARNING,
    hint="Check the questions. An answer that fits all of them says little about each.",
)
def one_answer_for_many(known: DatasetSummary) -> PlacedProblems:
    """Ten or more different questions have the same answer.

    Causes are a fallback answer of the source system, an unfilled template or a scraped footer. The answers are exactly
    equal. Answers of up to 40 characters may be class names and do not count; F003 covers refusals.
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
    large = (
        group for group in equal_groups(known.answered) if len(group) >= MIN_QUESTIONS and known.kinds[group[0]] & TEXT
    )
    for first, asked, count in sorted(
        (group[0], len({known.asked[at] for at in group}), len(group)) for group in large
    ):
        if asked >= MIN_QUESTIONS:
            share = count / len(known.answered)
            where = f"in {plural(count, 'example')}, {share:.1%} of all"
            yield first, Problem("", f"the same answer to {asked:,} different questions, {where}")


@profile_rule(
    "Q024",
    "begins-mid-sentence",
    Severity.INFO,
    prefilter=StartsWith(FRAGMENT_START_CHARS, longer=MAX_LABEL_CHARS),
    hint="Compare the answer with its question. The beginning was cut off, or is part of the question.",
)
def begins_mid_sentence(known: DatasetSummary) -> PlacedProblems:
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
    begun, prose = known.of_kind(FRAGMENT), known.of_kind(TEXT)
    for examples in known.places.by_file().values() if begun else ():
        inside = begun[bisect_left(begun, examples.start) : bisect_left(begun, examples.stop)]
        if len(inside) <= MAX_LOWERCASE_SHARE * (
            bisect_left(prose, examples.stop) - bisect_left(prose, examples.start)
        ):
            for at in inside:
                yield at, Problem("", "the last answer begins in the middle of a sentence")
