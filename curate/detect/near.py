"""Exact and near duplicates: MinHash proposes, true Jaccard decides.

1. sign (`shingles`, `minhash`): each text becomes a set of hashed shingles, and the MinHash of it.
2. group (`bands`): signatures are cut into bands; examples that agree in a band are candidates. The bands are chosen so that a pair at the
   threshold becomes one with a probability of 0.995 at the least; datasketch's own choice for 0.8 proposes 40 of 100.
3. verify (`verify`): the true Jaccard similarity of candidates gathers them into groups; within a group each example is compared with all
   that are kept before it, candidates or not.

The stages are functions from tables to tables. Whatever is removed is similar to the very example that is kept (`cluster`).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from curate.config import DedupConfig
from curate.detect.bands import Bands
from curate.detect.beginnings import Beginnings
from curate.detect.boilerplate import Passages, learnt, own_texts, telling
from curate.detect.cluster import Choice, Duplicate, choose
from curate.detect.compared import asked_turns, pieces_of
from curate.detect.facts import Facts
from curate.detect.keeper import Ranking, ranking
from curate.detect.keys import Keys, ids_of, key_of
from curate.detect.shingles import Sets, Shingling, joined, salted, shingled, texts_of
from curate.detect.verify import FLOOR, Alike, grouped
from curate.example import Example, attachments
from curate.worker_pool import cores, parallel_map

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.int64]]

CHUNK: Final = 4096
"""Examples whose texts are taken apart at a time."""


class Verdicts(Protocol):
    """Remembers whether examples agree in their facts; `curate.detect.remembered.Remembered` is one."""

    def same(self, left: str, right: str, judge: Callable[[], bool]) -> bool:
        """Whether the examples with these ids agree: as remembered, else as `judge` says."""


@dataclass(frozen=True, slots=True)
class NearReport:
    """What was found among some examples."""

    duplicates: list[Duplicate] = field(default_factory=list)
    """Examples that may go, each with the one kept in its place."""
    apart: list[Duplicate] = field(default_factory=list)
    """Near-duplicates that differ in a fact, so that both stay, for a person to look at: each example with the most similar such one."""
    pairs: list[tuple[str, str]] = field(default_factory=list)
    """Ids that connect all pairs at or above the threshold, those in `apart` too: none of them may be split from the other. Each example of a
    group is paired with the one of the smallest id."""
    similarities: list[float] = field(default_factory=list)
    """Of the pairs that decided, and of those that came near: from `FLOOR`, or the threshold where that is lower."""
    bands: Bands | None = None
    """How candidates were found: `bands.probability(s)` is the probability that a pair of similarity s was looked at; None for a report
    that was kept without it."""


def find_duplicates(
    examples: Sequence[Example],
    config: DedupConfig,
    pinned: frozenset[str] = frozenset(),
    ranks: Ranking | None = None,
    old: int = 0,
) -> NearReport:
    """Duplicates among `examples`; content whose id is in `pinned` stays, once: its exact copies still go.

    The outcome does not depend on the order of `examples`, but for `keep = "first"` and `"last"`, where the order is the wish. `ranks`
    takes the place of the ranking that `config.keep` stands for. The first `old` examples are data that others are held against: when there
    are some, these alone stay in the place of others, and nothing goes for one that is no older.
    """
    order = range(len(examples) - 1, -1, -1) if config.keep == "last" and not old else range(len(examples))
    stays: dict[str, int] = {}  # of exact copies the first, or the last
    copies = sorted((at, original) for at in order if (original := stays.setdefault(examples[at].id, at)) != at)
    distinct = [examples[at] for at in sorted(stays.values())]
    before = sum(at < old for at in stays.values())
    sets, ids = sets_of(distinct, config), ids_of(example.id for example in distinct)
    some, least = telling(sets, ids)
    common = learnt((asked_turns(distinct[at], config.on) for at in some.tolist()), least) if len(some) else ()
    if common:
        sets = sets_of(distinct, config, common)
    groups = grouped(sets, config.threshold, cores())
    report = NearReport(bands=groups.bands, similarities=list(groups.misses))
    lost: dict[str, Duplicate] = {}
    members = [numbers.tolist() for numbers in groups.members]
    begun = Beginnings(Keys.of([key_of(example) for example in distinct]), ids) if config.beginnings else None
    aside = begun.numbers if begun else frozenset()
    choices = decided(sets, members, lambda numbers: [distinct[at] for at in numbers], config, pinned, ranks, before, aside=aside, common=common)
    for group, choice in zip(members, choices, strict=True):
        report.similarities.extend(choice.similarities)
        for at, other, similarity in choice.gone:
            lost[distinct[at].id] = Duplicate(distinct[at], distinct[other], "D003", similarity)
        for at, other, similarity in choice.apart:
            left, right = sorted((distinct[at], distinct[other]), key=lambda example: example.id)
            report.apart.append(Duplicate(left, right, "D003", similarity))
        first, *others = sorted(distinct[at].id for at in group)
        report.pairs.extend((first, other) for other in others)
    for at, other, similarity in (
        begun.settled(
            lambda at: at >= before and distinct[at].id not in pinned,
            lambda _, other: distinct[other].id not in lost and (not before or other < before),
            sets,
        )
        if begun
        else ()
    ):
        lost[distinct[at].id] = Duplicate(distinct[at], distinct[other], "D007", similarity)
    for at, original in copies:  # a copy of what goes has lost to the same example
        winner = lost.get(examples[at].id)
        if winner is None and old and not original < old <= at:
            continue
        kept = Duplicate(examples[at], examples[original], "D001", 1.0) if winner is None else replace(winner, example=examples[at])
        report.duplicates.append(kept)
    report.duplicates.extend(lost[example] for example in sorted(lost))
    report.apart.sort(key=lambda duplicate: (duplicate.example.id, duplicate.kept.id))
    report.pairs.sort()
    report.similarities.sort()
    return report


def sets_of(examples: Sequence[Example], config: DedupConfig, common: Passages = ()) -> Sets:
    """The shingles of each example's text, without the shared instructions in it that are `common`."""
    shingling = Shingling()
    chunks = (examples[start : start + CHUNK] for start in range(0, len(examples), CHUNK))
    texts = (texts_of(own_texts([pieces_of(example, config.on) for example in chunk], common)) for chunk in chunks)
    sets = joined(list(parallel_map(lambda part: shingled(part, shingling), texts, cores())))
    return salted(sets, (attachments(example.value) for example in examples))


