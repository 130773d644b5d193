"""Conflicts: the same question with answers that cannot both be true, and the evidence for it. They are reported; a
person decides.

Candidates are equal questions and questions with similar embeddings that pass a threshold. Answers are judged by rules
and, if configured, by an NLI model. Embeddings do not judge answers: one minus their cosine separates contradictions
from paraphrases no better than chance.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from curate.conflicts import judgement_cache
from curate.conflicts.candidate_pairs import (
    MIN_COUNTED_CONFIDENCE,
    Nominee,
    across_system_prompts,
    equal_questions,
    group_questions,
    reworded_pairs,
)
from curate.conflicts.default_models import JUDGING, READERS, READING, SEMANTIC
from curate.conflicts.evidence import Evidence, calibrated_confidence
from curate.conflicts.judgement_cache import Judgement
from curate.conflicts.judging import Judge, Judged, by_judge, by_model, by_questions, by_reader, by_rules
from curate.conflicts.labels import label_settings
from curate.conflicts.paraphrase_filter import answer_different_questions
from curate.conflicts.question import Question, question_at, question_of, questions_of
from curate.conflicts.topics import Topic, topics
from curate.core.config import ConflictsConfig
from curate.core.events import Advance
from curate.core.example import Example
from curate.core.text import plural
from curate.storage.freed_memory import return_freed

# `python -m tests.bench.conflict_quality FOLDER` over the 6,730 pairs of ChatProtect, ConflictQA and SICK,
# and `python -m tests.bench.natural_conflicts FOLDER`.
RULES_ALONE: Final = (
    "short answers were judged by rules, which find 62% of the contradictions between English answers of a sentence"
)
MORE_BY_NLI: Final = f"; an NLI model finds more: {JUDGING}"
LONG_BY_RULES: Final = (
    "long answers were judged by rules, which find 49% of the contradictions between answers of 40 to 110 words"
)
MORE_BY_READER: Final = f"; a model that reads them finds 66%: {READING}"
LONG_BY_READER: Final = (
    "long answers were read by a model, which finds 66% of the contradictions between answers of 40 to 110 words"
)
EQUAL_ALONE: Final = "only equal questions were compared"
MORE_BY_EMBEDDINGS: Final = f": questions in other words need an embedding model, {SEMANTIC}"
OTHER_SYSTEM: Final = 0.7
"""Factor of the confidence if a different system prompt may explain the difference."""
TWO_QUESTIONS: Final = 0.7
"""Factor of the confidence if each answer repeats words of only its own question, and only a model or the rule for
short answers reports a contradiction.
"""
MANY_QUESTIONS: Final = 10_000
"""Number of questions from which unused memory is returned to the operating system."""
CODES: Final = {"refusal": "X004", "label": "X005"}


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two examples with the same question whose answers may not both be true."""

    code: str
    """X001 same question, X002 paraphrased question (both by a model), X003 numbers, dates, polarity or names, X004
    refusal against answer, X005 two labels for one input."""
    left: Example
    right: Example
    similarity: float
    """Cosine similarity of the questions; 1.0 if they are equal."""
    evidence: tuple[Evidence, ...]
    score: float | None = None
    """Confidence from 0 to 1 that the answers clash, from all evidence; None: that of the strongest evidence."""
    same_question: float = 1.0
    """Probability that both questions are the same; part of `score`."""
    turns: tuple[int, int] | None = None
    """Positions of the two answers among the messages; None: the last answers."""

    @property
    def id(self) -> str:
        """The first 12 digits of both examples' ids, and the turns if they are not the last; the same in every run."""
        turns = "" if self.turns is None else f"-{self.turns[0]}-{self.turns[1]}"
        return f"{self.left.id[:12]}-{self.right.id[:12]}{turns}"

    @property
    def questions(self) -> tuple[Question, Question]:
        """Questions and answers of both sides."""
        sides = [
            question_of(example) if self.turns is None else question_at(example, self.turns[side])
            for side, example in enumerate((self.left, self.right))
        ]
        assert sides[0] is not None  # a conflict is made of questions
        assert sides[1] is not None
        return sides[0], sides[1]

    def in_order(self) -> tuple[Question, Question, tuple[Evidence, ...]]:
        """Both sides in the order of the data, and the evidence in that order."""
        left, right = self.questions
        if (left.example.place, left.turn) <= (right.example.place, right.turn):
            return left, right, self.evidence
        return right, left, tuple(item._replace(left=item.right, right=item.left) for item in self.evidence)

    @property
    def systems(self) -> tuple[str, str] | None:
        """The system prompts of both sides in the order of the data: they may explain the different answers. None if
        they are equal.
        """
        left, right, _ = self.in_order()
        return (left.system, right.system) if left.system != right.system else None

    @property
    def confidence(self) -> float:
        """`score`, or that of the strongest evidence."""
        return max(item.confidence for item in self.evidence) if self.score is None else self.score


