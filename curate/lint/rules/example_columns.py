"""What rules that compare examples read of each of them: 37 bytes per example, for all files together.

A file's findings do not depend on the other files: examples of one file are compared with each other first. A finding
that another file causes is additional, and names a place in it.
"""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, groupby
from typing import Final

from curate.core.typed_json import NOT_STORED
from curate.lint.rules.example_summary import (
    NO_ANSWER,
    LastAnswer,
    Places,
    equal_groups,
    may_contradict,
    sorted_columns,
)

NAMES: Final = ("exact", "folded", "asked", "answered", "kinds")


def _no_answers(_: Collection[int]) -> dict[int, str]:
    return {}


@dataclass(slots=True)
class ExampleColumns:
    """A column for each value that examples are compared by, in the order of the examples."""

    places: Places = field(default_factory=Places)
    exact: "array[int]" = field(default_factory=lambda: array("Q"))
    """64-bit hash of each example's content."""
    folded: "array[int]" = field(default_factory=lambda: array("Q"))
    """64-bit hash of each example's normalized content without white space."""
    asked: "array[int]" = field(default_factory=lambda: array("Q"))
    """64-bit hash of the request of each example's last answer; 0 if the example does not end with an answer."""
    answered: "array[int]" = field(default_factory=lambda: array("Q"))
    """64-bit hash of that answer: of a label as `normalized_label` writes it, of other answers exactly."""
    kinds: "array[int]" = field(default_factory=lambda: array("B"))
    """The kind of that answer (see `curate.lint.rules.example_summary`)."""
    answers_at: Callable[[Collection[int]], dict[int, str]] = field(default=_no_answers, metadata=NOT_STORED)
    """Reads the last answers of some examples again, by index."""

    def add_answer(self, last: LastAnswer = NO_ANSWER) -> None:
        """Append the last answer of the next example."""
        self.asked.append(last.asked)
        self.answered.append(last.answer)
        self.kinds.append(last.kinds)

    def extend(self, following: "ExampleColumns", before: int = 0) -> None:
        """Append following examples, with `before` lines of their file before them."""
        self.places.extend(following.places, before)
        for name in NAMES:
            getattr(self, name).extend(getattr(following, name))

    def sort(self, order: list[int]) -> None:
        """Sort the examples, all of one chunk, by these numbers."""
        columns = (self.exact, self.folded, self.asked, self.answered, self.kinds, self.places.lines)
        self.exact, self.folded, self.asked, self.answered, self.kinds, self.places.lines = sorted_columns(
            order, columns
        )
        if nths := self.places.nths:
            positions = sorted(range(len(order)), key=order.__getitem__)
            self.places.nths = {index: nths[before] for index, before in enumerate(positions) if before in nths}

    def of_kind(self, kind: int) -> list[int]:
        """The examples whose last answer is of a kind, in order."""
        return [index for index, kinds in enumerate(self.kinds) if kinds & kind]

    def by_file(self, group: list[int]) -> list[list[int]]:
        """Some examples, in order, in groups of one file each."""
        return [list(in_file) for _, in_file in groupby(group, key=self.places.file_of)]

    def copies(self) -> list[tuple[int, int]]:
        """Exact copies in order, each with the first example of its content in its file.

        The first copy of a file is paired with the first of all files.
        """
        copies = []
        for group in equal_groups(self.exact):
            for in_file in self.by_file(group):
                copies += [(index, in_file[0]) for index in in_file[1:]]
                if in_file[0] != group[0]:
                    copies.append((in_file[0], group[0]))
        return sorted(copies)

    def respelled(self) -> list[tuple[int, int]]:
        """Duplicates after normalization that are not exact copies, one per content, each with the first example of its
        file. The first example of a file is paired with the first of all files.
        """
        copies = []
        for group in equal_groups(self.folded):
            earlier: set[int] = set()
            for first, *others in self.by_file(group):
                if earlier and self.exact[first] not in earlier:
                    copies.append((first, group[0]))
                copies += self._other_spellings(first, others)
                earlier.update(self.exact[index] for index in (first, *others))
        return sorted(copies)

    def _other_spellings(self, first: int, copies: list[int]) -> Iterator[tuple[int, int]]:
        """The duplicates in one file whose exact content no earlier one has, each with `first`."""
        spellings = {self.exact[first]}
        for copy in copies:
            if self.exact[copy] not in spellings:
                spellings.add(self.exact[copy])
                yield copy, first


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
    by_file: dict[str, Groups] = {file: [] for file in columns.places.by_file()}
    across: Groups = []
    repeated = [group for group in equal_groups(columns.asked) if columns.asked[group[0]]]
    if sum(map(len, repeated)) <= MAX_READ_AGAIN:  # none is too many, so that these would be in neither list
        repeated = [group for group in repeated if may_contradict([columns.kinds[example] for example in group])]
    for group in repeated:
        unlabelled = [example for example in group if example not in labelled]
        files = columns.by_file(unlabelled)
        for in_file in files:
            if len(answers := _different_answers(in_file, columns)[:MAX_COMPARED_ANSWERS]) > 1:
                by_file[columns.places.file_of(in_file[0])].append(answers)
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
