"""The decision about the duplicates of a table: the same for `curate dedup`, the Python API, `curate run` and the
review.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from curate.commands.finding_counts import finding_counts
from curate.core.config import DedupConfig
from curate.core.decision import DecisionState
from curate.core.errors import UsageError
from curate.core.events import Listener, StageFinished, StageStarted, advancing, ignore_events
from curate.core.lazy import np
from curate.core.text import plural, visible
from curate.core.worker_pool import WorkerPool
from curate.corpus.cache import DedupCache
from curate.corpus.corpus import LineReader, Table
from curate.dedup.cluster_resolution import DuplicateRemoval
from curate.dedup.near_duplicates import FoundDuplicates, find_duplicates
from curate.lint.project_check import ProjectRules
from curate.models.names import fingerprint
from curate.similarity.similarity_index import MIN_REPORTED


@dataclass(slots=True)
class ComparedExamples:
    """What was found among the examples of a table."""

    found: FoundDuplicates
    alike: list[DuplicateRemoval]
    """Paraphrases (D004), each with the most similar earlier example: both are kept."""
    notes: list[str]
    """Notes for the user."""


def require_model(config: DedupConfig) -> None:
    """Raise `ModelError` if the model that finds paraphrases is missing, before anything is read."""
    if config.embeddings:
        fingerprint(config.embeddings)


def compare_examples(
    table: Table,
    config: DedupConfig,
    rules: ProjectRules,
    decisions: Mapping[str, DecisionState],
    pool: WorkerPool,
    *,
    old: int = 0,
    memory: DedupCache | None = None,
    cache: Path | None = None,
    listen: Listener = ignore_events,
) -> ComparedExamples:
    """Decide which examples of a table are removed as duplicates, and find the pairs that are reported and kept.

    The first `old` examples are those that others are compared with; `memory` and the folder `cache` hold what
    comparisons need. Raises `UsageError` if no example has the field that `config.keep` names, `ModelError`.
    """
    pinned, notes = _pinned(table, config, decisions, old)
    notes = [*_field_notes(config.keep, table), *notes]
    listen(StageStarted("compare"))
    # where nothing is removed for a near-duplicate, no findings are needed
    count = None if config.keep == "manual" else partial(finding_counts, table, rules, decisions, memory)
    duplicates = find_duplicates(table, config, pool, pinned, count, old, memory)
    pairs = plural(len(duplicates.similarities), "pair")
    listen(StageFinished("compare", False, f"{pairs} at {min(MIN_REPORTED, config.threshold):g} or more"))
    paraphrases = _paraphrases(table, duplicates.duplicates, old, config.embeddings, cache, listen, notes)
    return ComparedExamples(duplicates, paraphrases, notes)


def _pinned(
    table: Table, config: DedupConfig, decided: Mapping[str, DecisionState], old: int
) -> tuple[frozenset[str], list[str]]:
    """The ids of the examples that are not removed as near-duplicates, and a note about those that a person kept;
    the first `old` examples are those that others are compared with.
    """
    pinned = frozenset(example for example, decision in decided.items() if decision.stays)
    by_hand = sum(table.id(index) in pinned for index in range(old, len(table.lines))) if pinned else 0
    notes = [f"kept in review: {plural(by_hand, 'example')} {'stays' if by_hand == 1 else 'stay'}"] if by_hand else []
    if config.keep == "manual":  # only dropped examples are removed as near-duplicates
        dropped = {example for example, decision in decided.items() if decision.verdict == "drop"}
        pinned |= {table.id(index) for index in range(len(table.lines))} - dropped
    return pinned, notes


def _field_notes(keep: str, table: Table) -> Iterator[str]:
    missing = int(np.isinf(table.ranks).sum())
    if not missing:
        return
    if missing == len(table.lines):
        kind = "date" if keep.startswith("newest") else "number"
        raise UsageError(
            f"--keep {keep}: no example has a {kind} there",
            "name a key of the line, meta.date for one in an object in it",
        )
    yield (
        f"{plural(missing, 'example')} without anything usable under {visible(keep.partition(':')[2])!r}: all others "
        "stay rather than they"
    )


def _paraphrases(
    table: Table,
    duplicates: Iterable[DuplicateRemoval],
    old: int,
    model: str | None,
    cache: Path | None,
    listen: Listener,
    notes: list[str],
) -> list[DuplicateRemoval]:
    """Pairs among the kept examples that say the same in other words, by a model if one is named; of old and new data,
    only the new. What was not compared is added to `notes`.
    """
    if not model:
        return []
    from curate.conflicts.semantic_duplicates import semantic_duplicates  # only where a model was named

    listen(StageStarted("embed"))
    removed_places = {duplicate.place for duplicate in duplicates}
    reader = LineReader()
    places = [table.place(line) for line in table.lines.tolist()]
    kept_examples = (
        (index, reader.example(table.line_ref(line)))
        for index, line in enumerate(table.lines.tolist())
        if places[index] not in removed_places
    )
    pairs = semantic_duplicates(kept_examples, model, cache, notes, advancing(listen, "embed", text="texts"))
    listen(StageFinished("embed", False, plural(len(pairs), "pair")))
    return [
        DuplicateRemoval(places[right], table.id(right), places[left], table.id(left), "D004", similarity)
        for left, right, similarity in pairs
        if right >= old
    ]
