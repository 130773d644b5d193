"""Deduplication of files in two steps: `plan` decides and writes nothing, `write_plan` writes the result.

Between them the command can ask, explain or stop. A plan has places, ids and numbers, but no texts; texts to show are
read again by `DedupResult.examples`.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from curate.core.cluster import LOCAL, Executor
from curate.core.config import CheckConfig, DedupConfig
from curate.core.decision import DecisionState, edits_of
from curate.core.errors import UsageError
from curate.core.events import Listener, StageFinished, StageStarted, advancing, ignore_events
from curate.core.example import Example, Place
from curate.core.files import display_name
from curate.core.finding import Finding
from curate.core.lazy import np
from curate.core.output_pair import removed_path, replacing_both
from curate.core.paths import identity
from curate.core.runs import project_of
from curate.core.snapshot import Snapshot, demand_unchanged, snapshot
from curate.core.text import plural, visible
from curate.core.worker_pool import WorkerPool, cores
from curate.corpus.boilerplate import boilerplate_notes
from curate.corpus.cache import DedupCache
from curate.corpus.corpus import LineReader, Table, examples_at, lines_at
from curate.corpus.features import FeatureSpec, feature_spec_for
from curate.corpus.loading import is_big, read_table, spill_folder
from curate.dedup.cluster_resolution import DuplicateRemoval
from curate.dedup.near_duplicates import FoundDuplicates, find_duplicates
from curate.lint.rules.duplicates import Removals, heavy
from curate.lint.runner import check_paths
from curate.lint.suppressions import load_suppressions, suppress
from curate.output.apply import Dropped, dropped_in, unmatched_notes
from curate.output.edited import with_edits
from curate.output.folder import write_lines
from curate.pipeline.finding_counts import finding_counts
from curate.read.dataset import demand_understood
from curate.similarity.similarity_index import MIN_REPORTED, Bands, bands_for


@dataclass(frozen=True, slots=True)
class DedupResult:
    """The lines that would be kept and removed."""

    config: DedupConfig
    lines: Mapping[str, int]
    """Number of lines that are not blank, by file; without the files that others are compared with."""
    against: Mapping[str, int]
    """The same for the files that others are compared with."""
    not_understood: int
    """Lines of all files without an example in a known format; they are not compared and are kept unchanged."""
    duplicates: Sequence[DuplicateRemoval]
    """Removed duplicates, in the order they were read."""
    dropped: Sequence[Dropped]
    """Lines removed for a finding of a rule in `drop`, in the order they were read; they are not compared."""
    apart: Sequence[DuplicateRemoval]
    """Pairs of near-duplicates that differ in a fact: both are kept."""
    same_words: Sequence[DuplicateRemoval]
    """Pairs of short examples with the same words of meaning and a similarity below the threshold: both are kept."""
    alike: Sequence[DuplicateRemoval]
    """Paraphrases (D004), each with the most similar earlier example: both are kept."""
    similarities: Sequence[float]
    """Similarities of all pairs with a similarity of at least `floor`."""
    bands: Bands
    """How signatures are cut into bands; tells the probability that a pair is compared."""

    notes: list[str]
    """Further notes for the user."""
    table: Table = field(repr=False)
    """Where the lines can be read again."""
    seen: Sequence[Snapshot]
    """The files as they were before they were read."""

    def examples(self, places: Collection[Place]) -> Mapping[Place, Example]:
        """The examples at some places, read again."""
        return examples_at(self.table, places)

    @property
    def heavy(self) -> list[Finding]:
        """Findings that need a confirmation before the result is written (D008)."""
        return heavy(removals(self.lines, self.duplicates, self.config, self.dropped))

    @property
    def gone(self) -> int:
        """Number of removed lines."""
        return len(self.duplicates) + len(self.dropped)

    @property
    def read(self) -> int:
        """Lines read: kept + removed."""
        return sum(self.lines.values())

    @property
    def kept(self) -> int:
        """Number of kept lines."""
        return self.read - self.gone

    @property
    def codes(self) -> Counter[str]:
        """Number of removed duplicates by code: D001, D003 and D007."""
        return Counter(lost.code for lost in self.duplicates)

    @property
    def floor(self) -> float:
        """The lowest similarity that is searched for."""
        return min(MIN_REPORTED, self.config.threshold)


def plan(
    files: Sequence[Path],
    config: DedupConfig,
    *,
    against: Sequence[Path] = (),
    decisions: Mapping[str, DecisionState] | None = None,
    check: CheckConfig | None = None,
    cache: Path | None = None,
    cached_only: bool = False,
    edited: Path = Path(".curate", "edited"),
    listen: Listener = ignore_events,
    executor: Executor = LOCAL,
    limit: int | None = None,
) -> DedupResult:
    """Decide which lines of `files` are removed. With `against`, only lines that are duplicates of one in those files.

    Dropped examples are removed; edited ones are compared and written with their new text (copies of such files are
    written to the folder `edited`); examples that a person keeps as a duplicate are not removed as near-duplicates.
    `check` configures the rules whose findings the policy `best` counts, and with `drop` those whose findings remove a
    line regardless of duplicates. The folder `cache` holds what comparisons need; with `cached_only` everything
    must be in it. If the files need more memory than `limit` bytes, shingles and band keys are in files. Raises
    `InputError`, also if no line holds an example, and `UsageError` if no example has the field that `config.keep`
    names or something is not cached.
    """
    decided, check = decisions or {}, check or CheckConfig()
    against, own = _others(against, files)
    seen = [snapshot(path) for path in dict.fromkeys([*against, *files])]
    files, name_of = with_edits(files, edits_of(decided), edited)
    folder = spill_folder(paths := [*against, *files], limit)
    with executor.pool(cores(), processes=is_big(paths), files=paths) as pool:
        spec, bands = feature_spec_for(config), None if folder else bands_for(config.threshold)
        memory = DedupCache.of(cache, spec, paths, only=cached_only, bands=bands) if cache else None
        table, old, old_examples = _read(paths, len(against), spec, pool, memory, listen, name_of, folder)
        unmatched = unmatched_notes(table, decided)
        dropped = _dropped(table, files, check, decided, old, listen, name_of, executor)
        not_understood = len(table.starts) - len(table.lines) - sum(gone.example is None for gone in dropped)
        table = _without_dropped(table, dropped) if dropped else table
        pinned, by_hand = _pinned(table, config, decided, old_examples)
        notes = [*own, *unmatched, *_field_notes(config.keep, table), *boilerplate_notes(table.common), *by_hand]
        found = _compared(table, config, check, pool, pinned, old_examples, None if dropped else memory, listen)
        notes += memory.save() if memory else []
        alike = _paraphrases(table, found.duplicates, old_examples, config.embeddings, cache, listen)
    counts = [(source.name, int(table.first[at + 1] - table.first[at])) for at, source in enumerate(table.sources)]
    return DedupResult(
        config=config,
        lines=dict(counts[len(against) :]),
        against=dict(counts[: len(against)]),
        not_understood=not_understood,
        duplicates=found.duplicates,
        dropped=dropped,
        apart=found.apart,
        same_words=found.same_words,
        alike=alike,
        similarities=found.similarities,
        bands=found.bands,
        notes=notes,
        table=table,
        seen=seen,
    )


def _others(against: Sequence[Path], files: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The files to compare with, without those in `files`, which would lose every line to themselves; a note for each
    of these.
    """
    own = set(map(identity, files))
    others = [path for path in against if identity(path) not in own]
    if against and not others:
        raise UsageError("--against names only files that are deduplicated themselves", "name other files")
    text = "is to be deduplicated, so no line of it is compared with itself (--against)"
    return others, [f"{visible(display_name(path))}: {text}" for path in against if path not in others]