@dataclass(frozen=True, slots=True)
class ConflictsResult:
    """The conflicts, and how much was compared."""

    conflicts: list[Conflict]
    """Those with at least the requested confidence."""
    questions: int
    """Number of examples with a question and an answer in words."""
    compared: int
    """Number of compared pairs of answers."""
    notes: list[str] = field(default_factory=list)
    """What was not done, and why; shown to the user."""
    unsure: list[Conflict] = field(default_factory=list)
    """Those with a lower confidence, down to .3, highest first."""
    topics: list[Topic] = field(default_factory=list)
    """Questions with three or more different answers, some of which clash."""
    not_understood: int = 0
    """Lines without an example in a known format; they are not compared."""


def find_conflicts(
    examples: Sequence[Example],
    config: ConflictsConfig,
    cache: Path | None = None,
    progress: Advance | None = None,
    *,
    judge: Judge | None = None,
) -> ConflictsResult:
    """Conflicts among `examples`, highest confidence first.

    `cache` is a folder for embeddings and verdicts; `progress` is called with the progress of models. A `judge` decides
    about every comparable pair. Raises `ModelError` or `MissingExtra` if a named model is not available.
    """
    questions = _questions(examples, all_turns=config.all_turns)
    distinct = _distinct(questions)
    path = _kept_judgement(distinct, config, cache) if cache is not None and judge is None else None
    judgement = path and judgement_cache.load(path, distinct)
    if not judgement:
        judgement = _judged(distinct, config, cache, progress, judge)
        if path is not None:
            judgement_cache.save(path, distinct, judgement)
    conflicts_by_pair = [(item, _conflict_of(item, config.calibration)) for item in judgement.judged]
    conflicts = sorted(
        (conflict for _, conflict in conflicts_by_pair if conflict.confidence >= MIN_COUNTED_CONFIDENCE),
        key=lambda conflict: (-conflict.confidence, conflict.id),
    )
    sure = [conflict for conflict in conflicts if conflict.confidence >= config.min_confidence]
    shown = [item.nominee for item, conflict in conflicts_by_pair if conflict.confidence >= config.min_confidence]
    several = [
        topic
        for topic in topics(((nominee.left, nominee.right) for nominee in shown), questions)
        if sum(len(group.answers) for group in topic.groups) > 2
    ]
    different = len({question.example.id for question in distinct})
    return ConflictsResult(sure, different, judgement.compared, judgement.notes, conflicts[len(sure) :], several)


def is_judged(examples: Sequence[Example], config: ConflictsConfig, cache: Path) -> bool:
    """Whether `find_conflicts` with the same arguments uses no model, since the folder `cache` has its judgement."""
    path = _kept_judgement(_distinct(_questions(examples, all_turns=config.all_turns)), config, cache)
    return path is not None and path.is_file()


def _kept_judgement(questions: Sequence[Question], config: ConflictsConfig, cache: Path) -> Path | None:
    """Where the judgement of models about different questions is kept; None without models."""
    if not (config.embeddings or config.nli or config.reader):
        return None
    return judgement_cache.path_of(questions, config, cache)


