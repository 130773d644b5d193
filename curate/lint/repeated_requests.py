"""Requests that a data set has with different answers, whose lines are read again to compare them."""

from bisect import bisect_right
from itertools import accumulate
from typing import Final

from curate.lint.rules.example_columns import ExampleColumns
from curate.lint.rules.example_summary import equal_groups, may_contradict

MAX_COMPARED_ANSWERS: Final = 8
"""Number of different answers of a request that are compared, which bounds the time for samples of one prompt."""
MAX_READ_AGAIN: Final = 100_000
"""Number of answers within a file, and of answers in different files, that are read again."""
Groups = list[list[int]]
"""Numbers of examples with equal requests and different answers, in order."""


def repeated_requests(columns: ExampleColumns, labelled: set[int]) -> tuple[Groups, Groups]:
    """The groups whose answers are compared, without `labelled` examples, and those that are too many for it.

    Groups whose answers cannot contradict each other, by their kinds, are in neither.
    The groups of each file come first, which do not depend on other files, then those over several files.
    """
    by_file: dict[str, Groups] = {}
    across: Groups = []
    for group in equal_groups(columns.asked):
        unlabelled = [example for example in group if example not in labelled] if columns.asked[group[0]] else []
        files = columns.by_file(unlabelled)
        for in_file in files:
            if len(answers := _different_answers(in_file, columns)[:MAX_COMPARED_ANSWERS]) > 1:
                by_file.setdefault(columns.places.file_of(in_file[0]), []).append(answers)
        # of several files, which answers are compared does not depend on the order of the files
        answers = sorted(_different_answers(unlabelled, columns), key=columns.answered.__getitem__)
        answers = sorted(answers[:MAX_COMPARED_ANSWERS])
        if len(columns.by_file(answers)) > 1:
            across.append(answers)
    compared, left_out = Groups(), Groups()
    for groups in (*by_file.values(), across):
        groups.sort()
        end = bisect_right(list(accumulate(map(len, groups))), MAX_READ_AGAIN)
        compared += [group for group in groups[:end] if may_contradict([columns.kinds[example] for example in group])]
        left_out += groups[end:]
    return compared, left_out


def _different_answers(group: list[int], columns: ExampleColumns) -> list[int]:
    """The first example with each answer, in order."""
    first: dict[int, int] = {}
    for example in group:
        first.setdefault(columns.answered[example], example)
    return list(first.values())