def _read(
    paths: Sequence[Path],
    old: int,
    spec: FeatureSpec,
    pool: WorkerPool,
    memory: DedupCache | None,
    listen: Listener,
    name_of: Callable[[Path], str],
    folder: Path | None,
) -> tuple[Table, int, int]:
    """The table of all files, and the number of lines and examples of the first `old` files. Raises `InputError` if
    one of both parts has lines and none of them holds an example.
    """
    listen(StageStarted("read"))
    table = read_table(paths, spec, pool, advancing(listen, "read"), name_of, memory=memory, folder=folder)
    listen(StageFinished("read", False, plural(len(table.starts), "line")))
    lines = int(table.first[old])
    examples = int(table.lines.searchsorted(lines))
    for count, understood in ((len(table.starts) - lines, len(table.lines) - examples), (lines, examples)):
        demand_understood(count, understood)
    return table, lines, examples


def _compared(
    table: Table,
    config: DedupConfig,
    check: CheckConfig,
    pool: WorkerPool,
    pinned: frozenset[str],
    old: int,
    memory: DedupCache | None,
    listen: Listener,
) -> FoundDuplicates:
    """The duplicates in a table; the first `old` examples are those that others are compared with."""
    listen(StageStarted("compare"))
    count = partial(finding_counts, table, check, memory) if config.keep == "best" else None
    found = find_duplicates(table, config, pool, pinned, count, old, memory)
    pairs = plural(len(found.similarities), "pair")
    listen(StageFinished("compare", False, f"{pairs} at {min(MIN_REPORTED, config.threshold):g} or more"))
    return found


def _without_dropped(table: Table, dropped: Iterable[Dropped]) -> Table:
    """The table without dropped examples: nothing is removed in favor of one of these."""
    stays = ~np.isin(table.lines, lines_at(table, [gone.place for gone in dropped]))
    return table.take(np.flatnonzero(stays))


