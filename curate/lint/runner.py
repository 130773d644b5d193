"""Check files chunk by chunk, optionally in several processes; findings are reported in line order."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from time import monotonic
from typing import Final, TypeVar

from curate.core.config import CheckConfig, ConflictsConfig
from curate.core.errors import UsageError
from curate.core.events import Advance
from curate.core.example import Example
from curate.core.finding import Finding, Severity
from curate.core.text import plural
from curate.lint.checker import Checker
from curate.lint.rules import Rule
from curate.lint.rules.example_columns import ExampleColumns
from curate.parallel.cluster import LOCAL, Executor
from curate.parallel.worker_pool import WorkerPool
from curate.read.chunk_cache import CACHE_FOLDER, Checkpoint, tidy
from curate.read.chunks import Chunk, read_at
from curate.read.dataset import FileFacts, read_file
from curate.read.file_parts import file_parts, is_parallel, uncached_chunk_bytes
from curate.storage.files import display_name, packing, path_of
from curate.storage.scratch import TempStore
from curate.storage.snapshot import unchanging

LABELS_DIFFER: Final = "X005"
"""The rule for labels of one input, of which no other rule reports that they contradict each other."""
Cuts = list[tuple[int, Chunk]]
"""The chunks of a file, each with the number of lines before it."""
Value = TypeVar("Value")


@dataclass(slots=True)
class CheckResult:
    """The findings of a check, and counts of the data."""

    findings: list[Finding] = field(default_factory=list)
    files: int = 0
    lines: int = 0
    """Non-blank lines, elements of documents and rows of tables."""
    unit: str = "line"
    """What `lines` counts: "record" if a file is a document or a table."""
    examples: int = 0
    """Lines with an example in a known format."""
    not_understood: int = 0
    """Lines without an example in a known format, even if the rules that report them did not run."""
    known: int = 0
    """Findings that the baseline contains; they are not reported."""
    suppressed: int = 0
    """Suppressed findings, each with a reason."""
    limits: list[str] = field(default_factory=list)
    """What was not compared in a file because the file has too much of it, as sentences."""
    rules: Mapping[str, Rule] = field(default_factory=dict)
    """All known rules, custom ones included."""
    severities_of: Mapping[str, Severity] = field(default_factory=dict)
    """The rules that ran, with their severities."""
    paths: Mapping[str, Path] = field(default_factory=dict)
    """The files by their names in findings."""
    seconds: float = 0.0

    @property
    def amount(self) -> str:
        """The amount of data, in words: `2 examples in 3 lines`."""
        return f"{plural(self.examples, 'example')} in {plural(self.lines, self.unit)}"

    @property
    def severities(self) -> Counter[Severity]:
        """Number of findings by severity."""
        return Counter(finding.severity for finding in self.findings)

    @property
    def codes(self) -> Counter[str]:
        """Number of findings by rule."""
        return Counter(finding.code for finding in self.findings)

    def could_report(self, code: str, file: str, files: Collection[str]) -> bool:
        """Whether this check could have reported a rule for a file: each was checked or no longer exists."""
        return (code in self.severities_of or code not in self.rules) and (file in files or not path_of(file).exists())

    def is_safe(self, finding: Finding) -> bool:
        """Whether `--fix` fixes a finding without `--unsafe-fixes`."""
        rule = self.rules.get(finding.code) if finding.fixable else None
        return rule is not None and rule.repair is not None and rule.repair.safe

    @property
    def failed(self) -> bool:
        """True if there is an error or a warning."""
        return any(finding.severity is not Severity.INFO for finding in self.findings)


def check_paths(
    paths: Sequence[Path],
    config: CheckConfig = CheckConfig.model_construct(),  # noqa: B008
    progress: Advance | None = None,
    name_of: Callable[[Path], str] = display_name,
    workers: int = 1,
    on_findings: Callable[[list[Finding]], None] | None = None,
    conflicts: ConflictsConfig = ConflictsConfig.model_construct(),  # noqa: B008
    executor: Executor = LOCAL,
    cache: Path | None = None,
) -> CheckResult:
    """Check files with the rules of `config`; `progress` gets the lines of each chunk, `on_findings` its findings.

    `name_of` returns the name of a file in findings. With more than one of `workers`, processes are started for large
    inputs; they import the main module anew, as `multiprocessing` does. With a `cache`, the folder of a project, the
    results of chunks are cached there. `conflicts` runs the search for the rules of family X. Raises `InputError` for a
    file that cannot be read or changes meanwhile, `UsageError` for an unknown code.
    """
    started = monotonic()
    cached = None if executor.remote else cache  # nodes share no folder
    checker = Checker(config, conflicts, cached)
    if executor.remote and checker.template is not None:
        raise UsageError(
            "--engine ray cannot be combined with --model or --chat-template", "check tokens (K rules) without --engine"
        )
    checker.state.files = len(paths)
    report = CheckResult(
        rules=checker.chosen.available,
        severities_of=checker.chosen.severities,
        paths={name_of(path): path for path in paths},
    )
    sink = _FindingSink(checker, on_findings)
    parallel = checker.template is None and is_parallel(paths)
    local, make_state = (lambda: checker), partial(Checker, config, cache=cached)
    with (
        executor.pool(
            workers if parallel else 1,
            processes=parallel,
            own=local,
            make_state=make_state,
            files=paths,
            cache=cache,
        ) as pool,
        TempStore() as copies,
        unchanging(paths),
    ):
        checkpoint = checker.checkpoint(pool.checkpoints, config) if pool.checkpoints else None
        second_reading = _SecondReading(pool, checkpoint)
        for number, path in enumerate(paths):
            _check_file(
                path, name_of(path), checker, second_reading, report, progress, sink, partial(copies.path, number)
            )
        _conclude(checker, report, second_reading, sink)
    if cache and (checker.cache or checkpoint):
        tidy(cache / CACHE_FOLDER)
    if checker.chosen.file_ignores:
        report.findings = list(filter(checker.chosen.reports, report.findings))
    report.seconds = monotonic() - started
    return report


class _FindingSink:
    """Passes on findings during the check, each once and in its final form."""

    def __init__(self, checker: Checker, on_findings: Callable[[list[Finding]], None] | None) -> None:
        self._chosen, self._on_findings = checker.chosen, on_findings

    def __call__(self, findings: Iterable[Finding], *, in_place: bool = True) -> None:
        """`in_place`: whether repairs can be made in place in the file."""
        if self._on_findings is None:
            return
        reported = [
            finding if in_place or not finding.fixable else replace(finding, fixable=False)
            for finding in findings
            if self._chosen.reports(finding)
        ]
        if reported:
            self._on_findings(reported)


def _check_file(
    path: Path,
    name: str,
    checker: Checker,
    second_reading: "_SecondReading",
    report: CheckResult,
    progress: Advance | None,
    sink: _FindingSink,
    copy: Callable[[], Path],
) -> None:
    """Check a file, and note how it is read again. `copy`: see `chunks_of`."""
    facts = FileFacts(name, target=checker.target)
    findings: list[Finding] = []
    cuts: Cuts = []
    facts.packed = packing(path)
    for part, before in file_parts(
        path,
        facts,
        second_reading.pool,
        Checker.check_chunk,
        checker.check_batch,
        copy,
        None if checker.cache or second_reading.checkpoint else uncached_chunk_bytes(path),
        second_reading.checkpoint,
        cached=checker.cache is not None,
    ):
        if part.chunk is not None:
            cuts.append((before, part.chunk))
        chunk_findings = list(checker.merge(part, before))
        sink(chunk_findings, in_place=not (facts.document or facts.packed))
        findings.extend(chunk_findings)
        if progress:
            progress(part.lines)
    second_reading.paths[name], second_reading.cuts[name] = path, cuts
    file_findings = [
        *checker.file_findings(facts),
        *second_reading.with_ids(checker.file_example_findings(), checker.state.summary.columns),
    ]
    report.limits += [f"{name}: {text}" for text in checker.file_limits()]
    checker.state.end_file()
    sink(file_findings, in_place=not (facts.document or facts.packed))
    findings.extend(file_findings)
    if facts.document or facts.packed:  # only plain JSON Lines files are fixed in place
        findings = [replace(finding, fixable=False) for finding in findings]
    report.findings.extend(sorted(findings, key=lambda finding: finding.order))
    report.files += 1
    report.lines += facts.lines
    if facts.document or facts.packed == "a table":
        report.unit = "record"
    report.examples += facts.understood
    report.not_understood += facts.lines - facts.understood


def _conclude(checker: Checker, report: CheckResult, second_reading: "_SecondReading", sink: _FindingSink) -> None:
    """Add the findings of rules that compare the examples of all files."""
    if checker.compares:
        lines = (parsed for name, path in second_reading.paths.items() for parsed in read_file(path, FileFacts(name)))
        comparisons = list(
            checker.comparison_findings([parsed.example for parsed in lines if parsed.example is not None])
        )
        report.findings += comparisons
        sink(comparisons)
    columns = checker.state.columns
    columns.answers_at = lambda indexes: second_reading.read(indexes, _last_text, columns)
    findings = list(checker.column_findings())
    repairable = {
        name
        for name, path in second_reading.paths.items()
        if second_reading.cuts[name] and path.is_file() and not packing(path)
    }
    compared = [
        replace(finding, fixable=finding.fixable and finding.file in repairable)
        for finding in second_reading.with_ids(findings, columns)
    ]
    groups = checker.repeated_requests({index for finding, index in findings if finding.code == LABELS_DIFFER})
    if groups or checker.uncompared:
        examples = second_reading.read({index for group in groups for index in group}, itself, columns)
        placed = {index: replace(example, place=columns.places[index]) for index, example in examples.items()}
        compared += checker.answer_findings([[placed[index] for index in group] for group in groups])
    report.findings += compared
    sink(compared)
    order = {name: index for index, name in enumerate(second_reading.paths)}
    report.findings.sort(key=lambda finding: (order[finding.file], finding.order))


def _last_text(example: Example) -> str:
    """The text of the last turn."""
    return example.messages[-1].text


@dataclass(slots=True)
class _SecondReading:
    """Reads a few examples again, by their index in the columns."""

    pool: WorkerPool
    checkpoint: Checkpoint | None
    """How the results of the first reading are kept."""
    paths: dict[str, Path] = field(default_factory=dict)
    cuts: dict[str, Cuts] = field(default_factory=dict)
    """The chunks of each file; empty if it cannot be read in chunks."""

    def with_ids(self, findings: Iterable[tuple[Finding, int | None]], columns: ExampleColumns) -> Iterator[Finding]:
        """The findings with the ids of their examples."""
        pairs = list(findings)
        ids = self.read({index for _, index in pairs if index is not None}, _ID, columns)
        for finding, index in pairs:
            yield finding if index is None else replace(finding, example=ids.get(index))

    def read(
        self, indexes: Collection[int], value_of: Callable[[Example], Value], columns: ExampleColumns
    ) -> dict[int, Value]:
        """A value of some examples."""
        values: dict[int, Value] = {}
        places = columns.places
        by_file: dict[str, dict[int, int]] = {}
        for index in sorted(indexes):
            by_file.setdefault(places[index].file, {})[index] = places[index].line
        for name, lines in by_file.items():
            if self.cuts[name]:
                values |= self._in_chunks(lines, value_of, self.cuts[name])
            else:  # a document whose elements may share a line
                start = places.start_of(name)
                parsed = (parsed_line.example for parsed_line in read_file(self.paths[name], FileFacts(name)))
                examples = (example for example in parsed if example is not None)
                values |= {
                    start + offset: value_of(example)
                    for offset, example in enumerate(examples)
                    if start + offset in lines
                }
        return values

    def _in_chunks(
        self, lines: Mapping[int, int], value_of: Callable[[Example], Value], cuts: Cuts
    ) -> dict[int, Value]:
        """A value of examples by their lines in the file, in order."""
        starts = [before for before, _ in cuts]
        by_chunk: dict[int, dict[int, int]] = {}
        for index, line in lines.items():
            chunk_number = bisect_left(starts, line) - 1
            by_chunk.setdefault(chunk_number, {})[line - starts[chunk_number]] = index
        requests = ((cuts[chunk_number][1], tuple(numbers), value_of) for chunk_number, numbers in by_chunk.items())
        answers = self.pool.each(_read_at, requests)
        return {
            numbers[number]: value
            for numbers, values in zip(by_chunk.values(), answers, strict=True)
            for number, value in values.items()
        }


_ID: Final = attrgetter("id")


def itself(example: Example) -> Example:
    """An example, which another process may have read."""
    return example


def _read_at(_: Checker, request: tuple[Chunk, tuple[int, ...], Callable[[Example], Value]]) -> dict[int, Value]:
    """A value of the examples on some lines of a chunk, from 1 and in order."""
    return read_at(*request)
