"""Decontamination of files: which examples contain items of a benchmark, and the files without them."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from curate.commands.session import Workspace
from curate.core.errors import InputError, OutputError, UsageError, require_all_lines
from curate.core.events import StageFinished, StageStarted
from curate.core.example import Example, Place
from curate.core.finding import Finding
from curate.core.json_output import NotPrinted, Output, Rounded
from curate.core.masking import secrets_in
from curate.core.removed import Reason, Removal, removed_line
from curate.core.text import plural, visible
from curate.corpus.dedup_text import other_sides
from curate.leakage.decontaminate import (
    REJECTED_SIDE,
    BenchmarkIndex,
    Match,
    contaminated,
    indexed,
    merged,
    word_texts,
)
from curate.leakage.rephrased import Embed, add_facts, rephrased
from curate.lint.rules.splits import Leak, benchmark_in_training
from curate.models.embeddings import embed as embed_texts
from curate.models.names import fingerprint
from curate.parallel.kernels import kernels_for
from curate.read.benchmark import BENCHMARKS, read_benchmark
from curate.read.dataset import ParsedLine, read_dataset, require_examples
from curate.storage.benchmark_index import (
    INDEX_SUFFIX,
    NAME,
    index_file,
    read_index,
    rebuild_command,
    require_own_key,
    require_rephrased,
)
from curate.storage.files import DATA_SUFFIXES, display_name, sha256
from curate.storage.output_pair import removed_path, replacing_both
from curate.storage.snapshot import Snapshot, snapshots_of
from curate.storage.store import save


@dataclass(frozen=True, slots=True)
class Benchmark(Output):
    """A benchmark, and how many of its items were found."""

    file: str
    items: int
    not_looked_for: int
    """Items without enough text to search for."""
    found: list[int]
    """Lines of the items found."""
    rephrased: bool
    """Whether rephrased items were searched for, too."""


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
    """`run`: consecutive words; `whole`: a turn equals the item; `near`: a turn is similar to it; `meaning`: a turn
    asks for it in other words.
    """
    words: str
    """The longest common run of words, without case and punctuation; empty for `near` and `meaning`."""
    share: Rounded
    """The share of the item's words in common runs; for `near`, the Jaccard similarity; for `meaning`, the
    probability."""
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
    removed: list[Removal]
    """Without their text, which is in the file of removed lines."""
    lines: NotPrinted[Sequence[ParsedLine]] = field(repr=False)
    reasons: NotPrinted[Mapping[Place, Reason]] = field(repr=False)
    """Why lines are removed."""
    seen: NotPrinted[list[Snapshot]]
    """The files and the benchmarks, as they were before they were read."""


def decontaminate(
    work: Workspace, benchmarks: Sequence[Path], *, fields: Sequence[str] = (), embeddings: str = ""
) -> DecontaminateResult:
    """Decide which lines of a project's data as it is, without the decisions of the review, are removed; nothing is
    written.

    `benchmarks`: files or indexes. `fields`: where the text of an item is, instead of the known names. `embeddings`: a
    model to search for rephrased items, too. Raises `InputError`, also if no line holds an example.
    """
    _ = work.decisions  # a note says that they are not applied
    files, listen = work.files, work.session.listen
    listen(StageStarted("read"))
    # an index is read at once, and reading it changes its time
    read = [*files, *(path for path in benchmarks if path.suffix != INDEX_SUFFIX)]
    snapshots = snapshots_of(read)
    embed = _embedder(embeddings, work.cache) if embeddings else None
    with kernels_for([*files, *benchmarks]):
        parts = [_index(path, fields, embed, embeddings) for path in benchmarks]
        index = merged(parts)
        dataset = read_dataset(files)
        require_examples(len(dataset.lines), len(dataset.examples))
        items = plural(len(index.arrays["item_line"]), "item")
        listen(StageFinished("read", False, f"{plural(len(dataset.lines), 'line')}, {items}"))
        listen(StageStarted("compare"))
        contamination = contaminated(dataset.examples, index, work.session.executor)
    matches = list(contamination.matches)
    if embed is not None:
        matches += _new_rephrased(dataset.examples, parts, embed, {(match.example, match.item) for match in matches})
    listen(StageFinished("compare", False, plural(len(matches), "match")))
    leaks = list(_leaks(dataset.examples, index, matches))
    findings = list(benchmark_in_training.function(leaks))
    reasons = {
        leak.place: Reason(finding.code, finding.message, "rule") for leak, finding in zip(leaks, findings, strict=True)
    }
    removed = [Removal.without_text(leak.place, leak.example, reasons[leak.place]) for leak in leaks]
    contained = [
        FoundItem(finding, *leak.benchmark[:2], leak.field, leak.kind, leak.words, leak.share, leak.others)
        for leak, finding in zip(leaks, findings, strict=True)
    ]
    return DecontaminateResult(
        read=len(dataset.lines),
        kept=len(dataset.lines) - len(removed),
        not_understood=dataset.not_understood,
        written=False,
        benchmarks=_summaries(index, matches, contamination.too_short, rephrased=embed is not None),
        found=contained,
        removed=removed,
        lines=dataset.lines,
        reasons=reasons,
        seen=snapshots,
    )


def _embedder(model: str, cache: Path | None) -> Embed:
    """Unit vectors of texts by a model, in float32: the decision is by a threshold."""
    return partial(embed_texts, model=model, cache=cache, exact=True)


def _index(path: Path, fields: Sequence[str], embed: Embed | None, model: str) -> BenchmarkIndex:
    """The index of a benchmark: read from an index file, or made from a file of items. `embed`: None without a search
    for rephrased items.
    """
    if path.suffix == INDEX_SUFFIX:
        about, arrays = read_index(path)
        if embed is not None and about["model"] != fingerprint(model):
            raise InputError(
                f"{visible(path.stem)}: the index has no embeddings of {visible(model)}",
                f"build it again:  {rebuild_command(about, path.stem, embeddings=True)}",
            )
        if embed is not None:
            require_rephrased(about, path.stem)
        return BenchmarkIndex(about["files"], about["fields"], arrays, about["model"])
    items = read_benchmark(path, fields)
    index = indexed(items)
    if embed is not None:
        add_facts(index, items, embed, fingerprint(model))
    return index


def _new_rephrased(
    examples: Sequence[Example],
    parts: Sequence[BenchmarkIndex],
    embed: Embed,
    literal_matches: Container[tuple[int, int]],
) -> Iterator[Match]:
    """The matches of rephrased items, without `literal_matches`: pairs of example and item that share runs of words."""
    start = 0
    for index in parts:
        for match in rephrased(examples, index, embed):
            if (match.example, match.item + start) not in literal_matches:
                yield match._replace(item=match.item + start)
        start += len(index.arrays["item_line"])


def _leaks(examples: Sequence[Example], index: BenchmarkIndex, matches: Iterable[Match]) -> Iterator[Leak]:
    """For each example with matches, the best one."""
    by_example: dict[int, list[Match]] = defaultdict(list)
    for match in matches:
        by_example[match.example].append(match)
    for number, example_matches in sorted(by_example.items()):
        best = min(example_matches, key=lambda match: (-match.share, match.message, match.item))
        example = examples[number]
        message = None if best.message == REJECTED_SIDE else example.messages[best.message]
        texts = other_sides(example) if message is None else [message.text]
        yield Leak(
            example.place,
            example.id,
            "" if message is None else message.content_pointer,
            index.place(best.item),
            index.fields[index.arrays["part_field"][best.part]] if best.part >= 0 else "question",
            best.kind,
            _without_secrets(best.words, texts),
            best.share,
            len(example_matches) - 1,
        )


def _without_secrets(words: str, texts: Sequence[str]) -> str:
    """Normalized words of a text, in which those of its secrets are replaced by `[…]`; `texts`: the originals, in which
    secrets are recognized.
    """
    secrets = [secret for text in texts for secret in secrets_in(text)]
    secret_words = {word for plain in word_texts(secrets) for word in plain.split()}
    return " ".join("[…]" if word in secret_words else word for word in words.split(" ")) if secret_words else words


def _summaries(
    index: BenchmarkIndex, matches: Sequence[Match], too_short: frozenset[int], *, rephrased: bool
) -> list[Benchmark]:
    """The numbers of all, of too short and of matched items of each file in an index. `too_short`: the items with too
    few words to be searched.
    """
    files = index.arrays["item_file"].tolist()
    names = [index.files[file] for file in files]
    counts, short_counts = Counter(names), Counter(names[item] for item in too_short)
    found_items: dict[str, set[int]] = defaultdict(set)
    for item in {match.item for match in matches}:
        found_items[names[item]].add(item)
    lines = index.arrays["item_line"]
    return [
        Benchmark(file, count, short_counts[file], sorted(int(lines[item]) for item in found_items[file]), rephrased)
        for file, count in counts.items()
    ]


def benchmark_paths(values: Sequence[str]) -> list[str]:
    """The files and indexes that `--bench` names: paths, and names of indexed benchmarks, also several with commas.

    Each is named once. Raises `UsageError` for a name without an index, an empty one, and one that is a path, too.
    """
    paths = []
    for value in values:
        for piece in [value] if Path(value).exists() else value.split(","):
            if not piece:
                raise UsageError("--bench: a name is empty", "name a file or an indexed benchmark")
            is_name = NAME.fullmatch(piece) and not piece.endswith(DATA_SUFFIXES)
            is_path = Path(piece).exists()
            if is_name and is_path and index_file(piece).exists():
                raise UsageError(
                    f"{visible(piece)}: both a path and an indexed benchmark",
                    f"name the path ./{visible(piece)}, or the index {visible(str(index_file(piece)))}",
                )
            paths.append(str(_existing_index(piece)) if is_name and not is_path else piece)
    return list(dict.fromkeys(paths))


def _existing_index(name: str) -> Path:
    """The file of an indexed benchmark. Raises `UsageError` if there is none."""
    path = index_file(name)
    if not path.exists():
        where = f"any benchmark; known names are {', '.join(BENCHMARKS)}"
        if name in BENCHMARKS:
            where = "{}, split {}".format(*BENCHMARKS[name])
        raise UsageError(
            f"{visible(name)}: neither a file nor an indexed benchmark",
            f"curate decontaminate --build-index {visible(name)} FILE  ({where})",
        )
    return path


@dataclass(slots=True)
class IndexResult(Output):
    """What `curate decontaminate --build-index --json` prints."""

    name: str
    index: str
    """Where it is."""
    files: list[str]
    items: int
    not_looked_for: int
    """Items without enough text to search for."""
    embeddings: bool
    """Whether rephrased items can be searched for with it."""


def build_index(
    name: str, files: Sequence[Path], *, fields: Sequence[str] = (), embeddings: str = "", overwrite: bool = False
) -> IndexResult:
    """Index a benchmark of the user for `--bench NAME`. Raises `InputError`, `OutputError`, `UsageError`."""
    path = index_file(name)
    require_own_key()
    if path.exists() and not overwrite:
        raise UsageError(f"{visible(name)}: an index exists: {visible(str(path))}", "add --overwrite to replace it")
    items = [item for file in files for item in read_benchmark(file, fields)]
    with kernels_for(files):
        index = indexed(items)
    if embeddings:
        add_facts(index, items, _embedder(embeddings, None), fingerprint(embeddings))
    sources = [{"name": file.name, "sha256": sha256(file)} for file in files]
    index.files = _benchmark_names(name, index.files)
    index.notes = {"name": name, "built": datetime.now(UTC).date().isoformat(), "sources": sources}
    if problem := save(path, index.content()):
        raise OutputError(visible(problem), "free disk space or check the permissions")
    short = len(items) - len(set(index.arrays["part_item"].tolist()))
    return IndexResult(name, str(path), [display_name(file) for file in files], len(items), short, bool(embeddings))


def _benchmark_names(name: str, files: Sequence[str]) -> list[str]:
    """The name of each file of a benchmark: `name` for one file; for several, `name` and the part of the path that
    differs.
    """
    paths = [Path(file).parts for file in files]
    shared = next((depth for depth, names in enumerate(zip(*paths, strict=False)) if len({*names}) > 1), 0)
    return ["/".join((name, *parts[shared:])) for parts in paths] if len(files) > 1 else [name]


def write_decontaminated(result: DecontaminateResult, output: Path, *, overwrite: bool = False) -> Path:
    """Write kept lines to `output`, byte for byte, and removed ones to a file beside it, both completely or
    neither; returns that file. Raises as `curate.commands.dedup.write_plan` does.
    """
    removed = removed_path(output, "removed")
    with replacing_both(output, removed, overwrite=overwrite, seen=result.seen) as (kept_output, removed_output):
        for line in result.lines:
            if line.example is not None and (reason := result.reasons.get(line.place)):
                removed_output.write(removed_line(line.place, line.example.id, reason, line.line.data))
            else:
                kept_output.write(line.jsonl + b"\n")
        require_all_lines(result.read, kept_output.lines, removed_output.lines)
    result.written = True
    return removed
