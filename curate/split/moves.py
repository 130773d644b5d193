"""An earlier division of the same data, whose examples keep their split so that scores stay comparable while the data
grows. Examples that moved are reported with the links that joined groups of different splits.
"""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from curate.core.json_output import Output
from curate.core.lazy import Ids, Numbers, np, pl
from curate.core.text import visible
from curate.core.worker_pool import WorkerPool
from curate.corpus.corpus import Table
from curate.corpus.features import FeatureSpec
from curate.corpus.loading import read_table
from curate.similarity.shingles import Shingling
from curate.split.assign import NO_SPLIT, SPLIT_NAMES, Assigned
from curate.split.groups import Groups, Link


class Earlier(NamedTuple):
    """Examples, and the split that each was in, by its position in `SPLIT_NAMES`."""

    ids: Ids
    splits: Numbers

    def earlier_splits(self, ids: Ids) -> Numbers:
        """The earlier split of each of some examples; `NO_SPLIT` for one that had none."""
        by_id = (
            pl.DataFrame({"high": self.ids[:, 0], "low": self.ids[:, 1], "split": self.splits})
            .group_by("high", "low")
            .min()
        )
        matched = pl.DataFrame({"high": ids[:, 0], "low": ids[:, 1]}).join(
            by_id, on=["high", "low"], how="left", maintain_order="left"
        )
        return matched["split"].fill_null(NO_SPLIT).to_numpy(writable=True)


def earlier_splits(files: Sequence[tuple[Path, int]], pool: WorkerPool) -> Earlier:
    """The examples of split files, each with the number of its split. Raises `InputError`."""
    table = read_table(
        [path for path, _ in files], FeatureSpec("conversation", Shingling(), short_texts=False, common=()), pool
    )
    numbers = np.searchsorted(table.first, table.lines, side="right") - 1
    return Earlier(table.ids, np.array([split for _, split in files], dtype=np.int64)[numbers])


MAX_SHOWN_LINKS: Final = 4


@dataclass(frozen=True, slots=True)
class Move(Output):
    """An example that is in another split than before."""

    file: str
    line: int
    example: str
    before: str
    now: str
    why: str
    """The links to an example that was in its new split before."""


class _Step(NamedTuple):
    link: Link
    to: int


def moves_of(table: Table, groups: Groups, assigned: Assigned, before: Numbers) -> list[Move]:
    """The moves, in the order of the examples. `before`: the earlier split of each example."""
    graph = _graph(groups, assigned.moved) if len(assigned.moved) else {}
    moves = []
    for example in assigned.moved.tolist():
        old, now = int(before[example]), int(assigned.of[example])
        path = _path(graph, example, before, now)
        places = [visible(str(table.place(int(table.lines[step.to])))) for step in path]
        why = ", which ".join(
            f"{step.link.words} {place}" for step, place in zip(path[:MAX_SHOWN_LINKS], places, strict=False)
        )
        more = f", … up to {places[-1]}" if len(path) > MAX_SHOWN_LINKS else ""
        file, line, _ = table.place(int(table.lines[example]))
        why = f"{why}{more}, which was in {SPLIT_NAMES[now]}"
        moves.append(Move(file, line, table.id(example), SPLIT_NAMES[old], SPLIT_NAMES[now], why))
    return moves


def _graph(groups: Groups, members: Numbers) -> Mapping[int, Sequence[_Step]]:
    """The links of the groups that have one of these members, in both directions."""
    graph: dict[int, list[_Step]] = defaultdict(list)
    group_numbers = np.unique(groups.of[members])
    for link, left, right, _ in groups.joins:
        inside = np.isin(groups.of[left], group_numbers)
        for left_example, right_example in zip(left[inside].tolist(), right[inside].tolist(), strict=True):
            graph[left_example].append(_Step(link, right_example))
            graph[right_example].append(_Step(link, left_example))
    return graph


def _path(graph: Mapping[int, Sequence[_Step]], start: int, before: Numbers, split: int) -> list[_Step]:
    """The shortest path to an example that was in a split before; it exists, because the example moved for that
    link.
    """
    came: dict[int, tuple[int, _Step]] = {}
    waiting = deque([start])
    while waiting:
        example = waiting.popleft()
        if example != start and before[example] == split:
            path = []
            while example != start:
                example, step = came[example]
                path.append(step)
            return path[::-1]
        for step in graph.get(example, ()):
            if step.to != start and step.to not in came:
                came[step.to] = (example, step)
                waiting.append(step.to)
    return []
