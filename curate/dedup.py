"""Deduplication of files in two steps: `plan` decides and writes nothing, `write_plan` writes what was decided.

Between them the command can ask, explain or stop. A plan has places, ids and numbers, and no texts: those that are shown are read again
through `Plan.examples`.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from curate.apply import Applied, apply, write_removed
from curate.config import DedupConfig
from curate.detect.loss import Loss, loss
from curate.detect.near import find_duplicates
from curate.example import Example, Place
from curate.files import replacing
from curate.finding import Finding
from curate.read.dataset import read_dataset
from curate.rules.removal import Removals, heavy

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What would stay and what would go."""

    lines: Mapping[str, int]
    """Lines that are not blank, by file."""
    unreadable: int
    """Lines without an example among them; they stay as they are."""
    losses: Sequence[Loss]
    """Lines that go, in the order they were read."""
    apart: Sequence[Loss]
    """Pairs of near-duplicates that differ in a fact: both stay."""
    examples: Callable[[Collection[Place]], Mapping[Place, Example]]
    """Reads the examples at some places, for those that are shown."""
    heavy: list[Finding]
    """What needs a yes before it is written (D008)."""
    applied: Applied = field(repr=False)

    @property
    def read(self) -> int:
        """Lines read: kept + removed."""
        return sum(self.lines.values())


def plan(files: Sequence[Path], config: DedupConfig, pinned: frozenset[str] = frozenset(), progress: Advance | None = None) -> Plan:
    """Decide what of `files` goes. Ids in `pinned` never go to a near-duplicate. Raises `InputError`."""
    dataset = read_dataset(files)
    report = find_duplicates(dataset.examples, config, pinned)
    applied = apply(dataset.lines, duplicates=report.duplicates, keep_unreadable=True)
    if progress:
        progress(len(dataset.lines))
    at = {example.place: example for example in dataset.examples}
    lost = {duplicate.example.place: duplicate for duplicate in report.duplicates}
    losses = [loss(lost[place]) for place in at if place in lost]
    lines = {facts.path: facts.lines for facts in dataset.files}
    return Plan(
        lines=lines,
        unreadable=len(dataset.lines) - len(dataset.examples),
        losses=losses,
        apart=[loss(duplicate) for duplicate in report.apart],
        examples=lambda places: {place: at[place] for place in places},
        heavy=heavy(removals(lines, losses, config)),
        applied=applied,
    )


def removals(lines: Mapping[str, int], losses: Iterable[Loss], config: DedupConfig) -> Removals:
    """What would go, counted for the stop rule."""
    gone: Counter[str] = Counter()
    clusters: Counter[Place] = Counter()
    for lost in losses:
        gone[lost.place.file] += 1
        clusters[lost.kept_place] += 1
    return Removals(lines, gone, clusters, config.stop_share, config.stop_cluster, config.stop_least)


def write_plan(plan: Plan, output: Path, removed: Path) -> None:
    """Write what stays to `output`, byte for byte, and what goes to `removed`, each whole or not at all. Raises `OutputError`."""
    write_removed(removed, plan.applied.removed)
    with replacing(output) as file:
        for line in plan.applied.kept:
            file.write(line.jsonl + b"\n")