def _pinned(
    table: Table, config: DedupConfig, decided: Mapping[str, DecisionState], old: int
) -> tuple[frozenset[str], list[str]]:
    """The ids of the examples that are not removed as near-duplicates, and a note about those that a person kept;
    the first `old` examples are those that others are compared with.
    """
    pinned = frozenset(example for example, decision in decided.items() if decision.stays)
    by_hand = sum(table.id(at) in pinned for at in range(old, len(table.lines))) if pinned else 0
    notes = [f"kept in review: {plural(by_hand, 'example')} {'stays' if by_hand == 1 else 'stay'}"] if by_hand else []
    if config.keep == "manual":  # nothing goes for a near-duplicate but what was dropped
        dropped = {example for example, decision in decided.items() if decision.verdict == "drop"}
        pinned |= {table.id(at) for at in range(len(table.lines))} - dropped
    return pinned, notes


def _paraphrases(
    table: Table,
    duplicates: Iterable[DuplicateRemoval],
    old: int,
    model: str | None,
    cache: Path | None,
    listen: Listener,
) -> list[DuplicateRemoval]:
    """Pairs among the kept examples that say the same in other words, by a model if one is named; of old and new data,
    only the new.
    """
    if not model:
        return []
    from curate.conflicts.semantic_duplicates import semantic_duplicates  # only where a model was named

    listen(StageStarted("embed"))
    gone = {lost.place for lost in duplicates}
    reader = LineReader()
    places = [table.place(line) for line in table.lines.tolist()]
    staying = (
        (at, reader.example(table.line_ref(line)))
        for at, line in enumerate(table.lines.tolist())
        if places[at] not in gone
    )
    found = semantic_duplicates(staying, model, cache, advancing(listen, "embed", text="texts"))
    listen(StageFinished("embed", False, plural(len(found), "pair")))
    return [
        DuplicateRemoval(places[right], table.id(right), places[left], table.id(left), "D004", similarity)
        for left, right, similarity in found
        if right >= old
    ]


def removals(
    lines: Mapping[str, int],
    duplicates: Iterable[DuplicateRemoval],
    config: DedupConfig,
    dropped: Iterable[Dropped] = (),
) -> Removals:
    """The removals, counted for the stop rule."""
    gone: Counter[str] = Counter()
    clusters: Counter[Place] = Counter()
    gone.update(went.place.file for went in dropped if not went.by_hand)
    for lost in duplicates:
        gone[lost.place.file] += 1
        clusters[lost.kept_place] += 1
    return Removals(lines, gone, clusters, config.stop_share, config.stop_cluster, config.stop_least)


def _dropped(
    table: Table,
    files: Sequence[Path],
    check: CheckConfig,
    decided: Mapping[str, DecisionState],
    old: int,
    listen: Listener,
    name_of: Callable[[Path], str],
    executor: Executor,
) -> list[Dropped]:
    """The lines removed for unsuppressed findings of the rules in `drop` of `check`, or by decisions."""
    if not check.drop:
        return dropped_in(table, (), decided, old)
    listen(StageStarted("check"))
    config = check.model_copy(update={"select": check.drop, "extend_select": ()})
    report = check_paths(files, config, None, name_of, cores(), executor=executor)
    suppress(report, load_suppressions(project_of(files).folder), list(map(name_of, files)))
    found = dropped_in(
        table, (finding for finding in report.findings if finding.code.startswith(check.drop)), decided, old
    )
    listen(StageFinished("check", False, f"{plural(len(found), 'line')} dropped"))
    return found


def _field_notes(keep: str, table: Table) -> Iterator[str]:
    without = int(np.isinf(table.ranks).sum())
    if not without:
        return
    if without == len(table.lines):
        kind = "date" if keep.startswith("newest") else "number"
        raise UsageError(
            f"--keep {keep}: no example has a {kind} there",
            "name a key of the line, meta.date for one in an object in it",
        )
    yield (
        f"{plural(without, 'example')} without anything usable under {visible(keep.partition(':')[2])!r}: all others "
        "stay rather than they"
    )


def write_plan(plan: DedupResult, output: Path, *, overwrite: bool = False) -> Path:
    """Write kept lines to `output`, byte for byte, and removed ones to a file beside it, both completely or neither;
    returns that file.

    Raises `InputError` if a file changed since it was read, `UsageError` if an output exists and must not be replaced,
    or another process writes it, `OutputError`.
    """
    removed = removed_path(output, "removed")
    with replacing_both(output, removed, overwrite=overwrite, seen=plan.seen) as (kept, gone):
        demand_unchanged(plan.seen)
        write_lines(plan.table, plan.lines, plan.duplicates, kept, gone, plan.dropped)
    return removed
