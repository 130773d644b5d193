"""Decontamination of files: what of them stands in a benchmark, and what stays without it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from curate.apply import Applied, apply
from curate.detect.decontaminate import OTHER_SIDE, Match, contaminated, plain_words
from curate.events import Listener, StageFinished, StageStarted, silent
from curate.example import Place
from curate.files import replacing_both
from curate.finding import Finding
from curate.masking import secrets_in
from curate.read.benchmark import Item, read_benchmark
from curate.read.dataset import read_dataset
from curate.rules.leakage import Leak, leaked
from curate.text import plural


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark, and how much of it was found."""

    file: str
    items: int
    unsaid: int
    """Items that are too short to be looked for."""
    found: tuple[int, ...]
    """Lines of the items that were found, in order."""


@dataclass(frozen=True, slots=True)
class Decontamination:
    """What would stay and what would go."""

    benchmarks: list[Benchmark]
    leaks: list[Leak]
    """One for each example that holds an item: of its items, the one of which it has the largest share."""
    findings: list[Finding]
    """The same, as findings."""
    unreadable: int
    """Lines without an example; they stay as they are."""
    applied: Applied = field(repr=False)


def decontaminated(
    files: Sequence[Path], benchmarks: Sequence[Path], *, fields: Sequence[str] = (), share: float = 0.0, listen: Listener = silent
) -> Decontamination:
    """Decide what of `files` goes; nothing is written.

    `fields`: where the text stands in the items, in place of the known names. `share`: of the words of an item's text, the least share
    that has to stand in runs that both have; similar turns are judged by their similarity alone. Raises `InputError`.
    """
    listen(StageStarted("read"))
    items = [item for path in benchmarks for item in read_benchmark(path, fields)]
    dataset = read_dataset(files)
    listen(StageFinished("read", False, f"{plural(len(dataset.lines), 'line')}, {plural(len(items), 'item')}"))
    listen(StageStarted("compare"))
    found = contaminated(dataset.examples, items)
    matches = [match for match in found.matches if match.kind == "near" or match.share >= share]
    listen(StageFinished("compare", False, plural(len(matches), "match")))
    by_example: dict[int, list[Match]] = defaultdict(list)
    for match in matches:
        by_example[match.example].append(match)
    leaks: list[Leak] = []
    errors: dict[Place, Finding] = {}
    for at, inside in by_example.items():
        best = min(inside, key=lambda match: (-match.share, match.message, match.item))
        example, item = dataset.examples[at], items[best.item]
        pointer = "" if best.message == OTHER_SIDE else example.messages[best.message].content_pointer
        part, words = item.parts[best.part], _without_secrets(best.words, item.parts[best.part].text)
        leaks.append(Leak(example.place, example.id, pointer, item.place, part.name, best.kind, words, best.share, len(inside) - 1))
    findings = leaked(leaks)
    errors = {leak.place: finding for leak, finding in zip(leaks, findings, strict=True)}
    applied = apply(dataset.lines, errors=errors, keep_unreadable=True)
    unreadable = len(dataset.lines) - len(dataset.examples)
    return Decontamination(_summaries(items, matches, found.unsaid), leaks, findings, unreadable, applied)


def _without_secrets(words: str, text: str) -> str:
    """Words of an item without those of its secrets: without case and punctuation nobody could tell them any more."""
    found = {word for plain in plain_words(secrets_in(text)) for word in plain.split()}
    return " ".join("[…]" if word in found else word for word in words.split(" ")) if found else words


def _summaries(items: Sequence[Item], matches: Sequence[Match], unsaid: frozenset[int]) -> list[Benchmark]:
    counts = Counter(item.place.file for item in items)
    short = Counter(items[at].place.file for at in unsaid)
    found: dict[str, set[int]] = defaultdict(set)
    for at in {match.item for match in matches}:
        found[items[at].place.file].add(at)
    return [Benchmark(file, count, short[file], tuple(sorted(items[at].place.line for at in found[file]))) for file, count in counts.items()]


def write_decontaminated(result: Decontamination, output: Path, removed: Path) -> None:
    """Write what stays to `output`, byte for byte, and what goes to `removed`, both whole or none of them. Raises `OutputError`."""
    with replacing_both(output, removed) as (kept, gone):
        for line in result.applied.kept:
            kept.write(line.jsonl + b"\n")
        for removal in result.applied.removed:
            gone.write(removal.model_dump_json(exclude_none=True).encode() + b"\n")
