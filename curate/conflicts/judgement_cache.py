"""What was judged of some questions, so that the same questions, models and rules need no second judgement."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate.conflicts.candidate_pairs import Nominee
from curate.conflicts.evidence import Evidence
from curate.conflicts.judging import Judged
from curate.conflicts.question import Question
from curate.core import store
from curate.core.config import ConflictsConfig
from curate.models.names import fingerprint

PACKAGES: Final = ("conflicts", "core", "corpus", "dedup", "language", "models", "similarity")
"""Packages whose code decides about a pair."""


class Judgement(NamedTuple):
    """The pairs with evidence, in order, the number of compared pairs, and the notes for the user."""

    judged: list[Judged]
    compared: int
    notes: list[str]


def path_of(asked: Sequence[Question], config: ConflictsConfig, folder: Path) -> Path:
    """The entry for the judgement of `asked`. Raises as `fingerprint` does."""
    settings = config.model_dump(mode="json", exclude={"min_confidence", "calibration"})
    models = [name and fingerprint(name) for name in (config.embeddings, config.nli, config.same_question)]
    turns = [(question.example.id, question.turn) for question in asked]
    return store.entry(folder, "conflicts", ".json", store.code_id(*PACKAGES), settings, models, turns)


def load(path: Path, asked: Sequence[Question]) -> Judgement | None:
    """The judgement in an entry about `asked`; None if there is none."""

    def decode(saved: Any) -> Judgement:
        pairs, compared, notes = saved
        judged = [
            Judged(Nominee(asked[left], asked[right], *likeness), tuple(Evidence(*one) for one in evidence), score)
            for left, right, likeness, evidence, score in pairs
        ]
        return Judgement(judged, compared, notes)

    return store.load(path, decode)


def save(path: Path, asked: Sequence[Question], judgement: Judgement) -> None:
    """Write a judgement about `asked`. What cannot be written is judged again."""
    place = {id(question): at for at, question in enumerate(asked)}
    pairs = [
        (place[id(one.left)], place[id(one.right)], (one.similarity, one.same), item.evidence, item.score)
        for item in judgement.judged
        for one in (item.nominee,)
    ]
    store.make_room(path.parent)
    store.save(path, (pairs, judgement.compared, judgement.notes))
