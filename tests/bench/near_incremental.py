"""What it costs to add 1% of new examples to a file that `curate dedup` has seen before, beside a run without a memory.

    python tests/bench/near_incremental.py DATA.jsonl [LINES]

The first 99% of the lines are the old file, all of them the new one. Each run is a process of its own; told are seconds
of all processors (user + system, with those of its own processes) and of the clock, the bytes that are remembered, and
what the same command takes for ten lines, which is what starting costs. What is kept must be equal with and without a
memory.
"""

import resource
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import NamedTuple


class Run(NamedTuple):
    """One run."""

    cpu: float
    wall: float


def timed(data: Path, folder: Path, kept: str, *options: str) -> Run:
    """Run `curate dedup` in a folder."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [
        sys.executable,
        "-m",
        "curate",
        "dedup",
        str(data),
        "--yes",
        "--quiet",
        "-o",
        str(folder / kept),
        *options,
    ]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Run(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, time.perf_counter() - start)


def main(path: Path, most: int) -> None:
    """Measure and print a table."""
    with path.open("rb") as file, tempfile.TemporaryDirectory(prefix="near-incremental-") as name:
        folder = Path(name)
        lines = list(islice(file, most))
        old = len(lines) * 99 // 100
        data, few = folder / "data.jsonl", folder / "few.jsonl"
        few.write_bytes(b"".join(lines[:10]))
        data.write_bytes(b"".join(lines[:old]))
        timed(few, folder, "few", "--no-cache")  # what is compiled once in a lifetime is compiled now
        rows = {"ten lines": timed(few, folder, "few", "--no-cache")}
        rows["99%, first time"] = timed(data, folder, "first")
        size = sum(file.stat().st_size for file in (folder / ".curate" / "cache").rglob("*.npz"))
        rows["99%, once more"] = timed(data, folder, "again")
        data.write_bytes(b"".join(lines))
        rows["100%, 99% remembered"] = timed(data, folder, "grown")
        rows["100%, nothing remembered"] = timed(data, folder, "plain", "--no-cache")
        assert (folder / "grown").read_bytes() == (folder / "plain").read_bytes()
    whole, start = rows["100%, nothing remembered"], rows["ten lines"]
    print(f"{len(lines):,} lines, {len(lines) - old:,} of them new; {size / 1e6:,.0f} MB remembered")
    for label, run in rows.items():
        print(f"{label:26} {run.cpu:8.2f} s of processors {run.wall:8.2f} s   {run.cpu / whole.cpu:6.1%}")
    grown = rows["100%, 99% remembered"]
    print(f"start-up excluded: {(grown.cpu - start.cpu) / (whole.cpu - start.cpu):.1%}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else sys.maxsize)
