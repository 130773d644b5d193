"""Examples of the training split that go into a prompt: the same for all questions, or those nearest to each."""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from curate.text import normalised
from train.evaluation.question import Question

Shot = list[dict[str, Any]]
"""The user's turn and the answer."""


def shot_of(question: Question) -> Shot:
    """The last exchange of a conversation, without what is ours."""
    turns = question.messages
    start = next((i for i in range(len(turns) - 1, -1, -1) if turns[i].get("role") == "user"), len(turns) - 1)
    return [{key: value for key, value in turn.items() if key != "weight"} for turn in turns[start:]]


def fixed(pool: Sequence[Question], count: int, seed: int, *, labels: bool) -> list[Question]:
    """Examples for all questions: with `labels` one of each in turn, so that none is favoured; else drawn from those of middling length."""
    draw = random.Random(f"{seed}:shots")  # noqa: S311  (a choice, not a secret)
    if labels:
        by_label: dict[str, list[Question]] = defaultdict(list)
        for question in pool:
            by_label[normalised(question.expected.text)].append(question)
        groups = sorted(by_label.values(), key=len, reverse=True)
        for group in groups:
            draw.shuffle(group)
        found = [group[turn] for turn in range(max(map(len, groups), default=0)) for group in groups if turn < len(group)][:count]
        draw.shuffle(found)
        return found
    ordered = sorted(pool, key=lambda question: len(question.request) + len(question.expected.text))
    middle = ordered[len(ordered) // 10 : -(len(ordered) // 4) or None] or ordered
    return draw.sample(middle, min(count, len(middle)))


def nearest(
    questions: Sequence[Question], pool: Sequence[Question], count: int, model: str, cache: Path, progress: Callable[[int], None] | None = None
) -> list[list[Question]]:
    """For each question the `count` training examples whose requests are nearest by embedding, the nearest one last: models heed it most."""
    import numpy as np

    from curate.detect.embed import embed

    wanted = embed([question.request for question in questions], model, cache, progress)
    have = embed([question.request for question in pool], model, cache, progress)
    found = []
    for start in range(0, len(questions), 256):
        likeness = wanted[start : start + 256] @ have.T
        order = np.argsort(-likeness, axis=1, kind="stable")[:, :count]
        found += [[pool[i] for i in reversed(row)] for row in order.tolist()]
    return found
