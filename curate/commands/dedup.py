"""Deduplication of files in two steps: `dedup` decides and writes nothing, `write_plan` writes the result.

Between them the command can ask, explain or stop. A plan has places, ids and numbers, but no texts; texts to show are
read again by `DedupResult.examples`. `compare_examples` decides about the duplicates of a table, for `curate run` too.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import add
from pathlib import Path
from typing import Final, NamedTuple

from curate.commands.session import Workspace
from curate.core.config import CheckConfig, DedupConfig
from curate.core.decision import DecisionState, edits_of
from curate.core.errors import UsageError, require_all_lines
from curate.core.events import Listener, StageFinished, StageStarted, advancing, ignore_events
from curate.core.example import Example, Place
from curate.core.finding import Finding, Severity
from curate.core.lazy import Numbers, np
from curate.core.text import plural, visible
from curate.corpus.boilerplate import boilerplate_notes
from curate.corpus.cache import DedupCache, load_kernels
from curate.corpus.corpus import LineReader, LineSource, Table, examples_at, lines_at
from curate.corpus.features import FeatureSpec, feature_spec_for
from curate.corpus.loading import MemoryUse, begins_cached, is_big, read_table, within_memory
from curate.dedup.cluster_resolution import NO_FINDINGS, DuplicateRemoval, FindingCounts
from curate.dedup.near_duplicates import FoundDuplicates, find_duplicates
from curate.lint.error_filter import ErrorFilter, suffices
from curate.lint.project_check import ProjectRules
from curate.lint.rules import Scope
from curate.lint.rules.duplicates import Removals, heavy
from curate.lint.rules.rule_selection import RuleSelection
from curate.models.names import fingerprint
from curate.output.apply import Dropped, dropped_in, not_accepted, unmatched_notes
from curate.output.edited import with_edits
from curate.output.folder import write_removed
from curate.output.line_files import LineFile, line_parts, write_files, write_parts
from curate.parallel.cluster import LOCAL, Executor
from curate.parallel.kernels import kernels_for
from curate.parallel.worker_pool import WorkerPool, cores
from curate.read.chunk_cache import CACHE_FOLDER, tidy
from curate.read.chunks import Chunk
from curate.read.dataset import require_examples
from curate.similarity.similarity_index import MIN_REPORTED, Bands, bands_for
from curate.storage.files import display_name
from curate.storage.output_pair import CountingWriter, removed_path, replacing_both, replacing_shards
from curate.storage.paths import identity
from curate.storage.shards import shard_bounds, shard_names
from curate.storage.snapshot import Snapshot, require_unchanged, snapshots_of

MEMORY: Final = MemoryUse(400 << 20, 300)


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
    """How signatures are cut into bands; gives the probability that a pair is compared."""

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
        return Counter(duplicate.code for duplicate in self.duplicates)

    @property
    def floor(self) -> float:
        """The lowest similarity that is searched for."""
        return min(MIN_REPORTED, self.config.threshold)


def dedup(work: Workspace, *, against: Sequence[Path] = (), config: DedupConfig | None = None) -> DedupResult:
    """Decide which lines of the data of a project are removed, by its configuration unless another `config` is given.
    With `against`, only lines that are duplicates of one in those files.

    Dropped examples are removed; edited ones are compared and written with their new text (in copies of their files);
    examples that a person keeps as a duplicate are not removed as near-duplicates. The findings of the project's rules
    decide which of several duplicates stays, and those of the rules in `drop` remove a line regardless of duplicates.
    If the files need more memory than the session allows, shingles
    and band keys are in files. Raises `InputError`, also if no line holds an example, `ModelError`, and `UsageError` if
    no example has the field that `config.keep` names.
    """
    config, session = config or work.config.dedup, work.session
    decided, rules = work.decisions, work.rules
    if config.embeddings:
        fingerprint(config.embeddings)  # raises `ModelError` before anything is read
    against, skipped_notes = _files_to_compare(against, work.files)
    snapshots = snapshots_of([*against, *work.files])
    files, name_of = with_edits(work.files, edits_of(decided), work.project.edited)
    workers, folder = within_memory(paths := [*against, *files], session.memory, MEMORY, cores())
    remote = session.executor.remote
    cache = None if remote else work.cache  # nodes share no folder; what they compute is kept by the pool
    with (
        kernels_for(paths),
        session.executor.pool(workers, processes=is_big(paths), files=paths, cache=work.cache) as pool,
    ):
        spec, bands = feature_spec_for(config), None if folder else bands_for(config.threshold)
        memory = DedupCache.of(cache, spec) if cache else None
        is_cached = memory and paths and begins_cached(paths[-1], spec, memory, bands)
        if not is_cached and not config.embeddings:  # comparing them uses all cores
            pool.fork(partial(load_kernels, spec, bands))
        drop_rules = rules.selecting(rules.check.drop) if rules.check.drop else None
        in_one_pass = drop_rules is not None and not against and suffices(drop_rules.check)
        screening = ErrorFilter.of(drop_rules.check, cache) if drop_rules and in_one_pass else None
        table, old_lines, old_examples = _read_table(
            paths, len(against), spec._replace(judging=screening), pool, memory, session.listen, name_of, folder,
            bands,
        )  # fmt: skip
        unmatched = unmatched_notes(table, decided)
        findings = _drop_findings(table, files, drop_rules, screening, work, name_of) if drop_rules else ()
        dropped = _with_excluded(work, table, dropped_in(table, findings, decided, old_lines), old_lines)
        not_understood = len(table.starts) - len(table.lines) - sum(removal.example is None for removal in dropped)
        if dropped:  # nothing is removed in favor of one of these
            lines = lines_at(table, [removal.place for removal in dropped])
            table = table.take(np.flatnonzero(~np.isin(table.lines, lines)))
        duplicates = compare_examples(
            table, config, rules, decided, pool,
            old=old_examples, memory=None if dropped else memory, cache=cache, listen=session.listen,
        )  # fmt: skip
        notes = [*skipped_notes, *unmatched, *boilerplate_notes(table.common), *duplicates.notes]
        notes += memory.save() if memory else []
        if pool.checkpoints:
            tidy(pool.checkpoints / CACHE_FOLDER)
    counts = list(zip([source.name for source in table.sources], np.diff(table.first).tolist(), strict=True))
    return DedupResult(
        config=config,
        lines=dict(counts[len(against) :]),
        against=dict(counts[: len(against)]),
        not_understood=not_understood,
        duplicates=duplicates.duplicates,
        dropped=dropped,
        apart=duplicates.apart,
        same_words=duplicates.same_words,
        alike=duplicates.alike,
        similarities=duplicates.similarities,
        bands=duplicates.bands,
        notes=notes,
        table=table,
        seen=snapshots,
    )


def _with_excluded(work: Workspace, table: Table, dropped: list[Dropped], first: int) -> list[Dropped]:
    """The dropped lines of a table, and those from number `first` on that `--where` does not select."""
    if not work.session.where:
        return dropped
    from curate.commands.query import condition_of  # loads the scores

    condition = condition_of(work)
    excluded = condition.excluded(table, first) if condition else {}
    places = {removal.place for removal in dropped}
    return sorted([*dropped, *(removal for removal in excluded.values() if removal.place not in places)])


def _files_to_compare(paths: Sequence[Path], files: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The files to compare with, without those that are deduplicated themselves, and a note for each of these. Raises
    `UsageError` if none is left.
    """
    own_files = set(map(identity, files))
    others = [path for path in paths if identity(path) not in own_files]
    if paths and not others:
        raise UsageError("--against names only files that are deduplicated themselves", "name other files")
    text = "is to be deduplicated, so no line of it is compared with itself (--against)"
    return others, [f"{visible(display_name(path))}: {text}" for path in paths if path not in others]


