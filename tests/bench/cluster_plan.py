"""The constants of the plan in docs/explanation/scale.md: processor time of each stage of `curate dedup`, and bytes.

    python -m tests.bench.cluster_plan corpus.jsonl --chats 10000 100000 300000

The first lines of the corpus are deduplicated on one core in one process, without cache, once for each of the numbers.
Prints microseconds of processor time for each chat and stage, without what other stages take that it calls; the bytes
of the columns of each chat, which workers send to the command; and the total of each further number beside that
extrapolated from the two smallest ones.
"""

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, Final

STAGES: Final = {
    "read": ("curate.commands.dedup", "_read_table"),
    "findings": ("curate.commands.dedup", "finding_counts"),
    "facts": ("curate.dedup.cluster_resolution", "lines_agree"),
    "group": ("curate.dedup.near_duplicates", "grouped"),
    "resolve": ("curate.commands.dedup", "find_duplicates"),
    "write": ("curate.cli.dedup", "write_plan"),
}
"""The function of each stage."""


class Measured:
    """Processor time by stage, and bytes by kind of column."""

    def __init__(self) -> None:
        self.seconds, self.sizes = defaultdict[str, float](float), dict[str, int]()
        self._stages: list[str] = []
        self._since = 0.0

    def _charge(self) -> None:
        now = time.process_time()
        if self._stages:
            self.seconds[self._stages[-1]] += now - self._since
        self._since = now

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose time is that of the stage."""

        def measured(*args: Any, **kwargs: Any) -> Any:
            self._charge()
            self._stages.append(stage)
            try:
                result = function(*args, **kwargs)
            finally:
                self._charge()
                self._stages.pop()
            if stage == "read":
                table = result[0]
                for name, columns in (("shingles", table.sets), ("band keys", table.band_keys), ("all", table)):
                    self.sizes[name] = len(pickle.dumps(columns))
                self._since = time.process_time()
            return result

        return measured


def measure(path: Path, count: int) -> None:
    """Deduplicate a file of `count` chats in this process and print the figures."""
    measured = Measured()
    for stage, (module, name) in STAGES.items():
        found = import_module(module)
        setattr(found, name, measured.timed(stage, getattr(found, name)))
    from curate.cli.main import main as curate

    output = path.with_name("kept.jsonl")
    curate(["dedup", str(path), "-o", str(output), "--overwrite", "--no-cache", "--yes", "--quiet", "--json"])
    stages = ", ".join(f"{stage} {1e6 * measured.seconds[stage] / count:.1f}" for stage in STAGES)
    sizes = ", ".join(f"{name} {size / count:.0f}" for name, size in measured.sizes.items())
    print(f"{count:,} chats: microseconds a chat: {stages}; bytes a chat: {sizes}", file=sys.stderr, flush=True)
    path.with_suffix(".seconds").write_text(str(sum(measured.seconds.values())))


def main() -> None:
    """Measure each number of chats in a process of its own, and compare the totals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--chats", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.here:
        measure(args.corpus, args.chats[0])
        return
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    totals = list[tuple[int, float]]()
    with tempfile.TemporaryDirectory(prefix="cluster-plan-") as folder:
        for count in sorted(args.chats):
            path = Path(folder) / f"{count}.jsonl"
            with args.corpus.open("rb") as lines, path.open("wb") as file:
                file.writelines(islice(lines, count))
            command = [sys.executable, "-m", "tests.bench.cluster_plan", str(path), "--chats", str(count), "--here"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            totals.append((count, float(path.with_suffix(".seconds").read_text())))
            path.unlink()
    for count, seconds in totals[2:]:
        (first, least), (second, more) = totals[:2]
        expected = least + (more - least) * (count - first) / (second - first)
        print(f"{count:,} chats: {seconds:.1f} s in all stages, extrapolated {expected:.1f} s")


if __name__ == "__main__":
    main()