def _judged(
    questions: Sequence[Question],
    config: ConflictsConfig,
    cache: Path | None,
    progress: Advance | None,
    judge: Judge | None,
) -> Judgement:
    """Nominate pairs of different questions `questions`, and judge their answers."""
    notes: list[str] = []
    many = len(questions) >= MANY_QUESTIONS
    nominees = _pairs_to_compare(questions, config, cache, notes, progress)
    if many:
        return_freed()
    models = (("questions", config.embeddings), ("answers", config.nli), ("answers", config.reader))
    if used := [f"{part} by {name}" for part, name in models if name]:
        notes.append(f"models used: {', '.join(used)}")
    settings, compared = label_settings(questions), len(nominees)
    by_rule = (by_rules(nominee, settings) for nominee in nominees)
    judged = by_model(by_rule, config, cache, progress, notes) if config.nli else list(by_rule)
    if config.reader:
        judged = by_reader(judged, config, cache, progress, notes)
    if unrelated := sum(item.unrelated for item in judged):
        notes.append(
            f"{plural(unrelated, 'pair')} of long answers with nothing in common judged by refusals and by what both "
            "questions ask for alone"
        )
    del by_rule, nominees
    if judge is None:
        judged = [item for item in judged if item.evidence]
    if many:
        return_freed()
    if judge is None:
        notes.extend(_limits(config))
    if config.embeddings:
        judged = by_questions(judged, config, cache, progress)
        # Pairs below this confidence are never reported.
        judged = [item for item in judged if item.nominee.same >= MIN_COUNTED_CONFIDENCE]
    if judge is not None:
        judged = by_judge(judged, judge, notes)
    return Judgement([item for item in judged if item.evidence], compared, notes)


def _limits(config: ConflictsConfig) -> Iterator[str]:
    """What share of the contradictions is found without a judge, by the length of the answers."""
    if not config.nli:
        yield RULES_ALONE + MORE_BY_NLI * config.models
    if not config.reader:
        yield LONG_BY_RULES + MORE_BY_READER * config.models
    elif config.reader in READERS:
        yield LONG_BY_READER


def _pairs_to_compare(
    questions: Sequence[Question],
    config: ConflictsConfig,
    cache: Path | None,
    notes: list[str],
    progress: Advance | None,
) -> list[Nominee]:
    """The pairs to compare, in the order of their questions, so that cached values of an answer are reused.

    Notes about what is not compared are added to `notes`.
    """
    groups = group_questions(questions)
    nominees = [*equal_questions(groups, notes), *across_system_prompts(groups, notes)]
    if config.embeddings:
        nominees.extend(reworded_pairs(groups, config, cache, notes, progress))
    else:
        notes.append(EQUAL_ALONE + MORE_BY_EMBEDDINGS * config.models)
    return sorted(nominees, key=lambda nominee: (nominee.left.request, nominee.right.request))


def _distinct(questions: Sequence[Question]) -> list[Question]:
    """The questions of the first of equal examples, in the order of their ids."""
    first = {(question.example.id, question.turn): question for question in reversed(questions)}
    return [first[key] for key in sorted(first)]


def _questions(examples: Sequence[Example], *, all_turns: bool) -> list[Question]:
    if all_turns:
        return [question for example in examples for question in questions_of(example)]
    return [question for example in examples if (question := question_of(example))]


def _conflict_of(item: Judged, scale: tuple[float, float]) -> Conflict:
    """The conflict of a judged pair, with its rule and its confidence on the calibrated `scale`."""
    left, right, similarity, same, *_ = item.nominee
    by_model = "X001" if similarity == 1.0 else "X002"
    first = item.evidence[0].source
    code = CODES.get(first, by_model if first in ("nli", "reader", "judge") else "X003")
    doubt = OTHER_SYSTEM if item.nominee.systems_differ else 1.0
    sources = {evidence.source for evidence in item.evidence}
    if sources <= {"nli", "short answers"} and answer_different_questions(
        (left.request, right.request), (left.answer, right.answer)
    ):
        doubt *= TWO_QUESTIONS
    score = calibrated_confidence(same * item.score * doubt, scale)
    return Conflict(
        code, left.example, right.example, similarity, item.evidence, round(score, 4), same, _earlier_turns(left, right)
    )


def _earlier_turns(left: Question, right: Question) -> tuple[int, int] | None:
    """The turns of both questions; None if both are the last ones of their examples."""
    last = question_of(left.example), question_of(right.example)
    return (
        None
        if all(q is not None and q.turn == turn for q, turn in zip(last, (left.turn, right.turn), strict=True))
        else (left.turn, right.turn)
    )
