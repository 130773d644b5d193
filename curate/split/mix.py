"""Select examples of each file: shares by weight, a budget of examples or tokens, and different examples before similar
ones.

No example is used twice: if a file has too few examples for its share, the whole mix is smaller. Within a file, one
example of each cluster is taken before a second one of any, in the order of a hash, so that the order of lines has no
effect and a growing file changes little.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Final

from curate.core.config import Config
from curate.core.errors import UsageError
from curate.core.example import Example
from curate.core.lazy import Flags, Floats, Numbers, np
from curate.core.removed import Reason
from curate.core.text import BYTES_PER_TOKEN, estimated_tokens, plural, visible
from curate.corpus.corpus import LineReader, Table
from curate.models.template import Template, load_template
from curate.parallel.worker_pool import WorkerPool
from curate.split.assign import positions
from curate.split.groups import LinkSearch, Pairs, group, links_of

MIX_REASON: Final = "mix"
"""Reason of lines that exceed the budget of a mix."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The files that share a weight."""

    name: str
    """The file or pattern of the weight; empty: all files."""
    share: float
    """Share of the mix, from 0 to 1."""
    had: int
    """Number of available examples, or tokens."""
    taken: int
    """Number of those taken."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """The selection of a mix."""

    stays: Flags
    """Whether each example is taken."""
    why: Mapping[int, Reason]
    """Why an example is not taken, by its number."""
    notes: Sequence[str]


def mix(table: Table, config: Config, workers: WorkerPool, meanings: Pairs | None = None) -> Mixed | None:
    """Take the configured amounts of the examples of a table; None if all are taken. `meanings`: links by meaning,
    if a model was named. Raises `UsageError` for a weight without a file, and for a file without a weight.
    """
    budget_config = config.mix
    if not (budget_config.weights or budget_config.examples or budget_config.tokens):
        return None
    names, pool_of = _pools(table, budget_config.weights)
    weights = np.array([budget_config.weights.get(name, 1.0) for name in names])
    shares = weights / (weights.sum() or 1.0)
    sizes, notes = _sizes(table, config)
    had = np.bincount(pool_of, weights=sizes, minlength=len(names))
    budget = budget_config.tokens or budget_config.examples or int(had.sum())
    limits = had[shares > 0] / shares[shares > 0] if budget_config.weights else np.array([had.sum()])
    total = min(float(budget), float(limits.min()))
    order = _taking_order(table, config, pool_of, meanings, workers)
    stays = np.zeros(len(pool_of), dtype=np.bool_)
    for pool, room in enumerate(_quotas(total, shares)):
        _take_until_full(stays, order[pool_of[order] == pool], sizes, room)
    unit = "token" if budget_config.tokens else "example"
    taken_sizes = np.bincount(pool_of, weights=sizes * stays, minlength=len(names))
    pools = [
        Pool(name, float(shares[number]), int(had[number]), int(taken_sizes[number]))
        for number, name in enumerate(names)
    ]
    if not stays.any():
        raise UsageError(
            f"the mix is too small for any example: {plural(budget, unit)}", "raise --examples or --tokens"
        )
    if budget_config.weights and total < budget:
        scarce = min((pool for pool in pools if pool.share), key=lambda pool: pool.had / pool.share)
        notes.append(
            f"the mix has {int(total):,} of {plural(budget, unit)}: {visible(scarce.name)} has too few for its share"
        )
    notes += [
        f"{visible(pool.name) or 'all files'}: {pool.taken:,} of {plural(pool.had, unit)} taken ({pool.share:.0%} "
        "of the mix)"
        for pool in pools
    ]
    why = {int(number): _over_size_reason(pools[pool_of[number]], unit) for number in np.flatnonzero(~stays)}
    return Mixed(stays, why, notes)


def _over_size_reason(pool: Pool, unit: str) -> Reason:
    return Reason(
        None,
        f"over the size of the mix: {pool.taken:,} of {plural(pool.had, unit)} of {pool.name or 'all files'} taken",
        MIX_REASON,
    )


def _pools(table: Table, weights: Mapping[str, float]) -> tuple[list[str], Numbers]:
    """The pools by name, and the pool number of each example."""
    files = np.searchsorted(table.first, table.lines, side="right") - 1
    if not weights:
        return [""], np.zeros(len(files), dtype=np.int64)
    names = list(weights)
    pool_of = np.full(len(table.sources), -1)
    for number in np.unique(files).tolist():
        name = table.sources[number].name
        ends = (name, PurePath(name).name)
        matching = [number for number, pattern in enumerate(names) if pattern in ends or fnmatchcase(name, pattern)]
        if not matching:
            raise UsageError(
                f"{visible(name)}: has no weight in the mix", "add it, or set a weight for all other files: '*' = 1"
            )
        pool_of[number] = matching[0]
    if idle := [visible(name) for number, name in enumerate(names) if number not in pool_of]:
        raise UsageError(
            f"no example comes from {idle[0]!r}, which has a weight in the mix",
            "name a file, or a pattern like 'chat/*.jsonl'",
        )
    return names, pool_of[files]


def _sizes(table: Table, config: Config) -> tuple[Numbers, list[str]]:
    """The size of each example in the budget (1, or its tokens), and notes about them."""
    if not config.mix.tokens:
        return np.ones(len(table.lines), dtype=np.int64), []
    reader = LineReader()
    template = load_template(config.check.model, config.check.chat_template) if config.check.model else None
    sizes = [_token_count(reader.example(table.line_ref(line)), template) for line in table.lines.tolist()]
    notes = (
        []
        if template
        else [f"tokens are estimated as bytes / {BYTES_PER_TOKEN}; set `model` under [check] to count them"]
    )
    return np.array(sizes, dtype=np.int64), notes


def _token_count(example: Example, template: Template | None) -> int:
    """The number of tokens by the template; estimated from the bytes without one, or where it refuses the example."""
    length = template.encode(example.value).length if template else 0
    size = sum(len(turn.text.encode("utf-8", "surrogatepass")) for turn in example.messages)
    return length or max(1, estimated_tokens(size))


def _taking_order(
    table: Table, config: Config, pool_of: Numbers, meanings: Pairs | None, workers: WorkerPool
) -> Numbers:
    """The numbers of the examples in the order in which they are taken; `pool_of`: the pool number of each example."""
    places = positions(
        [f"{MIX_REASON}:{table.id(position)}" for position in range(len(table.lines))], config.seed
    )  # independent of the positions that decide the split
    if not config.mix.diverse:
        return np.argsort(places, kind="stable")
    links = links_of(table, LinkSearch(min(config.mix.similarity, config.dedup.threshold), workers))
    clusters = group(len(table.lines), [*links, *([meanings] if meanings else [])]).of
    order = np.lexsort((places, clusters, pool_of))  # in each pool cluster by cluster
    starts = np.flatnonzero((np.diff(clusters[order], prepend=-1) != 0) | (np.diff(pool_of[order], prepend=-1) != 0))
    lengths = np.diff(np.append(starts, len(order)))
    rank = np.arange(len(order)) - np.repeat(starts, lengths)
    first = np.repeat(places[order[starts]], lengths)
    return order[np.lexsort((places[order], first, rank))]


def _quotas(total: float, shares: Floats) -> "list[int]":
    """Integer parts of a total by shares, with the rest given to the largest remainders."""
    exact = total * shares
    quotas = np.floor(exact + 1e-9).astype(np.int64)
    left = int(total + 1e-9) - int(quotas.sum())
    for number in np.argsort(quotas - exact, kind="stable")[: max(0, left)].tolist():
        quotas[number] += 1
    quota_list: list[int] = quotas.tolist()
    return quota_list


def _take_until_full(stays: Flags, order: Numbers, sizes: Numbers, room: int) -> None:
    """Take examples in their order; one that does not fit into the remaining `room` is skipped.

    The flags in `stays` of those that are taken are set.
    """
    for example in order.tolist():
        if room <= 0:
            break
        if sizes[example] <= room:
            stays[example] = True
            room -= int(sizes[example])
