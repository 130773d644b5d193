"""Conflicts by topic: one question, all the answers it got, and which of them most examples give."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from curate.conflicts.question import Question
from curate.core.text import normalised


@dataclass(frozen=True, slots=True)
class Stand:
    """Answers of one topic that do not clash with one another."""

    answers: tuple[Question, ...]
    """Different wordings, the most frequent one first."""
    examples: int
    """Examples that answer so, copies included."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A question on which examples disagree."""

    request: str
    """As the first of its questions puts it."""
    stands: tuple[Stand, ...]
    """The one that most examples take first."""

    @property
    def majority(self) -> Stand | None:
        """The stand that more examples take than any other; None when two are equal."""
        first, second = self.stands[0], self.stands[1] if len(self.stands) > 1 else None
        return first if second is None or first.examples > second.examples else None


def topics(pairs: Iterable[tuple[Question, Question]], asked: Sequence[Question]) -> list[Topic]:
    """The topics of clashing pairs among all questions `asked`, those that most examples belong to first."""
    clashing = list(pairs)
    parent: dict[str, str] = {}

    def root(context: str) -> str:
        while parent.setdefault(context, context) != context:
            context = parent[context]
        return context

    for left, right in clashing:
        parent[max(root(left.context), root(right.context))] = min(root(left.context), root(right.context))
    members: dict[str, list[Question]] = defaultdict(list)
    for question in asked:
        if question.context in parent:
            members[root(question.context)].append(question)
    enemies = {frozenset((normalised(left.answer), normalised(right.answer))) for left, right in clashing}
    found = [Topic(questions[0].request, _stands(questions, enemies)) for questions in members.values()]
    return sorted(found, key=lambda topic: (-sum(stand.examples for stand in topic.stands), topic.request))


def _stands(questions: Sequence[Question], enemies: set[frozenset[str]]) -> tuple[Stand, ...]:
    """Answers put together as long as none of them clash, the most frequent ones first."""
    counts = Counter(normalised(question.answer) for question in questions)
    first = {normalised(question.answer): question for question in reversed(questions)}
    stands: list[list[str]] = []
    for answer, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        home = next(
            (stand for stand in stands if not any(frozenset((answer, other)) in enemies for other in stand)), None
        )
        if home is None:
            stands.append([answer])
        else:
            home.append(answer)
    made = [
        Stand(tuple(first[answer] for answer in stand), sum(counts[answer] for answer in stand)) for stand in stands
    ]
    return tuple(sorted(made, key=lambda stand: -stand.examples))
