"""Deduplication of files in two steps: `plan` decides and writes nothing, `write_plan` writes what was decided.

Between them the command can ask, explain or stop. A plan has places, ids and numbers, and no texts: those that are shown are read again
through `Plan.examples`.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from curate.apply import Applied, apply
from curate.check import check_paths
from curate.config import CheckConfig, DedupConfig
from curate.decision import Decision
from curate.detect.keeper import lacking, ranking
from curate.detect.loss import Loss, loss
from curate.detect.near import find_duplicates
from curate.detect.verify import FLOOR
from curate.errors import UsageError
from curate.events import Listener, StageFinished, StageStarted, silent
from curate.example import Example, Place
from curate.files import replacing
from curate.finding import Finding, Severity
from curate.read.dataset import read_dataset
from curate.rules import Scope
from curate.rules.removal import Removals, heavy
from curate.text import plural, visible

EACH: Final = (Scope.LINE, Scope.EXAMPLE, Scope.VALUE, Scope.TEXT)
"""Rules that judge an example alone: what they find in it is the same wherever it stands."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would stay and what would go."""

    config: DedupConfig
    lines: Mapping[str, int]
    """Lines that are not blank, by file; those that others are held against are not among them."""
    against: Mapping[str, int]
    """The same of the files that these are held against."""
    unreadable: int
    """Lines without an example among them; they stay as they are."""
    losses: Sequence[Loss]
    """Lines that go, in the order they were read."""
    apart: Sequence[Loss]
    """Pairs of near-duplicates that differ in a fact: both stay."""
    similarities: Sequence[float]
    """Of all pairs that are similar to at least `floor`."""
    floor: float
    bands: int
    rows: int
    """The signature is cut into `bands` of `rows` values; see `proposed`."""
    examples: Callable[[Collection[Place]], Mapping[Place, Example]]
    """Reads the examples at some places, for those that are shown."""
    heavy: list[Finding]
    """What needs a yes before it is written (D008)."""
    notes: list[str]
    """What a person should know besides."""
    applied: Applied = field(repr=False)

    @property
    def read(self) -> int:
        """Lines read: kept + removed."""
        return sum(self.lines.values())

    def proposed(self, similarity: float) -> float:
        """The probability that a pair of this similarity is compared at all: 1-(1-s^rows)^bands (Leskovec et al., Mining of Massive Datasets, 3.4)."""
        return float(1 - (1 - similarity**self.rows) ** self.bands)


def plan(
    files: Sequence[Path],
    config: DedupConfig,
    *,
    against: Sequence[Path] = (),
    decisions: Mapping[str, Decision] | None = None,
    check: CheckConfig | None = None,
    listen: Listener = silent,
) -> Plan:
    """Decide what of `files` goes.

    With `against`, only lines that are duplicates of one in those files. What a person keeps by a decision never goes for a
    near-duplicate; `check` configures the rules whose findings `best-signal` counts. Raises `InputError`, and `UsageError` where no
    example has the field that `config.keep` names.
    """
    decided = decisions or {}
    listen(StageStarted("read"))
    before, dataset = read_dataset(against), read_dataset(files)
    examples = [*before.examples, *dataset.examples]
    listen(StageFinished("read", False, plural(len(before.lines) + len(dataset.lines), "line")))
    ranks = ranking(config.keep, _findings((*against, *files), check or CheckConfig(), listen) if config.keep == "best-signal" else None)
    notes = list(_field_notes(config.keep, examples))
    if by_hand := sum(example.id in decided and decided[example.id].verdict == "keep" for example in dataset.examples):
        notes.append(f"kept in review: {plural(by_hand, 'example')} {'stays' if by_hand == 1 else 'stay'}")
    pinned = frozenset(example for example, decision in decided.items() if decision.verdict == "keep")
    if config.keep == "manual":  # nothing goes for a near-duplicate but what was dropped
        pinned |= {example.id for example in examples if example.id not in decided or decided[example.id].verdict != "drop"}
    listen(StageStarted("compare"))
    report = find_duplicates(examples, config, pinned, ranks, len(before.examples))
    listen(StageFinished("compare", False, f"{plural(len(report.similarities), 'pair')} at {min(FLOOR, config.threshold):g} or more"))
    applied = apply(dataset.lines, duplicates=report.duplicates, keep_unreadable=True)
    at = {example.place: example for example in examples}
    lost = {duplicate.example.place: duplicate for duplicate in report.duplicates}
    losses = [loss(lost[example.place]) for example in dataset.examples if example.place in lost]
    lines = {facts.path: facts.lines for facts in dataset.files}
    return Plan(
        config=config,
        lines=lines,
        against={facts.path: facts.lines for facts in before.files},
        unreadable=len(dataset.lines) - len(dataset.examples),
        losses=losses,
        apart=[loss(duplicate) for duplicate in report.apart],
        similarities=report.similarities,
        floor=min(FLOOR, config.threshold),
        bands=report.bands.number if report.bands else 0,
        rows=report.bands.rows if report.bands else 0,
        examples=lambda places: {place: at[place] for place in places},
        heavy=heavy(removals(lines, losses, config)),
        notes=notes,
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


def _field_notes(keep: str, examples: Sequence[Example]) -> Iterator[str]:
    without = lacking(keep, examples)
    if not without:
        return
    if without == len(examples):
        kind = "date" if keep.startswith("newest") else "number"
        raise UsageError(f"--keep {keep}: no example has a {kind} there", "name a key of the line, meta.date for one in an object in it")
    yield f"{plural(without, 'example')} without anything usable under {visible(keep.partition(':')[2])!r}: all others stay rather than they"


def _findings(files: Sequence[Path], config: CheckConfig, listen: Listener) -> dict[str, tuple[int, ...]]:
    """Errors, warnings and infos of each example that has some."""
    listen(StageStarted("check"))
    report = check_paths(files, config)
    counts: dict[str, list[int]] = {}
    for finding in report.findings:
        if finding.example and report.rules[finding.code].scope in EACH:
            counts.setdefault(finding.example, [0] * len(Severity))[finding.severity.rank] += 1
    listen(StageFinished("check", False, f"findings in {plural(len(counts), 'example')}"))
    return {example: tuple(found) for example, found in counts.items()}


def write_plan(plan: Plan, output: Path, removed: Path) -> None:
    """Write what stays to `output`, byte for byte, and what goes to `removed`, both whole or none of them. Raises `OutputError`."""
    with replacing(output) as kept, replacing(removed) as gone:
        for line in plan.applied.kept:
            kept.write(line.jsonl + b"\n")
        for removal in plan.applied.removed:
            gone.write(removal.model_dump_json(exclude_none=True).encode() + b"\n")
        for file in (kept, gone):  # a full disk is known before the first of them takes its place
            file.flush()