def _read_table(
    paths: Sequence[Path],
    old_files: int,
    spec: FeatureSpec,
    pool: WorkerPool,
    memory: DedupCache | None,
    listen: Listener,
    name_of: Callable[[Path], str],
    folder: Path | None,
    bands: Bands | None,
) -> tuple[Table, int, int]:
    """The table of all files, and the number of lines and examples of the first `old_files` files.

    Raises `InputError` if one of both parts has lines and none of them holds an example.
    """
    listen(StageStarted("read"))
    table = read_table(paths, spec, pool, advancing(listen, "read"), name_of, memory, folder, bands)
    listen(StageFinished("read", False, plural(len(table.starts), "line")))
    lines = int(table.first[old_files])
    examples = int(table.lines.searchsorted(lines))
    for count, understood in ((len(table.starts) - lines, len(table.lines) - examples), (lines, examples)):
        require_examples(count, understood)
    return table, lines, examples


def removals(
    lines: Mapping[str, int],
    duplicates: Iterable[DuplicateRemoval],
    config: DedupConfig,
    dropped: Iterable[Dropped] = (),
) -> Removals:
    """The removals, counted for the stop rule."""
    removed_counts: Counter[str] = Counter()
    clusters: Counter[Place] = Counter()
    removed_counts.update(removal.place.file for removal in dropped if not removal.by_hand)
    for duplicate in duplicates:
        removed_counts[duplicate.place.file] += 1
        clusters[duplicate.kept_place] += 1
    return Removals(lines, removed_counts, clusters, config)