def decided(
    sets: Sets,
    groups: Iterable[Sequence[int]],
    read: Callable[[Sequence[int]], Sequence[Example]],
    config: DedupConfig,
    pinned: frozenset[str] = frozenset(),
    ranks: Ranking | None = None,
    old: int = 0,
    memory: Verdicts | None = None,
    position: Callable[[int], int] = int,
    aside: Collection[int] = (),
    common: Passages = (),
) -> Iterator[Choice]:
    """Group by group what becomes of its members, by their numbers among the `sets`.

    `read` gives the examples of some numbers; those of one group are in memory at a time. `position` says where each stands among all. What
    stands before `old` stays, and none of the others takes the place of another. Those `aside` neither go nor take a place. `common` are shared
    instructions that the sets are without.
    """
    ranks = ranks or ranking(config.keep)
    facts = Facts(config.on, common=common)
    for members in groups:
        new = {at for at in members if position(at) >= old} if old else set()
        if old and not 0 < len(new) < len(members):
            yield Choice()
            continue
        known = dict(zip(members, read(members), strict=True))
        apart = {at for at in members if at in aside} if aside else set()
        bound = {at for at, example in known.items() if example.id in pinned} | apart
        rank = {at: (at in new, at not in bound, *ranks(position(at), example)) for at, example in known.items()}

        def same(left: int, right: int, known: dict[int, Example] = known) -> bool:
            one, other = known[left], known[right]
            if config.ignore_facts or memory is None:
                return config.ignore_facts or facts.same(one, other)
            return memory.same(one.id, other.id, lambda: facts.same(one, other))

        yield _chosen(Alike(sets, min(FLOOR, config.threshold)), sorted(known, key=rank.__getitem__), same, config.threshold, bound, new, apart)


def _chosen(alike: Alike, order: list[int], same: Callable[[int, int], bool], threshold: float, bound: set[int], new: set[int], apart: set[int]) -> Choice:
    if new:  # the old ones all stay; they come first
        for at in order[: len(order) - len(new)]:
            alike.add(at)
        order = order[len(order) - len(new) :]
    return choose(order, alike, same, threshold, bound, new | apart)
