"""Which answers are compared: those to the same question, in the same setting; equal requests behind different system prompts too.

Equal questions need no model. Of the others those are compared whose setting and particulars (numbers, names, quoted words) are
equal, whose embeddings are near, and whose words of meaning agree. Only within groups of equal particulars are there pairs at
all, so most questions need no embedding.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Final, NamedTuple

from curate.conflicts.question import Question, same_request
from curate.core.config import ConflictsConfig
from curate.core.text import excerpt, normalised, plural
from curate.models.embeddings import embed, neighbours

CROWDED: Final = 50
"""Different answers to one question from which it is open-ended by use, and its answers are not compared."""
ACROSS: Final = 5
"""Answers of each of two like questions that are compared with those of the other."""


class Nominee(NamedTuple):
    """Two answers to the same question, and the cosine similarity of the questions (1.0: they are equal)."""

    left: Question
    right: Question
    similarity: float

    @property
    def systems_differ(self) -> bool:
        """Whether system prompts before the two say something else, which may be why the answers differ."""
        return self.left.setting != self.right.setting


Groups = dict[str, dict[str, Question]]
"""Questions by context, then by answer, normalised."""


def grouped(questions: Sequence[Question]) -> Groups:
    """The questions by what they ask, then by what is answered; of equal answers the first stands for all."""
    groups: Groups = defaultdict(dict)
    for question in questions:
        groups[question.context].setdefault(normalised(question.answer), question)
    return groups


def equal(groups: Groups, notes: list[str]) -> Iterator[Nominee]:
    """Pairs of different answers to equal questions; says in `notes` what has too many answers to be compared."""
    crowded = [group for group in groups.values() if len(group) > CROWDED]
    if crowded:
        asked = excerpt(next(iter(crowded[0].values())).request, 50)
        notes.append(f"{plural(len(crowded), 'question')} with more than {CROWDED} different answers not compared: open-ended by use, e.g. {asked!r}")
    for group in groups.values():
        if len(group) <= CROWDED:
            yield from (Nominee(left, right, 1.0) for left, right in combinations(group.values(), 2))


def alike(groups: Groups, config: ConflictsConfig, cache: Path | None, progress: Callable[[int], None] | None = None) -> Iterator[Nominee]:
    """Pairs of different answers to questions that ask the same thing in other words."""
    blocks: dict[tuple[str, str], list[dict[str, Question]]] = defaultdict(list)
    for group in groups.values():
        if len(group) <= CROWDED:
            first = next(iter(group.values()))
            blocks[first.setting, first.particulars].append(group)
    compared = [block for block in blocks.values() if len(block) > 1]
    vectors = embed([next(iter(group.values())).request for block in compared for group in block], config.embeddings, cache, progress)
    start = 0
    for block in compared:
        for i, j, similarity in neighbours(vectors[start : start + len(block)], config.similarity):
            if same_request(next(iter(block[i].values())), next(iter(block[j].values()))):
                yield from _across(block[i], block[j], round(min(similarity, 1.0), 4))
        start += len(block)


def _across(left: dict[str, Question], right: dict[str, Question], similarity: float) -> Iterator[Nominee]:
    for (a, one), (b, other) in product(list(left.items())[:ACROSS], list(right.items())[:ACROSS]):
        if a != b:
            yield Nominee(one, other, min(similarity, 0.9999))


def elsewhere(groups: Groups, notes: list[str]) -> Iterator[Nominee]:
    """Pairs of different answers to equal requests behind other system prompts, where none behind the same one has these answers."""
    requests: dict[str, list[dict[str, Question]]] = defaultdict(list)
    for group in groups.values():
        requests[next(iter(group.values())).asks].append(group)
    crowded = 0
    for others in requests.values():
        if len(others) < 2:
            continue
        first: dict[str, Question] = {}
        for group in others:
            for answer, question in group.items():
                first.setdefault(answer, question)
        if len(first) > CROWDED:
            crowded += 1
            continue
        for (a, left), (b, right) in combinations(first.items(), 2):
            if not any(a in group and b in group for group in others):
                yield Nominee(left, right, 1.0)
    if crowded:
        notes.append(f"{plural(crowded, 'question')} with more than {CROWDED} different answers behind different system prompts not compared across these")
