"""Conflicts by topic: a question, all of its answers, and the answer that most examples give."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from curate.conflicts.question import Question
from curate.core.text import normalised


@dataclass(frozen=True, slots=True)
class AnswerGroup:
    """Answers of one topic that do not contradict each other."""

    answers: tuple[Question, ...]
    """Different wordings, the most frequent one first."""
    examples: int
    """Number of examples with one of these answers, including copies."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A question on which examples disagree."""

    request: str
    """The wording of the first question."""
    groups: tuple[AnswerGroup, ...]
    """The group with the most examples first."""

    @property
    def majority(self) -> AnswerGroup | None:
        """The group with more examples than any other; None if two are equal."""
        first, second = self.groups[0], self.groups[1] if len(self.groups) > 1 else None
        return first if second is None or first.examples > second.examples else None


def topics(pairs: Iterable[tuple[Question, Question]], questions: Sequence[Question]) -> list[Topic]:
    """The topics of clashing pairs among all questions `questions`, those that most examples belong to first."""
    clashing = list(pairs)
    parent: dict[str, str] = {}

    def root(context: str) -> str:
        while parent.setdefault(context, context) != context:
            context = parent[context]
        return context

    for left, right in clashing:
        parent[max(root(left.context), root(right.context))] = min(root(left.context), root(right.context))
    members: dict[str, list[Question]] = defaultdict(list)
    for member in questions:
        if member.context in parent:
            members[root(member.context)].append(member)
    enemies = {frozenset((normalised(left.answer), normalised(right.answer))) for left, right in clashing}
    topics_found = [
        Topic(questions[0].request, _groups_without_contradiction(questions, enemies)) for questions in members.values()
    ]
    return sorted(topics_found, key=lambda topic: (-sum(group.examples for group in topic.groups), topic.request))


def _groups_without_contradiction(
    questions: Sequence[Question], contradicting: set[frozenset[str]]
) -> tuple[AnswerGroup, ...]:
    """Groups of answers without a contradiction inside a group, the most frequent first."""
    counts = Counter(normalised(question.answer) for question in questions)
    first = {normalised(question.answer): question for question in reversed(questions)}
    groups: list[list[str]] = []
    for answer, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        home = next(
            (group for group in groups if not any(frozenset((answer, other)) in contradicting for other in group)), None
        )
        if home is None:
            groups.append([answer])
        else:
            home.append(answer)
    answer_groups = [
        AnswerGroup(tuple(first[answer] for answer in group), sum(counts[answer] for answer in group))
        for group in groups
    ]
    return tuple(sorted(answer_groups, key=lambda group: -group.examples))
