"""What `curate dedup` costs for a file that it has seen before and that grew by 1%, beside a run without a cache.

    python -m tests.bench.near_incremental DATA.jsonl [LINES]

The first 99% of the lines are the old file, all of them the new one. All runs are in this process, after one over all
lines that loads and compiles what is needed, so that start-up is excluded. Printed are seconds of all processors (user
+ system) and of the clock, and the bytes that are cached. What is kept must be equal with and without a cache.
"""

import gc
import os
import shutil
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from curate.commands.dedup import write_plan
from curate.core.config import DedupConfig
from tests.workspaces import plan


def timed(label: str, data: Path, kept: str, cache: Path | None) -> float:
    """Run once; print and return seconds of all processors."""
    start, before = time.perf_counter(), os.times()
    write_plan(plan([data], DedupConfig(), cache=cache), data.with_name(kept), overwrite=True)
    wall, after = time.perf_counter() - start, os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    print(f"{label:26} {cpu:8.2f} s of processors {wall:8.2f} s")
    return cpu


def main(path: Path, most: int) -> None:
    """Measure and print a table; the least of three runs counts."""
    with path.open("rb") as file, tempfile.TemporaryDirectory(prefix="near-incremental-") as name:
        folder = Path(name)
        lines = list(islice(file, most))
        old = len(lines) * 99 // 100
        data, cache, seen = folder / "data.jsonl", folder / "cache", folder / "seen"
        data.write_bytes(b"".join(lines))
        timed("start-up", data, "kept", None)
        gc.freeze()  # as the command does
        gc.set_threshold(100_000)
        data.write_bytes(b"".join(lines[:old]))
        timed("99%, first time", data, "kept", seen)
        size = sum(file.stat().st_size for file in seen.rglob("*.npz"))
        data.write_bytes(b"".join(lines))
        grown, whole = [], []
        for _ in range(3):
            shutil.rmtree(cache, ignore_errors=True)
            shutil.copytree(seen, cache)
            grown.append(timed("100%, 99% cached", data, "grown", cache))
            whole.append(timed("100%, no cache", data, "plain", None))
        assert (folder / "grown").read_bytes() == (folder / "plain").read_bytes()
    print(f"{len(lines):,} lines, {len(lines) - old:,} of them new; {size / 1e6:,.0f} MB cached")
    print(f"start-up excluded: {min(grown) / min(whole):.1%}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else sys.maxsize)