def _drop_findings(
    table: Table,
    files: Sequence[Path],
    rules: ProjectRules,
    screening: ErrorFilter | None,
    work: Workspace,
    name_of: Callable[[Path], str],
) -> list[Finding]:
    """The unsuppressed findings of the rules in `drop`: made while the lines were read, or else, for rules that compare
    lines or ask a model, by checking the files.
    """
    if screening:
        report = screening.report(table.judged)
        rules.suppress_in(report, list(map(name_of, files)))
        work.tell_suppressions(report.findings)
    findings = report.findings if screening else work.findings_in(files, rules, name_of)
    return [finding for finding in findings if finding.code.startswith(rules.check.drop)]


def compare_examples(
    table: Table,
    config: DedupConfig,
    rules: ProjectRules,
    decisions: Mapping[str, DecisionState],
    pool: WorkerPool,
    *,
    old: int = 0,
    memory: DedupCache | None = None,
    cache: Path | None,
    listen: Listener = ignore_events,
) -> FoundDuplicates:
    """Decide which examples of a table are removed as duplicates, and find the pairs that are reported and kept.

    The first `old` examples are those that others are compared with; `memory` and the folder `cache` hold what
    comparisons need. Raises `UsageError` if no example has the field that `config.keep` names, `ModelError`.
    """
    pinned, notes = _pinned(table, config, decisions, old)
    notes = [*_field_notes(config.keep, table), *notes]
    listen(StageStarted("compare"))
    # where nothing is removed for a near-duplicate, no findings are needed
    count = None if config.keep == "manual" else partial(finding_counts, table, rules, decisions, pool, memory)
    duplicates = find_duplicates(table, config, pool, pinned, count, old, memory)
    pairs = plural(len(duplicates.similarities), "pair")
    listen(
        StageFinished("compare", False, f"{pairs} with a similarity of {min(MIN_REPORTED, config.threshold):g} or more")
    )
    duplicates.alike = _paraphrases(table, duplicates.duplicates, old, config.embeddings, cache, listen, notes)
    duplicates.notes = notes
    return duplicates


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
    """A note about examples without the field that `keep` names; none if all have it. Raises `UsageError` if no example
    has it.
    """
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


CHUNK_LINES: Final = 1 << 12
PER_EXAMPLE: Final = (Scope.LINE, Scope.EXAMPLE, Scope.VALUE, Scope.FORM, Scope.TEXT)
"""Rules that check each example by itself, so that their findings do not depend on other lines."""


def finding_counts(
    table: Table,
    project: ProjectRules,
    decisions: Mapping[str, DecisionState],
    pool: WorkerPool,
    memory: DedupCache | None,
    examples: Numbers,
) -> dict[str, FindingCounts]:
    """Number of findings by example id, by rules that check each example by itself; only examples with findings.
    Suppressed findings do not count.

    They are cached unless they depend on more than the bytes of the line, the rules of this version and the
    configuration. Raises `InputError`.
    """
    config, rules = project.check, RuleSelection.from_config(project.check)
    lines, names = table.lines[examples], table.names(examples)
    kept = {name: decision for name, decision in decisions.items() if decision.kept}
    counted = partial(_finding_counts, table, config, rules, pool, project.suppressed, kept)
    accepted = kept.keys() | {example for _, example in project.suppressed}
    single = np.array([name in accepted for name in names], dtype=np.bool_)
    if memory is None or table.line_keys is None or config.per_file_ignores or not rules.is_cacheable(config):
        single[:] = True
    counts_by_id = counted(lines[single])
    if single.all() or memory is None or table.line_keys is None:
        return counts_by_id
    cacheable = np.flatnonzero(~single)
    keys = table.line_keys[lines[cacheable]]
    cached = memory.findings(repr(config))
    counts, is_cached = cached.find(keys)
    new = np.flatnonzero(~is_cached)
    if len(new):
        fresh = counted(lines[cacheable[new]])
        counts[new] = [fresh.get(names[index], NO_FINDINGS)[1:] for index in cacheable[new].tolist()]
        cached.add(keys[new], counts[new])
    with_findings = np.flatnonzero(counts.any(axis=1))
    for index, row in zip(cacheable[with_findings].tolist(), counts[with_findings].tolist(), strict=True):
        counts_by_id[names[index]] = FindingCounts(int(row[0] > 0), *row)
    return counts_by_id


