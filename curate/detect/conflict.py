"""Conflicts: the same question with answers that cannot both hold, and the evidence for it. They are shown; a person decides.

Questions are nominated (equal ones, then neighbours by embedding that pass a gate), answers are judged by rules and, when one is
named, by an NLI model. Embeddings never judge answers: one minus their cosine tells contradictions from paraphrases no better than chance.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Final, NamedTuple

from curate.config import ConflictsConfig
from curate.detect.answers import clash, is_open
from curate.detect.embed import embed, neighbours
from curate.detect.evidence import Evidence
from curate.detect.nli import contradictions
from curate.detect.question import Question, question_of, same_request
from curate.example import Example
from curate.text import excerpt, normalised, plural

CROWDED: Final = 50
"""Different answers to one question from which it is open-ended by use, and its answers are not compared."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two examples whose question agrees and whose answers may not both hold."""

    code: str
    """X001 same question, X002 paraphrased question (both by the NLI model), X003 numbers, dates or polarity, X004 refusal against answer."""
    left: Example
    right: Example
    similarity: float
    """Cosine similarity of the questions; 1.0 where they are equal."""
    evidence: tuple[Evidence, ...]

    @property
    def id(self) -> str:
        """The first 12 digits of both examples' ids: the same pair has the same id in every run."""
        return f"{self.left.id[:12]}-{self.right.id[:12]}"

    @property
    def confidence(self) -> float:
        """That of the strongest evidence."""
        return max(item.confidence for item in self.evidence)


@dataclass(frozen=True, slots=True)
class ConflictReport:
    """What was found, and how much was compared."""

    conflicts: list[Conflict]
    questions: int
    """Examples with a question and an answer in words."""
    compared: int
    """Pairs of answers that were judged."""
    notes: list[str] = field(default_factory=list)
    """What was not done, and why; for the person who reads the result."""


class Nominee(NamedTuple):
    """Two questions that ask the same thing, and the cosine similarity by which they were found."""

    left: Question
    right: Question
    similarity: float


def find_conflicts(
    examples: Sequence[Example], config: ConflictsConfig, cache: Path | None = None, progress: Callable[[int], None] | None = None
) -> ConflictReport:
    """Conflicts among `examples`, the surest first. `cache` is a folder for embeddings; `progress` is told the number of questions embedded.

    Raises `ModelError` or `MissingExtra` when a model was named and is not at hand.
    """
    distinct = {example.id: example for example in sorted(examples, key=lambda example: example.id)}
    questions = [question for example in distinct.values() if (question := question_of(example))]
    notes: list[str] = []
    nominees = list(_equal(questions, notes))
    if config.embeddings:
        nominees.extend(_alike(questions, config, cache, progress))
    else:
        notes.append("no embedding model was named: only equal questions were compared")
    judged = _by_rules(nominees)
    if config.nli:
        judged = _by_model(judged, config)
    else:
        notes.append("no NLI model was named: answers were judged by rules for numbers, dates, yes/no and refusals only")
    conflicts = [_conflict(nominee, evidence) for nominee, evidence in judged if evidence]
    conflicts.sort(key=lambda conflict: (-conflict.confidence, conflict.id))
    return ConflictReport(conflicts, len(questions), len(nominees), notes)


def _equal(questions: Sequence[Question], notes: list[str]) -> Iterator[Nominee]:
    """Pairs of different answers to equal questions."""
    groups: dict[str, dict[str, Question]] = defaultdict(dict)
    for question in questions:
        groups[question.context].setdefault(normalised(question.answer), question)
    crowded = [group for group in groups.values() if len(group) > CROWDED]
    if crowded:
        asked = excerpt(next(iter(crowded[0].values())).request, 50)
        notes.append(f"{plural(len(crowded), 'question')} with more than {CROWDED} different answers not compared: open-ended by use, e.g. {asked!r}")
    for group in groups.values():
        if len(group) <= CROWDED:
            yield from (Nominee(left, right, 1.0) for left, right in combinations(group.values(), 2))


def _alike(questions: Sequence[Question], config: ConflictsConfig, cache: Path | None, progress: Callable[[int], None] | None) -> Iterator[Nominee]:
    """Pairs of questions that are near by embedding and pass the gate; equal ones are left out."""
    first: dict[str, Question] = {}
    for question in questions:
        first.setdefault(question.context, question)
    distinct = list(first.values())
    vectors = embed([question.request for question in distinct], config.embeddings, cache, progress)
    for i, j, similarity in neighbours(vectors, config.similarity):
        left, right = distinct[i], distinct[j]
        if same_request(left, right) and normalised(left.answer) != normalised(right.answer):
            yield Nominee(left, right, round(min(similarity, 1.0), 4))


def _by_rules(nominees: Sequence[Nominee]) -> list[tuple[Nominee, tuple[Evidence, ...]]]:
    found = ((nominee, clash(nominee.left.request, nominee.left.answer, nominee.right.answer)) for nominee in nominees)
    return [(nominee, (evidence,) if evidence else ()) for nominee, evidence in found]


def _by_model(judged: list[tuple[Nominee, tuple[Evidence, ...]]], config: ConflictsConfig) -> list[tuple[Nominee, tuple[Evidence, ...]]]:
    """Add the NLI model's word about answers to questions that have one answer."""
    asked = [at for at, (nominee, _) in enumerate(judged) if not is_open(nominee.left.request)]
    scores = contradictions([(judged[at][0].left.answer, judged[at][0].right.answer) for at in asked], config.nli)
    for at, score in zip(asked, scores, strict=True):
        if score >= config.contradiction:
            nominee, evidence = judged[at]
            judged[at] = (nominee, (*evidence, Evidence("nli", nominee.left.answer, nominee.right.answer, round(score, 4))))
    return judged


def _conflict(nominee: Nominee, evidence: tuple[Evidence, ...]) -> Conflict:
    by_model = "X001" if nominee.similarity == 1.0 else "X002"
    code = {"refusal": "X004", "nli": by_model}.get(evidence[0].source, "X003")
    return Conflict(code, nominee.left.example, nominee.right.example, nominee.similarity, evidence)
