"""`curate split` as a function: read files, leave out lines with errors, divide and write the rest."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from curate.commands.session import Workspace
from curate.core.config import CheckConfig, Config
from curate.core.decision import DecisionState, edits_of
from curate.core.errors import InputError, UsageError
from curate.core.events import Advance, StageFinished, StageStarted, advancing
from curate.core.example import content_id
from curate.core.finding import Finding, Severity
from curate.core.lazy import np
from curate.core.removed import Reason
from curate.core.text import plural, visible
from curate.corpus.cache import DedupCache
from curate.corpus.corpus import LineReader, Table
from curate.corpus.features import FeatureSpec
from curate.corpus.loading import MemoryUse, is_big, read_table, within_memory
from curate.lint.error_filter import ErrorFilter, suffices
from curate.lint.project_check import ProjectRules
from curate.lint.rules.rule_selection import RuleSelection
from curate.lint.rules.splits import SplitBalance, SplitCounts, unbalanced
from curate.models.names import fingerprint
from curate.network.egress import upload
from curate.output.apply import (
    large_removals,
    removal_reasons,
    removes_line,
    repair_note,
    require_confirmation,
    unmatched_notes,
)
from curate.output.edited import edited_copies, effective_decisions
from curate.output.folder import CARD, LOADING, OutputSettings, SplitResult, input_files, line_written, write_output
from curate.output.restore import finish
from curate.parallel.kernels import kernels_for
from curate.parallel.worker_pool import WorkerPool, cores
from curate.project.manifest import SPLIT_NAMES, Manifest, changed_files, data_settings, named_files, read_manifest
from curate.read.chunk_cache import CACHE_FOLDER, tidy
from curate.similarity.similarity_index import Bands, bands_for
from curate.split.assign import Earlier, earlier_splits
from curate.split.division import Division, divide, grouped_by_session, split_feature_spec
from curate.storage.data_files import data_files
from curate.storage.files import MANIFEST, display_name
from curate.storage.paths import identity, require_distinct_paths
from curate.storage.snapshot import Snapshot, mode_of, require_unchanged, snapshot

MEMORY: Final = MemoryUse(400 << 20, 350)
DIVIDING_KEYS: Final = ("fractions", "counts", "stratify", "existing")
"""Settings of `[split]` that must be unchanged for examples of an earlier division to keep their split."""


@dataclass(frozen=True, slots=True)
class SplitSources:
    """The files to divide and a given test set, each as it was before it was read."""

    files: Sequence[Path]
    """For a file with edited lines, a copy with the edits."""
    given: Sequence[Path] = ()
    name_of: Callable[[Path], str] = display_name
    """The name of each file in places."""
    origins: Mapping[Path, Snapshot] = field(default_factory=dict)
    """For a copy with edits, its original file."""
    seen: Mapping[Path, Snapshot] = field(init=False)

    def __post_init__(self) -> None:
        """Raises `InputError` for a file that cannot be read."""
        object.__setattr__(self, "seen", {path: snapshot(path, hashed=True) for path in self.every})

    @classmethod
    def of(
        cls,
        files: Sequence[Path],
        given: Sequence[Path],
        decisions: Mapping[str, DecisionState],
        folder: Path,
        name_of: Callable[[Path], str] = display_name,
    ) -> Self:
        """The sources with the edits of `decisions`; copies of files are in `folder`. Raises `InputError`."""
        edits = edits_of(decisions)
        snapshots = {path: snapshot(path, hashed=True) for path in files} if edits else {}
        copies = edited_copies(files, edits, folder)
        origins = {copy: snapshots[path] for path, copy in copies.items()}
        return cls(
            [copies.get(path, path) for path in files],
            given,
            lambda path: name_of(origins[path].path if path in origins else path),
            origins,
        )

    @property
    def every(self) -> list[Path]:
        """The files of the test set, then those to divide."""
        return [*self.given, *self.files]

    @property
    def originals(self) -> dict[str, Path]:
        """The files by their names in places, without edits."""
        return {self.name_of(path): self.origins[path].path if path in self.origins else path for path in self.every}

    def hash_of(self, path: Path) -> str:
        """SHA-256 of the content of a file."""
        return self.origins.get(path, self.seen[path]).sha256

    @property
    def mode(self) -> int:
        """The permissions of the written files."""
        return mode_of([*self.seen.values(), *self.origins.values()])

    def require_unchanged(self) -> None:
        """Raise `InputError` if one of them changed since it was read."""
        require_unchanged([*self.seen.values(), *self.origins.values()])


def sources_of(
    work: Workspace, named: Sequence[str | Path], output: Path, verdicts: Mapping[str, DecisionState]
) -> SplitSources:
    """The files to divide and a given test set.

    `named`: the files to divide, as the user named them. Raises `InputError` for a missing file, `UsageError` for a
    file that is named as both, and for an `output` that contains input files.
    """
    existing, session, paths = work.config.split.existing, work.session, work.files
    by_range = session.executor.remote
    test_files = data_files(existing, session.tell_skipped, session.left_out, by_range=by_range) if existing else []
    require_distinct_paths([*paths, *test_files], folder=output, named=[*named, *existing])
    require_other_files(test_files, paths)
    return SplitSources.of(paths, test_files, verdicts, work.project.edited)


def require_other_files(test_files: Sequence[Path], paths: Sequence[Path]) -> None:
    """Raise `UsageError` if a file of the given test set is among those to divide, also under another name."""
    own_files = set(map(identity, paths))
    if shared := next((path for path in test_files if identity(path) in own_files), None):
        raise UsageError(f"{visible(str(shared))}: is both data and the given test set", "name it once")


def split(
    work: Workspace,
    named: Sequence[str | Path],
    output: Path,
    *,
    min_rating: int | None = None,
    without_labels: Sequence[str] = (),
) -> SplitResult:
    """Read the data of a project, divide and write it; a write of `output` that was interrupted is completed first.

    `named`: the files as the user named them; `min_rating`, `without_labels`: examples with a lower rating or such a
    label of the review are left out, and so are dropped examples, lines with errors and findings of the rules in
    `drop`; duplicates are kept, in one split. Raises as `sources_of` does, `InputError` for a file that cannot be read
    or if no example is left, `DataError` if a large share of a file would be dropped without consent, `OutputError`;
    then nothing is changed.
    """
    finish(output, work.project.decisions)
    decisions = effective_decisions(work.decisions, min_rating, without_labels)
    sources, session = sources_of(work, named, output, decisions), work.session
    require_distinct_paths(sources.every, folder=output)
    big, listen = is_big(sources.every), session.listen
    workers, folder = within_memory(sources.every, session.memory, MEMORY, cores())
    with (
        kernels_for(sources.every),
        session.executor.pool(workers, processes=big, files=sources.every, cache=work.chunk_cache) as pool,
    ):
        spec, cache = split_feature_spec(work.config), work.chunk_cache
        memory = DedupCache.of(cache, spec) if cache else None
        table, errors = _table_and_findings(work, sources, pool, folder, memory)
        if pool.checkpoints:
            tidy(pool.checkpoints / CACHE_FOLDER)
        left_out, repair = _left_out(work, sources, table, errors, decisions)
        listen(StageFinished("read", False, f"{plural(len(table.starts), 'line')}, {len(left_out):,} to remove"))
        listen(StageStarted("split"))
        result = split_data(
            sources, table, left_out, output, work.config, pool, work.rules,
            decisions=decisions, cache=work.cache, memory=memory, repair=repair,
        )  # fmt: skip
        for note in memory.save() if memory else ():
            session.note(note)
        sizes = ", ".join(f"{name} {part.examples:,}" for name, part in result.manifest.splits.items())
        listen(StageFinished("split", False, sizes))
        return result


def _table_and_findings(
    work: Workspace, sources: SplitSources, pool: WorkerPool, folder: Path | None, memory: DedupCache | None
) -> tuple[Table, list[Finding]]:
    """The table of all files, and the findings for which lines are left out: found while the lines are read, unless a
    rule compares several of them or asks a model.

    With a folder, shingles and keys are in files there.
    """
    check, session, rules = work.config.check, work.session, work.rules
    spec, errors = split_feature_spec(work.config), list[Finding]()
    in_one_pass = suffices(check)
    if session.executor.remote:  # nodes share no folder
        memory = None
    cache = work.chunk_cache if memory else None
    screening = ErrorFilter.of(check, cache) if in_one_pass else None
    if not in_one_pass:
        findings = work.findings_in(sources.files, rules, sources.name_of)
        errors = [finding for finding in findings if removes_line(finding, check.drop)]
    session.listen(StageStarted("read"))
    advance = advancing(session.listen, "read")
    bands = None if folder else bands_for(work.config.dedup.threshold)
    table = read_sources(sources, spec._replace(judging=screening), pool, advance, folder, memory, bands)
    if screening:
        report = screening.report(table.judged)
        rules.suppress_in(report, list(map(sources.name_of, sources.files)))
        errors = report.findings
        work.tell_suppressions(errors)
    return table, errors


def _left_out(
    work: Workspace,
    sources: SplitSources,
    table: Table,
    errors: Sequence[Finding],
    decisions: Mapping[str, DecisionState],
) -> tuple[Mapping[int, Reason], str]:
    """The reason for each line of the table that is left out, and a note if a fix would keep some of them, else an
    empty text. Raises `DataError` if the removals need `--yes`, and it was not given.
    """
    config, first = work.config, int(table.first[len(sources.given)])
    left_out = removal_reasons(table, errors=errors, verdicts=decisions, first=first)
    if work.session.where:
        from curate.commands.query import condition_of  # loads the scores

        excluded = condition.excluded(table, first) if (condition := condition_of(work)) else {}
        left_out = {line: removal.reason for line, removal in excluded.items()} | left_out
        left_out = dict(sorted(left_out.items()))
    removing = (finding for finding in errors if removes_line(finding, config.check.drop))
    repair = repair_note(removing, sources.originals)
    if not work.session.consent.yes:
        require_confirmation(large_removals(table, left_out, config.check, config.dedup, first), repair)
    return left_out, repair


def split_data(
    sources: SplitSources,
    table: Table,
    left_out: Mapping[int, Reason],
    output: Path,
    config: Config,
    pool: WorkerPool,
    rules: ProjectRules,
    *,
    decisions: Mapping[str, DecisionState] | None = None,
    models: Mapping[str, str] | None = None,
    cache: Path | None = None,
    memory: DedupCache | None = None,
    repair: str = "",
) -> SplitResult:
    """Divide and write what was read; `memory`: the cache of comparisons; `repair`: see `repair_note`. Raises
    as `split` does.
    """
    notes = [*unmatched_notes(table, decisions or {}), *([repair] if repair else [])]
    config = grouped_by_session(table, config)
    given_count = len(sources.given)
    accepted = {example for _, example in rules.suppressed}
    left_out = exclude_uncomparable(
        table, left_out, int(table.first[given_count]), config.check, decisions or {}, accepted
    )
    earlier, grown_from = _earlier_division(output, sources, config, pool, notes, memory)
    models = dict(models or {})
    if config.split.semantic:
        models["semantic"] = fingerprint(config.split.semantic)
    before = earlier.earlier_splits(table.ids) if earlier else None
    compared = earlier is not None and earlier.compared == _comparison(config, table.common)
    division = divide(
        table, left_out, config, pool, given=given_count, before=before, compared=compared, cache=cache, memory=memory,
        repair=repair,
    )  # fmt: skip
    inputs = input_files(table, map(sources.hash_of, sources.every))
    trainer_notes = list[str]()
    settings = OutputSettings(config, decisions or {}, models, grown_from, trainer_notes.append)
    manifest = write_output(
        output, table, division, inputs, given_count, settings,
        pool=pool, mode=sources.mode, unchanged=sources.require_unchanged,
    )  # fmt: skip
    if memory:
        divided = np.flatnonzero(division.group >= 0)
        compared_as = _comparison(config, [shared.text for shared in division.shared_instructions])
        entry = Earlier(table.ids[divided], division.split[divided], compared_as)
        memory.note_unwritten(entry.save(_earlier_entry(memory, manifest)))
    warnings = unbalanced(
        _balance_of(table, division, config, inputs[given_count].path, has_test_set=bool(given_count))
    )
    return SplitResult(
        display_name(output),
        manifest,
        len(table.starts) - len(table.lines),
        warnings,
        [*division.moved],
        [*notes, *division.notes, *trainer_notes],
        division,
    )


def _balance_of(table: Table, division: Division, config: Config, file: str, *, has_test_set: bool) -> SplitBalance:
    """The expected and actual sizes of the splits, for the rules that check them; a given test set is not checked.
    `file`: the file of the findings.
    """
    in_split = division.split >= 0
    examples = np.bincount(division.split[in_split], minlength=len(SPLIT_NAMES))
    texts = np.bincount(division.split[in_split], weights=table.lengths[in_split], minlength=len(SPLIT_NAMES))
    fractions = list(config.split.fractions)
    if config.split.counts is not None:
        held_out = [count / max(1, examples.sum()) for count in config.split.counts]
        fractions = [max(0.0, 1 - sum(held_out)), *held_out]
    divided = [0, 1] if has_test_set else [0, 1, 2]
    total, text, fraction_sum = (
        examples[divided].sum() or 1,
        texts[divided].sum() or 1,
        sum(fractions[index] for index in divided) or 1,
    )
    return SplitBalance(
        file,
        [
            SplitCounts(
                SPLIT_NAMES[index],
                fractions[index] / fraction_sum,
                int(examples[index]),
                float(examples[index] / total),
                float(texts[index] / text),
                _missing_classes(table, division, index, fractions[index]),
            )
            for index in divided
        ],
        division.holdable,
    )


def _missing_classes(table: Table, division: Division, split: int, fraction: float) -> list[tuple[str, int]]:
    """Classes of the balanced traits that are missing in a split although its share of them is at least one example."""
    assert table.marks is not None
    missing: list[tuple[str, int]] = []
    in_split = division.split >= 0
    for column in table.marks.traits.T:
        classes, counts = np.unique(column[in_split], return_counts=True)
        present = np.unique(column[division.split == split])
        lacking = ~np.isin(classes, present) & (counts * fraction >= 1) & (classes != 0)
        missing += [
            (table.marks.names.get(int(class_id), "a class"), int(count))
            for class_id, count in zip(classes[lacking], counts[lacking], strict=True)
        ]
    return sorted(missing, key=lambda item: (-item[1], item[0]))


def read_sources(
    sources: SplitSources,
    spec: FeatureSpec,
    pool: WorkerPool,
    advance: Advance | None = None,
    folder: Path | None = None,
    memory: DedupCache | None = None,
    bands: Bands | None = None,
) -> Table:
    """The table of all files; each line of a given test set must hold an example. Raises `InputError`."""
    table = read_table(sources.every, spec, pool, advance, sources.name_of, memory, folder, bands)
    tests = int(table.first[len(sources.given)])
    if int(table.lines.searchsorted(tests)) < tests:
        example_lines = set(table.lines[:tests].tolist())
        place = table.place(next(line for line in range(tests) if line not in example_lines))
        raise InputError(
            f"{visible(str(place))}: holds no example; a given test set is not changed", "correct or delete the line"
        )
    return table


def _comparison(config: Config, passages: Sequence[str]) -> str:
    """A hash of what the similarity of two examples depends on besides these: see `Earlier.compared`."""
    return content_id([config.dedup.threshold, *passages])


def _earlier_entry(memory: DedupCache, manifest: Manifest) -> Path:
    """The entry for the examples of the splits of a manifest."""
    return memory.division({name: part.files for name, part in manifest.splits.items()})


def _earlier_division(
    output: Path,
    sources: SplitSources,
    config: Config,
    pool: WorkerPool,
    notes: list[str],
    memory: DedupCache | None,
) -> tuple[Earlier | None, str | None]:
    """The earlier division in the output folder, and the hash of the manifest that this output grows from.

    Both are None if there is no earlier output, or its examples do not keep their split. If that is because files or
    settings changed, a note is added to `notes`.
    """
    try:
        manifest, digest = read_manifest(output)
    except InputError:
        return None, None
    if broken := changed_files(output, named_files(manifest)):
        text = ", ".join(f"{visible(name)} {reason}" for name, reason in broken.items())
        notes.append(f"{visible(display_name(output))}: {text}; all examples are split anew")
        return None, None
    if not config.split.grow:
        return None, None
    current = data_settings(config)
    changed = [name for name in DIVIDING_KEYS if manifest.config["split"][name] != current["split"][name]] + [
        "seed"
    ] * (manifest.config["seed"] != config.seed)
    if changed:
        notes.append(
            f"{' and '.join(changed)} changed since {visible(str(output))} was written; all examples are split anew"
        )
        return None, None
    files = [
        (path, SPLIT_NAMES.index(name))
        for name, part in manifest.splits.items()
        for path in part.paths(output)
        if not (sources.given and name == "test")
    ]
    same = manifest.config == current and [file.sha256 for file in manifest.inputs] == [
        sources.hash_of(path) for path in sources.files
    ]
    cached = Earlier.load(_earlier_entry(memory, manifest), memory.note_damaged) if memory else None
    return cached or earlier_splits(files, pool), manifest.grown_from if same else digest


STRUCTURE_FAMILIES: Final = ("C", "J", "M", "P", "T")
"""Families of the rules about what makes a line an example."""


def exclude_uncomparable(
    table: Table,
    left_out: Mapping[int, Reason],
    first: int,
    config: CheckConfig,
    decisions: Mapping[str, DecisionState],
    suppressed: Set[str],
) -> dict[int, Reason]:
    """The removed lines of a table, and those from number `first` on that `curate verify` cannot compare.

    Without silenced rules, errors remove such lines, so only examples are read with a finding that a person accepted:
    in `decisions`, or in `suppressed` by id. Raises `InputError` for such a line of a given test set, before `first`.
    """
    lines = table.lines
    if not _silences(config):
        accepted = suppressed | {example for example, decision in decisions.items() if decision.kept}
        accepted_ids = np.array([int(example[:16], 16) for example in accepted], dtype=np.uint64)
        lines = lines[(lines < first) | np.isin(table.ids[:, 0], accepted_ids, kind="sort")]
    if not len(lines):
        return dict(sorted(left_out.items()))
    from curate.verify.reading import unread  # loads the package, which takes longer than a small split

    reader, reasons = LineReader(), dict(left_out)
    for line in lines.tolist():
        if line in left_out or not (reason := unread(line_written(table, line, reader))):
            continue
        reason = f"holds no example that can be compared: {reason}"
        if line < first:
            text = f"{visible(str(table.place(line)))}: {visible(reason)}; a given test set is not changed"
            raise InputError(text, "correct or delete the line")
        reasons[line] = Reason("J013" if "occurs twice" in reason else "M001", reason, "rule")
    return dict(sorted(reasons.items()))


def _silences(config: CheckConfig) -> bool:
    """Whether the configuration ignores an error about the structure of a line or lowers its severity, or ignores any
    rule in some files.
    """
    plain, chosen = RuleSelection.from_config(CheckConfig(target=config.target)), RuleSelection.from_config(config)
    return bool(chosen.file_ignores) or any(
        severity is Severity.ERROR
        and code.startswith(STRUCTURE_FAMILIES)
        and chosen.severities.get(code) is not severity
        for code, severity in plain.severities.items()
    )


def push_split(folder: Path, manifest: Manifest, repository: str, *, private: bool, token: str | None = None) -> str:
    """Upload the splits with the data card and the manifest to a data set of the Hugging Face Hub, in one commit.

    The removed lines stay here: they may have been removed because they are private. Returns the commit's address.
    Raises `MissingExtra`, `UsageError`, `OutputError`.
    """
    names = sorted({MANIFEST, *named_files(manifest)} - {manifest.removed.file, CARD, LOADING})
    card = (folder / CARD).read_text(encoding="utf-8").replace("PATH/OF/THIS/FOLDER", repository)
    files: dict[str, Path | bytes] = {name: folder / name for name in names}
    files["README.md"] = card.encode()
    return upload(repository, files, "dataset", "Add splits written by curate", private=private, token=token)
