"""Cache of judgements by questions, models and code."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate.conflicts.candidate_pairs import Nominee
from curate.conflicts.default_models import MODEL_KEYS
from curate.conflicts.evidence import Evidence
from curate.conflicts.judging import Judged
from curate.conflicts.question import Question
from curate.core.config import ConflictsConfig
from curate.models.names import fingerprint
from curate.storage import store

PACKAGES: Final = ("conflicts", "core", "corpus", "dedup", "language", "models", "similarity")
"""Packages whose code decides about a pair."""


class Judgement(NamedTuple):
    """The pairs with evidence, in order, the number of compared pairs, and the notes for the user."""

    judged: list[Judged]
    compared: int
    notes: list[str]


def path_of(questions: Sequence[Question], config: ConflictsConfig, folder: Path) -> Path:
    """The entry for the judgement of `questions`. Raises as `fingerprint` does."""
    settings = config.model_dump(mode="json", exclude={"min_confidence", "calibration"})
    models = [name and fingerprint(name) for name in (getattr(config, key) for key in MODEL_KEYS)]
    turns = [(question.example.id, question.turn) for question in questions]
    return store.entry(folder, "conflicts", ".json", store.code_id(*PACKAGES), settings, models, turns)


def load(path: Path, questions: Sequence[Question]) -> Judgement | None:
    """The judgement in an entry about `questions`; None if there is none."""

    def decode(saved: Any) -> Judgement:
        pairs, compared, notes = saved
        judged = [
            Judged(
                Nominee(questions[left], questions[right], *likeness),
                tuple(Evidence(*item) for item in evidence),
                score,
            )
            for left, right, likeness, evidence, score in pairs
        ]
        return Judgement(judged, compared, notes)

    return store.load(path, decode)


def save(path: Path, questions: Sequence[Question], judgement: Judgement) -> None:
    """Write a judgement about `questions`. One that cannot be written is made again in the next run."""
    place = {id(question): index for index, question in enumerate(questions)}
    pairs = [
        (
            place[id(nominee.left)],
            place[id(nominee.right)],
            (nominee.similarity, nominee.same),
            item.evidence,
            item.score,
        )
        for item in judgement.judged
        for nominee in (item.nominee,)
    ]
    store.make_room(path.parent)
    store.save(path, (pairs, judgement.compared, judgement.notes))
