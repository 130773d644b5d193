"""Requests that a data set has with different answers, whose lines are read again to compare them."""

from bisect import bisect_right
from itertools import accumulate
from typing import Final

from curate.lint.rules.dataset_summary import DatasetSummary
from curate.lint.rules.example_summary import equal_groups

MAX_COMPARED_ANSWERS: Final = 8
"""Number of different answers of a request that are compared, which bounds the time for samples of one prompt."""
MAX_READ_AGAIN: Final = 100_000
"""Number of answers that are read again; they are in memory together."""
Groups = list[list[int]]
"""Numbers of examples with equal requests and different answers, in order."""


def repeated_requests(summary: DatasetSummary, labelled: set[int | None]) -> tuple[Groups, Groups]:
    """The groups whose answers are compared, without `labelled` examples, and those that are too many for it."""
    found = []
    for group in equal_groups(summary.asked):
        first: dict[int, int] = {}
        for at in group:
            if at not in labelled:
                first.setdefault(summary.answered[at], at)
        if summary.asked[group[0]] and len(first) > 1:
            found.append(list(first.values())[:MAX_COMPARED_ANSWERS])
    found.sort()
    compared = bisect_right(list(accumulate(map(len, found))), MAX_READ_AGAIN)
    return found[:compared], found[compared:]
