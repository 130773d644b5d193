"""What was judged of some questions, so that the same questions, models and rules need no second judgement."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from curate.conflicts.candidate_pairs import Nominee
from curate.conflicts.evidence import Evidence
from curate.conflicts.judging import Judged
from curate.conflicts.question import Question
from curate.core import npz_cache
from curate.core.config import ConflictsConfig
from curate.core.example import content_id
from curate.core.lazy import Arrays, np
from curate.models.names import fingerprint

KINDS: Final = {"text": "|u1"}
PACKAGES: Final = ("conflicts", "core", "corpus", "dedup", "language", "models", "similarity")
"""Packages whose code decides about a pair."""


class Judgement(NamedTuple):
    """The pairs with evidence, in order, the number of compared pairs, and the notes for the user."""

    judged: list[Judged]
    compared: int
    notes: list[str]


def path_of(asked: Sequence[Question], config: ConflictsConfig, folder: Path) -> Path:
    """The file for the judgement of `asked`. Raises as `fingerprint` does."""
    settings = config.model_dump(mode="json", exclude={"min_confidence", "calibration"})
    models = [name and fingerprint(name) for name in (config.embeddings, config.nli, config.same_question)]
    turns = [(question.example.id, question.turn) for question in asked]
    return folder / f"conflicts-{content_id([npz_cache.code_id(*PACKAGES), settings, models, turns])}.npz"


def load(path: Path, asked: Sequence[Question]) -> Judgement | None:
    """The judgement in a file about `asked`; None if there is none."""

    def decode(arrays: Arrays) -> Judgement:
        pairs, compared, notes = json.loads(arrays["text"].tobytes())
        judged = [
            Judged(Nominee(asked[left], asked[right], *likeness), tuple(Evidence(*one) for one in evidence), score)
            for left, right, likeness, evidence, score in pairs
        ]
        return Judgement(judged, compared, notes)

    return npz_cache.load(path, KINDS, decode)


def save(path: Path, asked: Sequence[Question], judgement: Judgement) -> None:
    """Write a judgement about `asked`. What cannot be written is judged again."""
    place = {id(question): at for at, question in enumerate(asked)}
    pairs = [
        (place[id(one.left)], place[id(one.right)], (one.similarity, one.same), item.evidence, item.score)
        for item in judgement.judged
        for one in (item.nominee,)
    ]
    text = json.dumps((pairs, judgement.compared, judgement.notes)).encode()
    npz_cache.make_room(path.parent)
    npz_cache.save(path, {"text": np.frombuffer(text, dtype=np.uint8)})
