"""Examples that moved when a data set was divided again, and why: the links that joined groups of different splits."""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from curate.core.arrays import Numbers
from curate.core.example import Place
from curate.core.lazy import np
from curate.core.text import visible
from curate.corpus.corpus import Table
from curate.split.assign import Assigned
from curate.split.groups import Groups, Link
from curate.split.names import NAMES

SHOWN: Final = 4
"""Maximum number of links to show."""


class Move(NamedTuple):
    """An example that is in another split than before."""

    place: Place
    example: str
    before: str
    now: str
    why: str
    """The links to an example that was already in the new split."""


class _Step(NamedTuple):
    link: Link
    to: int


def moves_of(table: Table, groups: Groups, assigned: Assigned, before: Numbers) -> list[Move]:
    """The moves, in the order of the examples. `before`: the earlier split of each example."""
    graph = _graph(groups, assigned.moved) if len(assigned.moved) else {}
    found = []
    for at in assigned.moved.tolist():
        old, now = int(before[at]), int(assigned.of[at])
        path = _path(graph, at, before, now)
        places = [visible(str(table.place(int(table.lines[step.to])))) for step in path]
        why = ", which ".join(f"{step.link.words} {place}" for step, place in zip(path[:SHOWN], places, strict=False))
        more = f", … up to {places[-1]}" if len(path) > SHOWN else ""
        found.append(
            Move(
                table.place(int(table.lines[at])),
                table.id(at),
                NAMES[old],
                NAMES[now],
                f"{why}{more}, which was in {NAMES[now]}",
            )
        )
    return found


def _graph(groups: Groups, members: Numbers) -> Mapping[int, Sequence[_Step]]:
    """The links of the groups that have one of these members, in both directions."""
    graph: dict[int, list[_Step]] = defaultdict(list)
    wanted = np.unique(groups.of[members])
    for link, left, right, _ in groups.joins:
        inside = np.isin(groups.of[left], wanted)
        for one, other in zip(left[inside].tolist(), right[inside].tolist(), strict=True):
            graph[one].append(_Step(link, other))
            graph[other].append(_Step(link, one))
    return graph


def _path(graph: Mapping[int, Sequence[_Step]], start: int, before: Numbers, split: int) -> list[_Step]:
    """The shortest path to an example that was in a split; it exists, because that example moved the others there."""
    came: dict[int, tuple[int, _Step]] = {}
    waiting = deque([start])
    while waiting:
        at = waiting.popleft()
        if at != start and before[at] == split:
            path = []
            while at != start:
                at, step = came[at]
                path.append(step)
            return path[::-1]
        for step in graph.get(at, ()):
            if step.to != start and step.to not in came:
                came[step.to] = (at, step)
                waiting.append(step.to)
    return []
