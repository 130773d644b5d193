"""Decontamination of files: which examples contain items of a benchmark, and the files without them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from curate.commands.session import Workspace
from curate.core.errors import require_all_lines
from curate.core.events import StageFinished, StageStarted
from curate.core.example import Example
from curate.core.finding import Finding
from curate.core.json_output import NotPrinted, Output, Rounded
from curate.core.kernels import kernels_for
from curate.core.masking import secrets_in
from curate.core.output_pair import removed_path, replacing_both
from curate.core.removed import Reason, WithoutLines, removal, removed_line
from curate.core.snapshot import Snapshot, snapshot
from curate.core.text import plural
from curate.leakage.decontaminate import REJECTED_SIDE, Match, contaminated, plain_words
from curate.lint.rules.splits import Leak, benchmark_in_training
from curate.read.benchmark import Item, read_benchmark
from curate.read.dataset import ParsedLine, read_dataset, require_examples


@dataclass(frozen=True, slots=True)
class Benchmark(Output):
    """A benchmark, and how many of its items were found."""

    file: str
    items: int
    not_looked_for: int
    """Items without enough text to search for."""
    found: list[int]
    """Lines of the items found. Rephrased items are not found, since words are compared."""


@dataclass(frozen=True, slots=True)
class FoundItem(Output):
    """An example that contains an item of a benchmark."""

    finding: Finding
    benchmark: str
    line: int
    """Line in the benchmark."""
    field: str
    """Field of the item."""
    kind: str
    """`run`: consecutive words; `whole`: a turn equals the item; `near`: a turn is similar to it."""
    words: str
    """The longest common run of words, without case and punctuation."""
    share: Rounded
    """The share of the item's words in common runs; for `near`, the Jaccard similarity."""
    others: int
    """Other items in the same example."""


@dataclass(slots=True)
class DecontaminateResult(Output):
    """What `curate decontaminate --json` prints."""

    read: int
    """Lines read: kept + removed."""
    kept: int
    not_understood: int
    """Lines without an example in a known format; they are kept."""
    written: bool
    """Whether kept and removed lines were written."""
    benchmarks: list[Benchmark]
    found: list[FoundItem]
    """One for each example that contains an item: the item with the largest share in it."""
    removed: WithoutLines
    """Without their text, which is in the file of removed lines."""
    stays: NotPrinted[list[ParsedLine]] = field(repr=False)
    seen: NotPrinted[list[Snapshot]]
    """The files and the benchmarks, as they were before they were read."""


def decontaminate(work: Workspace, benchmarks: Sequence[Path], *, fields: Sequence[str] = ()) -> DecontaminateResult:
    """Decide which lines of a project's data as it is, without the decisions of the review, are removed; nothing is
    written.

    `fields`: where the text of an item is, instead of the known names. Raises `InputError`, also if no line holds an
    example.
    """
    _ = work.decisions  # a note says that they are not applied
    files, listen = work.files, work.session.listen
    listen(StageStarted("read"))
    snapshots = [snapshot(path) for path in dict.fromkeys([*files, *benchmarks])]
    items = [item for path in benchmarks for item in read_benchmark(path, fields)]
    dataset = read_dataset(files)
    require_examples(len(dataset.lines), len(dataset.examples))
    listen(StageFinished("read", False, f"{plural(len(dataset.lines), 'line')}, {plural(len(items), 'item')}"))
    listen(StageStarted("compare"))
    with kernels_for([*files, *benchmarks]):
        contamination = contaminated(dataset.examples, items, work.session.executor)
    listen(StageFinished("compare", False, plural(len(contamination.matches), "match")))
    leaks = list(_leaks(dataset.examples, items, contamination.matches))
    findings = list(benchmark_in_training.function(leaks))
    reasons = {
        leak.place: Reason(finding.code, finding.message, "rule") for leak, finding in zip(leaks, findings, strict=True)
    }
    kept = [line for line in dataset.lines if line.example is None or line.place not in reasons]
    removed = [
        removal(line.place, line.example.id, reasons[line.place], line.line.data)
        for line in dataset.lines
        if line.example is not None and line.place in reasons
    ]
    contained = [
        FoundItem(finding, *leak.benchmark[:2], leak.field, leak.kind, leak.words, leak.share, leak.others)
        for leak, finding in zip(leaks, findings, strict=True)
    ]
    return DecontaminateResult(
        read=len(dataset.lines),
        kept=len(kept),
        not_understood=dataset.not_understood,
        written=False,
        benchmarks=_summaries(items, contamination.matches, contamination.too_short),
        found=contained,
        removed=removed,
        stays=kept,
        seen=snapshots,
    )


def _leaks(examples: Sequence[Example], items: Sequence[Item], matches: Iterable[Match]) -> Iterator[Leak]:
    """For each example with matches, the best one."""
    by_example: dict[int, list[Match]] = defaultdict(list)
    for match in matches:
        by_example[match.example].append(match)
    for index, example_matches in by_example.items():
        best = min(example_matches, key=lambda match: (-match.share, match.message, match.item))
        example, item = examples[index], items[best.item]
        pointer = "" if best.message == REJECTED_SIDE else example.messages[best.message].content_pointer
        part, words = item.parts[best.part], _without_secrets(best.words, item.parts[best.part].text)
        yield Leak(
            example.place,
            example.id,
            pointer,
            item.place,
            part.name,
            best.kind,
            words,
            best.share,
            len(example_matches) - 1,
        )


def _without_secrets(words: str, text: str) -> str:
    """The words of an item without its secrets, which could not be recognized without case and punctuation."""
    secret_words = {word for plain in plain_words(secrets_in(text)) for word in plain.split()}
    return " ".join("[…]" if word in secret_words else word for word in words.split(" ")) if secret_words else words


def _summaries(items: Sequence[Item], matches: Sequence[Match], too_short: frozenset[int]) -> list[Benchmark]:
    counts = Counter(item.place.file for item in items)
    short_counts = Counter(items[index].place.file for index in too_short)
    found_items: dict[str, set[int]] = defaultdict(set)
    for index in {match.item for match in matches}:
        found_items[items[index].place.file].add(index)
    return [
        Benchmark(file, count, short_counts[file], sorted(items[index].place.line for index in found_items[file]))
        for file, count in counts.items()
    ]


def write_decontaminated(result: DecontaminateResult, output: Path, *, overwrite: bool = False) -> Path:
    """Write kept lines to `output`, byte for byte, and removed ones to a file beside it, both completely or
    neither; returns that file. Raises as `curate.commands.dedup.write_plan` does.
    """
    removed = removed_path(output, "removed")
    with replacing_both(output, removed, overwrite=overwrite, seen=result.seen) as (kept_output, removed_output):
        for line in result.stays:
            kept_output.write(line.jsonl + b"\n")
        for record in result.removed:
            removed_output.write(removed_line(record))
        require_all_lines(result.read, kept_output.lines, removed_output.lines)
    result.written = True
    return removed
