"""What it costs to add 1% of new examples to a file that was deduplicated before, beside doing all of it again.

    python tests/bench/near_incremental.py DATA.jsonl [EXAMPLES]

Of DATA the duplicates are removed first; the first 99% of its examples are then the old file, all of them the new one. The stages that are
remembered (shingles, facts) and those that are not (reading, grouping) are timed in one run; the results must be equal.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import NamedTuple, TypeVar

from curate.config import DedupConfig
from curate.detect.near import NearReport, find_duplicates, sets_of
from curate.detect.remembered import Remembered, ids_of
from curate.detect.threads import cores
from curate.detect.verify import grouped
from curate.example import Example
from curate.read.dataset import read_dataset

Result = TypeVar("Result")
TAKEN = 3
CONFIG = DedupConfig()


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """Seconds, and what came of it."""
    start = perf_counter()
    result = work()
    return perf_counter() - start, result


def told(report: NearReport) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Who goes for whom, and who stays apart."""
    gone, apart = ([(item.example.id, item.kept.id) for item in items] for items in (report.duplicates, report.apart))
    return sorted(gone), sorted(apart)


class Run(NamedTuple):
    """One run after another had remembered the old examples."""

    seconds: tuple[float, float, float]
    """To have the sets, to compare all, to write what is remembered."""
    report: NearReport
    size: int
    """Bytes that are remembered."""


def remembered(file: Path, old: list[Example], new: list[Example]) -> Run:
    """Remember `old` in a file, and compare `new` with the help of that."""
    first, again, memory = Remembered(file), Remembered(file), Remembered(file)
    find_duplicates(old, CONFIG, memory=first)
    first.save()
    size = file.stat().st_size
    ids = ids_of(example.id for example in new)
    recalled, _ = timed(lambda: again.sets(ids, lambda numbers: sets_of([new[at] for at in numbers], CONFIG)))
    warm, report = timed(lambda: find_duplicates(new, CONFIG, memory=memory))
    assert (memory.reused, memory.made) == (len(old), len(new) - len(old))
    saving, _ = timed(memory.save)
    return Run((recalled, warm, saving), report, size)


def main(path: Path, most: int) -> None:
    """Measure and print a table."""
    reading, dataset = timed(lambda: read_dataset([path]))
    examples = list(dataset.examples[:most])
    gone = {item.example.place for item in find_duplicates(examples, CONFIG).duplicates}
    new: list[Example] = [example for example in examples if example.place not in gone]
    old = new[: len(new) * 99 // 100]
    with tempfile.TemporaryDirectory() as folder:
        cold, plain = min((timed(lambda: find_duplicates(new, CONFIG)) for _ in range(TAKEN)), key=lambda item: item[0])
        making, sets = min((timed(lambda: sets_of(new, CONFIG)) for _ in range(TAKEN)), key=lambda item: item[0])
        grouping, _ = min((timed(lambda: grouped(sets, CONFIG.threshold, cores())) for _ in range(TAKEN)), key=lambda item: item[0])
        runs = [remembered(Path(folder) / f"near-{attempt}.npz", old, new) for attempt in range(TAKEN)]
    assert all(told(run.report) == told(plain) for run in runs)
    recalled, warm, saving = (min(seconds) for seconds in zip(*(run.seconds for run in runs), strict=True))
    print(f"{len(old):,} examples remembered ({runs[0].size / 1e6:.0f} MB), {len(new) - len(old):,} new; seconds, the best of {TAKEN}")
    print(f"reading (all of the file)       {reading:8.2f}")
    print(f"shingles, all made              {making:8.2f}")
    print(f"shingles, remembered and 1% new {recalled:8.2f}  {recalled / making:.1%}")
    print(f"grouping (never remembered)     {grouping:8.2f}")
    print(f"comparing, nothing remembered   {cold:8.2f}")
    print(f"comparing, remembered           {warm:8.2f}  {warm / cold:.1%}")
    print(f"the same without grouping                 {(warm - grouping) / (cold - grouping):.1%}")
    print(f"writing what is remembered      {saving:8.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else sys.maxsize)
