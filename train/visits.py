"""The losses of a training by example: each time that it was trained on is a visit."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]
AROUND: Final = 64
"""Visits, about, at steps around one that its losses are compared with."""
BEFORE, RISE = 20, 6.0
"""Steps that a spike is compared with, and by how many of their deviations it rises above their median."""
BLAMED: Final = 3
"""Examples, at most, that a spike is laid to."""


@dataclass(frozen=True, slots=True)
class Visits:
    """Columns with one entry a visit, ordered by example, then by time."""

    lines: Whole
    steps: Whole
    loss: Floats
    """Mean over the supervised tokens of the example, in nats."""
    tokens: Whole
    right: Whole
    excess: Floats
    """Loss minus the median of the visits at about the same steps."""

    @property
    def starts(self) -> Whole:
        """Where the visits of each example begin, and the end."""
        return np.flatnonzero(np.diff(self.lines, prepend=-1, append=-1)).astype(np.int64)


def visits_of(book: Iterable[dict[str, Any]]) -> Visits:
    """What a book of losses says, by example: the texts that one example became are one again, time by time."""
    seen: Counter[int] = Counter()
    found: dict[tuple[int, int], list[float]] = {}
    for line in book:
        for number, text, loss, tokens, right in zip(line["lines"], line["texts"], line["loss"], line["tokens"], line["right"], strict=True):
            seen[text] += 1
            visit = found.setdefault((number, seen[text]), [0, 0.0, 0, 0])
            visit[0] = line["step"]
            visit[1] += loss * tokens
            visit[2] += tokens
            visit[3] += right
    ordered = sorted(found)
    columns = np.array([found[key] for key in ordered], dtype=np.float64).reshape(-1, 4)
    steps, tokens_of = columns[:, 0].astype(np.int64), columns[:, 2].astype(np.int64)
    losses = columns[:, 1] / np.maximum(columns[:, 2], 1)
    return Visits(np.array([line for line, _ in ordered], dtype=np.int64), steps, losses, tokens_of, columns[:, 3].astype(np.int64), _excess(steps, losses))


def _excess(steps: Whole, losses: Floats) -> Floats:
    """A loss at the first steps is high for every example: it is compared with the others' of its time."""
    if not len(steps):
        return losses
    order = np.argsort(steps, kind="stable")
    sorted_steps, sorted_losses = steps[order], losses[order]
    each = max(1, len(steps) // len(np.unique(steps)))
    reach = max(2, -(-AROUND // (2 * each)))
    expected = np.empty(len(steps))
    for step in np.unique(steps):
        first, last = np.searchsorted(sorted_steps, (step - reach, step + reach + 1))
        here = slice(*np.searchsorted(sorted_steps, (step, step + 1)))
        expected[here] = np.median(sorted_losses[first:last])
    found = np.empty(len(steps))
    found[order] = sorted_losses - expected
    return found


def spikes(visits: Visits) -> dict[int, int]:
    """By line the step that its example made rise far above those before: of such a step, those that explain half of the rise."""
    order = np.argsort(visits.steps, kind="stable")
    bounds = np.flatnonzero(np.diff(visits.steps[order], prepend=-1, append=-1))
    means: list[float] = []
    blamed: dict[int, int] = {}
    for first, last in pairwise(bounds.tolist()):
        part = order[first:last]
        weight = visits.tokens[part].sum() or 1
        mean = float((visits.loss[part] * visits.tokens[part]).sum() / weight)
        before = np.array(means[-BEFORE:])
        means.append(mean)
        if len(before) < BEFORE // 2:
            continue
        middle = float(np.median(before))
        deviation = max(1.4826 * float(np.median(np.abs(before - middle))), 0.01)
        if mean <= middle + RISE * deviation:
            continue
        shares = (visits.loss[part] - middle) * visits.tokens[part]
        explained = 0.0
        for at in np.argsort(-shares)[:BLAMED]:
            if explained >= (mean - middle) * weight / 2:
                break
            explained += float(shares[at])
            blamed.setdefault(int(visits.lines[part[at]]), int(visits.steps[part[at]]))
    return blamed