def _finding_counts(
    table: Table,
    config: CheckConfig,
    rules: RuleSelection,
    pool: WorkerPool,
    suppressed: frozenset[tuple[str, str]],
    accepted: Mapping[str, DecisionState],
    lines: Numbers,
) -> dict[str, FindingCounts]:
    """The number of unsuppressed findings by example id on some lines, not from the cache; only examples with findings.
    Workers count them, because findings take longer to send than to count. `accepted`: the decisions that accept some.
    """
    codes = tuple(code for code in rules.severities if rules.available[code].scope in PER_EXAMPLE)
    if not codes or not len(lines):
        return {}
    counts: dict[str, FindingCounts] = {}
    make = partial(_counts_of, ErrorFilter.selecting(codes, config), suppressed, accepted)
    for examples, rows in pool.each(make, _stored_lines(table, lines)):
        for example, row in zip(examples, map(FindingCounts._make, rows), strict=True):
            before = counts.get(example, NO_FINDINGS)
            counts[example] = (
                row
                if before is NO_FINDINGS
                else FindingCounts(max(before.rejected, row.rejected), *map(add, before[1:], row[1:]))
            )
    return counts


class _StoredLines(NamedTuple):
    """Some lines of a file."""

    source: LineSource
    begins: Numbers
    """Offset at which each line starts."""
    ends: Numbers
    """Offset at which its line ending starts."""


def _stored_lines(table: Table, lines: Numbers) -> Iterator[_StoredLines]:
    """Some ascending lines, as tasks."""
    for index, source in enumerate(table.sources):
        source_lines = lines[(lines >= table.first[index]) & (lines < table.first[index + 1])]
        for start in range(0, len(source_lines), CHUNK_LINES):
            chunk_lines = source_lines[start : start + CHUNK_LINES]
            begins = table.starts[chunk_lines]
            yield _StoredLines(source, begins, begins + table.sizes[chunk_lines])


def _counts_of(
    line_check: ErrorFilter,
    suppressed: frozenset[tuple[str, str]],
    accepted: Mapping[str, DecisionState],
    lines: _StoredLines,
) -> tuple[list[str], list[list[int]]]:
    """The ids of the examples with findings on some lines, which are read again, and a row of `FindingCounts` each;
    line breaks in elements of a document are replaced.
    """
    parts = LineReader().parts(*lines)
    data = b"".join([bytes(part).replace(b"\n", b" ") + b"\n" for part in parts])
    chunk = Chunk(lines.source.path, lines.source.name, 0, None, data)
    counts: dict[str, list[int]] = {}
    for finding in line_check.reported(line_check.judged(chunk).findings):
        if finding.example is None or (finding.code, finding.example) in suppressed:
            continue
        row = counts.setdefault(finding.example, [*NO_FINDINGS])
        row[1 + finding.severity.rank] += 1
        if finding.severity is Severity.ERROR and any(not_accepted([finding], accepted)):
            row[0] = 1
    return list(counts), list(counts.values())


def write_plan(
    plan: DedupResult, output: Path, *, overwrite: bool = False, shards: int = 1, executor: Executor = LOCAL
) -> Path:
    """Write kept lines to `output` or so many `shards` of it, byte for byte, and removed ones to a file beside it, both
    completely or neither; returns that file. Tasks of a cluster make the removed lines, and write shards of JSON Lines.

    Raises `InputError` if a file changed since it was read, `UsageError` if an output exists and must not be replaced,
    or another process writes it, `OutputError`.
    """
    removed = removed_path(output, "removed")
    with executor.pool(1, processes=False, files=[seen.path for seen in plan.seen]) as pool:
        if shards == 1 or output.suffix == ".parquet":
            with replacing_both(output, removed, overwrite=overwrite, seen=plan.seen, shards=shards) as outputs:
                lines = _write_removed(plan, outputs[1], pool)
                write_parts(line_parts(plan.table, lines), outputs[0], LineReader())
                require_all_lines(len(lines), outputs[0].lines, 0)
            return removed
        with replacing_shards(output, removed, overwrite=overwrite, seen=plan.seen) as (stage, removed_output):
            lines = _write_removed(plan, removed_output, pool)
            bounds = shard_bounds(len(lines), shards)
            names = shard_names(output.name, len(bounds) - 1)
            files = (
                LineFile(name, line_parts(plan.table, lines[first:last]))
                for name, first, last in zip(names, bounds, bounds[1:], strict=False)
            )
            written = write_files(files, stage, pool)
            require_all_lines(len(lines), sum(file.lines for file in written), 0)
    return removed


def _write_removed(plan: DedupResult, output: CountingWriter, pool: WorkerPool) -> Numbers:
    """Write the removed lines, and return the numbers of the kept ones. Raises `InputError` if a file changed."""
    require_unchanged(plan.seen)
    return write_removed(plan.table, plan.lines, plan.duplicates, output, plan.dropped, pool)
